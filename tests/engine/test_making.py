"""Making and taking apart subgraphs changes what a document looks like, and nothing of what runs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nodebook.engine.document import dumps, loads
from nodebook.engine.edits import SetOrigin, apply_all
from nodebook.engine.flatten import flatten
from nodebook.engine.graph import GraphState
from nodebook.engine.library import Library
from nodebook.engine.making import make_subgraph, unpack_subgraph
from nodebook.engine.store import GraphStore
from tests.engine import strategies
from tests.engine.reference import NODES
from tests.engine.strategies import scaled
from tests.engine.support import Laboratory
from tests.engine.test_flatten import basic, check
from tests.engine.test_incremental import histories, replace


def keys_of(lab: Laboratory) -> Counter[bytes | None]:
    """The keys of all nodes that run, whatever they are called."""
    return Counter(lab.keys.values())


@scaled(60)
@given(histories(), st.data())
def test_making_and_unpacking_subgraphs_changes_no_key(history: list[Any], data: st.DataObject) -> None:
    lab = Laboratory(*NODES)
    for step in history:
        replace(lab, *step)
    keys, text = keys_of(lab), dumps(lab.store.state)
    lab.run()
    made: list[str] = []
    for turn in range(data.draw(st.integers(1, 3))):
        ids = lab.store.state.ordered_ids()
        chosen = data.draw(st.sets(st.sampled_from(ids), min_size=1))
        instance, edits = make_subgraph(lab.store.state, chosen, lab.library, f"Part {turn}")
        lab.store.edit(edits, "Make")
        made.append(instance)
        assert keys_of(lab) == keys
        check(lab)
        assert dumps(loads(dumps(lab.store.state))) == dumps(lab.store.state)
    for instance in reversed(made):
        if instance in lab.store.state.nodes:
            lab.store.edit(unpack_subgraph(lab.store.state, instance), "Unpack")
            assert keys_of(lab) == keys
            check(lab)
    while lab.store.undo():
        check(lab)
        if dumps(lab.store.state) == text:
            break
    assert dumps(lab.store.state) == text


@scaled(60)
@given(strategies.edited(max_edits=8))
def test_the_flat_graph_that_follows_edits_is_the_one_made_at_once(drawn: tuple[GraphState, list[Any]]) -> None:
    state, edits = drawn
    library = Library()
    store = GraphStore(library, state)
    for edit in edits:
        assert store.flat is not None
        store.edit([edit], "Edit")
        now = flatten(store.state, library)
        assert dict(store.flat.nodes) == dict(now.nodes)
        assert {each: set(ids) for each, ids in store.flat.consumers.items()} == {
            each: set(ids) for each, ids in now.consumers.items()
        }
        assert store.problems() == GraphStore(library, store.state).problems()


def test_the_ports_of_a_made_subgraph() -> None:
    lab = basic()
    instance, edits = make_subgraph(lab.store.state, ["7", "9"], lab.library, "Both")
    state, _ = apply_all(lab.store.state, edits)
    definition = state.subgraphs["1"]
    assert definition.name == "Both"
    assert definition.inputs == ({"name": "value", "type": "INT"},)
    assert definition.outputs == ()
    assert state.nodes[instance].links["value"] == ("1", "INT")
    assert set(state.nodes) == {"1", instance}
    assert set(definition.graph.nodes) == {"7", "9", "10", "11"}


def test_a_node_inside_remembers_where_code_added_it() -> None:
    lab = basic()
    lab.store.edit([SetOrigin("9", {"key": "show#1"})], "Origin")
    _, edits = make_subgraph(lab.store.state, ["9"], lab.library, "Inner")
    state, _ = apply_all(lab.store.state, edits)
    assert state.subgraphs["1"].graph.nodes["9"].origin == {"key": "show#1"}


def test_two_outputs_of_one_name_stay_two() -> None:
    lab = basic()
    lab.add("add", "20", a=1)
    lab.add("add", "21", a=2)
    lab.add("show", "30", value=lab.store.state.nodes["9"].links["value"])
    instance, edits = make_subgraph(lab.store.state, ["20", "21", "7"], lab.library, "All")
    lab.store.edit(edits, "Make")
    assert lab.store.state.subgraphs["1"].output_names == ["result", "INT", "INT_2"]
    assert lab.store.state.nodes["30"].links["value"] == (instance, "result")
