"""What views are told of runs: logs, warnings, marks of what is out of date, time left; and the restoring of a run."""

# ruff: noqa: T201 -- nodes that print are part of what this is about
from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import nodebook as nb
from nodebook.engine.definitions import SetDocumentView
from nodebook.engine.edits import SetView
from nodebook.graph import Graph
from nodebook.widget.sync import GraphSync
from nodebook.widget.watching import STALE_DELAY_S
from tests.widget.fakes import WAIT_S, FakeChannel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodebook.sessions import Session
    from nodebook.widget.hub import Hub

steps = threading.Semaphore(0)
logger = logging.getLogger("tests.widget.node")


@nb.node
def talk(x: int = 0) -> int:
    if x:
        print(f"x is {x}")
        logger.warning("careful with %d", x)
    return x


@nb.node
def double(x: int = 0) -> int:
    return 2 * x


@nb.node(cache=False)
def dice(sides: int = 6) -> int:
    return sides


@nb.node(cache=False)
def step(x: int = 0) -> int:
    """Tell a step each time the test lets it."""
    for number in range(1, 4):
        nb.progress(number, 10)
        steps.acquire(timeout=WAIT_S)
    return x


@pytest.fixture
def graph(session: Session) -> Graph:
    for function in (talk, double, step, dice):
        session.library.define(function)
    return Graph("mine", own_session=session)


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def sync(graph: Graph, session: Session, hub: Hub, channel: FakeChannel) -> Iterator[GraphSync]:
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    yield sync
    sync.close()


def say(sync: GraphSync, kind: str, **members: Any) -> None:
    sync.handle({"type": kind, "client": "a", **members})


def has(node: str, **members: Any) -> Any:
    def fits(message: dict[str, Any]) -> bool:
        status = message.get("nodes", {}).get(node, {})
        return all(status.get(name) == value for name, value in members.items())

    return fits


