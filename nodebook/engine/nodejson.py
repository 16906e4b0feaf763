"""One node as JSON, and back (docs/design/document.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodebook.engine.graph import EMPTY, Link, Node
from nodebook.errors import DocumentError

_MEMBERS = frozenset({"type", "title", "values", "links", "view", "origin", "mode"})


def node_to_json(node: Node) -> dict[str, Any]:
    """Return the JSON of a node; members at their default are left out."""
    data: dict[str, Any] = {"type": node.type}
    if node.title is not None:
        data["title"] = node.title
    if node.values:
        data["values"] = dict(node.values)
    if node.links:
        data["links"] = {name: [link.node, link.output] for name, link in node.links.items()}
    if node.view:
        data["view"] = dict(node.view)
    if node.mode is not None:
        data["mode"] = node.mode
    if node.origin is not None:
        data["origin"] = dict(node.origin)
    data.update(node.extra)
    return data


def node_from_json(node_id: str, data: object) -> Node:
    """Build a node from its JSON. Raises ``DocumentError`` where the shape is wrong; unknown members are kept."""
    if not isinstance(data, Mapping):
        raise DocumentError(f"Node {node_id!r} must be an object, got {str(data)[:80]!r}.")
    if not isinstance(data.get("type"), str):
        raise DocumentError(f'Node {node_id!r} has no "type" that is a string; got {str(data.get("type"))[:80]!r}.')
    title = data.get("title")
    if title is not None and not isinstance(title, str):
        raise DocumentError(f"Node {node_id!r}: the title must be a string, got {title!r}.")
    mode = data.get("mode")
    if mode is not None and not isinstance(mode, str):
        raise DocumentError(f'Node {node_id!r}: the mode must be "mute" or "bypass", or be left out; got {mode!r}.')
    node = Node(
        type=data["type"],
        title=title,
        values=_mapping(node_id, data, "values"),
        links=_links(node_id, data),
        # A member of null would vanish with the next set_view, and undo could not bring it back.
        view={name: value for name, value in _mapping(node_id, data, "view").items() if value is not None} or EMPTY,
        origin=_mapping(node_id, data, "origin") if data.get("origin") is not None else None,
        extra={name: value for name, value in data.items() if name not in _MEMBERS} or EMPTY,
    )
    return node if mode is None else node.with_mode(mode)


def _mapping(node_id: str, data: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    found = data.get(member)
    if found is None:
        return EMPTY
    if not isinstance(found, Mapping):
        raise DocumentError(f'Node {node_id!r}: "{member}" must be an object, got {type(found).__name__}.')
    return dict(found) if found else EMPTY


def _links(node_id: str, data: Mapping[str, Any]) -> Mapping[str, Link]:
    links: dict[str, Link] = {}
    for name, source in _mapping(node_id, data, "links").items():
        match source:
            case [str(node), str(output)]:
                links[name] = Link(node, output)
            case _:
                raise DocumentError(
                    f"Node {node_id!r}, input {name!r}: a link must be [node id, output name], got {source!r}."
                )
    return links or EMPTY
