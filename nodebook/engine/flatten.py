"""Subgraphs, reroutes and Variable nodes, compiled away: the graph that the index sees has none.

Node ``3`` inside instance ``7`` is node ``7/3`` of the flat graph; links are followed through reroutes, and in and out
of instances. A graph that has neither is its own flat graph, at no cost. An edit costs what it touched: the nodes that
it names, the instances of a subgraph that it changed, and what reads through them.

Nothing here recurses, and no input makes it hang: a subgraph that contains itself, or grows beyond ``MAX_NODES``, is a
problem of its instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nodebook.engine.compiled import Problem
from nodebook.engine.definitions import SEPARATOR
from nodebook.engine.graph import (
    EMPTY,
    REROUTE,
    SUBGRAPH_INPUTS,
    SUBGRAPH_OUTPUTS,
    VARIABLE,
    Consumers,
    GraphState,
    Link,
    Node,
    consume,
    definition_id,
    is_structural,
    release,
)
from nodebook.engine.library import Library
from nodebook.engine.literals import VariableRef
from nodebook.engine.resolving import Literal, Resolved, Resolver, Scope, warn_unknown
from nodebook.engine.shapes import Shapes


@dataclass(slots=True)
class _Unit:
    """What one node of the top graph became: itself with other links, or all nodes of an instance."""

    made: dict[str, _Made] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    """Reroutes and instances of the top graph that its links lead through."""
    graphs: set[str] = field(default_factory=set)
    """Subgraphs that it is made of."""
    problems: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    depends_on_types: bool = False
    """Whether a link passes a bypassed instance, which chooses by the type of what reads it."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A flat node, and what it was made from."""

    source: Node
    inputs: Mapping[str, Resolved]
    node: Node


