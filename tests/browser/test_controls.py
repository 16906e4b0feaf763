"""Each kind of control, set by hand: the kernel has the value, of the right type and exact."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from playwright.sync_api import JSHandle

    from tests.browser.lab import Lab

CONTROLS = """
from typing import Annotated, Literal
from pydantic import Field

@nb.node
def everything(
    seed: Annotated[int, Field(ge=0, le=2**64 - 1)] = 0,
    sigma: Annotated[float, Field(ge=0.1, le=10), nb.Number(step=0.1)] = 1.0,
    share: Annotated[float, Field(ge=0, le=1), nb.Number(display="slider", step=0.01)] = 0.5,
    prompt: Annotated[str, nb.Text(multiline=True)] = "",
    name: str = "",
    tiled: bool = False,
    mode: Literal["normal", "screen", "soft_light"] = "normal",
    tint: Annotated[int, nb.Color()] = 0,
    paper: Annotated[str, nb.Color(format="hex")] = "#ffffff",
) -> str:
    return repr((seed, sigma, share, prompt, name, tiled, mode, tint, paper))

g = nb.Graph()
g.add(everything)
g.add("PreviewAny", source=g["1"])
"""


def test_numbers_and_sliders(scratch: Lab) -> None:
    editor = show_graph(scratch, CONTROLS)
    editor.type_number("1", "seed", "18446744073709551615")
    editor.expect_value("1", "seed", 2**64 - 1)
    expect(editor.input("1", "seed")).to_contain_text("18446744073709551615")
    editor.press("ArrowDown")
    editor.expect_value("1", "seed", 2**64 - 2)
    editor.type_number("1", "seed", "99999999999999999999")
    editor.expect_value("1", "seed", 2**64 - 1)

    editor.type_number("1", "sigma", "2")
    editor.expect_value("1", "sigma", 2.0)
    expect(editor.input("1", "sigma")).to_contain_text("2.0")
    editor.type_number("1", "sigma", "99")
    editor.expect_value("1", "sigma", 10.0)

    slider = editor.input("1", "share").locator("[role=slider]")
    box = slider.bounding_box()
    assert box is not None
    editor.drag(editor.middle(slider), editor.middle(slider).moved(box["width"] / 4, 0))
    editor.wait(lambda: (editor.value("1", "share") or 0) > 0.5, "the slider's value in the kernel")
    share = editor.value("1", "share")
    assert share == pytest.approx(0.75, abs=0.03)
    expect_result(editor, (2**64 - 1, 10.0, share, "", "", False, "normal", 0, "#ffffff"))


def test_texts_switches_choices_and_colours(scratch: Lab) -> None:
    editor = show_graph(scratch, CONTROLS)
    keyboard = scratch.page.keyboard
    editor.input("1", "prompt").locator("textarea").fill("two\nlines of 日本 \N{RAINBOW}")
    editor.press("Control+Enter")  # sends the text, and runs
    editor.expect_value("1", "prompt", "two\nlines of 日本 \N{RAINBOW}")
    editor.expect_run("done")
    editor.input("1", "name").locator("input").click()
    keyboard.type("abxm dd <i>")
    editor.press("Enter")
    editor.expect_value("1", "name", "abxm dd <i>")

    editor.input("1", "tiled").locator("button").click()
    editor.expect_value("1", "tiled", value=True)
    expect(editor.input("1", "tiled").locator("[role=switch]")).to_have_attribute("aria-checked", "true")

    editor.input("1", "mode").locator("button").click()
    expect(editor.root.locator("[role=option]")).to_have_text(["normal", "screen", "soft_light"])
    keyboard.type("sof")
    editor.press("Enter")
    editor.expect_value("1", "mode", "soft_light")

    editor.input("1", "tint").locator("input.nb-text").fill("#E8A860")
    editor.press("Enter")
    editor.expect_value("1", "tint", 0xE8A860)
    editor.input("1", "paper").locator("input[type=color]").fill("#102030")
    editor.expect_value("1", "paper", "#102030")

    prompt, name = "two\nlines of 日本 \N{RAINBOW}", "abxm dd <i>"
    expect_result(editor, (0, 1.0, 0.5, prompt, name, True, "soft_light", 0xE8A860, "#102030"))


LONG_NAMES = """
from typing import Literal

@nb.node
def pick(
    name: Literal["v1-5-pruned-emaonly-with-baked-vae.safetensors", "short"]
    = "v1-5-pruned-emaonly-with-baked-vae.safetensors"
) -> str:
    return name

