"""What a cell shows for a graph: the editor, and what stands for it where no editor can be."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from nodebook.engine.store import GraphStore
from nodebook.notebook.saved import outputs
from nodebook.sessions import Session
from nodebook.widget.hub import hub_of
from nodebook.widget.sync import GraphSync
from nodebook.widget.widget import GraphWidget, new_widget

if TYPE_CHECKING:
    from nodebook.graph import Graph

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"

_widgets: WeakKeyDictionary[GraphStore, tuple[GraphSync, GraphWidget]] = WeakKeyDictionary()
_lock = Lock()


def bundle_of(graph: Graph) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a cell shows for a graph, by MIME type, and the metadata.

    Everything but the id of the widget's model follows from the graph alone.
    """
    return {**outputs.bundle_of(graph), **_view_of(graph)}, {}


def show(graph: Graph) -> None:
    """Show a graph in the cell that runs now: an output with its editor, and one with what a saved notebook keeps.

    Two, since an output that is renewed is drawn anew: the editor must not be, while somebody uses it. Raises
    ``NotImplementedError`` outside a kernel, so that IPython asks for ``bundle_of`` instead.
    """
    shell = _kernel_shell()
    if shell is None:
        raise NotImplementedError
    shell.display_pub.publish(data=_view_of(graph), metadata={})
    outputs.show(graph, shell)


def _kernel_shell() -> Any:
    """Return the shell of the kernel that this is, None where it is none: ``display_pub`` of a terminal only prints."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return None if shell is None or getattr(shell, "kernel", None) is None else shell


def _view_of(graph: Graph) -> dict[str, Any]:
    widget = widget_of(graph.store, graph._session)  # noqa: SLF001 -- the session is the graph's, and nobody else's business
    return {WIDGET_MIME: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}}


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
