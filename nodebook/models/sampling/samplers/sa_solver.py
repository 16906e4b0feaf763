from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.samplers.common import reporter, source, without_infinite_snr
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_sa_solver(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    eta: float = 1.0,
    s_noise: float = 1.0,
    predictor_order: int = 3,
    corrector_order: int = 4,
    use_pece: bool = False,
    simple_order_2: bool = False,
    start_sigma: float | None = None,
    end_sigma: float | None = None,
) -> Tensor:
    """SA-Solver (arXiv 2309.05019): stochastic Adams predictor and corrector, in half-log-SNR.

    eta: the noise tau in [end_sigma, start_sigma] (by default from 20 to 80 percent of the time); elsewhere there is
    none. s_noise: factor of the noise. corrector_order: 0 corrects nothing. use_pece: call the model once more on the
    corrected sample. simple_order_2: integrate second order as DPM-Solver++(2M) does.
    """
    report, draw, sampling = reporter(on_step, sigmas), source(noise, x), denoise.sampling
    percent = sampling.schedule.percent_to_sigma
    top = percent(0.2) if start_sigma is None else start_sigma
    bottom = percent(0.8) if end_sigma is None else end_sigma
    sigmas = without_infinite_snr(sigmas, sampling)
    count, ends_clean = len(sigmas) - 1, bool(sigmas[-1] == 0)
    past: list[tuple[Tensor, Tensor]] = []  # (half-log-SNR, denoised), the newest first
    way: _Way | None = None
    added: Tensor | float = 0.0
    predicted = x
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(predicted, sigma)
        report(i, sigma, predicted, denoised)
        past = [(sampling.half_log_snr(sigma), denoised), *past[: max(predictor_order, corrector_order) - 1]]
        order = min(corrector_order, len(past), count - i if ends_clean else corrector_order)
        if way is None or order == 0 or (sigma_next == 0 and not use_pece):
            x = predicted
        else:
            x = way.step(x, past[:order]) + added
            if use_pece:
                past[0] = (past[0][0], denoise(x, sigma))
        if sigma_next == 0:
            x = past[0][1]
            continue
        tau = eta if bottom <= sigma_next <= top else 0.0
        order = min(predictor_order, len(past), count - 1 - i if ends_clean else predictor_order)
        way = _Way(sampling, sigma, sigma_next, tau, simple_order_2)
        added = way.spread() * s_noise * draw(sigma, sigma_next) if tau > 0 and s_noise > 0 else 0.0
        predicted = way.step(x, past[:order]) + added
    return x if ends_clean else predicted


@dataclass(frozen=True, slots=True)
class _Way:
    """The equation between two levels, with noise tau."""

    sampling: ModelSampling
    sigma: Tensor
    sigma_next: Tensor
    tau: float
    simple_order_2: bool

    def step(self, x: Tensor, nodes: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Return ``x`` moved along, with the polynomial of the estimate through the nodes (half-log-SNR, denoised)."""
        end = self.sampling.half_log_snr(self.sigma_next)
        h = end - self.sampling.half_log_snr(self.sigma)
        x = self.sigma_next / self.sigma * (-(self.tau**2) * h).exp() * x
        alpha = self.sampling.alpha(self.sigma_next)
        at = torch.stack([node for node, _ in nodes]) - end
        for weight, (_, denoised) in zip(self._weights(at, h), nodes, strict=True):
            x = x + alpha * weight.to(x) * denoised
        return x

    def spread(self) -> Tensor:
        """Return the standard deviation of the noise that belongs to the way."""
        h = self.sampling.half_log_snr(self.sigma_next) - self.sampling.half_log_snr(self.sigma)
        return self.sigma_next * (-(-2 * self.tau**2 * h).expm1()).sqrt()

    def _weights(self, at: Tensor, h: Tensor) -> Tensor:
        """Return the integral of each node's Lagrange polynomial over the way, weighted by the exponential.

        at: the nodes, counted from the way's end. Moments: I_p = [e^(c l) l^p] - p/c I_(p-1), for l from -h to 0.
        """
        c, h, at = 1 + self.tau**2, h.double(), at.double()
        decay = (-c * h).exp()
        moments = [-(-c * h).expm1()]
        if self.simple_order_2 and len(at) == 2:  # noqa: PLR2004 -- order 2
            return self._simple_weights(at, h, moments[0])
        for p in range(1, len(at)):
            moments.append(-decay * (-h) ** p - p / c * moments[-1])
        powers = torch.stack([at**p for p in range(len(at))])
        weights: Tensor = torch.linalg.solve(powers, torch.stack(moments))
        return weights

    @staticmethod
    def _simple_weights(at: Tensor, h: Tensor, whole: Tensor) -> Tensor:
        """Return weights as if the estimate were its value half way, on the line through both nodes."""
        older = (at[0] + h / 2) / (at[0] - at[1])
        return whole * torch.stack([1 - older, older])
