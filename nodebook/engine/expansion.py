"""Nodes that a node adds while it runs: ``Subgraph`` builds them, ``expand`` makes them ready to run.

A node function that returns references instead of values is finished by the nodes they refer to. Loops, recursion and
"as many as the data says" are made of this. Ids follow ComfyUI: ``<parent>.<call>.<subgraph>.<local id>``.
"""

from __future__ import annotations

import inspect
import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nodebook.engine.cache import Entry
from nodebook.engine.compiled import Compiled, compile_node
from nodebook.engine.fingerprint import encode, fingerprint
from nodebook.engine.graph import Link, Node
from nodebook.engine.index import BOUND, Key, fresh_key, is_bound, merkle_key
from nodebook.engine.library import Library
from nodebook.engine.node import NodeFunction, Reference
from nodebook.engine.nodetype import NodeType, OutputSpec
from nodebook.engine.values import value_kind
from nodebook.errors import ExpansionError, FingerprintError

_VALUE = "$value:"
"""Starts the type of the made-up nodes that hand live values to nodes of an expansion."""

_JSON = frozenset({type(None), bool, int, float, str, list, dict})


class Subgraph:
    """Nodes that a running node adds to the run. Return one of its nodes or outputs, and that becomes the result.

    A node function that is called with a reference adds its node here too, as it does in a cell.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, SubNode] = {}

    def add(self, type: str | NodeFunction[..., Any], /, *values: Any, **inputs: Any) -> SubNode:  # noqa: A002 -- the field's word
        """Add a node, and return what stands for it and for its output, if it has just one.

        Values and inputs are literals, live values, nodes and outputs of this subgraph, or raw links. Values without a
        name go to the first inputs that have none yet.
        """
        local = str(len(self.nodes) + 1)
        node = self.nodes[local] = SubNode(self, local, type, values, inputs)
        return node


class SubNode(Reference):
    """A node of a ``Subgraph``: stands for its only output, and has its outputs as attributes."""

    is_of_run = True

    __iter__ = None  # how many outputs there are is not known yet

    def __init__(
        self,
        graph: Subgraph,
        id: str,  # noqa: A002 -- the field's word
        type: str | NodeFunction[..., Any],  # noqa: A002 -- the field's word
        values: tuple[Any, ...],
        inputs: dict[str, Any],
    ) -> None:
        self.graph = graph
        self.id = id
        self.type = type
        self.values = values
        self.inputs = inputs

    def out(self, output: str | int) -> SubOutput:
        """Return an output by name or by number from 0."""
        return SubOutput(self, output)

    def __getattr__(self, name: str) -> SubOutput:
        if name.startswith("_"):
            raise AttributeError(name)
        return SubOutput(self, name)

    def call(self, function: NodeFunction[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> SubNode:
        """Add a node that calls ``function`` to the same subgraph."""
        bound = inspect.signature(function.function).bind_partial(*args, **kwargs)
        return self.graph.add(function, **bound.arguments)

    def __repr__(self) -> str:
        name = self.type if isinstance(self.type, str) else self.type.type_name
        return f"<{name} {self.id} of a subgraph>"


class SubOutput(Reference):
    """An output of a node of a ``Subgraph``."""

    is_of_run = True

    def __init__(self, node: SubNode, output: str | int) -> None:
        self.node = node
        self.output = output

    def call(self, function: NodeFunction[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> SubNode:
        """Add a node that calls ``function`` to the same subgraph."""
        return self.node.call(function, args, kwargs)

    def __repr__(self) -> str:
        return f"<output {self.output} of {self.node!r}>"


class OuterLink(Reference):
    """What a ``RawLink`` input receives: the output that it is linked to."""

    is_of_run = True

    def __init__(self, node: str, slot: int) -> None:
        self.node = node
        self.slot = slot

    def call(self, function: NodeFunction[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> SubNode:
        """Add a node to the subgraph of another argument. Raises ``ExpansionError`` where there is none."""
        inside = [each for each in (*args, *kwargs.values()) if isinstance(each, (SubNode, SubOutput))]
        if not inside:
            raise ExpansionError(
                f"{function.type_name} is called with a raw link alone, so there is no subgraph to add it to. Use "
                f"`Subgraph().add({function.type_name}, ...)`."
            )
        return inside[0].call(function, args, kwargs)

    def __repr__(self) -> str:
        return f"<link to output {self.slot} of node {self.node}>"


def subgraphs_of(references: Iterable[Reference]) -> list[Subgraph]:
    """Return the subgraphs that references lead into, each once."""
    found: list[Subgraph] = []
    for each in references:
        node = each.node if isinstance(each, SubOutput) else each
        if isinstance(node, SubNode) and node.graph not in found:
            found.append(node.graph)
    return found


@dataclass(slots=True)
class Scope:
    """What a run knows of nodes: those of its plan, and those of expansions so far."""

    library: Library
    nodes: Mapping[str, Node]
    keys: dict[str, Key]
    added: dict[str, Node] = field(default_factory=dict)


@dataclass(slots=True)
class Expanded:
    """An expansion that is ready to run. ``constants``: results of made-up nodes that hold live values."""

    keys: dict[str, Key | None] = field(default_factory=dict)
    compiled: dict[str, Compiled] = field(default_factory=dict)
    constants: dict[str, Entry] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    """Its output nodes, which run whether anything needs them or not."""
    ids: dict[int, str] = field(default_factory=dict)
    """``id`` of a ``SubNode`` → id in the run."""

    def place(self, reference: Reference, library: Library, scope: Scope) -> tuple[str, int]:
        """Return the node and the slot that a reference stands for."""
        if isinstance(reference, OuterLink):
            return reference.node, reference.slot
        node, output = (reference.node, reference.output) if isinstance(reference, SubOutput) else (reference, None)
        assert isinstance(node, SubNode)  # noqa: S101 -- the other kinds of references belong to graphs in cells
        node_id = self.ids[id(node)]
        return node_id, _slot(library.find(scope.added[node_id].type), node, output)


def expand(
    parent: str,
    parent_key: Key,
    subgraphs: Iterable[tuple[int, Subgraph]],
    scope: Scope,
    origin_of: Callable[[Any], tuple[str, int] | None],
) -> Expanded:
    """Make the nodes of an expansion ready to run, and enter them into the scope.

    ``origin_of`` says of a value whether it came over a link of the parent, so that the link can stand for it. Raises
    ``ExpansionError`` where the nodes cannot run as they are.
    """
    expanded = Expanded()
    numbers: dict[int, int] = {}
    nodes: list[SubNode] = []
    for call, graph in subgraphs:
        number = numbers[call] = numbers.get(call, -1) + 1
        for local, node in graph.nodes.items():
            expanded.ids[id(node)] = f"{parent}.{call}.{number}.{local}"
            nodes.append(node)
    writer = _Writer((parent, parent_key), scope, expanded, origin_of)
    for node in nodes:
        node_id = expanded.ids[id(node)]
        scope.added[node_id] = writer.node(node_id, node)
    library = _WithValues(scope.library)
    known = ChainMap(scope.added, scope.nodes)  # type: ignore[arg-type]  # only read
    for node in nodes:
        node_id = expanded.ids[id(node)]
        compiled = expanded.compiled[node_id] = compile_node(node_id, scope.added[node_id], library, known)
        problem = next((each for each in compiled.problems if each.severity == "error"), None)
        if problem is not None:
            raise ExpansionError(f"A node that it added cannot run. {problem.message}")
        if compiled.type is not None and compiled.type.is_output:
            expanded.outputs.append(node_id)
    _compute_keys(expanded, scope)
    return expanded


class _WithValues(Library):
    """A library that also has the types of made-up nodes that hold values."""

    def __init__(self, own: Library) -> None:
        self.own = own
        self.ports = own.ports
        self.routes = own.routes

    def find(self, name: str) -> NodeType | None:
        if not name.startswith(_VALUE):
            return self.own.find(name)
        output = OutputSpec("value", name.removeprefix(_VALUE))
        return NodeType(name, "Value", "", "", (), (output,), _no_function, version="1")


def _no_function() -> None:
    """Stand for the function of a node that has its value already."""


class _Writer:
    """Writes nodes of a subgraph as nodes of a graph, with made-up nodes for values that no document holds."""

    def __init__(
        self,
        parent: tuple[str, Key],
        scope: Scope,
        expanded: Expanded,
        origin_of: Callable[[Any], tuple[str, int] | None],
    ) -> None:
        self._parent, self._parent_key = parent
        self._scope = scope
        self._expanded = expanded
        self._origin_of = origin_of

    def node(self, node_id: str, node: SubNode) -> Node:
        """Return the node as a document has it."""
        library = self._scope.library
        if isinstance(node.type, NodeFunction):
            name = node.type.type_name
            if name not in library:
                library.define(node.type)
        else:
            name = library.get(node.type).name
        node_type = library.get(name)
        values: dict[str, Any] = {}
        links: dict[str, Link] = {}
        for each, value in _named(node, node_type).items():
            spec = node_type.input_by_name.get(each) if node_type.takes_any else node_type.input(each)
            link = self._link(value)
            if link is not None:
                links[each] = link
            elif spec is not None and type(value) in _JSON and (spec.check is not None or value is None):
                values[each] = value
            else:
                links[each] = self._constant(f"{node_id}:{each}", value)
        return Node(name, values=values, links=links)

    def _link(self, value: Any) -> Link | None:
        """Return the link that a reference, or a value that came over a link, stands for."""
        if isinstance(value, (SubNode, SubOutput)):
            node, output = (value.node, value.output) if isinstance(value, SubOutput) else (value, None)
            if id(node) not in self._expanded.ids:
                raise ExpansionError(
                    f"{value!r} is of a subgraph that is not returned. Build all nodes in one Subgraph, or return an "
                    "output of each."
                )
            name = node.type if isinstance(node.type, str) else node.type.type_name
            node_type = self._scope.library.find(name)
            slot = _slot(node_type, node, output)
            return Link(self._expanded.ids[id(node)], "" if node_type is None else node_type.outputs[slot].name)
        found = (value.node, value.slot) if isinstance(value, OuterLink) else self._origin_of(value)
        return None if found is None else self._outer(*found)

    def _outer(self, node_id: str, slot: int) -> Link:
        node = self._scope.added.get(node_id) or self._scope.nodes.get(node_id)
        node_type = None if node is None else self._scope.library.find(node.type)
        if node_type is None or node_id not in self._scope.keys:
            raise ExpansionError(
                f"A raw link leads to node {node_id!r}, which is not part of this run. Pass on only links that the "
                "node itself received."
            )
        return Link(node_id, node_type.outputs[slot].name)

    def _constant(self, constant_id: str, value: Any) -> Link:
        """Return a link to a made-up node that has a value; keyed by its content where it has a fingerprint."""
        kind = value_kind(type(value), self._scope.library.ports)
        try:
            key = fingerprint(("value", encode(value)))
        except FingerprintError:
            # No fingerprint of its own, but the parent's key decides what it is.
            key = fingerprint(("part", self._parent_key, constant_id.removeprefix(self._parent)))
            key += BOUND if is_bound(self._parent_key) else b""
        wire = value if kind.to_wire is None else kind.to_wire(value)
        self._scope.added[constant_id] = Node(_VALUE + kind.port)
        self._scope.keys[constant_id] = key
        self._expanded.constants[constant_id] = Entry((wire,))
        return Link(constant_id, "value")


def _named(node: SubNode, node_type: NodeType) -> dict[str, Any]:
    """Return a node's inputs, those that were given without a name under the first free ones."""
    free = [spec.name for spec in node_type.inputs if spec.name not in node.inputs]
    if len(node.values) > len(free):
        raise ExpansionError(
            f"{node!r} is given {len(node.values)} values without a name, but only these inputs are free: "
            f"{', '.join(free) or 'none'}."
        )
    return {**dict(zip(free, node.values, strict=False)), **node.inputs}


