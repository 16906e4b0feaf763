"""Calling the function of a node: its arguments, one call or many, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from nodebook.engine.bound import live_value
from nodebook.engine.cache import Entry
from nodebook.engine.compiled import Compiled, Source
from nodebook.engine.context import NodeId
from nodebook.engine.expansion import OuterLink, Subgraph, subgraphs_of
from nodebook.engine.items import Block, Items
from nodebook.engine.node import Reference
from nodebook.engine.nodetype import NodeType
from nodebook.engine.returned import merge_calls, merge_payloads, split_returned
from nodebook.engine.valueops import ValueRegistry
from nodebook.errors import ExpansionError

SCALARS = frozenset({int, float, bool, str, bytes, type(None)})
NOTHING_ASKED: frozenset[str] = frozenset()


class Guarded(NamedTuple):
    """An input that a node could change in place: its value, and the value's version before the call."""

    input: str
    node: str
    value: Any
    version: Any


@dataclass(slots=True)
class Prepared:
    """The calls of a node: the arguments of each, or the ``Block`` that keeps it from being made."""

    calls: list[dict[str, Any] | Block]
    guarded: list[Guarded] = field(default_factory=list)
    is_mapped: bool = False
    """Whether single values came many at once, so that the outputs are many too."""


@dataclass(slots=True)
class Expanding:
    """A node that returned references: its outputs are those of nodes that have yet to run."""

    calls: list[tuple[Any, ...]]
    payload: Mapping[str, Any]
    subgraphs: list[tuple[int, Subgraph]]
    is_mapped: bool
    seconds: float

    def references(self) -> Iterator[Reference]:
        """Return the references among the outputs."""
        for outputs in self.calls:
            for value in outputs:
                yield from references_in(value)

    def resolve(self, node_type: NodeType, find: Callable[[Reference], Any], values: ValueRegistry) -> Entry:
        """Return the node's result, once ``find`` can say what each reference stands for."""
        calls = [tuple(_resolved(value, find) for value in outputs) for outputs in self.calls]
        outputs = merge_calls(calls, node_type, is_mapped=self.is_mapped)
        return make_entry(outputs, self.payload, self.seconds, values)


def references_in(value: Any) -> Iterator[Reference]:
    """Return the references that an output is or holds."""
    if isinstance(value, Reference):
        yield value
    elif type(value) is Items:
        for each in value:
            yield from references_in(each)


def _resolved(value: Any, find: Callable[[Reference], Any]) -> Any:
    if isinstance(value, Reference):
        return find(value)
    if type(value) is Items:
        flat: list[Any] = []
        for each in value:
            found = _resolved(each, find)
            flat.extend(found) if type(found) is Items else flat.append(found)
        return Items(flat)
    return value


Gathered = tuple[dict[str, Any], list[Guarded], bool]
"""The arguments of a node as they came, those that it could change, and whether some are many or refused."""


def gather(
    node_id: str,
    compiled: Compiled,
    live: Mapping[str, Entry],
    values: ValueRegistry,
    resources: Mapping[Any, Any],
    asked: frozenset[str] = NOTHING_ASKED,
) -> Gathered:
    """Collect a node's arguments; lazy inputs that are not ``asked`` for are None."""
    node_type = compiled.type
    assert node_type is not None  # noqa: S101 - plans hold runnable nodes only
    arguments = dict(compiled.literals)
    guarded: list[Guarded] = []
    is_special = bool(node_type.items_inputs)
    for each in compiled.live:
        arguments[each.input] = _blame(each.input, partial(live_value, copy=values.copy), each)
    for source in compiled.sources:
        spec = source.spec
        if spec is not None and spec.is_odd and (spec.is_raw or source.input not in asked):
            arguments[source.input] = OuterLink(source.node, source.slot) if spec.is_raw else None
            continue
        value = live[source.node].outputs[source.slot]
        kind = type(value)
        if kind not in SCALARS:
            version = values.version(value)
            if version is not None:
                guarded.append(Guarded(source.input, source.node, value, version))
            if kind is Items or kind is Block:
                is_special = True
                arguments[source.input] = value
                continue
        if source.convert is not None or (spec is not None and spec.check_linked):
            value = convert(source, value)
        arguments[source.input] = value
    for name, kind in node_type.hidden:
        arguments[name] = node_id if kind is NodeId else resources[kind]
    return arguments, guarded, is_special


def prepare(compiled: Compiled, gathered: Gathered) -> Prepared:
    """Return the calls that a node's arguments ask for."""
    arguments, guarded, is_special = gathered
    if not is_special:
        return Prepared([arguments], guarded)
    assert compiled.type is not None  # noqa: S101 - plans hold runnable nodes only
    return _spread(compiled, compiled.type, arguments, guarded)


