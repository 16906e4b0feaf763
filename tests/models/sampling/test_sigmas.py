from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nodebook.models.errors import SamplingError
from nodebook.models.sampling import sigmas as levels
from nodebook.models.sampling.schedules import DiscreteSchedule

LEVELS = torch.tensor([14.0, 6.0, 2.0, 0.5, 0.0])
lists = st.lists(st.floats(0.015625, 100.0, width=32), min_size=1, max_size=8, unique=True).map(
    lambda found: torch.tensor([*sorted(found, reverse=True), 0.0])
)


@given(sigmas=lists, step=st.integers(0, 10))
def test_split_levels_join_to_the_whole(sigmas: torch.Tensor, step: int) -> None:
    high, low = levels.split_at(sigmas, step)
    assert torch.equal(torch.cat([high, low[1:]]), sigmas)


@given(sigmas=lists, denoise=st.floats(0.0, 1.0))
def test_split_by_denoise_leaves_that_share_of_the_steps(sigmas: torch.Tensor, denoise: float) -> None:
    high, low = levels.split_denoise(sigmas, denoise)
    left = round((len(sigmas) - 1) * denoise)
    assert len(low) == left + 1
    if left:
        assert torch.equal(torch.cat([high, low[1:]]), sigmas)
    else:
        assert len(high) == 0


@given(sigmas=lists)
def test_flipped_levels_ascend_from_just_above_0(sigmas: torch.Tensor) -> None:
    up = levels.flipped(sigmas)
    assert up[0] == pytest.approx(1e-4)
    assert torch.equal(up[1:].flip(0), sigmas[:-1])
    assert sigmas[-1] == 0
    assert len(levels.flipped(torch.zeros(0))) == 0


@given(sigmas=lists, steps=st.integers(1, 5), spacing=st.sampled_from(["linear", "cosine", "sine"]))
def test_more_levels_lie_between_those_that_there_were(
    sigmas: torch.Tensor, steps: int, spacing: levels.Spacing
) -> None:
    longer = levels.extended(sigmas, steps, -1.0, 0.0, spacing)
    assert len(longer) == (len(sigmas) - 1) * steps + 1
    assert torch.equal(longer[::steps], sigmas)
    assert (longer[1:] <= longer[:-1]).all()


def test_only_intervals_within_the_limits_are_cut() -> None:
    assert levels.extended(LEVELS, 2, 6.0, 2.0, "linear").tolist() == [14.0, 6.0, 4.0, 2.0, 1.25, 0.5, 0.0]
    assert levels.extended(LEVELS, 2, -1.0, 12.0, "linear").tolist() == [14.0, 10.0, 6.0, 2.0, 0.5, 0.0]


def test_another_first_level() -> None:
    assert levels.with_first(LEVELS, 33.0).tolist() == [33.0, 6.0, 2.0, 0.5, 0.0]
    assert LEVELS[0] == 14
    assert len(levels.with_first(torch.zeros(0), 3.0)) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1, 0.5", [1.0, 0.5]), ("14.6 / .25;0", [14.6, 0.25, 0.0]), ("2e-1", [0.2]), ("none", []), ("", [])],
)
def test_numbers_of_a_text_are_levels(text: str, expected: list[float]) -> None:
    assert levels.parsed(text).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("kind", levels.ALIGN_YOUR_STEPS)
@given(steps=st.integers(1, 40), denoise=st.floats(0.01, 1.0))
def test_optimised_levels_have_as_many_steps_as_are_left(kind: str, steps: int, denoise: float) -> None:
    sigmas = levels.align_your_steps(kind, steps, denoise)
    assert len(sigmas) == (steps if denoise >= 1 else round(steps * denoise)) + 1
    assert (sigmas[1:] < sigmas[:-1]).all()
    assert sigmas[-1] == 0


def test_optimised_levels_are_interpolated_between_the_table_s() -> None:
    sigmas = levels.align_your_steps("SVD", 20)
    assert sigmas[:-1:2].tolist() == pytest.approx(levels.ALIGN_YOUR_STEPS["SVD"][:-1])
    assert sigmas[1] == pytest.approx(math.sqrt(700 * 54.5))
    assert len(levels.align_your_steps("SD1", 10, 0.0)) == 0
    with pytest.raises(SamplingError, match=r"no levels for 'SD9'. There are: SD1, SDXL, SVD"):
        levels.align_your_steps("SD9", 10)


def test_turbo_begins_at_the_top_of_ten_times_or_below() -> None:
    schedule = DiscreteSchedule()
    table = schedule.sigmas
    torch.testing.assert_close(levels.turbo_sigmas(schedule.sigma, 2)[:-1], table[[999, 899]])
    torch.testing.assert_close(levels.turbo_sigmas(schedule.sigma, 10, 0.3)[:-1], table[[299, 199, 99]])
    assert levels.turbo_sigmas(schedule.sigma, 4, 0.0).tolist() == [0.0]


@given(steps=st.integers(1, 60), side=st.integers(1, 128).map(lambda n: 16 * n))
def test_levels_of_flux2_descend_from_1_and_rise_with_size(steps: int, side: int) -> None:
    sigmas, larger = levels.flux2_sigmas(steps, side, side), levels.flux2_sigmas(steps, side * 2, side)
    assert sigmas[[0, -1]].tolist() == [1, 0]
    assert (sigmas[1:] < sigmas[:-1]).all()
    if side * side * 2 / 256 <= 4300:  # above this the count of steps no longer matters, and levels fall
        assert (larger[1:-1] >= sigmas[1:-1] - 1e-6).all()


def test_ltxv_levels_end_where_they_are_told() -> None:
    mu = levels.ltxv_mu(4096)
    assert (mu, levels.ltxv_mu(1024)) == pytest.approx((2.05, 0.95))
    stretched = levels.ltxv_sigmas(8, mu, 0.1)
    assert stretched[[0, -1]].tolist() == [1, 0]
    assert stretched[-2] == pytest.approx(0.1)
    plain = levels.ltxv_sigmas(8, mu, None)
    assert plain[4] == pytest.approx(math.exp(mu) / (math.exp(mu) + 1))
    assert levels.ltxv_sigmas(1, mu, 0.1).tolist() == [1.0, 0.0]


def test_levels_of_the_vp_process_are_those_of_its_ends() -> None:
    sigmas = levels.vp_sigmas(5)
    assert sigmas[0] == pytest.approx(math.sqrt(math.expm1(19.9 / 2 + 0.1)))
    assert len(sigmas) == 6


def test_laplace_levels_stay_within_their_ends_and_do_not_end_in_0() -> None:
    sigmas = levels.laplace_sigmas(9, 0.03, 14.6)
    assert [sigmas.max().item(), sigmas.min().item()] == pytest.approx([14.6, 0.03])
    assert sigmas[4] == pytest.approx(1.0, rel=1e-4)
