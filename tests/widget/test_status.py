from __future__ import annotations

from typing import Any

import pytest

from nodebook.engine import events
from nodebook.engine.compiled import Problem
from nodebook.engine.edits import AddNode, apply_all
from nodebook.engine.graph import GraphState
from nodebook.runs import Run
from nodebook.widget.status import MAX_WARNINGS, StatusBoard

RUN, GRAPH = 7, 1


def chain(*ids: str) -> GraphState:
    """a → b → c: each reads the one before."""
    edits = [
        AddNode(node, {"type": "T", **({"links": {"x": [ids[at - 1], "y"]}} if at else {})})
        for at, node in enumerate(ids)
    ]
    return apply_all(GraphState(), edits)[0]


def started(*planned: str, held: tuple[str, ...] = (), **members: Any) -> events.RunStarted:
    return events.RunStarted(RUN, GRAPH, planned, held, members.pop("blocked", ()), **members)


def states(board: StatusBoard) -> dict[str, str]:
    return {node: each["state"] for node, each in board.snapshot({"a", "b", "c", "d"})[1].items()}


def node_json(state: str, **members: Any) -> dict[str, Any]:
    plain = dict.fromkeys(("progress", "seconds", "error", "text", "left", "bytes"))
    return {"state": state, **plain, "lines": 0, "warnings": [], "stale": False, **members}


@pytest.fixture
def board() -> StatusBoard:
    return StatusBoard()


def test_a_run_from_queue_to_end(board: StatusBoard) -> None:
    graph = chain("a", "b")
    seen = []
    for event in (
        events.RunQueued(RUN, GRAPH),
        started("a", "b", targets=("b",)),
        events.NodeStarted(RUN, GRAPH, "a"),
        events.NodeProgress(RUN, GRAPH, "a", 1, 4),
        events.NodeFinished(RUN, GRAPH, "a", 0.5, value_bytes=12),
        events.NodeStarted(RUN, GRAPH, "b"),
        events.NodeFinished(RUN, GRAPH, "b", 0.0, cached=True),
        events.RunFinished(RUN, GRAPH, "done", 0.7),
    ):
        board.apply(event, graph)
        delta = board.take()
        assert delta is not None
        seen.append(delta)
    assert [each["run"]["state"] for each in seen if "run" in each][:2] == ["queued", "running"]
    assert seen[1]["nodes"].keys() == {"a", "b"}
    assert seen[2] == {"type": "status", "nodes": {"a": node_json("running")}}
    assert seen[3]["nodes"]["a"]["progress"] == [1, 4]
    assert seen[4]["nodes"]["a"] == node_json("done", seconds=0.5, bytes=12)
    assert seen[4]["run"] == {"id": "7", "state": "running", "total": 2, "finished": 1, "seconds": None, "left": None}
    assert seen[6]["nodes"]["b"]["state"] == "cached"
    assert seen[7]["run"] == {"id": "7", "state": "done", "total": 2, "finished": 2, "seconds": 0.7, "left": None}
    assert board.take() is None


def test_newest_wins_and_nothing_is_lost_between_two_takes(board: StatusBoard) -> None:
    graph = chain("a", "b")
    board.apply(started("a", "b"), graph)
    for step in range(1000):
        board.apply(events.NodeProgress(RUN, GRAPH, "a", step, 1000), graph)
    board.apply(events.NodeFinished(RUN, GRAPH, "a", 1.0), graph)
    delta = board.take()
    assert delta is not None
    assert {node: each["state"] for node, each in delta["nodes"].items()} == {"a": "done", "b": "queued"}


def test_nodes_that_need_not_run_are_cached_up_to_the_sources(board: StatusBoard) -> None:
    board.apply(started("c", held=("b",), targets=("c",)), chain("a", "b", "c", "d"))
    assert states(board) == {"a": "cached", "b": "cached", "c": "queued"}


