"""Pictures between their three homes: Pillow, NumPy and the tensors that travel between nodes.

On the wire an IMAGE is ``[B, H, W, C]`` float32 with C = 3 (or 4 with alpha), a MASK is ``[B, H, W]`` float32; both in
0..1. Nothing here changes its argument, and nothing returned shares memory with a Pillow picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from PIL import Image as PILImage
from torch import Tensor

from nodebook.assets.errors import PictureError

CHANNELS: Final = (1, 3, 4)
BRIGHTEST: Final = 16.0
"""Floats above this are taken for 0..255 values that somebody forgot to divide; up to it they may be highlights."""

_PIL_MODES: Final = {1: "L", 3: "RGB", 4: "RGBA"}
_SIXTEEN_BIT: Final = 65535
_INT_MAX: Final = 2**31 - 1


def pil_to_image(picture: PILImage.Image) -> Tensor:
    """Return a Pillow picture of any mode as IMAGE ``[1, H, W, C]``: C is 4 where it has transparency, else 3."""
    if not isinstance(picture, PILImage.Image):
        raise PictureError(
            f"Expected a PIL.Image.Image, got {type(picture).__name__}. Convert it, for example with "
            "PIL.Image.fromarray(array)."
        )
    if 0 in picture.size:
        raise PictureError(f"The picture is empty: {picture.width} x {picture.height} pixels. Expected at least 1 x 1.")
    if picture.mode in {"F", "I"} or picture.mode.startswith("I;16"):
        grey = torch.from_numpy(_deep_grey(picture))
        return grey[None, :, :, None].repeat(1, 1, 1, 3)
    plain = picture if picture.mode in ("RGB", "RGBA") else _to_rgb(picture)
    if plain.mode == "RGB" and plain.has_transparency_data:
        plain = plain.convert("RGBA")
    return torch.from_numpy(np.array(plain, dtype=np.uint8)).to(torch.float32)[None] / 255.0


def pils_to_image(pictures: Any) -> Tensor:
    """Return Pillow pictures of one size as one IMAGE ``[B, H, W, C]``."""
    if isinstance(pictures, PILImage.Image) or not isinstance(pictures, Sequence) or not pictures:
        raise PictureError(f"Expected a list with at least one PIL.Image.Image, got {_describe(pictures)}.")
    sizes = {picture.size for picture in pictures if isinstance(picture, PILImage.Image)}
    if len(sizes) > 1:
        named = ", ".join(f"{width} x {height}" for width, height in sorted(sizes))
        raise PictureError(f"A batch holds pictures of one size, got {named}. Resize them first: picture.resize(size).")
    images = [pil_to_image(picture) for picture in pictures]
    channels = max(image.shape[-1] for image in images)
    return torch.cat([with_channels(image, channels) for image in images])


def image_to_pils(image: Tensor) -> list[PILImage.Image]:
    """Return every picture of an IMAGE (or of a MASK, as greys), rounded to 8 bits."""
    batch = to_image(image, keep_grey=True)
    return [_pil_of(each) for each in batch]


def image_to_pil(image: Tensor) -> PILImage.Image:
    """Return the one picture of an IMAGE. Raises ``PictureError`` for a batch of several."""
    batch = to_image(image, keep_grey=True)
    if len(batch) != 1:
        raise PictureError(
            f"Expected one picture, got a batch of {len(batch)}. Annotate the parameter as list[PIL.Image.Image] to "
            "take them all, or pick one with an Image From Batch node."
        )
    return _pil_of(batch[0])


def to_image(value: Any, *, keep_grey: bool = False) -> Tensor:
    """Return an array or tensor as IMAGE ``[B, H, W, C]``.

    Takes ``[H, W]``, ``[H, W, C]`` and ``[B, H, W, C]`` with C of 1, 3 or 4; bool, uint8 (0..255), uint16 (0..65535)
    and floats (0..1). Greys get three channels unless ``keep_grey``. Raises ``PictureError`` naming shape and dtype.
    """
    tensor = _as_floats(value, "a picture")
    is_mask = keep_grey and tensor.ndim == 3 and tensor.shape[-1] not in CHANNELS  # noqa: PLR2004 -- B, H, W
    if is_mask or tensor.ndim == 2:  # noqa: PLR2004 -- H, W
        tensor = tensor[..., None]
    if tensor.ndim == 3:  # noqa: PLR2004 -- H, W, C
        tensor = tensor[None]
    if tensor.ndim != 4 or tensor.shape[-1] not in CHANNELS or 0 in tensor.shape:  # noqa: PLR2004 -- B, H, W, C
        raise PictureError(
            f"Expected a picture of shape [H, W], [H, W, C] or [B, H, W, C] with 1, 3 or 4 channels, got "
            f"{_describe(value)}.{_shape_hint(tuple(value.shape))}"
        )
    if tensor.shape[-1] == 1 and not keep_grey:
        tensor = tensor.repeat(1, 1, 1, 3)
    return tensor


def to_mask(value: Any) -> Tensor:
    """Return an array or tensor of shape ``[H, W]``, ``[B, H, W]`` or ``[B, H, W, 1]`` as MASK ``[B, H, W]``."""
    tensor = _as_floats(value, "a mask")
    if tensor.ndim == 4 and tensor.shape[-1] == 1:  # noqa: PLR2004 -- B, H, W, 1
        tensor = tensor[..., 0]
    if tensor.ndim == 2:  # noqa: PLR2004 -- H, W
        tensor = tensor[None]
    if tensor.ndim != 3 or 0 in tensor.shape:  # noqa: PLR2004 -- B, H, W
        raise PictureError(
            f"Expected a mask of shape [H, W] or [B, H, W], got {_describe(value)}. A picture becomes a mask with a "
            "Convert Image to Mask node, or by picking a channel: picture[..., 0]."
        )
    return tensor


def adopt_image(value: Any) -> Tensor:
    """Return an array or tensor from outside as IMAGE: ``to_image`` that also refuses values that are not 0..1."""
    return _checked_range(to_image(value), value)


def adopt_mask(value: Any) -> Tensor:
    """Return an array or tensor from outside as MASK: ``to_mask`` that also refuses values that are not 0..1."""
    return _checked_range(to_mask(value), value)


def to_array(value: Tensor) -> np.ndarray[Any, np.dtype[Any]]:
    """Return a tensor as an array of the same shape that shares its memory and cannot be written to."""
    plain = value.detach().cpu()
    if plain.dtype == torch.bfloat16:  # NumPy has no such type
        plain = plain.to(torch.float32)
    array: np.ndarray[Any, np.dtype[Any]] = plain.numpy().view()
    array.flags.writeable = False
    return array


def with_channels(image: Tensor, channels: int) -> Tensor:
    """Return an IMAGE with that many channels: missing ones are 1 (opaque), those too many are cut off."""
    missing = channels - image.shape[-1]
    if missing <= 0:
        return image[..., :channels]
    return torch.nn.functional.pad(image, (0, missing), value=1.0)


def _pil_of(picture: Tensor) -> PILImage.Image:
    """Return one picture ``[H, W, C]`` in 0..1, rounded to 8 bits."""
    bytes_ = picture.detach().nan_to_num(0.0).clamp(0.0, 1.0).mul(255.0).round().to(torch.uint8).cpu().numpy()
    mode = _PIL_MODES[bytes_.shape[-1]]
    return PILImage.fromarray(np.ascontiguousarray(bytes_[..., 0] if mode == "L" else bytes_))


def _to_rgb(picture: PILImage.Image) -> PILImage.Image:
    if picture.mode in ("La", "RGBa"):  # alpha multiplied in: Pillow undoes that only within the mode
        picture = picture.convert("LA" if picture.mode == "La" else "RGBA")
    has_alpha = picture.mode in ("LA", "PA", "RGBA") or picture.has_transparency_data
    return picture.convert("RGBA" if has_alpha else "RGB")


def _deep_grey(picture: PILImage.Image) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a picture of more than 8 bits a pixel as greys in 0..1, by the full range of its bits.

    ComfyUI divides 16-bit pictures by 255, which leaves all but the darkest white; that is not copied. Mode I says not
    how many bits are meant: 16 unless a value needs more. Mode F is 0..1, or 0..255 as Pillow itself writes it.
    """
    values = np.asarray(picture)
    if picture.mode.startswith("I;16"):
        return (values.astype(np.float32) / _SIXTEEN_BIT).clip(0, 1)
    if picture.mode == "I":
        top = _SIXTEEN_BIT if values.max() <= _SIXTEEN_BIT else _INT_MAX
        return (values / top).clip(0, 1).astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if not (low >= -1 and high <= 255):  # noqa: PLR2004 -- also false for NaN
        raise PictureError(
            f"A float picture (mode F) holds values from {low:g} to {high:g}. Expected 0..1 or 0..255: scale it first, "
            "for example with numpy."
        )
    return (values / (255 if high > 1 else 1)).clip(0, 1).astype(np.float32)


