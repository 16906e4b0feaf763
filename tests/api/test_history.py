"""What the queue remembers of the runs that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import nodebook as nb
from nodebook.engine.graph import GraphState
from nodebook.errors import NotRunError
from nodebook.history import History
from nodebook.records import Ended
from nodebook.runs import Run

if TYPE_CHECKING:
    from nodebook.sessions import Session


@nb.node
def twice(x: int = 1) -> int:
    return 2 * x


@nb.node
def refuse(x: int = 1) -> int:
    raise ValueError(f"not {x}")


@pytest.fixture(autouse=True)
def kernel(session: Session) -> Session:
    session.library.define(twice)
    session.library.define(refuse)
    return session


def chain() -> tuple[nb.Graph, str, str]:
    graph = nb.Graph("doubles")
    first = graph.add(twice, title="first", x=graph.input("start", 1))
    second = graph.add(twice, title="second", x=first)
    return graph, first.id, second.id


def test_a_record_says_what_ran_for_how_long_and_with_what(kernel: Session) -> None:
    graph, first, second = chain()
    graph.run(start=5)
    graph.run(start=5)
    ran, found = kernel.queue.history
    assert (ran.name, ran.outcome, ran.targets, dict(ran.inputs)) == ("doubles", "done", (second,), {"start": 5})
    assert set(ran.executed) == {graph["start"].id, first, second} == set(ran.seconds) == set(ran.result_bytes)
    assert ran.started is not None
    assert ran.submitted <= ran.started <= ran.finished
    assert (ran.cached, found.executed, found.cached) == (0, (), 3)
    assert found.number > ran.number


def test_a_record_finds_its_results_again_while_the_cache_has_them(kernel: Session) -> None:
    graph, first, second = chain()
    graph.run(start=5)
    graph.run(start=6)
    record = kernel.queue.history[0]
    assert record.result(second).outputs == (20,)
    with pytest.raises(NotRunError, match=rf"no result of node '{first}' any more: it is no target"):
        record.result(first)
    kernel.cache.clear()
    with pytest.raises(NotRunError, match="was dropped by the cache"):
        record.result(second)


def test_a_record_opens_the_graph_as_it_ran(kernel: Session) -> None:
    graph, _, second = chain()
    graph.run(start=5)
    graph["first"].set(x=7)
    graph.remove(second)
    again = kernel.queue.history[0].graph()
    assert again.run().executed == ()  # with the input that it ran with: its results are found
    assert again["second"].outputs == (20,)
    assert again.store is not graph.store


def test_what_failed_and_what_was_cancelled_is_remembered_too(kernel: Session) -> None:
    graph = nb.Graph()
    bad = graph.add(refuse, title="bad", x=3)
    graph.run()
    kernel.queue.pause()
    job = graph.queue()
    job.cancel()
    failed, cancelled = kernel.queue.history
    (error,) = failed.errors
    assert (failed.outcome, error.node, error.title, error.kind) == ("failed", bad.id, "bad", "ValueError")
    assert "not 3" in error.message
    assert (cancelled.outcome, cancelled.started, cancelled.duration, cancelled.cached) == ("cancelled", None, 0.0, 0)


def test_the_history_can_be_cleared(kernel: Session) -> None:
    graph, _, _ = chain()
    graph.run()
    kernel.queue.clear_history()
    assert kernel.queue.history == []


def test_a_record_is_the_same_object_each_time(kernel: Session) -> None:
    chain()[0].run()
    assert kernel.queue.history[0] is kernel.queue.history[0]


def ended(number: int, nodes: int = 1) -> Ended:
    executed = tuple(map(str, range(nodes)))
    run = Run(number, GraphState(), (), executed, {}, {}, "done", 0.0)
    return Ended(str(number), run, 0.0, 0.0, 0.0, {})


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [([1, 1, 1, 1], [1, 2, 3]), ([4, 1, 5, 6], [3]), ([1, 1, 50], [2]), ([], [])],
    ids=["by count", "by nodes", "the newest always", "none"],
)
def test_the_history_is_bounded_by_count_and_by_what_it_remembers(
    kernel: Session, sizes: list[int], kept: list[int]
) -> None:
    history = History(kernel.queue, max_records=3, max_nodes=10)
    for number, nodes in enumerate(sizes):
        history.add(ended(number, nodes))
    assert [record.number for record in history.records()] == kept
    assert [record.number for record in history.records(1)] == kept[-1:]
    assert history.records(0) == []
