"""What the kernel tells the views, as typed values (docs/design/protocol.md); what views ask is in ``commands``.

``python -m tools.protocol`` writes ``js/src/protocol.gen.ts`` from them. Literals cross here and nowhere else: what a
browser cannot hold travels as a tag (``engine/literals.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, NotRequired, Protocol, TypedDict

from nodebook.engine import document
from nodebook.engine.compiled import Problem
from nodebook.engine.edits import edit_to_json
from nodebook.engine.graph import GraphState
from nodebook.engine.literals import TypeScript
from nodebook.engine.store import Change, History
from nodebook.explain import PlanRowJson, PlanTable
from nodebook.models.preview_options import PreviewMethod
from nodebook.nodelogs import LogLine
from nodebook.widget.displayjson import DisplayMessage
from nodebook.widget.libraryjson import LibraryJson

RunState = Literal["idle", "queued", "running", "paused", "done", "failed", "cancelled", "abandoned"]
NodeState = Literal[
    "idle", "queued", "running", "paused", "cached", "done", "failed", "skipped", "blocked", "cancelled"
]
NoticeLevel = Literal["info", "warning", "error"]
PictureKind = Literal["preview", "result"]


class HistoryJson(TypedDict):
    """What undo and redo would do, by label."""

    undo: str | None
    redo: str | None


class ProblemJson(TypedDict):
    """Something wrong with the graph."""

    node: str
    input: str | None
    code: str
    message: str


class RunJson(TypedDict):
    """The graph's run: ``finished`` of ``total`` nodes. ``left``: seconds that it will go on, where that is known."""

    id: str | None
    state: RunState
    total: int
    finished: int
    seconds: float | None
    left: float | None


class QueuedRunJson(TypedDict):
    """A run that waits or runs, of ``nodes`` that were to run when it was queued.

    ``graph``: its name, None for one that has none; ``mine``: it is of the graph that the view shows.
    """

    id: str
    graph: str | None
    mine: bool
    nodes: int
    state: Literal["waiting", "running", "paused"]
    priority: float
    position: int


class EndedRunJson(TypedDict):
    """A run that has ended, at ``finished`` seconds since 1970; ``executed``, ``cached``, ``failed`` count nodes."""

    id: str
    graph: str | None
    mine: bool
    state: str
    finished: float
    seconds: float
    executed: int
    cached: int
    failed: int


class PreviewsJson(TypedDict):
    """How samplers show what they have so far; ``size`` of the longer side in pixels."""

    method: PreviewMethod
    size: int


class QueueJson(TypedDict):
    """The session's queue: the first ``pending`` of all that are ``waiting``, and the newest that have ended, last.

    ``auto_run``: whether this graph runs after edits. ``previews``: of the session. ``breaks``: nodes that runs of this
    graph pause at.
    """

    pending: list[QueuedRunJson]
    waiting: int
    running: list[QueuedRunJson]
    recent: list[EndedRunJson]
    paused: bool
    auto_run: bool
    breaks: list[str]
    previews: PreviewsJson


class NodeErrorJson(TypedDict):
    """Why a node failed."""

    message: str
    input: str | None
    kind: str
    traceback: str | None


class NodeStatusJson(TypedDict):
    """How a node is doing. ``progress`` is value and maximum.

    ``left``: seconds that it will go on running, where that is known. ``bytes``: what its result weighs. ``lines``: how
    many it wrote (``log``), of which ``warnings`` are shown on the card. ``stale``: what is shown of it is of an
    earlier state of the graph: it would run.
    """

    state: NodeState
    progress: Annotated[list[Any] | None, TypeScript("readonly [number, number] | null")]
    seconds: float | None
    error: NodeErrorJson | None
    text: str | None
    left: float | None
    bytes: int | None
    lines: int
    warnings: list[str]
    stale: bool


class Status(TypedDict):
    """What changed of the run and of its nodes."""

    type: Literal["status"]
    run: NotRequired[RunJson]
    nodes: NotRequired[dict[str, NodeStatusJson]]


class Snapshot(TypedDict):
    """Everything but pictures; ``to`` names the view that asked, None on the trait."""

    type: Literal["snapshot"]
    to: str | None
    revision: int
    document: Annotated[dict[str, Any], TypeScript("GraphDocument")]
    last_id: int
    history: HistoryJson
    run: RunJson
    nodes: dict[str, NodeStatusJson]
    problems: list[ProblemJson]
    library: LibraryJson
    queue: QueueJson


class Edited(TypedDict):
    """A batch was applied. ``client``, ``batch``: whose it was, None for Python's.

    ``problems``: those of the nodes that have others than were told last; an empty list: none any more.
    """

    type: Literal["edited"]
    revision: int
    client: str | None
    batch: int | None
    label: str
    ops: Annotated[list[dict[str, Any]], TypeScript("readonly Op[]")]
    history: HistoryJson
    problems: dict[str, list[ProblemJson]]


class Rejected(TypedDict):
    """A view's batch was not applied."""

    type: Literal["rejected"]
    client: str
    batch: int
    reason: str


class QueueMessage(TypedDict):
    """The queue changed."""

    type: Literal["queue"]
    queue: QueueJson


class LibraryMessage(TypedDict):
    """Node types were defined or redefined, or the files that they offer are others."""

    type: Literal["library"]
    library: LibraryJson
    problems: list[ProblemJson]


