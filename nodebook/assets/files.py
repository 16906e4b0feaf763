"""Writing files that are either whole or absent, and never over somebody else's."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

MAX_NAME_BYTES = 200
"""Longest file name made here: file systems allow 255 bytes, and temporary names add some."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff<>:"/\\|?*]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def is_file(path: Path) -> bool:
    """Say whether ``path`` is a file; a name that no file system takes is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def stays_inside(folder: Path, name: str) -> Path | None:
    """Return ``folder / name`` without ``.`` and ``..``, or None where that lies outside ``folder``."""
    root = os.path.normpath(folder)
    path = os.path.normpath(os.path.join(root, name))  # noqa: PTH118 -- normpath keeps links, Path.resolve follows them
    inside = path == root or path.startswith(root.rstrip(os.sep) + os.sep)
    return Path(path) if inside else None


def safe_name(name: str, *, default: str) -> str:
    """Return the last part of ``name`` as a file name that every common system takes."""
    last = re.split(r"[/\\]", name)[-1]
    clean = _UNSAFE.sub("_", last).strip(" .") or default
    if _RESERVED.match(clean):
        clean = f"_{clean}"
    stem, dot, suffix = clean.rpartition(".")
    if not dot:
        stem, suffix = clean, ""
    keep = MAX_NAME_BYTES - len(f"{dot}{suffix}".encode())
    if keep <= 0:
        return clean.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    return stem.encode()[:keep].decode(errors="ignore") + dot + suffix


def create_first_free(candidates: Iterable[Path], data: bytes) -> Path:
    """Write ``data`` to the first candidate that does not exist yet, and return it.

    The file appears under its name only when it is whole, and two writers never get the same name: the bytes go to a
    sibling first, and a hard link gives it the name, which fails where the name is taken. The folder must exist.
    """
    temporary: Path | None = None
    try:
        for path in candidates:
            if path.exists():
                continue
            if temporary is None:
                temporary = path.with_name(f".{secrets.token_hex(8)}.part")
                temporary.write_bytes(data)
            try:
                _publish(temporary, path, data)
            except FileExistsError:
                continue
            return path
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    raise FileExistsError("Every candidate name is taken.")


def _publish(temporary: Path, path: Path, data: bytes) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: the name is still taken exclusively, and given back if the write fails.
        with path.open("xb") as file:
            try:
                file.write(data)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
