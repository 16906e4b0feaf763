"""Nothing recurses: a chain of 50,000 nodes is a graph like any other."""

import sys

import pytest

from nodebook.engine.document import dumps, loads
from nodebook.engine.edits import AddNode, RemoveNode, SetLink, SetValue
from nodebook.engine.events import NodeError
from nodebook.engine.graph import downstream
from nodebook.engine.store import GraphStore
from tests.engine.support import PLAIN, Laboratory

DEPTH = 50_000


@pytest.fixture(scope="module")
def lab() -> Laboratory:
    """A chain of additions: node n is one more than node n - 1."""
    lab = Laboratory(*PLAIN, cache_bytes=1_000_000_000)
    edits = [AddNode("1", {"type": "add", "values": {"b": 1}})]
    edits += [
        AddNode(str(number), {"type": "add", "values": {"b": 1}, "links": {"a": [str(number - 1), "INT"]}})
        for number in range(2, DEPTH + 1)
    ]
    lab.store.edit(edits, "Build")
    lab.stream._listeners = ()
    assert sys.getrecursionlimit() < DEPTH
    return lab


def test_a_deep_chain_runs(lab: Laboratory) -> None:
    run = lab.run()
    assert len(run.executed) == DEPTH
    assert lab.output(str(DEPTH)) == DEPTH
    assert len(lab.run().cached) == DEPTH


def test_an_edit_at_the_root_of_a_deep_chain_runs_all_of_it_and_undo_finds_it_again(lab: Laboratory) -> None:
    lab.run()
    lab.set("1", b=5)
    assert len(lab.run().executed) == DEPTH
    assert lab.output(str(DEPTH)) == DEPTH + 4
    lab.store.undo()
    assert lab.run().executed == ()
    assert lab.output(str(DEPTH)) == DEPTH


def test_a_failure_at_the_root_of_a_deep_chain_is_named_at_its_end(lab: Laboratory) -> None:
    lab.set("1", b="x")
    assert lab.plan().blocked == {str(DEPTH): "1"}
    run = lab.run()
    assert (run.skipped, run.errors["1"].input) == ({str(DEPTH): "1"}, "b")
    assert isinstance(run.errors["1"], NodeError)
    lab.store.undo()
    assert lab.problems == []


def test_a_ring_of_that_size_is_reported_and_mended(lab: Laboratory) -> None:
    lab.store.edit([SetLink("1", "a", (str(DEPTH), "INT"))], "Close")
    problems = lab.problems
    assert len(problems) == DEPTH
    assert max(len(problem.message) for problem in problems) < 1000
    lab.store.undo()
    assert lab.problems == []


def test_what_follows_the_root_is_everything(lab: Laboratory) -> None:
    assert len(downstream(lab.store.state, {"1"})) == DEPTH


def test_a_deep_chain_is_written_and_read(lab: Laboratory) -> None:
    text = dumps(lab.store.state)
    state = loads(text)
    assert dumps(state) == text
    store = GraphStore(lab.library, state)
    assert store.index().keys[str(DEPTH)] == lab.store.index().keys[str(DEPTH)]


def test_the_root_of_a_deep_chain_is_removed_and_comes_back(lab: Laboratory) -> None:
    before = lab.keys
    lab.store.edit([RemoveNode("1"), SetValue("2", "a", 7)], "Remove")
    assert lab.keys["2"] != before["2"]
    lab.store.undo()
    assert lab.keys == before


def test_building_a_deep_chain_can_be_undone_and_redone(lab: Laboratory) -> None:
    while lab.store.undo():
        pass
    assert len(lab.store.state.nodes) == 0
    assert lab.store.index().keys == {}
    assert lab.store.redo()
    assert len(lab.store.index().keys) == DEPTH
