"""Where the cards of a graph stand in its static picture: where the document says, the others in columns by depth."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nodebook.engine.graph import GraphState, Node
from nodebook.engine.nodetype import NodeType
from nodebook.notebook.static.cards import NOTE_WIDTH, Card, Result, card_of, color_number, output_type

_GAP = 40
_COLUMN = NOTE_WIDTH + _GAP
_FARTHEST = 1e6
_SMALLEST_GROUP = 96


@dataclass(frozen=True, slots=True)
class Placed:
    """A card at its place, in pixels at zoom 1."""

    id: str
    x: float
    y: float
    card: Card


@dataclass(frozen=True, slots=True)
class Frame:
    """A group: a frame behind cards."""

    x: float
    y: float
    width: float
    height: float
    title: str
    color: str | None


@dataclass(frozen=True, slots=True)
class Wire:
    """A link from point to point; ``color`` is the number in the palette of port types."""

    x1: float
    y1: float
    x2: float
    y2: float
    color: int


@dataclass(frozen=True, slots=True)
class Scene:
    """All of a picture."""

    cards: tuple[Placed, ...]
    frames: tuple[Frame, ...]
    wires: tuple[Wire, ...]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is drawn; all 0 for an empty graph."""
        boxes = [(each.x, each.y, each.x + each.card.width, each.y + each.card.height) for each in self.cards]
        boxes += [(each.x, each.y, each.x + each.width, each.y + each.height) for each in self.frames]
        if not boxes:
            return 0, 0, 0, 0
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)


def scene_of(
    state: GraphState, find_type: Callable[[Node], NodeType | None], result_of: Callable[[str], Result]
) -> Scene:
    """Return the cards, frames and wires of a graph. ``result_of``: what a node shows of its last run."""
    used: dict[str, dict[str, None]] = {}
    for node in state.nodes.values():
        for link in node.links.values():
            used.setdefault(link.node, {})[link.output] = None

    def type_of(node_id: str, output: str) -> str:
        return output_type(state, find_type, node_id, output)

    cards = {
        node_id: card_of(node, find_type(node), used.get(node_id, ()), type_of, result_of(node_id))
        for node_id in state.ordered_ids()
        for node in [state.nodes[node_id]]
    }
    places = _places(state, cards)
    placed = {node_id: Placed(node_id, *places[node_id], card) for node_id, card in cards.items()}
    return Scene(tuple(placed.values()), tuple(_frames(state.groups)), tuple(_wires(state, placed, type_of)))


def _places(state: GraphState, cards: Mapping[str, Card]) -> dict[str, tuple[float, float]]:
    places: dict[str, tuple[float, float]] = {}
    for node_id in cards:
        view = state.nodes[node_id].view
        x, y = _coordinate(view.get("x")), _coordinate(view.get("y"))
        if x is not None and y is not None:
            places[node_id] = (x, y)
    missing = [node_id for node_id in cards if node_id not in places]
    if not missing:
        return places
    floor = max((y + cards[node_id].height + _GAP for node_id, (_, y) in places.items()), default=0.0)
    left = min((x for x, _ in places.values()), default=0.0)
    depths = _depths(state)
    widths: dict[int, float] = {}
    for node_id in missing:
        widths[depths[node_id]] = max(widths.get(depths[node_id], NOTE_WIDTH), cards[node_id].width)
    lefts, at = {}, left
    for depth in sorted(widths):
        lefts[depth] = at
        at += widths[depth] + _GAP
    bottoms: dict[int, float] = {}
    for node_id in missing:
        depth = depths[node_id]
        y = bottoms.get(depth, floor)
        places[node_id] = (lefts[depth], y)
        bottoms[depth] = y + cards[node_id].height + _GAP
    return places


def _depths(state: GraphState) -> dict[str, int]:
    """Return how many links are on the longest way into each node; a loop counts as 0. Without recursion."""
    depths: dict[str, int] = {}
    for root in state.ordered_ids():
        stack = [root]
        while stack:
            node_id = stack[-1]
            sources = [link.node for link in state.nodes[node_id].links.values() if link.node in state.nodes]
            if node_id not in depths:
                depths[node_id] = 0
                stack.extend(each for each in sources if each not in depths)
            else:
                stack.pop()
                depths[node_id] = max((depths[each] + 1 for each in sources if each != node_id), default=0)
    return depths


def _coordinate(given: Any) -> float | None:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
        return None
    return float(min(_FARTHEST, max(-_FARTHEST, given)))


def _frames(groups: Mapping[str, Any]) -> list[Frame]:
    found = []
    for group in groups.values():
        if not isinstance(group, Mapping):
            continue
        title, color = group.get("title"), group.get("color")
        found.append(
            Frame(
                _coordinate(group.get("x")) or 0.0,
                _coordinate(group.get("y")) or 0.0,
                max(_SMALLEST_GROUP, _coordinate(group.get("width")) or 0.0),
                max(_SMALLEST_GROUP / 2, _coordinate(group.get("height")) or 0.0),
                title if isinstance(title, str) and title else "Group",
                color if isinstance(color, str) else None,
            )
        )
    return sorted(found, key=lambda each: -each.width * each.height)


def _wires(state: GraphState, placed: Mapping[str, Placed], type_of: Callable[[str, str], str]) -> list[Wire]:
    wires = []
    for node_id, target in placed.items():
        for name, link in sorted(state.nodes[node_id].links.items()):
            source = placed.get(link.node)
            if source is None:
                continue
            wires.append(
                Wire(
                    source.x + source.card.width,
                    source.y + _height(source.card, source.card.outputs, link.output),
                    target.x,
                    target.y + _height(target.card, target.card.inputs, name),
                    color_number(type_of(link.node, link.output)),
                )
            )
    return wires


def _height(card: Card, ports: tuple[Any, ...], name: str) -> float:
    found: float = next((port.y for port in ports if port.name == name), min(16.0, card.height / 2))
    return found
