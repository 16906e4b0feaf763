"""What a node's result has to show: its pictures one by one, and its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nodebook.engine.cache import Entry
from nodebook.engine.items import Block, Items
from nodebook.engine.nodetype import NodeType
from nodebook.engine.words import clipped

MAX_TEXT_CHARS = 20_000

_PICTURE_PORTS = {"IMAGE": 4, "MASK": 3}
"""Port type → number of dimensions of a batch."""


def shows_pictures(node_type: NodeType) -> bool:
    """Say whether results of such nodes may have pictures: it shows what it makes, or has an output for pictures."""
    return node_type.is_output or any(picture_port(spec.port) for spec in node_type.outputs)


def pictures_of(entry: Entry, node_type: NodeType) -> Sequence[Any]:
    """Return all pictures of a result: what it shows or, where it shows none, its first output that is a picture."""
    shown = entry.payload.get("images")
    if isinstance(shown, (list, tuple)) and shown:
        return shown
    for spec, value in zip(node_type.outputs, entry.outputs, strict=False):
        port = picture_port(spec.port)
        if port is not None and value is not None:
            return split_batch(value, port)
    return ()


def text_of(payload: Mapping[str, Any]) -> str | None:
    """Return the text that a result shows, if it shows one."""
    text = payload.get("text")
    if isinstance(text, (list, tuple)):
        text = "\n".join(map(str, text))
    if not isinstance(text, str):
        return None
    return clipped(text, MAX_TEXT_CHARS)


def picture_port(port: str) -> str | None:
    """Return which of the picture types a port takes, None where it takes none."""
    return next((name for name in port.split(",") if name in _PICTURE_PORTS), None)


def split_batch(value: Any, port: str) -> Sequence[Any]:
    """Return the single pictures of an IMAGE or a MASK; of many values, those of each."""
    if type(value) is Block:
        return ()
    if type(value) is Items:
        return [picture for each in value for picture in split_batch(each, port)]
    if isinstance(value, (list, tuple)):
        return value
    if getattr(value, "ndim", None) == _PICTURE_PORTS[port]:
        return [value[index] for index in range(len(value))]
    return [value]
