"""Nodes, wires and history, by mouse and keyboard; each edit is looked for in the kernel too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect

    from tests.browser.lab import Lab

# 1 EmptyImage   2 ImageBlur, on its own   3 ImageBlend of 2   4 SolidMask
FOUR_NODES = """
g = nb.Graph()
g.add("EmptyImage", width=64, height=64, color=0x336699)
blur = g.add("ImageBlur")
g.add("ImageBlend", image1=blur)
g.add("SolidMask", width=64, height=64)
"""

WIDE = """import nodebook as nb
g = nb.Graph()
last = g.add("EmptyImage")
for _ in range(9):
    last = g.add("ImageBlur", image=last)"""


def test_the_palette_adds_nodes(scratch: Lab) -> None:
    editor = show_graph(scratch, "g = nb.Graph()\ng.add('EmptyImage', width=64, height=64)")
    place, first = editor.empty_spot(), box_of(editor, "1")
    editor.add_at("blur", place)
    editor.expect_ids(["1", "2"])
    assert editor.document()["2"]["type"] == "ImageBlur"
    assert editor.selected() == {"2"}
    # Where the double-click was on the canvas, which may have moved to show all of the new card.
    added, shown = box_of(editor, "2"), box_of(editor, "1")
    assert added["x"] - shown["x"] == pytest.approx(place.x - first["x"], abs=40)
    assert added["y"] - shown["y"] == pytest.approx(place.y - first["y"], abs=40)
    stage, last = editor.root.locator(".nb-stage").bounding_box(), editor.input("2", "sigma").bounding_box()
    assert stage is not None
    assert last is not None
    assert stage["y"] <= added["y"]
    assert last["y"] + last["height"] <= stage["y"] + stage["height"]

    # By keyboard alone: another node, found by a word of another's title, chosen with the arrow.
    editor.press("Escape", "Tab")
    palette = editor.part("nb-palette")
    scratch.page.keyboard.type("image")
    second = palette.locator("[role=option]").nth(1)
    wanted = second.get_attribute("data-node-type")
    editor.press("ArrowDown", "Enter")
    editor.expect_ids(["1", "2", "3"])
    assert editor.document()["3"]["type"] == wanted

    # The button, and leaving it with Esc.
    editor.part("nb-add").click()
    expect(editor.part("nb-palette-search")).to_be_focused()
    scratch.page.keyboard.type("no such node")
    expect(palette).to_contain_text("No node fits")
    editor.press("Escape")
    expect(palette).to_have_count(0)
    editor.expect_ids(["1", "2", "3"])


def test_a_wire_is_pulled_from_port_to_port(scratch: Lab) -> None:
    editor = show_graph(scratch, FOUR_NODES)
    editor.pull(editor.middle(editor.port("1", "out:IMAGE")), editor.middle(editor.port("2", "in:image")))
    lights = {"2 in:image": "fits", "3 in:image2": "fits", "2 in:sigma": "refuses", "4 in:value": "refuses"}
    for port, light in lights.items():
        expect(editor.port(*port.split(" "))).to_have_attribute("data-light", light)
    expect(editor.port("4", "out:MASK")).to_have_attribute("data-light", "refuses")
    scratch.page.mouse.up()
    editor.expect_links("2", {"image": ["1", "IMAGE"]})
    expect(editor.input("2", "image")).to_have_attribute("data-linked", "true")
    expect(editor.port("2", "in:image")).to_have_attribute("data-light", "idle")
    expect(editor.root.locator(".react-flow__edge")).to_have_count(2)

    # Refused, and why: another type, and a loop.
    for source, target, reason in (
        ("4 out:MASK", "2 in:sigma", "sigma takes FLOAT"),
        ("3 out:IMAGE", "2 in:image", "loop"),
    ):
        editor.pull(editor.middle(editor.port(*source.split(" "))), editor.middle(editor.port(*target.split(" "))))
        expect(editor.root.locator(".nb-hint")).to_contain_text(reason)
        scratch.page.mouse.up()
        expect(editor.root.locator(".nb-hint")).to_have_count(0)
    editor.expect_links("2", {"image": ["1", "IMAGE"]})

    # Pulled off again, by the end at the input.
    end = editor.middle(editor.port("2", "in:image"))
    editor.drag(end, editor.empty_spot())
    editor.expect_links("2", {})
    expect(editor.root.locator(".react-flow__edge")).to_have_count(1)


def test_a_wire_dropped_on_the_canvas_offers_what_fits(scratch: Lab) -> None:
    editor = show_graph(scratch, FOUR_NODES)
    editor.drag(editor.middle(editor.port("4", "out:MASK")), editor.empty_spot())
    palette = editor.part("nb-palette")
    offered = palette.locator("[data-node-type]").evaluate_all("(all) => all.map((one) => one.dataset.nodeType)")
    assert "FeatherMask" in offered
    assert "EmptyImage" not in offered
    editor.choose_in_palette("feather")
    editor.expect_ids(["1", "2", "3", "4", "5"])
    editor.expect_links("5", {"mask": ["4", "MASK"]})

    # Backwards, from an input; the same step of undo takes node and link.
    editor.drag(editor.middle(editor.port("2", "in:image")), editor.empty_spot())
    editor.choose_in_palette("load image")
    editor.expect_links("2", {"image": ["6", "IMAGE"]})
    editor.press("Control+z")
    editor.expect_ids(["1", "2", "3", "4", "5"])
    editor.expect_links("2", {})


def test_several_nodes_are_selected_and_deleted_and_brought_back(scratch: Lab) -> None:
    editor = show_graph(scratch, FOUR_NODES)
    before = editor.document()
    editor.select("1", "2")
    editor.press("Delete")
    editor.expect_ids(["3", "4"])
    editor.expect_links("3", {})
    assert scratch.evaluate("g.store.history.undo") == "Remove 2 nodes"

    undo, redo = editor.part("nb-undo"), editor.part("nb-redo")
    expect(undo).to_have_attribute("title", re.compile("Undo Remove 2 nodes"))
    undo.click()
    editor.expect_ids(["1", "2", "3", "4"])
    assert editor.document() == before
    redo.click()
    editor.expect_ids(["3", "4"])
    expect(redo).to_be_disabled()

    # The keys do the same, on the canvas.
    editor.focus_canvas()
    editor.press("Control+z")
    editor.expect_ids(["1", "2", "3", "4"])
    editor.press("Control+Shift+z")
    editor.expect_ids(["3", "4"])
    editor.press("Control+z")
    editor.expect_ids(["1", "2", "3", "4"])
    editor.press("Control+a")
    editor.wait(lambda: editor.selected() == {"1", "2", "3", "4"}, "all selected")
    editor.press("Control+d")
    editor.expect_ids([str(number) for number in range(1, 9)])
    assert editor.selected() == {"5", "6", "7", "8"}
    assert editor.document()["7"]["links"] == {"image1": ["6", "IMAGE"]}
    editor.press("Escape", "Control+z")
    editor.expect_ids(["1", "2", "3", "4"])
    assert editor.document() == before


def test_nodes_are_moved_renamed_and_folded(scratch: Lab) -> None:
    editor = show_graph(scratch, FOUR_NODES)
    title = editor.node("4").locator(".nb-title")
    start = editor.middle(title)
    revision = scratch.evaluate("g.store.revision")
    editor.drag(start, start.moved(60, 24))
    scratch.expect_value("g.store.revision", revision + 1)  # one edit, at the drop
    view = editor.document()["4"]["view"]
    assert {"x", "y"} <= set(view)
    moved = editor.middle(title)
    assert abs(moved.x - start.x - 60) < 12
    assert abs(moved.y - start.y - 24) < 12

    title.dblclick()
    expect(editor.root.locator(".nb-title-field")).to_be_focused()
    scratch.page.keyboard.type("Stencil <b>x</b>")
    editor.press("Enter")
    scratch.expect_value("g['4'].node.title", "Stencil <b>x</b>")
    expect(title).to_have_text("Stencil <b>x</b>")
    editor.press("F2")
    expect(editor.root.locator(".nb-title-field")).to_be_focused()
    scratch.page.keyboard.type("left as it was")
    editor.press("Escape")
    expect(title).to_have_text("Stencil <b>x</b>")
    assert scratch.evaluate("g['4'].node.title") == "Stencil <b>x</b>"

    editor.node("3").locator(".nb-collapse").click()
    scratch.expect_value("g['3'].node.view.get('collapsed')", expected=True)
    expect(editor.node("3").locator(".nb-label")).to_have_count(0)
    expect(editor.port("3", "in:image1")).to_have_count(1)
    editor.node("3").locator(".nb-collapse").click()
    scratch.expect_value("g['3'].node.view.get('collapsed')", None)
    expect(editor.node("3").locator(".nb-label").first).to_be_visible()


def box_of(editor: Editor, node: str) -> FloatRect:
    box = editor.node(node).bounding_box()
    assert box is not None
    return box


def test_a_graph_shown_in_a_tab_behind_others_is_fitted_when_it_comes_into_sight(lab: Lab) -> None:
    lab.open([WIDE, "g"])
    hidden = lab.page.add_style_tag(content=".nb-editor { display: none !important; }")
    lab.run_all()
    lab.page.locator(".nb-editor").wait_for(state="attached")
    lab.page.wait_for_timeout(500)  # its first frames have gone by
    hidden.evaluate("(style) => style.remove()")
    editor = Editor(lab, 1)
    last = editor.node("10")
    expect(last).to_be_visible()
    editor.wait(lambda: _is_inside(editor, "10"), "the last card inside the editor")


def _is_inside(editor: Editor, node: str) -> bool:
    stage, card = editor.root.locator(".nb-stage").bounding_box(), editor.node(node).bounding_box()
    return stage is not None and card is not None and card["x"] + card["width"] <= stage["x"] + stage["width"]
