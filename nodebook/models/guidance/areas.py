"""Areas of a picture that a conditioning speaks about, and how much it counts at each place.

All numbers are latent elements. Source: spec models.md F.2, F.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from nodebook.models.errors import SamplingError

FEATHER = 8
"""How many rows at an inner edge of an area without a mask fade, in areas of 32 and more along that side."""

LEAST_SIDE = 8
"""The least side of an area that is read from the bounds of a mask."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of latent elements."""

    height: int
    width: int
    top: int = 0
    left: int = 0

    def clipped(self, height: int, width: int) -> Area:
        """Return the part that lies in a latent of that size. Raises ``SamplingError`` where there is none."""
        tall, wide = min(self.height, height - self.top), min(self.width, width - self.left)
        if min(tall, wide, self.top + 1, self.left + 1) < 1:
            raise SamplingError(
                f"The area of a conditioning, {self.width * 8} x {self.height * 8} pixels at ({self.left * 8}, "
                f"{self.top * 8}), is not in the picture of {width * 8} x {height * 8} pixels. Move the area."
            )
        return Area(tall, wide, self.top, self.left)

    def encloses(self, other: Area) -> bool:
        """Say whether the other area lies in this one."""
        return (
            self.top <= other.top
            and self.left <= other.left
            and self.top + self.height >= other.top + other.height
            and self.left + self.width >= other.left + other.width
        )

    def cut(self, tensor: Tensor) -> Tensor:
        """Return a view of this part of a tensor [..., H, W]."""
        return tensor[..., self.top : self.top + self.height, self.left : self.left + self.width]


def resolve_area(value: Any, height: int, width: int) -> Area | None:
    """Return the area that the option ``area`` of a conditioning means: latent elements, or shares of the sides.

    value: (height, width, top, left), or the same as shares after the word "percentage"; None for everywhere.
    """
    if value is None:
        return None
    if value[0] != "percentage":
        return Area(*(int(each) for each in value))
    tall, wide, top, left = value[1:]
    return Area(max(1, round(tall * height)), max(1, round(wide * width)), round(top * height), round(left * width))


def mask_bounds(mask: Tensor) -> Area:
    """Return the rectangle around all that is not 0 in a mask [B, H, W]; the upper left corner where all is 0."""
    present = (mask != 0).any(dim=0)
    rows, columns = present.any(dim=1).nonzero(), present.any(dim=0).nonzero()
    if not len(rows):
        return Area(LEAST_SIDE, LEAST_SIDE)
    top, bottom = int(rows[0]), int(rows[-1])
    left, right = int(columns[0]), int(columns[-1])
    return Area(max(LEAST_SIDE, bottom - top + 1), max(LEAST_SIDE, right - left + 1), top, left)


def resize_mask(mask: Tensor, height: int, width: int, device: torch.device) -> Tensor:
    """Return a mask [H, W], [B, H, W] or [B, 1, H, W] as [B, 1, height, width] float32 (bilinear)."""
    if mask.dim() not in (2, 3, 4) or min(mask.shape[-2:]) < 1:
        raise SamplingError(f"A mask must be a tensor [B, H, W], got one of shape {list(mask.shape)}.")
    mask = mask.reshape(-1, 1, *mask.shape[-2:]).to(device, torch.float32)
    if mask.shape[-2:] == (height, width):
        return mask
    return interpolate(mask, size=(height, width), mode="bilinear", align_corners=False)


def fit_batch(tensor: Tensor, count: int) -> Tensor:
    """Return a tensor [N, ...] with ``count`` items: repeated, then cut. A single one is expanded, not copied."""
    have = len(tensor)
    if have == count:
        return tensor
    if have == 1:
        return tensor.expand(count, *tensor.shape[1:])
    return tensor.repeat(-(-count // have), *([1] * (tensor.dim() - 1)))[:count]


def feather(area: Area, height: int, width: int) -> Tensor:
    """Return weights [1, 1, h, w] of an area in a picture: 1, fading at edges that are not the picture's own."""
    down = _ramp(area.height, starts_inside=area.top != 0, ends_inside=area.top + area.height < height)
    across = _ramp(area.width, starts_inside=area.left != 0, ends_inside=area.left + area.width < width)
    return (down[:, None] * across)[None, None]


def _ramp(length: int, *, starts_inside: bool, ends_inside: bool) -> Tensor:
    weights = torch.ones(length)
    reach = min(FEATHER, length // 4)
    steps = torch.arange(1, reach + 1) / reach if reach else weights[:0]
    if starts_inside:
        weights[:reach] *= steps
    if ends_inside:
        weights[length - reach :] *= steps.flip(0)
    return weights
