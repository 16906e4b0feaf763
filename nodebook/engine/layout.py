"""Where a node goes that code adds without saying where: columns by depth, top to bottom."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from nodebook.engine.graph import GraphState, Link
from nodebook.engine.nodetype import NodeType

COLUMN_PX = 320
MARGIN_PX = 40
_GAP_PX = 24
_HEADER_PX, _ROW_PX, _TEXT_PX, _PICTURE_PX = 40, 28, 72, 256
_TABLE_PX = 168
_WITH_PICTURE = frozenset({"IMAGE", "MASK"})
_WITH_TABLE = frozenset({"pandas.DataFrame", "polars.DataFrame"})


def node_height(node_type: NodeType | None) -> int:
    """Return about how tall a node is drawn, in pixels at zoom 1."""
    if node_type is None:
        return _HEADER_PX + 2 * _ROW_PX
    controls = sum(spec.widget is not None for spec in node_type.inputs)
    ports = max(len(node_type.inputs) - controls, len(node_type.outputs))
    height = _HEADER_PX + _ROW_PX * (controls + ports)
    height += sum(_TEXT_PX for spec in node_type.inputs if (spec.widget or {}).get("multiline"))
    return height + _display_height(node_type)


def _display_height(node_type: NodeType) -> int:
    """Return how much a node grows by what it shows once it ran."""
    given = {spec.port for spec in node_type.outputs}
    previews = "LATENT" in given and any(spec.port == "LATENT" for spec in node_type.inputs) and _samples(node_type)
    if node_type.is_output or given & _WITH_PICTURE or previews:
        return _PICTURE_PX
    return _TABLE_PX if given & _WITH_TABLE else 0


def _samples(node_type: NodeType) -> bool:
    """Say whether a node works with a model for long, and shows pictures meanwhile."""
    return any(spec.port in ("MODEL", "GUIDER") for spec in node_type.inputs)


class Columns:
    """How far down each column of a graph is filled."""

    def __init__(self, state: GraphState, find_type: Any) -> None:
        self._bottoms: dict[int, float] = {}
        self._find_type = find_type
        for node in state.nodes.values():
            if _pixels(node.view, "x") is not None and _pixels(node.view, "y") is not None:
                self._fill(node.view, find_type(node.type))

    def place(self, state: GraphState, links: Iterable[Link], node_type: NodeType | None) -> dict[str, float]:
        """Return the view of a new node: right of what it reads, below what is there."""
        views: list[Mapping[str, Any]] = [state.nodes[link.node].view for link in links if link.node in state.nodes]
        xs = [_pixels(view, "x") or 0.0 for view in views]
        x = max(xs) + COLUMN_PX if xs else MARGIN_PX
        y = self._bottoms.get(round(x / COLUMN_PX), MARGIN_PX)
        view: dict[str, float] = {"x": x, "y": y}
        self._fill(view, node_type)
        return view

    def _fill(self, view: Mapping[str, Any], node_type: NodeType | None) -> None:
        column = round(view["x"] / COLUMN_PX)
        bottom = view["y"] + (_pixels(view, "height") or node_height(node_type)) + _GAP_PX
        self._bottoms[column] = max(self._bottoms.get(column, MARGIN_PX), bottom)


def _pixels(view: Mapping[str, Any], member: str) -> float | None:
    """Return a member of a view as a number; None where a document holds something else there."""
    value = view.get(member)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
