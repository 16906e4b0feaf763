"""Gaussian noise that a seed decides: what sampling begins with, and what stochastic samplers add on the way.

The same seed gives the same numbers as elsewhere: which generator, on which device, in which order. Source: spec
models.md E.1, E.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from nodebook.models.errors import SamplingError
from nodebook.models.sampling.step import NoiseSampler

NoiseKind = Literal["none", "seeded", "brownian", "brownian_gpu"]
"""What a sampler draws from: nothing, a generator, a Brownian path (made on the CPU, or on the sample's device)."""

_SEEDS = 2**64


def initial_noise(latent: Tensor, seed: int, batch_index: Sequence[int] | None = None) -> Tensor:
    """Return unit noise in the shape and dtype of ``latent``, drawn on the CPU.

    batch_index: of each item, which item of the seed's sequence it gets. Items are then drawn one by one, which gives
    other numbers than one draw where an item's size is no multiple of 16. Raises ``SamplingError``.
    """
    generator = torch.Generator().manual_seed(seed)
    if batch_index is None:
        return torch.randn(latent.shape, dtype=latent.dtype, generator=generator)
    if len(batch_index) != len(latent) or min(batch_index, default=0) < 0:
        raise SamplingError(
            f"The batch_index of a latent of {len(latent)} items must be as many numbers from 0, got "
            f"{list(batch_index)}. Give each item its own number, or leave batch_index out."
        )
    one = (1, *latent.shape[1:])
    drawn = [torch.randn(one, dtype=latent.dtype, generator=generator) for _ in range(max(batch_index) + 1)]
    return torch.cat([drawn[index] for index in batch_index])


def noise_sampler(kind: NoiseKind, x: Tensor, sigmas: Tensor, seed: int | None) -> NoiseSampler | None:
    """Return the source that a sampler draws from; None where it draws nothing.

    sigmas: [N + 1], the levels of the run. seed: of the run; None draws from torch's global generator.
    """
    if kind == "none":
        return None
    if kind == "seeded":
        return seeded_noise(x, seed)
    return brownian_noise(x, sigmas, seed, on_cpu=kind == "brownian")


def seeded_noise(x: Tensor, seed: int | None) -> NoiseSampler:
    """Return a source of independent noise from a generator on the device of ``x``.

    On the CPU it is seeded with ``seed + 1``, so that it does not repeat the initial noise.
    """
    generator = None
    if seed is not None:
        shift = 1 if x.device.type == "cpu" else 0
        generator = torch.Generator(device=x.device).manual_seed((seed + shift) % _SEEDS)

    def draw(_sigma: Tensor, _sigma_next: Tensor) -> Tensor:
        return torch.randn(x.shape, dtype=x.dtype, device=x.device, generator=generator)

    return draw


def brownian_noise(x: Tensor, sigmas: Tensor, seed: int | None, *, on_cpu: bool = True) -> NoiseSampler:
    """Return a source that draws increments of one Brownian path over the noise levels, scaled to unit variance.

    The path does not depend on the steps taken: other steps see the same path, more finely or more coarsely.
    """
    path: list[_BrownianPath] = []

    def draw(sigma: Tensor, sigma_next: Tensor) -> Tensor:
        if not path:  # built when first needed: a single level has no path
            path.append(_BrownianPath(x, sigmas, seed, torch.device("cpu") if on_cpu else x.device))
        return path[0].between(sigma, sigma_next)

    return draw


_TREE_DIGITS = 6
"""torchsde rounds the ends of a path to this, and warns where it is asked for more."""


class _BrownianPath:
    """W over [smallest positive sigma, largest sigma], W = 0 at its lower end."""

    def __init__(self, x: Tensor, sigmas: Tensor, seed: int | None, device: torch.device) -> None:
        from torchsde import BrownianTree

        start = torch.zeros_like(x, device=device)
        low, high = sigmas[sigmas > 0].min().to(device), sigmas.max().to(device)
        self._device, self._given_on = device, x.device
        self._tree = BrownianTree(low, start, high, entropy=seed)
        self._low, self._high = (round(float(end), _TREE_DIGITS) for end in (low, high))

    def between(self, sigma: Tensor, sigma_next: Tensor) -> Tensor:
        start, end = torch.as_tensor(sigma).to(self._device), torch.as_tensor(sigma_next).to(self._device)
        low, high = (start, end) if start < end else (end, start)
        increment: Tensor = self._tree(max(float(low), self._low), min(float(high), self._high))
        increment = increment if start < end else -increment
        return (increment / (end - start).abs().sqrt()).to(self._given_on)
