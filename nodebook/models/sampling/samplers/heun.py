from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, slope
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_heun(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """Heun's method: Algorithm 2 of Karras et al. (arXiv 2206.00364) with no churn. Two model calls a step."""
    report = reporter(on_step, sigmas)
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        here, way = slope(x, sigma, denoised), sigma_next - sigma
        if sigma_next == 0:
            x = x + here * way
            continue
        guess = x + here * way
        there = slope(guess, sigma_next, denoise(guess, sigma_next))
        x = x + (here + there) / 2 * way
    return x
