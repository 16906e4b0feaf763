"""What samplers share: slopes, ancestral steps, the first level of flows. Source: spec models.md E.3."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nodebook.models.arithmetic import interpolate
from nodebook.models.sampling.noise import seeded_noise
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.step import NoiseSampler, Step, StepHook


@dataclass(frozen=True, slots=True)
class Reporter:
    """Tells a hook of each step."""

    hook: StepHook | None
    total: int

    def __call__(self, index: int, sigma: Tensor | None, x: Tensor, denoised: Tensor) -> None:
        """Call the hook, if any; it may raise to end the sampling."""
        if self.hook is not None:
            self.hook(Step(index, self.total, sigma, x, denoised))


def reporter(hook: StepHook | None, sigmas: Tensor) -> Reporter:
    """Return what tells ``hook`` of the steps between ``sigmas`` [N + 1]."""
    return Reporter(hook, len(sigmas) - 1)


def source(noise: NoiseSampler | None, x: Tensor) -> NoiseSampler:
    """Return ``noise``, or where there is none a source that draws from torch's global generator."""
    return noise or seeded_noise(x, None)


def slope(x: Tensor, sigma: Tensor, denoised: Tensor) -> Tensor:
    """Return dx/dsigma of the probability flow: (x - denoised) / sigma (Karras et al. 2022, arXiv 2206.00364)."""
    return (x - denoised) / sigma


def euler_step(x: Tensor, denoised: Tensor, sigma: Tensor, target: Tensor) -> Tensor:
    """Return the sample at ``target``, along the slope at ``sigma``: x + slope * (target - sigma)."""
    return interpolate(denoised, x, (target / sigma).item())


def ancestral_step(sigma: Tensor, sigma_next: Tensor, eta: float) -> tuple[Tensor, Tensor]:
    """Return (down, up): the level to step to without noise, and the noise to add, so that both make ``sigma_next``.

    eta: 0 adds none, 1 as much as ancestral sampling of a diffusion model.
    """
    if not eta or sigma_next == 0:
        return sigma_next, torch.zeros_like(sigma_next)
    up = eta * (sigma_next**2 * (sigma**2 - sigma_next**2) / sigma**2).sqrt()
    up = min(sigma_next, up)  # from an infinite level up is NaN, and min then gives the limit: all noise is new
    # Not (sigma_next^2 - up^2)^0.5, because of dpm_2_ancestral: with eta 1 its second call is at sigma_next but for
    # rounding, in uniform schedules often half way between two discrete times. So written, ties fall as recorded.
    return sigma_next * (1 - (up / sigma_next) ** 2).sqrt(), up


def renoising_step(
    sampling: ModelSampling, sigma: Tensor, sigma_next: Tensor, eta: float
) -> tuple[Tensor, Tensor | float, Tensor]:
    """Return (down, scale, up): step to ``down``, multiply by ``scale``, add ``up`` of noise, and be at ``sigma_next``.

    Of a flow, noise takes the place of some of the sample; otherwise it is added, and ``scale`` is 1.
    """
    if not sampling.is_flow:
        down, up = ancestral_step(sigma, sigma_next, eta)
        return down, 1.0, up
    down = sigma_next * (1 + (sigma_next / sigma - 1) * eta)
    scale = (1 - sigma_next) / (1 - down)
    return down, scale, (sigma_next**2 - down**2 * scale**2).clamp(min=0).sqrt()


def without_infinite_snr(sigmas: Tensor, sampling: ModelSampling) -> Tensor:
    """Return the levels with a first one of 1 in a flow, where half-log-SNR is infinite, brought just below it."""
    if not sampling.is_flow or len(sigmas) < 2 or sigmas[0] < 1:  # noqa: PLR2004 -- a step has two ends
        return sigmas
    sigmas = sigmas.clone()
    sigmas[0] = sampling.schedule.percent_to_sigma(1e-4)
    return sigmas
