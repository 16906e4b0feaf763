"""Variables of the notebook on cards: bound by clicking, changed in a cell, published to the next one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.lab import Lab

PICTURES = """
from PIL import Image
photo, other = Image.new("RGB", (32, 24), "red"), Image.new("RGB", (32, 24), "blue")
strength, word, unlike = 4, "a circle", {"a": 1}
g = nb.Graph()
blur = g.add("ImageBlur", image=g.add("EmptyImage", width=32, height=24))
apart = g.add("ImageInvert", image=g.add("EmptyImage", width=16, height=16))
shown = g.add("PreviewImage", images=blur)
g.add("PreviewImage", images=apart)
"""


def pick(editor: Editor, text: str) -> None:
    picker = editor.part("nb-picker")
    expect(picker).to_be_visible()
    editor.page.keyboard.type(text)
    expect(picker.locator("[role=option]").first).to_contain_text(text)
    editor.press("Enter")
    expect(picker).to_have_count(0)


def bound(editor: Editor, node: str, name: str) -> Locator:
    return editor.input(node, name).locator(".nb-bound")


def menu(editor: Editor, row: Locator, item: str) -> None:
    row.click(button="right", position={"x": 20, "y": 12})
    editor.part("nb-menu").get_by_role("menuitem", name=item).click()


def stale(editor: Editor) -> set[str]:
    ids: list[str] = editor.root.locator("[data-stale]").evaluate_all("(all) => all.map((one) => one.dataset.nodeId)")
    return set(ids)


def run_new_cell(lab: Lab, source: str) -> int:
    cell = lab.add_cell(source)
    lab.run_cell(cell)
    return cell


def held(editor: Editor, node: str, name: str) -> str:
    return f"repr({editor.graph}[{node!r}].node.values.get({name!r}))"


def test_an_input_is_bound_by_clicking_and_follows_the_cells(scratch: Lab) -> None:
    editor = show_graph(scratch, PICTURES)
    editor.run()
    editor.expect_run("done")
    menu(editor, editor.input("2", "image"), "From notebook…")
    picker = editor.part("nb-picker")
    expect(picker.locator("[role=option]")).to_have_text(
        [re.compile("^otherpicture 32 . 24 RGB"), re.compile("^photo")]
    )
    pick(editor, "photo")
    scratch.expect_value(held(editor, "2", "image"), "variable photo")
    editor.expect_links("2", {})
    expect(bound(editor, "2", "image")).to_contain_text("photo")
    menu(editor, editor.input("2", "blur_radius"), "From notebook…")
    pick(editor, "strength")
    expect(bound(editor, "2", "blur_radius")).to_have_text(re.compile(r"blur_radius\s*strength\s*4"))
    editor.run()
    editor.expect_run("done")
    editor.wait(lambda: stale(editor) == set(), "nothing stale")

    cell = run_new_cell(scratch, "strength = 8")
    expect(bound(editor, "2", "blur_radius")).to_contain_text("8")
    editor.wait(lambda: stale(editor) == {"2", "5"}, "exactly what depends is stale")
    editor.root.scroll_into_view_if_needed()
    editor.run()
    editor.expect_run("done")
    editor.wait(lambda: stale(editor) == set(), "nothing stale")

    scratch.rerun(cell, "del strength")
    expect(bound(editor, "2", "blur_radius")).to_have_attribute("data-missing", "true")
    expect(editor.input("2", "blur_radius")).to_have_attribute(
        "title", re.compile("variable 'strength', which the notebook")
    )
    scratch.rerun(cell, "strength = 6")
    expect(bound(editor, "2", "blur_radius")).to_have_attribute("data-missing", "false")

    bound(editor, "2", "blur_radius").click()
    pick(editor, "Back to a value")
    editor.expect_value("2", "blur_radius", 6)
    expect(bound(editor, "2", "blur_radius")).to_have_count(0)
    editor.focus_canvas()
    editor.press("Control+z")
    scratch.expect_value(held(editor, "2", "blur_radius"), "variable strength")
    expect(bound(editor, "2", "blur_radius")).to_contain_text("6")


def test_a_variable_node_and_an_output_go_there_and_back(scratch: Lab) -> None:
    editor = show_graph(scratch, 'photo = __import__("PIL.Image").Image.new("RGB", (8, 8), "red")\ng = nb.Graph()')
    editor.add_at("From notebook")
    editor.expect_ids(["1"])
    editor.add_at("Invert Image")
    editor.expect_ids(["1", "2"])
    editor.add_at("To notebook")
    editor.expect_ids(["1", "2", "3"])
    scratch.expect_value("[each.node.type for each in g.nodes]", ["Variable", "ImageInvert", "Publish"])
    name = editor.input("1", "name").locator("input")
    name.fill("photo")
    name.press("Enter")
    expect(bound(editor, "1", "name")).to_contain_text("photo")
    scratch.execute("g['2'].set(image=g['1']); g['3'].set(value=g['2'], name='negative')")
    editor.expect_links("2", {"image": ["1", "value"]})
    editor.run()
    editor.expect_run("done")
    expect(editor.node("3").locator(".nb-output-text")).to_have_text(re.compile(r"negative: Tensor 1 . 8 . 8 . 3"))
    cell = run_new_cell(scratch, "print(tuple(negative.shape), negative[0, 0, 0].tolist())")
    expect(scratch.output(cell)).to_contain_text("(1, 8, 8, 3) [0.0, 1.0, 1.0]")
    bound(editor, "1", "name").click()
    offered = editor.part("nb-picker").locator("[role=option]")
    for each in ("negative", "photo"):  # beside what the tests before left in this kernel
        expect(offered.filter(has_text=re.compile(f"^{each}"))).to_have_count(1)
    pick(editor, "not_yet")
    editor.expect_value("1", "name", "not_yet")
    expect(bound(editor, "1", "name")).to_have_attribute("data-missing", "true")
    expect(editor.input("2", "image")).to_have_attribute("data-problem", "true")


def test_a_graph_that_runs_by_itself_follows_a_cell(scratch: Lab) -> None:
    editor = show_graph(
        scratch,
        """
word = "one"
g = nb.Graph()
shown = g.add("PreviewAny", source=g.add("PrimitiveString", value=nb.variable("word")))
g.auto_run(delay_s=0.05)
g.run()
""",
    )
    text = editor.node("2").locator(".nb-output-text")
    expect(text).to_have_text("one")
    run_new_cell(scratch, 'word = "two"')
    expect(text).to_have_text("two")
    expect(bound(editor, "1", "value")).to_contain_text("'two'")
