"""A small laboratory for engine tests: node types, one graph, a cache and the events of its runs."""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping
from threading import Event
from typing import Any, NamedTuple

from nodebook.engine.cache import MemoryCache
from nodebook.engine.compiled import Problem
from nodebook.engine.edits import AddNode, RemoveNode, SetLink, SetMode, SetTitle, SetValue, UnsetValue
from nodebook.engine.events import EventStream, RunEvent
from nodebook.engine.executor import Execution, RunResult, Services
from nodebook.engine.graph import GraphState, Link
from nodebook.engine.index import GraphIndex
from nodebook.engine.library import Library
from nodebook.engine.node import NodeFunction, node
from nodebook.engine.plan import Plan
from nodebook.engine.store import GraphStore
from nodebook.engine.valueops import ValueRegistry
from nodebook.jobs import Job, Worker
from nodebook.runs import Run


@node
def number(value: int = 0) -> int:
    return value


@node
def add(a: int = 0, b: int = 0) -> int:
    return a + b


@node(is_output=True)
def show(value: Any) -> None:
    del value


class Divided(NamedTuple):
    quotient: int
    remainder: int


@node
def divide(a: int = 7, b: int = 2) -> Divided:
    return Divided(a // b, a % b)


PLAIN: tuple[NodeFunction[..., Any], ...] = (number, add, show, divide)


def out(node_id: str, output: str = "INT") -> Link:
    """Name an output, to be given to an input."""
    return Link(node_id, output)


class Laboratory:
    """One graph over a library of its own; short ways to edit, plan and run it."""

    def __init__(
        self,
        *functions: NodeFunction[..., Any],
        cache_bytes: int = 10_000_000,
        values: ValueRegistry | None = None,
        resources: Mapping[Any, Any] | None = None,
    ) -> None:
        self.library = Library()
        self.library.ports.register_adapter("INT", "FLOAT", float)
        self.define(*functions)
        self.store = GraphStore(self.library)
        self.cache = MemoryCache(cache_bytes)
        self.stream = EventStream()
        self.events: list[RunEvent] = []
        self.stream.subscribe(self.events.append)
        self.services = Services(
            cache=self.cache, values=values or ValueRegistry(), stream=self.stream, resources=resources or {}
        )
        self.worker = Worker(self.services)

    def define(self, *functions: NodeFunction[..., Any]) -> None:
        for function in functions:
            self.library.define(function)

    def add(self, type_name: str | NodeFunction[..., Any], node_id: str | None = None, /, **inputs: Any) -> str:
        """Add a node; an input that is a ``Link`` is a link, anything else a value."""
        name = type_name if isinstance(type_name, str) else type_name.type_name
        node_id = node_id or self.store.state.next_id()
        links = {key: list(value) for key, value in inputs.items() if isinstance(value, Link)}
        values = {key: value for key, value in inputs.items() if not isinstance(value, Link)}
        self.store.edit([AddNode(node_id, {"type": name, "values": values, "links": links})], f"Add {name}")
        return node_id

    def set(self, node_id: str, **inputs: Any) -> None:
        edits = [
            SetLink(node_id, name, (value.node, value.output))
            if isinstance(value, Link)
            else SetValue(node_id, name, value)
            for name, value in inputs.items()
        ]
        self.store.edit(edits, "Set")

    def remove(self, node_id: str) -> None:
        self.store.edit([RemoveNode(node_id)], "Remove")

    def cut(self, node_id: str, name: str) -> None:
        self.store.edit([SetLink(node_id, name, None)], "Cut")

    def unset(self, node_id: str, name: str) -> None:
        self.store.edit([UnsetValue(node_id, name)], "Unset")

    def set_mode(self, node_id: str, mode: str | None) -> None:
        self.store.edit([SetMode(node_id, mode)], "Mode")

    def rename(self, node_id: str, title: str | None) -> None:
        self.store.edit([SetTitle(node_id, title)], "Rename")

    @property
    def keys(self) -> dict[str, bytes | None]:
        return dict(self.store.index().keys)

    @property
    def problems(self) -> list[Problem]:
        return self.store.problems()

    def codes(self) -> list[tuple[str, str | None, str]]:
        return [(problem.node, problem.input, problem.code) for problem in self.problems]

    def plan(self, *targets: str, values: Mapping[tuple[str, str], Any] | None = None) -> Plan:
        return self.store.plan(self.cache.get, targets or None, values)[0]

    def execute(self, *targets: str, cancelled: Event | None = None) -> RunResult:
        """Run once, without the worker's second attempt."""
        return Execution(self.plan(*targets), self.services, cancelled or Event()).run()

    def job(self, *targets: str, values: Mapping[tuple[str, str], Any] | None = None) -> Job:
        plan, state, problems = self.store.plan(self.cache.get, targets or None, values, for_run=True)
        return Job(self.store, plan, state, problems, lambda: self.store.plan(self.cache.get, plan.targets, values)[0])

    def run(self, *targets: str, values: Mapping[tuple[str, str], Any] | None = None) -> Run:
        """Run on this thread, as the worker does it."""
        return self.worker._run(self.job(*targets, values=values))

    def output(self, node_id: str, index: int = 0) -> Any:
        """What a target of the last run made."""
        return self.store.results[node_id].outputs[index]

    def told(self, *kinds: type) -> list[RunEvent]:
        """Events of some kinds, in order."""
        return [event for event in self.events if isinstance(event, kinds)]


def fresh_index(library: Library, state: GraphState) -> GraphIndex:
    """An index that sees a state for the first time."""
    index = GraphIndex(library)
    index.sync(state, set(state.nodes))
    return index


def from_source(source: str, **names: Any) -> Callable[..., Any]:
    """The function ``f`` of a notebook cell."""
    namespace: dict[str, Any] = {"__name__": "__main__", **names}
    exec(compile(source, "<cell>", "exec"), namespace)  # noqa: S102 -- what a notebook does
    function: Callable[..., Any] = namespace["f"]
    return function


def total(numbers: Iterable[int]) -> int:
    """Sum with nothing but ``+``, as a chain of add nodes does."""
    return functools.reduce(operator.add, numbers, 0)
