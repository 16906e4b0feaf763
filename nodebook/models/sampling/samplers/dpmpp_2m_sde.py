from __future__ import annotations

from itertools import pairwise
from typing import Literal

from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, source, without_infinite_snr
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_dpmpp_2m_sde(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
    solver_type: Literal["midpoint", "heun"] = "midpoint",
) -> Tensor:
    """DPM-Solver++(2M) of the stochastic equation (arXiv 2211.01095): second order with one model call a step.

    eta: 0 is the probability flow, 1 the reverse diffusion. s_noise: factor of the noise. solver_type: how the second
    order is integrated.
    """
    report, draw, sampling = reporter(on_step, sigmas), source(noise, x), denoise.sampling
    sigmas = without_infinite_snr(sigmas, sampling)
    previous: Tensor | None = None
    h_last: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        if sigma_next == 0:
            x = denoised
            continue
        h = sampling.half_log_snr(sigma_next) - sampling.half_log_snr(sigma)
        h_noise, h_all = h * eta, h * (1 + eta)
        alpha_next = sampling.alpha(sigma_next)
        x = sigma_next / sigma * (-h_noise).exp() * x - alpha_next * (-h_all).expm1() * denoised
        if previous is not None and h_last is not None:
            change = (denoised - previous) / (h_last / h)
            if solver_type == "heun":
                x = x + alpha_next * ((-h_all).expm1() / h_all + 1) * change
            else:
                x = x - 0.5 * alpha_next * (-h_all).expm1() * change
        if eta > 0 and s_noise > 0:
            x = x + draw(sigma, sigma_next) * sigma_next * (-(-2 * h_noise).expm1()).sqrt() * s_noise
        previous, h_last = denoised, h
    return x
