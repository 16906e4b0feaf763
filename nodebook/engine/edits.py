"""The edit operations, each a pure function from a state to a state and its inverse.

Specification: docs/design/document.md. ``js/src/graph/edits.ts`` implements the same operations; both replay
``tests/fixtures/edits.json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any, NamedTuple

from nodebook.engine.definitions import (
    AddSubgraph,
    RemoveSubgraph,
    SetDocumentView,
    SetGroup,
    SetSubgraph,
    add_definition,
    check_inner_id,
    find_definition,
    merge_definition,
    merge_view,
    put_group,
    remove_definition,
)
from nodebook.engine.graph import (
    EMPTY,
    GraphState,
    Link,
    Node,
    consume,
    is_structural,
    release,
    whole_number,
)
from nodebook.engine.nodejson import node_from_json, node_to_json
from nodebook.engine.operations import (
    AddNode,
    DocumentEdit,
    Edit,
    NodeEdit,
    RemoveNode,
    SetLink,
    SetMode,
    SetOrigin,
    SetTitle,
    SetValue,
    SetView,
    UnsetValue,
    edit_to_json,
    edits_from_json,
)
from nodebook.errors import DocumentError, EditError

__all__ = [
    "AddNode",
    "AddSubgraph",
    "Applied",
    "Batch",
    "DocumentEdit",
    "Edit",
    "NodeEdit",
    "RemoveNode",
    "RemoveSubgraph",
    "SetDocumentView",
    "SetGroup",
    "SetLink",
    "SetMode",
    "SetOrigin",
    "SetSubgraph",
    "SetTitle",
    "SetValue",
    "SetView",
    "UnsetValue",
    "apply",
    "apply_all",
    "edit_to_json",
    "edits_from_json",
]


class Applied(NamedTuple):
    """The outcome of an operation: the new state, what undoes it, and the ids whose node is not the same object."""

    state: GraphState
    inverse: tuple[Edit, ...]
    touched: tuple[str, ...]
    graph: str | None = None
    """The subgraph whose definition is not the same object; ``touched`` is of the top graph."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations that are one step of undo. ``inverse`` is in the order in which it must be applied."""

    label: str
    edits: tuple[Edit, ...]
    inverse: tuple[Edit, ...]
    touched: tuple[str, ...] = ()
    """Ids whose node is not the same object after; in the order of the edits, which is how memory likes them read."""
    touched_graphs: tuple[str, ...] = ()
    """Ids of the subgraphs whose definition is not the same object after."""


def apply_all(state: GraphState, edits: Iterable[Edit], label: str = "Edit") -> tuple[GraphState, Batch]:
    """Apply operations in order, all or none.

    Raises ``EditError`` when one names an absent node or adds a present one; the given state is untouched then.
    """
    done: list[Edit] = []
    inverse: list[tuple[Edit, ...]] = []
    touched: dict[str, None] = {}
    graphs: dict[str, None] = {}
    for edit in edits:
        state, undo, ids, graph = apply(edit, state) if getattr(edit, "graph", None) is None else _inside(edit, state)
        done.append(edit)
        inverse.append(undo)
        touched.update(dict.fromkeys(ids))
        if graph is not None:
            graphs[graph] = None
    backwards = tuple(edit for undo in reversed(inverse) for edit in undo)
    return state, Batch(label, tuple(done), backwards, tuple(touched), tuple(graphs))


def _inside(edit: Any, state: GraphState) -> Applied:
    """Apply an operation to the graph of a subgraph."""
    subgraph_id: str = edit.graph
    definition = find_definition(state, subgraph_id, "edit")
    if isinstance(edit, AddNode):
        check_inner_id(subgraph_id, edit.id)
    applied = apply(replace(edit, graph=None), definition.graph)
    inner: tuple[Any, ...] = applied.inverse  # of nodes and groups only, as these alone have a graph
    subgraphs = {**state.subgraphs, subgraph_id: replace(definition, graph=applied.state)}
    undo = tuple(replace(each, graph=subgraph_id) for each in inner)
    return Applied(replace(state, subgraphs=subgraphs), undo, (), subgraph_id)


@singledispatch
def apply(edit: object, state: GraphState) -> Applied:  # noqa: ARG001 - the registered ones use it
    """Apply one operation. Registered per kind of operation below."""
    raise EditError(f"{edit!r} is not an edit operation; see nodebook.engine.edits.Edit.")


def _node(state: GraphState, node_id: str, doing: str) -> Node:
    node = state.nodes.get(node_id)
    if node is None:
        raise EditError(
            f"Cannot {doing} node {node_id!r}: the graph has no such node. It may have been removed meanwhile."
        )
    return node


def _with(mapping: Mapping[str, Any], key: str, value: object) -> dict[str, Any]:
    changed = dict(mapping)
    changed[key] = value
    return changed


