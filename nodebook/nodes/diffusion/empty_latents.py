"""Nodes that begin with nothing, for each kind of latent: channels and scale are what a family's VAE has.

Source: spec models.md B, nodes.md. The two most used ones are in ``latents.py``.
"""

from typing import Annotated

import torch
from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.models import latent_operations as ops
from nodebook.nodes.diffusion.latent_sizes import Count, Side16, Side32, axis_of, check_room
from nodebook.nodes.diffusion.ports import LatentImage
from nodebook.nodes.sizes import MAX_SIDE_PX

Frames4 = Annotated[int, Field(ge=1, le=MAX_SIDE_PX, description="Frames."), Number(step=4)]
Frames6 = Annotated[int, Field(ge=7, le=MAX_SIDE_PX, description="Frames."), Number(step=6)]
Frames8 = Annotated[int, Field(ge=1, le=MAX_SIDE_PX, description="Frames."), Number(step=8)]


@node(name="EmptyFlux2LatentImage", title="Empty Flux 2 Latent", category="latent")
def empty_flux2_latent_image(width: Side16 = 1024, height: Side16 = 1024, batch_size: Count = 1) -> LatentImage:
    """Begin with nothing for Flux 2, whose latents have 128 channels and a sixteenth of the picture's size."""
    return _zeros("EmptyFlux2LatentImage", batch_size, 128, height // 16, width // 16)


@node(name="EmptyHunyuanImageLatent", category="latent")
def empty_hunyuan_image_latent(width: Side32 = 2048, height: Side32 = 2048, batch_size: Count = 1) -> LatentImage:
    """Begin with nothing for HunyuanImage, whose latents have 64 channels and a 32nd of the picture's size."""
    return _zeros("EmptyHunyuanImageLatent", batch_size, 64, height // 32, width // 32)


@node(name="EmptyChromaRadianceLatentImage", category="latent/chroma_radiance")
def empty_chroma_radiance_latent_image(
    width: Side16 = 1024, height: Side16 = 1024, batch_size: Count = 1
) -> LatentImage:
    """Begin with nothing for Chroma Radiance, which works on the pixels themselves."""
    return _zeros("EmptyChromaRadianceLatentImage", batch_size, 3, height, width)


@node(name="EmptyHunyuanLatentVideo", title="Empty HunyuanVideo 1.0 Latent", category="latent/video")
def empty_hunyuan_latent_video(
    width: Side16 = 848, height: Side16 = 480, length: Frames4 = 25, batch_size: Count = 1
) -> LatentImage:
    """Begin with nothing for videos of HunyuanVideo or Wan 2.1: 16 channels, a quarter of the frames."""
    shape = batch_size, 16, (length - 1) // 4 + 1, height // 8, width // 8
    return _zeros("EmptyHunyuanLatentVideo", *shape)


@node(name="EmptyHunyuanVideo15Latent", title="Empty HunyuanVideo 1.5 Latent", category="latent/video")
def empty_hunyuan_video15_latent(
    width: Side16 = 848, height: Side16 = 480, length: Frames4 = 25, batch_size: Count = 1
) -> LatentImage:
    """Begin with nothing for videos of HunyuanVideo 1.5: 32 channels, a quarter of the frames."""
    shape = batch_size, 32, (length - 1) // 4 + 1, height // 16, width // 16
    return _zeros("EmptyHunyuanVideo15Latent", *shape)


@node(name="EmptyMochiLatentVideo", category="latent/video")
def empty_mochi_latent_video(
    width: Side16 = 848, height: Side16 = 480, length: Frames6 = 25, batch_size: Count = 1
) -> LatentImage:
    """Begin with nothing for videos of Mochi: 12 channels, a sixth of the frames."""
    shape = batch_size, 12, (length - 1) // 6 + 1, height // 8, width // 8
    return _zeros("EmptyMochiLatentVideo", *shape)


@node(name="EmptyCosmosLatentVideo", category="latent/video")
def empty_cosmos_latent_video(
    width: Side16 = 1280, height: Side16 = 704, length: Frames8 = 121, batch_size: Count = 1
) -> LatentImage:
    """Begin with nothing for videos of Cosmos: 16 channels, an eighth of the frames."""
    shape = batch_size, 16, (length - 1) // 8 + 1, height // 8, width // 8
    return _zeros("EmptyCosmosLatentVideo", *shape)


@node(name="EmptyLTXVLatentVideo", category="latent/video/ltxv")
def empty_ltxv_latent_video(
    width: Side32 = 768, height: Side32 = 512, length: Frames8 = 97, batch_size: Count = 1
) -> LatentImage:
    """Begin with nothing for videos of LTX-Video: 128 channels, an eighth of the frames, a 32nd of the size."""
    shape = batch_size, 128, (length - 1) // 8 + 1, height // 32, width // 32
    return _zeros("EmptyLTXVLatentVideo", *shape)


@node(name="TrimVideoLatent", category="latent/video")
def trim_video_latent(samples: LatentImage, trim_amount: Annotated[int, Field(ge=0, le=99999)] = 0) -> LatentImage:
    """Drop the first frames of a video's latent.

    trim_amount: how many latent frames; the last one stays.
    """
    video = samples["samples"]
    axis = axis_of("t", video.ndim)
    return ops.with_samples(samples, ops.cut(video, axis, trim_amount, video.shape[axis]))


def _zeros(what: str, *shape: int) -> LatentImage:
    check_room(what, *shape)
    return {"samples": torch.zeros(shape)}


NODES = (
    empty_flux2_latent_image,
    empty_hunyuan_image_latent,
    empty_chroma_radiance_latent_image,
    empty_hunyuan_latent_video,
    empty_hunyuan_video15_latent,
    empty_mochi_latent_video,
    empty_cosmos_latent_video,
    empty_ltxv_latent_video,
    trim_video_latent,
)
