"""Python's cyclic collector, held back while the engine makes many objects that all stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_YOUNG_OBJECTS = 50_000
"""How many new containers may wait for a pass: some megabytes, and a seventieth of the passes of the default."""

_lock = Lock()
_depth = 0
_usual = gc.get_threshold()


@contextmanager
def collector_relaxed() -> Iterator[None]:
    """Let the collector look at new objects more seldom; several threads may be in here at once.

    Its passes cost up to half the time of planning 50,000 nodes, and a quarter of running them. It is not switched off:
    what a node leaves behind in cycles is still found during a long run.
    """
    global _depth, _usual  # noqa: PLW0603 -- the threshold is the process's, so its counter is too
    with _lock:
        if _depth == 0:
            _usual = gc.get_threshold()
            gc.set_threshold(max(_YOUNG_OBJECTS, _usual[0]) if _usual[0] else 0, *_usual[1:])
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                gc.set_threshold(*_usual)
