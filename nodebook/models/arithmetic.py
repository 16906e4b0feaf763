"""Sums of samples between two calls of a network, on the CPU without waking torch's threads.

torch spreads sums of 32,768 numbers and more (a latent of 1024 x 1024 pixels has 65,536) over its threads. While a
network on a device is waited for, these sleep, and waking them takes longer than the sum itself: with other programs at
work, or on virtual machines, milliseconds.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

LEAST_SPREAD = 32_768
"""From how many numbers on torch wakes its threads."""

MOST_ALONE = 1_048_576
"""From how many numbers on waking them pays off all the same."""


def add_scaled(a: Tensor, b: Tensor, scale: float) -> Tensor:
    """Return a + b * scale, of two tensors of one shape, float32 or float64."""
    if not _is_done_alone(b):
        return torch.add(a, b, alpha=scale)
    total = b.numpy() * scale
    total += a.numpy()
    return torch.from_numpy(total)


def interpolate(start: Tensor, end: Tensor, share: float) -> Tensor:
    """Return start + (end - start) * share."""
    if not _is_done_alone(start):
        return torch.add(start, end - start, alpha=share)
    total = end.numpy() - start.numpy()
    total *= share
    total += start.numpy()
    return torch.from_numpy(total)


def repeat_divided(x: Tensor, divisor: float, count: int) -> Tensor:
    """Return x [B, ...] / divisor, ``count`` times one behind the other: [count * B, ...]."""
    if not _is_done_alone(x):
        return torch.cat([x if divisor == 1 else x / divisor] * count)
    repeated = np.broadcast_to(x.numpy(), (count, *x.shape)) / divisor
    return torch.from_numpy(repeated.reshape(-1, *x.shape[1:]))


def is_finite(x: Tensor) -> bool:
    """Say whether all numbers are: none is NaN or an infinity."""
    return bool(np.isfinite(x.numpy()).all() if _is_done_alone(x) else torch.isfinite(x).all())


def is_any(x: Tensor) -> bool:
    """Say whether any number is not nought."""
    return bool(x.numpy().any() if _is_done_alone(x) else x.any())


def scaled(x: Tensor, factor: float, shift: float = 0.0) -> Tensor:
    """Return x * factor + shift, rounded after each of both."""
    if not _is_done_alone(x):
        return x * factor + shift if shift else x * factor
    product = x.numpy() * factor
    if shift:
        product += shift
    return torch.from_numpy(product)


def divided(x: Tensor, divisor: float, shift: float = 0.0) -> Tensor:
    """Return x / divisor + shift, rounded after each of both."""
    if not _is_done_alone(x):
        return x / divisor + shift if shift else x / divisor
    quotient = x.numpy() / divisor
    if shift:
        quotient += shift
    return torch.from_numpy(quotient)


def _is_done_alone(x: Tensor) -> bool:
    return LEAST_SPREAD <= x.numel() < MOST_ALONE and x.device.type == "cpu" and not x.requires_grad
