"""Performs one job on the thread that calls it, and says what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from nodebook.engine import document, events
from nodebook.engine.cache import Entry
from nodebook.engine.compiled import Problem
from nodebook.engine.context import RunDocument, RunGraph, RunLock
from nodebook.engine.executor import Execution, RunResult, Services
from nodebook.engine.graph import EMPTY
from nodebook.runs import PlannedKeys, Run

if TYPE_CHECKING:
    from nodebook.jobs import Job

MayBegin = Callable[["Job", Execution], bool]
"""Told of each execution before it runs; it says whether it may."""


def perform(job: Job, services: Services, may_begin: MayBegin) -> tuple[Run, Mapping[str, Entry]]:
    """Run a job; return what it came to, and the results of its targets. Stores nothing outside the cache."""
    plan = job.plan
    job.store.run_keys = PlannedKeys(plan, EMPTY if services.stops is None else services.stops.rekeyed)
    planned = tuple(step.id for step in plan.steps)
    services.stream.emit(
        events.RunStarted(
            job.number,
            job.store.number,
            planned,
            tuple(plan.held),
            tuple(job.problems),
            plan.targets,
            tuple(plan.lazy_steps),
        )
    )
    resources = {
        **services.resources,
        RunDocument: RunDocument(lambda: document.dumps(job.state)),
        RunGraph: RunGraph(plan.state, plan.library),
        RunLock: RunLock(job.lock),
    }
    services = replace(services, resources=resources)
    result = _execute(job, services, may_begin)
    if result.spoilt and not result.cancelled:
        # A node spoilt a cached result that others need: it is out of the cache now, so a new plan makes it again.
        before, job.plan = result, job.replan()
        result = _execute(job, services, may_begin)
        result.executed[:0] = before.executed
        result.seconds = {**before.seconds, **result.seconds}
        result.result_bytes = {**before.result_bytes, **result.result_bytes}
    return come_to(job, result), result.results


def come_to(job: Job, result: RunResult, outcome: str | None = None) -> Run:
    """Return the run that a job came to."""
    plan = job.plan
    wanted = frozenset(plan.targets)
    keys = {node: held.key for node, held in plan.held.items() if node in wanted}
    keys.update((step.id, result.rekeyed.get(step.id, step.key)) for step in plan.steps if step.id in wanted)
    ran = frozenset(result.executed)  # of many values, some may have been refused
    return Run(
        number=job.number,
        state=job.state,
        targets=plan.targets,
        executed=tuple(result.executed),
        errors={**_problem_errors(job.problems), **result.errors},
        skipped=result.skipped,
        held=(*plan.held, *result.found),
        outcome=outcome or _outcome(result, job.problems),
        seconds=0.0 if job.began is None else perf_counter() - job.began,
        node_seconds=result.seconds,
        result_bytes=result.result_bytes,
        keys=keys,
        flat=plan.state,
        blocked={node: words for node, words in result.blocked.items() if node not in ran},
    )


def _execute(job: Job, services: Services, may_begin: MayBegin) -> RunResult:
    execution = Execution(job.plan, services, job.cancelled, run=job.number, graph=job.store.number)
    return execution.run() if may_begin(job, execution) else RunResult(cancelled=True)


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
