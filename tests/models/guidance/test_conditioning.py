from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from nodebook.models.errors import SamplingError, UnsuitableModelError
from nodebook.models.guidance.areas import Area
from nodebook.models.guidance.conditioning import Prepared, prepare
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.schedules import FlowSchedule
from tests.models.guidance.toys import canvas, text, toy_network


def prepared(*options: dict[str, Any], **others: Any) -> tuple[Prepared, ...]:
    network, _ = toy_network()
    return prepare({"positive": [[text(1.0), each] for each in options], **others}, network, canvas())["positive"]


def tokens(entry: Prepared) -> Tensor:
    return entry.inputs["tokens"].value


def test_an_entry_without_options_counts_everywhere_and_always() -> None:
    (entry,) = prepared({})
    assert entry.is_whole
    assert entry.is_active(0.0)
    assert entry.is_active(1e9)


def test_both_ends_of_a_range_belong_to_it() -> None:
    early, late = prepared({"start_percent": 0.0, "end_percent": 0.4}, {"start_percent": 0.4, "end_percent": 1.0})
    edge = toy_network()[0].sampling.schedule.percent_to_sigma(0.4)
    assert (early.end_sigma, late.start_sigma) == (edge, edge)
    assert early.start_sigma > 9e8
    assert late.end_sigma == 0
    assert early.is_active(edge)
    assert late.is_active(edge)
    assert not late.is_active(edge + 0.01)
    assert not early.is_active(edge - 0.01)


def test_the_ends_of_a_range_are_rounded_as_noise_levels_are() -> None:
    network, _ = toy_network(ModelSampling(FlowSchedule(3.0), "flow"))
    (entry,) = prepare({"positive": [[text(1.0), {"start_percent": 0.3}]]}, network, canvas())["positive"]
    level = network.sampling.schedule.sigma(torch.tensor(700.0))
    assert entry.is_active(level.item())


def test_an_area_fades_unless_a_mask_says_where_it_counts() -> None:
    faded, masked = prepared(
        {"area": (4, 8, 2, 0), "strength": 2.0},
        {"area": (4, 8, 2, 0), "strength": 2.0, "mask": torch.full((1, 8, 8), 0.5), "mask_strength": 3.0},
    )
    assert faded.box == masked.box == Area(4, 8, 2, 0)
    assert isinstance(faded.weight, Tensor)
    assert isinstance(masked.weight, Tensor)
    assert faded.weight[0, 0, :, 0].tolist() == [2, 2, 2, 2]
    assert masked.weight.shape == (1, 1, 4, 8)
    assert masked.weight.eq(3).all()


def test_the_bounds_of_a_mask_can_be_the_area() -> None:
    mask = torch.zeros(1, 16, 16)
    mask[0, 4:14] = 0.25
    (entry,) = prepare(
        {"positive": [[text(1.0), {"mask": mask, "set_area_to_bounds": True}]]}, toy_network()[0], canvas(16, 16)
    )["positive"]
    assert entry.box == Area(10, 16, 4, 0)
    assert isinstance(entry.weight, Tensor)
    assert entry.weight.eq(0.25).all()


def test_an_area_as_large_as_the_picture_is_the_picture() -> None:
    (entry,) = prepared({"area": (8, 8, 0, 0)})
    assert entry.box is None


def prepare_pair(positive: list[Any], negative: list[Any]) -> dict[str, tuple[Prepared, ...]]:
    network, _ = toy_network()
    return dict(prepare({"positive": positive, "negative": negative}, network, canvas()))


def test_the_other_list_speaks_in_the_same_area_with_its_own_words() -> None:
    lists = prepare_pair([[text(1.0), {"area": (4, 4, 0, 0), "strength": 0.5}]], [[text(-1.0), {}]])
    whole, copy = lists["negative"]
    assert whole.is_whole
    assert copy.box == Area(4, 4)
    assert copy.strength == 0.5
    assert tokens(copy).eq(-1).all()
    assert len(lists["positive"]) == 1


def test_the_smallest_entry_that_encloses_an_area_speaks_there() -> None:
    negative = [[text(-1.0), {}], [text(-2.0), {"area": (6, 6, 0, 0)}], [text(-3.0), {"area": (8, 7, 0, 0)}]]
    lists = prepare_pair([[text(1.0), {"area": (4, 4, 0, 0)}]], negative)
    assert [tokens(each).mean().item() for each in lists["negative"]] == [-1, -2, -3, -2]
    assert [tokens(each).mean().item() for each in lists["positive"]] == [1]


def test_no_copy_is_made_where_the_same_area_is_spoken_of_or_nothing_encloses_it() -> None:
    same = {"area": (4, 4, 0, 0)}
    assert len(prepare_pair([[text(1.0), same]], [[text(-1.0), same]])["negative"]) == 1
    assert len(prepare_pair([[text(1.0), same]], [[text(-1.0), {"area": (4, 4, 2, 2)}]])["negative"]) == 1
    assert prepare_pair([[text(1.0), same]], [])["negative"] == ()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (torch.zeros(1, 2, 5), r"positive conditioning is 5 wide, the model expects 3: .* another family"),
        (None, r"must hold tokens \[1, T, 3\], got NoneType"),
        (torch.zeros(2, 5), r"must hold tokens \[1, T, 3\], got \[2, 5\]"),
    ],
)
def test_conditioning_of_another_model_is_refused(bad: Any, message: str) -> None:
    with pytest.raises(UnsuitableModelError, match=message):
        prepare({"positive": [[bad, {}]]}, toy_network()[0], canvas())


def test_what_is_no_entry_is_refused() -> None:
    with pytest.raises(SamplingError, match=r"must be a pair of tokens and options, got 1 values"):
        prepare({"positive": [[text(1.0)]]}, toy_network()[0], canvas())


def test_ranges_start_at_infinity_where_none_is_set() -> None:
    (entry,) = prepared({})
    assert (entry.start_sigma, entry.end_sigma) == (math.inf, 0)
