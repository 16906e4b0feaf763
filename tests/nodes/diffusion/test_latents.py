from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nodebook.models.errors import LatentError
from nodebook.models.values import Latent
from nodebook.nodes.diffusion import latents as nodes

ROTATIONS: tuple[Any, ...] = ("none", "90 degrees", "180 degrees", "270 degrees")
FLIPS: tuple[Any, ...] = ("x-axis: vertically", "y-axis: horizontally")


def latent(*shape: int, **others: Any) -> Latent:
    return {"samples": torch.randn(shape), **others}  # type: ignore[typeddict-item]  # members of a latent


def of(samples: torch.Tensor) -> Latent:
    return {"samples": samples}


@pytest.mark.parametrize(("node", "channels"), [(nodes.empty_latent_image, 4), (nodes.empty_sd3_latent_image, 16)])
def test_an_empty_latent_is_zeros_of_an_eighth_of_the_size(node: Any, channels: int) -> None:
    made = node(width=520, height=264, batch_size=3)["samples"]
    assert made.shape == (3, channels, 33, 65)
    assert not made.any()


def test_an_absurd_size_is_refused_before_it_is_allocated() -> None:
    with pytest.raises(
        LatentError, match=r"EmptyLatentImage would make .* GiB\. At most 4 GiB .*smaller size or batch"
    ):
        nodes.empty_latent_image(16384, 16384, 4096)
    with pytest.raises(LatentError, match="LatentUpscaleBy would make"):
        nodes.latent_upscale_by(of(torch.zeros(1, 1, 1, 1).expand(64, 4, 1024, 1024)), scale_by=8.0)


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(256, 128, (16, 32)), (0, 128, (16, 24)), (96, 0, (8, 12)), (8, 8, (8, 8)), (0, 8, (8, 12)), (100, 70, (8, 12))],
)
def test_upscaling_to_a_size_in_pixels(width: int, height: int, size: tuple[int, int]) -> None:
    made = nodes.latent_upscale(latent(1, 4, 8, 12), "bilinear", width, height)
    assert made["samples"].shape[2:] == size


def test_upscaling_to_nothing_keeps_the_latent() -> None:
    given_latent = latent(1, 4, 8, 12)
    assert nodes.latent_upscale(given_latent, "area", 0, 0) is given_latent


def test_upscaling_keeps_the_rest_of_a_latent() -> None:
    mask = torch.ones(1, 1, 64, 64)
    made = nodes.latent_upscale_by(latent(1, 4, 3, 5, noise_mask=mask, batch_index=[3]), "bicubic", 1.5)
    assert made["samples"].shape == (1, 4, 4, 8)
    assert made["noise_mask"] is mask
    assert made["batch_index"] == [3]


@pytest.mark.parametrize("flip", FLIPS)
@settings(max_examples=10, deadline=None)
@given(height=st.integers(1, 9), width=st.integers(1, 9))
def test_flipping_twice_changes_nothing(flip: Any, height: int, width: int) -> None:
    before = latent(2, 4, height, width)
    after = nodes.latent_flip(nodes.latent_flip(before, flip), flip)
    assert torch.equal(after["samples"], before["samples"])


def test_flipping_turns_rows_or_columns() -> None:
    before = of(torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]]))
    assert nodes.latent_flip(before, FLIPS[0])["samples"].flatten().tolist() == [2, 3, 0, 1]
    assert nodes.latent_flip(before, FLIPS[1])["samples"].flatten().tolist() == [1, 0, 3, 2]


@pytest.mark.parametrize("turns", range(4))
def test_turns_add_up(turns: int) -> None:
    before = latent(1, 4, 3, 5)
    made = before
    for _ in range(turns):
        made = nodes.latent_rotate(made, "90 degrees")
    assert torch.equal(made["samples"], nodes.latent_rotate(before, ROTATIONS[turns])["samples"])
    assert torch.equal(nodes.latent_rotate(made, ROTATIONS[-turns])["samples"], before["samples"])


def test_a_quarter_turn_is_clockwise() -> None:
    before = of(torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]]))
    assert nodes.latent_rotate(before, "90 degrees")["samples"].flatten().tolist() == [2, 0, 3, 1]


def test_cropping_counts_in_pixels() -> None:
    before = latent(1, 4, 20, 30)
    made = nodes.latent_crop(before, width=71, height=64, x=17, y=8)
    assert torch.equal(made["samples"], before["samples"][:, :, 1:9, 2:10])
    late = nodes.latent_crop(before, width=512, height=512, x=16384, y=16384)
    assert torch.equal(late["samples"], before["samples"][:, :, -8:, -8:])


def test_pasting_counts_in_pixels() -> None:
    below, above = of(torch.zeros(1, 4, 8, 8)), of(torch.ones(1, 4, 4, 4))
    made = nodes.latent_composite(below, above, x=17, y=8, feather=16)["samples"][0, 0]
    assert made[1:5, 2:6].min() > 0
    assert made.sum() == made[1:5, 2:6].sum()
    assert made[2, 3] == 1
    assert float(made[1, 2]) == pytest.approx(0.25)


def test_pasting_through_a_mask() -> None:
    below, above = of(torch.zeros(3, 4, 4, 4)), of(torch.ones(1, 4, 4, 4))
    mask = torch.zeros(2, 8, 8)
    mask[1] = 0.25
    made = nodes.latent_composite_masked(below, above, mask=mask)["samples"]
    assert made.mean(dim=(1, 2, 3)).tolist() == [0, 0.25, 0]
    without = nodes.latent_composite_masked(below, of(torch.ones(1, 4, 2, 2)), x=8, y=16)["samples"]
    assert without[0, 0].nonzero().tolist() == [[2, 1], [2, 2], [3, 1], [3, 2]]


def test_pasting_can_stretch_the_source_first() -> None:
    below, above = of(torch.zeros(1, 4, 4, 6)), of(torch.ones(1, 4, 2, 2))
    assert nodes.latent_composite_masked(below, above, resize_source=True)["samples"].min() == 1


def test_a_noise_mask_has_one_channel() -> None:
    made = nodes.set_latent_noise_mask(latent(2, 4, 4, 4), torch.ones(2, 16, 24))
    assert made["noise_mask"].shape == (2, 1, 16, 24)


@pytest.mark.parametrize("node", [each for each in nodes.NODES if each.type_name.startswith("Latent")])
def test_nothing_given_is_changed(node: Any) -> None:
    first, second = latent(1, 4, 8, 8), latent(1, 4, 8, 8)
    before = [each["samples"].clone() for each in (first, second)]
    node(first, second) if "Composite" in node.type_name else node(first)
    assert all(torch.equal(was, each["samples"]) for was, each in zip(before, (first, second), strict=True))
