"""Results in a folder that outlives the process and is shared by several: rows, blobs and codecs put together."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from threading import RLock
from time import monotonic, time
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from nodebook.assets import results
from nodebook.assets.blobs import GRACE_S, BlobStore, Buffer
from nodebook.assets.codecs import CodecRegistry, Encoded
from nodebook.assets.costs import CostBook
from nodebook.assets.database import is_broken, open_database, reader, set_aside
from nodebook.assets.errors import DamagedError, NotStorableError, UnavailableError
from nodebook.assets.results import Listed, Part, Row

logger = logging.getLogger(__name__)

INDEX_NAME = "index.db"
INLINE_BYTES = 16 * 1024
"""Leaves up to this size stand in the row, as long as all of them do not exceed four times as much."""

MAX_ROWS = 200_000
"""Rows beyond this go like bytes beyond the limit: each process holds the keys of all rows in memory."""

_REFRESH_S = 0.1
_TRIM_TO = 0.9
_DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A result as it goes to disk and comes back. ``value_bytes``: what it weighs in memory."""

    outputs: tuple[Any, ...]
    payload: Mapping[str, Any]
    seconds: float
    value_bytes: int
    node: str = ""
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class DiskInfo:
    """How full the folder is, what this process could not store, and what it found wrong."""

    folder: Path
    entries: int
    stored_bytes: int
    limit_bytes: int
    refused: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class DiskResults:
    """The results in a folder. All methods may be called from any thread, and none raises for a bad file.

    Opening may raise ``CacheUnusableError``. A key is answered with its own result or not at all.
    """

    def __init__(self, folder: Path, codecs: CodecRegistry, limit_bytes: int) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self.codecs = codecs
        self.refused: Counter[str] = Counter()
        self.problems: deque[str] = deque(maxlen=20)
        self._blobs = BlobStore(folder / "blobs")
        self._engine: Engine = open_database(folder / INDEX_NAME)
        self.costs = CostBook(self._engine)
        self._reader: Connection = reader(self._engine)
        self._driver: sqlite3.Connection = self._reader.connection.driver_connection  # type: ignore[assignment]  # that of SQLite
        self._inode = (folder / INDEX_NAME).stat().st_ino
        self._read_lock = RLock()
        self._write_lock = RLock()
        self._process = os.getpid()
        self._keys: set[bytes] = set()
        self._last_id = 0
        self._asked_at = -_REFRESH_S
        self._used: dict[bytes, float] = {}
        self._written_bytes = 0

    @property
    def is_open(self) -> bool:
        """Whether it can be used: not closed, not found broken, and not in a fork of the process that opened it."""
        return os.getpid() == self._process

    def has(self, key: bytes) -> bool:
        """Say whether a result is on disk, as of at most a tenth of a second ago."""
        if key in self._keys:
            return True
        if monotonic() - self._asked_at < _REFRESH_S:
            return False
        self.refresh()
        return key in self._keys

    def refresh(self) -> None:
        """Learn what other processes have written."""
        with self._reading() as connection:
            new, self._last_id = results.keys_after(connection, self._last_id)
            self._keys.update(new)
        self._asked_at = monotonic()

    def read(self, key: bytes) -> Stored | None:
        """Return a result, or None. One that is damaged is removed and noted."""
        if not self.has(key) or not self.is_open:
            return None
        row: Row | None = None
        try:
            with self._noting("read"), self._read_lock:
                row = results.read_row(self._driver, key)
        except DamagedError as error:
            self._drop_damaged(key, str(error))
            return None
        if row is None:
            self._keys.discard(key)  # another process let it go
            return None
        return self._decoded(row)

    def read_many(self, keys: Collection[bytes]) -> Iterator[tuple[bytes, Stored]]:
        """Return those results that are there, one after the other, with one statement for hundreds of keys."""
        wanted = [key for key in dict.fromkeys(keys) if self.has(key)]
        found: list[Row | bytes] = []
        if wanted and self.is_open:
            with self._reading() as connection:
                found = list(results.read_rows(connection, wanted))
        if len(found) < len(wanted):
            there = {row if isinstance(row, bytes) else row.key for row in found}
            self._keys.difference_update(key for key in wanted if key not in there)
        for row in found:
            if isinstance(row, bytes):
                self._drop_damaged(row, "A row of the cache was changed. Its result is made again.")
            elif (stored := self._decoded(row)) is not None:
                yield row.key, stored

    def _decoded(self, row: Row) -> Stored | None:
        try:
            outputs, payload = self._decode(row)
        except UnavailableError as error:
            self._note(str(error))
            return None
        except DamagedError as error:
            self._drop_damaged(row.key, str(error))
            return None
        self._used[row.key] = time()
        return Stored(outputs, payload, row.seconds, row.value_bytes)

    def _decode(self, row: Row) -> tuple[tuple[Any, ...], dict[str, Any]]:
        leaves, position = [], 0
        for part in row.parts:
            if part.digest is None:
                leaves.append(bytearray(row.inline[position : position + part.length]))
                position += part.length
            else:
                leaves.append(self._blobs.read(part.digest, part.length))
        value = self.codecs.decode(row.tree, leaves)
        match value:
            case [list(outputs), dict(payload)]:
                return tuple(outputs), payload
        raise DamagedError("A stored result is not outputs and payload. It is made again.")

    def encode(self, stored: Stored) -> Encoded | None:
        """Return a result as bytes, None where it holds a value that cannot be stored; the reason is counted."""
        try:
            return self.codecs.encode([list(stored.outputs), dict(stored.payload)])
        except NotStorableError as error:
            self.refused[str(error)] += 1
        except Exception as error:  # noqa: BLE001 -- a value may be of any library, and raise anything when looked at
            self.refused[f"{type(error).__name__} while it was encoded: {error}"] += 1
        return None

    def prepare(self, key: bytes, stored: Stored, encoded: Encoded) -> Row | None:
        """Write the large leaves of a result, and return the row that will name them; None where that fails."""
        parts: list[Part] = []
        inline: list[Buffer] = []
        inline_bytes = 0
        try:
            for leaf in encoded.leaves:
                length = sum(len(part) for part in leaf)
                if length <= INLINE_BYTES and inline_bytes + length <= 4 * INLINE_BYTES:
                    parts.append(Part(length, None))
                    inline.extend(leaf)
                    inline_bytes += length
                else:
                    parts.append(Part(length, self._blobs.put(leaf)))
        except OSError as error:
            self._note(f"A result could not be written to {self.folder}: {error}.")
            return None
        row = Row(
            key,
            encoded.tree,
            b"".join(inline),
            tuple(parts),
            node=stored.node,
            seconds=stored.seconds,
            value_bytes=stored.value_bytes,
            is_pinned=stored.is_pinned,
        )
        if row.stored_bytes > self.limit_bytes // 2:
            self.refused["it is larger than half of the limit on disk"] += 1
            return None
        return row

    def commit(self, rows: Collection[Row]) -> None:
        """Make rows visible to all processes, in one transaction, with the times at which others were read.

        Blobs are looked for once more in the transaction: another process may have cleaned up since they were written,
        and it does so in a transaction too.
        """
        used, self._used = self._used, {}
        if not rows and not used:
            return
        with self._writing("written") as connection:
            whole = [
                row for row in rows if all(p.digest is None or self._blobs.has(p.digest, p.length) for p in row.parts)
            ]
            if used:
                results.mark_used(connection, used)
            if whole:
                for digest in results.insert_rows(connection, whole, time()):
                    self._blobs.delete(digest)
        self.refresh()
        self._written_bytes += sum(row.stored_bytes for row in rows)
        if self._written_bytes > self.limit_bytes // 20 or len(self._keys) > MAX_ROWS:
            self.trim()

    def trim(self) -> int:
        """Let the results go that save the least per byte, until nine tenths of the limit are left; return how many."""
        self._written_bytes = 0
        gone: list[Listed] = []
        with self._writing("trimmed") as connection:
            count, stored = results.totals(connection)
            if stored > self.limit_bytes or count > MAX_ROWS:
                gone = results.victims(
                    results.list_rows(connection),
                    excess_bytes=stored - int(self.limit_bytes * _TRIM_TO),
                    excess_rows=count - int(MAX_ROWS * _TRIM_TO),
                    now=time(),
                )
                self._delete(connection, [row.key for row in gone])
        return len(gone)

    def discard(self, keys: Iterable[bytes]) -> None:
        """Remove results."""
        listed = list(keys)
        if listed:
            with self._writing("changed") as connection:
                self._delete(connection, listed)

    def _delete(self, connection: Connection, keys: Collection[bytes]) -> None:
        # Files go within the transaction: nobody can commit a row that names one between the look and the removal.
        for digest in results.delete_rows(connection, keys):
            self._blobs.delete(digest)
        self._keys.difference_update(keys)

    def clear(self) -> None:
        """Remove all results, pinned ones too."""
        with self._writing("cleared") as connection:
            self._delete(connection, [row.key for row in results.list_rows(connection)])
        self._keys.clear()

    def sweep(self, *, grace_s: float = GRACE_S) -> int:
        """Remove files that no row names, and rows whose files are gone; return the bytes that were freed."""
        stale = self._blobs.stale(grace_s=grace_s)  # the slow part, and nobody has to wait for it
        freed = 0
        with self._writing("cleaned up") as connection:
            named = frozenset(results.named_digests(connection))
            freed = self._blobs.remove(stale, but=named, grace_s=grace_s)
            self._delete(connection, results.keys_without(connection, self._blobs.has))
        return freed

    def sweep_daily(self) -> None:
        """Clean up unless some process did so today."""
        marker = self.folder / "swept"
        try:
            if marker.exists() and time() - marker.stat().st_mtime < _DAY_S:
                return
            marker.touch()
        except OSError as error:
            self._note(f"The cache folder {self.folder} is not writable: {error}.")
            return
        self.sweep()

    def pin(self, keys: Collection[bytes], *, pinned: bool) -> None:
        """Say of results whether eviction may take them."""
        with self._writing("changed") as connection:
            results.set_pinned(connection, keys, pinned=pinned)

    def rows(self) -> list[Listed]:
        """Return what is there."""
        found: list[Listed] = []
        with self._reading() as connection:
            found = results.list_rows(connection)
        return found  # noqa: RET504 -- a failing read is noted, and leaves it empty

    def info(self) -> DiskInfo:
        """Return how full the folder is."""
        count = stored = 0
        with self._reading() as connection:
            count, stored = results.totals(connection)
        return DiskInfo(self.folder, count, stored, self.limit_bytes, dict(self.refused), tuple(self.problems))

    def close(self) -> None:
        """Let go of the database. Nothing is lost: what was committed is on disk."""
        with self._write_lock, self._read_lock:
            self._process = -1
            self._keys.clear()
            self._asked_at = inf
            self._reader.close()
            self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._noting("read"), self._read_lock:
            yield self._reader

    @contextmanager
    def _writing(self, done: str) -> Iterator[Connection]:
        with self._noting(done), self._write_lock, self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _noting(self, done: str) -> Iterator[None]:
        """Note what the database or the file system refuses, instead of failing a run for it."""
        try:
            yield
        except (DBAPIError, sqlite3.Error, OSError) as error:
            reason = getattr(error, "orig", error)
            self._note(f"The cache in {self.folder} could not be {done}: {reason}.")
            if is_broken(error):
                self._give_up()

    def _give_up(self) -> None:
        """Stop using a broken database, and set it aside so that the next kernel begins a new one."""
        self.close()
        path = self.folder / INDEX_NAME
        with suppress(OSError):
            if path.stat().st_ino == self._inode:  # not what another process has put in its place
                set_aside(path)

    def _drop_damaged(self, key: bytes, problem: str) -> None:
        self._note(problem)
        self.discard([key])

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            logger.warning("%s", problem)
            self.problems.append(problem)
