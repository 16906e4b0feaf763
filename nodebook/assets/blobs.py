"""Bytes in files named by their content, each either whole or absent.

A file is a header of 64 bytes and then the bytes as they are. The name is BLAKE2b of the bytes, made once by the
writer; what a reader checks each time is XXH3, which costs a tenth of reading where BLAKE2b would double it.

Nothing is flushed to the platter: a process that is killed loses no rename, and after a power cut a file may be short
or zeroed, which its reader sees. A cache may lose, it may not lie.
"""

from __future__ import annotations

import os
import secrets
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from time import time

import xxhash

from nodebook.assets.errors import DamagedError, MissingBlobError

MAGIC = b"nodebook"
VERSION = 1
DIGEST_BYTES = 24
GRACE_S = 3600.0
"""Files younger than this are left alone by clean-up: their writer may be about to commit the row that names them."""

_HEADER = struct.Struct("<8sIIQ16s24s")
HEADER_BYTES = _HEADER.size
_SUFFIX = ".part"

Buffer = bytes | bytearray | memoryview


class BlobStore:
    """Content-addressed files below a folder. Safe for several processes; instances hold no state but the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: bytes) -> Path:
        """Return where the bytes of that digest are, if they are there."""
        name = digest.hex()
        return self.folder / name[:2] / name[2:]

    def put(self, parts: Sequence[Buffer]) -> bytes:
        """Write the concatenation of ``parts`` unless it is there, and return its digest. Raises ``OSError``.

        A file that is there is marked as just used, so that no clean-up takes it before its row is committed.
        """
        digest, check, length = _sums(parts)
        path = self.path(digest)
        if self.has(digest, length):
            with suppress(OSError):
                os.utime(path)
            return digest
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{secrets.token_hex(8)}{_SUFFIX}")
        try:
            with temporary.open("xb", buffering=0) as file:
                for part in (_HEADER.pack(MAGIC, VERSION, 0, length, check, digest), *parts):
                    _write_all(file, part)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return digest

    def has(self, digest: bytes, length: int) -> bool:
        """Say whether a file of that name and length is there; its bytes are checked when they are read."""
        try:
            return self.path(digest).stat().st_size == HEADER_BYTES + length
        except OSError:
            return False

    def read(self, digest: bytes, length: int) -> bytearray:
        """Return the bytes, checked. Raises ``MissingBlobError`` or ``DamagedError``.

        Read into memory of our own, not mapped: a mapped file that somebody cuts short kills the process that reads it.
        """
        path = self.path(digest)
        try:
            with path.open("rb", buffering=0) as file:
                header = file.read(HEADER_BYTES)
                size = os.fstat(file.fileno()).st_size
                check = _checked_header(path, header, size, digest, length)
                data = bytearray(length)
                _read_all(file, memoryview(data), path)
        except FileNotFoundError:
            raise MissingBlobError(f"The cache file {path.name} is gone; its result is made again.") from None
        except OSError as error:
            raise DamagedError(
                f"The cache file {path.name} cannot be read: {error}. Its result is made again."
            ) from error
        if xxhash.xxh3_128_digest(data) != check:
            raise DamagedError(f"The bytes of cache file {path.name} were changed. Its result is made again.")
        return data

    def delete(self, digest: bytes) -> None:
        """Remove a file if it is there. On Windows one that is being read stays until the next clean-up."""
        with suppress(OSError):
            self.path(digest).unlink()

    def stale(self, *, grace_s: float = GRACE_S) -> list[Path]:
        """Return the files older than the grace period that are ours: blobs, named or not, and temporary ones."""
        oldest = time() - grace_s
        return [
            Path(each.path)
            for folder in _scan(self.folder)
            for each in _scan(Path(folder.path))
            if (each.name.endswith(_SUFFIX) or _digest_of(Path(each.path)) is not None) and _is_older(each, oldest)
        ]

    def remove(self, files: Iterable[Path], *, but: frozenset[bytes], grace_s: float = GRACE_S) -> int:
        """Remove those ``files`` that are still older than the grace period and not in ``but``; return their bytes."""
        freed, oldest = 0, time() - grace_s
        for path in files:
            if _digest_of(path) in but:
                continue
            with suppress(OSError):
                stat = path.stat()
                if stat.st_mtime <= oldest:
                    path.unlink()
                    freed += stat.st_size
        return freed


def _sums(parts: Sequence[Buffer]) -> tuple[bytes, bytes, int]:
    name, check, length = blake2b(digest_size=DIGEST_BYTES), xxhash.xxh3_128(), 0
    for part in parts:
        name.update(part)
        check.update(part)
        length += len(part)
    return name.digest(), check.digest(), length


def _checked_header(path: Path, header: bytes, size: int, digest: bytes, length: int) -> bytes:
    """Return the checksum that a header promises, or raise ``DamagedError`` with what is wrong."""
    again = "Its result is made again."
    if len(header) < HEADER_BYTES:
        raise DamagedError(f"The cache file {path.name} is cut short. {again}")
    magic, version, _, promised, check, named = _HEADER.unpack(header)
    if magic != MAGIC or version != VERSION:
        raise DamagedError(f"The file {path.name} in the cache is not one of format {VERSION}. {again}")
    if named != digest:
        raise DamagedError(f"The cache file {path.name} holds the bytes of another name. {again}")
    if promised != length or size != HEADER_BYTES + length:
        raise DamagedError(f"The cache file {path.name} has {size - HEADER_BYTES} bytes, expected {length}. {again}")
    return bytes(check)


def _write_all(file: FileIO, part: Buffer) -> None:
    view = memoryview(part)
    while view:
        view = view[file.write(view) :]


def _read_all(file: FileIO, view: memoryview, path: Path) -> None:
    while view:
        count = file.readinto(view)
        if not count:
            raise DamagedError(f"The cache file {path.name} is cut short. Its result is made again.")
        view = view[count:]


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:  # not a folder, or another process has just removed it
        return []


def _is_older(file: os.DirEntry[str], when: float) -> bool:
    try:
        return file.is_file(follow_symlinks=False) and file.stat(follow_symlinks=False).st_mtime <= when
    except OSError:
        return False


def _digest_of(path: Path) -> bytes | None:
    try:
        digest = bytes.fromhex(path.parent.name + path.name)
    except ValueError:
        return None
    return digest if len(digest) == DIGEST_BYTES else None
