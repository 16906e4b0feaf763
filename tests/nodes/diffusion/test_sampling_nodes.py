"""The nodes of noise levels, samplers and model samplings. How they are declared is compared in test_schema.py."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch

from nodebook.engine.library import BUILTIN, Library
from nodebook.engine.node import NodeFunction
from nodebook.engine.ports import PortRegistry
from nodebook.models.errors import SamplingError
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.registry import SAMPLERS, Sampler
from nodebook.models.sampling.schedulers import SCHEDULERS
from nodebook.models.sampling.schedules import DiscreteSchedule, FlowSchedule, FluxSchedule
from nodebook.nodes import register_ports
from nodebook.nodes.diffusion import model_sampling, samplers, schedulers
from tests.models.sampling.graphs import sd1_model
from tests.nodes.golden import needs_golden
from tests.nodes.test_schema import test_a_node_is_declared_as_in_comfyui as check_declaration

NODES: tuple[NodeFunction[..., Any], ...] = (*model_sampling.NODES, *samplers.NODES, *schedulers.NODES)
MODEL = sd1_model()
FLOW = sd1_model(ModelSampling(FlowSchedule(3.0), "flow"))


@pytest.fixture(scope="module")
def library() -> Library:
    ports = PortRegistry()
    register_ports(ports)
    library = Library(ports)
    library.define_all(NODES, origin=BUILTIN)
    return library


@needs_golden
@pytest.mark.parametrize("name", [each.type_name for each in NODES])
def test_it_is_declared_as_in_comfyui(library: Library, name: str) -> None:
    check_declaration(library, name)


def test_the_menus_are_the_registries() -> None:
    assert get_args(samplers.SamplerName) == tuple(SAMPLERS)
    assert get_args(schedulers.SchedulerName) == tuple(SCHEDULERS)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_is_chosen_by_name(name: str) -> None:
    assert samplers.ksampler_select(name) == Sampler(name)  # type: ignore[arg-type]  # one of the menu


def test_options_travel_with_the_sampler() -> None:
    sampler = samplers.sampler_dpmpp_sde(eta=0.5, r=0.4, noise_device="cpu")
    assert (sampler.name, dict(sampler.options)) == ("dpmpp_sde", {"eta": 0.5, "s_noise": 1.0, "r": 0.4})
    assert samplers.sampler_dpmpp_sde().name == "dpmpp_sde_gpu"
    assert hash(sampler) == hash(samplers.sampler_dpmpp_sde(eta=0.5, r=0.4, noise_device="cpu"))
    assert sampler != samplers.sampler_dpmpp_sde(eta=0.6, r=0.4, noise_device="cpu")


@pytest.mark.parametrize(
    ("solver_type", "expected"),
    [
        ("ER-SDE", {"max_stage": 3, "s_noise": 0.9, "noise_power": None}),
        ("Reverse-time SDE", {"max_stage": 3, "s_noise": 0.9, "noise_power": 1.5}),
        ("ODE", {"max_stage": 3, "s_noise": 0.0, "noise_power": 1.0}),
    ],
)
def test_er_sde_has_three_kinds_of_noise(solver_type: Any, expected: dict[str, Any]) -> None:
    assert dict(samplers.sampler_er_sde(solver_type, eta=0.5, s_noise=0.9).options) == expected


def test_sa_solver_takes_its_percentages_of_the_model() -> None:
    options = dict(samplers.sampler_sa_solver(FLOW, sde_start_percent=0.0, sde_end_percent=0.5).options)
    assert (options["start_sigma"], options["end_sigma"]) == (1.0, 0.75)


def test_another_sampling_leaves_the_rest_of_the_model() -> None:
    changed = model_sampling.model_sampling_sd3(MODEL, 5.0)
    assert changed.sampling == ModelSampling(FlowSchedule(5.0), "flow")
    assert (changed.network, changed.latent_format) == (MODEL.network, MODEL.latent_format)
    assert MODEL.sampling == ModelSampling(DiscreteSchedule())


def test_discrete_sampling_keeps_the_betas_of_the_model() -> None:
    model = sd1_model(ModelSampling(DiscreteSchedule(1e-4, 0.02, linear=True)))
    changed = model_sampling.model_sampling_discrete(model, "v_prediction", zsnr=True).sampling
    assert changed == ModelSampling(DiscreteSchedule(1e-4, 0.02, linear=True, zero_terminal_snr=True), "v")
    lcm = model_sampling.model_sampling_discrete(MODEL, "lcm").sampling
    assert (len(lcm.schedule.sigmas), lcm.prediction) == (50, "lcm")
    assert model_sampling.model_sampling_discrete(FLOW).sampling == ModelSampling(DiscreteSchedule())


@pytest.mark.parametrize(
    ("sampling", "prediction", "sigma_data"),
    [
        ("v_prediction", "v", 1.0),
        ("edm", "edm", 0.5),
        ("edm_playground_v2.5", "edm", 0.5),
        ("eps", "eps", 1.0),
        ("cosmos_rflow", "rflow", 1.0),
    ],
)
def test_continuous_sampling_has_five_predictions(sampling: Any, prediction: str, sigma_data: float) -> None:
    changed = model_sampling.model_sampling_continuous_edm(MODEL, sampling).sampling
    assert (changed.prediction, changed.sigma_data) == (prediction, sigma_data)
    assert (changed.sigma_min, changed.sigma_max) == pytest.approx((0.002, 120.0))


def test_continuous_levels_that_do_not_ascend_are_refused_at_the_input() -> None:
    with pytest.raises(SamplingError, match=r"0 < sigma_min < sigma_max, got 0.0 and 120.0") as caught:
        model_sampling.model_sampling_continuous_edm(MODEL, sigma_min=0.0)
    assert caught.value.__notes__ == ["nodebook-input: sigma_min"]
    with pytest.raises(SamplingError, match=r"must be above 0, got 0.0"):
        model_sampling.model_sampling_stable_cascade(MODEL, 0.0)


def test_the_shift_of_flux_grows_with_the_picture() -> None:
    small, large = (model_sampling.model_sampling_flux(MODEL, width=side, height=side) for side in (256, 1024))
    assert small.sampling == ModelSampling(FluxSchedule(0.5), "flow")
    assert large.sampling.schedule.mu == pytest.approx(1.15)  # type: ignore[attr-defined]  # a FluxSchedule


def test_the_shift_of_ltxv_grows_with_the_video() -> None:
    latent = {"samples": torch.zeros(1, 128, 4, 16, 16)}
    small = model_sampling.model_sampling_ltxv(MODEL, latent=latent)  # type: ignore[arg-type]  # a Latent
    assert small.sampling.schedule == FluxSchedule(pytest.approx(0.95))  # type: ignore[arg-type]  # near enough
    assert model_sampling.model_sampling_ltxv(MODEL).sampling.schedule == FluxSchedule(pytest.approx(2.05))  # type: ignore[arg-type]


@pytest.mark.parametrize(("percent", "limits", "levels"), [(0.0, 999999999.9, 14.614641), (1.0, 0.0, 0.02916716)])
def test_percent_to_sigma_gives_limits_or_levels(percent: float, limits: float, levels: float) -> None:
    assert schedulers.sampling_percent_to_sigma(MODEL, percent) == pytest.approx(limits)
    assert schedulers.sampling_percent_to_sigma(MODEL, percent, return_actual_sigma=True) == pytest.approx(levels)
    assert schedulers.sampling_percent_to_sigma(MODEL, 0.5) == pytest.approx(1.61558, rel=1e-5)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: schedulers.karras_scheduler(rho=0.0), r"rho must be above 0, got 0.0"),
        (lambda: schedulers.exponential_scheduler(sigma_min=0.0), r"sigma_min and sigma_max above 0, got 0.0 and 14"),
        (lambda: schedulers.polyexponential_scheduler(sigma_max=0.0), r"above 0, got 0.0291675 and 0.0"),
        (lambda: schedulers.beta_sampling_scheduler(MODEL, alpha=0.0), r"alpha and beta above 0, got 0.0 and 0.6"),
    ],
)
def test_settings_without_levels_are_refused(function: Any, message: str) -> None:
    with pytest.raises(SamplingError, match=message):
        function()
