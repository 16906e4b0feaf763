from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, slope
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_deis(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    max_order: int = 3,
) -> Tensor:
    """DEIS (arXiv 2204.13902), "tab": the exponential integrator of the noise, extrapolated in time, in VE scale.

    max_order: how many slopes at most.
    """
    report = reporter(on_step, sigmas)
    times = _times(sigmas)
    slopes: list[Tensor] = []  # the newest first
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        slopes = [slope(x, sigma, denoised), *slopes[: max_order - 1]]
        if sigma_next <= 0 or len(slopes) == 1:
            x = x + slopes[0] * (sigma_next - sigma)
            continue
        nodes = times[i + 1 - len(slopes) : i + 1].flip(0)
        for weight, each in zip(_integrals(nodes, times[i + 1]), slopes, strict=True):
            x = x + weight.to(x) * each
    return x


def _betas() -> tuple[float, float]:
    """Return (beta_min, beta_max - beta_min) of the linear VP process from sigma 0.002 at t = 1e-3 to 80 at t = 1."""
    first, low, high = 1e-3, math.log(0.002**2 + 1), math.log(80.0**2 + 1)
    change = 2 * (low / first - high) / (first - 1)
    return high - change / 2, change


_BETA_MIN, _BETA_CHANGE = _betas()
_POINTS = 10000


def _times(sigmas: Tensor) -> Tensor:
    """Return the time at which the VP process has these noise levels."""
    return ((_BETA_MIN**2 + 2 * _BETA_CHANGE * (sigmas**2 + 1).log()).sqrt() - _BETA_MIN) / _BETA_CHANGE


def _integrals(nodes: Tensor, end: Tensor) -> list[Tensor]:
    """Return the integral from nodes[0] to end of each Lagrange polynomial over the nodes, weighted by the process."""
    start = nodes[0]
    t = torch.linspace(0, 1, _POINTS, dtype=nodes.dtype, device=nodes.device) * (end - start) + start
    alpha_bar = (-0.5 * t**2 * _BETA_CHANGE - t * _BETA_MIN).exp()
    integrand = 0.5 * (t * _BETA_CHANGE + _BETA_MIN) / (alpha_bar * (1 - alpha_bar)).sqrt()
    integrals = []
    for j in range(len(nodes)):
        basis = torch.ones_like(t)
        for k in range(len(nodes)):
            if k != j:
                basis = basis * (t - nodes[k]) / (nodes[j] - nodes[k])
        integrals.append((integrand * basis).sum() * (end - start) / _POINTS)
    return integrals
