"""One graph behind one lock: edits, undo and redo, listeners, threads."""

import logging
import threading
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nodebook.engine.document import dumps
from nodebook.engine.edits import AddNode, RemoveNode, SetLink, SetTitle, SetValue, SetView, UnsetValue
from nodebook.engine.graph import GraphState
from nodebook.engine.library import Library
from nodebook.engine.store import UNDO_STEPS, Change, GraphStore
from nodebook.errors import EditError, NodebookError
from tests.engine.strategies import scaled
from tests.engine.support import PLAIN, Laboratory

IDS = ["1", "2", "3", "x"]


def library() -> Library:
    made = Library()
    for function in PLAIN:
        made.define(function)
    return made


@pytest.fixture
def store() -> GraphStore:
    return GraphStore(library())


def add_node(store: GraphStore, node_id: str, **values: Any) -> None:
    store.edit([AddNode(node_id, {"type": "add", "values": values})], f"Add {node_id}")


class Journal(RuleBasedStateMachine):
    """Undo and redo walk along the states that edits made, text for text."""

    def __init__(self) -> None:
        super().__init__()
        self.store = GraphStore(library())
        self.past: list[tuple[str, str]] = []
        self.present = dumps(self.store.state)
        self.future: list[tuple[str, str]] = []
        self.changes: list[Change] = []
        self.store.subscribe(self.changes.append)

    def edit(self, label: str, *edits: Any) -> None:
        self.store.edit(edits, label)
        self.past.append((self.present, label))
        self.present = dumps(self.store.state)
        self.future.clear()

    def any_id(self, data: st.DataObject) -> str:
        return str(data.draw(st.sampled_from(sorted(self.store.state.nodes))))

    @rule(node_id=st.sampled_from(IDS), value=st.integers())
    def add(self, node_id: str, value: int) -> None:
        if node_id in self.store.state.nodes:
            with pytest.raises(EditError, match="the id is taken"):
                self.store.edit([AddNode(node_id, {"type": "add"})], "Add")
        else:
            self.edit("Add", AddNode(node_id, {"type": "add", "values": {"a": value}}))

    @precondition(lambda self: len(self.store.state.nodes) > 0)
    @rule(data=st.data(), kind=st.integers(0, 5), other=st.sampled_from(IDS))
    def change(self, data: st.DataObject, kind: int, other: str) -> None:
        node_id = self.any_id(data)
        edits: list[Any] = [
            SetValue(node_id, "b", 7),
            UnsetValue(node_id, "a"),
            SetLink(node_id, "a", (other, "INT")),
            SetTitle(node_id, "T"),
            SetView(node_id, {"x": 3.0, "y": None}),
            RemoveNode(node_id),
        ]
        self.edit(f"Change {kind}", edits[kind])

    @precondition(lambda self: len(self.store.state.nodes) > 0)
    @rule(data=st.data())
    def half_a_batch_is_none(self, data: st.DataObject) -> None:
        with pytest.raises(EditError, match="no such node"):
            self.store.edit([SetValue(self.any_id(data), "a", 99), SetValue("gone", "a", 1)], "Half")

    @rule()
    def undo(self) -> None:
        assert self.store.undo() is bool(self.past)
        if self.past:
            before, label = self.past.pop()
            self.future.append((self.present, label))
            self.present = before

    @rule()
    def redo(self) -> None:
        assert self.store.redo() is bool(self.future)
        if self.future:
            after, label = self.future.pop()
            self.past.append((self.present, label))
            self.present = after

    @invariant()
    def is_where_it_should_be(self) -> None:
        assert dumps(self.store.state) == self.present
        assert self.store.history.undo == (self.past[-1][1] if self.past else None)
        assert self.store.history.redo == (self.future[-1][1] if self.future else None)

    @invariant()
    def told_each_revision_once_in_order(self) -> None:
        assert [change.revision for change in self.changes] == list(range(1, self.store.revision + 1))
        if self.changes:
            assert self.changes[-1].state is self.store.state


Journal.TestCase.settings = settings(scaled(60), stateful_step_count=30)
TestJournal = Journal.TestCase


def test_an_edit_after_undo_forgets_what_could_be_redone(store: GraphStore) -> None:
    add_node(store, "1")
    store.undo()
    assert (store.history.undo, store.history.redo) == (None, "Add 1")
    add_node(store, "2")
    assert (store.history.undo, store.history.redo) == ("Add 2", None)
    assert store.redo() is False


def test_nothing_to_undo_is_false_and_changes_nothing(store: GraphStore) -> None:
    state = store.state
    assert store.undo() is False
    assert store.redo() is False
    assert store.state is state
    assert store.revision == 0


def test_undo_reaches_back_a_bounded_number_of_steps(store: GraphStore) -> None:
    add_node(store, "1")
    for value in range(UNDO_STEPS + 5):
        store.edit([SetValue("1", "a", value)], "Set")
    steps = 0
    while store.undo():
        steps += 1
    assert steps == UNDO_STEPS
    assert store.state.nodes["1"].values["a"] == 4


def test_a_batch_is_one_step_of_undo(store: GraphStore) -> None:
    store.edit([AddNode("1", {"type": "add"}), AddNode("2", {"type": "add"}), SetLink("2", "a", ("1", "INT"))], "Paste")
    assert store.history.undo == "Paste"
    store.undo()
    assert len(store.state.nodes) == 0


