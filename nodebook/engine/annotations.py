"""What ``Annotated[...]`` may carry in the signature of a node function (docs/design/node-api.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Number:
    """How a number is edited: ``step`` of the arrows and of scrubbing, and whether it shows as a slider."""

    step: float | None = None
    display: Literal["number", "slider"] = "number"


@dataclass(frozen=True, slots=True)
class Seed:
    """A whole number that may change from run to run; those called ``seed`` and ``noise_seed`` are seeds without it.

    ``Seed(on=False)``: not this one, whatever its name.
    """

    on: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """How text is edited.

    ``complete``: kinds of files whose names are offered while they are typed: ``embeddings`` as ``embedding:name``,
    ``loras`` as ``<lora:name:1>``.
    """

    multiline: bool = False
    placeholder: str = ""
    complete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Toggle:
    """The words beside a switch."""

    on: str = "on"
    off: str = "off"


@dataclass(frozen=True, slots=True)
class Color:
    """A colour: ``int`` is 0xRRGGBB as a number, ``hex`` is ``"#rrggbb"``, with ``alpha`` ``"#rrggbbaa"``."""

    format: Literal["int", "hex"] = "int"
    alpha: bool = False
    """Whether it may be transparent; of ``hex`` only."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve that is drawn: ``Annotated[list[list[float]], Curve()]`` gets points ``[x, y]`` from 0 to 1, x rising."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The name of a picture file in the input folder; a file dropped on the node is stored there."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """The name of a file in the input folder; a file dropped or pasted on the node is stored there.

    ``suffixes``: those that are offered and taken, in lower case with their dot; none: any file.
    """

    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of a file of a kind that the session lists (``FileName("checkpoints")``): a choice that stays current.

    A name that is not listed is no error of the graph: the node says what is missing when it is planned.
    """

    folder: str


@dataclass(frozen=True, slots=True)
class Port:
    """The port type of a value whose Python class does not say it."""

    name: str


@dataclass(frozen=True, slots=True)
class HiddenMarker:
    """Marks a parameter that the session fills in; it is neither a port nor a widget."""


Hidden = Annotated[T, HiddenMarker()]
"""``Hidden[Folders]``: the session passes its object of that type."""


@dataclass(frozen=True, slots=True)
class LazyMarker:
    """Marks an input that is computed only when the node's ``needs`` asks for it."""


Lazy = Annotated[T, LazyMarker()]
"""``Lazy[Image]``: None until ``needs`` has asked for it, and never computed where it does not."""


@dataclass(frozen=True, slots=True)
class RawMarker:
    """Marks an input that receives the link itself, not what comes over it."""


RawLink = Annotated[T, RawMarker()]
"""``RawLink[Image]``: a linked input arrives as a reference, to be passed on to nodes of a ``Subgraph``. What it refers
to is computed first all the same."""
