"""Nodes that read picture files."""

from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from nodebook.assets.files import is_file
from nodebook.assets.folders import Folders, file_digest
from nodebook.assets.pictures import read_frames
from nodebook.engine.annotations import Hidden, Picture
from nodebook.engine.node import node
from nodebook.nodes.blame import about
from nodebook.nodes.convert import pil_to_image, with_channels
from nodebook.nodes.ports import Image, Mask

PictureName = Annotated[str, Picture()]

NO_ALPHA_SIDE_PX = 64
"""Side of the all-zero mask of a picture without transparency, as in ComfyUI."""

_CHANNELS = {"red": 0, "green": 1, "blue": 2, "alpha": 3}


def picture_digest(folders: Folders, image: str, **_others: Any) -> str:
    """Return what joins the key of a node that reads the picture ``image``: the SHA-256 of the file.

    Raises ``MissingPictureError`` where there is no such file.
    """
    with about("image"):
        return file_digest(folders.resolve(image))


@node(name="LoadImage", title="Load Image", category="image")
def load_image(image: PictureName, *, folders: Hidden[Folders]) -> tuple[Image, Mask]:
    """Read a picture file: its pixels, and a mask that is 1 where the picture is transparent.

    Turned upright by its EXIF data. An animation gives all its frames; without transparency the mask is 64 x 64 zeros.

    image: a name in the input folder, "name.png [output]", or a path.
    """
    with about("image"):
        frames = [pil_to_image(frame) for frame in read_frames(folders.resolve(image))]
    pixels = torch.cat([with_channels(frame, 3) for frame in frames])
    if all(frame.shape[-1] == 3 for frame in frames):  # noqa: PLR2004 -- RGB
        return pixels, torch.zeros(len(frames), NO_ALPHA_SIDE_PX, NO_ALPHA_SIDE_PX)
    return pixels, torch.cat([_transparency(frame) for frame in frames])


@node(name="LoadImageMask", title="Load Image (as Mask)", category="mask")
def load_image_mask(
    image: PictureName,
    channel: Literal["alpha", "red", "green", "blue"] = "alpha",
    *,
    folders: Hidden[Folders],
) -> Mask:
    """Read one channel of a picture file as a mask. Alpha is inverted: 1 where the picture is transparent.

    image: a name in the input folder, "name.png [output]", or a path.
    channel: of an animation, of its first frame.
    """
    with about("image"):
        frame = pil_to_image(read_frames(folders.resolve(image))[0])
    if channel == "alpha":
        return _transparency(frame)
    return frame[..., _CHANNELS[channel]].contiguous()


def find_picture(folders: Folders, name: str) -> Path | None:
    """Return the file that a picture widget names, for its thumbnail; None where there is none."""
    try:
        path = folders.resolve(name)
    except (ValueError, OSError):
        return None
    return path if is_file(path) else None


def _transparency(frame: Tensor) -> Tensor:
    """Return 1 - alpha of an IMAGE [B, H, W, C]: zeros where it has no alpha."""
    return 1.0 - with_channels(frame, 4)[..., 3]
