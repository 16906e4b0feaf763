"""Files of weights: their content's digest, what they hold, and their tensors as mapped memory.

safetensors are read without running anything; pickled files only where they hold nothing but weights.
"""

from __future__ import annotations

import pickle
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
import xxhash
from safetensors import SafetensorError, safe_open
from torch import Tensor

from nodebook.models.errors import BrokenModelError, ModelFileNotFoundError, UnsafeModelError
from nodebook.models.handles import WeightsFile
from nodebook.models.header import Header, TensorInfo, read_header

SAFETENSORS_SUFFIXES: Final = frozenset({".safetensors", ".sft"})
PICKLE_SUFFIXES: Final = frozenset({".ckpt", ".pt", ".pt2", ".bin", ".pth", ".pkl"})
WEIGHTS_SUFFIXES: Final = SAFETENSORS_SUFFIXES | PICKLE_SUFFIXES

SETTLED_NS = 2_000_000_000
"""A file younger than this may change again without a change of its time stamp: nothing of it is remembered."""

_BLOCK_BYTES = 1 << 22

T = TypeVar("T")

DTYPE_NAMES: Final[Mapping[torch.dtype, str]] = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
"""safetensors' names of dtypes."""


@dataclass(frozen=True, slots=True)
class WeightsIndex:
    """What a file of weights holds, without the weights."""

    path: Path
    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def has(self, *names: str) -> bool:
        """Say whether all these tensors are in the file."""
        return all(name in self.tensors for name in names)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Return a tensor's shape, None where there is no such tensor."""
        info = self.tensors.get(name)
        return info.shape if info else None

    def count_prefix(self, prefix: str) -> int:
        """Return how many tensors' names begin with ``prefix``."""
        return sum(name.startswith(prefix) for name in self.tensors)


def weights_file(path: Path) -> WeightsFile:
    """Return the file as part of a handle: its digest, and where it lies."""
    return WeightsFile(content_digest(path), path)


def content_digest(path: Path) -> str:
    """Return the xxh3_128 of a file's whole content, in hex. It is read again only when its time or size changed.

    Raises ``ModelFileNotFoundError`` where there is no such file.
    """
    return _remembered(path, _read_digest, _cached_digest)


def read_index(path: Path) -> WeightsIndex:
    """Return the names, dtypes and shapes of the tensors of a file.

    Of a safetensors file only the header is read. Raises ``BrokenModelError`` for a file that is not whole and
    ``UnsafeModelError`` for a pickled one that holds more than weights.
    """
    return _remembered(path, _read_index, _cached_index)


@dataclass(frozen=True, slots=True)
class OpenTensors:
    """A file's tensors, by name. Do not change them; they stay valid as long as the file is not cut short in place."""

    read: Callable[[str], Tensor]
    mapped: bool
    """Whether they are views of the file: pages that the system drops and reads again as it needs memory."""


@contextmanager
def open_tensors(path: Path) -> Iterator[OpenTensors]:
    """Open a file of weights. Raises as ``read_index`` does."""
    if path.suffix.lower() in SAFETENSORS_SUFFIXES:
        try:
            with safe_open(path, framework="pt") as file:
                yield OpenTensors(file.get_tensor, mapped=True)
        except SafetensorError as error:
            raise BrokenModelError(f"Cannot read weights from {path.name}: {error}. The file is {path}.") from error
    else:
        yield OpenTensors(_load_pickle(path).__getitem__, mapped=zipfile.is_zipfile(path))


def _remembered(path: Path, read: Callable[[Path], T], cached: Callable[[str, int, int], T]) -> T:
    try:
        status = path.stat()
    except OSError as error:
        raise ModelFileNotFoundError(f"Cannot read the model file {path}: {error.strerror or error}.") from error
    if time.time_ns() - status.st_mtime_ns < SETTLED_NS:
        return read(path)
    return cached(str(path), status.st_mtime_ns, status.st_size)


def _read_digest(path: Path) -> str:
    total = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            total.update(block)
    return total.hexdigest()


def _read_index(path: Path) -> WeightsIndex:
    if path.suffix.lower() in SAFETENSORS_SUFFIXES:
        header: Header = read_header(path)
        return WeightsIndex(path, header.tensors, header.metadata)
    tensors = _load_pickle(path)
    return WeightsIndex(path, {name: _info(tensor) for name, tensor in tensors.items()})


@lru_cache(maxsize=4096)
def _cached_digest(path: str, _mtime_ns: int, _size_bytes: int) -> str:
    return _read_digest(Path(path))


@lru_cache(maxsize=64)
def _cached_index(path: str, _mtime_ns: int, _size_bytes: int) -> WeightsIndex:
    return _read_index(Path(path))


def _info(tensor: Tensor) -> TensorInfo:
    return TensorInfo(DTYPE_NAMES.get(tensor.dtype, "U8"), tuple(tensor.shape))


def _load_pickle(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a pickled file: those of its ``state_dict``, or of its only dict (spec A.1)."""
    try:
        loaded = _unpickle(path)
    except pickle.UnpicklingError as error:
        if zipfile.is_zipfile(path) or _begins_as_pickle(path):
            raise UnsafeModelError(
                f"{path.name} holds more than weights: reading it could run code, so it is not read. "
                f"Use a .safetensors file of the same model. The file is {path}."
            ) from error
        raise _no_pickle(path, error) from error
    except Exception as error:  # whatever the unpickler stumbles over in a damaged file
        raise _no_pickle(path, error) from error
    if not isinstance(loaded, dict):
        raise BrokenModelError(f"{path.name} holds a {type(loaded).__name__}, not a dict of weights. It is {path}.")
    nested = loaded.get("state_dict")
    if nested is None and len(loaded) == 1:
        nested = next(iter(loaded.values()))
    chosen = nested if isinstance(nested, dict) else loaded
    return {str(name): value for name, value in chosen.items() if isinstance(value, Tensor)}


def _unpickle(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError as error:  # files of PyTorch before 1.6 are no zip archives and cannot be mapped
        if "mmap" not in str(error):
            raise
        return torch.load(path, map_location="cpu", weights_only=True)


def _begins_as_pickle(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(1) == b"\x80"


def _no_pickle(path: Path, error: Exception) -> BrokenModelError:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BrokenModelError(f"Cannot read {path.name} as a PyTorch file: {first}. The file is {path}.")
