from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nodebook.models import latent_operations as ops
from nodebook.models.errors import LatentError
from nodebook.models.values import Latent


def numbered(*shape: int) -> torch.Tensor:
    return torch.arange(int(torch.tensor(shape).prod()), dtype=torch.float32).reshape(shape)


def test_other_members_of_a_latent_are_kept_and_nothing_is_changed() -> None:
    latent: Latent = {"samples": torch.zeros(1, 4, 2, 2), "batch_index": [7]}
    masked = ops.with_noise_mask(latent, torch.ones(3, 5, 6))
    assert masked["noise_mask"].shape == (3, 1, 5, 6)
    assert masked["batch_index"] == [7]
    assert "noise_mask" not in latent


@pytest.mark.parametrize(("count", "order"), [(1, [0]), (3, [0, 1, 2]), (7, [0, 1, 2, 0, 1, 2, 0])])
def test_a_batch_is_repeated_or_cut(count: int, order: list[int]) -> None:
    assert ops.repeat_to(numbered(3, 1), count).flatten().tolist() == order


@settings(deadline=None)
@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    x=st.integers(0, 30),
    y=st.integers(0, 30),
    width=st.integers(8, 30),
    height=st.integers(8, 30),
)
def test_a_crop_leaves_eight_elements_where_there_are_as_many(
    size: tuple[int, int], x: int, y: int, width: int, height: int
) -> None:
    samples = numbered(1, 1, *size)
    cut = ops.crop(samples, x, y, width, height)
    for axis, (asked, start) in zip((-1, -2), ((width, x), (height, y)), strict=True):
        side = samples.shape[axis]
        assert min(side, 8) <= cut.shape[axis] <= asked
        assert cut.shape[axis] == min(asked, side - max(0, min(start, side - 8)))


