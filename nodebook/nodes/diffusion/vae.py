"""Nodes between pictures and latents."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from nodebook.engine.annotations import Hidden, Number
from nodebook.engine.context import progress
from nodebook.engine.memory import available_bytes
from nodebook.engine.node import node
from nodebook.models import latent_operations as ops
from nodebook.models.latents import LatentFormat
from nodebook.models.pool import Pool
from nodebook.models.spec import TinySpec
from nodebook.models.vae.codec import Codec
from nodebook.nodes.blame import about
from nodebook.nodes.convert import to_image, to_mask
from nodebook.nodes.diffusion.ports import LatentImage, Vae
from nodebook.nodes.ports import Image, Mask
from nodebook.nodes.sizes import resize_mask

TileSide = Annotated[int, Field(ge=64, le=4096, description="Pixels."), Number(step=32)]
EncodedTileSide = Annotated[int, Field(ge=64, le=4096, description="Pixels."), Number(step=64)]
Overlap = Annotated[
    int, Field(ge=0, le=4096, description="How far tiles overlap, in pixels, at most a quarter."), Number(step=32)
]
TileFrames = Annotated[int, Field(ge=8, le=4096, description="Of videos alone."), Number(step=4)]
OverlapFrames = Annotated[int, Field(ge=4, le=4096, description="Of videos alone."), Number(step=4)]

_GREY = 0.5


@node(name="VAEDecode", title="VAE Decode", category="latent")
def vae_decode(samples: LatentImage, vae: Vae, *, pool: Hidden[Pool]) -> Image:
    """Turn latents into pictures. Where memory is short, it works in tiles."""
    with leased_codec(vae, pool) as codec, about("samples"):
        return codec.decode(samples["samples"])


@node(name="VAEDecodeTiled", title="VAE Decode (Tiled)", category="_for_testing")
def vae_decode_tiled(  # noqa: PLR0913 -- the inputs of ComfyUI's node
    samples: LatentImage,
    vae: Vae,
    tile_size: TileSide = 512,
    overlap: Overlap = 64,
    temporal_size: TileFrames = 64,  # noqa: ARG001 -- of videos alone
    temporal_overlap: OverlapFrames = 8,  # noqa: ARG001 -- of videos alone
    *,
    pool: Hidden[Pool],
) -> Image:
    """Turn latents into pictures in overlapping tiles, which needs less memory."""
    overlap = min(overlap, tile_size // 4)
    with leased_codec(vae, pool) as codec, about("samples"):
        return codec.decode_tiled(samples["samples"], max(2, tile_size // codec.ratio), overlap // codec.ratio)


@node(name="VAEEncode", title="VAE Encode", category="latent")
def vae_encode(pixels: Image, vae: Vae, *, pool: Hidden[Pool]) -> LatentImage:
    """Turn pictures into latents. Sides are cut to multiples of 8 pixels, transparency is left out."""
    with leased_codec(vae, pool) as codec, about("pixels"):
        return {"samples": codec.encode(to_image(pixels))}


@node(name="VAEEncodeTiled", title="VAE Encode (Tiled)", category="_for_testing")
def vae_encode_tiled(  # noqa: PLR0913 -- the inputs of ComfyUI's node
    pixels: Image,
    vae: Vae,
    tile_size: EncodedTileSide = 512,
    overlap: Overlap = 64,
    temporal_size: TileFrames = 64,  # noqa: ARG001 -- of videos alone
    temporal_overlap: OverlapFrames = 8,  # noqa: ARG001 -- of videos alone
    *,
    pool: Hidden[Pool],
) -> LatentImage:
    """Turn pictures into latents in overlapping tiles, which needs less memory."""
    if 2 * overlap >= tile_size:  # narrow tiles are half as wide: they would not advance
        overlap = tile_size // 4
    with leased_codec(vae, pool) as codec, about("pixels"):
        return {"samples": codec.encode_tiled(to_image(pixels), tile_size, overlap)}


@node(name="VAEEncodeForInpaint", title="VAE Encode (for Inpainting)", category="latent/inpaint")
def vae_encode_for_inpaint(
    pixels: Image,
    vae: Vae,
    mask: Mask,
    grow_mask_by: Annotated[int, Field(ge=0, le=64), Number(step=1)] = 6,
    *,
    pool: Hidden[Pool],
) -> LatentImage:
    """Turn pictures into latents of which the masked part is made anew, by a sampler at full denoise.

    mask: 1 = made anew; resized to the picture. What is under it is turned grey.
    grow_mask_by: by how many pixels the part that is made anew is larger than the mask, in all.
    """
    pixels, mask = to_image(pixels), to_mask(mask)
    mask = resize_mask(mask, pixels.shape[2], pixels.shape[1])
    with leased_codec(vae, pool) as codec, about("pixels"):
        pixels, mask = codec.crop(pixels), codec.crop(mask).round()
        latent = codec.encode(grey_out(pixels, mask))
    return ops.with_noise_mask({"samples": latent}, grow(mask, grow_mask_by))


def grey_out(pixels: Tensor, mask: Tensor) -> Tensor:
    """Return the colours of pictures [B, H, W, C] with grey where a mask [B', H, W] is 1."""
    kept = 1.0 - ops.repeat_to(mask, len(pixels))[..., None]
    return (pixels[..., :3] - _GREY) * kept + _GREY


def grow(mask: Tensor, by_px: int) -> Tensor:
    """Return a mask [B, H, W] of zeros and ones, dilated by a box of ``by_px`` pixels."""
    if by_px <= 1:
        return mask
    grown = functional.max_pool2d(mask[:, None], by_px, stride=1, padding=by_px // 2)
    return grown[:, 0, : mask.shape[1], : mask.shape[2]]


@contextmanager
def leased_codec(vae: Vae, pool: Pool) -> Iterator[Codec]:
    """Give what encodes and decodes with a VAE. It reports progress, and stops when the run is cancelled."""
    with pool.lease(vae.network) as (network,):
        scale = latent_format(vae.network.part.spec)
        yield Codec(network, free_bytes, on_part=progress, latent_format=scale, give_way=pool.evict_unleased)


def latent_format(spec: Any) -> LatentFormat | None:
    """Return the format of a network that speaks the model's scale, as TAESDs do; None for one of the VAE's own."""
    return LatentFormat("taesd", spec.latent_channels, spec.scale, spec.shift) if isinstance(spec, TinySpec) else None


def free_bytes(device: torch.device) -> int:
    """Return how much memory can be allocated on a device."""
    if device.type != "cuda":
        return available_bytes()
    free, _ = torch.cuda.mem_get_info(device)
    return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))


NODES = (vae_decode, vae_decode_tiled, vae_encode, vae_encode_tiled, vae_encode_for_inpaint)
