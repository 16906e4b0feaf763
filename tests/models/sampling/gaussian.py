"""Data from one Gaussian: a model of it is exact, and so is the probability flow."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nodebook.models.sampling.parametrisation import ModelSampling

MEAN, SPREAD = 0.7, 0.4


@dataclass
class GaussianDenoiser:
    """The expected sample of N(MEAN, SPREAD^2) behind a noisy one."""

    sampling: ModelSampling

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        kept = self._kept(sigma)
        return MEAN + kept * SPREAD**2 / (kept**2 * SPREAD**2 + sigma**2) * (x - kept * MEAN)

    def split(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        denoised = self(x, sigma)
        return denoised, denoised

    def _kept(self, sigma: Tensor) -> Tensor:
        return 1 - sigma if self.sampling.is_flow else torch.ones_like(sigma)

    def flowed(self, x: Tensor, start: Tensor, end: Tensor) -> Tensor:
        """Where the probability flow carries ``x`` from one level to another."""
        spreads = [(self._kept(each) ** 2 * SPREAD**2 + each**2).sqrt() for each in (start, end)]
        return self._kept(end) * MEAN + (x - self._kept(start) * MEAN) * spreads[1] / spreads[0]

    def noisy(self, sigma: Tensor, generator: torch.Generator, count: int) -> Tensor:
        """Draw ``count`` noisy samples at a level."""
        clean = MEAN + SPREAD * torch.randn(1, 1, 1, count, generator=generator, dtype=sigma.dtype)
        noise = torch.randn(clean.shape, generator=generator, dtype=sigma.dtype)
        return self._kept(sigma) * clean + sigma * noise
