"""Draws a scene as SVG: no scripts, nothing from outside, all text escaped, the same bytes for the same scene.

The file carries its own background and both themes: it is shown as an image, where only ``prefers-color-scheme``
reaches it, and is readable on white and on black alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from nodebook.notebook.staticcards import HEADER_HEIGHT, Card, Field, Port, css_color, thumb_height
from nodebook.notebook.staticlayout import Frame, Placed, Scene, Wire
from nodebook.notebook.statictext import clip, one_line, width_of

MAX_WIDTH_PX = 1000
MAX_HEIGHT_PX = 1400
_HIGHEST_PX = 4000
_MARGIN = 24
_CAPTION_HEIGHT = 32
_SMALLEST_WIDTH = 320
_FULL_SCALE = 0.42
"""Below it rows of 12 pixels could not be read: cards show their title and their picture only."""
_MOST_FULL_CARDS = 120
_NODE_COLORS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")

_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_LIGHT = {
    "canvas": "#f5f5f5",
    "edge": "#d5d5d5",
    "card": "#fff",
    "line": "#bdbdbd",
    "text": "#212121",
    "muted": "#4e4e4e",
    "field": "#f0f0f0",
    "fill": "#bcd5ee",
    "switch": "#1976d2",
    "error": "#c62828",
    "note": "#faf1e0",
    "types": "8a8a8a 2f95cf 009e73 c1609a 0b5a9c 978c00 d55e00 d68f00 7a6fc9 8a6d4b",
    "colors": "c62f2f c2570c 967000 2f7d32 0b7a75 1f6fc5 7a4cc2 b83280",
}
_DARK = {
    "canvas": "#141414",
    "edge": "#3a3a3a",
    "card": "#232323",
    "line": "#5c5c5c",
    "text": "#e4e4e4",
    "muted": "#b8b8b8",
    "field": "#343434",
    "fill": "#2b5478",
    "switch": "#42a5f5",
    "error": "#ff8a80",
    "note": "#332b1c",
    "types": "a6a6a6 56b4e9 2fc095 dd8fbb 5f8fe0 f0e442 f07c33 e69f00 a99ff0 c9a67a",
    "colors": "f26d6d f08c4a d9b13b 6cbf6f 4fb9b3 6aa9f0 b08cf0 ec7fb8",
}


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
    left, top, right, bottom = scene.bounds
    scale = scale_of(scene)
    width, height = _extent(scene)
    bar = _CAPTION_HEIGHT / scale
    box = (left - _MARGIN - (width - (right - left) - 2 * _MARGIN) / 2, top - _MARGIN, width, height + bar)
    is_full = scale >= _FULL_SCALE and len(scene.cards) <= _MOST_FULL_CARDS
    parts = [
        f'<rect class="bg" x="{_n(box[0] + 0.5 / scale)}" y="{_n(box[1] + 0.5 / scale)}" '
        f'width="{_n(box[2] - 1 / scale)}" height="{_n(box[3] - 1 / scale)}" rx="{_n(6 / scale)}" '
        f'stroke-width="{_n(1 / scale)}"/>',
        *(_frame(frame, scale) for frame in scene.frames),
        *_wires(scene.wires, scale),
    ]
    for placed in scene.cards:
        parts.append(_full(placed) if is_full else _small(placed, scale))
    parts.append(_caption(caption, box, bar, scale))
    shown_width, shown_height = max(1, round(box[2] * scale)), max(1, round(box[3] * scale))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{shown_width}" height="{shown_height}" '
        f'viewBox="{_n(box[0])} {_n(box[1])} {_n(box[2])} {_n(box[3])}" role="img" font-family="{_FONT}" '
        f'font-size="12"><title>{_xml(caption)}</title><style>{_style(_used(scene))}</style>'
    )
    return Svg(f"{head}{''.join(parts)}</svg>\n", shown_width, shown_height)


def _extent(scene: Scene) -> tuple[float, float]:
    left, top, right, bottom = scene.bounds
    return max(_SMALLEST_WIDTH, right - left + 2 * _MARGIN), bottom - top + 2 * _MARGIN


def _full(placed: Placed) -> str:
    card = placed.card
    if card.kind == "reroute":
        return _dot(placed)
    parts = [_box(card), _header(card, 13)]
    if card.kind == "note":
        parts.append(_lines(card.lines, 12, card.lines_y + 16, 20, "n"))
    elif not card.is_collapsed:
        parts += [_fields(card), _port_names(card)]
        if card.lines:
            parts.append(_words(card))
        if card.thumb is not None:
            parts.append(_thumb(card))
    parts.append(_ports((*card.inputs, *card.outputs), len(card.inputs), card))
    return _group(placed, "".join(parts))


def _group(placed: Placed, inner: str) -> str:
    faint = ' class="off"' if placed.card.mode is not None else ""
    return f'<g{faint} transform="translate({_n(placed.x)} {_n(placed.y)})">{inner}</g>'


def _box(card: Card) -> str:
    names = ["note" if card.kind == "note" else "card"]
    if card.is_failed:
        names.append("bad")
    dashes = ' stroke-dasharray="4 3"' if card.mode is not None or card.is_unknown else ""
    size = f'width="{_n(card.width)}" height="{_n(card.height)}" rx="4"'
    box = f'<rect class="{" ".join(names)}" {size}{dashes}/>'
    if card.color is None:
        return box
    paint = _paint(card.color)
    if paint is None:
        return box
    tint = f'<path {paint[0]} fill-opacity=".14" d="M.5 .5h{_n(card.width - 1)}v{_n(HEADER_HEIGHT - 1)}h-{_n(card.width - 1)}z"/>'
    return (
        f'{box}{tint}<path {paint[0]} d="M0 3a3 3 0 0 1 3-3h{_n(card.width - 6)}a3 3 0 0 1 3 3v-1h-{_n(card.width)}z"/>'
    )


def _paint(color: str) -> tuple[str, str] | None:
    """Return the attribute that fills with a card's colour, and the class that it has in the style sheet."""
    if color in _NODE_COLORS:
        return f'class="c{_NODE_COLORS.index(color)}" fill="currentColor"', color
    css = css_color(color)
    return None if css is None else (f'fill="{css}"', color)


