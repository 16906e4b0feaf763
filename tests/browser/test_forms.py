"""A form of a graph's named inputs: in JupyterLab, and under Voilà for people who see nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SCREENSHOTS
from tests.browser.voila import VoilaServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Locator

    from tests.browser.lab import Lab

GRAPH = '''import time
from typing import Annotated, Literal

import PIL.Image
from pydantic import Field

import nodebook as nb


@nb.node
def paint(
    size: Annotated[int, Field(ge=8, le=256)] = 64,
    tone: Literal["warm", "cold"] = "warm",
    amount: Annotated[float, Field(ge=0, le=1), nb.Number(display="slider")] = 0.5,
    seed: int = 3,
    words: Annotated[str, nb.Text(multiline=True)] = "",
) -> PIL.Image.Image:
    """Paint a square.

    size: side of the picture, in pixels.
    words: what is said of it; "slow" takes its time.
    """
    if words == "bad":
        raise ValueError("there is no picture of that")
    for step in range(40 if words == "slow" else 2):
        time.sleep(0.05)
        nb.progress(step + 1, 40 if words == "slow" else 2)
    colour = (int(amount * 255), seed % 256, 0 if tone == "warm" else 200)
    return PIL.Image.new("RGB", (size, size), colour)


g = nb.Graph()
painted = g.add(
    paint,
    size=g.input("size", 64),
    tone=g.input("tone", "warm"),
    amount=g.input("amount", 0.5),
    seed=g.input("seed", 2**60 + 1),
    words=g.input("words", "a square"),
)
shown = g.add("PreviewImage", images=painted)'''

SHOW = 'form = g.interact(title="A square", defaults=True)\nform'


def field(form: Locator, name: str) -> Locator:
    return form.locator(f".nb-field-{name}")


def pixel(form: Locator) -> list[int]:
    """Return the colour of the picture that a form shows."""
    found: list[int] = form.locator("img").first.evaluate(
        """(image) => {
          const canvas = document.createElement('canvas');
          canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
          const context = canvas.getContext('2d');
          context.drawImage(image, 0, 0);
          return [...context.getImageData(1, 1, 1, 1).data].slice(0, 3);
        }"""
    )
    return found


def button(form: Locator, words: str) -> Locator:
    return form.get_by_role("button", name=words)


def test_a_form_in_jupyterlab(lab: Lab) -> None:
    lab.open([GRAPH, SHOW, "g"])
    lab.run_cell(0)
    lab.run_cell(1)
    form = lab.output(1).locator(".nb-form")
    expect(form).to_contain_text("A square")
    expect(field(form, "size")).to_contain_text("Side of the picture, in pixels. 8 to 256.")

    button(form, "Run").click()
    expect(form.locator("img")).to_have_count(1)
    assert pixel(form) == [127, 1, 0]
    lab.screenshot("form-light", form)

    field(form, "size").locator("input").fill("900")
    field(form, "size").locator("input").press("Tab")
    expect(field(form, "size").get_by_role("alert")).to_have_text("Expected 8 to 256, got 900.")
    runs = lab.evaluate("len(nb.queue.history)")
    button(form, "Run").click()
    expect(form).to_contain_text("Nothing was run: a field needs another value.")
    assert lab.evaluate("len(nb.queue.history)") == runs
    lab.screenshot("form-error-light", form)

    field(form, "size").locator("input").fill("32")
    field(form, "size").locator("input").press("Tab")
    expect(field(form, "size").get_by_role("alert")).to_have_count(0)
    field(form, "tone").locator("select").select_option("cold")
    field(form, "seed").locator("input").fill("77")
    field(form, "seed").locator("input").press("Tab")
    button(form, "Run").click()
    expect(form).to_contain_text("1 picture, 32 × 32")
    assert pixel(form) == [127, 77, 200]
    assert lab.evaluate("g['tone'].node.values['value']") == "warm", "a form's values hold for its runs only"

    before = field(form, "seed").locator("input").input_value()
    field(form, "seed").locator(".nb-dice").click()
    expect(field(form, "seed").locator("input")).not_to_have_value(before)

    button(form, "Set as defaults").click()
    lab.page.wait_for_timeout(300)
    assert lab.evaluate("[g['tone'].node.values['value'], g['size'].node.values['value']]") == ["cold", 32]
    lab.execute("g['size'].set(value=48)")
    expect(field(form, "size").locator("input")).to_have_value("48")

    lab.set_theme("dark")
    lab.screenshot("form-dark", form)


def test_a_form_shows_progress_cancels_and_closes(lab: Lab) -> None:
    lab.open([GRAPH, SHOW, 'other = g.interact("words", "amount", run="change", layout="below")\nother'])
    lab.run_cell(0)
    lab.run_cell(1)
    lab.run_cell(2)
    form, other = lab.output(1).locator(".nb-form"), lab.output(2).locator(".nb-form")
    field(form, "words").locator("textarea").fill("slow")
    field(form, "words").locator("textarea").press("Tab")
    button(form, "Run").click()
    expect(button(form, "Cancel")).to_be_enabled()
    expect(form.get_by_role("status")).to_contain_text("Paint")
    lab.screenshot("form-progress", form)
    button(form, "Cancel").click()
    expect(form).to_contain_text("Cancelled.")
    expect(button(form, "Run")).to_be_enabled()

    field(other, "words").locator("textarea").fill("bad")
    field(other, "words").locator("textarea").press("Tab")
    expect(other).to_contain_text("there is no picture of that")
    expect(form).not_to_contain_text("there is no picture of that")
    field(other, "words").locator("textarea").fill("good")
    field(other, "words").locator("textarea").press("Tab")
    expect(other.locator("img")).to_have_count(1)
    lab.screenshot("form-below", other)

    lab.execute("other.close()")
    expect(other).to_have_count(0)
    button(form, "Run").click()
    lab.run_cell(1)
    expect(lab.output(1).locator(".nb-form")).to_have_count(1)


@pytest.fixture
def voila(tmp_path: Path) -> Iterator[VoilaServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    cells = [nbformat.v4.new_code_cell(each) for each in (GRAPH, SHOW)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "form.ipynb")
    with VoilaServer(tmp_path, folder / "form.ipynb") as server:
        yield server


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_form_under_voila(voila: VoilaServer, browser_context: BrowserContext, theme: str) -> None:
    page = browser_context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(f"{voila.url}?theme={theme}", wait_until="commit", timeout=90_000)
        form = page.locator(".nb-form")
        expect(form).to_contain_text("A square", timeout=60_000)
        expect(page.get_by_text("def paint")).to_have_count(0)
        field(form, "tone").locator("select").select_option("cold")
        button(form, "Run").click()
        expect(form.locator("img")).to_have_count(1)
        assert pixel(form) == [127, 1, 200]
        field(form, "size").locator("input").fill("7")
        field(form, "size").locator("input").press("Tab")
        expect(field(form, "size").get_by_role("alert")).to_have_text("Expected 8 to 256, got 7.")
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"form-voila-{theme}.png")
        assert not [each for each in errors if re.search(r"nodebook|widget", each)]
    finally:
        page.close()
