"""What nodes have cost, in this session and in earlier ones, so that a plan can say what to expect."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from threading import Lock, Timer
from time import time
from typing import TYPE_CHECKING

from nodebook.engine.nodetype import NodeType
from nodebook.engine.plan import Step

if TYPE_CHECKING:
    from nodebook.assets.costs import Cost, CostBook, Sample

logger = logging.getLogger(__name__)

WRITE_AFTER_S = 1.0
_MOST_WAITING = 64
"""So many runs wait to be taken in; of more, the oldest are left out."""

Measured = tuple[tuple[Step, ...], Mapping[str, float], Mapping[str, int]]
"""The steps of a run, and seconds and result bytes by node."""


class CostHistory:
    """Costs by node type and code. Taking a run in is O(1); it is worked off later, on a thread of its own.

    ``book`` gives where costs outlive the kernel, None where nothing does. May be used from any thread.
    """

    def __init__(self, book: Callable[[], CostBook | None]) -> None:
        self._book = book
        self._known: dict[tuple[str, bytes], Cost] | None = None
        self._waiting: deque[Measured] = deque(maxlen=_MOST_WAITING)
        self._timer: Timer | None = None
        self._lock = Lock()

    def note(self, steps: tuple[Step, ...], seconds: Mapping[str, float], result_bytes: Mapping[str, int]) -> None:
        """Remember what a run measured."""
        if not seconds:
            return
        with self._lock:
            self._waiting.append((steps, seconds, result_bytes))
            if self._timer is None:
                self._timer = Timer(WRITE_AFTER_S, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def expect(self, node_type: NodeType) -> Cost | None:
        """Return what a node of this type and code has cost, None where none has run."""
        self.flush()
        with self._lock:
            return self._load().get((node_type.name, _digest(node_type)))

    def flush(self) -> None:
        """Take in what waits, and write it down."""
        with self._lock:
            self._timer = None
            if not self._waiting:
                return
            waiting = list(self._waiting)
            self._waiting.clear()
            samples = [sample for measured in waiting for sample in _samples(*measured)]
            known = self._load()
            from nodebook.assets.costs import blend  # brings SQLAlchemy

            for sample in samples:
                place = (sample.node, sample.code)
                known[place] = blend(known.get(place), sample, time())
        try:
            book = self._book()
            if book is not None:
                book.record(samples)
        except Exception:  # a full or locked disk must not show in a run
            logger.warning("What nodes cost could not be written down", exc_info=True)

    def _load(self) -> dict[tuple[str, bytes], Cost]:
        if self._known is None:
            try:
                book = self._book()
                self._known = {} if book is None else dict(book.load())
            except Exception:
                logger.warning("What nodes cost in earlier sessions could not be read", exc_info=True)
                self._known = {}
        return self._known


def _samples(steps: Iterable[Step], seconds: Mapping[str, float], result_bytes: Mapping[str, int]) -> Iterable[Sample]:
    """Return one sample for each type of node that a run executed: the mean of its nodes."""
    from nodebook.assets.costs import Sample  # brings SQLAlchemy

    totals: dict[tuple[str, bytes], tuple[int, float, int]] = {}
    digests: dict[int, tuple[str, bytes]] = {}
    for step in steps:
        node_type = step.compiled.type
        if node_type is None or step.id not in seconds:
            continue
        place = digests.get(id(node_type))
        if place is None:
            place = digests[id(node_type)] = (node_type.name, _digest(node_type))
        count, total, size = totals.get(place, (0, 0.0, 0))
        totals[place] = (count + 1, total + seconds[step.id], size + result_bytes.get(step.id, 0))
    return [Sample(name, code, total / count, size // count) for (name, code), (count, total, size) in totals.items()]


def _digest(node_type: NodeType) -> bytes:
    return node_type.own_code.digest
