"""Edits between two states: applied, they give the other state; undone, the first."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from nodebook.engine import document
from nodebook.engine.difference import edits_between
from nodebook.engine.edits import (
    AddNode,
    AddSubgraph,
    RemoveNode,
    SetDocumentView,
    SetGroup,
    SetSubgraph,
    SetValue,
    apply_all,
)
from nodebook.engine.graph import GraphState


def state(**nodes: dict[str, Any]) -> GraphState:
    return apply_all(GraphState(), [AddNode(node, {"type": "T", **members}) for node, members in nodes.items()])[0]


def text(of: GraphState) -> str:
    """As text, in which 1, 1.0 and True differ."""
    whole = document.to_json(of)
    return json.dumps({name: whole.get(name) for name in ("nodes", "groups", "subgraphs")}, sort_keys=True)


FIRST = state(
    a={"values": {"x": 1, "list": [1, 2]}, "view": {"x": 0, "color": "#ff0000"}},
    b={"links": {"in": ["a", "out"]}, "title": "Bee", "mode": "mute"},
    c={"type": "U", "links": {"in": ["b", "out"], "other": ["a", "out"]}},
)
CASES = {
    "values": state(a={"values": {"x": 1.0, "list": [1.0, 2]}}, b={}, c={"type": "U"}),
    "links": state(
        a={"links": {"in": ["c", "out"]}},
        b={"links": {"in": ["c", "out"]}},
        c={"type": "U", "links": {"new": ["b", "o"]}},
    ),
    "looks": state(a={"view": {"y": 3}}, b={"title": "B", "mode": "bypass", "origin": {"file": "x"}}, c={"type": "U"}),
    "another type": state(a={"type": "V"}, b={"links": {"in": ["a", "out"]}}, c={"links": {"in": ["b", "out"]}}),
    "unknown members": state(a={"future": 1}, b={"links": {"in": ["a", "out"]}}, c={"mode": "dance"}),
    "gone and new": state(d={"links": {"in": ["e", "out"]}}, e={}),
    "a link to nowhere": state(b={"links": {"in": ["a", "out"]}}),
    "empty": state(),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("is_back", [False, True])
def test_edits_lead_from_one_state_to_the_other_and_undo_leads_back(name: str, is_back: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    old, new = (CASES[name], FIRST) if is_back else (FIRST, CASES[name])
    there, batch = apply_all(old, edits_between(old, new))
    assert text(there) == text(new)
    assert text(apply_all(there, batch.inverse)[0]) == text(old)


INNER = {
    "name": "Inner",
    "inputs": [{"name": "x", "default": 1}],
    "nodes": {"1": {"type": "T", "values": {"x": 1}}, "2": {"type": "U"}},
}
WITH = apply_all(
    FIRST,
    [
        AddSubgraph("s", INNER),
        AddNode("i", {"type": "subgraph:s"}),
        SetGroup("g", {"title": "G", "nodes": ["a"]}),
        SetDocumentView({"height": 700}),
    ],
)[0]
OTHERS = {
    "without": FIRST,
    "inside": apply_all(WITH, [SetValue("1", "x", 2, graph="s"), RemoveNode("2", graph="s")])[0],
    "its head": apply_all(WITH, [SetSubgraph("s", {"name": None, "doc": "d", "inputs": [{"name": "y"}]})])[0],
    "a default of another type": apply_all(WITH, [SetSubgraph("s", {"inputs": [{"name": "x", "default": True}]})])[0],
    "groups": apply_all(WITH, [SetGroup("g", None), SetGroup("h", {"title": "H"}), SetGroup("k", {}, graph="s")])[0],
}


@pytest.mark.parametrize("name", OTHERS)
def test_subgraphs_and_groups_come_along_and_the_view_stays(name: str) -> None:
    for old, new in ((WITH, OTHERS[name]), (OTHERS[name], WITH)):
        there, batch = apply_all(old, edits_between(old, new))
        assert text(there) == text(new)
        assert there.view == old.view
        assert text(apply_all(there, batch.inverse)[0]) == text(old)
    assert edits_between(WITH, WITH) == []


def test_equal_states_need_no_edit() -> None:
    assert edits_between(FIRST, FIRST) == []
    assert edits_between(FIRST, document.loads(document.dumps(FIRST))) == []


def test_only_what_differs_is_edited() -> None:
    new = apply_all(FIRST, [RemoveNode("c")])[0]
    assert edits_between(FIRST, new) == [RemoveNode("c")]


def test_random_states() -> None:
    rng = random.Random(5)  # noqa: S311 -- not for secrets

    def some() -> GraphState:
        ids = rng.sample("abcdef", rng.randint(0, 6))
        return state(
            **{
                node: {
                    "type": rng.choice("TU"),
                    "values": {name: rng.choice([1, 1.0, True, "x"]) for name in rng.sample("pqr", rng.randint(0, 3))},
                    "links": {name: [rng.choice(ids), "o"] for name in rng.sample("stu", rng.randint(0, 3))},
                }
                for node in ids
            }
        )

    for _ in range(200):
        old, new = some(), some()
        there, batch = apply_all(old, edits_between(old, new))
        assert text(there) == text(new)
        assert text(apply_all(there, batch.inverse)[0]) == text(old)
