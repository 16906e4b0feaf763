from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import euler_step, reporter
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_euler(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """Euler steps along the probability flow: Algorithm 2 of Karras et al. (arXiv 2206.00364) with no churn.

    On a model that predicts noise this is DDIM with eta 0 (arXiv 2010.02502).

    x: [B, C, h, w] the sample at sigmas[0]. sigmas: [N + 1].
    """
    report = reporter(on_step, sigmas)
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        x = euler_step(x, denoised, sigma, sigma_next)
    return x
