"""Nodes that code added and that are inside subgraphs now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodebook.engine.definitions import SEPARATOR
from nodebook.engine.graph import SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, GraphState, Link, Node, definition_id

_BOUNDARY = (SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS)


def inner_nodes(state: GraphState) -> Iterator[tuple[str, Node]]:
    """Yield the nodes inside subgraphs, with the path by which the first instance that is met leads to each."""
    seen: set[str] = set()
    stack = [("", state)]
    while stack:
        prefix, graph = stack.pop()
        for node_id in sorted(graph.structural):
            subgraph_id = definition_id(graph.nodes[node_id].type)
            definition = None if subgraph_id is None else state.subgraphs.get(subgraph_id)
            if subgraph_id is None or definition is None or subgraph_id in seen:
                continue
            seen.add(subgraph_id)
            inner = prefix + node_id + SEPARATOR
            stack.append((inner, definition.graph))
            yield from ((inner + each, node) for each, node in definition.graph.nodes.items())


def find_origin(state: GraphState, member: str, value: str, type_name: str) -> str | None:
    """Return the path of the node inside a subgraph whose origin says so: ``member`` is ``cell`` or ``key``."""
    for path, node in inner_nodes(state):
        if node.origin is not None and node.origin.get(member) == value and node.type == type_name:
            return path
    return None


def instance_around(state: GraphState, paths: Iterable[str]) -> str | None:
    """Return the instance that has just these nodes inside, as far as code added them: the code makes it again."""
    places = [path.partition(SEPARATOR) for path in paths if path not in state.nodes]
    instances = {instance for instance, _, _ in places}
    node = state.nodes.get(next(iter(instances))) if len(instances) == 1 else None
    definition = None if node is None else state.subgraphs.get(definition_id(node.type) or "")
    if definition is None:
        return None
    inner = {each: node for each, node in definition.graph.nodes.items() if node.type not in _BOUNDARY}
    coded = {each for each, node in inner.items() if node.origin is not None} or set(inner)
    return instances.pop() if coded <= {each for _, _, each in places} else None


def outlet(state: GraphState, link: Link) -> Link | None:
    """Return the output of the instance at the top that gives what an inner node gives; None where there is none."""
    instance, *rest = link.node.split(SEPARATOR)
    node = state.nodes.get(instance)
    definition = None if node is None else state.subgraphs.get(definition_id(node.type) or "")
    if definition is None or not rest:
        return None
    inner = Link(SEPARATOR.join(rest), link.output)
    if len(rest) > 1:
        nested = outlet(GraphState(nodes=definition.graph.nodes, subgraphs=state.subgraphs), inner)
        if nested is None:
            return None
        inner = nested
    for each in definition.graph.nodes.values():
        if each.type == SUBGRAPH_OUTPUTS:
            for name, wired in each.links.items():
                if wired == inner:
                    return Link(instance, name)
    return None
