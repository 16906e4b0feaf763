"""Small pictures of what a sampler has so far: from latents by a linear fit, or by a tiny decoder.

Source: spec models.md K and B.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from nodebook.models.latents import LatentFormat

MAX_SIDE_PX: Final = 512

Previewer = Callable[[Tensor], Tensor]
"""From predicted latents [B, C, h, w] (or [B, C, T, h, w]) in the model's scale to one picture [H, W, 3], uint8."""


def previewer(
    latent_format: LatentFormat, tiny_vae: Any | None = None, *, max_side_px: int = MAX_SIDE_PX
) -> Previewer | None:
    """Return what draws previews of a model: of the first item, its longer side ``max_side_px`` long.

    ``tiny_vae``: an ``AutoencoderTiny`` of the format, leased for as long as the previewer is used; without it the
    linear fit is used. None where the format has no fit.
    """
    if tiny_vae is not None:
        return lambda latent: fit_into(_to_bytes(_decoded(tiny_vae, _first(latent))), max_side_px)
    if latent_format.rgb:
        return lambda latent: fit_into(latent_to_rgb(latent_format, _first(latent)), max_side_px)
    return None


def latent_to_rgb(latent_format: LatentFormat, latent: Tensor) -> Tensor:
    """Return rough colours [h, w, 3], uint8 on the CPU, of one latent [C, h, w] in the model's scale."""
    return _to_bytes(latent_format.to_rgb(latent))


def fit_into(picture: Tensor, side_px: int) -> Tensor:
    """Return a picture [h, w, 3], uint8, scaled so that its longer side is ``side_px`` long, smoothly both ways."""
    height, width, _ = picture.shape
    longer = max(height, width)
    size = (max(1, round(height * side_px / longer)), max(1, round(width * side_px / longer)))
    if size == (height, width):
        return picture
    planes = picture[None].movedim(-1, 1)  # bytes, colours last in memory: torch has a fast path for them
    scaled = functional.interpolate(planes, size=size, mode="bilinear", antialias=longer > side_px)
    return scaled[0].movedim(0, -1).contiguous()


def _first(latent: Tensor) -> Tensor:
    """Return the first item, of video its first frame: [C, h, w]."""
    return latent[0, :, 0] if latent.ndim == 5 else latent[0]  # noqa: PLR2004 -- B, C, T, h, w


def _decoded(tiny_vae: Any, latent: Tensor) -> Tensor:
    weight = next(tiny_vae.parameters())
    with torch.no_grad():
        decoded: Tensor = tiny_vae.decode(latent[None].to(weight.device, weight.dtype)).sample
    return decoded[0].movedim(0, -1).float()


def _to_bytes(colours: Tensor) -> Tensor:
    """Return -1..1 as 0..255, cut, not rounded; NaN is black."""
    return colours.add(1.0).div(2.0).nan_to_num(0.0).clamp(0.0, 1.0).mul(255.0).to("cpu", torch.uint8)
