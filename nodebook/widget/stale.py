"""Which nodes show results, or errors, of an earlier state of the graph: their key is another than it was then."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from nodebook.engine.compiled import Compiled
from nodebook.engine.index import GraphIndex, Key, is_bound, merkle_key
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
                then = _SteadyKeys(index.run_compiled)
                for node in (*run.executed, *run.cached, *run.errors):
                    self._made[node] = then.steady(node, keys.get(node) or index.run_key(node))
            self._made = {node: key for node, key in self._made.items() if node in index.nodes}
            return self._differing(index)

    def _differing(self, index: GraphIndex) -> set[str]:
        now = _SteadyKeys(index.compiled.get)
        return {node for node, key in self._made.items() if now.steady(node, index.keys.get(node)) != key}


class _SteadyKeys:
    """Keys that only an edit changes.

    The key of a node that runs each time, and so those of all that follow it, is another one whenever it is looked at:
    their steady keys leave that number out.
    """

    def __init__(self, compiled_of: Callable[[str], Compiled | None]) -> None:
        self._compiled_of = compiled_of
        self._keys: dict[str, Key | None] = {}

    def steady(self, node_id: str, key: Key | None) -> Key | None:
        """Return a node's steady key, which is its ``key`` where nothing before it runs each time."""
        if key is None or not is_bound(key):
            return key
        # Without recursion: chains are as long as they like. A node that has a key is in no cycle.
        stack = [node_id]
        while stack:
            compiled = self._compiled_of(stack[-1])
            missing = (
                [] if compiled is None else [each.node for each in compiled.sources if each.node not in self._keys]
            )
            if missing:
                stack += missing
                continue
            node = stack.pop()
            self._keys[node] = None if compiled is None else merkle_key(compiled, self._keys)
        return self._keys[node_id]
