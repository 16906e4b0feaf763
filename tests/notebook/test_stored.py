"""Graphs in the outputs of a notebook file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nodebook.notebook.saved.stored import GRAPH_MIME, StoredGraph, stored_graphs, stored_value

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


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
VALUES = st.recursive(
    SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each, max_size=3)
)
OBJECTS = st.dictionaries(
    st.text(max_size=3) | st.sampled_from(["nodes", "groups", "subgraphs", "name"]), VALUES, max_size=5
)


@example({"name": "\ud800", "nodes": {"1": {"title": "\ud83d"}}}, None, [])
@given(OBJECTS, st.none() | OBJECTS, st.lists(st.text(max_size=4), max_size=3))
def test_what_is_put_into_a_notebook_comes_out_of_it_unchanged(
    document: dict[str, Any], lock: dict[str, Any] | None, history: list[str]
) -> None:
    value = stored_value(document, "2026-11-26T18:00:00.000Z", lock, history)
    text = json.dumps(notebook(value), ensure_ascii=False)
    text.encode()  # a notebook can be saved whatever the values are
    (found,) = stored_graphs(json.loads(text))
    assert (found.document, found.lock, list(found.history), found.torn) == (document, lock, history, None)


def test_whole_numbers_of_any_size_are_no_numbers_of_a_page() -> None:
    value = stored_value({"nodebook": 1, "nodes": {"1": {"values": {"seed": 2**63 - 1}}, "2": {}}}, "2026")
    assert value["document"] == [
        "{",
        '"nodebook":1,',
        '"nodes":{',
        '"1":{"values":{"seed":9223372036854775807}},',
        '"2":{}',
        "}",
        "}",
    ]


@pytest.mark.parametrize("torn", [['{"nodebook": 1,'], ["[1]"], '{"name": "portrait"', ["{" * 5000]])
def test_text_that_cannot_be_read_is_kept_under_the_name_beside_it(torn: Any) -> None:
    (found,) = stored_graphs(notebook({"nodebook": 1, "name": "portrait", "document": torn}))
    assert (found.name, found.document) == ("portrait", {})
    assert found.torn == ("\n".join(torn) if isinstance(torn, list) else torn)
