"""A guess at what a LoRA file was made for, for messages alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nodebook.models.header import TensorInfo
from nodebook.models.lora.formats import group_tensors

_BY_NAME = (
    (re.compile(r"double_blocks|single_blocks|single_transformer_blocks"), "Flux or a relative of it"),
    (re.compile(r"joint_blocks|joint_transformer_blocks"), "Stable Diffusion 3"),
    (re.compile(r"(^|[._])blocks[._]\d+[._](self|cross)_attn"), "Wan video"),
    (re.compile(r"(^|[._])te[23]_|text_encoder_2|lora_te1_"), "SDXL"),
    (
        re.compile(r"^(transformer|lora_transformer|diffusion_model)[._].*(blocks|layers)[._]\d+"),
        "a diffusion transformer",
    ),
)

_BY_CONTEXT = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "SDXL", 1280: "the SDXL refiner"}
"""Width of the text that a UNet's cross-attention reads → family."""

_CONTEXT = re.compile(r"attn2[._](processor[._])?to_[kv]")
_UNET = re.compile(r"lora_unet_|(^|\.)unet\.|(down|up|input|output)_blocks[._]\d")
_ENCODER = re.compile(r"^(lora_te|text_encoder)")


def looks_like(tensors: Mapping[str, TensorInfo]) -> str:
    """Return in words what a file looks made for."""
    layers, _unknown = group_tensors(tensors)
    if not layers:
        return "something else: it holds no LoRA weights"
    for pattern, words in _BY_NAME:
        if any(pattern.search(layer) for layer in layers):
            return words
    for name, layer in layers.items():
        if _CONTEXT.search(name) and (down := layer.names.get("down")):
            width = tensors[down].shape[1]
            return _BY_CONTEXT.get(width, f"a UNet that reads text of width {width}")
    if any(_UNET.search(layer) for layer in layers):
        return "another UNet"
    if all(_ENCODER.search(layer) for layer in layers):
        return "text encoders only"
    return f"an unknown network (its first layer is {next(iter(layers))!r})"
