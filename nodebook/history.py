"""The runs that this kernel has finished, newest last, bounded."""

from __future__ import annotations

from collections import deque
from threading import Lock

from nodebook.records import Ended, Home, RunRecord, record_of

MAX_RECORDS = 1_000
MAX_NODES = 200_000
"""All records together remember this many executed nodes, some 20 MB; older records go first."""


class History:
    """Takes in finished runs at O(1), and makes records of them when somebody looks. May be used from any thread."""

    def __init__(self, home: Home, *, max_records: int = MAX_RECORDS, max_nodes: int = MAX_NODES) -> None:
        self.max_records = max_records
        self.max_nodes = max_nodes
        self._home = home
        self._kept: deque[Ended] = deque()
        self._made: dict[str, RunRecord] = {}
        self._nodes = 0
        self._lock = Lock()

    def add(self, ended: Ended) -> None:
        """Take in a run, and drop the oldest ones beyond the bounds; never this one."""
        with self._lock:
            self._kept.append(ended)
            self._nodes += len(ended.run.executed)
            while len(self._kept) > 1 and (len(self._kept) > self.max_records or self._nodes > self.max_nodes):
                oldest = self._kept.popleft()
                self._made.pop(oldest.id, None)
                self._nodes -= len(oldest.run.executed)

    def records(self, last: int | None = None) -> list[RunRecord]:
        """Return the records, or only the ``last`` ones, newest last."""
        with self._lock:
            kept, made = list(self._kept), dict(self._made)
        if last is not None:
            kept = kept[max(0, len(kept) - last) :]
        # Without the lock: a record of a large graph takes a while to make, and the worker must not wait for it.
        fresh = {each.id: record_of(each, self._home) for each in kept if each.id not in made}
        with self._lock:
            self._made.update({each.id: fresh[each.id] for each in self._kept if each.id in fresh})
        return [made.get(each.id) or fresh[each.id] for each in kept]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self._made.clear()
            self._nodes = 0
