"""Notebooks as Jupyter saves them, with graphs and locks in their outputs, made by running their cells here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nodebook.engine import document
from nodebook.graph import Graph
from nodebook.notebook.lock.making import lock_of
from nodebook.notebook.saved.stored import GRAPH_MIME
from nodebook.sessions import Session, use_session

START = "import nodebook as nb"


def run_cells(sources: Iterable[str], folder: Path, **options: Any) -> list[Graph | None]:
    """Run cells in a session of its own over a folder; return the graph that each shows by its last line."""
    session = Session(folder=folder, **options)
    restore = use_session(session)
    names: dict[str, Any] = {"__name__": "__main__"}
    session.variables.namespace = names
    shown: list[Graph | None] = []
    try:
        for source in sources:
            exec(compile(source, "<cell>", "exec", dont_inherit=True), names)  # noqa: S102 -- the test's own cells
            last = names.get(source.strip().splitlines()[-1])
            shown.append(last if isinstance(last, Graph) else None)
        for graph in shown:
            if graph is not None:
                lock_of(graph)
        return shown
    finally:
        session.queue.close()
        for file in session._files:
            file.close()  # what is still to be saved is saved now, not while somebody compares folders
        restore()


def write_notebook(path: Path, sources: list[str], **options: Any) -> dict[str, Any]:
    """Run cells, and write the notebook that Jupyter would have saved; return its JSON."""
    graphs = run_cells(sources, path.parent / "elsewhere" if options.pop("apart", False) else path.parent, **options)
    cells = [_cell(source, graph, number) for number, (source, graph) in enumerate(zip(sources, graphs, strict=True))]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    save(path, notebook)
    return notebook


def save(path: Path, notebook: dict[str, Any]) -> None:
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def held(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return what the only stored graph of a notebook is stored as; it may be changed."""
    (found,) = [
        output["data"][GRAPH_MIME]
        for cell in notebook["cells"]
        for output in cell["outputs"]
        if GRAPH_MIME in output["data"]
    ]
    assert isinstance(found, dict)
    return found


def _cell(source: str, graph: Graph | None, number: int) -> dict[str, Any]:
    outputs = []
    if graph is not None:
        stored = {
            "nodebook": 1,
            "document": document.to_json(graph.store.state),
            "saved": f"2026-11-26T18:00:{number:02}.000Z",
            "lock": lock_of(graph).to_json(),
        }
        outputs.append({"output_type": "display_data", "data": {GRAPH_MIME: stored}, "metadata": {}})
    return {
        "cell_type": "code",
        "id": f"cell{number}",
        "source": source,
        "outputs": outputs,
        "metadata": {},
        "execution_count": number + 1,
    }
