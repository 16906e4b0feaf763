"""The editor's colours on each other, with the values that JupyterLab's themes give: WCAG's level AA, computed.

The browser tests measure what is shown; this covers every pair, shown or not, and says which variable is at fault.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Literal

import pytest

Color = tuple[float, float, float, float]
Theme = Literal["light", "dark"]

STYLES = Path(__file__).parents[2] / "nodebook" / "js" / "src" / "styles"
LAB_THEMES = Path(sys.prefix) / "share" / "jupyter" / "lab" / "themes" / "@jupyterlab"

TEXT, GRAPHIC = 4.5, 3.0
SURFACES = ("--nb-card", "--nb-canvas", "--nb-menu", "--nb-field", "--nb-field-hover")
NODE_COLORS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")


class Values:
    """The variables of one theme: JupyterLab's, and the editor's over them."""

    def __init__(self, theme: Theme) -> None:
        lab = LAB_THEMES / f"theme-{theme}-extension" / "index.css"
        if not lab.exists():
            pytest.skip("JupyterLab is not installed: its themes are not there")
        self._texts = _declared(lab.read_text(encoding="utf-8"), ":root")
        own = "".join((STYLES / name).read_text(encoding="utf-8") for name in ("theme.css", "colors.css"))
        self._texts |= _declared(own, ".nb-editor")
        if theme == "dark":
            self._texts |= _declared(own, '.nb-editor[data-theme="dark"]')

    def color(self, text: str) -> Color:
        """Return red, green, blue and opacity, 0 to 1, of what a declaration may hold."""
        text = text.strip()
        if text.startswith("var("):
            name, _, fallback = _inside(text).partition(",")
            return self.color(self._texts.get(name.strip()) or fallback)
        if text.startswith("color-mix("):
            space, first, second = _split(_inside(text))
            assert space == "in srgb", text
            color, _, share = first.rpartition(" ")
            return _mix(self.color(color), self.color(second), float(share.removesuffix("%")) / 100)
        if text.startswith("rgb"):
            numbers = re.findall(r"[\d.]+%?", _inside(text))
            opacity = _fraction(numbers[3]) if len(numbers) > 3 else 1.0
            return (float(numbers[0]) / 255, float(numbers[1]) / 255, float(numbers[2]) / 255, opacity)
        digits = {"white": "fff", "black": "000"}.get(text, text.removeprefix("#"))
        if len(digits) == 3:
            digits = "".join(2 * digit for digit in digits)
        red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
        return (red, green, blue, 1.0)

    def contrast(self, front: str, back: str) -> float:
        below = self.color(back)
        assert below[3] == 1, f"{back} is see-through"
        light, dark = sorted((_luminance(_over(self.color(front), below)), _luminance(below)), reverse=True)
        return (light + 0.05) / (dark + 0.05)


def _declared(css: str, selector: str) -> dict[str, str]:
    """Return the variables of all rules with this very selector. Nested rules end them."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    found: dict[str, str] = {}
    for body in re.findall(rf"(?:^|}}|;|\n)\s*{re.escape(selector)}\s*{{([^{{}}]*)", css):
        found |= {name: value.strip() for name, value in re.findall(r"(--[\w-]+)\s*:\s*([^;]+);", body)}
    assert found, f"no variables for {selector}"
    return found


def _inside(call: str) -> str:
    return call[call.index("(") + 1 : call.rindex(")")]


def _split(arguments: str) -> list[str]:
    """Split at the commas that are in no bracket."""
    parts, depth = [""], 0
    for letter in arguments:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _fraction(text: str) -> float:
    return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)


def _mix(first: Color, second: Color, share: float) -> Color:
    """CSS mixes with premultiplied opacity."""
    opacity = first[3] * share + second[3] * (1 - share)
    red, green, blue = (
        (one * first[3] * share + other * second[3] * (1 - share)) / opacity
        for one, other in zip(first[:3], second[:3], strict=True)
    )
    return (red, green, blue, opacity)


def _over(front: Color, back: Color) -> Color:
    red, green, blue = (one * front[3] + other * (1 - front[3]) for one, other in zip(front[:3], back[:3], strict=True))
    return (red, green, blue, 1.0)


def _luminance(color: Color) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _pairs() -> list[tuple[str, str, float]]:
    """Return what stands on what, and the contrast that it needs."""
    pairs = [(text, surface, TEXT) for text in ("--nb-text", "--nb-muted") for surface in SURFACES]
    pairs += [(text, "--nb-card", TEXT) for text in ("--nb-error", "--nb-warn-text", "--nb-accent")]
    pairs += [("--nb-accent", surface, GRAPHIC) for surface in SURFACES]
    pairs += [(f"--nb-color-{name}", "--nb-card", GRAPHIC) for name in NODE_COLORS]
    return pairs


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_has_enough_contrast(theme: Theme) -> None:
    values = Values(theme)
    found = {
        (front, back): round(values.contrast(f"var({front})", f"var({back})"), 2)
        for front, back, needed in _pairs()
        if values.contrast(f"var({front})", f"var({back})") < needed
    }
    assert found == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "color", [*(f"var(--nb-color-{name})" for name in NODE_COLORS), "#000", "#fff", "#0f0", "#00f"]
)
def test_a_coloured_header_is_readable(theme: Theme, color: str) -> None:
    """Whatever the colour: one of the palette, or one that a person typed."""
    css = (STYLES / "colors.css").read_text(encoding="utf-8")
    tint = re.search(r"color-mix\(in srgb, var\(--nb-node-color\) \d+%, var\(--nb-card\)\)", css)
    assert tint
    header = tint[0].replace("var(--nb-node-color)", color)
    values = Values(theme)
    found = {name: round(values.contrast(f"var({name})", header), 2) for name in ("--nb-text", "--nb-muted")}
    assert min(found.values()) >= TEXT, found


def test_the_arithmetic_of_colours() -> None:
    values = Values("light")
    assert values.contrast("#000", "#fff") == pytest.approx(21)
    assert values.contrast("#777", "#fff") == pytest.approx(4.48, abs=0.01)
    assert values.color("color-mix(in srgb, #fff 25%, #000)") == (0.25, 0.25, 0.25, 1)
    assert values.color("rgb(255 255 255 / 50%)") == (1, 1, 1, 0.5)
    assert values.contrast("rgb(0 0 0 / 0%)", "#fff") == pytest.approx(1)
