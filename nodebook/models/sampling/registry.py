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
from nodebook.models.sampling.samplers.ddpm import sample_ddpm
from nodebook.models.sampling.samplers.deis import sample_deis
from nodebook.models.sampling.samplers.dpm_2 import sample_dpm_2, sample_dpm_2_ancestral
from nodebook.models.sampling.samplers.dpm_solver import sample_dpm_adaptive, sample_dpm_fast
from nodebook.models.sampling.samplers.dpmpp_2m import sample_dpmpp_2m, sample_dpmpp_2m_cfg_pp
from nodebook.models.sampling.samplers.dpmpp_2m_sde import sample_dpmpp_2m_sde
from nodebook.models.sampling.samplers.dpmpp_2s_ancestral import (
    sample_dpmpp_2s_ancestral,
    sample_dpmpp_2s_ancestral_cfg_pp,
)
from nodebook.models.sampling.samplers.dpmpp_3m_sde import sample_dpmpp_3m_sde
from nodebook.models.sampling.samplers.dpmpp_sde import sample_dpmpp_sde
from nodebook.models.sampling.samplers.er_sde import sample_er_sde
from nodebook.models.sampling.samplers.euler import sample_euler
from nodebook.models.sampling.samplers.euler_ancestral import sample_euler_ancestral
from nodebook.models.sampling.samplers.euler_cfg_pp import sample_euler_ancestral_cfg_pp
from nodebook.models.sampling.samplers.gradient_estimation import (
    sample_gradient_estimation,
    sample_gradient_estimation_cfg_pp,
)
from nodebook.models.sampling.samplers.heun import sample_heun
from nodebook.models.sampling.samplers.heunpp import sample_heunpp2
from nodebook.models.sampling.samplers.ipndm import sample_ipndm, sample_ipndm_v
from nodebook.models.sampling.samplers.lcm import sample_lcm
from nodebook.models.sampling.samplers.lms import sample_lms
from nodebook.models.sampling.samplers.res_multistep import sample_res_multistep, sample_res_multistep_cfg_pp
from nodebook.models.sampling.samplers.sa_solver import sample_sa_solver
from nodebook.models.sampling.samplers.seeds import sample_seeds_2, sample_seeds_3
from nodebook.models.sampling.samplers.uni_pc import sample_uni_pc
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


def _preset(**options: Hashable) -> Mapping[str, Hashable]:
    return MappingProxyType(options)


SAMPLERS: Mapping[str, SamplerType] = MappingProxyType(
    {
        "euler": SamplerType(sample_euler),
        "euler_cfg_pp": SamplerType(sample_euler_ancestral_cfg_pp, preset=_preset(eta=0.0, s_noise=0.0)),
        "euler_ancestral": SamplerType(sample_euler_ancestral, "seeded"),
        "euler_ancestral_cfg_pp": SamplerType(sample_euler_ancestral_cfg_pp, "seeded"),
        "heun": SamplerType(sample_heun),
        "heunpp2": SamplerType(sample_heunpp2),
        "exp_heun_2_x0": SamplerType(sample_seeds_2, preset=_preset(solver_type="phi_2", r=1.0, eta=0.0, s_noise=0.0)),
        "exp_heun_2_x0_sde": SamplerType(sample_seeds_2, "seeded", _preset(solver_type="phi_2", r=1.0)),
        "dpm_2": SamplerType(sample_dpm_2, discards_penultimate=True),
        "dpm_2_ancestral": SamplerType(sample_dpm_2_ancestral, "seeded", discards_penultimate=True),
        "lms": SamplerType(sample_lms),
        "dpm_fast": SamplerType(sample_dpm_fast),
        "dpm_adaptive": SamplerType(sample_dpm_adaptive, "seeded"),
        "dpmpp_2s_ancestral": SamplerType(sample_dpmpp_2s_ancestral, "seeded"),
        "dpmpp_2s_ancestral_cfg_pp": SamplerType(sample_dpmpp_2s_ancestral_cfg_pp, "seeded"),
        "dpmpp_sde": SamplerType(sample_dpmpp_sde, "brownian"),
        "dpmpp_sde_gpu": SamplerType(sample_dpmpp_sde, "brownian_gpu"),
        "dpmpp_2m": SamplerType(sample_dpmpp_2m),
        "dpmpp_2m_cfg_pp": SamplerType(sample_dpmpp_2m_cfg_pp),
        "dpmpp_2m_sde": SamplerType(sample_dpmpp_2m_sde, "brownian"),
        "dpmpp_2m_sde_gpu": SamplerType(sample_dpmpp_2m_sde, "brownian_gpu"),
        "dpmpp_2m_sde_heun": SamplerType(sample_dpmpp_2m_sde, "brownian", _preset(solver_type="heun")),
        "dpmpp_2m_sde_heun_gpu": SamplerType(sample_dpmpp_2m_sde, "brownian_gpu", _preset(solver_type="heun")),
        "dpmpp_3m_sde": SamplerType(sample_dpmpp_3m_sde, "brownian"),
        "dpmpp_3m_sde_gpu": SamplerType(sample_dpmpp_3m_sde, "brownian_gpu"),
        "ddpm": SamplerType(sample_ddpm, "seeded"),
        "lcm": SamplerType(sample_lcm, "seeded"),
        "ipndm": SamplerType(sample_ipndm),
        "ipndm_v": SamplerType(sample_ipndm_v),
        "deis": SamplerType(sample_deis),
        "res_multistep": SamplerType(sample_res_multistep),
        "res_multistep_cfg_pp": SamplerType(sample_res_multistep_cfg_pp),
        "res_multistep_ancestral": SamplerType(sample_res_multistep, "seeded", _preset(eta=1.0)),
        "res_multistep_ancestral_cfg_pp": SamplerType(sample_res_multistep_cfg_pp, "seeded", _preset(eta=1.0)),
        "gradient_estimation": SamplerType(sample_gradient_estimation),
        "gradient_estimation_cfg_pp": SamplerType(sample_gradient_estimation_cfg_pp),
        "er_sde": SamplerType(sample_er_sde, "seeded"),
        "seeds_2": SamplerType(sample_seeds_2, "seeded"),
        "seeds_3": SamplerType(sample_seeds_3, "seeded"),
        "sa_solver": SamplerType(sample_sa_solver, "seeded"),
        "sa_solver_pece": SamplerType(sample_sa_solver, "seeded", _preset(use_pece=True)),
        "ddim": SamplerType(sample_euler, redraws_inpaint_noise=True),
        "uni_pc": SamplerType(sample_uni_pc, discards_penultimate=True, last_sigma=0.001),
        "uni_pc_bh2": SamplerType(
            sample_uni_pc, preset=_preset(variant="bh2"), discards_penultimate=True, last_sigma=0.001
        ),
    }
)
"""Name -> sampler, in the order of menus (spec E.6)."""


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
        sigmas = self.levels(sigmas).cpu()  # samplers ask what they are, which on a device waits for all its work
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
