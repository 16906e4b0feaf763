"""The edit operations, each a pure function from a state to a state and its inverse.

Specification: docs/design/document.md. ``js/src/graph/edits.ts`` implements the same operations; both replay
``tests/fixtures/edits.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import singledispatch
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from nodebook.engine.definitions import (
    AddSubgraph,
    RemoveSubgraph,
    SetDocumentView,
    SetGroup,
    SetSubgraph,
    add_definition,
    check_inner_id,
    find_definition,
    map_definition,
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
from nodebook.engine.literals import TypeScript, tag, tag_node, tag_origin, untag, untag_node, untag_origin
from nodebook.engine.nodejson import node_from_json, node_to_json
from nodebook.errors import DocumentError, EditError


@dataclass(frozen=True, slots=True)
class AddNode:
    """Add a node under an id that is free; ``node`` is its JSON."""

    id: str
    node: Annotated[dict[str, Any], TypeScript("GraphNode")]
    op: Literal["add_node"] = "add_node"
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveNode:
    """Remove a node and every link that starts at it."""

    id: str
    op: Literal["remove_node"] = "remove_node"
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class SetValue:
    """Give an input a literal."""

    node: str
    input: str
    value: Any
    op: Literal["set_value"] = "set_value"
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class UnsetValue:
    """Take an input's literal away, so that its default counts."""

    node: str
    input: str
    op: Literal["unset_value"] = "unset_value"
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class SetLink:
    """Connect an input to ``source`` (id, output), or disconnect it with ``None``."""

    node: str
    input: str
    source: tuple[str, str] | None
    op: Literal["set_link"] = "set_link"
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class SetTitle:
    """Name a node, or give it back its type's title with ``None``."""

    node: str
    title: str | None
    op: Literal["set_title"] = "set_title"
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class SetView:
    """Merge members into a node's view; a member of ``None`` goes."""

    node: str
    view: dict[str, Any]
    op: Literal["set_view"] = "set_view"
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class SetOrigin:
    """Record where code added the node and what code last gave it."""

    node: str
    origin: dict[str, Any] | None
    op: Literal["set_origin"] = "set_origin"
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class SetMode:
    """Mute or bypass a node, or let it run with ``None``."""

    node: str
    mode: str | None
    op: Literal["set_mode"] = "set_mode"
    graph: str | None = None


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

NodeEdit = AddNode | RemoveNode | SetValue | UnsetValue | SetLink | SetTitle | SetView | SetOrigin | SetMode
"""An edit of a node: of the top graph or, with ``graph``, inside the subgraph of that id."""

DocumentEdit = SetGroup | AddSubgraph | RemoveSubgraph | SetSubgraph | SetDocumentView

Edit = NodeEdit | DocumentEdit

_ADAPTER: TypeAdapter[list[Edit]] = TypeAdapter(list[Annotated[Edit, Field(discriminator="op")]])


def edits_from_json(ops: object) -> list[Edit]:
    """Parse operations as a view or a journal sends them; raise ``EditError`` for anything else."""
    try:
        return [_with_literals(edit, untag, untag_node, untag_origin) for edit in _ADAPTER.validate_python(ops)]
    except TypeError as error:
        raise EditError(f"An edit holds a value that cannot be read: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EditError(
            f"The edit at {where or 'the top'} is malformed: {first['msg']}. "
            "Expected a list of operations as in docs/design/document.md."
        ) from error


def edit_to_json(edit: Edit, *, wire: bool = False) -> dict[str, Any]:
    """Return an operation as strict JSON, its name under ``op``.

    ``wire``: for the browser, which needs whole numbers beyond 2^53 - 1 tagged. Raises ``TypeError`` for a value that
    is not JSON.
    """
    tagged = _with_literals(
        edit,
        lambda value: tag(value, wire=wire),
        lambda node: tag_node(node, wire=wire),
        lambda origin: tag_origin(origin, wire=wire),
    )
    data: dict[str, Any] = {"op": edit.op}
    for member in fields(tagged):
        data[member.name] = getattr(tagged, member.name)
    if data.get("graph", "") is None:
        del data["graph"]
    if isinstance(edit, SetLink) and edit.source is not None:
        data["source"] = list(edit.source)
    return data


def _with_literals(  # noqa: PLR0911 - one for each kind of operation that holds literals
    edit: Edit,
    literal: Callable[[Any], Any],
    node: Callable[[Mapping[str, Any]], dict[str, Any]],
    origin: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> Edit:
    match edit:
        case SetValue():
            return replace(edit, value=literal(edit.value))
        case AddNode():
            return replace(edit, node=node(edit.node))
        case SetView():
            return replace(edit, view={name: literal(value) for name, value in edit.view.items()})
        case SetOrigin() if edit.origin is not None:
            return replace(edit, origin=origin(edit.origin))
        case AddSubgraph():
            return replace(edit, subgraph=map_definition(edit.subgraph, node, literal))
        case SetSubgraph():
            return replace(edit, members=map_definition(edit.members, node, literal))
    return edit


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
