"""Nodes that calculate with latents."""

from typing import Annotated, Literal

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.models import latent_operations as ops
from nodebook.nodes.diffusion.latent_sizes import axis_of
from nodebook.nodes.diffusion.ports import LatentImage
from nodebook.nodes.sizes import MAX_SIDE_PX

Share = Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.01)]
SliceCount = Annotated[int, Field(ge=1, le=MAX_SIDE_PX), Number(step=1)]
SliceIndex = Annotated[int, Field(ge=-MAX_SIDE_PX, le=MAX_SIDE_PX), Number(step=1)]


@node(name="LatentAdd", category="latent/advanced")
def latent_add(samples1: LatentImage, samples2: LatentImage) -> LatentImage:
    """Add two latents, element by element. The second is resized and cut to the size of the first."""
    first = samples1["samples"]
    return ops.with_samples(samples1, first + ops.fitted(samples2["samples"], first))


@node(name="LatentSubtract", category="latent/advanced")
def latent_subtract(samples1: LatentImage, samples2: LatentImage) -> LatentImage:
    """Subtract the second latent from the first. It is resized and cut to the size of the first."""
    first = samples1["samples"]
    return ops.with_samples(samples1, first - ops.fitted(samples2["samples"], first))


@node(name="LatentMultiply", category="latent/advanced")
def latent_multiply(
    samples: LatentImage, multiplier: Annotated[float, Field(ge=-10.0, le=10.0), Number(step=0.01)] = 1.0
) -> LatentImage:
    """Multiply latents by a number."""
    return ops.with_samples(samples, samples["samples"] * multiplier)


@node(name="LatentInterpolate", category="latent/advanced", aliases=("mix", "slerp"))
def latent_interpolate(samples1: LatentImage, samples2: LatentImage, ratio: Share = 1.0) -> LatentImage:
    """Mix the directions and the strengths of two latents apart from each other, so that contrast is kept.

    ratio: share of the first latent.
    """
    first = samples1["samples"]
    return ops.with_samples(samples1, ops.interpolate(first, ops.fitted(samples2["samples"], first), ratio))


@node(name="LatentBlend", title="Latent Blend", category="_for_testing", aliases=("mix",))
def latent_blend(samples1: LatentImage, samples2: LatentImage, blend_factor: Share = 0.5) -> LatentImage:
    """Mix two latents. The second is resized and cut to the size of the first.

    blend_factor: share of the first latent.
    """
    first = samples1["samples"]
    second = ops.fitted(samples2["samples"], first, "bicubic")
    return ops.with_samples(samples1, first * blend_factor + second * (1.0 - blend_factor))


@node(name="LatentConcat", category="latent/advanced", aliases=("side by side",))
def latent_concat(
    samples1: LatentImage, samples2: LatentImage, dim: Literal["x", "-x", "y", "-y", "t", "-t"] = "x"
) -> LatentImage:
    """Put two latents side by side, one below the other, or (of videos) one after the other.

    dim: x, y or time; with a minus the second comes first.
    """
    first, second = samples1["samples"], samples2["samples"]
    axis = axis_of(dim.removeprefix("-"), first.ndim)
    second = ops.repeat_to(second, len(first))
    pair = (second, first) if dim.startswith("-") else (first, second)
    return ops.with_samples(samples1, ops.concatenate(*pair, axis))


@node(name="LatentCut", category="latent/advanced", aliases=("crop",))
def latent_cut(
    samples: LatentImage, dim: Literal["x", "y", "t"] = "x", index: SliceIndex = 0, amount: SliceCount = 1
) -> LatentImage:
    """Cut columns, rows or frames out of latents, in latent elements.

    index: the first that is kept; negative counts from the end.
    amount: how many, fewer where the latent ends.
    """
    axis = axis_of(dim, samples["samples"].ndim)
    return ops.with_samples(samples, ops.cut(samples["samples"], axis, index, amount))


@node(name="LatentCutToBatch", category="latent/advanced")
def latent_cut_to_batch(
    samples: LatentImage, dim: Literal["t", "x", "y"] = "t", slice_size: SliceCount = 1
) -> LatentImage:
    """Cut latents into slices of one size, which become a batch. What is left at the end is dropped.

    slice_size: frames, columns or rows of each slice.
    """
    axis = axis_of(dim, samples["samples"].ndim)
    return ops.with_samples(samples, ops.cut_to_batch(samples["samples"], axis, slice_size))


NODES = (
    latent_add,
    latent_subtract,
    latent_multiply,
    latent_interpolate,
    latent_blend,
    latent_concat,
    latent_cut,
    latent_cut_to_batch,
)
