"""Seeds, texts, pictures, masks, curves, colours and what results show: done by hand, and true in the kernel."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from playwright.sync_api import JSHandle, Locator

    from tests.browser.lab import Lab

SEEDS = """
used = []

@nb.node
def noise(seed: int = 5) -> str:
    used.append(seed)
    return str(seed)

g = nb.Graph()
g.add(noise)
g.add("PreviewAny", source=g["1"])
"""


def test_the_seed_shown_is_the_one_that_was_used(scratch: Lab) -> None:
    editor = show_graph(scratch, SEEDS)
    mode = editor.input("1", "seed").locator("[data-seed-mode]")
    expect(mode).to_have_attribute("data-seed-mode", "fixed")
    mode.focus()  # by keys alone
    editor.press("Enter", "ArrowDown", "ArrowDown", "Enter")
    expect(mode).to_have_attribute("data-seed-mode", "increment")
    scratch.expect_value("g['1'].node.view.get('vary')", {"seed": "increment"})
    text = editor.node("2").locator(".nb-output-text")
    for seed in ("5", "6", "7"):
        editor.run()
        editor.expect_run("done")  # the first one loads torch
        expect(text).to_have_text(seed)
        expect(editor.input("1", "seed").locator("[role=spinbutton]")).to_have_attribute("aria-valuenow", seed)
    scratch.expect_value("used", [5, 6, 7])
    editor.expect_value("1", "seed", 7)
    queued = "[job.result().state.nodes['1'].values['seed'] for job in g.queue(count=3)]"
    assert scratch.evaluate(queued) == [8, 9, 10]
    expect(editor.input("1", "seed")).to_contain_text("10")
    editor.focus_canvas()
    editor.press("Control+z")  # what was queued together is one step
    expect(editor.input("1", "seed")).to_contain_text("7")
    mode.click()
    editor.root.get_by_role("menuitemradio", name="A random one for each run").click()
    editor.run()  # the seed that undo brought back was not the last one used: it is used as it is
    expect(text).to_have_text("7")
    editor.expect_run("done")
    editor.run()
    editor.wait(lambda: editor.value("1", "seed") > 1000, "a random seed")  # a lower one would be a wonder
    expect(text).to_have_text(str(editor.value("1", "seed")))


PROMPT = """
from typing import Annotated

@nb.node
def prompt(text: Annotated[str, nb.Text(multiline=True, complete=("embeddings",))] = "a red cat") -> str:
    return text

(nb.session().folder / "models" / "embeddings").mkdir(parents=True, exist_ok=True)
(nb.session().folder / "models" / "embeddings" / "bad-hands.safetensors").write_bytes(b"")
g = nb.Graph()
g.add(prompt)
"""


def test_prompts_have_weights_names_and_a_height(scratch: Lab) -> None:
    editor = show_graph(scratch, PROMPT)
    field = editor.input("1", "text").locator("textarea")
    field.click()
    editor.press("Home", "Control+ArrowRight", "ArrowRight", "Control+ArrowUp", "Control+ArrowUp")
    expect(field).to_have_value("a (red:1.1) cat")
    editor.press("Control+z")
    expect(field).to_have_value("a (red:1.05) cat")
    editor.press("Control+z")
    expect(field).to_have_value("a red cat")
    editor.press("Control+ArrowUp")
    editor.press("End")
    scratch.page.keyboard.type(", embed")
    options = editor.root.get_by_role("option")
    expect(options).to_have_text(["bad-hands"])
    expect(options).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.get_attribute("id")
    editor.press("Enter")
    expect(field).to_have_value("a (red:1.05) cat, embedding:bad-hands")
    editor.press("Control+Enter")
    editor.expect_value("1", "text", "a (red:1.05) cat, embedding:bad-hands")

    grip = editor.input("1", "text").get_by_role("separator")
    before = field.bounding_box()
    editor.drag(editor.middle(grip), editor.middle(grip).moved(0, 60))
    editor.wait(lambda: "heights" in editor.document()["1"]["view"], "a height in the document")
    after = field.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] - before["height"] == pytest.approx(60, abs=8)


PICTURES = """
import PIL.Image

@nb.node
def batch(count: int = 20) -> list[PIL.Image.Image]:
    return [PIL.Image.new("RGB", (900, 600), (12 * at, 0, 255 - 12 * at)) for at in range(count)]

