"""A graph as JSON text, and back (docs/design/document.md).

The text is made for git: nodes and their members have one order, one value stands on one line, so a one-value edit is
a one-line diff.

Reading is strict about shape and lenient about meaning: an unknown node type, a link to nowhere or a value
of a wrong type is a graph with problems, never an error here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from json.encoder import encode_basestring
from typing import Any, Never, TypeVar

from nodebook.engine.definitions import definition_from_json, head_of, in_order, map_definition
from nodebook.engine.graph import EMPTY, Definition, GraphState, Node, id_order, state_of
from nodebook.engine.literals import (
    PLAIN,
    VariableRef,
    check_depth,
    check_names,
    float_name,
    is_tag,
    refuse,
    tag,
    tag_node,
    tag_origin,
    untag,
    untag_node,
)
from nodebook.engine.nodejson import node_from_json, node_to_json
from nodebook.engine.upgrades import STEPS, VERSION, Step, upgrade
from nodebook.errors import DocumentError

Given = TypeVar("Given")
Made = TypeVar("Made")

_MEMBERS = frozenset({"nodebook", "name", "nodes"})
_OBJECTS = ("view", "groups", "subgraphs")
"""Members of a document that count where they are objects; anything else under these names is kept as it is."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNWRITABLE = (TypeError, ValueError, RecursionError)
_OUTER_DEPTH = 5  # the indent at which the values of an origin stand, the deepest place of a literal


def to_json(state: GraphState, *, wire: bool = False) -> dict[str, Any]:
    """Return the document of a graph as strict JSON, in document order.

    ``wire``: for the browser, which needs whole numbers beyond 2^53 - 1 tagged. Raises ``DocumentError`` for a value
    that is not JSON.
    """
    data = {**_head(state), "nodes": _nodes_json(state, wire=wire)}
    if state.groups:
        data["groups"] = _groups_json(state, wire=wire)
    if state.subgraphs:
        data["subgraphs"] = {
            each: _definition_json(state.subgraphs[each], wire=wire) for each in sorted(state.subgraphs, key=id_order)
        }
    return {**data, **_verbatim(state.extra, wire=wire)}


def _nodes_json(state: GraphState, *, wire: bool) -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for node_id in state.ordered_ids():
        with_order = _sorted_members(node_to_json(state.nodes[node_id]))
        nodes[node_id] = _guard(node_id, lambda data: tag_node(data, wire=wire), with_order)
    return nodes


def _groups_json(state: GraphState, *, wire: bool) -> dict[str, Any]:
    return _verbatim({each: in_order(state.groups[each]) for each in sorted(state.groups, key=id_order)}, wire=wire)


def _verbatim(members: Mapping[str, Any], *, wire: bool) -> dict[str, Any]:
    return _guard(
        None, lambda data: {name: tag(value, wire=wire, escape=False) for name, value in data.items()}, members
    )


def _definition_json(definition: Definition, *, wire: bool) -> dict[str, Any]:
    """Return the JSON of a subgraph, as a document has it."""
    graph = definition.graph
    head = _guard(
        None, lambda found: map_definition(found, dict, lambda held: tag(held, wire=wire)), head_of(definition)
    )
    data: dict[str, Any] = {**head, "nodes": _nodes_json(graph, wire=wire)}
    if graph.groups:
        data["groups"] = _groups_json(graph, wire=wire)
    return {**data, **_verbatim(definition.extra, wire=wire)}


def from_json(data: object, *, steps: Mapping[int, Step] = STEPS) -> GraphState:
    """Build a graph from the JSON of its document, of this version or an older one.

    Raises ``DocumentError`` that says what the data is instead, or which node has a wrong shape, and
    ``NewerDocumentError`` for a document of a newer nodebook.
    """
    document = upgrade(_checked(data), steps=steps)
    name, found = document.get("name"), document.get("nodes", {})
    own = {member: document[member] for member in _OBJECTS if isinstance(document.get(member), Mapping)}
    extra = {member: value for member, value in document.items() if member not in _MEMBERS and member not in own}
    try:
        tag([extra, own], escape=False)  # kept as it is, if it can be written again
    except TypeError as error:
        raise DocumentError(f"The document holds a value that cannot be read: {error}.") from None
    if name is not None and not isinstance(name, str):
        raise DocumentError(f'The document\'s "name" must be a string, got {_shown(name)}.')
    if not isinstance(found, Mapping):
        raise DocumentError(f'The document\'s "nodes" must be an object of id → node, got {_shown(found)}.')
    state = state_of({node_id: _node(node_id, node_data) for node_id, node_data in found.items()})
    return replace(
        state,
        name=name,
        extra=extra or EMPTY,
        view={member: value for member, value in own.get("view", {}).items() if value is not None} or EMPTY,
        groups={group: value for group, value in own.get("groups", {}).items() if value is not None} or EMPTY,
        subgraphs={each: _definition(each, held) for each, held in own.get("subgraphs", {}).items()} or EMPTY,
    )


