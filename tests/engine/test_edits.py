from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from nodebook.engine.document import dumps, from_json, to_json
from nodebook.engine.edits import (
    AddNode,
    Edit,
    RemoveNode,
    SetLink,
    SetMode,
    SetTitle,
    SetValue,
    apply,
    apply_all,
    edit_to_json,
    edits_from_json,
)
from nodebook.engine.graph import GraphState
from nodebook.errors import EditError
from tests.engine import strategies

CASES = Path(__file__).parents[1] / "fixtures" / "edits.json"


def shared_cases() -> list[Any]:
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="tests/fixtures/edits.json is not there"))]
    return [pytest.param(case, id=case["name"]) for case in json.loads(CASES.read_text())]


@pytest.mark.parametrize("case", shared_cases())
def test_the_cases_that_the_browser_replays_too(case: dict[str, Any]) -> None:
    before = from_json(case["document"])
    if "refused" in case:
        with pytest.raises(EditError):
            apply_all(before, edits_from_json(case["ops"]))
        return
    after, batch = apply_all(before, edits_from_json(case["ops"]))
    assert to_json(after) == to_json(from_json(case["result"]))
    undone, _ = apply_all(after, batch.inverse)
    assert dumps(undone) == dumps(before)


def consumers_of(state: GraphState) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node_id, node in state.nodes.items():
        for link in node.links.values():
            found.setdefault(link.node, set()).add(node_id)
    return found


@strategies.few
@given(strategies.edited())
def test_undo_and_redo_give_back_the_same_bytes(drawn: tuple[GraphState, list[Any]]) -> None:
    before, edits = drawn
    after, batch = apply_all(before, edits)
    undone, redo = apply_all(after, batch.inverse)
    assert dumps(undone) == dumps(before)
    redone, _ = apply_all(undone, redo.inverse)
    assert dumps(redone) == dumps(after)
    for state in (after, undone, redone):
        assert {source: set(ids) for source, ids in state.consumers.items()} == consumers_of(state)


@strategies.few
@given(strategies.edited())
def test_edits_survive_the_journal_and_the_wire(drawn: tuple[GraphState, list[Any]]) -> None:
    before, edits = drawn
    after, _ = apply_all(before, edits)
    for wire in (False, True):
        sent = json.dumps([edit_to_json(edit, wire=wire) for edit in edits], allow_nan=False)
        again, _ = apply_all(before, edits_from_json(json.loads(sent)))
        assert dumps(again) == dumps(after)


@strategies.few
@given(strategies.edited())
def test_untouched_nodes_keep_their_identity(drawn: tuple[GraphState, list[Any]]) -> None:
    before, edits = drawn
    after, batch = apply_all(before, edits)
    for node_id, node in after.nodes.items():
        assert node_id in batch.touched or before.nodes[node_id] is node


ONE = from_json({"nodebook": 1, "nodes": {"1": {"type": "A"}}})


@pytest.mark.parametrize(
    ("ops", "message"),
    [
        pytest.param([{"op": "add_node", "id": "1", "node": {"type": "A"}}], "id is taken.*'2'", id="taken id"),
        pytest.param([{"op": "add_node", "id": "2", "node": {"title": "A"}}], 'no "type"', id="node without type"),
        pytest.param([{"op": "set_value", "node": "7", "input": "a", "value": 1}], "no such node", id="absent node"),
        pytest.param([{"op": "remove_node", "id": "7"}], "Cannot remove node '7'", id="remove absent"),
        pytest.param([{"op": "paint", "id": "7"}], "malformed", id="unknown operation"),
        pytest.param([{"op": "set_title", "node": "1"}], "malformed.*required", id="member missing"),
        pytest.param({"op": "set_title"}, "malformed", id="no list"),
    ],
)  # fmt: skip
def test_refused(ops: Any, message: str) -> None:
    with pytest.raises(EditError, match=message):
        apply_all(ONE, edits_from_json(ops))


def test_a_refused_batch_changes_nothing() -> None:
    before = dumps(ONE)
    with pytest.raises(EditError):
        apply_all(ONE, [SetTitle("1", "x"), RemoveNode("7")])
    assert dumps(ONE) == before


def test_something_else_is_no_edit() -> None:
    with pytest.raises(EditError, match="is not an edit operation"):
        apply("paint", ONE)


def test_a_mode_that_nobody_knows_means_nothing_and_is_not_lost() -> None:
    before = from_json({"nodebook": 1, "nodes": {"1": {"type": "A", "mode": "dream"}}})
    assert (before.nodes["1"].mode, before.nodes["1"].mode_word) == (None, "dream")
    after, batch = apply_all(before, [SetMode("1", "mute")])
    assert (after.nodes["1"].mode, after.nodes["1"].extra) == ("mute", {})
    undone, _ = apply_all(after, batch.inverse)
    assert dumps(undone) == dumps(before)
    assert to_json(undone)["nodes"]["1"] == {"type": "A", "mode": "dream"}


def test_a_value_too_deep_is_refused_at_the_edge() -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    with pytest.raises(EditError, match="nests more than"):
        edits_from_json([{"op": "set_value", "node": "1", "input": "a", "value": deep}])
    with pytest.raises(TypeError, match="nests more than"):
        edit_to_json(SetValue("1", "a", deep))


def test_removing_an_added_node_keeps_links_that_waited_for_it() -> None:
    waiting = from_json({"nodebook": 1, "nodes": {"1": {"type": "A", "links": {"image": ["2", "IMAGE"]}}}})
    after, batch = apply_all(waiting, [AddNode("2", {"type": "B"})])
    assert dumps(apply_all(after, batch.inverse)[0]) == dumps(waiting)


def test_half_a_surrogate_pair_travels() -> None:
    edits: list[Edit] = [
        SetTitle("1", "\ud83d"),
        SetValue("1", "\udc00", "\ud83d"),
        SetLink("1", "\udc00", ("1", "\udc00")),
    ]
    line = json.dumps([edit_to_json(edit) for edit in edits])
    assert edits_from_json(json.loads(line)) == edits


def test_ids_are_never_given_twice() -> None:
    state, _ = apply_all(ONE, [AddNode("5", {"type": "A"}), RemoveNode("5")])
    assert state.next_id() == "6"
    huge = from_json({"nodebook": 1, "nodes": {"9" * 15: {"type": "A"}, "1" + "0" * 15: {"type": "A"}}})
    assert huge.next_id() not in huge.nodes
