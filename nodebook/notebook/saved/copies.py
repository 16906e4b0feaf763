"""A named graph has a file beside the notebook, and copies in the notebook's outputs: which of them is the graph.

The newest, where one came from the other; else the file, and the copy is kept beside it, and said. What came from what
is known by digests: a copy names the states that it came from, and a list beside the graph's journal names the states
that were put into notebooks from here (docs/design/sharing.md).
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Literal
from weakref import WeakKeyDictionary

from nodebook.engine import document
from nodebook.engine.files import free_path, write_atomic
from nodebook.engine.graph import GraphState
from nodebook.engine.graphfile import ENDING, FOLDER
from nodebook.engine.journal import digest_of
from nodebook.engine.store import GraphStore
from nodebook.errors import DocumentError, NewerDocumentError
from nodebook.notebook.saved.notebookfile import Found, NotebookCopies, read_copies
from nodebook.notebook.saved.stored import VERSION
from nodebook.sessions import Session

logger = logging.getLogger(__name__)

_DIGEST_CHARS = 16
_STARTS, _RECENT = 16, 16
_KNOWN = 512

Verdict = Literal["file", "copy", "conflict"]


@dataclass(frozen=True, slots=True)
class Copy:
    """A readable copy of a graph in a notebook."""

    state: GraphState
    digest: str
    saved: str
    """When it was put there; empty where it does not say."""
    history: tuple[str, ...] = ()
    cell: str | None = None
    side: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What to go on with: the graph's own file or a copy, and the copies to keep beside it."""

    verdict: Verdict
    copy: Copy | None = None
    aside: tuple[Copy, ...] = ()


def choose(own: str | None, copies: Sequence[Copy], known: Collection[str]) -> Choice:
    """Choose between a graph's own file and copies of it.

    ``own``: the digest of the file's state, None where there is no file. ``known``: digests of states that were put
    into notebooks from here, which the file's state has come from.
    """
    newest = sorted(copies, key=lambda each: each.saved, reverse=True)
    if own is None:
        if not newest:
            return Choice("file")
        taken = newest[0]
        return Choice("copy", taken, _apart(newest[1:], {taken.digest, *taken.history}))
    foreign = _apart(newest, {own, *known})
    if not foreign:
        return Choice("file")
    heir = next((each for each in foreign if own in each.history), None)
    if heir is None:
        return Choice("conflict", None, foreign)
    return Choice("copy", heir, _apart(foreign, {heir.digest, *heir.history}))


def _apart(copies: Sequence[Copy], known: Collection[str]) -> tuple[Copy, ...]:
    """Return one of each state that is not known."""
    by_digest = {each.digest: each for each in reversed(copies) if each.digest not in known}
    return tuple(each for each in copies if by_digest.get(each.digest) is each)


@dataclass
class _Lineage:
    """Where the states of a named graph came from, as far as this kernel and its folder know."""

    path: Path
    known: list[str]
    """Digests of what was put into notebooks from here, and of what that came from; the newest last."""
    settled: list[str]
    """Digests of copies that were kept aside: said once."""
    starts: list[str]
    """Digests of the states from which kernels went on: those are what another machine may still have."""
    start: str | None = None
    """The one of this kernel."""
    state: GraphState | None = None
    digest: str = ""

    def note(self, state: GraphState) -> list[str]:
        """Note a state that is put into a notebook now; return the digests of what it came from."""
        if self.state is not state:
            self.state, self.digest = state, state_digest(state)
            self.add([self.digest], starts=[] if self.start is None else [self.start])
        older = dict.fromkeys([*self.starts[-_STARTS:], *self.known[-_RECENT:]])
        return [each for each in older if each != self.digest]

    def add(self, known: Iterable[str] = (), settled: Iterable[str] = (), starts: Iterable[str] = ()) -> None:
        """Add to the lists, on disk too where that is news."""
        before = (self.known, self.settled, self.starts)
        self.known = list(dict.fromkeys([*self.known, *known]))[-_KNOWN:]
        self.settled = list(dict.fromkeys([*self.settled, *settled]))[-_KNOWN:]
        self.starts = list(dict.fromkeys([*self.starts, *starts]))[-_KNOWN:]
        if before != (self.known, self.settled, self.starts):
            self._save()

    def _save(self) -> None:
        value = {"nodebook": 1, "stored": self.known, "settled": self.settled, "starts": self.starts}
        with contextlib.suppress(OSError):  # without it a copy may count as a conflict, which loses nothing
            self.path.parent.mkdir(exist_ok=True)
            write_atomic(self.path, json.dumps(value).encode(), sync=False)


