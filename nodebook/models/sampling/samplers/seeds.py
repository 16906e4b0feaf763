"""SEEDS (arXiv 2305.14267): exponential integrators of the stochastic equation, in half-log-SNR."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, source, without_infinite_snr
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def _phi_2(z: Tensor) -> Tensor:
    """Return z phi_2(z) = (e^z - 1 - z) / z."""
    return (z.expm1() - z) / z


def sample_seeds_2(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
    solver_type: Literal["phi_1", "phi_2"] = "phi_1",
) -> Tensor:
    """SEEDS-2: two model calls a step.

    eta: 0 is the probability flow, 1 the reverse diffusion. s_noise: factor of the noise. r: where between both levels
    the second call is. solver_type: how its estimate is weighted; ``phi_2`` with r 1 is the exponential Heun method.
    """
    report, draw, sampling = reporter(on_step, sigmas), source(noise, x), denoise.sampling
    sigmas = without_infinite_snr(sigmas, sampling)
    adds_noise = eta > 0 and s_noise > 0
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        if sigma_next == 0:
            x = denoised
            continue
        here = sampling.half_log_snr(sigma)
        h = sampling.half_log_snr(sigma_next) - here
        h_noise, h_all = h * eta, h * (1 + eta)
        middle = sampling.sigma_of_half_log_snr(here + r * h)
        guess = middle / sigma * (-r * h_noise).exp() * x - sampling.alpha(middle) * (-r * h_all).expm1() * denoised
        path: Tensor | None = None
        if adds_noise:
            path = _spread(r, h_noise) * draw(sigma, middle)
            guess = guess + middle * s_noise * path
        second = denoise(guess, middle)
        x = sigma_next / sigma * (-h_noise).exp() * x
        x = x - sampling.alpha(sigma_next) * _combined(denoised, second, h_all, r, solver_type)
        if path is not None:
            path = _continued(path, 1 - r, h_noise, draw(middle, sigma_next))
            x = x + sigma_next * s_noise * path
    return x


def _combined(denoised: Tensor, second: Tensor, h: Tensor, r: float, solver_type: str) -> Tensor:
    if solver_type == "phi_1":
        return (-h).expm1() * (denoised + (second - denoised) / (2 * r))
    weight = _phi_2(-h) / r
    return ((-h).expm1() - weight) * denoised + weight * second


def sample_seeds_3(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r_1: float = 1 / 3,
    r_2: float = 2 / 3,
) -> Tensor:
    """SEEDS-3: three model calls a step.

    eta: 0 is the probability flow, 1 the reverse diffusion. s_noise: factor of the noise. r_1, r_2: where between both
    levels the second and third call are.
    """
    report, draw, sampling = reporter(on_step, sigmas), source(noise, x), denoise.sampling
    sigmas = without_infinite_snr(sigmas, sampling)
    adds_noise = eta > 0 and s_noise > 0
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        if sigma_next == 0:
            x = denoised
            continue
        here = sampling.half_log_snr(sigma)
        h = sampling.half_log_snr(sigma_next) - here
        h_noise, h_all = h * eta, h * (1 + eta)
        level_1, level_2 = (sampling.sigma_of_half_log_snr(here + r * h) for r in (r_1, r_2))
        path: Tensor | float = 0.0
        if adds_noise:
            path = _spread(r_1, h_noise) * draw(sigma, level_1)
        change = (-r_1 * h_all).expm1() * denoised
        guess = level_1 / sigma * (-r_1 * h_noise).exp() * x - sampling.alpha(level_1) * change
        second = denoise(guess + level_1 * s_noise * path, level_1)
        if adds_noise:
            path = _continued(path, r_2 - r_1, h_noise, draw(level_1, level_2))
        weight = r_2 / r_1 * _phi_2(-r_2 * h_all)
        change = ((-r_2 * h_all).expm1() - weight) * denoised + weight * second
        guess = level_2 / sigma * (-r_2 * h_noise).exp() * x - sampling.alpha(level_2) * change
        third = denoise(guess + level_2 * s_noise * path, level_2)
        if adds_noise:
            path = _continued(path, 1 - r_2, h_noise, draw(level_2, sigma_next))
        weight = _phi_2(-h_all) / r_2
        change = ((-h_all).expm1() - weight) * denoised + weight * third
        x = sigma_next / sigma * (-h_noise).exp() * x - sampling.alpha(sigma_next) * change
        x = x + sigma_next * s_noise * path
    return x


def _spread(part: float, h_noise: Tensor) -> Tensor:
    """Return the standard deviation of the noise that ``part`` of a step adds, for sigma 1."""
    return (-(-2 * part * h_noise).expm1()).sqrt()


def _continued(path: Tensor | float, part: float, h_noise: Tensor, fresh: Tensor) -> Tensor:
    """Return the noise of a longer way: what remains of the shorter way's, and fresh noise."""
    return path * (-part * h_noise).exp() + _spread(part, h_noise) * fresh
