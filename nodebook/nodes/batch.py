"""Nodes that make pictures and put batches together."""

from typing import Annotated, NamedTuple

import torch
from pydantic import Field

from nodebook.engine.annotations import Color
from nodebook.engine.node import node
from nodebook.nodes.convert import to_image, with_channels
from nodebook.nodes.ports import Image
from nodebook.nodes.sizes import Side, check_size, resize

Count = Annotated[int, Field(ge=1, le=4096)]

_WHITE = 0xFFFFFF


class ImageSize(NamedTuple):
    """Outputs of Get Image Size, in pixels and pictures."""

    width: int
    height: int
    batch_size: int


@node(name="EmptyImage", title="EmptyImage", category="image", aliases=("solid colour", "blank"))
def empty_image(
    width: Side = 512,
    height: Side = 512,
    batch_size: Count = 1,
    color: Annotated[int, Field(ge=0, le=_WHITE), Color()] = 0,
) -> Image:
    """Make pictures of one colour."""
    check_size("EmptyImage", batch_size, height, width)
    channels = [(color >> shift & 0xFF) / 255 for shift in (16, 8, 0)]
    return torch.tensor(channels).expand(batch_size, height, width, 3).contiguous()


@node(name="ImageBatch", title="Batch Images", category="image")
def image_batch(image1: Image, image2: Image) -> Image:
    """Put two batches of pictures into one. The second is resized and cut to the size of the first."""
    image1, image2 = to_image(image1), to_image(image2)
    channels = max(image1.shape[-1], image2.shape[-1])
    if image1.shape[1:3] != image2.shape[1:3]:
        image2 = resize(image2, image1.shape[2], image1.shape[1], "bilinear", "center")
    return torch.cat([with_channels(image1, channels), with_channels(image2, channels)])


@node(name="RepeatImageBatch", category="image/batch")
def repeat_image_batch(image: Image, amount: Count = 1) -> Image:
    """Repeat a batch of pictures."""
    image = to_image(image)
    check_size("RepeatImageBatch", image.shape[0] * amount, *image.shape[1:])
    return image.repeat(amount, 1, 1, 1)


@node(name="ImageFromBatch", category="image/batch")
def image_from_batch(
    image: Image,
    batch_index: Annotated[int, Field(ge=0, le=4095)] = 0,
    length: Count = 1,
) -> Image:
    """Take some pictures out of a batch. Where it is too short, they are taken from its end.

    batch_index: the first picture, counted from 0.
    length: how many.
    """
    image = to_image(image)
    start = min(batch_index, len(image) - 1)
    return image[start : start + length].clone()


@node(name="GetImageSize", title="Get Image Size", category="image")
def get_image_size(image: Image) -> ImageSize:
    """Give the width and height of pictures in pixels, and how many there are."""
    image = to_image(image)
    return ImageSize(image.shape[2], image.shape[1], image.shape[0])
