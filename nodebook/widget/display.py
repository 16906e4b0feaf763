"""What a cell shows for a graph, with a plain list of its nodes for where no editor can be."""

from __future__ import annotations

from html import escape
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from nodebook.engine import document
from nodebook.engine.store import GraphStore
from nodebook.sessions import Session
from nodebook.widget.hub import hub_of
from nodebook.widget.sync import GraphSync
from nodebook.widget.widget import GraphWidget, new_widget

if TYPE_CHECKING:
    from nodebook.graph import Graph

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
GRAPH_MIME = "application/vnd.nodebook.graph+json"

_LISTED_NODES = 100
_VALUE_CHARS = 60

_widgets: WeakKeyDictionary[GraphStore, tuple[GraphSync, GraphWidget]] = WeakKeyDictionary()
_lock = Lock()


def bundle_of(graph: Graph) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a cell shows for a graph, by MIME type, and the metadata.

    Everything but the id of the widget's model follows from the graph alone.
    """
    widget = widget_of(graph.store, graph._session)  # noqa: SLF001 -- the session is the graph's, and nobody else's business
    data: dict[str, Any] = {
        "text/plain": repr(graph),
        "text/html": fallback_html(graph),
        WIDGET_MIME: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id},
    }
    if graph.name is not None:
        data[GRAPH_MIME] = document.to_json(graph.store.state)
    return data, {}


def widget_of(store: GraphStore, session: Session) -> GraphWidget:
    """Return the model of a graph: the one that is there, or a new one where a page has closed it."""
    with _lock:
        found = _widgets.get(store)
        if found is not None and found[1].is_open:
            return found[1]
        sync = GraphSync(store, session, hub_of(session)) if found is None else found[0]
        try:
            widget = new_widget(sync)
        except BaseException:
            if found is None:
                sync.close()
            raise
        _widgets[store] = (sync, widget)
        return widget


def is_shown(store: GraphStore) -> bool:
    """Say whether a page shows the editor of a graph at this moment, as far as pages tell."""
    found = _widgets.get(store)
    return found is not None and found[1].is_open and found[0].is_viewed


def fallback_html(graph: Graph) -> str:
    """Return a list of a graph's nodes, for readers without a kernel. All text is escaped."""
    state = graph.store.state
    ids = state.ordered_ids()
    items = [f"<li>{_node_html(graph, node_id)}</li>" for node_id in ids[:_LISTED_NODES]]
    if len(ids) > _LISTED_NODES:
        items.append(f"<li>… and {len(ids) - _LISTED_NODES} more</li>")
    named = f" <strong>{escape(graph.name)}</strong>" if graph.name else ""
    counted = f"{len(ids)} node" if len(ids) == 1 else f"{len(ids)} nodes"
    return f"<p>nodebook graph{named}, {counted}. Run all cells to edit it.</p><ul>{''.join(items)}</ul>"


def _node_html(graph: Graph, node_id: str) -> str:
    node = graph.store.state.nodes[node_id]
    parts = [f"{name} = {_short(value)}" for name, value in sorted(node.values.items()) if name not in node.links]
    parts += [f"{name} ← {link.node}.{link.output}" for name, link in sorted(node.links.items())]
    text = f"{node_id} {graph.title_of(node_id)}"
    return escape(f"{text}: {', '.join(parts)}" if parts else text)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _VALUE_CHARS else f"{text[: _VALUE_CHARS - 1]}…"
