from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, source, without_infinite_snr
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_dpmpp_3m_sde(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """DPM-Solver++ of the stochastic equation, third order with one model call a step. Source: spec models.md E.5.

    eta: 0 is the probability flow, 1 the reverse diffusion. s_noise: factor of the noise.
    """
    report, draw, sampling = reporter(on_step, sigmas), source(noise, x), denoise.sampling
    sigmas = without_infinite_snr(sigmas, sampling)
    past: list[tuple[Tensor, Tensor]] = []  # (denoised, h) of the last two steps, the newest first
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
        x = x + alpha_next * _higher_orders(denoised, past, h, h_all)
        if eta > 0 and s_noise > 0:
            x = x + draw(sigma, sigma_next) * sigma_next * (-(-2 * h_noise).expm1()).sqrt() * s_noise
        past = [(denoised, h), *past[:1]]
    return x


def _higher_orders(denoised: Tensor, past: list[tuple[Tensor, Tensor]], h: Tensor, h_all: Tensor) -> Tensor | float:
    """Return what the change of the estimate over the last steps adds, for alpha 1."""
    if not past:
        return 0.0
    phi_2 = (-h_all).expm1() / h_all + 1
    (first, h_1), *older = past
    r_0 = h_1 / h
    change = (denoised - first) / r_0
    if not older:
        return phi_2 * change
    second, h_2 = older[0]
    r_1 = h_2 / h
    change_before = (first - second) / r_1
    curvature = (change - change_before) / (r_0 + r_1)
    return phi_2 * (change + curvature * r_0) - (phi_2 / h_all - 0.5) * curvature
