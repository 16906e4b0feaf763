"""The immutable state of a graph.

A state is a value: an edit makes a new one that shares all unchanged nodes with the old (persistent hash tries from
``rpds``), so a run, an undo step and a view can each hold a state while the next edit happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from rpds import HashTrieMap, HashTrieSet

from nodebook.engine.literals import VariableRef

JsonValue = None | bool | int | float | str | list[Any] | dict[str, Any] | VariableRef
"""What a literal may be: plain JSON, or a variable of the notebook in its place."""

EMPTY: Mapping[str, Any] = MappingProxyType({})

Consumers: TypeAlias = "HashTrieMap[str, HashTrieSet[str]]"
"""Source id → ids of the nodes that link to it."""


class Link(NamedTuple):
    """The output of a node, as the source of an input."""

    node: str
    output: str


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a graph, without its id.

    ``values`` and ``links`` may both name an input: the link wins, and the value is back when the link goes. ``extra``
    holds members of a document that this version does not know, so that saving writes them back.
    """

    type: str
    title: str | None = None
    values: Mapping[str, JsonValue] = field(default_factory=lambda: EMPTY)
    links: Mapping[str, Link] = field(default_factory=lambda: EMPTY)
    view: Mapping[str, JsonValue] = field(default_factory=lambda: EMPTY)
    origin: Mapping[str, JsonValue] | None = None
    extra: Mapping[str, JsonValue] = field(default_factory=lambda: EMPTY)
    mode: Literal["mute", "bypass"] | None = None
    """None: it runs. A word that this version does not know is among ``extra``, and means nothing."""

    @property
    def mode_word(self) -> str | None:
        """The mode as the document has it, known or not."""
        return self.mode or self.extra.get("mode")  # type: ignore[return-value]  # nodejson lets only text in

    def with_mode(self, word: str | None) -> Node:
        """Return the node in another mode."""
        extra = {name: value for name, value in self.extra.items() if name != "mode"}
        known: Literal["mute", "bypass"] | None = None
        if word in ("mute", "bypass"):
            known = word  # type: ignore[assignment]  # just looked at
        elif word is not None:
            extra["mode"] = word
        return replace(self, mode=known, extra=extra or EMPTY)


@dataclass(frozen=True, slots=True)
class GraphState:
    """All nodes of a graph, and who consumes whom.

    ``consumers`` is derived (source id → ids of nodes that link to it), kept here so that "what follows" costs only
    what follows. ``last_id`` is the highest whole-number id ever given, so that an undone node's id is not given again.
    """

    name: str | None = None
    nodes: HashTrieMap[str, Node] = field(default_factory=HashTrieMap)
    consumers: HashTrieMap[str, HashTrieSet[str]] = field(default_factory=HashTrieMap)
    last_id: int = 0
    extra: Mapping[str, JsonValue] = field(default_factory=lambda: EMPTY)
    structural: HashTrieSet[str] = field(default_factory=HashTrieSet)
    """Ids of the nodes that are compiled away (``is_structural``). Derived, like ``consumers``."""
    view: Mapping[str, JsonValue] = field(default_factory=lambda: EMPTY)
    """What every editor of the document remembers, the height of its cell for one. Verbatim JSON."""
    groups: Mapping[str, JsonValue] = field(default_factory=lambda: EMPTY)
    """Frames behind the nodes, by id. Verbatim JSON; no part of any fingerprint."""
    subgraphs: Mapping[str, Definition] = field(default_factory=lambda: EMPTY)
    """Definitions of subgraphs, by id; of the top graph only."""

    def next_id(self) -> str:
        """Return an id that no node of this graph has or had."""
        number = self.last_id + 1
        while str(number) in self.nodes:  # only where ids have outgrown whole_number
            number += 1
        return str(number)

    def ordered_ids(self) -> list[str]:
        """Return all ids in document order: whole numbers by size, then names."""
        return sorted(self.nodes, key=id_order)