def _header(card: Card, size: float) -> str:
    badge = {"mute": "Muted", "bypass": "Bypassed"}.get(card.mode or "", "Failed" if card.is_failed else "")
    room = card.width - 24 - (width_of(badge, 11) + 8 if badge else 0)
    parts = [
        f'<text class="h" x="12" y="{_n(16 + size * 0.36)}" font-size="{_n(size)}">{_clip(card.title, room, size, bold=True)}</text>'
    ]
    if badge:
        name = "x" if card.is_failed and card.mode is None else "m"
        parts.append(f'<text class="{name} e" x="{_n(card.width - 12)}" y="20" font-size="11">{badge}</text>')
    if not card.is_collapsed and card.kind != "note":
        parts.append(f'<path class="rule" d="M0 {HEADER_HEIGHT}h{_n(card.width)}"/>')
    return "".join(parts)


def _fields(card: Card) -> str:
    plain = [each for each in card.fields if not each.curve]
    parts = []
    if plain:
        boxes = "".join(
            f"M14 {_n(each.y + 4)}h{_n(card.width - 28)}v{_n(each.height - 8)}h-{_n(card.width - 28)}z"
            for each in plain
        )
        parts.append(f'<path class="field" d="{boxes}"/>')
    for field in card.fields:
        parts.append(_field(field, card.width))
    return "".join(parts)


def _field(field: Field, width: float) -> str:
    parts = []
    right, middle = width - 20, field.y + 18
    if field.curve:
        return _curve(field, width)
    if field.fill:
        parts.append(
            f'<rect class="fill" x="12" y="{_n(field.y + 2)}" width="{_n((width - 24) * field.fill)}" height="24" rx="2"/>'
        )
    if field.is_on is not None:
        parts.append(_switch(field.is_on, right, field.y + 14))
        right -= 30
    elif field.swatch is not None:
        parts.append(
            f'<rect class="edge" x="{_n(right - 22)}" y="{_n(field.y + 7)}" width="22" height="14" rx="2" fill="{field.swatch}"/>'
        )
        right -= 28
    label = clip(field.label, (width - 40) * 0.6, 12)
    parts.append(f'<text class="m" x="20" y="{_n(middle)}">{_xml(label)}</text>')
    if field.value and right > 40:
        room = max(16.0, right - 28 - width_of(label, 12))
        name = "m e" if field.is_missing else "e"
        parts.append(f'<text class="{name}" x="{_n(right)}" y="{_n(middle)}">{_clip(field.value, room, 12)}</text>')
    if field.lines:
        parts.append(_lines(field.lines, 20, field.y + 36, 16, ""))
    return "".join(parts)


def _switch(is_on: bool, right: float, middle: float) -> str:  # noqa: FBT001 - what is drawn
    box = f'<rect class="{"on" if is_on else "off-switch"}" x="{_n(right - 24)}" y="{_n(middle - 7)}" width="24" height="14" rx="7"/>'
    return f'{box}<circle class="knob" cx="{_n(right - 7 if is_on else right - 17)}" cy="{_n(middle)}" r="5"/>'


