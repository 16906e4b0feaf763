"""The lines of a queue's journal, one JSON object each, and what they come to. Pure functions only.

::

    {"queue": 1}
    {"submitted": "<id>", "graph": "portrait", "document": "<digest>", "targets": ["7"], "values": [["3", "value", 5]],
     "priority": 0, "time": 1764075.2}
    {"started": "<id>"}
    {"order": ["<id>", …]}
    {"finished": "<id>", …}          a record (``records.record_to_json``)
    {"dropped": ["<id>", …]}         no longer to be resumed
    {"cleared": true}                the history before this line

An id is ``<kernel>:<number>``, so that the journals of several kernels can be put together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nodebook.engine.literals import tag, untag

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that was asked for and did not end before its kernel did."""

    id: str
    name: str | None
    """The name of the graph, None for one that has none."""
    digest: str | None
    """The document, None where it could not be stored."""
    targets: tuple[str, ...]
    values: Mapping[tuple[str, str], Any]
    priority: float
    submitted: float
    """When it was asked for, in seconds of the wall clock."""
    was_running: bool = False

    def __repr__(self) -> str:
        name = repr(self.name) if self.name else "a graph without a name"
        return f"<interrupted run of {name}: {'was running' if self.was_running else 'was waiting'}>"


@dataclass(slots=True)
class Folded:
    """What a journal comes to. ``damaged``: how many lines could not be read."""

    records: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    unfinished: dict[str, Unfinished] = field(default_factory=dict)
    damaged: int = 0


def line(data: Mapping[str, Any]) -> bytes:
    """Return an object as one line. Raises ``TypeError`` or ``ValueError`` for what is not JSON."""
    return json.dumps(data, allow_nan=False).encode() + b"\n"


def header() -> bytes:
    """Return the first line of a journal."""
    return line({"queue": FORMAT})


def unfinished_to_json(job: Unfinished) -> dict[str, Any]:
    """Return an unfinished run as JSON. Raises ``TypeError`` for a value that is not JSON."""
    return {
        "submitted": job.id,
        "graph": job.name,
        "document": job.digest,
        "targets": list(job.targets),
        "values": [[node, name, tag(value)] for (node, name), value in job.values.items()],
        "priority": job.priority,
        "time": job.submitted,
    }


def unfinished_from_json(data: Mapping[str, Any]) -> Unfinished:
    """Return an unfinished run from its JSON. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is none."""
    return Unfinished(
        id=str(data["submitted"]),
        name=data["graph"],
        digest=data["document"],
        targets=tuple(map(str, data["targets"])),
        values={(str(node), str(name)): untag(value) for node, name, value in data["values"]},
        priority=float(data["priority"]),
        submitted=float(data["time"]),
    )


def fold(data: bytes) -> Folded:
    """Return what a journal comes to. A line that is torn, at the end, is not there; one that is damaged is counted."""
    folded = Folded()
    for raw in data.split(b"\n")[:-1]:
        try:
            found = json.loads(raw)
            if not isinstance(found, dict):
                raise TypeError(found)  # noqa: TRY301 - one place says what a damaged line comes to
            _apply(folded, found)
        except (ValueError, KeyError, TypeError, RecursionError):
            folded.damaged += 1
    return folded


def _apply(folded: Folded, found: Mapping[str, Any]) -> None:  # noqa: C901 - one case per kind of line
    unfinished = folded.unfinished
    match found:
        case {"queue": int(version)} if version <= FORMAT:
            pass
        case {"submitted": str(job)}:
            if job not in folded.records:
                unfinished[job] = unfinished_from_json(found)
        case {"finished": str(job)}:
            unfinished.pop(job, None)
            folded.records[job] = found
        case {"started": str(job)}:
            if job in unfinished:
                unfinished[job] = _running(unfinished[job])
        case {"order": list(jobs)}:
            _reorder(unfinished, jobs)
        case {"dropped": list(jobs)}:
            for job in jobs:
                unfinished.pop(job, None)
        case {"cleared": True}:
            folded.records.clear()
        case _:
            raise ValueError(found)


def _running(job: Unfinished) -> Unfinished:
    return Unfinished(
        job.id, job.name, job.digest, job.targets, job.values, job.priority, job.submitted, was_running=True
    )


def _reorder(unfinished: dict[str, Unfinished], jobs: Iterable[Any]) -> None:
    """Bring what waits into an order; what it does not name (it runs, or came later) stays around it."""
    named = [job for job in jobs if job in unfinished]
    ranks = {job: rank for rank, job in enumerate(named)}
    ahead = [job for job, each in unfinished.items() if job not in ranks and each.was_running]
    behind = [job for job, each in unfinished.items() if job not in ranks and not each.was_running]
    ordered = {job: unfinished[job] for job in (*ahead, *named, *behind)}
    unfinished.clear()
    unfinished.update(ordered)


def whole(folded: Folded, max_records: int) -> bytes:
    """Return the shortest journal that comes to the same, with no more than the newest ``max_records``."""
    newest = sorted(folded.records.values(), key=finished_at)[-max_records:] if max_records else []
    lines = [header(), *map(line, newest)]
    for job in folded.unfinished.values():
        lines.append(line(unfinished_to_json(job)))
        if job.was_running:
            lines.append(line({"started": job.id}))
    return b"".join(lines)


def finished_at(record: Mapping[str, Any]) -> float:
    """Return when a record's run ended, 0 where it does not say."""
    times = record.get("times")
    last = times[-1] if isinstance(times, list) and times else None
    return float(last) if isinstance(last, (int, float)) else 0.0


def digests_in(folded: Folded) -> set[str]:
    """Return the names of all documents that a journal needs."""
    found = {record.get("document") for record in folded.records.values()}
    found |= {job.digest for job in folded.unfinished.values()}
    return {digest for digest in found if isinstance(digest, str)}
