from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.samplers.common import ancestral_step, reporter, source, without_infinite_snr
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_dpmpp_sde(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
) -> Tensor:
    """DPM-Solver++(2S) of the stochastic equation: both stages ancestral in half-log-SNR (arXiv 2211.01095).

    eta: how much of ancestral sampling's noise. s_noise: factor of the noise.
    r: where between both levels the second model call is, in half-log-SNR.
    """
    report, draw, sampling = reporter(on_step, sigmas), source(noise, x), denoise.sampling
    sigmas = without_infinite_snr(sigmas, sampling)
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        if sigma_next == 0:
            x = denoised
            continue
        here, there = sampling.half_log_snr(sigma), sampling.half_log_snr(sigma_next)
        middle = sampling.sigma_of_half_log_snr(here + r * (there - here))
        guess = _stage(sampling, x, denoised, (sigma, middle), eta)
        if eta > 0 and s_noise > 0:
            guess = guess + _spread(sampling, sigma, middle, eta) * s_noise * draw(sigma, middle)
        second = denoise(guess, middle)
        estimate = (1 - 1 / (2 * r)) * denoised + second / (2 * r)
        x = _stage(sampling, x, estimate, (sigma, sigma_next), eta)
        if eta > 0 and s_noise > 0:
            x = x + _spread(sampling, sigma, sigma_next, eta) * s_noise * draw(sigma, sigma_next)
    return x


def _stage(sampling: ModelSampling, x: Tensor, denoised: Tensor, way: tuple[Tensor, Tensor], eta: float) -> Tensor:
    """Return the sample stepped along ``way``, but to below its end, from where noise leads to it."""
    start, end = way
    alpha, alpha_end = sampling.alpha(start), sampling.alpha(end)
    down, _ = ancestral_step(start / alpha, end / alpha_end, eta)
    part = down / (start / alpha)  # e^-h in half-log-SNR
    return alpha_end / alpha * part * x + alpha_end * (1 - part) * denoised


def _spread(sampling: ModelSampling, start: Tensor, end: Tensor, eta: float) -> Tensor:
    """Return the standard deviation of the noise that leads back up to ``end``."""
    alpha_end = sampling.alpha(end)
    return alpha_end * ancestral_step(start / sampling.alpha(start), end / alpha_end, eta)[1]
