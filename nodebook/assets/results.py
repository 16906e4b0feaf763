"""Which results are on disk: one row each, small values in the row itself, large ones as blobs that it names."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from nodebook.assets.blobs import DIGEST_BYTES
from nodebook.assets.database import blobs, results
from nodebook.assets.errors import DamagedError

FORMAT = 1
"""Version of tree, inline and parts. Rows of another one are misses, and are written anew."""

ROW_BYTES = 300
"""About what a row and its places in the indexes take beside its values."""

_PART = struct.Struct(f"<Q{DIGEST_BYTES}s")
_INLINE = bytes(DIGEST_BYTES)
_COLUMNS = "id, key, format, seconds, value_bytes, tree, inline, parts, checksum"
_READ_ONE = f"SELECT {_COLUMNS} FROM results WHERE key = ?"  # noqa: S608 -- a constant
_MAX_VARIABLES = 500
"""How many keys one statement names: older builds of SQLite take 999."""


class Part(NamedTuple):
    """One binary leaf: its length, and the blob that has it; None where it stands in the row."""

    length: int
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Row:
    """A result as it is stored."""

    key: bytes
    tree: bytes
    inline: bytes
    parts: tuple[Part, ...]
    node: str = ""
    seconds: float = 0.0
    value_bytes: int = 0
    is_pinned: bool = False

    @property
    def digests(self) -> dict[bytes, int]:
        """The blobs that it names, with their lengths."""
        return {part.digest: part.length for part in self.parts if part.digest is not None}

    @property
    def stored_bytes(self) -> int:
        """Bytes on disk, with its blobs, as if nothing else named them."""
        return ROW_BYTES + len(self.tree) + len(self.inline) + sum(self.digests.values())


@dataclass(frozen=True, slots=True)
class Listed:
    """A row as eviction and ``nb.cache.entries()`` look at it. Times are seconds since 1970."""

    id: int
    key: bytes
    node: str
    seconds: float
    stored_bytes: int
    created: float
    used: float
    pinned: bool


def read_row(connection: sqlite3.Connection, key: bytes) -> Row | None:
    """Return the row of a key, None where there is none or it is of another format. Raises ``DamagedError``.

    Asks the driver itself: this runs once for each node of a graph after a restart, and SQLAlchemy around it would take
    twice the time of all the rest.
    """
    found = connection.execute(_READ_ONE, (key,)).fetchone()
    return None if found is None else _checked(found)


def read_rows(connection: Connection, keys: Collection[bytes]) -> Iterator[Row | bytes]:
    """Return the rows of those keys that have one; for a damaged one its key."""
    for some in _chunks(keys):
        marks = ",".join("?" * len(some))
        query = f"SELECT {_COLUMNS} FROM results WHERE key IN ({marks})"  # noqa: S608 -- question marks
        for found in connection.exec_driver_sql(query, tuple(some)).all():
            try:
                row = _checked(found)
            except DamagedError:
                yield bytes(found[1])
            else:
                if row is not None:
                    yield row


def _checked(found: Any) -> Row | None:
    _, key, version, seconds, value_bytes, tree, inline, parts, checksum = found
    if version != FORMAT:
        return None
    if not all(type(each) is bytes for each in (key, tree, inline, parts)) or checksum != _sum(
        key, seconds, value_bytes, tree, inline, parts
    ):
        raise DamagedError("A row of the cache was changed. Its result is made again.")
    return Row(key, tree, inline, _unpack_parts(parts), "", seconds, value_bytes)


def insert_rows(connection: Connection, rows: Sequence[Row], now: float) -> list[bytes]:
    """Write rows over those of the same keys; what was pinned stays pinned.

    Returns the digests of the blobs that no row names any more.
    """
    pinned = frozenset(pinned_keys(connection))
    orphans = delete_rows(connection, [row.key for row in rows])
    small = [_columns(row, now, pinned) for row in rows if not row.digests]
    if small:
        connection.execute(insert(results), small)
    for row in rows:
        if row.digests:
            done = connection.execute(insert(results), _columns(row, now, pinned))
            number = done.inserted_primary_key[0]  # type: ignore[index]  # one row was inserted
            links = [{"digest": digest, "result": number, "bytes": each} for digest, each in row.digests.items()]
            connection.execute(insert(blobs), links)
    return [digest for digest in orphans if not _is_named(connection, digest)]


def _columns(row: Row, now: float, pinned: frozenset[bytes]) -> dict[str, Any]:
    packed = b"".join(_PART.pack(part.length, part.digest or _INLINE) for part in row.parts)
    return {
        "key": row.key,
        "format": FORMAT,
        "node": row.node,
        "seconds": row.seconds,
        "value_bytes": row.value_bytes,
        "stored_bytes": row.stored_bytes,
        "created": now,
        "used": now,
        "pinned": row.is_pinned or row.key in pinned,
        "tree": row.tree,
        "inline": row.inline,
        "parts": packed,
        "checksum": _sum(row.key, row.seconds, row.value_bytes, row.tree, row.inline, packed),
    }


def delete_rows(connection: Connection, keys: Iterable[bytes]) -> list[bytes]:
    """Remove rows, and return the digests of the blobs that no row names any more."""
    orphans: set[bytes] = set()
    for some in _chunks(list(keys)):
        ids = list(connection.execute(select(results.c.id).where(results.c.key.in_(some))).scalars())
        if not ids:
            continue
        named = set(connection.execute(select(blobs.c.digest).where(blobs.c.result.in_(ids))).scalars())
        connection.execute(delete(blobs).where(blobs.c.result.in_(ids)))
        connection.execute(delete(results).where(results.c.id.in_(ids)))
        orphans |= named
    return [digest for digest in orphans if not _is_named(connection, digest)]


def _is_named(connection: Connection, digest: bytes) -> bool:
    return connection.execute(select(blobs.c.result).where(blobs.c.digest == digest).limit(1)).first() is not None


def keys_after(connection: Connection, last_id: int) -> tuple[list[bytes], int]:
    """Return the keys of rows younger than ``last_id``, and the id to ask with next time."""
    query = "SELECT key, id FROM results WHERE id > ? AND format = ? ORDER BY id"
    found = connection.exec_driver_sql(query, (last_id, FORMAT)).all()
    return [each[0] for each in found], found[-1][1] if found else last_id


def mark_used(connection: Connection, used: Mapping[bytes, float]) -> None:
    """Note when results were last read."""
    rows = [(when, key) for key, when in used.items()]
    connection.exec_driver_sql("UPDATE results SET used = max(used, ?) WHERE key = ?", rows)


def set_pinned(connection: Connection, keys: Collection[bytes], *, pinned: bool) -> None:
    """Say of results whether eviction may take them."""
    for some in _chunks(keys):
        connection.execute(update(results).where(results.c.key.in_(some)).values(pinned=pinned))


def pinned_keys(connection: Connection) -> list[bytes]:
    """Return the keys of all pinned rows."""
    return list(connection.execute(select(results.c.key).where(results.c.pinned)).scalars())


def list_rows(connection: Connection) -> list[Listed]:
    """Return all rows, without their values."""
    columns = ("id", "key", "node", "seconds", "stored_bytes", "created", "used", "pinned")
    return [Listed(*row) for row in connection.execute(select(*(results.c[name] for name in columns)))]


def named_digests(connection: Connection) -> list[bytes]:
    """Return the digests that rows name."""
    return list(connection.execute(select(blobs.c.digest).distinct()).scalars())


def keys_without(connection: Connection, has: Callable[[bytes, int], bool]) -> list[bytes]:
    """Return the keys of rows that name a blob which ``has(digest, length)`` does not find."""
    query = select(results.c.key, blobs.c.digest, blobs.c.bytes).join(blobs, blobs.c.result == results.c.id)
    return list(dict.fromkeys(key for key, digest, length in connection.execute(query) if not has(digest, length)))


def totals(connection: Connection) -> tuple[int, int]:
    """Return how many rows there are, and their bytes; a blob that several rows name counts once."""
    count, own = connection.execute(select(func.count(), func.sum(results.c.stored_bytes))).one()
    each = select(blobs.c.digest, func.max(blobs.c.bytes).label("bytes"), func.count().label("names"))
    once = each.group_by(blobs.c.digest).subquery()
    twice = connection.execute(select(func.sum(once.c.bytes * (once.c.names - 1)))).scalar()
    return int(count), int(own or 0) - int(twice or 0)


def worst_first(rows: Iterable[Listed], now: float) -> list[Listed]:
    """Return what eviction may take, in that order: fewest seconds saved per byte, halved for each unused week."""
    week = 7 * 24 * 3600.0

    def worth(row: Listed) -> float:
        age = max(0.0, now - row.used)
        return float((row.seconds + 1e-6) / max(row.stored_bytes, 1) * 0.5 ** min(age / week, 500.0))

    return sorted((row for row in rows if not row.pinned), key=lambda row: (worth(row), row.used, row.id))


def victims(rows: Iterable[Listed], *, excess_bytes: int, excess_rows: int, now: float) -> list[Listed]:
    """Return which rows go so that so many bytes and rows are free; all that may go where that is not enough."""
    chosen: list[Listed] = []
    for row in worst_first(rows, now):
        if excess_bytes <= 0 and excess_rows <= len(chosen):
            break
        chosen.append(row)
        excess_bytes -= row.stored_bytes
    return chosen


def _unpack_parts(packed: bytes) -> tuple[Part, ...]:
    found = _PART.iter_unpack(packed)
    return tuple(Part(length, None if digest == _INLINE else digest) for length, digest in found)


def _sum(key: bytes, seconds: float, value_bytes: int, tree: bytes, inline: bytes, parts: bytes) -> bytes:
    """Bind all that a reader uses to the key: a row that was given another key does not pass."""
    head = struct.pack("<IdqQQQ", FORMAT, seconds, value_bytes, len(key), len(tree), len(inline))
    return blake2b(b"".join((head, key, tree, inline, parts)), digest_size=16).digest()


def _chunks(keys: Collection[bytes]) -> Iterator[list[bytes]]:
    listed = list(keys)
    for start in range(0, len(listed), _MAX_VARIABLES):
        yield listed[start : start + _MAX_VARIABLES]
