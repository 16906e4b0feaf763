"""The three networks of the demo model, as diffusers and transformers build them, and their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["TextEncoder", "TextSizes", "Unet", "UnetSizes", "Vae", "VaeSizes", "build_text", "build_unet", "build_vae"]

# To a type checker these classes lack what they inherit from torch, because diffusers decorates and loads them lazily.
Vae: TypeAlias = Any
"""diffusers' AutoencoderKL."""
Unet: TypeAlias = Any
"""diffusers' UNet2DConditionModel."""
TextEncoder: TypeAlias = Any
"""transformers' CLIPTextModel."""

LATENT_CHANNELS = 4


@dataclass(frozen=True)
class VaeSizes:
    """Widths of the four VAE levels, full resolution first, and what its normalisation groups them into."""

    widths: tuple[int, ...] = (16, 32, 64, 64)
    layers: int = 1
    groups: int = 4


@dataclass(frozen=True)
class TextSizes:
    """Width, depth and heads of the text encoder."""

    width: int = 48
    layers: int = 3
    heads: int = 4


@dataclass(frozen=True)
class UnetSizes:
    """Widths of the UNet's levels, which of them have attention, and the text's width."""

    widths: tuple[int, ...] = (64, 96, 112)
    attention: tuple[bool, ...] = (False, True, False)
    layers: int = 1
    groups: int = 8
    heads: int = 8
    context: int = 48


def build_vae(sizes: VaeSizes) -> Vae:
    """A factor-8 KL autoencoder with fresh weights; its attention blocks start as the identity."""
    import torch
    from diffusers import AutoencoderKL

    levels = len(sizes.widths)
    vae: Vae = AutoencoderKL(  # type: ignore[no-untyped-call]
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=sizes.widths,
        layers_per_block=sizes.layers,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=sizes.groups,
    )
    for half in (vae.encoder, vae.decoder):
        out = half.mid_block.attentions[0].to_out[0]
        torch.nn.init.zeros_(out.weight)
        torch.nn.init.zeros_(out.bias)
    return vae


def build_text(sizes: TextSizes, rows: int, end_row: int) -> TextEncoder:
    """CLIP's text encoder with an embedding of `rows` tokens."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=rows,
        hidden_size=sizes.width,
        intermediate_size=4 * sizes.width,
        projection_dim=sizes.width,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        max_position_embeddings=77,
        hidden_act="quick_gelu",
        bos_token_id=end_row - 1,
        eos_token_id=end_row,
        pad_token_id=end_row,
    )
    return CLIPTextModel(config)


def build_unet(sizes: UnetSizes) -> Unet:
    """A UNet with fresh weights whose output starts as its input: at high noise that is nearly the noise."""
    from diffusers import UNet2DConditionModel

    down = tuple("CrossAttnDownBlock2D" if has else "DownBlock2D" for has in sizes.attention)
    up = tuple("CrossAttnUpBlock2D" if has else "UpBlock2D" for has in reversed(sizes.attention))
    unet: Unet = UNet2DConditionModel(  # type: ignore[no-untyped-call]
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=down,
        up_block_types=up,
        block_out_channels=sizes.widths,
        layers_per_block=sizes.layers,
        norm_num_groups=sizes.groups,
        cross_attention_dim=sizes.context,
        attention_head_dim=sizes.heads,
    )
    _start_as_identity(unet, sizes.widths[0] // sizes.groups)
    return unet


def _start_as_identity(unet: Unet, group: int) -> None:
    """Lead the latent through the first skip connection; silu(x) - silu(-x) = x undoes the last activation.

    The signed copies fill whole normalisation groups, so that nothing else scales them.
    """
    import torch

    copies = torch.zeros(2 * LATENT_CHANNELS, LATENT_CHANNELS)
    copies[:LATENT_CHANNELS] = torch.eye(LATENT_CHANNELS)
    copies[LATENT_CHANNELS:] = -torch.eye(LATENT_CHANNELS)
    used = -(-len(copies) // group) * group
    last = unet.up_blocks[-1].resnets[-1]
    with torch.no_grad():
        unet.conv_in.weight[:used] = 0
        unet.conv_in.bias[:used] = 0
        unet.conv_in.weight[: len(copies), :, 1, 1] = copies
        for resnet in [module for module in unet.modules() if type(module).__name__ == "ResnetBlock2D"]:
            resnet.conv2.weight.mul_(0.1)
        width = unet.conv_in.out_channels
        skip = last.conv_shortcut.weight.shape[1] - width
        last.conv_shortcut.weight[:used] = 0
        last.conv_shortcut.bias[:used] = 0
        for channel in range(len(copies)):
            last.conv_shortcut.weight[channel, skip + channel] = 1
        last.conv2.weight[:used] = 0
        last.conv2.bias[:used] = 0
        unet.conv_out.weight.mul_(0.2)
        unet.conv_out.bias.zero_()
        unet.conv_out.weight[:, :used] = 0
        unet.conv_out.weight[:, : len(copies), 1, 1] = copies.T
