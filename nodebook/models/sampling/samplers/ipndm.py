from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, slope
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_ipndm(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """Pseudo linear multistep (PNDM, arXiv 2202.09778; iPNDM, arXiv 2204.13902): Adams-Bashforth, order up to 4."""
    report = reporter(on_step, sigmas)
    slopes: list[Tensor] = []  # the newest first
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        if sigma_next == 0:
            x = denoised
            continue
        slopes = [slope(x, sigma, denoised), *slopes[:3]]
        x = x + (sigma_next - sigma) * _weighted(_ADAMS_BASHFORTH[len(slopes)], slopes)
    return x


_ADAMS_BASHFORTH = {
    1: (1.0,),
    2: (3 / 2, -1 / 2),
    3: (23 / 12, -16 / 12, 5 / 12),
    4: (55 / 24, -59 / 24, 37 / 24, -9 / 24),
}
"""Of equal steps: how many slopes -> their weights, the newest first."""


def sample_ipndm_v(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """Pseudo linear multistep whose weights heed the lengths of the steps. Source: spec models.md E.4."""
    report = reporter(on_step, sigmas)
    slopes: list[Tensor] = []  # the newest first
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        if sigma_next == 0:
            x = denoised
            continue
        slopes = [slope(x, sigma, denoised), *slopes[:3]]
        ways = [sigmas[i + 1 - k] - sigmas[i - k] for k in range(len(slopes))]
        x = x + ways[0] * _weighted(_variable_weights(ways), slopes)
    return x


def _variable_weights(ways: list[Tensor]) -> list[Tensor | float]:
    """Return the weight of each slope, from the lengths of the step ahead and of up to three behind it."""
    if len(ways) == 1:
        return [1.0]
    h, h1, *older = ways
    weights: list[Tensor | float] = [(2 + h / h1) / 2, -h / h1 / 2]
    if not older:
        return weights
    h2 = older[0]
    third = (1 - h / (3 * (h + h1)) * (h * (h + h1)) / (h1 * (h1 + h2))) / 2
    weights = [weights[0] + third, weights[1] - (1 + h1 / h2) * third, third * h1 / h2]
    if len(older) == 1:
        return weights
    h3 = older[1]
    fourth = (1 - h / (3 * (h + h1))) / 2 + (1 - h / (2 * (h + h1))) * h / (6 * (h + h1 + h2))
    fourth = fourth * (h * (h + h1) * (h + h1 + h2)) / (h1 * (h1 + h2) * (h1 + h2 + h3))
    q = h1 * (h1 + h2) / (h2 * (h2 + h3))
    return [
        weights[0] + fourth,
        weights[1] - (1 + h1 / h2 + q) * fourth,
        weights[2] + (h1 / h2 + q * (1 + h2 / h3)) * fourth,
        -fourth * q * h1 / h2,
    ]


def _weighted(weights: Sequence[Tensor | float], slopes: Sequence[Tensor]) -> Tensor:
    total = weights[0] * slopes[0]
    for weight, each in zip(weights[1:], slopes[1:], strict=True):
        total = total + weight * each
    return total
