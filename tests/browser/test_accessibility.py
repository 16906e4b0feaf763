"""The editor without a pointer and without looking: keys alone, words for screen readers, axe's rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import Lab

AXE = Path(__file__).parents[2] / "nodebook" / "js" / "node_modules" / "axe-core" / "axe.min.js"

VIOLATIONS = """async () => {
  const found = await axe.run('.nb-editor', { resultTypes: ['violations'] });
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html }) => html).join(' ')}`);
}"""

MOST_TABS = 40


def focus_of(editor: Editor) -> str:
    """Return what has the keyboard: its class, and its name or text."""
    found: str = editor.page.evaluate(
        "() => { const one = document.activeElement;"
        " return `${one.className} | ${one.getAttribute('aria-label') ?? one.textContent.trim()}`; }"
    )
    return found


def expect_focus(editor: Editor, part: str) -> None:
    editor.wait(lambda: part in focus_of(editor), f"the keyboard at {part}, not at {focus_of(editor)}")


def expect_spoken(editor: Editor, words: str) -> None:
    expect(editor.part("nb-spoken")).to_have_text(words)


def tab_into(editor: Editor) -> None:
    """From the cell in the notebook's command mode to the editor's first stop."""
    editor.lab.cell(1).locator(".jp-InputPrompt").click()
    for _ in range(MOST_TABS):
        editor.press("Tab")
        if editor.root.evaluate("(root) => root.contains(document.activeElement)"):
            return
    pytest.fail(f"{MOST_TABS} times Tab did not lead into the editor")


def choose(editor: Editor, query: str) -> None:
    """Choose from an open list by typing."""
    expect(editor.part("nb-picker").locator("input")).to_be_focused()
    editor.page.keyboard.type(query)
    editor.press("Enter")


def add(editor: Editor, query: str) -> None:
    editor.press("Tab")
    editor.choose_in_palette(query)


def test_a_graph_is_built_and_run_by_keyboard_alone(lab: Lab) -> None:
    lab.open(["import nodebook as nb\ng = nb.Graph()", "g"])
    lab.run_cell(0)
    lab.run_cell(1)
    editor = Editor(lab, 1)
    tab_into(editor)
    expect_focus(editor, "nb-button")  # the toolbar: one stop, whatever is in it
    editor.press("End")
    expect_focus(editor, "More")
    editor.press("Tab")
    expect_focus(editor, "Canvas")

    add(editor, "empty image")
    add(editor, "blur image")
    editor.expect_ids(["1", "2"])
    expect_focus(editor, "Canvas")
    assert editor.selected() == {"2"}
    editor.press("c")
    choose(editor, "image ←")
    choose(editor, "emptyimage")
    editor.expect_links("2", {"image": ["1", "IMAGE"]})
    expect_spoken(editor, "Connect EmptyImage to Image Blur")

    # Into the fields: a number typed, and back to the canvas without losing the selection.
    editor.press("Enter")
    expect_focus(editor, "blur_radius")
    editor.page.keyboard.type("3")
    editor.press("Enter")
    editor.expect_value("2", "blur_radius", 3)
    editor.press("Escape")
    expect_focus(editor, "Canvas")
    assert editor.selected() == {"2"}

    # From an output to a new node, which is found in the palette.
    editor.press("c")
    choose(editor, "IMAGE →")
    choose(editor, "new node")
    editor.choose_in_palette("preview image")
    editor.expect_links("3", {"images": ["2", "IMAGE"]})

    go_along_the_links(editor)
    run_and_undo(editor)
    leave(editor)


def go_along_the_links(editor: Editor) -> None:
    editor.press("Alt+ArrowLeft")
    expect_spoken(editor, "Image Blur, 2 of 3")
    editor.press("Alt+ArrowLeft")
    expect_spoken(editor, "EmptyImage, 1 of 3")
    editor.press("Alt+ArrowLeft")
    expect_spoken(editor, "Nothing feeds EmptyImage")
    editor.press("Alt+Shift+ArrowDown")
    expect_spoken(editor, "Image Blur added, 2 nodes selected")
    editor.press("/")
    choose(editor, "emptyimage")
    expect_spoken(editor, "EmptyImage, 1 of 3")
    editor.press("Alt+ArrowRight")
    expect_spoken(editor, "Image Blur, 2 of 3")


def run_and_undo(editor: Editor) -> None:
    editor.press("Control+Enter")
    editor.expect_run("done")
    editor.expect_state("3", "done")
    editor.expect_painted("3")
    expect(editor.part("nb-spoken")).to_contain_text("Run done in")

    # The menu of the selected card, with keys; undo says what it took back.
    editor.press("Shift+F10")
    expect_focus(editor, "Run up to the selected")
    editor.page.keyboard.type("rem")
    expect_focus(editor, "Remove")
    editor.press("Enter")
    editor.expect_ids(["1", "3"])
    editor.press("Control+z")
    editor.expect_ids(["1", "2", "3"])
    editor.expect_links("3", {"images": ["2", "IMAGE"]})
    expect_spoken(editor, "Undone: Remove Image Blur")


def leave(editor: Editor) -> None:
    """Round the parts, and out: nothing holds the keyboard, and the notebook has its own back."""
    editor.press("F6")
    expect_focus(editor, "nb-height-handle")
    editor.press("F6")
    expect_focus(editor, "nb-button")
    editor.press("Escape")
    expect_focus(editor, "Canvas")
    editor.press("Escape", "Escape")
    assert not editor.root.evaluate("(root) => root.contains(document.activeElement)")
    editor.press("b")
    editor.page.wait_for_function("() => jupyterapp.shell.currentWidget.model.cells.length === 3")


def test_a_graph_is_read_and_changed_in_the_list(scratch: Lab) -> None:
    editor = show_graph(
        scratch,
        """
g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64)
shown = g.add("PreviewImage")
blur = g.add("ImageBlur", image=picture)
""",
    )
    panel = editor.part("nb-panel-list")
    heads = panel.locator(".nb-list-head")
    editor.focus_canvas()
    editor.press("Alt+l")
    expect_focus(editor, "Filter the list")
    # In running order, links and problems in words.
    expect(heads).to_have_text(["EmptyImage", "Preview Image1 problem", "Image Blur"])
    expect(panel.locator(".nb-list-links")).to_have_text(["image ← EmptyImage.IMAGE"])
    expect(panel.locator("[data-list-node='2'] .nb-message")).to_contain_text("images")

    editor.press("ArrowDown", "ArrowDown", "Enter")
    expect_focus(editor, "Preview Image")
    assert editor.selected() == {"2"}
    panel.get_by_role("button", name="Connect images").focus()
    editor.press("Enter")
    choose(editor, "image blur")
    editor.expect_links("2", {"images": ["3", "IMAGE"]})
    expect_focus(editor, "Change or disconnect images, from Image Blur.IMAGE")
    expect(heads).to_have_text(["EmptyImage", "Image Blur", "Preview Image"])

    # Values, with the same controls as on the card.
    heads.nth(1).focus()
    editor.press("Enter")
    line = panel.locator("[data-list-node='3'] [data-list-input='blur_radius']")
    line.get_by_role("spinbutton").focus()
    editor.page.keyboard.type("7")
    editor.press("Enter")
    editor.expect_value("3", "blur_radius", 7)

    editor.press("Control+Enter")
    editor.expect_run("done")
    expect(heads.nth(2)).to_contain_text("done")

    add_and_remove_in_the_list(editor)
    editor.press("Escape", "Alt+l")
    expect(panel).to_have_count(0)


def add_and_remove_in_the_list(editor: Editor) -> None:
    """A new node: the keyboard is at its heading afterwards. Delete takes it away again."""
    panel = editor.part("nb-panel-list")
    panel.get_by_role("button", name="Add").focus()
    editor.press("Enter")
    editor.choose_in_palette("invert image")
    expect_focus(editor, "Invert Image")
    editor.expect_ids(["1", "2", "3", "4"])
    editor.press("F2")
    expect(panel.locator("[data-list-node='4'] .nb-list-name input")).to_be_focused()
    editor.press("Control+a")
    editor.page.keyboard.type("Negative")
    editor.press("Enter")
    editor.lab.expect_value("g['4'].node.title", "Negative")
    panel.locator("[data-list-node='4'] .nb-list-head").focus()
    editor.press("Delete")
    editor.expect_ids(["1", "2", "3"])
    expect_focus(editor, "nb-list-head")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(scratch: Lab, theme: Literal["light", "dark"]) -> None:
    scratch.set_theme(theme)
    editor = show_graph(
        scratch,
        """
@nb.node
def fragile(picture: nb.Image, amount: float = 0.0) -> nb.Image:
    raise ValueError("this one always fails")

g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64, color=0x557799)
blur = g.add("ImageBlur", image=picture)
bad = fragile(blur)
g.add("PreviewImage", images=blur)
g.add("ImageBlend", image1=picture, blend_factor=9.0)
g.add("PrimitiveString", value="words")
g.add("Note", text="# Note\\n- [ ] [link](https://example.org) `code`")
g.add("PreviewImage", images=bad)
""",
    )
    editor.run()
    editor.expect_run("failed")
    if not editor.page.evaluate("'axe' in window"):
        editor.page.add_script_tag(content=AXE.read_text(encoding="utf-8"))

    def look(what: str) -> None:
        found: list[Any] = editor.page.evaluate(VIOLATIONS)
        assert found == [], f"with {what} open in the {theme} theme"

    look("nothing")
    editor.press("Alt+l")
    closed = editor.root.locator(".nb-list-head[aria-expanded=false]")
    while closed.count():
        closed.first.click()
    look("the list")
    for key in "nqpot":  # library, queue, plan, log, times
        editor.root.locator(".nb-stage").focus()
        editor.press(key)
        look(f"the panel of {key}")
    editor.press("Escape", key)
    editor.part("nb-more").focus()
    editor.press("Enter")
    look("the menu")
    editor.press("Escape", "Escape")
    editor.select("2")
    for keys, what in (("c", "a list to choose from"), ("Tab", "the palette"), ("F1", "the help sheet")):
        editor.press(keys)
        look(what)
        editor.press("Escape")
    editor.input("5", "blend_mode").locator("button").focus()
    editor.press("Enter")
    look("a choice")
    editor.press("Escape")
    editor.node("7").dblclick()
    look("a note that is written")
    look_inside_a_subgraph(editor, look)


def look_inside_a_subgraph(editor: Editor, look: Callable[[str], None]) -> None:
    editor.press("Escape")
    editor.select("2", "4")
    editor.press("Shift+F10")
    editor.root.locator("[data-submenu='Group and subgraph']").click()
    look("a menu inside a menu")
    editor.root.locator("[data-command='subgraph.make']").click()
    expect(editor.root.locator(".nb-title-field")).to_be_focused()
    editor.press("Enter", "Shift+F10")
    editor.root.locator("[data-submenu='Group and subgraph']").click()
    editor.root.locator("[data-command='subgraph.enter']").click()
    expect(editor.part("nb-crumbs")).to_be_visible()
    look("a subgraph")
