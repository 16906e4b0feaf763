"""Finding nodes and connecting them: palette, library, legend, conversions, replacement, dropping on wires."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.editor import Editor, Point, show_graph

if TYPE_CHECKING:
    from tests.browser.lab import Lab

# 1 EmptyImage -> 2 ImageBlur -> 3 PreviewImage   4 ImageSharpen, on its own
BLUR = """
g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64)
blur = g.add("ImageBlur", title="Soft", image=picture, sigma=2.5)
g.add("PreviewImage", images=blur)
g.add("ImageSharpen")
"""

# 1 CheckpointLoaderSimple   2 EmptyLatentImage   3 PreviewImage
LATENT = """
g = nb.Graph()
g.add("CheckpointLoaderSimple")
g.add("EmptyLatentImage")
g.add("PreviewImage")
"""

_MIDDLE_OF_WIRE = """(root, id) => {
  const path = root.querySelector(`.react-flow__edge[data-id="${id}"] .react-flow__edge-path`);
  const at = path.getPointAtLength(path.getTotalLength() / 2);
  const matrix = path.getScreenCTM();
  return [at.x * matrix.a + matrix.e, at.y * matrix.d + matrix.f];
}"""


def middle_of_wire(editor: Editor, wire: str) -> Point:
    return Point(*editor.root.evaluate(_MIDDLE_OF_WIRE, wire))


def expect_selected(editor: Editor, wanted: set[str]) -> None:
    editor.wait(lambda: editor.selected() == wanted, f"{wanted} selected")


@pytest.fixture(autouse=True)
def _forget(scratch: Lab) -> None:
    """Begin without favourites: the browser keeps them, and the page looks there whenever it shows them."""
    scratch.page.evaluate("localStorage.setItem('nodebook', '{}')")


def test_the_palette_finds_by_what_nodes_say_and_keeps_what_is_liked(scratch: Lab) -> None:
    editor = show_graph(scratch, BLUR)
    palette, keyboard = editor.part("nb-palette"), scratch.page.keyboard
    found = palette.locator("[role=option]")
    about = palette.locator(".nb-palette-about")

    # By a former name, which is said; by the description alone; the chosen entry's ports are beside it.
    editor.focus_canvas()
    editor.press("Tab")
    keyboard.type("solid colour")
    expect(found.first).to_have_attribute("data-node-type", "EmptyImage")
    expect(found.first).to_contain_text("also: solid colour")
    expect(about).to_contain_text("width")
    expect(about).to_contain_text("IMAGE")
    editor.press("Control+a")
    keyboard.type("unsharp mask")
    expect(found.first).to_have_attribute("data-node-type", "ImageSharpen")

    # A favourite, then a node that was used, stand first next time.
    editor.press("Control+d")
    expect(about.locator("[aria-pressed=true]")).to_have_count(1)
    editor.press("Control+a")
    keyboard.type("invert")
    wanted = found.first.get_attribute("data-node-type")
    editor.press("Enter")
    editor.expect_ids(["1", "2", "3", "4", "5"])
    editor.press("Tab")
    headings = palette.locator(".nb-palette-heading")
    expect(headings.nth(0)).to_have_text("Favourites")
    expect(headings.nth(1)).to_have_text("Recent")
    expect(found.nth(0)).to_have_attribute("data-node-type", "ImageSharpen")
    expect(found.nth(1)).to_have_attribute("data-node-type", str(wanted))
    editor.press("Escape")

    # Commands too: beside nodes, or alone after the sign.
    editor.press("Escape", "Shift+>")
    expect(editor.part("nb-palette-search")).to_have_value(">")
    keyboard.type("select all")
    editor.press("Enter")
    expect_selected(editor, {"1", "2", "3", "4", "5"})
    editor.press("Escape")
    editor.select("2")
    for title, expected in (("select what feeds", {"1", "2"}), ("select what the selection feeds", {"1", "2", "3"})):
        editor.press("Shift+>")
        keyboard.type(title)
        editor.press("Enter")
        expect_selected(editor, expected)


def test_the_library_is_a_tree_that_gives_nodes(scratch: Lab) -> None:
    editor = show_graph(scratch, BLUR)
    keyboard = scratch.page.keyboard
    editor.focus_canvas()
    editor.press("n")
    tree = editor.part("nb-library-tree")
    expect(editor.part("nb-library-filter")).to_be_focused()
    rows = tree.locator("[role=treeitem]")
    expect(tree.locator("[data-node-type]")).to_have_count(0)
    count = rows.count()

    # Open a category, look at a node, add it: by keyboard alone.
    editor.press("ArrowDown", "End", "Home", "ArrowRight")
    expect(rows.first).to_have_attribute("aria-expanded", "true")
    assert rows.count() > count
    editor.press("ArrowLeft")
    expect(rows.first).to_have_attribute("aria-expanded", "false")
    editor.part("nb-library-filter").click()
    keyboard.type("feather")
    editor.press("ArrowDown")
    expect(rows.first).to_be_focused()
    about = editor.part("nb-library-about")
    expect(about).to_contain_text("FeatherMask in code")
    expect(about.locator(".nb-mini")).to_contain_text("left")
    editor.press("Enter")
    editor.expect_ids(["1", "2", "3", "4", "5"])
    assert editor.document()["5"]["type"] == "FeatherMask"


def test_a_node_is_dragged_out_of_the_library(scratch: Lab) -> None:
    editor = show_graph(scratch, BLUR)
    editor.focus_canvas()
    editor.press("n")
    panel, entry = editor.part("nb-panel-library"), editor.part("nb-library-tree").locator("[role=treeitem]").first
    editor.part("nb-library-filter").fill("feather")
    editor.drag(editor.middle(entry), editor.empty_spot())
    editor.expect_ids(["1", "2", "3", "4", "5"])

    # Onto a wire, which lights up.
    editor.part("nb-library-filter").fill("sharpen")
    expect(entry).to_have_attribute("data-node-type", "ImageSharpen")
    editor.part("nb-fit").click()
    scratch.page.wait_for_timeout(300)
    editor.pull(editor.middle(entry), middle_of_wire(editor, "2/image"))
    expect(editor.root.locator(".nb-wire-target")).to_have_attribute("data-id", "2/image")
    scratch.page.mouse.up()
    editor.expect_ids(["1", "2", "3", "4", "5", "6"])
    editor.expect_links("6", {"image": ["1", "IMAGE"]})
    editor.expect_links("2", {"image": ["6", "IMAGE"]})
    editor.press("Control+z")
    editor.expect_links("2", {"image": ["1", "IMAGE"]})
    editor.expect_ids(["1", "2", "3", "4", "5"])
    panel.get_by_label("Close Library of nodes").click()
    expect(panel).to_have_count(0)


def test_a_wire_on_a_port_of_another_type_offers_what_converts(scratch: Lab) -> None:
    editor = show_graph(scratch, LATENT)
    editor.pull(editor.middle(editor.port("2", "out:LATENT")), editor.middle(editor.port("3", "in:images")))
    hint = editor.root.locator(".nb-hint")
    expect(hint).to_contain_text("images takes IMAGE, not LATENT. Let go to insert")
    expect(editor.node("3")).to_have_attribute("data-dim", "true")
    # The body of a card that takes no latent says so too.
    title = editor.middle(editor.node("1").locator(".nb-title"))
    scratch.page.mouse.move(title.x, title.y, steps=4)
    expect(hint).to_contain_text(
        "has no inputs" if not editor.node("1").locator("[data-port^='in:']").count() else "no LATENT"
    )
    scratch.page.mouse.move(*editor.middle(editor.port("3", "in:images")), steps=4)
    scratch.page.mouse.up()
    expect(editor.node("3")).not_to_have_attribute("data-dim", "true")
    offered = editor.part("nb-palette").locator("[data-node-type]")
    expect(editor.part("nb-palette-search")).to_have_attribute("placeholder", "Make IMAGE from LATENT with")
    expect(offered.first).to_have_attribute("data-node-type", "VAEDecode")
    expect(offered.first).to_contain_text("links vae too")
    editor.press("Enter")
    editor.expect_ids(["1", "2", "3", "4"])
    editor.expect_links("4", {"samples": ["2", "LATENT"], "vae": ["1", "VAE"]})
    editor.expect_links("3", {"images": ["4", "IMAGE"]})
    editor.press("Control+z")
    editor.expect_ids(["1", "2", "3"])
    editor.expect_links("3", {})


def test_a_node_is_replaced_and_put_into_wires(scratch: Lab) -> None:
    editor = show_graph(scratch, BLUR)
    before = editor.document()
    editor.select("2")
    editor.press("Shift+R")
    palette = editor.part("nb-palette")
    offered = palette.locator("[data-node-type]").evaluate_all("(all) => all.map((one) => one.dataset.nodeType)")
    assert "ImageSharpen" in offered
    assert not {"EmptyImage", "SolidMask", "ImageBlur", "KSampler"} & set(offered)
    editor.choose_in_palette("sharpen image")
    scratch.expect_value("g['2'].node.type", "ImageSharpen")
    editor.expect_links("2", {"image": ["1", "IMAGE"]})
    editor.expect_links("3", {"images": ["2", "IMAGE"]})
    editor.expect_value("2", "sigma", 2.5)
    assert scratch.evaluate("g['2'].node.title") == "Soft"
    expect(editor.node("2").locator("[data-input=alpha]")).to_have_count(1)
    editor.press("Control+z")
    scratch.expect_value("g['2'].node.type", "ImageBlur")
    assert editor.document() == before

    # A card that is let go on a wire: the move and the two links are one step.
    title = editor.middle(editor.node("4").locator(".nb-title"))
    editor.pull(title, middle_of_wire(editor, "2/image"))
    expect(editor.root.locator(".nb-wire-target")).to_have_attribute("data-id", "2/image")
    scratch.page.mouse.up()
    editor.expect_links("4", {"image": ["1", "IMAGE"]})
    editor.expect_links("2", {"image": ["4", "IMAGE"]})
    expect(editor.root.locator(".nb-wire-target")).to_have_count(0)
    assert scratch.evaluate("g.store.history.undo") == "Insert Image Sharpen before Soft"
    editor.press("Control+z")
    editor.expect_links("2", {"image": ["1", "IMAGE"]})
    assert editor.document() == before


def test_the_legend_names_the_types_of_the_graph(scratch: Lab) -> None:
    editor = show_graph(scratch, f"{BLUR}\ng.add('SolidMask')")
    editor.part("nb-more").click()
    editor.root.locator("[data-command='panel.legend']").click()
    rows = editor.part("nb-panel-legend").locator(".nb-legend-row")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("IMAGE")
    expect(rows.nth(0)).to_contain_text("2 wires")
    expect(rows.nth(1)).to_contain_text("no wire")
    rows.nth(1).click()
    expect_selected(editor, {"5"})
    # Its colour is that of the wires.
    colors = editor.root.evaluate(
        "(root) => [getComputedStyle(root.querySelector('.nb-legend-wire')).backgroundColor,"
        " getComputedStyle(root.querySelector('.react-flow__edge-path')).stroke]"
    )
    assert colors[0] == colors[1]


def test_the_lasso_and_what_is_of_one_type(scratch: Lab) -> None:
    editor = show_graph(scratch, f"{BLUR}\ng.add('ImageSharpen')")
    editor.focus_canvas()
    editor.press("f")
    scratch.page.wait_for_timeout(300)  # the whole graph comes into sight
    box = editor.node("2").bounding_box()
    assert box is not None
    # From below the card to its middle: it is touched, not enclosed. (Near the canvas's edge a lasso pans.)
    middle = Point(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    start = middle.moved(20, box["height"] / 2 + 20)

    def lasso() -> None:
        editor.focus_canvas()
        scratch.page.keyboard.down("Shift")
        editor.drag(start, middle)
        scratch.page.keyboard.up("Shift")

    lasso()
    expect_selected(editor, {"2"})
    editor.press("Escape", "Shift+>")
    scratch.page.keyboard.type("lasso")
    editor.press("Enter")
    lasso()
    expect_selected(editor, set())

    editor.node("4").locator(".nb-title").click(button="right")
    editor.root.locator("[data-submenu='Select']").click()
    editor.root.locator("[data-command='select.type']").click()
    expect_selected(editor, {"4", "5"})
