"""Two kinds of values that mean something to the engine itself: many values in one, and the refusal of a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

T_co = TypeVar("T_co", covariant=True)


class Items(tuple[T_co, ...]):
    """Values one after another on one output. A node that takes single values is called once for each.

    In annotations, ``Items[int]`` on a return value makes an output of many values, and on a parameter asks for all of
    them in one call (docs/design/node-api.md).
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Items({', '.join(map(repr, self))})"


@dataclass(frozen=True, slots=True)
class Block:
    """Returned in place of an output, or of all: what reads it does not run, and that is no failure.

    ``message`` is shown on the first node that does not run for it; ``None`` says nothing.
    """

    message: str | None = None
