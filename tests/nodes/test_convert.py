from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from nodebook.assets.errors import PictureError
from nodebook.nodes.convert import (
    adopt_image,
    adopt_mask,
    image_to_pil,
    image_to_pils,
    pil_to_image,
    pils_to_image,
    to_array,
    to_image,
    to_mask,
    with_channels,
)

eight_bit = st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([3, 4])).flatmap(
    lambda shape: hnp.arrays(np.uint8, shape)
)


@given(eight_bit)
def test_eight_bits_survive_the_round_trip(pixels: np.ndarray[Any, Any]) -> None:
    image = pil_to_image(Image.fromarray(pixels))
    assert image.dtype == torch.float32
    assert image.shape == (1, *pixels.shape)
    assert 0 <= image.min() <= image.max() <= 1
    assert np.array_equal(np.asarray(image_to_pil(image)), pixels)
    assert torch.equal(image, to_image(pixels))


@given(hnp.arrays(np.float32, hnp.array_shapes(min_dims=3, max_dims=3, max_side=5), elements=st.floats(0, 1, width=32)))
def test_masks_survive_the_round_trip(values: np.ndarray[Any, Any]) -> None:
    assert np.array_equal(to_array(to_mask(values)), values)


RED_HALF = (255, 0, 0, 128)
MODES: dict[str, tuple[Image.Image, list[float]]] = {
    "1": (Image.new("1", (2, 2), 1), [1, 1, 1]),
    "L": (Image.new("L", (2, 2), 51), [0.2, 0.2, 0.2]),
    "LA": (Image.new("LA", (2, 2), (51, 102)), [0.2, 0.2, 0.2, 0.4]),
    "RGB": (Image.new("RGB", (2, 2), (255, 0, 51)), [1, 0, 0.2]),
    "RGBX": (Image.new("RGBX", (2, 2), (255, 0, 51, 0)), [1, 0, 0.2]),
    "RGBA": (Image.new("RGBA", (2, 2), RED_HALF), [1, 0, 0, 128 / 255]),
    "RGBa": (Image.new("RGBA", (2, 2), RED_HALF).convert("RGBa"), [1, 0, 0, 128 / 255]),
    "La": (Image.new("LA", (2, 2), (51, 255)).convert("La"), [0.2, 0.2, 0.2, 1]),
    "CMYK": (Image.new("CMYK", (2, 2), (0, 255, 255, 0)), [1, 0, 0]),
    "YCbCr": (Image.new("RGB", (2, 2), (51, 51, 51)).convert("YCbCr"), [0.2, 0.2, 0.2]),
    "HSV": (Image.new("HSV", (2, 2), (0, 255, 255)), [1, 0, 0]),
    "LAB": (Image.new("LAB", (2, 2), (255, 128, 128)), [1, 1, 1]),
    "P": (Image.new("RGB", (2, 2), (255, 0, 51)).quantize(4), [1, 0, 0.2]),
    "I;16": (Image.new("I;16", (2, 2), 13107), [0.2, 0.2, 0.2]),
    "I;16B": (Image.new("I;16B", (2, 2), 13107), [0.2, 0.2, 0.2]),
    "I": (Image.new("I", (2, 2), 13107), [0.2, 0.2, 0.2]),
    "I, 32 bits": (Image.new("I", (2, 2), 2**30), [0.5, 0.5, 0.5]),
    "F": (Image.new("F", (2, 2), 0.2), [0.2, 0.2, 0.2]),
    "F of Pillow": (Image.new("F", (2, 2), 51.0), [0.2, 0.2, 0.2]),
}


@pytest.mark.parametrize(("picture", "pixel"), MODES.values(), ids=MODES)
def test_every_mode_of_pillow(picture: Image.Image, pixel: list[float]) -> None:
    image = pil_to_image(picture)
    assert image.shape == (1, 2, 2, len(pixel))
    assert image[0, 1, 1].tolist() == pytest.approx(pixel, abs=0.006)


@pytest.mark.parametrize("mode", ["P", "RGB", "L", "1"])
def test_one_transparent_colour_becomes_alpha(mode: str) -> None:
    picture = Image.new("P", (2, 1)) if mode == "P" else Image.new(mode, (2, 1))
    if mode == "P":
        picture.putpalette([0, 0, 0, 255, 0, 0])
    colours: dict[str, Any] = {"P": 1, "RGB": (255, 0, 0), "L": 255, "1": 1}
    picture.putpixel((1, 0), colours[mode])
    picture.info["transparency"] = (0, 0, 0) if mode == "RGB" else 0
    assert pil_to_image(picture)[0, 0, :, 3].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (np.zeros((4, 5), np.uint8), (1, 4, 5, 3)),
        (np.zeros((4, 5, 1), np.float64), (1, 4, 5, 3)),
        (np.zeros((4, 5, 3), np.float16), (1, 4, 5, 3)),
        (np.zeros((4, 5, 4), bool), (1, 4, 5, 4)),
        (np.zeros((2, 4, 5, 3), np.uint16), (2, 4, 5, 3)),
        (np.zeros((4, 5, 3), ">f4"), (1, 4, 5, 3)),
        (np.zeros((8, 8, 3), np.float32)[::2, ::-1], (1, 4, 8, 3)),
        (torch.zeros(4, 5, 3, dtype=torch.bfloat16), (1, 4, 5, 3)),
    ],
)
def test_arrays_that_are_pictures(values: Any, shape: tuple[int, ...]) -> None:
    image = adopt_image(values)
    assert tuple(image.shape) == shape
    assert image.dtype == torch.float32