def _curve(field: Field, width: float) -> str:
    left, top, wide, high = 14.0, field.y + 30, width - 28, field.height - 40
    points = " ".join(f"{_n(left + x * wide)} {_n(top + (1 - y) * high)}" for x, y in field.curve)
    return (
        f'<text class="m" x="20" y="{_n(field.y + 18)}">{_clip(field.label, wide, 12)}</text>'
        f'<rect class="edge" x="{_n(left)}" y="{_n(top)}" width="{_n(wide)}" height="{_n(high)}" fill="none"/>'
        f'<polyline class="w p8" points="{points}"/>'
    )


def _lines(lines: Iterable[str], x: float, y: float, step: float, name: str) -> str:
    rows = "".join(
        f'<tspan x="{_n(x)}" y="{_n(y + index * step)}">{_xml(line)}</tspan>'
        for index, line in enumerate(lines)
        if line
    )
    return f"<text{f' class={chr(34)}{name}{chr(34)}' if name else ''}>{rows}</text>" if rows else ""


def _words(card: Card) -> str:
    high = len(card.lines) * 16 + 8
    box = f'<path class="field" d="M14 {_n(card.lines_y + 2)}h{_n(card.width - 28)}v{_n(high - 4)}h-{_n(card.width - 28)}z"/>'
    return box + _lines(card.lines, 18, card.lines_y + 16, 16, "x s" if card.is_failed else "s")


def _thumb(card: Card) -> str:
    thumb = card.thumb
    assert thumb is not None  # noqa: S101 - the caller looked
    wide, high = card.width - 16, thumb_height(thumb, card.width)
    size = f"{thumb.width} × {thumb.height}"
    words = size if thumb.count == 1 else f"{size}, 1 of {thumb.count}"
    return (
        f'<rect class="field-flat" x="8" y="{_n(card.thumb_y)}" width="{_n(wide)}" height="{_n(high)}" rx="2"/>'
        f'<image x="8" y="{_n(card.thumb_y)}" width="{_n(wide)}" height="{_n(high)}" href="{thumb.uri}"/>'
        f'<text class="m" x="8" y="{_n(card.thumb_y + high + 16)}" font-size="11">{words}</text>'
    )


def _port_names(card: Card) -> str:
    rows = [
        f'<text x="12" y="{_n(port.y + 4)}">{_clip(port.name, card.width * 0.55, 12)}</text>'
        for port in card.inputs
        if port.is_shown
    ]
    rows += [
        f'<text class="e" x="{_n(card.width - 12)}" y="{_n(port.y + 4)}">{_clip(port.name, card.width * 0.55, 12)}</text>'
        for port in card.outputs
        if port.is_shown
    ]
    return "".join(rows)


def _ports(ports: tuple[Port, ...], inputs: int, card: Card) -> str:
    dots = []
    for index, port in enumerate(ports):
        x = 0.0 if index < inputs else card.width
        is_small = index < inputs and not port.is_shown and not port.is_linked
        kind = "d" if port.is_linked else "o"
        dots.append(f'<circle class="{kind} p{port.color}" cx="{_n(x)}" cy="{_n(port.y)}" r="{3 if is_small else 5}"/>')
    return "".join(dots)


def _dot(placed: Placed) -> str:
    card = placed.card
    middle = card.width / 2
    color = card.inputs[0].color
    return _group(
        placed,
        f'<path class="w p{color}" d="M0 {_n(middle)}h{_n(card.width)}"/><circle class="d p{color}" cx="{_n(middle)}" cy="{_n(middle)}" r="6"/>',
    )


def _small(placed: Placed, scale: float) -> str:
    """A card from far away: its title, as large as fits, and its picture."""
    card = placed.card
    if card.kind == "reroute":
        return _dot(placed)
    parts = [_box(card)]
    size = min(11 / scale, 0.14 * card.width)
    if card.width * scale >= 36:  # noqa: PLR2004 - pixels: less holds no word
        base = max(HEADER_HEIGHT / 2 + size * 0.36, size)
        parts.append(
            f'<text class="h" x="10" y="{_n(base)}" font-size="{_n(size)}">{_clip(card.title, card.width - 16, size, bold=True)}</text>'
        )
    if card.thumb is not None:
        high = thumb_height(card.thumb, card.width)
        parts.append(
            f'<image x="8" y="{_n(card.thumb_y)}" width="{_n(card.width - 16)}" height="{_n(high)}" href="{card.thumb.uri}"/>'
        )
    return _group(placed, "".join(parts))


def _frame(frame: Frame, scale: float) -> str:
    paint = _paint(frame.color) if frame.color is not None else None
    fill = paint[0] if paint is not None else 'class="m" fill="currentColor"'
    stroke = fill.replace("fill=", "stroke=")
    size = max(13.0, min(11 / scale, 0.12 * frame.width))
    return (
        f'<rect {fill} fill-opacity=".08" x="{_n(frame.x)}" y="{_n(frame.y)}" width="{_n(frame.width)}" height="{_n(frame.height)}" rx="8"/>'
        f'<rect {stroke} fill="none" stroke-opacity=".6" x="{_n(frame.x)}" y="{_n(frame.y)}" width="{_n(frame.width)}" height="{_n(frame.height)}" rx="8"/>'
        f'<text class="h" x="{_n(frame.x + 12)}" y="{_n(frame.y + 8 + size)}" font-size="{_n(size)}">{_clip(frame.title, frame.width - 24, size, bold=True)}</text>'
    )