def loads(text: str, *, steps: Mapping[int, Step] = STEPS) -> GraphState:
    """Build a graph from the text of its document. Raises ``DocumentError`` as ``from_json`` does, and for bad JSON."""
    return from_json(parse_json(text), steps=steps)


def dumps(state: GraphState) -> str:
    """Return the text of a graph's document. Raises ``DocumentError`` for a value that is not JSON."""
    lines = [f'  "{name}": {_text(value, "  ")}' for name, value in _head(state).items() if name != "view"]
    if state.view:
        lines.append(f'  "view": {_guard(None, _verbatim_line, in_order(state.view))}')
    lines += _graph_lines(state)
    if state.subgraphs:
        found = sorted(state.subgraphs.items(), key=lambda item: id_order(item[0]))
        definitions = [f"    {_quoted(each)}: {_definition_text(definition)}" for each, definition in found]
        lines.append('  "subgraphs": {\n' + ",\n".join(definitions) + "\n  }")
    lines += _guard(None, lambda extra: _extra_lines(extra, "  "), state.extra)
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    # Half a surrogate pair is legal in JSON only escaped, and no file can hold it otherwise.
    return text if text.isascii() else _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def parse_json(text: str) -> Any:
    """Parse strict JSON: no member twice, no ``NaN``. Raises ``DocumentError`` that says where and what."""
    try:
        return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise DocumentError(_not_json(text, error)) from None
    except _Twice as twice:
        raise DocumentError(_twice(text, twice.member)) from None
    except DocumentError:
        raise
    except RecursionError:
        raise DocumentError("The document holds a value that is nested too deeply to be read.") from None
    except ValueError as error:  # a whole number of more than 4300 digits
        raise DocumentError(f"The document holds a number that cannot be read: {error}.") from None


def recognise(data: object) -> str | None:
    """Name what parsed JSON is, when it is a known kind of file other than a nodebook document."""
    if not isinstance(data, Mapping):
        return None
    if isinstance(data.get("nodes"), list) and ("links" in data or "last_node_id" in data):
        return "a ComfyUI workflow"
    prompt = data.get("prompt", data)
    if (
        isinstance(prompt, Mapping)
        and prompt
        and all(isinstance(node, Mapping) and "class_type" in node for node in prompt.values())
    ):
        return "a ComfyUI API prompt"
    if isinstance(data.get("cells"), list) and "nbformat" in data:
        return "a Jupyter notebook"
    return None


_NEXT_STEP = {
    "a ComfyUI workflow": "This version of nodebook cannot read it yet.",
    "a ComfyUI API prompt": "This version of nodebook cannot read it yet.",
    "a Jupyter notebook": "Open it in JupyterLab; its graphs come with it.",
    None: 'Expected an object with "nodebook": 1 and "nodes"; see docs/design/document.md.',
}


def _checked(data: object) -> dict[str, Any]:
    if isinstance(data, Mapping) and "nodebook" in data:
        return dict(data)
    kind = recognise(data)
    what = kind or _shown(data)
    raise DocumentError(f"This is {what}, not a nodebook document. {_NEXT_STEP[kind]}")


def _node(node_id: object, data: object) -> Node:
    if not isinstance(node_id, str):
        raise DocumentError(f"The id of a node must be a string, got {node_id!r}.")
    try:
        return node_from_json(node_id, untag_node(data) if isinstance(data, Mapping) else data)
    except TypeError as error:
        raise DocumentError(f"Node {node_id!r} holds a value that cannot be read: {error}.") from None


