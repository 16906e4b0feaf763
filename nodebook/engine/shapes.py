"""What a definition of a subgraph is made of, and whether it can be expanded at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nodebook.engine.graph import SUBGRAPH_OUTPUTS, Definition, Link, definition_id

MAX_NODES = 100_000
"""How many nodes an instance may come to. Subgraphs in subgraphs double quickly."""

Obstacle = tuple[str, str]
"""Code and message of the problem of an instance that cannot be expanded."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A definition, looked through once."""

    definition: Definition
    ordered: tuple[str, ...]
    """Ids of its nodes, in document order."""
    outputs: Mapping[str, Link]
    """What its outputs are linked to inside."""
    instances: tuple[str, ...]
    """Ids of the definitions that it has instances of, once for each that is not muted or bypassed."""
    uses: frozenset[str]
    """Ids of the definitions of all instances in it."""


class Shapes:
    """The shapes of a document's definitions, found when somebody asks."""

    def __init__(self) -> None:
        self._shapes: dict[str, Shape] = {}
        self._obstacles: dict[str, Obstacle | None] = {}
        self._uses: dict[str, frozenset[str]] = {}

    def forget(self, graphs: Iterable[str]) -> None:
        """Look again at definitions that changed."""
        for subgraph_id in graphs:
            self._shapes.pop(subgraph_id, None)
            self._obstacles.clear()
            self._uses.clear()

    def of(self, subgraph_id: str, definition: Definition) -> Shape:
        """Return the shape of a definition."""
        known = self._shapes.get(subgraph_id)
        if known is None or known.definition is not definition:
            known = self._shapes[subgraph_id] = _look_through(definition)
        return known

    def uses(self, subgraph_id: str, subgraphs: Mapping[str, Definition]) -> frozenset[str]:
        """Return a definition and all that it is made of, those that are not there too."""
        known = self._uses.get(subgraph_id)
        if known is None:
            found = {subgraph_id}
            stack = [subgraph_id]
            while stack:
                current = stack.pop()
                definition = subgraphs.get(current)
                new = frozenset() if definition is None else self.of(current, definition).uses - found
                found |= new
                stack += new
            known = self._uses[subgraph_id] = frozenset(found)
        return known

    def obstacle(self, subgraph_id: str, subgraphs: Mapping[str, Definition]) -> Obstacle | None:
        """Return why instances of a definition cannot be expanded, None where they can."""
        if subgraph_id not in self._obstacles:
            self._obstacles[subgraph_id] = self._find_obstacle(subgraph_id, subgraphs)
        return self._obstacles[subgraph_id]

    def _find_obstacle(self, subgraph_id: str, subgraphs: Mapping[str, Definition]) -> Obstacle | None:
        if subgraph_id not in subgraphs:
            return "unknown_type", (
                f"There is no subgraph {subgraph_id!r} in this document. What its instance holds is kept; "
                "paste the subgraph, undo its removal, or replace the node."
            )
        sizes: dict[str, int] = {}
        is_open: list[str] = []
        stack = [subgraph_id]
        while stack:
            current = stack[-1]
            if current in sizes:
                stack.pop()
                continue
            inner = self._instances(current, subgraphs)
            waiting = [each for each in inner if each not in sizes]
            if waiting and not (is_open and is_open[-1] == current):
                is_open.append(current)
            ring = next((each for each in waiting if each in is_open), None)
            if ring is not None:
                return "recursion", _ring_message([*is_open[is_open.index(ring) :], ring], subgraphs)
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if is_open and is_open[-1] == current:
                is_open.pop()
            own = len(subgraphs[current].graph.nodes) if current in subgraphs else 1
            sizes[current] = own + sum(sizes[each] for each in inner)
        if sizes[subgraph_id] > MAX_NODES:
            return "too_large", (
                f"This instance would come to {sizes[subgraph_id]:,} nodes; at most {MAX_NODES:,} are possible. Use "
                "fewer subgraphs inside each other."
            )
        self._obstacles.update((each, None) for each in sizes if each in subgraphs)  # smaller ones all
        return None

    def _instances(self, subgraph_id: str, subgraphs: Mapping[str, Definition]) -> tuple[str, ...]:
        definition = subgraphs.get(subgraph_id)
        return () if definition is None else self.of(subgraph_id, definition).instances


def _look_through(definition: Definition) -> Shape:
    graph = definition.graph
    ordered = tuple(graph.ordered_ids())
    outputs: dict[str, Link] = {}
    for node_id in ordered:
        node = graph.nodes[node_id]
        if node.type == SUBGRAPH_OUTPUTS:
            outputs = {**node.links, **outputs}
    inner = [graph.nodes[node_id] for node_id in ordered if node_id in graph.structural]
    found = [(node, definition_id(node.type)) for node in inner]
    instances = tuple(each for node, each in found if each is not None and node.mode is None)
    return Shape(definition, ordered, outputs, instances, frozenset(each for _, each in found if each is not None))


def _ring_message(ring: list[str], subgraphs: Mapping[str, Definition]) -> str:
    names = [subgraphs[each].name or each if each in subgraphs else each for each in ring]
    words = " → ".join(names)
    return f"Subgraph {names[0]!r} contains itself ({words}), so it has no end. Remove one of them inside it."
