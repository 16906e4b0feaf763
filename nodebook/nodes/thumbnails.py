"""Small copies of pictures for the editor, made up to thirty times a second."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image as PILImage

from nodebook.nodes.convert import CHANNELS, image_to_pils, pil_to_image

MAX_SIDE_PX = 512
_JPEG_QUALITY = 80
_ENLARGED_BELOW_PX = 192
"""Pictures up to this size (previews have a pixel for 8 x 8 of the picture) are shown enlarged, where JPEG's blocks and
its coarse colours would be seen."""
_SMALL_QUALITY = 95
PLAIN_MODES = frozenset({"L", "RGB", "RGBA", "LA"})


class Thumbnail(NamedTuple):
    """An encoded picture; ``width`` and ``height`` are the size in pixels of the picture that it is a copy of."""

    data: bytes
    mime: str
    width: int
    height: int


def encode_thumbnail(value: Any, max_side: int = MAX_SIDE_PX) -> Thumbnail:
    """Return a small copy of a picture, array, IMAGE or MASK (of a batch: the first), never larger than the original.

    JPEG, or WebP where it has alpha. Raises ``PictureError`` for what is not a picture.
    """
    picture, width, height = small_picture(value, max_side)
    file = io.BytesIO()
    if picture.mode in ("RGBA", "LA"):
        picture.convert("RGBA").save(file, "WEBP", quality=_JPEG_QUALITY, method=0)
        mime = "image/webp"
    else:
        if max(picture.size) > _ENLARGED_BELOW_PX:
            picture.save(file, "JPEG", quality=_JPEG_QUALITY)
        else:
            picture.save(file, "JPEG", quality=_SMALL_QUALITY, subsampling=0)
        mime = "image/jpeg"
    return Thumbnail(file.getvalue(), mime, width, height)


def small_picture(value: Any, max_side: int) -> tuple[PILImage.Image, int, int]:
    """Return a copy of a picture, array, IMAGE or MASK with at most so many pixels a side, and its full size.

    Raises ``PictureError`` for what is not a picture.
    """
    picture = _small_pil(value, max_side)
    if max(picture.size) > max_side:
        picture = picture.copy()
        picture.thumbnail((max_side, max_side), PILImage.Resampling.BILINEAR, reducing_gap=1.5)
    return picture, *full_size(value)


def full_size(value: Any) -> tuple[int, int]:
    """Return width and height of a picture, or of the first of a batch."""
    if isinstance(value, (list, tuple)):
        return full_size(value[0])
    if isinstance(value, PILImage.Image):
        return value.size
    has_channels = value.ndim > 2 and value.shape[-1] in CHANNELS  # noqa: PLR2004 -- H, W
    height, width = value.shape[-3:-1] if has_channels else value.shape[-2:]
    return int(width), int(height)


def _small_pil(value: Any, max_side: int) -> PILImage.Image:
    """Return a Pillow picture that is not much larger than wanted: large tensors are thinned out before converting."""
    if isinstance(value, PILImage.Image):
        if value.mode in PLAIN_MODES and not ("transparency" in value.info and value.mode != "RGBA"):
            return value
        return image_to_pils(pil_to_image(value))[0]
    if isinstance(value, (list, tuple)) and value:
        return _small_pil(value[0], max_side)
    if isinstance(value, (np.ndarray, torch.Tensor)):
        value = thinned(value, max_side)
    return image_to_pils(value)[0]


def thinned(value: Any, max_side: int) -> Any:
    """Return the first of a batch, with only every n-th row and column where it is more than twice too large."""
    is_batch = value.ndim == 4 or (value.ndim == 3 and value.shape[-1] not in (1, 3, 4))  # noqa: PLR2004 -- MASK: B, H, W
    first = value[0] if is_batch and len(value) else value
    if first.ndim < 2:  # noqa: PLR2004 -- not a picture: the conversion says so
        return value
    step = max(1, max(first.shape[:2]) // (2 * max_side))
    return first[::step, ::step] if step > 1 else first
