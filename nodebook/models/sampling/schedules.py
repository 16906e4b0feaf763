"""How noise levels and time belong together: one frozen class per kind of schedule.

A table of sigmas, ascending; sigma <-> t; progress in percent -> sigma. Source: spec models.md C.2, recorded numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import torch
from torch import Tensor

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
        logs = _discrete_table(self)[1].to(sigma.device)
        nearest = (sigma.log() - logs[:, None].reshape(-1, *([1] * sigma.dim()))).abs().argmin(dim=0)
        return nearest if self.skip == 1 else nearest * self.skip + (self.skip - 1)

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
