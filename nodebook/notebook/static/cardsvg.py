"""Draws single cards, in the coordinates of their own corner: as in the editor, or from far away."""

from __future__ import annotations

from nodebook.notebook.static.cards import HEADER_HEIGHT, Card, Field, css_color, thumb_height
from nodebook.notebook.static.layout import Placed
from nodebook.notebook.static.marks import box, lines, number, tag, text
from nodebook.notebook.static.text import clip, width_of

NODE_COLORS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")
_BADGES = {"mute": "Muted", "bypass": "Bypassed"}
_NARROWEST_TITLE_PX = 36
_NARROWEST_VALUE = 40


def draw_card(placed: Placed) -> str:
    """Return a card with all that stands on it."""
    card = placed.card
    if card.kind == "reroute":
        return _dot(placed)
    parts = [_frame(card), _header(card)]
    if card.kind == "note":
        parts.append(lines(card.lines, 12, card.lines_y + 16, 20, "n"))
    elif not card.is_collapsed:
        parts += [tag("path", cls="rule", d=f"M0 {HEADER_HEIGHT}h{number(card.width)}"), _fields(card), _names(card)]
        if card.lines:
            parts.append(_words(card))
        if card.thumb is not None:
            parts.append(_thumb(card))
    parts.append(_ports(card))
    return _at(placed, "".join(parts))


def draw_far(placed: Placed, scale: float) -> str:
    """Return a card as it is seen from far away: its title, as large as fits, and its picture."""
    card = placed.card
    if card.kind == "reroute":
        return _dot(placed)
    parts = [_frame(card)]
    if card.width * scale >= _NARROWEST_TITLE_PX:
        size = min(11 / scale, 0.14 * card.width)
        middle = max(HEADER_HEIGHT / 2 + size * 0.36, size)
        parts.append(text(card.title, 10, middle, size, cls="h", room=card.width - 16))
    if card.thumb is not None:
        parts.append(_image(card))
    return _at(placed, "".join(parts))


def paint(color: str | None) -> dict[str, str] | None:
    """Return the attributes that set ``currentColor`` to a card's colour; None for what is no colour."""
    if color in NODE_COLORS:
        return {"cls": f"c{NODE_COLORS.index(color)}"}
    css = css_color(color)
    return None if css is None else {"color": css}


def _at(placed: Placed, inner: str) -> str:
    faint = "off" if placed.card.mode is not None else None
    return tag("g", inner, cls=faint, transform=f"translate({number(placed.x)} {number(placed.y)})")


def _frame(card: Card) -> str:
    names = ["note" if card.kind == "note" else "card"]
    if card.is_failed:
        names.append("bad")
    dashes = "4 3" if card.mode is not None or card.is_unknown else None
    frame = tag("rect", cls=" ".join(names), width=card.width, height=card.height, rx=4, stroke_dasharray=dashes)
    colored = paint(card.color)
    if colored is None:
        return frame
    wide = card.width
    tint = tag("path", fill="currentColor", fill_opacity=".14", d=box(0.5, 0.5, wide - 1, HEADER_HEIGHT - 1))
    edge = f"M0 3a3 3 0 0 1 3-3h{number(wide - 6)}a3 3 0 0 1 3 3v-1h-{number(wide)}z"
    return frame + tag("g", tint + tag("path", fill="currentColor", d=edge), **colored)


def _header(card: Card) -> str:
    badge = _BADGES.get(card.mode or "", "Failed" if card.is_failed else "")
    taken = width_of(badge, 11) + 8 if badge else 0
    title = text(card.title, 12, 20.7, 13, cls="h", room=card.width - 24 - taken)
    if not badge:
        return title
    cls = "x e" if card.is_failed and card.mode is None else "m e"
    return title + text(badge, card.width - 12, 20, 11, cls=cls)


def _fields(card: Card) -> str:
    wide = card.width - 28
    boxes = "".join(box(14, each.y + 4, wide, each.height - 8) for each in card.fields if not each.curve)
    parts = [tag("path", cls="field", d=boxes)] if boxes else []
    parts.extend(_curve(field, card.width) if field.curve else _field(field, card.width) for field in card.fields)
    return "".join(parts)


