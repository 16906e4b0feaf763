"""The LDM UNet as diffusers' ``UNet2DConditionModel``: its configuration, and the names of its modules in both worlds.

Source: spec A.4, L; the layouts as published with Stable Diffusion (CompVis) and in diffusers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from nodebook.models.convert.fill import Source
from nodebook.models.convert.names import rename_all
from nodebook.models.spec import UnetSpec

_RESNET = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}

_OUTSIDE = {
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "label_emb.0.0": "class_embedding.linear_1",
    "label_emb.0.2": "class_embedding.linear_2",
    "input_blocks.0.0": "conv_in",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
}


def unet_config(spec: UnetSpec) -> dict[str, Any]:
    """Return the arguments of ``UNet2DConditionModel`` for a network of these hyper-parameters."""
    down = ["CrossAttnDownBlock2D" if any(depths) else "DownBlock2D" for depths in spec.down_depths]
    up = ["CrossAttnUpBlock2D" if any(depths) else "UpBlock2D" for depths in spec.up_depths]
    return {
        "in_channels": spec.in_channels,
        "out_channels": spec.out_channels,
        "block_out_channels": spec.channels,
        "layers_per_block": spec.res_blocks,
        "down_block_types": tuple(down),
        "up_block_types": tuple(up),
        "mid_block_type": _middle(spec.middle_depth),
        "transformer_layers_per_block": [_depth(depths) for depths in spec.down_depths],
        "reverse_transformer_layers_per_block": [_depth(depths) for depths in spec.up_depths],
        "attention_head_dim": spec.heads,  # diffusers means the number of heads (its issue 2011)
        "cross_attention_dim": spec.context_dim,
        "use_linear_projection": spec.linear_projection,
        "norm_num_groups": spec.norm_groups,
        "class_embed_type": "projection" if spec.adm_channels else None,
        "projection_class_embeddings_input_dim": spec.adm_channels,
    }


def new_unet(spec: UnetSpec) -> nn.Module:
    """Return the network on the meta device, without weights."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with torch.device("meta"):
        module: nn.Module = UNet2DConditionModel(**unet_config(spec))
    return module


def unet_sources(spec: UnetSpec, keys: Iterable[str]) -> dict[str, Source]:
    """Return where each parameter of the network is in a file with these keys."""
    inside = [key[len(spec.prefix) :] for key in keys if key.startswith(spec.prefix)]
    if spec.layout == "diffusers":
        return {_as_class_embedding(key): Source(spec.prefix + key) for key in inside}
    renamed = rename_all(inside, unet_modules(spec))
    return {new: Source(spec.prefix + old) for new, old in renamed.items()}


def unet_modules(spec: UnetSpec) -> dict[str, str]:
    """Return LDM name -> diffusers name of the modules, without prefix: ``input_blocks.1.0.in_layers.2`` -> ..."""
    modules = dict(_OUTSIDE)
    modules.update(_input_blocks(spec))
    modules.update(_middle_blocks(spec))
    modules.update(_output_blocks(spec))
    return modules


def _input_blocks(spec: UnetSpec) -> Iterator[tuple[str, str]]:
    index = 1
    for level, depths in enumerate(spec.down_depths):
        for block, depth in enumerate(depths):
            yield from _resnet(f"input_blocks.{index}.0", f"down_blocks.{level}.resnets.{block}")
            if depth:
                yield f"input_blocks.{index}.1", f"down_blocks.{level}.attentions.{block}"
            index += 1
        if level < len(spec.down_depths) - 1:
            yield f"input_blocks.{index}.0.op", f"down_blocks.{level}.downsamplers.0.conv"
            index += 1


def _middle_blocks(spec: UnetSpec) -> Iterator[tuple[str, str]]:
    yield from _resnet("middle_block.0", "mid_block.resnets.0")
    if spec.middle_depth > 0:
        yield "middle_block.1", "mid_block.attentions.0"
        yield from _resnet("middle_block.2", "mid_block.resnets.1")


def _output_blocks(spec: UnetSpec) -> Iterator[tuple[str, str]]:
    index = 0
    for level, depths in enumerate(spec.up_depths):
        for block, depth in enumerate(depths):
            yield from _resnet(f"output_blocks.{index}.0", f"up_blocks.{level}.resnets.{block}")
            if depth:
                yield f"output_blocks.{index}.1", f"up_blocks.{level}.attentions.{block}"
            if block == len(depths) - 1 and level < len(spec.up_depths) - 1:
                place = 2 if depth else 1
                yield f"output_blocks.{index}.{place}.conv", f"up_blocks.{level}.upsamplers.0.conv"
            index += 1


def _resnet(old: str, new: str) -> Iterator[tuple[str, str]]:
    for inside, name in _RESNET.items():
        yield f"{old}.{inside}", f"{new}.{name}"


def _depth(depths: tuple[int, ...]) -> int | list[int]:
    """Return one number where a level's blocks are alike: diffusers wants at least 1 where there is no attention."""
    return max(depths[0], 1) if len(set(depths)) == 1 else list(depths)


def _middle(depth: int) -> str | None:
    if depth > 0:
        return "UNetMidBlock2DCrossAttn"
    return "UNetMidBlock2D" if depth == -1 else None


def _as_class_embedding(key: str) -> str:
    """Name the added vector's layers alike in all families (``UnetSpec.adm_channels``)."""
    return key.replace("add_embedding.", "class_embedding.", 1) if key.startswith("add_embedding.") else key
