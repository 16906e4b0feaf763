from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from nodebook.assets.errors import PictureError, PictureTooLargeError
from nodebook.nodes.mask_shapes import feather_mask, grow_mask, mask_composite
from nodebook.nodes.masks import (
    crop_mask,
    image_color_to_mask,
    image_to_mask,
    invert_mask,
    mask_to_image,
    solid_mask,
    threshold_mask,
)

masks = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=3, max_dims=3, max_side=8), elements=st.floats(0, 1, width=16)
).map(torch.from_numpy)


def dot(size: int = 7) -> Tensor:
    mask = torch.zeros(1, size, size)
    mask[0, size // 2, size // 2] = 1
    return mask


def test_a_mask_becomes_grey() -> None:
    image = mask_to_image(torch.tensor([[0.0, 0.5]]))
    assert image.shape == (1, 1, 2, 3)
    assert image[0, 0, 1].tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(("channel", "value"), [("red", 0.1), ("green", 0.2), ("blue", 0.3), ("alpha", 0.4)])
def test_a_channel_becomes_a_mask(channel: Any, value: float) -> None:
    image = torch.tensor([0.1, 0.2, 0.3, 0.4]).expand(2, 4, 4, 4)
    mask = image_to_mask(image, channel)
    assert mask.shape == (2, 4, 4)
    assert mask.flatten().tolist() == pytest.approx([value] * mask.numel())


def test_alpha_of_an_opaque_picture_is_an_error() -> None:
    with pytest.raises(PictureError, match="should take the alpha channel, but the picture has 3 channels"):
        image_to_mask(torch.zeros(1, 2, 2, 3), "alpha")


def test_a_colour_is_compared_in_eight_bits() -> None:
    image = torch.tensor([[0x33, 0x66, 0x99], [0x33, 0x66, 0x98]]).div(255).add(0.0015).reshape(1, 1, 2, 3)
    assert image_color_to_mask(image, 0x336699).tolist() == [[[1, 0]]]


def test_solid_masks() -> None:
    mask = solid_mask(0.25, 3, 2)
    assert mask.shape == (1, 2, 3)
    assert set(mask.flatten().tolist()) == {0.25}
    with pytest.raises(PictureTooLargeError):
        solid_mask(1.0, 2**16, 2**16)


def test_a_threshold_is_strict() -> None:
    assert threshold_mask(torch.tensor([[0.4, 0.5, 0.6]]), 0.5).tolist() == [[[0, 0, 1]]]


def test_cropping() -> None:
    mask = torch.arange(12.0).reshape(1, 3, 4) / 12
    assert torch.equal(crop_mask(mask, 1, 1, 2, 1), mask[:, 1:2, 1:3])
    assert crop_mask(mask, 2, 0, 99, 99).shape == (1, 3, 2)
    with pytest.raises(PictureError, match=r"nothing is left\. Choose x below 4 and y below 3"):
        crop_mask(mask, 4, 0, 1, 1)


@given(masks)
def test_inverting_twice_is_nothing(mask: Tensor) -> None:
    assert torch.allclose(invert_mask(invert_mask(mask)), mask)


OPERATIONS = {
    "multiply": [0.0, 0.0, 0.24, 1.0],
    "add": [0.0, 1.0, 1.0, 1.0],
    "subtract": [0.0, 0.0, 0.0, 0.0],
    "and": [0, 0, 0, 1],
    "or": [0, 1, 1, 1],
    "xor": [0, 1, 1, 0],
}


@pytest.mark.parametrize(("operation", "expected"), OPERATIONS.items())
def test_operations(operation: Any, expected: list[float]) -> None:
    destination, source = torch.tensor([[0.0, 0.0, 0.4, 1.0]]), torch.tensor([[0.0, 1.0, 0.6, 1.0]])
    assert mask_composite(destination, source, 0, 0, operation)[0, 0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(("x", "y", "ones"), [(0, 0, 4), (3, 3, 1), (2, 3, 2), (4, 0, 0), (99, 99, 0)])
def test_a_composite_is_clipped(x: int, y: int, ones: int) -> None:
    destination = torch.zeros(1, 4, 4)
    assert mask_composite(destination, torch.ones(1, 2, 2), x, y, "add").sum() == ones
    assert destination.max() == 0


def test_a_composite_repeats_the_shorter_batch() -> None:
    assert mask_composite(torch.zeros(1, 4, 4), torch.ones(3, 2, 2), 0, 0, "or").sum(dim=(1, 2)).tolist() == [4, 4, 4]
    assert mask_composite(torch.zeros(3, 4, 4), torch.ones(2, 2), 0, 0, "or").sum(dim=(1, 2)).tolist() == [4, 4, 4]


def test_a_feather_fades_each_side_the_same() -> None:
    mask = feather_mask(torch.ones(1, 8, 8), left=4)
    assert mask[0, 3, :5].tolist() == [0.25, 0.5, 0.75, 1, 1]
    # ComfyUI's right and bottom fades hit the first column and row instead of the last; that is not copied.
    assert torch.equal(feather_mask(torch.ones(1, 8, 8), right=4), mask.flip(2))
    assert torch.equal(feather_mask(torch.ones(1, 8, 8), top=4), mask.transpose(1, 2))
    assert torch.equal(feather_mask(torch.ones(1, 8, 8), bottom=4), mask.transpose(1, 2).flip(1))


@given(masks, *[st.integers(0, 20)] * 4)
def test_a_feather_only_takes_away(mask: Tensor, left: int, top: int, right: int, bottom: int) -> None:
    feathered = feather_mask(mask, left, top, right, bottom)
    assert feathered.shape == mask.shape
    assert (feathered <= mask).all()
    assert (feathered >= 0).all()


@pytest.mark.parametrize(
    ("expand", "tapered", "pixels"), [(0, True, 1), (1, True, 5), (2, True, 13), (1, False, 9), (2, False, 25)]
)
def test_growing(expand: int, tapered: bool, pixels: int) -> None:  # noqa: FBT001 -- a column of the table
    grown = grow_mask(dot(), expand, tapered)
    assert grown.sum() == pixels
    assert invert_mask(grow_mask(invert_mask(dot()), -expand, tapered)).sum() == pixels


def stepwise(mask: Tensor, passes: int, offsets: list[tuple[int, int]]) -> Tensor:
    """Growing as ComfyUI's rule says it: so many passes of a 3 x 3 brush."""
    for _ in range(passes):
        wide = torch.nn.functional.pad(mask, (1, 1, 1, 1), value=-1.0)
        height, width = mask.shape[1:]
        views = [wide[:, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width] for dx, dy in offsets]
        mask = torch.stack(views).amax(dim=0)
    return mask


PLUS = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
SQUARE = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]


@given(masks, st.integers(0, 12), st.booleans())
def test_growing_is_so_many_passes(mask: Tensor, passes: int, tapered: bool) -> None:  # noqa: FBT001 -- drawn
    assert torch.equal(grow_mask(mask, passes, tapered), stepwise(mask, passes, PLUS if tapered else SQUARE))


def test_growing_far_is_quick() -> None:
    assert grow_mask(dot(64), 16384, True).min() == 1
    assert grow_mask(dot(64), -16384, False).max() == 0


MASK_CALLS: dict[str, Any] = {
    "invert": invert_mask,
    "threshold": threshold_mask,
    "feather": lambda mask: feather_mask(mask, 1, 1, 1, 1),
    "grow": lambda mask: grow_mask(mask, 2),
    "grow by nothing": lambda mask: grow_mask(mask, 0),
    "shrink": lambda mask: grow_mask(mask, -2, False),
    "composite": lambda mask: mask_composite(mask, mask, 1, 1, "xor"),
    "crop": lambda mask: crop_mask(mask, 0, 0, 2, 2),
    "image": mask_to_image,
}


@pytest.mark.parametrize("call", MASK_CALLS.values(), ids=MASK_CALLS)
@pytest.mark.parametrize("shape", [(5, 6), (2, 5, 6)])
def test_inputs_are_never_changed_and_may_be_flat(call: Any, shape: tuple[int, ...]) -> None:
    mask = torch.rand(shape)
    before, version = mask.clone(), mask._version
    result = call(mask)
    assert result.ndim >= 3
    assert torch.equal(mask, before)
    assert mask._version == version


@pytest.mark.parametrize("call", MASK_CALLS.values(), ids=MASK_CALLS)
def test_a_picture_is_no_mask(call: Any) -> None:
    with pytest.raises(PictureError, match="A picture becomes a mask with a Convert Image to Mask node"):
        call(torch.zeros(1, 4, 4, 3))
