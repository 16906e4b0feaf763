"""Tables, plots, sound and films: what is sent of them, how much at most, and that nothing is lost by odd values."""

from __future__ import annotations

import io
import json
import threading
import wave
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import pyarrow as pa
import pytest
import torch

import nodebook as nb
from nodebook.graph import Graph
from nodebook.notebook.display import media
from nodebook.notebook.display.tables import MAX_CELL_CHARS, is_table, table_json
from nodebook.widget.sync import GraphSync
from tests.widget.fakes import FakeChannel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nodebook.sessions import Session
    from nodebook.widget.hub import Hub


@nb.node
def frame(rows: int = 3) -> pd.DataFrame:
    """Return a data frame."""
    return pd.DataFrame({"x": range(rows), "y": [0.5] * rows})


@nb.node
def records(rows: int = 2) -> list[dict[str, int]]:
    """Return a list of dicts."""
    return [{"a": row} for row in range(rows)]


@nb.node(is_output=True)
def show(kind: str = "sound", size: int = 100) -> nb.UI:
    """Show a member of a UI."""
    if kind == "sound":
        return nb.UI(audio={"waveform": torch.zeros(1, 2, size), "sample_rate": 100})
    if kind == "nothing":
        return nb.UI(text="only words")
    return nb.UI(table=[{"a": 1}], text="words") if kind == "table" else nb.UI(video=3)


gate = threading.Event()


@nb.node
def learn(steps: int = 40) -> float:
    """Show how it goes."""
    for step in range(steps):
        nb.preview(pd.DataFrame({"step": [step]}))
    assert gate.wait(20)
    return 0.5


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def graph(session: Session) -> Graph:
    for function in (frame, records, show, learn):
        session.library.define(function)
    return Graph(own_session=session)


@pytest.fixture
def sync(graph: Graph, session: Session, hub: Hub, channel: FakeChannel) -> Iterator[GraphSync]:
    sync = GraphSync(graph.store, session, hub)
    sync.attach(channel)
    yield sync
    sync.close()


def shown(channel: FakeChannel, node: str) -> dict[str, Any]:
    message = channel.wait("display", lambda each: each["node"] == node)
    assert json.loads(json.dumps(message, allow_nan=False)) == message
    (display,) = message["displays"]
    return display  # type: ignore[no-any-return]  # JSON


def test_data_frames_of_ordinary_nodes_are_shown_and_again_to_a_view_that_comes_late(
    sync: GraphSync, channel: FakeChannel, graph: Graph
) -> None:
    graph.add("frame")
    graph.add("records")
    graph.run()
    table = shown(channel, "1")
    assert (table["kind"], table["rows"], table["total_rows"]) == ("table", [[0, 0.5], [1, 0.5], [2, 0.5]], 3)
    assert shown(channel, "2")["rows"] == [[0], [1]]
    channel.clear()
    sync.handle({"type": "hello", "client": "late"})
    assert shown(channel, "1") == table


@pytest.mark.usefixtures("sync")
def test_a_node_that_works_shows_its_newest_table(channel: FakeChannel, graph: Graph) -> None:
    gate.clear()
    graph.add("learn")
    job = graph.queue()
    channel.wait("display", lambda each: each["displays"][0]["rows"] == [[39]])
    assert len(channel.all("display")) < 10  # not each of forty
    gate.set()
    job.result(20)


@pytest.mark.usefixtures("sync")
def test_what_a_node_shows_is_replaced_and_taken_away(channel: FakeChannel, graph: Graph) -> None:
    node = graph.add("show")
    graph.run()
    sent = channel.wait_sent("display")
    assert sent.message["displays"][0]["buffer"] == 0
    with wave.open(io.BytesIO(sent.buffers[0])) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getnframes()) == (2, 100, 100)
    channel.clear()
    node.set(kind="table")
    graph.run()
    assert shown(channel, "1")["columns"] == [["a", "int"]]
    assert channel.wait("status", lambda each: each.get("nodes", {}).get("1", {}).get("text") == "words")
    channel.clear()
    node.set(kind="film")
    graph.run()
    assert "no encoder" in shown(channel, "1")["text"].replace("brings no\nencoder", "no encoder")
    channel.clear()
    node.set(kind="nothing")
    graph.run()
    assert channel.wait("display")["displays"] == []


@pytest.mark.usefixtures("sync")
def test_compared_pictures_come_in_pairs(channel: FakeChannel, graph: Graph) -> None:
    red = graph.add("EmptyImage", width=8, height=8, color=0xFF0000, batch_size=2)
    blue = graph.add("EmptyImage", width=8, height=8, color=0x0000FF)
    both = graph.add("ImageCompare", image_a=red, image_b=blue)
    one = graph.add("ImageCompare", image_a=red)
    graph.run()
    assert shown(channel, both.id) == {"kind": "compare", "pairs": 2, "buffer": None}
    pixels = [picture.getpixel((0, 0)) for picture in both.images]
    assert pixels == [(255, 0, 0), (255, 0, 0), (0, 0, 255), (0, 0, 255)]
    channel.wait("picture", lambda each: each["node"] == one.id)
    assert all(each["node"] != one.id for each in channel.all("display"))


