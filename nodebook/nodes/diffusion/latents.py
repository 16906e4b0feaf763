"""Nodes that make latents, and change their size and place."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.models import latent_operations as ops
from nodebook.models.resampling import Crop, Method, resample
from nodebook.nodes.convert import to_mask
from nodebook.nodes.diffusion.latent_sizes import PIXELS_PER_ELEMENT, Count, Pixels, Side, Side16, check_room
from nodebook.nodes.diffusion.ports import LatentImage
from nodebook.nodes.ports import Mask
from nodebook.nodes.sizes import MAX_SIDE_PX, resize_mask

_MIN_UPSCALED_PX = 64
_QUARTER_TURNS = {"none": 0, "90 degrees": 1, "180 degrees": 2, "270 degrees": 3}

CropSide = Annotated[int, Field(ge=64, le=MAX_SIDE_PX), Number(step=8)]


@node(name="EmptyLatentImage", title="Empty Latent Image", category="latent", aliases=("blank", "txt2img"))
def empty_latent_image(width: Side = 512, height: Side = 512, batch_size: Count = 1) -> LatentImage:
    """Begin with nothing: latents of zeros, from which a sampler makes pictures of this size in pixels.

    batch_size: how many pictures.
    """
    return _empty("EmptyLatentImage", batch_size, 4, height, width)


@node(name="EmptySD3LatentImage", category="latent/sd3")
def empty_sd3_latent_image(width: Side16 = 1024, height: Side16 = 1024, batch_size: Count = 1) -> LatentImage:
    """Begin with nothing for models whose latents have 16 channels, such as SD3 and Flux.

    batch_size: how many pictures.
    """
    return _empty("EmptySD3LatentImage", batch_size, 16, height, width)


@node(name="SetLatentNoiseMask", title="Set Latent Noise Mask", category="latent/inpaint", aliases=("inpaint",))
def set_latent_noise_mask(samples: LatentImage, mask: Mask) -> LatentImage:
    """Have samplers change a latent only where the mask is 1.

    mask: of any size, of one picture or of as many as there are latents.
    """
    return ops.with_noise_mask(samples, to_mask(mask))


@node(name="LatentUpscale", title="Upscale Latent", category="latent", aliases=("resize", "hires fix"))
def latent_upscale(
    samples: LatentImage,
    upscale_method: Method = "nearest-exact",
    width: Pixels = 512,
    height: Pixels = 512,
    crop: Crop = "disabled",
) -> LatentImage:
    """Resize latents to a size in pixels, at least 64. A side of 0 keeps the aspect ratio.

    upscale_method: bislerp keeps the contrast of latents best.
    crop: center cuts the latent to the new aspect ratio first, disabled stretches it.
    """
    if width == 0 and height == 0:
        return samples
    tall, wide = samples["samples"].shape[-2:]
    if width == 0:
        width = round(wide * max(_MIN_UPSCALED_PX, height) / tall)
    elif height == 0:
        height = round(tall * max(_MIN_UPSCALED_PX, width) / wide)
    size = [max(_MIN_UPSCALED_PX, side) // PIXELS_PER_ELEMENT for side in (width, height)]
    return _resized("LatentUpscale", samples, size, upscale_method, crop)


@node(name="LatentUpscaleBy", title="Upscale Latent By", category="latent", aliases=("resize", "hires fix"))
def latent_upscale_by(
    samples: LatentImage,
    upscale_method: Method = "nearest-exact",
    scale_by: Annotated[float, Field(ge=0.01, le=8.0), Number(step=0.01)] = 1.5,
) -> LatentImage:
    """Resize latents by a factor.

    upscale_method: bislerp keeps the contrast of latents best.
    """
    tall, wide = samples["samples"].shape[-2:]
    size = [max(1, round(side * scale_by)) for side in (wide, tall)]
    return _resized("LatentUpscaleBy", samples, size, upscale_method, "disabled")


@node(name="LatentCrop", title="Crop Latent", category="latent/transform")
def latent_crop(
    samples: LatentImage, width: CropSide = 512, height: CropSide = 512, x: Pixels = 0, y: Pixels = 0
) -> LatentImage:
    """Cut a rectangle out of latents, in pixels, rounded down to multiples of 8. A noise mask stays as it is.

    x: left edge; moved so that 64 pixels are left.
    y: upper edge; moved likewise.
    """
    left, top, wide, tall = (each // PIXELS_PER_ELEMENT for each in (x, y, width, height))
    return ops.with_samples(samples, ops.crop(samples["samples"], left, top, wide, tall))


@node(name="LatentFlip", title="Flip Latent", category="latent/transform", aliases=("mirror",))
def latent_flip(
    samples: LatentImage,
    flip_method: Literal["x-axis: vertically", "y-axis: horizontally"] = "x-axis: vertically",
) -> LatentImage:
    """Mirror latents upside down, or left to right. A noise mask stays as it is."""
    axis = -2 if flip_method.startswith("x") else -1
    return ops.with_samples(samples, samples["samples"].flip(axis))


@node(name="LatentRotate", title="Rotate Latent", category="latent/transform", aliases=("turn",))
def latent_rotate(
    samples: LatentImage, rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"] = "none"
) -> LatentImage:
    """Turn latents clockwise. A noise mask stays as it is."""
    turned = samples["samples"].rot90(-_QUARTER_TURNS[rotation], dims=(-2, -1))
    return ops.with_samples(samples, turned.contiguous())


@node(name="LatentComposite", title="Latent Composite", category="latent", aliases=("paste",))
def latent_composite(
    samples_to: LatentImage, samples_from: LatentImage, x: Pixels = 0, y: Pixels = 0, feather: Pixels = 0
) -> LatentImage:
    """Paste one latent into another, at a place in pixels, rounded down to multiples of 8.

    samples_from: what is pasted.
    x: left edge.
    y: upper edge.
    feather: over how many pixels it fades in, but not at the border of the picture.
    """
    left, top, fade = (each // PIXELS_PER_ELEMENT for each in (x, y, feather))
    return ops.with_samples(samples_to, ops.paste(samples_to["samples"], samples_from["samples"], left, top, fade))


@node(name="LatentCompositeMasked", category="latent", aliases=("paste",))
def latent_composite_masked(
    destination: LatentImage,
    source: LatentImage,
    x: Pixels = 0,
    y: Pixels = 0,
    resize_source: bool = False,  # noqa: FBT001, FBT002 -- an input of the node
    mask: Mask | None = None,
) -> LatentImage:
    """Paste one latent into another where a mask allows it, at a place in pixels, rounded down to multiples of 8.

    x: left edge.
    y: upper edge.
    resize_source: stretch the source to the size of the destination first.
    mask: how much of the source to paste; resized to the source. All of it without one.
    """
    below, above = destination["samples"], source["samples"]
    if resize_source:
        above = resample(above, below.shape[-1], below.shape[-2], "bilinear")
    share = None
    if mask is not None:
        share = resize_mask(to_mask(mask), above.shape[-1], above.shape[-2])[:, None]
        share = ops.repeat_to(share, len(below)).to(below.device, below.dtype)
    left, top = x // PIXELS_PER_ELEMENT, y // PIXELS_PER_ELEMENT
    return ops.with_samples(destination, ops.paste_masked(below, above, left, top, share))


def _empty(what: str, batch: int, channels: int, height: int, width: int) -> LatentImage:
    shape = batch, channels, height // PIXELS_PER_ELEMENT, width // PIXELS_PER_ELEMENT
    check_room(what, *shape)
    return {"samples": torch.zeros(shape)}


def _resized(what: str, latent: LatentImage, size: list[int], method: str, crop: str) -> LatentImage:
    samples = latent["samples"]
    check_room(what, *samples.shape[:-2], *size)
    return ops.with_samples(latent, resample(samples, size[0], size[1], method, crop))


NODES = (
    empty_latent_image,
    empty_sd3_latent_image,
    set_latent_noise_mask,
    latent_upscale,
    latent_upscale_by,
    latent_crop,
    latent_flip,
    latent_rotate,
    latent_composite,
    latent_composite_masked,
)
