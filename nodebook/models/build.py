"""From a handle's part to a built network on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import torch
from torch import nn

from nodebook.models.convert.clip import clip_sources, new_clip
from nodebook.models.convert.fill import Sources, fill
from nodebook.models.convert.mmdit import mmdit_sources, new_mmdit
from nodebook.models.convert.tiny import fill_tiny, new_tiny
from nodebook.models.convert.unet import new_unet, unet_sources
from nodebook.models.convert.vae import new_vae, vae_sources
from nodebook.models.errors import ChangedModelError
from nodebook.models.files import DTYPE_NAMES, content_digest, open_tensors, read_index
from nodebook.models.handles import Part
from nodebook.models.spec import ClipSpec, KlSpec, MmditSpec, TinySpec, UnetSpec

_importing = Lock()
"""Held while a network is constructed, which may import diffusers or transformers: both replace themselves in
``sys.modules`` meanwhile, and a second thread that imports them then gets a half-made module."""


@dataclass(frozen=True, slots=True)
class Built:
    """A network, and the names of those of its tensors that are views of a mapped file."""

    module: nn.Module
    mapped: frozenset[str] = frozenset()


def build_part(part: Part, dtype: torch.dtype) -> Built:
    """Build the network of a part, its weights in ``dtype``: views of the file where that is the file's dtype.

    Raises ``BrokenModelError`` that names what is missing or does not fit, and ``ChangedModelError`` for a file that is
    no longer the one that the handle was made of.
    """
    if content_digest(part.file.path) != part.file.digest:
        raise ChangedModelError(
            f"{part.file.path.name} is not the file that it was when it was loaded. Run the node that loads it again. "
            f"The file is {part.file.path}."
        )
    if isinstance(part.spec, TinySpec):
        with _importing:
            module = new_tiny(part.spec)
        fill_tiny(module, part.file.path, part.spec, dtype=dtype)
        return Built(module)
    with _importing:
        module, sources = _new(part, list(read_index(part.file.path).tensors))
    subject = f"The {part.name} of {part.file.path.name}"
    with open_tensors(part.file.path) as tensors:
        views = fill(module, sources, tensors.read, dtype=dtype, subject=subject)
        return Built(module, views if tensors.mapped else frozenset())


def estimate_bytes(part: Part, dtype: torch.dtype, *, mappable: bool = True) -> int:
    """Return at most how much memory of its own a network will take in ``dtype``.

    Views of the file take none, where they can be used (``mappable``): on the CPU.
    """
    index = read_index(part.file.path)
    prefix: str = part.spec.prefix
    inside = (info for name, info in index.tensors.items() if name.startswith(prefix))
    same = DTYPE_NAMES.get(dtype) if mappable else None
    return sum(info.count * dtype.itemsize for info in inside if info.dtype != same)


def _new(part: Part, keys: list[str]) -> tuple[nn.Module, Sources]:
    match part.spec:
        case UnetSpec() as spec:
            return new_unet(spec), unet_sources(spec, keys)
        case MmditSpec() as spec:
            return new_mmdit(spec), mmdit_sources(spec, keys)
        case KlSpec() as spec:
            return new_vae(spec), vae_sources(spec, keys)
        case ClipSpec() as spec:
            return new_clip(spec), clip_sources(spec, keys)
        case other:
            raise TypeError(f"no network is built of a {type(other).__name__}")
