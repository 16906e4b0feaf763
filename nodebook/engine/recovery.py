"""What a graph's files mean when they are found again: a decision from their bytes, without touching them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from nodebook.engine.document import loads
from nodebook.engine.graph import GraphState
from nodebook.engine.journal import Journal, Line, digest_of, parse, replay
from nodebook.errors import DocumentError, NewerDocumentError

UNREADABLE = b"?"
"""Stands for a journal that the system will not let be read."""

Source = Literal["new", "document", "document+journal"]
JournalFate = Literal["absent", "continue", "set aside", "set aside and save"]


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a graph as bytes; None where there is none."""

    document: bytes | None
    copy: bytes | None
    """The last document that nodebook itself wrote, kept beside the journal."""
    journal: bytes | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The state to go on with, and what must be done with the files first."""

    state: GraphState
    source: Source
    notices: tuple[str, ...] = ()
    last_number: int = 0
    journal: JournalFate = "absent"
    journal_bytes: int = 0
    """How much of a journal that is continued is whole."""
    document: Literal["fine", "broken", "broken, recovered"] = "fine"
    unsaved: GraphState | None = None
    """Our own edits, where the document was changed from outside and wins."""
    is_unsaved: bool = False
    """Whether ``state`` is not what the document holds."""


def decide(name: str, found: Found) -> Decision:
    """Decide what a graph's files mean. Raises ``NewerDocumentError`` for files of a newer nodebook."""
    journal = None if found.journal is None else parse(found.journal)
    try:
        state = _state(name, found.document)
    except NewerDocumentError:
        raise
    except DocumentError as error:
        return _without_document(name, found, journal, error)
    source: Source = "new" if found.document is None else "document"
    if journal is None:
        return _without_journal(state, source, found)
    lines = journal.following(None if found.document is None else digest_of(found.document))
    if lines is None:
        return _changed_outside(name, state, source, found, journal)
    return _with_journal(state, source, journal, lines)


def _state(name: str, document: bytes | None) -> GraphState:
    if document is None:
        return GraphState(name=name)
    try:
        text = document.decode()
    except UnicodeDecodeError as error:
        raise DocumentError(f"The document is not text in UTF-8 (at byte {error.start}).") from None
    return replace(loads(text), name=name)  # the file's name is the graph's: it may have been copied or renamed


def _without_journal(state: GraphState, source: Source, found: Found) -> Decision:
    if not found.journal:  # absent, or emptied by a power cut
        return Decision(state, source)
    notice = "The journal of the graph could not be read and was set aside; the document is whole."
    return Decision(state, source, (notice,), journal="set aside")


def _with_journal(state: GraphState, source: Source, journal: Journal, lines: tuple[Line, ...]) -> Decision:
    replayed = replay(state, lines)
    problem, torn = replayed.problem, journal.total_bytes - journal.good_bytes
    notices: list[str] = []
    if journal.is_damaged:
        problem = problem or f"the journal is damaged after its first {journal.good_bytes} bytes"
    elif torn:
        notices.append("The last edit was cut off in the middle when the kernel ended, and is ignored.")
    if problem is not None:
        notices.append(f"Not every unsaved edit came back: {problem}. The journal was set aside with all of them.")
    return Decision(
        replayed.state,
        "document+journal" if lines else source,
        tuple(notices),
        last_number=journal.last_number,
        journal="continue" if problem is None else "set aside and save",
        journal_bytes=journal.good_bytes,
        is_unsaved=bool(lines) or problem is not None,
    )


def _changed_outside(name: str, state: GraphState, source: Source, found: Found, journal: Journal) -> Decision:
    if not journal.lines and not journal.is_damaged:  # all our edits were saved: nothing is lost, nothing to say
        return Decision(state, source)
    ours = _from_copy(name, found, journal)
    what = "removed" if found.document is None else "changed"
    where = "in a document of their own" if ours is not None else "in the journal, which was set aside"
    notice = (
        f"The document was {what} outside this notebook (git, or another kernel) while there were unsaved edits. "
        f"The document wins; the edits are {where}."
    )
    return Decision(state, source, (notice,), journal="set aside", unsaved=ours)


def _without_document(name: str, found: Found, journal: Journal | None, error: DocumentError) -> Decision:
    set_aside = f"The document cannot be read, and was set aside. {error}"
    has_edits = bool(found.journal) and (journal is None or bool(journal.lines) or journal.is_damaged)
    ours = None if journal is None else _from_copy(name, found, journal)
    fits = ours is not None
    if ours is None and found.copy is not None:  # the journal does not continue the copy, but the copy is something
        ours = _try_state(name, found.copy)
    if ours is None:
        text = f"{set_aside} Nothing else was left of the graph, so it begins empty."
        kept: JournalFate = "set aside" if has_edits else "absent"
        return Decision(GraphState(name=name), "new", (text,), journal=kept, document="broken")
    return Decision(
        ours,
        "document+journal",
        (f"{set_aside} The graph was restored from the copy that nodebook keeps and from the journal.",),
        last_number=journal.last_number if journal else 0,
        journal="absent" if fits or not has_edits else "set aside" if journal is None else "set aside and save",
        document="broken, recovered",
        is_unsaved=True,
    )


def _from_copy(name: str, found: Found, journal: Journal) -> GraphState | None:
    """Return the state that our own copy, or an empty graph, and the journal add up to; None where they do not fit."""
    for document in (found.copy, None):
        lines = journal.following(None if document is None else digest_of(document))
        state = None if lines is None else _try_state(name, document)
        if lines is not None and state is not None:
            return replay(state, lines).state
    return None


def _try_state(name: str, document: bytes | None) -> GraphState | None:
    try:
        return _state(name, document)
    except DocumentError:
        return None
