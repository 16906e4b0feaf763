"""How wide a text is, about: a picture made in Python cannot ask a browser. Widths are those of a wide common font."""

from __future__ import annotations

import unicodedata

_FIRST, _LAST = 32, 126
_ASCII = bytes.fromhex(
    "20282e54405f4e1b272732542024202240404040404040404040222254545435644445464d3f3a4d4b1d1d4238564b4f"
    "3c4f453f3d494463453d452722275432323d3f373f3e233f3f1c1c3a1c613f3d3f3f2934273f3b523b3b3440224054"
)
"""Advance widths of the characters from space to tilde, in hundredths of the font size."""

_ELLIPSIS = "…"
_BOLD = 1.12
_FIXED = 61
_WIDE = 104
_OTHER = 66


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how wide a line of text is, in the unit of ``size``."""
    return sum(map(_advance, text)) * size / 100 * (_BOLD if bold else 1)


def clip(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return the text on one line, ended by an ellipsis where it would be wider than ``width``."""
    text = one_line(text)
    left = width * 100 / size / (_BOLD if bold else 1)
    room = left - _advance(_ELLIPSIS)
    used, fits = 0.0, 0
    for index, character in enumerate(text):
        used += _advance(character)
        if used <= room:
            fits = index + 1
        if used > left:
            return f"{text[:fits].rstrip()}{_ELLIPSIS}" if fits else ""
    return text


def wrap(text: str, width: float, size: float, lines: int, *, fixed: bool = False) -> list[str]:
    """Return the text on at most so many lines, broken at spaces where there are some; the last is clipped.

    ``fixed``: in a font whose characters are all as wide as each other.
    """
    found: list[str] = []
    room = width * 100 / size
    for paragraph in text[: lines * 400].splitlines() or [""]:
        rest = clean(paragraph).rstrip()
        while True:
            if len(found) == lines:
                found[-1] = _ended(found[-1], room, fixed=fixed)
                return found
            head, rest = _break(rest, room, fixed=fixed)
            found.append(head)
            if not rest:
                break
    return found


def _ended(line: str, room: float, *, fixed: bool) -> str:
    head, rest = _break(f"{line}{_ELLIPSIS}", room, fixed=fixed)
    while rest:
        line = line[:-1].rstrip()
        head, rest = _break(f"{line}{_ELLIPSIS}", room, fixed=fixed)
    return head


def _break(text: str, room: float, *, fixed: bool) -> tuple[str, str]:
    used, space = 0.0, -1
    for index, character in enumerate(text):
        used += max(_advance(character), _FIXED) if fixed else _advance(character)
        if character == " ":
            space = index
        if used > room and index:
            at = space if space > 0 else index
            return text[:at].rstrip(), text[at:].lstrip()
    return text, ""


def one_line(text: str) -> str:
    """Return a text without line breaks, and without what XML cannot hold."""
    return " ".join(clean(text[:1000]).split())


def clean(text: str) -> str:
    """Return a text without what XML 1.0 cannot hold, and without marks that turn the direction of what follows."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if _may_stand(each) else "\ufffd" for each in text.replace("\t", "    "))


def _may_stand(character: str) -> bool:
    # Cc: controls. Cs: half surrogate pairs. Cf: among them what reverses a line, and joiners, which emoji need.
    category = unicodedata.category(character)
    return category not in {"Cc", "Cs", "Cn", "Co"} and (category != "Cf" or character in "\u200c\u200d")


def _advance(character: str) -> int:
    code = ord(character)
    if _FIRST <= code <= _LAST:
        return _ASCII[code - _FIRST]
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Cf"}:
        return 0
    return _WIDE if unicodedata.east_asian_width(character) in {"W", "F"} else _OTHER
