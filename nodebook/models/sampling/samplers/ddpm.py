from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, source
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_ddpm(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """Ancestral sampling of DDPM (arXiv 2006.11239), written for samples that noise is added to."""
    report, draw = reporter(on_step, sigmas), source(noise, x)
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        alpha_bar, alpha_bar_next = 1 / (1 + sigma**2), 1 / (1 + sigma_next**2)
        alpha = alpha_bar / alpha_bar_next
        predicted_noise = (x - denoised) / sigma
        scaled = x / (1 + sigma**2).sqrt()
        x = (scaled - (1 - alpha) * predicted_noise / (1 - alpha_bar).sqrt()) / alpha.sqrt()
        if sigma_next > 0:
            spread = ((1 - alpha) * (1 - alpha_bar_next) / (1 - alpha_bar)).sqrt()
            x = (x + spread * draw(sigma, sigma_next)) * (1 + sigma_next**2).sqrt()
    return x
