from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from nodebook.models.guidance.areas import Area
from nodebook.models.guidance.batching import Evaluator, Job, can_join, group_jobs
from nodebook.models.guidance.conditioning import Prepared
from nodebook.models.networks import Input
from tests.models.guidance.toys import entry, toy_network

SIGMA = torch.tensor(2.0)
X = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))


def evaluate(*lists: Sequence[Prepared], x: Tensor = X) -> tuple[list[Tensor], list[int]]:
    network, module = toy_network()
    return Evaluator(network)(lists, x, SIGMA), module.rows


def alone(value: float, x: Tensor = X) -> Tensor:
    return evaluate([entry(value)], x=x)[0][0]


def test_positive_and_negative_share_a_call_and_negative_comes_first() -> None:
    (positive, negative), rows = evaluate([entry(1.0)], [entry(-1.0)])
    assert rows == [4]
    assert torch.allclose(positive - negative, torch.tensor(2.0))
    jobs = [Job(0, entry(1.0)), Job(1, entry(-1.0))]
    assert [job.owner for job in group_jobs(jobs, X, most=16)[0]] == [1, 0]


def test_a_list_without_entries_gives_0_and_costs_nothing() -> None:
    (positive, negative), rows = evaluate([entry(1.0)], [])
    assert rows == [2]
    assert negative.eq(0).all()
    assert torch.equal(positive, alone(1.0))


def test_an_entry_out_of_its_range_is_not_evaluated() -> None:
    late = replace(entry(1.0), start_sigma=1.0)
    (estimate,), rows = evaluate([late])
    assert rows == []
    assert estimate.eq(0).all()


def test_places_that_no_entry_speaks_about_are_0() -> None:
    (estimate,), _ = evaluate([entry(1.0, box=Area(4, 8), weight=1.0)])
    assert estimate[:, :, 4:].eq(0).all()
    assert torch.allclose(estimate[:, :, :4], alone(1.0)[:, :, :4])


def test_the_mean_of_two_entries_is_weighted() -> None:
    (estimate,), _ = evaluate([entry(1.0, weight=3.0), entry(0.0, weight=1.0)])
    assert torch.allclose(estimate, alone(0.75))


def test_a_default_entry_fills_what_the_others_leave() -> None:
    left = torch.zeros(1, 1, 8, 8)
    left[..., :4] = 0.25
    left[..., 7] = 5
    (estimate,), _ = evaluate([entry(1.0, weight=left), entry(0.0, is_default=True)])
    assert torch.allclose(estimate[..., :4], alone(0.25)[..., :4])
    assert torch.allclose(estimate[..., 4:7], alone(0.0)[..., 4:7])
    assert torch.allclose(estimate[..., 7], alone(1.0)[..., 7])


def test_default_entries_alone_count_whole() -> None:
    (estimate,), _ = evaluate([entry(1.0, is_default=True, weight=0.5), entry(0.0, is_default=True, weight=0.5)])
    assert torch.allclose(estimate, alone(0.5))


weights = st.floats(0.1, 4.0)
boxes = st.builds(Area, st.integers(1, 8), st.integers(1, 8), st.integers(0, 4), st.integers(0, 4)).map(
    lambda area: area.clipped(8, 8)
)
entries = st.lists(
    st.builds(lambda value, weight, box: entry(value, box=box, weight=weight), st.floats(-2, 2), weights, boxes),
    min_size=1,
    max_size=5,
)


@given(entries, st.randoms())
def test_the_order_of_entries_does_not_matter(listed: list[Prepared], random: object) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    (one,), _ = evaluate(listed)
    (other,), _ = evaluate(shuffled)
    assert torch.allclose(one, other, atol=1e-5)


@given(entries)
def test_a_batch_is_its_pictures_one_by_one(listed: list[Prepared]) -> None:
    (together,), _ = evaluate(listed)
    one_by_one = [evaluate(listed, x=X[index : index + 1])[0][0] for index in range(2)]
    assert torch.allclose(together, torch.cat(one_by_one), atol=1e-5)


@given(entries, st.integers(1, 12))
def test_how_many_rows_fit_into_a_call_does_not_matter(listed: list[Prepared], most: int) -> None:
    network, module = toy_network()
    (bounded,) = Evaluator(network, most_rows=most)([listed], X, SIGMA)
    assert max(module.rows) <= max(most, len(X))
    assert sum(module.rows) == 2 * len(listed)
    assert torch.allclose(bounded, evaluate(listed)[0][0], atol=1e-5)


@given(entries, weights)
def test_weights_count_relative_to_each_other(listed: list[Prepared], factor: float) -> None:
    scaled = [replace(each, weight=each.weight * factor) for each in listed]
    assert torch.allclose(evaluate(listed)[0][0], evaluate(scaled)[0][0], atol=1e-4)


@pytest.mark.parametrize(
    ("lengths", "joined"), [((77, 77), True), ((77, 154), True), ((77, 308), True), ((77, 385), False), ((3, 4), True)]
)
def test_texts_are_repeated_to_a_common_length_up_to_4_times(lengths: tuple[int, int], joined: bool) -> None:  # noqa: FBT001
    one, other = (entry(1.0, length) for length in lengths)
    assert can_join(one, other, X) == joined
    _, rows = evaluate([one], [other])
    assert rows == ([4] if joined else [2, 2])


def test_rows_of_unequal_shape_are_not_joined() -> None:
    one, other = (Prepared({"tokens": Input(torch.zeros(1, length, 3))}) for length in (2, 4))
    assert not can_join(one, other, X)
    assert not can_join(one, Prepared({}), X)
    assert not can_join(entry(1.0), one, X)
    assert not can_join(entry(1.0), entry(1.0, box=Area(4, 4)), X)


def test_areas_of_one_size_share_a_call() -> None:
    _, rows = evaluate([entry(1.0, box=Area(4, 8)), entry(2.0, box=Area(4, 8, 4, 0))], [entry(0.0)])
    assert sorted(rows) == [2, 4]


def test_inputs_are_joined_once_for_all_steps() -> None:
    network, _ = toy_network()
    evaluator, lists = Evaluator(network), [[entry(1.0)], [entry(2.0)]]
    for _ in range(3):
        evaluator(lists, X, SIGMA)
    assert len(evaluator._calls) == 1


def test_the_sample_is_not_changed() -> None:
    x = X.clone()
    evaluate([entry(1.0, box=Area(4, 8), weight=2.0), entry(2.0)], x=x)
    assert torch.equal(x, X)
