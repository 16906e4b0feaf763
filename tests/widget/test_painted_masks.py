"""A mask painted in the editor: stored as alpha beside the picture, set in one step of undo, read as it was painted."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from nodebook.graph import Graph
from nodebook.nodes.painted import painted_name
from nodebook.widget.sync import GraphSync
from tests.widget.fakes import FakeChannel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodebook.sessions import Session
    from nodebook.widget.hub import Hub


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def graph(session: Session) -> Graph:
    session.folders.input.mkdir(parents=True)
    PIL.Image.new("RGB", (8, 4), (10, 200, 30)).save(session.folders.input / "cat.png")
    graph = Graph(own_session=session)
    graph.add("LoadImage", image="cat.png")
    return graph


@pytest.fixture
def sync(graph: Graph, session: Session, hub: Hub, channel: FakeChannel) -> Iterator[GraphSync]:
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    yield sync
    sync.close()


def left_half(width: int = 8, height: int = 4) -> bytes:
    mask = np.zeros((height, width), np.uint8)
    mask[:, : width // 2] = 255
    file = io.BytesIO()
    PIL.Image.fromarray(mask).save(file, "PNG")
    return file.getvalue()


def paint(sync: GraphSync, *buffers: bytes, name: str = "cat.png", **more: Any) -> None:
    command = {"type": "paint_mask", "client": "a", "batch": 7, "node": "1", "input": "image", "name": name, **more}
    sync.handle(command, list(buffers))


def test_a_painted_mask_is_what_the_node_then_reads(sync: GraphSync, channel: FakeChannel, graph: Graph) -> None:
    paint(sync, left_half())
    edited = channel.wait("edited", lambda each: each["client"] == "a")
    assert (edited["batch"], edited["label"]) == (7, "Paint a mask on cat.png")
    assert graph["1"].node.values == {"image": "cat (mask).png"}
    graph.run().check()
    image, mask = graph["1"].outputs
    assert mask[0, 0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert np.allclose(image[0, 0, 0].numpy(), np.array([10, 200, 30]) / 255)  # colours stay under the mask
    assert graph.undo()
    assert graph["1"].node.values == {"image": "cat.png"}


def test_a_mask_painted_again_is_a_file_of_its_own_and_may_be_of_another_size(
    sync: GraphSync, channel: FakeChannel, graph: Graph, session: Session
) -> None:
    paint(sync, left_half())
    channel.wait("edited", lambda each: each["batch"] == 7)
    paint(sync, left_half(), name="cat (mask).png", batch=8)
    channel.wait("edited", lambda each: each["batch"] == 8)
    assert graph["1"].node.values == {"image": "cat (mask).png"}  # the same mask is the same file
    paint(sync, left_half(32, 16), name="cat (mask).png", batch=9)
    channel.wait("edited", lambda each: each["batch"] == 9)
    assert graph["1"].node.values == {"image": "cat (mask) (1).png"}
    with PIL.Image.open(session.folders.input / "cat (mask) (1).png") as painted:
        assert painted.size == (8, 4)
        assert [painted.getpixel((x, 0)) for x in (0, 7)] == [(10, 200, 30, 0), (10, 200, 30, 255)]


def test_what_cannot_be_painted_is_refused_and_nothing_is_stored(
    sync: GraphSync, channel: FakeChannel, session: Session
) -> None:
    before = set(session.folders.input.iterdir())
    for buffers, name, words in (
        ((b"no picture",), "cat.png", "cannot be read"),
        ((), "cat.png", "expected one file"),
        ((left_half(),), "dog.png", "There is no picture 'dog.png'"),
    ):
        channel.clear()
        paint(sync, *buffers, name=name)
        assert words in channel.wait("rejected")["reason"]
    assert set(session.folders.input.iterdir()) == before


def test_the_picture_to_paint_on_is_sent_with_its_alpha(
    sync: GraphSync, channel: FakeChannel, session: Session
) -> None:
    PIL.Image.new("RGBA", (6, 3), (1, 2, 3, 40)).save(session.folders.input / "soft.webp", lossless=True)
    ask = {"type": "full_picture", "client": "a", "node": "1", "index": 0}
    sync.handle({**ask, "file": "soft.webp"})
    message, (data,) = channel.wait_sent("full_picture")
    assert (message["file"], message["width"], message["height"], message["reason"]) == ("soft.webp", 6, 3, None)
    assert PIL.Image.open(io.BytesIO(data)).getpixel((0, 0)) == (1, 2, 3, 40)
    channel.clear()
    sync.handle({**ask, "file": "gone.png"})
    message, buffers = channel.wait_sent("full_picture")
    assert buffers == []
    assert "There is no picture 'gone.png'" in message["reason"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cat.jpg", "cat (mask).png"),
        ("pets/cat.png", "cat (mask).png"),
        ("cat (mask).png", "cat (mask).png"),
        ("cat (mask) (12).png", "cat (mask).png"),
        ("mask.png", "mask (mask).png"),
        ("cat.png [output]", "cat (mask).png"),
    ],
)
def test_names_of_painted_pictures(name: str, expected: str) -> None:
    assert painted_name(name) == expected
