"""What a result shows beside pictures and text: tables, plots, sound and films, as data that a view draws itself.

Nothing of a graph is sent as HTML or SVG. Everything is bounded: of a table the first rows, of a file at most
``MAX_BYTES``. docs/design/displays.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nodebook.engine.cache import Entry
from nodebook.engine.items import Block, Items
from nodebook.engine.nodetype import NodeType, OutputSpec
from nodebook.notebook.display import media
from nodebook.notebook.display.tables import is_table, table_json

logger = logging.getLogger(__name__)

MAX_DISPLAYS = 4
"""How many of a node's results are shown, one under the other."""

_SHOWN_MODULES = frozenset({"pandas", "polars", "pyarrow", "matplotlib", "plotly", "altair"})
_SHOWN_PORTS = frozenset({"AUDIO", "VIDEO"})


@dataclass(frozen=True, slots=True)
class Display:
    """One thing to show: JSON, and a file where it has one."""

    info: Mapping[str, Any]
    data: bytes | None = None


def shows_outputs(node_type: NodeType) -> bool:
    """Say whether a node shows values of its outputs although it is no output node."""
    return any(_is_shown(spec) for spec in node_type.outputs)


def _is_shown(spec: OutputSpec) -> bool:
    return spec.structured is not None or any(map(_is_shown_port, spec.port.split(",")))


def _is_shown_port(port: str) -> bool:
    return port in _SHOWN_PORTS or port.partition("[")[0] == "list" or port.partition(".")[0] in _SHOWN_MODULES


def displays_of(entry: Entry, node_type: NodeType) -> list[Display]:
    """Return what a result shows: members of its ``UI``, else what its outputs hold that can be shown."""
    found: list[Display] = []
    for member, make in _MEMBERS.items():
        if member in entry.payload:
            found.append(_tried(make, entry.payload[member]))
    if not found:
        for spec, value in zip(node_type.outputs, entry.outputs, strict=False):
            if _is_shown(spec):
                name = spec.name if len(node_type.outputs) > 1 else None
                found.extend(_named(name, _of_value(value, spec.port)))
    return found[:MAX_DISPLAYS]


def is_displayed(value: Any) -> bool:
    """Say whether a value is shown as a table or a plot, by what it is."""
    return media.is_figure(value) or is_table(value)


def display_of(value: Any) -> Display:
    """Return what a table or a plot shows."""
    return _tried(_table if is_table(value) else media.figure, value)


def _of_value(value: Any, port: str) -> list[Display]:
    if type(value) is Block or value is None:
        return []
    if type(value) is Items:
        return [each for item in value[:MAX_DISPLAYS] for each in _of_value(item, port)]
    if port == "AUDIO":
        return [_tried(media.audio, value)]
    if port == "VIDEO":
        return [_tried(media.video, value)]
    return [display_of(value)] if is_displayed(value) else []


def _named(name: str | None, displays: list[Display]) -> list[Display]:
    return displays if name is None else [Display({**each.info, "name": name}, each.data) for each in displays]


def _table(value: Any) -> Display:
    return Display({"kind": "table", **table_json(value)})


def _pairs(value: Any) -> Display:
    return Display({"kind": "compare", "pairs": int(value)})


_MEMBERS: dict[str, Callable[[Any], Any]] = {
    "table": _table,
    "figure": media.figure,
    "audio": media.audio,
    "video": media.video,
    "compare": _pairs,
}
"""Members of a ``UI`` → what shows them."""


def _tried(make: Callable[[Any], Any], value: Any) -> Display:
    """Show a value, or the words of why that cannot be done: the node's work was done all the same."""
    try:
        made = make(value)
    except Exception as error:
        logger.debug("A result cannot be shown", exc_info=True)
        return Display({"kind": "note", "text": f"This cannot be shown: {error}"})
    return made if isinstance(made, Display) else Display(made.info, made.data)
