from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, slope
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_gradient_estimation(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    gamma: float = 2.0,
) -> Tensor:
    """Euler steps with slopes extrapolated from the last two: gradient estimation (arXiv 2306.04848).

    gamma: 1 is Euler.
    """
    report = reporter(on_step, sigmas)
    previous: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        here = slope(x, sigma, denoised)
        way = sigma_next - sigma
        x = denoised if sigma_next == 0 else x + (here + _correction(here, previous, gamma)) * way
        previous = here
    return x


def sample_gradient_estimation_cfg_pp(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    gamma: float = 2.0,
) -> Tensor:
    """Gradient estimation with CFG++ (arXiv 2406.08070): slopes from the unguided estimate.

    gamma: 1 is Euler of CFG++.
    """
    report = reporter(on_step, sigmas)
    previous: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, unguided = denoise.split(x, sigma)
        report(i, sigma, x, denoised)
        here = slope(x, sigma, unguided)
        if sigma_next == 0:
            x = denoised
        else:
            x = denoised + here * sigma_next + _correction(here, previous, gamma) * (sigma_next - sigma)
        previous = here
    return x


def _correction(here: Tensor, previous: Tensor | None, gamma: float) -> Tensor | float:
    return 0.0 if previous is None else (gamma - 1) * (here - previous)