class PlanMessage(TypedDict):
    """What a run would do, to the view that asked: the first of ``total`` rows, and what the whole run will cost."""

    type: Literal["plan"]
    to: str
    rows: list[PlanRowJson]
    total: int
    seconds: float | None
    peak_bytes: float | None


class Notice(TypedDict):
    """Something to say to a person at one view, or at all."""

    type: Literal["notice"]
    client: str | None
    level: NoticeLevel
    text: str


class PictureMessage(TypedDict):
    """Says of a picture what its bytes, the one buffer, do not.

    ``width`` and ``height`` are those of the whole picture: the copy may be smaller. ``count``: how many the batch has.
    """

    type: Literal["picture"]
    node: str
    index: int
    count: int
    width: int
    height: int
    mime: str
    seq: int
    kind: PictureKind
    result: int


class LogLineJson(TypedDict):
    """A line that a node wrote, at ``time`` seconds since 1970. A line that is not whole yet comes again, longer."""

    id: int
    node: str
    run: str
    time: float
    level: str
    text: str


class LogMessage(TypedDict):
    """What nodes wrote, to the view that asked: the last lines. ``upto``: what to ask on from."""

    type: Literal["log"]
    to: str
    lines: list[LogLineJson]
    upto: int


class BoundVariable(TypedDict):
    """A variable of the notebook that an input of the graph reads: in a few words, what it held at the last look."""

    text: str
    missing: bool


class BoundMessage(TypedDict):
    """All variables that the graph reads, and the problems of those nodes that have others than were told."""

    type: Literal["bound"]
    variables: dict[str, BoundVariable]
    problems: dict[str, list[ProblemJson]]


class OfferedVariable(TypedDict):
    """A variable of the notebook. ``fits``: its type is one that the input takes."""

    name: str
    text: str
    fits: bool


class VariablesMessage(TypedDict):
    """Answers ``list_variables``, to one view; those that fit come first."""

    type: Literal["variables"]
    to: str
    node: str
    input: str
    variables: list[OfferedVariable]


class FullPictureMessage(TypedDict):
    """Answers ``full_picture``, to one view, with the PNG as the buffer; without one ``reason`` says why.

    ``name``: what a download may be called.
    """

    type: Literal["full_picture"]
    to: str
    node: str
    index: int
    file: str | None
    width: int
    height: int
    name: str
    reason: str | None


Message = (
    Snapshot
    | Edited
    | Rejected
    | Status
    | QueueMessage
    | LibraryMessage
    | PlanMessage
    | LogMessage
    | Notice
    | PictureMessage
    | FullPictureMessage
    | DisplayMessage
    | BoundMessage
    | VariablesMessage
)


class Channel(Protocol):
    """Where messages go: to every view of a graph. May be called from any thread."""

    def send_message(self, message: Message, buffers: list[bytes]) -> None:
        """Send one message."""


def edited(change: Change, history: History, problems: dict[str, list[ProblemJson]]) -> Edited:
    """Say that a batch was applied."""
    return {
        "type": "edited",
        "revision": change.revision,
        "client": change.client,
        "batch": change.client_batch,
        "label": change.batch.label,
        "ops": [edit_to_json(edit, wire=True) for edit in change.batch.edits],
        "history": history_json(history),
        "problems": problems,
    }


def rejected(client: str, batch: int, reason: str) -> Rejected:
    """Say that a view's batch was not applied."""
    return {"type": "rejected", "client": client, "batch": batch, "reason": reason}


def notice(client: str | None, level: NoticeLevel, text: str) -> Notice:
    """Say something to a person at one view, or at all."""
    return {"type": "notice", "client": client, "level": level, "text": text}


MAX_LOG_LINES = 1000


def log_json(client: str, lines: Sequence[LogLine]) -> LogMessage:
    """Answer what nodes wrote, to one view: the last lines, and up to which change they tell."""
    return {
        "type": "log",
        "to": client,
        "upto": max((line.changed for line in lines), default=0),
        "lines": [_log_line(line) for line in lines[-MAX_LOG_LINES:]],
    }


def _log_line(line: LogLine) -> LogLineJson:
    return {
        "id": line.id,
        "node": line.node,
        "run": str(line.run),
        "time": line.time,
        "level": line.level,
        "text": line.text,
    }


MAX_PLAN_ROWS = 1000


def plan_json(client: str, table: PlanTable) -> PlanMessage:
    """Answer what a run would do, to one view; of a large plan the first rows, and how many there are."""
    return {
        "type": "plan",
        "to": client,
        "rows": [row.json() for row in table.rows[:MAX_PLAN_ROWS]],
        "total": len(table),
        "seconds": table.seconds,
        "peak_bytes": table.peak_bytes,
    }


def document_json(state: GraphState) -> dict[str, Any]:
    """Return a graph's document as it travels to a browser."""
    return document.to_json(state, wire=True)


def history_json(history: History) -> HistoryJson:
    """Return what undo and redo would do."""
    return {"undo": history.undo, "redo": history.redo}


def problems_json(problems: Iterable[Problem]) -> list[ProblemJson]:
    """Return the problems of a graph."""
    return [{"node": each.node, "input": each.input, "code": each.code, "message": each.message} for each in problems]
