"""An input that is bound to a variable of the notebook, checked before the run as a literal or a link would be."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from nodebook.engine.fingerprint import encode
from nodebook.engine.literals import VariableRef
from nodebook.engine.node import NodeFunction, Reference
from nodebook.engine.nodetype import InputSpec, NodeType
from nodebook.engine.ports import ANY, Convert, PortClass, PortRegistry
from nodebook.engine.valueops import ValueRegistry
from nodebook.engine.values import class_name
from nodebook.engine.variables import PLAIN_TYPES, Reading, Readings, Taken, glance
from nodebook.errors import PortTypeError

if TYPE_CHECKING:
    from nodebook.engine.compiled import Compiled

_PORTS: dict[type, str] = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}


_PROGRAM = (ModuleType, FunctionType, type, Reference, NodeFunction)
"""What no one means to bind to an input that takes anything."""


class BindingError(Exception):
    """Carries the problem of a bound input to its node: a code and a message. Never leaves the engine."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class BoundValue:
    """Stands among the literals of a node for a value that is taken when a run is planned."""

    digest: bytes | None
    variable: str = field(compare=False)
    words: str = field(compare=False)

    def __repr__(self) -> str:
        return f"{self.variable} ({self.words})"


class LiveInput(NamedTuple):
    """An input that gets the value of a variable. ``taken`` is None until a run is planned."""

    input: str
    port: str
    value: BoundValue
    convert: Convert | None
    taken: Taken | None = None


class Bound(NamedTuple):
    """What an input that is bound comes to."""

    literal: Any
    key_part: bytes
    live: LiveInput | None
    is_unread: bool
    is_volatile: bool


def bind_input(
    spec: InputSpec, ref: VariableRef, node_type: NodeType, ports: PortRegistry, readings: Readings | None
) -> Bound | None:
    """Return what an input comes to that is bound to a variable; None: its default. Raises ``BindingError``."""
    where = f"{node_type.title}.{spec.name}"
    if readings is None:
        raise BindingError("no_variables", f"{where} reads the variable {ref.name!r}, and there is no notebook here.")
    reading = readings.read(ref.name)
    if reading is None:
        raise BindingError("missing_variable", _missing(where, ref.name, readings.names()))
    if reading.kind is type(None) and not spec.is_required:
        return None
    if spec.check is not None and (reading.kind in PLAIN_TYPES or not _ports_of(reading, ports, spec)):
        return _checked(where, spec, reading)
    port, convert = _route(where, spec, reading, ports)
    value = BoundValue(reading.digest, reading.name, reading.words)
    # The name of the variable is no part of the key, but how its value is converted is.
    part = b"%b$%b>%b:%b" % (spec.key_name, port.encode(), spec.port.encode(), reading.digest or b"")
    live = LiveInput(spec.name, port, value, convert)
    return Bound(value, part, live, reading.is_unread, reading.digest is None)


def would_fit(spec: InputSpec, value: Any, values: ValueRegistry, ports: PortRegistry) -> bool:
    """Say whether an input takes a value, as far as that can be told without reading its content."""
    reading = glance(spec.name, value, values)
    try:
        if spec.check is not None and (reading.kind in PLAIN_TYPES or not _ports_of(reading, ports, spec)):
            _checked("", spec, reading)
        else:
            _route("", spec, reading, ports)
    except BindingError:
        return False
    return not isinstance(value, _PROGRAM) or spec.port != ANY


def _checked(where: str, spec: InputSpec, reading: Reading) -> Bound:
    """Return a number, text or switch as the literal that it is, with that literal's key."""
    assert spec.check is not None  # noqa: S101 -- looked at by the caller
    if reading.kind not in PLAIN_TYPES:
        raise BindingError("bad_variable", _unfit(where, spec, reading, ""))
    try:
        checked = spec.check(reading.value)
    except ValueError as error:
        raise BindingError(
            "bad_value",
            f"{where} is bound to the variable {reading.name!r}, which is {reading.words}: {error}. Give the variable "
            "another value, or bind another one.",
        ) from None
    part = spec.key_name + encode(checked)
    if spec.from_wire is not None and checked is not None:
        checked = spec.from_wire(checked)
    return Bound(checked, part, None, is_unread=False, is_volatile=False)


def _ports_of(reading: Reading, ports: PortRegistry, spec: InputSpec) -> bool:
    return any(ports.fits(port, spec.port) for port, _ in _candidates(reading, ports))