TABLES = [
    pd.DataFrame({"n": [1, 2], "t": ["a", None]}),
    pl.DataFrame({"n": [1, 2], "t": ["a", None]}),
    pa.table({"n": [1, 2], "t": ["a", None]}),
    [{"n": 1, "t": "a"}, {"n": 2}],
]


@pytest.mark.parametrize("table", TABLES, ids=["pandas", "polars", "pyarrow", "records"])
def test_tables_of_each_kind_give_the_same_rows(table: Any) -> None:
    found = table_json(table)
    assert [name for name, _ in found["columns"]] == ["n", "t"]
    assert [row[0] for row in found["rows"]] == [1, 2]
    assert found["rows"][0][1] == "a"
    assert found["rows"][1][1] in {None, "nan"}
    assert (found["total_rows"], found["total_columns"]) == (2, 2)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(np.zeros((500, 80))),
        pl.DataFrame({f"c{at}": range(500) for at in range(80)}),
        pa.table({f"c{at}": list(range(500)) for at in range(80)}),
        [{f"c{at}": row for at in range(80)} for row in range(500)],
    ],
    ids=["pandas", "polars", "pyarrow", "records"],
)
def test_of_large_tables_the_first_rows_and_columns_are_sent(table: Any) -> None:
    found = table_json(table)
    assert (len(found["rows"]), len(found["columns"])) == (200, 50)
    assert {len(row) for row in found["rows"]} == {50}
    assert (found["total_rows"], found["total_columns"]) == (500, 80)


def test_odd_cells_become_words_that_json_can_hold() -> None:
    cells = [
        float("nan"),
        float("inf"),
        2**70,
        np.float32(0.5),
        np.int64(3),
        pd.NaT,
        pd.Timestamp("2026-01-02"),
        "x" * 999,
    ]
    found = table_json([{"v": cell} for cell in cells])["rows"]
    assert [row[0] for row in found[:7]] == ["nan", "inf", str(2**70), 0.5, 3, None, "2026-01-02 00:00:00"]
    assert len(found[7][0]) == MAX_CELL_CHARS
    json.dumps(found, allow_nan=False)


def test_an_index_that_says_something_is_a_column_and_names_may_come_twice() -> None:
    table = pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"], index=pd.Index(["r", "s"], name="row"))
    found = table_json(table)
    assert found["columns"] == [["row", "index"], ["a", "int64"], ["a", "int64"]]
    assert found["rows"] == [["r", 1, 2], ["s", 3, 4]]
    assert table_json(pd.Series([1.5], name="s"))["columns"] == [["s", "float64"]]
    assert table_json(pd.DataFrame())["rows"] == []


def test_what_is_no_table_is_refused() -> None:
    assert not is_table([1, 2])
    assert not is_table([])
    with pytest.raises(TypeError, match="got int"):
        table_json(3)


def test_samples_become_a_wav_file() -> None:
    made = media.audio({"waveform": np.array([0.0, 1.0, -2.0, np.nan]), "sample_rate": 4})
    assert made.info == {"kind": "audio", "mime": "audio/wav", "file": "sound.wav", "seconds": 1.0}
    assert made.data is not None
    with wave.open(io.BytesIO(made.data)) as sound:
        assert np.frombuffer(sound.readframes(9), "<i2").tolist() == [0, 32767, -32767, 0]
    with pytest.raises(ValueError, match="nothing to play"):
        media.audio({"waveform": np.zeros((0,)), "sample_rate": 4})
    with pytest.raises(ValueError, match="path of a file"):
        media.audio(3)


def test_files_are_sent_as_they_are_up_to_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = tmp_path / "film.webm"
    film.write_bytes(b"film")
    assert media.video(film) == media.Media({"kind": "video", "mime": "video/webm", "file": "film.webm"}, b"film")
    monkeypatch.setattr(media, "MAX_BYTES", 3)
    assert media.video(str(film)).data is None
    assert media.video(film).info["kind"] == "note"
    with pytest.raises(ValueError, match="browsers play"):
        media.video(tmp_path / "film.html")


class Plot:
    """Stands for a figure of matplotlib, which is not installed here."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def get_size_inches(self) -> tuple[float, float]:
        return 4.0, 3.0

    def savefig(self, file: io.BytesIO, **_options: Any) -> None:
        file.write(self.data)


def test_plots_are_png_and_nothing_else() -> None:
    file = io.BytesIO()
    PIL.Image.new("RGB", (40, 30)).save(file, "PNG")
    made = media.figure(Plot(file.getvalue()))
    assert made.info == {"kind": "figure", "mime": "image/png", "width": 40, "height": 30}
    with pytest.raises(ValueError, match="something else than a PNG"):
        media.figure(Plot(b"<svg onload=alert(1)>"))
    with pytest.raises(ValueError, match="got int"):
        media.figure(3)
