"""Runs that were asked for, and the thread that works them off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Condition, Thread, current_thread
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, Literal

from nodebook import ordering
from nodebook.engine import events
from nodebook.engine.cache import Entry
from nodebook.engine.cancel import CancelToken
from nodebook.engine.compiled import Problem
from nodebook.engine.context import current_node
from nodebook.engine.executor import Execution, RunResult, Services
from nodebook.engine.graph import EMPTY, GraphState
from nodebook.engine.plan import Plan
from nodebook.engine.store import GraphStore
from nodebook.errors import RunInsideNodeError, SessionClosedError
from nodebook.joblistener import JobListener, Nobody
from nodebook.ordering import Order
from nodebook.pausing import Pausing
from nodebook.performing import come_to, perform
from nodebook.runs import Run

if TYPE_CHECKING:
    from nodebook.engine.stops import Pause
    from nodebook.seeds import Key

logger = logging.getLogger(__name__)

_numbers = count(1)

_LOOK_S = 0.2
"""How often a run that goes on after a break, and waits for its turn, looks whether it was cancelled meanwhile."""

JobState = Literal["new", "waiting", "running", "done", "failed", "cancelled", "abandoned"]


@dataclass(slots=True, eq=False)
class Job:
    """A run that was asked for: planned on the graph as it was then, so that the graph may be edited while it runs.

    ``result()`` waits for it, and so does ``await``.
    """

    store: GraphStore
    plan: Plan
    state: GraphState
    problems: list[Problem]
    replan: Callable[[], Plan]
    priority: float = 0
    values: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    seeds: Mapping[Key, int] = field(default_factory=dict)
    """Seeds that were drawn for this run; they are in ``state`` and in the plan."""
    lock: Callable[[], str] = str
    """Says what the run is made with, as JSON text; empty where nobody knows."""
    number: int = field(default_factory=lambda: next(_numbers))
    cancelled: CancelToken = field(default_factory=CancelToken)
    future: Future[Run] = field(default_factory=Future)
    halt: Future[Run] = field(default_factory=Future)
    """What whoever waits gets next: the run as it is at a pause, or at its end."""
    pause: Pause | None = None
    """Where it waits at a break."""
    status: JobState = "new"
    submitted: float = field(default_factory=time)
    """When it was asked for, in seconds of the wall clock."""
    started: float | None = None
    began: float | None = None
    """When it started, in seconds of ``perf_counter``."""
    execution: Execution | None = None
    withdraw: Callable[[Job], object] | None = None
    """Set by the worker while the job waits: takes it out of the queue."""

    def cancel(self) -> None:
        """Do not start the run if it waits; ask it to stop if it runs: at a node's next ``nb.progress`` or sooner."""
        self.cancelled.set()
        if (withdraw := self.withdraw) is not None:
            withdraw(self)

    def result(self, timeout_s: float | None = None) -> Run:
        """Wait for the run and return it. Raises ``TimeoutError`` when it takes longer, and goes on running.

        A run that pauses at a break is returned as it is then, since it goes on when another cell says so. Raises
        ``RunInsideNodeError`` inside a node.
        """
        refuse_to_wait_in_node()
        return self.halt.result(timeout_s)

    @property
    def is_finished(self) -> bool:
        """Whether the run came to its end."""
        return self.future.done()

    @property
    def name(self) -> str:
        """The name of the graph, or words for one that has none."""
        return self.state.name or f"graph {self.store.number}"

    def __await__(self) -> Generator[Any, None, Run]:
        """Wait without blocking the event loop. A task that is cancelled stops waiting; ``cancel`` stops the run.

        Raises ``RunInsideNodeError`` inside a node.
        """
        refuse_to_wait_in_node()
        return asyncio.shield(asyncio.wrap_future(self.halt)).__await__()

    def __repr__(self) -> str:
        return f"<job {self.number} of {self.name}: {self.status}>"


def refuse_to_wait_in_node() -> None:
    """Raise ``RunInsideNodeError`` inside a node: runs follow one another, so it would wait for its own."""
    context = current_node.get()
    if context is not None:
        raise RunInsideNodeError(
            f"Node {context.node} waits for a run, which cannot start before the run of this node has ended. Call node "
            "functions with plain values here, or return nodes of nb.Subgraph() to be run."
        )


