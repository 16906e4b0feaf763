"""The queue over a channel: what views are told, what they may ask, and a run that does not react to Cancel."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import nodebook as nb
from nodebook.engine import events
from nodebook.graph import Graph
from nodebook.models.preview_options import PreviewOptions
from nodebook.widget.queuefeed import ABANDON_AFTER_S, INTERVAL_S, MAX_PENDING, QueueFeed
from nodebook.widget.sync import GraphSync
from tests.widget.fakes import WAIT_S, Clock, FakeChannel, ManualScheduler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodebook.engine.events import RunEvent
    from nodebook.sessions import Session
    from nodebook.widget.hub import Hub

gate = threading.Event()
entered = threading.Event()


@nb.node(cache=False)
def wait_here(x: int = 0) -> int:
    """Go on until the test opens the gate, or until cancelled."""
    entered.set()
    while not gate.wait(0.005):
        nb.progress(0, 1)
    return x


@nb.node(cache=False)
def ignore_cancel(x: int = 0) -> int:
    """Ask nobody."""
    entered.set()
    gate.wait(WAIT_S)
    return x


@nb.node
def add_one(x: int = 0) -> int:
    return x + 1


@pytest.fixture
def graph(session: Session) -> Iterator[Graph]:
    gate.clear()
    entered.clear()
    for function in (wait_here, ignore_cancel, add_one):
        session.library.define(function)
    yield Graph("mine", own_session=session)
    gate.set()


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def sync(graph: Graph, session: Session, hub: Hub, channel: FakeChannel) -> Iterator[GraphSync]:
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    yield sync
    gate.set()
    sync.close()


def say(sync: GraphSync, kind: str, **members: Any) -> None:
    sync.handle({"type": kind, "client": "a", **members})


def numbers(message: dict[str, Any], part: str = "pending") -> list[str]:
    return [each["id"] for each in message["queue"][part]]


def test_views_are_told_what_waits_runs_and_has_run(graph: Graph, sync: GraphSync, channel: FakeChannel) -> None:
    graph.add(wait_here)
    say(sync, "run", count=3, priority=2)
    message = channel.wait("queue", lambda each: len(each["queue"]["pending"]) == 2 and each["queue"]["running"] != [])
    queue = message["queue"]
    (running,) = queue["running"]
    assert (running["graph"], running["state"], running["priority"]) == ("mine", "running", 2)
    assert [(each["state"], each["position"]) for each in queue["pending"]] == [("waiting", 0), ("waiting", 1)]
    assert (queue["waiting"], queue["paused"], queue["auto_run"]) == (2, False, False)
    gate.set()
    message = channel.wait("queue", lambda each: len(each["queue"]["recent"]) == 3)
    assert [(each["state"], each["executed"]) for each in message["queue"]["recent"]] == [("done", 1)] * 3
    assert message["queue"]["recent"][0]["id"] == running["id"]
    assert sync.snapshot()["queue"]["recent"] == message["queue"]["recent"]


def test_views_move_and_cancel_runs_of_any_graph(
    graph: Graph, session: Session, sync: GraphSync, channel: FakeChannel
) -> None:
    graph.add(wait_here)
    graph.queue()
    assert entered.wait(WAIT_S)
    other = Graph(own_session=session)
    other.add(add_one)
    first, second, third = (str(other.queue().number) for _ in range(3))
    say(sync, "queue_move", job=third, position=0)
    channel.wait("queue", lambda each: numbers(each) == [third, first, second])
    say(sync, "queue_cancel", job=first)
    channel.wait("queue", lambda each: numbers(each) == [third, second])
    # What has ended meanwhile is nobody's mistake.
    say(sync, "queue_cancel", job=first)
    say(sync, "queue_move", job=first, position=0)
    say(sync, "run", front=True)
    channel.wait("queue", lambda each: numbers(each)[1:] == [third, second])
    assert channel.all("notice") == []


def test_a_view_switches_running_after_edits(
    graph: Graph, session: Session, sync: GraphSync, channel: FakeChannel
) -> None:
    node = graph.add(add_one, x=1)
    say(sync, "auto_run", on=True)
    channel.wait("queue", lambda each: each["queue"]["auto_run"])
    say(sync, "edit", batch=1, label="Set x", ops=[{"op": "set_value", "node": node.id, "input": "x", "value": 5}])
    channel.wait("queue", lambda each: len(each["queue"]["recent"]) == 1)
    assert node.outputs == (6,)
    say(sync, "auto_run", on=False)
    channel.wait("queue", lambda each: not each["queue"]["auto_run"] and each["queue"]["recent"] != [])
    assert session.auto_run_options(graph.store) is None


def test_a_view_chooses_previews_and_all_views_of_all_graphs_are_told(
    session: Session, sync: GraphSync, channel: FakeChannel, hub: Hub
) -> None:
    other, other_channel = GraphSync(Graph("other", own_session=session).store, session, hub), FakeChannel()
    other.attach(other_channel)
    assert sync.snapshot()["queue"]["previews"] == {"method": "auto", "size": 512}
    say(sync, "previews", method="taesd", size=256)
    wanted = {"method": "taesd", "size": 256}
    for each in (channel, other_channel):
        each.wait("queue", lambda message: message["queue"]["previews"] == wanted)
    assert session.previews.options == PreviewOptions("taesd", 256)
    session.previews.method = "none"
    channel.wait("queue", lambda message: message["queue"]["previews"]["method"] == "none")
    assert other.snapshot()["queue"]["previews"] == {"method": "none", "size": 256}
    other.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "run", "count": 0},
        {"type": "run", "count": 10**9},
        {"type": "run", "priority": float("nan")},
        {"type": "run", "front": 1},
        {"type": "auto_run"},
        {"type": "previews", "method": "best", "size": 512},
        {"type": "previews", "method": "auto", "size": 8},
        {"type": "previews", "method": "auto", "size": 256.5},
        {"type": "previews", "method": "auto"},
        {"type": "queue_move", "job": 5, "position": 0},
        {"type": "queue_move", "job": "5", "position": "0"},
        {"type": "queue_cancel"},
    ],
)
def test_a_malformed_request_is_answered_by_a_notice(
    sync: GraphSync, channel: FakeChannel, session: Session, wrong: dict[str, Any]
) -> None:
    sync.handle({**wrong, "client": "a"})
    assert channel.wait("notice")["client"] == "a"
    assert session.queue.pending == ()


def test_a_second_cancel_after_a_while_gives_the_run_up(
    graph: Graph, session: Session, channel: FakeChannel, sync: GraphSync
) -> None:
    told: list[RunEvent] = []
    session.stream.subscribe(told.append)
    clock, scheduler = Clock(), ManualScheduler(Clock())
    feed = QueueFeed(graph.store, session, scheduler, lambda _message: None, clock)
    graph.add(ignore_cancel)
    job = graph.queue()
    assert entered.wait(WAIT_S)
    feed.cancel_graph()
    clock.now += ABANDON_AFTER_S / 2
    feed.cancel_graph()
    assert not job.is_finished
    clock.now += ABANDON_AFTER_S / 2
    feed.cancel_graph()
    assert job.result(0).outcome == "abandoned"
    feed.close()
    message = channel.wait("status", lambda each: each.get("run", {}).get("state") == "abandoned")
    assert message["run"]["id"] == str(job.number)
    assert channel.status_of("1")["error"]["kind"] == "Abandoned"
    assert [event.state for event in told if isinstance(event, events.RunFinished)] == ["abandoned"]
    assert sync.snapshot()["run"]["state"] == "abandoned"


def test_the_first_cancel_of_another_run_does_not_give_it_up(graph: Graph, session: Session) -> None:
    clock = Clock()
    feed = QueueFeed(graph.store, session, ManualScheduler(clock), lambda _message: None, clock)
    graph.add(wait_here)
    job = graph.queue()
    assert entered.wait(WAIT_S)
    feed.cancel_graph()
    assert job.result(WAIT_S).outcome == "cancelled"
    graph["1"].remove()
    graph.add(ignore_cancel)
    entered.clear()
    job = graph.queue()
    assert entered.wait(WAIT_S)
    clock.now += 10 * ABANDON_AFTER_S
    feed.cancel_graph()
    assert not job.is_finished
    feed.close()


def test_changes_are_told_at_once_and_then_ten_times_a_second(graph: Graph, session: Session) -> None:
    told: list[Any] = []
    clock = Clock()
    scheduler = ManualScheduler(clock)
    feed = QueueFeed(graph.store, session, scheduler, told.append, clock)
    session.queue.pause()
    scheduler.work()
    assert len(told) == 1
    for _ in range(MAX_PENDING + 5):
        graph.queue()
    scheduler.work()
    assert len(told) == 1
    scheduler.pass_time(INTERVAL_S)
    assert len(told) == 2
    queue = told[1]["queue"]
    assert (len(queue["pending"]), queue["waiting"], queue["paused"]) == (MAX_PENDING, MAX_PENDING + 5, True)
    feed.close()
    session.queue.cancel()
    scheduler.pass_time(10)
    assert len(told) == 2


def test_each_of_several_queued_runs_shows_what_it_made(
    graph: Graph, session: Session, sync: GraphSync, channel: FakeChannel
) -> None:
    allowed = threading.Semaphore(0)

    @nb.node
    def take_turn(x: int = 0) -> int:
        assert allowed.acquire(timeout=WAIT_S)
        return x + 1

    @nb.node(is_output=True)
    def say_it(value: int = 0) -> nb.UI:
        return nb.UI(text=[f"value {value}"])

    for function in (take_turn, say_it):
        session.library.define(function)
    first = graph.add(take_turn, x=graph.input("seed", 0))
    shown = graph.add(say_it, value=first)
    for turn, job in enumerate(graph.queue(count=3, on_each=lambda turn: {"seed": 10 * turn})):
        allowed.release()
        job.result(WAIT_S)
        wait_for_text(channel, shown.id, f"value {10 * turn + 1}")
    assert first.outputs == (21,)
    assert sync.snapshot()["nodes"][shown.id]["text"] == "value 21"


def test_a_node_has_what_the_run_made_that_ran_last_not_what_was_queued_last(graph: Graph, session: Session) -> None:
    first = graph.add(add_one, x=graph.input("seed", 0))
    graph.add(add_one, x=first)
    session.queue.pause()
    jobs = graph.queue(count=3, on_each=lambda turn: {"seed": 10 * turn})
    session.queue.front(jobs[2])
    session.queue.resume()
    for job in jobs:
        job.result(WAIT_S)
    assert first.outputs == (11,)


def wait_for_text(channel: FakeChannel, node: str, text: str) -> None:
    channel.wait("status", lambda each: each.get("nodes", {}).get(node, {}).get("text") == text)
