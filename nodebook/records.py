"""What is kept of a finished run: a value that does not hold results, only the keys to look them up by."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nodebook.engine import document
from nodebook.engine.cache import Entry
from nodebook.engine.events import NodeError
from nodebook.engine.graph import GraphState
from nodebook.engine.literals import tag, untag
from nodebook.errors import DocumentError, NotRunError
from nodebook.runs import Run

if TYPE_CHECKING:
    from nodebook.graph import Graph


class Home(Protocol):
    """Where a record finds what it does not hold."""

    def lookup(self, key: bytes) -> Entry | None:
        """Return a kept result."""

    def open_state(self, state: GraphState) -> Graph:
        """Return an unnamed graph that starts from a state."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document of a former kernel, on disk."""

    path: Path

    @property
    def digest(self) -> str:
        """The name by which journals know it."""
        return self.path.name.partition(".")[0]

    def read(self) -> GraphState:
        """Read the document. Raises ``DocumentError`` where it is gone or broken."""
        try:
            return document.loads(gzip.decompress(self.path.read_bytes()).decode())
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise DocumentError(
                f"The graph of this run cannot be read from {self.path.name}: {error}. The newest graphs of a folder's "
                "runs are kept; open the graph by its name instead."
            ) from error


@dataclass(frozen=True, slots=True)
class Ended:
    """A run at its end, as it is handed to the history and the journal: made at no cost, read later."""

    id: str
    run: Run
    submitted: float
    started: float | None
    finished: float
    values: Mapping[tuple[str, str], Any]
    graph: int = 0
    """The number of its graph in this kernel."""


@dataclass(frozen=True)
class RunRecord:
    """A finished run. Times are seconds of the wall clock since 1970, durations are seconds.

    ``outcome``: ``done``, ``failed``, ``cancelled`` or ``abandoned``. ``inputs`` are the named inputs that it was
    given. ``started`` is None where it never started.
    """

    id: str
    number: int
    name: str | None
    """The name of the graph, None for one that has none."""
    outcome: str
    submitted: float
    started: float | None
    finished: float
    targets: tuple[str, ...]
    inputs: Mapping[str, Any]
    executed: tuple[str, ...]
    seconds: Mapping[str, float]
    """Executed node → how long it took."""
    result_bytes: Mapping[str, int]
    cached: int
    """How many nodes did not have to run."""
    errors: tuple[NodeError, ...]
    keys: Mapping[str, bytes]
    """Target → the key of its result."""
    document: GraphState | StoredDocument | None
    """The graph as it ran; None where it could not be stored."""
    home: Home
    graph_number: int | None = None
    """The number of its graph in this kernel; None for a run of an earlier one."""

    @property
    def duration(self) -> float:
        """Seconds from start to end; 0 where it never started."""
        return 0.0 if self.started is None else max(0.0, self.finished - self.started)

    @cached_property
    def state(self) -> GraphState:
        """The graph as it ran. Raises ``DocumentError`` where it is not there any more."""
        if isinstance(self.document, GraphState):
            return self.document
        if self.document is None:
            raise DocumentError(
                f"The graph of run {self.number} was not stored: too many runs ended at once, or it held a value "
                "that is not JSON. Open the graph by its name instead."
            )
        return self.document.read()

    def graph(self) -> Graph:
        """Return a new graph, saved nowhere, that is as this one was when it ran. Raises ``DocumentError``."""
        return self.home.open_state(self.state)

    def result(self, target: str) -> Entry:
        """Return what a target of this run made, if the cache still has it. Raises ``NotRunError``."""
        key = self.keys.get(target)
        entry = None if key is None else self.home.lookup(key)
        if entry is None:
            why = "is no target of it with a result" if key is None else "was dropped by the cache"
            raise NotRunError(
                f"Run {self.number} has no result of node {target!r} any more: it {why}. Its targets are: "
                f"{', '.join(self.targets) or 'none'}. Run record.graph() to make it again."
            )
        return entry

    def __repr__(self) -> str:
        """Say what happened; without times, so that notebooks stay the same when run again."""
        name = f" of {self.name!r}" if self.name else ""
        parts = [f"{len(self.executed)} executed", f"{self.cached} cached"]
        if self.errors:
            parts.append(f"{len(self.errors)} failed")
        return f"<run {self.number}{name}: {self.outcome}, {', '.join(parts)}>"


def record_of(ended: Ended, home: Home) -> RunRecord:
    """Return the record of a run. Costs as much as the graph is large where much was cached."""
    run = ended.run
    return RunRecord(
        id=ended.id,
        number=run.number,
        name=run.state.name,
        outcome=run.outcome,
        submitted=ended.submitted,
        started=ended.started,
        finished=ended.finished,
        targets=run.targets,
        inputs={input_name(run.state, node): value for (node, _), value in ended.values.items()},
        executed=run.executed,
        seconds=run.node_seconds,
        result_bytes=run.result_bytes,
        cached=0 if ended.started is None else len(run.cached),
        errors=tuple(run.errors.values()),
        keys=run.keys,
        document=run.state,
        home=home,
        graph_number=ended.graph,
    )


def input_name(state: GraphState, node_id: str) -> str:
    """Return the name of the named input that a node is."""
    node = state.nodes.get(node_id)
    return str(node_id if node is None else node.values.get("name", node_id))


def record_to_json(record: RunRecord, digest: str | None) -> dict[str, Any]:
    """Return a record as JSON; ``digest`` names its document. Raises ``TypeError`` for an input that is not JSON."""
    return {
        "finished": record.id,
        "number": record.number,
        "graph": record.name,
        "outcome": record.outcome,
        "times": [record.submitted, record.started, record.finished],
        "targets": list(record.targets),
        "inputs": {name: tag(value) for name, value in record.inputs.items()},
        "nodes": [[node, record.seconds.get(node, 0.0), record.result_bytes.get(node, 0)] for node in record.executed],
        "cached": record.cached,
        "errors": [[each.node, each.kind, each.message, each.input, each.title] for each in record.errors],
        "keys": {node: key.hex() for node, key in record.keys.items()},
        "document": digest,
    }


def record_from_json(data: Mapping[str, Any], documents: Path, home: Home) -> RunRecord:
    """Return a record from its JSON. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is none."""
    submitted, started, finished = data["times"]
    nodes = [(str(node), float(seconds), int(size)) for node, seconds, size in data["nodes"]]
    errors = [NodeError(node, kind, message, name, title=title) for node, kind, message, name, title in data["errors"]]
    digest = data["document"]
    return RunRecord(
        id=str(data["finished"]),
        number=int(data["number"]),
        name=data["graph"],
        outcome=str(data["outcome"]),
        submitted=float(submitted),
        started=None if started is None else float(started),
        finished=float(finished),
        targets=tuple(map(str, data["targets"])),
        inputs={name: untag(value) for name, value in data["inputs"].items()},
        executed=tuple(node for node, _, _ in nodes),
        seconds={node: seconds for node, seconds, _ in nodes},
        result_bytes={node: size for node, _, size in nodes},
        cached=int(data["cached"]),
        errors=tuple(errors),
        keys={node: bytes.fromhex(key) for node, key in data["keys"].items()},
        document=None if digest is None else StoredDocument(document_path(documents, str(digest))),
        home=home,
    )


def document_path(documents: Path, digest: str) -> Path:
    """Return where the document of that name is."""
    if not digest.isalnum():
        raise ValueError(digest)
    return documents / f"{digest}.json.gz"
