"""How tensors are stored: their numbers as they lie in memory, with type, shape and device.

Not safetensors: its Python side copies every tensor once more on each way, and what it adds, a checked table of types
and offsets, the cache's own format has.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from nodebook.assets.codecs import Codec, CodecRegistry, Packer, Unpacker
from nodebook.assets.errors import DamagedError, NotStorableError, UnavailableError

_NAMES = (
    "bool",
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex32",
    "complex64",
    "complex128",
    "float8_e4m3fn",
    "float8_e5m2",
    "float8_e4m3fnuz",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
)
DTYPES: dict[str, torch.dtype] = {name: getattr(torch, name) for name in _NAMES if hasattr(torch, name)}
_NAME_OF = {dtype: name for name, dtype in DTYPES.items()}
_MAX_DIMENSIONS = 64


def register(registry: CodecRegistry) -> None:
    """Teach plain tensors, devices and types. Subclasses, parameters among them, belong to models: they stay out."""
    registry.register(Codec("torch.tensor", (torch.Tensor,), _encode, _decode))
    registry.register(
        Codec("torch.dtype", (torch.dtype,), lambda value, _: {"v": _name(value)}, lambda body, _: DTYPES[body["v"]])
    )
    registry.register(
        Codec("torch.device", (torch.device,), lambda value, _: {"v": str(value)}, lambda body, _: _device(body["v"]))
    )
    registry.register(
        Codec("torch.size", (torch.Size,), lambda value, _: {"v": list(value)}, lambda body, _: torch.Size(body["v"]))
    )


def _encode(value: torch.Tensor, packer: Packer) -> dict[str, Any]:
    if value.layout != torch.strided or value.is_quantized or value.is_nested:
        raise NotStorableError("a tensor is sparse, nested or quantised")
    if value.device.type not in ("cpu", "cuda"):
        raise NotStorableError(f"a tensor is on the device {value.device.type}")
    if value.requires_grad:
        raise NotStorableError("a tensor records gradients")
    name = _name(value.dtype)
    flat = value.detach().cpu().resolve_conj().resolve_neg().reshape(-1)
    if flat.numel() and flat.stride(0) != 1:  # of one number from a larger tensor torch keeps the old stride
        flat = flat.clone(memory_format=torch.contiguous_format)
    data = flat.view(torch.uint8).numpy().data if flat.numel() else b""
    return {
        "dtype": name,
        "shape": list(value.shape),
        "device": str(value.device),
        "leaf": packer.leaf(data, of=value),
    }


def _name(dtype: torch.dtype) -> str:
    if dtype not in _NAME_OF:
        raise NotStorableError(f"a tensor has the type {dtype}")
    return _NAME_OF[dtype]


def _decode(body: dict[str, Any], unpacker: Unpacker) -> torch.Tensor:
    shape, name = body["shape"], body["dtype"]
    if not isinstance(shape, list) or len(shape) > _MAX_DIMENSIONS or not all(_is_count(side) for side in shape):
        raise DamagedError(f"A stored tensor has the shape {shape!r}.")
    if name not in DTYPES:
        raise DamagedError(f"A stored tensor has the type {name!r}.")
    dtype, data, count = DTYPES[name], unpacker.leaf(body["leaf"]), math.prod(shape)
    if len(data) != count * dtype.itemsize:
        raise DamagedError(f"A stored tensor of shape {shape} and type {name} has {len(data)} bytes.")
    if not count:
        return torch.empty(shape, dtype=dtype, device=_device(body["device"]))
    flat = torch.frombuffer(data, dtype=torch.uint8).view(dtype)
    return flat.reshape(shape).to(_device(body["device"]))


def _device(text: Any) -> torch.device:
    try:
        device = torch.device(text)
    except (RuntimeError, TypeError) as error:
        raise DamagedError(f"A stored tensor names the device {text!r}.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UnavailableError(f"A stored tensor belongs on {device}, which is not here. Its result is made again.")
    return device


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
