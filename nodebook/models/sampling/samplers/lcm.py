from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, source
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_lcm(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """Multistep consistency sampling (arXiv 2310.04378): denoise at once, and noise again to the next level."""
    report, draw = reporter(on_step, sigmas), source(noise, x)
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        x = denoised
        if sigma_next > 0:
            x = denoise.sampling.noise_scaling(sigma_next, draw(sigma, sigma_next), x)
    return x
