"""Small tables for people: aligned text for a terminal, plain HTML for a cell. No colours, so that any theme fits."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Iterable, Sequence
from html import escape

_FONT = "font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 13px; line-height: 1.4"
MUTED = "opacity: 0.7"

_KIB = 1024
_MINUTE_S = 60


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an aligned table; the last column is as wide as it likes."""
    table = [tuple(head), *map(tuple, rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in table
    )


def html_frame(*parts: str) -> str:
    """Return what a cell shows around its parts: the font of the page's controls. Parts without text are left out."""
    inside = "\n".join(part for part in parts if part)
    return f'<div style="{_FONT}">\n{inside}\n</div>'


def html_heading(title: str, rest: str = "") -> str:
    """Return what is shown, and beside it in fewer words the state that it is in. The text is escaped."""
    muted = f' <span style="{MUTED}">{escape(rest)}</span>' if rest else ""
    return f'<div style="margin: 0 0 4px"><strong>{escape(title)}</strong>{muted}</div>'


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Collection[int] = ()) -> str:
    """Return a table as JupyterLab and nbviewer show it; ``numbers``: columns that are aligned to the right.

    A column without any text is left out.
    """
    shown = [column for column in range(len(head)) if not rows or any(row[column] for row in rows)]

    def line(tag: str, row: Sequence[str]) -> str:
        return "<tr>" + "".join(cell(tag, row[column], is_number=column in numbers) for column in shown) + "</tr>"

    lines = ["<table>", f"<thead>{line('th', head)}</thead>"]
    lines.append("<tbody>")
    lines.extend(line("td", row) for row in rows)
    lines.append("</tbody></table>")
    return "\n".join(lines)


def html_facts(facts: Iterable[tuple[str, str]]) -> str:
    """Return names with what there is to say of them, one line each, in the style of ``html_table``."""
    lines = "\n".join(f"<tr>{cell('th', name)}{cell('td', text)}</tr>" for name, text in facts)
    return f"<table>\n<tbody>\n{lines}\n</tbody></table>"


def cell(tag: str, text: str, *, is_number: bool = False) -> str:
    """Return one cell; the text is escaped."""
    side = "right" if is_number else "left"
    return f'<{tag} style="text-align: {side}; vertical-align: top">{escape(text)}</{tag}>'


def data_uri(data: bytes, mime: str) -> str:
    """Return a file as an address that holds all of it, for ``src``; there is nothing in it to escape."""
    return f"data:{mime};base64,{b64encode(data).decode('ascii')}"


def seconds_text(seconds: float | None) -> str:
    """Return a time in words: ``12 ms``, ``3.4 s``, ``2 min 5 s``; nothing where there is none."""
    if seconds is None:
        return ""
    if seconds < 1:
        return "< 1 ms" if seconds < 0.001 else f"{seconds * 1000:.0f} ms"  # noqa: PLR2004 -- a thousandth
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    return f"{seconds // _MINUTE_S:.0f} min {seconds % _MINUTE_S:.0f} s"


def bytes_text(size: float | None) -> str:
    """Return a size in words: ``512 B``, ``3.4 MiB``; nothing where there is none."""
    if size is None:
        return ""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _KIB:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _KIB
    return f"{size:.1f} TiB"
