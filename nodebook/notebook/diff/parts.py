"""What a difference of two graphs is made of, and how it is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nodebook.engine.graph import Definition, GraphState, Link, Node, definition_id, id_order
from nodebook.engine.interfaces import type_in
from nodebook.engine.library import Library
from nodebook.engine.literals import tag
from nodebook.notebook.diff.matching import Pairs, match_nodes, same
from nodebook.seeds import VIEW_MEMBER

ABSENT: Any = type("Absent", (), {"__repr__": lambda _self: "ABSENT", "__slots__": ()})()
"""Stands for what one side does not have."""

Kind = Literal["value", "link", "title", "mode", "seed", "type", "name", "doc", "input", "output", "group", "other"]
Status = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. ``before`` and ``after`` are JSON, or ``ABSENT``; of a link, words for the output."""

    kind: Kind
    name: str
    before: Any = ABSENT
    after: Any = ABSENT

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; what a side does not have is left out."""
        sides = {"before": self.before, "after": self.after}
        held = {side: tag(value) for side, value in sides.items() if value is not ABSENT}
        return {"kind": self.kind, "name": self.name, **held}


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node as a reader knows it."""

    id: str
    title: str
    type: str

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"id": self.id, "title": self.title, "type": self.type}


@dataclass(frozen=True, slots=True)
class NodeDiff:
    """A node that was added, removed or changed."""

    status: Status
    before: NodeRef | None
    after: NodeRef | None
    changes: tuple[Change, ...] = ()

    @property
    def node(self) -> NodeRef:
        """The node as it is now, or as it was."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 -- one side has it
        return found

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        sides = {side: ref.to_json() for side, ref in (("before", self.before), ("after", self.after)) if ref}
        return {"status": self.status, **sides, "changes": [each.to_json() for each in self.changes]}


@dataclass(frozen=True, slots=True)
class PartDiff:
    """What differs in a graph itself, or inside one of its subgraphs."""

    subgraph: str | None
    """The name of the subgraph, None for the graph itself."""
    status: Status
    nodes: tuple[NodeDiff, ...] = ()
    changes: tuple[Change, ...] = ()
    """What is not of a node: the name, inputs and outputs, groups."""
    moved: int = 0
    """Nodes that stand or look otherwise, and groups with another frame; no difference in meaning."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs in meaning."""
        return self.status == "changed" and not self.nodes and not self.changes

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "subgraph": self.subgraph,
            "status": self.status,
            "nodes": [each.to_json() for each in self.nodes],
            "changes": [each.to_json() for each in self.changes],
            "moved": self.moved,
        }


def diff_states(before: GraphState, after: GraphState, library: Library) -> tuple[PartDiff, ...]:
    """Return what differs between two graphs, part by part: the graph first, then its subgraphs."""
    pairs = _pair_definitions(before, after)
    comparison = _Comparison((before, after), pairs, library)
    top = comparison.part(None, (before, after), tuple(_document_changes(before, after)))
    parts = [top]
    for one, other in pairs.items():
        definitions = (before.subgraphs[one], after.subgraphs[other])
        if definitions[0] is not definitions[1]:
            changes = tuple(_definition_changes(*definitions))
            graphs = (definitions[0].graph, definitions[1].graph)
            parts.append(comparison.part(definitions[1].name or f"subgraph {other}", graphs, changes))
    empty = Definition()
    gone = sorted(set(before.subgraphs) - set(pairs), key=id_order)
    new = sorted(set(after.subgraphs) - set(pairs.values()), key=id_order)
    parts += [comparison.whole("removed", each, (before.subgraphs[each], empty)) for each in gone]
    parts += [comparison.whole("added", each, (empty, after.subgraphs[each])) for each in new]
    return tuple(each for turn, each in enumerate(parts) if turn == 0 or not each.is_empty or each.moved)