class Worker:
    """One daemon thread that runs jobs in their order. All methods may be called from any thread.

    A thread whose node does not return is left to itself (``abandon``), and another takes its place.
    """

    def __init__(self, services: Services, listener: JobListener | None = None) -> None:
        self._services = services
        self._listener = Nobody() if listener is None else listener
        # Guards all below. Nothing is called under it that may wait or call back.
        self._changed = Condition()
        self._order: Order[Job] = ()
        self._unfinished: dict[int, Job] = {}
        self._thread: Thread | None = None
        self._engaged: Job | None = None
        """The job whose turn it is; none is while it waits at a break."""
        self._returning = 0
        """Jobs that go on after a break as soon as the turn is free, before any that waits."""
        self._is_stopped = False
        self._is_paused = False

    # What is there

    @property
    def waiting(self) -> tuple[Job, ...]:
        """Jobs that have not started, the next one first."""
        return tuple(place.item for place in self._order)

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs that have started and not finished: one, and those that had nothing to compute."""
        with self._changed:
            return tuple(job for job in self._unfinished.values() if job.status == "running")

    @property
    def is_paused(self) -> bool:
        """Whether jobs wait although nothing runs."""
        return self._is_paused

    # What may be done

    def submit(self, job: Job, *, front: bool = False) -> None:
        """Queue a job; one that has nothing to compute is done at once, on this thread, where nothing else waits.

        Raises ``SessionClosedError``.
        """
        self._refuse_if_stopped()
        self._services.stream.emit(events.RunQueued(job.number, job.store.number))
        self._tell(lambda: self._listener.job_submitted(job))
        with self._changed:
            is_closed = self._is_stopped
            is_direct = not self._unfinished and not job.plan.steps and not self._is_paused
            self._unfinished[job.number] = job
            job.status = "running" if is_direct else "waiting"
            if not is_direct:
                job.withdraw = self._withdraw
                self._order = ordering.insert(self._order, job, job.priority, front=front)
                self._wake()
        if is_direct:
            self._finish(job)
        elif is_closed or job.cancelled.is_set():
            job.cancel()

    def move(self, job: Job, position: int) -> bool:
        """Put a waiting job at a position, 0 being the next; False where it does not wait any more."""
        with self._changed:
            if job.status != "waiting":
                return False
            self._order = ordering.move(self._order, job, position)
            waiting = self.waiting
        self._tell(lambda: self._listener.order_changed(waiting))
        return True

    def cancel(self, graph: int | None = None) -> int:
        """Cancel what runs and what waits, of one graph or of all; returns how many runs that were."""
        with self._changed:
            jobs = [job for job in self._unfinished.values() if graph is None or job.store.number == graph]
        # What waits goes first, so that none of it starts when the running one ends.
        for job in sorted(jobs, key=lambda each: each.status == "running"):
            job.cancel()
        return len(jobs)

    def pause(self) -> None:
        """Start no further job. What runs goes on."""
        self._is_paused = True

    def resume(self) -> None:
        """Start jobs again."""
        with self._changed:
            self._is_paused = False
            self._wake()

    def abandon(self, job: Job) -> bool:
        """End a running job at once, whatever its nodes do, and go on with the next; False where it does not run.

        Nothing that the old thread still does is told or stored.
        """
        with self._changed:
            if job.status != "running":
                return False
            job.status = "abandoned"
            self._give_turn(job)
        job.cancelled.set()
        result = RunResult() if job.execution is None else job.execution.abandon()
        self._services.lanes.renew()
        self._end(job, come_to(job, result, "abandoned"), result.results)
        with self._changed:
            if self._order:
                self._wake()
        return True

    def leave_turn(self, job: Job) -> None:
        """Let other jobs run: this one waits at a break, on a thread of its own from now on."""
        with self._changed:
            self._give_turn(job)
            if self._order:
                self._wake()
        self._tell(self._listener.turn_changed)

    def take_turn(self, job: Job) -> None:
        """Wait until no other job runs, and go on before those that wait; a cancelled one waits for nobody."""
        with self._changed:
            self._returning += 1
            while self._engaged not in (None, job) and not job.cancelled.is_set():
                self._changed.wait(_LOOK_S)
            self._returning -= 1
            if not job.cancelled.is_set():
                self._engaged = job
            self._changed.notify_all()
        self._tell(self._listener.turn_changed)

    def _give_turn(self, job: Job) -> None:
        if self._engaged is job:
            self._engaged = self._thread = None
            self._changed.notify_all()

    def stop(self) -> None:
        """Cancel everything, and end the thread after the job that runs now."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        self.cancel()

    # What the threads do

    def _wake(self) -> None:
        if self._thread is None and not self._is_stopped:
            self._thread = Thread(target=self._work, name="nodebook-worker", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._finish(job)
            with self._changed:
                if self._engaged is job:
                    self._engaged = None
                    self._changed.notify_all()
            # Not even the loop variable may keep the results of a finished run alive.
            del job

    def _next(self) -> Job | None:
        """Take the next job; None where this thread has no more to do."""
        with self._changed:
            while not self._is_stopped and self._thread is current_thread():
                if self._order and not (self._is_paused or self._engaged or self._returning):
                    job, self._order = self._order[0].item, self._order[1:]
                    job.status, job.withdraw = "running", None
                    self._engaged = job
                    return job
                self._changed.wait()
            return None

    def _withdraw(self, job: Job) -> bool:
        """Take a job out that has not started, and settle it as cancelled."""
        with self._changed:
            if job.status != "waiting":
                return False
            self._order = ordering.remove(self._order, job)
            job.status, job.withdraw = "cancelled", None
        self._end(job, come_to(job, RunResult(cancelled=True)), None)
        return True

    def _finish(self, job: Job) -> None:
        try:
            run, results = self._perform(job)
        except BaseException as error:
            logger.exception("Run %d of graph %d broke", job.number, job.store.number)
            if self._claim(job, "failed"):
                self._end(job, _broken(job, error), None, error)
        else:
            if self._claim(job, run.outcome):
                self._end(job, run, results)

    def _run(self, job: Job) -> Run:
        """Run a job on this thread, whatever waits."""
        run, results = self._perform(job)
        self._end(job, run, results)
        return run

    def _perform(self, job: Job) -> tuple[Run, Mapping[str, Entry]]:
        job.began, job.started = perf_counter(), time()
        self._tell(lambda: self._listener.job_started(job))
        services = replace(self._services, stops=Pausing(job, self._services.stream, self).stops)
        return perform(job, services, self._may_begin)

    def _may_begin(self, job: Job, execution: Execution) -> bool:
        with self._changed:
            job.execution = execution
            return job.status != "abandoned"

    def _claim(self, job: Job, outcome: str) -> bool:
        """Say whether it is for the caller to end the job: not where it was abandoned meanwhile."""
        with self._changed:
            if job.status == "abandoned":
                return False
            job.status = outcome  # type: ignore[assignment]  # the outcomes of runs are among the states of jobs
            return True

    def _end(self, job: Job, run: Run, results: Mapping[str, Entry] | None, error: BaseException | None = None) -> None:
        if results is not None:
            with job.store.lock:
                job.store.results = results
                job.store.last_run = run
        self._services.stream.emit(events.RunFinished(job.number, job.store.number, run.outcome, run.seconds))
        self._tell(lambda: self._listener.job_finished(job, run))
        # A handle may be kept for long; what the plan holds are results.
        job.plan = replace(job.plan, steps=(), held=EMPTY, lazy_steps=EMPTY, lazy_held=EMPTY)
        job.execution = None
        with self._changed:
            self._unfinished.pop(job.number, None)
        _settle(job.future, run, error=error)
        _settle(job.halt, run, error=error)

    def _refuse_if_stopped(self) -> None:
        if self._is_stopped:
            raise SessionClosedError(
                "The session is closed, so nothing can run in it any more. Restart the kernel, or make a new session."
            )

    def _tell(self, telling: Callable[[], None]) -> None:
        try:
            telling()
        except Exception:
            logger.exception("A listener of the queue failed")


def _broken(job: Job, error: BaseException) -> Run:
    """Return the run of a job that ended by an error which is no node's."""
    failure = events.NodeError("", type(error).__name__, str(error))
    return come_to(job, RunResult(errors={"": failure}))


def _settle(future: Future[Run], run: Run | None = None, *, error: BaseException | None = None) -> None:
    """Give a future its end; one that was cancelled by whoever waited for it (a task) has one already."""
    if not future.cancelled():
        with suppress(InvalidStateError):
            future.set_exception(error) if error is not None else future.set_result(run)  # type: ignore[arg-type]
