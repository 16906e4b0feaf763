from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import ancestral_step, reporter, slope, source
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_euler_ancestral_cfg_pp(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """Ancestral Euler steps of CFG++ (arXiv 2406.08070): the guided estimate, renoised by what the unguided one says.

    eta: how much of ancestral sampling's noise; with 0 this is the sampler ``euler_cfg_pp``. s_noise: factor of the
    noise.
    """
    report, draw, sampling = reporter(on_step, sigmas), source(noise, x), denoise.sampling
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, unguided = denoise.split(x, sigma)
        report(i, sigma, x, denoised)
        if sigma_next == 0:
            x = denoised
            continue
        alpha, alpha_next = sampling.alpha(sigma), sampling.alpha(sigma_next)
        down, up = ancestral_step(sigma / alpha, sigma_next / alpha_next, eta)
        x = alpha_next * (denoised + down * slope(x, sigma, alpha * unguided))
        if eta > 0 and s_noise > 0:
            x = x + alpha_next * draw(sigma, sigma_next) * s_noise * up
    return x
