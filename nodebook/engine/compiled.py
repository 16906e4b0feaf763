"""One node, checked and made ready to run: what of it does not depend on any other node's result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nodebook.engine.fingerprint import FORMAT, encode
from nodebook.engine.graph import Link, Node
from nodebook.engine.library import Library
from nodebook.engine.nodetype import InputSpec, NodeType
from nodebook.engine.ports import Convert
from nodebook.errors import FingerprintError, PortTypeError

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a node, and where. Only problems of severity ``error`` keep the node from running."""

    node: str
    input: str | None
    code: str
    message: str
    severity: str = "error"


class Source(NamedTuple):
    """Where the value of a linked input comes from, and what happens to it on the way."""

    input: str
    node: str
    slot: int
    convert: Convert | None
    spec: InputSpec | None


@dataclass(slots=True)
class Compiled:
    """A node that is ready to run, or the problems that keep it from it.

    ``prefix`` holds all of the node's key but its sources' keys: code version, literals, and which output feeds which
    input.
    """

    node: Node
    type: NodeType | None
    literals: dict[str, Any]
    sources: tuple[Source, ...]
    problems: tuple[Problem, ...]
    prefix: bytes
    is_volatile: bool = False
    is_runnable: bool = True
    """Whether nothing of the node itself keeps it from running."""


class Route(NamedTuple):
    """What a link from one output to one input means; the same for every pair of nodes of two types."""

    slot: int
    convert: Convert | None
    key_part: bytes
    problem: tuple[str, str] | None
    """Code and message, where the link cannot be."""


def compile_node(node_id: str, node: Node, library: Library, nodes: Mapping[str, Node]) -> Compiled:
    """Check a node against its type and its direct sources. Never raises on a bad graph: problems say what is wrong."""
    node_type = library.find(node.type)
    if node_type is None:
        return _placeholder(node_id, node)
    problems: list[Problem] = []
    literals: dict[str, Any] = {}
    sources: list[Source] = []
    key_parts = [FORMAT, node_type.code]
    links, values = node.links, node.values
    for spec in node_type.inputs:
        name = spec.name
        try:
            if name in links:
                link = links[name]
                route = _find_route(link, spec, node_type, library, nodes)
                sources.append(Source(name, link.node, route.slot, route.convert, spec))
                key_parts.append(route.key_part)
                if route.problem is not None:
                    problems.append(Problem(node_id, name, *route.problem))
                continue
            literal, part = _literal(spec, values[name], node_type) if name in values else _default(spec, node_type)
        except _Unusable as bad:
            problems.append(Problem(node_id, name, bad.code, bad.message))
            if name in links:  # noted, so that the node is looked at again when its source comes
                sources.append(Source(name, links[name].node, 0, None, spec))
            continue
        key_parts.append(part)
        literals[name] = literal
    known = node_type.input_by_name.keys()
    if not (links.keys() <= known and values.keys() <= known):
        problems.extend(_unknown_inputs(node_id, node, node_type))
    # What a linked value will be is not known before the run, so a fingerprint of it can only be had by running.
    is_volatile = not node_type.is_cached or (node_type.fingerprint is not None and bool(sources))
    if node_type.fingerprint is not None and not sources and _may_run(problems):
        _add_own_fingerprint(node_id, node_type, literals, key_parts, problems)
    prefix = b"\0".join(key_parts)
    runs = not problems or _may_run(problems)
    return Compiled(node, node_type, literals, tuple(sources), tuple(problems), prefix, is_volatile, runs)


def _may_run(problems: list[Problem]) -> bool:
    return all(problem.severity != "error" for problem in problems)


class _Unusable(Exception):  # noqa: N818 - carries a problem to its place, and never leaves this module
    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


def _placeholder(node_id: str, node: Node) -> Compiled:
    message = (
        f"There is no node type {node.type!r} here. Its values and links are kept; define it or install the package "
        "that has it, or replace the node."
    )
    sources = tuple(Source(name, link.node, 0, None, None) for name, link in node.links.items())
    return Compiled(node, None, {}, sources, (Problem(node_id, None, "unknown_type", message),), b"", is_runnable=False)


def _literal(spec: InputSpec, value: Any, node_type: NodeType) -> tuple[Any, bytes]:
    """Return a literal as the function gets it, and its part of the key."""
    if spec.check is None:
        if value is None and not spec.is_required:
            return _default(spec, node_type)
        raise _Unusable(
            "needs_link",
            f"{node_type.title}.{spec.name} takes {spec.port} from another node, not the value {_short(value)}. "
            f"Connect an output of type {spec.port}.",
        )
    try:
        checked = spec.check(value)
    except ValueError as error:
        raise _Unusable("bad_value", f"{node_type.title}.{spec.name}: {error}. {_allowed(spec)}") from None
    return _given(spec, checked)


