"""The same editor in Notebook 7, and in two browsers on one kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SCREENSHOTS, WINDOW
from tests.browser.editor import Editor
from tests.browser.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

    from tests.browser.server import LabServer

CELLS = [
    """import nodebook as nb
g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=48, color=0x336699)
blur = g.add("ImageBlur", image=picture, blur_radius=3)
shown = g.add("PreviewImage", images=blur)""",
    "g",
]


class Notebook7(Lab):
    """A page of Notebook 7, which has JupyterLab's parts around one notebook."""

    address = "notebooks/"


@pytest.fixture
def notebook7(lab_server: LabServer, browser_context: BrowserContext) -> Iterator[Notebook7]:
    lab = Notebook7(lab_server, browser_context.new_page(), "notebook7", SCREENSHOTS)
    # Its own: settings of JupyterLab that it does not know, and a command that it asks for too early.
    lab.allowed_errors += [r"reading 'schema'[\s\S]*notebook_core", r"'filebrowser:open-path' not registered"]
    try:
        yield lab
        lab.expect_no_errors()
    finally:
        lab.close()


def test_notebook_7_edits_runs_and_keeps_its_keys(notebook7: Notebook7) -> None:
    notebook7.open(CELLS)
    notebook7.run_all()
    editor = Editor(notebook7, 1)

    editor.part("nb-run").click()
    editor.expect_run("done")
    assert editor.expect_painted("3") > 0

    editor.type_number("2", "blur_radius", "9")
    editor.expect_value("2", "blur_radius", 9)
    editor.node("2").locator(".nb-title").click()
    editor.press("d", "d", "x", "a", "b", "m")  # each edits cells in the notebook's command mode
    editor.expect_ids(["1", "2", "3"])
    cells = notebook7.page.evaluate("() => jupyterapp.shell.currentWidget.model.cells.length")
    assert cells == len(CELLS)

    editor.press("Delete")
    editor.expect_ids(["1", "3"])
    editor.press("Control+z")
    editor.expect_ids(["1", "2", "3"])
    notebook7.screenshot("notebook7")


def test_two_browsers_on_one_kernel_see_one_graph(lab: Lab, browser_context: BrowserContext) -> None:
    lab.open(CELLS)
    lab.run_all()
    lab.save()
    first = Editor(lab, 1)

    browser = browser_context.browser
    assert browser is not None
    other_context = browser.new_context(viewport=WINDOW, reduced_motion="reduce")
    other = Lab(lab.server, other_context.new_page(), lab.folder.name, SCREENSHOTS)
    try:
        other.open_file(lab.notebook_path.name)
        # The second browser has the notebook's kernel; a cell that shows the graph gives it an editor of its own.
        second = Editor(other, other_cell(other))
        second.type_number("2", "blur_radius", "11")
        first.expect_value("2", "blur_radius", 11)
        expect(first.input("2", "blur_radius")).to_contain_text("11")

        first.part("nb-run").click()
        second.expect_run("done")
        assert second.expect_painted("3") > 0

        second.node("2").locator(".nb-title").click()
        second.press("Delete")
        first.expect_ids(["1", "3"])
        first.press("Control+z")
        second.expect_ids(["1", "2", "3"])
        other.expect_no_errors()
    finally:
        other.leave()
        other_context.close()


def other_cell(other: Lab) -> int:
    """Show the graph in a new cell of this browser; return the cell's number."""
    index = other.add_cell("g")
    other.run_cell(index)
    return index
