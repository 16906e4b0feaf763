"""API prompts as graphs, and graphs as API prompts (engine.md A.1 to A.6).

A prompt is an object of node id -> ``{"class_type", "inputs"}``; inputs are constants or ``[node id, output index]``.
Reading never refuses meaning: unknown node types become placeholders, and what does not fit its type is kept as it is,
so that ``graph.problems`` can say so and writing gives back what was read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nodebook.comfy.coercion import coerce, is_link, unwrap, wrap
from nodebook.comfy.errors import NotInPromptError, PromptFormatError
from nodebook.engine.document import from_json, parse_json
from nodebook.engine.flatten import flatten
from nodebook.engine.graph import GraphState, Link, Node
from nodebook.engine.library import Library
from nodebook.engine.literals import VariableRef, tag
from nodebook.engine.nodetype import MISSING, NodeType
from nodebook.engine.routing import follow
from nodebook.errors import DocumentError
from nodebook.graph import INPUT_TYPES, Graph
from nodebook.sessions import Session, session

_UNKNOWN_OUTPUT = "output "
"""How the outputs of a type that is not known here are named in links: by their index."""

_NO_TYPE = ""
"""The type of an entry without ``class_type``: ComfyUI's editor writes such for nodes that it does not know."""

_KEPT = "comfy"
"""The member of a node in which what a prompt holds beside type, inputs and title is kept."""


def from_prompt(prompt: Mapping[str, Any] | str, *, own_session: Session | None = None) -> Graph:
    """Return the graph that a ComfyUI API prompt describes, with the prompt's node ids.

    ``prompt``: the object, or its JSON text; the body of a request to ``/prompt``, which has it inside, is taken too.
    Raises ``PromptFormatError`` for anything else. Constants are converted as ComfyUI's server does; node types that
    are not known here become placeholders that keep every value and link.
    """
    used = own_session or session()
    state = read_prompt(as_prompt(prompt), used.library)
    return Graph.of_state(state, used)


def to_prompt(graph: Graph) -> dict[str, Any]:
    """Return the ComfyUI API prompt of a graph: every input at its value or default, links by index.

    Muted nodes are left out, bypassed ones passed by; named inputs (``g.input``) become the constants that they hold.
    Raises ``NotInPromptError`` for a value that JSON cannot hold.
    """
    return write_prompt(graph.store.state, graph.store.library)


def as_prompt(given: Mapping[str, Any] | str) -> dict[str, Any]:
    """Return the prompt in what was given. Raises ``PromptFormatError``."""
    if isinstance(given, str):
        try:
            given = parse_json(given)
        except DocumentError as error:
            raise PromptFormatError(f"The prompt is not JSON: {error}") from error
    if isinstance(given, Mapping) and isinstance(given.get("prompt"), Mapping) and "class_type" not in given["prompt"]:
        given = given["prompt"]
    if not isinstance(given, Mapping):
        raise PromptFormatError(f"Expected an API prompt (an object of node id -> node), got {type(given).__name__}.")
    if isinstance(given.get("nodes"), list) and "links" in given:
        raise PromptFormatError(
            "This is a ComfyUI workflow as its editor saves it, not an API prompt. Save it there with "
            '"Export (API)"; this version of nodebook reads API prompts only.'
        )
    for node_id, entry in given.items():
        _check_entry(node_id, entry)
    return dict(given)


def _check_entry(node_id: Any, entry: Any) -> None:
    where = f"Node {node_id!r} of the prompt"
    if not isinstance(node_id, str):
        raise PromptFormatError(f"{where}: ids are text, got {type(node_id).__name__}.")
    if not isinstance(entry, Mapping):
        raise PromptFormatError(f'{where} must be an object with "class_type" and "inputs", got {entry!r:.80}.')
    if not isinstance(entry.get("class_type", ""), str):
        raise PromptFormatError(f'{where}: "class_type" must be text, got {entry["class_type"]!r:.80}.')
    if "class_type" not in entry and "inputs" not in entry:
        raise PromptFormatError(
            f'{where} has neither "class_type" nor "inputs", so this is no API prompt. Its members are: '
            f"{', '.join(map(str, entry)) or 'none'}."
        )
    if not isinstance(entry.get("inputs", {}), Mapping):
        raise PromptFormatError(f'{where}: "inputs" must be an object, got {type(entry["inputs"]).__name__}.')


def read_prompt(prompt: Mapping[str, Any], library: Library) -> GraphState:
    """Return the state of the graph that a checked prompt describes."""
    nodes = {node_id: _node_json(entry, prompt, library) for node_id, entry in prompt.items()}
    try:
        return from_json({"nodebook": 1, "nodes": nodes})
    except DocumentError as error:
        raise PromptFormatError(f"The prompt cannot be read: {error}") from error


def _node_json(entry: Mapping[str, Any], prompt: Mapping[str, Any], library: Library) -> dict[str, Any]:
    kind = entry.get("class_type", _NO_TYPE)
    node_type = library.find(kind)
    values: dict[str, Any] = {}
    links: dict[str, list[str]] = {}
    for name, given in entry.get("inputs", {}).items():
        if is_link(given):
            links[name] = [given[0], _output_name(prompt.get(given[0]), int(given[1]), library)]
        else:
            values[name] = tag(_constant(node_type, name, given))
    data: dict[str, Any] = {"type": kind, "values": values, "links": links}
    title = _title(entry)
    if title and title != (kind if node_type is None else node_type.title):
        data["title"] = title
    rest = {name: held for name, held in entry.items() if name not in ("class_type", "inputs", "_meta")}
    return {**data, _KEPT: rest} if rest else data


