from __future__ import annotations

from itertools import pairwise

import numpy as np
from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, slope
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_lms(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    order: int = 4,
) -> Tensor:
    """Linear multistep (Adams-Bashforth in sigma): the polynomial through the last slopes, integrated over the step.

    order: how many slopes at most.
    """
    report = reporter(on_step, sigmas)
    levels = sigmas.detach().double().cpu().numpy()
    slopes: list[Tensor] = []  # the newest first
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        if sigma_next == 0:
            x = denoised
            continue
        slopes = [slope(x, sigma, denoised), *slopes[: order - 1]]
        weights = _integrals(levels[i::-1][: len(slopes)], levels[i], levels[i + 1])
        x = x + sum(weight * each for weight, each in zip(weights, slopes, strict=True))
    return x


def _integrals(nodes: np.ndarray, start: float, end: float) -> list[float]:
    """Return the integral from start to end of each Lagrange polynomial over the nodes: exact, by Gauss-Legendre."""
    points, weights = np.polynomial.legendre.leggauss(len(nodes) // 2 + 1)
    half = (end - start) / 2
    at = start + half * (points + 1)
    bases = []
    for j, node in enumerate(nodes):
        others = np.delete(nodes, j)
        bases.append(np.prod((at[:, None] - others) / (node - others), axis=1))
    return [float(half * (weights * basis).sum()) for basis in bases]
