"""SHA-256 of large files: read once, and remembered across kernels.

About 1.5 GB/s where the processor has instructions for it: a checkpoint of 6 GB takes four seconds. Remembered by path,
size, time stamp and inode, in the folder of the cache; without such a folder for this process only.
"""

from __future__ import annotations

import json
import logging
import time
from hashlib import file_digest
from pathlib import Path
from threading import Lock
from typing import Any

from nodebook.engine.files import write_atomic

logger = logging.getLogger(__name__)

SMALL_BYTES = 64 * 1024 * 1024
"""A file up to this size is read on the spot: that takes a twentieth of a second."""

FILE_NAME = "file-hashes.json"
MOST_REMEMBERED = 10_000
SETTLED_NS = 2_000_000_000
"""A file younger than this may change again without a change of its time stamp: nothing of it is remembered."""

Stamp = tuple[int, int, int]
"""Size, time of the last change in nanoseconds, and inode."""


def stamp_of(path: Path) -> Stamp | None:
    """Return what changes when a file is written; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


class FileHashes:
    """All methods may be called from any thread. ``folder``: where digests are remembered for other kernels."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = None if folder is None else folder / FILE_NAME
        self._known: dict[str, tuple[Stamp, str]] | None = None
        self._lock = Lock()

    def sha256(self, path: Path, *, wait: bool = True) -> str | None:
        """Return a file's SHA-256 in hex; None where it cannot be read, or is being written.

        Not ``wait``: None for a large file that nobody has read yet.
        """
        stamp = stamp_of(path)
        if stamp is None:
            return None
        with self._lock:
            known = self._load().get(str(path))
        if known is not None and known[0] == stamp:
            return known[1]
        return self._read(path, stamp) if wait or stamp[0] <= SMALL_BYTES else None

    def _read(self, path: Path, stamp: Stamp) -> str | None:
        try:
            with path.open("rb", buffering=0) as file:
                found = file_digest(file, "sha256").hexdigest()
        except OSError:
            return None
        if stamp_of(path) != stamp:  # written meanwhile: what was read is neither the old file nor the new one
            return None
        if time.time_ns() - stamp[1] > SETTLED_NS:
            self._remember(path, stamp, found)
        return found

    def _remember(self, path: Path, stamp: Stamp, found: str) -> None:
        with self._lock:
            known = self._load()
            known.pop(str(path), None)
            known[str(path)] = (stamp, found)
            while len(known) > MOST_REMEMBERED:
                known.pop(next(iter(known)))
            if self._path is not None and stamp[0] > SMALL_BYTES:
                self._store(self._path, known)

    def _store(self, path: Path, known: dict[str, tuple[Stamp, str]]) -> None:
        large = {name: held for name, held in known.items() if held[0][0] > SMALL_BYTES}
        everything = {**_stored(path), **large}  # what other kernels have written since is kept
        text = json.dumps({name: [*held[0], held[1]] for name, held in everything.items()}, indent=0)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, text.encode(), sync=False)
        except OSError as error:  # a full or read-only disk costs the next kernel some seconds, no more
            logger.debug("Digests of files cannot be written to %s: %s", path, error)

    def _load(self) -> dict[str, tuple[Stamp, str]]:
        if self._known is None:
            self._known = {} if self._path is None else _stored(self._path)
        return self._known


def _stored(path: Path) -> dict[str, tuple[Stamp, str]]:
    try:
        data: Any = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    rows = data.items() if isinstance(data, dict) else ()
    return {name: ((row[0], row[1], row[2]), row[3]) for name, row in rows if _is_row(row)}


def _is_row(row: object) -> bool:
    if not isinstance(row, list) or len(row) != 4:  # noqa: PLR2004 -- stamp and digest
        return False
    *stamp, found = row
    return all(type(each) is int for each in stamp) and isinstance(found, str)
