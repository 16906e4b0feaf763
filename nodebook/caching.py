"""``nb.cache``: results in memory over results on disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodebook.cacheview import CacheView, ListedEntry, describe, merge, to_html
from nodebook.disktier import DiskTier
from nodebook.engine.cache import CacheInfo, Entry, MemoryCache
from nodebook.engine.fingerprint import DIGEST_BYTES
from nodebook.errors import CachePolicyError

if TYPE_CHECKING:
    from nodebook.assets.disk import DiskResults


@dataclass(slots=True)
class Lookups:
    """How many look-ups found a result in memory, on disk, or nowhere. A run looks a node up once or twice."""

    memory: int = 0
    disk: int = 0
    missing: int = 0


class TieredCache:
    """A result cache in memory over one on disk; without ``disk``, only in memory.

    ``put`` keeps a result in memory at once and hands it to the tier's writer; ``get`` brings one back from disk into
    memory. ``disk`` has what is set of the disk tier: ``nb.cache.disk.resize(bytes)``, ``.min_seconds``, ``.folder``.
    """

    def __init__(self, memory: MemoryCache, disk: DiskTier | None = None) -> None:
        self.memory = memory
        self.disk = disk
        self.lookups = Lookups()
        self._used_disk = disk
        if disk is not None:
            disk.on_open = self._take_over_pins

    def _take_over_pins(self, found: DiskResults) -> None:
        for row in found.rows():
            if row.pinned:
                self.memory.pin(row.key)

    def get(self, key: bytes) -> Entry | None:
        """Return the entry of a key and count it as used, or None."""
        entry = self.memory.get(key)
        if entry is not None:
            self.lookups.memory += 1
            return entry
        if self._used_disk is not None:
            entry = self._used_disk.get(key)
            if entry is not None:
                self.lookups.disk += 1
                self.memory.put(key, entry)
                return entry
        self.lookups.missing += 1
        return None

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, Entry]:
        """Return the entries that there are, those on disk read some hundreds at a time."""
        found = {key: entry for key in keys if (entry := self.memory.get(key)) is not None}
        if self._used_disk is not None:
            for key, entry in self._used_disk.get_many([key for key in keys if key not in found]):
                self.memory.put(key, entry)
                found[key] = entry
        return found

    def put(self, key: bytes, entry: Entry, node: str = "", *, is_lasting: bool = True) -> None:
        """Keep an entry in memory, and write it in the background if that is worth it and it may last."""
        self.memory.put(key, entry, node)
        disk = self._used_disk
        if disk is not None and is_lasting and entry.seconds >= disk.min_seconds:
            disk.offer(key, entry, node)

    def renew(self, key: bytes) -> Entry | None:
        """Drop a copy in memory that somebody changed in place, and return the one on disk if there is one."""
        self.memory.discard(key)
        if self._used_disk is not None:
            self._used_disk.forget([key])
        return self.get(key)

    def discard(self, key: bytes) -> None:
        """Forget a key on both tiers."""
        self.memory.discard(key)
        if self._used_disk is not None:
            self._used_disk.discard(key)

    def clear(self, *, memory: bool = True, disk: bool = True) -> None:
        """Forget everything, pinned results too; on disk that is what all kernels of this user have stored."""
        if memory:
            self.memory.clear()
        if disk and self.disk is not None:
            self.disk.clear()

    def begin_run(self, keys: Callable[[], Collection[bytes]]) -> None:
        """Say that a run begins; ``keys`` gives those of its whole graph."""
        self.memory.begin_run(keys)

    def reclaim(self, wanted_bytes: int | None = None) -> int:
        """Give memory back: results that nobody pinned, then those that wait to be written; return how many bytes."""
        freed = self.memory.reclaim(wanted_bytes)
        if self.disk is not None and (wanted_bytes is None or freed < wanted_bytes):
            freed += self.disk.forget()
        return freed

    def resize(self, limit_bytes: int) -> None:
        """Set how many bytes of results stay in memory, and let results go until the rest fits."""
        if limit_bytes < 0:
            raise CachePolicyError(f"The limit of the cache is a number of bytes from 0 up, got {limit_bytes}.")
        self.memory.resize(limit_bytes)

    @property
    def policy(self) -> str:
        """Which results stay in memory: ``bytes``, ``classic``, ``lru:N``, ``ram:GB``, or ``none``, disk included."""
        return self.memory.policy

    @policy.setter
    def policy(self, text: str) -> None:
        self.memory.policy = text
        self._used_disk = None if self.memory.policy == "none" else self.disk

    def pin(self, *results: Any) -> None:
        """Keep results for good on both tiers: a node's handle, for what it gives as it is set now, or a key."""
        self._pin([_key_of(result) for result in results], pinned=True)

    def unpin(self, *results: Any) -> None:
        """Let results go as any other."""
        self._pin([_key_of(result) for result in results], pinned=False)

    def _pin(self, keys: Iterable[bytes], *, pinned: bool) -> None:
        listed = list(keys)
        for key in listed:
            (self.memory.pin if pinned else self.memory.unpin)(key)
        if self.disk is not None:
            self.disk.pin(listed, pinned=pinned)

    def entries(self) -> list[ListedEntry]:
        """Return what is kept, the most recently used first."""
        return merge(self.memory.seen(), () if self.disk is None else self.disk.rows())

    def info(self) -> CacheInfo:
        """Return how full the memory is."""
        return self.memory.info()

    def view(self) -> CacheView:
        """Return all figures that the representations show."""
        disk = self.disk
        return CacheView(
            memory=self.memory.info(),
            policy=self.policy,
            found_in_memory=self.lookups.memory,
            found_on_disk=self.lookups.disk,
            not_found=self.lookups.missing,
            disk=None if disk is None else disk.info(),
            notice=None if disk is None else disk.notice,
            late=0 if disk is None else disk.late,
        )

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all results that go to disk are there; False where the time was too short."""
        return self.disk is None or self.disk.flush(timeout_s)

    def close(self) -> None:
        """Write what waits, and let go of the folder."""
        if self.disk is not None:
            self.disk.close()

    def __repr__(self) -> str:
        return describe(self.view())

    def _repr_html_(self) -> str:
        return to_html(self.view())


def _key_of(result: Any) -> bytes:
    key = getattr(result, "cache_key", result)
    if isinstance(key, str):
        try:
            key = bytes.fromhex(key)
        except ValueError:
            key = None
    if isinstance(key, bytes) and len(key) >= DIGEST_BYTES:
        return key
    raise CachePolicyError(
        f"Cannot pin {result!r}: expected the handle of a node without problems, or a key as nb.cache.entries() lists "
        "it."
    )