@pytest.mark.parametrize("is_late", [False, True])
def test_what_a_node_wrote_is_on_it_and_in_the_log(
    graph: Graph,
    session: Session,
    hub: Hub,
    channel: FakeChannel,
    is_late: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    node = graph.add(talk, x=3)
    if is_late:
        graph.run()
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    if not is_late:
        graph.run()
    channel.wait("status", has(node.id, lines=2, warnings=["careful with 3"]))
    say(sync, "log")
    log = channel.wait("log")
    assert (log["to"], [(line["node"], line["level"], line["text"]) for line in log["lines"]]) == (
        "a",
        [(node.id, "out", "x is 3"), (node.id, "warning", "careful with 3")],
    )
    channel.clear()
    say(sync, "log", after=log["upto"])
    assert channel.wait("log")["lines"] == []
    graph.set_inputs(node.id, {"x": 4})
    graph.run()
    channel.wait("status", has(node.id, lines=2, warnings=["careful with 4"]))
    channel.clear()
    graph.set_inputs(node.id, {"x": 0})
    graph.run()
    channel.wait("status", has(node.id, state="done", lines=0, warnings=[]))
    say(sync, "log")
    assert channel.wait("log")["lines"] == [], "it ran again and said nothing"
    sync.close()


def test_a_cached_node_keeps_its_warnings(graph: Graph, sync: GraphSync, channel: FakeChannel) -> None:
    node = graph.add(talk, x=1)
    graph.run()
    channel.wait("status", has(node.id, state="done", lines=2))
    graph.run()
    channel.wait("status", has(node.id, state="cached", lines=2, warnings=["careful with 1"]))
    assert sync.snapshot()["nodes"][node.id]["lines"] == 2


def test_what_is_out_of_date_is_marked_until_it_is_so_no_more(
    graph: Graph, sync: GraphSync, channel: FakeChannel
) -> None:
    first = graph.add(double, x=1)
    second = graph.add(double, x=first)
    other = graph.add(double, x=7)
    graph.run()
    channel.wait("status", has(second.id, state="done"))
    graph.set_inputs(first.id, {"x": 2})
    channel.wait("status", has(second.id, stale=True))
    assert channel.status_of(first.id)["stale"]
    assert not channel.status_of(other.id)["stale"]
    channel.clear()
    graph.undo()
    channel.wait("status", has(second.id, stale=False))
    graph.redo()
    channel.wait("status", has(second.id, stale=True))
    channel.clear()
    graph.rename(other.id, "Another name")
    graph.run(first)
    channel.wait("status", has(first.id, state="done", stale=False))
    assert sync.snapshot()["nodes"][second.id]["stale"], "it was not run"
    graph.run()
    channel.wait("status", has(second.id, state="done", stale=False))


def test_marks_of_runs_before_the_first_view(graph: Graph, session: Session, hub: Hub, channel: FakeChannel) -> None:
    node = graph.add(double, x=1)
    graph.run()
    graph.set_inputs(node.id, {"x": 2})
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    channel.wait("status", has(node.id, state="done", stale=True))
    sync.close()


def test_what_runs_each_time_is_out_of_date_by_an_edit_alone(
    graph: Graph, sync: GraphSync, channel: FakeChannel
) -> None:
    thrown = graph.add(dice)
    after = graph.add(double, x=thrown)
    say(sync, "run")
    channel.wait("status", has(after.id, state="done"))
    graph.store.edit([SetView(thrown.id, {"x": 500})], "Move")
    graph.plan()
    time.sleep(3 * STALE_DELAY_S)
    assert not channel.status_of(thrown.id)["stale"], "it was only moved, and looked at"
    assert not channel.status_of(after.id)["stale"]
    graph.set_inputs(thrown.id, {"sides": 20})
    channel.wait("status", has(after.id, stale=True))
    assert channel.status_of(thrown.id)["stale"]


def test_time_left_of_node_and_run(graph: Graph, sync: GraphSync, channel: FakeChannel) -> None:
    node = graph.add(step)
    say(sync, "run")
    channel.wait("status", has(node.id, state="running", progress=[1, 10]))
    assert channel.status_of(node.id)["left"] is None
    time.sleep(0.6)
    steps.release()
    status = channel.wait("status", has(node.id, progress=[2, 10]))
    assert status["nodes"][node.id]["left"] > 4, "eight steps of 0.6 s"
    assert status["run"]["left"] > 4
    steps.release(2)
    channel.wait("status", lambda message: message.get("run", {}).get("state") == "done")
    assert channel.run()["left"] is None


def test_a_past_run_is_restored_as_one_step_of_undo(graph: Graph, sync: GraphSync, channel: FakeChannel) -> None:
    node = graph.add(double, x=1)
    run = graph.run()
    graph.set_inputs(node.id, {"x": 5})
    graph.add(double, x=node)
    graph.store.edit([SetDocumentView({"height": 700})], "Change the height")
    changed = graph.to_json()
    recent = channel.wait("queue", lambda message: bool(message["queue"]["recent"]))["queue"]["recent"]
    assert [(each["id"], each["mine"]) for each in recent] == [(str(run.number), True)]
    say(sync, "restore", job=str(run.number))
    edited = channel.wait("edited", lambda message: message["label"].startswith("Restore"))
    assert edited["history"]["undo"] == f"Restore the graph of run {run.number}"
    assert len(graph) == 1
    assert graph.store.state.nodes[node.id].values["x"] == 1
    assert graph.store.state.view == {"height": 700}, "what an editor remembers is of today"
    graph.undo()
    assert graph.to_json() == changed
    channel.clear()
    say(sync, "restore", job="99999")
    assert "99999" in channel.wait("notice")["text"]
    graph.redo()
    say(sync, "restore", job=str(run.number))
    assert channel.wait("notice", lambda message: message["level"] == "info")


def test_the_queue_is_paused_and_cleared(graph: Graph, session: Session, sync: GraphSync, channel: FakeChannel) -> None:
    graph.add(double, x=1)
    say(sync, "queue_pause", on=True)
    channel.wait("queue", lambda message: message["queue"]["paused"])
    say(sync, "run", count=3)
    queue = channel.wait("queue", lambda message: message["queue"]["waiting"] == 3)["queue"]
    assert [(each["mine"], each["nodes"]) for each in queue["pending"]] == [(True, 1)] * 3
    say(sync, "queue_clear")
    channel.wait("queue", lambda message: len(message["queue"]["recent"]) == 3)
    assert session.queue.pending == ()
    say(sync, "queue_pause", on=False)
    assert not channel.wait("queue", lambda message: not message["queue"]["paused"])["queue"]["waiting"]
