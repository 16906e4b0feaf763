from __future__ import annotations

from typing import Any

import pytest
import torch

from nodebook.errors import InputValueError
from nodebook.models.values import Latent
from nodebook.nodes.diffusion import latent_math as nodes


def filled(value: float, *shape: int) -> Latent:
    return {"samples": torch.full(shape or (1, 4, 4, 4), value)}


@pytest.mark.parametrize(
    ("node", "options", "value"),
    [
        (nodes.latent_add, {}, 5.0),
        (nodes.latent_subtract, {}, -1.0),
        (nodes.latent_blend, {"blend_factor": 0.25}, 2.75),
        (nodes.latent_interpolate, {"ratio": 0.25}, 2.75),
    ],
)
def test_calculating_with_two_latents(node: Any, options: dict[str, float], value: float) -> None:
    first = {**filled(2.0, 3, 4, 4, 4), "batch_index": [4, 5, 6]}
    made = node(first, filled(3.0, 2, 4, 8, 16), **options)
    torch.testing.assert_close(made["samples"], torch.full((3, 4, 4, 4), value))
    assert made["batch_index"] == [4, 5, 6]


def test_multiplying() -> None:
    assert torch.equal(nodes.latent_multiply(filled(2.0), -1.5)["samples"], filled(-3.0)["samples"])


@pytest.mark.parametrize(
    ("dim", "shape", "first"),
    [("x", (1, 4, 4, 6), 0.0), ("-x", (1, 4, 4, 6), 1.0), ("y", (1, 4, 8, 3), 0.0), ("-y", (1, 4, 8, 3), 1.0)],
)
def test_side_by_side(dim: Any, shape: tuple[int, ...], first: float) -> None:
    made = nodes.latent_concat(filled(0.0, 1, 4, 4, 3), filled(1.0, 1, 4, 4, 3), dim)["samples"]
    assert made.shape == shape
    assert float(made[0, 0, 0, 0]) == first
    assert float(made[0, 0, -1, -1]) == 1 - first


def test_one_after_the_other() -> None:
    made = nodes.latent_concat(filled(0.0, 2, 4, 2, 3, 3), filled(1.0, 1, 4, 1, 3, 3), "-t")["samples"]
    assert made[1, 0, :, 0, 0].tolist() == [1, 0, 0]


def test_cutting_columns_rows_and_frames() -> None:
    video: Latent = {"samples": torch.randn(1, 4, 5, 6, 7)}
    samples = video["samples"]
    assert torch.equal(nodes.latent_cut(video, "x", -2, 1)["samples"], samples[..., -2:-1])
    assert torch.equal(nodes.latent_cut(video, "y", 1, 2)["samples"], samples[..., 1:3, :])
    assert torch.equal(nodes.latent_cut(video, "t", 3, 9)["samples"], samples[:, :, 3:])
    assert nodes.latent_cut_to_batch(video, "t", 2)["samples"].shape == (2, 4, 2, 6, 7)
    assert nodes.latent_cut_to_batch(video, "x", 3)["samples"].shape == (2, 4, 5, 6, 3)


@pytest.mark.parametrize("call", [nodes.latent_cut, nodes.latent_cut_to_batch])
def test_a_picture_has_no_time(call: Any) -> None:
    with pytest.raises(InputValueError, match=r"no time axis.*Choose x or y"):
        call(filled(0.0), "t")
