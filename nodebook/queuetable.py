"""The queue as text and as a table. Colours are the page's own, so that any theme of the notebook fits."""

from __future__ import annotations

import time
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodebook.jobs import Job
    from nodebook.records import RunRecord
    from nodebook.runqueue import RunQueue

SHOWN_RECORDS = 10
SHOWN_PENDING = 50

_HEAD = ("run", "graph", "state", "priority", "started", "seconds", "nodes")


def queue_text(queue: RunQueue) -> str:
    """Return the queue in a few lines."""
    running, pending, interrupted = queue.running, queue.pending, queue.interrupted
    lines = [f"<queue: {_counts(queue)}>"]
    if running is not None:
        lines.append(f"  running      {_job(running)}")
    lines += [f"  {position + 1:<12} {_job(job)}" for position, job in enumerate(pending[:SHOWN_PENDING])]
    if len(pending) > SHOWN_PENDING:
        lines.append(f"  … and {len(pending) - SHOWN_PENDING} more")
    if interrupted:
        lines.append(f"  {_interrupted(len(interrupted))}")
    return "\n".join(lines)


def queue_html(queue: RunQueue) -> str:
    """Return the queue as a table. All text is escaped."""
    running, pending = queue.running, queue.pending
    rows = [_record_row(each) for each in queue.history[-SHOWN_RECORDS:]]
    if running is not None:
        rows.append(_job_row(running, "running"))
    rows += [_job_row(job, f"waiting, {position + 1}.") for position, job in enumerate(pending[:SHOWN_PENDING])]
    head = "".join(f"<th>{name}</th>" for name in _HEAD)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    more = f"<p>… and {len(pending) - SHOWN_PENDING} more wait.</p>" if len(pending) > SHOWN_PENDING else ""
    interrupted = len(queue.interrupted)
    notice = f"<p>{escape(_interrupted(interrupted))}</p>" if interrupted else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    return f"<p>Queue: {escape(_counts(queue))}</p>{table}{more}{notice}"


def _counts(queue: RunQueue) -> str:
    parts = [f"{len(queue.pending)} waiting", f"{int(queue.running is not None)} running"]
    if queue.is_paused:
        parts.append("paused")
    return ", ".join(parts)


def _interrupted(count: int) -> str:
    runs = "1 run was" if count == 1 else f"{count} runs were"
    return f"{runs} interrupted when a kernel ended: nb.queue.resume() runs them again, nb.queue.forget() drops them."


def _job(job: Job) -> str:
    priority = f", priority {job.priority:g}" if job.priority else ""
    return f"run {job.number} of {job.name}{priority}"


def _job_row(job: Job, state: str) -> Iterable[str]:
    return (str(job.number), job.name, state, f"{job.priority:g}", _clock(job.started), "", f"{len(job.plan.steps)}")


def _record_row(record: RunRecord) -> Iterable[str]:
    nodes = f"{len(record.executed)} executed, {record.cached} cached"
    if record.errors:
        nodes += f", {len(record.errors)} failed"
    seconds = "" if record.started is None else f"{record.duration:.2f}"
    return (str(record.number), record.name or "", record.outcome, "", _clock(record.started), seconds, nodes)


def _clock(moment: float | None) -> str:
    return "" if moment is None else time.strftime("%H:%M:%S", time.localtime(moment))
