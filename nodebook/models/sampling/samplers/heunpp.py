from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, slope
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_heunpp2(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """Heun++: slopes at up to three levels, weighted by how high those levels are. Source: spec models.md E.4."""
    report = reporter(on_step, sigmas)
    first, end = sigmas[0], sigmas[-1]
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        here, way = slope(x, sigma, denoised), sigma_next - sigma
        if sigma_next == end:
            x = x + here * way
            continue
        guess = x + here * way
        second = slope(guess, sigma_next, denoise(guess, sigma_next))
        after = sigmas[i + 2]
        if after == end:
            weight = sigma_next / (2 * first)
            x = x + ((1 - weight) * here + weight * second) * way
            continue
        guess = guess + second * (after - sigma_next)
        third = slope(guess, after, denoise(guess, after))
        weight_2, weight_3 = sigma_next / (3 * first), after / (3 * first)
        x = x + ((1 - weight_2 - weight_3) * here + weight_2 * second + weight_3 * third) * way
    return x
