"""The edits that lead from one state of a graph to another, so that going there is one step of undo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nodebook.engine.definitions import definition_to_json, head_of
from nodebook.engine.edits import (
    AddNode,
    AddSubgraph,
    Edit,
    NodeEdit,
    RemoveNode,
    RemoveSubgraph,
    SetGroup,
    SetLink,
    SetMode,
    SetOrigin,
    SetSubgraph,
    SetTitle,
    SetValue,
    SetView,
    UnsetValue,
)
from nodebook.engine.graph import Definition, GraphState, Node, id_order
from nodebook.engine.nodejson import node_to_json


def edits_between(old: GraphState, new: GraphState) -> list[Edit]:
    """Return edits that make ``old`` equal ``new`` in all but its name and its view. Costs a look at each node.

    A node whose type, or whose members that this version does not know, differ is taken out and added again.
    """
    edits: list[Edit] = [RemoveSubgraph(each) for each in old.subgraphs if each not in new.subgraphs]
    for each, definition in new.subgraphs.items():
        before = old.subgraphs.get(each)
        if before is None:
            edits.append(AddSubgraph(each, definition_to_json(definition)))
        elif before is not definition:
            edits += _definition_edits(each, before, definition)
    return [*edits, *_graph_edits(old, new)]


def _definition_edits(subgraph_id: str, old: Definition, new: Definition) -> Iterator[Edit]:
    before, after = ({**head_of(each), **each.extra} for each in (old, new))
    members = {
        name: after.get(name) for name in {**before, **after} if not _is_same_json(before.get(name), after.get(name))
    }
    if members:
        yield SetSubgraph(subgraph_id, members)
    for edit in _graph_edits(old.graph, new.graph):
        yield replace(edit, graph=subgraph_id)


def _graph_edits(old: GraphState, new: GraphState) -> list[NodeEdit | SetGroup]:
    edits: list[NodeEdit | SetGroup] = []
    again: set[str] = set()
    for node_id in sorted(old.nodes, key=id_order):
        left = new.nodes.get(node_id)
        if left is None or _is_another(old.nodes[node_id], left):
            edits.append(RemoveNode(node_id))
            again.add(node_id)
    added = [each for each in sorted(new.nodes, key=id_order) if each not in old.nodes or each in again]
    edits += [AddNode(node_id, node_to_json(new.nodes[node_id])) for node_id in added]
    for node_id in sorted(old.nodes, key=id_order):
        if node_id not in again and old.nodes[node_id] is not new.nodes[node_id]:
            edits.extend(_node_edits(node_id, old.nodes[node_id], new.nodes[node_id], again))
        elif node_id not in again:
            edits.extend(_links_again(node_id, new.nodes[node_id], again))
    for group in {**old.groups, **new.groups}:
        after: Any = new.groups.get(group)
        if not _is_same_json(old.groups.get(group), after):
            edits.append(SetGroup(group, after))
    return edits


def _is_another(before: Node, after: Node) -> bool:
    unknown = [{name: value for name, value in each.extra.items() if name != "mode"} for each in (before, after)]
    return before.type != after.type or unknown[0] != unknown[1]


def _node_edits(node_id: str, before: Node, after: Node, again: set[str]) -> Iterator[NodeEdit]:
    yield from _value_edits(node_id, before, after)
    yield from _link_edits(node_id, before, after, again)
    if before.title != after.title:
        yield SetTitle(node_id, after.title)
    if before.mode_word != after.mode_word:
        yield SetMode(node_id, after.mode_word)
    if dict(before.view) != dict(after.view):
        yield SetView(node_id, {**dict.fromkeys(before.view), **after.view})
    if before.origin != after.origin:
        yield SetOrigin(node_id, None if after.origin is None else dict(after.origin))


def _value_edits(node_id: str, before: Node, after: Node) -> Iterator[NodeEdit]:
    for name in before.values:
        if name not in after.values:
            yield UnsetValue(node_id, name)
    for name, value in after.values.items():
        if name not in before.values or not _is_same(before.values[name], value):
            yield SetValue(node_id, name, value)


def _link_edits(node_id: str, before: Node, after: Node, again: set[str]) -> Iterator[NodeEdit]:
    for name, link in before.links.items():
        if name not in after.links and link.node not in again:
            yield SetLink(node_id, name, None)
    for name, link in after.links.items():
        if before.links.get(name) != link or link.node in again:
            yield SetLink(node_id, name, (link.node, link.output))


def _links_again(node_id: str, node: Node, again: set[str]) -> Iterator[NodeEdit]:
    """Removing a node took the links to it along."""
    for name, link in node.links.items():
        if link.node in again:
            yield SetLink(node_id, name, (link.node, link.output))


def _is_same_json(before: object, after: object) -> bool:
    """Whether two parts of a document are one, in whatever order their members are."""
    return json.dumps(before, sort_keys=True, default=repr) == json.dumps(after, sort_keys=True, default=repr)


def _is_same(before: object, after: object) -> bool:
    """Whether two literals are one: 1 and True, or [1] and [1.0], are not."""
    return type(before) is type(after) and repr(before) == repr(after)