def _title(entry: Mapping[str, Any]) -> str | None:
    meta = entry.get("_meta")
    title = meta.get("title") if isinstance(meta, Mapping) else None
    return title if isinstance(title, str) else None


def _constant(node_type: NodeType | None, name: str, given: Any) -> Any:
    """Return a constant as its input has it, or as it is where it does not fit: then the graph says what is wrong."""
    value = unwrap(given)
    spec = None if node_type is None else node_type.input_by_name.get(name)
    if spec is None:
        return value
    try:
        return coerce(spec.port, value)
    except (TypeError, ValueError, OverflowError):
        return value


def _output_name(source: Any, index: int, library: Library) -> str:
    node_type = library.find(source.get("class_type", _NO_TYPE)) if source is not None else None
    if node_type is None or not -len(node_type.outputs) <= index < len(node_type.outputs):
        return f"{_UNKNOWN_OUTPUT}{index}"
    return node_type.outputs[index].name


def write_prompt(state: GraphState, library: Library) -> dict[str, Any]:
    """Return the prompt of a graph's state, subgraphs and reroutes written out. Raises ``NotInPromptError``."""
    state = flatten(state, library)
    prompt: dict[str, Any] = {}
    for node_id in state.ordered_ids():
        node = state.nodes[node_id]
        if node.mode is None and not _is_constant(node):
            prompt[node_id] = _entry(node_id, node, state, library)
    return prompt


def _entry(node_id: str, node: Node, state: GraphState, library: Library) -> dict[str, Any]:
    node_type = library.find(node.type)
    inputs: dict[str, Any] = {}
    declared = [] if node_type is None else [spec.name for spec in node_type.inputs]
    for name in dict.fromkeys((*declared, *node.values, *node.links)):
        given = _given(node, node_type, name, state, library)
        if given is not MISSING:
            inputs[name] = _checked(node_id, name, given)
    title = node.title or (node.type if node_type is None else node_type.title)
    head = {"class_type": node.type} if node.type != _NO_TYPE else {}
    kept = node.extra.get(_KEPT)
    rest = dict(kept) if isinstance(kept, Mapping) else {}
    return {**head, "inputs": inputs, "_meta": {"title": title}, **rest}


def _given(node: Node, node_type: NodeType | None, name: str, state: GraphState, library: Library) -> Any:
    """Return what an input has in a prompt: a link, a constant, or MISSING."""
    spec = None if node_type is None else node_type.input_by_name.get(name)
    if name in node.links:
        link = follow(node.links[name], "*" if spec is None else spec.port, library, state.nodes).link
        source = None if link is None else state.nodes.get(link.node)
        if link is not None and source is not None:
            return _constant_of(source, library) if _is_constant(source) else _reference(link, source, library)
        if link is not None:
            return _reference(link, None, library)
    if name in node.values:
        value = node.values[name]
        return wrap(_held(node, name, value, library) if isinstance(value, VariableRef) else value)
    if spec is None or spec.widget is None or spec.default is MISSING or spec.default is None:
        return MISSING
    return wrap(spec.default)


def _constant_of(source: Node, library: Library) -> Any:
    value = source.values.get("value")
    return wrap(_held(source, "value", value, library) if isinstance(value, VariableRef) else value)


def _held(node: Node, name: str, ref: VariableRef, library: Library) -> Any:
    """Return what a variable of the notebook holds now."""
    reading = None if library.variables is None else library.variables.readings().read(ref.name)
    if reading is None or reading.value is None:
        got = "which is not there" if reading is None else f"which holds a {reading.words}"
        raise NotInPromptError(
            f"{node.title or node.type}.{name} is bound to the variable {ref.name!r}, {got}; expected a number, "
            "text or True/False, all that a prompt can hold. Give the input a value, or link a node that makes it."
        )
    return reading.value


def _reference(link: Link, source: Node | None, library: Library) -> list[Any]:
    node_type = None if source is None else library.find(source.type)
    if node_type is not None and link.output in node_type.output_index:
        return [link.node, node_type.output_index[link.output]]
    index = link.output.removeprefix(_UNKNOWN_OUTPUT)
    if not index.lstrip("-").isdigit():
        raise NotInPromptError(
            f"Node {link.node!r} is of an unknown type, so its output {link.output!r} has no index, which a prompt "
            "needs. Define the type or install the package that has it."
        )
    return [link.node, int(index)]


def _is_constant(node: Node) -> bool:
    """Say whether a node is a named input, which prompts do not have."""
    return node.type in INPUT_TYPES.values()


def _checked(node_id: str, name: str, value: Any) -> Any:
    """Return a copy of a value in strict JSON types."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise NotInPromptError(
            f"Node {node_id!r}, input {name!r}: {value!r:.60} cannot be in a prompt ({error}). Set it to plain JSON."
        ) from error
