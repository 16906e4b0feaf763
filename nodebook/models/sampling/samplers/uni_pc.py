from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_uni_pc(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    variant: Literal["bh1", "bh2"] = "bh1",
) -> Tensor:
    """UniPC (arXiv 2302.04867): predictor and corrector of up to third order, one model call a step.

    The last level may not be 0. Works on samples of unit variance; steps are told at their ends, without a level.

    variant: the paper's B_1(h) = h or B_2(h) = e^h - 1.
    """
    report, count = reporter(on_step, sigmas), len(sigmas) - 1
    levels = [_Level.of(sigma) for sigma in sigmas]
    highest = min(3, count - 1)
    x = levels[0].alpha * x

    def estimated(x: Tensor, index: int) -> Tensor:
        return denoise(x / levels[index].alpha, sigmas[index])

    past = [(levels[0], estimated(x, 0))]  # the newest first
    report(0, None, x / levels[0].alpha, past[0][1])
    for index in range(1, count):
        targets = (index, index + 1) if index == count - 1 else (index,)
        for target in targets:
            order = min(index, highest) if index < highest else min(highest, count + 1 - target)
            step = _Update(past[:order], levels[target], variant)
            guess = step.predicted(x)
            if target == count:
                x = guess
                continue
            denoised = estimated(guess, target)
            x = step.corrected(x, denoised)
            past = [(levels[target], denoised), *past[: highest - 1]]
        report(index, None, x / levels[targets[-1]].alpha, past[0][1])
    return x / levels[-1].alpha


@dataclass(frozen=True, slots=True)
class _Level:
    """A noise level of a process that keeps unit variance."""

    alpha: Tensor
    spread: Tensor
    half_log_snr: Tensor

    @classmethod
    def of(cls, sigma: Tensor) -> _Level:
        """Return the level at ``sigma``.

        Computed through log(alpha) in the dtype of ``sigma``: near 0 that costs digits, as it did in recorded pictures
        (spec E.4).
        """
        log_alpha = 0.5 * (1 / (sigma**2 + 1)).log()
        spread_squared = 1 - (2 * log_alpha).exp()
        return cls(log_alpha.exp(), spread_squared.sqrt(), log_alpha - 0.5 * spread_squared.log())


class _Update:
    """One step from the newest of the past levels to another: UniP and UniC of the paper, for data prediction."""

    def __init__(self, past: list[tuple[_Level, Tensor]], end: _Level, variant: str) -> None:
        (start, self._denoised), *older = past
        self._start, self._end = start, end
        h = end.half_log_snr - start.half_log_snr
        ratios = [(level.half_log_snr - start.half_log_snr) / h for level, _ in older]
        self._changes = [
            (denoised - self._denoised) / ratio for ratio, (_, denoised) in zip(ratios, older, strict=True)
        ]
        self._expm1 = (-h).expm1()
        self._scale = -h if variant == "bh1" else self._expm1
        self._matrix, self._moments = self._system([*ratios, torch.ones_like(h)], -h)

    def _system(self, ratios: list[Tensor], hh: Tensor) -> tuple[Tensor, Tensor]:
        points = torch.stack(ratios)
        phi = self._expm1 / hh - 1
        moments = []
        for order in range(1, len(ratios) + 1):
            moments.append(phi * math.factorial(order) / self._scale)
            phi = phi / hh - 1 / math.factorial(order + 1)
        return torch.stack([points**power for power in range(len(ratios))]), torch.stack(moments)

    def _base(self, x: Tensor) -> Tensor:
        return self._end.spread / self._start.spread * x - self._end.alpha * self._expm1 * self._denoised

    def predicted(self, x: Tensor) -> Tensor:
        """Return the sample at the end, from ``x`` at the start."""
        return self._base(x) - self._end.alpha * self._scale * self._past_changes(is_predictor=True)

    def corrected(self, x: Tensor, denoised: Tensor) -> Tensor:
        """Return the sample at the end, from ``x`` at the start and the model's estimate at the end."""
        last = self._corrector_weights()[-1] * (denoised - self._denoised)
        change = self._past_changes(is_predictor=False) + last
        return self._base(x) - self._end.alpha * self._scale * change

    def _past_changes(self, *, is_predictor: bool) -> Tensor | float:
        if not self._changes:
            return 0.0
        weights = self._predictor_weights() if is_predictor else self._corrector_weights()[:-1]
        return torch.stack([weight * change for weight, change in zip(weights, self._changes, strict=True)]).sum(dim=0)

    def _predictor_weights(self) -> Tensor:
        if len(self._changes) == 1:
            return torch.full_like(self._moments[:1], 0.5)
        return _solved(self._matrix[:-1, :-1], self._moments[:-1])

    def _corrector_weights(self) -> Tensor:
        if not self._changes:
            return torch.full_like(self._moments, 0.5)
        return _solved(self._matrix, self._moments)


def _solved(matrix: Tensor, moments: Tensor) -> Tensor:
    solution: Tensor = torch.linalg.solve(matrix, moments)
    return solution
