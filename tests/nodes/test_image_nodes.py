"""The rules of ComfyUI's picture nodes, one named case each, and where nodebook departs from them on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from nodebook.assets.errors import PictureError, PictureTooLargeError
from nodebook.nodes import sizes
from nodebook.nodes.batch import empty_image, get_image_size, image_batch, image_from_batch, repeat_image_batch
from nodebook.nodes.composite import image_composite_masked, join_image_with_alpha, split_image_with_alpha
from nodebook.nodes.filters import BLEND_MODES, image_blend, image_blur, image_invert, image_sharpen
from nodebook.nodes.scale import (
    image_scale,
    image_scale_by,
    image_scale_to_max_dimension,
    image_scale_to_total_pixels,
)
from nodebook.nodes.shape import image_crop, image_flip, image_pad_for_outpaint, image_rotate

METHODS = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]


def picture(height: int = 6, width: int = 8, channels: int = 3, batch: int = 1, seed: int = 0) -> Tensor:
    return torch.rand(batch, height, width, channels, generator=torch.Generator().manual_seed(seed))


def solid(*color: float, size: tuple[int, int] = (4, 4), batch: int = 1) -> Tensor:
    return torch.tensor(color).expand(batch, *size, len(color)).clone()


pictures = st.builds(
    picture,
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.sampled_from([3, 4]),
    batch=st.integers(1, 3),
    seed=st.integers(0, 99),
)


# Resizing


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("crop", ["disabled", "center"])
def test_every_method_gives_the_size(method: Any, crop: Any) -> None:
    assert image_scale(picture(), method, 5, 11, crop).shape == (1, 11, 5, 3)


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(16, 0, (12, 16)), (0, 3, (3, 4)), (0, 0, (6, 8)), (1, 0, (1, 1)), (0, 1, (1, 1))],
)
def test_a_side_of_zero_keeps_the_aspect(width: int, height: int, size: tuple[int, int]) -> None:
    assert image_scale(picture(6, 8), "bilinear", width, height).shape[1:3] == size


def test_a_very_flat_picture_keeps_one_pixel() -> None:
    assert image_scale(picture(1, 4000), "area", 100, 0).shape[1:3] == (1, 100)


def test_a_center_crop_cuts_evenly() -> None:
    image = torch.arange(8.0).div(10).expand(1, 4, 8)[..., None].repeat(1, 1, 1, 3)
    assert image_scale(image, "nearest-exact", 4, 4, "center")[0, 0, :, 0].tolist() == pytest.approx(
        [0.2, 0.3, 0.4, 0.5]
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1)])
def test_a_center_crop_leaves_a_strip(method: Any, size: tuple[int, int]) -> None:
    assert image_scale(picture(3, 3), method, *size, "center").shape[1:3] == (size[1], size[0])


def test_lanczos_cuts_to_eight_bits_first() -> None:
    scaled = image_scale(solid(0.5, 0.25, 1.0), "lanczos", 8, 8)
    assert scaled[0, 4, 4].mul(255).tolist() == pytest.approx([127, 63, 255], abs=1e-4)


def test_lanczos_keeps_alpha() -> None:
    image = solid(0.5, 0.25, 1.0, 0.6)
    scaled = image_scale(image, "lanczos", 8, 8)
    assert scaled.shape == (1, 8, 8, 4)
    assert scaled[0, 4, 4].tolist() == pytest.approx([127 / 255, 63 / 255, 1, 153 / 255], abs=1.5 / 255)


@pytest.mark.parametrize(("factor", "size"), [(0.5, (3, 4)), (1.5, (9, 12)), (0.01, (1, 1)), (1.0, (6, 8))])
def test_scaling_by_a_factor_rounds(factor: float, size: tuple[int, int]) -> None:
    assert image_scale_by(picture(6, 8), "bicubic", factor).shape[1:3] == size


@pytest.mark.parametrize(
    ("megapixels", "steps", "size"),
    [(1.0, 1, (724, 1448)), (0.01, 1, (72, 145)), (0.01, 64, (64, 128)), (0.01, 256, (256, 256))],
)
def test_scaling_to_pixels(megapixels: float, steps: int, size: tuple[int, int]) -> None:
    scaled = image_scale_to_total_pixels(picture(10, 20), "area", megapixels, steps)
    assert scaled.shape[1:3] == size


@pytest.mark.parametrize(("largest", "size"), [(16, (12, 16)), (0, (6, 8)), (1, (1, 1))])
def test_scaling_to_the_longer_side(largest: int, size: tuple[int, int]) -> None:
    assert image_scale_to_max_dimension(picture(6, 8), "area", largest).shape[1:3] == size


@pytest.mark.parametrize(
    "make",
    [
        lambda: image_scale(picture(batch=2), "area", 16384, 16384),
        lambda: empty_image(16384, 16384, 2),
        lambda: image_pad_for_outpaint(picture(batch=2), 16384, 16384, 16384, 16384),
        lambda: repeat_image_batch(picture(1000, 1000), 4096),
    ],
)
def test_an_absurd_size_is_refused_before_it_is_made(make: Any) -> None:
    with pytest.raises(PictureTooLargeError, match=r"GiB. At most 4 GiB are allowed"):
        make()


def test_the_limit_is_a_whole_picture() -> None:
    sizes.check_size("x", 1, 16384, 16384)
    with pytest.raises(PictureTooLargeError):
        sizes.check_size("x", 2, 16384, 16384)


# Cutting, turning, padding


@pytest.mark.parametrize(
    ("width", "height", "x", "y", "size"),
    [(3, 2, 1, 1, (2, 3)), (99, 99, 0, 0, (6, 8)), (5, 5, 6, 4, (2, 2)), (5, 5, 99, 99, (1, 1))],
)
def test_a_crop_stays_inside(width: int, height: int, x: int, y: int, size: tuple[int, int]) -> None:
    assert image_crop(picture(6, 8), width, height, x, y).shape[1:3] == size


def test_a_crop_does_not_keep_the_whole_alive() -> None:
    assert image_crop(picture(100, 100), 2, 2).untyped_storage().nbytes() == 2 * 2 * 3 * 4


def test_turning_is_clockwise() -> None:
    image = torch.tensor([[1.0, 2.0], [3.0, 4.0]])[None, :, :, None].repeat(1, 1, 1, 3) / 10
    turned = {way: image_rotate(image, way)[0, :, :, 0].mul(10).round().tolist() for way in (
        "none", "90 degrees", "180 degrees", "270 degrees")}  # fmt: skip
    assert turned == {
        "none": [[1, 2], [3, 4]],
        "90 degrees": [[3, 1], [4, 2]],
        "180 degrees": [[4, 3], [2, 1]],
        "270 degrees": [[2, 4], [1, 3]],
    }


def test_the_x_axis_flips_rows() -> None:
    image = picture()
    assert torch.equal(image_flip(image, "x-axis: vertically")[:, 0], image[:, -1])
    assert torch.equal(image_flip(image, "y-axis: horizontally")[:, :, 0], image[:, :, -1])


def test_padding_is_grey_and_masked() -> None:
    image = solid(1.0, 0.0, 0.0, size=(10, 20))
    padded, mask = image_pad_for_outpaint(image, 8, 0, 16, 4, 0)
    assert padded.shape == (1, 14, 44, 3)
    assert mask.shape == (1, 14, 44)
    assert padded[0, 0, 0].tolist() == [0.5, 0.5, 0.5]
    assert torch.equal(padded[:, :10, 8:28], image)
    assert mask.sum() == 14 * 44 - 10 * 20
    assert mask[0, :10, 8:28].max() == 0


def test_the_fade_is_quadratic_and_only_at_padded_sides() -> None:
    _, mask = image_pad_for_outpaint(picture(20, 20), 8, 0, 8, 0, 4)
    row = mask[0, 10, 8:28]
    assert row[:5].tolist() == pytest.approx([1, (3 / 4) ** 2, (2 / 4) ** 2, (1 / 4) ** 2, 0])
    assert torch.equal(row, row.flip(0))
    assert torch.equal(mask[0, 0], mask[0, 10])


def test_a_fade_that_does_not_fit_twice_is_left_out() -> None:
    _, mask = image_pad_for_outpaint(picture(20, 8), 8, 8, 8, 8, 4)
    assert mask[0, 8:28, 8:16].max() == 0


@given(pictures, st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 3))
def test_padding_then_cropping_gives_the_picture(image: Tensor, a: int, b: int, c: int, d: int, fade: int) -> None:
    padded, mask = image_pad_for_outpaint(image, a, b, c, d, fade)
    assert torch.equal(image_crop(padded, image.shape[2], image.shape[1], a, b), image)
    assert 0 <= mask.min() <= mask.max() <= 1


@given(pictures)
def test_four_turns_and_two_flips_are_nothing(image: Tensor) -> None:
    turned = image
    for _ in range(4):
        turned = image_rotate(turned, "90 degrees")
    assert torch.equal(turned, image)
    for way in ("x-axis: vertically", "y-axis: horizontally"):
        assert torch.equal(image_flip(image_flip(image, way), way), image)


# Filters


@given(pictures)
def test_inverting_twice_is_nothing(image: Tensor) -> None:
    assert torch.allclose(image_invert(image_invert(image)), image, atol=1e-6)


def test_inverting_takes_alpha_too() -> None:
    assert image_invert(solid(0.0, 0.25, 1.0, 1.0))[0, 0, 0].tolist() == [1.0, 0.75, 0.0, 0.0]


def gaussian(radius: int, sigma: float) -> Tensor:
    line = torch.linspace(-1, 1, 2 * radius + 1)
    kernel = torch.exp(-(line[:, None] ** 2 + line[None, :] ** 2) / (2 * sigma**2))
    return kernel / kernel.sum()


def convolved(image: Tensor, kernel: Tensor) -> Tensor:
    """The filter as ComfyUI's rule says it, in two dimensions at once."""
    radius, channels = kernel.shape[0] // 2, image.shape[-1]
    planes = functional.pad(image.movedim(-1, 1), (radius,) * 4, mode="reflect")
    return functional.conv2d(planes, kernel.expand(channels, 1, -1, -1), groups=channels).movedim(1, -1)


