from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_dpmpp_2m(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """DPM-Solver++(2M) (arXiv 2211.01095): second order with one model call a step."""
    report = reporter(on_step, sigmas)
    previous: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        h = sigma.log() - sigma_next.log()
        if previous is None or sigma_next == 0:
            estimate = denoised
        else:
            r = (sigmas[i - 1].log() - sigma.log()) / h
            estimate = (1 + 1 / (2 * r)) * denoised - previous / (2 * r)
        x = (sigma_next / sigma) * x - (-h).expm1() * estimate
        previous = denoised
    return x


def sample_dpmpp_2m_cfg_pp(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """DPM-Solver++(2M) with CFG++ (arXiv 2406.08070): the guided estimate, renoised by what the unguided one says."""
    report = reporter(on_step, sigmas)
    previous: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, unguided = denoise.split(x, sigma)
        report(i, sigma, x, denoised)
        h = sigma.log() - sigma_next.log()
        mix = -(-h).exp() * unguided
        if previous is not None and sigma_next > 0:
            r = (sigmas[i - 1].log() - sigma.log()) / h
            mix = mix - (-h).expm1() * (denoised - previous) / (2 * r)
        x = denoised + mix + (-h).exp() * x
        previous = unguided
    return x
