"""What the cards of a graph say in its static picture, and how large they are: as in the editor, at zoom 1."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from nodebook.engine.graph import REROUTE, GraphState, Node
from nodebook.engine.literals import VariableRef
from nodebook.engine.nodetype import MISSING, NodeType
from nodebook.notebook.static.text import wrap

CARD_WIDTH = 240
NOTE_WIDTH = 280
NOTE_HEIGHT = 160
NOTE_TYPE = "Note"
HEADER_HEIGHT = 32
ROW_HEIGHT = 24
CONTROL_HEIGHT = 28
CURVE_HEIGHT = 188
REROUTE_SIZE = 24
BODY_PADDING = 8
BAR_HEIGHT = 24
LINE_HEIGHT = 16
_TEXT_HEIGHTS = (44, 68, 800)
_TEXT_LABEL_HEIGHT = 24
_NARROWEST, _WIDEST = 80, 2000
_TALLEST_PICTURE = 640
_SHOWN_LINES = 12
_VALUE_CHARS = 400

TYPE_NUMBERS = {
    "*": 0,
    "IMAGE": 1,
    "MASK": 2,
    "LATENT": 3,
    "MODEL": 4,
    "CLIP": 5,
    "VAE": 6,
    "CONDITIONING": 7,
    "INT": 8,
    "FLOAT": 8,
    "STRING": 9,
    "COMBO": 9,
    "BOOLEAN": 0,
}
"""Colour of a port type in the editor's palette (js/src/graph/colors.ts)."""


@dataclass(frozen=True, slots=True)
class Slot:
    """An input as far as a card shows it; its node's type may be unknown."""

    name: str
    port: str
    widget: Mapping[str, Any] | None = None
    default: Any = MISSING


@dataclass(frozen=True, slots=True)
class Port:
    """A port at a card's edge: ``y`` from the card's top, ``color`` the number in the palette."""

    name: str
    y: float
    color: int
    is_linked: bool
    is_shown: bool = True
    """Whether its name stands beside it."""
    bound: str | None = None
    """The variable of the notebook that it reads."""


@dataclass(frozen=True, slots=True)
class Field:
    """A control: its name at the left and its value at the right or, of longer texts, below."""

    label: str
    value: str
    y: float
    height: float
    lines: tuple[str, ...] = ()
    is_missing: bool = False
    fill: float | None = None
    """Of a slider, how much of it is filled, from 0 to 1."""
    swatch: str | None = None
    is_on: bool | None = None
    curve: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Thumb:
    """A small picture as a data URI; ``width`` and ``height`` are those of the whole picture, ``count`` how many."""

    uri: str
    width: int
    height: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What a node shows of its last run."""

    thumb: Thumb | None = None
    text: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A node as the picture has it, without its place."""

    kind: str
    """``card``, ``note`` or ``reroute``."""
    title: str
    width: float
    height: float
    color: str | None = None
    mode: str | None = None
    is_unknown: bool = False
    is_collapsed: bool = False
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    fields: tuple[Field, ...] = ()
    lines: tuple[str, ...] = ()
    """Words below the controls: what a node shows as text, or why it failed. Of a note all it says."""
    lines_y: float = 0
    is_failed: bool = False
    thumb: Thumb | None = None
    thumb_y: float = 0


def color_number(port_type: str) -> int:
    """Return which colour of the palette a port type has; a union has that of its first name."""
    name = port_type.partition(",")[0].strip()
    known = TYPE_NUMBERS.get(name)
    return 1 + _fnv(name) % 9 if known is None else known


def _fnv(text: str) -> int:
    """Return FNV-1a of the UTF-16 units, as the editor counts it."""
    state = 0x811C9DC5
    raw = text.encode("utf-16-le", "surrogatepass")
    for at in range(0, len(raw), 2):
        state = ((state ^ int.from_bytes(raw[at : at + 2], "little")) * 0x01000193) & 0xFFFFFFFF
    return state


def card_of(
    node: Node,
    node_type: NodeType | None,
    used: Iterable[str],
    type_of: Callable[[str, str], str],
    result: Result,
) -> Card:
    """Return the card of a node. ``used``: its outputs that are read; ``type_of``: the port type of an output."""
    title = node.title or (node_type.title if node_type is not None else node.type)
    color = _text_member(node.view, "color")
    if node.type == REROUTE:
        middle = REROUTE_SIZE / 2
        link = node.links.get("value")
        number = color_number("*" if link is None else type_of(link.node, link.output))
        dots = (Port("value", middle, number, is_linked=True, is_shown=False),)
        return Card("reroute", title, REROUTE_SIZE, REROUTE_SIZE, inputs=dots, outputs=dots)
    collapsed = node.view.get("collapsed") is True
    if node.type == NOTE_TYPE:
        return _note(node, title, color, collapsed=collapsed)
    return _node_card(node, node_type, title, color, frozenset(used), result)


