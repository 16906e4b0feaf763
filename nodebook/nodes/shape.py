"""Nodes that cut, turn and pad pictures."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.nodes.convert import to_image
from nodebook.nodes.ports import Image, Mask
from nodebook.nodes.sizes import MAX_SIDE_PX, Offset, Side, check_size

Padding = Annotated[int, Field(ge=0, le=MAX_SIDE_PX), Number(step=8)]

_PADDING_GREY = 0.5
_QUARTER_TURNS = {"none": 0, "90 degrees": 1, "180 degrees": 2, "270 degrees": 3}


@node(name="ImageCrop", title="Image Crop", category="image/transform")
def image_crop(image: Image, width: Side = 512, height: Side = 512, x: Offset = 0, y: Offset = 0) -> Image:
    """Cut a rectangle out of pictures. What lies outside of the picture is left out, so the result may be smaller.

    x: left edge in pixels.
    y: upper edge in pixels.
    """
    image = to_image(image)
    x, y = min(x, image.shape[2] - 1), min(y, image.shape[1] - 1)
    return image[:, y : y + height, x : x + width].contiguous()


@node(name="ImageFlip", category="image/transform")
def image_flip(
    image: Image, flip_method: Literal["x-axis: vertically", "y-axis: horizontally"] = "x-axis: vertically"
) -> Image:
    """Mirror pictures upside down, or left to right."""
    return to_image(image).flip(1 if flip_method.startswith("x") else 2)


@node(name="ImageRotate", category="image/transform")
def image_rotate(image: Image, rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"] = "none") -> Image:
    """Turn pictures clockwise."""
    return to_image(image).rot90(-_QUARTER_TURNS[rotation], dims=(1, 2)).contiguous()


@node(name="ImagePadForOutpaint", title="Pad Image for Outpainting", category="image")
def image_pad_for_outpaint(
    image: Image,
    left: Padding = 0,
    top: Padding = 0,
    right: Padding = 0,
    bottom: Padding = 0,
    feathering: Annotated[int, Field(ge=0, le=MAX_SIDE_PX), Number(step=1)] = 40,
) -> tuple[Image, Mask]:
    """Add grey around pictures, with a mask that is 1 there and fades into the picture.

    feathering: width of the fade in pixels; none where it does not fit twice into the picture.
    """
    image = to_image(image)
    batch, height, width, channels = image.shape
    tall, wide = height + top + bottom, width + left + right
    check_size("Padding", batch, tall, wide, channels)
    padded = torch.full((batch, tall, wide, channels), _PADDING_GREY, dtype=image.dtype, device=image.device)
    mask = torch.ones(1, tall, wide)
    inside = slice(top, top + height), slice(left, left + width)
    padded[:, inside[0], inside[1]] = image
    mask[0, inside[0], inside[1]] = _fade(height, width, (left, top, right, bottom), feathering)
    return padded, mask


def _fade(height: int, width: int, paddings: tuple[int, int, int, int], feathering: int) -> Tensor:
    """Return ((f - d) / f)² for pixels closer than f to a padded side, 0 for the others: [height, width]."""
    if feathering == 0 or 2 * feathering >= min(height, width):
        return torch.zeros(height, width)
    left, top, right, bottom = paddings
    rows = _distance(height, before=top > 0, after=bottom > 0)
    columns = _distance(width, before=left > 0, after=right > 0)
    distance = torch.minimum(rows[:, None], columns[None, :])
    return ((feathering - distance) / feathering).clamp(min=0.0) ** 2


def _distance(length: int, *, before: bool, after: bool) -> Tensor:
    """Return each pixel's distance to the padded ends of a row, ``inf`` where neither is padded."""
    steps = torch.arange(length, dtype=torch.float32)
    never = torch.full((length,), torch.inf)
    return torch.minimum(steps if before else never, steps.flip(0) if after else never)