REFUSED: dict[str, tuple[list[Any], str]] = {
    "a value of an absent node": ([SetValue("9", "a", 1)], "Cannot set a of node '9': the graph has no such node"),
    "an absent node removed": ([RemoveNode("9")], "Cannot remove node '9': the graph has no such node"),
    "an id that is taken": ([AddNode("1", {"type": "add"})], "Cannot add node '1': the id is taken"),
    "a node of a wrong shape": ([AddNode("2", {"values": {}})], "Cannot add node '2': .*\"type\""),
    "the second of two": ([SetTitle("1", "T"), RemoveNode("9")], "Cannot remove node '9'"),
    "what is no edit": (["remove"], "'remove' is not an edit operation"),
}


@pytest.mark.parametrize(("edits", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_batch_changes_nothing(store: GraphStore, edits: list[Any], why: str) -> None:
    add_node(store, "1")
    store.undo()
    store.redo()
    changes: list[Change] = []
    store.subscribe(changes.append)
    state, history, revision = store.state, store.history, store.revision
    with pytest.raises(EditError, match=why) as caught:
        store.edit(edits, "Edit")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, NodebookError)
    assert (store.state, store.history, store.revision, changes) == (state, history, revision, [])
    assert store.state is state


def test_a_literal_of_a_node_that_the_same_batch_adds_is_written_as_its_port_has_it(store: GraphStore) -> None:
    store.edit([AddNode("1", {"type": "add"}), SetValue("1", "a", 2.0)], "Add")
    assert repr(dict(store.state.nodes["1"].values)) == "{'a': 2}"


def test_a_value_is_kept_as_its_port_has_it(store: GraphStore) -> None:
    store.edit([AddNode("1", {"type": "add", "values": {"a": 2.0, "b": "x", "ghost": 1.0}})], "Add")
    store.edit([SetValue("1", "a", 3.0)], "Set")
    values = store.state.nodes["1"].values
    assert repr(dict(values)) == "{'a': 3, 'b': 'x', 'ghost': 1.0}"


def test_listeners_hear_in_order_of_subscription_until_they_end_it(store: GraphStore) -> None:
    heard: list[str] = []
    end_first = store.subscribe(lambda change: heard.append(f"first {change.revision}"))
    store.subscribe(lambda change: heard.append(f"second {change.revision}"))
    add_node(store, "1")
    end_first()
    end_first()
    store.undo()
    assert heard == ["first 1", "second 1", "second 2"]


def test_a_change_carries_the_batch_the_state_and_who_made_it(store: GraphStore) -> None:
    changes: list[Change] = []
    store.subscribe(changes.append)
    store.edit([AddNode("1", {"type": "add"})], "Add", client="view", client_batch=4)
    store.undo()
    store.redo()
    assert [(each.client, each.client_batch, each.batch.label) for each in changes] == [
        ("view", 4, "Add"),
        (None, None, "Add"),
        (None, None, "Add"),
    ]
    assert isinstance(changes[1].batch.edits[0], RemoveNode)
    assert changes[0].state.nodes["1"].type == "add"


def test_a_listener_that_fails_neither_undoes_the_edit_nor_keeps_others_from_hearing(
    store: GraphStore, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_change: Change) -> None:
        raise RuntimeError("disk full")

    heard: list[int] = []
    store.subscribe(fail)
    store.subscribe(lambda change: heard.append(change.revision))
    with caplog.at_level(logging.ERROR):
        add_node(store, "1")
    assert heard == [1]
    assert "disk full" in caplog.text
    assert store.undo() is True
    assert len(store.state.nodes) == 0


def test_edits_of_many_threads_all_happen_and_all_can_be_undone() -> None:
    store = GraphStore(library())
    revisions: list[int] = []
    store.subscribe(lambda change: revisions.append(change.revision))
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        for number in range(60):
            add_node(store, f"{name}{number}", a=number)
            store.edit([SetValue(f"{name}{number}", "b", number)], "Set")
            if number % 10 == 0:
                store.problems()

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.state.nodes) == 240
    assert all(node.values["a"] == node.values["b"] for node in store.state.nodes.values())
    assert revisions == list(range(1, 481))
    while store.undo():
        pass
    assert len(store.state.nodes) == 0
    assert store.problems() == []


def test_undo_and_edits_of_several_threads_leave_a_whole_graph() -> None:
    lab = Laboratory(*PLAIN)
    start = threading.Barrier(3)
    failures: list[BaseException] = []

    def work(name: str) -> None:
        start.wait()
        for number in range(80):
            try:
                if name == "undo":
                    lab.store.undo()
                    lab.store.plan(lab.cache.get)
                else:
                    lab.store.edit(
                        [
                            AddNode(f"{name}{number}", {"type": "number"}),
                            AddNode(f"{name}{number}'", {"type": "add", "links": {"a": [f"{name}{number}", "INT"]}}),
                        ],
                        "Add",
                    )
            except BaseException as error:  # noqa: BLE001 -- collected for the assertion
                failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b", "undo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert lab.problems == []
    assert len(lab.store.state.nodes) % 2 == 0
    assert lab.run().outcome == "done"


def test_a_state_that_was_taken_stays_as_it_was(store: GraphStore) -> None:
    add_node(store, "1", a=1)
    taken = store.state
    store.edit([SetValue("1", "a", 2), RemoveNode("1")], "Edit")
    assert taken.nodes["1"].values["a"] == 1


def test_an_undone_node_leaves_its_id_unused(store: GraphStore) -> None:
    add_node(store, "5")
    store.undo()
    assert store.state.next_id() == "6"


def test_a_store_begins_with_a_given_state(store: GraphStore) -> None:
    add_node(store, "1", a="wrong")
    other = GraphStore(store.library, store.state)
    assert [problem.code for problem in other.problems()] == ["bad_value"]
    assert other.number != store.number
    assert GraphStore(store.library).state == GraphState()
