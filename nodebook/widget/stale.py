"""Which nodes show results, or errors, of an earlier state of the graph: their key is another than it was then."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from nodebook.engine.index import Key
from nodebook.engine.store import GraphStore
from nodebook.runs import Run


class StaleMarks:
    """Remembers the keys of what is shown, and compares them with those of now. Comparing costs O(what is shown)."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._made: dict[str, Key | None] = {}
        self._ended: deque[tuple[Run, Mapping[str, Key]]] = deque()

    def note_end(self) -> None:
        """Note that a run has just ended, on the thread where it did; costs O(1)."""
        run = self._store.last_run
        if run is not None:
            self._ended.append((run, self._store.run_keys))

    def find(self) -> set[str]:
        """Return the nodes whose shown result is out of date. Not for two threads at once."""
        store = self._store
        with store.lock:
            index = store.index()
            while self._ended:
                run, keys = self._ended.popleft()
                for node in run.executed:
                    self._made[node] = keys.get(node) or index.run_key(node)
                for node in (*run.cached, *run.errors):
                    self._made[node] = keys.get(node) or index.run_key(node)
            self._made = {node: key for node, key in self._made.items() if node in index.nodes}
            now = index.keys
            return {node for node, key in self._made.items() if now.get(node) != key}
