"""Whole pictures for the editor, as a saved file has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image as PILImage

from nodebook.assets.pictures import GRAPH_CHUNK, encode_png, read_frames
from nodebook.nodes.save import saved_pils

_PNG_MODES = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA"})


class FullPicture(NamedTuple):
    """A PNG file; ``name`` is what it was saved as, None where it was not. Sizes in pixels."""

    data: bytes
    width: int
    height: int
    name: str | None


def encode_full(value: Any, document: str | None = None) -> FullPicture:
    """Return a picture, array, IMAGE or MASK of one picture as a PNG in full size, with the graph that made it.

    Raises ``PictureError`` for what is not a picture.
    """
    name = getattr(value, "filename", None)
    picture = value if isinstance(value, PILImage.Image) else saved_pils(value)[0]
    if picture.mode not in _PNG_MODES:
        picture = picture.convert("RGBA" if "A" in picture.getbands() else "RGB")
    texts = {} if document is None else {GRAPH_CHUNK: document}
    return FullPicture(encode_png(picture, texts), *picture.size, Path(name).name if name else None)


def encode_file(path: Path) -> FullPicture:
    """Return a picture file as PNG with its alpha, of an animation the first frame. Raises ``PictureError``."""
    picture = read_frames(path)[0].convert("RGBA")
    return FullPicture(encode_png(picture), *picture.size, path.name)
