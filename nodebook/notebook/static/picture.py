"""The static picture of a graph and its results: what is seen where no kernel and no editor are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from nodebook.engine.files import write_atomic
from nodebook.engine.graph import GraphState, Node
from nodebook.engine.interfaces import type_in
from nodebook.engine.nodetype import NodeType
from nodebook.engine.words import clipped
from nodebook.notebook.static.cards import CARD_WIDTH, Result, value_text
from nodebook.notebook.static.layout import scene_of
from nodebook.notebook.static.results import results_of
from nodebook.notebook.static.svg import Svg, draw, scale_of
from nodebook.notebook.static.text import one_line
from nodebook.tables import data_uri

if TYPE_CHECKING:
    import os

    from nodebook.graph import Graph

_LISTED_NODES = 40
_VALUE_CHARS = 60
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

# The picture is an image of its own, so that hosts which clean HTML keep it, and nothing of the page reaches into it.
# JupyterLab's theme is told to it by color-scheme. The editor of the same graph stands in the output before: while it
# is there, the picture is not needed, and where it cannot be there is nothing that a reader would miss.
STYLE = (
    "<style>"
    ".nb-static img{display:block;max-width:100%;height:auto}"
    '[data-jp-theme-light="true"] .nb-static img{color-scheme:light}'
    '[data-jp-theme-light="false"] .nb-static img{color-scheme:dark}'
    ".nb-static summary{cursor:pointer;font-size:12px;opacity:.8}"
    # An editor that is about to come: the picture must not flash before it.
    "@keyframes nb-static-wait{from,to{max-height:0;overflow:hidden}}"
    ".jp-OutputArea-child:has(>.lm-Panel.jp-OutputArea-output)+.jp-OutputArea-child .nb-static"
    "{animation:nb-static-wait 1s}"
    ".jp-OutputArea-child:has(.nb-editor)+.jp-OutputArea-child:has(.nb-static),"
    ".jp-OutputArea-child:has(>.jp-OutputArea-output:not([data-mime-type]))"
    ":not(:has(.nb-editor)):has(+.jp-OutputArea-child .nb-static)"
    "{display:none}"
    "</style>"
)


@dataclass(frozen=True, slots=True)
class GraphPicture:
    """A picture of a graph, which a cell shows. ``svg`` needs nothing from outside."""

    svg: str
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    caption: str

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/html": f'<div class="nb-static-own">{image_html(self)}</div>', "text/plain": f"<{self.caption}>"}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, replacing it at once or not at all."""
        path = Path(path)
        write_atomic(path, self.svg.encode())
        return path


def picture_of(graph: Graph, date: str | None = None) -> GraphPicture:
    """Draw a graph and what it made in its last run. ``date``: of the line below it, as ``2026-11-26…``."""
    store, session = graph.store, graph._session  # noqa: SLF001 -- the session is the graph's, and nobody else's business
    state = store.state

    def find_type(node: Node) -> NodeType | None:
        return type_in(state, node, store.library)

    bare = scene_of(state, find_type, lambda _node: Result())
    scene = scene_of(state, find_type, results_of(store, session, CARD_WIDTH * scale_of(bare)))
    caption = caption_of(state, date)
    drawn: Svg = draw(scene, caption)
    return GraphPicture(drawn.text, drawn.width, drawn.height, caption)


def caption_of(state: GraphState, date: str | None) -> str:
    """Return the line below a picture: name, number of nodes, date."""
    count = len(state.nodes)
    words = [one_line(state.name) if state.name else "nodebook graph", f"{count} node{'' if count == 1 else 's'}"]
    shown = _day(date)
    return " · ".join([*words, shown] if shown else words)


def _day(date: str | None) -> str | None:
    return date[:10] if date is not None and _DAY.match(date) else None


def image_html(picture: GraphPicture) -> str:
    """Return the picture as an image element."""
    source = data_uri(picture.svg.encode(), "image/svg+xml")
    alt = escape(f"Picture of the graph: {picture.caption}", quote=True)
    return f'<img src="{source}" width="{picture.width}" alt="{alt}">'


def static_html(graph: Graph, picture: GraphPicture) -> str:
    """Return what an output holds for readers without a kernel: the picture, and its nodes as a list."""
    state = graph.store.state
    ids = state.ordered_ids()
    items = [f"<li>{_node_html(graph, node_id)}</li>" for node_id in ids[:_LISTED_NODES]]
    if len(ids) > _LISTED_NODES:
        items.append(f"<li>… and {len(ids) - _LISTED_NODES} more</li>")
    listed = f"<details><summary>Nodes of this graph</summary><ul>{''.join(items)}</ul></details>" if items else ""
    return f'{STYLE}<div class="nb-static">{image_html(picture)}{listed}</div>'


def _node_html(graph: Graph, node_id: str) -> str:
    state = graph.store.state
    node = state.nodes[node_id]
    node_type = type_in(state, node, graph.store.library)
    parts = [
        f"{name} = {_short(value, node_type, name)}"
        for name, value in sorted(node.values.items())
        if name not in node.links
    ]
    parts += [f"{name} ← {link.node}.{link.output}" for name, link in sorted(node.links.items())]
    title = escape(clipped(one_line(f"{node_id} {graph.title_of(node_id)}"), _VALUE_CHARS))
    named = f"<b>{title}</b>: {escape(one_line(', '.join(parts)))}" if parts else f"<b>{title}</b>"
    return f"{named}{_code_html(node, node_type)}"


def _code_html(node: Node, node_type: NodeType | None) -> str:
    """Where the code is: the cell that added the node, by the anchor that notebooks have for cells."""
    words = []
    if node_type is not None and node_type.origin == "notebook":
        words.append(f"<code>{escape(node_type.name)}()</code>")
    cell = cell_of(node)
    if cell is not None:
        words.append(f'<a href="#cell-id={escape(cell, quote=True)}">cell</a>')
    return f" ({', '.join(words)})" if words else ""


def cell_of(node: Node) -> str | None:
    """Return the id of the cell whose code added a node, None where no cell did."""
    place = (node.origin or {}).get("cell")
    cell, slash, _ = place.rpartition("/") if isinstance(place, str) else ("", "", "")
    return cell if slash and cell and not set(cell) - _IN_CELL_IDS else None


_IN_CELL_IDS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def _short(value: object, node_type: NodeType | None, name: str) -> str:
    spec = None if node_type is None else node_type.input_by_name.get(name)
    text = value_text(value, (spec.widget if spec is not None else None) or {})
    return clipped(text, _VALUE_CHARS)
