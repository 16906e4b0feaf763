"""Write and read the SD 1.x single-file layout: one safetensors file with UNet, text encoder and VAE.

The names are those of the published latent-diffusion checkpoints; each of our modules' own names maps to one of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from tools.demo_model.modules import (
    TextEncoder,
    TextSizes,
    Unet,
    UnetSizes,
    Vae,
    VaeSizes,
    build_text,
    build_unet,
    build_vae,
)
from tools.demo_model.tokens import VOCABULARY

__all__ = ["SCALE", "Model", "fold_scale", "read_model", "write_model"]

SCALE = 0.18215
"""Latents of an SD 1.x VAE times this are what its UNet works on."""

UNET, TEXT, VAE = "model.diffusion_model.", "cond_stage_model.transformer.text_model.", "first_stage_model."

DEVIATIONS = (1.0, 1.0, 1.0, 0.3)
"""Deviation of each channel in the UNet's space: the fourth holds only the finest part of the edges, so less noise
hides it, and the UNet's loss and first steps are about the three that look like the picture."""

State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Model:
    """The three trained networks; the text encoder's embedding holds only the rows of `token_ids`, after row 0."""

    unet: Unet
    text: TextEncoder
    vae: Vae
    token_ids: list[int]


_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}

_UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}


def unet_name(name: str, layers: int) -> str:
    """The layout's name, without prefix, of a parameter of diffusers' UNet with `layers` resnets to a down block."""
    if found := re.match(r"(.*resnets\.\d+)\.(\w+)(\..*)", name):
        name = f"{found[1]}.{_RESNET[found[2]]}{found[3]}"
    for ours, theirs in _UNET_ENDS.items():
        if name.startswith(ours + "."):
            return theirs + name.removeprefix(ours)
    found = re.match(r"(down|up)_blocks\.(\d+)\.(\w+?)s?\.(\d+)\.(.*)", name)
    if found is None:
        raise ValueError(f"UNet parameter {name!r}: no place in the SD 1.x layout is known for it")
    side, block, kind, index, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
    stride = layers + 1
    if kind == "downsampler":
        return f"input_blocks.{(block + 1) * stride}.0.op.{rest.removeprefix('conv.')}"
    part = {"resnet": "0", "attention": "1", "upsampler": "upsampler"}[kind]
    if side == "down":
        return f"input_blocks.{1 + block * stride + index}.{part}.{rest}"
    if kind == "upsampler":
        index = layers
    return f"output_blocks.{block * stride + index}.{part}.{rest}"


def unet_names(unet: Unet) -> dict[str, str]:
    """Every parameter's own name → its name in the layout; an upsampler stands after its block's attention."""
    names = {name: unet_name(name, unet.config["layers_per_block"]) for name in unet.state_dict()}
    with_attention = {name.split(".1.")[0] for name in names.values() if re.match(r"output_blocks\.\d+\.1\.", name)}
    return {
        own: name.replace(".upsampler.", ".2." if name.split(".upsampler.")[0] in with_attention else ".1.")
        for own, name in names.items()
    }