def test_pasting_cuts_off_what_stands_out() -> None:
    made = ops.paste(torch.zeros(1, 1, 3, 4), torch.ones(1, 1, 3, 3), x=2, y=1)
    assert made[0, 0].tolist() == [[0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
    assert not ops.paste(torch.zeros(1, 1, 3, 4), torch.ones(1, 1, 3, 3), x=4, y=0).any()


def test_pasting_fades_in_on_the_sides_that_are_not_at_the_border() -> None:
    made = ops.paste(torch.zeros(1, 1, 1, 8), torch.ones(1, 1, 1, 6), x=2, y=0, feather=2)
    assert made.flatten().tolist() == [0, 0, 0.5, 1, 1, 1, 1, 1]
    made = ops.paste(torch.zeros(1, 1, 8, 1), torch.ones(1, 1, 5, 1), x=0, y=1, feather=4)
    expected = torch.tensor([1, 2, 3, 4, 4]) / 4 * torch.tensor([4, 4, 3, 2, 1]) / 4
    torch.testing.assert_close(made.flatten()[1:6], expected)


def test_pasting_repeats_what_is_pasted() -> None:
    made = ops.paste_masked(torch.zeros(3, 1, 1, 1), numbered(2, 1, 1, 1) + 1, 0, 0, torch.tensor([[0.5]]))
    assert made.flatten().tolist() == [0.5, 1.0, 0.5]


@settings(deadline=None)
@given(seed=st.integers(0, 1000), ratio=st.floats(0, 1))
def test_interpolation_keeps_lengths(seed: int, ratio: float) -> None:
    first, second = torch.randn(2, 1, 4, 3, 3, generator=torch.Generator().manual_seed(seed)).unbind()
    lengths = ops.interpolate(first, second, ratio).norm(dim=1)
    torch.testing.assert_close(lengths, first.norm(dim=1) * ratio + second.norm(dim=1) * (1 - ratio))


def test_interpolation_reaches_both_ends_and_survives_zeros() -> None:
    first, second = torch.randn(2, 1, 4, 3, 3).unbind()
    torch.testing.assert_close(ops.interpolate(first, second, 1.0), first)
    torch.testing.assert_close(ops.interpolate(first, second, 0.0), second)
    zeros = torch.zeros_like(first)
    assert not ops.interpolate(zeros, zeros, 0.5).any()
    torch.testing.assert_close(ops.interpolate(first, zeros, 0.5), first / 2)


def test_a_second_latent_is_fitted_to_the_first() -> None:
    like = torch.zeros(3, 4, 4, 8)
    assert ops.fitted(torch.ones(2, 4, 16, 16), like).shape == like.shape
    middle = torch.zeros(1, 4, 16, 16)
    middle[:, :, 4:12] = 1  # what is left of a square that is cut to 1:2
    assert torch.equal(ops.fitted(middle, like), torch.ones_like(like))


@pytest.mark.parametrize("shape", [(1, 16, 4, 8), (1, 4, 2, 4, 8)])
def test_latents_of_other_channels_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(LatentError, match=r"channels and frames must agree.*one model family"):
        ops.fitted(torch.zeros(shape), torch.zeros(1, 4, 4, 8))


def test_items_keep_their_noise_and_their_masks() -> None:
    latent: Latent = {"samples": numbered(5, 1, 1, 1), "noise_mask": numbered(2, 1, 1, 1)}
    taken = ops.take(latent, 3, 10)
    assert taken["samples"].flatten().tolist() == [3, 4]
    assert taken["batch_index"] == [3, 4]
    assert taken["noise_mask"].flatten().tolist() == [1, 0]
    again = ops.take(taken, 9, 1)  # beyond the end: the last
    assert (again["samples"].flatten().tolist(), again["batch_index"]) == ([4], [4])


def test_one_mask_for_all_stays_one() -> None:
    latent: Latent = {"samples": numbered(3, 1, 1, 1), "noise_mask": torch.ones(1, 1, 2, 2)}
    assert ops.take(latent, 1, 2)["noise_mask"].shape == (1, 1, 2, 2)
    assert ops.repeat(latent, 2)["noise_mask"].shape == (1, 1, 2, 2)


def test_repeated_items_get_indices_behind_those_before() -> None:
    latent: Latent = {
        "samples": numbered(2, 1, 1, 1),
        "noise_mask": numbered(2, 1, 1, 1),
        "batch_index": [3, 5],
    }
    made = ops.repeat(latent, 3)
    assert made["samples"].flatten().tolist() == [0, 1] * 3
    assert made["noise_mask"].flatten().tolist() == [0, 1] * 3
    assert made["batch_index"] == [3, 5, 6, 8, 9, 11]
    assert "batch_index" not in ops.repeat({"samples": latent["samples"]}, 2)


def test_joined_batches_keep_their_indices() -> None:
    made = ops.join(
        {"samples": torch.zeros(2, 4, 4, 4), "batch_index": [6, 8]},
        {"samples": torch.ones(3, 4, 8, 8), "batch_index": [1, 2, 2]},
    )
    assert made["samples"].shape == (5, 4, 4, 4)
    assert made["samples"].mean(dim=(1, 2, 3)).tolist() == [0, 0, 1, 1, 1]
    assert made["batch_index"] == [6, 8, 1, 2, 2]
    assert ops.join({"samples": torch.zeros(1, 4, 2, 2)}, {"samples": torch.ones(2, 4, 2, 2)})["batch_index"] == [
        0,
        0,
        1,
    ]


@pytest.mark.parametrize(
    ("index", "amount", "left"),
    [(0, 1, [0]), (3, 9, [3, 4]), (9, 2, [4]), (-2, 1, [3]), (-2, 5, [3, 4]), (-9, 2, [0, 1])],
)
def test_cutting_along_an_axis(index: int, amount: int, left: list[int]) -> None:
    assert ops.cut(numbered(1, 1, 5, 1), 2, index, amount).flatten().tolist() == left


def test_slices_become_items_in_order() -> None:
    video = numbered(2, 1, 5, 1, 1)
    made = ops.cut_to_batch(video, 2, 2)
    assert made.shape == (4, 1, 2, 1, 1)
    assert made.flatten().tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    assert torch.equal(ops.cut_to_batch(video, 2, 6), video)
    columns = ops.cut_to_batch(numbered(1, 2, 1, 4), 3, 2)
    assert columns[:, 1, 0].tolist() == [[4, 5], [6, 7]]


def test_side_by_side() -> None:
    made = ops.concatenate(torch.zeros(2, 4, 2, 3), torch.ones(1, 4, 2, 5), -1)
    assert made.shape == (2, 4, 2, 8)
    with pytest.raises(LatentError, match=r"cannot be put side by side.*Upscale or crop"):
        ops.concatenate(torch.zeros(1, 4, 2, 3), torch.ones(1, 4, 3, 3), -1)


@pytest.mark.parametrize(
    ("index", "frames"), [(1, [0, 9, 9, 3]), (-2, [0, 1, 9, 9]), (3, [0, 1, 2, 3]), (-5, [0, 1, 2, 3])]
)
def test_frames_are_replaced_where_they_fit(index: int, frames: list[int]) -> None:
    made = ops.replace_frames(numbered(1, 1, 4, 1, 1), torch.full((1, 1, 2, 1, 1), 9.0), index)
    assert made.flatten().tolist() == frames


def test_frames_of_another_size_are_refused() -> None:
    with pytest.raises(LatentError, match=r"agree in all but T.*Resize or crop"):
        ops.replace_frames(torch.zeros(1, 1, 4, 2, 2), torch.zeros(1, 1, 2, 1, 1), 0)


def test_regrouping_keeps_indices_and_masks() -> None:
    masked: Latent = {"samples": numbered(3, 1, 1, 1), "noise_mask": torch.zeros(1, 1, 2, 2), "batch_index": [4, 5, 6]}
    plain: Latent = {"samples": numbered(2, 1, 1, 1) + 10}
    first, second, third = ops.regroup([masked, plain], 2)
    assert [each["samples"].flatten().tolist() for each in (first, second, third)] == [[0, 1], [2, 10], [11]]
    assert [each["batch_index"] for each in (first, second, third)] == [[4, 5], [6, 3], [4]]
    assert second["noise_mask"].shape == (2, 1, 8, 8)
    assert second["noise_mask"].mean(dim=(1, 2, 3)).tolist() == [0, 1]
    assert "noise_mask" not in third


def test_regrouping_begins_anew_where_the_size_changes() -> None:
    made = ops.regroup([{"samples": torch.zeros(1, 4, 2, 2)}, {"samples": torch.zeros(2, 4, 3, 2)}], 4)
    assert [tuple(each["samples"].shape) for each in made] == [(1, 4, 2, 2), (2, 4, 3, 2)]


@given(counts=st.lists(st.integers(1, 5), min_size=1, max_size=5), size=st.integers(1, 7))
def test_regrouping_loses_nothing(counts: list[int], size: int) -> None:
    start = 0
    latents: list[Latent] = []
    for count in counts:
        latents.append({"samples": torch.arange(start, start + count).reshape(-1, 1, 1, 1)})
        start += count
    made = ops.regroup(latents, size)
    assert torch.cat([each["samples"].flatten() for each in made]).tolist() == list(range(start))
    assert [index for each in made for index in each["batch_index"]] == list(range(start))
    assert all(len(each["samples"]) == size for each in made[:-1])
