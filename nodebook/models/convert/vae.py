"""The LDM autoencoder as diffusers' ``AutoencoderKL``: its configuration, and its modules' names in both worlds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from nodebook.models.convert.fill import Source
from nodebook.models.convert.names import rename_all
from nodebook.models.spec import KlSpec

_RESNET = ("norm1", "conv1", "norm2", "conv2")

_ATTENTION = {"norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0"}
_OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""Names that diffusers used before 0.15."""


def vae_config(spec: KlSpec) -> dict[str, Any]:
    """Return the arguments of ``AutoencoderKL`` for a network of these hyper-parameters."""
    levels = len(spec.channels)
    return {
        "in_channels": spec.in_channels,
        "out_channels": spec.out_channels,
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "block_out_channels": spec.channels,
        "layers_per_block": spec.res_blocks,
        "latent_channels": spec.latent_channels,
        "norm_num_groups": spec.norm_groups,
        "use_quant_conv": spec.quant_conv,
        "use_post_quant_conv": spec.post_quant_conv,
        "mid_block_add_attention": spec.middle_attention,
    }


def new_vae(spec: KlSpec) -> nn.Module:
    """Return the network on the meta device, without weights."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    with torch.device("meta"):
        module: nn.Module = AutoencoderKL(**vae_config(spec))
    return module


def vae_sources(spec: KlSpec, keys: Iterable[str]) -> dict[str, Source]:
    """Return where each parameter of the network is in a file with these keys."""
    inside = [key[len(spec.prefix) :] for key in keys if key.startswith(spec.prefix)]
    if spec.layout == "diffusers":
        return {_new_attention_name(key): Source(spec.prefix + key) for key in inside}
    renamed = rename_all(inside, vae_modules(spec))
    return {new: Source(spec.prefix + old) for new, old in renamed.items()}


def vae_modules(spec: KlSpec) -> dict[str, str]:
    """Return LDM name -> diffusers name of the modules, without prefix."""
    modules = {"quant_conv": "quant_conv", "post_quant_conv": "post_quant_conv"}
    for half in ("encoder", "decoder"):
        modules[f"{half}.conv_in"] = f"{half}.conv_in"
        modules[f"{half}.conv_out"] = f"{half}.conv_out"
        modules[f"{half}.norm_out"] = f"{half}.conv_norm_out"
        modules.update(_middle(half))
    last = len(spec.channels) - 1
    for level in range(last + 1):
        down, up = f"encoder.down_blocks.{level}", f"decoder.up_blocks.{last - level}"
        for block in range(spec.res_blocks):
            modules.update(_resnet(f"encoder.down.{level}.block.{block}", f"{down}.resnets.{block}"))
        for block in range(spec.res_blocks + 1):
            modules.update(_resnet(f"decoder.up.{level}.block.{block}", f"{up}.resnets.{block}"))
        modules[f"encoder.down.{level}.downsample.conv"] = f"{down}.downsamplers.0.conv"
        modules[f"decoder.up.{level}.upsample.conv"] = f"{up}.upsamplers.0.conv"
    return modules


def _middle(half: str) -> Iterator[tuple[str, str]]:
    yield from _resnet(f"{half}.mid.block_1", f"{half}.mid_block.resnets.0")
    yield from _resnet(f"{half}.mid.block_2", f"{half}.mid_block.resnets.1")
    for old, new in _ATTENTION.items():
        yield f"{half}.mid.attn_1.{old}", f"{half}.mid_block.attentions.0.{new}"


def _resnet(old: str, new: str) -> Iterator[tuple[str, str]]:
    for name in _RESNET:
        yield f"{old}.{name}", f"{new}.{name}"
    yield f"{old}.nin_shortcut", f"{new}.conv_shortcut"


def _new_attention_name(key: str) -> str:
    module, _, leaf = key.rpartition(".")
    outer, _, name = module.rpartition(".")
    return f"{outer}.{_OLD_ATTENTION[name]}.{leaf}" if name in _OLD_ATTENTION else key
