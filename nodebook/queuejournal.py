"""Keeps the queue and its history on disk: one journal per kernel, written by a thread of its own.

docs/design/queue.md says what is written when, and what happens to the journals of kernels that have ended.
"""

from __future__ import annotations

import gzip
import logging
import os
import secrets
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, RLock, Thread
from typing import Any

from nodebook import queuelines
from nodebook.engine import document
from nodebook.engine.announcer import Announcer, Notify
from nodebook.engine.files import AppendFile, FileLock, read_or_none, write_atomic
from nodebook.engine.graph import GraphState
from nodebook.engine.journal import digest_of
from nodebook.errors import DocumentError
from nodebook.queuelines import Folded, Unfinished
from nodebook.records import Ended, Home, document_path, record_of, record_to_json

logger = logging.getLogger(__name__)

DEBOUNCE_S = 0.3
"""What happened is on disk this soon: what a crash may lose."""
SHARE = 9.0
"""Writing waits this many times as long as it takes, so that huge graphs do not slow down what runs."""
NODE_S = 10e-6
"""What it takes to write a node of a document, where nothing is known yet."""
MAX_DOCUMENTS = 20
"""For how many ended runs one writing stores the document; of a burst of short runs, the older ones go without."""
MAX_WAITING = 10_000
"""While nothing can be written, so much is kept for later; what is older is lost."""
RETRY_S = 30.0
COMPACT_BYTES = 8_000_000
_REMEMBERED = 256
_UNUSED_S = 3600.0
"""A document that no journal names is removed when it is this old: another kernel may be about to name it."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A run was asked for."""

    id: str
    state: GraphState
    targets: tuple[str, ...]
    values: Mapping[tuple[str, str], Any]
    priority: float
    time: float


@dataclass(frozen=True, slots=True)
class Said:
    """Anything that its line says."""

    line: Mapping[str, Any]


Note = Submitted | Said | Ended


@dataclass(slots=True)
class _Former:
    """The journals of kernels that have ended, which are ours as long as we hold their locks."""

    folded: Folded
    paths: list[Path]
    locks: list[FileLock]