def _slot(node_type: NodeType | None, node: SubNode, output: str | int | None) -> int:
    """Return which output is meant. Raises ``ExpansionError``."""
    names = [] if node_type is None else [spec.name for spec in node_type.outputs]
    if output is None and len(names) == 1:
        return 0
    if isinstance(output, int) and 0 <= output < len(names):
        return output
    if isinstance(output, str):
        for index, name in enumerate(names):
            if output in (name, re.sub(r"\W+", "_", name).strip("_").lower()):
                return index
    wanted = "its only output, but it has not just one" if output is None else f"the output {output!r}"
    raise ExpansionError(f"{node!r} is used for {wanted}. Its outputs are: {', '.join(names) or 'none'}.")


def _compute_keys(expanded: Expanded, scope: Scope) -> None:
    """Compute the keys of an expansion, sources first. Raises ``ExpansionError`` for a ring of nodes."""
    open_nodes: set[str] = set()
    for root in expanded.compiled:
        stack = [root]
        while stack:
            node_id = stack[-1]
            if node_id in scope.keys:
                stack.pop()
                continue
            compiled = expanded.compiled[node_id]
            waiting = [each.node for each in compiled.sources if each.node not in scope.keys]
            if waiting:
                if node_id in open_nodes:
                    raise ExpansionError(
                        "Dependency cycle detected: nodes that it added wait for each other "
                        f"({', '.join(sorted(open_nodes))})."
                    )
                open_nodes.add(node_id)
                stack.extend(waiting)
                continue
            stack.pop()
            key = merkle_key(compiled, scope.keys)
            assert key is not None  # noqa: S101 -- all sources have one
            scope.keys[node_id] = fresh_key(key) if compiled.is_volatile else key
            open_nodes.discard(node_id)
    for node_id in expanded.compiled:
        expanded.keys[node_id] = scope.keys[node_id]
