from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nodebook.models.errors import SamplingError
from nodebook.models.guidance.areas import Area, feather, fit_batch, mask_bounds, resize_mask, resolve_area

CPU = torch.device("cpu")
sides = st.integers(1, 40)
places = st.integers(0, 40)
areas = st.builds(Area, sides, sides, places, places)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ((4, 8, 2, 1), Area(4, 8, 2, 1)),
        (("percentage", 0.5, 0.25, 0.5, 0.75), Area(8, 5, 8, 15)),
        (("percentage", 0.0, 0.001, 0.0, 0.0), Area(1, 1, 0, 0)),
    ],
    ids=["everywhere", "elements", "shares", "at least one element"],
)
def test_an_area_is_given_in_elements_or_shares(value: object, expected: Area | None) -> None:
    assert resolve_area(value, height=16, width=20) == expected


def test_an_area_is_cut_to_the_picture() -> None:
    assert Area(8, 8, 4, 2).clipped(8, 8) == Area(4, 6, 4, 2)


@pytest.mark.parametrize("area", [Area(4, 4, 8, 0), Area(4, 4, 0, 9), Area(4, 4, -1, 0), Area(0, 4)])
def test_an_area_outside_the_picture_is_refused(area: Area) -> None:
    with pytest.raises(SamplingError, match=r"is not in the picture of 64 x 64 pixels\. Move the area"):
        area.clipped(8, 8)


@given(areas, areas)
def test_enclosing_is_what_the_elements_say(one: Area, other: Area) -> None:
    mine, theirs = (torch.zeros(80, 80, dtype=torch.bool) for _ in range(2))
    one.cut(mine)[:] = True
    other.cut(theirs)[:] = True
    assert one.encloses(other) == bool((mine | ~theirs).all())


def test_the_bounds_of_a_mask_hold_all_its_items() -> None:
    mask = torch.zeros(2, 32, 40)
    mask[0, 3, 5] = -0.5
    mask[1, 20, 30] = 1
    assert mask_bounds(mask) == Area(18, 26, 3, 5)


def test_bounds_are_never_smaller_than_8() -> None:
    mask = torch.zeros(1, 32, 32)
    assert mask_bounds(mask) == Area(8, 8, 0, 0)
    mask[0, 9, 12] = 1
    assert mask_bounds(mask) == Area(8, 8, 9, 12)


def test_an_inner_edge_fades_over_8_rows_and_the_picture_edge_does_not() -> None:
    weights = feather(Area(32, 64, 16, 0), height=48, width=80)[0, 0]
    assert weights.shape == (32, 64)
    assert weights[:9, 0].tolist() == [1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8, 7 / 8, 1, 1]
    assert weights[-1, 0] == 1
    assert weights[-1, -3:].tolist() == [3 / 8, 2 / 8, 1 / 8]
    assert weights[0, -1] == 1 / 64


def test_a_small_area_fades_over_a_quarter_of_its_side() -> None:
    assert feather(Area(12, 3, 4, 4), 40, 40)[0, 0, :4, 1].tolist() == pytest.approx([1 / 3, 2 / 3, 1, 1])


@given(areas)
def test_weights_are_above_0_and_1_where_the_area_is_the_picture(area: Area) -> None:
    weights = feather(area, 100, 100)
    assert weights.shape == (1, 1, area.height, area.width)
    assert weights.min() > 0
    assert weights.max() <= 1
    assert feather(Area(area.height, area.width), area.height, area.width).eq(1).all()


@pytest.mark.parametrize("shape", [(4, 6), (3, 4, 6), (3, 1, 4, 6)])
def test_a_mask_of_any_rank_is_brought_to_latent_size(shape: tuple[int, ...]) -> None:
    mask = resize_mask(torch.ones(shape), 8, 12, CPU)
    assert mask.shape == (1 if len(shape) == 2 else 3, 1, 8, 12)
    assert mask.eq(1).all()


def test_a_mask_of_a_strange_shape_is_refused() -> None:
    with pytest.raises(SamplingError, match=r"must be a tensor \[B, H, W\], got one of shape \[4\]"):
        resize_mask(torch.ones(4), 8, 8, CPU)


@given(st.integers(1, 6), st.integers(1, 6))
def test_a_batch_is_repeated_then_cut(have: int, want: int) -> None:
    fitted = fit_batch(torch.arange(have)[:, None], want)
    assert fitted[:, 0].tolist() == [index % have for index in range(want)]
