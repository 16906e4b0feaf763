"""Where a node stands that code names by its id or by its path (``7/3``: node 3 inside instance 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from nodebook.engine.definitions import SEPARATOR
from nodebook.engine.edits import NodeEdit
from nodebook.engine.graph import Node
from nodebook.engine.resolving import Resolved
from nodebook.engine.store import GraphStore

Edited = TypeVar("Edited", bound=NodeEdit)


@dataclass(frozen=True, slots=True)
class Place:
    """A node at its place: in the top graph, or in the graph of a subgraph, which all its instances share."""

    node: Node
    id: str
    """Its id in its graph."""
    graph: str | None = None
    """Id of the subgraph, None for the top graph."""
    prefix: str = ""
    """What stands before the id in the node's path."""

    def at(self, edit: Edited) -> Edited:
        """Return an edit of this node as an edit of its graph."""
        return replace(edit, graph=self.graph)

    def inner_id(self, node_id: str) -> str | None:
        """Return the id, in this graph, of the node of a path; None where that stands in another graph."""
        rest = node_id.removeprefix(self.prefix)
        is_here = node_id.startswith(self.prefix) and (not self.prefix or SEPARATOR not in rest)
        return rest if is_here else None


def find_place(store: GraphStore, node_id: str) -> Place | None:
    """Return where a node stands; None where the document has no such node."""
    node = store.state.nodes.get(node_id)
    if node is not None:
        return Place(node, node_id)
    if SEPARATOR not in node_id:
        return None
    with store.lock:
        found = store.flattener.resolver().place(node_id)
    if found is None:
        return None
    scope, inner = found
    return Place(scope.graph.nodes[inner], inner, scope.subgraph_id, scope.prefix)


def ends_of(store: GraphStore, node_id: str) -> Mapping[str, Resolved]:
    """Return where the outputs of an instance or a reroute lead; empty for a node that runs itself."""
    with store.lock:
        return {} if node_id in store.flat.nodes else store.flattener.resolver().outputs(node_id)
