"""The nine edit operations, each a pure function from a state to a state and its inverse.

Specification: docs/design/document.md. ``js/src/graph/edits.ts`` implements the same operations; both replay
``tests/fixtures/edits.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import singledispatch
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError
from rpds import HashTrieSet

from nodebook.engine.graph import EMPTY, GraphState, Link, Node, whole_number
from nodebook.engine.literals import TypeScript, tag, tag_node, tag_origin, untag, untag_node, untag_origin
from nodebook.engine.nodejson import node_from_json, node_to_json
from nodebook.errors import DocumentError, EditError


@dataclass(frozen=True, slots=True)
class AddNode:
    """Add a node under an id that is free; ``node`` is its JSON."""

    id: str
    node: Annotated[dict[str, Any], TypeScript("GraphNode")]
    op: Literal["add_node"] = "add_node"


@dataclass(frozen=True, slots=True)
class RemoveNode:
    """Remove a node and every link that starts at it."""

    id: str
    op: Literal["remove_node"] = "remove_node"


@dataclass(frozen=True, slots=True)
class SetValue:
    """Give an input a literal."""

    node: str
    input: str
    value: Any
    op: Literal["set_value"] = "set_value"


@dataclass(frozen=True, slots=True)
class UnsetValue:
    """Take an input's literal away, so that its default counts."""

    node: str
    input: str
    op: Literal["unset_value"] = "unset_value"


@dataclass(frozen=True, slots=True)
class SetLink:
    """Connect an input to ``source`` (id, output), or disconnect it with ``None``."""

    node: str
    input: str
    source: tuple[str, str] | None
    op: Literal["set_link"] = "set_link"


@dataclass(frozen=True, slots=True)
class SetTitle:
    """Name a node, or give it back its type's title with ``None``."""

    node: str
    title: str | None
    op: Literal["set_title"] = "set_title"


@dataclass(frozen=True, slots=True)
class SetView:
    """Merge members into a node's view; a member of ``None`` goes."""

    node: str
    view: dict[str, Any]
    op: Literal["set_view"] = "set_view"


@dataclass(frozen=True, slots=True)
class SetOrigin:
    """Record where code added the node and what code last gave it."""

    node: str
    origin: dict[str, Any] | None
    op: Literal["set_origin"] = "set_origin"


@dataclass(frozen=True, slots=True)
class SetMode:
    """Mute or bypass a node, or let it run with ``None``."""

    node: str
    mode: str | None
    op: Literal["set_mode"] = "set_mode"


Edit = AddNode | RemoveNode | SetValue | UnsetValue | SetLink | SetTitle | SetView | SetOrigin | SetMode

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
    if isinstance(edit, SetLink) and edit.source is not None:
        data["source"] = list(edit.source)
    return data


def _with_literals(
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
    return edit


class Applied(NamedTuple):
    """The outcome of an operation: the new state, what undoes it, and the ids whose node is not the same object."""

    state: GraphState
    inverse: tuple[Edit, ...]
    touched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations that are one step of undo. ``inverse`` is in the order in which it must be applied."""

    label: str
    edits: tuple[Edit, ...]
    inverse: tuple[Edit, ...]
    touched: tuple[str, ...] = ()
    """Ids whose node is not the same object after; in the order of the edits, which is how memory likes them read."""


def apply_all(state: GraphState, edits: Iterable[Edit], label: str = "Edit") -> tuple[GraphState, Batch]:
    """Apply operations in order, all or none.

    Raises ``EditError`` when one names an absent node or adds a present one; the given state is untouched then.
    """
    done: list[Edit] = []
    inverse: list[tuple[Edit, ...]] = []
    touched: dict[str, None] = {}
    for edit in edits:
        state, undo, ids = apply(edit, state)
        done.append(edit)
        inverse.append(undo)
        touched.update(dict.fromkeys(ids))
    backwards = tuple(edit for undo in reversed(inverse) for edit in undo)
    return state, Batch(label, tuple(done), backwards, tuple(touched))


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


def _consume(consumers: Any, source: str, node_id: str) -> Any:
    return consumers.insert(source, consumers.get(source, HashTrieSet()).insert(node_id))


def _release(consumers: Any, source: str, node_id: str) -> Any:
    left = consumers[source].discard(node_id)
    return consumers.insert(source, left) if len(left) else consumers.remove(source)


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
        consumers = _consume(consumers, link.node, edit.id)
    last_id = max(state.last_id, whole_number(edit.id) or 0)
    state = GraphState(state.name, state.nodes.insert(edit.id, node), consumers, last_id, state.extra)
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
        consumers = _release(consumers, source, edit.id)
    state = replace(state, nodes=state.nodes.remove(edit.id), consumers=consumers)
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
        consumers = _release(consumers, old.node, edit.node)
    if edit.source is not None:
        # In place where there was a link, so that reconnecting is a one-line change of the document.
        links = _with(node.links, edit.input, Link(*edit.source))
        consumers = _consume(consumers, edit.source[0], edit.node)
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


def _changed(state: GraphState, node_id: str, node: Node, undo: Edit) -> Applied:
    return Applied(replace(state, nodes=state.nodes.insert(node_id, node)), (undo,), (node_id,))
