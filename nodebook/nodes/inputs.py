"""Named inputs: the parameters of a graph, which ``g.input`` adds and ``g.run(name=value)`` sets for one run."""

from typing import Annotated

from pydantic import Field

from nodebook.engine.annotations import Port, Text
from nodebook.engine.node import node

Name = Annotated[str, Field(min_length=1)]
Words = Annotated[str, Port("STRING,COMBO")]
"""Text, or one of the choices of what it feeds, which checks it."""

_CATEGORY = "inputs"


@node(name="InputString", title="Text Input", category=_CATEGORY, outputs=("value",), aliases=("parameter",))
def input_string(name: Name, value: Annotated[str, Text(multiline=True)] = "") -> Words:
    """Give the text of a named input.

    name: what g.run(name=...) and papermill call it.
    """
    del name
    return value


@node(name="InputInt", title="Whole Number Input", category=_CATEGORY, outputs=("value",), aliases=("parameter",))
def input_int(name: Name, value: int = 0) -> int:
    """Give the whole number of a named input.

    name: what g.run(name=...) and papermill call it.
    """
    del name
    return value


@node(name="InputFloat", title="Number Input", category=_CATEGORY, outputs=("value",), aliases=("parameter",))
def input_float(name: Name, value: float = 0.0) -> float:
    """Give the number of a named input.

    name: what g.run(name=...) and papermill call it.
    """
    del name
    return value


@node(name="InputBoolean", title="Switch Input", category=_CATEGORY, outputs=("value",), aliases=("parameter",))
def input_boolean(name: Name, value: bool = False) -> bool:  # noqa: FBT001, FBT002 -- an input of the node
    """Give the state of a named switch.

    name: what g.run(name=...) and papermill call it.
    """
    del name
    return value
