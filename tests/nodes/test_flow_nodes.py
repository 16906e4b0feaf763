"""Nodes that steer a graph, in graphs that run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from nodebook.engine.items import Items
from nodebook.engine.node import node
from nodebook.graph import Graph
from nodebook.nodes.flow import rebatch_images
from nodebook.sessions import Session

CALLS: list[str] = []


@node
def half(value: float, times: float = 1.0) -> float:
    CALLS.append(f"half {value:g}")
    return value / 2 * times


@node
def plus(a: float, b: float, extra: float = 0.0) -> float:
    CALLS.append(f"{a:g} + {b:g}")
    return a + b + extra


@node
def fragile(value: float) -> float:
    return 1 / value


@pytest.fixture
def g(tmp_path: Path) -> Iterator[Graph]:
    CALLS.clear()
    session = Session(tmp_path)
    for each in (half, plus, fragile):
        session.library.define(each)
    yield Graph(own_session=session)
    session.close()


def test_repeat_passes_a_value_through_so_many_nodes(g: Graph) -> None:
    repeated = g.add("Repeat", value=g.add("PrimitiveFloat", value=8.0), body="half", times=3)
    g.run().check()
    assert repeated.outputs == (1.0,)
    CALLS.clear()
    repeated.set(times=4)
    g.run().check()
    assert (repeated.outputs, CALLS) == ((0.5,), ["half 1"])
    repeated.set(times=0)
    g.run().check()
    assert repeated.outputs == (8.0,)


def test_further_inputs_go_to_each_node_of_a_loop(g: Graph) -> None:
    factor = g.add("PrimitiveFloat", value=2.0)
    folded = g.add("Fold", values=[1.0, 2.0, 3.0], body="plus", extra=factor)
    g.run().check()
    assert folded.outputs == (1 + 2 + 2.0 + 3 + 2.0,)


def test_map_repeats_only_what_is_new(g: Graph) -> None:
    numbers = g.add("Range", start=1, stop=4)
    mapped = g.add("Map", values=numbers, body="half")
    g.run().check()
    assert mapped.outputs == (Items((0.5, 1.0, 1.5)),)
    CALLS.clear()
    numbers.set(stop=5)
    g.run().check()
    assert CALLS == ["half 4"]


def test_fold_without_values_needs_a_start(g: Graph) -> None:
    empty = g.add("Range", start=0, stop=0)
    bad = g.add("Fold", values=empty, body="plus")
    good = g.add("Fold", values=empty, body="plus", start=g.add("PrimitiveFloat", value=5.0))
    run = g.run()
    assert "no values and no start" in run.errors[bad.id].message
    assert good.outputs == (5.0,)


def test_an_error_in_a_loop_names_the_loop_and_the_node_inside(g: Graph) -> None:
    looped = g.add("Map", values=g.add("Range", start=0, stop=2), body="fragile")
    run = g.run()
    assert run.errors.keys() == {looped.id}
    assert "Fragile" in run.errors[looped.id].message


def test_a_body_that_is_no_node_type_is_named(g: Graph) -> None:
    looped = g.add("Map", values=g.add("Range"), body="halve")
    run = g.run()
    assert "'halve'" in run.errors[looped.id].message
    assert "half" in run.errors[looped.id].message  # what was meant, perhaps


def test_switch_computes_one_side_only(g: Graph) -> None:
    no, yes = g.add("half", value=2.0), g.add("half", value=6.0)
    switch = g.add("ComfySwitchNode", switch=True, on_false=no, on_true=yes)
    run = g.run().check()
    assert switch.outputs == (3.0,)
    assert no.id not in run.executed
    switch.set(on_true=None)
    run = g.run()
    assert "nothing is connected to it" in run.errors[switch.id].message


def test_a_gate_that_is_closed_stops_what_follows_without_failing(g: Graph) -> None:
    gate = g.add("Gate", value=g.add("half", value=2.0), open=False, message="not now")
    after = g.add("half", value=gate)
    run = g.run().check()
    assert run.blocked == {after.id: "not now"}
    gate.set(open=True)
    assert after.id in g.run().check().executed


def test_lists_and_items_are_made_of_each_other(g: Graph) -> None:
    items = g.add("ListToItems", values=g.add("ItemsToList", values=g.add("Range", start=0, stop=3, step=2)))
    g.run().check()
    assert items.outputs == (Items((0, 2)),)


def test_a_range_without_step_is_refused(g: Graph) -> None:
    bad = g.add("Range", step=0)
    assert "step of Range is 0" in g.run().errors[bad.id].message


def test_pictures_are_regrouped_into_batches() -> None:
    batches = Items((torch.zeros(2, 4, 4, 3), torch.ones(3, 4, 4, 3)))
    regrouped = rebatch_images(batches, Items((2,)))
    assert [tuple(each.shape) for each in regrouped] == [(2, 4, 4, 3), (2, 4, 4, 3), (1, 4, 4, 3)]
    assert torch.equal(torch.cat(list(regrouped)), torch.cat(list(batches)))
    other = Items((torch.zeros(1, 4, 4, 3), torch.zeros(1, 8, 4, 3)))
    assert len(rebatch_images(other, Items((1,)))) == 2
    with pytest.raises(ValueError, match="one size, got 4 by 4, 4 by 8"):
        rebatch_images(other, Items((2,)))
