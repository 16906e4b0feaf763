from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from nodebook.models.sampling.samplers.common import ancestral_step, reporter, slope, source
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_res_multistep(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Tensor:
    """RES (arXiv 2308.02157): second-order exponential multistep, one model call a step.

    eta: how much of ancestral sampling's noise; ``res_multistep_ancestral`` has 1. s_noise: factor of the noise.
    """
    report, draw = reporter(on_step, sigmas), source(noise, x)
    past: _Past | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        down, up = ancestral_step(sigma, sigma_next, eta)
        if down == 0 or past is None:
            x = x + slope(x, sigma, denoised) * (down - sigma)
        else:
            x = _second_order(x, sigma, down, denoised, past)
        if sigma_next > 0 and eta > 0:
            x = x + draw(sigma, sigma_next) * s_noise * up
        past = _Past(denoised, sigma, down)
    return x


def sample_res_multistep_cfg_pp(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Tensor:
    """RES with CFG++ (arXiv 2406.08070): the guided estimate, renoised by what the unguided one says.

    eta: how much of ancestral sampling's noise; ``res_multistep_ancestral_cfg_pp`` has 1. s_noise: factor of the noise.
    """
    report, draw = reporter(on_step, sigmas), source(noise, x)
    past: _Past | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, unguided = denoise.split(x, sigma)
        report(i, sigma, x, denoised)
        down, up = ancestral_step(sigma, sigma_next, eta)
        if down == 0 or past is None:
            x = denoised + slope(x, sigma, unguided) * down
        else:
            x = _second_order(x + (denoised - unguided), sigma, down, unguided, past)
        if sigma_next > 0 and eta > 0:
            x = x + draw(sigma, sigma_next) * s_noise * up
        past = _Past(unguided, sigma, down)
    return x


@dataclass(frozen=True, slots=True)
class _Past:
    """The step before: its estimate, where it began and where it stepped to."""

    denoised: Tensor
    sigma: Tensor
    down: Tensor


def _second_order(x: Tensor, sigma: Tensor, down: Tensor, denoised: Tensor, past: _Past) -> Tensor:
    """Return the sample at ``down``, with the estimate extrapolated from the step before."""
    h = sigma.log() - down.log()
    c_2 = (past.down.log() - past.sigma.log()) / h
    phi_1 = (-h).expm1() / -h
    phi_2 = (phi_1 - 1) / -h
    b_1, b_2 = torch.nan_to_num(phi_1 - phi_2 / c_2, nan=0.0), torch.nan_to_num(phi_2 / c_2, nan=0.0)
    return (-h).exp() * x + h * (b_1 * denoised + b_2 * past.denoised)
