"""``nb.diff``: what differs between two graphs, in the words of graphs (docs/design/diff.md)."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from nodebook.engine import document
from nodebook.engine.graph import GraphState, id_order
from nodebook.engine.library import Library
from nodebook.errors import DocumentError, DocumentNotFoundError, NotRunError
from nodebook.graph import Graph
from nodebook.notebook.diff.parts import ABSENT, Change, NodeDiff, NodeRef, PartDiff, diff_states
from nodebook.notebook.diff.text import all_lines, faint, moved_words, part_html, plain
from nodebook.notebook.saved.stored import GRAPH_MIME, stored_graphs
from nodebook.sessions import session
from nodebook.tables import MUTED, data_uri, html_frame, html_heading

__all__ = ["ABSENT", "Change", "Diff", "GraphDiff", "NodeDiff", "NodeRef", "PartDiff", "PicturePair", "diff"]

Source = Graph | GraphState | Mapping[str, Any] | str | os.PathLike[str]
"""A graph, a document or notebook as parsed JSON, or the path of one."""

_PICTURE_PX, _GRAPH_PX = 256, 480
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
_PICTURE = re.compile(r"data:image/(?:svg\+xml|png|jpeg|webp);base64,[A-Za-z0-9+/=]+")
_MOST_PICTURES = 12


@dataclass(frozen=True, slots=True)
class PicturePair:
    """A result on both sides, as addresses of pictures (``data:``); None where a side has none."""

    title: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class GraphDiff:
    """What differs in one graph. ``before`` and ``after`` say whether each side has it."""

    name: str | None
    parts: tuple[PartDiff, ...]
    before: bool = True
    after: bool = True
    pictures: tuple[PicturePair, ...] = field(default=(), repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs in meaning."""
        return self.before and self.after and all(each.is_empty for each in self.parts)

    @property
    def moved(self) -> int:
        """How many nodes and groups stand or look otherwise."""
        return sum(each.moved for each in self.parts)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, without pictures."""
        parts = [each.to_json() for each in self.parts]
        return {"name": self.name, "before": self.before, "after": self.after, "parts": parts}


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between two graphs, or between the graphs of two notebooks.

    ``print(diff)`` shows it in a terminal, a cell shows it with pictures side by side. Where nodes stand and how they
    are coloured is counted in ``moved``, and is no difference.
    """

    before: str
    after: str
    graphs: tuple[GraphDiff, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs in meaning."""
        return all(each.is_empty for each in self.graphs)

    @property
    def moved(self) -> int:
        """How many nodes and groups stand or look otherwise."""
        return sum(each.moved for each in self.graphs)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, without pictures."""
        return {
            "before": self.before,
            "after": self.after,
            "is_empty": self.is_empty,
            "moved": self.moved,
            "graphs": [each.to_json() for each in self.graphs],
        }

    def text(self, *, color: bool = False) -> str:
        """Return it as text, for a terminal in colour."""
        lines = list(self._lines(color=color))
        if self.is_empty:
            lines.append("No difference.")
        if self.moved:
            lines.append(faint(f"{moved_words(self.moved)}.", color=color))
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return it as text; in colour where standard output is a terminal that takes it."""
        return self.text(color=sys.stdout.isatty() and "NO_COLOR" not in os.environ)

    def __repr__(self) -> str:
        """Return it as text without colour, which is what a cell without a page shows."""
        return self.text()

    def _lines(self, *, color: bool) -> Iterator[str]:
        for each in self.graphs:
            if each.is_empty:
                continue
            is_one = len(self.graphs) == 1 and each.before and each.after
            if not is_one:
                word = "" if each.before and each.after else " (removed)" if each.before else " (added)"
                yield f"graph {plain(each.name or 'without a name')}{word}"
            yield from all_lines(each.parts, "" if is_one else "  ", color=color)

    def _repr_html_(self) -> str:
        """Return it as HTML for a cell, light or dark; all text of the graphs is escaped."""
        said = "no difference" if self.is_empty else ""
        parts = [html_heading(f"{plain(self.before)} → {plain(self.after)}", said)]
        for each in self.graphs:
            if each.is_empty:
                continue
            word = "" if each.before and each.after else " (removed)" if each.before else " (added)"
            if len(self.graphs) > 1 or word:
                parts.append(
                    f'<div style="margin: 12px 0 4px"><b>{escape(plain(each.name or "Graph"))}</b>{word}</div>'
                )
            parts += [part_html(part) for part in each.parts if not part.is_empty]
            parts += [_pair_html(pair) for pair in each.pictures]
        if self.moved:
            parts.append(f'<div style="{MUTED}; margin-top: 8px">{escape(moved_words(self.moved))}</div>')
        return html_frame(*parts)


def diff(before: Source, after: Source) -> Diff:
    """Return what differs between two graphs, in the words of graphs: nodes, values, links, titles, modes, subgraphs.

    Each side is a graph, a document or notebook as parsed JSON, or the path of a ``.nodebook.json``, ``.ipynb``,
    ``.png`` or ``.py`` file. Nodes are matched by id, and by what they are where ids say nothing: a graph that was
    built again differs in what it says only. Raises ``DocumentError`` and ``FileNotFoundError``.
    """
    return compare(before, after, session().library)


def compare(before: Source, after: Source, library: Library) -> Diff:
    """Return what differs, with the node types of a library; see ``diff``."""
    sides = (_load(before, library), _load(after, library))
    names = (_label(before, "before"), _label(after, "after"))
    graphs = tuple(_compared(one, other, library) for one, other in _paired(*sides))
    return Diff(*names, graphs)


@dataclass(frozen=True, slots=True)
class _Side:
    """A graph of one side, and where pictures of its results may come from."""

    state: GraphState
    graph: Graph | None = None
    picture: str | None = None
    """What the output that holds the graph shows beside it."""


def _compared(one: _Side | None, other: _Side | None, library: Library) -> GraphDiff:
    empty = GraphState()
    before, after = (empty if side is None else side.state for side in (one, other))
    parts = diff_states(before, after, library)
    name = after.name if other is not None else before.name
    found = GraphDiff(name, parts, one is not None, other is not None)
    pictures = () if found.is_empty else tuple(_pictures(one, other))
    return GraphDiff(name, parts, one is not None, other is not None, pictures)


def _paired(before: Sequence[_Side], after: Sequence[_Side]) -> list[tuple[_Side | None, _Side | None]]:
    """Pair the graphs of two sides by name, and those without one in their order."""
    if len(before) == len(after) == 1:
        return [(before[0], after[0])]
    left = list(before)
    pairs: list[tuple[_Side | None, _Side | None]] = []
    for side in after:
        found = next((each for each in left if each.state.name == side.state.name), None)
        if found is not None:
            left.remove(found)
        pairs.append((found, side))
    return [*pairs, *((each, None) for each in left)]


# Sides


def _label(source: Source, otherwise: str) -> str:
    if isinstance(source, Graph):
        return source.name or otherwise
    if isinstance(source, (str, os.PathLike)):
        return Path(source).name
    name = source.name if isinstance(source, GraphState) else source.get("name")
    return name if isinstance(name, str) else otherwise


def _load(source: Source, library: Library) -> list[_Side]:
    if isinstance(source, Graph):
        return [_Side(source.store.state, source)]
    if isinstance(source, GraphState):
        return [_Side(source)]
    if isinstance(source, Mapping):
        return load_json(source)
    return _read(Path(source), library)


def load_json(data: Mapping[str, Any]) -> list[_Side]:
    """Return the graphs of a document, or of a notebook's outputs: of several copies of one name the last."""
    if "cells" not in data or "nodebook" in data:
        return [_Side(document.from_json(data))]
    pictures = _cell_pictures(data)
    found: dict[Any, _Side] = {}
    for turn, stored in enumerate(stored_graphs(data)):
        side = _Side(document.from_json(dict(stored.document)), picture=pictures.get(turn))
        found.pop(stored.name or turn, None)
        found[stored.name or turn] = side
    return list(found.values())


def _read(path: Path, library: Library) -> list[_Side]:
    if path.suffix.lower() == ".png":
        from nodebook.opening import open_graph

        return [_Side(open_graph(path).store.state)]
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DocumentNotFoundError(
            f"There is no file {str(path)!r} to compare (looked from {Path.cwd()}). Give the path of a nodebook "
            "document, notebook, picture or .py file."
        ) from None
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path.name} is not text in UTF-8 (at byte {error.start}).") from None
    if path.suffix == ".py":
        from nodebook.notebook.code.python import read_python

        return [_Side(read_python(text, library, name=path.name)[0])]
    data = document.parse_json(text)
    if not isinstance(data, Mapping):
        return [_Side(document.from_json(data))]
    return load_json(data)