g = nb.Graph()
g.add(pick)
"""


def test_long_choices_are_shown_whole(scratch: Lab) -> None:
    editor = show_graph(scratch, LONG_NAMES)
    editor.input("1", "name").locator("button").click()
    option = editor.root.locator("[role=option]").first
    assert option.evaluate("(option) => [option.scrollWidth <= option.clientWidth, option.title]") == [
        True,
        "v1-5-pruned-emaonly-with-baked-vae.safetensors",
    ]
    wide = option.bounding_box()
    scratch.page.keyboard.type("sho")
    expect(option).to_have_text("short")
    assert wide is not None
    assert (option.bounding_box() or wide)["width"] == wide["width"]
    editor.press("Enter")
    editor.expect_value("1", "name", "short")


def expect_result(editor: Editor, got: tuple[object, ...]) -> None:
    """The node's function gets the values, types and all; and the graph shows what it got."""
    editor.run()
    expect(editor.node("2").locator(".nb-output-text")).to_have_text(repr(got))
    assert editor.lab.evaluate("g['1'].outputs[0]") == repr(got)


def test_a_value_is_taken_back_and_given_up(scratch: Lab) -> None:
    editor = show_graph(scratch, CONTROLS)
    editor.input("1", "sigma").dblclick()
    scratch.page.keyboard.type("7")
    editor.press("Escape")
    expect(editor.input("1", "sigma")).to_contain_text("1.0")
    editor.type_number("1", "sigma", "not a number")
    expect(editor.input("1", "sigma")).to_contain_text("1.0")
    assert "sigma" not in editor.document()["1"].get("values", {})
    editor.type_number("1", "sigma", "3,5")
    editor.expect_value("1", "sigma", 3.5)
    editor.press("Delete")  # the value goes, not the node: the field has the focus
    scratch.expect_value("'sigma' in g['1'].node.values", expected=False)
    editor.expect_ids(["1", "2"])


def test_a_picture_is_uploaded_and_dropped(scratch: Lab) -> None:
    editor = show_graph(scratch, "g = nb.Graph()\ng.add('LoadImage')\ng.add('PreviewImage', images=g['1'].image)")
    red, blue = png("red"), png("blue")
    editor.input("1", "image").locator("input[type=file]").set_input_files(
        {"name": "my red.png", "mimeType": "image/png", "buffer": red}
    )
    editor.expect_value("1", "image", "my red.png")
    assert (scratch.folder / "input" / "my red.png").read_bytes() == red
    expect(editor.input("1", "image")).to_contain_text("my red.png")
    editor.run()
    editor.expect_run("done")
    shown = editor.expect_painted("2")
    assert colour(editor, "2") == "red"

    # Dropped on the node: another file of the same name gets a name of its own.
    editor.node("1").dispatch_event("drop", {"dataTransfer": dropped(scratch, blue, "my red.png")})
    editor.expect_value("1", "image", "my red (1).png")
    assert (scratch.folder / "input" / "my red (1).png").read_bytes() == blue
    editor.run()
    editor.expect_painted("2", newer_than=shown)
    assert colour(editor, "2") == "blue"

    # Dropped on the canvas: a new node, and one that the menu of the first now offers.
    editor.root.locator(".react-flow__pane").dispatch_event(
        "drop",
        {"dataTransfer": dropped(scratch, png("lime"), "lime.png"), "clientX": editor.empty_spot().x, "clientY": 300},
    )
    editor.expect_ids(["1", "2", "3"])
    editor.expect_value("3", "image", "lime.png")
    editor.input("1", "image").locator("button.nb-field").click()
    expect(editor.root.locator("[role=option]")).to_have_text(["lime.png", "my red (1).png", "my red.png"])
    editor.root.locator("[role=option]", has_text="lime.png").click()
    editor.expect_value("1", "image", "lime.png")


def png(color: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (48, 32), color).save(file, "PNG")
    return file.getvalue()


def dropped(lab: Lab, data: bytes, name: str) -> JSHandle:
    return lab.page.evaluate_handle(
        """([bytes, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
          return transfer;
        }""",
        [list(data), name],
    )


def colour(editor: Editor, node: str) -> str:
    """Name the colour that is painted in the middle of a node's picture."""
    red, green, blue = editor.picture(node).evaluate(
        "(canvas) => [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]"
    )[:3]
    return max((red, "red"), (green, "lime"), (blue, "blue"))[1]
