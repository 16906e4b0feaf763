"""Runs a plan: plain steps one after the other on the thread that calls it, all others by a ``Schedule``."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from threading import Event
from time import perf_counter

from nodebook.engine import events
from nodebook.engine.cache import Entry
from nodebook.engine.calling import Expanding
from nodebook.engine.capture import capturing
from nodebook.engine.collector import collector_relaxed
from nodebook.engine.context import current_node
from nodebook.engine.plan import Plan
from nodebook.engine.runresult import RunResult
from nodebook.engine.runstate import RunState, Services
from nodebook.engine.schedule import Schedule

__all__ = ["Execution", "RunResult", "Services"]


class Execution:
    """One run of one plan."""

    def __init__(self, plan: Plan, services: Services, cancelled: Event, *, run: int = 0, graph: int = 0) -> None:
        self.plan = plan
        self.cancelled = cancelled
        self.state = RunState(plan, services, cancelled, run=run, graph=graph)

    def run(self) -> RunResult:
        """Run all steps. Node errors are in the result; nothing a node raises comes out of here."""
        state = self.state
        result = state.result
        result.skipped.update({node: by for node, by in self.plan.blocked.items() if node != by})
        listening = nullcontext() if state.services.on_output is None else capturing()
        with state.services.around(), collector_relaxed(), listening:
            token = current_node.set(None)
            try:
                if self.plan.is_simple:
                    self._run_simple()
                else:
                    Schedule(state, self.plan.steps).run()
                state.result.cancelled = state.result.cancelled or self.cancelled.is_set()
                if state.dropped:
                    state.restore_targets()
            finally:
                current_node.reset(token)
        if state.is_muted:
            return RunResult(cancelled=True)
        result.results = {node: state.live[node] for node in self.plan.targets if node in state.live}
        state.live.clear()
        return result

    def so_far(self) -> RunResult:
        """Return what the run came to so far."""
        with self.state.lock:
            now = self.state.result
            return replace(
                now,
                executed=list(now.executed),
                found=list(now.found),
                errors=dict(now.errors),
                skipped=dict(now.skipped),
                blocked=dict(now.blocked),
                seconds=dict(now.seconds),
                result_bytes=dict(now.result_bytes),
            )

    def abandon(self) -> RunResult:
        """Give the run up while a node does not return, and return what it came to.

        Nothing is told or kept of it from now on; ``run`` returns when the node does, and must be ignored.
        """
        state = self.state
        with state.lock:
            now = perf_counter()
            for node, since in list(state.running.items()):
                shown = state.shown_as.get(node, node)
                error = events.NodeError(shown, "Abandoned", _abandoned(now - since), title=self._title(shown))
                state.result.errors.setdefault(shown, error)
                state.tell(events.NodeFailed(state.run_id, state.graph_id, shown, error))
            state.is_muted = True
            before = state.result
            state.result = RunResult()
            before.cancelled = True
            before.results = {node: state.live[node] for node in self.plan.targets if node in state.live}
            state.live.clear()
        self.cancelled.set()
        return before

    def _title(self, node_id: str) -> str:
        node = self.plan.state.nodes.get(node_id)
        node_type = None if node is None else self.plan.library.find(node.type)
        return (node.title if node is not None else None) or (node_type.title if node_type is not None else node_id)

    def _run_simple(self) -> None:
        """Run plain steps in order; the first one that adds nodes, or that the run pauses at, hands all that is left to
        a schedule.
        """
        state, cancelled = self.state, self.cancelled
        steps = self.plan.steps
        state.count_consumers(steps)
        live, get, stops = state.live, state.services.cache.get, state.stops
        for index, step in enumerate(steps):
            if cancelled.is_set():
                state.result.cancelled = True
                return
            if stops.nodes and stops.wants(step.id):
                state.waiting.clear()
                Schedule(state, steps[index:]).run()
                return
            outcome: Entry | Expanding | None = get(step.key)
            if outcome is not None:
                state.note_found(step)
            elif state.has_sources(step):
                outcome = state.attempt(step)
                if type(outcome) is Entry:
                    state.keep(step, outcome)
            if type(outcome) is Expanding:
                state.waiting.clear()
                schedule = Schedule(state, steps[index:])
                schedule.take(step, outcome)
                schedule.run()
                return
            if outcome is not None:
                live[step.id] = outcome  # type: ignore[assignment]  # an entry, as it does not expand
            state.release(step)


def _abandoned(seconds: float) -> str:
    return (
        f"It was given up after {seconds:.0f} s, because it did not react to Cancel. Its thread goes on until it "
        "returns, and what it returns is dropped; restart the kernel to free what it holds."
    )
