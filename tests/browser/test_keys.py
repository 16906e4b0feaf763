"""What is typed and scrolled in the editor stays there; elsewhere the notebook has its own keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from tests.browser.lab import Lab

GRAPH = """
g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64)
blur = g.add("ImageBlur", image=picture)
text = g.add("PrimitiveString", value="")
mode = g.add("ImageBlend", image1=blur, image2=picture)
"""

NOTEBOOK = """() => {
  const { model, content } = jupyterapp.shell.currentWidget;
  return {
    cells: model.toJSON().cells.map((cell) => [cell.cell_type, cell.source]),
    counts: model.toJSON().cells.map((cell) => cell.execution_count),
    active: content.activeCellIndex,
    scrolled: document.querySelector('.jp-WindowedPanel-outer').scrollTop,
  };
}"""

# Each means something in the notebook's command mode: new cells, types of cells, cut, delete, move, run.
LETTERS = "abmxdzycvolhsfiij1rk0"
KEYS = ["ArrowUp", "ArrowDown", "Home", "End", "PageDown", "Shift+Enter", "Shift+ArrowDown", "Space", "Shift+M"]


def notebook(lab: Lab) -> dict[str, Any]:
    state: dict[str, Any] = lab.page.evaluate(NOTEBOOK)
    return state


def test_keys_in_a_field_never_reach_the_notebook(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    keyboard = scratch.page.keyboard
    before = notebook(scratch)

    editor.input("3", "value").locator("input").click()
    keyboard.type(LETTERS)
    editor.press("Home", "Delete", "Control+a", "Control+c", "End", "Control+v", "Shift+ArrowLeft", "PageDown", "Enter")
    editor.expect_value("3", "value", LETTERS[1:] * 2)
    assert notebook(scratch) == before

    editor.type_number("2", "blur_radius", "1ab2")
    editor.type_number("2", "blur_radius", "12")
    editor.press(*LETTERS.replace("1", "").replace("0", ""), "ArrowUp", "Home", "End", "Space", "Delete")
    scratch.expect_value("'blur_radius' in g['2'].node.values", expected=False)
    assert notebook(scratch) == before

    editor.add_at("image")
    editor.press("Control+z")
    editor.part("nb-add").click()
    keyboard.type(LETTERS)
    editor.press("ArrowDown", "PageDown", "Delete", "Tab")
    expect(editor.part("nb-palette")).to_have_count(0)
    editor.part("nb-fit").click()
    editor.input("4", "blend_mode").locator("button").click()
    keyboard.type("mul")
    editor.press("PageDown", "Enter")
    editor.expect_value("4", "blend_mode", "multiply")
    editor.node("1").locator(".nb-title").dblclick()
    keyboard.type("a b m x dd")
    editor.press("Enter")
    scratch.expect_value("g['1'].node.title", "a b m x dd")
    editor.expect_ids(["1", "2", "3", "4"])
    assert notebook(scratch) == before


def test_keys_on_the_canvas_never_reach_the_notebook(lab: Lab) -> None:
    # Cells below, so that the notebook could scroll.
    lab.open([f"import nodebook as nb\n{GRAPH}", "g", *["'a cell further down'\n" * 12] * 4])
    lab.run_cell(0)
    lab.run_cell(1)
    editor = Editor(lab, 1)
    before = notebook(lab)
    editor.focus_canvas()
    expect_all_kept(editor, before)
    editor.select("2")
    expect_all_kept(editor, before)
    editor.node("2").locator(".nb-collapse").click()
    expect_all_kept(editor, before)
    editor.node("2").locator(".nb-collapse").click()
    editor.part("nb-undo").click()
    expect_all_kept(editor, before)
    editor.press("Escape")
    editor.expect_ids(["1", "2", "3", "4"])
    expect(lab.page.locator(".jp-DocumentSearch-overlay")).to_have_count(0)
    expect(lab.page.locator(".lm-Menu")).to_have_count(0)


def expect_all_kept(editor: Editor, before: dict[str, Any]) -> None:
    """Press all keys that mean something elsewhere: the notebook does not change, nor scroll."""
    scrolled = notebook(editor.lab)["scrolled"]  # a click may have brought the card into sight
    editor.press(*LETTERS, *KEYS)
    editor.page.wait_for_timeout(150)  # scrolling is smooth
    assert notebook(editor.lab) == {**before, "scrolled": scrolled}
    # Some are the editor's own: panels that they opened would lie over the card that is clicked next.
    for button in editor.root.locator(".nb-panel [aria-label^='Close']").all():
        button.evaluate("(button) => button.click()")  # Playwright's own click might scroll
    editor.press("m", "f")


def test_the_notebook_keeps_its_keys(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    editor.select("2")
    editor.press("Escape", "Escape")  # drops the selection, then gives the keyboard back
    editor.select("2")
    scratch.cell(0).locator(".jp-InputPrompt").click()
    before = notebook(scratch)
    assert before["active"] == 0
    editor.press("b")
    scratch.page.wait_for_function("() => jupyterapp.shell.currentWidget.model.cells.length === 3")
    editor.press("m")
    assert notebook(scratch)["cells"][1][0] == "markdown"
    editor.press("Delete", "Backspace", "Control+d")  # none of the notebook's, and not the editor's either
    assert Editor(scratch, 2).selected() == {"2"}
    editor.press("d", "d")
    scratch.page.wait_for_function("() => jupyterapp.shell.currentWidget.model.cells.length === 2")
    assert notebook(scratch)["cells"] == before["cells"]
    editor.expect_ids(["1", "2", "3", "4"])

    # Typing in a cell, with an editor beside it.
    scratch.cell(0).locator(".cm-content").click()
    scratch.page.keyboard.press("Control+End")
    scratch.page.keyboard.type("  # abmxdd")
    assert notebook(scratch)["cells"][0][1].endswith("# abmxdd")
    scratch.page.keyboard.press("Control+z")
    editor.expect_ids(["1", "2", "3", "4"])
    assert scratch.evaluate("g.store.history.redo") is None


def test_the_wheel_is_the_editors_only_while_it_is_used(lab: Lab) -> None:
    lab.open([f"import nodebook as nb\n{GRAPH}", "g", *["'a cell further down'\n" * 12] * 4])
    lab.run_cell(0)
    lab.run_cell(1)
    editor = Editor(lab, 1)
    lab.cell(0).locator(".jp-InputPrompt").click()
    mouse = lab.page.mouse
    mouse.move(*editor.empty_spot())

    # Not in use: the notebook scrolls.
    zoom, scrolled = zoom_of(editor), notebook(lab)["scrolled"]
    mouse.wheel(0, 60)
    editor.wait(lambda: notebook(lab)["scrolled"] > scrolled, "the notebook to scroll")
    assert zoom_of(editor) == zoom

    # In use: the graph zooms, and nothing else moves.
    editor.focus_canvas()
    scrolled = notebook(lab)["scrolled"]
    for _ in range(4):
        mouse.wheel(0, 120)
    editor.wait(lambda: zoom_of(editor) < zoom, "the graph to zoom")
    lab.page.wait_for_timeout(200)
    assert notebook(lab)["scrolled"] == scrolled

    # With Ctrl always, and the page keeps its own zoom.
    lab.cell(0).locator(".jp-InputPrompt").click()
    mouse.move(*editor.empty_spot())
    zoom, scrolled, ratio = zoom_of(editor), notebook(lab)["scrolled"], lab.page.evaluate("devicePixelRatio")
    lab.page.keyboard.down("Control")
    mouse.wheel(0, -120)
    lab.page.keyboard.up("Control")
    editor.wait(lambda: zoom_of(editor) > zoom, "the graph to zoom by Ctrl and the wheel")
    assert notebook(lab)["scrolled"] == scrolled
    assert lab.page.evaluate("devicePixelRatio") == ratio

    # And JupyterLab's menu does not come over the canvas.
    mouse.click(*editor.empty_spot(), button="right")
    expect(lab.page.locator(".lm-Menu")).to_have_count(0)


def zoom_of(editor: Editor) -> float:
    zoom: float = editor.root.locator(".react-flow__viewport").evaluate(
        "(viewport) => new DOMMatrix(getComputedStyle(viewport).transform).a"
    )
    return zoom