@dataclass(frozen=True, slots=True)
class Definition:
    """A subgraph: a graph with named inputs and outputs, which nodes of type ``subgraph:<id>`` are instances of.

    ``graph`` has its nodes and groups; its name, view and subgraphs are empty. ``inputs`` and ``outputs`` are JSON
    objects with a ``name``, and mostly a ``type``; an input may have a ``default``.
    """

    graph: GraphState = field(default_factory=GraphState)
    name: str | None = None
    doc: str | None = None
    inputs: tuple[Mapping[str, Any], ...] = ()
    outputs: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, JsonValue] = field(default_factory=lambda: EMPTY)

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, in order."""
        return [port["name"] for port in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, in order."""
        return [port["name"] for port in self.outputs]


REROUTE = "Reroute"
"""The type of a node that passes its only input on."""

VARIABLE = "Variable"
"""The type of a node that stands for a variable of the notebook; its value ``name`` says which."""

SUBGRAPH_INPUTS = "SubgraphInputs"
SUBGRAPH_OUTPUTS = "SubgraphOutputs"
INSTANCE = "subgraph:"
"""Begins the type of a node that stands for a subgraph; the id of its definition follows."""


def is_structural(type_name: str) -> bool:
    """Say whether nodes of a type are compiled away: reroutes, variables and instances of subgraphs."""
    return type_name in (REROUTE, VARIABLE) or type_name.startswith(INSTANCE)


def definition_id(type_name: str) -> str | None:
    """Return the id of the definition that nodes of a type are instances of, None for any other type."""
    return type_name.removeprefix(INSTANCE) if type_name.startswith(INSTANCE) else None


def state_of(nodes: Mapping[str, Node]) -> GraphState:
    """Return the state of a graph that has these nodes, and nothing else."""
    consumers: dict[str, set[str]] = {}
    structural: list[str] = []
    last_id = 0
    for node_id, node in nodes.items():
        last_id = max(last_id, whole_number(node_id) or 0)
        if is_structural(node.type):
            structural.append(node_id)
        for link in node.links.values():
            consumers.setdefault(link.node, set()).add(node_id)
    return GraphState(
        nodes=HashTrieMap(nodes),
        consumers=HashTrieMap({source: HashTrieSet(ids) for source, ids in consumers.items()}),
        last_id=last_id,
        structural=HashTrieSet(structural),
    )


def consume(consumers: Consumers, source: str, node_id: str) -> Consumers:
    """Note that a node reads another one."""
    return consumers.insert(source, consumers.get(source, HashTrieSet()).insert(node_id))


def release(consumers: Consumers, source: str, node_id: str) -> Consumers:
    """Note that a node does not read another one any more."""
    left = consumers[source].discard(node_id)
    return consumers.insert(source, left) if len(left) else consumers.remove(source)


_MOST_DIGITS = 15  # 2^53, up to which a browser counts exactly, has 16


def whole_number(node_id: str) -> int | None:
    """Return the number that an id is, or None for a name.

    Whole numbers have no leading zeros and at most 15 digits, so that Python and a browser agree on what is one.
    """
    if len(node_id) > _MOST_DIGITS or not (node_id.isascii() and node_id.isdigit()):
        return None
    if node_id[0] == "0" and node_id != "0":
        return None
    return int(node_id)


def id_order(node_id: str) -> tuple[bool, int, str]:
    """Sort key of document order: ``"2"`` before ``"10"``, whole numbers before names."""
    number = whole_number(node_id)
    return (True, 0, node_id) if number is None else (False, number, node_id)


def downstream(state: GraphState, roots: set[str]) -> set[str]:
    """Return ``roots`` and every node that follows one of them. Costs O(result), not O(graph)."""
    found = set(roots)
    stack = list(roots)
    while stack:
        for node_id in state.consumers.get(stack.pop(), ()):
            if node_id not in found:
                found.add(node_id)
                stack.append(node_id)
    return found


def nodes_before(state: GraphState, node_id: str) -> list[str]:
    """Return the nodes that a node's links lead to: past bypassed ones, and not to muted ones."""
    found: dict[str, None] = {}
    passed = {node_id}
    stack = [link.node for link in state.nodes[node_id].links.values()]
    while stack:
        source = stack.pop()
        node = state.nodes.get(source)
        if node is None or source in passed:
            continue
        if node.mode is None:
            found[source] = None
        elif node.mode == "bypass":
            passed.add(source)
            stack.extend(link.node for link in node.links.values())
    return list(found)
