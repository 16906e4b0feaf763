"""Noise levels that need no model, and what can be done to lists of them. Source: spec models.md D, "Nodes".

All take and give float32 tensors on the CPU and change nothing in place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from nodebook.models.errors import SamplingError

Spacing = Literal["linear", "cosine", "sine"]

ALIGN_YOUR_STEPS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "SD1": (
            *(14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092),
            *(0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582),
        ),
        "SDXL": (
            *(14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141),
            *(0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582),
        ),
        "SVD": (700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002),
    }
)
"""Levels of ten steps that were optimised for a kind of model (arXiv 2404.14507, research.nvidia.com)."""


def with_zero(sigmas: Tensor) -> Tensor:
    """Return the levels and a last one of 0."""
    return torch.cat([sigmas, sigmas.new_zeros(1)])


def karras_sigmas(steps: int, sigma_min: float, sigma_max: float, rho: float = 7.0) -> Tensor:
    """Return levels equal in their ``rho``-th root (Karras et al., arXiv 2206.00364, equation 5), and 0.

    Raises ``SamplingError`` for a rho of 0.
    """
    if rho <= 0:
        raise SamplingError(f"rho must be above 0, got {rho}. 7 is usual.")
    low, high = sigma_min ** (1 / rho), sigma_max ** (1 / rho)
    return with_zero((high + torch.linspace(0, 1, steps) * (low - high)) ** rho)


def exponential_sigmas(steps: int, sigma_min: float, sigma_max: float) -> Tensor:
    """Return levels equal in their logarithm, and 0. Raises ``SamplingError`` for levels without a logarithm."""
    low, high = _logarithms(sigma_min, sigma_max)
    return with_zero(torch.linspace(high, low, steps).exp())


def polyexponential_sigmas(steps: int, sigma_min: float, sigma_max: float, rho: float = 1.0) -> Tensor:
    """Return levels whose logarithm is a power ``rho`` of the way, and 0.

    Raises ``SamplingError`` for levels without a logarithm.
    """
    low, high = _logarithms(sigma_min, sigma_max)
    return with_zero((torch.linspace(1, 0, steps) ** rho * (high - low) + low).exp())


def vp_sigmas(steps: int, beta_d: float = 19.9, beta_min: float = 0.1, eps_s: float = 0.001) -> Tensor:
    """Return the levels of the continuous VP process (arXiv 2011.13456) at equal times from 1 to ``eps_s``, and 0."""
    times = torch.linspace(1, eps_s, steps)
    return with_zero((beta_d * times**2 / 2 + beta_min * times).expm1().sqrt())


def laplace_sigmas(steps: int, sigma_min: float, sigma_max: float, mu: float = 0.0, beta: float = 0.5) -> Tensor:
    """Return levels whose logarithms are quantiles of a Laplace distribution (arXiv 2407.03297); no 0 at the end."""
    x = 0.5 - torch.linspace(0, 1, steps)
    logarithms = mu - beta * x.sign() * (1 - 2 * x.abs() + 1e-5).log()
    return logarithms.exp().clamp(sigma_min, sigma_max)


def align_your_steps(model_type: str, steps: int, denoise: float = 1.0) -> Tensor:
    """Return optimised levels, for other than ten steps by log-linear interpolation; the last becomes 0.

    denoise: which share of the steps is done, the last ones; 0 gives no levels. Raises ``SamplingError``.
    """
    table = ALIGN_YOUR_STEPS.get(model_type)
    if table is None:
        raise SamplingError(
            f"Align Your Steps has no levels for {model_type!r}. There are: {', '.join(ALIGN_YOUR_STEPS)}."
        )
    kept = steps if denoise >= 1 else round(steps * denoise)
    if denoise <= 0:
        return torch.zeros(0)
    levels = table if steps + 1 == len(table) else _interpolated(table, steps + 1)
    return with_zero(torch.tensor(levels)[-(kept + 1) : -1])


def turbo_sigmas(sigma: Callable[[Tensor], Tensor], steps: int, denoise: float = 1.0) -> Tensor:
    """Return the levels of the times 999, 899, ... 99 of a model trained on 1000, and 0 (arXiv 2311.17042).

    sigma: the model's level of a time. denoise: begin so far down these ten times; fewer than ``steps`` may be left.
    """
    first = 10 - int(10 * denoise)
    times = torch.arange(999, 0, -100)[first : first + steps]
    return with_zero(sigma(times))


def flux2_sigmas(steps: int, width: int, height: int) -> Tensor:
    """Return the levels of FLUX.2: a flow shifted more for larger pictures and fewer steps (black-forest-labs/flux2).

    width, height: in pixels.
    """
    tokens = round(width * height / 256)
    at_200 = 0.00016927 * tokens + 0.45666666
    at_10 = 8.73809524e-05 * tokens + 1.89833333
    slope = (at_200 - at_10) / 190
    mu = at_200 if tokens > 4300 else at_200 + slope * (steps - 200)  # noqa: PLR2004 -- fitted up to 4300 tokens
    return _shifted(torch.linspace(1, 0, steps + 1), mu)


def ltxv_mu(tokens: int, max_shift: float = 2.05, base_shift: float = 0.95) -> float:
    """Return the shift of LTX-Video for a count of latent positions: ``base_shift`` at 1024, ``max_shift`` at 4096."""
    slope = (max_shift - base_shift) / (4096 - 1024)
    return tokens * slope + base_shift - slope * 1024


def ltxv_sigmas(steps: int, mu: float, terminal: float | None = 0.1) -> Tensor:
    """Return the levels of LTX-Video: a shifted flow, stretched so that the last level before 0 is ``terminal``."""
    sigmas = _shifted(torch.linspace(1, 0, steps + 1), mu)
    if terminal is None:
        return sigmas
    clean = 1 - sigmas[:-1]
    if clean[-1] == 0:  # one step: there is nothing to stretch
        return sigmas
    return with_zero(1 - clean * ((1 - terminal) / clean[-1]))


def split_at(sigmas: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """Return the levels up to and from a step: the level between is in both."""
    return sigmas[: step + 1], sigmas[step:]


def split_denoise(sigmas: Tensor, denoise: float) -> tuple[Tensor, Tensor]:
    """Return the levels up to and from where ``denoise`` of the steps are left."""
    left = round(max(len(sigmas) - 1, 0) * denoise)
    return sigmas[: len(sigmas) - left] if left else sigmas[:0], sigmas[-(left + 1) :]


def flipped(sigmas: Tensor) -> Tensor:
    """Return the levels upwards, to turn a picture into noise; a first one of 0 becomes 1e-4."""
    sigmas = sigmas.flip(0)
    if len(sigmas) and sigmas[0] == 0:
        sigmas[0] = 1e-4
    return sigmas


def with_first(sigmas: Tensor, sigma: float) -> Tensor:
    """Return the levels with another first one."""
    sigmas = sigmas.clone()
    sigmas[:1] = sigma
    return sigmas


def parsed(text: str) -> Tensor:
    """Return the numbers in a text as levels."""
    found = re.findall(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text)
    return torch.tensor([float(each) for each in found])


def extended(sigmas: Tensor, steps: int, start: float, end: float, spacing: Spacing) -> Tensor:
    """Return the levels with each interval that begins within ``start`` .. ``end`` cut into ``steps``.

    start: a negative one is infinite.
    """
    highest = math.inf if start < 0 else start
    x = torch.linspace(0, 1, steps + 1, dtype=torch.float64)[1:-1]
    if spacing == "cosine":
        x = (x * math.pi / 2).sin()
    elif spacing == "sine":
        x = 1 - (x * math.pi / 2).cos()
    pieces = []
    for sigma, sigma_next in pairwise(sigmas):
        pieces.append(sigma[None])
        if end <= sigma <= highest:
            pieces.append((sigma + x * (sigma_next - sigma)).to(sigmas.dtype))
    return torch.cat([*pieces, sigmas[-1:]])


def _logarithms(sigma_min: float, sigma_max: float) -> tuple[float, float]:
    if sigma_min <= 0 or sigma_max <= 0:
        raise SamplingError(
            f"Levels equal in their logarithm need sigma_min and sigma_max above 0, got {sigma_min} and {sigma_max}."
            " Raise them, or use another scheduler."
        )
    return math.log(sigma_min), math.log(sigma_max)


def _interpolated(levels: Sequence[float], count: int) -> list[float]:
    """Return ``count`` levels on the curve through descending ones, linear in the logarithm."""
    known, wanted = np.linspace(0, 1, len(levels)), np.linspace(0, 1, count)
    found: list[float] = np.exp(np.interp(wanted, known, np.log(np.array(levels)[::-1])))[::-1].tolist()
    return found


def _shifted(times: Tensor, mu: float) -> Tensor:
    return 1 / (1 + (1 / times - 1) * math.exp(-mu))  # so written, time 1 gives exactly 1
