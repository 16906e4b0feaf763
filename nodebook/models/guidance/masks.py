"""Noise masks: keeping a part of a latent while the rest is made anew. Source: spec models.md F.7."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nodebook.models.guidance.options import MaskFunction, Schedule


@dataclass(frozen=True, slots=True, eq=False)
class NoiseMask:
    """What is kept, and with which noise the model sees it."""

    mask: Tensor
    """[B, 1, h, w]: 1 = made anew."""

    latent: Tensor
    """[B, C, h, w] what is kept, in the model's scale."""

    noise: Tensor
    """[B, C, h, w] unit noise, the same in each step."""

    schedule: Schedule
    function: MaskFunction | None = None

    def at(self, sigma: Tensor) -> Tensor:
        """Return the mask of a step."""
        return self.mask if self.function is None else self.function.step_mask(self.mask, sigma, self.schedule)

    def before(self, x: Tensor, sigma: Tensor, mask: Tensor) -> Tensor:
        """Return the sample with the kept part as it is at this noise level."""
        kept = self.schedule.sampling.noise_scaling(sigma, self.noise, self.latent)
        return x * mask + kept * (1.0 - mask)

    def after(self, denoised: Tensor, mask: Tensor) -> Tensor:
        """Return the estimate with the kept part put back."""
        return denoised * mask + self.latent * (1.0 - mask)


@dataclass(frozen=True, slots=True)
class DifferentialDiffusion(MaskFunction):
    """Differential Diffusion (arXiv 2306.00950): grey masks say from which step on a place is made anew.

    ``strength``: 1 uses the step's mask of 0 and 1 alone, less mixes it with the mask itself.
    """

    strength: float = 1.0

    def step_mask(self, mask: Tensor, sigma: Tensor, schedule: Schedule) -> Tensor:
        """Return 1 where the mask is at least as large as the share of the run's time that is left."""
        sampling = schedule.sampling
        last = schedule.sigmas[-1].clamp(min=sampling.sigma_min)
        now, start, end = (sampling.schedule.timestep(each).float() for each in (sigma, schedule.sigmas[0], last))
        binary = (mask >= (now - end) / (start - end)).to(mask.dtype)
        return binary if self.strength == 1 else torch.lerp(mask, binary, self.strength)