def _pair_definitions(before: GraphState, after: GraphState) -> Pairs:
    """Return id before → id after of the subgraphs that are the same ones: by id and name, by name, then by id."""
    pairs: Pairs = {}
    left, right = before.subgraphs, after.subgraphs
    for each, definition in left.items():
        if each in right and right[each].name == definition.name:
            pairs[each] = each
    for each in sorted(set(left) - set(pairs), key=id_order):
        taken = set(pairs.values())
        named = [
            other
            for other in sorted(right, key=id_order)
            if other not in taken and right[other].name == left[each].name
        ]
        if named and left[each].name is not None:
            pairs[each] = named[0]
    for each in sorted(set(left) - set(pairs), key=id_order):
        if each in right and each not in pairs.values():
            pairs[each] = each
    return pairs


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Compares graphs of two documents."""

    tops: tuple[GraphState, GraphState]
    definitions: Pairs
    library: Library
    _same: dict[str, str] = field(default_factory=dict)

    def type_name(self, side: int, name: str) -> str:
        """Return what a type is called on both sides."""
        subgraph_id = definition_id(name)
        if subgraph_id is None or subgraph_id not in self.tops[side].subgraphs:
            return name
        if side == 0:
            return f"subgraph {self.definitions.get(subgraph_id, '-' + subgraph_id)}"
        return f"subgraph {subgraph_id}"

    def part(
        self,
        subgraph: str | None,
        graphs: tuple[GraphState, GraphState],
        changes: tuple[Change, ...],
        status: Status = "changed",
    ) -> PartDiff:
        before, after = graphs
        pairs = match_nodes(before, after, lambda name: self.type_name(0, name), lambda name: self.type_name(1, name))
        exchanged = _exchanged(before, after, pairs)
        together = {**pairs, **exchanged}
        found: list[NodeDiff] = []
        moved = 0
        for one, other in sorted(together.items(), key=lambda pair: id_order(pair[1])):
            left, right = before.nodes[one], after.nodes[other]
            moved += not same(_looks(left), _looks(right))
            differing = tuple(self._node_changes(graphs, together, one, other)) if left is not right else ()
            if differing:
                found.append(NodeDiff("changed", self._ref(0, graphs, one), self._ref(1, graphs, other), differing))
        added = sorted(set(after.nodes) - set(together.values()), key=id_order)
        removed = sorted(set(before.nodes) - set(together), key=id_order)
        found += [NodeDiff("added", None, self._ref(1, graphs, each), self._content(1, graphs, each)) for each in added]
        found += [
            NodeDiff("removed", self._ref(0, graphs, each), None, self._content(0, graphs, each)) for each in removed
        ]
        groups = tuple(_group_changes(before, after))
        moved += sum(
            not same(before.groups[each], after.groups[each]) for each in before.groups if each in after.groups
        )
        return PartDiff(subgraph, status, tuple(found), (*changes, *groups), moved)

    def whole(self, status: Status, subgraph_id: str, definitions: tuple[Definition, Definition]) -> PartDiff:
        name = definitions[0].name or definitions[1].name or f"subgraph {subgraph_id}"
        graphs = (definitions[0].graph, definitions[1].graph)
        changes = tuple(each for each in _definition_changes(*definitions) if each.kind != "name")
        return self.part(name, graphs, changes, status)

    def _ref(self, side: int, graphs: tuple[GraphState, GraphState], node_id: str) -> NodeRef:
        node = graphs[side].nodes[node_id]
        found = type_in(self.tops[side], node, self.library)
        return NodeRef(node_id, node.title or (node.type if found is None else found.title), node.type)

    def _node_changes(
        self, graphs: tuple[GraphState, GraphState], pairs: Mapping[str, str], one: str, other: str
    ) -> Iterator[Change]:
        left, right = graphs[0].nodes[one], graphs[1].nodes[other]
        if self.type_name(0, left.type) != self.type_name(1, right.type):
            yield Change("type", "", self._ref(0, graphs, one).type, right.type)
        yield from _pair("title", "", _given(left.title), _given(right.title))
        yield from _pair("mode", "", _given(left.mode_word), _given(right.mode_word))
        for name in sorted({*left.values, *right.values}):
            yield from _pair("value", name, left.values.get(name, ABSENT), right.values.get(name, ABSENT))
        for name in sorted({*left.links, *right.links}):
            was, now = left.links.get(name), right.links.get(name)
            if (
                was is None
                or now is None
                or (pairs.get(was.node, _gone(was)), was.output) != (_there(graphs[1], now), now.output)
            ):
                yield Change("link", name, self._end(0, graphs, was), self._end(1, graphs, now))
        yield from _pair("seed", "", *(held.view.get(VIEW_MEMBER, ABSENT) for held in (left, right)))
        for name in sorted({*left.extra, *right.extra} - {"mode"}):
            yield from _pair("other", name, left.extra.get(name, ABSENT), right.extra.get(name, ABSENT))

    def _end(self, side: int, graphs: tuple[GraphState, GraphState], link: Link | None) -> Any:
        if link is None:
            return ABSENT
        if link.node not in graphs[side].nodes:
            return f"missing node {link.node}.{link.output}"
        ref = self._ref(side, graphs, link.node)
        return f"{ref.title} ({ref.id}).{link.output}"

    def _content(self, side: int, graphs: tuple[GraphState, GraphState], node_id: str) -> tuple[Change, ...]:
        """Return what a node has that one side has not."""
        node = graphs[side].nodes[node_id]
        place = "after" if side else "before"
        found: list[tuple[Kind, str, Any]] = [] if node.mode_word is None else [("mode", "", node.mode_word)]
        found += [("value", name, held) for name, held in sorted(node.values.items())]
        found += [("link", name, self._end(side, graphs, link)) for name, link in sorted(node.links.items())]
        if VIEW_MEMBER in node.view:
            found.append(("seed", "", node.view[VIEW_MEMBER]))
        return tuple(Change(kind, name, **{place: held}) for kind, name, held in found)


def _exchanged(before: GraphState, after: GraphState, pairs: Pairs) -> Pairs:
    """Return the nodes of which the type was changed in place: same id, and the same title or links as before."""
    taken = set(pairs.values())
    found: Pairs = {}
    for each in before.nodes:
        if each in pairs or each in taken or each not in after.nodes:
            continue
        left, right = before.nodes[each], after.nodes[each]
        is_called = left.title is not None and left.title == right.title
        is_linked = any(
            name in right.links and pairs.get(link.node) == right.links[name].node for name, link in left.links.items()
        )
        readers = {pairs.get(reader) for reader in before.consumers.get(each, ())}
        if is_called or is_linked or readers & set(after.consumers.get(each, ())):
            found[each] = each
    return found


def _gone(link: Link) -> str:
    return f"-{link.node}"


def _there(graph: GraphState, link: Link) -> str:
    return link.node if link.node in graph.nodes else _gone(link)


def _given(held: Any) -> Any:
    return ABSENT if held is None else held


def _pair(kind: Kind, name: str, before: Any, after: Any) -> Iterator[Change]:
    if before is ABSENT and after is ABSENT:
        return
    if before is ABSENT or after is ABSENT or not same(before, after):
        yield Change(kind, name, before, after)


def _looks(node: Node) -> dict[str, Any]:
    return {name: held for name, held in node.view.items() if name != VIEW_MEMBER}


def _document_changes(before: GraphState, after: GraphState) -> Iterator[Change]:
    yield from _pair("name", "", _given(before.name), _given(after.name))
    for name in sorted({*before.extra, *after.extra}):
        yield from _pair("other", name, before.extra.get(name, ABSENT), after.extra.get(name, ABSENT))


def _definition_changes(before: Definition, after: Definition) -> Iterator[Change]:
    yield from _pair("name", "", _given(before.name), _given(after.name))
    yield from _pair("doc", "", _given(before.doc), _given(after.doc))
    yield from _port_changes("input", before.inputs, after.inputs)
    yield from _port_changes("output", before.outputs, after.outputs)
    for name in sorted({*before.extra, *after.extra} - {"origin"}):
        yield from _pair("other", name, before.extra.get(name, ABSENT), after.extra.get(name, ABSENT))


def _port_changes(
    kind: Literal["input", "output"], before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[Change]:
    left, right = ({port["name"]: dict(port) for port in ports} for ports in (before, after))
    if (
        list(left) == list(right)
        and not same(list(before), list(after))
        and all(same(left[each], right[each]) for each in left)
    ):
        yield Change(kind, "", [dict(port) for port in before], [dict(port) for port in after])  # one name twice
    for name in {**left, **right}:
        yield from _pair(kind, name, left.get(name, ABSENT), right.get(name, ABSENT))
    if set(left) == set(right) and list(left) != list(right):
        yield Change(kind, "order", list(left), list(right))


def _group_changes(before: GraphState, after: GraphState) -> Iterator[Change]:
    def title(group: Any) -> Any:
        return group.get("title", ABSENT) if isinstance(group, Mapping) else group

    for each in sorted({*before.groups, *after.groups}, key=id_order):
        left, right = before.groups.get(each, ABSENT), after.groups.get(each, ABSENT)
        if left is ABSENT or right is ABSENT:
            yield Change("group", each, _named(left), _named(right))
        else:
            yield from _pair("group", each, title(left), title(right))


def _named(group: Any) -> Any:
    if group is ABSENT:
        return ABSENT
    title = group.get("title") if isinstance(group, Mapping) else None
    return title if isinstance(title, str) else ""
