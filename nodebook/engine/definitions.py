"""Subgraphs, groups and the document's view: their JSON, and the operations that edit them.

A definition is the graph of a subgraph with its inputs and outputs (docs/design/document.md, "Subgraphs"). What edits
a node inside one is the same operation as outside, with the subgraph's id under ``graph``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from nodebook.engine.graph import EMPTY, Definition, GraphState, state_of
from nodebook.engine.literals import TypeScript
from nodebook.engine.nodejson import node_from_json, node_to_json
from nodebook.errors import DocumentError, EditError

SEPARATOR = "/"
"""Stands between the ids of an instance and of a node inside it: ``7/3``."""

_PORTS = ("inputs", "outputs")
_GRAPH = ("nodes", "groups")
_MEMBERS = frozenset({"name", "doc", *_PORTS, *_GRAPH})


@dataclass(frozen=True, slots=True)
class SetGroup:
    """Put a group under an id, in place of the one that is there, or take it away with ``None``."""

    id: str
    group: Annotated[dict[str, Any] | None, TypeScript("Group | null")]
    op: Literal["set_group"] = "set_group"
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class AddSubgraph:
    """Add a definition under an id that is free; ``subgraph`` is its JSON."""

    id: str
    subgraph: Annotated[dict[str, Any], TypeScript("Subgraph")]
    op: Literal["add_subgraph"] = "add_subgraph"


@dataclass(frozen=True, slots=True)
class RemoveSubgraph:
    """Remove a definition. Its instances stay, and are problems."""

    id: str
    op: Literal["remove_subgraph"] = "remove_subgraph"


@dataclass(frozen=True, slots=True)
class SetSubgraph:
    """Merge members into a definition, but for its nodes and groups; a member of ``None`` goes."""

    id: str
    members: dict[str, Any]
    op: Literal["set_subgraph"] = "set_subgraph"


@dataclass(frozen=True, slots=True)
class SetDocumentView:
    """Merge members into the document's view; a member of ``None`` goes."""

    view: dict[str, Any]
    op: Literal["set_document_view"] = "set_document_view"


def definition_from_json(subgraph_id: str, data: object) -> Definition:
    """Build a definition from its JSON, its literals untagged. Raises ``DocumentError`` where the shape is wrong."""
    if not isinstance(data, Mapping):
        raise DocumentError(f"Subgraph {subgraph_id!r} must be an object, got {str(data)[:80]!r}.")
    for member in ("name", "doc"):
        if data.get(member) is not None and not isinstance(data[member], str):
            raise DocumentError(f'Subgraph {subgraph_id!r}: "{member}" must be text, got {str(data[member])[:80]!r}.')
    found = data.get("nodes", {})
    if not isinstance(found, Mapping):
        raise DocumentError(f'Subgraph {subgraph_id!r}: "nodes" must be an object of id → node.')
    nodes = {}
    for node_id, node in found.items():
        if SEPARATOR in node_id:
            raise DocumentError(_separated(subgraph_id, node_id))
        nodes[node_id] = node_from_json(node_id, node)
    extra = {name: value for name, value in data.items() if name not in _MEMBERS}
    groups = data.get("groups")
    if groups is not None and not isinstance(groups, Mapping):
        extra["groups"], groups = groups, None
    kept = {each: group for each, group in (groups or {}).items() if group is not None}
    return Definition(
        graph=replace(state_of(nodes), groups=kept or EMPTY),
        name=data.get("name"),
        doc=data.get("doc"),
        inputs=_ports(subgraph_id, data, "inputs"),
        outputs=_ports(subgraph_id, data, "outputs"),
        extra=extra or EMPTY,
    )


def definition_to_json(definition: Definition) -> dict[str, Any]:
    """Return the JSON of a definition, its literals untagged."""
    graph = definition.graph
    data = head_of(definition)
    data["nodes"] = {node_id: node_to_json(graph.nodes[node_id]) for node_id in graph.ordered_ids()}
    if graph.groups:
        data["groups"] = dict(graph.groups)
    return {**data, **definition.extra}


def head_of(definition: Definition) -> dict[str, Any]:
    """Return the JSON of a definition without its nodes and groups."""
    head: dict[str, Any] = {}
    if definition.name is not None:
        head["name"] = definition.name
    if definition.doc is not None:
        head["doc"] = definition.doc
    if definition.inputs:
        head["inputs"] = list(definition.inputs)
    if definition.outputs:
        head["outputs"] = list(definition.outputs)
    return head


