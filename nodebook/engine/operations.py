"""The edit operations, and how they travel: JSON in, JSON out. ``edits`` applies them.

Specification: docs/design/document.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from nodebook.engine.definitions import (
    AddSubgraph,
    RemoveSubgraph,
    SetDocumentView,
    SetGroup,
    SetSubgraph,
    map_definition,
)
from nodebook.engine.literals import TypeScript, tag, tag_node, tag_origin, untag, untag_node, untag_origin
from nodebook.errors import EditError


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