class Flattener:
    """Keeps the flat graph of one document. Not thread-safe: its owner holds a lock."""

    def __init__(self, library: Library) -> None:
        self.flat = GraphState()
        self.problems: dict[str, tuple[Problem, ...]] = {}
        """What is wrong with instances, reroutes and links through them, by flat id."""
        self._library = library
        self._library_revision = library.revision
        self._state = GraphState()
        self._units: dict[str, _Unit] = {}
        self._passers: dict[str, set[str]] = {}
        self._shapes = Shapes()
        self._slashed: set[str] = set()
        """Nodes of the top graph whose id reads like the path of a node in an instance."""

    def sync(self, state: GraphState, touched: Iterable[str], graphs: Iterable[str] = ()) -> Iterable[str]:
        """Bring the flat graph to ``state``, which differs in the ``touched`` nodes and subgraphs ``graphs`` only.

        Returns which nodes of the flat graph differ.
        """
        if not self._units and not len(state.structural):
            self._state = self.flat = state
            return touched
        if not self._units and not len(self.flat.nodes):
            self.flat = replace(state, structural=GraphState().structural)  # all that links to no structure is right
            changed = dict.fromkeys(touched)
            self._slashed = {node_id for node_id in changed if SEPARATOR in node_id}
            dirty = self._affected(state, state.structural, ())
        else:
            changed = {}
            dirty = self._affected(state, touched, graphs)
        self._state = state
        self._shapes.forget(graphs)
        nodes, consumers = self.flat.nodes, self.flat.consumers
        for unit_id in dirty:
            nodes, consumers = self._renew(unit_id, nodes, consumers, changed)
        if not self._units:
            self.flat = state
        else:
            self.flat = replace(self.flat, name=state.name, nodes=nodes, consumers=consumers, last_id=state.last_id)
        return changed

    def resolver(self) -> Resolver:
        """Return what follows links of the document as it is."""
        return Resolver(self._state, self._library, self._shapes, self._slashed)

    def targets(self, node_id: str) -> list[str]:
        """Return the flat nodes that stand for a node of the document, should somebody ask to run it.

        Of an instance: what its outputs lead to and the output nodes in it or, where there are none, all its nodes.
        None for a Variable node, which has nothing to run.
        """
        if node_id in self.flat.nodes:
            return [node_id]
        resolver = self.resolver()
        place = resolver.place(node_id)
        if place is not None and place[0].graph.nodes[place[1]].type == VARIABLE:
            return []
        found = resolver.outputs(node_id)
        targets = {each.node: None for each in found.values() if isinstance(each, Link)}
        inside = [each for each in self.inner(node_id) if each in self.flat.nodes]
        for each in inside:
            node_type = self._library.find(self.flat.nodes[each].type)
            if node_type is not None and node_type.is_output:
                targets[each] = None
        return list(targets or inside) or [node_id]

    def inner(self, node_id: str) -> list[str]:
        """Return the flat nodes of an instance."""
        unit = self._units.get(node_id) or self._units.get(node_id.partition(SEPARATOR)[0])
        if unit is None:
            return []
        return [path for path in unit.made if path.startswith(node_id + SEPARATOR)]

    def _affected(self, state: GraphState, touched: Iterable[str], graphs: Iterable[str]) -> dict[str, None]:
        """Return the nodes of the top graph that must be looked at, because of these nodes and subgraphs."""
        dirty = dict.fromkeys(touched)
        for node_id in tuple(dirty):
            if SEPARATOR in node_id:
                (self._slashed.add if node_id in state.nodes else self._slashed.discard)(node_id)
                dirty[node_id.partition(SEPARATOR)[0]] = None
        edited = set(graphs)
        typed = self._library_revision != self._library.revision
        if edited or typed:
            self._library_revision = self._library.revision
            for unit_id, unit in self._units.items():
                if (typed and unit.depends_on_types) or not unit.graphs.isdisjoint(edited):
                    dirty[unit_id] = None
        for node_id in tuple(dirty):
            dirty.update(dict.fromkeys(self._passers.get(node_id, ())))
            if node_id in state.structural:
                dirty.update(dict.fromkeys(state.consumers.get(node_id, ())))
        return dirty

    def _renew(self, unit_id: str, nodes: Any, consumers: Consumers, changed: dict[str, None]) -> tuple[Any, Consumers]:
        """Make a unit again, and put what differs into the flat graph."""
        old = self._units.pop(unit_id, None)
        unit = self._make(unit_id, {} if old is None else old.made)
        if old is not None:
            self._forget(unit_id, old)
        for path in (unit_id,) if old is None else old.made:
            if path not in unit.made and path in nodes:
                nodes, consumers = _put(nodes, consumers, path, None)
                changed[path] = None
        for path, made in unit.made.items():
            if nodes.get(path) is not made.node:
                nodes, consumers = _put(nodes, consumers, path, made.node)
                changed[path] = None
        if unit.passed or unit_id in self._state.structural:
            self._note(unit_id, unit)
        return nodes, consumers

    def _note(self, unit_id: str, unit: _Unit) -> None:
        self._units[unit_id] = unit
        self.problems.update(unit.problems)
        for passed in unit.passed:
            self._passers.setdefault(passed, set()).add(unit_id)

    def _forget(self, unit_id: str, unit: _Unit) -> None:
        for path in unit.problems:
            self.problems.pop(path, None)
        for passed in unit.passed:
            self._passers[passed].discard(unit_id)

    def _make(self, unit_id: str, before: Mapping[str, _Made]) -> _Unit:
        unit = _Unit()
        node = self._state.nodes.get(unit_id)
        if node is None:
            return unit
        maker = _Maker(unit, self.resolver(), before, self._state)
        maker.node(Scope.top(self._state, unit_id), unit_id, node)
        maker.run()
        return unit