def test_a_run_with_nothing_to_do(board: StatusBoard) -> None:
    graph = chain("a", "b")
    board.apply(started(held=("b",), targets=("b",)), graph)
    board.apply(events.RunFinished(RUN, GRAPH, "done", 0.0), graph)
    assert states(board) == {"a": "cached", "b": "cached"}
    assert board.snapshot(())[0]["total"] == 0


def test_problems_fail_their_node_and_what_follows_up_to_the_target_is_skipped(board: StatusBoard) -> None:
    problem = Problem("b", "x", "bad_value", "too large")
    warning = Problem("d", None, "unknown_input", "not used", "warning")
    board.apply(started(blocked=(problem, warning), targets=("d",)), chain("a", "b", "c", "d"))
    assert states(board) == {"b": "failed", "c": "skipped", "d": "skipped"}
    error = board.snapshot({"b"})[1]["b"]["error"]
    assert error == {"message": "too large", "input": "x", "kind": "bad_value", "traceback": None}


def test_an_error_has_message_input_and_traceback(board: StatusBoard) -> None:
    graph = chain("a", "b")
    board.apply(started("a", "b"), graph)
    failure = events.NodeError("a", "ValueError", "no", "x", "Traceback …")
    board.apply(events.NodeFailed(RUN, GRAPH, "a", failure), graph)
    board.apply(events.NodeSkipped(RUN, GRAPH, "b", "a"), graph)
    run, nodes = board.snapshot({"a", "b"})
    assert nodes["a"]["error"] == {"message": "no", "input": "x", "kind": "ValueError", "traceback": "Traceback …"}
    assert nodes["b"]["state"] == "skipped"
    assert (run["finished"], run["total"]) == (2, 2)


def test_a_refused_value_is_no_failure_and_its_reason_goes_with_it(board: StatusBoard) -> None:
    graph = chain("a", "b")
    board.apply(started("a", "b"), graph)
    board.apply(events.NodeFinished(RUN, GRAPH, "a", 0.5), graph)
    board.apply(events.NodeBlocked(RUN, GRAPH, "b", "the switch is off", "a"), graph)
    run, nodes = board.snapshot({"a", "b"})
    assert (nodes["b"]["state"], nodes["b"]["text"], nodes["b"]["error"]) == ("blocked", "the switch is off", None)
    assert (run["finished"], run["total"]) == (2, 2)
    board.apply(events.NodeStarted(RUN + 1, GRAPH, "b"), graph)
    assert board.snapshot({"b"})[1]["b"]["text"] is None


@pytest.mark.parametrize(("outcome", "left"), [("cancelled", "cancelled"), ("failed", "idle")])
def test_no_node_is_left_running(board: StatusBoard, outcome: str, left: str) -> None:
    graph = chain("a", "b")
    board.apply(started("a", "b"), graph)
    board.apply(events.NodeStarted(RUN, GRAPH, "a"), graph)
    board.apply(events.RunFinished(RUN, GRAPH, outcome, 0.1), graph)
    assert states(board) == {"a": left, "b": left}


def test_a_second_run_waits_behind_the_first(board: StatusBoard) -> None:
    graph = chain("a")
    board.apply(events.RunQueued(RUN, GRAPH), graph)
    board.apply(started("a"), graph)
    board.apply(events.RunQueued(RUN + 1, GRAPH), graph)
    assert board.snapshot(())[0]["state"] == "running"
    board.apply(events.RunFinished(RUN + 1, GRAPH, "cancelled", 0.0), graph)  # another run's end changes nothing
    assert board.snapshot(())[0]["state"] == "running"
    board.apply(events.RunQueued(RUN + 2, GRAPH), graph)
    board.apply(events.RunFinished(RUN, GRAPH, "done", 0.1), graph)
    assert board.snapshot(())[0] == {
        "id": str(RUN + 2),
        "state": "queued",
        "total": 0,
        "finished": 0,
        "seconds": None,
        "left": None,
    }


def test_texts_stay_until_another_comes(board: StatusBoard) -> None:
    graph = chain("a")
    board.set_text("a", "hello")
    board.apply(started("a"), graph)
    assert board.snapshot({"a"})[1]["a"]["text"] == "hello"
    board.set_text("a", None)
    assert board.snapshot({"a"})[1]["a"]["text"] is None


