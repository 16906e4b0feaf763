"""Rule R, by which every node resizes, and the limit on what a node may allocate."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import torch
from PIL import Image as PILImage
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from nodebook.assets.errors import PictureTooLargeError
from nodebook.engine.annotations import Number
from nodebook.nodes.convert import image_to_pils, pils_to_image

MAX_SIDE_PX: Final = 16384
MAX_BYTES: Final = 4 * 2**30
"""Largest picture batch that a node makes: one of 16384 x 16384 pixels in float32 just fits."""

Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
Crop = Literal["disabled", "center"]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE_PX), Number(step=1)]
SideOrAuto = Annotated[
    int, Field(ge=0, le=MAX_SIDE_PX, description="Pixels; 0 keeps the aspect ratio."), Number(step=1)
]
Offset = Annotated[int, Field(ge=0, le=MAX_SIDE_PX), Number(step=1)]


def check_size(what: str, batch: int, height: int, width: int, channels: int = 3) -> None:
    """Raise ``PictureTooLargeError`` before a result of that shape, float32, would be allocated."""
    size_bytes = batch * height * width * channels * 4
    if size_bytes > MAX_BYTES:
        raise PictureTooLargeError(
            f"{what} would make {batch} x {width} x {height} pixels with {channels} channels: "
            f"{size_bytes / 2**30:.1f} GiB. At most {MAX_BYTES / 2**30:.0f} GiB are allowed: choose a smaller size or "
            "batch."
        )


def resize(image: Tensor, width: int, height: int, method: str, crop: str = "disabled") -> Tensor:
    """Return ``image`` [B, H, W, C] at a new size.

    ``lanczos`` works on 8-bit pictures, as in ComfyUI; the others interpolate without antialiasing. ``crop="center"``
    first cuts the source to the new aspect ratio.
    """
    check_size(f"Resizing to {width} x {height}", image.shape[0], height, width, image.shape[3])
    if crop == "center":
        image = _center_crop(image, width / height)
    if method == "lanczos":
        return _lanczos(image, width, height)
    planes = image.movedim(-1, 1)  # [B, C, H, W]
    return functional.interpolate(planes, size=(height, width), mode=method).movedim(1, -1).contiguous()


def resize_mask(mask: Tensor, width: int, height: int, method: str = "bilinear") -> Tensor:
    """Return ``mask`` [B, H, W] at a new size."""
    if mask.shape[1:] == (height, width):
        return mask
    return resize(mask[..., None], width, height, method)[..., 0]


def repeat_to(batch: Tensor, count: int) -> Tensor:
    """Return ``count`` items: the batch over and over, cut at the end."""
    if len(batch) == count:
        return batch
    index = torch.arange(count, device=batch.device) % len(batch)
    return batch[index]


def _center_crop(image: Tensor, aspect: float) -> Tensor:
    height, width = image.shape[1:3]
    x = y = 0
    if width / height > aspect:
        x = round((width - height * aspect) / 2)
    else:
        y = round((height - width / aspect) / 2)
    # A strip of at least one pixel stays.
    x, y = min(x, (width - 1) // 2), min(y, (height - 1) // 2)
    return image[:, y : height - y, x : width - x]


def _lanczos(image: Tensor, width: int, height: int) -> Tensor:
    """Return 8-bit pictures resampled by Pillow; alpha is multiplied in while it works."""
    eighths = (image.clamp(0.0, 1.0) * 255.0).floor() / 255.0  # cut, not rounded: the same 8 bits as a saved file
    pictures = [each.resize((width, height), PILImage.Resampling.LANCZOS) for each in image_to_pils(eighths)]
    if image.shape[-1] == 1:
        return pils_to_image(pictures)[..., :1]
    return pils_to_image(pictures).to(image.device)
