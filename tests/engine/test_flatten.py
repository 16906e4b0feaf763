"""Subgraphs and reroutes: what the engine makes of them is the same graph, written out flat."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nodebook.engine.document import dumps, from_json, loads
from nodebook.engine.edits import (
    AddNode,
    AddSubgraph,
    Edit,
    RemoveSubgraph,
    SetGroup,
    SetLink,
    SetMode,
    SetSubgraph,
)
from nodebook.engine.flatten import flatten
from nodebook.engine.node import node
from nodebook.errors import DocumentError
from tests.engine.support import PLAIN, Laboratory, fresh_index, number, out, show

TWICE: dict[str, Any] = {
    "name": "Twice",
    "inputs": [{"name": "value", "type": "INT"}, {"name": "plus", "type": "INT", "default": 1}],
    "outputs": [{"name": "result", "type": "INT"}, {"name": "raw", "type": "INT"}],
    "nodes": {
        "1": {"type": "SubgraphInputs"},
        "2": {"type": "add", "links": {"a": ["1", "value"], "b": ["1", "value"]}},
        "3": {"type": "add", "values": {"b": 5}, "links": {"a": ["2", "INT"], "b": ["1", "plus"]}},
        "4": {"type": "SubgraphOutputs", "links": {"result": ["3", "INT"], "raw": ["1", "value"]}},
    },
}


def lab_of(nodes: dict[str, Any], **subgraphs: Any) -> Laboratory:
    lab = Laboratory(*PLAIN)
    edits: list[Edit] = [AddSubgraph(each, held) for each, held in subgraphs.items()]
    lab.store.edit([*edits, *(AddNode(each, held) for each, held in nodes.items())], "Build")
    return lab


def basic() -> Laboratory:
    return lab_of(
        {
            "1": {"type": "number", "values": {"value": 3}},
            "7": {"type": "subgraph:t", "links": {"value": ["1", "INT"]}},
            "9": {"type": "show", "links": {"value": ["7", "result"]}},
        },
        t=TWICE,
    )


def check(lab: Laboratory) -> None:
    """The index that followed the edits is one that sees the flat graph for the first time."""
    fresh = flatten(lab.store.state, lab.library)
    assert dict(lab.store.flat.nodes) == dict(fresh.nodes)
    assert {each: set(ids) for each, ids in lab.store.flat.consumers.items()} == {
        each: set(ids) for each, ids in fresh.consumers.items()
    }
    index = fresh_index(lab.library, fresh)
    assert lab.keys == index.keys
    assert set(lab.store.index().default_targets()) == set(index.default_targets())


def test_an_instance_runs_as_its_nodes_under_path_ids() -> None:
    lab = basic()
    check(lab)
    run = lab.run()
    assert set(run.executed) == {"1", "7/2", "7/3", "9"}
    assert dict(lab.store.flat.nodes["7/3"].values) == {"b": 1}
    assert not lab.problems


def test_keys_are_those_of_the_graph_written_flat() -> None:
    lab = basic()
    flat = lab_of(
        {
            "1": {"type": "number", "values": {"value": 3}},
            "a": {"type": "add", "links": {"a": ["1", "INT"], "b": ["1", "INT"]}},
            "b": {"type": "add", "values": {"b": 1}, "links": {"a": ["a", "INT"]}},
            "9": {"type": "show", "links": {"value": ["b", "INT"]}},
        }
    )
    assert [lab.keys[each] for each in ("1", "7/2", "7/3", "9")] == [flat.keys[each] for each in ("1", "a", "b", "9")]


def test_a_value_of_the_instance_wins_over_the_default_and_that_over_the_value_inside() -> None:
    lab = basic()

    def plus() -> Any:
        lab.store.index()
        return lab.store.flat.nodes["7/3"].values["b"]

    assert plus() == 1
    lab.set("7", plus=9)
    assert plus() == 9
    check(lab)
    lab.unset("7", "plus")
    lab.store.edit([SetSubgraph("t", {"inputs": [{"name": "value"}, {"name": "plus"}]})], "No default")
    assert plus() == 5
    check(lab)
    lab.set("7", plus=out("1"))
    assert lab.store.flat.nodes["7/3"].links["b"] == out("1")
    check(lab)


def test_an_edit_in_a_definition_reaches_each_instance_and_nothing_else() -> None:
    lab = basic()
    lab.store.edit([AddNode("8", {"type": "subgraph:t", "values": {"value": 4}})], "Second")
    lab.add(show, value=out("8", "result"))
    lab.add(number, "20", value=7)
    before = dict(lab.store.flat.nodes)
    keys = lab.keys
    lab.store.edit([SetMode("2", "bypass", graph="t")], "Bypass inside")
    check(lab)
    changed = {each for each in before if lab.store.flat.nodes.get(each) is not before[each]}
    assert changed == {"7/2", "8/2"}
    assert lab.keys["20"] == keys["20"]
    lab.store.undo()
    assert lab.keys == keys


def test_a_link_straight_through_an_instance() -> None:
    lab = basic()
    lab.set("9", value=out("7", "raw"))
    assert lab.store.flat.nodes["9"].links["value"] == out("1")
    lab.set("7", value=4)
    lab.cut("7", "value")
    assert lab.store.flat.nodes["9"].values["value"] == 4
    check(lab)


def test_nested_instances() -> None:
    outer = {
        "name": "Outer",
        "inputs": [{"name": "x"}],
        "outputs": [{"name": "y"}],
        "nodes": {
            "1": {"type": "SubgraphInputs"},
            "5": {"type": "subgraph:t", "links": {"value": ["1", "x"]}, "values": {"plus": 2}},
            "6": {"type": "subgraph:t", "links": {"value": ["5", "result"]}},
            "9": {"type": "SubgraphOutputs", "links": {"y": ["6", "result"]}},
        },
    }
    lab = lab_of(
        {
            "7": {"type": "subgraph:o", "values": {"x": 3}},
            "8": {"type": "show", "links": {"value": ["7", "y"]}},
        },
        t=TWICE,
        o=outer,
    )
    check(lab)
    run = lab.run("7")
    assert run.targets == ("7/6/3",)
    assert lab.output("7/6/3") == 17
    lab.store.edit([SetSubgraph("t", {"inputs": [{"name": "value"}, {"name": "plus", "default": 10}]})], "Default")
    check(lab)
    lab.run("7")
    assert lab.output("7/6/3") == 26


def test_reroutes_are_not_there() -> None:
    lab = lab_of(
        {
            "1": {"type": "number"},
            "2": {"type": "Reroute", "links": {"value": ["1", "INT"]}},
            "3": {"type": "Reroute", "links": {"value": ["2", "value"]}},
            "4": {"type": "show", "links": {"value": ["3", "value"]}},
        }
    )
    assert set(lab.keys) == {"1", "4"}
    check(lab)
    assert lab.run("3").executed == ("1",)
    lab.set("2", value=out("9", "INT"))
    assert lab.codes() == [("4", "value", "missing_source")]
    lab.add(number, "9")
    assert lab.codes() == []
    check(lab)
    lab.cut("2", "value")
    assert lab.codes() == [("4", "value", "missing_input")]
    lab.set_mode("3", "mute")
    assert "Node 3, which it is linked to, is muted" in lab.problems[0].message
    check(lab)
    lab.remove("3")
    lab.remove("2")
    assert lab.store.flat is lab.store.state
    check(lab)


def test_a_ring_of_reroutes_is_a_problem() -> None:
    lab = lab_of(
        {
            "2": {"type": "Reroute", "links": {"value": ["3", "value"]}},
            "3": {"type": "Reroute", "links": {"value": ["2", "value"]}},
            "4": {"type": "show", "links": {"value": ["3", "value"]}},
        }
    )
    assert {(each.node, each.code) for each in lab.problems} == {("2", "cycle"), ("3", "cycle"), ("4", "cycle")}
    lab.set("2", value=5)
    lab.cut("2", "value")
    assert {(each.node, each.code) for each in lab.problems} == {("4", "missing_input")}


def test_a_muted_instance_gives_nothing_and_a_bypassed_one_passes_on_by_type() -> None:
    lab = basic()
    lab.set_mode("7", "mute")
    assert set(lab.keys) == {"1", "7", "9"}
    assert "Node 7, which it is linked to, is muted" in lab.problems[0].message
    assert "This node is muted" in str(lab.run("7").errors["7"])
    check(lab)
    lab.set_mode("7", "bypass")
    assert lab.store.flat.nodes["9"].links["value"] == out("1")
    check(lab)
    lab.store.edit([SetSubgraph("t", {"inputs": [{"name": "plus", "type": "INT"}]})], "Take the input away")
    assert "bypassed, and none of its inputs fits" in lab.problems[0].message
    check(lab)
    lab.set_mode("7", None)
    check(lab)


def test_a_subgraph_that_contains_itself_is_a_problem_and_no_hang() -> None:
    lab = basic()
    lab.store.edit(
        [AddNode("5", {"type": "subgraph:u"}, graph="t"), AddSubgraph("u", {"name": "Inner", "nodes": {}})], "Nest"
    )
    assert not lab.problems
    lab.store.edit([AddNode("1", {"type": "subgraph:t"}, graph="u")], "Recurse")
    assert [(each.node, each.code) for each in lab.problems] == [("7", "recursion")]
    assert "Twice → Inner → Twice" in lab.problems[0].message
    run = lab.run()
    assert run.executed == ()
    lab.store.undo()
    assert not lab.problems
    check(lab)


def test_subgraphs_that_double_are_a_problem_and_no_hang() -> None:
    lab = Laboratory(*PLAIN)
    edits: list[Edit] = [AddSubgraph("0", {"nodes": {"1": {"type": "number"}}})]
    edits += [
        AddSubgraph(str(level), {"nodes": {each: {"type": f"subgraph:{level - 1}"} for each in "ab"}})
        for level in range(1, 40)
    ]
    lab.store.edit([*edits, AddNode("1", {"type": "subgraph:39"})], "Double")
    assert [(each.node, each.code) for each in lab.problems] == [("1", "too_large")]


def test_a_chain_of_subgraphs_is_only_long() -> None:
    lab = Laboratory(*PLAIN)
    edits: list[Edit] = [AddSubgraph("0", {"nodes": {"1": {"type": "number"}}})]
    edits += [AddSubgraph(str(each), {"nodes": {"1": {"type": f"subgraph:{each - 1}"}}}) for each in range(1, 1500)]
    lab.store.edit([*edits, AddNode("1", {"type": "subgraph:1499"})], "Nest")
    assert list(lab.keys) == ["/".join(["1"] * 1501)]


def test_an_instance_of_nothing_is_kept_and_comes_back() -> None:
    lab = basic()
    keys = lab.keys
    text = dumps(lab.store.state)
    lab.store.edit([RemoveSubgraph("t")], "Remove")
    assert ("7", None, "unknown_type") in lab.codes()
    check(lab)
    lab.store.undo()
    assert lab.keys == keys
    assert dumps(lab.store.state) == text
    assert not lab.problems


def test_problems_of_inner_nodes_are_told_under_path_ids() -> None:
    lab = basic()
    lab.cut("7", "value")
    lab.store.edit([AddNode("9", {"type": "nothing"}, graph="t")], "Unknown inside")
    assert ("7/9", None, "unknown_type") in lab.codes()
    lab.set("7", sigma=2)
    assert ("7", "sigma", "unknown_input") in lab.codes()
    lab.store.edit([SetLink("4", "result", None, graph="t")], "Cut inside")
    assert ("9", "value", "missing_output") in lab.codes()
    assert "Open it and link one" in next(each.message for each in lab.problems if each.code == "missing_output")
    lab.set("9", value=out("7", "other"))
    assert any("has no output 'other'" in each.message for each in lab.problems)
    check(lab)


def test_a_node_that_is_called_as_an_inner_one() -> None:
    lab = basic()
    lab.add(number, "7/3", value=5)
    assert ("7", None, "id_taken") in lab.codes()
    check(lab)
    lab.remove("7/3")
    assert not lab.problems
    check(lab)


def test_a_plain_graph_is_its_own_flat_graph() -> None:
    lab = lab_of({"1": {"type": "number"}, "2": {"type": "show", "links": {"value": ["1", "INT"]}}})
    assert lab.store.flat is lab.store.state
    lab.store.index()
    assert flatten(lab.store.state, lab.library) is lab.store.state


def test_a_run_with_other_values_goes_into_instances_and_leaves_no_trace() -> None:
    lab = basic()
    keys = lab.keys
    run = lab.run("7", values={("7", "plus"): 100, ("1", "value"): 1})
    assert lab.output("7/3") == 102
    assert run.executed == ("1", "7/2", "7/3")
    assert lab.keys == keys


def test_output_nodes_inside_run_with_the_graph() -> None:
    lab = basic()
    lab.store.edit([AddNode("9", {"type": "show", "links": {"value": ["2", "INT"]}}, graph="t")], "Show inside")
    assert set(lab.run().targets) == {"9", "7/9"}
    assert set(lab.run("7").targets) == {"7/3", "1", "7/9"}


def test_a_document_with_everything_comes_back_as_it_was() -> None:
    lab = basic()
    lab.store.edit(
        [
            SetGroup("1", {"title": "Inputs", "x": 0, "y": 0, "width": 100, "height": 50, "color": "blue"}),
            SetGroup("1", {"title": "Inner", "x": 0}, graph="t"),
            SetSubgraph("t", {"doc": "Doubles.", "category": "mine"}),
        ],
        "Group",
    )
    text = dumps(lab.store.state)
    assert dumps(loads(text)) == text
    assert dumps(from_json(json.loads(text))) == text


@pytest.mark.parametrize(
    "subgraph", [{"nodes": []}, {"nodes": {"a/b": {"type": "A"}}}, {"inputs": [1]}, {"name": 3}, []]
)
def test_bad_definitions_are_refused_in_words(subgraph: Any) -> None:
    with pytest.raises(DocumentError, match="Subgraph 's'"):
        from_json({"nodebook": 1, "nodes": {}, "subgraphs": {"s": subgraph}})


def test_a_bypassed_instance_chooses_again_when_the_reader_is_redefined() -> None:
    def words() -> str:
        return "words"

    def taker(value: int) -> int:
        return value

    def text_taker(value: str) -> int:
        return len(value)

    lab = basic()
    lab.define(node(name="taker")(taker), node(name="words")(words))
    two = {
        "inputs": [{"name": "n", "type": "INT"}, {"name": "s", "type": "STRING"}],
        "outputs": [{"name": "any", "type": "*"}],
        "nodes": {"1": {"type": "SubgraphInputs"}, "2": {"type": "SubgraphOutputs", "links": {"any": ["1", "n"]}}},
    }
    lab.store.edit([AddSubgraph("two", two)], "Add")
    lab.add("words", "20")
    lab.add("subgraph:two", "21", n=out("1"), s=out("20", "STRING"))
    lab.add("taker", "22", value=out("21", "any"))
    lab.set_mode("21", "bypass")
    assert lab.store.flat.nodes["22"].links["value"] == out("1")
    lab.define(node(name="taker")(text_taker))
    assert lab.plan("22").targets == ("22",)
    assert lab.store.flat.nodes["22"].links["value"] == out("20", "STRING")
    assert not [each for each in lab.problems if each.node == "22"]
    check(lab)
