from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nodebook.models.latents import SD1, SD3
from nodebook.models.previews import fit_into, latent_to_rgb, previewer
from tests.golden_data import array, cases, expect_close, needs_golden
from tests.models.vae.support import tiny_vae


@needs_golden
@pytest.mark.parametrize("case", cases("preview"))
def test_colours_are_comfyuis(case: dict[str, Any]) -> None:
    formats = {"SD15": SD1, "SD3": SD3}
    kinds = {name: case["graph"][node]["inputs"] for name, (node, _slot) in case["outputs"].items()}
    latents = {name: array(case["graph"][inputs["latent"][0]]["inputs"]["name"]) for name, inputs in kinds.items()}
    latent_format = formats[kinds["rgb"]["format"]]
    drawn = torch.from_numpy(latent_to_rgb(latent_format, latents["rgb"][0]))
    assert torch.equal(drawn, array(case["arrays"]["rgb"]["array"]))
    expect_close(case, "process_in", latent_format.process_in(latents["process_in"]))
    expect_close(case, "process_out", latent_format.process_out(latents["process_out"]))


def test_the_first_item_is_drawn_with_a_pixel_for_each_element() -> None:
    show = previewer(SD1)
    assert show is not None
    latent = torch.randn(2, 4, 12, 16)
    picture = show(latent)
    assert picture.shape == (12, 16, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert np.array_equal(picture, show(latent[:1]))
    assert np.array_equal(picture, show(latent[:, :, None]))  # of a video its first frame
    assert picture.std() > 1


def test_large_latents_are_shown_no_larger_than_the_bound() -> None:
    show = previewer(SD1, max_side_px=64)
    assert show is not None
    assert show(torch.randn(1, 4, 200, 50)).shape == (64, 16, 3)


def test_nan_is_shown_black() -> None:
    assert int(latent_to_rgb(SD1, torch.full((4, 2, 2), torch.nan)).max()) == 0


def test_a_format_without_a_fit_has_no_preview() -> None:
    assert previewer(replace(SD1, rgb=())) is None


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 40), width=st.integers(1, 40), side=st.integers(1, 90))
def test_a_picture_is_fitted_by_its_longer_side_and_never_enlarged(height: int, width: int, side: int) -> None:
    picture = np.full((height, width, 3), 77, dtype=np.uint8)
    fitted = fit_into(picture, side)
    assert max(fitted.shape[:2]) == min(side, max(height, width))
    assert abs(fitted.shape[0] * width - fitted.shape[1] * height) <= max(height, width)
    assert np.array_equal(fitted, np.full_like(fitted, 77))


def test_a_tiny_decoder_draws_what_it_decodes() -> None:
    tiny = tiny_vae()
    show = previewer(SD1, tiny)
    assert show is not None
    latent = torch.randn(2, 4, 8, 6)
    with torch.no_grad():
        colours = tiny.decode(latent[:1]).sample[0].movedim(0, -1)
    expected = ((colours + 1) / 2).clamp(0, 1).mul(255).to(torch.uint8)
    assert expected.float().std() > 1
    assert np.array_equal(show(latent), expected.numpy())
    small = previewer(SD1, tiny, max_side_px=32)
    assert small is not None
    assert small(latent).shape == (32, 24, 3)
