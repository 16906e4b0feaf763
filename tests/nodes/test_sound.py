"""Files that are played on nodes, and inputs that name files."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING, Annotated

import pytest
import torch

import nodebook as nb
from nodebook.graph import Graph
from nodebook.notebook.display.data import displays_of
from nodebook.sessions import Session
from nodebook.widget.libraryjson import library_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = Session(tmp_path)
    yield session
    session.close()


@pytest.fixture
def graph(session: Session) -> Graph:
    return Graph(own_session=session)


def shown(graph: Graph, node: str) -> tuple[dict[str, object], bytes | None]:
    (display,) = displays_of(graph.result_of(node), graph.store.library.get(graph[node].node.type))
    return dict(display.info), display.data


def test_a_file_is_played_and_again_when_its_content_changes(graph: Graph, session: Session) -> None:
    film = session.folders.input / "film.webm"
    film.parent.mkdir(parents=True)
    film.write_bytes(b"one")
    graph.add("PlayFile", file="film.webm")
    graph.run().check()
    assert shown(graph, "1") == ({"kind": "video", "mime": "video/webm", "file": "film.webm"}, b"one")
    assert graph.run().executed == ()
    film.write_bytes(b"other")
    assert graph.run().executed == ("1",)
    assert shown(graph, "1")[1] == b"other"


def test_samples_are_played(graph: Graph, session: Session) -> None:
    @nb.node
    def tone() -> Annotated[dict[str, object], nb.Port("AUDIO")]:
        return {"waveform": torch.full((1, 1, 50), 0.5), "sample_rate": 100}

    session.library.define(tone)
    graph.add("PreviewAudio", audio=graph.add("tone"))
    graph.run().check()
    for node in ("1", "2"):  # what a node gives is shown on itself too
        info, data = shown(graph, node)
        assert info["seconds"] == 0.5
        with wave.open(io.BytesIO(data or b"")) as sound:
            assert sound.getnframes() == 50


def test_an_input_for_files_offers_those_of_its_suffixes(session: Session) -> None:
    @nb.node
    def read(sound: Annotated[str, nb.InputFile((".wav",))] = "", anything: Annotated[str, nb.InputFile()] = "") -> str:
        return sound + anything

    session.library.define(read)
    folder = session.folders.input
    (folder / "more").mkdir(parents=True)
    for name in ("a.WAV", "b.txt", ".hidden.wav", "more/c.wav", "d.png"):
        (folder / name).write_bytes(b"x")
    files = {kind: names() for kind, names in session.file_lists.items()}
    assert files["input"] == ["d.png"]
    sound, anything = library_json(session.library, files)["types"]["read"]["inputs"]
    assert sound["widget"] == {
        "kind": "file",
        "options": ["a.WAV", "more/c.wav"],
        "accept": [".wav"],
        "files": "input_files",
    }
    assert anything["widget"] is not None
    assert anything["widget"]["options"] == ["a.WAV", "b.txt", "d.png", "more/c.wav"]  # type: ignore[typeddict-item]  # a file widget
