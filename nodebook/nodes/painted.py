"""Pictures with a mask that a person painted, as ComfyUI keeps them: transparent where the mask selects."""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image as PILImage
from PIL import ImageOps, UnidentifiedImageError

from nodebook.assets.errors import PictureError
from nodebook.assets.pictures import MAX_PIXELS, encode_png, read_frames

_SUFFIX = " (mask)"
_PAINTED = re.compile(r" \(mask\)( \(\d+\))?$")


def painted_name(name: str) -> str:
    """Return what the picture ``name`` is called once a mask was painted on it: "pets/cat.jpg" → "cat (mask).png"."""
    stem = Path(name.partition(" [")[0]).stem
    return f"{_PAINTED.sub('', stem)}{_SUFFIX}.png"


def paint_mask(path: Path, mask_png: bytes) -> bytes:
    """Return the picture of a file as PNG whose alpha is the mask's negative; the colours under it stay.

    ``mask_png``: a picture whose brightness is the mask, white where it selects; it is scaled where its size is
    another. Of an animation the first frame is taken. Raises ``PictureError``.
    """
    picture = read_frames(path)[0].convert("RGB")
    alpha = ImageOps.invert(_read_mask(mask_png))
    if alpha.size != picture.size:
        alpha = alpha.resize(picture.size, PILImage.Resampling.BILINEAR)
    picture.putalpha(alpha)
    return encode_png(picture)


def _read_mask(data: bytes) -> PILImage.Image:
    try:
        with PILImage.open(io.BytesIO(data), formats=["PNG"]) as mask:
            if mask.width * mask.height > MAX_PIXELS:
                raise PictureError(f"A mask of {mask.width} x {mask.height} pixels is too large.")
            return mask.convert("L")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise PictureError(f"The painted mask cannot be read ({error}). Expected a PNG: paint it again.") from error
