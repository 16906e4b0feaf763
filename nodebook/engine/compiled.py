"""One node, checked and made ready to run: what of it does not depend on any other node's result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nodebook.engine.bound import BindingError, LiveInput, bind_input, unread_message, untold_message
from nodebook.engine.fingerprint import FORMAT, encode
from nodebook.engine.graph import Link, Node
from nodebook.engine.hooks import ask_hooks
from nodebook.engine.library import Library
from nodebook.engine.literals import VariableRef
from nodebook.engine.nodetype import InputSpec, NodeType
from nodebook.engine.ports import ANY, Convert
from nodebook.engine.routing import follow
from nodebook.engine.variables import Readings
from nodebook.engine.words import clipped
from nodebook.errors import PortTypeError

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
    via: tuple[str, ...] = ()
    """Switched-off nodes that its links pass: it must be looked at again when one of them changes."""
    is_bound: bool = False
    """Whether its key means something in this process only, so that no other may have its results."""
    variables: tuple[str, ...] = ()
    """Variables of the notebook that it reads: it must be looked at again when a cell has run."""
    live: tuple[LiveInput, ...] = ()
    """Inputs that get the value of a variable which is no literal."""


class Route(NamedTuple):
    """What a link from one output to one input means; the same for every pair of nodes of two types."""

    slot: int
    convert: Convert | None
    key_part: bytes
    problem: tuple[str, str] | None
    """Code and message, where the link cannot be."""

    @property
    def is_misfit(self) -> bool:
        """Whether the output is there but of a type that the input does not take."""
        return self.problem is not None and self.problem[0] == "bad_link"


def compile_node(
    node_id: str,
    node: Node,
    library: Library,
    nodes: Mapping[str, Node],
    readings: Readings | None = None,
    *,
    all_run: bool = False,
) -> Compiled:
    """Check a node against its type and its direct sources. Never raises on a bad graph: problems say what is wrong.

    ``all_run``: no node is switched off, so links lead where they say. ``readings``: what variables hold.
    """
    node_type = library.find(node.type)
    if node.mode is not None:
        return Compiled(node, node_type, {}, (), (), b"", is_runnable=False)
    if node_type is None:
        return _placeholder(node_id, node)
    problems: list[Problem] = []
    literals: dict[str, Any] = {}
    sources: list[Source] = []
    key_parts = [FORMAT, node_type.code]
    links, values = node.links, node.values
    via: tuple[str, ...] = ()
    bound = _Bindings(node_id, node_type, library, readings)
    if links and not all_run:
        links, via = _effective(node, node_type, library, nodes)
    for spec in node_type.inputs:
        name = spec.name
        try:
            if name in links:
                route = _find_route(links[name], spec, node_type, library, nodes)
                sources.append(Source(name, links[name].node, route.slot, route.convert, spec))
                key_parts.append(route.key_part)
                if route.problem is not None and not (node_type.checks_link_types and route.is_misfit):
                    problems.append(Problem(node_id, name, *route.problem))
                continue
            literal, part = _value(spec, values, node_type, bound)
        except _Unusable as bad:
            problems.append(Problem(node_id, name, bad.code, _with_reason(bad.message, name, node.links, nodes)))
            if name in node.links:  # noted, so that the node is looked at again when its source comes
                sources.append(Source(name, node.links[name].node, 0, None, spec))
            continue
        key_parts.append(part)
        literals[name] = literal
    known = node_type.input_by_name.keys()
    is_volatile = not node_type.is_cached
    if node_type.has_hooks or not (links.keys() <= known and values.keys() <= known):
        parts = _Parts(node_id, node, node_type, problems, literals, sources, links, key_parts, bound)
        is_volatile |= _finish(parts, library, nodes)
    problems.extend(bound.warnings)
    return Compiled(
        node,
        node_type,
        literals,
        tuple(sources),
        tuple(problems),
        b"\0".join(key_parts),
        is_volatile or bound.is_volatile,
        not problems or _may_run(problems),
        via,
        not node_type.is_portable,
        tuple(bound.names),
        tuple(bound.live),
    )


class _Bindings:
    """What of a node is bound to variables, while that is being found out."""

    __slots__ = ("_library", "_node_id", "_readings", "_type", "is_volatile", "live", "names", "warnings")

    def __init__(self, node_id: str, node_type: NodeType, library: Library, readings: Readings | None) -> None:
        self._node_id = node_id
        self._type = node_type
        self._library = library
        self._readings = readings
        self.names: dict[str, None] = {}
        self.live: list[LiveInput] = []
        self.warnings: list[Problem] = []
        self.is_volatile = False

    def take(self, spec: InputSpec, ref: VariableRef) -> tuple[Any, bytes]:
        """Return the literal of a bound input, and its part of the key. Raises ``_Unusable``."""
        self.names[ref.name] = None
        try:
            found = bind_input(spec, ref, self._type, self._library.ports, self._readings)
        except BindingError as error:
            raise _Unusable(error.code, error.message) from None
        if found is None:
            return _default(spec, self._type)
        if found.live is not None:
            self.live.append(found.live)
        if found.is_unread:
            self._warn(spec.name, "unread_variable", unread_message(self._type.title, ref))
        if found.is_volatile:
            self.is_volatile = True
            self._warn(spec.name, "untold_variable", untold_message(self._type.title, ref, found.literal.words))
        return found.literal, found.key_part

    def _warn(self, name: str, code: str, message: str) -> None:
        self.warnings.append(Problem(self._node_id, name, code, message, "warning"))


class _Parts(NamedTuple):
    """What a node is compiled to, while that is being found out; ``links`` are past what is switched off."""

    node_id: str
    node: Node
    type: NodeType
    problems: list[Problem]
    literals: dict[str, Any]
    sources: list[Source]
    links: Mapping[str, Link]
    key_parts: list[bytes]
    bound: _Bindings

    def undeclared(self) -> list[str]:
        """Return the inputs that the type does not declare."""
        given = dict.fromkeys((*self.node.links, *self.node.values))
        return [name for name in given if name not in self.type.input_by_name]


def _effective(
    node: Node, node_type: NodeType, library: Library, nodes: Mapping[str, Node]
) -> tuple[Mapping[str, Link], tuple[str, ...]]:
    """Return a node's links as they lead past what is switched off, and which switched-off nodes they pass."""
    links = node.links
    for link in links.values():
        source = nodes.get(link.node)
        if source is not None and source.mode is not None:
            break
    else:
        return links, ()
    found: dict[str, Link] = {}
    passed: list[str] = []
    for name, link in links.items():
        spec = node_type.input_by_name.get(name)
        way = follow(link, ANY if spec is None else spec.port, library, nodes)
        passed.extend(way.passed)
        if way.link is not None:
            found[name] = way.link
    return found, tuple(passed)


