"""Reading pictures that strangers made, and writing PNG files that carry their graph.

Pillow is imported inside the functions, so that importing this module costs nothing.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodebook.assets.errors import NoGraphError, PictureTooLargeError, UnreadablePictureError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 178_956_970
"""Most pixels of one file, all its frames together: 0.5 GiB at 3 bytes, more than the largest camera sensors have.
Checked on the header, before any pixel is decoded."""

GRAPH_CHUNK = "nodebook"
"""Text chunk of a PNG that holds the nodebook document; ``prompt`` and ``workflow`` are ComfyUI's."""

LOCK_CHUNK = "nodebook-lock"
"""Text chunk that holds what the picture was made with (docs/design/lock.md)."""

PNG_COMPRESS_LEVEL = 4

_REFUSED_FORMATS = frozenset({"EPS", "WMF", "MPEG"})
"""EPS would start Ghostscript, WMF the drawing code of Windows; MPEG has no pixels that Pillow can read."""

_FIRST_FRAME_ONLY = frozenset({"MPO", "PSD"})
"""Their further frames are other views and layers, not the next moments."""

_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on broken files, found by feeding them broken files."""


def read_frames(path: Path, *, max_pixels: int = MAX_PIXELS) -> list[Image]:
    """Return the frames of a picture file, decoded, upright, each in the mode of the file.

    An animation gives all frames that have the size of the first; MPO and PSD files give their first.

    Raises ``UnreadablePictureError`` (missing rights, cut short, not a picture) and ``PictureTooLargeError``.
    """
    from PIL import ImageOps

    frames: list[Image] = []
    with _opened(path) as picture:
        total = 0
        for frame in _frames(picture):
            total += frame.width * frame.height
            if total > max_pixels:
                raise _too_large(path, picture, total, max_pixels)
            frame.load()
            upright = ImageOps.exif_transpose(frame)
            if not frames or upright.size == frames[0].size:
                frames.append(upright)
    return frames


def encode_png(
    picture: Image, texts: Mapping[str, str] | None = None, *, compress_level: int = PNG_COMPRESS_LEVEL
) -> bytes:
    """Return the bytes of a PNG file with one text chunk per entry of ``texts``."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, text in (texts or {}).items():
        info.add_text(key, text)
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=info, compress_level=compress_level)
    return file.getvalue()


def read_texts(path: Path) -> dict[str, str]:
    """Return the text chunks of a picture file; pixels are decoded only where texts may follow them."""
    with _opened(path) as picture:
        texts = _texts_of(picture.info)
        if picture.format == "PNG" and not texts and picture.width * picture.height <= MAX_PIXELS:
            picture.load()  # chunks behind the pixels are read with them
            texts = _texts_of(getattr(picture, "text", {}))
        return texts


def read_graph(path: Path) -> str:
    """Return the nodebook document that a picture carries, as JSON text. Raises ``NoGraphError`` where it has none."""
    texts = read_texts(path)
    document = texts.get(GRAPH_CHUNK)
    if document is None:
        if "prompt" in texts or "workflow" in texts:
            hint = "It carries a ComfyUI workflow: nodebook.comfy reads those."
        else:
            hint = "Pictures keep their graph only as the PNG file that was saved; other programs drop it."
        raise NoGraphError(f"The picture {path} carries no nodebook graph. {hint}")
    try:
        json.loads(document)
    except ValueError as error:
        raise NoGraphError(
            f"The graph in {path} is not JSON ({error}): the file was damaged. Open another copy of the picture."
        ) from error
    return document


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    """Open a picture file and turn every failure, also those while it is used, into one that says what to do."""
    from PIL import Image, UnidentifiedImageError

    Image.init()
    formats = [name for name in Image.OPEN if name not in _REFUSED_FORMATS]
    try:
        with Image.open(path, formats=formats) as picture:
            yield picture
    except (UnreadablePictureError, PictureTooLargeError, NoGraphError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureTooLargeError(
            f"The picture {path.name} claims more pixels than nodebook reads ({error}). If you trust it, scale it down "
            "with another program first."
        ) from error
    except UnidentifiedImageError as error:
        raise UnreadablePictureError(_unidentified(path)) from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise UnreadablePictureError(
            f"The picture {path} cannot be opened: {error.strerror}. Check its name and its permissions."
        ) from error
    except _DECODER_ERRORS as error:
        raise UnreadablePictureError(
            f"The picture {path.name} is damaged or cut short: {str(error) or type(error).__name__}. It has "
            f"{path.stat().st_size} bytes; copy or download it again."
        ) from error


def _frames(picture: Image) -> Iterator[Image]:
    from PIL import ImageSequence

    if picture.format in _FIRST_FRAME_ONLY:
        yield picture
        return
    yield from ImageSequence.Iterator(picture)


def _texts_of(info: Mapping[Any, Any]) -> dict[str, str]:
    return {str(key): str(text) for key, text in info.items() if isinstance(key, str) and isinstance(text, str)}


def _too_large(path: Path, picture: Image, total: int, limit: int) -> PictureTooLargeError:
    frames = getattr(picture, "n_frames", 1) if total <= 2 * limit else 1
    what = f"{frames} frames of " if frames > 1 else ""
    return PictureTooLargeError(
        f"The picture {path.name} has {what}{picture.width} x {picture.height} pixels; nodebook reads at most "
        f"{limit:,} pixels of one file. Scale it down, or cut the animation, with another program first."
    )


def _unidentified(path: Path) -> str:
    if path.stat().st_size == 0:
        return f"The picture {path.name} is empty (0 bytes). Copy or download it again."
    if path.suffix.lower() in {".heic", ".heif", ".jxl", ".svg"}:
        return (
            f"The file {path.name} is in a format that Pillow cannot read here. Convert it to PNG or JPEG, or install "
            "a Pillow plugin for it and restart the kernel."
        )
    return (
        f"The file {path.name} is not a picture that can be read. Expected PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF. "
        "Check what is inside; its name does not matter."
    )