@pytest.mark.parametrize(("radius", "sigma"), [(1, 0.1), (1, 1.0), (3, 0.5), (5, 10.0)])
def test_a_blur_is_the_mirrored_gaussian(radius: int, sigma: float) -> None:
    image = picture(12, 14, 4, 2)
    assert torch.allclose(image_blur(image, radius, sigma), convolved(image, gaussian(radius, sigma)), atol=1e-6)


@pytest.mark.parametrize(("radius", "sigma", "alpha"), [(1, 1.0, 1.0), (3, 0.5, 0.2), (2, 2.0, 5.0)])
def test_sharpening_is_its_kernel(radius: int, sigma: float, alpha: float) -> None:
    kernel = -10 * alpha * gaussian(radius, sigma)
    kernel[radius, radius] += 1 - kernel.sum()
    image = picture(12, 14)
    expected = convolved(image, kernel).clamp(0, 1)
    assert torch.allclose(image_sharpen(image, radius, sigma, alpha), expected, atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3)])
def test_a_brush_larger_than_the_picture_works(size: tuple[int, int]) -> None:
    image = picture(*size)
    mirrored = np.pad(image[0, :, :, 0].numpy(), 31, mode="reflect") if min(size) > 1 else None
    blurred = image_blur(image, 31, 1.0)
    assert blurred.shape == image.shape
    if mirrored is not None:
        window = torch.from_numpy(mirrored[:63, :63].copy())
        assert blurred[0, 0, 0, 0].item() == pytest.approx((window * gaussian(31, 1.0)).sum().item(), abs=1e-5)


