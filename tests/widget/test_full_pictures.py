"""Pictures that a view asks for: the others of a batch, and one in full size with its graph."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

import nodebook as nb
from nodebook.graph import Graph
from nodebook.widget.sync import GraphSync
from tests.widget.fakes import FakeChannel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodebook.sessions import Session
    from nodebook.widget.hub import Hub


@nb.node
def many(count: int = 20, size: int = 700) -> list[PIL.Image.Image]:
    """Make a batch."""
    return [PIL.Image.new("RGB", (size, 4), (level * 10,) * 3) for level in range(count)]


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def graph(session: Session) -> Graph:
    session.library.define(many)
    return Graph(own_session=session)


@pytest.fixture
def sync(graph: Graph, session: Session, hub: Hub, channel: FakeChannel) -> Iterator[GraphSync]:
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    yield sync
    sync.close()


def ask(sync: GraphSync, channel: FakeChannel, node: str, index: int) -> tuple[dict[str, Any], list[bytes]]:
    channel.clear()
    sync.handle({"type": "full_picture", "client": "b", "node": node, "index": index})
    return channel.wait_sent("full_picture")


def opened(data: bytes) -> PIL.Image.Image:
    picture = PIL.Image.open(io.BytesIO(data))
    picture.load()
    return picture


def test_the_others_of_a_batch_come_when_asked_for(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    graph.add("many")
    graph.run()
    first = channel.wait("picture", lambda message: message["index"] == 7)
    assert first["count"] == 20
    sync.handle({"type": "more_pictures", "client": "b", "node": "1", "start": 8})
    last = channel.wait("picture", lambda message: message["index"] == 15)
    assert (last["count"], last["result"]) == (20, first["result"])
    sync.handle({"type": "more_pictures", "client": "b", "node": "1", "start": 16})
    channel.wait("picture", lambda message: message["index"] == 19)
    assert sorted(each["index"] for each in channel.all("picture")) == list(range(20))


def test_a_full_picture_is_a_png_with_the_graph_that_made_it(
    sync: GraphSync, channel: FakeChannel, graph: Graph
) -> None:
    graph.add("many", title='A: "batch"')
    graph.run()
    graph.nodes[0].set(count=3)  # what made the picture is what it tells, not what is set now
    message, buffers = ask(sync, channel, "1", 11)
    assert (message["to"], message["width"], message["height"], message["reason"]) == ("b", 700, 4, None)
    assert message["name"] == "A batch 12.png"
    picture = opened(buffers[0])
    assert picture.format == "PNG"
    assert picture.getpixel((699, 3)) == (110, 110, 110)
    document = json.loads(picture.info["nodebook"])
    assert "values" not in document["nodes"]["1"]  # no literal was set then


def test_saved_pictures_keep_their_name_and_masks_are_greys(
    sync: GraphSync, channel: FakeChannel, graph: Graph
) -> None:
    graph.add("SaveImage", images=graph.add("EmptyImage", width=32, height=16, color=0x102030), filename_prefix="cat")
    graph.add("MaskPreview", mask=graph.add("SolidMask", value=0.5, width=8, height=8))
    graph.run()
    message, buffers = ask(sync, channel, graph["Save Image"].id, 0)
    assert message["name"].startswith("cat_")
    assert opened(buffers[0]).getpixel((0, 0)) == (16, 32, 48)
    _, buffers = ask(sync, channel, graph["SolidMask"].id, 0)
    assert np.asarray(opened(buffers[0]).convert("L"))[0, 0] == 127


def test_a_picture_that_is_not_there_is_answered_with_the_reason(
    sync: GraphSync, channel: FakeChannel, graph: Graph
) -> None:
    graph.add("many", count=2)
    message, buffers = ask(sync, channel, "1", 0)
    assert (buffers, message["reason"]) == ([], "The result is not kept any more: run the node again.")
    graph.run()
    assert ask(sync, channel, "1", 2)[1] == []
    assert ask(sync, channel, "gone", 0)[1] == []
    assert len(ask(sync, channel, "1", 1)[1]) == 1
