"""Running and watching: queue, plan, times, logs and errors, the whole screen and a tab of its own, the height."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.lab import Lab

NUMBERS = """
import time

@nb.node
def one(x: int = 1) -> int:
    return x

@nb.node
def twice(x: int = 1) -> list[int]:
    return [2 * x] * 1000

g = nb.Graph()
first = g.add(one, x=1)
second = g.add(twice, x=first)
"""

TALKING = """
import logging, time, warnings

@nb.node(cache=False)
def talk(words: str = "hello", steps: int = 0) -> str:
    print(words)
    logging.getLogger("talk").warning("careful with %s", words)
    for step in range(steps):
        nb.progress(step, steps)
        time.sleep(0.15)
    return words

@nb.node(cache=False)
def warn(x: float = 1.0) -> float:
    warnings.warn("x is only guessed", stacklevel=1)
    return x

@nb.node(cache=False)
def fail(x: float = 1.0, size: int = 3) -> float:
    raise ValueError("x is of no use")

g = nb.Graph()
talking = g.add(talk)
warning = g.add(warn)
failing = g.add(fail)
from nodebook.engine.edits import SetView
places = [SetView(node.id, {"x": 300 * index, "y": 0}) for index, node in enumerate((talking, warning, failing))]
g.store.edit(places, "Lay out")
"""

RAISED = 3 + TALKING[: TALKING.index("raise")].count("\n")
"""The line of the cell that `show_graph` makes of it: two are before."""


def open_panel(editor: Editor, name: str, key: str) -> Locator:
    panel = editor.part(f"nb-panel-{name}")
    if panel.count() == 0:
        editor.root.focus()
        editor.press(key)
    expect(panel).to_be_visible()
    return panel


def waiting(lab: Lab) -> list[int]:
    numbers: list[int] = lab.evaluate("[job.number for job in nb.queue.pending]")
    return numbers


def test_the_queue_is_ordered_and_a_past_run_restored(scratch: Lab) -> None:
    editor = show_graph(scratch, NUMBERS)
    editor.run()
    editor.expect_run("done")
    past = scratch.evaluate("nb.queue.history[-1].number")
    editor.type_number("1", "x", "5")
    editor.expect_value("1", "x", 5)
    scratch.execute("g.remove(second)")
    reorder_the_queue(scratch, editor)

    # The first run's graph is back by one click, and gone by one undo.
    ended = editor.part("nb-panel-queue").locator(f"[data-run='{past}']")
    expect(ended).to_contain_text("2 ran, 0 cached")
    ended.get_by_role("button", name="Restore").click()
    editor.expect_value("1", "x", 1)
    expect(editor.node("2")).to_be_visible()
    expect(editor.part("nb-undo")).to_have_attribute("title", f"Undo Restore the graph of run {past} (Ctrl+Z)")
    editor.part("nb-undo").click()
    editor.expect_value("1", "x", 5)
    expect(editor.node("2")).to_have_count(0)


def reorder_the_queue(scratch: Lab, editor: Editor) -> None:
    # Pause, then three runs by keyboard alone.
    panel = open_panel(editor, "queue", "q")
    panel.get_by_role("button", name="Pause").click()
    scratch.expect_value("nb.queue.is_paused", expected=True)
    editor.root.focus()
    editor.press("Alt+Enter")
    expect(editor.part("nb-run-times").get_by_role("textbox")).to_be_focused()
    editor.press("0", "Enter")
    expect(editor.part("nb-run-times").get_by_role("textbox")).to_have_attribute("aria-invalid", "true")
    editor.press("Backspace", "3", "Enter")
    scratch.expect_value("len(nb.queue.pending)", 3)
    expect(editor.part("nb-queue-chip")).to_have_text("Paused, 3 waiting")
    first, second, third = waiting(scratch)

    # Reorder by keys and by dragging, cancel one, clear the rest.
    rows = panel.get_by_test_id("nb-queue-waiting").get_by_role("listitem")
    expect(rows).to_have_count(3)
    rows.nth(0).focus()
    editor.press("Alt+ArrowDown")
    scratch.expect_value("[job.number for job in nb.queue.pending]", [second, first, third])
    expect(rows.nth(1)).to_have_attribute("data-run", str(first))
    rows.nth(2).drag_to(rows.nth(0))
    scratch.expect_value("[job.number for job in nb.queue.pending]", [third, second, first])
    expect(rows.nth(0)).to_have_attribute("data-run", str(third))
    rows.nth(1).focus()
    editor.press("Delete")
    scratch.expect_value("[job.number for job in nb.queue.pending]", [third, first])
    editor.root.focus()
    editor.press("Control+Alt+Enter")
    scratch.expect_value("len(nb.queue.pending)", 3)
    assert waiting(scratch)[1:] == [third, first], "the newest is to run before all that waits"
    panel.get_by_role("button", name="Clear").click()
    scratch.expect_value("len(nb.queue.pending)", 0)
    panel.get_by_role("button", name="Resume").click()
    scratch.expect_value("nb.queue.is_paused", expected=False)
    expect(editor.part("nb-queue-chip")).to_have_count(0)


def test_the_plan_says_what_runs_and_cards_what_is_out_of_date(scratch: Lab) -> None:
    editor = show_graph(scratch, NUMBERS)
    panel = open_panel(editor, "plan", "p")
    expect(panel.locator("[data-action=run]")).to_have_count(2)
    editor.run()
    editor.expect_run("done")
    expect(panel.locator("[data-action=run]")).to_have_count(0)
    expect(panel.locator("[data-plan-node='2']")).to_contain_text("Cached")
    expect(editor.node("2").locator(".nb-badge")).to_have_attribute(
        "title", re.compile(r"^Ran, \d+ ms, its result takes \d+ KB$")
    )

    editor.type_number("1", "x", "2")
    expect(panel.locator("[data-plan-node='1']")).to_contain_text("Runs: x 1 → 2")
    expect(editor.node("2")).to_have_attribute("data-stale", "true")
    expect(editor.node("2").locator(".nb-badge")).to_have_text("Out of date")
    editor.part("nb-undo").click()
    expect(editor.node("2")).not_to_have_attribute("data-stale", "true")
    expect(panel.locator("[data-action=run]")).to_have_count(0)
    editor.part("nb-redo").click()
    expect(editor.node("1")).to_have_attribute("data-stale", "true")

    # A row leads to its node; up to the selection there is less to do.
    panel.locator("[data-plan-node='1']").click()
    assert editor.selected() == {"1"}
    panel.get_by_role("button", name="Up to the selection").click()
    expect(panel.locator("[data-plan-node]")).to_have_count(1)


def test_on_change_what_it_took_and_previews(scratch: Lab) -> None:
    editor = show_graph(scratch, NUMBERS)
    editor.run()
    editor.expect_run("done")
    # On change: pressed, and the kernel does so.
    editor.part("nb-auto-run").click()
    expect(editor.part("nb-auto-run")).to_have_attribute("aria-pressed", "true")
    editor.type_number("1", "x", "7")
    scratch.expect_value("second.outputs[0][:1]", [14])
    editor.root.focus()
    editor.press("Alt+a")
    expect(editor.part("nb-auto-run")).to_have_attribute("aria-pressed", "false")
    scratch.expect_value("g._session.auto_run_options(g.store) is None", expected=True)

    # What it took, sorted by what is clicked.
    times = open_panel(editor, "times", "t")
    rows = times.locator("[data-cost-node]")
    expect(rows).to_have_count(2)
    times.get_by_role("button", name="Result").click()
    assert rows.evaluate_all("(all) => all.map((row) => row.dataset.costNode)") == ["2", "1"]
    times.get_by_role("button", name="Result").click()
    assert rows.evaluate_all("(all) => all.map((row) => row.dataset.costNode)") == ["1", "2"]
    expect(times.get_by_role("columnheader", name="Result")).to_have_attribute("aria-sort", "ascending")
    expect(editor.node("2")).not_to_have_attribute("data-stale", "true")  # some time after its run

    # Previews by another method.
    editor.root.focus()
    editor.press("Shift+P")
    editor.root.locator("[data-command='previews.latent2rgb']").click()
    scratch.expect_value("nb.session().previews.options.method", "latent2rgb")


def test_what_nodes_write_and_where_they_fail(scratch: Lab) -> None:
    editor = show_graph(scratch, TALKING)
    scratch.allowed_errors.append("x is of no use")
    panel = open_panel(editor, "log", "o")
    editor.run()
    editor.expect_run("failed")
    expect(editor.node("1").locator("[data-warning]")).to_have_text("careful with hello")
    expect(editor.node("2").locator("[data-warning]")).to_have_text("UserWarning: x is only guessed")
    lines = panel.locator("[data-log-node='1']")
    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_contain_text("hello")
    expect(lines.nth(1)).to_contain_text("Warning: careful with hello")
    panel.get_by_label("Whose log").select_option("2")
    expect(panel.locator("[data-log-node]")).to_have_count(1)
    editor.node("1").get_by_role("button", name="2 lines").click()
    expect(panel.locator("[data-log-node='1']")).to_have_count(2)
    expect(panel.locator("[data-log-node]")).to_have_count(2)

    # What a cell runs itself is in the cell as well, and here.
    outputs = scratch.run_cell(scratch.add_cell("talking.set(words='from a cell')\ng.run(talking)"))
    assert any("from a cell" in output.get("text", "") for output in outputs), outputs
    expect(panel.locator("[data-log-node='1']").first).to_contain_text("from a cell")

    # The time left, from the steps so far.
    scratch.execute("talking.set(steps=30)")
    editor.run()
    expect(editor.node("1").locator(".nb-badge")).to_contain_text("s left")
    editor.cancel()
    editor.expect_run("cancelled")
    scratch.execute("talking.set(steps=0)")
    editor.run()
    editor.expect_run("failed")
    go_to_the_error(scratch, editor)


def go_to_the_error(scratch: Lab, editor: Editor) -> None:
    # The next error, its traceback with the line of the cell; and it goes when its input has a problem of its own.
    editor.root.focus()
    editor.press("F8")
    editor.wait(lambda: editor.selected() == {"3"}, "the node that failed")
    editor.press("F8")
    editor.page.wait_for_timeout(100)  # what must not come
    assert editor.selected() == {"3"}, "no other one failed"
    card = editor.node("3")
    expect(card.locator("summary")).to_have_text(re.compile(rf"^ValueError in Cell In\[\d+\], line {RAISED}$"))
    card.locator("summary").click()
    expect(card.locator("pre .nb-place").last).to_have_text(re.compile(rf"^Cell In\[\d+\], line {RAISED}$"))
    scratch.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    scratch.page.evaluate("navigator.clipboard.writeText('')")
    card.get_by_role("button", name="Copy the traceback").click()
    editor.wait(
        lambda: "ValueError: x is of no use" in scratch.page.evaluate("navigator.clipboard.readText()"),
        "the traceback on the clipboard",
    )
    expect(card.get_by_role("alert")).to_contain_text("x is of no use")
    editor.type_number("3", "size", "4")
    expect(card.get_by_role("alert")).to_contain_text("Before the last change")


def test_the_screen_a_tab_and_the_height(lab: Lab) -> None:
    lab.open([f"import nodebook as nb\n{NUMBERS}", "g"])
    lab.run_all()
    editor = Editor(lab, 1)

    # The height is the document's: by dragging, by keys, by undo, and after a reload.
    handle = editor.middle(editor.part("nb-height"))
    editor.drag(handle, handle.moved(0, -120))
    lab.expect_value("dict(g.store.state.view)", {"height": 400})
    editor.part("nb-height").focus()
    editor.press("ArrowDown")
    lab.expect_value("dict(g.store.state.view)", {"height": 440})
    lab.execute("g.undo()")
    editor.wait(lambda: height(editor.root) == pytest.approx(400, abs=1), "the height before")
    lab.reload()
    editor = Editor(lab, 1)
    editor.wait(lambda: height(editor.root) == pytest.approx(400, abs=1), "the height after a reload")

    # The whole screen, and out again by Escape.
    editor.root.focus()
    editor.press("Shift+F")
    editor.wait(lambda: height(editor.root) > 900, "the whole screen")
    assert lab.page.evaluate("document.fullscreenElement?.className") == "nb-editor"
    editor.part("nb-fullscreen").click()
    editor.wait(lambda: height(editor.root) == pytest.approx(400, abs=1), "back in its cell")
    lab.page.evaluate("() => { Element.prototype.requestFullscreen = () => Promise.reject(new TypeError('no')); }")
    editor.root.focus()
    editor.press("Shift+F")
    editor.wait(lambda: height(editor.root) > 900, "the whole page")
    editor.press("Escape")
    editor.wait(lambda: height(editor.root) == pytest.approx(400, abs=1), "back in its cell")

    # A tab of its own: as high as it, and one with the cell.
    editor.part("nb-more").click()
    editor.root.locator("[data-command='view.tab']").click()
    tab = lab.page.locator(".jp-LinkedOutputView")
    own = tab.locator(".nb-editor")
    own.wait_for()
    expect(own.locator("[data-node-id]")).to_have_count(2)
    editor.wait(lambda: height(own) == pytest.approx(height(tab), abs=1), "as high as the tab")
    expect(lab.page.locator(".lm-Menu")).to_have_count(0)
    own.get_by_test_id("nb-run").click()
    expect(own.locator("[data-node-id='2']")).to_have_attribute("data-state", "done")
    editor.expect_state("2", "done")
    assert lab.evaluate("dict(g.store.state.view)") == {"height": 400}


def height(of: Locator) -> float:
    box = of.bounding_box()
    return 0 if box is None else box["height"]


INSIDE = f"""{TALKING}
g.remove(warning)
inner = g.subgraph([talking, failing], "Inside")
inside = [path.rpartition("/")[2] for path in g.store.flat.ordered_ids()]
"""


def test_what_is_inside_a_subgraph_is_watched_too(scratch: Lab) -> None:
    editor = show_graph(scratch, INSIDE)
    instance, talking, failing = scratch.evaluate("[inner.id, *inside]")
    editor.run()
    editor.expect_run("failed")
    editor.node(instance).get_by_role("button", name="2 lines").click()
    panel = editor.part("nb-panel-log")
    expect(panel.get_by_role("button", name="Inside / Talk")).to_be_visible()
    times = open_panel(editor, "times", "t")
    expect(times.locator(f"[data-cost-node='{instance}/{talking}']")).to_contain_text("Inside / Talk")
    editor.root.focus()
    editor.press("F8")
    expect(editor.part("nb-crumbs")).to_be_visible()
    editor.wait(lambda: editor.selected() == {failing}, "the node that failed, inside")
    expect(editor.node(failing).get_by_role("alert")).to_contain_text("x is of no use")
