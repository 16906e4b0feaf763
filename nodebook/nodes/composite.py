"""Nodes that put pictures together by masks and alpha."""

import torch

from nodebook.engine.node import node
from nodebook.nodes.convert import to_image, to_mask, with_channels
from nodebook.nodes.ports import Image, Mask
from nodebook.nodes.sizes import Offset, repeat_to, resize, resize_mask

_RGB = 3


@node(name="ImageCompositeMasked", category="image", aliases=("paste", "overlay"))
def image_composite_masked(
    destination: Image,
    source: Image,
    x: Offset = 0,
    y: Offset = 0,
    resize_source: bool = False,  # noqa: FBT001, FBT002 -- an input of the node
    mask: Mask | None = None,
) -> Image:
    """Paste one picture into another, where a mask allows it.

    x: left edge in pixels.
    y: upper edge in pixels.
    resize_source: stretch the source to the size of the destination first.
    mask: how much of the source to paste; resized to the source. All of it without one.
    """
    result, source = to_image(destination).clone(), to_image(source)
    count, height, width, channels = result.shape
    if resize_source:
        source = resize(source, width, height, "bilinear")
    source = repeat_to(with_channels(source, channels), count)
    visible = slice(y, min(height, y + source.shape[1])), slice(x, min(width, x + source.shape[2]))
    tall, wide = visible[0].stop - y, visible[1].stop - x
    if tall <= 0 or wide <= 0:
        return result
    below = result[:, visible[0], visible[1]]
    above = source[:, :tall, :wide]
    if mask is None:
        result[:, visible[0], visible[1]] = above
        return result
    share = repeat_to(resize_mask(to_mask(mask), source.shape[2], source.shape[1]), count)[:, :tall, :wide, None]
    result[:, visible[0], visible[1]] = share * above + (1.0 - share) * below
    return result


@node(name="SplitImageWithAlpha", title="Split Image with Alpha", category="mask/compositing")
def split_image_with_alpha(image: Image) -> tuple[Image, Mask]:
    """Take pictures apart into colours and a mask that is 1 where they are transparent."""
    image = to_image(image)
    return image[..., :_RGB].contiguous(), 1.0 - with_channels(image, 4)[..., 3]


@node(name="JoinImageWithAlpha", title="Join Image with Alpha", category="mask/compositing")
def join_image_with_alpha(image: Image, alpha: Mask) -> Image:
    """Make pictures transparent where a mask is 1. The shorter batch says how many.

    alpha: resized to the pictures.
    """
    image, alpha = to_image(image), to_mask(alpha)
    count = min(len(image), len(alpha))
    opacity = 1.0 - resize_mask(alpha[:count], image.shape[2], image.shape[1])
    return torch.cat([image[:count, ..., :_RGB], opacity[..., None]], dim=-1)
