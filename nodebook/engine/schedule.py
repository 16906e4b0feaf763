"""Runs steps as soon as their sources are there, each on its lane; nodes may add steps and ask for inputs meanwhile.

There is no coordinating thread: whoever finishes a step says so under one lock, and that starts what was waiting for
it. Steps of the main lane run on the thread that called ``run``, in the order of the plan.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from threading import Condition, Thread
from typing import Any

from nodebook.engine import events
from nodebook.engine.asynccall import attempt_async
from nodebook.engine.cache import Entry
from nodebook.engine.calling import NOTHING_ASKED, SCALARS, Expanding
from nodebook.engine.expansion import Scope, expand
from nodebook.engine.needs import names_needed
from nodebook.engine.node import Reference
from nodebook.engine.nodetype import ASYNC_LANE, MAIN_LANE
from nodebook.engine.plan import Step, eager, walk_up
from nodebook.engine.runstate import Outcome, RunState
from nodebook.engine.stops import Pause
from nodebook.errors import Cancelled, ExpansionError

Order = tuple[int, int]
"""Place of a step: nodes of the newest expansion first, then the order of the plan."""


@dataclass(slots=True)
class _Parent:
    """A node that waits for nodes it added."""

    step: Step
    expanding: Expanding
    places: dict[int, tuple[str, int]]
    """``id`` of a reference → node and slot that it stands for."""
    total: int = 0
    finished: int = 0


@dataclass(slots=True)
class _Lists:
    """What waits for what."""

    open: dict[str, Step] = field(default_factory=dict)
    """Steps that have not finished."""
    order: dict[str, Order] = field(default_factory=dict)
    waits: dict[str, int] = field(default_factory=dict)
    """How many open nodes a step still waits for."""
    followers: dict[str, list[str]] = field(default_factory=dict)
    ready: list[tuple[Order, str]] = field(default_factory=list)
    """Steps for the main lane, as a heap."""
    parents: dict[str, _Parent] = field(default_factory=dict)
    asked: dict[str, frozenset[str]] = field(default_factory=dict)


class Schedule:
    """The steps of a run that are still to come. ``state`` has what was made already."""

    def __init__(self, state: RunState, steps: Iterable[Step]) -> None:
        self._state = state
        self._lists = _Lists()
        self._changed = Condition(state.lock)
        self._elsewhere: dict[int, Callable[[], None]] = {}
        """Turns on other lanes, and what cancels them where something does. By turn and not by step: one that asks for
        lazy inputs may begin its second before its first has ended.
        """
        self._turns = count()
        self._generation = 0
        plan = state.plan
        known = [*plan.steps, *plan.lazy_steps.values()]
        self._known = {step.id for step in plan.steps} | plan.held.keys() | plan.blocked.keys()
        state.released = set()
        keys = {step.id: step.key for step in known}
        keys.update((node, held.key) for each in (plan.held, plan.lazy_held) for node, held in each.items())
        self._scope = Scope(plan.library, plan.state.nodes, keys)
        self._compiled = {step.id: step.compiled for step in known}
        self._constants: dict[str, Entry] = {}
        self._ready_made = {held.key: held.entry for each in (plan.held, plan.lazy_held) for held in each.values()}
        self._parent_of: dict[str, str] = {}
        with self._changed:
            self._add(steps)

    def run(self) -> None:
        """Run all steps; returns when none is left, or when the run was cancelled and no lane works on it any more."""
        forget = self._state.cancelled.on_set(self._wake) if hasattr(self._state.cancelled, "on_set") else None
        try:
            while (step := self._next()) is not None:
                self._perform(step)
        finally:
            if forget is not None:
                forget()

    def take(self, step: Step, outcome: Outcome) -> None:
        """Take in the outcome of a step of these lists that somebody else has run."""
        with self._changed:
            self._lists.ready = [each for each in self._lists.ready if each[1] != step.id]
            heapq.heapify(self._lists.ready)
            self._finish(step, outcome)

    # -- choosing ------------------------------------------------------------------------------------------------------

    def _next(self) -> Step | None:
        """Return the next step for the main lane; wait while other lanes may bring one. None: the run is over."""
        state, lists = self._state, self._lists
        with self._changed:
            while True:
                if state.is_muted:
                    return None
                if state.cancelled.is_set():
                    state.result.cancelled = True
                    if not self._elsewhere:
                        return None
                elif lists.ready:
                    _, node_id = heapq.heappop(lists.ready)
                    return lists.open[node_id]
                elif not self._elsewhere:
                    if not lists.open:
                        return None
                    self._break_cycle()
                    continue
                self._changed.wait()

    def _wake(self) -> None:
        """Wake whoever waits here. On a thread of its own: the caller may hold a lock that a listener waits for."""
        Thread(target=self._wake_now, name="nodebook-cancel", daemon=True).start()

    def _wake_now(self) -> None:
        with self._changed:
            for cancel in list(self._elsewhere.values()):
                cancel()
            self._changed.notify_all()

    def _break_cycle(self) -> None:
        """Fail what added nodes that wait for it: nothing is ready, nothing runs, and yet steps are left."""
        stuck = list(self._lists.parents.values())
        for parent in stuck:
            error = ExpansionError("Dependency cycle detected: nodes that it added wait for its own result.")
            self._state.fail(parent.step, error)
            self._finish(parent.step, None)
        if not stuck:  # cannot be: a plan has no rings; but a run must end whatever happens
            for step in list(self._lists.open.values()):
                self._state.skip(step, step.id)
            self._lists.open.clear()

    # -- adding and finishing; the caller holds the lock ---------------------------------------------------------------

    def _add(self, steps: Iterable[Step]) -> None:
        lists = self._lists
        steps = list(steps)
        self._state.count_consumers(steps)
        for index, step in enumerate(steps):
            lists.open[step.id] = step
            lists.order[step.id] = (-self._generation, index)
        for step in steps:
            self._await_sources(step, [source.node for source in eager(step.compiled)])
        self._generation += 1

    def _await_sources(self, step: Step, nodes: Iterable[str]) -> None:
        """Let a step wait for those nodes that are not finished, and run it when none is left."""
        lists = self._lists
        waits = 0
        for node in dict.fromkeys(nodes):
            if node in lists.open and node != step.id:
                lists.followers.setdefault(node, []).append(step.id)
                waits += 1
        lists.waits[step.id] = waits
        if not waits:
            self._start(step)

    def _start(self, step: Step) -> None:
        """Give a step whose sources are there to its lane."""
        node_type = step.compiled.type
        lane = MAIN_LANE if node_type is None else node_type.lane
        if lane == MAIN_LANE or step.id in self._lists.parents:
            heapq.heappush(self._lists.ready, (self._lists.order[step.id], step.id))
            self._changed.notify_all()
        elif self._state.cancelled.is_set():
            return
        elif lane == ASYNC_LANE:
            lanes = self._state.services.lanes
            turn = next(self._turns)
            self._elsewhere[turn] = lanes.spawn(self._perform_async(step), lambda: self._left(turn))
        else:
            turn = next(self._turns)
            self._elsewhere[turn] = lambda: None
            self._state.services.lanes.submit(lane, lambda: self._perform_elsewhere(step, turn))

    def _finish(self, step: Step, outcome: Outcome) -> None:
        """Note what a step came to, and start what waited for it."""
        lists = self._lists
        if isinstance(outcome, Expanding):
            self._expand(step, outcome)
            return
        if outcome is not None:
            self._state.live[step.id] = outcome
        lists.open.pop(step.id, None)
        parent = lists.parents.pop(step.id, None)
        if parent is not None:
            for node, _ in parent.places.values():
                self._state.let_go(node)
        self._state.release(step)
        self._show_progress(step)
        for follower in lists.followers.pop(step.id, ()):
            lists.waits[follower] -= 1
            if lists.waits[follower] == 0 and follower in lists.open:
                self._start(lists.open[follower])
        self._changed.notify_all()

    def _show_progress(self, step: Step) -> None:
        """Tell how many of the nodes that a node of the graph added are done."""
        state = self._state
        above = self._parent_of.get(step.id)
        parent = None if above is None else self._lists.parents.get(above)
        if parent is not None and above is not None:
            parent.finished += 1
            if above == state.shown_as[step.id]:
                progress = events.NodeProgress(state.run_id, state.graph_id, above, parent.finished, parent.total)
                state.tell(progress)

    # -- running -------------------------------------------------------------------------------------------------------

    def _perform(self, step: Step) -> None:
        """Run a step on this thread, and take in what it came to."""
        if self._state.cancelled.is_set():
            self._state.result.cancelled = True
            return
        parent = self._lists.parents.get(step.id)
        outcome = self._try(step) if parent is None else self._resolve(parent)
        if outcome is not _ASKED:
            with self._changed:
                self._finish(step, outcome)

    def _perform_elsewhere(self, step: Step, turn: int) -> None:
        try:
            self._perform(step)
        finally:
            self._left(turn)

    def _left(self, turn: int) -> None:
        """Note that a lane is done with a step, for this turn."""
        with self._changed:
            self._elsewhere.pop(turn, None)
            self._changed.notify_all()

    async def _perform_async(self, step: Step) -> None:
        try:
            outcome: Any = self._prologue(step)
            asked = self._lists.asked.get(step.id, NOTHING_ASKED)
            if outcome is _CALL and self._state.stops.wants(step.id):
                pause = self._state.open_pause(step, asked)
                if pause is not None:
                    await asyncio.wrap_future(pause.future)
                outcome = self._after_pause(step, pause)
            if outcome is _CALL:
                outcome = await attempt_async(self._state, step, asked)
                self._keep(step, outcome)
            if outcome is not _ASKED:
                with self._changed:
                    self._finish(step, outcome)
        except asyncio.CancelledError:
            self._state.stop()
            raise

    def _try(self, step: Step) -> Any:
        """Return a step's outcome, or ``_ASKED`` where it waits for lazy inputs now."""
        outcome = self._prologue(step)
        if outcome is _CALL and self._state.stops.wants(step.id):
            pause = self._state.open_pause(step, self._lists.asked.get(step.id, NOTHING_ASKED))
            if pause is not None:
                pause.wait()
            outcome = self._after_pause(step, pause)
        if outcome is _CALL:
            outcome = self._state.attempt(step, self._lists.asked.get(step.id, NOTHING_ASKED))
            self._keep(step, outcome)
        return outcome

    def _after_pause(self, step: Step, pause: Pause | None) -> Any:
        """Return how a step goes on after it was paused at; ``_CALL``: as if nothing had been."""
        state = self._state
        if pause is None:
            return None
        found = state.close_pause(step, pause)
        with self._changed:
            self._scope.keys.update(state.stops.rekeyed)
        return None if state.cancelled.is_set() else found or _CALL

    def _keep(self, step: Step, outcome: Outcome) -> None:
        if isinstance(outcome, Entry):
            self._state.keep(step, outcome)

    def _prologue(self, step: Step) -> Any:
        """Do what comes before a call: a result from elsewhere, missing sources, lazy inputs. ``_CALL``: go on."""
        state = self._state
        found = None if state.stops.wants(step.id) else state.services.cache.get(state.stops.key_of(step))
        if found is not None:
            state.note_found(step)
            return found
        asked = self._lists.asked.get(step.id, NOTHING_ASKED)
        if not state.has_sources(step, asked):
            return None
        node_type = step.compiled.type
        return _CALL if node_type is None or node_type.needs is None else self._ask_needs(step, asked)

    def _ask_needs(self, step: Step, asked: frozenset[str]) -> Any:
        """Ask a step which lazy inputs it wants, and see to it that they come."""
        try:
            names = names_needed(self._state, step, asked)
        except Cancelled:
            self._state.stop()
            return None
        except BaseException as error:  # noqa: BLE001 - the hook is a node's own code
            self._state.fail(step, error)
            return None
        if not names:
            return _CALL
        with self._changed:
            self._ask(step, asked | names)
        return _ASKED

    def _ask(self, step: Step, names: frozenset[str]) -> None:
        """Add what lazy inputs need, and let the step wait for it."""
        self._lists.asked[step.id] = names
        wanted = [source.node for source in step.compiled.sources if source.input in names]
        self._add(self._plan_more(wanted, step.id if step.id in self._parent_of else None))
        self._await_sources(step, wanted)

    def _plan_more(self, roots: Iterable[str], above: str | None) -> list[Step]:
        """Return the steps that give ``roots``, as far as results are missing. ``above``: the node that added them.

        What was let go because nothing needed it any more is looked for again.
        """
        state, cache = self._state, self._state.services.cache
        if state.released:
            self._known -= state.released
            state.released.clear()
        found = walk_up(
            self._scope.keys,
            self._compiled,
            roots,
            lambda key: self._ready_made.get(key) or cache.get(key),
            self._known,
        )
        state.live.update((node, held.entry) for node, held in found.held.items())
        for step in found.steps:
            for source in step.compiled.sources:
                if source.node in self._constants:
                    state.live[source.node] = self._constants[source.node]
            if above is not None:
                self._parent_of[step.id] = above
                state.shown_as[step.id] = state.shown_as.get(above, above)
        return found.steps

    # -- expansion -----------------------------------------------------------------------------------------------------

    def _expand(self, step: Step, expanding: Expanding) -> None:
        state, lists, scope = self._state, self._lists, self._scope
        try:
            expanded = expand(step.id, state.stops.key_of(step), expanding.subgraphs, scope, self._origin_of(step))
            places = {id(each): expanded.place(each, scope.library, scope) for each in expanding.references()}
        except BaseException as error:  # noqa: BLE001 - what a node asks for may be anything
            state.fail(step, error)
            self._finish(step, None)
            return
        wanted = [node for node, _ in places.values()]
        self._compiled.update(expanded.compiled)
        self._constants.update(expanded.constants)
        self._known |= expanded.constants.keys()
        steps = self._plan_more([*wanted, *expanded.outputs], step.id)
        lists.parents[step.id] = _Parent(step, expanding, places, len(steps))
        for node in wanted:
            state.waiting[node] = state.waiting.get(node, 0) + 1
        self._add(steps)
        self._await_sources(step, wanted)

    def _origin_of(self, step: Step) -> Any:
        """Return what says of a value whether it came to the step over a link, as it is."""
        came: dict[int, tuple[str, int]] = {}
        for source in step.compiled.sources:
            entry = self._state.live.get(source.node)
            if entry is not None and source.convert is None:
                came[id(entry.outputs[source.slot])] = (source.node, source.slot)
        return lambda value: None if type(value) in SCALARS else came.get(id(value))

    def _resolve(self, parent: _Parent) -> Outcome:
        """Return the result of a node from those of the nodes that it added; None where they have none."""
        state, step = self._state, parent.step
        missing = [node for node, _ in parent.places.values() if node not in state.live]
        if missing:
            shown = state.shown_as.get(step.id, step.id)
            if shown not in state.result.errors:
                state.skip(step, state.result.skipped.get(missing[0], missing[0]))
            return None

        def find(reference: Reference) -> Any:
            node, slot = parent.places[id(reference)]
            return state.live[node].outputs[slot]

        assert step.compiled.type is not None  # noqa: S101 - plans hold runnable nodes only
        entry = parent.expanding.resolve(step.compiled.type, find, state.services.values)
        state.keep(step, entry)
        return entry


_ASKED = object()
"""The step asked for lazy inputs, and waits for them now."""
_CALL = object()
"""The step's function is to be called."""
