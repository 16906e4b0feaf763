"""From what a node function returned to the values of its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from nodebook.engine.graph import EMPTY
from nodebook.engine.items import Block, Items
from nodebook.engine.node import UI, Reference
from nodebook.engine.nodetype import NodeType, OutputSpec
from nodebook.engine.valueops import ValueRegistry
from nodebook.errors import OutputError

_PLAIN: dict[str, tuple[type, ...]] = {
    "INT": (int,),
    "FLOAT": (float, int),
    "STRING": (str,),
    "BOOLEAN": (bool,),
}


def split_returned(
    returned: Any, node_type: NodeType, values: ValueRegistry
) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """Return a value per output, as it travels, and what the node shows.

    A ``Block`` alone stands for all outputs; a ``Reference`` stays, for the engine to resolve. Raises ``OutputError``
    where the count or the type is not what the node declares.
    """
    payload: Mapping[str, Any] = EMPTY
    if isinstance(returned, UI):
        payload, returned = returned.payload, returned.outputs
        if len(node_type.outputs) == 1 and len(returned) == 1:
            returned = returned[0]
    outputs = node_type.outputs
    if type(returned) is Block:
        return (returned,) * len(outputs), payload
    if len(outputs) == 1 and not (node_type.returns_tuple and isinstance(returned, tuple)):
        return (_travel(returned, outputs[0], node_type, values),), payload
    if not outputs:
        if returned is None or (isinstance(returned, tuple) and not returned):
            return (), payload
        raise OutputError(
            f"{node_type.title} declares no outputs but returned {_kind(returned)}. Annotate the return type, for "
            "example `-> PIL.Image.Image`."
        )
    if not isinstance(returned, (tuple, list)) or len(returned) != len(outputs):
        names = ", ".join(spec.name for spec in outputs)
        raise OutputError(
            f"{node_type.title} must return a tuple of {len(outputs)} values ({names}); got {_kind(returned)}."
        )
    travelling = [_travel(value, spec, node_type, values) for value, spec in zip(returned, outputs, strict=True)]
    return tuple(travelling), payload


def _travel(value: Any, spec: OutputSpec, node_type: NodeType, values: ValueRegistry) -> Any:
    if isinstance(value, Block):
        return value
    if isinstance(value, Reference):
        return _own(value, node_type)
    if not spec.gives_items:
        return _travel_one(value, spec, node_type, values)
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        raise OutputError(
            f"{node_type.title} must return many values for output {spec.name!r} (a list, for example); got "
            f"{_kind(value)}."
        )
    single = replace(spec, gives_items=False)
    return Items(_travel(each, single, node_type, values) for each in value)


def _own(value: Reference, node_type: NodeType) -> Reference:
    if not value.is_of_run:
        raise OutputError(
            f"{node_type.title} returned {value!r}, which is part of another graph. Return a value, or nodes of a "
            "nb.Subgraph() that the node makes itself."
        )
    return value


def _travel_one(value: Any, spec: OutputSpec, node_type: NodeType, values: ValueRegistry) -> Any:
    expected = _PLAIN.get(spec.port)
    if expected is not None:
        if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
            value = value.item()  # a number of NumPy or torch
        if not isinstance(value, expected):
            raise OutputError(
                f"{node_type.title} must return {spec.port} for output {spec.name!r}; got {_kind(value)}. "
                "Return that type, or change the annotation."
            )
        return value
    if spec.to_wire is not None:
        try:
            value = spec.to_wire(value)
        except (TypeError, ValueError, AttributeError) as error:
            raise OutputError(
                f"{node_type.title} returned {_kind(value)} for output {spec.name!r} of type {spec.port}: {error}"
            ) from error
    elif value is None and spec.port != "*":
        raise OutputError(
            f"{node_type.title} must return {spec.port} for output {spec.name!r}; got None. Is a `return` missing?"
        )
    return values.protect(value)


def merge_calls(calls: list[tuple[Any, ...]], node_type: NodeType, *, is_mapped: bool) -> tuple[Any, ...]:
    """Return the outputs of a node from those of its calls: many calls make many values, one after another."""
    if not is_mapped:
        return calls[0]
    merged = []
    for index, spec in enumerate(node_type.outputs):
        values: list[Any] = []
        for outputs in calls:
            value = outputs[index]
            if spec.gives_items and isinstance(value, Items):
                values.extend(value)
            else:
                values.append(value)
        merged.append(Items(values))
    return tuple(merged)


def merge_payloads(payloads: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what the calls of a node show, joined: lists end to end, of other members the last."""
    shown = [payload for payload in payloads if payload]
    if len(shown) <= 1:
        return shown[0] if shown else EMPTY
    merged: dict[str, Any] = {}
    for payload in shown:
        for name, value in payload.items():
            before = merged.get(name)
            is_list = isinstance(before, (list, tuple)) and isinstance(value, (list, tuple))
            merged[name] = [*before, *value] if is_list and before is not None else value
    return merged


def _kind(value: Any) -> str:
    if value is None:
        return "None (is a `return` missing?)"
    if isinstance(value, (tuple, list)):
        return f"{type(value).__name__} of {len(value)}"
    return f"{type(value).__name__}"
