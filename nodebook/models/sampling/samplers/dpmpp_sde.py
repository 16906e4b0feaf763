from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

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
    adds_noise = eta > 0 and s_noise > 0
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        if sigma_next == 0:
            x = denoised
            continue
        start, end = (_Level(sampling.half_log_snr(each), each) for each in (sigma, sigma_next))
        between = start.half_log_snr + r * (end.half_log_snr - start.half_log_snr)
        middle = _Level(between, sampling.sigma_of_half_log_snr(between))
        guess = _step(x, denoised, start, middle, eta)
        if adds_noise:
            guess = guess + _spread(start, middle, eta) * s_noise * draw(sigma, middle.sigma)
        second = denoise(guess, middle.sigma)
        x = _step(x, (1 - 1 / (2 * r)) * denoised + second / (2 * r), start, end, eta)
        if adds_noise:
            x = x + _spread(start, end, eta) * s_noise * draw(sigma, sigma_next)
    return x


@dataclass(frozen=True, slots=True)
class _Level:
    """A level by both its measures: near pure noise of a flow, one cannot be had from the other without loss."""

    half_log_snr: Tensor
    sigma: Tensor

    @property
    def alpha(self) -> Tensor:
        """How much of the clean sample is in a sample."""
        return self.sigma * self.half_log_snr.exp()


def _ancestral(start: _Level, end: _Level, eta: float) -> tuple[Tensor, Tensor]:
    return ancestral_step((-start.half_log_snr).exp(), (-end.half_log_snr).exp(), eta)


def _step(x: Tensor, denoised: Tensor, start: _Level, end: _Level, eta: float) -> Tensor:
    """Return the sample stepped not quite to ``end``: to below it, from where noise leads to it."""
    h = -_ancestral(start, end, eta)[0].log() - start.half_log_snr
    return end.alpha / start.alpha * (-h).exp() * x - end.alpha * (-h).expm1() * denoised


def _spread(start: _Level, end: _Level, eta: float) -> Tensor:
    """Return the standard deviation of the noise that leads back up to ``end``."""
    return end.alpha * _ancestral(start, end, eta)[1]