def _note(node: Node, title: str, color: str | None, *, collapsed: bool) -> Card:
    width = _length(node.view.get("width"), NOTE_WIDTH)
    height = HEADER_HEIGHT if collapsed else _length(node.view.get("height"), NOTE_HEIGHT)
    text = next((value for value in node.values.values() if isinstance(value, str)), "")
    fitting = int((height - HEADER_HEIGHT - 8) // 20)
    lines = wrap(plain_text(text), width - 24, 14, fitting) if text and fitting > 0 else []
    return Card("note", title, width, height, color, is_collapsed=collapsed, lines=tuple(lines), lines_y=HEADER_HEIGHT)


def _node_card(
    node: Node, node_type: NodeType | None, title: str, color: str | None, used: frozenset[str], result: Result
) -> Card:
    width = _length(node.view.get("width"), CARD_WIDTH)
    inputs, outputs = ports_of(node, node_type, used)
    bare = Card("card", title, width, HEADER_HEIGHT, color, node.mode, node_type is None)
    if node.view.get("collapsed") is True:
        middle = HEADER_HEIGHT / 2
        linked = [_port(spec, middle, node, is_shown=False) for spec in inputs if spec.name in node.links]
        read = [Port(name, middle, color_number(port), True, False) for name, port in outputs if name in used]
        return replace(bare, is_collapsed=True, inputs=tuple(linked), outputs=tuple(read))
    said = Result(text=f"Unknown type {node.type}") if node_type is None else result
    return _below(_with_rows(bare, node, inputs, outputs, used), said)


def _with_rows(
    bare: Card, node: Node, inputs: list[Slot], outputs: list[tuple[str, str]], used: frozenset[str]
) -> Card:
    """Return a card with its ports at both edges, then its controls in the order of the inputs."""
    as_ports = _names(node.view.get("ports"))
    top = [spec for spec in inputs if spec.widget is None or spec.name in as_ports]
    y = HEADER_HEIGHT + BODY_PADDING / 2
    ports = [_port(spec, y + (row + 0.5) * ROW_HEIGHT, node) for row, spec in enumerate(top)]
    read = tuple(
        Port(name, y + (row + 0.5) * ROW_HEIGHT, color_number(port), name in used)
        for row, (name, port) in enumerate(outputs)
    )
    y += max(len(top), len(outputs)) * ROW_HEIGHT
    fields = []
    for spec in inputs:
        if spec.widget is None or spec.name in as_ports:
            continue
        field = _field(node, spec, y, bare.width)
        is_linked = spec.name in node.links
        ports.append(_port(spec, y + CONTROL_HEIGHT / 2, node, is_shown=is_linked))
        if not is_linked:
            fields.append(field)
        y += field.height
    height = y + BODY_PADDING / 2
    return replace(bare, height=height, inputs=tuple(ports), outputs=read, fields=tuple(fields))


def _below(card: Card, result: Result) -> Card:
    """Return a card with what its node made below its controls."""
    words, y = _words(result, card.width), card.height
    thumb_y = y + (len(words) * LINE_HEIGHT + 16 if words else 0) + 4
    height = thumb_y - 4
    if result.thumb is not None:
        height = thumb_y + thumb_height(result.thumb, card.width) + BAR_HEIGHT
    said = replace(card, height=height, lines=tuple(words), lines_y=y, is_failed=result.error is not None)
    return replace(said, thumb=result.thumb, thumb_y=thumb_y)


def thumb_height(thumb: Thumb, card_width: float) -> float:
    """Return how high a picture stands on a card of that width; a tall one stands in a square."""
    width = card_width - 16
    return min(_TALLEST_PICTURE, width, max(8.0, width * thumb.height / max(1, thumb.width)))


def _words(result: Result, width: float) -> list[str]:
    text = result.error if result.error is not None else result.text
    return wrap(text, width - 36, 11, _SHOWN_LINES, fixed=True) if text else []


def ports_of(node: Node, node_type: NodeType | None, used: frozenset[str]) -> tuple[list[Slot], list[tuple[str, str]]]:
    """Return the inputs and outputs of a node: those of its type, and what links name beyond them."""
    specs = () if node_type is None else node_type.inputs
    inputs = [Slot(spec.name, spec.port, spec.widget, spec.default) for spec in specs]
    known = {spec.name for spec in inputs}
    more = [*(node.values if node_type is None else ()), *node.links]
    # What a node of no known type keeps is shown as values, for nothing says that it had ports.
    inputs += [
        Slot(name, "*", None if name in node.links else {}) for name in sorted(dict.fromkeys(more)) if name not in known
    ]
    outputs = [(spec.name, spec.port) for spec in node_type.outputs] if node_type is not None else []
    outputs += [(name, "*") for name in sorted(used - {name for name, _ in outputs})]
    return inputs, outputs


def _port(spec: Slot, y: float, node: Node, *, is_shown: bool = True) -> Port:
    value = node.values.get(spec.name)
    bound = value.name if isinstance(value, VariableRef) else None
    return Port(spec.name, y, color_number(spec.port), spec.name in node.links, is_shown, bound)


def _field(node: Node, spec: Slot, y: float, width: float) -> Field:
    widget: Mapping[str, Any] = spec.widget or {}
    value = node.values.get(spec.name, spec.default)
    kind = widget.get("kind")
    if spec.name in node.links:
        return Field(spec.name, "", y, CONTROL_HEIGHT)
    if isinstance(value, VariableRef):
        return Field(spec.name, f"variable {value.name}", y, CONTROL_HEIGHT)
    if kind == "curve":
        return Field(spec.name, "", y, CURVE_HEIGHT, curve=_points(value))
    words = value_text(value, widget)
    missing = value is MISSING or value is None
    if kind == "text" and widget.get("multiline") is True:
        text_height = _text_height(node, spec.name)
        count = max(1, int((text_height - 8) // LINE_HEIGHT))
        lines = tuple(wrap(words, width - 40, 12, count)) if words else ()
        return Field(spec.name, "", y, text_height + _TEXT_LABEL_HEIGHT, lines, missing)
    return Field(
        spec.name,
        words,
        y,
        CONTROL_HEIGHT,
        is_missing=missing,
        fill=_share(value, widget) if widget.get("display") == "slider" else None,
        swatch=css_color(value) if kind == "color" else None,
        is_on=value is True if kind == "toggle" else None,
    )


def value_text(value: Any, widget: Mapping[str, Any]) -> str:
    """Return a value as its control shows it."""
    if value is MISSING:
        return ""
    if value is None:
        return "none"
    if widget.get("kind") == "toggle":
        word = widget.get("on" if value is True else "off")
        return word if isinstance(word, str) else ("on" if value is True else "off")
    if widget.get("kind") == "color":
        return css_color(value) or _plain(value)
    if type(value) is float and math.isfinite(value):
        shown = round(value, 6)
        return f"{value:.3g}" if shown == 0 and value != 0 else repr(shown)
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value[:4000]
    try:
        return json.dumps(value, ensure_ascii=False)[:_VALUE_CHARS]
    except (TypeError, ValueError, RecursionError):
        return "…"


_HEX = re.compile(r"#(?:[0-9a-fA-F]{3,4}){1,2}")


def css_color(value: Any) -> str | None:
    """Return a colour as CSS writes it, of a number 0xRRGGBB too; None for what is none."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFFFFFF:  # noqa: PLR2004 - 24 bits
        return f"#{value:06x}"
    return value if isinstance(value, str) and _HEX.fullmatch(value) else None


def _share(value: Any, widget: Mapping[str, Any]) -> float | None:
    numbers = [value, widget.get("min"), widget.get("max")]
    if not all(isinstance(each, (int, float)) and math.isfinite(each) for each in numbers):
        return None
    low, high = float(numbers[1]), float(numbers[2])
    return min(1.0, max(0.0, (float(value) - low) / (high - low))) if high > low else None


def _points(value: Any) -> tuple[tuple[float, float], ...]:
    try:
        points = tuple((min(1.0, max(0.0, float(x))), min(1.0, max(0.0, float(y)))) for x, y in value)
    except (TypeError, ValueError, OverflowError):
        return ()
    return points if all(math.isfinite(each) for point in points for each in point) else ()


def _text_height(node: Node, name: str) -> float:
    least, usual, most = _TEXT_HEIGHTS
    heights = node.view.get("heights")
    given = heights.get(name) if isinstance(heights, dict) else None
    return min(most, max(least, given)) if _is_number(given) else usual


def _length(given: Any, usual: float) -> float:
    return min(_WIDEST, max(_NARROWEST, float(given))) if _is_number(given) else usual


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _names(given: Any) -> frozenset[str]:
    return frozenset(each for each in given if isinstance(each, str)) if isinstance(given, list) else frozenset()


def _text_member(members: Mapping[str, Any], name: str) -> str | None:
    found = members.get(name)
    return found if isinstance(found, str) else None


_MARKS = re.compile(r"(\*\*|__|`+|^#{1,6}\s+|^>\s?)", re.MULTILINE)
_LINKS = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_BULLETS = re.compile(r"^(\s*)[-*+]\s+(?:\[.\]\s+)?", re.MULTILINE)


def plain_text(markdown: str) -> str:
    """Return the words of a text in Markdown, without most of its marks."""
    return _BULLETS.sub(r"\1• ", _LINKS.sub(r"\1", _MARKS.sub("", markdown[:20_000])))


def output_type(state: GraphState, find_type: Callable[[Node], NodeType | None], node_id: str, output: str) -> str:
    """Return the port type of an output; of a reroute that of what it is linked to in the end."""
    seen: set[str] = set()
    while node_id not in seen:
        seen.add(node_id)
        node = state.nodes.get(node_id)
        if node is None:
            return "*"
        if node.type != REROUTE:
            node_type = find_type(node)
            specs = () if node_type is None else node_type.outputs
            return next((spec.port for spec in specs if spec.name == output), "*")
        link = node.links.get("value")
        if link is None:
            return "*"
        node_id, output = link
    return "*"
