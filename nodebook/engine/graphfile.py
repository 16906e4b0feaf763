"""A named graph on disk: ``<name>.nodebook.json``, saved by itself, and a journal of the edits since.

docs/design/storage.md says why a kill at any point loses no recorded edit and never breaks the document.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock, Thread

from nodebook.engine import journal as journal_lines
from nodebook.engine.announcer import Announcer, Notify
from nodebook.engine.document import dumps
from nodebook.engine.edits import Edit
from nodebook.engine.files import (
    AppendFile,
    FileLock,
    check_name,
    free_path,
    read_or_none,
    sweep_temporaries,
    write_atomic,
)  # fmt: skip
from nodebook.engine.graph import GraphState
from nodebook.engine.journal import digest_of
from nodebook.engine.recovery import UNREADABLE, Decision, Found, Source, decide
from nodebook.errors import DocumentError

ENDING = ".nodebook.json"
FOLDER = ".nodebook"
LONGEST_WAIT_S = 5.0
"""A save comes this soon even while edits never pause."""
SAVE_SHARE = 4.0
"""Saving waits this many times as long as the last save took, so that a huge graph is not saved all the time."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What the files of a graph held, and what the user should know about them."""

    state: GraphState
    source: Source
    notices: tuple[str, ...]


def _ignore(_text: str) -> None:
    pass


