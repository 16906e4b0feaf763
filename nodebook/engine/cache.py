"""Results by key: the protocol of a result cache, and the memory tier."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from time import monotonic, time
from typing import Any, NamedTuple, Protocol

from nodebook.engine.graph import EMPTY
from nodebook.engine.policies import (
    Policy,
    Weighed,
    least_worth,
    missing_bytes,
    not_in,
    oldest_and_largest,
    oldest_generations,
    parse_policy,
)

ENTRY_BYTES = 400
"""What an entry costs beside its values (measured with tracemalloc on CPython 3.11: key, entry, slot, tuple, order)."""

_CANDIDATES = 16
"""How many of the least recently used entries compete for eviction."""

_PRESSURE_S = 0.1
"""How often puts ask how much memory is left: that takes as long as three trivial nodes."""


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

    def put(self, key: bytes, entry: Entry, node: str = "", *, is_lasting: bool = True) -> None:
        """Keep an entry, if it can be kept. ``node`` is what listings call it.

        Not ``is_lasting``: it may not outlive this process, for its node did more than to make a result (a saved file).
        """

    def discard(self, key: bytes) -> None:
        """Forget a key if it is there."""

    def clear(self) -> None:
        """Forget everything."""

    def begin_run(self, keys: Callable[[], Collection[bytes]]) -> None:
        """Say that a run begins; ``keys`` gives those of its whole graph."""

    def reclaim(self, wanted_bytes: int | None = None) -> int:
        """Let results go until so many bytes are free, or all that may go; return how many bytes went."""


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """How full a memory cache is."""

    entries: int
    held_bytes: int
    limit_bytes: int


class _Use(NamedTuple):
    """In which run entries were last used. One for all entries of a node type in a run: an own one for each costs a
    trivial node a twentieth of its time.
    """

    generation: int
    node: str
    used: float


class Seen(NamedTuple):
    """A result in memory, as ``nb.cache.entries()`` lists it. ``used``: seconds since 1970, by whole runs."""

    key: bytes
    node: str
    size_bytes: int
    seconds: float
    used: float
    is_pinned: bool


class MemoryCache:
    """A result cache in memory.

    Under the policy ``bytes`` it is bounded: where it is full, the entry that saves the fewest seconds per byte among
    the 16 least recently used ones goes (an approximation of GreedyDual-Size that costs O(1)), and an entry larger than
    the whole bound is not kept. ``available`` says how many bytes the machine has left; where it is given, results go
    before ``reserve_bytes`` are reached. Pinned entries go only by ``discard`` and ``clear``.
    """

    def __init__(
        self,
        limit_bytes: int,
        *,
        policy: str | Policy = "bytes",
        available: Callable[[], int] | None = None,
        reserve_bytes: int = 0,
    ) -> None:
        self._limit_bytes = limit_bytes
        self._policy = parse_policy(policy)
        self._available = available
        self._reserve_bytes = reserve_bytes
        self._asked_at = 0.0
        self._held_bytes = 0
        self._generation = 0
        self._begun = time()
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self._uses: dict[bytes, _Use] = {}
        self._now: dict[str, _Use] = {}
        """The uses of this generation, by node."""
        self._pinned: set[bytes] = set()
        self._lock = Lock()

    def get(self, key: bytes) -> Entry | None:
        """Return the entry of a key and count it as used, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            use = self._uses[key]
            if use.generation != self._generation:
                self._uses[key] = self._use_of(use.node)
            return entry

    def peek(self, key: bytes) -> Entry | None:
        """Return the entry of a key without counting it as used, or None."""
        with self._lock:
            return self._entries.get(key)

    def put(self, key: bytes, entry: Entry, node: str = "", *, is_lasting: bool = True) -> None:
        """Keep an entry, and let others go until all fit. ``node`` is what listings call it."""
        del is_lasting  # nothing here outlives the process
        size = entry.value_bytes + ENTRY_BYTES
        with self._lock:
            if key in self._entries:
                self._drop(key)
            bounded = self._policy.is_bounded
            if (bounded and size > self._limit_bytes) or self._policy.kind == "none":
                return
            self._entries[key] = entry
            self._uses[key] = self._now.get(node) or self._use_of(node)
            self._held_bytes += size
            if bounded and self._held_bytes > self._limit_bytes:
                self._shrink()
        if self._available is not None and monotonic() - self._asked_at > _PRESSURE_S:
            self._asked_at = monotonic()
            self._relieve()

    def begin_run(self, keys: Callable[[], Collection[bytes]]) -> None:
        """Say that a run begins; ``keys`` gives those of its whole graph, asked only where the policy needs it."""
        with self._lock:
            self._generation += 1
            self._begun = time()
            self._now.clear()
            kind, count = self._policy.kind, self._policy.count
            is_due = kind == "classic" or (kind == "lru" and len(self._entries) > count)
        if not is_due:
            return
        wanted = frozenset(keys())
        with self._lock:
            weighed = self._weighed()
            gone = not_in(weighed, wanted) if kind == "classic" else oldest_generations(weighed, count, wanted)
            for key in gone:
                self._drop(key)

    def reclaim(self, wanted_bytes: int | None = None) -> int:
        """Let results go until so many bytes are free, or all that are not pinned; return how many bytes went."""
        with self._lock:
            before = self._held_bytes
            for key in least_worth(self._weighed(), before if wanted_bytes is None else wanted_bytes):
                self._drop(key)
            return before - self._held_bytes

    def pin(self, key: bytes) -> None:
        """Never let the entry of this key go, now or when it is made."""
        with self._lock:
            self._pinned.add(key)

    def unpin(self, key: bytes) -> None:
        """Let the entry of this key go as any other."""
        with self._lock:
            self._pinned.discard(key)
            if self._policy.is_bounded:
                self._shrink()

    def discard(self, key: bytes) -> None:
        """Forget a key if it is there."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Forget everything, pins too."""
        with self._lock:
            self._entries.clear()
            self._uses.clear()
            self._pinned.clear()
            self._held_bytes = 0

    def resize(self, limit_bytes: int) -> None:
        """Set the bound, and let entries go until the rest fits."""
        with self._lock:
            self._limit_bytes = limit_bytes
            if self._policy.is_bounded:
                self._shrink()

    @property
    def policy(self) -> str:
        """The rule by which results go: ``bytes``, ``classic``, ``lru:N``, ``ram:GB`` or ``none``."""
        return str(self._policy)

    @policy.setter
    def policy(self, text: str | Policy) -> None:
        with self._lock:
            self._policy = parse_policy(text)
            if self._policy.is_bounded:
                self._shrink()
            if self._policy.kind == "none":
                for key in [key for key in self._entries if key not in self._pinned]:
                    self._drop(key)

    def info(self) -> CacheInfo:
        """Return how full the cache is."""
        with self._lock:
            return CacheInfo(len(self._entries), self._held_bytes, self._limit_bytes)

    def seen(self) -> list[Seen]:
        """Return what is held, the least recently used first."""
        with self._lock:
            return [
                Seen(key, use.node, _size(entry), entry.seconds, use.used, key in self._pinned)
                for key, entry in self._entries.items()
                for use in (self._uses[key],)
            ]

    def __repr__(self) -> str:
        """Say how full the cache is."""
        info = self.info()
        mib = 1024 * 1024
        held, limit = info.held_bytes / mib, info.limit_bytes / mib
        return f"<memory cache: {info.entries} results, {held:.1f} of {limit:.0f} MiB>"

    def _relieve(self) -> None:
        """Give memory back where the machine runs short of it."""
        assert self._available is not None  # noqa: S101 - the caller asked
        missing = missing_bytes(self._policy, self._available(), self._reserve_bytes)
        if missing <= 0:
            return
        gc.collect()  # what hangs in cycles is worth less than any result
        missing = missing_bytes(self._policy, self._available(), self._reserve_bytes)
        with self._lock:
            weighed = self._weighed()
            if self._policy.kind == "ram":
                gone = oldest_and_largest(weighed, missing, self._generation)
            else:
                gone = least_worth(weighed, missing)
            for key in gone:
                self._drop(key)

    def _weighed(self) -> list[Weighed]:
        return [
            Weighed(key, _size(entry), entry.seconds, self._uses[key].generation)
            for key, entry in self._entries.items()
            if key not in self._pinned
        ]

    def _shrink(self) -> None:
        while self._held_bytes > self._limit_bytes:
            free = (item for item in self._entries.items() if item[0] not in self._pinned)
            oldest = list(islice(free, _CANDIDATES))
            if not oldest:
                return
            self._drop(min(oldest, key=lambda item: item[1].seconds / _size(item[1]))[0])

    def _use_of(self, node: str) -> _Use:
        use = self._now.get(node)
        if use is None:
            use = self._now[node] = _Use(self._generation, node, self._begun)
        return use

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            del self._uses[key]
            self._held_bytes -= _size(entry)


def _size(entry: Entry) -> int:
    return entry.value_bytes + ENTRY_BYTES
