"""From a file to handles, and from a handle's part to a built network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from nodebook.models.convert.clip import clip_sources, new_clip
from nodebook.models.convert.fill import Sources, fill
from nodebook.models.convert.unet import new_unet, unet_sources
from nodebook.models.convert.vae import new_vae, vae_sources
from nodebook.models.detect import detect
from nodebook.models.files import DTYPE_NAMES, open_tensors, read_index, weights_file
from nodebook.models.handles import ClipHandle, ModelHandle, Part, Patched, VaeHandle
from nodebook.models.spec import ClipSpec, KlSpec, UnetSpec


def load_checkpoint(
    path: Path, *, embeddings: tuple[Path, ...] = ()
) -> tuple[ModelHandle, ClipHandle | None, VaeHandle | None]:
    """Return the model, the text encoders and the VAE of a checkpoint as handles; None for what it does not hold.

    Only the header and the digest of the file are read. ``embeddings``: folders of textual inversions.
    """
    spec = detect(path)
    file = weights_file(path)
    model = ModelHandle(Patched(Part(file, "unet", spec.network)), spec.family, spec.sampling, spec.latent_format)
    encoders = tuple(Patched(Part(file, name, encoder)) for name, encoder in spec.encoders)
    clip = ClipHandle(encoders, spec.family, embeddings=embeddings) if encoders else None
    vae = VaeHandle(Patched(Part(file, "vae", spec.vae))) if spec.vae else None
    return model, clip, vae


@dataclass(frozen=True, slots=True)
class Built:
    """A network, and the names of those of its tensors that are views of a mapped file."""

    module: nn.Module
    mapped: frozenset[str] = frozenset()


def build_part(part: Part, dtype: torch.dtype) -> Built:
    """Build the network of a part on the CPU, its weights in ``dtype``: views of the file where that is its dtype.

    Raises ``BrokenModelError`` that names what is missing or does not fit.
    """
    keys = read_index(part.file.path).tensors
    module, sources = _new(part, list(keys))
    subject = f"The {part.name} of {part.file.path.name}"
    with open_tensors(part.file.path) as tensors:
        views = fill(module, sources, tensors.read, dtype=dtype, subject=subject)
        return Built(module, views if tensors.mapped else frozenset())


def estimate_bytes(part: Part, dtype: torch.dtype) -> int:
    """Return at most how much memory of its own a network will take in ``dtype``: of views of the file, nothing."""
    index = read_index(part.file.path)
    prefix: str = part.spec.prefix
    inside = (info for name, info in index.tensors.items() if name.startswith(prefix))
    return sum(info.count * dtype.itemsize for info in inside if info.dtype != DTYPE_NAMES.get(dtype))


def _new(part: Part, keys: list[str]) -> tuple[nn.Module, Sources]:
    match part.spec:
        case UnetSpec() as spec:
            return new_unet(spec), unet_sources(spec, keys)
        case KlSpec() as spec:
            return new_vae(spec), vae_sources(spec, keys)
        case ClipSpec() as spec:
            return new_clip(spec), clip_sources(spec, keys)
        case other:
            raise TypeError(f"no network is built of a {type(other).__name__}")
