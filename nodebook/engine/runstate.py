"""What one run holds and has made, and the running of one of its steps; the order of steps is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Event, RLock
from time import perf_counter
from typing import Any

from nodebook.engine import events
from nodebook.engine.cache import Entry, ResultCache
from nodebook.engine.calling import (
    NOTHING_ASKED,
    SCALARS,
    Expanding,
    Guarded,
    Prepared,
    conclude,
    conclude_plain,
    gather,
    prepare,
)
from nodebook.engine.context import NodeContext, current_node
from nodebook.engine.failures import clear_frames, describe_failure
from nodebook.engine.items import Block
from nodebook.engine.lanes import Lanes
from nodebook.engine.nodetype import NodeType
from nodebook.engine.plan import Plan, Step
from nodebook.engine.runresult import RunResult
from nodebook.engine.stops import Pause, Stops
from nodebook.engine.valueops import ValueRegistry
from nodebook.errors import Cancelled, MutatedInputError


def _is_memory_error(error: BaseException) -> bool:
    return isinstance(error, MemoryError)


@dataclass(frozen=True, slots=True)
class Services:
    """What nodes and results are run with. ``resources`` are what ``Hidden[T]`` parameters get, by type."""

    cache: ResultCache
    values: ValueRegistry = field(default_factory=ValueRegistry)
    stream: events.EventStream = field(default_factory=events.EventStream)
    resources: Mapping[Any, Any] = field(default_factory=dict)
    around: Callable[[], AbstractContextManager[Any]] = nullcontext
    """Entered once around a run, on its thread: torch without gradients, for example."""
    lanes: Lanes = field(default_factory=Lanes)
    is_out_of_memory: Callable[[BaseException], bool] = _is_memory_error
    reclaim: Callable[[], None] = lambda: None
    """Give memory back: caches and pool let go of what they can."""
    on_output: Callable[[events.NodeOutput], None] | None = None
    """Told what nodes print and log, on their threads; None: they are not listened to."""
    stops: Stops | None = None
    """Where this run pauses; None: nowhere."""


Outcome = Entry | Expanding | None
"""What running a step gave; None: nothing, for it failed, was skipped or cancelled."""


class RunState:
    """One run: what is live in it, what came out so far. Its methods may be called from any lane."""

    def __init__(self, plan: Plan, services: Services, cancelled: Event, *, run: int = 0, graph: int = 0) -> None:
        self.plan = plan
        self.services = services
        self.cancelled = cancelled
        self.run_id = run
        self.graph_id = graph
        self.live: dict[str, Entry] = {node: held.entry for node, held in plan.held.items()}
        self.targets = frozenset(plan.targets)
        self.waiting: dict[str, int] = {}
        self.running: dict[str, float] = {}
        """Nodes whose function is being called, since when."""
        self.shown_as: dict[str, str] = {}
        """Node of an expansion → the node of the graph that added it."""
        self.lock = RLock()
        self._restoring = RLock()
        """Apart from ``lock``, so that a node that hangs while it is called again does not keep a run from being given
        up."""
        self.stops = services.stops or Stops((), lambda _pause: None, lambda _pause, settle: settle())
        self.result = RunResult(rekeyed=self.stops.rekeyed)
        self.is_heard = bool(services.stream)
        self.is_muted = False
        self.dropped: set[str] = set()
        self.refused: set[str] = set()
        """Nodes of which no call was made, because of a ``Block``."""
        self.released: set[str] | None = None
        """What was let go and not asked for since; kept where steps may yet come that need it."""
        self._steps: dict[str, Step] | None = None

    def count_consumers(self, steps: Iterable[Step]) -> None:
        """Note who reads whom, so that results can be let go when their last reader has run."""
        waiting = self.waiting
        for step in steps:
            for source in step.compiled.sources:
                waiting[source.node] = waiting.get(source.node, 0) + 1

    def note_found(self, step: Step) -> None:
        """Note that another run, or an equal node, made the result of a step meanwhile."""
        self.result.found.append(step.id)
        if step.id not in self.shown_as:
            self.tell(events.NodeFinished(self.run_id, self.graph_id, step.id, 0.0, True))

    def has_sources(self, step: Step, asked: frozenset[str] = NOTHING_ASKED) -> bool:
        """Say whether a step's sources are there; if not, note that it is skipped, and because of whom."""
        live = self.live
        for source in step.compiled.sources:
            if source.node in live or self._is_left_out(source.spec, source.input, asked):
                continue
            if self._restore(source.node):
                continue
            because = self.shown_as.get(source.node, source.node)
            because = self.result.skipped.get(because, because)
            self.skip(step, because)
            return False
        return True

    def skip(self, step: Step, because: str) -> None:
        """Note that a step does not run."""
        shown = self.shown_as.get(step.id, step.id)
        if shown != step.id:
            return  # the node that added it says what became of it
        self.result.skipped[step.id] = because
        self.tell(events.NodeSkipped(self.run_id, self.graph_id, step.id, because))

    def open_pause(self, step: Step, asked: frozenset[str] = NOTHING_ASKED) -> Pause | None:
        """Begin to wait before a step whose sources are there; None where its inputs cannot be put together."""
        services = self.services
        try:
            arguments, _, _ = gather(step.id, step.compiled, self.live, services.values, services.resources, asked)
            return self.stops.open(step, arguments, services.values, asked)
        except Exception as error:  # noqa: BLE001 -- conversions are a node's own code
            self.fail(step, error)
            return None

    def close_pause(self, step: Step, pause: Pause) -> Entry | None:
        """Take in how a pause ended; return the result that is there already, where nothing was changed."""
        self.stops.close(step, pause, self.plan)
        if pause.wait() == "cancelled":
            self.stop()
            return None
        found = self.services.cache.get(self.stops.key_of(step))
        if found is not None:
            self.note_found(step)
        return found

    def attempt(self, step: Step, asked: frozenset[str] = NOTHING_ASKED, *, is_last: bool = False) -> Outcome:
        """Call a step's function on this thread. Nothing that it raises comes out of here.

        Where memory runs out it is called once more, after everything that can be given back was.
        """
        if self.is_heard:
            self.started(step)
        try:
            return self.call(step, asked)
        except Cancelled:
            self.stop()
            return None
        except BaseException as error:  # noqa: BLE001 - a node may raise anything, and no branch may stop another
            if is_last or not self.services.is_out_of_memory(error):
                self.fail(step, error)
                return None
            clear_frames(error)
        finally:
            self.running.pop(step.id, None)
        # Out here nothing holds the error any more, nor what the node had made.
        self.services.reclaim()
        return self.attempt(step, asked, is_last=True)

    def started(self, step: Step) -> None:
        """Tell that a step's function is about to be called."""
        if step.id not in self.shown_as:
            self.tell(events.NodeStarted(self.run_id, self.graph_id, step.id))

    def stop(self) -> None:
        """Note that the run was cancelled, wherever that was noticed."""
        self.cancelled.set()
        self.result.cancelled = True

    def call(self, step: Step, asked: frozenset[str] = NOTHING_ASKED) -> Entry | Expanding:
        """Call a step's function, once or for each of many values, and return what came out. Raises what it raises."""
        compiled = step.compiled
        node_type = compiled.type
        assert node_type is not None  # noqa: S101 - plans hold runnable nodes only
        services = self.services
        gathered = gather(step.id, compiled, self.live, services.values, services.resources, asked)
        arguments, guarded, is_special = gathered
        if step.id in self.stops.changes:
            gathered = arguments, guarded, is_special = self.stops.changed(step.id, gathered)
        context = self.context(step)
        current_node.set(context)
        start = self.running[step.id] = perf_counter()
        try:
            if is_special or node_type.is_generator:
                prepared = prepare(compiled, gathered)
                returned = self._call_each(step, node_type, prepared, context)
            else:
                made = node_type.function(**arguments)
                if type(made) in SCALARS and not guarded:
                    entry = conclude_plain(made, node_type, perf_counter() - start, services.values)
                    if entry is not None:
                        return entry
                prepared, returned = prepare(compiled, gathered), [made]
        except BaseException:
            self.drop_changed(guarded)
            raise
        return self.end(step, prepared, returned, perf_counter() - start)

    def end(self, step: Step, prepared: Prepared, returned: list[Any], seconds: float) -> Entry | Expanding:
        """Return what the calls of a step came to. Raises where an input was changed in place."""
        changed = self.drop_changed(prepared.guarded) if prepared.guarded else None
        if changed is not None:
            raise _mutated(step, changed)
        assert step.compiled.type is not None  # noqa: S101 - plans hold runnable nodes only
        return conclude(returned, prepared, step.compiled.type, seconds, self.services.values)

    def context(self, step: Step) -> NodeContext:
        """Return what the step's function sees through ``progress`` and ``preview``."""
        shown = self.shown_as.get(step.id, step.id) if self.shown_as else step.id
        output = None if self.services.on_output is None else self._output
        return NodeContext(shown, self.cancelled, self._progress, self._preview, output)

    def _call_each(self, step: Step, node_type: NodeType, prepared: Prepared, context: NodeContext) -> list[Any]:
        self.note_refusals(step, prepared)
        returned: list[Any] = []
        for index, arguments in enumerate(prepared.calls):
            if index:
                context.check()
                self._progress(context.node, index, len(prepared.calls))
            if isinstance(arguments, Block):
                returned.append(Block())
            elif node_type.is_generator:
                returned.append(_drain(node_type.function(**arguments), context, node_type))
            else:
                returned.append(node_type.function(**arguments))
        return returned

    def note_refusals(self, step: Step, prepared: Prepared) -> None:
        """Note which calls are not made because a value before them was refused, and the words for it."""
        refusals = [each for each in prepared.calls if isinstance(each, Block)]
        if not refusals:
            return
        shown = self.shown_as.get(step.id, step.id)
        words = next((each.message for each in refusals if each.message is not None), None)
        self.result.blocked.setdefault(shown, words)
        if len(refusals) == len(prepared.calls):
            self.refused.add(step.id)

    def fail(self, step: Step, error: BaseException) -> None:
        """Note that a step failed, on the node of the graph that it belongs to."""
        failure = describe_failure(error, step)
        shown = self.shown_as.get(step.id, step.id)
        if shown != step.id:
            failure = _on_parent(failure, shown)
        if shown not in self.result.errors:
            self.result.errors[shown] = failure
            self.tell(events.NodeFailed(self.run_id, self.graph_id, shown, failure))

    def keep(self, step: Step, entry: Entry) -> None:
        """Note that a step has its result. What was refused is none: it is looked at again by each run."""
        result = self.result
        if step.id in self.refused:
            self.tell(events.NodeBlocked(self.run_id, self.graph_id, step.id, result.blocked.get(step.id), None))
            return
        result.executed.append(step.id)
        result.seconds[step.id] = entry.seconds
        result.result_bytes[step.id] = entry.value_bytes
        if not self.is_muted:
            self._store(step, entry)
        if self.is_heard and step.id not in self.shown_as:
            self.tell(
                events.NodeFinished(self.run_id, self.graph_id, step.id, entry.seconds, value_bytes=entry.value_bytes)
            )

    def _store(self, step: Step, entry: Entry) -> None:
        node_type = step.compiled.type
        # What an output node did is more than its result: a kernel that has saved no file must save one.
        is_lasting = node_type is None or not node_type.is_output
        key = self.stops.key_of(step)
        is_lasting = is_lasting and not self.stops.rekeyed  # nobody could find them there
        self.services.cache.put(key, entry, step.compiled.node.type, is_lasting=is_lasting)

    def release(self, step: Step) -> None:
        """Let go of results that nothing in this run needs any more; the cache may still hold them."""
        waiting = self.waiting
        for source in step.compiled.sources:
            left = waiting[source.node] = waiting[source.node] - 1
            if left == 0:
                self._drop(source.node)

    def let_go(self, node_id: str) -> None:
        """Note that a result was read once more; drop it after the last time."""
        left = self.waiting[node_id] = self.waiting[node_id] - 1
        if left == 0:
            self._drop(node_id)

    def _drop(self, node_id: str) -> None:
        if node_id not in self.targets:
            self.live.pop(node_id, None)
            if self.released is not None:
                self.released.add(node_id)

    def drop_changed(self, guarded: list[Guarded]) -> str | None:
        """Forget every result that a node changed in place, to be made again for whoever else needs it.

        Returns the first input that was changed, None where none was.
        """
        version = self.services.values.version
        changed = [each for each in guarded if version(each.value) != each.version]
        for each in changed:
            self._drop_holders(each.value)
        return changed[0].input if changed else None

    def _drop_holders(self, value: Any) -> None:
        """Forget the results that hold an object: its maker's, and those of nodes that passed it on."""
        with self.lock:
            keys = {held: each.key for held, each in self.plan.held.items()}
            keys.update((step.id, self.stops.key_of(step)) for step in self.plan.steps)
            for node_id, key in keys.items():
                entry = self.live.get(node_id) or self.services.cache.get(key)
                if entry is not None and any(output is value for output in entry.outputs):
                    self.live.pop(node_id, None)
                    self.services.cache.discard(key)
                    self.dropped.add(node_id)

    def restore_targets(self) -> None:
        """Make results of targets again that a node spoilt by changing them in place."""
        for target in self.dropped.intersection(self.targets):
            self._restore(target)

    def _restore(self, node_id: str) -> bool:
        """Make a result again that a node spoilt by changing it in place. False where it cannot be made."""
        if node_id not in self.dropped:
            return False
        with self._restoring:
            stack = [node_id]
            while stack:
                current = stack[-1]
                if current in self.live:
                    stack.pop()
                    continue
                if current in self.result.errors or current in self.result.skipped or current in self.plan.blocked:
                    return False
                step = self._all_steps().get(current)
                if step is None or step.compiled.type is None or not step.compiled.type.is_simple:
                    self.result.spoilt = True
                    return False
                missing = [each.node for each in step.compiled.sources if each.node not in self.live]
                if missing:
                    stack.extend(missing)
                    continue
                try:
                    entry = self.services.cache.get(self.stops.key_of(step)) or self.call(step)
                except BaseException:  # noqa: BLE001 - it ran before; whatever stops it now, the consumer is skipped
                    return False
                if not isinstance(entry, Entry):
                    self.result.spoilt = True
                    return False
                self.live[current] = entry
                self._store(step, entry)
            return True

    def _all_steps(self) -> dict[str, Step]:
        if self._steps is None:
            self._steps = {step.id: step for step in self.plan.steps}
        return self._steps

    @staticmethod
    def _is_left_out(spec: Any, name: str, asked: frozenset[str]) -> bool:
        return spec is not None and spec.is_lazy and name not in asked

    def _progress(self, node: str, value: float, maximum: float) -> None:
        self.tell(events.NodeProgress(self.run_id, self.graph_id, node, value, maximum))

    def _preview(self, node: str, picture: Any) -> None:
        self.tell(events.NodePreview(self.run_id, self.graph_id, node, picture))

    def _output(self, node: str, level: str, text: str) -> None:
        if not self.is_muted and self.services.on_output is not None:
            self.services.on_output(events.NodeOutput(self.run_id, self.graph_id, node, level, text))

    def tell(self, event: events.RunEvent) -> None:
        """Tell all listeners, unless the run was abandoned."""
        if not self.is_muted:
            self.services.stream.emit(event)


def _drain(generator: Any, context: NodeContext, node_type: NodeType) -> Any:
    """Show each value that a generator yields, and return what it returns, or the last where that is its result."""
    shown = None
    try:
        while True:
            shown = next(generator)
            context.check()
            context.on_preview(context.node, shown)
    except StopIteration as end:
        return shown if node_type.gives_last and end.value is None else end.value
    finally:
        generator.close()


def _on_parent(failure: events.NodeError, parent: str) -> events.NodeError:
    message = f"In its node {failure.title} ({failure.node}): {failure.message}"
    return events.NodeError(parent, failure.kind, message, None, failure.traceback)


def _mutated(step: Step, input_name: str) -> MutatedInputError:
    node_type = step.compiled.type
    title = node_type.title if node_type else step.compiled.node.type
    error = MutatedInputError(
        f"{title} changed its input {input_name!r} in place. Other nodes and the cache share that value: copy it first "
        f"(`{input_name} = {input_name}.clone()` or `.copy()`), then change the copy."
    )
    error.add_note(f"nodebook-input: {input_name}")
    return error
