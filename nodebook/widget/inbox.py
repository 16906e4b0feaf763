"""A thread that works off tasks in order, and some of them later."""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Callable
from itertools import count
from threading import Condition, Thread, current_thread
from time import monotonic
from typing import Protocol

logger = logging.getLogger(__name__)

Task = Callable[[], None]

_JOIN_S = 5.0


class Scheduler(Protocol):
    """Where tasks are put. Tests have one without a thread."""

    def put(self, task: Task) -> None:
        """Do ``task`` after all that were put before."""

    def later(self, seconds: float, task: Task) -> Task:
        """Do ``task`` once that time has passed; returns a function that takes it back."""


class Inbox:
    """A daemon thread that does tasks in the order in which they came. May be used from any thread, under any lock.

    What a task raises is logged: the next one is done all the same. The thread starts with the first task.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._changed = Condition()
        self._ready: deque[Task] = deque()
        self._timers: list[tuple[float, int, Task]] = []
        self._taken_back: set[int] = set()
        self._numbers = count()
        self._thread: Thread | None = None
        self._is_closed = False

    def put(self, task: Task) -> None:
        """Do ``task`` after all that were put before. A closed inbox does nothing."""
        with self._changed:
            self._ready.append(task)
            self._wake()

    def later(self, seconds: float, task: Task) -> Task:
        """Do ``task`` once that time has passed; returns a function that takes it back."""
        with self._changed:
            number = next(self._numbers)
            heapq.heappush(self._timers, (monotonic() + seconds, number, task))
            self._wake()
        return lambda: self._take_back(number)

    def close(self) -> None:
        """End the thread after the task that it does now; what waits is dropped."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not current_thread():
            thread.join(_JOIN_S)

    def _wake(self) -> None:
        if self._thread is None and not self._is_closed:
            self._thread = Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        self._changed.notify()

    def _take_back(self, number: int) -> None:
        with self._changed:
            if any(waiting == number for _, waiting, _ in self._timers):
                self._taken_back.add(number)

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception:
                logger.exception("A task of %s failed", self._name)
            # A task holds what it is about: let it go before waiting for the next one.
            del task

    def _next(self) -> Task | None:
        with self._changed:
            while not self._is_closed:
                wait_s = self._collect_due()
                if self._ready:
                    return self._ready.popleft()
                self._changed.wait(wait_s)
            self._ready.clear()
            self._timers.clear()
            return None

    def _collect_due(self) -> float | None:
        """Move what is due to the other tasks; return the seconds to the next timer, None where there is none."""
        while self._timers:
            when, number, task = self._timers[0]
            if number in self._taken_back:
                self._taken_back.discard(number)
            elif (wait_s := when - monotonic()) > 0:
                return wait_s
            else:
                self._ready.append(task)
            heapq.heappop(self._timers)
        return None