def _wires(wires: Iterable[Wire], scale: float) -> list[str]:
    """One path for each colour."""
    paths: dict[int, list[str]] = {}
    for wire in wires:
        bend = _bend(wire.x2 - wire.x1)
        paths.setdefault(wire.color, []).append(
            f"M{_n(wire.x1)} {_n(wire.y1)}C{_n(wire.x1 + bend)} {_n(wire.y1)} {_n(wire.x2 - bend)} {_n(wire.y2)} {_n(wire.x2)} {_n(wire.y2)}"
        )
    width = f' stroke-width="{_n(1 / scale)}"' if scale < 0.5 else ""  # noqa: PLR2004 - never thinner than a pixel
    return [f'<path class="w p{color}"{width} d="{"".join(parts)}"/>' for color, parts in sorted(paths.items())]


def _bend(distance: float) -> float:
    """How far a wire goes on straight, as React Flow has it."""
    return 0.5 * distance if distance >= 0 else 0.25 * 25 * (-distance) ** 0.5


def _caption(caption: str, box: tuple[float, float, float, float], bar: float, scale: float) -> str:
    size = 12 / scale
    y = box[1] + box[3] - bar
    return (
        f'<path class="caption" stroke-width="{_n(1 / scale)}" d="M{_n(box[0])} {_n(y)}h{_n(box[2])}"/>'
        f'<text class="m" x="{_n(box[0] + 12 / scale)}" y="{_n(y + bar / 2 + size * 0.36)}" font-size="{_n(size)}">'
        f"{_clip(caption, box[2] - 24 / scale, size)}</text>"
    )


def _used(scene: Scene) -> tuple[set[int], set[str]]:
    """Which colours of the two palettes a picture needs."""
    types = {wire.color for wire in scene.wires} | {8}
    colors: set[str] = {frame.color for frame in scene.frames if frame.color}
    for placed in scene.cards:
        types.update(port.color for port in (*placed.card.inputs, *placed.card.outputs))
        if placed.card.color:
            colors.add(placed.card.color)
    return types, colors


def _style(used: tuple[set[int], set[str]]) -> str:
    shared = (
        "text{white-space:pre}.h{font-weight:600}.e{text-anchor:end;font-variant-numeric:tabular-nums}"
        ".s{font:11px ui-monospace,Menlo,Consolas,monospace}.n{font-size:14px}"
        ".field{stroke-width:4;stroke-linejoin:round}.w{fill:none;stroke:currentColor}.w,.d,.o{stroke-width:2}"
        ".d{fill:currentColor;stroke:currentColor}.o{stroke:currentColor}.off{opacity:.6}"
    )
    return f"{shared}{_theme(_LIGHT, used)}@media(prefers-color-scheme:dark){{{_theme(_DARK, used)}}}"


def _theme(palette: dict[str, str], used: tuple[set[int], set[str]]) -> str:
    p = palette
    types, colors = p["types"].split(), p["colors"].split()
    rules = [
        f"text{{fill:{p['text']}}}.m{{fill:{p['muted']};color:{p['muted']}}}.x{{fill:{p['error']}}}",
        f".bg{{fill:{p['canvas']};stroke:{p['edge']}}}.caption{{stroke:{p['edge']}}}",
        f".card,.knob,.o{{fill:{p['card']}}}.note{{fill:{p['note']}}}.card,.note,.edge{{stroke:{p['line']}}}",
        f".bad{{stroke:{p['error']}}}.rule{{stroke:{p['edge']}}}",
        f".field{{fill:{p['field']};stroke:{p['field']}}}.field-flat{{fill:{p['field']}}}",
        f".fill{{fill:{p['fill']}}}.on{{fill:{p['switch']}}}.off-switch{{fill:{p['line']}}}",
        *(f".p{number}{{color:#{types[number]}}}" for number in sorted(used[0])),
        *(f".c{index}{{color:#{colors[index]}}}" for index, name in enumerate(_NODE_COLORS) if name in used[1]),
    ]
    return "".join(rules)


def _clip(text: str, width: float, size: float, *, bold: bool = False) -> str:
    return _xml(clip(text, width, size, bold=bold))


def _xml(text: str) -> str:
    return escape(one_line(text) if "\n" in text else text)


def _n(number: float) -> str:
    """A number with at most one digit after the point."""
    text = f"{number:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
