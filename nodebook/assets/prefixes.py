"""File names of saved results: ``portraits/%date:yyyy-MM-dd%/img`` becomes ``portraits/2026-01-31/img_00001_.png``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path

from nodebook.assets.errors import FileNameError
from nodebook.assets.files import MAX_NAME_BYTES, create_first_free, stays_inside

BATCH_TOKEN = "%batch_num%"  # noqa: S105 -- a token of a file name

FindValue = Callable[[str, str], object | None]
"""Returns the value of a node's input by the node's name and the input's, or None where there is no such."""

_DATE = re.compile(r"%date:(?P<format>[^%]+)%")
_DATE_PART = re.compile(r"yyyy|yy|dd?|MM?|hh?|mm?|ss?")
_WIDGET = re.compile(r"%(?P<node>[^%.:]+)\.(?P<input>[^%.]+)%")
_FORBIDDEN = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f\ud800-\udfff]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def expand_prefix(prefix: str, *, width: int, height: int, now: datetime, find_value: FindValue | None = None) -> str:
    """Replace the tokens of a file name prefix, all but ``%batch_num%``; unknown ones stay as they are.

    ``%width%`` and ``%height%`` in pixels, ``%year% %month% %day% %hour% %minute% %second%`` of ``now``,
    ``%date:yyyy-MM-dd hh.mm.ss%``, and ``%Node.input%`` for a value of the graph.
    """
    if find_value is not None:
        prefix = _WIDGET.sub(lambda found: _widget(found, find_value), prefix)
    prefix = _DATE.sub(lambda found: _plain(_format_date(found["format"], now)), prefix)
    tokens = {
        "width": f"{width}",
        "height": f"{height}",
        "year": f"{now.year}",
        "month": f"{now.month:02}",
        "day": f"{now.day:02}",
        "hour": f"{now.hour:02}",
        "minute": f"{now.minute:02}",
        "second": f"{now.second:02}",
    }
    for token, text in tokens.items():
        prefix = prefix.replace(f"%{token}%", text)
    return prefix


def save_numbered(root: Path, prefix: str, data: bytes, *, suffix: str = ".png", batch_index: int = 0) -> Path:
    """Write ``data`` as the next ``<prefix>_<counter>_<suffix>`` below ``root`` and return its path.

    ``prefix`` has its tokens replaced already, except ``%batch_num%``, which becomes ``batch_index``. Folders are made.
    The counter is one above the highest there; two savers at the same time get different numbers.

    Raises ``FileNameError`` for a prefix that leaves ``root``.
    """
    folder, name = _place(root, prefix.replace(BATCH_TOKEN, str(batch_index)))
    folder.mkdir(parents=True, exist_ok=True)
    first = next_counter(folder, name)
    return create_first_free((folder / f"{name}_{number:05}_{suffix}" for number in count(first)), data)


def next_counter(folder: Path, name: str) -> int:
    """Return one more than the highest counter of the files ``<name>_<counter>_...`` in ``folder``."""
    start = os.path.normcase(name) + "_"
    highest = 0
    for entry in os.scandir(folder):
        if os.path.normcase(entry.name).startswith(start):
            digits = entry.name[len(start) :].split("_", 1)[0]
            highest = max(highest, int(digits) if digits.isascii() and digits.isdecimal() else 0)
    return highest + 1


def _place(root: Path, prefix: str) -> tuple[Path, str]:
    """Return the folder that a prefix means, and what its file names start with."""
    text = _CONTROL.sub("_", prefix).replace("\\", "/")
    parts = [part for part in text.split("/") if part]
    name = parts.pop() if parts else ""
    for part in (*parts, name):
        if len(part.encode()) > MAX_NAME_BYTES:
            raise FileNameError(
                f"A part of the file name prefix has {len(part.encode())} bytes: {part[:40]!r}... Expected at most "
                f"{MAX_NAME_BYTES}. Shorten filename_prefix."
            )
    folder = None if text.startswith("/") else stays_inside(root, "/".join(parts))
    if folder is None or name in {".", ".."}:
        raise FileNameError(
            f"The file name prefix {prefix!r} leaves the output folder {root}. Give a name below it, such as "
            "'portraits/img'."
        )
    return folder, name


def _widget(found: re.Match[str], find_value: FindValue) -> str:
    value = find_value(found["node"], found["input"])
    return found.group() if value is None else _plain(str(value))


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("_", text)


def _format_date(pattern: str, now: datetime) -> str:
    parts = {"yyyy": now.year, "yy": now.year % 100, "M": now.month, "d": now.day}
    parts |= {"h": now.hour, "m": now.minute, "s": now.second}

    def text(found: re.Match[str]) -> str:
        part = found.group()
        return f"{parts.get(part, parts.get(part[0])):0{len(part)}}"

    return _DATE_PART.sub(text, pattern)