_lineages: WeakKeyDictionary[GraphStore, _Lineage] = WeakKeyDictionary()
_notebooks: WeakKeyDictionary[Session, NotebookCopies | None] = WeakKeyDictionary()
_lock = Lock()


def state_digest(state: GraphState) -> str:
    """Return what a state is known by."""
    return digest_of(document.dumps(state).encode())[:_DIGEST_CHARS]


def copies_in(session: Session) -> NotebookCopies | None:
    """Return what the session's notebook holds, read once; None where there is none, or it cannot be read."""
    with _lock:
        if session not in _notebooks:
            _notebooks[session] = _read(session.notebook)
        return _notebooks[session]


def _read(path: Path | None) -> NotebookCopies | None:
    if path is None:
        return None
    try:
        return read_copies(path)
    except OSError:  # not saved yet, or not ours to read
        return None


def saved_at(session: Session, state: GraphState) -> str | None:
    """Return since when the session's notebook has this very state, None where it has not."""
    notebook = copies_in(session)
    if notebook is None or not notebook.found:
        return None
    wanted = state_digest(state)
    named = (each for each in notebook.found if each.graph.name == state.name and each.graph.saved is not None)
    return next((each.graph.saved for each in named if _digest_or_none(each) == wanted), None)


def _digest_or_none(found: Found) -> str | None:
    with contextlib.suppress(DocumentError):
        return state_digest(document.from_json(dict(found.graph.document)))
    return None


def note_stored(store: GraphStore, session: Session, state: GraphState) -> list[str]:
    """Note that a state is put into the notebook, and return the digests of what it came from, for beside it."""
    lineage = _lineages.get(store)
    if lineage is None:
        if state.name is None:
            return []
        lineage = _lineages[store] = _lineage(session.folder, state.name)
    return lineage.note(state)


def _lineage(folder: Path, name: str) -> _Lineage:
    path = folder / FOLDER / f"{name}.stored.json"
    value: object = None
    with contextlib.suppress(OSError, ValueError, RecursionError):
        value = json.loads(path.read_bytes())
    return _Lineage(path, _texts(value, "stored"), _texts(value, "settled"), _texts(value, "starts"))


def _texts(value: object, member: str) -> list[str]:
    found = value.get(member) if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Joined:
    """The state to go on with, whether it is another than the file's, and what the user should know."""

    state: GraphState
    is_other: bool
    notices: tuple[str, ...] = ()
    """What somebody has to decide or to repair."""
    news: tuple[str, ...] = ()
    """What went well and yet may surprise."""


def join(session: Session, name: str, own: GraphState | None) -> Joined:
    """Bring a graph's file and its copies in the session's notebook together. Never raises.

    ``own``: the state of its file, None where there is none. Files are only added.
    """
    notebook = copies_in(session)
    kept = own if own is not None else GraphState(name=name)
    if notebook is None:
        return Joined(kept, is_other=False)
    try:
        return _join(session.folder, name, own, notebook)
    except Exception:  # the file is there all the same
        logger.exception("The copies of the graph %r in %s could not be looked at", name, notebook.path)
        return Joined(kept, is_other=False)


def _join(folder: Path, name: str, own: GraphState | None, notebook: NotebookCopies) -> Joined:
    lineage = _lineage(folder, name)
    dealt_with = {*lineage.known, *lineage.settled, *lineage.starts}
    copies, notices = readable(notebook, name, folder)
    choice = choose(None if own is None else state_digest(own), copies, dealt_with)
    if notebook.problem is not None and any(each.graph.name == name for each in notebook.found):
        notices.insert(0, notebook.problem)
    notices.extend(_keep_aside(folder, name, copy, notebook.path) for copy in choice.aside)
    lineage.add(settled=[copy.digest for copy in choice.aside])
    state = own if own is not None else GraphState(name=name)
    news: tuple[str, ...] = ()
    if choice.copy is not None:
        state = replace(choice.copy.state, name=name)
        news = (_taken(folder, name, choice.copy, own, notebook.path),)
        lineage.add([*choice.copy.history, choice.copy.digest])
    return Joined(state, choice.copy is not None, tuple(notices), news)


