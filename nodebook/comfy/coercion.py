"""How ComfyUI's server turns the constants of a prompt into values of the declared type (engine.md A.3, A.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

LINK_LENGTH = 2

_CONVERT: dict[str, Callable[[Any], Any]] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


def is_link(value: Any) -> bool:
    """Say whether a value of a prompt is a reference to an output: ``[node id, index]``."""
    return (
        isinstance(value, list)
        and len(value) == LINK_LENGTH
        and isinstance(value[0], str)
        and isinstance(value[1], (int, float))
        and not isinstance(value[1], bool)
    )


def unwrap(value: Any) -> Any:
    """Return a constant without the object ``{"__value__": ...}`` that tells a list from a link."""
    return value["__value__"] if isinstance(value, Mapping) and "__value__" in value else value


def wrap(value: Any) -> Any:
    """Return a constant as a prompt holds it: lists, which would be links, in an object."""
    return {"__value__": list(value)} if isinstance(value, (list, tuple)) else value


def coerce(port: str, value: Any) -> Any:
    """Return a constant as the declared type has it. Raises what ``int`` and ``float`` raise for what they refuse.

    Text is made of anything, every text but the empty one is true, and other types take constants as they are.
    """
    convert = _CONVERT.get(port)
    return value if convert is None else convert(value)
