"""A notebook or document as text for git: the cells' sources, and the graphs as code. Outputs are left out.

Never fails: what cannot be read is shown as it is, with a first line that says so. Git would show nothing otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nodebook.engine import document
from nodebook.engine.library import BUILTIN, Library
from nodebook.notebook.code.python import write_code
from nodebook.notebook.saved.stored import StoredGraph, stored_graphs


def plain_library() -> Library:
    """Return nodebook's own node types, without a session: no folder is looked at, nothing is written."""
    from nodebook import nodes

    library = Library()
    nodes.register_ports(library.ports)
    library.define_all(nodes.builtin_nodes(), origin=BUILTIN)
    return library


def file_text(path: Path, library: Library | None = None) -> str:
    """Return the text of a notebook, of a nodebook document or of anything else."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        return f"# nodebook: {path.name} cannot be read: {error.strerror}.\n"
    text = raw.decode("utf-8", errors="replace")
    try:
        return converted(text, library or plain_library())
    except Exception as error:  # noqa: BLE001 - git shows nothing of a file whose converter fails
        words = " ".join(str(error).split()) or type(error).__name__
        head = "# nodebook: this file is shown as it is, because it cannot be read as a graph or notebook"
        return f"{head}: {words}\n{text}"


def converted(text: str, library: Library) -> str:
    """Return the readable text of a notebook or document. Raises ``DocumentError`` and whatever else is wrong."""
    if not text.strip():
        return text
    data = document.parse_json(text)
    if isinstance(data, Mapping) and "cells" in data and "nodebook" not in data:
        return "\n".join(_notebook_lines(data, library)) + "\n"
    code, layout = write_code(document.from_json(data), library)
    del layout  # where nodes stand is no part of what a reviewer reads
    return code


def _notebook_lines(data: Mapping[str, Any], library: Library) -> Iterator[str]:
    graphs: dict[str | None, list[StoredGraph]] = {}
    for stored in stored_graphs(data):
        graphs.setdefault(stored.cell, []).append(stored)
    cells = data["cells"]
    if not isinstance(cells, list):
        raise TypeError('its "cells" are no list')
    for cell in cells:
        kind = cell.get("cell_type", "code")
        yield f"# %% [{kind}]" if kind != "code" else "# %%"
        source = cell.get("source", "")
        text = "".join(source) if isinstance(source, list) else str(source)
        yield from text.rstrip("\n").split("\n")
        yield ""
        for stored in graphs.pop(cell.get("id"), ()):
            yield from _graph_lines(stored, library)
    for left in graphs.values():  # of cells without an id
        for stored in left:
            yield from _graph_lines(stored, library)


def _graph_lines(stored: StoredGraph, library: Library) -> Iterator[str]:
    yield f"# graph {stored.name or 'without a name'}"
    try:
        code, _ = write_code(document.from_json(dict(stored.document)), library)
    except Exception as error:  # noqa: BLE001 - the other cells are still to be read
        words = " ".join(str(error).split()) or type(error).__name__
        code = f"(cannot be read: {words})"
    yield from (f"    {line}" if line else "" for line in code.rstrip("\n").split("\n"))
    yield ""
