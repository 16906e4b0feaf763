"""What nodes know of the sides of latents: ranges, names of axes, and the limit on what is made."""

from __future__ import annotations

from math import prod
from typing import Annotated

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.errors import InputValueError
from nodebook.models.errors import LatentError
from nodebook.nodes.sizes import MAX_BYTES, MAX_SIDE_PX

PIXELS_PER_ELEMENT = 8
"""What nodes that give latents' sizes in pixels count by, whatever the model."""

Pixels = Annotated[int, Field(ge=0, le=MAX_SIDE_PX), Number(step=8)]
Side = Annotated[int, Field(ge=16, le=MAX_SIDE_PX), Number(step=8)]
Side16 = Annotated[int, Field(ge=16, le=MAX_SIDE_PX), Number(step=16)]
Side32 = Annotated[int, Field(ge=64, le=MAX_SIDE_PX), Number(step=32)]
Count = Annotated[int, Field(ge=1, le=4096)]
Few = Annotated[int, Field(ge=1, le=64)]

_AXES = {"x": 1, "y": 2, "t": 3}
"""Counted from the last: time comes before rows and columns."""

_VIDEO_AXES = 5


def check_room(what: str, *shape: int) -> None:
    """Raise ``LatentError`` before a latent of that shape, float32, would be allocated."""
    size_bytes = prod(shape) * 4
    if size_bytes > MAX_BYTES:
        raise LatentError(
            f"{what} would make a latent of shape {list(shape)}: {size_bytes / 2**30:.1f} GiB. At most "
            f"{MAX_BYTES / 2**30:.0f} GiB are allowed: choose a smaller size or batch."
        )


def axis_of(name: str, count: int) -> int:
    """Return the number of a latent's axis. Raises ``InputValueError`` for the time of a latent that has none."""
    if name == "t" and count != _VIDEO_AXES:
        raise InputValueError(
            f"This latent has no time axis: expected [B, C, T, h, w], got {count} axes. Choose x or y, or give "
            "the latent of a video."
        )
    return count - _AXES[name]
