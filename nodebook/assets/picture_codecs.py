"""Codecs of Pillow: the pixels as they are, the palette, and the texts and numbers that a picture carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodebook.assets.codecs import Codec, CodecRegistry, Packer, Unpacker
from nodebook.assets.errors import DamagedError, NotStorableError

if TYPE_CHECKING:
    from PIL.Image import Image

_MODES = frozenset(
    "1 L P RGB RGBA CMYK YCbCr LAB HSV I F LA PA RGBX RGBa La I;16 I;16L I;16B".split()  # noqa: SIM905 -- reads better
)
_MAX_PIXELS = 1 << 34


def register(registry: CodecRegistry) -> None:
    """Teach pictures: made in memory, or read from a file of one frame."""
    from PIL import Image, ImageFile

    Image.init()
    opened = {each for each in ImageFile.ImageFile.__subclasses__() if each.__module__.startswith("PIL.")}
    registry.register(Codec("PIL.image", (Image.Image, *opened), _encode, _decode))


def _encode(value: Image, packer: Packer) -> dict[str, Any]:
    if value.mode not in _MODES:
        raise NotStorableError(f"a Pillow picture has the mode {value.mode}")
    if getattr(value, "n_frames", 1) != 1:
        raise NotStorableError("a Pillow picture has several frames")
    value.load()
    palette = value.palette
    return {
        "mode": value.mode,
        "size": list(value.size),
        "leaf": packer.leaf(value.tobytes() if 0 not in value.size else b"", of=value),
        "palette": None if palette is None else [palette.mode, packer.leaf(bytes(value.palette.palette))],  # type: ignore[union-attr]  # is not None
        "info": packer.pack({_plain(key): _plain(item) for key, item in value.info.items()}),
        "format": value.format,
        "filename": _filename(value),
    }


def _filename(value: Image) -> str | None:
    name = getattr(value, "filename", None)
    return name if type(name) is str and name else None


def _plain(item: Any) -> Any:
    """Texts of PNG files are a subclass of ``str`` with a language."""
    return str(item) if isinstance(item, str) else item


def _decode(body: dict[str, Any], unpacker: Unpacker) -> Image:
    from PIL import Image

    mode, (width, height) = body["mode"], body["size"]
    if mode not in _MODES or not _is_count(width) or not _is_count(height) or width * height > _MAX_PIXELS:
        raise DamagedError(f"A stored picture says that it is {mode!r} of {width!r} x {height!r}.")
    data = unpacker.leaf(body["leaf"])
    picture = (
        Image.frombytes(mode, (width, height), bytes(data)) if width and height else Image.new(mode, (width, height))
    )
    if body["palette"] is not None:
        raw_mode, number = body["palette"]
        picture.putpalette(bytes(unpacker.leaf(number)), raw_mode)
    info = unpacker.unpack(body["info"])
    if not isinstance(info, dict):
        raise DamagedError("A stored picture carries something that is no table.")
    picture.info = info
    picture.format = body["format"]
    if body["filename"] is not None:
        picture.filename = body["filename"]  # type: ignore[attr-defined]  # as on a picture that was opened or saved
    return picture


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