g = nb.Graph()
g.add(batch)
g.add("ImageCompare", image_a=g["1"], image_b=g.add("ImageInvert", image=g["1"]))
"""


def test_a_batch_is_looked_at_zoomed_and_saved(scratch: Lab) -> None:
    editor = show_graph(scratch, PICTURES)
    editor.run()
    editor.expect_run("done")
    expect(editor.node("1").locator("[data-testid=nb-picture-index]")).to_have_text("1/20")
    editor.node("1").get_by_label("Show the picture large").click()
    box = editor.part("nb-lightbox")
    expect(box).to_be_visible()
    editor.press("g")
    cells = box.locator(".nb-grid-picture")
    expect(cells).to_have_count(20)
    editor.press("End")
    expect(cells.nth(19).locator("canvas")).to_have_attribute("data-shown", "true")  # came when it was asked for
    editor.press("Enter")
    expect(editor.part("nb-lightbox-index")).to_have_text("20/20")
    canvas = box.locator(".nb-zoom canvas")
    expect(canvas).to_have_attribute("data-whole", "true")
    assert canvas.evaluate("(canvas) => [canvas.width, canvas.height]") == [900, 600]
    assert pixel(canvas, 10, 10) == [228, 0, 27]
    zoomed = box.locator(".nb-zoom")
    editor.press("1")
    expect(zoomed).to_have_attribute("data-fitted", "false")
    editor.press("ArrowLeft")
    expect(editor.part("nb-lightbox-index")).to_have_text("19/20")
    expect(zoomed).to_have_attribute("data-fitted", "true")
    editor.press("+")
    expect(zoomed).to_have_attribute("data-fitted", "false")
    with scratch.page.expect_download() as download:
        editor.press("s")
    assert download.value.suggested_filename == "Batch 19.png"
    saved = Image.open(download.value.path())
    assert (saved.size, saved.getpixel((0, 0))) == ((900, 600), (216, 0, 39))
    assert json.loads(saved.info["nodebook"])["nodes"]["1"]["type"] == "batch"
    editor.press("Escape")
    expect(box).to_have_count(0)
    compare(editor)


def compare(editor: Editor) -> None:
    slider = editor.node("3").get_by_role("slider")
    slider.focus()
    editor.press("Home")
    clip = editor.node("3").locator("[data-testid=nb-compare-right]")
    expect(clip).to_have_css("clip-path", "inset(0px 0px 0px 0%)")
    editor.press("End")
    expect(clip).to_have_css("clip-path", "inset(0px 0px 0px 100%)")
    assert pixel(clip, 5, 5)[0] > 250  # the inverted picture, under the slider


def test_a_pasted_picture_gets_a_mask_by_hand(scratch: Lab) -> None:
    editor = show_graph(scratch, "g = nb.Graph()")
    editor.root.focus()
    paste(editor, png("lime", (300, 200)), "shot.png")
    editor.expect_ids(["1"])
    editor.expect_value("1", "image", "shot.png")
    editor.select("1")
    paste(editor, png("red", (300, 200)), "other.png")  # into the selected node
    editor.expect_value("1", "image", "other.png")
    editor.expect_ids(["1"])

    editor.input("1", "image").get_by_label("Paint a mask on image").click()
    desk = editor.part("nb-mask-desk")
    expect(editor.part("nb-mask-layer")).to_be_visible()
    middle = editor.middle(desk)
    square = [(-60, -40), (60, -40), (60, 40), (-60, 40), (-60, -40)]
    scratch.page.mouse.move(*middle.moved(*square[0]))
    scratch.page.mouse.down()
    for dx, dy in square[1:]:
        scratch.page.mouse.move(*middle.moved(dx, dy), steps=5)
    scratch.page.mouse.up()
    editor.press("g")
    scratch.page.mouse.click(*middle)  # the inside
    editor.press("Control+z", "Control+Shift+z", "Escape")
    expect(editor.part("nb-mask").get_by_text("Close again")).to_be_visible()  # nothing is thrown away by one key
    editor.press("Control+s")
    expect(editor.part("nb-mask")).to_have_count(0)
    editor.expect_value("1", "image", "other (mask).png")
    stored = np.asarray(Image.open(scratch.folder / "input" / "other (mask).png"))
    assert stored[100, 150].tolist() == [255, 0, 0, 0]  # selected: transparent, and its colour is kept
    assert stored[2, 2].tolist() == [255, 0, 0, 255]
    assert (stored[..., 3] == 0).mean() > 0.05
    scratch.execute("g.run(g['1']).check()")
    assert scratch.evaluate("[float(g['1'].outputs[1][0, 100, 150]), float(g['1'].outputs[1][0, 2, 2])]") == [1.0, 0.0]
    editor.focus_canvas()
    editor.press("Control+z")
    editor.expect_value("1", "image", "other.png")


SHAPES = """
from typing import Annotated

