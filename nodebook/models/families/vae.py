"""Hyper-parameters of VAEs, from their shapes. Source: spec A.8, H."""

from __future__ import annotations

from itertools import count

from nodebook.models.families.candidate import metadata_int, shape_of
from nodebook.models.files import WeightsIndex
from nodebook.models.spec import GROUPS, KlSpec


def read_kl(index: WeightsIndex, prefix: str) -> KlSpec:
    """Return the hyper-parameters of the autoencoder whose names begin with ``prefix``, in either layout.

    Raises ``BrokenModelError`` where a tensor is absent that every such network has.
    """
    if f"{prefix}encoder.down_blocks.0.resnets.0.norm1.weight" in index.tensors:
        return _diffusers(index, prefix)
    levels = _count(index, f"{prefix}encoder.down.", ".block.0.norm1.weight")
    return KlSpec(
        prefix=prefix,
        layout="ldm",
        in_channels=shape_of(index, f"{prefix}encoder.conv_in.weight")[1],
        out_channels=shape_of(index, f"{prefix}decoder.conv_out.weight")[0],
        latent_channels=shape_of(index, f"{prefix}decoder.conv_in.weight")[1],
        channels=tuple(
            shape_of(index, f"{prefix}encoder.down.{level}.block.0.conv2.weight")[0] for level in range(levels)
        ),
        res_blocks=_count(index, f"{prefix}encoder.down.0.block.", ".norm1.weight"),
        quant_conv=f"{prefix}quant_conv.weight" in index.tensors,
        post_quant_conv=f"{prefix}post_quant_conv.weight" in index.tensors,
        middle_attention=f"{prefix}decoder.mid.attn_1.q.weight" in index.tensors,
        norm_groups=metadata_int(index, "nodebook.vae.norm_num_groups", GROUPS),
    )


def _diffusers(index: WeightsIndex, prefix: str) -> KlSpec:
    levels = _count(index, f"{prefix}encoder.down_blocks.", ".resnets.0.norm1.weight")
    return KlSpec(
        prefix=prefix,
        layout="diffusers",
        in_channels=shape_of(index, f"{prefix}encoder.conv_in.weight")[1],
        out_channels=shape_of(index, f"{prefix}decoder.conv_out.weight")[0],
        latent_channels=shape_of(index, f"{prefix}decoder.conv_in.weight")[1],
        channels=tuple(
            shape_of(index, f"{prefix}encoder.down_blocks.{level}.resnets.0.conv2.weight")[0] for level in range(levels)
        ),
        res_blocks=_count(index, f"{prefix}encoder.down_blocks.0.resnets.", ".norm1.weight"),
        quant_conv=f"{prefix}quant_conv.weight" in index.tensors,
        post_quant_conv=f"{prefix}post_quant_conv.weight" in index.tensors,
        middle_attention=f"{prefix}decoder.mid_block.attentions.0.group_norm.weight" in index.tensors,
        norm_groups=metadata_int(index, "nodebook.vae.norm_num_groups", GROUPS),
    )


def _count(index: WeightsIndex, before: str, after: str) -> int:
    return next(number for number in count() if f"{before}{number}{after}" not in index.tensors)
