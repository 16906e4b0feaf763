"""The model as samplers see it: guidance, conditioning and masks are inside."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from nodebook.models.guidance.batching import Evaluator
from nodebook.models.guidance.conditioning import Lists
from nodebook.models.guidance.guiders import Guider
from nodebook.models.guidance.masks import NoiseMask
from nodebook.models.guidance.options import Hooks
from nodebook.models.guidance.rounds import Round
from nodebook.models.sampling.parametrisation import ModelSampling


@dataclass(frozen=True, slots=True, eq=False)
class GuidedDenoiser:
    """``nodebook.models.sampling.step.Denoiser`` of one run."""

    guider: Guider
    evaluator: Evaluator
    lists: Lists
    hooks: Hooks
    mask: NoiseMask | None = None

    @property
    def sampling(self) -> ModelSampling:
        """How noise levels, time and samples belong together."""
        return self.guider.model.sampling

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Return the guided estimate [B, C, h, w] of ``x`` at ``sigma`` (0-dim)."""
        return self._guide(x, sigma, wants_uncond=False)[0]

    def split(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """Return the guided estimate and the unconditional one (CFG++, arXiv 2406.08070)."""
        return self._guide(x, sigma, wants_uncond=True)

    def _guide(self, x: Tensor, sigma: Tensor, *, wants_uncond: bool) -> tuple[Tensor, Tensor]:
        if self.mask is None:
            return self.guider.guide(self._round(x, sigma, wants_uncond=wants_uncond))
        mask = self.mask.at(sigma)
        step = self._round(self.mask.before(x, sigma, mask), sigma, wants_uncond=wants_uncond)
        denoised, uncond = self.guider.guide(step)
        return self.mask.after(denoised, mask), uncond

    def _round(self, x: Tensor, sigma: Tensor, *, wants_uncond: bool) -> Round:
        return Round(x, sigma, self.sampling, self.evaluator, self.lists, self.hooks, wants_uncond)
