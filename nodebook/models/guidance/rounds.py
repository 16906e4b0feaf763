"""One evaluation of a model by a sampler: the lists at one sample and noise level, and how they are combined.

Source: spec models.md F.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from nodebook.models.arithmetic import interpolate
from nodebook.models.guidance.batching import Evaluator
from nodebook.models.guidance.conditioning import Lists
from nodebook.models.guidance.options import Guided, Hooks, NetworkPatch
from nodebook.models.sampling.parametrisation import ModelSampling


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One step's evaluation, as guiders and options see it."""

    x: Tensor
    """[B, C, h, w] float32, in the model's scale, the noise mask applied."""

    sigma: Tensor
    """0-dim float32."""

    sampling: ModelSampling
    evaluator: Evaluator
    lists: Lists
    hooks: Hooks = field(default_factory=Hooks)
    wants_uncond: bool = False
    """The sampler needs the unconditional estimate (CFG++)."""

    def needs_uncond(self, scale: float) -> bool:
        """Say whether guidance of this scale takes the unconditional estimate: not at 1, unless someone asks for it."""
        return self.wants_uncond or not math.isclose(scale, 1.0) or any(each.needs_uncond for each in self.hooks.after)

    def estimate(self, *names: str | None) -> list[Tensor]:
        """Return the denoised estimate of each list; zeros for None and for a list that the guider does not have."""
        wanted = [name for name in names if name is not None and name in self.lists]
        if self.hooks.batch is not None:
            found = self.hooks.batch.evaluate(wanted, self)
        else:
            found = self.evaluator([self.lists[name] for name in wanted], self.x, self.sigma)
        by_name = dict(zip(wanted, found, strict=True))
        return [by_name[name] if name in by_name else torch.zeros_like(self.x) for name in names]

    def evaluate(self, name: str, x: Tensor, *, patch: NetworkPatch | None = None) -> Tensor:
        """Return a further estimate of a list, for another sample or by a network that is changed once more."""
        evaluator = self.evaluator if patch is None else self.evaluator.variant(patch)
        return evaluator([self.lists.get(name, ())], x, self.sigma)[0]

    def guide(self, cond: Tensor, uncond: Tensor, scale: float) -> Tensor:
        """Return U + (C - U) * scale (classifier-free guidance, arXiv 2207.12598), as the model's options change it."""
        for option in self.hooks.before:
            cond, uncond = option.before_cfg([cond, uncond], self)
        guided = Guided(self, cond, uncond, scale, cond)
        if self.hooks.combine is not None:
            denoised = self.hooks.combine.combine(guided)
        elif self.needs_uncond(scale):
            denoised = interpolate(uncond, cond, scale)
        else:
            denoised = cond
        for after in self.hooks.after:
            denoised = after.after_cfg(replace(guided, denoised=denoised))
        return denoised
