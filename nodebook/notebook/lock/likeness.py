"""How like two pictures look, told from a kilobyte of each: the pixels themselves need not be kept.

A signature has 16 x 16 fields. Of each it holds the mean colour (sRGB, three bytes) and how much the lightness varies
within it (a standard deviation, one byte), so that blur and noise tell although they leave the mean alone.

The distance of two pictures is that of their most different fields: the length of the difference of their colours in
OKLab together with that of their variation, times 100. About 2 is what one just sees side by side; black and white are
100 apart. What is smaller than a field counts by what it does to the field.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

FIELDS = 16
"""Fields along each side."""

SIGNATURE_BYTES = FIELDS * FIELDS * 4

JUST_SEEN = 2.0
"""Distance from which on a difference is seen by most."""

_GREY = (128, 128, 128, 255)
"""What shows through where a picture is transparent."""


def sight_of(picture: Image) -> str:
    """Return what a lock keeps of a picture: its size and its signature, ``"512x768 <base64>"``."""
    return f"{picture.width}x{picture.height} {signature(picture)}"


def compare(one: str, other: str) -> float | None:
    """Return how far apart two pictures are by their sights; None where their sizes differ.

    Raises ``ValueError`` for what is no sight of a picture.
    """
    first, second = one.partition(" "), other.partition(" ")
    return distance(first[2], second[2]) if first[0] == second[0] else None


def signature(picture: Image) -> str:
    """Return the signature of a picture: a kilobyte as base64."""
    import numpy as np
    from PIL import Image as PILImage

    if picture.mode != "RGB":
        rgba = picture.convert("RGBA")
        picture = PILImage.alpha_composite(PILImage.new("RGBA", rgba.size, _GREY), rgba).convert("RGB")
    box = PILImage.Resampling.BOX
    means = np.asarray(picture.resize((FIELDS, FIELDS), box), dtype=np.uint8)
    light = np.asarray(picture.convert("L"), dtype=np.float32)
    mean, square = (
        np.asarray(PILImage.fromarray(each).resize((FIELDS, FIELDS), box), dtype=np.float64)
        for each in (light, light * light)
    )
    spread = np.sqrt(np.clip(square - mean * mean, 0, None)).round().clip(0, 255).astype(np.uint8)
    return base64.b64encode(np.concatenate([means, spread[..., None]], axis=2).tobytes()).decode()


def distance(one: str, other: str) -> float:
    """Return how far apart two pictures are by their signatures. Raises ``ValueError`` for what is no signature."""
    import numpy as np

    first, second = (_fields(each) for each in (one, other))
    colour = _oklab(first[..., :3]) - _oklab(second[..., :3])
    spread = (first[..., 3:] - second[..., 3:]) / 255
    return float(100 * np.sqrt((np.concatenate([colour, spread], axis=2) ** 2).sum(axis=2)).max())


def small_picture(sight: str) -> Image:
    """Return the 16 x 16 pixels that a lock keeps, as a picture. Raises ``ValueError`` for what is no sight."""
    import numpy as np
    from PIL import Image as PILImage

    return PILImage.fromarray(_fields(sight.partition(" ")[2])[..., :3].astype(np.uint8))


def _fields(text: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    import numpy as np

    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != SIGNATURE_BYTES:
        raise ValueError(f"A picture's signature is {SIGNATURE_BYTES} bytes as base64, got {text[:40]!r}.")
    return np.frombuffer(data, dtype=np.uint8).reshape(FIELDS, FIELDS, 4).astype(np.float64)


def _oklab(srgb: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return OKLab (Björn Ottosson, 2020) of sRGB in 0..255."""
    import numpy as np

    share = srgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 -- of sRGB
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    lab: np.ndarray[Any, np.dtype[np.float64]] = np.cbrt(linear @ to_cones.T) @ to_lab.T
    return lab
