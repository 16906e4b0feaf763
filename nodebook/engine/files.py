"""Names, whole-file writes, appends and locks, as the storage of graphs needs them."""

from __future__ import annotations

import contextlib
import os
import stat
import time
import unicodedata
from pathlib import Path
from threading import get_ident
from typing import Any

from nodebook.errors import DocumentError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: two kernels are not told apart; the check before a save still is made
    fcntl = None  # type: ignore[assignment]

MAX_NAME_BYTES = 150
"""Room for the longest ending, ``.conflict-<time>-<n>.nodebook.json``, within the 255 bytes of a file name."""

_FORBIDDEN = frozenset('/\\:*?"<>|')
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
_STALE_S = 60.0


def check_name(name: str) -> str:
    """Return a graph's name as its files bear it (Unicode form NFC); refuse what some file system cannot hold.

    Raises ``DocumentError`` that says what is wrong with the name.
    """
    name = unicodedata.normalize("NFC", name)
    why = _why_not(name)
    if why is not None:
        raise DocumentError(
            f"{name!r} cannot be the name of a graph: {why}. Expected a name for files, such as 'portrait'."
        )
    return name


def _why_not(name: str) -> str | None:
    strange = next(
        (letter for letter in name if letter in _FORBIDDEN or not (letter.isprintable() or letter == "\u200d")), None
    )
    checks = {
        "it is empty": not name.strip(),
        f"it holds {strange!r}, which a file name may not": strange is not None,
        "it begins with a dot, which hides the file": name.startswith("."),
        "it begins or ends with a space, or ends with a dot": name != name.strip() or name.endswith("."),
        "Windows keeps that name for a device": name.partition(".")[0].lower() in _DEVICES,
        f"it is longer than {MAX_NAME_BYTES} bytes": len(name.encode(errors="replace")) > MAX_NAME_BYTES,
    }
    return next((why for why, is_so in checks.items() if is_so), None)


def read_or_none(path: Path) -> bytes | None:
    """Return the bytes of a file, None where there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def free_path(folder: Path, stem: str, ending: str) -> Path:
    """Return a path in ``folder`` that bears the time and that nothing has yet."""
    moment = time.strftime("%Y%m%d-%H%M%S")
    path = folder / f"{stem}{moment}{ending}"
    number = 2
    while path.exists():
        path = folder / f"{stem}{moment}-{number}{ending}"
        number += 1
    return path


def write_atomic(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Put ``data`` in place of a file: all of it or nothing, whatever stops the process.

    ``sync``: also whatever stops the machine. A link is followed, and the file keeps its permissions.
    """
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}.tmp")
    try:
        with temporary.open("wb") as file:
            with contextlib.suppress(OSError):
                os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))  # noqa: PTH101 - os, so that tests can count it
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - os, so that tests can count it
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if sync:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot: then the name is as durable as they make it
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep_temporaries(path: Path) -> None:
    """Remove what a killed writer of ``path`` left beside it."""
    with contextlib.suppress(OSError):
        ending = ".tmp"
        for entry in path.parent.iterdir():
            mine = entry.name.startswith(f".{path.name}.") and entry.name.endswith(ending)
            if mine and time.time() - entry.stat().st_mtime > _STALE_S:
                entry.unlink()


class AppendFile:
    """A file that grows line by line; a line that could not be written whole leaves no part behind."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        self.size = os.fstat(self._handle).st_size

    def append(self, line: bytes) -> None:
        """Write a line. When this returns, a kill of the process cannot lose it; a power cut can."""
        left = memoryview(line)
        try:
            while left:
                left = left[os.write(self._handle, left) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self.size)
            raise
        self.size += len(line)

    def read_from(self, offset: int) -> bytes:
        """Return what was appended after ``offset``."""
        os.lseek(self._handle, offset, os.SEEK_SET)
        parts = []
        while part := os.read(self._handle, 1 << 20):
            parts.append(part)
        return b"".join(parts)

    def cut(self, size: int) -> None:
        """Drop everything after the first ``size`` bytes."""
        os.ftruncate(self._handle, size)
        self.size = size

    def close(self) -> None:
        """Close the file; twice is once."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


class FileLock:
    """Says which process may write a graph's journal. The system frees it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def take(self) -> bool:
        """Take the lock if it is free; say whether it is held now. Raises ``OSError`` where the file cannot be made."""
        if self._file is not None:
            return True
        file = self.path.open("a")
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        except OSError:  # pragma: no cover - a file system without locks: as on Windows
            pass
        self._file = file
        return True

    def release(self) -> None:
        """Let the lock go, if it is held."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
