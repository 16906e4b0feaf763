"""How noise levels and time belong together: one frozen class per kind of schedule.

A table of sigmas, ascending; sigma <-> t; progress in percent -> sigma. Source: spec models.md C.2, recorded numbers.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from nodebook.models.errors import SamplingError

ALMOST_INFINITE = 999999999.9
"""The sigma of 0 percent in schedules whose noise has no upper end."""

LAST_ALPHA_BAR = 4.8973451890853435e-08
"""What zero terminal SNR puts in place of an exact 0, which has no finite sigma."""


class Schedule(Protocol):
    """A relation between noise levels (sigma) and a model's time (t)."""

    @property
    def sigmas(self) -> Tensor:
        """The table, ascending, float32 on the CPU. Do not change it."""

    def timestep(self, sigma: Tensor) -> Tensor:
        """Return what a model is told of the time at ``sigma``, elementwise."""

    def sigma(self, timestep: Tensor) -> Tensor:
        """Return the noise level at ``timestep``, elementwise."""

    def percent_to_sigma(self, percent: float) -> float:
        """Return the noise level when ``percent`` (0..1) of the way is done."""


@dataclass(frozen=True, slots=True)
class DiscreteSchedule:
    """The noise levels of a model trained on T discrete times with betas linear in their square root.

    ``zero_terminal_snr``: the table shifted and scaled so that it ends in pure noise (arXiv 2305.08891).
    ``skip``: keep every ``skip``-th level from the top, as models distilled to few times want (LCM keeps 50 of 1000).
    """

    beta_start: float = 0.00085
    beta_end: float = 0.012
    count: int = 1000
    linear: bool = False
    """Betas linear themselves, not in their square root (PixArt)."""
    zero_terminal_snr: bool = False
    skip: int = 1

    @property
    def sigmas(self) -> Tensor:
        """The table, ascending, float32."""
        return _discrete_table(self)[0]

    def timestep(self, sigma: Tensor) -> Tensor:
        """Return the index of the level whose logarithm is nearest; no interpolation."""
        logs = _discrete_logs(self)
        times = [_nearest(logs, log) * self.skip + (self.skip - 1) for log in sigma.log().flatten().tolist()]
        return torch.tensor(times, device=sigma.device).reshape(sigma.shape)

    def sigma(self, timestep: Tensor) -> Tensor:
        """Return the level between the two nearest times, interpolated in its logarithm."""
        logs = _discrete_table(self)[1].to(timestep.device)
        time = timestep.float()
        if self.skip != 1:
            time = (time - (self.skip - 1)) / self.skip
        time = time.clamp(0, len(logs) - 1)
        low, high = time.floor().long(), time.ceil().long()
        part = time.frac()
        return ((1 - part) * logs[low] + part * logs[high]).exp()

    def percent_to_sigma(self, percent: float) -> float:
        """Return the level at ``percent`` of the times, almost infinite at 0."""
        if percent <= 0:
            return ALMOST_INFINITE
        if percent >= 1:
            return 0.0
        return self.sigma(torch.tensor((1 - percent) * (self.count - 1))).item()


@cache
def _discrete_table(schedule: DiscreteSchedule) -> tuple[Tensor, Tensor]:
    """Return sigmas and their logarithms, each computed in float64 and rounded by itself (spec M.1)."""
    if schedule.linear:
        betas = torch.linspace(schedule.beta_start, schedule.beta_end, schedule.count, dtype=torch.float64)
    else:
        ends = math.sqrt(schedule.beta_start), math.sqrt(schedule.beta_end)
        betas = torch.linspace(*ends, schedule.count, dtype=torch.float64) ** 2
    alpha_bar = torch.cumprod(1 - betas, dim=0)
    sigmas = ((1 - alpha_bar) / alpha_bar).sqrt()
    if schedule.skip != 1:
        sigmas = sigmas.flip(0)[:: schedule.skip].flip(0)
    if schedule.zero_terminal_snr:
        sigmas = _with_zero_terminal_snr(sigmas)
    return sigmas.float(), sigmas.log().float()


