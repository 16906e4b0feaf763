"""Making a subgraph of nodes: the operations that do it, as one step of undo.

``js/src/graph/subgraphs.ts`` does the same for the editor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from nodebook.engine.definitions import AddSubgraph
from nodebook.engine.edits import AddNode, Edit, RemoveNode, SetLink, SetValue
from nodebook.engine.graph import (
    INSTANCE,
    SUBGRAPH_INPUTS,
    SUBGRAPH_OUTPUTS,
    GraphState,
    Link,
    Node,
    definition_id,
    id_order,
    whole_number,
)
from nodebook.engine.interfaces import type_in
from nodebook.engine.layout import COLUMN_PX
from nodebook.engine.library import Library
from nodebook.engine.nodejson import node_to_json
from nodebook.engine.ports import ANY
from nodebook.engine.resolving import Literal, Resolved

NAMED_INPUTS = frozenset({"InputBoolean", "InputInt", "InputFloat", "InputString"})
"""Node types by which ``g.run(name=value)`` sets values: those of the top graph."""


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
    or by nobody, become outputs. Named inputs are of the graph and stay outside.
    """
    chosen = sorted({each for each in ids if state.nodes[each].type not in NAMED_INPUTS}, key=id_order)
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


def unpack_subgraph(state: GraphState, instance: str, shift: tuple[float, float] = (0, 0)) -> list[Edit]:
    """Return what puts the nodes of an instance in its place, under new ids.

    The definition stays, for other instances and for undo. Nothing runs again for it.
    """
    node = state.nodes[instance]
    definition = state.subgraphs[definition_id(node.type) or ""]
    graph = definition.graph
    inner = [each for each in graph.ordered_ids() if graph.nodes[each].type not in (SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS)]
    first = int(state.next_id())
    renamed = {each: str(first + turn) for turn, each in enumerate(inner)}
    defaults = {port["name"]: port["default"] for port in definition.inputs if "default" in port}
    literals = {**defaults, **node.values}
    unpacked = _Unpacked(graph, renamed, node.links, literals)
    edits: list[Edit] = []
    for each in inner:
        data = unpacked.node(graph.nodes[each])
        view: Mapping[str, Any] = graph.nodes[each].view
        moved = {axis: view[axis] + by for axis, by in zip("xy", shift, strict=True) if _is_number(view.get(axis))}
        if moved:
            data["view"] = {**view, **moved}
        edits.append(AddNode(renamed[each], data))
    for reader in sorted(state.consumers.get(instance, ()), key=id_order):
        for name, link in state.nodes[reader].links.items():
            if link.node == instance:
                edits += unpacked.reader(reader, name, unpacked.output(link.output))
    return [*edits, RemoveNode(instance)]


@dataclass(slots=True)
class _Unpacked:
    """Where links lead when an instance is taken apart."""

    graph: GraphState
    renamed: dict[str, str]
    links: Mapping[str, Link]
    literals: Mapping[str, Any]

    def node(self, node: Node) -> dict[str, Any]:
        """Return the JSON of an inner node as it stands outside."""
        data = node_to_json(node)
        for name, link in node.links.items():
            end = self.end(link)
            if isinstance(end, Link):
                data["links"][name] = list(end)
                continue
            del data["links"][name]
            if end is not None:
                data["values"] = {**data.get("values", {}), name: end.value}
        return data

    def output(self, name: str) -> Resolved:
        """Return what an output of the instance leads to."""
        for each in self.graph.ordered_ids():
            node = self.graph.nodes[each]
            if node.type == SUBGRAPH_OUTPUTS and name in node.links:
                return self.end(node.links[name])
        return None

    def end(self, link: Link) -> Resolved:
        """Return what a link inside leads to outside."""
        source = self.graph.nodes.get(link.node)
        if source is not None and source.type == SUBGRAPH_INPUTS:
            if link.output in self.links:
                return self.links[link.output]
            return Literal(self.literals[link.output]) if link.output in self.literals else None
        return Link(self.renamed.get(link.node, link.node), link.output)

    def reader(self, node_id: str, name: str, end: Resolved) -> list[Edit]:
        """Return what gives a reader of the instance the same as before."""
        if isinstance(end, Link):
            return [SetLink(node_id, name, (end.node, end.output))]
        unlinked = SetLink(node_id, name, None)
        return [unlinked] if end is None else [unlinked, SetValue(node_id, name, end.value)]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