def test_a_snapshot_leaves_out_removed_nodes(board: StatusBoard) -> None:
    board.apply(started("a", "b"), chain("a", "b"))
    assert board.snapshot({"b"})[1].keys() == {"b"}


def test_what_happened_before_anybody_looked(board: StatusBoard) -> None:
    graph = chain("a", "b", "c", "d")
    failure = events.NodeError("c", "ValueError", "no")
    run = Run(3, graph, ("d",), ("b",), {"c": failure}, {"d": "c"}, "failed", 1.5, held=("a",))
    board.look_back(run, {"a": (0.1, 1), "b": (0.2, 2), "e": (0.3, 3)})
    assert states(board) == {"a": "cached", "b": "done", "c": "failed", "d": "skipped"}
    assert board.snapshot(())[0] == {
        "id": "3",
        "state": "failed",
        "total": 3,
        "finished": 3,
        "seconds": 1.5,
        "left": None,
    }
    assert board.snapshot({"e"})[1]["e"]["seconds"] == 0.3


def test_looking_back_knows_less_than_an_event(board: StatusBoard) -> None:
    graph = chain("a", "b")
    board.apply(started("a"), graph)
    board.look_back(Run(3, graph, ("a",), ("a",), {}, {}, "done", 1.5), {"a": (1.0, 1), "b": (2.0, 2)})
    assert states(board) == {"a": "queued", "b": "done"}
    assert board.snapshot(())[0]["id"] == str(RUN)


def test_a_run_whose_start_nobody_heard_is_joined(board: StatusBoard) -> None:
    graph = chain("a")
    board.apply(events.NodeProgress(RUN, GRAPH, "a", 1, 2), graph)
    assert board.snapshot(())[0]["state"] == "running"
    board.apply(events.NodeFinished(RUN, GRAPH, "a", 0.5), graph)
    board.apply(events.RunFinished(RUN, GRAPH, "done", 0.6), graph)
    assert board.snapshot(())[0] == {
        "id": str(RUN),
        "state": "done",
        "total": 0,
        "finished": 0,
        "seconds": 0.6,
        "left": None,
    }


def test_unchanged_states_are_not_sent_again(board: StatusBoard) -> None:
    graph = chain("a", "b")
    board.apply(started(held=("b",)), graph)
    assert board.take() is not None
    board.apply(started(held=("b",)), graph)
    delta = board.take()
    assert delta is not None
    assert "nodes" not in delta


def test_what_a_node_wrote_goes_when_it_runs_again(board: StatusBoard) -> None:
    graph = chain("a")
    board.apply(started("a"), graph)
    board.set_log("a", 12, ("x" * 1000, *(f"careful {number}" for number in range(9))))
    board.apply(events.NodeFinished(RUN, GRAPH, "a", 0.5), graph)
    shown = board.snapshot({"a"})[1]["a"]
    assert (shown["lines"], len(shown["warnings"])) == (12, MAX_WARNINGS)
    assert len(shown["warnings"][0]) < 1000
    board.apply(events.NodeStarted(RUN + 1, GRAPH, "a"), graph)
    assert board.snapshot({"a"})[1]["a"] == node_json("running")


def test_marks_of_what_is_out_of_date_come_and_go(board: StatusBoard) -> None:
    graph = chain("a", "b")
    board.apply(started("a", "b"), graph)
    for node in ("a", "b"):
        board.apply(events.NodeFinished(RUN, GRAPH, node, 0.5), graph)
    board.take()
    assert board.set_stale({"a", "b"})
    assert not board.set_stale({"a", "b"})
    board.take()
    assert board.set_stale({"b"})
    delta = board.take()
    assert delta is not None
    assert {node: each["stale"] for node, each in delta["nodes"].items()} == {"a": False}
    board.apply(started("b"), graph)
    assert not board.snapshot({"b"})[1]["b"]["stale"]
    assert board.set_stale({"b"}), "the mark was forgotten with the state"