def _definition(subgraph_id: str, data: object) -> Definition:
    try:
        if isinstance(data, Mapping):
            data = map_definition(data, untag_node, untag)
        return definition_from_json(subgraph_id, data)
    except TypeError as error:
        raise DocumentError(f"Subgraph {subgraph_id!r} holds a value that cannot be read: {error}.") from None


def _shown(data: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a truth value", int: "a number", float: "a number"}
    if data is None:
        return "null"
    kind = kinds.get(type(data), f"a {type(data).__name__}")
    if isinstance(data, Mapping):
        members = ", ".join(repr(str(name))[:40] for name, _ in zip(data, range(5), strict=False))
        return f"{kind} with the members {members}" if members else "an empty object"
    return kind if isinstance(data, list) else f"{kind} ({str(data)[:40]!r})"


class _Twice(Exception):  # noqa: N818 - a signal within this file
    def __init__(self, member: str) -> None:
        self.member = member


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _Twice(name)
            seen.add(name)
    return found


def _refuse_constant(name: str) -> Never:
    tagged = json.dumps({"$float": {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[name]})
    raise DocumentError(f"The document holds {name}, which is not JSON. A nodebook document writes it as {tagged}.")


def _twice(text: str, member: str) -> str:
    written = re.escape(json.dumps(member, ensure_ascii=False))
    lines = [text.count("\n", 0, match.start()) + 1 for match in re.finditer(written + r"\s*:", text)]
    first, *others = lines
    where = f" (lines {first} and {others[0]})" if len(others) == 1 else ""
    return (
        f"The document holds {member!r} twice in one object{where}, so one of them would be lost. "
        "A merge may have left both: keep one, or give one node another id."
    )


def _not_json(text: str, error: json.JSONDecodeError) -> str:
    where = f"line {error.lineno}, column {error.colno}"
    if not text.strip():
        return "The document is empty. Expected a nodebook document (JSON)."
    if re.search(r"^(<{7} |={7}$|>{7} )", text, re.MULTILINE):
        return f"The document holds the marks of an unfinished git merge (at {where}). Resolve the merge, then open it."
    if error.pos >= len(text.rstrip()):
        return f"The document ends in the middle ({where}: {error.msg}). It was cut off, or not written to its end."
    return f"The document is not JSON ({where}: {error.msg})."


def _head(state: GraphState) -> dict[str, Any]:
    head: dict[str, Any] = {"nodebook": VERSION}
    if state.name is not None:
        head["name"] = state.name
    if state.view:
        head["view"] = _verbatim(in_order(state.view), wire=False)
    return head


def _sorted_members(data: dict[str, Any]) -> dict[str, Any]:
    for member in ("values", "links", "view"):
        if member in data:
            data[member] = dict(sorted(data[member].items()))
    return data


def _guard(node_id: str | None, make: Callable[[Given], Made], given: Given) -> Made:
    try:
        return make(given)
    except _UNWRITABLE as error:
        raise _unwritable(node_id, error) from error


def _unwritable(node_id: str | None, error: Exception) -> DocumentError:
    subject = "The document" if node_id is None else f"Node {node_id!r}"
    why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return DocumentError(
        f"{subject} holds a value that cannot be saved: {why}. Set it to plain JSON, or pass it through a link."
    )


# Text. Written by hand because json's encoder cannot mix one-line and many-line containers, and indents in pure Python.


def _graph_lines(graph: GraphState) -> list[str]:
    """Write the nodes and groups of a graph, as the top graph has them."""
    nodes = [f"    {_quoted(node_id)}: {_node_text(node_id, graph.nodes[node_id])}" for node_id in graph.ordered_ids()]
    lines = ['  "nodes": {' + ("\n" + ",\n".join(nodes) + "\n  " if nodes else "") + "}"]
    if graph.groups:
        found = sorted(graph.groups.items(), key=lambda item: id_order(item[0]))
        groups = [f"    {_quoted(each)}: {_guard(None, _verbatim_line, in_order(group))}" for each, group in found]
        lines.append('  "groups": {\n' + ",\n".join(groups) + "\n  }")
    return lines


def _definition_text(definition: Definition) -> str:
    """Write a subgraph; each port stands on one line."""
    lines: list[str] = []
    for name, held in _guard(None, lambda found: map_definition(found, dict, tag), head_of(definition)).items():
        if isinstance(held, list):
            ports = ",\n".join(f"    {json.dumps(port, ensure_ascii=False, allow_nan=False)}" for port in held)
            lines.append(f"  {_quoted(name)}: [\n{ports}\n  ]")
        else:
            lines.append(f"  {_quoted(name)}: {_plain(held)}")
    lines += _graph_lines(definition.graph)
    lines += _guard(None, lambda extra: _extra_lines(extra, "  "), definition.extra)
    # No string of JSON holds a line end, so that each one is ours.
    return ("{\n" + ",\n".join(lines) + "\n}").replace("\n", "\n    ")


def _verbatim_line(value: Any) -> str:
    return json.dumps(tag(value, escape=False), ensure_ascii=False, allow_nan=False)


def _node_text(node_id: str, node: Node) -> str:
    try:
        return _object(_node_lines(node), "    ")
    except _UNWRITABLE as error:
        raise _unwritable(node_id, error) from error


def _node_lines(node: Node) -> list[str]:
    lines = [f'      "type": {_quoted(node.type)}']
    if node.title is not None:
        lines.append(f'      "title": {_quoted(node.title)}')
    if node.values:
        values = [f"        {_quoted(name)}: {_text(node.values[name], '        ')}" for name in sorted(node.values)]
        lines.append(f'      "values": {_object(values, "      ")}')
    if node.links:
        links = [
            f"        {_quoted(name)}: [{_quoted(link.node)}, {_quoted(link.output)}]"
            for name, link in sorted(node.links.items())
        ]
        lines.append(f'      "links": {_object(links, "      ")}')
    if node.view:
        view = ", ".join(f"{_quoted(name)}: {_one_line(node.view[name])}" for name in sorted(node.view))
        lines.append(f'      "view": {{{view}}}')
    if node.mode is not None:
        lines.append(f'      "mode": {_quoted(node.mode)}')
    if node.origin is not None:
        lines.append(f'      "origin": {_origin_text(node.origin)}')
    return lines + _extra_lines(node.extra, "      ")


def _origin_text(origin: Mapping[str, Any]) -> str:
    """Write an origin on one line: it is bookkeeping, and what a reader looks for stands above it."""
    return json.dumps(tag_origin(origin), ensure_ascii=False, allow_nan=False)


def _extra_lines(extra: Mapping[str, Any], indent: str) -> list[str]:
    return [f"{indent}{_quoted(name)}: {_text(value, indent, escape=False)}" for name, value in extra.items()]


def _object(lines: Iterable[str], indent: str) -> str:
    body = ",\n".join(lines)
    return f"{{\n{body}\n{indent}}}" if body else "{}"


def _members(value: Mapping[str, Any], indent: str, *, escape: bool) -> str:
    deeper = indent + "  "
    check_names(value)
    return _object(
        (f"{deeper}{_quoted(name)}: {_text(item, deeper, escape=escape)}" for name, item in value.items()), indent
    )


def _text(value: Any, indent: str, *, escape: bool = True) -> str:
    """Write one literal; lists of plain values stand on one line, other containers on many."""
    if isinstance(value, PLAIN):
        return _plain(value)
    if isinstance(value, VariableRef):
        return _one_line(value)
    check_depth(len(indent) // 2 - _OUTER_DEPTH)
    if isinstance(value, Mapping):
        check_names(value)
        if escape and is_tag(value):
            name, item = next(iter(value.items()))
            value = {"$" + name: item}
        return _members(value, indent, escape=escape)
    if isinstance(value, (list, tuple)):
        if all(isinstance(item, PLAIN) for item in value):
            return "[" + ", ".join(map(_plain, value)) + "]"
        deeper = indent + "  "
        items = ",\n".join(deeper + _text(item, deeper, escape=escape) for item in value)
        return f"[\n{items}\n{indent}]"
    raise refuse(value)


def _one_line(value: Any) -> str:
    if isinstance(value, PLAIN):
        return _plain(value)
    return json.dumps(tag(value), ensure_ascii=False, allow_nan=False)


def _plain(value: str | float | None) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    return float.__repr__(value) if math.isfinite(value) else f'{{"$float": "{float_name(value)}"}}'


_quoted = encode_basestring
