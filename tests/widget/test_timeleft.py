"""Seconds that are left: by progress, by history, or honestly unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

import nodebook as nb
from nodebook.engine import events
from nodebook.notebook.timeleft import TimeLeft
from tests.widget.fakes import Clock

if TYPE_CHECKING:
    from nodebook.engine.nodetype import NodeType
    from nodebook.engine.plan import Step
    from nodebook.sessions import Session

RUN, GRAPH = 7, 1
SECONDS = {"known": 10.0, "aside": 25.0}


class Cost(NamedTuple):
    seconds: float
    result_bytes: float = 0
    peak_bytes: float = 0


@nb.node
def known(x: int = 0) -> int:
    return x


@nb.node
def never_ran(x: int = 0) -> int:
    return x


@nb.node(lane="concurrent")
def aside(x: int = 0) -> int:
    return x


def expect(node_type: NodeType) -> Cost | None:
    seconds = SECONDS.get(node_type.name.rpartition(".")[2])
    return None if seconds is None else Cost(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def left(clock: Clock) -> TimeLeft:
    left = TimeLeft(clock)
    left.on_event(events.RunStarted(RUN, GRAPH, (), (), ()))
    return left


def steps(session: Session, *functions: object) -> tuple[Step, ...]:
    graph = nb.Graph(own_session=session)
    for function in functions:
        graph.add(function)  # type: ignore[arg-type]  # a node
    return graph.store.plan(session.lookup)[0].steps


def tell(left: TimeLeft, kind: type, node: str, *members: float) -> None:
    left.on_event(kind(RUN, GRAPH, node, *members))


def test_what_earlier_runs_took_counts_down(left: TimeLeft, clock: Clock, session: Session) -> None:
    assert left.of_run() is None, "nothing is known of the run yet"
    left.begin(RUN, steps(session, known, known), expect)
    assert left.of_run() == 20
    tell(left, events.NodeStarted, "1")
    clock.now += 4
    assert (left.of_node("1"), left.of_run()) == (6, 16)
    clock.now += 30
    assert (left.of_node("1"), left.of_run()) == (0, 10), "it takes longer: never less than nothing"
    tell(left, events.NodeFinished, "1", 34.0)
    assert (left.of_node("1"), left.of_run()) == (None, 10)
    left.on_event(events.RunFinished(RUN, GRAPH, "done", 40.0))
    assert left.of_run() is None


def test_progress_knows_better_and_counts_from_its_first_step(left: TimeLeft, clock: Clock, session: Session) -> None:
    left.begin(RUN, steps(session, never_ran), expect)
    tell(left, events.NodeStarted, "1")
    clock.now += 60  # a model is loaded
    tell(left, events.NodeProgress, "1", 1.0, 11.0)
    assert left.of_node("1") is None, "one step says nothing of the rate"
    assert left.of_run() is None
    clock.now += 2
    tell(left, events.NodeProgress, "1", 2.0, 11.0)
    assert (left.of_node("1"), left.of_run()) == (18, 18)
    tell(left, events.NodeProgress, "1", 0.0, 11.0)
    assert left.of_run() is None, "it began again, with the next of many values"
    clock.now += 3
    tell(left, events.NodeProgress, "1", 1.0, 11.0)
    assert left.of_run() == 30


def test_one_unknown_node_makes_the_whole_unknown_until_it_is_over(left: TimeLeft, session: Session) -> None:
    left.begin(RUN, steps(session, never_ran, known), expect)
    assert left.of_run() is None
    tell(left, events.NodeStarted, "1")
    tell(left, events.NodeFinished, "1", 0.1)
    assert left.of_run() == 10


def test_lanes_overlap(left: TimeLeft, session: Session) -> None:
    left.begin(RUN, steps(session, aside, known, known), expect)
    assert left.of_run() == 25
    tell(left, events.NodeStarted, "1")
    tell(left, events.NodeFailed, "1", 0)
    assert left.of_run() == 20


def test_what_ended_before_the_steps_were_known_counts(left: TimeLeft, session: Session) -> None:
    tell(left, events.NodeStarted, "1")
    tell(left, events.NodeSkipped, "1", 0)
    left.begin(RUN, steps(session, known, known), expect)
    assert left.of_run() == 10
    left.begin(RUN - 1, steps(session, never_ran), expect)
    assert left.of_run() == 10, "another run's steps are no news"
