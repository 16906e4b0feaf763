"""How a graph's run and its nodes are doing: engine events in, the newest state out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from time import monotonic
from typing import Any

from nodebook.engine import events
from nodebook.engine.graph import GraphState, nodes_before
from nodebook.engine.words import clipped
from nodebook.notebook.timeleft import TimeLeft
from nodebook.runs import Run
from nodebook.widget.libraryjson import wire
from nodebook.widget.protocol import NodeErrorJson, NodeState, NodeStatusJson, RunJson, RunState, Status
from nodebook.widget.tracebacks import name_cells

_UNFINISHED = frozenset({"queued", "running", "paused"})


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """How one node is doing."""

    state: NodeState = "idle"
    progress: tuple[float, float] | None = None
    seconds: float | None = None
    error: events.NodeError | None = None
    text: str | None = None
    value_bytes: int | None = None
    lines: int = 0
    warnings: tuple[str, ...] = ()
    is_stale: bool = False

    def json(self, left_s: float | None = None) -> NodeStatusJson:
        """Return the status as it travels; the node will go on for ``left_s``."""
        return {
            "state": self.state,
            "progress": None if self.progress is None else [wire(each) for each in self.progress],
            "seconds": self.seconds,
            "error": None if self.error is None else _error_json(self.error),
            "text": self.text,
            "left": left_s,
            "bytes": self.value_bytes,
            "lines": self.lines,
            "warnings": list(self.warnings),
            "stale": self.is_stale,
        }


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How the graph's run is doing."""

    id: int | None = None
    state: RunState = "idle"
    total: int = 0
    seconds: float | None = None

    def json(self, finished: int, left_s: float | None = None) -> RunJson:
        """Return the status as it travels; ``finished`` of ``total`` nodes are, the rest takes ``left_s``."""
        return {
            "id": None if self.id is None else str(self.id),
            "state": self.state,
            "total": self.total,
            "finished": finished,
            "seconds": self.seconds,
            "left": left_s,
        }


IDLE = NodeStatus()

MAX_WARNINGS = 5
"""So many of a node's warnings are shown on its card."""
MAX_WARNING_CHARS = 400

RUN_INTERVAL_S = 0.5
"""How often the time left of a run is told anew while a node makes progress."""