def _spread(compiled: Compiled, node_type: NodeType, arguments: dict[str, Any], guarded: list[Guarded]) -> Prepared:
    """Turn arguments of which some are many, or refused, into the calls that they ask for.

    The longest decides how many calls there are, and a shorter one repeats its last value; an empty one leaves nothing
    to call for.
    """
    sources = {source.input: source for source in compiled.sources}
    refused: Block | None = None
    many: dict[str, list[Any]] = {}
    for name, value in arguments.items():
        source = sources.get(name)
        if name in node_type.items_inputs:
            items = arguments[name] = _all_items(value, source)
            refused = refused or next((each for each in items or () if type(each) is Block), None)
        elif type(value) is Items and source is not None:
            many[name] = [each if type(each) is Block else convert(source, each) for each in value]
        elif type(value) is Block:
            refused = refused or value
    count = 1 if not many else 0 if not all(many.values()) else max(map(len, many.values()))
    calls: list[dict[str, Any] | Block] = []
    for index in range(count):
        single = {name: each[min(index, len(each) - 1)] for name, each in many.items()}
        stop = refused or next((value for value in single.values() if type(value) is Block), None)
        calls.append(stop if stop is not None else {**arguments, **single})
    return Prepared(calls, guarded, is_mapped=bool(many))


def _all_items(value: Any, source: Source | None) -> Items[Any] | None:
    """Return what an input of many values gets: one value alone is a list of one."""
    if source is None:
        return None if value is None else Items(value) if isinstance(value, (list, tuple)) else Items((value,))
    if type(value) is Items:
        return Items(each if type(each) is Block else convert(source, each) for each in value)
    return Items((value,))


def convert(source: Source, value: Any) -> Any:
    """Return a linked value as its input takes it."""
    if source.convert is not None:
        value = _blame(source.input, source.convert, value)
    if source.spec is not None and source.spec.check_linked and source.spec.check is not None:
        value = _blame(source.input, source.spec.check, value)
    return value


def conclude_plain(returned: Any, node_type: NodeType, seconds: float, values: ValueRegistry) -> Entry | None:
    """Return the result of one call that returned one number or text; None for all else. Quick: most nodes do."""
    outputs, payload = split_returned(returned, node_type, values)
    if len(outputs) == 1 and not payload and type(outputs[0]) in SCALARS:
        return Entry(outputs, payload, values.nbytes(outputs[0]), seconds)
    return None


def conclude(
    returned: Iterable[Any], prepared: Prepared, node_type: NodeType, seconds: float, values: ValueRegistry
) -> Entry | Expanding:
    """Return a node's result from what its calls returned, or what must run before there is one."""
    calls: list[tuple[Any, ...]] = []
    payloads: list[Mapping[str, Any]] = []
    subgraphs: list[tuple[int, Subgraph]] = []
    for index, each in enumerate(returned):
        answer = each
        if isinstance(each, Subgraph):
            if node_type.outputs:
                raise ExpansionError(
                    f"{node_type.title} returned its Subgraph itself, which does not say what its outputs are. Return "
                    "one of its nodes for each output, for example `return sub.add(...)`."
                )
            subgraphs.append((index, each))
            answer = None
        outputs, payload = split_returned(answer, node_type, values)
        calls.append(outputs)
        payloads.append(payload)
        references = [found for value in outputs if type(value) not in SCALARS for found in references_in(value)]
        subgraphs.extend((index, graph) for graph in subgraphs_of(references) if (index, graph) not in subgraphs)
    payload = payloads[0] if len(payloads) == 1 else merge_payloads(payloads)
    if subgraphs or any(isinstance(value, OuterLink) for outputs in calls for value in outputs):
        return Expanding(calls, payload, subgraphs, prepared.is_mapped, seconds)
    outputs = merge_calls(calls, node_type, is_mapped=True) if prepared.is_mapped else calls[0]
    return make_entry(outputs, payload, seconds, values)


def make_entry(outputs: tuple[Any, ...], payload: Mapping[str, Any], seconds: float, values: ValueRegistry) -> Entry:
    """Return a result with its weight, and with what tells whether somebody changes it in place."""
    value_bytes = values.nbytes(payload) if payload else 0
    for output in outputs:
        value_bytes += values.nbytes(output)
    versions = None if len(outputs) == 1 and type(outputs[0]) in SCALARS else values.versions(outputs)
    return Entry(outputs, payload, value_bytes, seconds, versions)


def _blame(input_name: str, check: Callable[[Any], Any], value: Any) -> Any:
    """Convert a linked value; what goes wrong is the fault of that input."""
    try:
        return check(value)
    except Exception as error:
        error.add_note(f"nodebook-input: {input_name}")
        raise
