"""Subgraphs from Python: made, used again, reached into, taken apart."""

from __future__ import annotations

import pytest

import nodebook as nb
from nodebook.errors import InputValueError, NotRunError, UnknownInputError, UnknownNodeError
from nodebook.handles import NodeHandle


@nb.node
def SubAdd(a: int = 0, b: int = 0) -> int:  # noqa: N802 - the name of the node type
    return a + b


def build() -> tuple[nb.Graph, NodeHandle]:
    g = nb.Graph()
    first = g.add(SubAdd, a=1, b=2)
    second = g.add(SubAdd, title="Second", a=first, b=10)
    g.add(SubAdd, title="Last", a=second)
    g.run()
    return g, g.subgraph([first, second], name="Sum")


def test_making_one_runs_nothing_again() -> None:
    g, instance = build()
    assert instance.title == "Sum"
    assert g.run().executed == ()
    assert g["Last"].outputs == (13,)
    assert [each.id for each in g.nodes] == ["3", instance.id]


def test_outputs_of_an_instance_are_what_its_nodes_made() -> None:
    g, instance = build()
    run = g.run(instance)
    assert run.targets == (f"{instance.id}/2",)
    assert instance.output_names == ["INT"]
    assert instance.outputs == (13,)
    assert instance.int.value == 13
    assert g[f"{instance.id}/1"].outputs == (3,)
    assert g[f"{instance.id}/2"].title == "Second"


def test_an_edit_of_an_inner_node_is_one_of_the_subgraph() -> None:
    g, instance = build()
    again = g.add("Sum")
    g[f"{instance.id}/1"].set(a=5)
    g.run(instance, again)
    assert (instance.outputs, again.outputs) == ((17,), (17,))
    g[f"{again.id}/2"].bypass()
    assert g[f"{instance.id}/2"].mode == "bypass"
    g.undo()
    g[f"{again.id}/2"].rename("Renamed")
    assert g[f"{instance.id}/2"].title == "Renamed"
    assert "bypassed" not in str(g.why(instance))


def test_inputs_of_an_instance_are_checked_by_name_and_range() -> None:
    g = nb.Graph()
    source = g.add(SubAdd, a=1)
    inner = g.add(SubAdd, a=source)
    instance = g.subgraph([inner], name="One")
    g.run(instance)
    assert instance.outputs == (1,)
    instance.set(a=7)
    g.run(instance)
    assert instance.outputs == (7,)
    with pytest.raises(UnknownInputError, match=r"One has no input 'sigma'\. Its inputs are: a"):
        instance.set(sigma=1)
    instance.set(a="seven")
    assert [(each.node, each.input, each.code) for each in g.problems] == [(f"{instance.id}/2", "a", "bad_value")]


def test_links_between_graphs_are_refused() -> None:
    g, instance = build()
    with pytest.raises(InputValueError, match="not in the same graph"):
        g[f"{instance.id}/1"].set(a=g["Last"])
    g[f"{instance.id}/2"].set(b=g[f"{instance.id}/1"])
    g.run(instance)
    assert instance.outputs == (6,)


def test_unpacking_gives_the_nodes_back() -> None:
    g, instance = build()
    g.unpack(instance)
    assert g.run().executed == ()
    assert g["Last"].outputs == (13,)
    with pytest.raises(InputValueError, match="no instance of a subgraph"):
        g.unpack("Last")


def test_what_is_not_there() -> None:
    g, instance = build()
    with pytest.raises(UnknownNodeError):
        g[f"{instance.id}/99"]
    assert f"{instance.id}/1" in g
    assert "7/99" not in g
    with pytest.raises(InputValueError, match="got none"):
        g.subgraph([], name="Nothing")
    with pytest.raises(InputValueError, match="inside another subgraph"):
        g.subgraph([f"{instance.id}/1"], name="Inner")
    fresh = g.add("Sum")
    g[f"{instance.id}/1"].set(a=50)
    with pytest.raises(NotRunError):
        _ = fresh.outputs


def test_plan_and_why_speak_of_paths() -> None:
    g, instance = build()
    g[f"{instance.id}/1"].set(a=555)
    plan = g.plan()
    assert plan.steps == [f"{instance.id}/1", f"{instance.id}/2", "3"]
    assert [row.title for row in plan if row.action == "run"] == ["Sub Add", "Second", "Last"]
    assert f"Node {instance.id}/2 will run" in g.why(instance)


def test_a_reroute_has_the_value_of_what_it_is_linked_to() -> None:
    g = nb.Graph()
    source = g.add(SubAdd, a=1, b=1)
    dot = g.add("Reroute", value=source)
    g.add(SubAdd, title="Last", a=dot)
    run = g.run()
    assert run.executed == ("1", "3")
    assert g["Last"].outputs == (2,)
    assert dot.outputs == (2,)


def test_a_prompt_has_the_nodes_written_out() -> None:
    g, instance = build()
    prompt = nb.comfy.to_prompt(g)
    assert set(prompt) == {"3", f"{instance.id}/1", f"{instance.id}/2"}
    assert prompt["3"]["inputs"]["a"] == [f"{instance.id}/2", 0]


def test_groups_are_there_to_read() -> None:
    from nodebook.engine.edits import SetGroup

    g = nb.Graph()
    g.store.edit([SetGroup("1", {"title": "Inputs"})], "Group")
    assert g.groups == {"1": {"title": "Inputs"}}


def test_named_inputs_stay_outside_and_go_on_working() -> None:
    g = nb.Graph()
    start = g.input("start", 3)
    first = g.add(SubAdd, a=start, b=1)
    instance = g.subgraph([start, first], name="Plus")
    assert instance.node.links["a"] == ("1", "value")
    g.run(instance, start=10)
    assert instance.outputs == (11,)
    with pytest.raises(InputValueError, match="named inputs, which stay"):
        g.subgraph([start], name="Start")
