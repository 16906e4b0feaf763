"""The transformer of SD 3 as diffusers' ``SD3Transformer2DModel``: its configuration and where its parameters are.

Source: spec A.2 (1), A.5; the layouts as published with SD 3 and in diffusers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from nodebook.models.convert.fill import Source
from nodebook.models.spec import MmditSpec

_OUTSIDE = {
    "pos_embed": "pos_embed.pos_embed",
    "x_embedder.proj": "pos_embed.proj",
    "t_embedder.mlp.0": "time_text_embed.timestep_embedder.linear_1",
    "t_embedder.mlp.2": "time_text_embed.timestep_embedder.linear_2",
    "y_embedder.mlp.0": "time_text_embed.text_embedder.linear_1",
    "y_embedder.mlp.2": "time_text_embed.text_embedder.linear_2",
    "context_embedder": "context_embedder",
    "final_layer.linear": "proj_out",
}

_PICTURE = {
    "adaLN_modulation.1": "norm1.linear",
    "attn.proj": "attn.to_out.0",
    "attn.ln_q": "attn.norm_q",
    "attn.ln_k": "attn.norm_k",
    "attn2.proj": "attn2.to_out.0",
    "attn2.ln_q": "attn2.norm_q",
    "attn2.ln_k": "attn2.norm_k",
    "mlp.fc1": "ff.net.0.proj",
    "mlp.fc2": "ff.net.2",
}

_TEXT = {
    "adaLN_modulation.1": "norm1_context.linear",
    "attn.proj": "attn.to_add_out",
    "attn.ln_q": "attn.norm_added_q",
    "attn.ln_k": "attn.norm_added_k",
    "mlp.fc1": "ff_context.net.0.proj",
    "mlp.fc2": "ff_context.net.2",
}

_QKV = {
    ("x_block", "attn.qkv"): ("attn.to_q", "attn.to_k", "attn.to_v"),
    ("x_block", "attn2.qkv"): ("attn2.to_q", "attn2.to_k", "attn2.to_v"),
    ("context_block", "attn.qkv"): ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
}

_IN_BLOCK = re.compile(r"joint_blocks\.(\d+)\.(x_block|context_block)\.(.+)\.(weight|bias)")


def mmdit_config(spec: MmditSpec) -> dict[str, Any]:
    """Return the arguments of ``SD3Transformer2DModel`` for a network of these hyper-parameters."""
    return {
        "sample_size": spec.table_side,
        "patch_size": spec.patch,
        "in_channels": spec.in_channels,
        "out_channels": spec.out_channels,
        "num_layers": spec.depth,
        "attention_head_dim": spec.width // spec.heads,
        "num_attention_heads": spec.heads,
        "joint_attention_dim": spec.context_dim,
        "caption_projection_dim": spec.width,
        "pooled_projection_dim": spec.pooled_dim,
        "pos_embed_max_size": spec.table_side,
        "qk_norm": "rms_norm" if spec.qk_norm else None,
        "dual_attention_layers": spec.dual_layers,
    }


def new_mmdit(spec: MmditSpec) -> nn.Module:
    """Return the network on the meta device, without weights."""
    from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel

    with torch.device("meta"):
        module: nn.Module = SD3Transformer2DModel(**mmdit_config(spec))
    return module


def mmdit_sources(spec: MmditSpec, keys: Iterable[str]) -> dict[str, Source]:
    """Return where each parameter of the network is in a file with these keys."""
    inside = (key[len(spec.prefix) :] for key in keys if key.startswith(spec.prefix))
    return {new: source for key in inside for new, source in _sources(spec, key)}


def _sources(spec: MmditSpec, key: str) -> Iterator[tuple[str, Source]]:
    whole = spec.prefix + key
    if found := _IN_BLOCK.fullmatch(key):
        number, side, module, leaf = found.groups()
        yield from _in_block(spec, whole, (int(number), side, module, leaf))
        return
    module, _, leaf = key.rpartition(".")
    if key in _OUTSIDE:
        yield _OUTSIDE[key], Source(whole)
    elif module in _OUTSIDE:
        yield f"{_OUTSIDE[module]}.{leaf}", Source(whole)
    elif module == "final_layer.adaLN_modulation.1":
        yield f"norm_out.linear.{leaf}", Source(whole, halves_swapped=True)


def _in_block(spec: MmditSpec, whole: str, place: tuple[int, str, str, str]) -> Iterator[tuple[str, Source]]:
    number, side, module, leaf = place
    block = f"transformer_blocks.{number}"
    if (side, module) in _QKV:
        for part, name in enumerate(_QKV[side, module]):
            yield f"{block}.{name}.{leaf}", Source(whole, part=(part, 3))
        return
    table = _PICTURE if side == "x_block" else _TEXT
    if module in table:
        # The last block's text is only read, so its modulation is a final layer's: scale and shift in the other order.
        swapped = side == "context_block" and module == "adaLN_modulation.1" and number == spec.depth - 1
        yield f"{block}.{table[module]}.{leaf}", Source(whole, halves_swapped=swapped)
