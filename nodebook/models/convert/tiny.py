"""TAESD, the tiny autoencoder for previews, as diffusers' ``AutoencoderTiny``. Source: spec A.8, K, L.

Its two halves are published as files of their own, whose names count the layers of a sequence; in the decoder the first
layer has no weights and no number in diffusers.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from nodebook.models.convert.fill import Source, fill
from nodebook.models.files import open_tensors, read_index
from nodebook.models.spec import TinySpec


def new_tiny(spec: TinySpec) -> nn.Module:
    """Return the network on the meta device, without weights; without an encoder's file it has a decoder alone."""
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

    with torch.device("meta"):
        module: nn.Module = AutoencoderTiny(latent_channels=spec.latent_channels, scaling_factor=1.0)
    if spec.encoder is None:
        module.encoder = nn.Identity()
    return module


def fill_tiny(module: nn.Module, decoder: Path, spec: TinySpec, *, dtype: torch.dtype) -> None:
    """Give the network its weights from its one or two files."""
    sources = half_sources("decoder", spec.prefix, read_index(decoder).tensors)
    with open_tensors(decoder) as tensors:
        halves = {name: tensors.read(source.key) for name, source in sources.items()}
    if spec.encoder is not None:
        encoder_keys = half_sources("encoder", spec.encoder_prefix, read_index(spec.encoder.path).tensors)
        with open_tensors(spec.encoder.path) as tensors:
            halves |= {name: tensors.read(source.key) for name, source in encoder_keys.items()}
    own = {name: Source(name) for name in halves}
    fill(module, own, halves.__getitem__, dtype=dtype, subject=f"The TAESD of {decoder.name}")


def half_sources(half: str, prefix: str, keys: Iterable[str]) -> dict[str, Source]:
    """Return where the parameters of one half are in a file with these keys."""
    first = 1 if half == "decoder" else 0
    found = {}
    for key in keys:
        number, dot, rest = key.removeprefix(prefix).partition(".")
        if key.startswith(prefix) and dot and number.isdecimal():
            found[f"{half}.layers.{int(number) - first}.{rest}"] = Source(key)
    return found