def _cell_pictures(notebook: Mapping[str, Any]) -> dict[int, str]:
    """Return the picture that stands beside each stored graph of a notebook, by the graph's number."""
    found: dict[int, str] = {}
    turn = 0
    for cell in notebook.get("cells") or ():
        outputs = cell.get("outputs") if isinstance(cell, Mapping) else None
        for output in outputs if isinstance(outputs, list) else ():
            data = output.get("data") if isinstance(output, Mapping) else None
            if not isinstance(data, Mapping) or not isinstance(data.get(GRAPH_MIME), Mapping):
                continue
            address = _shown_beside(data)
            if address is not None:
                found[turn] = address
            turn += 1
    return found


def _shown_beside(data: Mapping[str, Any]) -> str | None:
    """Return the picture of an output as an address: its own, or the first in its HTML; None where there is none.

    As an address of an ``<img>`` even a drawing runs no scripts and loads nothing.
    """
    for mime in ("image/png", "image/jpeg"):
        text = _joined(data.get(mime))
        if text and _BASE64.fullmatch(text):
            return f"data:{mime};base64,{re.sub(r'[^A-Za-z0-9+/=]', '', text)}"
    match = _PICTURE.search(_joined(data.get("text/html")))
    return None if match is None else match[0]


def _joined(held: object) -> str:
    """Return text that a notebook may keep in lines; nothing of anything else."""
    parts = held if isinstance(held, list) else [held]
    return "".join(each for each in parts if isinstance(each, str))


