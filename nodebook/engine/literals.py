"""Literals that JSON cannot hold, as tagged objects, and back (docs/design/document.md, "Literals").

A tag is an object with exactly one member whose name starts with ``$``. A literal that looks like a tag is escaped with
one more ``$``, so that every literal comes back as it was.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SAFE_INT = 2**53 - 1
"""The largest whole number that a browser holds exactly."""

MAX_DEPTH = 100
"""How deep a literal may nest: deeper ones would meet Python's recursion limit at some time, on some thread."""


@dataclass(frozen=True, slots=True)
class TypeScript:
    """Marks an annotation that Python leaves open with the type that the front end knows it by.

    ``python -m tools.protocol`` writes it down; at run time it means nothing.
    """

    type: str


@dataclass(frozen=True, slots=True)
class VariableRef:
    """Stands among the values of a node for a variable of the notebook, by its name (``nb.variable``)."""

    name: str

    def __repr__(self) -> str:
        return f"variable {self.name}"


PLAIN = (str, int, float, bool, type(None))
"""What stands on one line, and holds nothing else."""

_FLOAT_NAMES = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_WHOLE = re.compile(r"-?[0-9]{1,4300}")  # 4300: the most digits that Python converts (sys.get_int_max_str_digits)


def float_name(value: float) -> str:
    """Return the name under which a float that JSON cannot hold is tagged."""
    if math.isnan(value):
        return "nan"
    return "inf" if value > 0 else "-inf"


def is_tag(value: Mapping[str, Any]) -> bool:
    """Say whether an object would be read as a tag, so that it must be escaped to be a literal."""
    return len(value) == 1 and next(iter(value)).startswith("$")


def refuse(value: object) -> TypeError:
    """Return the error for a value that is no literal."""
    return TypeError(
        f"a {type(value).__name__} is not JSON; expected text, a number, true, false, null, a list or an object"
    )


def check_depth(depth: int) -> None:
    """Refuse what nests deeper than ``MAX_DEPTH``."""
    if depth > MAX_DEPTH:
        raise TypeError(f"it nests more than {MAX_DEPTH} lists or objects")


def check_names(value: Mapping[Any, Any]) -> None:
    """Refuse names that JSON would turn into text, so that they came back as something else."""
    for name in value:
        if not isinstance(name, str):
            raise TypeError(f"an object has the name {name!r}; expected names that are text")


def tag(value: Any, *, wire: bool = False, escape: bool = True, depth: int = 0) -> Any:
    """Return a literal as strict JSON.

    ``wire``: for the browser, which holds whole numbers only up to 2^53 - 1. ``escape``: off for members that this
    version does not know, which are passed on as they came. Raises ``TypeError`` for what is not JSON.
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return {"$int": int.__repr__(value)} if wire and escape and abs(value) > SAFE_INT else value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": float_name(value)}
    if isinstance(value, VariableRef):
        return {"$variable": value.name}
    check_depth(depth)
    if isinstance(value, (list, tuple)):
        return [tag(item, wire=wire, escape=escape, depth=depth + 1) for item in value]
    if isinstance(value, Mapping):
        check_names(value)
        prefix = "$" if escape and is_tag(value) else ""
        return {prefix + name: tag(item, wire=wire, escape=escape, depth=depth + 1) for name, item in value.items()}
    raise refuse(value)


def untag(value: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - one per kind of tag
    """Return a literal from its JSON. A tag that this version does not know is a literal like any other.

    Raises ``TypeError`` where it nests too deeply.
    """
    if isinstance(value, PLAIN):
        return value
    check_depth(depth)
    if isinstance(value, list):
        return [untag(item, depth + 1) for item in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        name, held = next(iter(value.items()))
        if name == "$float" and isinstance(held, str) and held in _FLOAT_NAMES:
            return _FLOAT_NAMES[held]
        if name == "$int" and isinstance(held, str) and _WHOLE.fullmatch(held):
            return int(held)
        if name == "$variable" and isinstance(held, str) and not depth:  # a whole value, never a part of one
            return VariableRef(held)
        if name.startswith("$$"):
            return {name[1:]: untag(held, depth + 1)}
    return {name: untag(item, depth + 1) for name, item in value.items()}


def tag_node(data: Mapping[str, Any], *, wire: bool = False) -> dict[str, Any]:
    """Return the JSON of a node (``nodejson``) with its literals tagged."""
    tagged = dict(data)
    for member, held in data.items():
        if member in ("values", "view") and isinstance(held, Mapping):
            tagged[member] = {name: tag(value, wire=wire) for name, value in held.items()}
        elif member == "origin" and isinstance(held, Mapping):
            tagged[member] = tag_origin(held, wire=wire)
        elif member != "links":
            tagged[member] = tag(held, wire=wire, escape=False)
    return tagged


def tag_origin(origin: Mapping[str, Any], *, wire: bool = False) -> dict[str, Any]:
    """Return an origin with the literals among its ``values`` tagged."""
    tagged = {name: tag(value, wire=wire, escape=False) for name, value in origin.items()}
    values = origin.get("values")
    if isinstance(values, Mapping):
        tagged["values"] = {name: tag(value, wire=wire) for name, value in values.items()}
    return tagged


def untag_node(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of a node with its literals as they are in Python."""
    plain = dict(data)
    for member, held in data.items():
        if isinstance(held, PLAIN) or not held:
            continue
        if member in ("values", "view") and isinstance(held, Mapping):
            if not all(isinstance(value, PLAIN) for value in held.values()):
                plain[member] = {name: untag(value) for name, value in held.items()}
        elif member == "origin" and isinstance(held, Mapping):
            plain[member] = untag_origin(held)
        elif member != "links":
            tag(held, escape=False)  # passed on as it is, if it can be written again
    return plain


def untag_origin(origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return an origin with the literals among its ``values`` as they are in Python."""
    plain = dict(origin)
    values = origin.get("values")
    if isinstance(values, Mapping):
        plain["values"] = {name: untag(value) for name, value in values.items()}
    return plain