@cache
def _discrete_logs(schedule: DiscreteSchedule) -> list[float]:
    """Return the logarithms as plain numbers: one level is found in them faster than tensors can be compared."""
    logs: list[float] = _discrete_table(schedule)[1].tolist()
    return logs


def _nearest(ascending: Sequence[float], value: float) -> int:
    """Return the index of the nearest number, of two equally near ones the first.

    Distances are rounded to float32, in which samplers meet ties (spec M.1).
    """
    above = bisect_left(ascending, value)
    if above in (0, len(ascending)):
        return max(0, above - 1)
    to_below, to_above = np.float32(value - ascending[above - 1]), np.float32(ascending[above] - value)
    return above - 1 if to_below <= to_above else above


def _with_zero_terminal_snr(sigmas: Tensor) -> Tensor:
    roots = (1 / (sigmas**2 + 1)).sqrt()
    first, last = roots[0].clone(), roots[-1].clone()
    alpha_bar = ((roots - last) * first / (first - last)) ** 2
    alpha_bar[-1] = LAST_ALPHA_BAR
    return ((1 - alpha_bar) / alpha_bar).sqrt()


@dataclass(frozen=True, slots=True)
class FlowSchedule:
    """Rectified flow with 1,000 times, shifted towards noise: sigma = a t / (1 + (a - 1) t) (SD3, arXiv 2403.03206).

    ``multiplier``: what the model's time is multiplied by.
    """

    shift: float = 1.0
    multiplier: float = 1000.0
    count: int = 1000

    @property
    def sigmas(self) -> Tensor:
        """The table, ascending, float32."""
        return _flow_table(self)

    def timestep(self, sigma: Tensor) -> Tensor:
        """Return sigma times the multiplier."""
        return sigma * self.multiplier

    def sigma(self, timestep: Tensor) -> Tensor:
        """Return the shifted level of a time."""
        time = timestep / self.multiplier
        return time if self.shift == 1 else self.shift * time / (1 + (self.shift - 1) * time)

    def percent_to_sigma(self, percent: float) -> float:
        """Return the shifted level of 1 - percent."""
        if percent <= 0:
            return 1.0
        if percent >= 1:
            return 0.0
        time = 1 - percent
        return time if self.shift == 1 else self.shift * time / (1 + (self.shift - 1) * time)


@cache
def _flow_table(schedule: FlowSchedule) -> Tensor:
    times = torch.arange(1, schedule.count + 1) / schedule.count * schedule.multiplier
    return schedule.sigma(times)


@dataclass(frozen=True, slots=True)
class FluxSchedule:
    """Rectified flow over 10,000 times in 0..1, shifted by e^mu: sigma = e^mu / (e^mu + 1/t - 1) (FLUX.1)."""

    mu: float = 1.15
    count: int = 10000

    @property
    def sigmas(self) -> Tensor:
        """The table, ascending, float32."""
        return _flux_table(self)

    def timestep(self, sigma: Tensor) -> Tensor:
        """Return sigma itself."""
        return sigma

    def sigma(self, timestep: Tensor) -> Tensor:
        """Return the shifted level of a time."""
        return 1 / (1 + (1 / timestep - 1) * math.exp(-self.mu))  # so written, time 1 gives exactly 1

    def percent_to_sigma(self, percent: float) -> float:
        """Return the shifted level of 1 - percent."""
        if percent <= 0:
            return 1.0
        if percent >= 1:
            return 0.0
        shift = math.exp(self.mu)
        return shift / (shift + (1 / (1 - percent) - 1))


@cache
def _flux_table(schedule: FluxSchedule) -> Tensor:
    return schedule.sigma(torch.arange(1, schedule.count + 1) / schedule.count)


ContinuousTime = Literal["log", "angle", "ratio"]
"""t = ln(sigma) / 4 (EDM), 2 atan(sigma) / pi (a v-prediction's angle), or sigma / (sigma + 1) (Cosmos)."""


