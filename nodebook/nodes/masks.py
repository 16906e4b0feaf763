"""Nodes that make masks and convert them."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from nodebook.assets.errors import PictureError
from nodebook.engine.annotations import Color, Number
from nodebook.engine.node import node
from nodebook.nodes.convert import to_image, to_mask
from nodebook.nodes.ports import Image, Mask
from nodebook.nodes.sizes import Offset, Side, check_size

Level = Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.01)]

_CHANNELS = {"red": 0, "green": 1, "blue": 2, "alpha": 3}


@node(name="MaskToImage", title="Convert Mask to Image", category="mask")
def mask_to_image(mask: Mask) -> Image:
    """Turn masks into grey pictures."""
    return to_mask(mask)[..., None].repeat(1, 1, 1, 3)


@node(name="ImageToMask", title="Convert Image to Mask", category="mask")
def image_to_mask(image: Image, channel: Literal["red", "green", "blue", "alpha"] = "red") -> Mask:
    """Take one channel of pictures as a mask, as it is: alpha is 1 where the picture is opaque."""
    image = to_image(image)
    index = _CHANNELS[channel]
    if index >= image.shape[-1]:
        raise PictureError(
            f"Convert Image to Mask should take the {channel} channel, but the picture has {image.shape[-1]} channels "
            "(red, green, blue). Choose one of those, or use the mask output of Load Image."
        )
    return image[..., index].contiguous()


@node(name="ImageColorToMask", category="mask")
def image_color_to_mask(image: Image, color: Annotated[int, Field(ge=0, le=0xFFFFFF), Color()] = 0) -> Mask:
    """Select the pixels that have exactly one colour, in 8 bits."""
    pixels = (to_image(image)[..., :3].clamp(0.0, 1.0) * 255.0).round().to(torch.int32)
    wanted = torch.tensor([color >> shift & 0xFF for shift in (16, 8, 0)], dtype=torch.int32, device=pixels.device)
    return (pixels == wanted).all(dim=-1).to(torch.float32)


@node(name="SolidMask", category="mask")
def solid_mask(value: Level = 1.0, width: Side = 512, height: Side = 512) -> Mask:
    """Make a mask with one value everywhere."""
    check_size("SolidMask", 1, height, width, 1)
    return torch.full((1, height, width), value)


@node(name="InvertMask", category="mask")
def invert_mask(mask: Mask) -> Mask:
    """Select what was not selected."""
    return 1.0 - to_mask(mask)


@node(name="ThresholdMask", category="mask")
def threshold_mask(mask: Mask, value: Level = 0.5) -> Mask:
    """Select fully what was selected by more than ``value``, and nothing else."""
    return (to_mask(mask) > value).to(torch.float32)


@node(name="CropMask", category="mask")
def crop_mask(mask: Mask, x: Offset = 0, y: Offset = 0, width: Side = 512, height: Side = 512) -> Mask:
    """Cut a rectangle out of masks. What lies outside of the mask is left out, so the result may be smaller.

    x: left edge in pixels.
    y: upper edge in pixels.
    """
    mask = to_mask(mask)
    tall, wide = mask.shape[1:]
    if x >= wide or y >= tall:
        raise PictureError(
            f"CropMask should cut at x = {x}, y = {y}, but the mask has {wide} x {tall} pixels, so nothing is left. "
            f"Choose x below {wide} and y below {tall}."
        )
    return mask[:, y : y + height, x : x + width].contiguous()
