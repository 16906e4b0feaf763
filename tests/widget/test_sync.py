"""A graph and its views over a channel without Jupyter: two clients, a real session, real runs."""

from __future__ import annotations

import gc
import io
import json
import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

import nodebook as nb
from nodebook.engine.edits import AddNode, SetLink, SetValue
from nodebook.graph import Graph
from nodebook.widget.sync import GraphSync
from tests.widget.fakes import WAIT_S, FakeChannel, fake_encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nodebook.sessions import Session
    from nodebook.widget.hub import Hub

gate = threading.Event()
entered = threading.Event()


@nb.node
def slow(steps: int = 1000) -> int:
    """Work until the test lets it go, or until it is cancelled."""
    entered.set()
    for step in range(steps):
        nb.progress(step, steps)
        if gate.wait(0.01):
            break
    return steps


@nb.node
def shade(value: float = 0.5, size: int = 8) -> PIL.Image.Image:
    """Make a grey picture."""
    return PIL.Image.new("RGB", (size, size), (int(255 * value),) * 3)


@nb.node
def preview_twice(value: int = 0) -> int:
    """Show two pictures."""
    for level in (10, 20):
        nb.preview(PIL.Image.new("RGB", (4, 4), (level + value,) * 3))
    return value


@nb.node
def many(count: int = 20) -> list[PIL.Image.Image]:
    """Make a batch."""
    return [PIL.Image.new("RGB", (4, 4), (level,) * 3) for level in range(count)]


@nb.node(is_output=True)
def say(value: int = 0) -> nb.UI:
    """Show a text."""
    return nb.UI(text=[f"value {value}", "second line"])


@nb.node
def fail(x: float = 0.0) -> float:
    """Raise."""
    raise ValueError(f"no {x}")


NODES = [slow, shade, preview_twice, many, say, fail]


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def graph(session: Session) -> Graph:
    gate.clear()
    entered.clear()
    for function in NODES:
        session.library.define(function)  # type: ignore[arg-type]  # each of another signature
    return Graph(own_session=session)


@pytest.fixture
def sync(graph: Graph, session: Session, hub: Hub, channel: FakeChannel) -> Iterator[GraphSync]:
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    yield sync
    gate.set()
    sync.close()


def edit(sync: GraphSync, *ops: dict[str, Any], batch: int = 1, client: str = "a") -> None:
    sync.handle({"type": "edit", "client": client, "batch": batch, "label": f"Edit {batch}", "ops": list(ops)})


def add(node: str, type_name: str, **members: Any) -> dict[str, Any]:
    return {"op": "add_node", "id": node, "node": {"type": type_name, **members}}


def set_value(node: str, name: str, value: Any) -> dict[str, Any]:
    return {"op": "set_value", "node": node, "input": name, "value": value}


def run(sync: GraphSync, targets: list[str] | None = None) -> None:
    sync.handle({"type": "run", "client": "a", "targets": targets})


def finished(message: dict[str, Any]) -> bool:
    return message.get("run", {}).get("state") in {"done", "failed", "cancelled"}


def grey_of(data: bytes) -> int:
    return round(float(np.asarray(PIL.Image.open(io.BytesIO(data)).convert("L")).mean()))


# -- edits -------------------------------------------------------------------------------------------------------------


