"""A tiny model and text encoders in files of their own, with random weights, and LoRA files for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from nodebook.models.build import build_part
from nodebook.models.convert.clip import new_clip
from nodebook.models.convert.unet import new_unet
from nodebook.models.files import weights_file
from nodebook.models.handles import ClipHandle, ModelHandle, Part, Patched
from nodebook.models.latents import SD1
from nodebook.models.patching import find_changes, patched_copy
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.schedules import DiscreteSchedule
from nodebook.models.spec import ClipSpec, UnetSpec

UNET = UnetSpec(
    prefix="",
    layout="diffusers",
    in_channels=4,
    out_channels=4,
    channels=(32, 32),
    res_blocks=(1, 1),
    down_depths=((1,), (0,)),
    up_depths=((0, 0), (1, 1)),
    middle_depth=1,
    context_dim=16,
    heads=(4, 4),
    linear_projection=False,
)


def clip_spec(*, width: int = 16, projection: int | None = None) -> ClipSpec:
    return ClipSpec(
        prefix="",
        layout="hf",
        width=width,
        layers=2,
        heads=2,
        mlp_width=2 * width,
        positions=77,
        vocabulary=49408,
        activation="quick_gelu",
        projection=projection,
    )


def model_in(folder: Path, *, seed: int = 0, **changed: Any) -> ModelHandle:
    """Write a tiny UNet of random weights into a folder, and return its handle. changed: fields of its spec."""
    spec = UnetSpec(**{**{name: getattr(UNET, name) for name in UNET.__slots__}, **changed})
    part = _written(folder / f"unet-{seed}.safetensors", "unet", spec, new_unet(spec), seed)
    return ModelHandle(Patched(part), "sd1", ModelSampling(DiscreteSchedule(), "eps"), SD1)


def clip_in(folder: Path, *names: str, family: str = "sd1", seed: int = 0, widths: tuple[int, ...] = ()) -> ClipHandle:
    """Write tiny text encoders of random weights into a folder, and return their handle."""
    encoders = []
    for number, name in enumerate(names):
        spec = clip_spec(width=widths[number] if widths else 16, projection=None if name == "clip_l" else 8)
        file = folder / f"{name}-{seed}.safetensors"
        encoders.append(Patched(_written(file, name, spec, new_clip(spec), seed + number)))
    return ClipHandle(tuple(encoders), family)


def _written(file: Path, name: str, spec: UnetSpec | ClipSpec, module: torch.nn.Module, seed: int) -> Part:
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for key, meta in module.state_dict().items():
        drawn = torch.randn(meta.shape, generator=generator) * 0.2
        weights[key] = drawn.half().float() if meta.is_floating_point() else torch.zeros(meta.shape, dtype=meta.dtype)
    save_file(weights, file)
    return Part(weights_file(file), name, spec)


def weights_of(network: Patched) -> dict[str, Tensor]:
    """Return the parameters of a network with its patches applied."""
    plain = build_part(network.part, torch.float32).module
    module = patched_copy(plain, find_changes(network, plain))
    return {name: parameter.detach() for name, parameter in module.named_parameters()}


def drawn(*shape: int, seed: int = 1, scale: float = 0.3) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale


def lora_in(folder: Path, tensors: dict[str, Tensor], name: str = "lora.safetensors") -> Path:
    """Write a LoRA file."""
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, folder / name)
    return folder / name
