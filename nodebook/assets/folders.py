"""The session's folders: where pictures are looked for, and where they are saved."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256
from itertools import chain, count
from pathlib import Path
from typing import Literal

from nodebook.assets.errors import FileNameError, MissingPictureError
from nodebook.assets.files import create_first_free, is_file, safe_name, stays_inside

FolderName = Literal["input", "output", "temp"]

PICTURE_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *(
            "apng",
            "avif",
            "bmp",
            "dib",
            "gif",
            "heic",
            "heif",
            "ico",
            "j2k",
            "jfif",
            "jp2",
            "jpe",
            "jpeg",
            "jpg",
            "jxl",
        ),
        *("pbm", "pcx", "pgm", "png", "pnm", "ppm", "psd", "qoi", "tga", "tif", "tiff", "webp"),
    )
)
"""Suffixes of files that are offered as pictures. What is inside decides whether one can be read."""

SETTLED_NS = 2_000_000_000
"""A file younger than this may change again without a change of its time stamp: its digest is not remembered."""

_TAG = re.compile(r"^(?P<name>.*?)\s?\[(?P<folder>input|output|temp)\]$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Folders:
    """Absolute paths. ``base`` is the working folder, to which names outside the input folder are relative."""

    base: Path
    input: Path
    output: Path
    temp: Path

    @classmethod
    def under(cls, root: Path, *, base: Path | None = None) -> Folders:
        """Return the folders ``input``, ``output`` and ``temp`` of ``root``; nothing is created."""
        root = root.absolute()
        return cls((base or root).absolute(), root / "input", root / "output", root / "temp")

    def get(self, folder: FolderName) -> Path:
        """Return one of the three folders by its name."""
        return {"input": self.input, "output": self.output, "temp": self.temp}[folder]

    def resolve(self, name: str) -> Path:
        """Return the path of the picture that ``name`` means.

        ``cat.png`` and ``pets/cat.png`` are looked for in the input folder, then in the working folder;
        ``cat.png [output]`` (or ``[temp]``, ``[input]``) in that folder alone; an absolute path is taken as it is.

        Raises ``MissingPictureError`` where there is no such file, and ``FileNameError`` for a tagged name that leaves
        its folder.
        """
        if not name.strip():
            raise FileNameError("No picture is chosen. Drop a file on the node, or give the name of one.")
        tagged = _TAG.match(name)
        if tagged:
            folder = self.get(tagged["folder"])  # type: ignore[arg-type]  # the pattern allows these three only
            candidates = [_inside(folder, tagged["name"], tagged["folder"])]
        else:
            inside = stays_inside(self.input, name)
            candidates = [inside] if inside else []
            candidates.append(self.base / name)
        for path in candidates:
            if is_file(path):
                return path
        raise MissingPictureError(self._missing(name, candidates))

    def pictures(self) -> list[str]:
        """Return the names of the pictures in the input folder, sorted, with ``/`` between folders."""
        return [name for name in self.input_files() if _is_picture_name(Path(name).name)]

    def input_files(self) -> list[str]:
        """Return the names of all files in the input folder but hidden ones, sorted, with ``/`` between folders."""
        names = []
        for folder, subfolders, files in os.walk(self.input):
            subfolders[:] = [sub for sub in subfolders if not sub.startswith(".")]
            below = Path(folder).relative_to(self.input)
            names += [(below / file).as_posix() for file in files if not file.startswith(".")]
        return sorted(names)

    def store_upload(self, name: str, data: bytes) -> str:
        """Store a dropped file in the input folder and return the name it has there.

        The same content under the same name is stored once; a different file of that name becomes ``name (1)``.
        """
        clean = safe_name(name, default="picture.png")
        stem, dot, suffix = clean.rpartition(".") if "." in clean else (clean, "", "")
        self.input.mkdir(parents=True, exist_ok=True)
        numbered = (self.input / f"{stem} ({number}){dot}{suffix}" for number in count(1))
        for path in chain([self.input / clean], numbered):
            if is_file(path) and _has_content(path, data):
                return path.name
            try:
                return create_first_free([path], data).name
            except FileExistsError:
                if is_file(path) and _has_content(path, data):  # somebody else stored it just now
                    return path.name
        raise AssertionError("count() ends never")

    def _missing(self, name: str, candidates: list[Path]) -> str:
        looked = " or ".join(dict.fromkeys(str(path.parent) for path in candidates))
        known = self.pictures()
        close = get_close_matches(name, known, n=3, cutoff=0.5)
        if close:
            hint = f"Did you mean {' or '.join(map(repr, close))}?"
        elif known:
            hint = f"The input folder holds {len(known)} pictures, for example {known[0]!r}."
        else:
            hint = f"The input folder {self.input} holds no pictures yet: drop one on the node."
        return f"There is no picture {name!r} in {looked}. {hint}"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hex. It is read again only when its time stamp or size changed."""
    status = path.stat()
    if time.time_ns() - status.st_mtime_ns < SETTLED_NS:
        return _digest(path)
    return _remembered_digest(str(path), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4096)
def _remembered_digest(path: str, _mtime_ns: int, _size_bytes: int) -> str:
    return _digest(Path(path))


def _digest(path: Path) -> str:
    total = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def _has_content(path: Path, data: bytes) -> bool:
    return path.stat().st_size == len(data) and path.read_bytes() == data


def _is_picture_name(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES


def _inside(folder: Path, name: str, tag: str) -> Path:
    path = stays_inside(folder, name)
    if path is None:
        raise FileNameError(
            f"The name {name!r} leaves the {tag} folder {folder}. Give a name below that folder, or an absolute path "
            f"without [{tag}]."
        )
    return path