@given(pictures, st.integers(1, 31), st.floats(0.1, 10))
def test_a_blur_stays_between_the_extremes(image: Tensor, radius: int, sigma: float) -> None:
    blurred = image_blur(image, radius, sigma)
    assert image.min() - 1e-5 <= blurred.min() <= blurred.max() <= image.max() + 1e-5


BLENDS = {"normal": 0.8, "multiply": 0.16, "screen": 0.84, "overlay": 0.32, "soft_light": 0.3488, "difference": -0.6}


@pytest.mark.parametrize(("mode", "blended"), BLENDS.items())
def test_blend_modes(mode: Any, blended: float) -> None:
    below, above = solid(0.2, 0.2, 0.2), solid(0.8, 0.8, 0.8)
    assert BLEND_MODES[mode](below, above)[0, 0, 0, 0].item() == pytest.approx(blended, abs=1e-3)
    mixed = image_blend(below, above, 0.5, mode)[0, 0, 0, 0].item()
    assert mixed == pytest.approx(min(1, max(0, 0.1 + blended / 2)), abs=1e-3)


@given(pictures, pictures, st.floats(0, 1), st.sampled_from(sorted(BLENDS)))
def test_a_blend_has_the_first_size_and_stays_in_range(a: Tensor, b: Tensor, factor: float, mode: Any) -> None:
    blended = image_blend(a, b, factor, mode)
    assert blended.shape[1:3] == a.shape[1:3]
    assert len(blended) == max(len(a), len(b))
    assert 0 <= blended.min() <= blended.max() <= 1


@given(pictures, st.sampled_from(sorted(BLENDS)))
def test_a_blend_of_nothing_is_the_first(image: Tensor, mode: Any) -> None:
    assert torch.allclose(image_blend(image, image.flip(1), 0.0, mode), image, atol=1e-6)


# Batches and compositing


def test_an_empty_image_has_its_colour() -> None:
    image = empty_image(3, 2, 2, 0x336699)
    assert image.shape == (2, 2, 3, 3)
    assert image[1, 1, 2].mul(255).round().tolist() == [0x33, 0x66, 0x99]


def test_a_batch_takes_the_first_size_and_all_channels() -> None:
    batch = image_batch(picture(6, 8, 3, 2), picture(3, 3, 4))
    assert batch.shape == (3, 6, 8, 4)
    assert batch[:2, ..., 3].min() == 1
    assert image_batch(picture(6, 8, 4), picture(6, 8, 3)).shape == (2, 6, 8, 4)


