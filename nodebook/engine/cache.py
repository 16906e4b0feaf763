"""Results by key: the protocol of a result cache, and the memory tier."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple, Protocol

from nodebook.engine.graph import EMPTY

ENTRY_BYTES = 400
"""What an entry costs beside its values (measured with tracemalloc on CPython 3.11: key, entry, tuple, order)."""

_CANDIDATES = 16
"""How many of the least recently used entries compete for eviction."""


class Entry(NamedTuple):
    """What a node made: its outputs as they travel, what it shows, what they weigh and what they cost."""

    outputs: tuple[Any, ...]
    payload: Mapping[str, Any] = EMPTY
    value_bytes: int = 0
    seconds: float = 0.0
    versions: Any = None
    """What ``ValueRegistry.versions`` said of the outputs when they were made; None where nothing can be told."""


class ResultCache(Protocol):
    """Results by key. Implementations are thread-safe, may forget, and never return another key's entry."""

    def get(self, key: bytes) -> Entry | None:
        """Return the entry of a key and count it as used, or None."""

    def put(self, key: bytes, entry: Entry) -> None:
        """Keep an entry, if it can be kept."""

    def discard(self, key: bytes) -> None:
        """Forget a key if it is there."""

    def clear(self) -> None:
        """Forget everything."""


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """How full a memory cache is."""

    entries: int
    held_bytes: int
    limit_bytes: int


class MemoryCache:
    """A result cache in memory, bounded in bytes.

    Where it is full, the entry that saves the fewest seconds per byte among the 16 least recently used ones goes
    (an approximation of GreedyDual-Size that costs O(1)). An entry larger than the whole bound is not kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes) -> Entry | None:
        """Return the entry of a key and count it as used, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: bytes, entry: Entry) -> None:
        """Keep an entry, and let others go until all fit."""
        size = entry.value_bytes + ENTRY_BYTES
        with self._lock:
            if key in self._entries:
                self._drop(key)
            if size > self._limit_bytes:
                return
            self._entries[key] = entry
            self._held_bytes += size
            while self._held_bytes > self._limit_bytes:
                self._drop(self._victim())

    def discard(self, key: bytes) -> None:
        """Forget a key if it is there."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._held_bytes = 0

    def resize(self, limit_bytes: int) -> None:
        """Set the bound, and let entries go until the rest fits."""
        with self._lock:
            self._limit_bytes = limit_bytes
            while self._held_bytes > limit_bytes:
                self._drop(self._victim())

    def info(self) -> CacheInfo:
        """Return how full the cache is."""
        with self._lock:
            return CacheInfo(len(self._entries), self._held_bytes, self._limit_bytes)

    def __repr__(self) -> str:
        """Say how full the cache is."""
        info = self.info()
        mib = 1024 * 1024
        held, limit = info.held_bytes / mib, info.limit_bytes / mib
        return f"<memory cache: {info.entries} results, {held:.1f} of {limit:.0f} MiB>"

    def _victim(self) -> bytes:
        oldest = islice(self._entries.items(), _CANDIDATES)
        return min(oldest, key=lambda item: item[1].seconds / (item[1].value_bytes + ENTRY_BYTES))[0]

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._held_bytes -= entry.value_bytes + ENTRY_BYTES
