"""Runs waiting for the worker thread, and the thread that works them off."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from queue import SimpleQueue
from threading import Lock, Thread
from time import perf_counter
from typing import Any

from nodebook.engine import document, events
from nodebook.engine.cancel import CancelToken
from nodebook.engine.compiled import Problem
from nodebook.engine.context import RunDocument
from nodebook.engine.executor import Execution, RunResult, Services
from nodebook.engine.graph import GraphState
from nodebook.engine.plan import Plan
from nodebook.engine.store import GraphStore
from nodebook.errors import SessionClosedError
from nodebook.runs import Run

logger = logging.getLogger(__name__)

_numbers = count(1)


@dataclass(slots=True)
class Job:
    """A run that was asked for: planned on the graph as it was then, so that the graph may be edited while it runs."""

    store: GraphStore
    plan: Plan
    state: GraphState
    problems: list[Problem]
    replan: Callable[[], Plan]
    number: int = field(default_factory=lambda: next(_numbers))
    cancelled: CancelToken = field(default_factory=CancelToken)
    future: Future[Run] = field(default_factory=Future)

    def cancel(self) -> None:
        """Ask the run to stop: between nodes, and inside a node at its next ``nb.progress``."""
        self.cancelled.set()


class Worker:
    """One daemon thread that runs jobs in the order in which they came."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._unfinished: dict[int, Job] = {}
        self._lock = Lock()
        self._thread: Thread | None = None
        self._is_stopped = False

    def submit(self, job: Job) -> None:
        """Queue a job; one that has nothing to compute is done at once, on this thread."""
        with self._lock:
            if self._is_stopped:
                raise SessionClosedError(
                    "The session is closed, so nothing can run in it any more. Restart the kernel, or make a new "
                    "session."
                )
        self._services.stream.emit(events.RunQueued(job.number, job.store.number))
        with self._lock:
            is_idle = not self._unfinished
            self._unfinished[job.number] = job
            if self._thread is None:
                self._thread = Thread(target=self._work, name="nodebook-worker", daemon=True)
                self._thread.start()
        if is_idle and not job.plan.steps:
            self._finish(job)
        else:
            self._jobs.put(job)

    def cancel(self, graph: int | None = None) -> int:
        """Cancel what runs and what waits, of one graph or of all; returns how many runs that were."""
        with self._lock:
            jobs = [job for job in self._unfinished.values() if graph is None or job.store.number == graph]
        for job in jobs:
            job.cancel()
        return len(jobs)

    def stop(self) -> None:
        """End the thread after the job that runs now."""
        with self._lock:
            self._is_stopped = True
        self.cancel()
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._finish(job)
            # Not even the loop variable may keep the results of a finished run alive.
            del job

    def _finish(self, job: Job) -> None:
        try:
            run = self._run(job)
        except BaseException as error:
            logger.exception("Run %d of graph %d broke", job.number, job.store.number)
            self._services.stream.emit(events.RunFinished(job.number, job.store.number, "failed", 0.0))
            _settle(job.future, error=error)
        else:
            _settle(job.future, run)
        finally:
            with self._lock:
                self._unfinished.pop(job.number, None)

    def _run(self, job: Job) -> Run:
        start = perf_counter()
        plan, graph = job.plan, job.store.number
        planned = tuple(step.id for step in plan.steps)
        self._services.stream.emit(
            events.RunStarted(job.number, graph, planned, tuple(plan.held), tuple(job.problems), plan.targets)
        )
        result = self._execute(job)
        job.store.results = result.results
        run = Run(
            number=job.number,
            state=job.state,
            targets=plan.targets,
            executed=tuple(result.executed),
            errors={**_problem_errors(job.problems), **result.errors},
            skipped=result.skipped,
            held=(*plan.held, *result.found),
            outcome=_outcome(result, job.problems),
            seconds=perf_counter() - start,
        )
        job.store.last_run = run
        self._services.stream.emit(events.RunFinished(job.number, graph, run.outcome, run.seconds))
        return run

    def _execute(self, job: Job) -> RunResult:
        services = replace(self._services, resources=self._resources(job))
        result = Execution(job.plan, services, job.cancelled, run=job.number, graph=job.store.number).run()
        if not result.spoilt or result.cancelled:
            return result
        # A node spoilt a cached result that others need: it is out of the cache now, so a new plan makes it again.
        again = Execution(job.replan(), services, job.cancelled, run=job.number, graph=job.store.number).run()
        again.executed[:0] = result.executed
        return again

    def _resources(self, job: Job) -> Mapping[Any, Any]:
        return {**self._services.resources, RunDocument: RunDocument(lambda: document.dumps(job.state))}


def _settle(future: Future[Run], run: Run | None = None, *, error: BaseException | None = None) -> None:
    """Give a future its end; one that was cancelled by whoever waited for it (a task) has one already."""
    if not future.cancelled():
        with suppress(InvalidStateError):
            future.set_exception(error) if error is not None else future.set_result(run)  # type: ignore[arg-type]


def _problem_errors(problems: list[Problem]) -> dict[str, events.NodeError]:
    errors: dict[str, events.NodeError] = {}
    for problem in problems:
        if problem.severity == "error":
            error = events.NodeError(problem.node, problem.code, problem.message, problem.input)
            errors.setdefault(problem.node, error)
    return errors


def _outcome(result: RunResult, problems: list[Problem]) -> str:
    if result.cancelled:
        return "cancelled"
    failed = result.errors or any(problem.severity == "error" for problem in problems)
    return "failed" if failed else "done"
