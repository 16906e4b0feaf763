from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nodebook.models.errors import SamplingError
from nodebook.models.sampling.schedules import (
    CascadeSchedule,
    ContinuousSchedule,
    DiscreteSchedule,
    FlowSchedule,
    FluxSchedule,
    Schedule,
    _discrete_table,
    _nearest,
)
from tests.golden_data import cases, needs_golden
from tests.models.sampling.graphs import sampling_points

SCHEDULES: dict[str, Schedule] = {
    "linear in the root": DiscreteSchedule(),
    "linear": DiscreteSchedule(1e-4, 0.02, linear=True),
    "zero terminal": DiscreteSchedule(zero_terminal_snr=True),
    "lcm": DiscreteSchedule(skip=20),
    "flow": FlowSchedule(3.0),
    "flow to 1": FlowSchedule(1.73, 1.0),
    "flux": FluxSchedule(),
    "edm": ContinuousSchedule(),
    "angle": ContinuousSchedule(0.03, 500.0, "angle"),
    "ratio": ContinuousSchedule(0.002, 80.0, "ratio"),
    "cascade": CascadeSchedule(),
    "cascade shifted": CascadeSchedule(2.0),
}
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


@needs_golden
@pytest.mark.parametrize("case", cases("model_sampling"))
def test_points_are_the_recorded_ones(case: dict[str, Any]) -> None:
    points = case["values"]["points"]
    for name, found in sampling_points(case).items():
        assert found == pytest.approx(points[name], rel=1e-6), name


@every_schedule
def test_the_table_ascends_and_is_finite(schedule: Schedule) -> None:
    table = schedule.sigmas
    assert table.dtype == torch.float32
    assert torch.isfinite(table).all()
    assert (table[1:] >= table[:-1]).all()
    assert table[0] > 0


@every_schedule
@settings(max_examples=30)
@given(percents=st.lists(st.floats(-0.1, 1.1), min_size=2, max_size=2).map(sorted))
def test_more_percent_is_less_noise(schedule: Schedule, percents: list[float]) -> None:
    early, late = (schedule.percent_to_sigma(each) for each in percents)
    assert early >= late
    assert schedule.percent_to_sigma(1.0) == 0


@every_schedule
def test_time_and_level_belong_together(schedule: Schedule) -> None:
    if schedule == CascadeSchedule(2.0):
        pytest.skip("its model is told the time of the unshifted schedule")
    inner = schedule.sigmas[5:-5][::7]
    back = schedule.sigma(schedule.timestep(inner))
    if isinstance(schedule, FlowSchedule):  # shifts again: a level is not told as the time that it came from
        back = schedule.sigma(schedule.timestep(_unshifted(inner, schedule.shift)))
    if isinstance(schedule, FluxSchedule):
        back = schedule.sigma(_unshifted(inner, torch.tensor(schedule.mu).exp().item()))
    torch.testing.assert_close(back, inner, rtol=2e-3, atol=0)


def _unshifted(sigma: torch.Tensor, shift: float) -> torch.Tensor:
    return sigma / (shift - (shift - 1) * sigma)


@every_schedule
def test_batches_and_single_levels_give_the_same_times(schedule: Schedule) -> None:
    batch = schedule.sigmas[::15].reshape(-1, 1, 1)
    times = schedule.timestep(batch)
    assert times.shape == batch.shape
    assert times[2, 0, 0] == schedule.timestep(batch[2, 0, 0])


@pytest.mark.parametrize("skip", [1, 20])
def test_a_level_between_two_is_told_as_the_nearest_in_its_logarithm(skip: int) -> None:
    schedule = DiscreteSchedule(skip=skip)
    levels = torch.cat([torch.logspace(-3, 3, 4001), schedule.sigmas, torch.tensor([0.0, 1e38])])
    nearest = (levels.log()[:, None] - _discrete_table(schedule)[1]).abs().argmin(dim=1)
    assert torch.equal(schedule.timestep(levels), nearest * skip + skip - 1)


def test_of_two_times_equally_near_the_first_is_told() -> None:
    assert _nearest([0.0, 1.0], 0.5) == 0
    assert _nearest([0.0, 1.0], 0.5 + 1e-10) == 0  # in float32 as near
    assert _nearest([0.0, 1.0], 0.51) == 1


def test_zero_terminal_snr_ends_in_almost_pure_noise() -> None:
    plain, rescaled = DiscreteSchedule().sigmas, DiscreteSchedule(zero_terminal_snr=True).sigmas
    assert rescaled[0] == pytest.approx(plain[0].item(), rel=1e-5)
    assert rescaled[-1] == pytest.approx(4518.76, rel=1e-5)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0)])
def test_continuous_levels_must_ascend_from_above_0(low: float, high: float) -> None:
    with pytest.raises(SamplingError, match=r"need 0 < sigma_min < sigma_max, got"):
        ContinuousSchedule(low, high)


def test_a_cosine_schedule_cannot_be_shifted_by_0() -> None:
    with pytest.raises(SamplingError, match=r"must be above 0, got 0.0"):
        CascadeSchedule(0.0)