def _finish(parts: _Parts, library: Library, nodes: Mapping[str, Node]) -> bool:
    """Add undeclared inputs, and what the type's own hooks say; return whether the node runs each time."""
    if parts.undeclared():
        extra = _take_extra(parts, library, nodes) if parts.type.takes_any else _unknown_inputs(parts)
        parts.problems.extend(extra)
    if not parts.type.has_hooks or not _may_run(parts.problems):
        return False
    literals, linked = parts.literals, _linked_ports(parts.sources, library, nodes)
    if parts.bound.live:  # what such an input holds is not there before the run, as with a link
        linked.update((each.input, each.port) for each in parts.bound.live)
        literals = {name: value for name, value in literals.items() if name not in linked}
    asked = ask_hooks(parts.node_id, parts.type, literals, linked)
    parts.key_parts.extend(asked.parts)
    parts.problems.extend(Problem(parts.node_id, *each) for each in asked.problems)
    return asked.is_volatile


def _linked_ports(sources: list[Source], library: Library, nodes: Mapping[str, Node]) -> dict[str, str]:
    """Return the port type of what arrives at each linked input."""
    found: dict[str, str] = {}
    for source in sources:
        node = nodes.get(source.node)
        node_type = None if node is None else library.find(node.type)
        found[source.input] = ANY if node_type is None else node_type.outputs[source.slot].port
    return found


