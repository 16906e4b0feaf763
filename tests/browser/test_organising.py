"""Order on the canvas: layout, alignment, guides, the map, colours, inputs as ports, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from tests.browser.editor import Point
    from tests.browser.lab import Lab

PLACE = """
from nodebook.engine.edits import SetView

def place(handle, x, y):
    g.store.edit([SetView(handle.id, {"x": x, "y": y})], "Place")
"""

GRAPH = f"""
{PLACE}
g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64)
blur = g.add("ImageBlur", image=picture)
sharp = g.add("ImageSharpen", image=picture)
mix = g.add("ImageBlend", image1=blur, image2=sharp)
shown = g.add("PreviewImage", images=mix)
note = g.add("Note", text="About this graph")
for at, handle in enumerate([picture, blur, sharp, mix, shown, note]):
    place(handle, 40 * at, 70 * at)
"""

# Cards that lie over each other, and links that do not go from left to right, on the page as it is.
DISORDER = """(root) => {
  const cards = [...root.querySelectorAll('[data-node-id]')]
    .map((card) => ({ id: card.dataset.nodeId, box: card.getBoundingClientRect() }));
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return cards.flatMap((a, at) => cards.slice(at + 1).filter((b) => over(a.box, b.box)).map((b) => [a.id, b.id]));
}"""


def places(editor: Editor) -> dict[str, tuple[float, float]]:
    return {node: (data["view"]["x"], data["view"]["y"]) for node, data in editor.document().items()}


def settled_zoom(editor: Editor) -> float:
    """Wait until the view has come to rest: a graph that appears is fitted into it."""
    seen: list[float] = []

    def rests() -> bool:
        editor.page.wait_for_timeout(150)
        seen.append(
            editor.root.locator(".react-flow__viewport").evaluate(
                "(viewport) => new DOMMatrix(getComputedStyle(viewport).transform).a"
            )
        )
        return seen[-1] in seen[-3:-1]

    editor.wait(rests, "a view at rest")
    return seen[-1]


def toggle_snap(editor: Editor) -> None:
    editor.part("nb-more").click()
    editor.page.get_by_role("menuitem", name="Arrange").click()
    editor.page.get_by_role("menuitemcheckbox", name="Snap to the grid").click()


def press_map(editor: Editor, dx: float, dy: float) -> Point:
    """Press so far inside the map's edges, from right and below where negative; return where a card is then."""
    viewport = editor.root.locator(".react-flow__viewport")
    was = viewport.get_attribute("style")
    box = editor.part("nb-minimap").bounding_box()
    assert box is not None
    editor.page.mouse.click(box["x"] + dx % box["width"], box["y"] + dy % box["height"])
    editor.wait(lambda: viewport.get_attribute("style") != was, "another part of the graph in sight")
    return editor.middle(editor.node("1"))


def choose(editor: Editor, query: str) -> None:
    expect(editor.part("nb-picker").locator("input")).to_be_focused()
    editor.page.keyboard.type(query)
    editor.press("Enter")


