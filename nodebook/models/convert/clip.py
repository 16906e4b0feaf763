"""CLIP text encoders as transformers' ``CLIPTextModelWithProjection``, from its own names or OpenCLIP's.

That class keeps the same names in every transformers from 4.46 on, which ``CLIPTextModel`` does not.
Source: spec A.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import torch
from torch import nn

from nodebook.models.convert.fill import Source
from nodebook.models.spec import ClipSpec

END_OF_TEXT = 49407
"""The end token of CLIP's vocabulary."""

_OPENCLIP = {
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
}

_OPENCLIP_LAYER = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}

_LAYER = re.compile(r"transformer\.resblocks\.(\d+)\.(.+?)([._])(weight|bias)$")


def new_clip(spec: ClipSpec) -> nn.Module:
    """Return the encoder on the meta device, without weights; an identity stands for an absent projection."""
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=spec.vocabulary,
        hidden_size=spec.width,
        intermediate_size=spec.mlp_width,
        projection_dim=spec.projection or spec.width,
        num_hidden_layers=spec.layers,
        num_attention_heads=spec.heads,
        max_position_embeddings=spec.positions,
        hidden_act=spec.activation,
        eos_token_id=min(END_OF_TEXT, spec.vocabulary - 1),
    )
    with torch.device("meta"):
        module: nn.Module = CLIPTextModelWithProjection(config)
    if spec.projection is None:
        module.text_projection = nn.Identity()
    return module


def clip_sources(spec: ClipSpec, keys: Iterable[str]) -> dict[str, Source]:
    """Return where each parameter of the encoder is in a file with these keys."""
    inside = [key[len(spec.prefix) :] for key in keys if key.startswith(spec.prefix)]
    if spec.layout == "openclip":
        pairs = (pair for key in inside for pair in _from_openclip(key))
    else:
        pairs = ((_with_text_model(key), Source(key)) for key in inside)
    return {new: _prefixed(spec.prefix, source) for new, source in pairs if not new.endswith("position_ids")}


def _from_openclip(key: str) -> Iterator[tuple[str, Source]]:
    if key in _OPENCLIP:
        yield _OPENCLIP[key], Source(key)
    elif key == "text_projection":
        yield "text_projection.weight", Source(key, transposed=True)
    elif key == "text_projection.weight":
        yield key, Source(key)
    elif found := _LAYER.match(key):
        number, module, _, leaf = found.groups()
        layer = f"text_model.encoder.layers.{number}"
        if module == "attn.in_proj":
            for part, name in enumerate("qkv"):
                yield f"{layer}.self_attn.{name}_proj.{leaf}", Source(key, part=(part, 3))
        elif module in _OPENCLIP_LAYER:
            yield f"{layer}.{_OPENCLIP_LAYER[module]}.{leaf}", Source(key)


def _with_text_model(key: str) -> str:
    return key if key.startswith(("text_model.", "text_projection")) else f"text_model.{key}"


def _prefixed(prefix: str, source: Source) -> Source:
    return replace(source, key=prefix + source.key)