def map_definition(
    data: Mapping[str, Any], node: Callable[[Mapping[str, Any]], Any], literal: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return the JSON of a definition with its nodes, and the defaults of its ports, passed through functions."""
    mapped = dict(data)
    nodes = data.get("nodes")
    if isinstance(nodes, Mapping):
        mapped["nodes"] = {each: node(held) if isinstance(held, Mapping) else held for each, held in nodes.items()}
    for member in _PORTS:
        ports = data.get(member)
        if isinstance(ports, (list, tuple)):
            mapped[member] = [
                {**port, "default": literal(port["default"])}
                if isinstance(port, Mapping) and "default" in port
                else port
                for port in ports
            ]
    return mapped


def in_order(members: Any) -> Any:
    """Return an object with its members sorted by name; anything else as it is."""
    return dict(sorted(members.items())) if isinstance(members, Mapping) else members


def find_definition(state: GraphState, subgraph_id: str, doing: str) -> Definition:
    """Return a definition. Raises ``EditError`` that says what could not be done."""
    definition = state.subgraphs.get(subgraph_id)
    if definition is None:
        raise EditError(
            f"Cannot {doing} subgraph {subgraph_id!r}: the document has no such subgraph. It may have been removed "
            "meanwhile."
        )
    return definition


def check_inner_id(subgraph_id: str, node_id: str) -> None:
    """Refuse an id that would read as a path. Raises ``EditError``."""
    if SEPARATOR in node_id:
        raise EditError(_separated(subgraph_id, node_id))


def put_group(state: GraphState, edit: SetGroup) -> tuple[GraphState, SetGroup]:
    """Return the state with a group put or taken away, and what undoes it."""
    _check_known(state, "groups")
    before: Any = state.groups.get(edit.id)
    groups = {each: group for each, group in state.groups.items() if each != edit.id or edit.group is not None}
    if edit.group is not None:
        groups[edit.id] = edit.group
    return replace(state, groups=groups or EMPTY), SetGroup(edit.id, before)


def merge_view(state: GraphState, edit: SetDocumentView) -> tuple[GraphState, SetDocumentView]:
    """Return the state with members merged into its view, and what undoes it."""
    _check_known(state, "view")
    view = {name: value for name, value in {**state.view, **edit.view}.items() if value is not None}
    undo = SetDocumentView({name: state.view.get(name) for name in edit.view})
    return replace(state, view=view or EMPTY), undo


def add_definition(state: GraphState, edit: AddSubgraph) -> GraphState:
    """Return the state with one more definition. Raises ``EditError``."""
    _check_known(state, "subgraphs")
    if edit.id in state.subgraphs:
        raise EditError(f"Cannot add subgraph {edit.id!r}: the id is taken. Expected one that no subgraph has.")
    try:
        definition = definition_from_json(edit.id, edit.subgraph)
    except DocumentError as error:
        raise EditError(f"Cannot add subgraph {edit.id!r}: {error}") from error
    return replace(state, subgraphs={**state.subgraphs, edit.id: definition})


def remove_definition(state: GraphState, edit: RemoveSubgraph) -> tuple[GraphState, AddSubgraph]:
    """Return the state without a definition, and what undoes it. Raises ``EditError``."""
    undo = AddSubgraph(edit.id, definition_to_json(find_definition(state, edit.id, "remove")))
    left = {each: definition for each, definition in state.subgraphs.items() if each != edit.id}
    return replace(state, subgraphs=left or EMPTY), undo


def merge_definition(state: GraphState, edit: SetSubgraph) -> tuple[GraphState, SetSubgraph]:
    """Return the state with members of a definition changed, and what undoes it. Raises ``EditError``."""
    definition = find_definition(state, edit.id, "change")
    for member in _GRAPH:
        if member in edit.members:
            raise EditError(
                f"Cannot change the {member} of subgraph {edit.id!r} as a whole. Edit them one by one, with "
                f'"graph": {edit.id!r}.'
            )
    before = {**head_of(definition), **definition.extra}
    after = {name: value for name, value in {**before, **edit.members}.items() if value is not None}
    try:
        changed = definition_from_json(edit.id, after)
    except DocumentError as error:
        raise EditError(f"Cannot change subgraph {edit.id!r}: {error}") from error
    undo = SetSubgraph(edit.id, {name: before.get(name) for name in edit.members})
    definition = replace(changed, graph=definition.graph)
    return replace(state, subgraphs={**state.subgraphs, edit.id: definition}), undo


def _check_known(state: GraphState, member: str) -> None:
    if member in state.extra:
        raise EditError(
            f'The document has "{member}" of another shape than an object, which this nodebook keeps and does not '
            "change. Remove that member from the file to use it."
        )


def _ports(subgraph_id: str, data: Mapping[str, Any], member: str) -> tuple[Mapping[str, Any], ...]:
    found = data.get(member)
    if found is None:
        return ()
    if isinstance(found, (list, tuple)) and all(
        isinstance(port, Mapping) and isinstance(port.get("name"), str) for port in found
    ):
        return tuple(found)
    raise DocumentError(
        f'Subgraph {subgraph_id!r}: "{member}" must be a list of objects with a "name", got {str(found)[:80]!r}.'
    )


def _separated(subgraph_id: str, node_id: str) -> str:
    return (
        f"Subgraph {subgraph_id!r}: the id {node_id!r} holds a {SEPARATOR!r}, which stands between an instance and the "
        "nodes inside it. Give the node another id."
    )
