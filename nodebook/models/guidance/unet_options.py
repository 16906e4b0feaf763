"""Options that reach into U-Nets as diffusers builds them. Source: spec models.md F.5, F.6."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nodebook.models.errors import UnsuitableModelError
from nodebook.models.guidance.options import Guided, NetworkPatch, PostCFG

SkipChange = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From a decoder block's input [B, C, h, w] and the skip connection that joins it to what takes their place."""


@dataclass(frozen=True, slots=True)
class FreeU(NetworkPatch):
    """FreeU (arXiv 2309.11497): the decoder's own features louder, the low frequencies of skip connections quieter.

    ``backbone``, ``skip``: factors where the decoder has 4, and where it has 2 times the network's base width.
    ``is_adaptive``: the second version, where the first factor follows the mean of the features at each place.
    """

    backbone: tuple[float, float] = (1.1, 1.2)
    skip: tuple[float, float] = (0.9, 0.2)
    is_adaptive: bool = False

    def patch(self, module: nn.Module) -> None:
        """Change the inputs of the decoder's residual blocks."""
        width = _unet(module, "FreeU").conv_in.out_channels
        factors = {4 * width: (self.backbone[0], self.skip[0]), 2 * width: (self.backbone[1], self.skip[1])}

        def change(hidden: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
            if hidden.shape[1] not in factors:
                return hidden, skip
            backbone, skip_factor = factors[hidden.shape[1]]
            return self._louder(hidden, backbone), quieter_low_frequencies(skip, skip_factor)

        on_skip_connections(module, change)

    def _louder(self, hidden: Tensor, factor: float) -> Tensor:
        half = hidden.shape[1] // 2
        scale: Tensor | float = factor
        if self.is_adaptive:
            mean = hidden.mean(dim=1, keepdim=True)
            low, high = mean.amin(dim=(1, 2, 3), keepdim=True), mean.amax(dim=(1, 2, 3), keepdim=True)
            scale = (factor - 1) * (mean - low) / (high - low) + 1
        return torch.cat([hidden[:, :half] * scale, hidden[:, half:]], dim=1)


@dataclass(frozen=True, slots=True)
class PerturbedAttention(PostCFG, NetworkPatch):
    """Perturbed-attention guidance (arXiv 2403.17377): away from what the model says without self-attention inside."""

    scale: float = 3.0

    def after_cfg(self, guided: Guided) -> Tensor:
        """Return the estimate moved away from the one with the middle block's self-attention switched off."""
        if self.scale == 0:
            return guided.denoised
        perturbed = guided.round.evaluate("positive", guided.x, patch=_NoSelfAttention())
        return guided.denoised + (guided.cond - perturbed) * self.scale

    def patch(self, module: nn.Module) -> None:
        """Refuse a network without such a block before the run; the run's own network stays as it is."""
        _unet(module, "Perturbed-attention guidance")


@dataclass(frozen=True, slots=True)
class _NoSelfAttention(NetworkPatch):
    """The middle block's self-attention looks at each place alone."""

    def patch(self, module: nn.Module) -> None:
        """Replace what computes the attention."""
        for attention in _unet(module, "Perturbed-attention guidance").mid_block.attentions:
            for block in attention.transformer_blocks:
                block.attn1.processor = _values_alone


def _values_alone(attn: Any, hidden_states: Tensor, **_others: Any) -> Tensor:
    """Return self-attention (diffusers' ``Attention``) as if each token saw only itself."""
    output: Tensor = attn.to_out[0](attn.to_v(hidden_states))
    return output


def on_skip_connections(module: Any, change: SkipChange) -> None:
    """Let a function change each pair of decoder features and skip connection before they are joined.

    diffusers joins them inside its blocks, so they are taken apart again, changed, and joined once more.
    """
    channels = module.mid_block.resnets[-1].out_channels
    for block in module.up_blocks:
        for resnet in block.resnets:
            resnet.register_forward_pre_hook(_join_changed(channels, change))
            channels = resnet.out_channels


def _join_changed(channels: int, change: SkipChange) -> Callable[[nn.Module, tuple[Any, ...]], tuple[Any, ...]]:
    def hook(_module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        joined, *others = arguments
        hidden, skip = change(joined[:, :channels], joined[:, channels:])
        return (torch.cat([hidden, skip], dim=1), *others)

    return hook


def quieter_low_frequencies(features: Tensor, factor: float) -> Tensor:
    """Return features [B, C, h, w] with the lowest spatial frequencies multiplied by ``factor``."""
    spectrum = torch.fft.fftshift(torch.fft.fftn(features.float(), dim=(-2, -1)), dim=(-2, -1))
    row, column = features.shape[-2] // 2, features.shape[-1] // 2
    spectrum[..., max(0, row - 1) : row + 1, max(0, column - 1) : column + 1] *= factor
    filtered = torch.fft.ifftn(torch.fft.ifftshift(spectrum, dim=(-2, -1)), dim=(-2, -1)).real
    result: Tensor = filtered.to(features.dtype)
    return result


def _unet(module: Any, what: str) -> Any:
    """Return the network. Raises ``UnsuitableModelError`` where it is no U-Net with a decoder and a middle block."""
    if getattr(module, "up_blocks", None) is None or getattr(module, "mid_block", None) is None:
        raise UnsuitableModelError(
            f"{what} changes U-Nets (SD 1.x, 2.x, SDXL), but this model is a {type(module).__name__}. "
            "Take the node out."
        )
    return module
