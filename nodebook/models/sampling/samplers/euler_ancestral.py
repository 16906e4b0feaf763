from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import euler_step, renoising_step, reporter, source
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_euler_ancestral(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """Euler steps to below each level, and noise up to it. Of a flow, noise replaces part of the sample.

    eta: how much of ancestral sampling's noise, 0 is Euler. s_noise: factor of the noise.
    """
    report, draw, sampling = reporter(on_step, sigmas), source(noise, x), denoise.sampling
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        down, scale, up = renoising_step(sampling, sigma, sigma_next, eta)
        if (sigma_next if sampling.is_flow else down) == 0:
            x = denoised
            continue
        x = euler_step(x, denoised, sigma, down)
        if eta > 0:
            x = x * scale + draw(sigma, sigma_next) * s_noise * up
    return x
