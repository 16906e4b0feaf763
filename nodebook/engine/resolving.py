"""Where a link leads through reroutes, and in and out of instances of subgraphs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nodebook.engine.compiled import Problem
from nodebook.engine.definitions import SEPARATOR
from nodebook.engine.graph import (
    REROUTE,
    SUBGRAPH_INPUTS,
    VARIABLE,
    Definition,
    GraphState,
    Link,
    Node,
    definition_id,
    is_structural,
)
from nodebook.engine.interfaces import port_type
from nodebook.engine.library import Library
from nodebook.engine.literals import VariableRef
from nodebook.engine.nodetype import InputSpec
from nodebook.engine.ports import ANY
from nodebook.engine.routing import choose_input
from nodebook.engine.shapes import Obstacle, Shapes


class Literal(NamedTuple):
    """A literal at the end of a link: an instance's value, the default of a subgraph's input, or a variable."""

    value: Any


Resolved = Link | Literal | None
"""The end of a link: an output of the flat graph, a literal, or nothing."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One graph at its place in the flat one: the top graph, or the graph of an instance."""

    prefix: str
    graph: GraphState
    unit: str
    """The node of the top graph that it belongs to."""
    outer: Scope | None = None
    instance: str = ""
    """Id of the instance, in ``outer``."""
    definition: Definition | None = None

    @classmethod
    def top(cls, state: GraphState, unit: str) -> Scope:
        """Return the scope of the top graph, as one of its nodes sees it."""
        return cls("", state, unit)

    @property
    def subgraph_id(self) -> str | None:
        """The id of the subgraph whose graph this is, None at the top."""
        return None if self.outer is None else definition_id(self.outer.graph.nodes[self.instance].type)

    def enter(self, instance: str, definition: Definition) -> Scope:
        """Return the scope inside an instance."""
        return Scope(f"{self.prefix}{instance}{SEPARATOR}", definition.graph, self.unit, self, instance, definition)


@dataclass(slots=True)
class Found:
    """Where a link ends, and what was met on the way."""

    end: Resolved
    passed: set[str]
    """Reroutes and instances of the top graph that it leads through."""
    problem: tuple[str, str] | None = None
    """Code and message, where it leads nowhere because of what it passes."""
    depends_on_types: bool = False


