"""How the editor looks in JupyterLab's two themes: pictures for people, and contrast in numbers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

    from tests.browser.lab import Lab

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EDITOR_CELL = 7
PORTRAIT: ViewportSize = {"width": 1580, "height": 1250}  # the editor is then about 1400 px wide, for the README
EDITOR_HEIGHT_PX = 960
READABLE = 4.5  # WCAG AA

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

# Each visible text with its contrast against what is behind it, all layers of colour and opacity applied.
CONTRASTS = """(root) => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => below.map((one, at) => at === 3 ? 1 : top[at] * top[3] + one * (1 - top[3]));
  const behind = (element) => {
    const layers = [];
    for (let one = element; one !== null; one = one.parentElement) {
      const layer = rgba(getComputedStyle(one).backgroundColor);
      if (layer[3] > 0) layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => {
      const share = one / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const opacity = (element) => {
    let product = 1;
    for (let one = element; one !== root.parentElement; one = one.parentElement) {
      product *= Number(getComputedStyle(one).opacity);
    }
    return product;
  };
  const found = {};
  for (const element of root.querySelectorAll('*')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join('').trim()
      || (element.matches('input:not([type=file]):not([type=color]), textarea') ? element.value : '');
    if (!text || !element.checkVisibility({ checkVisibilityCSS: true }) || element.closest(':disabled')) continue;
    const back = behind(element);
    const color = rgba(getComputedStyle(element).color);
    const front = over([...color.slice(0, 3), color[3] * opacity(element)], back);
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    const name = `${element.tagName.toLowerCase()}.${element.className} in ${element.parentElement.className}`;
    const contrast = (light + 0.05) / (dark + 0.05);
    if (!(contrast >= found[name]?.[0])) found[name] = [Math.round(contrast * 100) / 100, text.slice(0, 30)];
  }
  return found;
}"""


def expect_readable(editor: Editor, theme: str, at_least: int) -> None:
    """Every text of the editor has enough contrast."""
    expect(editor.root).to_have_attribute("data-theme", theme)
    found: dict[str, tuple[float, str]] = editor.root.evaluate(CONTRASTS)
    assert len(found) >= at_least, found
    assert {name: seen for name, seen in found.items() if seen[0] < READABLE} == {}


def expect_dark_or_light(path: Path, theme: str) -> None:
    """The picture as a whole is as light or dark as its theme."""
    with Image.open(path) as picture:
        corner = picture.convert("L").resize((8, 8)).tobytes()[-1]
    assert (corner > 160) == (theme == "light")


def test_the_quickstart_is_photographed(lab: Lab) -> None:
    shutil.copytree(NOTEBOOKS, lab.folder, ignore=shutil.ignore_patterns("output", ".ipynb_checkpoints", "*.json"))
    lab.page.set_viewport_size(PORTRAIT)
    lab.open_file("quickstart.ipynb")
    lab.command("application:toggle-left-area")
    for cell in range(EDITOR_CELL + 1):
        lab.run_cell(cell)
    editor = Editor(lab, EDITOR_CELL)
    grip = editor.middle(editor.part("nb-height"))
    box = editor.root.bounding_box()
    assert box is not None
    editor.drag(grip, grip.moved(0, EDITOR_HEIGHT_PX - box["height"]))
    editor.run()
    editor.expect_run("done")
    for node in editor.document():
        if node != editor.id_of("blur"):
            editor.expect_painted(node)
    editor.part("nb-fit").click()
    editor.press("Escape", "Escape")
    lab.page.mouse.move(0, 0)
    editor.root.scroll_into_view_if_needed()
    for theme in THEMES:
        lab.set_theme(theme)
        expect_readable(editor, theme, at_least=12)
        path = lab.screenshot(f"editor-{theme}", of=editor.root)
        with Image.open(path) as picture:
            assert 1300 <= picture.width <= 1500
            assert picture.height >= EDITOR_HEIGHT_PX - 20
        expect_dark_or_light(path, theme)
        lab.screenshot(f"notebook-{theme}")


@pytest.mark.parametrize("theme", THEMES)
def test_an_empty_graph_says_how_to_begin(scratch: Lab, theme: Literal["light", "dark"]) -> None:
    scratch.set_theme(theme)
    editor = show_graph(scratch, "g = nb.Graph()")
    expect(editor.root.locator(".nb-empty-title")).to_be_visible()
    expect_readable(editor, theme, at_least=4)
    expect_dark_or_light(scratch.screenshot(f"empty-{theme}", of=editor.root), theme)

    editor.part("nb-add").click()
    expect(editor.part("nb-palette")).to_be_visible()
    expect_readable(editor, theme, at_least=6)
    scratch.screenshot(f"palette-{theme}", of=editor.root)
    scratch.page.keyboard.type("im")
    expect_readable(editor, theme, at_least=6)
    editor.press("Escape")

    # A starter builds its graph, linked, and shows it whole.
    editor.part("nb-starter-1").click()
    editor.expect_ids(["1", "2", "3", "4"])
    nodes = editor.document()
    assert [node["type"] for node in nodes.values()] == ["LoadImage", "ImageScale", "ImageSharpen", "PreviewImage"]
    editor.expect_links("4", {"images": ["3", "IMAGE"]})
    expect(editor.root.locator(".nb-empty-title")).to_have_count(0)
    expect(editor.root.locator(".react-flow__edge")).to_have_count(3)
    stage = editor.root.locator(".nb-stage").bounding_box()
    assert stage is not None
    for node in nodes:
        box = editor.node(node).bounding_box()
        assert box is not None
        assert stage["x"] <= box["x"] <= stage["x"] + stage["width"] - box["width"]
    assert scratch.evaluate("g.store.history.undo") == "Open and adjust a picture"
    editor.part("nb-undo").click()  # one step
    editor.expect_ids([])


@pytest.mark.parametrize("theme", THEMES)
def test_errors_and_menus_are_readable(scratch: Lab, theme: Literal["light", "dark"]) -> None:
    scratch.set_theme(theme)
    editor = show_graph(
        scratch,
        """
@nb.node
def fragile(picture: nb.Image, amount: float = 0.0) -> nb.Image:
    raise ValueError("this one always fails")

g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64, color=0x557799)
bad = fragile(picture)
g.add("PreviewImage", images=bad)
g.add("ImageBlend", image1=picture, image2=picture, blend_factor=9.0)
g.add("Note", text="A note about the graph")
g.add("PreviewAny", source="words")
""",
    )
    editor.run()
    editor.expect_run("failed")
    editor.node("2").locator("summary").click()
    editor.select("4")
    editor.input("4", "blend_mode").locator("button").click()
    expect(editor.root.locator("[role=option]").first).to_be_visible()
    expect_readable(editor, theme, at_least=15)
    scratch.screenshot(f"errors-{theme}", of=editor.root)
