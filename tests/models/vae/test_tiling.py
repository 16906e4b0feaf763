from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from nodebook.models.errors import LatentError
from nodebook.models.vae.tiling import Tile, blend, count_tiles, positions, ramp, three_shapes

sides = st.integers(1, 40)


@st.composite
def tile_shapes(draw: st.DrawFn) -> Tile:
    height, width = draw(st.integers(2, 24)), draw(st.integers(2, 24))
    return Tile(height, width, draw(st.integers(0, min(height, width) - 1)))


def enlarged(by: int) -> Callable[[Tensor], Tensor]:
    """A function of each element alone: whatever the tiles, they must agree."""
    return lambda samples: functional.interpolate(samples.sin() * 3.0 + 0.5, scale_factor=by, mode="nearest")


@settings(max_examples=60, deadline=None)
@given(height=sides, width=sides, tiles=st.lists(tile_shapes(), min_size=1, max_size=3), by=st.sampled_from([1, 2, 8]))
def test_tiles_of_a_pointwise_function_give_that_function(height: int, width: int, tiles: list[Tile], by: int) -> None:
    samples = torch.arange(2 * 3 * height * width, dtype=torch.float32).reshape(2, 3, height, width)
    whole = enlarged(by)(samples)
    made = torch.stack(list(blend(enlarged(by), samples, tiles, scale=by)))
    torch.testing.assert_close(made, whole, rtol=1e-5, atol=1e-5)


@given(side=st.integers(1, 300), tile=st.integers(1, 80), overlap=st.integers(0, 79))
def test_tiles_cover_a_side_and_overlap_as_asked(side: int, tile: int, overlap: int) -> None:
    overlap = min(overlap, tile - 1)
    starts = positions(side, tile, overlap)
    ends = [min(side, start + tile) for start in starts]
    assert (starts[0], ends[-1]) == (0, side)
    assert all(end - following == overlap for end, following in zip(ends, starts[1:], strict=False))


@given(length=st.integers(1, 100), feather=st.integers(0, 120))
def test_weights_are_positive_and_alike_from_both_ends(length: int, feather: int) -> None:
    weights = ramp(length, feather)
    assert weights.min() > 0
    assert weights.max() <= 1
    assert torch.equal(weights, weights.flip(0))


def test_a_ramp_rises_from_one_step_to_one() -> None:
    assert ramp(6, 2).tolist() == [0.5, 1, 1, 1, 1, 0.5]
    assert ramp(4, 4).tolist() == [1, 1, 1, 1]  # does not fit


def test_a_seam_is_blended_by_distance() -> None:
    def mark(samples: Tensor) -> Tensor:
        return torch.full_like(samples, float(samples[0, 0, 0, 0]))

    samples = torch.arange(6, dtype=torch.float32).reshape(1, 1, 1, 6)
    (made,) = blend(mark, samples, [Tile(4, 4, 2)], scale=1)
    # tiles at 0..4 (value 0) and 2..6 (value 2); weights 1/2, 1 from each end
    torch.testing.assert_close(made[0, 0], torch.tensor([0, 0, 2 * 0.5 / 1.5, 2 / 1.5, 2, 2]))


def test_tiles_of_three_shapes_have_one_area() -> None:
    assert three_shapes(64, 16) == (Tile(128, 32, 16), Tile(32, 128, 16), Tile(64, 64, 16))


def test_progress_counts_the_tiles_of_all_items_and_shapes() -> None:
    seen: list[tuple[int, int]] = []
    samples, tiles = torch.zeros(2, 1, 12, 10), three_shapes(6, 1)
    list(blend(lambda each: each, samples, tiles, scale=1, on_tile=lambda *each: seen.append(each)))
    total = 2 * count_tiles(12, 10, tiles)
    assert seen == [(done, total) for done in range(1, total + 1)]


def test_an_exception_from_the_progress_callback_stops_the_work() -> None:
    calls = []

    def stop(done: int, _total: int) -> None:
        calls.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(blend(lambda each: each, torch.zeros(1, 1, 20, 20), [Tile(4, 4, 1)], scale=1, on_tile=stop))
    assert calls == [1]


@pytest.mark.parametrize(("side", "overlap"), [(4, 4), (4, 9), (3, -1)])
def test_tiles_that_would_not_advance_are_refused(side: int, overlap: int) -> None:
    with pytest.raises(LatentError, match=r"cannot overlap by .*Choose an overlap from 0 to"):
        Tile(side, side, overlap)
