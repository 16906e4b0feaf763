"""What a node's result shows, as blocks, and the results of a run's targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nodebook.engine.interfaces import type_in
from nodebook.notebook.display.entryparts import text_of
from nodebook.notebook.display.look import Block, Label, Words
from nodebook.notebook.display.showing import Showing, blocks_of, picture_blocks

if TYPE_CHECKING:
    from nodebook.engine.cache import Entry
    from nodebook.engine.nodetype import NodeType, OutputSpec
    from nodebook.runs import Run
    from nodebook.sessions import Session

_MEMBERS = {"table": "*", "figure": "*", "audio": "AUDIO", "video": "VIDEO"}
"""Members of a ``UI`` that are shown, and as what."""


def payload_blocks(entry: Entry, showing: Showing) -> Iterator[Block]:
    """Yield what a node shows of itself (``nb.UI``)."""
    images = entry.payload.get("images")
    if isinstance(images, (list, tuple)) and images:
        yield from picture_blocks(images, showing, kind="IMAGE")
    text = text_of(entry.payload)
    if text is not None:
        yield Words(text)
    for member, port in _MEMBERS.items():
        if member in entry.payload:
            yield from blocks_of(entry.payload[member], port, showing)


def output_blocks(spec: OutputSpec, value: Any, showing: Showing, *, is_only: bool) -> Iterator[Block]:
    """Yield what the value of one output shows, under its name where there are several."""
    if not is_only:
        yield Label(spec.name, spec.port if spec.port not in ("*", spec.name) else "")
    yield from blocks_of(value, spec.port, showing)


def entry_blocks(entry: Entry, node_type: NodeType, showing: Showing) -> Iterator[Block]:
    """Yield what a result shows: what its node shows of itself, else its outputs."""
    shown = list(payload_blocks(entry, showing))
    yield from shown
    if shown and node_type.is_output:
        return
    for spec, value in zip(node_type.outputs, entry.outputs, strict=False):
        yield from output_blocks(spec, value, showing, is_only=len(node_type.outputs) == 1)


def results_of(run: Run, session: Session) -> Iterator[tuple[str, NodeType, Entry]]:
    """Yield the targets of a run whose results are still held: id, type and result."""
    flat = run.flat or run.state
    for node_id, key in run.keys.items():
        node = flat.nodes.get(node_id)
        node_type = None if node is None else session.library.find(node.type)
        entry = None if node_type is None else session.lookup(key)
        if entry is not None and node_type is not None:
            yield node_id, node_type, entry


def title_in_run(run: Run, session: Session, node_id: str) -> str:
    """Return the title that a node had in a run, or its type's; nothing where the run had no such node."""
    node = run.state.nodes.get(node_id) or (run.flat or run.state).nodes.get(node_id)
    if node is None:
        return ""
    node_type = type_in(run.state, node, session.library)
    return node.title or (node.type if node_type is None else node_type.title)
