"""Nodes that combine, grow and soften masks."""

from collections.abc import Callable
from typing import Annotated, Final, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from nodebook.engine.annotations import Number
from nodebook.engine.context import progress
from nodebook.engine.node import node
from nodebook.nodes.convert import to_mask
from nodebook.nodes.ports import Mask
from nodebook.nodes.sizes import MAX_SIDE_PX, Offset, repeat_to

MASK_OPERATIONS: Final[dict[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "multiply": lambda a, b: a * b,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "and": lambda a, b: (a.round().bool() & b.round().bool()).to(a.dtype),
    "or": lambda a, b: (a.round().bool() | b.round().bool()).to(a.dtype),
    "xor": lambda a, b: (a.round().bool() ^ b.round().bool()).to(a.dtype),
}


@node(name="MaskComposite", category="mask")
def mask_composite(
    destination: Mask,
    source: Mask,
    x: Offset = 0,
    y: Offset = 0,
    operation: Literal["multiply", "add", "subtract", "and", "or", "xor"] = "multiply",
) -> Mask:
    """Combine a mask with another at a place; outside of the second, the first stays.

    x: left edge in pixels.
    y: upper edge in pixels.
    operation: and, or and xor round both masks to 0 or 1.
    """
    result, source = to_mask(destination), to_mask(source)
    count = max(len(result), len(source))
    result, source = repeat_to(result, count).clone(), repeat_to(source, count)
    part = result[:, y : y + source.shape[1], x : x + source.shape[2]]
    if part.numel():
        part.copy_(MASK_OPERATIONS[operation](part, source[:, : part.shape[1], : part.shape[2]]))
    return result.clamp_(0.0, 1.0)


@node(name="FeatherMask", category="mask")
def feather_mask(mask: Mask, left: Offset = 0, top: Offset = 0, right: Offset = 0, bottom: Offset = 0) -> Mask:
    """Fade masks out towards their edges.

    left: width of the fade in pixels.
    """
    mask = to_mask(mask)
    height, width = mask.shape[1:]
    rows = _ramp(height, top) * _ramp(height, bottom).flip(0)
    columns = _ramp(width, left) * _ramp(width, right).flip(0)
    return mask * (rows[:, None] * columns[None, :]).to(mask)


@node(name="GrowMask", title="Grow Mask", category="mask", aliases=("dilate", "erode", "shrink"))
def grow_mask(
    mask: Mask,
    expand: Annotated[int, Field(ge=-MAX_SIDE_PX, le=MAX_SIDE_PX), Number(step=1)] = 0,
    tapered_corners: bool = True,  # noqa: FBT001, FBT002 -- an input of the node
) -> Mask:
    """Make the selected part larger, or smaller for negative values.

    expand: pixels.
    tapered_corners: grow as a diamond rather than as a square.
    """
    mask = to_mask(mask)
    grow = _grow_diamond if tapered_corners else _grow_square
    # Shrinking a selection is growing what is not selected.
    return grow(mask, expand).clone() if expand >= 0 else -grow(-mask, -expand)


def _grow_square(mask: Tensor, amount: int) -> Tensor:
    """Return the maximum over a square of 2 * amount + 1 pixels: as many passes of a 3 x 3 square at once."""
    rows, columns = min(amount, mask.shape[1]), min(amount, mask.shape[2])
    tall = functional.max_pool2d(mask[:, None], (2 * rows + 1, 1), stride=1, padding=(rows, 0))
    return functional.max_pool2d(tall, (1, 2 * columns + 1), stride=1, padding=(0, columns))[:, 0]


def _grow_diamond(mask: Tensor, amount: int) -> Tensor:
    for step in range(amount):
        progress(step, amount)
        grown = mask.clone()
        for axis in (1, 2):
            length = mask.shape[axis]
            for start, other in ((1, 0), (0, 1)):
                part = grown.narrow(axis, start, length - 1)
                torch.maximum(part, mask.narrow(axis, other, length - 1), out=part)
        if torch.equal(grown, mask):  # nothing left to grow into
            break
        mask = grown
    return mask


def _ramp(length: int, fade: int) -> Tensor:
    """Return (i + 1) / fade for the first ``fade`` of ``length`` pixels, and 1 for the others."""
    fade = min(fade, length)
    ramp = torch.ones(length)
    ramp[:fade] = (torch.arange(fade) + 1) / max(1, fade)
    return ramp
