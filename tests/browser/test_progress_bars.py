"""A bar in the cell where the page shows no editor of the graph, and none where it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.editor import Editor

if TYPE_CHECKING:
    from tests.browser.lab import Lab

GRAPH = """import time
import nodebook as nb
nb.session().progress = "auto"

@nb.node
def slow(value: float = 0.0) -> float:
    for step in range(15):
        time.sleep(0.1)
        nb.progress(step + 1, 15)
    return value

g = nb.Graph()
node = slow(g.input("value", 0.0))"""


def test_a_bar_is_shown_where_no_editor_is(lab: Lab) -> None:
    lab.open([GRAPH, "run = g.run(value=1.0)", "g", "run = g.run(value=2.0)", "run = g.run(value=3.0)"])
    lab.run_cell(0)
    lab.run_cell(1, wait=False)
    expect(lab.output(1)).to_contain_text("/15")
    lab.screenshot("progress-bar", lab.cell(1))
    expect(lab.output(1)).to_contain_text("Run 1 done in")
    expect(lab.output(1)).not_to_contain_text("/15")

    lab.run_cell(2)
    Editor(lab, 2).expect_ids(["1", "2"])
    lab.wait_idle()
    assert lab.run_cell(3) == []

    lab.page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 2; }")
    lab.command("notebook:clear-cell-output")
    expect(lab.output(2).locator(".nb-editor")).to_have_count(0)
    (output,) = lab.run_cell(4)
    assert output["data"]["text/plain"].startswith("Run 3 done in")
