"""Small tables for people: aligned text for a terminal, plain HTML for a cell. No colours, so that any theme fits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

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


def html_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str = "", numbers: Collection[int] = ()
) -> str:
    """Return a table as JupyterLab and nbviewer show it; ``numbers``: columns that are aligned to the right."""

    def cell(tag: str, column: int, text: str) -> str:
        side = "right" if column in numbers else "left"
        return f'<{tag} style="text-align: {side}; vertical-align: top">{escape(text)}</{tag}>'

    lines = ["<table>"]
    if caption:
        lines.append(f'<caption style="text-align: left; padding: 4px 0">{escape(caption)}</caption>')
    lines.append(
        "<thead><tr>" + "".join(cell("th", column, text) for column, text in enumerate(head)) + "</tr></thead>"
    )
    lines.append("<tbody>")
    lines.extend(
        "<tr>" + "".join(cell("td", column, text) for column, text in enumerate(row)) + "</tr>" for row in rows
    )
    lines.append("</tbody></table>")
    return "\n".join(lines)


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
    for unit in ("B", "KiB", "MiB"):
        if size < _KIB:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _KIB
    return f"{size:.1f} GiB"