_VAE_PARTS = [
    (r"mid_block\.resnets\.0", "mid.block_1"),
    (r"mid_block\.resnets\.1", "mid.block_2"),
    (r"mid_block\.attentions\.0", "mid.attn_1"),
    (r"\.group_norm\.", ".norm."),
    (r"\.to_(q|k|v)\.", r".\1."),
    (r"\.to_out\.0\.", ".proj_out."),
    (r"conv_norm_out", "norm_out"),
    (r"conv_shortcut", "nin_shortcut"),
    (r"down_blocks\.(\d+)\.resnets\.", r"down.\1.block."),
    (r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample"),
    (r"up_blocks\.(\d+)\.resnets\.", r"up.\1.block."),
    (r"up_blocks\.(\d+)\.upsamplers\.0", r"up.\1.upsample"),
]


def vae_name(name: str, levels: int) -> str:
    """The layout's name, without prefix, of a parameter of diffusers' VAE; the layout counts up blocks backwards."""
    for pattern, replacement in _VAE_PARTS:
        name = re.sub(pattern, replacement, name)
    return re.sub(r"\.up\.(\d+)\.", lambda found: f".up.{levels - 1 - int(found[1])}.", name)


def _is_vae_attention(name: str) -> bool:
    return bool(re.search(r"mid\.attn_1\.(q|k|v|proj_out)\.weight", name))


def _text_state(text: TextEncoder, token_ids: list[int]) -> State:
    state = {name: tensor for name, tensor in text.state_dict().items() if "position_ids" not in name}
    rows = state["embeddings.token_embedding.weight"]
    table = torch.zeros(VOCABULARY, rows.shape[1], dtype=rows.dtype)
    table[token_ids] = rows[1:].cpu()
    return {**state, "embeddings.token_embedding.weight": table}


def layout_state(model: Model) -> State:
    """All tensors under the layout's names, in half precision."""
    state: State = {}
    for own, name in unet_names(model.unet).items():
        state[UNET + name] = model.unet.state_dict()[own]
    for name, tensor in _text_state(model.text, model.token_ids).items():
        state[TEXT + name] = tensor
    levels = len(model.vae.config["block_out_channels"])
    for own, tensor in model.vae.state_dict().items():
        name = vae_name(own, levels)
        state[VAE + name] = tensor[:, :, None, None] if _is_vae_attention(name) else tensor
    return {name: tensor.detach().cpu().half().contiguous() for name, tensor in state.items()}


def write_model(model: Model, path: Path, extra: dict[str, str]) -> None:
    """Write the file, with the numbers that shapes do not tell (groups, heads) and `extra` in its metadata."""
    from safetensors.torch import save_file

    metadata = {
        "format": "pt",
        "nodebook.unet.norm_num_groups": str(model.unet.config["norm_num_groups"]),
        "nodebook.unet.attention_heads": str(model.unet.config["attention_head_dim"]),
        "nodebook.vae.norm_num_groups": str(model.vae.config["norm_num_groups"]),
        "nodebook.clip.attention_heads": str(model.text.config.num_attention_heads),
        **extra,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(layout_state(model), path, metadata=metadata)


def read_model(
    path: Path, sizes: tuple[UnetSizes, TextSizes, VaeSizes], token_ids: list[int]
) -> tuple[Model, dict[str, str]]:
    """The networks of a file that `write_model` wrote, in single precision, and the file's metadata."""
    from safetensors import safe_open
    from safetensors.torch import load_file

    with safe_open(path, "pt") as file:
        metadata = dict(file.metadata())
    state = {name: tensor.float() for name, tensor in load_file(path).items()}
    unet, vae = build_unet(sizes[0]), build_vae(sizes[2])
    text = build_text(sizes[1], len(token_ids) + 1, len(token_ids))
    unet.load_state_dict({own: state[UNET + name] for own, name in unet_names(unet).items()})
    levels = len(sizes[2].widths)
    fresh = vae.state_dict()
    vae.load_state_dict({own: state[VAE + vae_name(own, levels)].view(fresh[own].shape) for own in fresh})
    table = state[TEXT + "embeddings.token_embedding.weight"]
    words = {name.removeprefix(TEXT): tensor for name, tensor in state.items() if name.startswith(TEXT)}
    rows = torch.cat([torch.zeros(1, table.shape[1]), table[token_ids]])
    text.load_state_dict({**words, "embeddings.token_embedding.weight": rows}, strict=False)
    return Model(unet, text.eval(), vae.eval(), token_ids), metadata


@torch.no_grad()
def fold_scale(vae: Vae, latents: torch.Tensor) -> None:
    """Change the two convolutions beside the latents so that these, times 0.18215, have mean 0 and `DEVIATIONS`.

    `latents` are many of the present ones, [pictures, 4, height, width]. Reconstructions stay the same. The
    log-variances, which training here does not use, become a small constant.
    """
    channels = latents.shape[1]
    mean, std = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    factor = std * SCALE / torch.tensor(DEVIATIONS)
    into, out = vae.quant_conv, vae.post_quant_conv
    into.weight[:channels] /= factor[:, None, None, None]
    into.bias[:channels] = (into.bias[:channels] - mean) / factor
    into.weight[channels:] = 0
    into.bias[channels:] = -8.0
    out.bias += (out.weight[:, :, 0, 0] * mean).sum(dim=1)
    out.weight *= factor[None, :, None, None]
