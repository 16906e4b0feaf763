"""Content fingerprints of what notebooks close over: arrays, tensors, Pillow pictures.

Contents are read in full each time, at about 1.8 GB/s (SHA-256 on a processor that has instructions for it), because
samples would miss a change of a few elements, and a result of an old array is worse than a slow plan. An array that
nobody can write to is read once: ``array.flags.writeable = False`` makes it one.
"""

from __future__ import annotations

import weakref
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from PIL import Image as PILImage

from nodebook.engine.fingerprint import encode, register_encoder
from nodebook.errors import FingerprintError

_ROWS_BYTES = 1 << 24
_frozen: dict[int, tuple[weakref.ref[Any], bytes]] = {}
"""What read-only arrays hold, by identity."""


def register_encoders() -> None:
    """Teach fingerprints the content of arrays, tensors and pictures."""
    register_encoder(np.ndarray, encode_array)
    register_encoder(np.generic, lambda value: encode_array(np.asarray(value)), with_subclasses=True)
    register_encoder(torch.Tensor, encode_tensor)
    register_encoder(torch.nn.Parameter, encode_tensor)
    register_encoder(torch.dtype, lambda value: str(value).encode())
    register_encoder(torch.device, lambda value: str(value).encode())
    register_encoder(PILImage.Image, encode_picture, with_subclasses=True)


def encode_array(value: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    """Return dtype, shape and a digest of the content. Raises ``FingerprintError`` for an array of Python objects."""
    if value.dtype.hasobject:
        raise FingerprintError(
            f"An array of dtype {value.dtype} holds Python objects and has no fingerprint of its own. Expected numbers "
            "or text; convert it with array.astype(...)."
        )
    if not is_frozen(value):
        return _read_array(value)
    known = _frozen.get(id(value))
    if known is not None and known[0]() is value:
        return known[1]
    encoded = _read_array(value)
    number = id(value)
    _frozen[number] = (weakref.ref(value, lambda _reference: _frozen.pop(number, None)), encoded)
    return encoded


def is_frozen(value: Any) -> bool:
    """Say whether nobody can write to an array, nor to what it is a view of."""
    while isinstance(value, np.ndarray):
        if value.flags.writeable:
            return False
        value = value.base
    return value is None or isinstance(value, bytes)


def _read_array(value: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    shape = repr((np.lib.format.dtype_to_descr(value.dtype), value.shape)).encode()
    hasher = sha256()
    if value.flags.c_contiguous:
        hasher.update(_bytes(value))
    else:
        rows = max(1, _ROWS_BYTES // max(1, value[:1].nbytes))
        for start in range(0, len(value), rows):
            hasher.update(_bytes(np.ascontiguousarray(value[start : start + rows])))
    return encode(shape) + hasher.digest()


def _bytes(value: np.ndarray[Any, np.dtype[Any]]) -> memoryview:
    return memoryview(value.reshape(-1).view(np.uint8))  # type: ignore[arg-type]  # arrays are buffers from Python 3.12 on for type checkers


def encode_tensor(value: torch.Tensor) -> bytes:
    """Return dtype, shape and a digest of the content, which does not depend on the device that holds it.

    Raises ``FingerprintError`` for a tensor that is not dense.
    """
    if value.layout != torch.strided or value.is_quantized or value.is_meta:
        raise FingerprintError(
            f"A tensor of layout {value.layout} on {value.device} has no fingerprint of its own. Expected a dense one; "
            "convert it with tensor.to_dense()."
        )
    plain = value.detach().resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    shape = repr((str(value.dtype), tuple(value.shape), value.requires_grad)).encode()
    return encode(shape) + sha256(_bytes(plain.view(torch.uint8).numpy())).digest()


def encode_picture(value: PILImage.Image) -> bytes:
    """Return mode, size, palette, what the file said of it, and a digest of the pixels."""
    content = sha256(value.tobytes()).digest()
    palette = value.getpalette("RGBA") if value.palette is not None else None
    return encode([value.mode, value.size, palette, dict(value.info)]) + content