def test_hello_is_answered_with_everything(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("shade", value=0.25)
    sync.handle({"type": "hello", "client": "a"})
    snapshot = channel.wait("snapshot")
    assert snapshot["to"] == "a"
    assert snapshot["revision"] == 1
    assert snapshot["last_id"] == 1
    assert snapshot["document"]["nodes"]["1"]["values"] == {"value": 0.25}
    assert snapshot["history"] == {"undo": "Add Shade", "redo": None}
    assert snapshot["run"]["state"] == "idle"
    assert {"shade", "LoadImage"} <= snapshot["library"]["types"].keys()
    assert json.loads(json.dumps(snapshot, allow_nan=False)) == snapshot


def test_a_graph_is_viewed_from_the_first_hello_to_the_last_bye(sync: GraphSync, channel: FakeChannel) -> None:
    def hello(client: str) -> None:
        sync.handle({"type": "hello", "client": client})
        channel.wait("snapshot", lambda message: message["to"] == client)

    def bye(client: str) -> None:
        sync.handle({"type": "bye", "client": client})

    steps: dict[str, Callable[[], object]] = {
        "nobody yet": lambda: None,
        "a comes": lambda: hello("a"),
        "b comes": lambda: hello("b"),
        "a goes": lambda: bye("a"),
        "b goes": lambda: bye("b"),
        "b goes twice": lambda: bye("b"),
        "a is back": lambda: hello("a"),
        "the page closed the model": lambda: sync.detach(channel),
    }
    viewed = []
    for name, step in steps.items():
        step()
        if sync.is_viewed:
            viewed.append(name)
    assert viewed == ["a comes", "b comes", "a goes", "a is back"]


def test_an_edit_of_a_view_is_applied_and_told_to_all(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("shade")
    edit(sync, add("2", "shade"), set_value("1", "value", 1), batch=7)
    message = channel.wait("edited", lambda message: message["batch"] == 7)
    assert (message["client"], message["revision"], message["label"]) == ("a", 2, "Edit 7")
    assert [each["op"] for each in message["ops"]] == ["add_node", "set_value"]
    assert repr(message["ops"][1]["value"]) == "1.0"  # as the port has it, not as the browser wrote it
    assert message["history"] == {"undo": "Edit 7", "redo": None}
    assert graph["1"].node.values == {"value": 1.0}
    assert len(graph) == 2


def test_two_views_and_python_are_told_in_the_order_of_revisions(
    sync: GraphSync, channel: FakeChannel, graph: Graph
) -> None:
    edit(sync, add("1", "shade"))
    channel.wait("edited")

    def edits_of(client: str) -> None:
        for batch in range(1, 21):
            edit(sync, set_value("1", "size", batch), batch=batch, client=client)

    threads = [threading.Thread(target=edits_of, args=(client,)) for client in "bc"]
    threads.append(threading.Thread(target=lambda: [graph["1"].set(size=size) for size in range(30, 50)]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel.wait("edited", lambda message: message["revision"] == 61)
    told = channel.all("edited")
    assert [each["revision"] for each in told] == list(range(1, 62))
    for client in ("b", "c"):
        assert [each["batch"] for each in told if each["client"] == client] == list(range(1, 21))
    assert sum(each["client"] is None for each in told) == 20


def test_an_edit_that_does_not_fit_is_rejected_whole(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    edit(sync, add("1", "shade"), set_value("9", "size", 3), batch=3)
    assert channel.wait("rejected") == {
        "type": "rejected",
        "client": "a",
        "batch": 3,
        "reason": "Cannot set size of node '9': the graph has no such node. It may have been removed meanwhile.",
    }
    assert len(graph) == 0
    assert not channel.all("edited")


@pytest.mark.parametrize("ops", [[5], [{"op": "explode"}], [{"op": "add_node", "id": 5, "node": {}}], [None]])
def test_operations_that_are_malformed_are_rejected(sync: GraphSync, channel: FakeChannel, ops: list[Any]) -> None:
    sync.handle({"type": "edit", "client": "a", "batch": 1, "label": "x", "ops": ops})
    assert "malformed" in channel.wait("rejected")["reason"]


@pytest.mark.parametrize(
    "content", [None, 5, "x", {}, {"type": "no such", "client": "a"}, {"type": "edit", "client": "a"}]
)
def test_a_malformed_message_is_answered_and_the_next_one_works(
    sync: GraphSync, channel: FakeChannel, content: object
) -> None:
    sync.handle(content)
    message = channel.wait("notice")
    assert message["level"] == "error"
    assert message["client"] == ("a" if isinstance(content, dict) and content else None)
    edit(sync, add("1", "shade"))
    channel.wait("edited")


def test_undo_and_redo_of_a_view(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("shade", value=0.5)
    sync.handle({"type": "undo", "client": "a"})
    undone = channel.wait("edited", lambda message: message["revision"] == 2)
    assert [each["op"] for each in undone["ops"]] == ["remove_node"]
    assert undone["history"] == {"undo": None, "redo": "Add Shade"}
    sync.handle({"type": "redo", "client": "b"})
    channel.wait("edited", lambda message: message["revision"] == 3)
    sync.handle({"type": "redo", "client": "b"})  # nothing left
    edit(sync, set_value("1", "size", 3))
    channel.wait("edited", lambda message: message["revision"] == 4)
    assert len(graph) == 1


@pytest.mark.parametrize("number", [2**53 - 1, 2**53, 2**63 - 1, -(2**63)])
def test_whole_numbers_of_64_bits_come_through_both_ways(
    sync: GraphSync, channel: FakeChannel, graph: Graph, number: int
) -> None:
    sent = number if abs(number) < 2**53 else {"$int": str(number)}
    edit(sync, add("1", "PrimitiveInt", values={"value": sent}))
    assert channel.wait("edited")["ops"][0]["node"]["values"] == {"value": sent}
    assert graph["1"].node.values == {"value": number}
    edit(sync, set_value("1", "value", 1), set_value("1", "value", sent))
    assert channel.wait("edited", lambda message: message["revision"] == 2)["ops"][1]["value"] == sent
    assert sync.snapshot()["document"]["nodes"]["1"]["values"] == {"value": sent}


def test_numbers_that_json_cannot_hold(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    edit(sync, add("1", "PrimitiveFloat", values={"value": {"$float": "-inf"}}))
    assert channel.wait("edited")["ops"][0]["node"]["values"] == {"value": {"$float": "-inf"}}
    assert graph["1"].node.values == {"value": float("-inf")}
    json.dumps(sync.snapshot(), allow_nan=False)


def test_problems_come_with_every_edit(sync: GraphSync, channel: FakeChannel) -> None:
    edit(sync, add("1", "ImageInvert"), add("2", "NoSuchType", values={"kept": 1}))
    problems = channel.wait("edited")["problems"]
    assert (problems["1"][0]["input"], problems["1"][0]["code"]) == ("image", "missing_input")
    assert problems["2"][0]["code"] == "unknown_type"
    edit(sync, {"op": "remove_node", "id": "2"}, batch=2)
    assert channel.wait("edited", lambda message: message["batch"] == 2)["problems"] == {"2": []}


def test_an_edit_of_a_large_graph_full_of_problems_is_told_in_few_bytes(sync: GraphSync, channel: FakeChannel) -> None:
    edit(sync, *(add(str(number), "ImageBlur") for number in range(1, 501)))
    assert len(channel.wait("edited")["problems"]) == 500
    edit(sync, set_value("7", "sigma", 2.5), batch=2)
    told = channel.wait("edited", lambda message: message["batch"] == 2)
    assert told["problems"] == {}
    assert len(json.dumps(told)) < 500
    sync.handle({"type": "hello", "client": "a"})
    assert len(channel.wait("snapshot")["problems"]) == 500


def test_problems_are_told_by_what_views_know_after_hello_and_library(
    sync: GraphSync, channel: FakeChannel, session: Session
) -> None:
    edit(sync, add("1", "ImageInvert"), add("2", "later"))
    channel.wait("edited")
    sync.handle({"type": "hello", "client": "b"})
    assert [each["node"] for each in channel.wait("snapshot")["problems"]] == ["1", "2"]

    @nb.node
    def later(x: int = 1) -> int:
        return x

    session.library.define(later)
    assert [each["node"] for each in channel.wait("library")["problems"]] == ["1"]
    edit(sync, {"op": "remove_node", "id": "1"}, batch=2)
    assert channel.wait("edited", lambda message: message["batch"] == 2)["problems"] == {"1": []}


def test_a_flood_of_edits_from_code_is_told_as_a_gap_that_hello_closes(
    sync: GraphSync, channel: FakeChannel, graph: Graph
) -> None:
    with graph.store.lock:  # the thread cannot tell one by one meanwhile
        for number in range(1, 501):
            graph.store.edit([AddNode(str(number), {"type": "shade"})], "Add")
    last = channel.wait("edited", lambda message: message["revision"] == 500)
    assert len(channel.all("edited")) < 150
    assert last["ops"][0]["id"] == "500"
    sync.handle({"type": "hello", "client": "a"})
    assert len(channel.wait("snapshot")["document"]["nodes"]) == 500
    graph["1"].set(size=3)
    channel.wait("edited", lambda message: message["revision"] == 501)


# -- runs --------------------------------------------------------------------------------------------------------------


def test_a_run_tells_how_it_goes_and_shows_what_came_out(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    picture = graph.add("shade", value=0.5)
    graph.add("ImageInvert", image=picture)
    run(sync)
    channel.wait("status", finished)
    assert channel.run() == {**channel.run(), "state": "done", "total": 2, "finished": 2}
    assert channel.status_of("1")["state"] == channel.status_of("2")["state"] == "done"
    assert channel.status_of("1")["seconds"] > 0
    for node, grey in (("1", 127), ("2", 128)):
        message, buffers = channel.wait_sent("picture", lambda message, node=node: message["node"] == node)  # type: ignore[misc]
        assert (message["kind"], message["index"], message["count"]) == ("result", 0, 1)
        assert (message["width"], message["height"], message["mime"]) == (8, 8, "image/jpeg")
        assert abs(grey_of(buffers[0]) - grey) <= 2


def test_an_unchanged_run_is_cached_and_sends_no_picture_again(
    sync: GraphSync, channel: FakeChannel, graph: Graph
) -> None:
    graph.add("ImageInvert", image=graph.add("shade", value=0.5))
    run(sync)
    channel.wait("picture", lambda message: message["node"] == "2")
    channel.wait("status", finished)
    channel.clear()
    run(sync)
    channel.wait("status", finished)
    assert channel.status_of("1")["state"] == channel.status_of("2")["state"] == "cached"
    graph["1"].set(value=0.75)
    run(sync)
    newest = channel.wait_sent("picture", lambda message: message["node"] == "2")
    assert [each["node"] for each in channel.all("picture")] == ["1", "2"]
    assert abs(grey_of(newest.buffers[0]) - 64) <= 2


def test_a_failed_node_has_its_error_and_the_rest_runs(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    failing = graph.add("fail", x=3.0)
    graph.add("ImageScaleBy", image=graph.add("shade"), scale_by=failing)
    graph.add("many", count=2)
    run(sync)
    channel.wait("status", finished)
    assert channel.run()["state"] == "failed"
    error = channel.status_of("1")["error"]
    assert (error["message"], error["kind"], error["input"]) == ("no 3.0", "ValueError", None)
    assert 'raise ValueError(f"no {x}")' in error["traceback"]
    assert {node: channel.status_of(node)["state"] for node in "1234"} == {
        "1": "failed",
        "2": "done",
        "3": "skipped",
        "4": "done",
    }


def test_a_node_that_cannot_run_says_why_on_its_input(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("ImageInvert", image=graph.add("ImageInvert"))
    run(sync)
    channel.wait("status", finished)
    error = channel.status_of("1")["error"]
    assert (error["input"], error["kind"], error["traceback"]) == ("image", "missing_input", None)
    assert "Invert" in error["message"]
    assert channel.status_of("2")["state"] == "skipped"


def test_statuses_are_few_and_the_last_is_not_lost(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("slow", steps=60)
    start = time.monotonic()
    run(sync)
    channel.wait("status", finished)
    seconds = time.monotonic() - start
    assert len(channel.all("status")) <= seconds * 30 + 3
    assert any(message.get("nodes", {}).get("1", {}).get("progress") for message in channel.all("status"))
    assert channel.status_of("1")["state"] == "done"


def test_cancel_acts_at_once_even_when_the_inbox_is_busy(
    sync: GraphSync, channel: FakeChannel, graph: Graph, hub: Hub, session: Session
) -> None:
    graph.add("slow")
    run(sync)
    assert entered.wait(WAIT_S)
    busy, release = threading.Event(), threading.Event()

    def be_busy() -> None:
        busy.set()
        release.wait(WAIT_S)

    hub.sync.put(be_busy)
    assert busy.wait(WAIT_S)
    run(sync)  # waits in the inbox: cancelled before it begins
    ended: list[Any] = []
    session.stream.subscribe(lambda event: ended.append(event) if type(event).__name__ == "RunFinished" else None)
    sync.handle({"type": "cancel", "client": "a"})
    deadline = time.monotonic() + WAIT_S
    while not ended and time.monotonic() < deadline:
        time.sleep(0.005)
    assert [event.state for event in ended] == ["cancelled"]
    release.set()
    channel.wait("status", finished)
    assert channel.status_of("1")["state"] == "cancelled"
    assert not session.worker.cancel(graph.store.number)
    gate.set()
    run(sync)  # the next one runs
    channel.wait("status", lambda message: message.get("run", {}).get("state") == "done")


def test_edits_are_applied_while_a_node_works(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("slow")
    run(sync)
    assert entered.wait(WAIT_S)
    edit(sync, set_value("1", "steps", 5), batch=2)
    channel.wait("edited", lambda message: message["batch"] == 2)
    channel.wait("status", lambda message: message.get("nodes", {}).get("1", {}).get("state") == "running")
    assert not any(map(finished, channel.all("status")))
    gate.set()
    channel.wait("status", finished)


def test_a_run_of_one_node_and_of_none(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("shade", value=0.1)
    graph.add("shade", value=0.2)
    run(sync, ["2"])
    channel.wait("status", finished)
    assert channel.status_of("1") == {}
    assert channel.status_of("2")["state"] == "done"
    run(sync, ["77"])
    assert "nothing to run" in channel.wait("notice")["text"]


def test_texts_are_shown(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("say", value=3)
    run(sync)
    channel.wait("status", lambda message: bool(message.get("nodes", {}).get("1", {}).get("text")))
    assert channel.status_of("1")["text"] == "value 3\nsecond line"


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_previews_and_the_first_of_a_batch(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("preview_twice")
    graph.add("many")
    run(sync)
    channel.wait("picture", lambda message: message["index"] == 7)
    assert {each["count"] for each in channel.all("picture") if each["node"] == "2"} == {20}
    previews = [each for each in channel.sent if each.message.get("node") == "1" and each.message["type"] == "picture"]
    channel.wait("status", finished)
    assert {each.message["kind"] for each in previews} == {"preview"}
    assert abs(grey_of(previews[-1].buffers[0]) - 20) <= 2


def test_a_result_is_shown_when_its_node_is_done_not_when_the_run_is(
    sync: GraphSync, channel: FakeChannel, graph: Graph
) -> None:
    gate.set()
    graph.add("shade", value=0.2)
    graph.add("slow", steps=100)
    graph.run()
    channel.wait("picture")
    gate.clear()
    entered.clear()
    graph["1"].set(value=0.8)
    graph["2"].set(steps=2000)
    channel.clear()
    run(sync)
    assert entered.wait(WAIT_S)
    assert abs(grey_of(channel.wait_sent("picture").buffers[0]) - 204) <= 2  # not what the run before made
    channel.wait("status", lambda message: message.get("run", {}).get("state") == "running")
    assert not any(map(finished, channel.all("status")))
    gate.set()
    channel.wait("status", finished)


def test_a_late_view_gets_statuses_texts_and_pictures(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("shade", value=0.5)
    graph.add("say", value=3)
    graph.add("fail")
    run(sync, ["1", "2", "3"])
    channel.wait("picture")
    channel.wait("status", finished)
    channel.wait("status", lambda message: bool(message.get("nodes", {}).get("2", {}).get("text")))
    channel.clear()
    sync.handle({"type": "hello", "client": "late"})
    snapshot = channel.wait("snapshot")
    assert snapshot["run"]["state"] == "failed"
    assert {node: each["state"] for node, each in snapshot["nodes"].items()} == {
        "1": "done",
        "2": "done",
        "3": "failed",
    }
    assert snapshot["nodes"]["2"]["text"] == "value 3\nsecond line"
    assert channel.wait("picture")["node"] == "1"


def test_what_ran_before_the_first_view_is_shown(
    session: Session, hub: Hub, graph: Graph, channel: FakeChannel
) -> None:
    graph.add("ImageInvert", image=graph.add("shade", value=0.5))
    graph.add("shade", value=0.7)
    graph.add("fail")
    graph.run("2", "4")
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    sync.handle({"type": "hello", "client": "a"})
    snapshot = channel.wait("snapshot")
    states = {node: each["state"] for node, each in snapshot["nodes"].items()}
    assert states == {"1": "done", "2": "done", "4": "failed"}
    assert snapshot["run"]["state"] == "failed"
    assert {channel.wait("picture", lambda each, node=node: each["node"] == node)["kind"] for node in "12"} == {  # type: ignore[misc]
        "result"
    }
    sync.close()


def test_what_happens_without_a_channel_is_there_for_the_next(
    sync: GraphSync, channel: FakeChannel, graph: Graph
) -> None:
    sync.detach(channel)
    graph.add("shade")
    graph.run()
    later = FakeChannel()
    sync.attach(later)
    sync.detach(channel)  # a second time, of one that is not attached: nothing
    sync.handle({"type": "hello", "client": "b"})
    assert later.wait("snapshot")["nodes"]["1"]["state"] == "done"
    assert later.wait("picture")["node"] == "1"
    assert not channel.all("snapshot")


def test_no_tensor_is_kept_for_a_view(session: Session, hub: Hub, graph: Graph, channel: FakeChannel) -> None:
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    graph.add("shade", size=32)
    graph.run()
    channel.wait("picture")
    entry = session.result(graph.store, "1")
    assert entry is not None
    tensor = weakref.ref(entry.outputs[0])
    del entry
    graph.store.results = {}
    session.cache.clear()
    hub.pictures.put(lambda: None)
    deadline = time.monotonic() + 5
    while tensor() is not None and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.02)
    assert tensor() is None
    sync.close()


@pytest.mark.usefixtures("sync")
def test_named_inputs_of_code_show_what_that_run_made(channel: FakeChannel, graph: Graph) -> None:
    graph.add("shade", value=graph.input("level", 0.2))
    graph.run()
    channel.wait("picture")
    channel.clear()
    graph.run(level=0.8)
    assert abs(grey_of(channel.wait_sent("picture").buffers[0]) - 204) <= 2


def test_pictures_that_come_one_after_another_are_all_shown(
    sync: GraphSync, channel: FakeChannel, graph: Graph, session: Session
) -> None:
    del sync

    @nb.node
    def shades(count: int = 3) -> nb.Items[PIL.Image.Image]:
        return nb.Items(PIL.Image.new("RGB", (4, 4), (50 * number,) * 3) for number in range(count))

    session.library.define(shades)
    graph.add("shades")
    graph.run()
    channel.wait_sent("picture", lambda message: message["index"] == 2)
    shown = {each.message["index"]: each.message["count"] for each in channel.sent if each.message["type"] == "picture"}
    assert shown == {0: 3, 1: 3, 2: 3}


def test_a_view_that_asks_gets_the_plan_with_reasons_and_expected_costs(
    sync: GraphSync, channel: FakeChannel, graph: Graph
) -> None:
    one = graph.add("shade", value=0.2)
    graph.run()
    one.set(value=0.4)
    sync.handle({"type": "plan", "client": "a", "targets": None})
    plan = channel.wait_sent("plan").message
    (row,) = plan["rows"]
    assert (plan["to"], plan["total"]) == ("a", 1)
    assert (row["node"], row["action"], row["reason"]) == (one.id, "run", "value 0.2 → 0.4")
    assert row["changes"] == [["value", "0.2", "0.4"]]
    assert row["seconds"] > 0
    assert row["bytes"] == plan["peak_bytes"] == 8 * 8 * 3 * 4
    channel.clear()
    sync.handle({"type": "plan", "client": "a", "targets": ["77"]})
    (row,) = channel.wait_sent("plan").message["rows"]
    assert (row["node"], row["action"], row["seconds"]) == ("77", "blocked", None)


# -- uploads and the library -------------------------------------------------------------------------------------------


def png(level: int) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (4, 4), (level,) * 3).save(file, "PNG")
    return file.getvalue()


def upload(sync: GraphSync, name: str, *buffers: bytes, node: str = "1", batch: int = 5) -> None:
    message = {"type": "upload", "client": "a", "batch": batch, "node": node, "input": "image", "name": name}
    sync.handle(message, [memoryview(each) for each in buffers])


def test_an_upload_is_stored_offered_and_set(
    sync: GraphSync, channel: FakeChannel, graph: Graph, tmp_path: Path
) -> None:
    graph.add("LoadImage", image="none.png")
    sync.handle({"type": "hello", "client": "a"})
    channel.wait("snapshot")
    upload(sync, "../../cat.png", png(1))
    message = channel.wait("edited", lambda message: message["batch"] == 5)
    assert (message["client"], message["label"]) == ("a", "Load cat.png")
    assert graph["1"].node.values["image"] == "cat.png"
    assert (tmp_path / "input" / "cat.png").read_bytes() == png(1)
    offered = channel.wait("library")["library"]["types"]["LoadImage"]["inputs"][0]["widget"]["options"]
    assert offered == ["cat.png"]
    kinds = [each.message["type"] for each in channel.sent]
    assert kinds.index("library") < kinds.index("edited", kinds.index("library"))
    upload(sync, "cat.png", png(2), batch=6)
    channel.wait("edited", lambda message: message["batch"] == 6)
    assert graph["1"].node.values["image"] == "cat (1).png"


def test_new_files_are_offered_when_a_view_asks(sync: GraphSync, channel: FakeChannel, tmp_path: Path) -> None:
    sync.handle({"type": "hello", "client": "a"})
    channel.wait("snapshot")
    sync.handle({"type": "list_files", "client": "a"})  # nothing new: no answer
    sync.handle({"type": "plan", "client": "a"})
    channel.wait("plan")
    assert all(each.message["type"] != "library" for each in channel.sent)
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "dog.png").write_bytes(png(1))
    sync.handle({"type": "list_files", "client": "a"})
    widget = channel.wait("library")["library"]["types"]["LoadImage"]["inputs"][0]["widget"]
    assert widget == {"kind": "picture", "options": ["dog.png"], "files": "input"}


def test_an_upload_that_cannot_be(sync: GraphSync, channel: FakeChannel, graph: Graph, tmp_path: Path) -> None:
    graph.add("LoadImage", image="none.png")
    upload(sync, "cat.png", b"x", node="9", batch=5)
    upload(sync, "cat.png", batch=6)
    for batch, says in ((5, "removed"), (6, "expected one file, got 0")):
        message = channel.wait("rejected", lambda message, batch=batch: message["batch"] == batch)  # type: ignore[misc]
        assert says in message["reason"]
    assert not (tmp_path / "input").exists()


def test_an_input_folder_that_cannot_be_written(
    sync: GraphSync, channel: FakeChannel, graph: Graph, tmp_path: Path
) -> None:
    graph.add("LoadImage", image="none.png")
    (tmp_path / "input").write_text("a file")
    upload(sync, "cat.png", png(1))
    assert channel.wait("rejected")["reason"]


def test_a_node_type_that_a_cell_defines_is_told(
    sync: GraphSync, channel: FakeChannel, graph: Graph, session: Session
) -> None:
    edit(sync, add("1", "brand_new"))
    assert channel.wait("edited")["problems"]["1"][0]["code"] == "unknown_type"

    @nb.node
    def brand_new(x: int = 1) -> int:
        return x

    session.library.define(brand_new)  # any signature
    message = channel.wait("library")
    assert message["library"]["types"]["brand_new"]["title"] == "Brand New"
    assert message["problems"] == []
    assert len(graph) == 1


# -- the end -----------------------------------------------------------------------------------------------------------


def test_closing_leaves_no_listener_and_sends_nothing(
    session: Session, hub: Hub, graph: Graph, channel: FakeChannel
) -> None:
    before = [len(graph.store._listeners), len(session.library._listeners), len(session.stream._listeners)]
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    assert len(graph.store._listeners) == 1
    sync.close()
    sync.close()
    assert [len(graph.store._listeners), len(session.library._listeners), len(session.stream._listeners)] == before
    channel.clear()
    graph.add("shade")
    graph.run()
    sync.handle({"type": "hello", "client": "a"})
    idle = threading.Event()
    hub.sync.put(idle.set)
    assert idle.wait(WAIT_S)
    assert channel.sent == []


def test_a_sync_that_is_let_go_is_collected(session: Session, hub: Hub) -> None:
    graph = Graph(own_session=session)
    sync = GraphSync(graph.store, session, hub, encode=fake_encode)
    idle = threading.Event()
    hub.sync.put(lambda: hub.pictures.put(idle.set))
    assert idle.wait(WAIT_S)
    sync.close()
    gone, store = weakref.ref(sync), weakref.ref(graph.store)
    del sync, graph
    deadline = time.monotonic() + 5
    while (gone() or store()) and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    assert gone() is None
    assert store() is None


def test_a_channel_that_fails_is_logged_and_the_rest_goes_on(
    sync: GraphSync, channel: FakeChannel, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def send_message(self, _message: object, _buffers: object) -> None:
            raise OSError("made by the test")

    sync.attach(Broken())
    with caplog.at_level(logging.ERROR):
        edit(sync, add("1", "shade"))
        deadline = time.monotonic() + WAIT_S
        while "made by the test" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.01)
    sync.attach(channel)
    edit(sync, set_value("1", "size", 3), batch=2)
    channel.wait("edited", lambda message: message["batch"] == 2)
    assert "made by the test" in caplog.text


def test_nothing_is_printed(
    sync: GraphSync, channel: FakeChannel, graph: Graph, capfd: pytest.CaptureFixture[str]
) -> None:
    graph.store.edit([AddNode("1", {"type": "shade"}), SetValue("1", "value", 0.3), SetLink("1", "size", None)], "x")
    run(sync)
    channel.wait("picture")
    sync.handle({"type": "nonsense"})
    channel.wait("notice")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
