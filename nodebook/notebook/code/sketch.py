"""A graph as code says it: nodes under the names of their variables, without ids and positions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

INPUTS_KEY, OUTPUTS_KEY = "(inputs)", "(outputs)"
"""What the layout calls the two nodes at the boundary of a subgraph, which have no variable."""


class End(NamedTuple):
    """An output, as the source of an input: of a node, or of an id that the code says is not there."""

    node: SketchNode | str
    output: str


@dataclass(eq=False, slots=True)
class SketchNode:
    """A node as code adds it. Literals are as they are in Python."""

    type: str | SketchDefinition
    key: str = ""
    """The variable by which the layout finds it."""
    title: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    links: dict[str, End] = field(default_factory=dict)
    given: tuple[dict[str, Any], dict[str, End]] = field(default_factory=lambda: ({}, {}))
    """Values and links of the call that added it, in the order of the call."""
    mode: str | None = None
    vary: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class SketchGraph:
    """The nodes of a graph or of a subgraph, in the order of the code."""

    nodes: list[SketchNode] = field(default_factory=list)

    def missing(self) -> set[str]:
        """Return the ids that the code says are not there."""
        ends = (end.node for node in self.nodes for end in node.links.values())
        return {each for each in ends if isinstance(each, str)}


@dataclass(eq=False, slots=True)
class SketchDefinition:
    """A subgraph: a function of the code."""

    key: str
    name: str | None
    doc: str | None
    inputs: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    graph: SketchGraph = field(default_factory=SketchGraph)


@dataclass(eq=False, slots=True)
class Sketch:
    """All that code says of a graph."""

    name: str | None = None
    graph: SketchGraph = field(default_factory=SketchGraph)
    definitions: list[SketchDefinition] = field(default_factory=list)

    def scopes(self) -> Iterator[tuple[str, SketchGraph]]:
        """Yield the graph, under "", and the subgraphs under the names of their functions."""
        yield "", self.graph
        for each in self.definitions:
            yield each.key, each.graph
