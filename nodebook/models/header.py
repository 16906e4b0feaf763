"""The header of a safetensors file, read by itself: names, dtypes and shapes of tensors, and the metadata.

Format: 8 bytes, little-endian, the length of a JSON object that follows; then the tensors' bytes. Everything is checked
before any of it is used, so that a truncated or hostile file gives an error and not a crash.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodebook.models.errors import BrokenModelError

LENGTH_BYTES = 8
MAX_HEADER_BYTES = 100_000_000
"""The limit of the safetensors format."""

MAX_ELEMENTS = 2**48
"""More elements in one tensor than any file holds: a product of sides above it is a broken header."""

DTYPE_BITS: Mapping[str, int] = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "I64": 64,
    "U64": 64,
    "F64": 64,
    "C64": 64,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}
"""The format's names of dtypes, and the bits of one element."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """What a header says of one tensor."""

    dtype: str
    """In safetensors' words: ``F32``, ``F16``, ``BF16``, ``F8_E4M3``, ``I64``, ..."""

    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """The bytes that the elements take in the file."""
        return (self.count * DTYPE_BITS[self.dtype] + 7) // 8


@dataclass(frozen=True, slots=True)
class Header:
    """What a file holds: tensors by name, and the free text that its writer added."""

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]


def read_header(path: Path) -> Header:
    """Return the header of a safetensors file; nothing else of the file is read.

    Raises ``BrokenModelError`` where the file is no whole safetensors file, saying what is wrong.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(LENGTH_BYTES)
        length = int.from_bytes(start, "little")
        if len(start) < LENGTH_BYTES or length > min(MAX_HEADER_BYTES, size_bytes - LENGTH_BYTES):
            raise _broken(path, _why_no_header(start, length, size_bytes))
        text = file.read(length)
    data_bytes = size_bytes - LENGTH_BYTES - length
    return _parse(path, text, data_bytes)


def _why_no_header(start: bytes, length: int, size_bytes: int) -> str:
    if len(start) < LENGTH_BYTES:
        return f"it has only {size_bytes} bytes"
    if start[:2] == b"PK" or start[0] == 0x80:  # noqa: PLR2004 -- a zip archive, or pickle's first byte
        return "it is a pickled PyTorch file under another name: rename it to .ckpt to have it read as one"
    if start.lstrip().startswith((b"<", b"{", b"version ")):
        return "it is a text, perhaps a web page or a pointer file that was saved instead of the model"
    if length > MAX_HEADER_BYTES:
        return f"its header would have {length:,} bytes, which is no safetensors header"
    return f"its header should have {length:,} bytes, but the file ends after {size_bytes:,}"


def _parse(path: Path, text: bytes, data_bytes: int) -> Header:
    try:
        entries: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise _broken(path, "its header is not JSON") from None
    if not isinstance(entries, dict):
        raise _broken(path, "its header is not a JSON object")
    metadata = entries.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise _broken(path, "its metadata is not a JSON object")
    tensors = {}
    spans = []
    for name, entry in entries.items():
        info, begin, end = _tensor(path, name, entry)
        if end - begin != info.size_bytes:
            wanted = f"{info.dtype} {list(info.shape)} needs {info.size_bytes:,} bytes"
            raise _broken(path, f"the tensor {name!r} has {end - begin:,} bytes, but {wanted}")
        tensors[name] = info
        spans.append((begin, end, name))
    _check_spans(path, spans, data_bytes)
    return Header(tensors, {str(key): str(value) for key, value in metadata.items()})


def _tensor(path: Path, name: str, entry: Any) -> tuple[TensorInfo, int, int]:
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (KeyError, TypeError, ValueError):
        raise _broken(path, f"the entry of {name!r} lacks a dtype, a shape or offsets") from None
    if not isinstance(dtype, str) or dtype not in DTYPE_BITS:
        raise _broken(path, f"the tensor {name!r} has the unknown dtype {dtype!r}")
    if not isinstance(shape, list) or not all(_is_count(side) for side in shape) or math.prod(shape) > MAX_ELEMENTS:
        raise _broken(path, f"the tensor {name!r} has the impossible shape {shape!r}")
    if not (_is_count(begin) and _is_count(end) and begin <= end):
        raise _broken(path, f"the tensor {name!r} has the impossible offsets {begin!r} to {end!r}")
    return TensorInfo(dtype, tuple(shape)), begin, end


def _check_spans(path: Path, spans: list[tuple[int, int, str]], data_bytes: int) -> None:
    """Raise where tensors overlap, leave holes, or reach beyond the file."""
    reached = 0
    for begin, end, name in sorted(spans):
        if begin != reached:
            what = "overlaps another" if begin < reached else "follows a hole"
            raise _broken(path, f"the tensor {name!r} {what} at byte {begin:,}")
        reached = end
    if reached > data_bytes:
        missing = f"{reached - data_bytes:,} of {reached:,} bytes of weights are missing"
        raise _broken(path, f"it is truncated: {missing}. Copy or download it again")
    if reached < data_bytes:
        raise _broken(path, f"{data_bytes - reached:,} bytes follow the last tensor")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _broken(path: Path, why: str) -> BrokenModelError:
    return BrokenModelError(f"Cannot read {path.name} as a safetensors file: {why}. The file is {path}.")