@nb.node(is_output=True)
def shapes(
    tone: Annotated[list[list[float]], nb.Curve()] = ((0, 0), (1, 1)),
    ink: Annotated[str, nb.Color("hex", alpha=True)] = "#ff880080",
) -> nb.UI:
    return nb.UI(text=f"{tone} {ink}")

g = nb.Graph()
g.add(shapes)
"""


def test_curves_are_drawn_and_colours_chosen(scratch: Lab) -> None:
    editor = show_graph(scratch, SHAPES)
    frame = editor.input("1", "tone").locator(".nb-curve-frame")
    box = frame.bounding_box()
    assert box is not None
    scratch.page.mouse.dblclick(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.25)
    editor.wait(lambda: len(editor.value("1", "tone") or []) == 3, "a third point")
    x, y = editor.value("1", "tone")[1]
    assert (x, y) == (pytest.approx(0.5, abs=0.03), pytest.approx(0.75, abs=0.03))
    points = editor.input("1", "tone").get_by_role("slider")
    points.nth(1).focus()
    editor.press("ArrowDown", "Shift+ArrowRight")
    editor.wait(lambda: editor.value("1", "tone")[1] == [round(x + 0.1, 4), round(y - 0.01, 4)], "the moved point")
    points.nth(1).focus()
    editor.press("Delete")
    editor.expect_value("1", "tone", [[0, 0], [1, 1]])

    editor.input("1", "ink").get_by_label("Colours for ink").click()
    editor.root.get_by_label("#1e88e5").click()
    editor.expect_value("1", "ink", "#1e88e580")
    editor.input("1", "ink").locator("input.nb-text").fill("#11223344")
    editor.press("Enter")
    editor.expect_value("1", "ink", "#11223344")
    editor.run()
    expect(editor.node("1").locator(".nb-output-text")).to_have_text("[[0.0, 0.0], [1.0, 1.0]] #11223344")


SHOWN = """
import pandas as pd, torch
from typing import Annotated

@nb.node
def frame(rows: int = 500) -> pd.DataFrame:
    return pd.DataFrame({"n": range(rows), "words": ["<b>bold</b>"] * rows})

@nb.node
def tone(seconds: float = 0.5) -> Annotated[dict, nb.Port("AUDIO")]:
    return {"waveform": torch.zeros(1, 1, int(8000 * seconds)), "sample_rate": 8000}

g = nb.Graph()
g.add(frame)
g.add(tone)
g.add("PreviewAny", source=g["1"])
"""


def test_tables_and_sounds_are_shown_and_come_back_after_a_reload(scratch: Lab) -> None:
    editor = show_graph(scratch, SHOWN)
    scratch.execute("g.run('1', '2', '3').check()")
    table = editor.node("1").get_by_role("region", name="Table")
    expect(table.locator("th")).to_contain_text(["n", "words"])
    expect(table.locator("tbody tr")).to_have_count(200)
    expect(table.locator("td").nth(1)).to_have_text("<b>bold</b>")  # text, and no element
    caption = editor.node("1").locator("figcaption")
    expect(caption).to_have_text("first 200 of 500 rows \N{MULTIPLICATION SIGN} 2 columns")
    audio = editor.node("2").locator("audio")
    editor.wait(
        lambda: bool(audio.evaluate("(audio) => Math.abs(audio.duration - 0.5) < 0.01")), "half a second of sound"
    )
    expect(editor.node("3").get_by_label("Copy the text")).to_be_attached()
    scratch.run_cell(1)  # another view of the same graph
    again = Editor(scratch, 1)
    expect(again.node("1").locator("tbody tr")).to_have_count(200)


def png(color: str, size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()


def paste(editor: Editor, data: bytes, name: str) -> None:
    """Paste a file, as the browser tells of it, into the editor."""
    event: JSHandle = editor.page.evaluate_handle(
        """([bytes, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
          return new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true });
        }""",
        [list(data), name],
    )
    editor.root.evaluate("(root, event) => { root.focus(); root.dispatchEvent(event); }", event)


_PIXEL = "(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data]"


def pixel(canvas: Locator, x: int, y: int) -> list[int]:
    rgb: list[int] = canvas.evaluate(_PIXEL, [x, y])[:3]
    return rgb
