"""DPM-Solver (arXiv 2206.00927) in its singlestep forms, for models whose time is t = -ln sigma."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nodebook.models.errors import SamplingError
from nodebook.models.sampling.samplers.common import Reporter, ancestral_step, reporter, source
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_dpm_fast(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
) -> Tensor:
    """DPM-Solver-fast: as many model calls as steps, spent on steps of third order, equal in t. Ends above 0."""
    calls = len(sigmas) - 1
    start, end = _ends(sigmas)
    groups = calls // 3 + 1
    orders = [3] * (groups - 2) + [2, 1] if calls % 3 == 0 else [3] * (groups - 1) + [calls % 3]
    times = torch.linspace(start.item(), end.item(), groups + 1, dtype=sigmas.dtype, device=sigmas.device)
    report = Reporter(on_step, len(orders))
    for i, order in enumerate(orders):
        step = _Singlestep(denoise, x, times[i], times[i + 1])
        report(i, (-times[i]).exp(), x, step.denoised)
        x = (step.first, step.second, step.third)[order - 1]()
    return x


def sample_dpm_adaptive(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    order: int = 3,
    rtol: float = 0.05,
    atol: float = 0.0078,
    h_init: float = 0.05,
    pcoeff: float = 0.0,
    icoeff: float = 1.0,
    dcoeff: float = 0.0,
    accept_safety: float = 0.81,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Tensor:
    """DPM-Solver-12 or -23 with steps chosen by their error; only the ends of ``sigmas`` matter. Ends above 0.

    order: 2 or 3. rtol, atol: what an error is measured by. h_init: the first step in -ln sigma. pcoeff, icoeff,
    dcoeff, accept_safety: the step size controller. eta, s_noise: ancestral noise. Raises ``SamplingError`` where no
    step is accepted.
    """
    start, end = _ends(sigmas)
    report, draw = reporter(on_step, sigmas), source(noise, x)
    control = _StepSize(h_init, (pcoeff, icoeff, dcoeff), 1.5 if eta else order, accept_safety)
    s, low_before, accepted = start, x, 0
    while s < end - 1e-5:
        t = torch.minimum(end, s + control.h)
        down, up = _below(s, t, end, eta)
        step = _Singlestep(denoise, x, s, down)
        low, high = (step.first(), step.second()) if order == 2 else (step.second(1 / 3), step.third())  # noqa: PLR2004
        tolerance = torch.maximum(low.abs(), low_before.abs()).mul(rtol).clamp(min=atol)
        error = torch.linalg.vector_norm((low - high) / tolerance) / math.sqrt(x.numel())
        if control.accepts(error.item()):
            low_before = low
            x = high + draw((-s).exp(), (-t).exp()) * s_noise * up if eta else high
            report(min(accepted, report.total - 1), (-s).exp(), x, step.denoised)
            s, accepted = t, accepted + 1
    return x


def _ends(sigmas: Tensor) -> tuple[Tensor, Tensor]:
    """Return t at the first level and at the last one above 0."""
    last = sigmas[-1] if sigmas[-1] > 0 else sigmas[-2]
    return -sigmas[0].log(), -last.log()


def _below(s: Tensor, t: Tensor, end: Tensor, eta: float) -> tuple[Tensor, Tensor]:
    """Return the time of the level below t to step to, and the noise that leads back."""
    if not eta:
        return t, torch.zeros_like(t)
    down, _ = ancestral_step((-s).exp(), (-t).exp(), eta)
    stop = torch.minimum(end, -down.log())
    return stop, ((-2 * t).exp() - (-2 * stop).exp()).clamp(min=0).sqrt()


class _Singlestep:
    """The steps of order 1 to 3 from s to t, sharing model calls."""

    def __init__(self, denoise: Denoiser, x: Tensor, s: Tensor, t: Tensor) -> None:
        self._denoise, self._x, self._s, self._h = denoise, x, s, t - s
        self.denoised = denoise(x, (-s).exp())
        self._noise = (x - self.denoised) / (-s).exp()
        self._between: dict[float, Tensor] = {}

    def first(self) -> Tensor:
        """Return the sample at t to first order."""
        return self._moved(1.0)

    def second(self, r: float = 0.5) -> Tensor:
        """Return the sample at t to second order, with a model call at ``r`` of the way."""
        change = self._noise_at(r, lambda: self._moved(r)) - self._noise
        return self._moved(1.0) - self._sigma(1.0) / (2 * r) * self._h.expm1() * change

    def third(self, r_1: float = 1 / 3, r_2: float = 2 / 3) -> Tensor:
        """Return the sample at t to third order, with model calls at ``r_1`` and ``r_2`` of the way."""
        change_1 = self._noise_at(r_1, lambda: self._moved(r_1)) - self._noise

        def guess() -> Tensor:
            return self._moved(r_2) - self._sigma(r_2) * (r_2 / r_1) * self._phi(r_2) * change_1

        change_2 = self._noise_at(r_2, guess) - self._noise
        return self._moved(1.0) - self._sigma(1.0) / r_2 * self._phi(1.0) * change_2

    def _sigma(self, r: float) -> Tensor:
        return (-(self._s + r * self._h)).exp()

    def _phi(self, r: float) -> Tensor:
        return (r * self._h).expm1() / (r * self._h) - 1

    def _moved(self, r: float) -> Tensor:
        return self._x - self._sigma(r) * (r * self._h).expm1() * self._noise

    def _noise_at(self, r: float, guess: Callable[[], Tensor]) -> Tensor:
        """Return the predicted noise at ``r`` of the way; one model call, however often it is asked."""
        if r not in self._between:
            x, sigma = guess(), self._sigma(r)
            self._between[r] = (x - self._denoise(x, sigma)) / sigma
        return self._between[r]


@dataclass
class _StepSize:
    """A PID controller of step sizes: (proportional, integral, differential) coefficients on the inverse errors."""

    h: float
    coefficients: tuple[float, float, float]
    order: float
    accept_safety: float
    _errors: list[float] = field(default_factory=list)
    _refused: int = 0

    def accepts(self, error: float) -> bool:
        """Say whether a step of this error is good enough, and choose the next size."""
        p, i, d = self.coefficients
        inverse = 1 / (error + 1e-8)
        self._errors = [inverse, *(self._errors[1:] or (inverse, inverse))]
        powers = (p + i + d) / self.order, -(p + 2 * d) / self.order, d / self.order
        factor = math.prod(each**power for each, power in zip(self._errors, powers, strict=True))
        factor = 1 + math.atan(factor - 1)
        is_accepted = factor >= self.accept_safety
        if is_accepted:
            self._errors = [inverse, inverse, self._errors[1]]
        self._refused = 0 if is_accepted else self._refused + 1
        self.h *= factor
        if not math.isfinite(error) or self._refused > _MOST_REFUSED:
            raise SamplingError(
                f"dpm_adaptive found no step that it could accept: the last error is {error}, the next size {self.h}. "
                "Raise rtol or atol, lower accept_safety, or choose a sampler with fixed steps."
            )
        return is_accepted


_MOST_REFUSED = 100
