"""Pictures for the output of a cell: lossless where that is small enough, and never larger than the original."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image as PILImage

from nodebook.nodes.convert import image_to_pils, pil_to_image
from nodebook.nodes.thumbnails import PLAIN_MODES, full_size, thinned

_QUALITY = 88
_LEAST_SIDE_PX = 32


class Encoded(NamedTuple):
    """A picture as a file; ``width`` and ``height`` are those of the original."""

    data: bytes
    mime: str
    width: int
    height: int


def encode_crisp(value: Any, max_side_px: int, max_bytes: int) -> Encoded:
    """Return a picture (Pillow, IMAGE, MASK, array) as PNG, or as JPEG or WebP where the PNG has too many bytes.

    What is still too large is made smaller. Raises ``PictureError`` for what is not a picture.
    """
    picture = _pil(value, max_side_px)
    width, height = full_size(value)
    side = min(max_side_px, max(picture.size))
    while True:
        small = _fitted(picture, side)
        for encode in (_png, _lossy):
            data, mime = encode(small)
            if len(data) <= max_bytes or (side <= _LEAST_SIDE_PX and encode is _lossy):
                return Encoded(data, mime, width, height)
        side = max(_LEAST_SIDE_PX, side * 2 // 3)


def _fitted(picture: PILImage.Image, side: int) -> PILImage.Image:
    if max(picture.size) <= side:
        return picture
    small = picture.copy()
    small.thumbnail((side, side), PILImage.Resampling.LANCZOS, reducing_gap=2.0)
    return small


def _png(picture: PILImage.Image) -> tuple[bytes, str]:
    file = io.BytesIO()
    picture.save(file, "PNG")  # always the same bytes for the same pixels: no time and no text is written
    return file.getvalue(), "image/png"


def _lossy(picture: PILImage.Image) -> tuple[bytes, str]:
    file = io.BytesIO()
    if picture.mode in ("RGBA", "LA"):
        picture.convert("RGBA").save(file, "WEBP", quality=_QUALITY)
        return file.getvalue(), "image/webp"
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue(), "image/jpeg"


def _pil(value: Any, max_side_px: int) -> PILImage.Image:
    if isinstance(value, PILImage.Image):
        if value.mode in PLAIN_MODES and "transparency" not in value.info:
            return _bare(value)
        return image_to_pils(pil_to_image(value))[0]
    if isinstance(value, (np.ndarray, torch.Tensor)):
        value = thinned(value, max_side_px)
    return image_to_pils(value)[0]


def _bare(picture: PILImage.Image) -> PILImage.Image:
    """Return a picture without what it carries (its graph, a colour profile): that would be in the notebook too."""
    bare = picture.copy()
    bare.info = {}
    return bare
