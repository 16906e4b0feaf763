"""Small pictures of what a sampler has so far: from latents by a linear fit, or by a tiny decoder.

Source: spec models.md K and B.1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nodebook.models.latents import LatentFormat

MAX_SIDE_PX: Final = 512

Picture = NDArray[np.uint8]
"""[H, W, 3], contiguous."""

Previewer = Callable[[Tensor], Picture]
"""From predicted latents [B, C, h, w] (or [B, C, T, h, w]) in the model's scale to one picture."""


def previewer(
    latent_format: LatentFormat, tiny_vae: Any | None = None, *, max_side_px: int = MAX_SIDE_PX
) -> Previewer | None:
    """Return what draws previews of a model: of the first item, its longer side at most ``max_side_px`` long.

    ``tiny_vae``: an ``AutoencoderTiny`` of the format, leased for as long as the previewer is used; without it the
    linear fit is used, which gives a pixel for each element of a latent. None where the format has no fit.
    """
    if tiny_vae is not None:
        return lambda latent: fit_into(_decoded(tiny_vae, _first(latent)), max_side_px)
    if latent_format.rgb:
        return lambda latent: fit_into(latent_to_rgb(latent_format, _first(latent)), max_side_px)
    return None


def latent_to_rgb(latent_format: LatentFormat, latent: Tensor) -> Picture:
    """Return rough colours of one latent [C, h, w] in the model's scale: -1..1 as 0..255, cut, not rounded.

    NaN is black. In NumPy and without BLAS: what is so small is drawn sooner than threads are woken.
    """
    weights, bias = _bytes_of(latent_format)
    colours = np.einsum("nc,cp->pn", weights, latent.float().cpu().numpy().reshape(len(latent), -1))
    colours += bias
    planes = np.fmin(np.fmax(colours, 0.0), 255.0)  # of NaN and 0, fmax takes 0
    picture: Picture = planes.astype(np.uint8, order="C").reshape(*latent.shape[1:], 3)
    return picture


def fit_into(picture: Picture, side_px: int) -> Picture:
    """Return a picture, smoothly scaled down so that its longer side is at most ``side_px`` long."""
    height, width, _ = picture.shape
    longer = max(height, width)
    if longer <= side_px:
        return picture
    size = (max(1, round(height * side_px / longer)), max(1, round(width * side_px / longer)))
    planes = torch.from_numpy(picture)[None].movedim(-1, 1)  # bytes, colours last: torch has a fast path for them
    scaled = functional.interpolate(planes, size=size, mode="bilinear", antialias=True)
    return scaled[0].movedim(0, -1).contiguous().numpy()


@cache
def _bytes_of(latent_format: LatentFormat) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the format's fit [3, C] and [3] so that it gives 0..255 for -1..1."""
    weights = np.array(latent_format.rgb, dtype=np.float32).T * 127.5
    bias = np.array(latent_format.rgb_bias, dtype=np.float32) * 127.5 + 127.5
    return np.ascontiguousarray(weights), bias


def _first(latent: Tensor) -> Tensor:
    """Return the first item, of video its first frame: [C, h, w]."""
    return latent[0, :, 0] if latent.ndim == 5 else latent[0]  # noqa: PLR2004 -- B, C, T, h, w


def _decoded(tiny_vae: Any, latent: Tensor) -> Picture:
    weight = next(tiny_vae.parameters())
    with torch.no_grad():
        decoded: Tensor = tiny_vae.decode(latent[None].to(weight.device, weight.dtype)).sample
        shown = decoded[0].movedim(0, -1).float().add(1.0).mul(127.5).nan_to_num(0.0).clamp(0.0, 255.0)
        return shown.to("cpu", torch.uint8).contiguous().numpy()