def _with_reason(message: str, name: str, links: Mapping[str, Link], nodes: Mapping[str, Node]) -> str:
    """Say of a missing input that it is linked to a node that is switched off."""
    source = nodes.get(links[name].node) if name in links else None
    if source is None or source.mode is None:
        return message
    state = "muted" if source.mode == "mute" else "bypassed, and none of its inputs fits here"
    return f"{message} Node {links[name].node}, which it is linked to, is {state}: enable that, or link another."


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


def _value(spec: InputSpec, values: Mapping[str, Any], node_type: NodeType, bound: _Bindings) -> tuple[Any, bytes]:
    """Return what an input without a link gets, and its part of the key."""
    if spec.name not in values:
        return _default(spec, node_type)
    value = values[spec.name]
    return bound.take(spec, value) if type(value) is VariableRef else _literal(spec, value, node_type)


def _literal(spec: InputSpec, value: Any, node_type: NodeType) -> tuple[Any, bytes]:
    """Return a literal as the function gets it, and its part of the key."""
    if spec.check is None:
        if value is None and not spec.is_required:
            return _default(spec, node_type)
        what, which = ("what comes", "") if spec.port == ANY else (spec.port, f" of type {spec.port}")
        shown = clipped(repr(value), _SHOWN_CHARACTERS)
        raise _Unusable(
            "needs_link",
            f"{node_type.title}.{spec.name} takes {what} from another node, not the value {shown}. Connect an "
            f"output{which}.",
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
        return Route(index, None, b"%s@%d" % (spec.name.encode(), index), ("bad_link", message))
    part = b"%s@%d" % (spec.name.encode(), index)
    if convert is not None:
        part += f"|{port}>{spec.port}".encode()
    return Route(index, _chain(convert, spec.from_wire), part, None)


def _take_extra(parts: _Parts, library: Library, nodes: Mapping[str, Node]) -> Iterator[Problem]:
    """Pass undeclared inputs on, for a type that takes ``**inputs``."""
    for name in sorted(parts.undeclared()):
        spec = InputSpec(name, ANY, None)
        link = parts.links.get(name)
        if link is None:
            if name in parts.node.values:
                value: Any = parts.node.values[name]
                try:
                    is_bound = type(value) is VariableRef
                    part = parts.bound.take(spec, value) if is_bound else (value, spec.key_name + encode(value))
                except _Unusable as bad:
                    yield Problem(parts.node_id, name, bad.code, bad.message)
                else:
                    parts.literals[name] = part[0]
                    parts.key_parts.append(part[1])
            continue
        try:
            route = _find_route(link, spec, parts.type, library, nodes)
        except _Unusable as bad:
            yield Problem(parts.node_id, name, bad.code, bad.message)
            route = Route(0, None, b"", None)
        if route.problem is not None:
            yield Problem(parts.node_id, name, *route.problem)
        parts.sources.append(Source(name, link.node, route.slot, route.convert, None))
        parts.key_parts.append(route.key_part)


def _unknown_inputs(parts: _Parts) -> Iterator[Problem]:
    names = ", ".join(parts.type.input_by_name) or "none"
    for name in parts.undeclared():
        message = (
            f"{parts.type.title} has no input {name!r}; what it holds is kept and not used. Its inputs are: {names}. "
            f"It is used again when an input has that name; .set({name}=None) on the node's handle clears it."
        )
        yield Problem(parts.node_id, name, "unknown_input", message, "warning")


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