# Pictures


def _pictures(one: _Side | None, other: _Side | None) -> Iterator[PicturePair]:
    """Yield results side by side: of the ends of both graphs, or what the notebooks show."""
    left, right = (_results(side) for side in (one, other))
    for title in list(dict.fromkeys([*left, *right]))[:_MOST_PICTURES]:
        if left.get(title) != right.get(title):
            yield PicturePair(title, left.get(title), right.get(title))


def _results(side: _Side | None) -> dict[str, str]:
    """Return the pictures that the ends of a graph have made, by title."""
    if side is None:
        return {}
    if side.graph is None:
        return {} if side.picture is None else {"Graph": side.picture}
    found: dict[str, str] = {}
    graph = side.graph
    for node_id in sorted(graph.store.state.nodes, key=id_order):
        if graph.store.state.consumers.get(node_id):
            continue
        picture = _result(graph, node_id)
        title = graph.title_of(node_id)
        if picture is not None:
            found[title if title not in found else f"{title} ({node_id})"] = picture
    return found


def _result(graph: Graph, node_id: str) -> str | None:
    """Return the first picture that a node made or shows, as an address."""
    from nodebook.notebook.display.look import Grid
    from nodebook.notebook.display.showing import Showing, blocks_of

    handle = graph[node_id]
    try:
        node_type, values = handle.type, handle.outputs
        payload = graph.result_of(node_id).payload if node_type is not None and node_type.is_output else {}
    except NotRunError:
        return None
    ports = [spec.port for spec in node_type.outputs] if node_type is not None else []
    shown = [
        *((value, port) for value, port in zip(values, ports, strict=False)),
        *((each, "IMAGE") for each in (payload or {}).values()),
    ]
    for value, port in shown:
        for block in blocks_of(value, port, Showing(session())):
            if isinstance(block, Grid) and block.pictures:
                picture = block.pictures[0]
                return data_uri(picture.data, picture.mime)
    return None


def _pair_html(pair: PicturePair) -> str:
    def side(address: str | None, words: str) -> str:
        shown = f'<div style="{MUTED}">no picture</div>'
        if address is not None:
            width = _GRAPH_PX if address.startswith("data:image/svg") else _PICTURE_PX
            alt = escape(f"{pair.title}, {words}", quote=True)
            shown = f'<img src="{escape(address, quote=True)}" alt="{alt}" style="width: {width}px; max-width: 100%">'
        return f'<figure style="margin: 0; max-width: 100%"><figcaption>{words}</figcaption>{shown}</figure>'

    both = side(pair.before, "before") + side(pair.after, "after")
    return (
        f'<div style="margin: 12px 0 4px">{escape(plain(pair.title))}</div>'
        f'<div style="display: flex; flex-wrap: wrap; gap: 16px">{both}</div>'
    )
