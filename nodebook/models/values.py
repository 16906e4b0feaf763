"""What travels on wires, in ComfyUI's shapes, so that node packs read and write the same values.

Source: spec models.md F.1. Values are never changed in place: operations return new lists and dicts that share tensors.
"""

from __future__ import annotations

from typing import Any, Required, TypeAlias, TypedDict

from torch import Tensor


class Latent(TypedDict, total=False):
    """LATENT: a picture as a VAE codes it, in the VAE's own scale (a model's is ``LatentFormat.process_in`` of it)."""

    samples: Required[Tensor]
    """[B, C, H/8, W/8] float32 on the CPU; video latents have a time axis after C."""

    noise_mask: Tensor
    """[B, 1, h, w] or [B, h, w] in 0..1 at any size: 1 = made anew."""

    batch_index: list[int]
    """Of each item, which item of the seed's noise it takes."""


ConditioningEntry: TypeAlias = list[Any]
"""``[cross-attention tokens [1, T, C] or None, options]``; the options' keys are those of spec F.1."""

Conditioning: TypeAlias = list[ConditioningEntry]
"""CONDITIONING: entries that are evaluated side by side and blended."""
