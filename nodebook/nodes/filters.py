"""Nodes that change the pixels of pictures."""

from collections.abc import Callable
from typing import Annotated, Final, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.nodes.convert import to_image, with_channels
from nodebook.nodes.ports import Image
from nodebook.nodes.sizes import repeat_to, resize

Radius = Annotated[int, Field(ge=1, le=31), Number(step=1)]

_SHARPEN_GAIN = 10.0


@node(name="ImageInvert", title="Invert Image", category="image")
def image_invert(image: Image) -> Image:
    """Turn pictures into their negative, alpha included."""
    return 1.0 - to_image(image)


@node(name="ImageBlur", category="image/postprocessing", aliases=("gaussian blur",))
def image_blur(
    image: Image,
    blur_radius: Radius = 1,
    sigma: Annotated[float, Field(ge=0.1, le=10.0), Number(step=0.1)] = 1.0,
) -> Image:
    """Blur pictures with a Gaussian.

    blur_radius: half the width of the brush, in pixels.
    sigma: how evenly the brush paints, in units of its radius: small is sharp, large is a box.
    """
    return _gaussian(to_image(image), blur_radius, sigma)


@node(name="ImageSharpen", category="image/postprocessing", aliases=("unsharp mask",))
def image_sharpen(
    image: Image,
    sharpen_radius: Radius = 1,
    sigma: Annotated[float, Field(ge=0.1, le=10.0), Number(step=0.01)] = 1.0,
    alpha: Annotated[float, Field(ge=0.0, le=5.0), Number(step=0.01)] = 1.0,
) -> Image:
    """Sharpen pictures: add what a blur takes away.

    alpha: strength.
    """
    image = to_image(image)
    gain = _SHARPEN_GAIN * alpha
    # The kernel -gain * gaussian with its centre raised until the sum is 1, written as two separable parts.
    return ((1.0 + gain) * image - gain * _gaussian(image, sharpen_radius, sigma)).clamp(0.0, 1.0)


@node(name="ImageBlend", category="image/postprocessing", aliases=("mix", "layer"))
def image_blend(
    image1: Image,
    image2: Image,
    blend_factor: Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.01)] = 0.5,
    blend_mode: Literal["normal", "multiply", "screen", "overlay", "soft_light", "difference"] = "normal",
) -> Image:
    """Lay one picture over another. The second is resized and cut to the size of the first.

    blend_factor: 0 shows the first only, 1 the blend alone.
    """
    below, above = to_image(image1), to_image(image2)
    if below.shape[1:3] != above.shape[1:3]:
        above = resize(above, below.shape[2], below.shape[1], "bicubic", "center")
    count, channels = max(len(below), len(above)), max(below.shape[-1], above.shape[-1])
    below, above = (repeat_to(with_channels(each, channels), count) for each in (below, above))
    blended = BLEND_MODES[blend_mode](below, above)
    return (below * (1.0 - blend_factor) + blended * blend_factor).clamp(0.0, 1.0)


def _overlay(a: Tensor, b: Tensor) -> Tensor:
    return torch.where(a <= 0.5, 2.0 * a * b, 1.0 - 2.0 * (1.0 - a) * (1.0 - b))  # noqa: PLR2004 -- middle grey


def _soft_light(a: Tensor, b: Tensor) -> Tensor:
    """W3C compositing: darkens below middle grey, lightens above."""
    bright = torch.where(a <= 0.25, ((16.0 * a - 12.0) * a + 4.0) * a, a.clamp(min=0.0).sqrt())  # noqa: PLR2004
    darker, lighter = a - (1.0 - 2.0 * b) * a * (1.0 - a), a + (2.0 * b - 1.0) * (bright - a)
    return torch.where(b <= 0.5, darker, lighter)  # noqa: PLR2004 -- middle grey


BLEND_MODES: Final[dict[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "normal": lambda _a, b: b,
    "multiply": lambda a, b: a * b,
    "screen": lambda a, b: 1.0 - (1.0 - a) * (1.0 - b),
    "overlay": _overlay,
    "soft_light": _soft_light,
    "difference": lambda a, b: a - b,
}


def _gaussian(image: Tensor, radius: int, sigma: float) -> Tensor:
    """Blur [B, H, W, C] with a kernel of 2 * radius + 1 pixels: the bell curve over -1..1. Edges are mirrored."""
    taps = torch.linspace(-1.0, 1.0, 2 * radius + 1, dtype=image.dtype, device=image.device)
    kernel = torch.exp(-(taps**2) / (2.0 * sigma**2))
    kernel = kernel / kernel.sum()
    batch, height, width, channels = image.shape
    planes = image.movedim(-1, 1).reshape(batch * channels, 1, height, width)
    planes = functional.conv2d(planes[:, :, _mirrored(height, radius)], kernel.view(1, 1, -1, 1))
    planes = functional.conv2d(planes[..., _mirrored(width, radius)], kernel.view(1, 1, 1, -1))
    return planes.view(batch, channels, height, width).movedim(1, -1).contiguous()


def _mirrored(length: int, radius: int) -> Tensor:
    """Return indices -radius .. length + radius - 1, mirrored at the edge pixels as often as it takes."""
    index = torch.arange(-radius, length + radius)
    period = max(1, 2 * (length - 1))
    index = index % period
    return torch.minimum(index, period - index) if length > 1 else torch.zeros_like(index)
