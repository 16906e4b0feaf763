"""What code has no words for, as comments below it: ids, positions, colours, groups, unknown members.

    # nodebook layout 1
    # photo 1 {"x": 40, "y": 40}
    # blur 2 {"x": 360, "y": 40, "collapsed": true} {"origin": ["ImageBlur#1"]}
    # group: 1 {"title": "Inputs", "x": 20, "y": 0, "width": 300, "height": 400}
    # soften() 1
    # soften.blur 1 {"x": 40, "y": 40}

One line for a node, under its variable, so that moving it is a change of one line. Long lines go on in lines that
begin with more room after the ``#``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nodebook.engine.document import parse_json
from nodebook.engine.graph import whole_number
from nodebook.errors import DocumentError

HEAD = "# nodebook layout"
VERSION = 1
_WIDTH = 120
_HEADER = re.compile(r"# nodebook layout (\d{1,9})\b[^\n]*")
_MORE = "#   "
_SUBJECT = re.compile(r"(?:(?P<scope>\w+)\.)?(?P<name>\w+|\(inputs\)|\(outputs\))(?P<mark>\(\)|:)?(?: |$)")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


@dataclass(slots=True)
class Entry:
    """What the layout says of one node or definition: JSON, as a document has it."""

    id: str
    view: dict[str, Any] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Layout:
    """A whole layout. Scopes: "" for the graph, else the name of a subgraph's function."""

    graph: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, dict[str, Entry]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    definitions: dict[str, Entry] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    """What could not be read, in words."""


# Writing


def layout_text(layout: Layout) -> str:
    """Return a layout as comments, without a line end after the last."""
    return "\n".join([f"{HEAD} {VERSION}", *(wrapped for line in _lines(layout) for wrapped in _wrapped(line))])


def _lines(layout: Layout) -> Iterator[str]:
    if layout.graph:
        yield f"graph: {_json(layout.graph)}"
    yield from _scope_lines(layout, "")
    for key, entry in layout.definitions.items():
        yield _entry_line(f"{key}()", entry)
        yield from _scope_lines(layout, key)


def _scope_lines(layout: Layout, scope: str) -> Iterator[str]:
    prefix = f"{scope}." if scope else ""
    for key, entry in layout.nodes.get(scope, {}).items():
        yield _entry_line(prefix + key, entry)
    for group, held in layout.groups.get(scope, {}).items():
        yield f"{prefix}group: {_id(group)} {_json(held)}"


def _entry_line(subject: str, entry: Entry) -> str:
    parts = [subject, _id(entry.id)]
    if entry.view or entry.rest:
        parts.append(_json(entry.view))
    if entry.rest:
        parts.append(_json(entry.rest))
    return " ".join(parts)


def _id(node_id: str) -> str:
    return node_id if whole_number(node_id) is not None else _json(node_id)


def _json(value: Any) -> str:
    """Return JSON on one line, of what a terminal shows as it is: no control, no mark that turns text around."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    letter = match[0]
    if letter.isprintable():
        return letter
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _wrapped(line: str) -> Iterator[str]:
    """Yield a line in pieces, broken before a space that the next piece keeps."""
    begin = "# "
    while len(begin) + len(line) > _WIDTH:
        space = line.rfind(" ", 1, _WIDTH - len(begin))
        space = space if space > 0 else line.find(" ", 1)
        if space < 0:
            break
        # A piece that began with two spaces, or ended with one, would not come back from an editor that trims.
        while space > 0 and (line[space - 1] == " " or line[space + 1 : space + 2] == " "):
            space -= 1
        if space <= 0:
            break
        yield begin + line[:space]
        begin, line = _MORE, line[space:]
    yield begin + line


# Reading


def split_layout(code: str) -> tuple[str, str | None]:
    """Return the code without its layout, and the layout; lines keep their numbers."""
    lines = code.split("\n")
    starts = [number for number, line in enumerate(lines) if _HEADER.fullmatch(line.rstrip())]
    if not starts:
        return code, None
    start = end = starts[-1]
    while end + 1 < len(lines) and lines[end + 1].startswith("#"):
        end += 1
    kept = [*lines[:start], *[""] * (end - start + 1), *lines[end + 1 :]]
    return "\n".join(kept), "\n".join(lines[start : end + 1])


def read_layout(text: str) -> Layout:
    """Read a layout. What cannot be read is left out, and said in its notices."""
    layout = Layout()
    head, *lines = text.rstrip("\n").split("\n")
    version = _HEADER.match(head)
    if version is None or int(version[1]) != VERSION:
        layout.notices.append(
            f"The layout begins with {head[:60]!r}, and this nodebook reads {HEAD + ' ' + str(VERSION)!r}: it is left "
            "out, and nodes are placed anew. Update nodebook to keep it."
        )
        return layout
    for line in _joined(lines):
        try:
            _read_line(layout, line)
        except (ValueError, DocumentError):
            layout.notices.append(f"A line of the layout cannot be read, and is left out: {line[:80]!r}.")
    return layout


def _joined(lines: list[str]) -> list[str]:
    """Return the lines of a layout, each in one piece."""
    found: list[str] = []
    for line in lines:
        bare = line.rstrip("\r")
        if bare.startswith(_MORE) and found:
            found[-1] += bare[len(_MORE) :]
        elif bare.startswith("# "):
            found.append(bare[2:])
        elif bare.strip("# "):
            found.append(bare)  # to be told of
    return found


def _read_line(layout: Layout, line: str) -> None:
    match = _SUBJECT.match(line)
    if match is None:
        raise ValueError(line)
    scope, name, mark = match["scope"] or "", match["name"], match["mark"]
    if mark == ":" and name == "graph" and not scope:
        (held,) = _values(line[match.end() :])
        layout.graph = _object(held)
        return
    head, *held = _values(line[match.end() :])
    held_id = str(head) if isinstance(head, int) and not isinstance(head, bool) else head
    if not isinstance(held_id, str):
        raise ValueError(line)  # noqa: TRY004 - a line that cannot be read, whatever is wrong
    if mark == ":" and name == "group":
        (group,) = held
        layout.groups.setdefault(scope, {})[held_id] = group
        return
    view, rest = ([*held, {}, {}])[:2]
    entry = Entry(held_id, _object(view), _object(rest))
    known = layout.definitions if mark == "()" else layout.nodes.setdefault(scope, {})
    if mark == ":" or name in known:
        raise ValueError(line)
    known[name] = entry


def _values(text: str) -> list[Any]:
    """Return the JSON values that stand in a row."""
    return list(parse_json("[" + ", ".join(_pieces(text)) + "]"))


def _pieces(text: str) -> Iterator[str]:
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        try:
            _, end = decoder.raw_decode(text, position)
        except RecursionError:
            raise ValueError(text) from None
        yield text[position:end]
        position = end + 1


def _object(held: Any) -> dict[str, Any]:
    if not isinstance(held, Mapping):
        raise ValueError(repr(held))  # noqa: TRY004 - a line that cannot be read, whatever is wrong
    return dict(held)
