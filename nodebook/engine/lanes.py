"""Where nodes run beside the main lane: a pool of threads, serial lanes by name, and an event loop.

All threads are daemons that start with their first task, so a node that never returns does not keep the kernel alive.
The main lane is the thread that runs the plan; it is not in here.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from nodebook.engine.nodetype import CONCURRENT_LANE

logger = logging.getLogger(__name__)

Task = Callable[[], None]
Around = Callable[[], AbstractContextManager[Any]]

_LEAST_THREADS = 4
"""Nodes of the concurrent lane often wait for disks and networks, so a few threads pay off on any machine."""


class Lanes:
    """The lanes of a session. ``around`` is entered once on each of their threads."""

    def __init__(self, around: Around = nullcontext) -> None:
        self._around = around
        self._threads: dict[str, _Threads] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = Lock()

    def submit(self, lane: str, task: Task) -> None:
        """Do ``task`` on a lane: on any thread of the concurrent one, after all others on a serial one."""
        with self._lock:
            threads = self._threads.get(lane)
            if threads is None:
                count = max(_LEAST_THREADS, os.cpu_count() or 1) if lane == CONCURRENT_LANE else 1
                threads = self._threads[lane] = _Threads(lane, count, self._around)
        threads.submit(task)

    def spawn(self, coroutine: Coroutine[Any, Any, None], on_end: Task) -> Task:
        """Run a coroutine on the event loop; returns what cancels it. ``on_end`` is called there when it has ended."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                Thread(target=self._run_loop, args=(self._loop,), name="nodebook-loop", daemon=True).start()
            loop = self._loop
        tasks: list[asyncio.Task[None]] = []

        def begin() -> None:
            tasks.append(loop.create_task(coroutine))
            tasks[0].add_done_callback(lambda _task: on_end())

        def cancel() -> None:
            loop.call_soon_threadsafe(end)

        def end() -> None:
            tasks[0].cancel()

        loop.call_soon_threadsafe(begin)
        return cancel

    def renew(self) -> None:
        """Leave all threads to what they do, and start new ones for what comes: after a node that does not return."""
        with self._lock:
            threads, self._threads = list(self._threads.values()), {}
            loop, self._loop = self._loop, None
        for each in threads:
            each.end()
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    close = renew

    def _run_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        with self._around():
            loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()


class _Threads:
    """Up to ``count`` threads that work off tasks in order."""

    def __init__(self, lane: str, count: int, around: Around) -> None:
        self._lane = lane
        self._count = count
        self._around = around
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._lock = Lock()
        self._started = 0
        self._unfinished = 0

    def submit(self, task: Task) -> None:
        with self._lock:
            self._unfinished += 1
            is_one_more = self._started < min(self._count, self._unfinished)
            self._started += is_one_more
        if is_one_more:
            Thread(target=self._work, name=f"nodebook-{self._lane}", daemon=True).start()
        self._tasks.put(task)

    def end(self) -> None:
        with self._lock:
            for _ in range(self._started):
                self._tasks.put(None)

    def _work(self) -> None:
        with self._around():
            while (task := self._tasks.get()) is not None:
                try:
                    task()
                except Exception:
                    logger.exception("A task of the lane %s failed", self._lane)
                # A task holds the values of its node: let them go before waiting for the next one.
                del task
                with self._lock:
                    self._unfinished -= 1
