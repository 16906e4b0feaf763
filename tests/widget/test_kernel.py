"""The widget in a real kernel: messages arrive and answers come while a cell is busy."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import KernelManager

from nodebook.notebook.saved.stored import GRAPH_MIME, stored_graph
from nodebook.widget.display import WIDGET_MIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jupyter_client.blocking.client import BlockingKernelClient

ROOT = Path(__file__).resolve().parent.parent.parent
WAIT_S = 60.0

SHOW = """
import time
import nodebook as nb
import nodebook.widget.widget as widget_module
from pathlib import Path
widget_module.STATIC = Path("static")

@nb.node
def slow(steps: int = 3000) -> int:
    for step in range(steps):
        nb.progress(step, steps)
        nb.preview(__import__("PIL.Image").Image.new("RGB", (8, 8), (step % 256,) * 3))
        time.sleep(0.01)
    return steps

g = nb.Graph()
h = g.add(slow)
g
"""


class Page:
    """What a browser is to a kernel: it gets what is published, and sends comm messages to a subshell."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.model = ""
        self.came: list[dict[str, Any]] = []
        message = client.session.msg("create_subshell_request", {})
        client.control_channel.send(message)
        self.subshell = client.control_channel.get_msg(timeout=WAIT_S)["content"]["subshell_id"]

    def execute(self, code: str) -> str:
        cell: str = self.client.execute(code)
        return cell

    def send(self, **content: Any) -> None:
        data = {"method": "custom", "content": {"client": "page", **content}}
        message = self.client.session.msg("comm_msg", {"comm_id": self.model, "data": data})
        message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)

    def wait(self, fits: Callable[[dict[str, Any]], bool], timeout_s: float = WAIT_S) -> dict[str, Any]:
        """Return the next published message that fits; those before it are kept in ``came``."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = self.client.get_iopub_msg(timeout=left)
            except Empty:
                break
            self.came.append(message)
            if message["msg_type"] == "error":
                pytest.fail("\n".join(message["content"]["traceback"]))
            if fits(message):
                return message
        pytest.fail(f"nothing fitting came; there were {[each['msg_type'] for each in self.came]}")

    def wait_custom(self, kind: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        def is_it(message: dict[str, Any]) -> bool:
            content = custom_of(message)
            return content.get("type") == kind and fits(content)

        return custom_of(self.wait(is_it))

    def wait_idle(self, cell: str) -> None:
        self.wait(
            lambda message: (
                message["msg_type"] == "status"
                and message["content"]["execution_state"] == "idle"
                and message["parent_header"].get("msg_id") == cell
            )
        )


def custom_of(message: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = message["content"].get("data", {}).get("content", {}) if is_comm(message) else {}
    return content


def document_of(message: dict[str, Any]) -> Mapping[str, Any]:
    return stored_graph(message["content"]["data"][GRAPH_MIME]).document


def is_opened(message: dict[str, Any]) -> bool:
    """Say whether the graph's model was opened (its layout is a model too)."""
    return message["msg_type"] == "comm_open" and "bundle" in message["content"]["data"]["state"]