class Resolver:
    """Follows links in one state of a document."""

    def __init__(self, state: GraphState, library: Library, shapes: Shapes, slashed: Collection[str]) -> None:
        self.shapes = shapes
        self._slashed = slashed
        self._state = state
        self._library = library

    def follow(self, scope: Scope, link: Link, reader: tuple[str, str] | str) -> Found:
        """Follow a link that stands in ``scope``. ``reader``: node type and input that it feeds, or a port type."""
        found = Found(None, set())
        seen: set[tuple[str, str, str]] = set()
        while True:
            node = scope.graph.nodes.get(link.node)
            here = Link(scope.prefix + link.node, link.output)
            if node is None or not (is_structural(node.type) or (node.type == SUBGRAPH_INPUTS and scope.outer)):
                found.end = here
                return found
            if (scope.prefix, *link) in seen:
                found.end = here
                found.problem = ("cycle", f"This link leads back to itself, through node {here.node}. Cut it there.")
                return found
            seen.add((scope.prefix, *link))
            if scope.outer is None:
                found.passed.add(link.node)
            step = self._step(scope, link, node, reader, found)
            if step is None:
                return found
            scope, link = step

    def obstacle(self, path: str, subgraph_id: str) -> Obstacle | None:
        """Return why an instance cannot be expanded, None where it can."""
        taken = next((each for each in self._slashed if each.startswith(path + SEPARATOR)), None)
        if taken is not None:
            return "id_taken", (
                f"The graph has a node with the id {taken!r}, which is what a node inside this instance would be "
                "called. Duplicate one of the two, and remove it."
            )
        return self.shapes.obstacle(subgraph_id, self._state.subgraphs)

    def outputs(self, path: str) -> dict[str, Resolved]:
        """Return where the outputs of an instance, or of a reroute, lead; empty for any other node."""
        place = self.place(path)
        node = None if place is None else place[0].graph.nodes.get(place[1])
        if place is None or node is None:
            return {}
        scope, node_id = place
        if node.type in (REROUTE, VARIABLE):
            return {"value": self.follow(scope, Link(node_id, "value"), ANY).end}
        definition = self._state.subgraphs.get(definition_id(node.type) or "")
        names = [] if definition is None else definition.output_names
        return {name: self.follow(scope, Link(node_id, name), ANY).end for name in names}

    def place(self, path: str) -> tuple[Scope, str] | None:
        """Return the graph that the node of a path stands in, and its id there; None where a part is no instance."""
        if path in self._state.nodes:
            return Scope.top(self._state, path), path
        first, *rest = path.split(SEPARATOR)
        scope = Scope.top(self._state, first)
        node_id = first
        for each in rest:
            node = scope.graph.nodes.get(node_id)
            definition = None if node is None else self._state.subgraphs.get(definition_id(node.type) or "")
            if definition is None:
                return None
            scope, node_id = scope.enter(node_id, definition), each
        return (scope, node_id) if node_id in scope.graph.nodes else None

    def _step(
        self, scope: Scope, link: Link, node: Node, reader: tuple[str, str] | str, found: Found
    ) -> tuple[Scope, Link] | None:
        """Return the next link on the way; None where ``found`` has the end."""
        if node.type == SUBGRAPH_INPUTS:
            return self._leave(scope, link.output, found)
        if node.mode == "mute" or (node.type == VARIABLE and node.mode is not None):
            found.end = Link(scope.prefix + link.node, link.output)
            return None
        if node.type == VARIABLE:
            found.end = Literal(VariableRef(str(node.values.get("name", ""))))
            return None
        if node.type == REROUTE:
            return next(((scope, each) for each in node.links.values()), None)
        if node.mode == "bypass":
            return self._bypass(scope, link, node, reader, found)
        return self._enter(scope, link, node, found)

    def _leave(self, scope: Scope, name: str, found: Found) -> tuple[Scope, Link] | None:
        """Go on from an input of a subgraph to what the instance gives it."""
        assert scope.outer is not None  # noqa: S101 -- looked at by the caller
        assert scope.definition is not None  # noqa: S101
        instance = scope.outer.graph.nodes[scope.instance]
        if name in instance.links:
            return scope.outer, instance.links[name]
        if name in instance.values:
            found.end = Literal(instance.values[name])
            return None
        port = next((each for each in scope.definition.inputs if each["name"] == name), EMPTY_PORT)
        if "default" in port:
            found.end = Literal(port["default"])
        return None

    def _enter(self, scope: Scope, link: Link, node: Node, found: Found) -> tuple[Scope, Link] | None:
        """Go on from an output of an instance to what gives it inside."""
        subgraph_id = definition_id(node.type) or ""
        definition = self._state.subgraphs.get(subgraph_id)
        here = Link(scope.prefix + link.node, link.output)
        if definition is None or self.obstacle(here.node, subgraph_id) is not None:
            found.end = here
            return None
        inner = self.shapes.of(subgraph_id, definition).outputs.get(link.output)
        if inner is None:
            found.end = here
            found.problem = ("missing_output", _no_output(here, node, definition))
            return None
        return scope.enter(link.node, definition), inner

    def _bypass(
        self, scope: Scope, link: Link, node: Node, reader: tuple[str, str] | str, found: Found
    ) -> tuple[Scope, Link] | None:
        """Go on from an output of a bypassed instance to the input that it passes on in its place."""
        found.depends_on_types = True
        definition = self._state.subgraphs.get(definition_id(node.type) or "")
        name = None
        if definition is not None and link.output in definition.output_names:
            slot = definition.output_names.index(link.output)
            given = port_type(definition.outputs[slot])
            inputs = [InputSpec(port["name"], port_type(port)) for port in definition.inputs]
            name = choose_input(inputs, slot, given, self._wanted(reader)) if inputs else None
        if name is None or name not in node.links:
            found.end = Link(scope.prefix + link.node, link.output)
            return None
        return scope, node.links[name]

    def _wanted(self, reader: tuple[str, str] | str) -> str:
        if isinstance(reader, str):
            return reader
        node_type = self._library.find(reader[0])
        spec = None if node_type is None else node_type.input_by_name.get(reader[1])
        return ANY if spec is None else spec.port


EMPTY_PORT: Mapping[str, Any] = {}


def warn_unknown(path: str, node: Node, definition: Definition) -> Iterator[Problem]:
    """Yield a warning for each input of an instance that its subgraph does not have."""
    known = definition.input_names
    names = ", ".join(known) or "none"
    for name in dict.fromkeys((*node.links, *node.values)):
        if name not in known:
            message = (
                f"{definition.name or 'The subgraph'} has no input {name!r}; what it holds is kept and not used. Its "
                f"inputs are: {names}."
            )
            yield Problem(path, name, "unknown_input", message, "warning")


def _no_output(link: Link, node: Node, definition: Definition) -> str:
    title = node.title or definition.name or link.node
    if link.output in definition.output_names:
        return f"{title} gives nothing at {link.output!r}: nothing inside is linked to it. Open it and link one."
    names = ", ".join(definition.output_names) or "none"
    return f"{title} has no output {link.output!r}. Its outputs are: {names}."