@pytest.mark.parametrize(
    ("full", "dtype"), [(255, np.uint8), (65535, np.uint16), (True, bool), (1.0, np.float64), (1.0, np.float16)]
)
def test_full_scale_is_one(full: Any, dtype: Any) -> None:
    assert to_image(np.full((1, 1), full, dtype)).tolist() == [[[[1.0, 1.0, 1.0]]]]
    assert to_mask(np.full((1, 1), full, dtype)).tolist() == [[[1.0]]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((4, 5), np.int64), r"got ndarray of shape \[4, 5\] and dtype int64"),
        (np.zeros((4, 5), complex), "picture of numbers, got .*complex128"),
        (np.array([["a"]]), "picture of numbers"),
        (np.zeros((3, 40, 50), np.float32), r"Channels seem to come first: use .permute\(1, 2, 0\)"),
        (torch.zeros(2, 3, 40, 50), r"shape \[2, 3, 40, 50\] and dtype float32.*permute\(0, 2, 3, 1\)"),
        (np.zeros((4, 5, 2), np.uint8), r"1, 3 or 4 channels, got ndarray of shape \[4, 5, 2\]"),
        (np.zeros((0, 5, 3), np.uint8), r"got ndarray of shape \[0, 5, 3\]"),
        (np.zeros(5, np.uint8), r"\[5\]"),
        (np.full((4, 5), 200.0), "values up to 200 .* Divide by 255"),
        ("photo.png", "got str"),
        ([1, 2], "got list of 2"),
        (None, "got NoneType"),
    ],
)
def test_arrays_that_are_no_pictures(values: Any, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        adopt_image(values)


@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5), (1, 4, 5, 1)])
def test_arrays_that_are_masks(shape: tuple[int, ...]) -> None:
    assert tuple(adopt_mask(np.zeros(shape)).shape) == (1, 4, 5)


@pytest.mark.parametrize("shape", [(4,), (1, 4, 5, 3), (0, 4, 5)])
def test_arrays_that_are_no_masks(shape: tuple[int, ...]) -> None:
    with pytest.raises(PictureError, match=r"Expected a mask of shape \[H, W\] or \[B, H, W\], got ndarray"):
        adopt_mask(np.zeros(shape))


def test_one_picture_is_not_a_batch() -> None:
    batch = torch.zeros(3, 2, 2, 3)
    with pytest.raises(PictureError, match=r"batch of 3.*list\[PIL.Image.Image\].*Image From Batch"):
        image_to_pil(batch)
    assert len(image_to_pils(batch)) == 3


def test_pictures_of_one_size_make_a_batch() -> None:
    image = pils_to_image([Image.new("RGB", (2, 3)), Image.new("RGBA", (2, 3), (0, 0, 0, 0))])
    assert image.shape == (2, 3, 2, 4)
    assert image[:, 0, 0, 3].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([], "at least one PIL.Image.Image, got list of 0"),
        ([Image.new("L", (1, 2)), Image.new("L", (2, 1))], r"got 1 x 2, 2 x 1"),
        (Image.new("L", (1, 1)), "Expected a list"),
        ([1], "Expected a PIL.Image.Image, got int"),
        ([Image.new("L", (0, 1))], "is empty"),
        ([Image.new("F", (1, 1), float("nan"))], "float picture"),
        ([Image.new("F", (1, 1), 5000.0)], "values from 5000 to 5000"),
    ],
)
def test_pictures_that_make_no_batch(pictures: Any, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        pils_to_image(pictures)


def test_pixels_are_rounded_and_limited() -> None:
    image = torch.tensor([-1.0, 0.5, 2.0, float("nan")]).reshape(1, 1, 4, 1)
    assert list(image_to_pil(image).convert("L").tobytes()) == [0, 128, 255, 0]


def test_channels_are_added_opaque_and_cut() -> None:
    image = torch.zeros(1, 1, 1, 3)
    assert with_channels(image, 4)[0, 0, 0].tolist() == [0, 0, 0, 1]
    assert with_channels(image, 1).shape[-1] == 1


def test_arrays_of_tensors_are_read_only_views() -> None:
    tensor = torch.zeros(2, 2)
    array = to_array(tensor)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    assert np.shares_memory(array, tensor.numpy())
    assert to_array(torch.ones(1, dtype=torch.bfloat16)).dtype == np.float32


def test_an_adopted_array_is_a_copy() -> None:
    array = np.zeros((2, 2, 3), np.float32)
    image = adopt_image(array)
    array += 1
    assert image.max() == 0
