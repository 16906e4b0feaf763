"""What a cell shows for a run: what came of it, node by node, and the pictures that it made."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nodebook.notebook.display.entryblocks import results_of, title_in_run
from nodebook.notebook.display.entryparts import pictures_of
from nodebook.notebook.display.look import Block, Heading, Label, Table, Words, bundle, counted
from nodebook.notebook.display.showing import Showing, picture_blocks
from nodebook.sessions import session
from nodebook.tables import bytes_text, seconds_text

if TYPE_CHECKING:
    from nodebook.runs import Run
    from nodebook.sessions import Session

logger = logging.getLogger(__name__)

_MAX_ROWS = 100
_MAX_PICTURES = 12
_NEXT = {
    "cancelled": "What ran is kept: g.run() goes on from there.",
    "abandoned": "A node did not react to Cancel and was left to itself. What ran before it is kept.",
    "failed": "What did not fail is kept. Mend the node and run again: only it and what follows it will run.",
}


def run_bundle(run: Run) -> dict[str, Any]:
    """Return what a cell shows for a run. As text it is ``repr``: without times, so that notebooks stay the same."""
    shown: dict[str, Any] = {"text/plain": repr(run)}
    try:
        shown["text/html"] = bundle(_blocks(run, session()))["text/html"]
    except Exception:
        logger.debug("A run cannot be shown", exc_info=True)
    return shown


def _blocks(run: Run, own: Session) -> Iterator[Block]:
    first = repr(run).partition("\n")[0]
    yield Heading(first.partition(":")[0], f"{first.partition(': ')[2]}, {seconds_text(run.seconds)}")
    yield from _errors(run, own)
    if run.outcome in _NEXT:
        yield Words(_NEXT[run.outcome], "muted")
    rows = list(_rows(run, own))
    if rows:
        yield Table(("node", "title", "what", "time", "result"), rows[:_MAX_ROWS], numbers=(3, 4))
    if len(rows) > _MAX_ROWS:
        yield Words(f"and {len(rows) - _MAX_ROWS} more", "muted")
    yield from _pictures(run, own)


def _errors(run: Run, own: Session) -> Iterator[Block]:
    for node, error in run.errors.items():
        where = f", input {error.input}" if error.input else ""
        titled = f"{error.title or title_in_run(run, own, node)} (node {node}){where}: " if node else ""
        yield Words(f"{titled}{error.kind}: {error.message}", "error")


def _rows(run: Run, own: Session) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield what ran, in order, then what failed and what did not run. What was cached is only counted above."""
    for node in run.executed:
        seconds, size = run.node_seconds.get(node), run.result_bytes.get(node)
        yield node, title_in_run(run, own, node), "ran", seconds_text(seconds), bytes_text(size)
    for node in run.errors:
        if node:
            yield node, title_in_run(run, own, node), "failed", seconds_text(run.node_seconds.get(node)), ""
    for node, because in run.skipped.items():
        if node not in run.errors:
            yield node, title_in_run(run, own, node), f"did not run: node {because} gave nothing", "", ""
    for node, words in run.blocked.items():
        yield node, title_in_run(run, own, node), f"did not run: {words or 'a value before it was refused'}", "", ""


def _pictures(run: Run, own: Session) -> Iterator[Block]:
    """Yield the pictures of the targets that are still held."""
    showing = Showing(own)
    left = _MAX_PICTURES
    for node, node_type, entry in results_of(run, own):
        pictures = pictures_of(entry, node_type)
        if pictures and left > 0:
            yield Label(title_in_run(run, own, node), f"node {node}, {counted(len(pictures), 'picture')}")
            yield from picture_blocks(pictures[:left], showing)
            if len(pictures) > left:
                yield Words(f"and {len(pictures) - left} more", "muted")
            left -= len(pictures)
