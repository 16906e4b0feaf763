"""The disk tier of the result cache as a session uses it: opened when it is first needed, written in the background."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import platformdirs

from nodebook.assets.codecs import CodecRegistry
from nodebook.cachewriter import CacheWriter
from nodebook.engine.cache import Entry
from nodebook.engine.fingerprint import DIGEST_BYTES
from nodebook.engine.items import Block, Items
from nodebook.engine.valueops import ValueRegistry
from nodebook.errors import CachePolicyError

if TYPE_CHECKING:
    from nodebook.assets.costs import CostBook
    from nodebook.assets.disk import DiskInfo, DiskResults, Stored
    from nodebook.assets.results import Listed

logger = logging.getLogger(__name__)

DEFAULT_DISK_BYTES = 10 * 1024**3
DEFAULT_MIN_SECONDS = 0.005
READ_BYTES_PER_S = 1e9
"""About what reading, checking and decoding a large value reaches (``benchmarks/bench_restart.py``)."""

FLUSH_S = 5.0
FOLDER_VARIABLE = "NODEBOOK_CACHE_DIR"


def user_cache_folder() -> Path | None:
    """Return where this user's kernels keep results; ``NODEBOOK_CACHE_DIR`` may name a folder, or say ``off``."""
    named = os.environ.get(FOLDER_VARIABLE, "").strip()
    if named.lower() == "off":
        return None
    return Path(named).expanduser() if named else platformdirs.user_cache_path("nodebook", appauthor=False)


def is_worth_storing(seconds: float, value_bytes: int, min_seconds: float) -> bool:
    """Say whether a result goes to disk: it took longer than ``min_seconds`` and than reading it back will take.

    With ``min_seconds`` 0 every result does.
    """
    return min_seconds <= 0 or seconds >= min_seconds + value_bytes / READ_BYTES_PER_S


