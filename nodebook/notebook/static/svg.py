"""Draws a scene as SVG: no scripts, nothing from outside, all text escaped, the same bytes for the same scene.

The file carries its own background and both themes: it is shown as an image, where only ``prefers-color-scheme``
reaches it, and is readable on white and on black alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nodebook.notebook.static.cardsvg import draw_card, draw_far, paint
from nodebook.notebook.static.layout import Frame, Scene, Wire
from nodebook.notebook.static.marks import number, tag, text, words
from nodebook.notebook.static.style import FONT, style_of

MAX_WIDTH_PX = 1000
MAX_HEIGHT_PX = 1400
_HIGHEST_PX = 4000
_MARGIN = 24
_CAPTION_HEIGHT = 32
_SMALLEST_WIDTH = 320
_FULL_SCALE = 0.42
"""Below it rows of 12 pixels could not be read: cards show their title and their picture only."""
_MOST_FULL_CARDS = 120
_THIN_SCALE = 0.5


@dataclass(frozen=True, slots=True)
class Svg:
    """A picture as text; ``width`` and ``height`` in pixels as it is meant to be shown."""

    text: str
    width: int
    height: int


def scale_of(scene: Scene) -> float:
    """Return how large a scene is drawn: 1 where it fits, less where it is wide or high."""
    width, height = _extent(scene)
    # A high and narrow graph may be higher than a screen rather than unreadable.
    return min(1.0, MAX_WIDTH_PX / width, max(MAX_HEIGHT_PX / height, min(0.5, _HIGHEST_PX / height)))


def draw(scene: Scene, caption: str) -> Svg:
    """Draw a scene with a line of text below it."""
    left, top, right, _ = scene.bounds
    scale = scale_of(scene)
    width, height = _extent(scene)
    bar = _CAPTION_HEIGHT / scale
    x, y = (left + right - width) / 2, top - _MARGIN
    full = scale >= _FULL_SCALE and len(scene.cards) <= _MOST_FULL_CARDS
    inner = "".join(
        [
            tag("title", words(caption)),
            tag("style", style_of(_types(scene), _colors(scene))),
            _background(x, y, width, height + bar, scale),
            *(_frame(frame, scale) for frame in scene.frames),
            *_wires(scene.wires, scale),
            *(draw_card(placed) if full else draw_far(placed, scale) for placed in scene.cards),
            _caption(caption, (x, y + height, width), bar, scale),
        ]
    )
    shown = max(1, round(width * scale)), max(1, round((height + bar) * scale))
    svg = tag(
        "svg",
        inner,
        xmlns="http://www.w3.org/2000/svg",
        width=shown[0],
        height=shown[1],
        viewBox=" ".join(map(number, (x, y, width, height + bar))),
        role="img",
        font_family=FONT,
        font_size=12,
    )
    return Svg(f"{svg}\n", *shown)


def _extent(scene: Scene) -> tuple[float, float]:
    left, top, right, bottom = scene.bounds
    return max(_SMALLEST_WIDTH, right - left + 2 * _MARGIN), bottom - top + 2 * _MARGIN


def _background(x: float, y: float, width: float, height: float, scale: float) -> str:
    pixel = 1 / scale
    place = {"x": x + pixel / 2, "y": y + pixel / 2, "width": width - pixel, "height": height - pixel}
    return tag("rect", cls="bg", rx=6 * pixel, stroke_width=pixel, **place)


def _frame(frame: Frame, scale: float) -> str:
    place = {"x": frame.x, "y": frame.y, "width": frame.width, "height": frame.height, "rx": 8.0}
    size = max(13.0, min(11 / scale, 0.12 * frame.width))
    colored = paint(frame.color) or {"cls": "m"}
    fill = tag("rect", fill="currentColor", fill_opacity=".08", **place)
    edge = tag("rect", fill="none", stroke="currentColor", stroke_opacity=".6", **place)
    title = text(frame.title, frame.x + 12, frame.y + 8 + size, size, cls="h", room=frame.width - 24)
    return tag("g", fill + edge, **colored) + title


def _wires(wires: Iterable[Wire], scale: float) -> Iterator[str]:
    """One path for each colour; never thinner than a pixel."""
    paths: dict[int, list[str]] = {}
    for wire in wires:
        bend = _bend(wire.x2 - wire.x1)
        points = (wire.x1 + bend, wire.y1, wire.x2 - bend, wire.y2, wire.x2, wire.y2)
        curve = " ".join(map(number, points))
        paths.setdefault(wire.color, []).append(f"M{number(wire.x1)} {number(wire.y1)}C{curve}")
    for color, parts in sorted(paths.items()):
        style = f"stroke-width:{number(1 / scale)}" if scale < _THIN_SCALE else None
        yield tag("path", cls=f"w p{color}", style=style, d="".join(parts))


def _bend(distance: float) -> float:
    """How far a wire goes on straight, as React Flow has it."""
    bend: float = 0.5 * distance if distance >= 0 else 0.25 * 25 * (-distance) ** 0.5
    return bend


def _caption(caption: str, place: tuple[float, float, float], bar: float, scale: float) -> str:
    x, y, width = place
    size, indent = 12 / scale, 12 / scale
    rule = tag("path", cls="caption", stroke_width=1 / scale, d=f"M{number(x)} {number(y)}h{number(width)}")
    return rule + text(caption, x + indent, y + bar / 2 + size * 0.36, size, cls="m", room=width - 2 * indent)


def _types(scene: Scene) -> set[int]:
    ports = (port for placed in scene.cards for port in (*placed.card.inputs, *placed.card.outputs))
    return {8} | {wire.color for wire in scene.wires} | {port.color for port in ports}


def _colors(scene: Scene) -> set[str]:
    cards = (placed.card.color for placed in scene.cards)
    return {color for color in (*cards, *(frame.color for frame in scene.frames)) if color}