def is_comm(message: dict[str, Any]) -> bool:
    is_custom: bool = message["msg_type"] == "comm_msg" and message["content"]["data"].get("method") == "custom"
    return is_custom


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    (tmp_path / "static").mkdir()
    for name in ("index.js", "index.css", "loader.js"):
        (tmp_path / "static" / name).write_text("")
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path), env={**os.environ, "PYTHONPATH": str(ROOT)})
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=WAIT_S)
        yield Page(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def show(page: Page) -> dict[str, Any]:
    """Show the graph; return the state with which the model was opened."""
    cell = page.execute(SHOW)
    opened = page.wait(is_opened)
    page.model = opened["content"]["comm_id"]
    shown = page.wait(lambda message: message["msg_type"] == "display_data")["content"]["data"]
    assert shown == {WIDGET_MIME: {"version_major": 2, "version_minor": 0, "model_id": page.model}}
    kept = page.wait(lambda message: message["msg_type"] == "display_data" and message["content"]["data"] != shown)
    assert kept["content"]["data"]["text/plain"] == "<graph: 1 nodes>"
    assert document_of(kept)["nodes"].keys() == {"1"}
    page.wait_idle(cell)
    state: dict[str, Any] = opened["content"]["data"]["state"]
    return state


def test_views_work_while_a_cell_is_busy(page: Page) -> None:
    show(page)
    busy = page.execute("for _ in range(400): time.sleep(0.01)\ng['1'].set(steps=40)")
    page.wait(lambda message: message["msg_type"] == "execute_input")
    start = time.monotonic()
    page.send(type="hello")
    assert page.wait_custom("snapshot")["to"] == "page"
    value = {"op": "set_value", "node": "1", "input": "steps", "value": 2000}
    page.send(type="edit", batch=1, label="Set steps", ops=[value])
    assert page.wait_custom("edited")["client"] == "page"
    page.send(type="run", targets=None)
    page.wait_custom("status", lambda content: bool((content.get("nodes") or {}).get("1", {}).get("progress")))
    picture = page.wait_custom("picture")
    assert (picture["kind"], picture["width"]) == ("preview", 8)
    page.send(type="seen", seq=picture["seq"])
    page.send(type="cancel")
    page.wait_custom("status", lambda content: content.get("run", {}).get("state") == "cancelled")
    assert time.monotonic() - start < 3, "the messages waited for the cell"
    assert page.wait_custom("edited")["client"] is None  # what the cell does when it ends
    page.wait_idle(busy)
    streams = [each for each in page.came if each["msg_type"] == "stream"]
    assert streams == [], "a thread printed into a cell"


def test_a_model_that_the_page_closed_is_shown_again(page: Page) -> None:
    show(page)
    message = page.client.session.msg("comm_close", {"comm_id": page.model, "data": {}})
    page.client.shell_channel.send(message)
    page.execute("g")
    opened = page.wait(is_opened)
    assert opened["content"]["comm_id"] != page.model
    page.model = opened["content"]["comm_id"]
    page.send(type="hello")
    assert page.wait_custom("snapshot")["document"]["nodes"].keys() == {"1"}


def test_a_reloaded_page_gets_the_editor_and_the_present_and_its_state_stays_small(page: Page) -> None:
    state = show(page)
    page.execute("g['1'].set(steps=77)")
    page.wait_custom("edited")
    message = page.client.session.msg("comm_msg", {"comm_id": page.model, "data": {"method": "request_state"}})
    page.client.shell_channel.send(message)
    update = page.wait(
        lambda each: each["msg_type"] == "comm_msg" and each["content"]["data"].get("method") == "update"
    )
    assert len(json.dumps(update["content"]["data"]["state"])) < 4000
    assert update["content"]["data"]["state"]["bundle"] == state["bundle"]
    page.send(type="bundle", hash=state["bundle"])
    assert page.wait_custom("bundle")["hash"] == state["bundle"]
    page.send(type="hello")
    assert page.wait_custom("snapshot")["document"]["nodes"]["1"]["values"] == {"steps": 77}


def test_an_edit_renews_what_the_notebook_keeps(page: Page) -> None:
    show(page)

    def kept(message: dict[str, Any]) -> bool:
        return message["msg_type"] == "update_display_data" and GRAPH_MIME in message["content"]["data"]

    cell = page.execute("g['1'].set(steps=5)")
    renewed = page.wait(kept)  # before the cell ends: whoever executes a notebook listens no longer than that
    assert renewed["parent_header"]["msg_id"] == cell
    assert document_of(renewed)["nodes"]["1"]["values"] == {"steps": 5}
    page.wait_idle(cell)
    value = {"op": "set_value", "node": "1", "input": "steps", "value": 6}
    page.send(type="edit", batch=1, label="Set steps", ops=[value])
    renewed = page.wait(kept)  # by a view, while no cell runs
    assert document_of(renewed)["nodes"]["1"]["values"] == {"steps": 6}
