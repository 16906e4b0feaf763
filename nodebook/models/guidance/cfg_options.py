"""Options that change how conditional and unconditional estimate are combined. Source: spec models.md F.6."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nodebook.models.guidance.options import CFGFunction, Guided, PostCFG

_ITEM = (1, 2, 3)
"""The dimensions of one item of a batch."""

_TINY = 1e-8


@dataclass(frozen=True, slots=True)
class RescaleCFG(CFGFunction):
    """CFG in velocity space, brought back to the spread of the conditional estimate (arXiv 2305.08891).

    ``multiplier``: the share of the rescaled result.
    """

    multiplier: float = 0.7

    def combine(self, guided: Guided) -> Tensor:
        """Return the guided estimate."""
        level = guided.sigma**2 + 1
        root = level.sqrt()
        shrunk = guided.x / level
        cond, uncond = ((shrunk - each) * root / guided.sigma for each in (guided.cond, guided.uncond))
        velocity = uncond + (cond - uncond) * guided.scale
        ratio = cond.std(dim=_ITEM, keepdim=True) / velocity.std(dim=_ITEM, keepdim=True)
        velocity = self.multiplier * (velocity * ratio) + (1 - self.multiplier) * velocity
        return shrunk - velocity * guided.sigma / root


@dataclass(frozen=True, slots=True)
class CFGZeroStar(PostCFG):
    """CFG-Zero* (arXiv 2503.18886): the unconditional estimate scaled to fit the conditional one, item by item."""

    def after_cfg(self, guided: Guided) -> Tensor:
        """Return the guided estimate with the unconditional part scaled."""
        cond, uncond = guided.x - guided.cond, guided.x - guided.uncond
        product = (cond * uncond).sum(dim=_ITEM, keepdim=True)
        alpha = product / ((uncond**2).sum(dim=_ITEM, keepdim=True) + _TINY)
        return guided.denoised + guided.uncond * (alpha - 1) + guided.scale * guided.uncond * (1 - alpha)


@dataclass(frozen=True, slots=True)
class CFGNorm(PostCFG):
    """The guided estimate made no longer, over its channels at each place, than the conditional one; then scaled."""

    strength: float = 1.0

    def after_cfg(self, guided: Guided) -> Tensor:
        """Return the shortened estimate."""
        wanted, is_now = (
            torch.linalg.vector_norm(each, dim=1, keepdim=True) for each in (guided.cond, guided.denoised)
        )
        shortened: Tensor = guided.denoised * (wanted / (is_now + _TINY)).clamp(max=1.0)
        return shortened * self.strength


@dataclass(frozen=True, slots=True)
class EpsilonScaling(PostCFG):
    """Epsilon scaling (arXiv 2308.15321): the predicted noise made a little smaller, against exposure bias."""

    factor: float = 1.005

    def after_cfg(self, guided: Guided) -> Tensor:
        """Return the estimate that a smaller noise means."""
        return guided.x - (guided.x - guided.denoised) / self.factor
