"""The editor in a notebook cell: one anywidget model per graph, and the messages between it and the kernel.

Importing this loads nothing; the first graph that is shown loads ipywidgets and the front end's bundle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodebook.graph import Graph

__all__ = ["display_bundle", "show_in_cell"]


def display_bundle(graph: Graph) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a cell shows for a graph, by MIME type, and the metadata.

    Raises ``FrontendMissingError`` where the front end's bundle was not built.
    """
    from nodebook.widget.display import bundle_of

    return bundle_of(graph)


def show_in_cell(graph: Graph) -> None:
    """Show a graph in the cell that runs now: the editor, and beside it what a saved notebook keeps of the graph.

    Raises ``NotImplementedError`` outside a kernel, where ``display_bundle`` says what there is to show, and
    ``FrontendMissingError`` where the front end's bundle was not built.
    """
    from nodebook.widget.display import show

    show(graph)
