"""What a cell shows, as a few kinds of blocks; each knows itself as HTML and as text, so that both say the same.

Styles are inline and use no colour of their own but grey lines and the page's error colour: any theme fits, and what
strips style sheets (GitHub, nbviewer) or whole styles loses no content. All text is escaped here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

from nodebook.tables import MUTED, data_uri, html_facts, html_frame, html_heading, html_table, text_table

MAX_TEXT_CHARS = 4000
"""The most of one text that is shown."""

_LISTED_PICTURES = 6

_LINE = "1px solid rgba(128, 128, 128, 0.35)"
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Block(Protocol):
    """A part of what a cell shows."""

    def html(self) -> str:
        """Return it as HTML, all text escaped."""

    def text(self) -> str:
        """Return the same as text."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What is shown, and in fewer words what state it is in."""

    title: str
    rest: str = ""

    def html(self) -> str:
        """Return it as HTML."""
        return html_heading(self.title, self.rest)

    def text(self) -> str:
        """Return it as text."""
        return f"{self.title}  ({self.rest})" if self.rest else self.title


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a part, and what it is."""

    name: str
    rest: str = ""

    def html(self) -> str:
        """Return it as HTML."""
        rest = f' <span style="{MUTED}">{escape(self.rest)}</span>' if self.rest else ""
        return f'<div style="margin: 8px 0 4px">{escape(self.name)}{rest}</div>'

    def text(self) -> str:
        """Return it as text."""
        return f"{self.name}: {self.rest}" if self.rest else self.name


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence or a longer text. ``tone``: ``plain``, ``muted`` or ``error``."""

    words: str
    tone: str = "plain"

    def html(self) -> str:
        """Return it as HTML."""
        colour = {"muted": f"; {MUTED}", "error": "; color: var(--jp-error-color1, #d32f2f)"}.get(self.tone, "")
        return (
            f'<div style="white-space: pre-wrap; overflow-wrap: anywhere{colour}">{escape(shortened(self.words))}</div>'
        )

    def text(self) -> str:
        """Return it as text."""
        return shortened(self.words)


@dataclass(frozen=True, slots=True)
class Facts:
    """Names, and what there is to say of them."""

    facts: Sequence[tuple[str, str]]

    def html(self) -> str:
        """Return them as a table."""
        return html_facts(self.facts)

    def text(self) -> str:
        """Return them as lines."""
        width = max((len(name) for name, _ in self.facts), default=0)
        return "\n".join(f"{name:<{width}}  {said}" for name, said in self.facts)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; ``numbers``: the columns that are aligned to the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()

    def html(self) -> str:
        """Return it as HTML."""
        return html_table(self.head, self.rows, numbers=self.numbers)

    def text(self) -> str:
        """Return it aligned."""
        return text_table(self.head, self.rows)


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture; ``width`` and ``height``: of the original. ``shown_px``: its width on the page."""

    data: bytes
    mime: str
    width: int
    height: int
    shown_px: int
    is_pixelated: bool = False
    caption: str = ""

    def html(self) -> str:
        """Return the picture with its caption under it."""
        address = data_uri(self.data, self.mime)
        sharp = "; image-rendering: pixelated" if self.is_pixelated else ""
        name = escape(self.caption or f"{self.width} × {self.height}", quote=True)
        style = f"display: block; max-width: 100%; height: auto; border: {_LINE}{sharp}"
        picture = f'<img src="{address}" alt="{name}" width="{self.shown_px}" style="{style}">'
        caption = f'<div style="{MUTED}; font-size: 12px">{escape(self.caption)}</div>' if self.caption else ""
        return f'<div style="margin: 0">{picture}{caption}</div>'

    def text(self) -> str:
        """Return its size."""
        named = f"{self.caption}: " if self.caption else ""
        return f"[{named}picture, {self.width} × {self.height}]"


@dataclass(frozen=True, slots=True)
class Grid:
    """Pictures beside each other."""

    pictures: Sequence[Picture]

    def html(self) -> str:
        """Return them as rows that wrap."""
        inside = "".join(each.html() for each in self.pictures)
        return f'<div style="display: flex; flex-wrap: wrap; gap: 8px; align-items: flex-start">{inside}</div>'

    def text(self) -> str:
        """Return their sizes, of many only how many there are: their numbers say no more."""
        if len(self.pictures) > _LISTED_PICTURES:
            return f"[{len(self.pictures)} pictures]"
        return "  ".join(each.text() for each in self.pictures)


@dataclass(frozen=True, slots=True)
class Raw:
    """HTML that a value of the user's own makes of itself (a data frame), or that this package drew, and its text."""

    markup: str
    words: str

    def html(self) -> str:
        """Return it as it is."""
        return f'<div style="overflow-x: auto">{self.markup}</div>'

    def text(self) -> str:
        """Return its text."""
        return self.words


def bundle(blocks: Iterable[Block]) -> dict[str, Any]:
    """Return what a cell shows, by MIME type."""
    shown = list(blocks)
    return {
        "text/plain": "\n".join(text for each in shown if (text := each.text())),
        "text/html": html_frame(*(each.html() for each in shown)),
    }


def shortened(text: str, most: int = MAX_TEXT_CHARS) -> str:
    """Return the beginning of a long text, and how much is left out."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"


def words_of(value: object, most: int = 200) -> str:
    """Return the repr of a value on one line, without addresses of objects, which differ each time."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 -- a display says what it can, and never raises
        text = f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
    return shortened(" ".join(_ADDRESS.sub("", text).split()), most)


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 picture``, ``2 pictures``."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
