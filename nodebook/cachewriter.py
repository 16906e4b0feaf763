"""Writes results to disk on a thread of its own, so that no run waits for a disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import islice
from threading import Condition, Lock, Thread, current_thread
from time import monotonic
from typing import Any

from nodebook.assets.disk import DiskResults, Stored
from nodebook.assets.results import Row
from nodebook.engine.cache import Entry
from nodebook.engine.valueops import ValueRegistry

logger = logging.getLogger(__name__)

PENDING_BYTES = 256 * 1024 * 1024
"""Values that wait to be written stay in memory; beyond this, results are not written at all."""

_BATCH = 500
"""Results in one transaction. A dear one is committed as soon as it is written: nobody waits to fill a batch."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A result on its way to disk. ``shown_version``: of what the node shows, when it was made."""

    entry: Entry
    node: str
    shown_version: Any


class CacheWriter:
    """A queue bounded in bytes, and the daemon thread that works it off. ``offer`` never waits for the disk."""

    def __init__(self, open_disk: Callable[[], DiskResults | None], values: ValueRegistry) -> None:
        self._open = open_disk
        self._values = values
        self.waiting: dict[bytes, Waiting] = {}
        """Results that are not on disk yet, to be looked up by anybody and changed only here."""
        self._waiting_bytes = 0
        self._forgotten: set[bytes] = set()
        self._is_busy = False
        self._is_closed = False
        self._thread: Thread | None = None
        self._changed = Condition()
        self._commit_lock = Lock()
        self.pinned: set[bytes] = set()
        """Keys whose results are pinned when they are written."""
        self.late = 0
        """Results that were not written because too many bytes were waiting."""

    def offer(self, key: bytes, entry: Entry, node: str = "") -> None:
        """Take a result to be written, or count it as too late."""
        shown = self._values.version(dict(entry.payload)) if entry.payload else None
        with self._changed:
            if self._is_closed:
                return
            if self.waiting and self._waiting_bytes + entry.value_bytes > PENDING_BYTES:
                self.late += 1
                return
            self._remove(key)
            self._forgotten.discard(key)
            self.waiting[key] = Waiting(entry, node, shown)
            self._waiting_bytes += entry.value_bytes
            if self._thread is None:
                self._thread = Thread(target=self._work, name="nodebook-cache-writer", daemon=True)
                self._thread.start()
            if not self._is_busy:
                self._changed.notify_all()

    def forget(self, keys: Collection[bytes] | None = None) -> int:
        """Do not write these results, or none that wait; returns their bytes. None of them is committed after this."""
        with self._commit_lock, self._changed:
            before = self._waiting_bytes
            for key in list(self.waiting) if keys is None else keys:
                self._remove(key)
                self._forgotten.add(key)
            return before - self._waiting_bytes

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all that was offered is on disk; False where the time was too short."""
        end = None if timeout_s is None else monotonic() + timeout_s
        with self._changed:
            while self.waiting or self._is_busy:
                left = None if end is None else end - monotonic()
                if self._thread is None or not self._thread.is_alive() or (left is not None and left <= 0):
                    return False
                self._changed.wait(min(left, 1.0) if left is not None else 1.0)
        return True

    def close(self, timeout_s: float) -> bool:
        """Flush, then end the thread; False where not everything was written in time."""
        is_done = self.flush(timeout_s)
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        thread = self._thread
        if thread is not None and thread is not current_thread():
            thread.join(timeout_s)
        return is_done

    def _remove(self, key: bytes) -> None:
        waiting = self.waiting.pop(key, None)
        if waiting is not None:
            self._waiting_bytes -= waiting.entry.value_bytes

    def _work(self) -> None:
        is_first = True
        while (batch := self._next_batch()) is not None:
            try:
                self._write(batch)
                disk = self._open()
                if is_first and disk is not None:
                    disk.sweep_daily()
            except Exception:
                logger.exception("Results could not be written to the cache on disk")
            is_first = False
            # Not even the loop variable may keep results alive while nothing is to be done.
            del batch

    def _next_batch(self) -> dict[bytes, Waiting] | None:
        with self._changed:
            self._is_busy = False
            self._changed.notify_all()
            while not self.waiting:
                if self._is_closed:
                    return None
                self._changed.wait()
            self._is_busy = True
            self._forgotten.clear()
            return dict(islice(self.waiting.items(), _BATCH))

    def _write(self, batch: dict[bytes, Waiting]) -> None:
        """Write what is still as it was made: a value that somebody changed meanwhile is not that key's value."""
        disk = self._open()
        rows: list[Row] = []
        for key, waiting in batch.items():
            row = None if disk is None else self._row(disk, key, waiting)
            if row is not None:
                rows.append(row)
        with self._commit_lock:
            if disk is not None and disk.is_open:
                disk.commit([row for row in rows if row.key not in self._forgotten])
            with self._changed:
                for key, waiting in batch.items():
                    if self.waiting.get(key) is waiting:
                        self._remove(key)

    def _row(self, disk: DiskResults, key: bytes, waiting: Waiting) -> Row | None:
        entry = waiting.entry
        is_pinned = key in self.pinned
        stored = Stored(entry.outputs, entry.payload, entry.seconds, entry.value_bytes, waiting.node, is_pinned)
        encoded = disk.encode(stored)
        row = None if encoded is None else disk.prepare(key, stored, encoded)
        if entry.versions is not None and self._values.versions(entry.outputs) != entry.versions:
            return None
        if entry.payload and self._values.version(dict(entry.payload)) != waiting.shown_version:
            return None
        return row
