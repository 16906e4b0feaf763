"""A node that hangs and does not react to Cancel."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import nodebook as nb
from nodebook.engine import events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodebook.engine.events import RunEvent
    from nodebook.sessions import Session

WAIT_S = 30.0

gate = threading.Event()
entered = threading.Event()
returned = threading.Event()


@nb.node
def hang(x: int = 0) -> int:
    """Ask nobody whether to stop."""
    entered.set()
    gate.wait(4 * WAIT_S)  # longer than any test waits for what must not wait for it
    returned.set()
    return x


@nb.node(lane="concurrent")
def hang_aside(x: int = 0) -> int:
    return hang.function(x)


@nb.node(lane="one at a time")
def hang_in_line(x: int = 0) -> int:
    return hang.function(x)


@nb.node
def quick(x: int = 0) -> int:
    return x + 1


@pytest.fixture(autouse=True)
def kernel(session: Session) -> Iterator[Session]:
    for event in (gate, entered, returned):
        event.clear()
    for function in (hang, hang_aside, hang_in_line, quick):
        session.library.define(function)
    yield session
    gate.set()


@pytest.mark.parametrize("function", [hang, hang_aside], ids=["main lane", "concurrent lane"])
def test_an_abandoned_run_ends_at_once_and_the_next_goes_on(kernel: Session, function: Any) -> None:
    graph = nb.Graph()
    before = graph.add(quick, x=1)
    node = graph.add(function, x=before)
    after = graph.add(quick, x=node)
    job = graph.queue()
    assert entered.wait(WAIT_S)
    other = nb.Graph()
    target = other.add(quick, x=41)
    waiting = other.queue()
    job.cancel()
    assert not job.is_finished  # it does not react
    assert kernel.queue.abandon(job)
    run = job.result(0)
    assert (run.outcome, job.status, run.executed) == ("abandoned", "abandoned", (before.id,))
    error = run.errors[node.id]
    assert error.kind == "Abandoned"
    assert "did not react to Cancel" in error.message
    assert "restart the kernel" in error.message
    assert after.id not in run.executed
    assert waiting.result(WAIT_S).outcome == "done"
    assert target.outputs == (42,)
    assert not kernel.queue.abandon(job)
    assert kernel.queue.history[0].outcome == "abandoned"


def test_nothing_of_the_old_thread_is_told_or_stored(kernel: Session) -> None:
    told: list[RunEvent] = []
    graph = nb.Graph()
    node = graph.add(hang, x=7)
    job = graph.queue()
    assert entered.wait(WAIT_S)
    thread = kernel.worker._thread
    assert thread is not None
    assert graph.abandon()
    last = graph.store.last_run
    kernel.stream.subscribe(told.append)
    gate.set()
    assert returned.wait(WAIT_S)
    thread.join(WAIT_S)
    assert not thread.is_alive()  # it has nothing to do any more
    assert told == []
    assert graph.store.last_run is last is job.result(0)
    # Its result was dropped, so the node runs again.
    assert graph.run().executed == (node.id,)
    assert not graph.abandon()


def test_listeners_hear_of_the_end_once(kernel: Session) -> None:
    told: list[RunEvent] = []
    kernel.stream.subscribe(told.append)
    graph = nb.Graph()
    node = graph.add(hang, x=7)
    graph.queue()
    assert entered.wait(WAIT_S)
    graph.abandon()
    gate.set()
    assert returned.wait(WAIT_S)
    failed = [event.node for event in told if isinstance(event, events.NodeFailed)]
    ended = [event.state for event in told if isinstance(event, events.RunFinished)]
    assert (failed, ended) == ([node.id], ["abandoned"])


def test_a_serial_lane_is_free_again_for_the_next(kernel: Session) -> None:
    graph = nb.Graph()
    node = graph.add(hang_in_line, x=1)
    graph.queue()
    assert entered.wait(WAIT_S)
    entered.clear()
    assert graph.abandon()
    node.set(x=2)
    graph.queue()
    assert entered.wait(WAIT_S)
    assert kernel.queue.running is not None


def test_with_nothing_running_there_is_nothing_to_abandon(kernel: Session) -> None:
    assert not kernel.queue.abandon()
    assert not nb.Graph().abandon()
