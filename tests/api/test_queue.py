"""The queue as code sees it: order, cancelling, batches, handles, and what a listener or an edit may do meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import nodebook as nb
from nodebook.engine import events
from nodebook.errors import InputValueError, NotQueuedError, SessionClosedError, UnknownInputError
from nodebook.queuetable import clock_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nodebook.engine.events import RunEvent
    from nodebook.jobs import Job
    from nodebook.runs import Run
    from nodebook.sessions import Session

WAIT_S = 30.0

gate = threading.Event()
entered = threading.Event()
ran: list[int] = []


@nb.node(cache=False)
def hold(a: int = 0) -> int:
    """Work until the test opens the gate, or until it is cancelled."""
    entered.set()
    while not gate.wait(0.005):
        nb.progress(0, 1)
    return a


@nb.node
def note_down(seed: int = 0) -> int:
    ran.append(seed)
    return seed


@nb.node
def fail(a: int = 0) -> int:
    raise ValueError(f"no {a}")


@pytest.fixture(autouse=True)
def kernel(session: Session) -> Iterator[Session]:
    gate.clear()
    entered.clear()
    ran.clear()
    for function in (hold, note_down, fail):
        session.library.define(function)
    yield session
    gate.set()


@pytest.fixture
def held() -> nb.Graph:
    """A graph whose run goes on until the gate opens, and does so now."""
    graph = nb.Graph()
    graph.add(hold)
    graph.queue()
    assert entered.wait(WAIT_S)
    return graph


@pytest.fixture
def seeded() -> nb.Graph:
    graph = nb.Graph()
    graph.add(note_down, seed=graph.input("seed", 0))
    return graph


@pytest.mark.usefixtures("held")
def test_queueing_returns_at_once_and_the_handle_waits(seeded: nb.Graph) -> None:
    job = seeded.queue(seed=7)
    assert (job.status, job.is_finished) == ("waiting", False)
    with pytest.raises(TimeoutError):
        job.result(0.01)
    gate.set()
    run = job.result(WAIT_S)
    assert (run.outcome, job.status, ran) == ("done", "done", [7])


@pytest.mark.usefixtures("held")
def test_a_handle_can_be_awaited_by_several(seeded: nb.Graph) -> None:
    async def wait() -> tuple[Run, Run]:
        job = seeded.queue(seed=3)
        impatient = asyncio.ensure_future(_await(job))
        await asyncio.sleep(0)
        impatient.cancel()
        gate.set()
        return await job, await job

    first, second = asyncio.run(wait())
    assert first is second
    assert first.outcome == "done"


async def _await(job: Job) -> Run:
    return await job


@pytest.mark.usefixtures("held")
def test_lower_priorities_run_first_and_equal_ones_in_their_order(seeded: nb.Graph) -> None:
    jobs = [seeded.queue(seed=seed, priority=priority) for seed, priority in enumerate((5, 0, 5, -1, 0))]
    jobs.append(seeded.queue(seed=9, front=True, priority=8))
    assert [job.number for job in nb.queue.pending] == [jobs[index].number for index in (5, 3, 1, 4, 0, 2)]
    gate.set()
    for job in jobs:
        job.result(WAIT_S)
    assert ran == [9, 3, 1, 4, 0, 2]


@pytest.mark.usefixtures("held")
def test_front_and_move_put_a_waiting_job_elsewhere(seeded: nb.Graph, kernel: Session) -> None:
    queue = kernel.queue
    first, second, third = (seeded.queue(seed=seed) for seed in range(3))
    assert queue.front(third)
    assert queue.pending == (third, first, second)
    assert queue.move(first.number, 99)
    assert queue.pending == (third, second, first)
    assert queue.running is not None
    assert not queue.front(queue.running)
    with pytest.raises(NotQueuedError, match=r"No job 123456 waits or runs. Those that do: \d+, "):
        queue.move(123456, 0)


@pytest.mark.usefixtures("held")
def test_a_batch_runs_as_often_as_it_says_with_inputs_for_each(seeded: nb.Graph) -> None:
    other = seeded.queue(seed=100)
    jobs = seeded.queue(count=3, on_each=lambda turn: {"seed": 40 + turn}, front=True)
    assert nb.queue.pending == (*jobs, other)
    gate.set()
    assert [job.result(WAIT_S).outcome for job in (*jobs, other)] == ["done"] * 4
    assert ran == [40, 41, 42, 100]


@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_a_count_that_is_none_is_refused(seeded: nb.Graph, count: Any) -> None:
    with pytest.raises(InputValueError, match=f"at least 1, got count={count}"):
        seeded.queue(count=count)


def test_a_priority_that_orders_nothing_is_refused(seeded: nb.Graph) -> None:
    with pytest.raises(InputValueError, match="finite number, lower runs first, got nan"):
        seeded.queue(priority=float("nan"))


@pytest.mark.usefixtures("held")
def test_a_wrong_input_of_any_turn_queues_nothing(seeded: nb.Graph) -> None:
    with pytest.raises(UnknownInputError, match="no named input 'sead'"):
        seeded.queue(count=2, on_each=lambda turn: {"seed" if turn == 0 else "sead": 1})
    assert nb.queue.pending == ()


@pytest.mark.usefixtures("held")
def test_a_cancelled_job_that_waits_never_starts(seeded: nb.Graph, kernel: Session) -> None:
    told: list[RunEvent] = []
    kernel.stream.subscribe(told.append)
    job, kept = seeded.queue(seed=1), seeded.queue(seed=2)
    assert kernel.queue.cancel(job) == 1
    # Settled now, not when its turn comes.
    run = job.result(0)
    assert (run.outcome, run.executed, job.status) == ("cancelled", (), "cancelled")
    assert kernel.queue.cancel(job) == 0
    gate.set()
    kept.result(WAIT_S)
    assert ran == [2]
    started = [event.run for event in told if isinstance(event, events.RunStarted)]
    assert job.number not in started
    assert [event.state for event in told if isinstance(event, events.RunFinished) and event.run == job.number] == [
        "cancelled"
    ]


@pytest.mark.usefixtures("held")
def test_cancel_without_a_job_cancels_all(seeded: nb.Graph, kernel: Session) -> None:
    running = kernel.queue.running
    assert running is not None
    jobs = seeded.queue(count=3)
    assert kernel.queue.cancel() == 4
    assert [job.result(WAIT_S).outcome for job in (running, *jobs)] == ["cancelled"] * 4
    assert ran == []
    assert (kernel.queue.pending, kernel.queue.running) == ((), None)


def test_cancelling_a_graph_leaves_the_others(held: nb.Graph, seeded: nb.Graph) -> None:
    job = seeded.queue(seed=5)
    held.cancel()
    assert job.result(WAIT_S).outcome == "done"


def test_a_paused_queue_lets_finish_what_runs_and_starts_nothing(seeded: nb.Graph, kernel: Session) -> None:
    kernel.queue.pause()
    jobs = [nb.Graph().queue(), seeded.queue(seed=1)]  # the first has nothing to compute, and waits all the same
    threading.Event().wait(0.1)  # time in which a worker that does not know of the pause would take them
    assert [job.status for job in jobs] == ["waiting", "waiting"]
    assert "paused" in repr(kernel.queue)
    kernel.queue.resume()
    assert [job.result(WAIT_S).outcome for job in jobs] == ["done", "done"]


@pytest.mark.usefixtures("held")
def test_a_job_runs_the_graph_as_it_was_when_it_was_queued() -> None:
    graph = nb.Graph()
    node = graph.add(note_down, seed=1)
    job = graph.queue()
    node.set(seed=2)
    graph.remove(node)
    gate.set()
    assert job.result(WAIT_S).executed == (node.id,)
    assert ran == [1]


def test_many_threads_may_queue_at_once(seeded: nb.Graph, kernel: Session) -> None:
    jobs: list[Any] = []

    def submit(first: int) -> None:
        jobs.extend(seeded.queue(seed=first + turn) for turn in range(10))

    threads = [threading.Thread(target=submit, args=(10 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {job.result(WAIT_S).outcome for job in jobs} == {"done"}
    assert sorted(ran) == list(range(40))
    assert kernel.queue.pending == ()


def test_a_listener_that_raises_breaks_nothing(
    seeded: nb.Graph, kernel: Session, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def broken() -> None:
        calls.append(1)
        raise RuntimeError("no")

    heard: list[int] = []
    unsubscribe = kernel.queue.subscribe(broken)
    kernel.queue.subscribe(lambda: heard.append(1))
    assert seeded.queue(seed=1).result(WAIT_S).outcome == "done"
    assert len(calls) == len(heard) > 0
    assert "A listener of the queue failed" in caplog.text
    unsubscribe()
    calls.clear()
    seeded.run(seed=2)
    assert calls == []


@pytest.mark.usefixtures("held")
def test_closing_a_session_settles_what_waits_and_refuses_more(seeded: nb.Graph, kernel: Session) -> None:
    running = kernel.queue.running
    job = seeded.queue()
    kernel.close()
    assert running is not None
    assert [each.result(WAIT_S).outcome for each in (job, running)] == ["cancelled", "cancelled"]
    with pytest.raises(SessionClosedError, match="The session is closed"):
        seeded.queue()


def test_a_finished_handle_keeps_no_results_alive() -> None:
    graph = nb.Graph()
    source = graph.add(note_down, seed=4)
    graph.run()
    follower = graph.add(note_down, seed=source)
    job = graph.queue()
    job.result(WAIT_S)
    assert follower.outputs == (4,)
    assert (dict(job.plan.held), job.plan.steps, job.execution) == ({}, (), None)


@pytest.mark.usefixtures("held", "seeded")
def test_the_queue_shows_itself_as_text_and_as_a_table(kernel: Session) -> None:
    named = nb.Graph("mine & yours")
    named.add(note_down, seed=1)
    waiting = named.queue(priority=2)
    running = kernel.queue.running
    assert running is not None
    assert repr(kernel.queue).splitlines() == [
        "<queue: 1 waiting, 1 running>",
        f"  running      run {running.number} of {running.name}",
        f"  1            run {waiting.number} of mine & yours, priority 2",
    ]
    gate.set()
    waiting.result(WAIT_S)
    html = kernel.queue._repr_html_()
    assert ">mine &amp; yours</td>" in html
    assert ">done</td>" in html
    assert ">priority</th>" not in html  # nothing that is shown has one
    assert "color" not in html


@pytest.mark.usefixtures("seeded")
def test_the_table_of_the_queue_shows_named_inputs(kernel: Session) -> None:
    graph = nb.Graph()
    graph.add(note_down, seed=graph.input("seed", 1))
    graph.run(seed=7)
    assert ">seed=7</td>" in kernel.queue._repr_html_()


def test_a_moment_of_another_day_is_shown_with_its_day() -> None:
    noon = time.mktime((2026, 3, 14, 12, 5, 9, 0, 0, -1))
    assert clock_text(noon, noon + 60) == "12:05:09"
    assert clock_text(noon, noon + 24 * 3600) == "2026-03-14 12:05"
    assert clock_text(None, noon) == ""


@pytest.mark.parametrize("broken", ["perform", "plan"])
def test_an_error_that_is_no_nodes_settles_the_job(
    seeded: nb.Graph, kernel: Session, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def explode(*_arguments: Any, **_options: Any) -> Any:
        raise RuntimeError("inside")

    if broken == "plan":
        monkeypatch.setattr(seeded.store, "plan", explode)
        with pytest.raises(RuntimeError, match="inside"):
            seeded.queue()
        assert kernel.queue.running is None
        return
    monkeypatch.setattr("nodebook.jobs.perform", explode)
    job = seeded.queue()
    with pytest.raises(RuntimeError, match="inside"):
        job.result(WAIT_S)
    monkeypatch.undo()
    assert (job.status, kernel.queue.history[-1].outcome) == ("failed", "failed")
    assert seeded.queue().result(WAIT_S).outcome == "done"


def test_new_session_closes_the_old(new_session: Callable[[], Session]) -> None:
    first = new_session()
    new_session()
    with pytest.raises(SessionClosedError, match="closed"):
        nb.Graph(own_session=first).run()
