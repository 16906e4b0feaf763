"""The journal of a graph: its edits since the document was last written, one JSON object a line.

::

    {"journal": 1, "base": "<sha256 of the document that the edits continue, or null>"}
    {"n": 7, "label": "Set sigma", "edits": [...]}
    {"saved": "<sha256 of a document that is about to be written>", "through": 7}

Pure functions only; ``graphfile`` does the writing. docs/design/storage.md says why it survives a crash at any point.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nodebook.engine.edits import Edit, apply_all, edit_to_json, edits_from_json
from nodebook.engine.graph import GraphState
from nodebook.errors import NewerDocumentError, NodebookError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One recorded batch, as it stands in the journal."""

    number: int
    label: str
    ops: Any


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal as it was read."""

    base: str | None
    """The document that the first batch continues; None where there was none yet."""
    lines: tuple[Line, ...]
    saved: Mapping[str, int]
    """Documents written since → the last batch that each holds."""
    good_bytes: int
    """How much of the file could be read; what follows is a torn line, or damage."""
    total_bytes: int
    is_damaged: bool
    """Whether a whole line could not be read: not a crash, but something else wrote to the file."""

    def following(self, digest: str | None) -> tuple[Line, ...] | None:
        """Return the batches that come after a document, or None where the journal does not continue it."""
        if digest is not None and digest in self.saved:
            return tuple(line for line in self.lines if line.number > self.saved[digest])
        return self.lines if digest == self.base else None

    @property
    def last_number(self) -> int:
        """The number of the last batch, 0 where there is none."""
        return max((*(line.number for line in self.lines), *self.saved.values()), default=0)


def digest_of(data: bytes) -> str:
    """Return the name under which a journal knows a document: the SHA-256 of its bytes."""
    return hashlib.sha256(data).hexdigest()


def header_line(base: str | None) -> bytes:
    """Return the first line of a journal."""
    return _line({"journal": FORMAT, "base": base})


def batch_body(label: str, edits: Iterable[Edit]) -> bytes:
    """Return the line of a batch without its number. Raises ``TypeError`` for a value that is not JSON."""
    return _line({"label": label, "edits": [edit_to_json(edit) for edit in edits]})


def numbered(number: int, body: bytes) -> bytes:
    """Return the line of a batch: numbered at the last moment, so that encoding needs no lock."""
    return b'{"n": %d, ' % number + body[1:]


def saved_line(digest: str, through: int) -> bytes:
    """Return the line that stands before a document is replaced."""
    return _line({"saved": digest, "through": through})


def is_saved_line(line: bytes) -> bool:
    """Say whether a line marks a save, and so has no place in the journal that continues it."""
    return line.startswith(b'{"saved"')


def parse(data: bytes) -> Journal | None:
    """Read a journal as far as it is whole; None where not even its first line is.

    Raises ``NewerDocumentError`` for a journal of a newer nodebook.
    """
    head, *rest = data.split(b"\n")
    header = _object(head) if rest else None
    if header is None or not isinstance(header.get("journal"), int) or "base" not in header:
        return None
    if header["journal"] > FORMAT:
        raise NewerDocumentError(
            f"The journal of the graph was written by a newer nodebook (journal version {header['journal']}; this one "
            f"reads up to {FORMAT}). Update nodebook to open the graph. The files are untouched."
        )
    lines: list[Line] = []
    saved: dict[str, int] = {}
    good_bytes = len(head) + 1
    for raw in rest[:-1]:  # what follows the last newline is torn, or empty
        match _object(raw):
            case {"n": int(number), "label": str(label), "edits": ops}:
                lines.append(Line(number, label, ops))
            case {"saved": str(digest), "through": int(through)}:
                saved[digest] = through
            case _:
                return Journal(header["base"], tuple(lines), saved, good_bytes, len(data), is_damaged=True)
        good_bytes += len(raw) + 1
    return Journal(header["base"], tuple(lines), saved, good_bytes, len(data), is_damaged=False)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A state after a replay, and why it stopped early, if it did."""

    state: GraphState
    problem: str | None


def replay(state: GraphState, lines: Iterable[Line]) -> Replayed:
    """Apply batches in order, up to the first that cannot be."""
    for line in lines:
        try:
            state, _ = apply_all(state, edits_from_json(line.ops), line.label)
        except NodebookError as error:
            return Replayed(state, f"{line.label!r} (edit {line.number}) could not be repeated: {error}")
    return Replayed(state, None)


def _line(data: Mapping[str, Any]) -> bytes:
    # ASCII, so that half a surrogate pair and every kind of line end in a value are escaped.
    return json.dumps(data, allow_nan=False).encode() + b"\n"


def _object(raw: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