@dataclass(frozen=True, slots=True)
class ContinuousSchedule:
    """Noise levels equal in their logarithm, of a model that knows every level between two ends (arXiv 2206.00364)."""

    low: float = 0.002
    high: float = 120.0
    time: ContinuousTime = "log"
    count: int = 1000

    def __post_init__(self) -> None:
        """Raise ``SamplingError`` where the levels have no logarithm or do not ascend."""
        if not 0 < self.low < self.high:
            raise SamplingError(
                f"Continuous noise levels need 0 < sigma_min < sigma_max, got {self.low} and {self.high}. Set both so."
            )

    @property
    def sigmas(self) -> Tensor:
        """The table, ascending, float32."""
        return _continuous_table(self)

    def timestep(self, sigma: Tensor) -> Tensor:
        """Return the time of a level, as ``time`` says."""
        match self.time:
            case "log":
                return sigma.log() / 4
            case "angle":
                return sigma.atan() / math.pi * 2
            case "ratio":
                return sigma / (sigma + 1)

    def sigma(self, timestep: Tensor) -> Tensor:
        """Return the level of a time."""
        match self.time:
            case "log":
                return (timestep * 4).exp()
            case "angle":
                return (timestep * math.pi / 2).tan()
            case "ratio":
                return timestep / (1 - timestep)

    def percent_to_sigma(self, percent: float) -> float:
        """Return the level whose logarithm is ``percent`` of the way down, almost infinite at 0."""
        if percent <= 0:
            return ALMOST_INFINITE
        if percent >= 1:
            return 0.0
        low, high = math.log(self.low), math.log(self.high)
        return math.exp(low + (1 - percent) * (high - low))


@cache
def _continuous_table(schedule: ContinuousSchedule) -> Tensor:
    return torch.linspace(math.log(schedule.low), math.log(schedule.high), schedule.count).exp()


@dataclass(frozen=True, slots=True)
class CascadeSchedule:
    """The cosine schedule of Stable Cascade (arXiv 2306.00637), its log-SNR shifted by 2 ln(1 / shift).

    The time that a model is told follows from the level alone: it is that of the unshifted schedule.
    """

    shift: float = 1.0
    offset: float = 0.008
    count: int = 10000

    def __post_init__(self) -> None:
        """Raise ``SamplingError`` where the shift has no logarithm."""
        if self.shift <= 0:
            raise SamplingError(f"The shift of a cosine schedule must be above 0, got {self.shift}. Set 1 for none.")

    @property
    def sigmas(self) -> Tensor:
        """The table, ascending, float32."""
        return _cascade_table(self)

    def timestep(self, sigma: Tensor) -> Tensor:
        """Return the time in 0..1 at which the unshifted schedule has this level."""
        alpha_bar = (1 / (sigma**2 + 1)).clamp(*_CASCADE_ENDS)
        angle = (alpha_bar * self._first_alpha_bar()).sqrt().acos()
        return angle / (math.pi / 2) * (1 + self.offset) - self.offset

    def sigma(self, timestep: Tensor) -> Tensor:
        """Return the shifted level of a time in 0..1."""
        angle = (timestep + self.offset) / (1 + self.offset) * math.pi / 2
        alpha_bar = angle.cos() ** 2 / self._first_alpha_bar()
        if self.shift != 1:
            log_snr = torch.logit(alpha_bar) + 2 * math.log(1 / self.shift)
            alpha_bar = torch.sigmoid(log_snr)
        alpha_bar = alpha_bar.clamp(*_CASCADE_ENDS)
        return ((1 - alpha_bar) / alpha_bar).sqrt()

    def percent_to_sigma(self, percent: float) -> float:
        """Return the level of the time 1 - percent, almost infinite at 0."""
        if percent <= 0:
            return ALMOST_INFINITE
        if percent >= 1:
            return 0.0
        return self.sigma(torch.tensor(1 - percent)).item()

    def _first_alpha_bar(self) -> float:
        return math.cos(self.offset / (1 + self.offset) * math.pi / 2) ** 2


_CASCADE_ENDS = 1e-4, 0.9999
"""Where alpha_bar is clamped."""


@cache
def _cascade_table(schedule: CascadeSchedule) -> Tensor:
    return schedule.sigma(torch.arange(1, schedule.count + 1) / schedule.count)
