"""Samplers beside what is known exactly: data from one Gaussian."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.registry import SAMPLERS, Sampler, option_names
from nodebook.models.sampling.schedulers import ksampler_sigmas
from nodebook.models.sampling.step import Step
from tests.models.sampling.analytic import EPS, FLOW, AnalyticDenoiser
from tests.models.sampling.gaussian import MEAN, SPREAD, GaussianDenoiser

ORDERS: dict[str, tuple[float, dict[str, Any]]] = {
    **dict.fromkeys(("euler", "euler_cfg_pp", "ddim", "heunpp2"), (0.9, {})),
    **dict.fromkeys(("gradient_estimation", "gradient_estimation_cfg_pp"), (0.75, {})),
    **dict.fromkeys(("euler_ancestral", "euler_ancestral_cfg_pp"), (0.9, {"eta": 0.0})),
    **dict.fromkeys(("heun", "dpm_2", "dpm_fast", "exp_heun_2_x0", "dpmpp_2m", "dpmpp_2m_cfg_pp"), (1.75, {})),
    **dict.fromkeys(("ipndm", "res_multistep", "res_multistep_cfg_pp", "uni_pc", "uni_pc_bh2", "lms"), (1.9, {})),
    "ipndm_v": (1.5, {}),
    "deis": (2.0, {}),
    **dict.fromkeys(("dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_sde", "seeds_2"), (1.9, {"eta": 0.0})),
    **dict.fromkeys(("dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde"), (1.9, {"eta": 0.0})),
    "seeds_3": (2.7, {"eta": 0.0, "r_1": 0.3}),
    **dict.fromkeys(("sa_solver", "sa_solver_pece"), (2.8, {"eta": 0.0})),
    "er_sde": (1.6, {"s_noise": 0.0, "noise_power": 1.0}),
}
"""Name -> (the least order in which errors shrink with steps, options without noise).

Some fall short of what their names say: steps of lower order begin or end them, and heunpp2's weights fade.
"""

SPREADS = {
    **dict.fromkeys(("euler_ancestral", "euler_ancestral_cfg_pp"), (0.9, 0.84)),
    **dict.fromkeys(
        ("dpm_2_ancestral", "dpmpp_2s_ancestral", "exp_heun_2_x0_sde", "seeds_2", "seeds_3"), (0.985, 0.95)
    ),
    **dict.fromkeys(("dpmpp_sde", "er_sde", "sa_solver", "sa_solver_pece"), (0.99, 0.97)),
    "dpmpp_2m_sde": (1.01, 1.06),
    **dict.fromkeys(("dpmpp_2m_sde_heun", "dpmpp_3m_sde"), (1.01, 1.11)),
    **dict.fromkeys(("res_multistep_ancestral", "res_multistep_ancestral_cfg_pp"), (1.0, None)),
    "ddpm": (0.9, None),
}
"""Name -> how wide samples are after 40 steps, relative to the data: (noise added, flow); None: not made for flows."""


def _levels(start: float, end: float, steps: int) -> Tensor:
    return torch.linspace(math.log(start), math.log(end), steps + 1, dtype=torch.float64).exp()


@pytest.mark.parametrize(("sampling", "start", "end"), [(EPS, 10.0, 0.3), (FLOW, 0.95, 0.2)], ids=["eps", "flow"])
@pytest.mark.parametrize("name", ORDERS)
def test_errors_shrink_with_steps_in_the_order_of_the_method(
    name: str, sampling: ModelSampling, start: float, end: float
) -> None:
    order, options = ORDERS[name]
    denoise, errors = GaussianDenoiser(sampling), []
    for steps in (30, 60):
        sigmas = _levels(start, end, steps)
        x = denoise.noisy(sigmas[0], torch.Generator().manual_seed(0), 64)
        found = Sampler.of(name, **options).run(denoise, x, sigmas, seed=1)
        errors.append((found - denoise.flowed(x, sigmas[0], sigmas[-1])).abs().max().item())
    assert errors[1] < 1e-8 or math.log2(errors[0] / errors[1]) >= order
    assert errors[1] < 0.02


def test_adaptive_steps_keep_the_error_that_they_are_given() -> None:
    denoise, sigmas = GaussianDenoiser(EPS), _levels(10.0, 0.3, 2)
    x = denoise.noisy(sigmas[0], torch.Generator().manual_seed(0), 64)
    exact = denoise.flowed(x, sigmas[0], sigmas[-1])
    errors = [
        (Sampler.of("dpm_adaptive", rtol=rtol, atol=rtol).run(denoise, x, sigmas) - exact).abs().max().item()
        for rtol in (1e-2, 1e-3, 1e-4)
    ]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[2] < 1e-3


@pytest.mark.parametrize("name", SPREADS)
def test_noise_leads_to_samples_as_wide_as_the_data(name: str) -> None:
    for sampling, scheduler, spread in zip((EPS, FLOW), ("karras", "simple"), SPREADS[name], strict=True):
        if spread is None:
            continue
        denoise, sigmas = GaussianDenoiser(sampling), ksampler_sigmas(sampling, name, scheduler, 40)
        x = denoise.noisy(sigmas[0], torch.Generator().manual_seed(0), 8192)
        found = Sampler(name).run(denoise, x, sigmas, seed=1)
        assert found.mean().item() == pytest.approx(MEAN, abs=0.02)
        assert found.std().item() / SPREAD == pytest.approx(spread, abs=0.025)


@pytest.mark.parametrize(
    ("plain", "guided"),
    [
        ("euler", "euler_cfg_pp"),
        ("euler_ancestral", "euler_ancestral_cfg_pp"),
        ("dpmpp_2m", "dpmpp_2m_cfg_pp"),
        ("res_multistep", "res_multistep_cfg_pp"),
        ("res_multistep_ancestral", "res_multistep_ancestral_cfg_pp"),
        ("gradient_estimation", "gradient_estimation_cfg_pp"),
    ],
)
def test_cfg_pp_without_guidance_is_the_plain_sampler(plain: str, guided: str) -> None:
    denoise, sigmas = GaussianDenoiser(EPS), ksampler_sigmas(EPS, plain, "karras", 8)
    x = denoise.noisy(sigmas[0], torch.Generator().manual_seed(0), 64)
    found = [Sampler(name).run(denoise, x, sigmas, seed=3) for name in (plain, guided)]
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("sampling", [EPS, FLOW], ids=["eps", "flow"])
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_run_to_0_ends_in_the_last_estimate(name: str, sampling: ModelSampling) -> None:
    told: list[Step] = []
    sigmas = torch.tensor([0.9, 0.5, 0.2, 0.0])
    x = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    found = Sampler(name).run(AnalyticDenoiser(sampling), x, sigmas, seed=1, on_step=told.append)
    if name in ("dpm_fast", "dpm_adaptive", "uni_pc", "uni_pc_bh2", "sa_solver_pece"):
        assert torch.isfinite(found).all()  # they end above 0, or call the model once more
    elif name == "ddpm" and sampling is FLOW:
        assert found.shape == x.shape
    else:
        torch.testing.assert_close(found, told[-1].denoised, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in SAMPLERS if "eta" in option_names(name)])
def test_eta_0_draws_no_noise_that_matters(name: str) -> None:
    sigmas = torch.tensor([0.9, 0.5, 0.2, 0.0])
    x = torch.randn(1, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    first, second = (Sampler.of(name, eta=0.0).run(AnalyticDenoiser(FLOW), x, sigmas, seed=seed) for seed in (1, 2))
    assert torch.equal(first, second)
