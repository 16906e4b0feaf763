"""Groups: made of a selection, moved with what lies in them, coloured, renamed, resized, removed; the nodes stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.editor import Point, show_graph

if TYPE_CHECKING:
    from tests.browser.editor import Editor
    from tests.browser.lab import Lab

GRAPH = """
g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64, color=0x336699)
blur = g.add("ImageBlur", image=picture)
sharp = g.add("ImageSharpen", image=blur)
"""


def group(editor: Editor) -> dict[str, Any]:
    """The only group of the kernel's document."""
    found: dict[str, Any] = editor.lab.evaluate("dict(next(iter(g.groups.values())))")
    return found


def place(editor: Editor, node: str) -> tuple[float, float]:
    x, y = editor.lab.evaluate(f"[g[{node!r}].node.view['x'], g[{node!r}].node.view['y']]")
    return x, y


def make_group(editor: Editor, title: str) -> None:
    editor.select("1", "2")
    editor.press("Control+g")
    expect(editor.root.get_by_label("Title of the group")).to_be_focused()
    editor.page.keyboard.type(title)
    editor.press("Enter")
    editor.lab.expect_value("[group['title'] for group in g.groups.values()]", [title])


def test_make_move_and_undo(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    make_group(editor, "Source")
    frame = editor.root.locator("[data-group-id='1']")
    before, first, third = group(editor), place(editor, "1"), place(editor, "3")
    title = frame.get_by_role("button", name="Source")
    start = editor.middle(title)
    editor.pull(start, start.moved(40, 60))
    # Nothing is sent before the drop.
    assert group(editor) == before
    editor.page.mouse.up()
    editor.wait(lambda: group(editor) != before, "the group moved in the document")
    after = group(editor)
    dx, dy = after["x"] - before["x"], after["y"] - before["y"]
    assert dx > 0
    assert dy > dx
    assert place(editor, "1") == (first[0] + dx, first[1] + dy)
    assert place(editor, "3") == third
    assert (after["width"], after["height"]) == (before["width"], before["height"])

    editor.focus_canvas()
    editor.press("Control+z")
    editor.wait(lambda: group(editor) == before and place(editor, "1") == first, "all back with one step")


def test_rename_colour_resize_and_remove(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    make_group(editor, "Source")
    frame = editor.root.locator("[data-group-id='1']")
    frame.get_by_role("button").dblclick()
    editor.page.keyboard.type("Pictures")
    editor.press("Enter")
    scratch.expect_value("g.groups['1']['title']", "Pictures")
    expect(frame.get_by_role("button")).to_have_text("Pictures")

    frame.get_by_role("button").click(button="right")
    editor.part("nb-menu").get_by_role("menuitem", name="Colour of the group").click()
    editor.page.keyboard.type("green")
    editor.press("Enter")
    scratch.expect_value("g.groups['1'].get('color')", "green")

    before = group(editor)
    grip = editor.middle(frame.locator("[data-testid=nb-group-grip]"))
    editor.drag(grip, Point(grip.x + 30, grip.y + 50))
    editor.wait(lambda: group(editor)["height"] > before["height"], "the group is taller")
    assert group(editor)["width"] > before["width"]
    assert (group(editor)["x"], group(editor)["y"]) == (before["x"], before["y"])

    frame.get_by_role("button").click(button="right")
    editor.part("nb-menu").get_by_role("menuitem", name="Remove the group").click()
    scratch.expect_value("len(g.groups)", 0)
    expect(frame).to_have_count(0)
    editor.expect_ids(["1", "2", "3"])


def test_a_group_inside_a_subgraph_is_there_alone(scratch: Lab) -> None:
    editor = show_graph(scratch, f"{GRAPH}\nsoft = g.subgraph([blur, sharp], name='Soften')\n")
    instance = editor.id_of("Soften")
    editor.node(instance).locator(".nb-enter").click()
    expect(editor.part("nb-crumbs")).to_be_visible()
    editor.select("2", "3")
    editor.press("Control+g")
    editor.page.keyboard.type("Inner")
    editor.press("Enter")
    scratch.expect_value(
        "[[group['title'] for group in each.graph.groups.values()] for each in g.store.state.subgraphs.values()]",
        [["Inner"]],
    )
    scratch.expect_value("len(g.groups)", 0)
    editor.focus_canvas()
    editor.press("Shift+E")
    expect(editor.root.locator("[data-group-id]")).to_have_count(0)