def _without(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    changed = {name: value for name, value in mapping.items() if name != key}
    return changed or EMPTY


@apply.register
def _(edit: AddNode, state: GraphState) -> Applied:
    if edit.id in state.nodes:
        raise EditError(f"Cannot add node {edit.id!r}: the id is taken. Expected a new id such as {state.next_id()!r}.")
    try:
        node = node_from_json(edit.id, edit.node)
    except DocumentError as error:
        raise EditError(f"Cannot add node {edit.id!r}: {error}") from error
    undo: list[Edit] = [RemoveNode(edit.id)]
    for consumer in sorted(state.consumers.get(edit.id, ())):  # links to nowhere until now; removing takes them
        for name, link in state.nodes[consumer].links.items():
            if link.node == edit.id:
                undo.append(SetLink(consumer, name, (link.node, link.output)))
    consumers = state.consumers
    for link in node.links.values():
        consumers = consume(consumers, link.node, edit.id)
    last_id = max(state.last_id, whole_number(edit.id) or 0)
    structural = state.structural.insert(edit.id) if is_structural(node.type) else state.structural
    state = GraphState(
        state.name,
        state.nodes.insert(edit.id, node),
        consumers,
        last_id,
        state.extra,
        structural,
        state.view,
        state.groups,
        state.subgraphs,
    )
    return Applied(state, tuple(undo), (edit.id,))


@apply.register
def _(edit: RemoveNode, state: GraphState) -> Applied:
    node = _node(state, edit.id, "remove")
    inverse: list[Edit] = [AddNode(edit.id, node_to_json(node))]
    touched = [edit.id]
    for consumer in sorted(state.consumers.get(edit.id, ())):
        if consumer == edit.id:
            continue
        touched.append(consumer)
        for name, link in state.nodes[consumer].links.items():
            if link.node == edit.id:
                state = apply(SetLink(consumer, name, None), state).state
                inverse.append(SetLink(consumer, name, (link.node, link.output)))
    consumers = state.consumers
    for source in {link.node for link in node.links.values()}:
        consumers = release(consumers, source, edit.id)
    structural = state.structural.discard(edit.id)
    state = replace(state, nodes=state.nodes.remove(edit.id), consumers=consumers, structural=structural)
    return Applied(state, tuple(inverse), tuple(touched))


@apply.register
def _(edit: SetValue, state: GraphState) -> Applied:
    node = _node(state, edit.node, f"set {edit.input} of")
    undo: Edit = UnsetValue(edit.node, edit.input)
    if edit.input in node.values:
        undo = SetValue(edit.node, edit.input, node.values[edit.input])
    return _changed(state, edit.node, replace(node, values=_with(node.values, edit.input, edit.value)), undo)


@apply.register
def _(edit: UnsetValue, state: GraphState) -> Applied:
    node = _node(state, edit.node, f"unset {edit.input} of")
    if edit.input not in node.values:
        return Applied(state, (), ())
    undo = SetValue(edit.node, edit.input, node.values[edit.input])
    return _changed(state, edit.node, replace(node, values=_without(node.values, edit.input)), undo)


@apply.register
def _(edit: SetLink, state: GraphState) -> Applied:
    node = _node(state, edit.node, f"connect {edit.input} of")
    old = node.links.get(edit.input)
    undo = SetLink(edit.node, edit.input, None if old is None else (old.node, old.output))
    links = _without(node.links, edit.input)
    consumers = state.consumers
    if old is not None and all(link.node != old.node for link in links.values()):
        consumers = release(consumers, old.node, edit.node)
    if edit.source is not None:
        # In place where there was a link, so that reconnecting is a one-line change of the document.
        links = _with(node.links, edit.input, Link(*edit.source))
        consumers = consume(consumers, edit.source[0], edit.node)
    return _changed(replace(state, consumers=consumers), edit.node, replace(node, links=links), undo)


@apply.register
def _(edit: SetTitle, state: GraphState) -> Applied:
    node = _node(state, edit.node, "rename")
    return _changed(state, edit.node, replace(node, title=edit.title), SetTitle(edit.node, node.title))


@apply.register
def _(edit: SetView, state: GraphState) -> Applied:
    node = _node(state, edit.node, "move")
    view = {name: value for name, value in {**node.view, **edit.view}.items() if value is not None}
    undo = SetView(edit.node, {name: node.view.get(name) for name in edit.view})
    return _changed(state, edit.node, replace(node, view=view), undo)


@apply.register
def _(edit: SetOrigin, state: GraphState) -> Applied:
    node = _node(state, edit.node, "record the origin of")
    old = None if node.origin is None else dict(node.origin)
    return _changed(state, edit.node, replace(node, origin=edit.origin), SetOrigin(edit.node, old))


@apply.register
def _(edit: SetMode, state: GraphState) -> Applied:
    node = _node(state, edit.node, "mute, bypass or enable")
    return _changed(state, edit.node, node.with_mode(edit.mode), SetMode(edit.node, node.mode_word))


@apply.register
def _(edit: SetGroup, state: GraphState) -> Applied:
    state, undo = put_group(state, edit)
    return Applied(state, (undo,), ())


@apply.register
def _(edit: SetDocumentView, state: GraphState) -> Applied:
    state, undo = merge_view(state, edit)
    return Applied(state, (undo,), ())


@apply.register
def _(edit: AddSubgraph, state: GraphState) -> Applied:
    return Applied(add_definition(state, edit), (RemoveSubgraph(edit.id),), (), edit.id)


@apply.register
def _(edit: RemoveSubgraph, state: GraphState) -> Applied:
    state, undo = remove_definition(state, edit)
    return Applied(state, (undo,), (), edit.id)


@apply.register
def _(edit: SetSubgraph, state: GraphState) -> Applied:
    state, undo = merge_definition(state, edit)
    return Applied(state, (undo,), (), edit.id)


def _changed(state: GraphState, node_id: str, node: Node, undo: Edit) -> Applied:
    return Applied(replace(state, nodes=state.nodes.insert(node_id, node)), (undo,), (node_id,))
