"""While a cell keeps the kernel busy, and while a node does: everything is told, and everything arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from tests.browser.lab import Lab

# `slow` goes on until it is cancelled, or until `flags` says that it is enough.
SLOW = """
import time, torch

busy = False
flags = {"enough": False, "release": False}
stopped = []

def is_enough() -> bool:
    return flags["enough"]

@nb.node
def slow(picture: nb.Image, steps: int = 1000) -> nb.Image:
    try:
        for step in range(steps):
            nb.progress(step, steps)
            nb.preview(torch.full((1, 64, 64, 3), step % 20 / 20))
            time.sleep(0.02)
            if is_enough():
                return picture
        return picture
    except BaseException as error:
        stopped.append(type(error).__name__)
        raise

g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64, color=0x336699)
slowed = slow(picture)
shown = g.add("PreviewImage", images=slowed)
"""

BUSY = {
    "python": "busy = True\nwhile not flags['release']:\n    pass\nbusy = False",
    "sleep": "busy = True\nwhile not flags['release']:\n    time.sleep(1)\nbusy = False",
}


@pytest.mark.parametrize("kind", BUSY)
def test_a_busy_cell_stops_nothing(scratch: Lab, kind: str) -> None:
    editor = show_graph(scratch, SLOW)
    scratch.rerun(0, BUSY[kind], wait=False)
    scratch.expect_value("busy", expected=True)
    try:
        editor.run()
        editor.expect_state("2", "running")
        editor.expect_state("1", "done")
        first = editor.expect_painted("2")
        editor.expect_painted("2", newer_than=first + 5)
        bar = editor.node("2").locator("[role=progressbar]")
        now = int(bar.get_attribute("aria-valuenow") or 0)
        editor.wait(lambda: int(bar.get_attribute("aria-valuenow") or 0) > now, "progress on the page")

        # An edit reaches the kernel, and its answer the page.
        editor.type_number("1", "width", "96")
        editor.expect_value("1", "width", 96)
        expect(editor.part("nb-undo")).to_have_attribute("title", "Undo Set width of EmptyImage (Ctrl+Z)")

        # Cancel stops the node.
        editor.cancel()
        editor.expect_state("2", "cancelled")
        editor.expect_run("cancelled")
        assert scratch.evaluate("stopped") == ["Cancelled"]

        # A second run, to its end.
        scratch.execute("flags['enough'] = True")
        editor.run()
        editor.expect_run("done")
        editor.expect_state("3", "done")
        assert scratch.evaluate("busy") is True
    finally:
        scratch.execute("flags['release'] = True")
        scratch.wait_idle()
    assert editor.value("1", "width") == 96


def test_a_cell_that_shows_the_graph_and_goes_on(scratch: Lab) -> None:
    """The trap of ipykernel 7.4: a comm that a cell opened would wait for that cell."""
    scratch.rerun(0, f"import nodebook as nb\nnb.cache.clear()\n{SLOW}")
    scratch.rerun(
        1, "display(g)\nbusy = True\nwhile not flags['release']:\n    time.sleep(0.5)\nbusy = False", wait=False
    )
    try:
        editor = Editor(scratch, 1)
        expect(editor.nodes).to_have_count(3)
        assert scratch.evaluate("busy") is True
        editor.type_number("1", "width", "96")
        editor.expect_value("1", "width", 96)
        editor.run()
        editor.expect_painted("2")
        editor.cancel()
        editor.expect_state("2", "cancelled")
        assert scratch.evaluate("busy") is True
    finally:
        scratch.execute("flags['release'] = True")
        scratch.wait_idle()
        scratch.rerun(1, "g")


def test_cancel_stops_a_long_run(scratch: Lab) -> None:
    editor = show_graph(scratch, SLOW)
    expect(editor.part("nb-cancel")).to_be_disabled()
    editor.run()
    editor.expect_state("2", "running")
    expect(editor.part("nb-run-state")).to_contain_text("Running 1/3")
    expect(editor.node("2").locator(".nb-badge")).to_contain_text("/1000")
    editor.expect_state("3", "queued")
    editor.run()  # a second one waits; Cancel takes both
    editor.cancel()
    editor.expect_run("cancelled")
    expect(editor.node("2").locator(".nb-badge")).to_have_text("Cancelled")
    editor.expect_state("3", "cancelled")
    expect(editor.part("nb-cancel")).to_be_disabled()
    assert scratch.evaluate("[stopped, g._session.worker._unfinished]") == [["Cancelled"], {}]
    scratch.execute("flags['enough'] = True")
    editor.run()
    editor.expect_run("done")
    assert editor.states() == {"1": "cached", "2": "done", "3": "done"}


def test_an_edit_during_a_run_counts_for_the_next(scratch: Lab) -> None:
    editor = show_graph(scratch, SLOW)
    editor.run()
    editor.expect_state("2", "running")
    editor.input("1", "color").locator("input.nb-text").fill("#ff0000")
    editor.press("Enter")
    editor.expect_value("1", "color", 0xFF0000)
    scratch.execute("flags['enough'] = True")
    editor.expect_run("done")
    assert scratch.evaluate("g['3'].images[0].getpixel((0, 0))") == [0x33, 0x66, 0x99]
    editor.run()
    scratch.expect_value("g['3'].images[0].getpixel((0, 0))", [0xFF, 0, 0])


@pytest.mark.parametrize("by", ["keyboard", "editor"])
def test_a_cell_that_runs_the_graph_can_be_stopped(scratch: Lab, by: str) -> None:
    editor = show_graph(scratch, SLOW)
    scratch.rerun(0, "run = g.run()", wait=False)
    editor.expect_state("2", "running")
    editor.expect_painted("2")
    if by == "keyboard":
        interrupt(editor)
    else:
        editor.cancel()
    editor.expect_state("2", "cancelled")
    editor.expect_run("cancelled")
    scratch.wait_idle()
    assert scratch.evaluate("stopped") == ["Cancelled"]
    if by == "keyboard":
        expect(scratch.output(0)).to_contain_text("KeyboardInterrupt")
    else:
        assert scratch.evaluate("run.outcome") == "cancelled"
    # Nothing is left behind: the next run works.
    scratch.rerun(0, "flags['enough'] = True\nrun = g.run()")
    assert scratch.evaluate("[run.outcome, run.executed]") == ["done", ["2", "3"]]
    editor.expect_run("done")


def interrupt(editor: Editor) -> None:
    """Press I twice in the notebook's command mode."""
    editor.lab.cell(0).locator(".jp-InputPrompt").click()
    editor.press("Escape", "i", "i")


