from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nodebook.models.errors import SamplingError
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.registry import SAMPLERS
from nodebook.models.sampling.schedulers import SCHEDULERS, ksampler_sigmas, scheduler_sigmas, step_range
from nodebook.models.sampling.schedules import ContinuousSchedule, DiscreteSchedule, FlowSchedule, FluxSchedule
from tests.golden_data import cases, expect_close, needs_golden
from tests.models.sampling.graphs import NOT_BUILT, node_of, run

EPS = ModelSampling(DiscreteSchedule())
SAMPLINGS = {
    "eps": EPS,
    "zsnr": ModelSampling(DiscreteSchedule(zero_terminal_snr=True), "v"),
    "lcm": ModelSampling(DiscreteSchedule(skip=20), "lcm"),
    "flow": ModelSampling(FlowSchedule(3.0), "flow"),
    "flux": ModelSampling(FluxSchedule(), "flow"),
    "edm": ModelSampling(ContinuousSchedule(), "edm", 0.5),
}


@needs_golden
@pytest.mark.parametrize("case", cases("scheduler", "scheduler_nodes"))
def test_levels_are_the_recorded_ones(case: dict[str, Any]) -> None:
    for name, (node_id, slot) in case["outputs"].items():
        if name not in NOT_BUILT:
            expect_close(case, name, run(case["graph"], (node_id, slot)))


@needs_golden
@pytest.mark.parametrize("case", cases("sampler", "sampler_analytic"))
def test_ksampler_takes_the_recorded_levels(case: dict[str, Any]) -> None:
    _, inputs = node_of(case["graph"], "KSampler")
    model = run(case["graph"], tuple(inputs["model"]))
    sigmas = ksampler_sigmas(
        model.sampling, inputs["sampler_name"], inputs["scheduler"], inputs["steps"], denoise=inputs["denoise"]
    )
    expected = torch.tensor(case["sigmas"], dtype=torch.float32)
    assert sigmas.shape == expected.shape
    torch.testing.assert_close(sigmas, expected, rtol=1e-6, atol=0)


@needs_golden
@pytest.mark.parametrize("case", cases("advanced"))
def test_ksampler_advanced_takes_the_recorded_range(case: dict[str, Any]) -> None:
    found = []
    for node_id in sorted(case["graph"], key=int):
        if case["graph"][node_id]["class_type"] == "KSamplerAdvanced":
            inputs = case["graph"][node_id]["inputs"]
            model = run(case["graph"], tuple(inputs["model"]))
            sigmas = ksampler_sigmas(model.sampling, inputs["sampler_name"], inputs["scheduler"], inputs["steps"])
            leaves_noise = inputs["return_with_leftover_noise"] == "enable"
            found.append(step_range(sigmas, inputs["start_at_step"], inputs["end_at_step"], leaves_noise=leaves_noise))
    found = [sigmas for sigmas in found if len(sigmas)]  # a run without steps was not recorded
    recorded = case["sigmas"] if isinstance(case["sigmas"][0], list) else [case["sigmas"]]
    assert len(found) == len(recorded)
    for sigmas, expected in zip(found, recorded, strict=True):
        torch.testing.assert_close(sigmas, torch.tensor(expected), rtol=1e-6, atol=0)


@pytest.mark.parametrize("sampling", SAMPLINGS.values(), ids=SAMPLINGS)
@pytest.mark.parametrize("name", SCHEDULERS)
@settings(max_examples=12)
@given(steps=st.integers(2, 60))
def test_levels_descend_within_the_table_and_end_in_0(name: str, sampling: ModelSampling, steps: int) -> None:
    sigmas = scheduler_sigmas(sampling, name, steps)
    assert sigmas.dtype == torch.float32
    assert (sigmas[1:] <= sigmas[:-1]).all()
    assert (sigmas[1:] < sigmas[:-1]).all() or steps > len(sampling.schedule.sigmas)
    assert sigmas[0] <= sampling.sigma_max * (1 + 1e-5)
    assert sigmas[-1] == 0
    if name not in ("ddim_uniform", "beta"):
        assert len(sigmas) == steps + 1


@given(
    name=st.sampled_from(sorted(SCHEDULERS)),
    steps=st.integers(1, 30),
    denoise=st.floats(0.05, 0.9999),
)
def test_denoise_is_the_end_of_a_longer_run(name: str, steps: int, denoise: float) -> None:
    longer = scheduler_sigmas(EPS, name, int(steps / denoise))
    part = scheduler_sigmas(EPS, name, steps, denoise)
    torch.testing.assert_close(part, longer[-(steps + 1) :], equal_nan=True)


@given(steps=st.integers(3, 30), data=st.data())
def test_ranges_of_steps_join_to_the_whole(steps: int, data: st.DataObject) -> None:
    sigmas = scheduler_sigmas(EPS, "karras", steps)
    cut = data.draw(st.integers(1, steps - 1))
    first = step_range(sigmas, 0, cut, leaves_noise=True)
    second = step_range(sigmas, cut, 10_000)
    assert torch.equal(torch.cat([first, second[1:]]), sigmas)
    assert step_range(sigmas, 0, cut)[-1] == 0
    assert len(step_range(sigmas, cut, cut)) == 0


def test_denoise_0_gives_no_levels() -> None:
    assert len(scheduler_sigmas(EPS, "normal", 20, 0.0)) == 0
    assert len(ksampler_sigmas(EPS, "euler", "normal", 20, denoise=0.0)) == 0
    assert len(step_range(torch.zeros(0), 0, 10)) == 0


@pytest.mark.parametrize("name", SAMPLERS)
def test_some_samplers_leave_out_the_last_level_but_one(name: str) -> None:
    sigmas = ksampler_sigmas(EPS, name, "karras", 5)
    if name in ("dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"):
        longer = scheduler_sigmas(EPS, "karras", 6)
        assert torch.equal(sigmas, longer[[0, 1, 2, 3, 4, 6]])
    else:
        assert torch.equal(sigmas, scheduler_sigmas(EPS, "karras", 5))


def test_one_step_is_nan_only_where_it_is_undefined() -> None:
    for name in SCHEDULERS:
        assert torch.isnan(scheduler_sigmas(EPS, name, 1)).any() == (name == "kl_optimal")


@pytest.mark.parametrize("steps", [0, -3])
def test_steps_below_1_are_refused(steps: int) -> None:
    with pytest.raises(SamplingError, match=r"Sampling takes 1 step or more, got .* Set steps"):
        scheduler_sigmas(EPS, "normal", steps)


def test_a_wrong_name_is_answered_with_near_ones() -> None:
    with pytest.raises(SamplingError, match=r"no scheduler 'karas'. Did you mean karras"):
        scheduler_sigmas(EPS, "karas", 4)
    with pytest.raises(SamplingError, match=r"no scheduler 'zzz'. There are: simple, "):
        scheduler_sigmas(EPS, "zzz", 4)
    with pytest.raises(SamplingError, match=r"no sampler 'eular'. Did you mean euler"):
        ksampler_sigmas(EPS, "eular", "normal", 4)


def test_a_denoise_that_is_no_number_is_refused() -> None:
    with pytest.raises(SamplingError, match=r"denoise must be a number in 0..1, got nan"):
        scheduler_sigmas(EPS, "normal", 4, math.nan)