def _default(spec: InputSpec, node_type: NodeType) -> tuple[Any, bytes]:
    if spec.is_required:
        wanted, verb = (
            ("a value", "set it") if spec.check is not None else (f"an output of type {spec.port}", "connect one")
        )
        raise _Unusable(
            "missing_input", f"{node_type.title} needs {spec.name}: expected {wanted}, got nothing; {verb}."
        )
    known = node_type.given_defaults.get(spec.name)
    if known is None:
        known = node_type.given_defaults[spec.name] = _given(spec, spec.default)
    return known


def _given(spec: InputSpec, checked: Any) -> tuple[Any, bytes]:
    part = spec.key_name + encode(checked)
    if spec.from_wire is not None and checked is not None:
        checked = spec.from_wire(checked)
    return checked, part


def _find_route(link: Link, spec: InputSpec, node_type: NodeType, library: Library, nodes: Mapping[str, Node]) -> Route:
    source = nodes.get(link.node)
    if source is None:
        raise _Unusable(
            "missing_source",
            f"{node_type.title}.{spec.name} is linked to node {link.node!r}, which the graph does not have. Connect it "
            "to another output.",
        )
    pair = (source.type, link.output, node_type.name, spec.name)
    known = library.routes.get(pair)
    if known is None:
        known = library.routes[pair] = _make_route(link.output, library.find(source.type), spec, node_type, library)
    return known


def _make_route(
    output: str, source_type: NodeType | None, spec: InputSpec, node_type: NodeType, library: Library
) -> Route:
    if source_type is None:
        # A placeholder has its own problem; what it would give is not known.
        return Route(0, spec.from_wire, b"", None)
    index = source_type.output_index.get(output)
    if index is None:
        names = ", ".join(source_type.output_index) or "none"
        message = f"{source_type.title} has no output {output!r}. Its outputs are: {names}."
        return Route(0, None, b"", ("missing_output", message))
    port = source_type.outputs[index].port
    try:
        convert = library.ports.route(port, spec.port)
    except PortTypeError as error:
        message = f"Cannot connect {source_type.title}.{output} to {node_type.title}.{spec.name}: {error}"
        return Route(index, None, b"", ("bad_link", message))
    part = b"%s@%d" % (spec.name.encode(), index)
    if convert is not None:
        part += f"|{port}>{spec.port}".encode()
    return Route(index, _chain(convert, spec.from_wire), part, None)


def _unknown_inputs(node_id: str, node: Node, node_type: NodeType) -> Iterator[Problem]:
    names = ", ".join(node_type.input_by_name) or "none"
    for name in dict.fromkeys((*node.links, *node.values)):
        if name not in node_type.input_by_name:
            message = (
                f"{node_type.title} has no input {name!r}; what it holds is kept and not used. Its inputs are: {names}."
            )
            yield Problem(node_id, name, "unknown_input", message, "warning")


def _add_own_fingerprint(
    node_id: str, node_type: NodeType, literals: dict[str, Any], key_parts: list[bytes], problems: list[Problem]
) -> None:
    """Add what the type's own fingerprint says of the literals: a file's content, for example."""
    hook = node_type.fingerprint
    if hook is None:
        return
    try:
        key_parts.append(encode(hook(**{name: literals[name] for name in node_type.fingerprint_inputs})))
    except FingerprintError as error:
        problems.append(Problem(node_id, None, "bad_fingerprint", f"{node_type.title}: {error}"))
    except Exception as error:  # noqa: BLE001 - the hook is anybody's code, and a bad graph must not raise
        only = node_type.fingerprint_inputs[0] if len(node_type.fingerprint_inputs) == 1 else None
        problems.append(Problem(node_id, only, "bad_value", f"{node_type.title}: {error}"))


def _chain(first: Convert | None, second: Convert | None) -> Convert | None:
    if first is None or second is None:
        return first or second
    return lambda value: second(first(value))


def _allowed(spec: InputSpec) -> str:
    widget: Mapping[str, Any] = spec.widget or {}
    if widget.get("kind") == "choice":
        return f"Choose one of {', '.join(map(str, widget['options']))}."
    low, high = widget.get("min"), widget.get("max")
    if low is not None and high is not None:
        return f"Choose a value from {low} to {high}."
    return f"Set it to a value of type {spec.port}."


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