def _route(where: str, spec: InputSpec, reading: Reading, ports: PortRegistry) -> tuple[str, Convert | None]:
    """Return the port type that a value has here, and what makes it what the input takes."""
    first: PortTypeError | None = None
    is_many = spec.takes_items and reading.item_kind is not None
    found = _of_kind(reading.item_kind, ports) if is_many else _candidates(reading, ports)
    for port, known in found:
        try:
            adapt = ports.route(port, spec.port)
        except PortTypeError as error:
            first = first or error
            continue
        to_wire = known.to_wire if known is not None else ports.find_wire(port)
        one = _chain(to_wire, adapt, spec.from_wire)
        return port, _for_each(one) if is_many and one is not None else one
    raise BindingError("bad_variable", _unfit(where, spec, reading, "" if first is None else f" ({first})"))


def _for_each(convert: Convert) -> Convert:
    return lambda value: list(map(convert, value))


def _candidates(reading: Reading, ports: PortRegistry) -> Iterator[tuple[str, PortClass | None]]:
    """Yield the port types that a value may have, the closest first."""
    if reading.port is not None:
        yield reading.port, PortClass(reading.port)
    if reading.item_kind is not None:
        for base in reading.item_kind.__mro__:
            known = ports.find_class(f"list[{class_name(base)}]")
            if known is not None:
                yield known.port, known
    yield from _of_kind(reading.kind, ports)


def _of_kind(kind: type | None, ports: PortRegistry) -> Iterator[tuple[str, PortClass | None]]:
    """Yield the port types of the values of a class."""
    if kind is None:
        return
    if kind in _PORTS:
        yield _PORTS[kind], None
        return
    for base in kind.__mro__:
        known = ports.find_class(class_name(base))
        if known is not None:
            yield known.port, known
    for base in kind.__mro__:
        if base is not object:
            yield class_name(base).removeprefix("__main__."), None


def _chain(*steps: Convert | None) -> Convert | None:
    """Return one conversion for several, None where there is none."""
    wanted = [each for each in steps if each is not None]
    if len(wanted) <= 1:
        return wanted[0] if wanted else None

    def convert(value: Any) -> Any:
        for each in wanted:
            value = each(value)
        return value

    return convert


def _missing(where: str, name: str, names: list[str]) -> str:
    if not name.isidentifier():
        return f"{where} is bound to {name!r}, which is no name of a variable. Choose one, or give it a value."
    near = difflib.get_close_matches(name, names, n=3)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    return (
        f"{where} is bound to the variable {name!r}, which the notebook does not have (any more).{hint} Run the cell "
        "that makes it, bind another variable, or give the input a value."
    )


def _unfit(where: str, spec: InputSpec, reading: Reading, why: str) -> str:
    kind = reading.kind
    named = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    takes = "anything" if spec.port == ANY else spec.port
    return (
        f"{where} takes {takes}, but the variable {reading.name!r} that it is bound to is {reading.words}, a {named}"
        f"{why}. Convert it in a cell, or bind another variable."
    )


def unread_message(title: str, ref: VariableRef) -> str:
    """Return what is said of a large variable that was not read after a cell."""
    return (
        f"{title}: the variable {ref.name!r} is too large to be read after each cell, so it may have changed. The next "
        f"run reads it in full. To have it read just once, make it read-only: {ref.name}.flags.writeable = False."
    )


def untold_message(title: str, ref: VariableRef, words: str) -> str:
    """Return what is said of a variable without content."""
    return (
        f"{title} runs each time: nothing can tell when the variable {ref.name!r} ({words}) changes. Bind numbers, "
        "text, arrays, pictures, frames or containers of them to have results kept."
    )


def take_values(compiled: Compiled, readings: Readings) -> Compiled | None:
    """Return a node with the values that its run will use; None where one of them has changed since it was read."""
    taken = [(each, readings.take(each.value.variable, each.value.digest)) for each in compiled.live]
    if any(value is None for _, value in taken):
        return None
    return replace(compiled, live=tuple(each._replace(taken=value) for each, value in taken))


def live_value(live: LiveInput, copy: Callable[[Any], Any]) -> Any:
    """Return what a call gets for an input: a value that nobody else has, or that nobody can change."""
    taken = live.taken
    assert taken is not None  # noqa: S101 -- the plan of a run has taken them
    value = taken.value if taken.is_shared else copy(taken.value)
    return value if live.convert is None else live.convert(value)
