"""The node type that an instance of a subgraph looks like from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from nodebook.engine.graph import INSTANCE, SUBGRAPH_INPUTS, Definition, GraphState, Node, definition_id
from nodebook.engine.library import Library
from nodebook.engine.nodetype import MISSING, InputSpec, NodeType, OutputSpec
from nodebook.engine.ports import ANY

CATEGORY = "subgraphs"


def type_in(state: GraphState, node: Node, library: Library) -> NodeType | None:
    """Return a node's type, of an instance the interface of its subgraph; None where there is none."""
    subgraph_id = definition_id(node.type)
    return library.find(node.type) if subgraph_id is None else interface_of(state, subgraph_id, library)


def interface_of(state: GraphState, subgraph_id: str, library: Library) -> NodeType | None:
    """Return what instances of a subgraph look like; None where the document has none of that id.

    An input has the widget, range and checks of the first input inside that it feeds.
    """
    definition = state.subgraphs.get(subgraph_id)
    if definition is None:
        return None
    return NodeType(
        name=INSTANCE + subgraph_id,
        title=definition.name or "Subgraph",
        category=CATEGORY,
        description=definition.doc or "",
        inputs=tuple(_input(state, subgraph_id, port, library) for port in definition.inputs),
        outputs=tuple(OutputSpec(port["name"], port_type(port)) for port in definition.outputs),
        function=_never,
        origin="document",
    )


def find_named(state: GraphState, name: str) -> str | None:
    """Return the id of the subgraph that a type name, an id or a unique name means."""
    subgraph_id = definition_id(name)
    if subgraph_id in state.subgraphs:
        return subgraph_id
    named = [each for each, definition in state.subgraphs.items() if definition.name == name]
    return named[0] if len(named) == 1 else None


def port_type(port: Mapping[str, Any]) -> str:
    """Return the port type of an input or output of a subgraph."""
    found = port.get("type", ANY)
    return found if isinstance(found, str) else ANY


def _input(state: GraphState, subgraph_id: str, port: Mapping[str, Any], library: Library) -> InputSpec:
    name = port["name"]
    fed = next(_fed(state, subgraph_id, name, library), None)
    spec = InputSpec(name, port_type(port)) if fed is None else replace(fed[1], name=name, from_wire=None)
    default: Any = port.get("default", MISSING)
    if default is MISSING and fed is not None:
        node, inner = fed
        default = node.values.get(inner.name, inner.default)
    return replace(spec, port=port_type(port) if "type" in port else spec.port, default=default)


def _fed(state: GraphState, subgraph_id: str, name: str, library: Library) -> Iterator[tuple[Node, InputSpec]]:
    """Yield the inputs of ordinary nodes that an input of a subgraph feeds, with their node; at any depth."""
    seen: set[tuple[str, str]] = set()
    stack = [(subgraph_id, name)]
    while stack:
        current = stack.pop()
        definition = state.subgraphs.get(current[0])
        if definition is None or current in seen:
            continue
        seen.add(current)
        for node, fed in _readers(definition, current[1]):
            inner = definition_id(node.type)
            if inner is not None:
                stack.append((inner, fed))
                continue
            node_type = library.find(node.type)
            spec = None if node_type is None else node_type.input_by_name.get(fed)
            if spec is not None:
                yield node, spec


def _readers(definition: Definition, name: str) -> Iterator[tuple[Node, str]]:
    """Yield what reads an input inside, in document order: the node, and its input."""
    graph = definition.graph
    for node_id in graph.ordered_ids():
        node = graph.nodes[node_id]
        for each, link in node.links.items():
            source = graph.nodes.get(link.node)
            if source is not None and source.type == SUBGRAPH_INPUTS and link.output == name:
                yield node, each


def _never(**_inputs: Any) -> NoReturn:  # pragma: no cover - instances are compiled away
    raise NotImplementedError
