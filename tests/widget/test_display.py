"""What a cell shows, without a kernel: comms go nowhere."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

import nodebook.widget.widget as widget_module
from nodebook.graph import Graph
from nodebook.notebook.saved.stored import GRAPH_MIME, stored_graph
from nodebook.widget import display_bundle, protocol
from nodebook.widget.display import WIDGET_MIME, widget_of
from nodebook.widget.errors import FrontendMissingError

if TYPE_CHECKING:
    from pathlib import Path

    from nodebook.sessions import Session


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "index.js").write_text("export default {};")
    (folder / "index.css").write_text(".nb {}")
    (folder / "loader.js").write_text("export default 1;")
    monkeypatch.setattr(widget_module, "STATIC", folder)
    return folder


@pytest.fixture
def graph(session: Session, bundle: Path) -> Graph:  # noqa: ARG001 -- the bundle must be there
    return Graph(own_session=session)


def test_a_host_that_wants_one_bundle_gets_the_editor_and_all_that_stands_for_it(graph: Graph) -> None:
    graph.add("EmptyImage", title="<script>alert(1)</script>", width=64)
    graph.add("ImageInvert", image=graph["1"])
    data, metadata = display_bundle(graph)
    assert metadata == {}
    assert data.keys() == {"text/plain", "text/html", WIDGET_MIME, GRAPH_MIME}
    assert data["text/plain"] == "<graph: 2 nodes>"
    assert data[WIDGET_MIME]["model_id"] == widget_of(graph.store, graph._session).model_id
    html = data["text/html"]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<b>2 Invert Image</b>: image ← 1.IMAGE" in html
    assert "width = 64" in html


def test_a_cell_keeps_the_document_exactly(session: Session, bundle: Path) -> None:  # noqa: ARG001
    graph = Graph("portrait", own_session=session)
    graph.add("PrimitiveInt", value=2**63 - 1)
    data, _ = display_bundle(graph)
    assert stored_graph(data[GRAPH_MIME]).document == json.loads(graph.to_json())
    assert widget_of(graph.store, session).graph_name == "portrait"
    again = Graph("portrait", own_session=session)
    assert display_bundle(again)[0][WIDGET_MIME] == data[WIDGET_MIME]
    assert "portrait · 1 node" in data["text/html"]


def test_showing_again_gives_the_same_model_and_the_same_text(graph: Graph) -> None:
    for number in range(150):
        graph.add("PrimitiveInt", value=number)
    first, second = display_bundle(graph)[0], display_bundle(graph)[0]
    assert first == second
    assert "… and 110 more" in first["text/html"]


def test_a_model_that_was_closed_is_replaced(graph: Graph) -> None:
    first = widget_of(graph.store, graph._session)
    first.comm.handle_close({})  # the page closed it
    second = widget_of(graph.store, graph._session)
    assert second is not first
    assert second.is_open
    assert second._sync is first._sync
    second.close()  # code closed it (Widget.close_all)
    third = widget_of(graph.store, graph._session)
    assert third.is_open
    assert display_bundle(graph)[0][WIDGET_MIME]["model_id"] == third.model_id


def test_the_state_has_what_loads_the_editor_and_neither_editor_nor_graph(graph: Graph, bundle: Path) -> None:
    graph.add("EmptyImage")
    widget = widget_of(graph.store, graph._session)
    state = widget.get_state()
    assert state["_esm"] == "export default 1;"
    assert "_css" not in state
    assert len(json.dumps({key: value for key, value in state.items() if key != "layout"})) < 1000
    sent: list[Any] = []
    widget.send = lambda content, buffers=None: sent.append((content, buffers))
    widget._handle_msg({"content": {"data": {"method": "custom", "content": {"type": "bundle"}}}, "buffers": []})
    ((content, buffers),) = sent
    assert content == {"type": "bundle", "hash": state["bundle"]}
    assert [gzip.decompress(each).decode() for each in buffers] == ["export default {};", ".nb {}"]
    assert len(state["bundle"]) == 16
    assert bundle.exists()


@pytest.mark.filterwarnings("ignore:anywidget")  # without the package that watches files
def test_while_the_front_end_is_developed_the_files_are_watched(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYWIDGET_HMR", "1")
    assert widget_of(graph.store, graph._session).get_state()["_esm"] == "export default {};"


def test_messages_go_through_the_widget(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    widget = widget_of(graph.store, graph._session)
    sent: list[tuple[Any, Any]] = []
    monkeypatch.setattr(widget, "_send", lambda message, buffers=None: sent.append((message, buffers)))
    message = protocol.notice("a", "info", "hello")
    widget.send_message(message, [b"x"])
    assert sent == [({"method": "custom", "content": message}, [b"x"])]
    handled: list[Any] = []
    monkeypatch.setattr(widget._sync, "handle", lambda content, buffers: handled.append((content, buffers)))
    content = {"type": "cancel", "client": "a"}
    widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": [b"y"]})
    assert handled == [(content, [b"y"])]


def test_without_a_bundle_the_error_says_what_to_do(graph: Graph, bundle: Path) -> None:
    (bundle / "index.css").unlink()
    with pytest.raises(FrontendMissingError, match=r"index\.css is not in .*make dev.*pip install"):
        display_bundle(graph)
    assert graph.store._listeners == ()
    (bundle / "index.css").write_text("")
    assert WIDGET_MIME in display_bundle(graph)[0]