class QueueJournal:
    """All methods may be called from any thread, and nothing is read or written before there is a reason to.

    Nothing raises for a disk that is full, read-only or gone: ``on_notice`` is told, once.
    """

    def __init__(self, folder: Path, home: Home, *, on_notice: Notify, max_records: int) -> None:
        self.kernel = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{secrets.token_hex(3)}"
        self.folder = folder / ".nodebook" / "queue"
        self.documents = self.folder / "documents"
        self.path = self.folder / f"{self.kernel}.jsonl"
        self._home = home
        self._max_records = max_records
        self._announcer = Announcer(on_notice)
        self._lock = FileLock(self.path.with_suffix(".lock"))
        # Order: _disk, then _wake. note() takes only _wake, and nothing slow happens under it.
        self._disk = RLock()
        self._wake = Condition()
        self._notes: deque[Note] = deque()
        self._file: AppendFile | None = None
        self._former: _Former | None = None
        self._stored: dict[int, tuple[GraphState, str]] = {}
        """Documents stored lately, by identity: the same graph is run again and again."""
        self._compact_at = COMPACT_BYTES
        self._last_write_s = 0.0
        self._thread: Thread | None = None
        self._is_closed = False

    def note(self, note: Note) -> None:
        """Write something down soon."""
        with self._wake:
            if self._is_closed:
                return
            self._notes.append(note)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="nodebook-queue-journal", daemon=True)
                self._thread.start()
            elif len(self._notes) == 1:
                self._wake.notify_all()

    def former(self) -> Folded:
        """Return what kernels that have ended left in this folder; from then on it is ours."""
        with self._disk:
            if self._former is None:
                self._former = self._adopt()
        self._announcer.deliver()
        return self._former.folded

    def flush(self) -> bool:
        """Write down now what waits; say whether all of it is on disk."""
        with self._disk:
            with self._wake:
                notes = list(self._notes)
                self._notes.clear()
            is_written = not notes or self._try_write(notes)
        self._announcer.deliver()
        return is_written

    def close(self) -> None:
        """Write what waits, and let the journal go: the next kernel takes it over."""
        with self._wake:
            self._is_closed = True
            self._wake.notify_all()
        self.flush()
        with self._disk:
            if self._file is not None:
                self._file.close()
                self._file = None
            for lock in (self._lock, *(self._former.locks if self._former is not None else ())):
                lock.release()

    # The thread

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._notes and not self._is_closed:
                    self._wake.wait()
                if not self._is_closed:
                    pause_s = max(DEBOUNCE_S, SHARE * max(self._last_write_s, _cost_s(self._notes[0])))
                    self._wake.wait_for(lambda: self._is_closed, pause_s)
                if self._is_closed:
                    return
            self.flush()

    def _try_write(self, notes: list[Note]) -> bool:
        began = time.monotonic()
        try:
            self._append(b"".join(self._lines(notes)))
        except OSError as error:
            self._last_write_s = RETRY_S / SHARE
            self._announcer.say(
                "disk",
                f"The queue cannot be written to {self.folder}: {error.strerror or error}. Runs go on; until it works "
                "again, a kernel that ends loses the queue and the history. Make room or make the folder writable.",
            )
            with self._wake:
                self._notes.extendleft(reversed(notes[-MAX_WAITING:]))
            return False
        self._last_write_s = time.monotonic() - began
        self._announcer.forget("disk")
        return True

    # Lines

    def _lines(self, notes: list[Note]) -> Iterator[bytes]:
        """Return the lines of notes; a run that began and ended among them needs only its record."""
        ended = {each.id: each for each in notes if isinstance(each, Ended)}
        with_document = set(list(ended)[-MAX_DOCUMENTS:])
        for each in notes:
            match each:
                case Ended(id=job):
                    yield self._line(each, self._digest(each.run.state) if job in with_document else None)
                case Submitted(id=job) if job not in ended:
                    yield self._line(each, self._digest(each.state))
                case Said(found) if found.get("started") not in ended:
                    yield queuelines.line(found)
                case _:
                    pass

    def _line(self, note: Submitted | Ended, digest: str | None) -> bytes:
        try:
            if isinstance(note, Ended):
                return queuelines.line(record_to_json(record_of(note, self._home), digest))
            job = Unfinished(note.id, note.state.name, digest, note.targets, note.values, note.priority, note.time)
            return queuelines.line(queuelines.unfinished_to_json(job))
        except (TypeError, ValueError, RecursionError) as error:
            number = note.id.rpartition(":")[2]
            self._announcer.say(
                "value", f"Run {number} cannot be kept in the queue's journal: {error}. It runs all the same."
            )
            return b""

    def _digest(self, state: GraphState) -> str | None:
        """Store a document if it is not stored yet, and return its name; None where it cannot be text."""
        known = self._stored.get(id(state))
        if known is not None:
            return known[1]
        try:
            data = document.dumps(state).encode()
        except DocumentError as error:
            self._announcer.say("document", f"A graph that was run cannot be kept for the history: {error}")
            return None
        digest = digest_of(data)
        path = document_path(self.documents, digest)
        self._prepare()
        if path.exists():
            os.utime(path)
        else:
            write_atomic(path, gzip.compress(data, compresslevel=1, mtime=0), sync=False)
        while len(self._stored) >= _REMEMBERED:
            del self._stored[next(iter(self._stored))]
        self._stored[id(state)] = (state, digest)
        return digest

    # Files

    def _prepare(self) -> None:
        aside = self.folder.parent
        aside.mkdir(exist_ok=True)
        ignore = aside / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# Made by nodebook: unsaved edits of graphs, and copies of their last save.\n*\n")
        self.documents.mkdir(parents=True, exist_ok=True)

    def _append(self, lines: bytes) -> None:
        if not lines:
            return
        if self._file is None:
            self._begin()
        assert self._file is not None  # noqa: S101 - _begin made it
        self._file.append(lines)
        if self._file.size > self._compact_at:
            self._rewrite(queuelines.fold(self.path.read_bytes()))

    def _begin(self) -> None:
        """Make the journal, with all that former kernels left; theirs go."""
        self._prepare()
        self._lock.take()
        self.former()
        former = self._former
        assert former is not None  # noqa: S101 - former() made it
        self._rewrite(former.folded)
        for path in former.paths:
            with suppress(OSError):
                path.unlink()
        for lock in former.locks:
            with suppress(OSError):
                lock.path.unlink()
            lock.release()
        former.paths, former.locks = [], []

    def _rewrite(self, folded: Folded) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        write_atomic(self.path, queuelines.whole(folded, self._max_records), sync=False)
        self._file = AppendFile(self.path)
        self._compact_at = max(COMPACT_BYTES, 2 * self._file.size)
        self._sweep()

    def _sweep(self) -> None:
        """Remove documents that no journal of this folder names."""
        with suppress(OSError):
            needed: set[str] = set()
            for path in self.folder.glob("*.jsonl"):
                needed |= queuelines.digests_in(queuelines.fold(read_or_none(path) or b""))
            for path in self.documents.iterdir():
                is_old = time.time() - path.stat().st_mtime > _UNUSED_S
                if is_old and path.name.partition(".")[0] not in needed:
                    path.unlink()

    def _adopt(self) -> _Former:
        former = _Former(Folded(), [], [])
        for path in self._others():
            lock = FileLock(path.with_suffix(".lock"))
            try:
                if not lock.take():
                    continue  # its kernel is alive
                found = queuelines.fold(read_or_none(path) or b"")
            except OSError as error:
                lock.release()
                self._announcer.say("former", f"A former queue cannot be read from {path}: {error.strerror}.")
                continue
            former.paths.append(path)
            former.locks.append(lock)
            former.folded.records.update(found.records)
            former.folded.unfinished.update(found.unfinished)
            former.folded.damaged += found.damaged
        if former.folded.damaged:
            self._announcer.say(
                "damaged",
                f"{former.folded.damaged} lines of the queue's journal in {self.folder} could not be read and were "
                "left out: something else wrote to it. The rest of the history is there.",
            )
        return former

    def _others(self) -> Iterable[Path]:
        try:
            return [path for path in sorted(self.folder.glob("*.jsonl")) if path != self.path]
        except OSError:
            return []


def _cost_s(note: Note) -> float:
    match note:
        case Submitted(state=state):
            return NODE_S * len(state.nodes)
        case Ended(run=run):
            return NODE_S * len(run.state.nodes)
        case _:
            return 0.0
