"""The edits that lead from one state of a graph to another, so that going there is one step of undo."""

from __future__ import annotations

import json
from collections.abc import Iterator

from nodebook.engine.definitions import (
    AddSubgraph,
    RemoveSubgraph,
    SetDocumentView,
    SetGroup,
    definition_to_json,
)
from nodebook.engine.edits import (
    AddNode,
    Edit,
    RemoveNode,
    SetLink,
    SetMode,
    SetOrigin,
    SetTitle,
    SetValue,
    SetView,
    UnsetValue,
)
from nodebook.engine.graph import GraphState, Node, id_order
from nodebook.engine.nodejson import node_to_json


def edits_between(old: GraphState, new: GraphState) -> list[Edit]:
    """Return edits that make ``old`` equal ``new`` in all but its name. Costs a look at each node.

    A node whose type, or whose members that this version does not know, differ is taken out and added again, and so is
    a subgraph that differs at all.
    """
    edits: list[Edit] = [*_definition_edits(old, new), *_frame_edits(old, new)]
    again: set[str] = set()
    for node_id in sorted(old.nodes, key=id_order):
        before, after = old.nodes[node_id], new.nodes.get(node_id)
        if after is None or _is_another(before, after):
            edits.append(RemoveNode(node_id))
            again.add(node_id)
    added = [each for each in sorted(new.nodes, key=id_order) if each not in old.nodes or each in again]
    edits += [AddNode(node_id, node_to_json(new.nodes[node_id])) for node_id in added]
    for node_id in sorted(old.nodes, key=id_order):
        if node_id not in again and old.nodes[node_id] is not new.nodes[node_id]:
            edits.extend(_node_edits(node_id, old.nodes[node_id], new.nodes[node_id], again))
        elif node_id not in again:
            edits.extend(_links_again(node_id, new.nodes[node_id], again))
    return edits


def _definition_edits(old: GraphState, new: GraphState) -> Iterator[Edit]:
    for subgraph_id in {**old.subgraphs, **new.subgraphs}:
        before, after = old.subgraphs.get(subgraph_id), new.subgraphs.get(subgraph_id)
        known = None if before is None else definition_to_json(before)
        wanted = None if after is None else definition_to_json(after)
        if _is_same_json(known, wanted):
            continue
        if known is not None:
            yield RemoveSubgraph(subgraph_id)
        if wanted is not None:
            yield AddSubgraph(subgraph_id, wanted)


def _frame_edits(old: GraphState, new: GraphState) -> Iterator[Edit]:
    for group in {**old.groups, **new.groups}:
        if not _is_same_json(old.groups.get(group), new.groups.get(group)):
            yield SetGroup(group, new.groups.get(group))  # type: ignore[arg-type]  # a group is an object
    view = {name: new.view.get(name) for name in {**old.view, **new.view}}
    changed = {name: value for name, value in view.items() if not _is_same_json(old.view.get(name), value)}
    if changed:
        yield SetDocumentView(changed)


def _is_another(before: Node, after: Node) -> bool:
    unknown = [{name: value for name, value in each.extra.items() if name != "mode"} for each in (before, after)]
    return before.type != after.type or unknown[0] != unknown[1]


def _node_edits(node_id: str, before: Node, after: Node, again: set[str]) -> Iterator[Edit]:
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


def _value_edits(node_id: str, before: Node, after: Node) -> Iterator[Edit]:
    for name in before.values:
        if name not in after.values:
            yield UnsetValue(node_id, name)
    for name, value in after.values.items():
        if name not in before.values or not _is_same(before.values[name], value):
            yield SetValue(node_id, name, value)


def _link_edits(node_id: str, before: Node, after: Node, again: set[str]) -> Iterator[Edit]:
    for name, link in before.links.items():
        if name not in after.links and link.node not in again:
            yield SetLink(node_id, name, None)
    for name, link in after.links.items():
        if before.links.get(name) != link or link.node in again:
            yield SetLink(node_id, name, (link.node, link.output))


def _links_again(node_id: str, node: Node, again: set[str]) -> Iterator[Edit]:
    """Removing a node took the links to it along."""
    for name, link in node.links.items():
        if link.node in again:
            yield SetLink(node_id, name, (link.node, link.output))


def _is_same(before: object, after: object) -> bool:
    """Whether two literals are one: 1 and True, or [1] and [1.0], are not."""
    return type(before) is type(after) and repr(before) == repr(after)


def _is_same_json(before: object, after: object) -> bool:
    """The same of JSON, the order of whose members says nothing."""
    return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
