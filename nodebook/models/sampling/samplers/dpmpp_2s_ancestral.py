from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.samplers.common import ancestral_step, renoising_step, reporter, slope, source
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_dpmpp_2s_ancestral(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """DPM-Solver++(2S) steps (arXiv 2211.01095) to below each level, and noise up to it.

    eta: how much of ancestral sampling's noise. s_noise: factor of the noise.
    """
    report, draw, sampling = reporter(on_step, sigmas), source(noise, x), denoise.sampling
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        down, scale, up = renoising_step(sampling, sigma, sigma_next, eta)
        if (sigma_next if sampling.is_flow else down) == 0:
            x = x + slope(x, sigma, denoised) * (down - sigma)
            continue
        middle = _middle(sampling, sigma, down)
        guess = _toward(x, denoised, middle / sigma)
        x = _toward(x, denoise(guess, middle), down / sigma)
        if eta > 0:
            x = x * scale + draw(sigma, sigma_next) * s_noise * up
    return x


def sample_dpmpp_2s_ancestral_cfg_pp(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """DPM-Solver++(2S) ancestral steps with CFG++ (arXiv 2406.08070).

    eta: how much of ancestral sampling's noise. s_noise: factor of the noise.
    """
    report, draw = reporter(on_step, sigmas), source(noise, x)
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, unguided = denoise.split(x, sigma)
        report(i, sigma, x, denoised)
        down, up = ancestral_step(sigma, sigma_next, eta)
        if down == 0:
            x = denoised + slope(x, sigma, unguided) * down
            continue
        middle = (sigma * down).sqrt()
        guess = _toward(x + (denoised - unguided), denoised, middle / sigma)
        second, unguided = denoise.split(guess, middle)
        x = _toward(x + (denoised - unguided), second, down / sigma)
        if eta > 0:
            x = x + draw(sigma, sigma_next) * s_noise * up
    return x


def _toward(x: Tensor, denoised: Tensor, part: Tensor) -> Tensor:
    """Return what remains of ``x`` when all but ``part`` of its noise has gone: DPM-Solver++ of first order."""
    return part * x + (1 - part) * denoised


def _middle(sampling: ModelSampling, sigma: Tensor, down: Tensor) -> Tensor:
    """Return the level half way in half-log-SNR; of pure noise, which is infinitely far, a level just below it."""
    if sampling.is_flow and sigma == 1:
        return torch.full_like(sigma, 0.9999)
    here, there = sampling.half_log_snr(sigma), sampling.half_log_snr(down)
    return sampling.sigma_of_half_log_snr(here + (there - here) / 2)
