"""What came of a form's run: results, and errors beside the field that is to blame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nodebook.errors import NodebookError
from nodebook.notebook.display.entryblocks import entry_blocks, results_of, title_in_run
from nodebook.notebook.display.look import Block, Label, Words, bundle
from nodebook.notebook.display.showing import Showing
from nodebook.notebook.forms.fields import Field
from nodebook.tables import data_uri

if TYPE_CHECKING:
    from nodebook.runs import Run
    from nodebook.sessions import Session

_PREVIEW_PX = 320

_ENDS = {"cancelled": "Cancelled.", "abandoned": "Given up: a node did not react to Cancel."}


def outcome_html(run: Run, session: Session) -> str:
    """Return what the targets of a run made, as HTML."""
    return str(bundle(_blocks(run, session))["text/html"])


def _blocks(run: Run, session: Session) -> Iterator[Block]:
    if run.outcome in _ENDS:
        yield Words(_ENDS[run.outcome], "muted")
    showing = Showing(session)
    found = list(results_of(run, session))
    for node_id, node_type, entry in found:
        if len(found) > 1:
            yield Label(title_in_run(run, session, node_id))
        yield from entry_blocks(entry, node_type, showing)
    for node, words in run.blocked.items():
        if words:
            yield Words(f"{title_in_run(run, session, node)}: {words}", "muted")


def complaints_of(run: Run, fields: Sequence[Field]) -> tuple[dict[str, str], list[str]]:
    """Return what went wrong in a run: what a field is to blame for, by its name, and all else."""
    flat = run.flat or run.state
    names = {field.node: field.name for field in fields}
    by_field: dict[str, str] = {}
    others: list[str] = []
    for node_id, error in run.errors.items():
        node = flat.nodes.get(node_id)
        link = None if node is None or error.input is None else node.links.get(error.input)
        name = names.get(node_id) or (None if link is None else names.get(link.node))
        title = error.title or (node.title if node is not None and node.title else "")
        words = f"{title}: {error.message}" if title else error.message
        if name is not None:
            by_field.setdefault(name, words)
        else:
            others.append(words)
    return by_field, others


def preview_html(picture: Any) -> str:
    """Return a picture that a node shows while it works; nothing for what is no picture."""
    from nodebook.nodes.thumbnails import encode_thumbnail

    try:
        small = encode_thumbnail(picture, _PREVIEW_PX)
    except (NodebookError, ValueError, TypeError, AttributeError):
        return ""
    return f'<img alt="preview" width="{_PREVIEW_PX}" style="max-width: 100%" src="{data_uri(small.data, small.mime)}">'
