"""Hyper-parameters of CLIP text encoders, from their shapes. Source: spec A.6, A.7."""

from __future__ import annotations

from itertools import count
from typing import Literal

from nodebook.models.families.candidate import metadata_int, shape_of
from nodebook.models.files import WeightsIndex
from nodebook.models.spec import ClipSpec


def read_clip(index: WeightsIndex, prefix: str, *, activation: Literal["quick_gelu", "gelu"]) -> ClipSpec:
    """Return the hyper-parameters of the encoder whose names begin with ``prefix``, in its own or OpenCLIP's layout."""
    if f"{prefix}token_embedding.weight" in index.tensors:
        return _openclip(index, prefix, activation)
    inner = f"{prefix}text_model." if index.count_prefix(f"{prefix}text_model.") else prefix
    vocabulary, width = shape_of(index, f"{inner}embeddings.token_embedding.weight")
    projection = index.shape(f"{prefix}text_projection.weight")
    return ClipSpec(
        prefix=prefix,
        layout="hf",
        width=width,
        layers=_count(index, f"{inner}encoder.layers.", ".layer_norm1.weight"),
        heads=_heads(index, width),
        mlp_width=shape_of(index, f"{inner}encoder.layers.0.mlp.fc1.weight")[0],
        positions=shape_of(index, f"{inner}embeddings.position_embedding.weight")[0],
        vocabulary=vocabulary,
        activation=activation,
        projection=projection[0] if projection else None,
    )


def _openclip(index: WeightsIndex, prefix: str, activation: Literal["quick_gelu", "gelu"]) -> ClipSpec:
    vocabulary, width = shape_of(index, f"{prefix}token_embedding.weight")
    projection = index.shape(f"{prefix}text_projection")  # [width, projection], as x @ P wants it
    named = index.shape(f"{prefix}text_projection.weight")
    return ClipSpec(
        prefix=prefix,
        layout="openclip",
        width=width,
        layers=_count(index, f"{prefix}transformer.resblocks.", ".ln_1.weight"),
        heads=_heads(index, width),
        mlp_width=shape_of(index, f"{prefix}transformer.resblocks.0.mlp.c_fc.weight")[0],
        positions=shape_of(index, f"{prefix}positional_embedding")[0],
        vocabulary=vocabulary,
        activation=activation,
        projection=projection[1] if projection else named[0] if named else None,
    )


def _count(index: WeightsIndex, before: str, after: str) -> int:
    return next(number for number in count() if f"{before}{number}{after}" not in index.tensors)


def _heads(index: WeightsIndex, width: int) -> int:
    """Return the number of attention heads: 64 wide in all published encoders, narrower in tiny ones.

    The recorded tiny ones have heads of 8 at widths 16 and 24, and of 16 at 64: a quarter, at least 8.
    """
    head_width = min(64, max(8, width // 4))
    return metadata_int(index, "nodebook.clip.attention_heads", max(1, width // head_width))