# `hang` reacts to nothing until the test lets it go.
HANG = """
import threading

release = threading.Event()
begun = []

@nb.node
def hang(value: int = 0) -> int:
    begun.append(value)
    release.wait(60)
    return value

g = nb.Graph()
hanging = g.add(hang, value=1)
after = g.add("PreviewAny", source=hanging)
"""


def test_a_node_that_does_not_react_can_be_given_up(scratch: Lab) -> None:
    editor = show_graph(scratch, HANG)
    editor.run()
    scratch.expect_value("begun", expected=[1])
    cancel = editor.part("nb-cancel")
    cancel.click()
    expect(editor.part("nb-run-state")).to_have_text("Cancelling…")
    expect(cancel).to_be_disabled()
    expect(cancel).to_have_accessible_name("Give up", timeout=10_000)
    expect(editor.part("nb-run-state")).to_have_text("A node does not react")
    cancel.click()
    editor.expect_run("abandoned")
    editor.expect_state("1", "failed")
    expect(editor.node("1")).to_contain_text("did not react to Cancel")
    # The kernel goes on, while the old thread still hangs.
    scratch.execute("hanging.remove(); after.set(source=g.add('PrimitiveInt', value=5))")
    editor.run()
    editor.expect_run("done")
    scratch.execute("release.set()")