@pytest.mark.parametrize(("start", "length", "taken"), [(0, 1, [0]), (1, 9, [1, 2]), (9, 9, [2]), (2, 1, [2])])
def test_a_part_of_a_batch_is_cut_to_what_there_is(start: int, length: int, taken: list[int]) -> None:
    batch = picture(batch=3)
    assert torch.equal(image_from_batch(batch, start, length), batch[taken])


def test_repeating_goes_round() -> None:
    batch = picture(batch=2)
    assert torch.equal(repeat_image_batch(batch, 2), batch[[0, 1, 0, 1]])


def test_the_size_of_pictures() -> None:
    assert get_image_size(picture(6, 8, batch=3)) == (8, 6, 3)


def test_a_composite_without_a_mask_pastes_and_clips() -> None:
    below, above = solid(0.0, 0.0, 0.0, size=(4, 4), batch=2), solid(1.0, 1.0, 1.0, size=(3, 3))
    pasted = image_composite_masked(below, above, 2, 3)
    assert pasted.sum(dim=-1).div(3)[1].tolist() == [[0] * 4] * 3 + [[0, 0, 1, 1]]
    assert below.max() == 0


def test_a_composite_mixes_by_a_mask_of_any_size() -> None:
    below, above = solid(0.0, 0.0, 0.0), solid(1.0, 1.0, 1.0)
    mixed = image_composite_masked(below, above, 0, 0, mask=torch.full((1, 2, 2), 0.25))
    assert set(mixed.flatten().tolist()) == {0.25}
    assert torch.equal(image_composite_masked(below, above, 0, 0, mask=torch.full((2, 2), 0.25)), mixed)


def test_a_composite_stretches_the_source() -> None:
    assert image_composite_masked(solid(0.0, 0.0, 0.0), solid(1.0, 1.0, 1.0, size=(1, 2)), 0, 0, True).min() == 1


@pytest.mark.parametrize(("x", "y"), [(4, 0), (0, 4), (16384, 16384)])
def test_a_composite_outside_changes_nothing(x: int, y: int) -> None:
    below = picture(4, 4)
    assert torch.equal(image_composite_masked(below, picture(2, 2), x, y), below)


@pytest.mark.parametrize(("below", "above"), [(3, 4), (4, 3)])
def test_a_composite_has_the_channels_of_the_destination(below: int, above: int) -> None:
    assert image_composite_masked(picture(4, 4, below), picture(2, 2, above)).shape[-1] == below


def test_alpha_comes_apart_and_together() -> None:
    image = picture(channels=4)
    colours, mask = split_image_with_alpha(image)
    assert torch.equal(mask, 1 - image[..., 3])
    assert torch.allclose(join_image_with_alpha(colours, mask), image, atol=1e-6)
    assert split_image_with_alpha(picture())[1].max() == 0


def test_joining_takes_the_shorter_batch_and_resizes() -> None:
    assert join_image_with_alpha(picture(6, 8, 3, 3), torch.zeros(2, 3, 4)).shape == (2, 6, 8, 4)


# Any input


CALLS: dict[str, Any] = {
    "crop": lambda image: image_crop(image, 2, 2),
    "invert": image_invert,
    "blur": image_blur,
    "sharpen": image_sharpen,
    "blend": lambda image: image_blend(image, image),
    "composite": lambda image: image_composite_masked(image, image),
    "pad": lambda image: image_pad_for_outpaint(image, 8),
    "scale": lambda image: image_scale(image, "lanczos", 3, 3, "center"),
    "batch": lambda image: image_batch(image, image),
    "rotate": lambda image: image_rotate(image, "90 degrees"),
    "flip": image_flip,
    "repeat": lambda image: repeat_image_batch(image, 2),
    "part": image_from_batch,
    "join": lambda image: join_image_with_alpha(image, image[..., 0]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("channels", [3, 4])
def test_inputs_are_never_changed(call: Any, channels: int) -> None:
    image = picture(channels=channels, batch=2)
    before, version = image.clone(), image._version
    call(image)
    assert torch.equal(image, before)
    assert image._version == version


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_results_are_float32_pictures(call: Any) -> None:
    result = call(picture())
    image = result[0] if isinstance(result, tuple) else result
    assert image.dtype == torch.float32
    assert image.ndim == 4
    assert image.is_contiguous()


@pytest.mark.parametrize("wrong", [torch.zeros(5), torch.zeros(1, 4, 4, 2), torch.zeros(4, 4, dtype=torch.int64), None])
def test_what_is_no_picture_is_named(wrong: Any) -> None:
    with pytest.raises(PictureError, match="Expected a picture"):
        image_blur(wrong)