class GraphFile:
    """Keeps one named graph on disk.

    ``restore`` comes first, once; then ``record`` for each batch of edits, in their order: call it under the lock
    under which the edits are made. All methods may be called from any thread. After ``restore`` nothing raises for a
    disk that is full, read-only or gone: ``on_notice`` is told, once, and the graph lives on in memory.
    """

    def __init__(self, folder: Path, name: str, *, debounce_s: float, on_notice: Notify) -> None:
        self.name = check_name(name)
        self.path = Path(folder) / f"{self.name}{ENDING}"
        aside = self.path.parent / FOLDER
        self._journal_path = aside / f"{self.name}.journal.jsonl"
        self._copy_path = aside / f"{self.name}.saved.json"
        self._file_lock = FileLock(aside / f"{self.name}.lock")
        self._debounce_s = debounce_s
        self._announcer = Announcer(on_notice)
        # Order: _save_lock, then _lock. record() takes only _lock, and nothing slow happens under it.
        self._save_lock = Lock()
        self._lock = Lock()
        self._wake = Condition(self._lock)
        self._state = GraphState(name=self.name)
        self._number = 0
        self._saved_number = 0
        self._journal: AppendFile | None = None
        self._has_gap = False
        """Whether edits are missing in the journal, so that only a save of the whole document makes it right again."""
        self._target = self.path
        self._known: str | None = None
        """Digest of the document as we last read or wrote it; None where there was none."""
        self._due: float | None = None
        self._waiting_since = 0.0
        self._last_save_s = 0.0
        self._thread: Thread | None = None
        self._is_closed = False

    @classmethod
    def open(cls, folder: Path | str, name: str, *, debounce_s: float = 0.4, on_notice: Notify = _ignore) -> GraphFile:
        """Name the files of a graph; nothing is read or written yet.

        Raises ``DocumentError`` for a name that cannot be a file's.
        """
        return cls(Path(folder), name, debounce_s=debounce_s, on_notice=on_notice)

    # Reading

    def restore(self) -> Restored:
        """Return the graph as its files have it, after a crash too; an empty one where there are none.

        Raises ``NewerDocumentError`` for a document of a newer nodebook, and ``DocumentError`` where the document is
        there but the system will not let it be read: both files stay as they are.
        """
        with self._save_lock:
            found = self._read()
            decision = decide(self.name, found)
            is_owner = self._own(decision)
            with self._lock:
                self._state = decision.state
                self._number = decision.last_number + bool(decision.is_unsaved)
                self._saved_number = decision.last_number if decision.is_unsaved else self._number
                self._known = None if found.document is None else digest_of(found.document)
                self._has_gap = decision.is_unsaved and (not is_owner or decision.journal != "continue")
            if is_owner:
                self._tidy(decision)
            elif decision.document != "fine":
                self._known = None  # not ours to set aside: saving then turns to a document of its own
        if is_owner and decision.is_unsaved and self._journal is None:
            self._save()
        elif is_owner and decision.is_unsaved:
            with self._lock:
                self._schedule()
        notices = decision.notices + self._announcer.take()
        return Restored(decision.state, decision.source, notices)

    def _read(self) -> Found:
        try:
            document = read_or_none(self.path)
        except OSError as error:
            raise DocumentError(
                f"Cannot read {self.path}: {error.strerror}. The graph {self.name!r} is left as it is. "
                "Make the file readable, or give the graph another name."
            ) from error
        try:
            copy = read_or_none(self._copy_path)
        except OSError:  # a second net, which is missed only if the first breaks
            copy = None
        try:
            journal = read_or_none(self._journal_path)
        except OSError:
            journal = UNREADABLE
        return Found(document, copy, journal)

    def _own(self, decision: Decision) -> bool:
        """Take the lock where there can be something to tidy; without the folder there is not."""
        if not self._file_lock.path.parent.is_dir() and decision.document == "fine":
            return True
        try:
            self._prepare_folder()
            if self._file_lock.take():
                return True
        except OSError as error:
            self._announcer.say("journal", _no_journal(self.name, error))
            return True
        self._say_shared()
        return False

    def _tidy(self, decision: Decision) -> None:
        """Do to the files what the decision says. A step that fails leaves the files as they are."""
        sweep_temporaries(self.path)
        try:
            if decision.unsaved is not None:
                own = free_path(self.path.parent, f"{self.name}.conflict-", ENDING)
                write_atomic(own, dumps(decision.unsaved).encode())
                self._announcer.say("own", f"The unsaved edits are in {own.name}.")
            if decision.document != "fine":
                broken = free_path(self.path.parent, f"{self.path.name}.broken-", "")
                if decision.document == "broken":
                    os.replace(self.path, broken)  # noqa: PTH105
                    self._known = None
                else:  # a copy: until ours is in its place, a crash must find the same again
                    shutil.copyfile(self.path, broken)
            if decision.journal == "set aside":
                self._set_journal_aside()
            elif decision.journal == "set aside and save":
                shutil.copyfile(self._journal_path, self._orphan_path())
            elif decision.journal == "continue":
                self._journal = AppendFile(self._journal_path)
                self._journal.cut(decision.journal_bytes)
        except (OSError, DocumentError) as error:
            self._has_gap = True
            self._known = (
                "" if decision.document != "fine" else self._known
            )  # "": a broken document is never overwritten
            self._announcer.say(
                "tidy", f"Cannot put the files of the graph {self.name!r} in order: {error}. They are left as they are."
            )

    def _orphan_path(self) -> Path:
        return free_path(self._journal_path.parent, f"{self.name}.journal.", ".orphan.jsonl")

    def _set_journal_aside(self) -> None:
        os.replace(self._journal_path, self._orphan_path())  # noqa: PTH105

    # Writing

    def record(self, label: str, edits: Iterable[Edit], state: GraphState) -> None:
        """Note a batch of edits that led to ``state``, and save soon.

        When this returns, a kill of the kernel cannot lose it; a power cut may lose what came after the last save.
        Costs as much as the batch is long, whatever the size of the graph.
        """
        body: bytes | None = None
        problem: Exception | None = None
        try:
            body = journal_lines.batch_body(label, edits)
        except (TypeError, ValueError, RecursionError) as error:
            problem = error
        with self._lock:
            self._state = state
            self._number += 1
            if body is None:
                self._has_gap = True
                self._announcer.say(
                    "value", f"{label!r} cannot be saved: {problem}. Edits stay in memory only until this value goes."
                )
            elif not self._has_gap:
                self._append(journal_lines.numbered(self._number, body))
            if self._is_closed:
                self._announcer.say(
                    "closed", f"The graph {self.name!r} was closed: edits since then are in memory only."
                )
            else:
                self._schedule()
        self._announcer.deliver()

    def put(self, state: GraphState) -> None:
        """Save a state that no recorded edits lead to, such as a document that was opened under this name."""
        with self._lock:
            self._state = state
            self._number += 1
            self._has_gap = True
        self.flush()

    def flush(self) -> bool:
        """Save now what is not saved; say whether the document holds every edit."""
        is_saved = self._save()
        self._announcer.deliver()
        return is_saved

    def close(self) -> None:
        """Save, and let go of the files. What is recorded later stays in memory."""
        with self._lock:
            self._is_closed = True
            self._due = None
            self._wake.notify_all()
        self.flush()
        with self._save_lock, self._lock:
            if self._journal is not None:
                self._journal.close()
                self._journal = None
            self._has_gap = True
            self._file_lock.release()

    def _append(self, line: bytes) -> None:
        try:
            if self._journal is None and not self._begin_journal(self._known):
                self._has_gap = True
                return
            assert self._journal is not None  # noqa: S101 - _begin_journal made it
            self._journal.append(line)
        except OSError as error:
            self._has_gap = True
            self._announcer.say("journal", _no_journal(self.name, error))

    def _prepare_folder(self) -> None:
        folder = self._journal_path.parent
        folder.mkdir(exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# Made by nodebook: unsaved edits of graphs, and copies of their last save.\n*\n")

    def _begin_journal(self, base: str | None, tail: bytes = b"") -> bool:
        """Put a journal in place that continues ``base``; False where another kernel keeps one. Raises ``OSError``."""
        self._prepare_folder()
        was_owner = self._file_lock.is_held
        if not self._file_lock.take():
            self._say_shared()
            return False
        if not was_owner:
            self._take_over()
        if self._journal is not None:  # closed first: Windows replaces no open file
            self._journal.close()
            self._journal = None
        write_atomic(self._journal_path, journal_lines.header_line(base) + tail, sync=False)
        self._journal = AppendFile(self._journal_path)
        return True

    def _take_over(self) -> None:
        """Keep what another kernel, which has ended meanwhile, left in the journal."""
        left = read_or_none(self._journal_path)
        found = None if left is None else journal_lines.parse(left)
        if found is not None and found.lines and found.following(self._known) != ():
            self._set_journal_aside()
            self._announcer.say(
                "orphan", f"Another kernel left unsaved edits of the graph {self.name!r}: its journal was set aside."
            )

    # Saving

    def _schedule(self) -> None:
        now = time.monotonic()
        if self._due is None:
            self._waiting_since = now
        pause_s = max(self._debounce_s, SAVE_SHARE * self._last_save_s)
        self._due = min(now + pause_s, self._waiting_since + max(LONGEST_WAIT_S, pause_s))
        if self._thread is None:  # it ends when nothing is left to save
            self._thread = Thread(target=self._autosave, name=f"nodebook-save-{self.name}", daemon=True)
            self._thread.start()

    def _autosave(self) -> None:
        while True:
            with self._lock:
                while self._due is not None and (left_s := self._due - time.monotonic()) > 0:
                    self._wake.wait(left_s)
                if self._due is None:
                    self._thread = None
                    return
                self._due = None
            self.flush()

    def _save(self) -> bool:
        with self._save_lock:
            with self._lock:
                state, through = self._state, self._number
                mark = None if self._journal is None else self._journal.size
                if through == self._saved_number:
                    return True
            began = time.monotonic()
            try:
                self._write(dumps(state).encode(), through, mark)
            except DocumentError as error:
                self._announcer.say("value", f"The graph {self.name!r} cannot be saved. {error}")
                return False
            except OSError as error:
                self._announcer.say(
                    "save",
                    f"Cannot save the graph {self.name!r} in {self.path.parent}: {error.strerror}. It lives on "
                    "in memory, and the next edit tries again. Make room or make the folder writable, or save it "
                    "elsewhere with g.save(path).",
                )
                return False
            self._last_save_s = time.monotonic() - began
            if self._announcer.forget("save", "value"):
                self._announcer.say("again", f"The graph {self.name!r} is saved again.")
                self._announcer.forget("again")
            return True

    def _write(self, data: bytes, through: int, mark: int | None) -> None:
        digest = digest_of(data)
        on_disk = read_or_none(self._target)
        current = None if on_disk is None else digest_of(on_disk)
        if current is not None and current not in (self._known, digest):
            self._turn_aside()
            current = None
        if current != digest:
            self._prepare_replacement(data, digest, through)
            write_atomic(self._target, data)
        self._known = digest
        with self._lock:
            self._saved_number = through
            self._restart_journal(digest, through, mark)

    def _prepare_replacement(self, data: bytes, digest: str, through: int) -> None:
        """Let the journal continue the new document too, before it is there."""
        with self._lock:
            try:
                if self._journal is not None:
                    self._journal.append(journal_lines.saved_line(digest, through))
            except OSError as error:
                self._has_gap = True
                self._announcer.say("journal", _no_journal(self.name, error))
        if self._file_lock.is_held:
            with contextlib.suppress(OSError):  # a second net; the first is the document itself
                write_atomic(self._copy_path, data, sync=False)

    def _restart_journal(self, digest: str, through: int, mark: int | None) -> None:
        """Begin a journal that continues the document just written, with the batches that came meanwhile."""
        if self._is_closed and not self._file_lock.is_held:
            return
        if (self._has_gap or self._journal is None or mark is None) and self._number != through:
            self._has_gap = True
            return  # a batch that came meanwhile is not in the journal: the next save puts it right
        try:
            tail = b"" if self._journal is None or mark is None else self._journal.read_from(mark)
            kept = [line for line in tail.splitlines(keepends=True) if not journal_lines.is_saved_line(line)]
            self._has_gap = not self._begin_journal(digest, b"".join(kept))
            if not self._has_gap:
                self._announcer.forget("journal", "shared")
        except OSError as error:
            self._has_gap = True
            self._announcer.say("journal", _no_journal(self.name, error))

    def _turn_aside(self) -> None:
        """Save under another name from now on: the document is someone else's now."""
        foreign = self._target
        self._target = free_path(self.path.parent, f"{self.name}.conflict-", ENDING)
        self._known = None
        self._announcer.say(
            f"conflict {self._target.name}",
            f"{foreign.name} was changed outside this notebook (git, or another kernel), so it is left as it is. "
            f"This graph is saved as {self._target.name} from now on. Compare the two, then keep one.",
        )

    # Telling

    def _say_shared(self) -> None:
        self._announcer.say(
            "shared",
            f"The graph {self.name!r} is open in another kernel too. Both see their own edits; whoever saves second is "
            "saved under another name.",
        )


def _no_journal(name: str, error: OSError) -> str:
    return (
        f"The edits of the graph {name!r} cannot be journalled: {error.strerror}. Until that works again, a kernel "
        "that is killed loses what came after the last save."
    )
