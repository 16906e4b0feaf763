"""Schedulers by name: which noise levels a run steps through, chosen from a model's own. Source: spec models.md D.

All give float32 tensors on the CPU, descending, normally N + 1 long and ending in 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from nodebook.models.errors import SamplingError
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.registry import get_sampler
from nodebook.models.sampling.sigmas import exponential_sigmas, karras_sigmas, with_zero

_ALMOST_ZERO = 1e-5
_FULL_DENOISE = 0.9999


def simple(sampling: ModelSampling, steps: int) -> Tensor:
    """Take levels of the table at equal distances, from the top."""
    table = sampling.schedule.sigmas
    picks = [len(table) - 1 - int(k * (len(table) / steps)) for k in range(steps)]
    return with_zero(table[picks])


def sgm_uniform(sampling: ModelSampling, steps: int) -> Tensor:
    """Take levels at equal distances in time, without the lowest (stability.ai's generative-models)."""
    return with_zero(sampling.schedule.sigma(_times(sampling, steps + 1)[:-1]))


def normal(sampling: ModelSampling, steps: int) -> Tensor:
    """Take levels at equal distances in time, with both ends."""
    lowest = sampling.schedule.sigma(_times(sampling, 2))[-1]
    if abs(lowest.item()) <= _ALMOST_ZERO:
        return sampling.schedule.sigma(_times(sampling, steps + 1))
    return with_zero(sampling.schedule.sigma(_times(sampling, steps)))


def karras(sampling: ModelSampling, steps: int) -> Tensor:
    """Take levels equal in their 7th root (arXiv 2206.00364)."""
    return karras_sigmas(steps, sampling.sigma_min, sampling.sigma_max)


def exponential(sampling: ModelSampling, steps: int) -> Tensor:
    """Take levels equal in their logarithm."""
    return exponential_sigmas(steps, sampling.sigma_min, sampling.sigma_max)


def ddim_uniform(sampling: ModelSampling, steps: int) -> Tensor:
    """Take levels at equal distances from the lowest on: often more than asked for, and seldom the highest."""
    table = sampling.schedule.sigmas
    ends_in_table = abs(table[1].item()) <= _ALMOST_ZERO
    stride = max(len(table) // (steps + 1 if ends_in_table else steps), 1)
    picked = table[1::stride]
    return (picked if ends_in_table else torch.cat([picked.new_zeros(1), picked])).flip(0)


def beta(sampling: ModelSampling, steps: int) -> Tensor:
    """Take more levels at both ends: quantiles of Beta(0.6, 0.6) (arXiv 2407.12173)."""
    return beta_sigmas(sampling, steps, 0.6, 0.6)


def beta_sigmas(sampling: ModelSampling, steps: int, alpha: float, beta: float) -> Tensor:
    """Take levels at quantiles of a Beta distribution; equal ones once, so there may be fewer than asked for.

    Raises ``SamplingError``.
    """
    from scipy.special import betaincinv

    if alpha <= 0 or beta <= 0:
        raise SamplingError(f"A Beta distribution needs alpha and beta above 0, got {alpha} and {beta}. 0.6 is usual.")
    table = sampling.schedule.sigmas
    quantiles = betaincinv(alpha, beta, 1 - np.linspace(0, 1, steps, endpoint=False))
    picks = np.rint(quantiles * (len(table) - 1)).astype(int).tolist()
    return with_zero(table[list(dict.fromkeys(picks))])


def linear_quadratic(sampling: ModelSampling, steps: int) -> Tensor:
    """Half of the steps linear and short, the rest quadratic (Movie Gen, arXiv 2410.13720)."""
    threshold = 0.025
    if steps == 1:
        done = [0.0, 1.0]
    else:
        short = steps // 2
        left = steps - short
        lag = short - threshold * steps
        square = lag / (short * left**2)
        line = threshold / short - 2 * lag / left**2
        done = [k * threshold / short for k in range(short)]
        done += [square * k**2 + line * k + square * short**2 for k in range(short, steps)] + [1.0]
    return torch.tensor([1 - each for each in done]) * sampling.sigma_max


def kl_optimal(sampling: ModelSampling, steps: int) -> Tensor:
    """Take levels equal in their arctangent (Align Your Steps, arXiv 2404.14507). Undefined, NaN, for one step."""
    low, high = math.atan(sampling.sigma_min), math.atan(sampling.sigma_max)
    part = torch.arange(steps, dtype=torch.float32) / (steps - 1)
    return with_zero((part * low + (1 - part) * high).tan())


SCHEDULERS: Mapping[str, Callable[[ModelSampling, int], Tensor]] = MappingProxyType(
    {
        "simple": simple,
        "sgm_uniform": sgm_uniform,
        "karras": karras,
        "exponential": exponential,
        "ddim_uniform": ddim_uniform,
        "beta": beta,
        "normal": normal,
        "linear_quadratic": linear_quadratic,
        "kl_optimal": kl_optimal,
    }
)
"""Name -> scheduler, in the order of menus."""


def scheduler_sigmas(sampling: ModelSampling, scheduler: str, steps: int, denoise: float = 1.0) -> Tensor:
    """Return the levels of a run: those of BasicScheduler.

    denoise: which share of a longer run's steps is done, the last ones; 0 gives no levels, so that nothing is done.
    Raises ``SamplingError`` for an unknown name (it names the nearest), steps below 1, or a denoise that is no number.
    """
    return _last_steps(lambda total: _full(sampling, scheduler, total), steps, denoise)


def ksampler_sigmas(
    sampling: ModelSampling, sampler: str, scheduler: str, steps: int, *, denoise: float | None = None
) -> Tensor:
    """Return the levels of a run by KSampler, which leaves out the last but one for some samplers.

    Otherwise as ``scheduler_sigmas``; a denoise of None is 1.
    """
    if not get_sampler(sampler).discards_penultimate:
        return scheduler_sigmas(sampling, scheduler, steps, 1.0 if denoise is None else denoise)

    def levels(total: int) -> Tensor:
        longer = _full(sampling, scheduler, total + 1)
        return torch.cat([longer[:-2], longer[-1:]])

    return _last_steps(levels, steps, 1.0 if denoise is None else denoise)


def step_range(sigmas: Tensor, start: int, end: int, *, leaves_noise: bool = False) -> Tensor:
    """Return the levels from step ``start`` to step ``end`` of a run; empty where it would begin behind its end.

    leaves_noise: where the run ends early, end at that level; otherwise its last step goes to 0.
    """
    if end < len(sigmas) - 1:
        sigmas = sigmas[: max(end, 0) + 1].clone()
        if not leaves_noise:
            sigmas[-1] = 0
    return sigmas[start:] if start < len(sigmas) - 1 else sigmas[:0]


def _full(sampling: ModelSampling, scheduler: str, steps: int) -> Tensor:
    function = SCHEDULERS.get(scheduler)
    if function is None:
        near = get_close_matches(scheduler, SCHEDULERS, n=3, cutoff=0.5)
        advice = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(SCHEDULERS)}."
        raise SamplingError(f"There is no scheduler {scheduler!r}. {advice}")
    return function(sampling, steps)


def _last_steps(levels: Callable[[int], Tensor], steps: int, denoise: float) -> Tensor:
    if steps < 1:
        raise SamplingError(f"Sampling takes 1 step or more, got {steps}. Set steps to 20, say.")
    if not math.isfinite(denoise):
        raise SamplingError(f"denoise must be a number in 0..1, got {denoise}. Set 1 to begin with pure noise.")
    if denoise > _FULL_DENOISE:
        return levels(steps)
    if denoise <= 0:
        return torch.zeros(0)
    return levels(int(steps / denoise))[-(steps + 1) :]


def _times(sampling: ModelSampling, count: int) -> Tensor:
    """Return ``count`` times at equal distances, from that of the highest level to that of the lowest."""
    table = sampling.schedule.sigmas
    start, end = (sampling.schedule.timestep(table[at]).item() for at in (-1, 0))
    return torch.linspace(start, end, count)
