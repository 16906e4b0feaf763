"""Graphs in the outputs of a notebook file."""

from __future__ import annotations

from typing import Any

import pytest

from nodebook.notebook.stored import GRAPH_MIME, StoredGraph, stored_graphs

DOCUMENT = {"nodebook": 1, "name": "portrait", "nodes": {}}


def notebook(*held: Any) -> dict[str, Any]:
    outputs = [{"output_type": "display_data", "data": {GRAPH_MIME: each}, "metadata": {}} for each in held]
    return {"cells": [{"cell_type": "markdown", "id": "a"}, {"cell_type": "code", "id": "b", "outputs": outputs}]}


def test_a_graph_is_found_with_its_lock_and_its_cell() -> None:
    held = {"nodebook": 1, "document": DOCUMENT, "saved": "2026-11-26T18:00:00.000Z", "lock": {"lock": 1}}
    (found,) = stored_graphs(notebook(held))
    assert found == StoredGraph(DOCUMENT, "2026-11-26T18:00:00.000Z", {"lock": 1}, "b")
    assert found.name == "portrait"


def test_a_bare_document_of_an_older_version_is_found() -> None:
    assert stored_graphs(notebook(DOCUMENT)) == [StoredGraph(DOCUMENT, cell="b")]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"cells": None},
        {"cells": "abc"},
        {"cells": [None, 3, {"outputs": 5}, {"outputs": [{"data": []}]}]},
        notebook("x"),
    ],
)
def test_what_has_another_shape_is_passed_over(broken: dict[str, Any]) -> None:
    assert stored_graphs(broken) == []