def test_a_graph_is_laid_out_aligned_and_put_back(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    before = places(editor)
    assert editor.root.evaluate(DISORDER)
    editor.part("nb-fit").focus()
    editor.press("Escape", "Shift+L")
    editor.wait(lambda: places(editor) != before, "new places in the kernel's document")
    after = places(editor)
    editor.wait(lambda: editor.root.evaluate(DISORDER) == [], "cards that do not lie over each other")
    columns = [after[node][0] for node in ("1", "2", "4", "5")]
    assert columns == sorted(columns), "links go to the right"
    assert after["2"][0] == after["3"][0], "what is equally far along stands in one column"
    editor.press("Shift+L")
    scratch.page.wait_for_timeout(300)
    assert places(editor) == after, "doing it again changes nothing"

    # Alignment and distribution by the menu that a key opens, each one step of undo.
    for_undo = places(editor)
    editor.select("1", "2", "4")
    editor.press("Shift+A")
    scratch.page.get_by_role("menuitem", name="Align top").click()
    editor.wait(lambda: len({places(editor)[node][1] for node in ("1", "2", "4")}) == 1, "one height")
    editor.press("Control+z")
    editor.wait(lambda: places(editor) == for_undo, "the places before")
    editor.press("Control+z")
    editor.wait(lambda: places(editor) == before, "the places at first")

    # Folding is one step too, of all where nothing is selected.
    editor.press("Escape", "Alt+C")
    editor.wait(lambda: all(node["view"].get("collapsed") for node in editor.document().values()), "all folded")
    editor.press("Control+z")
    editor.wait(lambda: not any("collapsed" in node["view"] for node in editor.document().values()), "all open")


def test_a_dragged_card_is_drawn_to_others_and_to_the_grid(scratch: Lab) -> None:
    scratch.page.evaluate("localStorage.removeItem('nodebook.preferences')")
    editor = show_graph(
        scratch,
        f"{PLACE}\ng = nb.Graph()\nplace(g.add('EmptyImage'), 0, 0)\nplace(g.add('EmptyImage'), 400, 200)",
    )
    zoom = settled_zoom(editor)
    title = editor.middle(editor.node("2").locator(".nb-title"))
    # To within 3 px of level with the other card. The pixels up to the start of a drag do not count.
    editor.pull(title, title.moved(0, -40))
    above = (
        editor.middle(editor.node("2").locator(".nb-title")).y - editor.middle(editor.node("1").locator(".nb-title")).y
    )
    scratch.page.mouse.move(title.x, title.y - 40 - above + 3 * zoom, steps=4)
    expect(editor.part("nb-guide").first).to_be_attached()
    scratch.page.mouse.up()
    editor.wait(lambda: places(editor)["2"] == (400, 0), "the same height as the other card")
    expect(editor.part("nb-guide")).to_have_count(0)

    toggle_snap(editor)
    title = editor.middle(editor.node("2").locator(".nb-title"))
    editor.drag(title, title.moved(31 * zoom, 47 * zoom))
    editor.wait(lambda: places(editor)["2"] != (400, 0), "another place")
    assert all(place % 12 == 0 for place in places(editor)["2"])
    toggle_snap(editor)


def test_colours_ports_and_the_map(scratch: Lab) -> None:
    scratch.page.evaluate("localStorage.removeItem('nodebook.preferences')")  # tests before may have shown the map
    editor = show_graph(scratch, GRAPH)
    editor.press("Escape")
    editor.select("2")
    editor.press("Shift+C")
    choose(editor, "teal")
    scratch.expect_value("g['2'].node.view.get('color')", "teal")
    expect(editor.node("2").locator(".nb-header")).to_have_attribute("data-colored", "true")
    editor.press("Shift+C")
    choose(editor, "#C63")
    scratch.expect_value("g['2'].node.view.get('color')", "#cc6633")
    editor.press("Shift+C")
    choose(editor, "no colour")
    scratch.expect_value("g['2'].node.view.get('color')", None)

    # An input with a control becomes a port: its value stays, counts and is seen; then a link, then the control again.
    editor.press("Shift+F10")
    scratch.page.get_by_role("menuitem", name="More").click()
    scratch.page.get_by_role("menuitem", name="Show inputs as ports").click()
    choose(editor, "sigma")
    scratch.expect_value("list(g['2'].node.view.get('ports', ()))", ["sigma"])
    sigma = editor.input("2", "sigma")
    expect(sigma.locator("[role=spinbutton], [role=slider]")).to_have_count(0)
    expect(sigma).to_contain_text("1")
    editor.press("Control+z")
    expect(sigma.locator("[role=spinbutton], [role=slider]")).to_have_count(1)

    expect(editor.part("nb-minimap")).to_have_count(0)  # a small graph needs none
    editor.press("m")
    expect(editor.part("nb-minimap")).to_be_visible()
    left, top = press_map(editor, 20, 20)
    right, bottom = press_map(editor, -20, -20)
    assert right < left, "what is right on the map comes into sight"
    assert bottom < top
    editor.press("m")
    expect(editor.part("nb-minimap")).to_have_count(0)


EVIL: Any = (
    "# Recipe\n**bold** <img src=x onerror='window.hacked=1'> [page](https://example.org/a) "
    "[script](javascript:window.hacked=2)\n\n![far](https://example.org/x.png) "
    "![near](data:image/gif;base64,R0lGODlhAQABAAAAACw=)\n\n- [x] done"
)


@pytest.mark.parametrize("save", ["Control+Enter", "blur"])
def test_a_note_is_markdown(scratch: Lab, save: str) -> None:
    editor = show_graph(scratch, f"g = nb.Graph()\ng.add('Note', text={EVIL!r})")
    note = editor.node("1")
    expect(note.get_by_role("heading", name="Recipe")).to_be_visible()
    expect(note.locator("strong")).to_have_text("bold")
    link = note.locator("a", has_text="page")
    expect(link).to_have_attribute("href", "https://example.org/a")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    # Tags are text, scripts are no links, and nothing is fetched from elsewhere.
    expect(note).to_contain_text("<img src=x onerror")
    expect(note.locator("a", has_text="script")).to_have_count(0)
    assert note.locator("img").evaluate_all("(all) => all.map((one) => one.src.slice(0, 10))") == ["data:image"]
    assert scratch.page.evaluate("window.hacked === undefined")

    note.locator("strong").dblclick()
    field = note.locator("textarea")
    expect(field).to_be_focused()
    editor.press("Control+a")
    scratch.page.keyboard.type("*new* text")
    if save == "blur":
        editor.focus_canvas()
    else:
        editor.press(save)
    editor.expect_value("1", "text", "*new* text")
    expect(note.locator("em")).to_have_text("new")
    # Enter on the selected note writes in it, Esc leaves it as it was.
    editor.select("1")
    editor.press("Enter")
    expect(field).to_be_focused()
    scratch.page.keyboard.type("never")
    editor.press("Escape")
    expect(field).to_have_count(0)
    editor.expect_value("1", "text", "*new* text")
    # A new one is open for writing.
    editor.add_at("note")
    expect(editor.node("2").locator("textarea")).to_be_focused()
