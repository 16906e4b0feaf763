"""Nodes that hold a value, and nodes about text."""

import json
from typing import Annotated, Any

from pydantic import Field

from nodebook.engine.annotations import Number, Text
from nodebook.engine.node import UI, node

_MAX_INT = 2**63 - 1

WholeNumber = Annotated[int, Field(ge=-_MAX_INT, le=_MAX_INT)]
DecimalNumber = Annotated[float, Field(ge=-_MAX_INT, le=_MAX_INT), Number(step=0.1)]
LongText = Annotated[str, Text(multiline=True)]


@node(name="PrimitiveInt", title="Int", category="utils/primitive")
def primitive_int(value: WholeNumber = 0) -> int:
    """Give one whole number to several nodes."""
    return value


@node(name="PrimitiveFloat", title="Float", category="utils/primitive")
def primitive_float(value: DecimalNumber = 0.0) -> float:
    """Give one number to several nodes."""
    return value


@node(name="PrimitiveString", title="String", category="utils/primitive")
def primitive_string(value: str = "") -> str:
    """Give one line of text to several nodes."""
    return value


@node(name="PrimitiveStringMultiline", title="String (Multiline)", category="utils/primitive")
def primitive_string_multiline(value: LongText = "") -> str:
    """Give one text of several lines to several nodes."""
    return value


@node(name="PrimitiveBoolean", title="Boolean", category="utils/primitive")
def primitive_boolean(value: bool = False) -> bool:  # noqa: FBT001, FBT002 -- an input of the node
    """Give true or false to several nodes."""
    return value


@node(name="PreviewAny", title="Preview as Text", category="utils", is_output=True)
def preview_any(source: Any) -> UI:
    """Show any value as text on the node."""
    return UI(text=text_of(source))


@node(name="StringConcatenate", title="Concatenate", category="utils/string", aliases=("join text",))
def string_concatenate(string_a: LongText = "", string_b: LongText = "", delimiter: str = "") -> str:
    """Put two texts together.

    delimiter: stands between them.
    """
    return delimiter.join((string_a, string_b))


def text_of(value: Any) -> str:
    """Return text as it is, numbers as Python writes them, what JSON can hold as JSON, and the rest by ``str``."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (bool, int, float)):
        return str(value)
    try:
        return json.dumps(value, indent=4, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return str(value)
