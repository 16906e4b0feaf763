"""A difference as text for a terminal, and as HTML for a cell."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from nodebook.engine.words import clipped
from nodebook.notebook.code.literals import value_code
from nodebook.notebook.diff.parts import ABSENT, Change, NodeDiff, PartDiff
from nodebook.notebook.display.look import counted

_RED, _GREEN, _BOLD, _FAINT, _END = "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[2m", "\x1b[0m"
_MARKS = {"added": "+", "removed": "-", "changed": "~"}
_LONG = 40
"""Text from this length on is compared word by word."""
_MOST_WORDS = 4000
_AROUND = 4
"""Words that are shown around a change."""
_MOST_CHARS = 400

_ADDED = "background: rgba(46, 160, 67, 0.25)"
_REMOVED = "background: rgba(248, 81, 73, 0.25); text-decoration: line-through"

_NOTHING = "(none)"

Piece = tuple[str, str]
"""``"+"``, ``"-"`` or ``" "``, and text."""


def plain(text: str) -> str:
    """Return text on one line that does nothing to a terminal."""
    return "".join(letter if letter.isprintable() else "·" for letter in " ".join(text.split()))


def pieces(change: Change, *, alone: bool = False) -> list[Piece]:
    """Return what a change says: what went, what came, and what stands around.

    ``alone``: it is of something that only one side has, so that nothing stands for the other.
    """
    before, after = change.before, change.after
    if change.kind in ("value", "doc") and _is_long_text(before, after):
        return _words(before, after)
    shown = [None if held is ABSENT else _shown(change, held) for held in (before, after)]
    if alone:
        return [("-" if shown[1] is None else "+", shown[0] or shown[1] or "")]
    left, right = (_NOTHING if each is None else each for each in shown)
    return [("-", left), (" ", " → "), ("+", right)]


def label(change: Change) -> str:
    """Return what a change is about."""
    if change.kind in ("value", "link"):
        return change.name if change.name.isidentifier() else value_code(change.name)
    word = {"seed": "seeds", "other": "member"}.get(change.kind, change.kind)
    return f"{word} {plain(change.name)}".strip()


def _shown(change: Change, held: Any) -> str:
    if change.kind == "link":
        return f"← {plain(str(held))}"
    if change.kind in ("mode", "type") and isinstance(held, str):
        return plain(held)
    text = _port(held) if change.kind in ("input", "output") else value_code(held)
    return clipped(text, _MOST_CHARS)


def _port(held: Any) -> str:
    """Return an input or output of a subgraph as code declares it, where there is no more to say of it."""
    if not isinstance(held, Mapping) or not set(held) <= {"name", "type", "default"}:
        return value_code(held)
    kind = held.get("type", "any type")
    default = f" = {value_code(held['default'])}" if "default" in held else ""
    return (plain(kind) if isinstance(kind, str) else value_code(kind)) + default


def _is_long_text(before: Any, after: Any) -> bool:
    if not isinstance(before, str) or not isinstance(after, str):
        return False
    return max(len(before), len(after)) > _LONG or "\n" in before + after


def _words(before: str, after: str) -> list[Piece]:
    """Return a text word by word, with a few words around each change."""
    left, right = (re.findall(r"\s+|[^\s\w]|\w+", text) for text in (before, after))
    if max(len(left), len(right)) > _MOST_WORDS:
        left, right = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found: list[Piece] = []
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=len(left) > _MOST_WORDS // 4)
    blocks = matcher.get_opcodes()
    for turn, (kind, one, end, other, stop) in enumerate(blocks):
        if kind == "equal":
            words = left[one:end]
            if len(words) > 2 * _AROUND:
                head = words[:_AROUND] if turn else []
                tail = words[-_AROUND:] if turn < len(blocks) - 1 else []
                begin, rest = "".join(head).rstrip(), "".join(tail).lstrip()
                words = [f"{begin} … {rest}" if head and tail else f"… {rest}" if tail else f"{begin} …"]
            found.append((" ", _visible("".join(words))))
            continue
        if end > one:
            found.append(("-", _visible("".join(left[one:end]))))
        if stop > other:
            found.append(("+", _visible("".join(right[other:stop]))))
    return found


def _visible(text: str) -> str:
    return "".join(letter if letter.isprintable() else "⏎" if letter == "\n" else "·" for letter in text)


# Text


def part_lines(part: PartDiff, indent: str, *, color: bool) -> Iterator[str]:
    """Yield the lines of a part."""
    if part.subgraph is not None:
        mark = _MARKS[part.status]
        yield _painted(f"{indent}{mark} subgraph {plain(part.subgraph)}", mark, color=color)
        indent += "  "
    for change in part.changes:
        alone = part.status != "changed"
        yield f"{indent}{label(change)}: {_line(change, alone=alone, color=color)}"
    for node in part.nodes:
        yield from _node_lines(node, indent, color=color)


def _node_lines(node: NodeDiff, indent: str, *, color: bool) -> Iterator[str]:
    mark = _MARKS[node.status]
    yield _painted(f"{indent}{mark} {node_words(node)}", mark, color=color)
    for change in node.changes:
        alone = node.status != "changed"
        yield f"{indent}    {label(change)}: {_line(change, alone=alone, color=color)}"


def node_words(node: NodeDiff) -> str:
    """Return how a node is called: its title, id and, where the title does not say it, its type."""
    ref = node.node
    was = node.before.id if node.before is not None else ref.id
    number = ref.id if was == ref.id else f"{was} → {ref.id}"
    kind = "" if ref.type in ref.title.replace(" ", "") or ref.type.startswith("subgraph:") else f" {plain(ref.type)}"
    return f"{plain(ref.title)} ({plain(number)}){kind}"


def _line(change: Change, *, alone: bool, color: bool) -> str:
    found = pieces(change, alone=alone)
    is_text = change.kind in ("value", "doc") and _is_long_text(change.before, change.after)
    parts = []
    for mark, text in found:
        if mark == " " or not color:
            parts.append(text if mark == " " or not is_text else f"[{mark}{text}{mark}]")
        else:
            parts.append(f"{_GREEN if mark == '+' else _RED}{text}{_END}")
    return "".join(parts)


def _painted(line: str, mark: str, *, color: bool) -> str:
    if not color:
        return line
    return f"{ {'+': _GREEN, '-': _RED}.get(mark, _BOLD) }{line}{_END}"


def faint(line: str, *, color: bool) -> str:
    """Return a line that says less than others."""
    return f"{_FAINT}{line}{_END}" if color else line


def moved_words(moved: int) -> str:
    """Return how many nodes stand elsewhere."""
    return f"{counted(moved, 'node or group', 'nodes and groups')} moved or coloured"


# HTML


def part_html(part: PartDiff) -> str:
    """Return a part as HTML, all text escaped."""
    rows = [_row("", change, alone=part.status != "changed") for change in part.changes]
    for node in part.nodes:
        mark = _MARKS[node.status]
        style = {"+": _ADDED, "-": _REMOVED}.get(mark, "")
        title = f'<span style="{style}">{mark} {escape(node_words(node))}</span>'
        rows.append(f'<tr><td colspan="2" style="text-align: left; padding-top: 8px"><b>{title}</b></td></tr>')
        rows += [_row("padding-left: 24px", each, alone=node.status != "changed") for each in node.changes]
    table = f'<table style="border-collapse: collapse">{"".join(rows)}</table>' if rows else ""
    if part.subgraph is None:
        return table
    word = "" if part.status == "changed" else f" ({part.status})"
    return f'<div style="margin: 12px 0 4px"><b>Subgraph {escape(plain(part.subgraph))}</b>{word}</div>{table}'


def _row(style: str, change: Change, *, alone: bool) -> str:
    cell = "text-align: left; vertical-align: top; padding: 2px 8px"
    said = "".join(_piece_html(each) for each in pieces(change, alone=alone))
    return (
        f'<tr><td style="{cell}; {style}">{escape(label(change))}</td>'
        f'<td style="{cell}; white-space: pre-wrap; overflow-wrap: anywhere">{said}</td></tr>'
    )


def _piece_html(piece: Piece) -> str:
    mark, text = piece
    if mark == " ":
        return escape(text)
    tag_name, style = ("ins", f"{_ADDED}; text-decoration: none") if mark == "+" else ("del", _REMOVED)
    return f'<{tag_name} style="{style}">{escape(text)}</{tag_name}>'


def all_lines(parts: Sequence[PartDiff], indent: str, *, color: bool) -> Iterator[str]:
    """Yield the lines of all parts that say something."""
    for part in parts:
        if not part.is_empty:
            yield from part_lines(part, indent, color=color)
