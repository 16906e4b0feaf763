"""Changing the size of latents: rule R of the specification, with spherical interpolation beside torch's methods.

Source: spec engine.md H.1, rule R. Slerp: Shoemake, "Animating rotation with quaternion curves" (1985).
"""

from __future__ import annotations

from typing import Final, Literal

import torch
from torch import Tensor
from torch.nn import functional

Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]
Crop = Literal["disabled", "center"]

_PARALLEL: Final = 1e-5
"""Directions whose cosine is closer than this to 1 or -1 have no plane to turn in."""


def resample(latent: Tensor, width: int, height: int, method: str, crop: str = "disabled") -> Tensor:
    """Return a latent [B, C, (T,) h, w] at a new size in latent elements; time is left as it is.

    ``bislerp`` turns each element's vector of channels on the sphere; the others interpolate each channel by itself,
    without antialiasing. ``crop="center"`` first cuts the source to the new aspect ratio.
    """
    if latent.ndim == 5:  # noqa: PLR2004 -- B, C, T, h, w
        frames = latent.movedim(2, 1)
        scaled = resample(frames.flatten(0, 1), width, height, method, crop)
        return scaled.reshape(*frames.shape[:2], *scaled.shape[1:]).movedim(1, 2)
    if crop == "center":
        latent = center_crop(latent, width / height)
    if method == "bislerp":
        return bislerp(latent, width, height)
    return functional.interpolate(latent, size=(height, width), mode=method)


def center_crop(planes: Tensor, aspect: float) -> Tensor:
    """Return the middle of planes [..., h, w] that has the aspect ratio (width / height), at least one element wide."""
    height, width = planes.shape[-2:]
    x = y = 0
    if width / height > aspect:
        x = min(round((width - height * aspect) / 2), (width - 1) // 2)
    else:
        y = min(round((height - width / aspect) / 2), (height - 1) // 2)
    return planes[..., y : height - y, x : width - x]


def bislerp(latent: Tensor, width: int, height: int) -> Tensor:
    """Return a latent [B, C, h, w] at a new size, interpolated spherically along rows, then along columns."""
    return _slerp_along(_slerp_along(latent, 3, width), 2, height)


def slerp(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """Return vectors between two (along dim 1): the direction turns evenly, the length changes evenly.

    ``share``: of the second, 0..1, broadcast. Parallel vectors give the first, opposite ones are mixed linearly.
    """
    lengths = first.norm(dim=1, keepdim=True), second.norm(dim=1, keepdim=True)
    ones = [torch.where(length > 0, each / length, 0.0) for each, length in zip((first, second), lengths, strict=True)]
    cosine = (ones[0] * ones[1]).sum(dim=1, keepdim=True)
    angle = cosine.clamp(-1.0, 1.0).acos()
    turned = (((1.0 - share) * angle).sin() * ones[0] + (share * angle).sin() * ones[1]) / angle.sin()
    between = turned * (lengths[0] * (1.0 - share) + lengths[1] * share)
    between = torch.where(cosine > 1.0 - _PARALLEL, first, between)
    return torch.where(cosine < _PARALLEL - 1.0, first * (1.0 - share) + second * share, between)


def _slerp_along(latent: Tensor, dim: int, size: int) -> Tensor:
    """Return ``latent`` with another size along ``dim``; element centres lie as in torch without aligned corners."""
    old = latent.shape[dim]
    where = ((torch.arange(size, dtype=torch.float64) + 0.5) * old / size - 0.5).clamp(0, old - 1)
    before = where.floor().long()
    after = (before + 1).clamp(max=old - 1)
    share = (where - before).to(latent.device, latent.dtype)
    shape = [size if index == dim else 1 for index in range(latent.ndim)]
    before, after = before.to(latent.device), after.to(latent.device)
    return slerp(latent.index_select(dim, before), latent.index_select(dim, after), share.view(shape))
