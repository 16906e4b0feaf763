"""What views are told of the notebook's variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import nodebook as nb
from nodebook.graph import Graph
from nodebook.widget.sync import GraphSync
from tests.widget.fakes import FakeChannel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodebook.sessions import Session
    from nodebook.widget.hub import Hub


@pytest.fixture
def names(session: Session) -> dict[str, Any]:
    found: dict[str, Any] = {"strength": 2.0, "word": "a", "pixels": np.zeros((4, 4, 3)), "g": None, "np": np}
    session.variables.namespace = found
    return found


@pytest.fixture
def graph(session: Session, names: dict[str, Any]) -> Graph:
    graph = Graph(own_session=session)
    graph.add("ImageBlur", image=nb.variable("pixels"), sigma=nb.variable("strength"))
    graph.add("ImageInvert", image=graph["1"])
    graph.add("PrimitiveString", value="apart")
    names["g"] = graph
    return graph


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def sync(graph: Graph, session: Session, hub: Hub, channel: FakeChannel) -> Iterator[GraphSync]:
    found = GraphSync(graph.store, session, hub)
    found.attach(channel)
    yield found
    found.close()


def test_a_view_that_comes_is_told_what_bound_variables_hold(sync: GraphSync, channel: FakeChannel) -> None:
    sync.handle({"type": "hello", "client": "me"})
    told = channel.wait("bound")
    assert told["variables"] == {
        "pixels": {"text": "ndarray 4 \u00d7 4 \u00d7 3 float64", "missing": False},
        "strength": {"text": "2.0", "missing": False},
    }


def test_after_a_cell_values_problems_and_stale_marks_are_told(
    sync: GraphSync, channel: FakeChannel, graph: Graph, session: Session, names: dict[str, Any]
) -> None:
    sync.handle({"type": "hello", "client": "me"})
    channel.wait("bound")
    graph.run().check()
    channel.wait("status", lambda message: message.get("run", {}).get("state") == "done")
    channel.clear()
    names["strength"] = 3.0
    session.variables.after_cell()
    told = channel.wait("bound")
    assert told["variables"]["strength"] == {"text": "3.0", "missing": False}
    assert told["problems"] == {}
    channel.wait("status", lambda message: message.get("nodes", {}).get("2", {}).get("stale") is True)
    assert channel.status_of("1")["stale"] is True
    assert channel.status_of("3").get("stale") is not True
    channel.clear()
    del names["strength"]
    session.variables.after_cell()
    told = channel.wait("bound")
    assert told["variables"]["strength"] == {"text": "", "missing": True}
    assert [(each["input"], each["code"]) for each in told["problems"]["1"]] == [("sigma", "missing_variable")]
    channel.clear()
    names["word"] = "nobody reads it"
    session.variables.after_cell()
    names["strength"] = 3.0
    session.variables.after_cell()
    told = channel.wait("bound")
    assert told["problems"] == {"1": []}
    assert len(channel.all("bound")) == 1


def test_what_an_input_could_take_is_offered(sync: GraphSync, channel: FakeChannel) -> None:
    def offered(node: str, name: str) -> dict[str, bool]:
        channel.clear()
        sync.handle({"type": "list_variables", "client": "me", "node": node, "input": name})
        answer = channel.wait("variables")
        assert (answer["to"], answer["node"], answer["input"]) == ("me", node, name)
        fits = [each["fits"] for each in answer["variables"]]
        assert fits == sorted(fits, reverse=True), "what fits comes first"
        return {each["name"]: each["fits"] for each in answer["variables"]}

    assert offered("1", "image") == {"pixels": True, "strength": False, "word": False, "np": False}
    assert offered("1", "sigma") == {"strength": True, "pixels": False, "word": False, "np": False}
    assert offered("3", "value") == {"strength": True, "word": True, "pixels": False, "np": False}
    assert offered("gone", "x") == {"strength": True, "word": True, "pixels": True, "np": False}


def test_an_input_is_given_back_its_value(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    sync.handle({"type": "hello", "client": "me"})
    channel.wait("bound")
    channel.clear()
    sync.handle({"type": "unbind", "client": "me", "node": "1", "input": "sigma"})
    edited = channel.wait("edited")
    assert edited["ops"] == [{"op": "set_value", "node": "1", "input": "sigma", "value": 2.0}]
    assert list(channel.wait("bound")["variables"]) == ["pixels"]
    assert graph["1"].node.values["sigma"] == 2.0
    sync.handle({"type": "unbind", "client": "me", "node": "gone", "input": "sigma"})
    assert "no longer in the graph" in channel.wait("notice")["text"]


def test_an_edit_of_a_view_binds(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    ops = [{"op": "set_value", "node": "3", "input": "value", "value": {"$variable": "word"}}]
    sync.handle({"type": "edit", "client": "me", "batch": 1, "label": "Bind", "ops": ops})
    assert channel.wait("edited")["ops"] == ops
    assert channel.wait("bound", lambda message: "word" in message["variables"])
    assert graph["3"].node.values["value"] == nb.variable("word")
