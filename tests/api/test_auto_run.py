"""A graph that runs after edits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

import nodebook as nb
from nodebook.engine.edits import SetView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodebook.sessions import Session

WAIT_S = 30.0
SHORT_S = 0.02

ran: list[int] = []
came = threading.Condition()
gate = threading.Event()
entered = threading.Event()


@nb.node
def note_down(x: int = 0) -> int:
    with came:
        ran.append(x)
        came.notify_all()
    return x


@nb.node
def hold(x: int = 0) -> int:
    entered.set()
    while not gate.wait(0.005):
        nb.progress(0, 1)
    return note_down.function(x)


@nb.node(cache=False)
def tick(x: int = 0) -> int:
    return note_down.function(x)


@pytest.fixture(autouse=True)
def kernel(session: Session) -> Iterator[Session]:
    ran.clear()
    gate.clear()
    entered.clear()
    for function in (note_down, hold, tick):
        session.library.define(function)
    yield session
    gate.set()


def wait_for(*expected: int) -> None:
    with came:
        assert came.wait_for(lambda: ran == list(expected), WAIT_S), ran


def settle(graph: nb.Graph) -> None:
    """Wait until an edit that came now would have led to its run: a second graph's goes through the same delay."""
    other = nb.Graph()
    node = other.add(note_down, x=-1)
    done = threading.Event()
    unsubscribe = nb.queue.subscribe(lambda: done.set() if other.store.last_run else None)
    other.auto_run(delay_s=5 * SHORT_S)
    node.set(x=-2)
    assert done.wait(WAIT_S)
    unsubscribe()
    other.auto_run(False)
    assert graph is not other
    ran[:] = [each for each in ran if each != -2]


def test_an_edit_runs_the_graph_once_it_pauses() -> None:
    graph = nb.Graph()
    node = graph.add(note_down, x=1)
    graph.auto_run(delay_s=10 * SHORT_S)
    for value in range(2, 6):
        node.set(x=value)
    wait_for(5)


def test_what_changes_no_result_runs_nothing() -> None:
    graph = nb.Graph()
    node = graph.add(note_down, x=1)
    always = graph.add(tick, x=100)
    graph.run()
    ran.clear()
    graph.auto_run(delay_s=SHORT_S)
    graph.store.edit([SetView(node.id, {"x": 5, "y": 6})], "Move")
    graph.rename(node.id, "mine")
    node.set(x=1)
    settle(graph)
    assert ran == []
    # A node that runs each time has another key after each run, and still an edit of looks alone runs nothing.
    node.set(x=2)
    with came:
        assert came.wait_for(lambda: sorted(ran) == [2, 100], WAIT_S)
    graph.store.edit([SetView(always.id, {"x": 1, "y": 1})], "Move")
    settle(graph)
    assert sorted(ran) == [2, 100]


def test_it_can_be_switched_off() -> None:
    graph = nb.Graph()
    node = graph.add(note_down, x=1)
    graph.auto_run(delay_s=SHORT_S)
    graph.auto_run(False)
    node.set(x=2)
    settle(graph)
    assert ran == []


def test_edits_during_a_run_lead_to_one_more_with_the_newest(kernel: Session) -> None:
    graph = nb.Graph()
    node = graph.add(hold, x=1)
    graph.auto_run(delay_s=SHORT_S)
    node.set(x=2)
    assert entered.wait(WAIT_S)
    for value in (3, 4):
        node.set(x=value)
        settle_time()
    assert kernel.queue.pending == ()
    gate.set()
    wait_for(2, 4)


def test_with_restart_an_edit_cancels_the_run(kernel: Session) -> None:
    graph = nb.Graph()
    node = graph.add(hold, x=1)
    graph.auto_run(delay_s=SHORT_S, restart=True)
    node.set(x=2)
    assert entered.wait(WAIT_S)
    first = kernel.queue.running
    assert first is not None
    entered.clear()
    node.set(x=3)
    assert first.result(WAIT_S).outcome == "cancelled"
    assert entered.wait(WAIT_S)
    gate.set()
    wait_for(3)


def test_a_closed_session_runs_nothing_more(kernel: Session) -> None:
    graph = nb.Graph()
    node = graph.add(note_down, x=1)
    graph.auto_run(delay_s=SHORT_S)
    kernel.close()
    node.set(x=2)
    assert not [each for each in threading.enumerate() if each.name == "nodebook-auto-run"]


def settle_time() -> None:
    """Let more time pass than an edit waits."""
    threading.Event().wait(5 * SHORT_S)
