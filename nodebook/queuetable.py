"""The queue as text and as a table. Colours are the page's own, so that any theme of the notebook fits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from nodebook.engine.words import clipped
from nodebook.records import input_name
from nodebook.tables import html_frame, html_heading, html_table, seconds_text

if TYPE_CHECKING:
    from nodebook.jobs import Job
    from nodebook.records import RunRecord
    from nodebook.runqueue import RunQueue

SHOWN_RECORDS = 10
SHOWN_PENDING = 50

_HEAD = ("run", "graph", "inputs", "state", "priority", "started", "time", "nodes")
_SHOWN_CHARACTERS = 60


def queue_text(queue: RunQueue) -> str:
    """Return the queue in a few lines."""
    pending, interrupted = queue.pending, queue.interrupted
    lines = [f"<queue: {_counts(queue)}>"]
    lines += [f"  {_word(job):<12} {_job(job)}" for job in queue.worker.running]
    lines += [f"  {position + 1:<12} {_job(job)}" for position, job in enumerate(pending[:SHOWN_PENDING])]
    if len(pending) > SHOWN_PENDING:
        lines.append(f"  … and {len(pending) - SHOWN_PENDING} more")
    if interrupted:
        lines.append(f"  {_interrupted(len(interrupted))}")
    return "\n".join(lines)


def queue_html(queue: RunQueue) -> str:
    """Return the queue as a table: what has run, what runs, what waits. All text is escaped."""
    pending = queue.pending
    rows = [_record_row(each) for each in queue.history[-SHOWN_RECORDS:]]
    rows += [_job_row(job, _word(job)) for job in queue.worker.running]
    rows += [_job_row(job, f"waiting, {position + 1}.") for position, job in enumerate(pending[:SHOWN_PENDING])]
    more = f"<div>… and {len(pending) - SHOWN_PENDING} more wait.</div>" if len(pending) > SHOWN_PENDING else ""
    interrupted = len(queue.interrupted)
    notice = f"<div>{escape(_interrupted(interrupted))}</div>" if interrupted else ""
    table = html_table(_HEAD, rows, numbers=(0, 4, 6)) if rows else ""
    return html_frame(html_heading("Queue", _counts(queue)), table, more, notice)


def _counts(queue: RunQueue) -> str:
    words = [_word(job) for job in queue.worker.running]
    parts = [f"{len(queue.pending)} waiting", f"{words.count('running')} running"]
    if "at a break" in words:
        parts.append(f"{words.count('at a break')} at a break")
    if queue.is_paused:
        parts.append("paused")
    return ", ".join(parts)


def _word(job: Job) -> str:
    return "running" if job.pause is None else "at a break"


def _interrupted(count: int) -> str:
    runs = "1 run was" if count == 1 else f"{count} runs were"
    return f"{runs} interrupted when a kernel ended: nb.queue.resume() runs them again, nb.queue.forget() drops them."


def _job(job: Job) -> str:
    priority = f", priority {job.priority:g}" if job.priority else ""
    return f"run {job.number} of {job.name}{priority}"


def _job_row(job: Job, state: str) -> tuple[str, ...]:
    inputs = _inputs({input_name(job.state, node): value for (node, _), value in job.values.items()})
    priority = f"{job.priority:g}" if job.priority else ""
    nodes = f"{len(job.plan.steps)} to run"
    return (str(job.number), job.name, inputs, state, priority, clock_text(job.started, time.time()), "", nodes)


def _record_row(record: RunRecord) -> tuple[str, ...]:
    nodes = f"{len(record.executed)} executed, {record.cached} cached"
    if record.errors:
        nodes += f", {len(record.errors)} failed"
    seconds = "" if record.started is None else seconds_text(record.duration)
    inputs, started = _inputs(record.inputs), clock_text(record.started, time.time())
    return (str(record.number), record.name or "", inputs, record.outcome, "", started, seconds, nodes)


def _inputs(inputs: Mapping[str, object]) -> str:
    return clipped(", ".join(f"{name}={value!r}" for name, value in inputs.items()), _SHOWN_CHARACTERS)


def clock_text(moment: float | None, now: float) -> str:
    """Return the time of day of a moment (seconds since 1970), and the day where it is not that of ``now``."""
    if moment is None:
        return ""
    then, today = time.localtime(moment), time.localtime(now)
    is_today = (then.tm_year, then.tm_yday) == (today.tm_year, today.tm_yday)
    return time.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M", then)
