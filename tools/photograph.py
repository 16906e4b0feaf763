"""Photograph every screen of the editor, in a real JupyterLab, for docs/editor.md.

    python -m tools.photograph [part of a name]

Each screen is taken in both themes, and where it says so also narrow. Look at them before they are committed.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import sync_playwright

from tests.browser.editor import Editor
from tests.browser.lab import Lab
from tests.browser.server import LabServer
from tools.browser import ADVICE, ARGUMENTS, find_browser

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images" / "editor"
WIDE: ViewportSize = {"width": 1440, "height": 1000}
NARROW: ViewportSize = {"width": 760, "height": 1000}
MOST_S = 240
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

WORDS = """import nodebook as nb
g = nb.Graph()
model, clip, vae = g.add("CheckpointLoaderSimple", ckpt_name="nodebook-demo.safetensors")
wanted = g.add("CLIPTextEncode", title="Wanted", clip=clip, text="a red circle on a blue background")
unwanted = g.add("CLIPTextEncode", title="Unwanted", clip=clip, text="")
blank = g.add("EmptyLatentImage", width=128, height=128, batch_size=4)
latent = g.add("KSampler", model=model, positive=wanted, negative=unwanted, latent_image=blank, seed=1, cfg=5.0)
picture = g.add("VAEDecode", samples=latent, vae=vae)
saved = g.add("SaveImage", images=picture)
g.run()"""

SHOWS = """import nodebook as nb, pandas as pd
g = nb.Graph()

@nb.node(cache=False)
def prices() -> pd.DataFrame:
    "Prices of fruit."
    print("three fruits")
    return pd.DataFrame({"fruit": ["apple", "pear", "plum"], "price": [1.2, 0.8, 2.5], "ripe": [True, False, True]})

@nb.node
def broken(table: pd.DataFrame) -> float:
    "Divides by nought."
    return len(table) / 0

blue = g.add("EmptyImage", width=320, height=200, color=0x336699)
curved = g.add("ImageCurves", image=blue)
both = g.add("ImageCompare", image_a=blue, image_b=curved)
table = g.add(prices)
wrong = g.add(broken, table=table)
g.add("Note", text="# Notes\\n- in **Markdown**\\n- [sanitised](https://example.com)")
g.run(both, wrong)"""

LARGE = """import nodebook as nb
g = nb.Graph()
for _ in range(12):
    last = g.add("EmptyImage", width=64, height=64)
    for _ in range(24):
        last = g.add("ImageBlur", image=last)"""


def press(*keys: str) -> Callable[[Editor], None]:
    """Return what presses keys on the canvas."""

    def act(editor: Editor) -> None:
        editor.root.focus()
        editor.press(*keys)

    return act


def palette(editor: Editor) -> None:
    """Find a node."""
    editor.part("nb-add").click()
    editor.page.keyboard.type("upscale")


def card_menu(editor: Editor) -> None:
    """Ask for the menu of a card."""
    editor.node("5").locator(".nb-title").click(button="right")


def select_middle(editor: Editor) -> None:
    """Select the cards between loading and sampling."""
    for at, node in enumerate(("2", "3", "4")):
        editor.node(node).locator(".nb-title").click(modifiers=["Control"] if at else [])


def group(editor: Editor) -> None:
    """Put a frame around some cards."""
    select_middle(editor)
    editor.press("Control+g")
    editor.press("Escape", "f")


def subgraph(editor: Editor) -> None:
    """Make a subgraph and go inside."""
    select_middle(editor)
    editor.press("Control+Shift+g")
    editor.page.wait_for_timeout(500)
    editor.page.keyboard.type("Words")
    editor.press("Enter")
    editor.page.wait_for_timeout(300)
    editor.press("e")
    editor.page.wait_for_timeout(500)
    editor.press("f")


def enlarge(node: str) -> Callable[[Editor], None]:
    """Return what shows a node's pictures over the editor."""

    def act(editor: Editor) -> None:
        editor.node(node).hover()
        editor.node(node).locator("[aria-label*='arge']").first.click()

    return act


def legend(editor: Editor) -> None:
    """Find a command by its words."""
    press(">")(editor)
    editor.page.keyboard.type("wires and their")
    editor.press("Enter")


def run_menu(editor: Editor) -> None:
    """Ask how to run."""
    editor.part("nb-run-menu").click()


def change_seed_and_plan(editor: Editor) -> None:
    """Change what is asked for, and look at what a run would do."""
    editor.type_number("5", "seed", "7")
    press("p")(editor)


@dataclass(frozen=True)
class Screen:
    """A screen: the graph that it shows, and what leads there."""

    name: str
    graph: str
    act: Callable[[Editor], None] | None = None
    narrow: bool = False


SCREENS = (
    Screen("whole", WORDS, narrow=True),
    Screen("palette", WORDS, palette, narrow=True),
    Screen("library", WORDS, press("n"), narrow=True),
    Screen("legend", WORDS, legend),
    Screen("list", WORDS, press("Alt+l"), narrow=True),
    Screen("queue", WORDS, press("q"), narrow=True),
    Screen("plan", WORDS, change_seed_and_plan),
    Screen("times", WORDS, press("t")),
    Screen("run-menu", WORDS, run_menu),
    Screen("card-menu", WORDS, card_menu),
    Screen("keys", WORDS, press("?"), narrow=True),
    Screen("group", WORDS, group),
    Screen("subgraph", WORDS, subgraph),
    Screen("pictures", WORDS, enlarge("7")),
    Screen("displays", SHOWS, press("Shift+l", "f"), narrow=True),
    Screen("log", SHOWS, press("Shift+l", "f", "o")),
    Screen("large", LARGE, press("f")),
)


def photograph(lab: Lab, screen: Screen) -> None:
    """Show a screen in both themes and widths, and save the pictures."""
    for theme in THEMES:
        for size in (WIDE, NARROW) if screen.narrow else (WIDE,):
            lab.page.set_viewport_size(size)
            lab.rerun(0, screen.graph, wait=False)
            lab.wait_idle(MOST_S)
            lab.run_cell(1)
            lab.set_theme(theme)
            editor = Editor(lab, 1)
            editor.page.wait_for_timeout(700)
            if screen.act is not None:
                screen.act(editor)
            editor.page.wait_for_timeout(600)
            narrow = "-narrow" if size is NARROW else ""
            save(editor.root.screenshot(), FOLDER / f"{screen.name}-{theme}{narrow}.png")


def save(png: bytes, path: Path) -> None:
    """Write a screenshot as small as it gets without losing a colour."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").save(path, optimize=True)
    print(path.relative_to(FOLDER.parent.parent.parent))


def main() -> None:
    """Photograph the screens whose name has the argument in it, or all."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    browser_path = find_browser()
    if browser_path is None:
        sys.exit(ADVICE)
    with (
        tempfile.TemporaryDirectory() as folder,
        LabServer(Path(folder) / "jupyter") as server,
        sync_playwright() as tool,
    ):
        browser = tool.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
        for screen in SCREENS:
            if wanted in screen.name:
                lab = Lab(server, context.new_page(), screen.name, Path(folder))
                lab.open(["", "g"])
                lab.page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
                photograph(lab, screen)
                lab.close()
        browser.close()


if __name__ == "__main__":
    main()
