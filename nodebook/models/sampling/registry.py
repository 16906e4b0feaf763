"""The samplers by name, and the SAMPLER value that travels on wires."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Protocol, Self

import torch
from torch import Tensor

from nodebook.models.errors import SamplingError
from nodebook.models.sampling.noise import NoiseKind, noise_sampler
from nodebook.models.sampling.samplers.euler import sample_euler
from nodebook.models.sampling.step import Denoiser, NoiseSampler, StepHook


class SamplerFunction(Protocol):
    """The signature of all samplers. Options are further keyword parameters."""

    def __call__(
        self,
        denoise: Denoiser,
        x: Tensor,
        sigmas: Tensor,
        *,
        noise: NoiseSampler | None = None,
        on_step: StepHook | None = None,
    ) -> Tensor:
        """Return the sample at sigmas[-1], from ``x`` at sigmas[0]."""


@dataclass(frozen=True, slots=True)
class SamplerType:
    """A sampler as the list of names has it."""

    function: SamplerFunction
    noise: NoiseKind = "none"
    preset: Mapping[str, Hashable] = field(default_factory=lambda: MappingProxyType({}))
    """Options that the name stands for."""

    discards_penultimate: bool = False
    """KSampler computes one level more and leaves out the last but one."""

    last_sigma: float | None = None
    """What takes the place of a last level of 0, for a sampler that cannot reach it."""

    redraws_inpaint_noise: bool = False
    """Inpainting keeps the kept area with noise of seed + 1, not with the initial noise."""


SAMPLERS: Mapping[str, SamplerType] = MappingProxyType(
    {
        "euler": SamplerType(sample_euler),
        "ddim": SamplerType(sample_euler, redraws_inpaint_noise=True),
    }
)
"""Name -> sampler, in the order of menus."""


@dataclass(frozen=True, slots=True)
class Sampler:
    """SAMPLER: a name and options other than the sampler's own defaults. Build one with ``Sampler.of``."""

    name: str
    options: tuple[tuple[str, Hashable], ...] = ()

    @classmethod
    def of(cls, name: str, **options: Hashable) -> Self:
        """Return a sampler with options. Raises ``SamplingError`` for a name or an option that there is not."""
        known = option_names(name)
        for option in options:
            if option not in known:
                raise SamplingError(
                    f"The sampler {name!r} has no option {option!r}. It has: {', '.join(sorted(known)) or 'none'}."
                )
        return cls(name, tuple(sorted(options.items())))

    @property
    def type(self) -> SamplerType:
        """Its entry in the list of names."""
        return get_sampler(self.name)

    def levels(self, sigmas: Tensor) -> Tensor:
        """Return the levels as this sampler runs them: the last one decides how the result is scaled back."""
        last = self.type.last_sigma
        if last is None or len(sigmas) == 0 or sigmas[-1] != 0:
            return sigmas
        sigmas = sigmas.clone()
        sigmas[-1] = last
        return sigmas

    def run(
        self,
        denoise: Denoiser,
        x: Tensor,
        sigmas: Tensor,
        *,
        seed: int | None = None,
        on_step: StepHook | None = None,
    ) -> Tensor:
        """Return the sample at the last level, from ``x`` [B, C, h, w] at sigmas[0]; ``x`` where there is no step.

        seed: of the run, for samplers that add noise; None takes torch's global generator. ``on_step`` may raise to
        stop. Raises ``SamplingError`` for levels that are not finite numbers from 0 in one dimension.
        """
        check_sigmas(sigmas)
        if len(sigmas) < 2:  # noqa: PLR2004 -- a step has two ends
            return x
        sigmas = self.levels(sigmas).to(x.device)
        kind = self.type
        source = noise_sampler(kind.noise, x, sigmas, seed)
        options = {**kind.preset, **dict(self.options)}
        return kind.function(denoise, x, sigmas, noise=source, on_step=on_step, **options)


def get_sampler(name: str) -> SamplerType:
    """Return the sampler of a name. Raises ``SamplingError``, which names the nearest."""
    found = SAMPLERS.get(name)
    if found is None:
        near = get_close_matches(name, SAMPLERS, n=3, cutoff=0.5)
        advice = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(SAMPLERS)}."
        raise SamplingError(f"There is no sampler {name!r}. {advice}")
    return found


@cache
def option_names(name: str) -> frozenset[str]:
    """Return the options that a sampler takes."""
    parameters = inspect.signature(get_sampler(name).function).parameters
    return frozenset(parameters) - {"denoise", "x", "sigmas", "noise", "on_step"}


def check_sigmas(sigmas: Tensor) -> None:
    """Raise ``SamplingError`` where levels are not finite numbers from 0, [N + 1]."""
    if sigmas.dim() != 1:
        raise SamplingError(f"Noise levels must be a tensor [N + 1], got one of shape {list(sigmas.shape)}.")
    bad = ~torch.isfinite(sigmas) | (sigmas < 0)
    if bad.any():
        index = int(bad.nonzero()[0])
        raise SamplingError(
            f"Noise level {index} of {len(sigmas)} is {sigmas[index].item()}: expected finite numbers from 0. "
            "Choose another scheduler or more steps."
        )
