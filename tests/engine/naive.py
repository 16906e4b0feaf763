"""The engine's promise written out: a recursive evaluator that knows no keys, no plans and no lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nodebook.engine.graph import GraphState
from nodebook.engine.items import Block, Items

FAILED = "failed"
"""Stands for the result of a node that raised, or that follows one."""

Spec = tuple[Any, ...]

DEFAULTS: dict[str, dict[str, Any]] = {
    "source": {"value": 0.0, "name": ""},
    "double": {"value": None, "plus": 0.0},
    "add_floats": {"a": 0.0, "b": 0.0},
    "listed": {"count": 3, "start": 0.0},
    "total": {"values": None},
    "lazy_mix": {"mask": 0.0, "a": None, "b": None},
    "error": {"value": 0.0},
    "block_odd": {"value": None, "message": ""},
    "later": {"value": 0.0},
    "expand_sum": {"value": None, "times": 2},
    "count_down": {"number": None, "value": 0.0},
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "source": lambda value, name: value,  # noqa: ARG005 -- an input of the node
    "double": lambda value, plus: 2 * value + plus,
    "add_floats": lambda a, b: a + b,
    "listed": lambda count, start: Items(start + index for index in range(count)),
    "lazy_mix": lambda mask, a, b: (a or 0.0) * (1 - mask) + (b or 0.0) * mask,
    "block_odd": lambda value, message: Block(message or None) if value % 2 else value,
    "later": lambda value: value + 1,
    "expand_sum": lambda value, times: value * 2**times,
    "count_down": lambda number, value: value + number,
}


class Naive:
    """Remembers what has succeeded by everything that it depends on, written out."""

    def __init__(self) -> None:
        self.done: dict[Spec, Any] = {}
        self.ran: set[Spec] = set()

    def run(self, state: GraphState, targets: tuple[str, ...]) -> dict[str, Any]:
        """Return what each target gives; ``ran`` then has what had to run for it."""
        self.ran = set()
        return {node_id: self.value(state, node_id) for node_id in targets}

    def spec(self, state: GraphState, node_id: str) -> Spec:
        node = state.nodes[node_id]
        inputs = [
            (name, self.spec(state, node.links[name].node) if name in node.links else node.values.get(name, default))
            for name, default in DEFAULTS[node.type].items()
        ]
        return (node.type, *inputs)

    def value(self, state: GraphState, node_id: str) -> Any:
        spec = self.spec(state, node_id)
        if spec in self.done:
            return self.done[spec]
        node = state.nodes[node_id]
        given: dict[str, Any] = {}
        for name, default in DEFAULTS[node.type].items():
            if name not in node.links:
                given[name] = node.values.get(name, default)
            elif node.type == "lazy_mix" and name in "ab":
                given[name] = None
            else:
                given[name] = self.value(state, node.links[name].node)
        if FAILED in list(map(_flag, given.values())) or (
            node.type == "lazy_mix" and not self._ask(state, node_id, given)
        ):
            return FAILED
        result = _call(node.type, given)
        if isinstance(result, Refused):
            return result.value
        if result is FAILED:
            return FAILED
        self.ran.add(spec)
        self.done[spec] = result
        return result

    def _ask(self, state: GraphState, node_id: str, given: dict[str, Any]) -> bool:
        """Compute the inputs that a mix asks for; False where one of them failed."""
        node = state.nodes[node_id]
        masks = [each for each in _each(given["mask"]) if type(each) is not Block]
        for name, wants in (("a", any(mask < 1 for mask in masks)), ("b", any(mask > 0 for mask in masks))):
            if wants and name in node.links:
                given[name] = self.value(state, node.links[name].node)
        return FAILED not in (_flag(given["a"]), _flag(given["b"]))


class Refused:
    """A result of which no call was made."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _flag(value: Any) -> Any:
    return FAILED if value is FAILED else None


def _each(value: Any) -> list[Any]:
    return list(value) if type(value) is Items else [value]


def _call(kind: str, given: dict[str, Any]) -> Any:
    if kind == "total":
        values = _each(given["values"])
        return Refused(Block()) if any(type(each) is Block for each in values) else sum(values)
    many = {name: value for name, value in given.items() if type(value) is Items}
    if any(len(value) == 0 for value in many.values()):
        return Items()
    count = max(map(len, many.values()), default=1)
    results = [_single(kind, {n: _at(v, index) for n, v in given.items()}) for index in range(count)]
    if any(each is FAILED for each in results):
        return FAILED
    values = [each.value if type(each) is Refused else each for each in results]
    merged = values[0] if not many else Items(inner for each in values for inner in _flat(kind, each))
    return Refused(merged) if all(type(each) is Refused for each in results) else merged


def _flat(kind: str, value: Any) -> list[Any]:
    return list(value) if kind == "listed" and type(value) is Items else [value]


def _at(value: Any, index: int) -> Any:
    return value[min(index, len(value) - 1)] if type(value) is Items else value


def _single(kind: str, given: dict[str, Any]) -> Any:
    if any(type(each) is Block for each in given.values()):
        return Refused(Block())
    return FAILED if kind == "error" else FUNCTIONS[kind](**given)
