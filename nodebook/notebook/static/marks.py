"""The elements that a static picture is put together from, as text of SVG. All words are clipped and escaped here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from nodebook.notebook.static.text import clip, one_line

Value = str | float | None


def tag(name: str, inner: str = "", /, **attributes: Value) -> str:
    """Return an element: ``cls`` is its class, ``_`` in names stands for ``-``, None leaves an attribute out."""
    parts = [name]
    for key, value in attributes.items():
        if value is not None and value != "":
            text = value if isinstance(value, str) else number(value)
            parts.append(f'{"class" if key == "cls" else key.replace("_", "-")}="{text}"')
    head = " ".join(parts)
    return f"<{head}>{inner}</{name}>" if inner else f"<{head}/>"


def text(words: str, x: float, y: float, size: float = 12, *, cls: str = "", room: float | None = None) -> str:
    """Return a line of words, clipped to ``room``. The class ``h`` is bold."""
    shown = one_line(words) if room is None else clip(words, room, size, bold=cls.startswith("h"))
    return tag("text", escape(shown), cls=cls, x=x, y=y, font_size=None if size == 12 else size) if shown else ""  # noqa: PLR2004 - the picture's own size


def words(given: str) -> str:
    """Return words as an element may hold them, on one line."""
    return escape(one_line(given))


def lines(rows: Iterable[str], x: float, y: float, step: float, cls: str = "") -> str:
    """Return lines of words below each other."""
    inner = "".join(tag("tspan", escape(row), x=x, y=y + index * step) for index, row in enumerate(rows) if row.strip())
    return tag("text", inner, cls=cls) if inner else ""


def box(x: float, y: float, width: float, height: float) -> str:
    """Return the outline of a rectangle, as a part of a path."""
    return f"M{number(x)} {number(y)}h{number(width)}v{number(height)}h-{number(width)}z"


def number(value: float) -> str:
    """Return a number with at most one digit after the point."""
    shown = f"{value:.1f}".removesuffix(".0")
    return "0" if shown == "-0" else shown
