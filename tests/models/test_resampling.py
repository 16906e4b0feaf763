from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from nodebook.models.resampling import bislerp, center_crop, resample, slerp

METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "bislerp")
sides = st.integers(1, 12)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_size_changes_nothing(method: str) -> None:
    latent = torch.randn(2, 4, 5, 7)
    torch.testing.assert_close(resample(latent, 7, 5, method), latent)


@settings(max_examples=40, deadline=None)
@given(height=sides, width=sides, tall=sides, wide=sides, method=st.sampled_from(METHODS))
def test_one_vector_everywhere_stays_that_vector(height: int, width: int, tall: int, wide: int, method: str) -> None:
    latent = torch.tensor([1.0, -2.0, 0.5, 0.0])[None, :, None, None].expand(1, 4, height, width)
    made = resample(latent, wide, tall, method)
    assert made.shape == (1, 4, tall, wide)
    torch.testing.assert_close(made, latent[..., :1, :1].expand_as(made))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), height=sides, width=sides, tall=sides, wide=sides)
def test_lengths_of_vectors_stay_between_those_around(seed: int, height: int, width: int, tall: int, wide: int) -> None:
    latent = torch.randn(1, 4, height, width, generator=torch.Generator().manual_seed(seed))
    lengths = bislerp(latent, wide, tall).norm(dim=1)
    assert lengths.max() <= latent.norm(dim=1).max() * (1 + 1e-5)
    assert lengths.isfinite().all()


@settings(max_examples=40, deadline=None)
@given(share=st.floats(0, 1), angle=st.floats(0.01, 3.13))
def test_the_direction_turns_evenly_and_the_length_changes_evenly(share: float, angle: float) -> None:
    end = torch.tensor(angle, dtype=torch.float64)
    first, second = torch.tensor([[3.0, 0.0]], dtype=torch.float64), 1.5 * torch.stack([end.cos(), end.sin()])[None]
    between = slerp(first, second, torch.tensor([[share]], dtype=torch.float64))[0]
    assert float(between.norm()) == pytest.approx(3.0 + (1.5 - 3.0) * share, rel=1e-6)
    assert float(torch.atan2(between[1], between[0])) == pytest.approx(angle * share, abs=1e-6)


@pytest.mark.parametrize(("second", "between"), [([4.0, 0.0], [2.0, 0.0]), ([-4.0, 0.0], [0.5, 0.0])])
def test_of_parallel_vectors_the_first_is_taken_and_opposite_ones_are_mixed(
    second: list[float], between: list[float]
) -> None:
    made = slerp(torch.tensor([[2.0, 0.0]]), torch.tensor([second]), torch.tensor(0.25))
    torch.testing.assert_close(made, torch.tensor([between]))


def test_vectors_of_no_length_give_numbers() -> None:
    vector, zero = torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2)
    assert slerp(vector, zero, torch.tensor(0.25)).isfinite().all()
    assert not slerp(zero, zero, torch.tensor(0.25)).any()


def test_each_frame_of_a_video_is_resized_by_itself() -> None:
    video = torch.randn(2, 4, 3, 6, 5)
    made = resample(video, 8, 9, "bislerp")
    assert made.shape == (2, 4, 3, 9, 8)
    torch.testing.assert_close(made[1, :, 2], resample(video[1:, :, 2], 8, 9, "bislerp")[0])


def test_methods_of_torch_are_used_as_they_are() -> None:
    latent = torch.randn(1, 4, 6, 8)
    assert torch.equal(resample(latent, 5, 3, "area"), functional.interpolate(latent, size=(3, 5), mode="area"))


@pytest.mark.parametrize(
    ("size", "aspect", "left"),
    [
        ((8, 16), 1.0, (8, 8)),
        ((16, 8), 1.0, (8, 8)),
        ((8, 8), 1.0, (8, 8)),
        ((1, 9), 0.01, (1, 1)),
        ((7, 10), 1.0, (7, 6)),
    ],
)
def test_the_middle_is_cut_to_an_aspect_ratio(size: tuple[int, int], aspect: float, left: tuple[int, int]) -> None:
    planes = torch.arange(size[0] * size[1]).reshape(1, 1, *size)
    cut: Any = center_crop(planes, aspect)
    assert cut.shape[2:] == left
    middle = planes.flip(-1).flip(-2)
    assert torch.equal(center_crop(middle, aspect), cut.flip(-1).flip(-2))  # as much on one side as on the other
