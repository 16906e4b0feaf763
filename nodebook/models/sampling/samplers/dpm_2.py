from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import renoising_step, reporter, slope, source
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_dpm_2(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """DPM-Solver-2 in the manner of Karras et al. (arXiv 2206.00364): the slope at both levels' geometric mean."""
    report = reporter(on_step, sigmas)
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        x = _midpoint_step(denoise, x, denoised, sigma, sigma_next)
    return x


def sample_dpm_2_ancestral(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """DPM-Solver-2 steps to below each level, and noise up to it.

    eta: how much of ancestral sampling's noise. s_noise: factor of the noise.
    """
    report, draw = reporter(on_step, sigmas), source(noise, x)
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        down, scale, up = renoising_step(denoise.sampling, sigma, sigma_next, eta)
        x = _midpoint_step(denoise, x, denoised, sigma, down)
        if down != 0 and eta > 0:
            x = x * scale + draw(sigma, sigma_next) * s_noise * up
    return x


def _midpoint_step(denoise: Denoiser, x: Tensor, denoised: Tensor, sigma: Tensor, sigma_next: Tensor) -> Tensor:
    here = slope(x, sigma, denoised)
    if sigma_next == 0:
        return x + here * (sigma_next - sigma)
    middle = (sigma.log() + (sigma_next.log() - sigma.log()) * 0.5).exp()
    guess = x + here * (middle - sigma)
    return x + slope(guess, middle, denoise(guess, middle)) * (sigma_next - sigma)