class _Maker:
    """Makes the flat nodes of one unit."""

    def __init__(self, unit: _Unit, resolver: Resolver, before: Mapping[str, _Made], state: GraphState) -> None:
        self._unit = unit
        self._resolver = resolver
        self._before = before
        self._state = state
        self._open: list[tuple[Scope, str, Node]] = []

    def node(self, scope: Scope, node_id: str, node: Node) -> None:
        """Make what a node becomes; an instance is kept for ``run``."""
        if not is_structural(node.type):
            self._plain(scope, node_id, node)
        elif node.mode is not None and (node.mode == "mute" or node.type != REROUTE):
            self._unit.graphs.add(definition_id(node.type) or "")
            self._keep(scope.prefix + node_id, node)
        elif node.type == REROUTE:
            self._reroute(scope, node_id, node)
        elif node.type == VARIABLE:
            pass  # what reads it reads the variable
        else:
            self._open.append((scope, node_id, node))

    def run(self) -> None:
        """Make the nodes of all instances, and of those in them."""
        while self._open:
            scope, node_id, node = self._open.pop()
            self._instance(scope, node_id, node)

    def _instance(self, scope: Scope, node_id: str, node: Node) -> None:
        path = scope.prefix + node_id
        subgraph_id = definition_id(node.type) or ""
        definition = self._state.subgraphs.get(subgraph_id)
        shapes, subgraphs = self._resolver.shapes, self._state.subgraphs
        if subgraph_id not in self._unit.graphs:
            self._unit.graphs |= shapes.uses(subgraph_id, subgraphs)
        obstacle = self._resolver.obstacle(path, subgraph_id)
        if obstacle is not None or definition is None:
            self._keep(path, node)
            if obstacle is not None:
                self._tell(Problem(path, None, *obstacle))
            return
        for problem in warn_unknown(path, node, definition):
            self._tell(problem)
        inner = scope.enter(node_id, definition)
        for each in shapes.of(subgraph_id, definition).ordered:
            child = definition.graph.nodes[each]
            if child.type not in (SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS):
                self.node(inner, each, child)

    def _keep(self, path: str, node: Node) -> None:
        """Let a node that is not expanded stand for itself: it is switched off, or a placeholder."""
        known = self._before.get(path)
        if known is None or known.source is not node or known.inputs:
            known = _Made(node, {}, replace(node, links=EMPTY) if node.links else node)
        self._unit.made[path] = known

    def _reroute(self, scope: Scope, node_id: str, node: Node) -> None:
        path = scope.prefix + node_id
        for name, link in node.links.items():
            found = self._resolver.follow(scope, link, "*")
            self._unit.passed |= found.passed
            if found.problem is not None and found.problem[0] == "cycle":
                self._tell(Problem(path, name, *found.problem))

    def _plain(self, scope: Scope, node_id: str, node: Node) -> None:
        path = scope.prefix + node_id
        inputs: dict[str, Resolved] = {}
        for name, link in node.links.items():
            found = self._resolver.follow(scope, link, (node.type, name))
            self._unit.passed |= found.passed
            self._unit.depends_on_types |= found.depends_on_types
            inputs[name] = found.end
            if found.problem is not None:
                self._tell(Problem(path, name, *found.problem))
        known = self._before.get(path)
        if known is None or known.source is not node or not _same(known.inputs, inputs):
            known = _Made(node, inputs, _with_inputs(node, inputs))
        self._unit.made[path] = known

    def _tell(self, problem: Problem) -> None:
        self._unit.problems[problem.node] = (*self._unit.problems.get(problem.node, ()), problem)


def _with_inputs(node: Node, inputs: Mapping[str, Resolved]) -> Node:
    """Return a node with its links as they lead in the flat graph."""
    links: dict[str, Link] = {}
    values: dict[str, Any] | None = None
    for name, end in inputs.items():
        if isinstance(end, Link):
            links[name] = end
        elif end is not None:
            values = dict(node.values) if values is None else values
            values[name] = end.value
    if links == node.links and values is None:
        return node
    return replace(node, links=links or EMPTY, values=node.values if values is None else values)


def _same(one: Mapping[str, Resolved], other: Mapping[str, Resolved]) -> bool:
    """Say whether links lead to the same; literals by identity, since 1 equals 1.0 and is another value."""
    if one.keys() != other.keys():
        return False
    for name, end in one.items():
        now = other[name]
        if isinstance(end, Literal) and isinstance(now, Literal):
            if end.value is not now.value and not (type(end.value) is VariableRef and end.value == now.value):
                return False
        elif end != now:
            return False
    return True


def _put(nodes: Any, consumers: Consumers, path: str, node: Node | None) -> tuple[Any, Consumers]:
    """Put a node into the flat graph in place of the one that is there, or take it away."""
    old = nodes.get(path)
    for source in _sources(old) - _sources(node):
        consumers = release(consumers, source, path)
    for source in _sources(node) - _sources(old):
        consumers = consume(consumers, source, path)
    return (nodes.remove(path) if node is None else nodes.insert(path, node)), consumers


def _sources(node: Node | None) -> set[str]:
    return set() if node is None else {link.node for link in node.links.values()}


def flatten(state: GraphState, library: Library) -> GraphState:
    """Return the flat graph of a document: the graph itself where it has no subgraphs and no reroutes."""
    flattener = Flattener(library)
    flattener.sync(state, state.nodes)
    return flattener.flat
