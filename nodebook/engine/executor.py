"""Runs a plan, one node after the other, on the thread that calls it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Event
from time import perf_counter
from typing import Any

from nodebook.engine import events
from nodebook.engine.cache import Entry, ResultCache
from nodebook.engine.collector import collector_relaxed
from nodebook.engine.context import NodeContext, NodeId, current_node
from nodebook.engine.failures import describe_failure
from nodebook.engine.plan import Plan, Step
from nodebook.engine.returned import split_returned
from nodebook.engine.valueops import ValueRegistry
from nodebook.errors import Cancelled, MutatedInputError

_SCALARS = frozenset({int, float, bool, str, bytes, type(None)})


@dataclass(slots=True)
class RunResult:
    """What a run made: ids in the order in which they ran, and the results of its targets."""

    executed: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    """Nodes of the plan whose result another run had made meanwhile."""
    errors: dict[str, events.NodeError] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    """Id → id of the node that kept it from running."""
    results: dict[str, Entry] = field(default_factory=dict)
    cancelled: bool = False
    spoilt: bool = False
    """A node changed a cached result in place that this plan cannot make again: plan and run once more."""


@dataclass(frozen=True, slots=True)
class Services:
    """What nodes and results are run with. ``resources`` are what ``Hidden[T]`` parameters get, by type."""

    cache: ResultCache
    values: ValueRegistry = field(default_factory=ValueRegistry)
    stream: events.EventStream = field(default_factory=events.EventStream)
    resources: Mapping[Any, Any] = field(default_factory=dict)
    around: Callable[[], AbstractContextManager[Any]] = nullcontext
    """Entered once around a run, on its thread: torch without gradients, for example."""


class Execution:
    """One run of one plan."""

    def __init__(self, plan: Plan, services: Services, cancelled: Event, *, run: int = 0, graph: int = 0) -> None:
        self.plan = plan
        self.services = services
        self.cancelled = cancelled
        self.run_id = run
        self.graph_id = graph
        self.result = RunResult()
        self._live: dict[str, Entry] = {node: held.entry for node, held in plan.held.items()}
        self._waiting = self._count_consumers()
        self._targets = frozenset(plan.targets)
        self._steps: dict[str, Step] | None = None
        self._dropped: set[str] = set()
        self._is_heard = True

    def run(self) -> RunResult:
        """Run all steps. Node errors are in the result; nothing a node raises comes out of here."""
        self.result.skipped.update({node: by for node, by in self.plan.blocked.items() if node != by})
        self._is_heard = bool(self.services.stream)
        with self.services.around(), collector_relaxed():
            token = current_node.set(None)
            try:
                for step in self.plan.steps:
                    if self.cancelled.is_set():
                        self.result.cancelled = True
                        break
                    self._step(step)
                self.result.cancelled = self.result.cancelled or self.cancelled.is_set()
                for target in self._dropped.intersection(self._targets):
                    self._restore(target)
            finally:
                current_node.reset(token)
        self.result.results = {node: self._live[node] for node in self.plan.targets if node in self._live}
        self._live.clear()
        return self.result

    def _count_consumers(self) -> dict[str, int]:
        waiting: dict[str, int] = {}
        for step in self.plan.steps:
            for source in step.compiled.sources:
                waiting[source.node] = waiting.get(source.node, 0) + 1
        return waiting

    def _step(self, step: Step) -> None:
        node_id = step.id
        entry = self.services.cache.get(step.key)
        if entry is not None:
            self.result.found.append(node_id)
            self._tell(events.NodeFinished(self.run_id, self.graph_id, node_id, 0.0, True))
        else:
            entry = self._make(step)
        if entry is not None:
            self._live[node_id] = entry
        self._release(step)

    def _make(self, step: Step) -> Entry | None:
        node_id = step.id
        for source in step.compiled.sources:
            if source.node not in self._live and not self._restore(source.node):
                because = self.result.skipped.get(source.node, source.node)
                self.result.skipped[node_id] = because
                self._tell(events.NodeSkipped(self.run_id, self.graph_id, node_id, because))
                return None
        if self._is_heard:
            self._tell(events.NodeStarted(self.run_id, self.graph_id, node_id))
        try:
            entry = self._call(step)
        except Cancelled:
            self.cancelled.set()
            self.result.cancelled = True
            return None
        except BaseException as error:  # noqa: BLE001 - a node may raise anything, and no branch may stop another
            failure = describe_failure(error, step)
            self.result.errors[node_id] = failure
            self._tell(events.NodeFailed(self.run_id, self.graph_id, node_id, failure))
            return None
        self.result.executed.append(node_id)
        self.services.cache.put(step.key, entry)
        if self._is_heard:
            self._tell(events.NodeFinished(self.run_id, self.graph_id, node_id, entry.seconds))
        return entry

    def _call(self, step: Step) -> Entry:
        compiled = step.compiled
        node_type = compiled.type
        assert node_type is not None  # noqa: S101 - plans hold runnable nodes only
        arguments = dict(compiled.literals)
        guarded = self._gather(step, arguments)
        for name, kind in node_type.hidden:
            arguments[name] = step.id if kind is NodeId else self.services.resources[kind]
        current_node.set(NodeContext(step.id, self.cancelled, self._progress, self._preview))
        start = perf_counter()
        try:
            returned = node_type.function(**arguments)
        except BaseException:
            self._drop_changed(guarded)
            raise
        seconds = perf_counter() - start
        changed = self._drop_changed(guarded) if guarded else None
        if changed is not None:
            raise _mutated(step, changed)
        values = self.services.values
        outputs, payload = split_returned(returned, node_type, values)
        value_bytes = values.nbytes(payload) if payload else 0
        for output in outputs:
            value_bytes += values.nbytes(output)
        versions = None if len(outputs) == 1 and type(outputs[0]) in _SCALARS else values.versions(outputs)
        return Entry(outputs, payload, value_bytes, seconds, versions)

    def _gather(self, step: Step, arguments: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
        """Fill in linked inputs; return (input, source, value, version) of those that a node could change in place."""
        guarded = []
        for source in step.compiled.sources:
            value = self._live[source.node].outputs[source.slot]
            if type(value) not in _SCALARS:
                version = self.services.values.version(value)
                if version is not None:
                    guarded.append((source.input, source.node, value, version))
            if source.convert is not None:
                value = _blame(source.input, source.convert, value)
            if source.spec is not None and source.spec.check_linked and source.spec.check is not None:
                value = _blame(source.input, source.spec.check, value)
            arguments[source.input] = value
        return guarded

    def _drop_changed(self, guarded: list[tuple[str, str, Any, Any]]) -> str | None:
        """Forget every result that a node changed in place, to be made again for whoever else needs it.

        Returns the first input that was changed, None where none was.
        """
        changed = [
            (name, value) for name, _, value, version in guarded if self.services.values.version(value) != version
        ]
        for _, value in changed:
            self._drop_holders(value)
        return changed[0][0] if changed else None

    def _drop_holders(self, value: Any) -> None:
        """Forget the results that hold an object: its maker's, and those of nodes that passed it on."""
        keys = {held: each.key for held, each in self.plan.held.items()}
        keys.update((step.id, step.key) for step in self.plan.steps)
        for node_id, key in keys.items():
            entry = self._live.get(node_id) or self.services.cache.get(key)
            if entry is not None and any(output is value for output in entry.outputs):
                self._live.pop(node_id, None)
                self.services.cache.discard(key)
                self._dropped.add(node_id)

    def _restore(self, node_id: str) -> bool:
        """Make a result again that a node spoilt by changing it in place. False where it cannot be made."""
        stack = [node_id]
        while stack:
            current = stack[-1]
            if current in self._live:
                stack.pop()
                continue
            if current in self.result.errors or current in self.result.skipped or current in self.plan.blocked:
                return False
            step = self._all_steps().get(current)
            if step is None:
                self.result.spoilt = True
                return False
            missing = [each.node for each in step.compiled.sources if each.node not in self._live]
            if missing:
                stack.extend(missing)
                continue
            try:
                entry = self.services.cache.get(step.key) or self._call(step)
            except BaseException:  # noqa: BLE001 - it ran before; whatever stops it now, the consumer is skipped
                return False
            self._live[current] = entry
            self.services.cache.put(step.key, entry)
        return True

    def _all_steps(self) -> dict[str, Step]:
        if self._steps is None:
            self._steps = {step.id: step for step in self.plan.steps}
        return self._steps

    def _release(self, step: Step) -> None:
        """Let go of results that nothing in this run needs any more; the cache may still hold them."""
        for source in step.compiled.sources:
            left = self._waiting[source.node] = self._waiting[source.node] - 1
            if left == 0 and source.node not in self._targets:
                self._live.pop(source.node, None)

    def _progress(self, node: str, value: float, maximum: float) -> None:
        self._tell(events.NodeProgress(self.run_id, self.graph_id, node, value, maximum))

    def _preview(self, node: str, picture: Any) -> None:
        self._tell(events.NodePreview(self.run_id, self.graph_id, node, picture))

    def _tell(self, event: events.RunEvent) -> None:
        self.services.stream.emit(event)


def _blame(input_name: str, convert: Callable[[Any], Any], value: Any) -> Any:
    """Convert a linked value; what goes wrong is the fault of that input."""
    try:
        return convert(value)
    except Exception as error:
        error.add_note(f"nodebook-input: {input_name}")
        raise


def _mutated(step: Step, input_name: str) -> MutatedInputError:
    node_type = step.compiled.type
    title = node_type.title if node_type else step.compiled.node.type
    error = MutatedInputError(
        f"{title} changed its input {input_name!r} in place. Other nodes and the cache share that value: copy it first "
        f"(`{input_name} = {input_name}.clone()` or `.copy()`), then change the copy."
    )
    error.add_note(f"nodebook-input: {input_name}")
    return error