def _field(field: Field, width: float) -> str:
    parts = []
    right, base = width - 20, field.y + 18
    if field.fill:
        parts.append(tag("rect", cls="fill", x=12, y=field.y + 2, width=(width - 24) * field.fill, height=24, rx=2))
    if field.is_on is not None:
        parts.append(_switch(right, field.y + 14, is_on=field.is_on))
        right -= 30
    elif field.swatch is not None:
        swatch = {"x": right - 22, "y": field.y + 7, "width": 22, "height": 14, "rx": 2}
        parts.append(tag("rect", cls="edge", fill=field.swatch, **swatch))
        right -= 28
    label = clip(field.label, (width - 40) * 0.6, 12)
    parts.append(text(label, 20, base, cls="m"))
    if field.value and right > _NARROWEST_VALUE:
        room = max(16.0, right - 28 - width_of(label, 12))
        parts.append(text(field.value, right, base, cls="m e" if field.is_missing else "e", room=room))
    if field.lines:
        parts.append(lines(field.lines, 20, field.y + 36, 16))
    return "".join(parts)


def _switch(right: float, middle: float, *, is_on: bool) -> str:
    track = tag("rect", cls="on" if is_on else "knobless", x=right - 24, y=middle - 7, width=24, height=14, rx=7)
    return track + tag("circle", cls="knob", cx=right - 7 if is_on else right - 17, cy=middle, r=5)


def _curve(field: Field, width: float) -> str:
    left, top, wide, high = 14.0, field.y + 30, width - 28, field.height - 40
    points = " ".join(f"{number(left + x * wide)} {number(top + (1 - y) * high)}" for x, y in field.curve)
    return (
        text(field.label, 20, field.y + 18, cls="m", room=wide)
        + tag("rect", cls="edge", x=left, y=top, width=wide, height=high, fill="none")
        + tag("polyline", cls="w p8", points=points)
    )


def _words(card: Card) -> str:
    frame = tag("path", cls="field", d=box(14, card.lines_y + 2, card.width - 28, len(card.lines) * 16 + 4))
    return frame + lines(card.lines, 18, card.lines_y + 16, 16, "x s" if card.is_failed else "s")


def _thumb(card: Card) -> str:
    thumb = card.thumb
    assert thumb is not None  # noqa: S101 - the caller looked
    high = thumb_height(thumb, card.width)
    size = f"{thumb.width} × {thumb.height}"
    words = size if thumb.count == 1 else f"{size}, 1 of {thumb.count}"
    back = tag("rect", cls="flat", x=8, y=card.thumb_y, width=card.width - 16, height=high, rx=2)
    return back + _image(card) + text(words, 8, card.thumb_y + high + 16, 11, cls="m")


def _image(card: Card) -> str:
    assert card.thumb is not None  # noqa: S101 - the caller looked
    high = thumb_height(card.thumb, card.width)
    return tag("image", x=8, y=card.thumb_y, width=card.width - 16, height=high, href=card.thumb.uri)


def _names(card: Card) -> str:
    room = card.width * 0.55
    rows = [text(port.name, 12, port.y + 4, room=room) for port in card.inputs if port.is_shown]
    right = card.width - 12
    rows += [text(port.name, right, port.y + 4, cls="e", room=room) for port in card.outputs if port.is_shown]
    return "".join(rows)


def _ports(card: Card) -> str:
    sides = [(0.0, port) for port in card.inputs] + [(card.width, port) for port in card.outputs]
    dots = []
    for x, port in sides:
        beside_control = x == 0 and not port.is_shown and not port.is_linked
        kind = "d" if port.is_linked else "o"
        dots.append(tag("circle", cls=f"{kind} p{port.color}", cx=x, cy=port.y, r=3 if beside_control else 5))
    return "".join(dots)


def _dot(placed: Placed) -> str:
    card = placed.card
    middle, color = card.width / 2, card.inputs[0].color
    wire = tag("path", cls=f"w p{color}", d=f"M0 {number(middle)}h{number(card.width)}")
    return _at(placed, wire + tag("circle", cls=f"d p{color}", cx=middle, cy=middle, r=6))