class DiskTier:
    """Results in a folder that outlives the kernel and that other kernels share. Never raises for a bad folder.

    ``nb.cache.disk.min_seconds`` is the shortest time a node must have taken for its result to be written.
    """

    def __init__(self, folder: Path, values: ValueRegistry, *, limit_bytes: int = DEFAULT_DISK_BYTES) -> None:
        self.folder = folder
        self.min_seconds = DEFAULT_MIN_SECONDS
        self.notice: str | None = None
        """Why the tier is off, where it is."""
        self.on_open: Callable[[DiskResults], None] | None = None
        self._values = values
        self._limit_bytes = limit_bytes
        self._results: DiskResults | None = None
        self._is_tried = False
        self._lock = Lock()
        self._codecs: CodecRegistry | None = None
        self.teach: list[Callable[[CodecRegistry], None]] = [_teach_engine_values]
        self._writer = CacheWriter(self._open, values)
        self._waiting = self._writer.waiting

    def _open(self) -> DiskResults | None:
        """Return what is in the folder, None where it cannot be used; the first call opens it."""
        if self._is_tried:
            found = self._results
            return found if found is not None and found.is_open else None
        with self._lock:
            if not self._is_tried:
                self._results = self._opened()
                self._is_tried = True
        return self._results

    def _opened(self) -> DiskResults | None:
        from nodebook.assets.disk import DiskResults  # brings SQLAlchemy
        from nodebook.assets.errors import CacheUnusableError
        from nodebook.assets.plain_codecs import default_codecs

        codecs = default_codecs()
        for teach in self.teach:
            teach(codecs)
        try:
            found = DiskResults(self.folder, codecs, self._limit_bytes)
        except CacheUnusableError as error:
            self.notice = str(error)
            logger.warning("%s", error)
            return None
        if self.on_open is not None:
            self.on_open(found)
        return found

    def get(self, key: bytes) -> Entry | None:
        """Return a result, or None."""
        # Most look-ups end in the first line, once or twice for each trivial node of a first run.
        disk = self._results if self._is_tried else self._open()
        if disk is None or (not disk.has(key) and key not in self._waiting):
            return None
        waiting = self._waiting.get(key)
        if waiting is not None:
            return waiting.entry
        stored = disk.read(key)
        return None if stored is None else self._entry(stored)

    def get_many(self, keys: Collection[bytes]) -> Iterator[tuple[bytes, Entry]]:
        """Return those results that are there, read some hundreds at a time."""
        disk = self._open()
        if disk is not None:
            for key, stored in disk.read_many([key for key in keys if len(key) == DIGEST_BYTES]):
                yield key, self._entry(stored)

    def _entry(self, stored: Stored) -> Entry:
        """Return a result as if it had just been made: guarded against changes like one that was."""
        outputs = tuple(map(self._protected, stored.outputs))
        return Entry(outputs, stored.payload, stored.value_bytes, stored.seconds, self._values.versions(outputs))

    def _protected(self, value: Any) -> Any:
        return Items(map(self._values.protect, value)) if type(value) is Items else self._values.protect(value)

    def offer(self, key: bytes, entry: Entry, node: str = "") -> None:
        """Write a result later, if it is worth that and may outlive this process."""
        if len(key) == DIGEST_BYTES and is_worth_storing(entry.seconds, entry.value_bytes, self.min_seconds):
            self._writer.offer(key, entry, node)

    def forget(self, keys: Collection[bytes] | None = None) -> int:
        """Do not write these results, or none that wait to be written; returns the bytes that this frees."""
        return self._writer.forget(keys)

    def discard(self, key: bytes) -> None:
        """Remove a result, on disk and on its way there."""
        self._writer.forget([key])
        disk = self._open() if len(key) == DIGEST_BYTES else None
        if disk is not None and disk.has(key):
            disk.discard([key])

    def clear(self) -> None:
        """Remove the results of all kernels that share the folder, pinned ones too."""
        self._writer.pinned.clear()
        self._writer.forget()
        disk = self._open()
        if disk is not None:
            disk.clear()

    def pin(self, keys: Collection[bytes], *, pinned: bool) -> None:
        """Say of results whether eviction may take them, for all kernels; those to come are pinned when written."""
        if pinned:
            self._writer.pinned.update(keys)
        else:
            self._writer.pinned.difference_update(keys)
        self.flush(FLUSH_S)
        disk = self._open()
        if disk is not None:
            disk.pin(keys, pinned=pinned)

    def resize(self, limit_bytes: int) -> None:
        """Set the bound for what is on disk, as this kernel enforces it, and let results go until the rest fits."""
        if limit_bytes < 0:
            raise CachePolicyError(f"The limit of the cache on disk is a number of bytes from 0 up, got {limit_bytes}.")
        self._limit_bytes = limit_bytes
        disk = self._open()
        if disk is not None:
            disk.limit_bytes = limit_bytes
            disk.trim()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all results that were made are on disk; False where the time was too short."""
        return self._writer.flush(timeout_s)

    def close(self) -> None:
        """Write what waits, for a few seconds at most, and let go of the folder."""
        if not self._writer.close(FLUSH_S):
            logger.warning("Some results were not written to the cache on disk in time. They are made again next time.")
        with self._lock:
            disk, self._results, self._is_tried = self._results, None, True
        if disk is not None and disk.is_open:
            disk.commit(())  # when results were last read
            disk.close()

    @property
    def costs(self) -> CostBook | None:
        """What nodes cost in earlier runs; None where the folder cannot be used."""
        disk = self._open()
        return None if disk is None else disk.costs

    @property
    def late(self) -> int:
        """Results not written because too many bytes were waiting to be."""
        return self._writer.late

    @property
    def limit_bytes(self) -> int:
        """The bound for what is on disk."""
        return self._limit_bytes

    def rows(self) -> list[Listed]:
        """Return what is on disk."""
        disk = self._open()
        return [] if disk is None else disk.rows()

    def info(self) -> DiskInfo | None:
        """Return how full the folder is, and what went wrong; None where it cannot be used."""
        disk = self._open()
        return None if disk is None else disk.info()

    @property
    def problems(self) -> tuple[str, ...]:
        """What was found wrong with the folder or with files in it, in words."""
        info = self.info()
        return (*([self.notice] if self.notice else []), *(info.problems if info is not None else ()))

    def __repr__(self) -> str:
        """Say where it is and how full."""
        info = self.info()
        if info is None:
            return f"<disk cache {self.folder}: off. {self.notice or 'It was closed.'}>"
        held, limit = info.stored_bytes / 1024**2, info.limit_bytes / 1024**2
        return f"<disk cache {self.folder}: {info.entries} results, {held:.1f} of {limit:.0f} MiB>"


def _teach_engine_values(codecs: CodecRegistry) -> None:
    from nodebook.assets.plain_codecs import sequence_codec, text_codec

    codecs.register(sequence_codec("items", Items, Items))
    codecs.register(text_codec("block", Block, lambda value: value.message, _block))


def _block(message: Any) -> Block:
    if message is not None and not isinstance(message, str):
        raise TypeError(f"a refusal says {message!r}")
    return Block(message)
