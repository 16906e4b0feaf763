from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from nodebook.models.sampling.samplers.common import reporter, source, without_infinite_snr
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


def sample_er_sde(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSampler | None = None,
    on_step: StepHook | None = None,
    s_noise: float = 1.0,
    max_stage: int = 3,
    noise_power: float | None = None,
) -> Tensor:
    """ER-SDE (arXiv 2309.06169), up to third order with one model call a step.

    s_noise: factor of the noise. max_stage: the order, 1 to 3. noise_power: the noise is scaled by L^noise_power of the
    noise to signal ratio L; None is the paper's own function. A power of 1 with s_noise 0 is the probability flow.
    """
    report, draw, sampling = reporter(on_step, sigmas), source(noise, x), denoise.sampling
    sigmas = without_infinite_snr(sigmas, sampling)
    past: list[_Past] = []  # the newest first
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        report(i, sigma, x, denoised)
        if sigma_next == 0:
            x = denoised
            continue
        alpha, alpha_next = sampling.alpha(sigma), sampling.alpha(sigma_next)
        ratio, ratio_next = sigma / alpha, sigma_next / alpha_next
        part = _scale(ratio_next, noise_power) / _scale(ratio, noise_power)
        x = alpha_next / alpha * part * x + alpha_next * (1 - part) * denoised
        now = _Past(denoised, ratio)
        past = [_with_changes(now, past, min(max_stage, i + 1)), *past[:1]]
        x = x + alpha_next * _higher_stages(past[0], ratio_next, noise_power)
        if s_noise > 0:
            spread = (ratio_next**2 - ratio**2 * part**2).sqrt().nan_to_num(nan=0.0)
            x = x + alpha_next * draw(sigma, sigma_next) * s_noise * spread
    return x


@dataclass(frozen=True, slots=True)
class _Past:
    """A step: its estimate, its noise to signal ratio, and the estimate's first and second differences."""

    denoised: Tensor
    ratio: Tensor
    change: Tensor | None = None
    curvature: Tensor | None = None


def _with_changes(now: _Past, past: list[_Past], stage: int) -> _Past:
    """Return the step with as many differences as the stage wants."""
    if stage < 2:  # noqa: PLR2004 -- the second stage is the first with a difference
        return now
    change = (now.denoised - past[0].denoised) / (now.ratio - past[0].ratio)
    before = past[0].change
    if stage < 3 or before is None:  # noqa: PLR2004 -- as above
        return replace(now, change=change)
    return replace(now, change=change, curvature=(change - before) / ((now.ratio - past[1].ratio) / 2))


def _higher_stages(now: _Past, ratio_next: Tensor, noise_power: float | None) -> Tensor | float:
    """Return what the second and third stage add, for alpha 1; integrals as sums of left rectangles."""
    if now.change is None:
        return 0.0
    way = ratio_next - now.ratio
    width = -way / _POINTS
    at = ratio_next + torch.arange(_POINTS, dtype=way.dtype, device=way.device) * width
    scale = _scale(ratio_next, noise_power)
    added = (way + (1 / _scale(at, noise_power)).sum() * width * scale) * now.change
    if now.curvature is not None:
        second = ((at - now.ratio) / _scale(at, noise_power)).sum() * width
        added = added + (way**2 / 2 + second * scale) * now.curvature
    return added


_POINTS = 200


def _scale(ratio: Tensor, power: float | None) -> Tensor:
    """Return the noise scaling function."""
    return ratio * ((ratio**0.3).exp() + 10) if power is None else ratio**power
