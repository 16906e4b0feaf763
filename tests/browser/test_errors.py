"""What goes wrong is said on the node and on the input, and the rest goes on."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from tests.browser.lab import Lab

BRANCHES = """
@nb.node
def fragile(picture: nb.Image, amount: float = 0.0) -> nb.Image:
    if amount == 0:
        raise ValueError("amount is <b>zero</b>: give one above it")
    return picture / amount

g = nb.Graph()
picture = g.add("EmptyImage", width=32, height=32)
bad = fragile(picture)
after = g.add("PreviewImage", images=bad)
good = g.add("PreviewImage", images=picture)
"""


def problem(editor: Editor, node: str, name: str, text: str) -> None:
    """Expect a problem on an input, said on its row and on its node."""
    row = editor.input(node, name)
    expect(row).to_have_attribute("data-problem", "true")
    expect(row).to_have_attribute("title", re.compile(text))
    expect(editor.node(node).locator(".nb-message").first).to_contain_text(re.compile(text))


def test_a_node_that_raises_says_so_and_the_rest_runs(scratch: Lab) -> None:
    editor = show_graph(scratch, BRANCHES)
    editor.run()
    editor.expect_run("failed")
    assert editor.states() == {"1": "done", "2": "failed", "3": "skipped", "4": "done"}
    expect(editor.part("nb-run-state")).to_have_text("Failed: 1 node")
    message = editor.node("2").locator("[role=alert]")
    expect(message).to_contain_text("amount is <b>zero</b>: give one above it")
    traceback = message.locator("pre")
    expect(traceback).to_be_hidden()
    message.locator("summary").click()
    expect(traceback).to_be_visible()
    expect(traceback).to_contain_text("raise ValueError")
    expect(traceback).not_to_contain_text("nodebook/engine")
    editor.expect_painted("4")
    assert scratch.evaluate("[error.kind for error in g.run().errors.values()]") == ["ValueError"]

    # Repaired by hand: the message goes.
    editor.type_number("2", "amount", "2")
    editor.expect_value("2", "amount", 2.0)
    editor.run()
    editor.expect_run("done")
    assert editor.states() == {"1": "cached", "2": "done", "3": "done", "4": "cached"}
    expect(message).to_have_count(0)


def test_bad_values_and_links_are_marked_on_their_input(scratch: Lab) -> None:
    editor = show_graph(
        scratch,
        """
g = nb.Graph()
picture = g.add("EmptyImage", width=32, height=32)
missing = g.add("LoadImage", image="no such picture.png")
blur = g.add("ImageBlur", image=picture, sigma=99.0)
mask = g.add("SolidMask", width=32, height=32)
wrong = g.add("ImageBlend", image1=picture, image2=picture, blend_factor=mask)
seen = g.add("PreviewImage", images=missing.image)
good = g.add("PreviewImage", images=picture)
bad = g.add("PreviewImage", images=blur)
""",
    )
    problem(editor, "3", "sigma", "99")
    problem(editor, "5", "blend_factor", "MASK")
    expect(editor.part("nb-problems")).to_be_visible()
    editor.run()
    editor.expect_run("failed")
    problem(editor, "2", "image", "no such picture.png")
    expect(editor.node("2").locator(".nb-message")).to_have_count(1)  # said once
    states = editor.states()
    assert {node: states[node] for node in "1267"} == {"1": "done", "2": "failed", "6": "skipped", "7": "done"}
    editor.expect_painted("7")
    assert scratch.evaluate("sorted({problem.node for problem in g.problems} & {'3', '5'})") == ["3", "5"]

    # Typing brings a number back into its limits; a link that does not fit is taken off by hand.
    editor.type_number("3", "sigma", "2")
    expect(editor.input("3", "sigma")).to_have_attribute("data-problem", "false")
    expect(editor.node("3").locator(".nb-message")).to_have_count(0)
    editor.drag(editor.middle(editor.port("5", "in:blend_factor")), editor.empty_spot())
    editor.expect_links("5", {"image1": ["1", "IMAGE"], "image2": ["1", "IMAGE"]})
    expect(editor.input("5", "blend_factor")).to_have_attribute("data-problem", "false")
    editor.run()
    editor.expect_state("8", "done")


def test_a_loop_is_said_and_does_no_harm(scratch: Lab) -> None:
    editor = show_graph(
        scratch,
        """
g = nb.Graph()
one = g.add("ImageInvert")
two = g.add("ImageInvert", image=one)
one.set(image=two)
good = g.add("PreviewImage", images=g.add("EmptyImage", width=32, height=32))
g.add("PreviewImage", images=two)
""",
    )
    expect(editor.node("1").locator(".nb-message").first).to_contain_text(re.compile("loop|cycle"))
    editor.run()
    editor.expect_run("failed")
    editor.expect_state("4", "done")


def test_unknown_types_are_kept_and_shown(scratch: Lab) -> None:
    strange = {
        "type": "FromTheFuture",
        "title": "Mystery",
        "values": {"strength": 0.75, "seed": 2**64 - 1, "prompt": "kept"},
        "links": {"image": ["1", "IMAGE"]},
        "view": {"x": 320, "y": 40},
    }
    nodes = {
        "1": {"type": "EmptyImage", "values": {"height": 32, "width": 32}, "view": {"x": 40, "y": 40}},
        "2": strange,
        "3": {"type": "PreviewImage", "links": {"images": ["2", "result"]}, "view": {"x": 600, "y": 40}},
        "4": {"type": "PreviewImage", "links": {"images": ["1", "IMAGE"]}, "view": {"x": 600, "y": 300}},
    }
    (scratch.folder / "future.json").write_text(json.dumps({"nodebook": 1, "nodes": nodes}))
    editor = show_graph(scratch, "g = nb.open('future.json')")
    card = editor.node("2")
    expect(card).to_have_attribute("data-unknown", "true")
    expect(card).to_contain_text("Unknown type FromTheFuture")
    expect(card.locator(".nb-title")).to_have_text("Mystery")
    for text in ("0.75", "18446744073709551615", "kept"):
        expect(card).to_contain_text(text)
    expect(editor.root.locator(".react-flow__edge")).to_have_count(3)
    editor.run()
    editor.expect_run("failed")
    editor.expect_state("4", "done")
    title = editor.middle(card.locator(".nb-title"))
    editor.drag(title, title.moved(0, 60))
    scratch.expect_value("g['2'].node.view['y'] != 40", expected=True)
    kept = editor.document()["2"]
    assert {**kept, "view": strange["view"]} == strange
    editor.add_at("note")
    editor.expect_ids(["1", "2", "3", "4", "5"])


def test_node_text_is_text(scratch: Lab) -> None:
    """A graph may come from anywhere: nothing of it becomes markup."""
    editor = show_graph(
        scratch,
        """
evil = "<img src=x onerror='window.hacked=1'><script>window.hacked=2</script>"
g = nb.Graph()
text = g.add("PrimitiveString", title=evil, value=evil)
g.add("PreviewAny", source=text)
g.add("Note", text=evil)
g.add("LoadImage", title="x", image=evil)
""",
    )
    editor.run()
    editor.expect_state("2", "done")
    expect(editor.node("2").locator(".nb-output-text")).to_contain_text("onerror")
    expect(editor.node("1").locator(".nb-title")).to_contain_text("<img src=x")
    assert editor.root.locator("img, script").count() == 0
    assert scratch.page.evaluate("window.hacked === undefined")
