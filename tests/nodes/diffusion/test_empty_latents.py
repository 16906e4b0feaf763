from __future__ import annotations

from typing import Any

import pytest
import torch

from nodebook.errors import InputValueError
from nodebook.models.errors import LatentError
from nodebook.nodes.diffusion import empty_latents as nodes

SIZES = {
    nodes.empty_flux2_latent_image: (2, 128, 40, 60),
    nodes.empty_hunyuan_image_latent: (2, 64, 20, 30),
    nodes.empty_chroma_radiance_latent_image: (2, 3, 640, 960),
    nodes.empty_hunyuan_latent_video: (2, 16, 13, 80, 120),
    nodes.empty_hunyuan_video15_latent: (2, 32, 13, 40, 60),
    nodes.empty_mochi_latent_video: (2, 12, 9, 80, 120),
    nodes.empty_cosmos_latent_video: (2, 16, 7, 80, 120),
    nodes.empty_ltxv_latent_video: (2, 128, 7, 20, 30),
}


@pytest.mark.parametrize(("node", "shape"), SIZES.items(), ids=lambda value: getattr(value, "type_name", ""))
def test_an_empty_latent_has_the_shape_of_its_family(node: Any, shape: tuple[int, ...]) -> None:
    length = {"length": 49} if len(shape) == 5 else {}
    made = node(width=960, height=640, batch_size=2, **length)["samples"]
    assert made.shape == shape
    assert not made.any()


@pytest.mark.parametrize("node", SIZES)
def test_an_absurd_size_is_refused(node: Any) -> None:
    with pytest.raises(LatentError, match=f"{node.type_name} would make a latent .*smaller size or batch"):
        node(width=16384, height=16384, batch_size=4096)


def test_the_first_frames_are_dropped() -> None:
    video = torch.arange(5.0).reshape(1, 1, 5, 1, 1)
    assert nodes.trim_video_latent({"samples": video}, 2)["samples"].flatten().tolist() == [2, 3, 4]
    assert nodes.trim_video_latent({"samples": video}, 9)["samples"].flatten().tolist() == [4]
    assert nodes.trim_video_latent({"samples": video}, 0)["samples"].flatten().tolist() == [0, 1, 2, 3, 4]


def test_a_picture_has_no_frames_to_drop() -> None:
    with pytest.raises(InputValueError, match="no time axis"):
        nodes.trim_video_latent({"samples": torch.zeros(1, 4, 8, 8)}, 1)