def _as_floats(value: Any, what: str) -> Tensor:
    tensor = _as_tensor(value, what)
    if tensor.dtype == torch.bool or tensor.is_floating_point():
        return tensor.to(torch.float32)
    if tensor.dtype == torch.uint8:
        return tensor.to(torch.float32) / 255.0
    if tensor.dtype == torch.uint16:
        return tensor.to(torch.int32).to(torch.float32) / _SIXTEEN_BIT
    raise PictureError(
        f"Expected {what} of bool, uint8 (0..255), uint16 (0..65535) or float (0..1), got {_describe(value)}. "
        "Scale it yourself, for example (array / array.max()).astype('float32')."
    )


def _checked_range(tensor: Tensor, value: Any) -> Tensor:
    brightest = tensor.max().item()
    if brightest > BRIGHTEST:
        raise PictureError(
            f"Expected floats in 0..1, got values up to {brightest:g} in {_describe(value)}. Divide by 255, or pass "
            "8-bit values as uint8."
        )
    return tensor


def _as_tensor(value: Any, what: str) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if not isinstance(value, np.ndarray):
        raise PictureError(f"Expected {what} as a NumPy array or torch tensor, got {_describe(value)}.")
    if value.dtype.kind not in "buif":
        raise PictureError(f"Expected {what} of numbers, got {_describe(value)}.")
    native = value.astype(value.dtype.newbyteorder("="))  # a copy: the maker may change the array later
    if native.dtype == np.longdouble:
        native = native.astype(np.float64)
    return torch.from_numpy(np.ascontiguousarray(native))


def _describe(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if shape is None:
        return f"{type(value).__name__}" + (f" of {len(value)}" if isinstance(value, (list, tuple)) else "")
    dtype = str(getattr(value, "dtype", "")).removeprefix("torch.")
    return f"{type(value).__name__} of shape {list(shape)} and dtype {dtype}"


def _shape_hint(shape: tuple[int, ...]) -> str:
    if len(shape) in (3, 4) and shape[-3] in CHANNELS and 0 not in shape:
        order = "(1, 2, 0)" if len(shape) == 3 else "(0, 2, 3, 1)"  # noqa: PLR2004 -- C, H, W
        return f" Channels seem to come first: use .permute{order} on a tensor, .transpose{order} on an array."
    return ""
