"""Making a subgraph of nodes: the operations that do it, as one step of undo.

``js/src/graph/subgraphs.ts`` does the same for the editor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from nodebook.engine.definitions import AddSubgraph
from nodebook.engine.edits import AddNode, Edit, RemoveNode, SetLink
from nodebook.engine.graph import INSTANCE, SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, GraphState, Link, id_order, whole_number
from nodebook.engine.interfaces import type_in
from nodebook.engine.layout import COLUMN_PX
from nodebook.engine.library import Library
from nodebook.engine.nodejson import node_to_json
from nodebook.engine.ports import ANY


@dataclass(slots=True)
class _Ports:
    """Inputs or outputs of a subgraph that is being made; each name once."""

    found: dict[Link, dict[str, str]] = field(default_factory=dict)

    def name(self, link: Link, wanted: str, port: str) -> str:
        """Return the name of the port that stands for an output."""
        if link not in self.found:
            taken = {each["name"] for each in self.found.values()}
            names = (wanted if turn == 1 else f"{wanted}_{turn}" for turn in count(1))
            self.found[link] = {"name": next(each for each in names if each not in taken), "type": port}
        return self.found[link]["name"]

    @property
    def json(self) -> list[dict[str, str]]:
        """The ports, in the order in which they were met."""
        return list(self.found.values())


def make_subgraph(state: GraphState, ids: Iterable[str], library: Library, name: str) -> tuple[str, list[Edit]]:
    """Return the id of the instance that takes the place of some nodes of the top graph, and what does it.

    Links that come in from outside become inputs, one for each output that is read; outputs that are read from outside,
    or by nobody, become outputs.
    """
    chosen = sorted(set(ids), key=id_order)
    inputs, outputs = _Ports(), _Ports()
    subgraph_id = next(str(number) for number in count(1) if str(number) not in state.subgraphs)
    highest = max((whole_number(each) or 0 for each in chosen), default=0)
    inside, outside, instance = str(highest + 1), str(highest + 2), state.next_id()
    nodes = _inner_nodes(state, chosen, library, inputs, inside)
    relinks = _outer_links(state, chosen, library, outputs, instance)
    left, top, right = _frame(state, chosen)
    nodes[inside] = {"type": SUBGRAPH_INPUTS, "view": {"x": left - COLUMN_PX, "y": top}}
    nodes[outside] = {
        "type": SUBGRAPH_OUTPUTS,
        "links": {port["name"]: list(link) for link, port in outputs.found.items()},
        "view": {"x": right + COLUMN_PX, "y": top},
    }
    made = {"name": name, "inputs": inputs.json, "outputs": outputs.json, "nodes": nodes}
    node = {
        "type": INSTANCE + subgraph_id,
        "links": {port["name"]: list(link) for link, port in inputs.found.items()},
        "view": {"x": left, "y": top},
    }
    edits = [AddSubgraph(subgraph_id, made), AddNode(instance, node), *relinks, *map(RemoveNode, chosen)]
    return instance, edits


def _inner_nodes(
    state: GraphState, chosen: list[str], library: Library, inputs: _Ports, inside: str
) -> dict[str, dict[str, Any]]:
    """Return the nodes as the subgraph has them; what they read from outside becomes inputs."""
    nodes: dict[str, dict[str, Any]] = {}
    for node_id in chosen:
        node = state.nodes[node_id]
        node_type = type_in(state, node, library)
        data = node_to_json(node)
        data.pop("origin", None)  # no cell finds it there
        for name, link in node.links.items():
            if link.node not in chosen and link.node in state.nodes:
                spec = None if node_type is None else node_type.input_by_name.get(name)
                port = ANY if spec is None else spec.port
                data["links"][name] = [inside, inputs.name(link, name, port)]
        nodes[node_id] = data
    return nodes


def _outer_links(state: GraphState, chosen: list[str], library: Library, outputs: _Ports, instance: str) -> list[Edit]:
    """Return what links the readers of the chosen nodes to the instance; what they read becomes outputs."""
    edits: list[Edit] = []
    for node_id in chosen:
        node_type = type_in(state, state.nodes[node_id], library)
        ports = {} if node_type is None else {spec.name: spec.port for spec in node_type.outputs}
        readers = sorted(state.consumers.get(node_id, ()), key=id_order)
        for reader in readers:
            for name, link in state.nodes[reader].links.items():
                if link.node == node_id and reader not in chosen:
                    output = outputs.name(link, link.output, ports.get(link.output, ANY))
                    edits.append(SetLink(reader, name, (instance, output)))
        if not readers:
            for output, port in ports.items():
                outputs.name(Link(node_id, output), output, port)
    return edits


def _frame(state: GraphState, chosen: list[str]) -> tuple[float, float, float]:
    """Return left, top and right of where the nodes stand, by their upper left corners."""
    views: list[Any] = [state.nodes[each].view for each in chosen]
    xs = [view["x"] for view in views if isinstance(view.get("x"), (int, float))] or [0]
    ys = [view["y"] for view in views if isinstance(view.get("y"), (int, float))] or [0]
    return min(xs), min(ys), max(xs)