def start_lineage(session: Session, name: str, store: GraphStore) -> None:
    """Note the state from which a kernel goes on: what it makes of it came from there."""
    lineage = _lineages[store] = _lineage(session.folder, name)
    lineage.start = state_digest(store.state)


def readable(notebook: NotebookCopies, name: str, folder: Path) -> tuple[list[Copy], list[str]]:
    """Return the copies of a graph that can be read, and what is wrong with the others, which are kept in files."""
    copies, notices = [], []
    for found in notebook.found:
        if found.graph.name != name:
            continue
        try:
            copies.append(read_copy(found))
        except DocumentError as error:
            notices.append(_keep_unreadable(found, name, folder, notebook.path, error))
    return copies, notices


def read_copy(found: Found) -> Copy:
    """Return a copy whose document can be read. Raises ``DocumentError``, and its leaf for one of a newer version."""
    graph = found.graph
    if graph.version != VERSION:
        raise NewerDocumentError(
            f"Its version is {graph.version!r}; this nodebook knows {VERSION}. Open it with a newer nodebook."
        )
    state = document.loads(graph.torn) if graph.torn is not None else document.from_json(dict(graph.document))
    return Copy(state, state_digest(state), graph.saved or "", graph.history, graph.cell, found.side)


def _keep_unreadable(found: Found, name: str, folder: Path, path: Path, error: DocumentError) -> str:
    """Keep a copy that cannot be read, for the output that holds it is written anew when its cell runs."""
    where = f"The copy of the graph {name!r} in {path.name}{_in_cell(found.graph.cell)} cannot be read: {error}"
    torn = found.graph.torn
    text = (json.dumps(found.graph.document, indent=2) if torn is None else torn).encode(errors="replace")
    kept = folder / FOLDER / f"{name}.copy-{digest_of(text)[:_DIGEST_CHARS]}.json"
    try:
        kept.parent.mkdir(exist_ok=True)
        if not kept.exists():
            write_atomic(kept, text, sync=False)
    except OSError:
        return f"{where} It stays in the notebook until that cell is run."
    return f"{where} It was kept as {FOLDER}/{kept.name}."


def _in_cell(cell: str | None) -> str:
    return f" (cell {cell})" if cell else ""


def _keep_aside(folder: Path, name: str, copy: Copy, path: Path) -> str:
    kept = free_path(folder, f"{name}.conflict-", ENDING)
    what = f"The copy of the graph {name!r} in {path.name}{_of(copy)} and the one that is used were changed apart"
    try:
        write_atomic(kept, document.dumps(replace(copy.state, name=name)).encode())
    except OSError as error:
        return f"{what}. It could not be kept beside it ({error.strerror}): save the notebook under another name first."
    return f"{what}. It was kept as {kept.name}: compare the two (nb.diff), then keep one."


def _of(copy: Copy) -> str:
    parts = [f"the side {copy.side}"] if copy.side else []
    parts += [f"saved {copy.saved[:16].replace('T', ' ')}"] if copy.saved else []
    return f" ({', '.join(parts)})" if parts else ""


def _taken(folder: Path, name: str, copy: Copy, own: GraphState | None, path: Path) -> str:
    if own is None:
        return f"The graph {name!r} has no file here: it was taken from its copy in {path.name}{_of(copy)}."
    text = f"The copy of the graph {name!r} in {path.name}{_of(copy)} goes on from its file here, so it was taken."
    with contextlib.suppress(OSError):
        aside = folder / FOLDER
        aside.mkdir(exist_ok=True)
        kept = free_path(aside, f"{name}.replaced-", ".json")
        write_atomic(kept, document.dumps(own).encode())
        text += f" The file as it was: {FOLDER}/{kept.name}."
    return text