class StatusBoard:
    """The newest state of a graph's run and nodes, and which of it was not sent yet. May be used from any thread.

    Quick, since the thread that computes calls ``apply``. Texts outlive a run until another text takes their place.
    """

    def __init__(self, left: TimeLeft | None = None) -> None:
        self._left = left or TimeLeft()
        self._run = RunStatus()
        self._finished = 0
        self._nodes: dict[str, NodeStatus] = {}
        self._queued: dict[int, None] = {}
        self._changed: set[str] = set()
        self._stale: set[str] = set()
        self._is_run_changed = False
        self._run_told = 0.0
        self._lock = Lock()
        # By class and not by `match`: this is called twice for each node of a run.
        self._handlers: dict[type, Callable[[Any, GraphState], None]] = {
            events.RunQueued: self._queue,
            events.RunStarted: self._start,
            events.NodeStarted: self._start_node,
            events.NodePaused: self._pause_node,
            events.NodeResumed: self._resume_node,
            events.NodeProgress: self._progress,
            events.NodePreview: lambda _event, _state: None,
            events.NodeFinished: self._finish_node,
            events.NodeFailed: self._fail_node,
            events.NodeSkipped: self._skip_node,
            events.NodeBlocked: self._block_node,
            events.RunFinished: self._finish,
        }

    def apply(self, event: events.RunEvent, state: GraphState) -> None:
        """Take in what happened; ``state`` is the graph as it is now."""
        with self._lock:
            self._handlers[type(event)](event, state)

    def look_back(self, run: Run | None, held: Mapping[str, tuple[float, int]]) -> None:
        """Take in what happened before anybody looked: the last run, and seconds and bytes of each result that is held.

        What events have told already stays.
        """
        with self._lock:
            known = set(self._nodes)
            if run is not None and self._run.id is None:
                finished = len(run.executed) + len(run.errors) + len(run.skipped)
                outcome: RunState = run.outcome  # type: ignore[assignment]  # all outcomes of runs are among ours
                self._set_run(RunStatus(run.number, outcome, finished, run.seconds), finished)
            for node, (seconds, value_bytes) in held.items():
                self._seed(known, node, "done", seconds=seconds, value_bytes=value_bytes)
            if run is not None:
                for node in run.cached:
                    self._seed(known, node, "cached")
                for node in run.skipped:
                    self._seed(known, node, "skipped")
                for node, error in run.errors.items():
                    self._seed(known, node, "failed", error=error)
                for node in run.blocked:
                    if node not in known and node not in run.executed:  # of many values, some may have gone on
                        self._put(node, IDLE, NodeStatus("blocked", text=run.blocked[node]))

    def set_text(self, node: str, text: str | None) -> None:
        """Show a text on a node."""
        with self._lock:
            self._update(node, text=text)

    def set_log(self, node: str, lines: int, warnings: tuple[str, ...]) -> None:
        """Say how many lines a node wrote, and which of them warn."""
        shown = tuple(clipped(each, MAX_WARNING_CHARS) for each in warnings[:MAX_WARNINGS])
        with self._lock:
            self._update(node, lines=lines, warnings=shown)

    def set_stale(self, nodes: set[str]) -> bool:
        """Say which nodes show what is out of date, and all others do not; return whether that is news."""
        with self._lock:
            news = nodes ^ self._stale
            self._stale = nodes
            for node in news:
                self._update(node, is_stale=node in nodes)
            return bool(news)

    def take(self) -> Status | None:
        """Return what changed since the last call, None where nothing did."""
        with self._lock:
            delta: Status = {"type": "status"}
            if self._is_run_changed:
                delta["run"] = self._run_json()
            if self._changed:
                delta["nodes"] = {node: self._node_json(node) for node in self._changed}
            self._changed.clear()
            self._is_run_changed = False
            return delta if len(delta) > 1 else None

    def snapshot(self, nodes: Collection[str]) -> tuple[RunJson, dict[str, NodeStatusJson]]:
        """Return the whole state, of those nodes that the graph has."""
        with self._lock:
            return self._run_json(), {node: self._node_json(node) for node in self._nodes if node in nodes}

    # The caller of all below holds the lock.

    def _run_json(self) -> RunJson:
        return self._run.json(self._finished, self._left.of_run() if self._run.state == "running" else None)

    def _node_json(self, node: str) -> NodeStatusJson:
        status = self._nodes[node]
        return status.json(self._left.of_node(node) if status.state == "running" else None)

    def _seed(self, known: Collection[str], node: str, state: NodeState, **members: Any) -> None:
        if node not in known:
            self._set(node, state, **members)

    def _join(self, run: int) -> None:
        """Take up a run whose start nobody heard: the first view came while it was going on."""
        if self._run.id is None or (run > self._run.id and self._run.state not in _UNFINISHED):
            self._set_run(RunStatus(run, "running"))

    def _set(
        self,
        node: str,
        state: NodeState,
        *,
        seconds: float | None = None,
        error: events.NodeError | None = None,
        value_bytes: int | None = None,
    ) -> None:
        old = self._nodes.get(node, IDLE)
        text = None if old.state == "blocked" else old.text  # the reason went with the state
        if self._stale:
            self._stale.discard(node)
        self._put(node, old, NodeStatus(state, None, seconds, error, text, value_bytes, old.lines, old.warnings))

    def _start_node(self, event: events.NodeStarted, _state: GraphState) -> None:
        self._join(event.run)
        old = self._nodes.get(event.node, IDLE)
        self._put(event.node, old, NodeStatus("running", text=None if old.state == "blocked" else old.text))

    def _pause_node(self, event: events.NodePaused, _state: GraphState) -> None:
        self._join(event.run)
        self._set(event.node, "paused")
        if event.run == self._run.id:
            self._set_run(replace(self._run, state="paused"), self._finished)

    def _resume_node(self, event: events.NodeResumed, _state: GraphState) -> None:
        self._set(event.node, "queued")
        if event.run == self._run.id and self._run.state == "paused":
            self._set_run(replace(self._run, state="running"), self._finished)

    def _progress(self, event: events.NodeProgress, _state: GraphState) -> None:
        self._join(event.run)
        self._update(event.node, state="running", progress=(event.value, event.maximum))
        now = monotonic()
        if now - self._run_told >= RUN_INTERVAL_S:
            self._run_told = now
            self._is_run_changed = True

    def _finish_node(self, event: events.NodeFinished, _state: GraphState) -> None:
        self._count(event.run)
        state: NodeState = "cached" if event.cached else "done"
        self._set(event.node, state, seconds=event.seconds, value_bytes=event.value_bytes)

    def _fail_node(self, event: events.NodeFailed, _state: GraphState) -> None:
        self._count(event.run)
        self._set(event.node, "failed", error=event.error)

    def _skip_node(self, event: events.NodeSkipped, _state: GraphState) -> None:
        self._count(event.run)
        self._set(event.node, "skipped")

    def _block_node(self, event: events.NodeBlocked, _state: GraphState) -> None:
        self._count(event.run)
        self._put(event.node, self._nodes.get(event.node, IDLE), NodeStatus("blocked", text=event.message))

    def _update(self, node: str, **members: object) -> None:
        old = self._nodes.get(node, IDLE)
        self._put(node, old, replace(old, **members))  # type: ignore[arg-type]  # names and types are the caller's

    def _put(self, node: str, old: NodeStatus, new: NodeStatus) -> None:
        if new.state != old.state or new != old:
            self._nodes[node] = new
            self._changed.add(node)

    def _set_run(self, run: RunStatus, finished: int = 0) -> None:
        self._run = run
        self._finished = finished
        self._is_run_changed = True

    def _count(self, run: int) -> None:
        self._join(run)
        if run == self._run.id and self._finished < self._run.total:
            self._finished += 1
            self._is_run_changed = True

    def _queue(self, event: events.RunQueued, _state: GraphState) -> None:
        self._queued[event.run] = None
        if self._run.state not in _UNFINISHED:
            self._set_run(RunStatus(event.run, "queued"))

    def _start(self, event: events.RunStarted, state: GraphState) -> None:
        self._queued.pop(event.run, None)
        self._set_run(RunStatus(event.run, "running", len(event.planned)))
        culprits: dict[str, events.NodeError] = {}
        for problem in event.blocked:
            if problem.severity == "error":
                error = events.NodeError(problem.node, problem.code, problem.message, problem.input)
                culprits.setdefault(problem.node, error)
        planned, held = set(event.planned), set(event.held)
        blocked = set(event.targets) - planned - held - culprits.keys()
        for node in _upstream(state, planned | held) - planned - culprits.keys():
            self._set(node, "idle" if node in event.lazy else "cached")
        for node in event.planned:
            self._set(node, "queued")
        for node, error in culprits.items():
            self._set(node, "failed", error=error)
        if blocked:
            for node in (_upstream(state, blocked) & _downstream(state, culprits)) - culprits.keys():
                self._set(node, "skipped")

    def _finish(self, event: events.RunFinished, _state: GraphState) -> None:
        self._join(event.run)
        self._queued.pop(event.run, None)
        if event.run != self._run.id:
            return
        left: NodeState = "cancelled" if event.state in {"cancelled", "abandoned"} else "idle"
        for node, status in self._nodes.items():
            if status.state in _UNFINISHED:
                self._set(node, left)
        if self._queued:
            self._set_run(RunStatus(next(iter(self._queued)), "queued"))
        else:
            outcome: RunState = event.state  # type: ignore[assignment]  # all outcomes of runs are among ours
            self._set_run(replace(self._run, state=outcome, seconds=event.seconds), self._finished)


def _upstream(state: GraphState, roots: Iterable[str]) -> set[str]:
    """Return those of ``roots`` that the graph has, and every node before them."""
    return _reached(state, roots, lambda node: nodes_before(state, node))


def _downstream(state: GraphState, roots: Iterable[str]) -> set[str]:
    """Return those of ``roots`` that the graph has, and every node after them."""
    return _reached(state, roots, lambda node: state.consumers.get(node, ()))


def _reached(state: GraphState, roots: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    found = {node for node in roots if node in state.nodes}
    stack = list(found)
    while stack:
        for node in following(stack.pop()):
            if node not in found and node in state.nodes:
                found.add(node)
                stack.append(node)
    return found


def _error_json(error: events.NodeError) -> NodeErrorJson:
    return {
        "message": error.message,
        "input": error.input,
        "kind": error.kind,
        "traceback": name_cells(error.traceback) or None,
    }
