from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nodebook.models.errors import UnsuitableModelError
from nodebook.models.latents import SD1, SD3, SDXL
from nodebook.models.networks import EMPTY_INPAINT_LATENT, FAMILIES, Canvas, sinusoids, working_bytes

TOKENS = torch.ones(1, 2, 8)


def config(**changes: Any) -> Any:
    usual = {"cross_attention_dim": 8, "in_channels": 4, "projection_class_embeddings_input_dim": None}
    return SimpleNamespace(**{**usual, **changes})


def canvas(**changes: Any) -> Canvas:
    usual = {"shape": (1, 4, 8, 12), "device": torch.device("cpu"), "dtype": torch.float32, "latent_format": SD1}
    return Canvas(**{**usual, **changes})


def inputs(family: str, unet: Any, name: str = "positive", run: Canvas | None = None, **options: Any) -> Any:
    found = FAMILIES[family].inputs(unet, [TOKENS, options], name, run or canvas())
    return {key: each.value for key, each in found.items()}


def sizes_told(vector: Tensor, count: int) -> list[float]:
    """Read sizes back from the lowest frequencies of their sinusoids."""
    waves = vector[0, 3:].reshape(count, 256)
    slowest = math.exp(-math.log(10_000) * 127 / 128)
    return [round(math.asin(wave[255].item()) / slowest, 1) for wave in waves]


def test_sinusoids_have_cosines_first_and_falling_frequencies() -> None:
    waves = sinusoids(torch.tensor([0.0, 3.0]), 4)
    assert waves[0].tolist() == [1, 1, 0, 0]
    assert waves[1].tolist() == pytest.approx([math.cos(3), math.cos(0.03), math.sin(3), math.sin(0.03)], abs=1e-6)


def test_sdxl_is_told_the_size_of_the_picture_unless_the_prompt_says_another() -> None:
    unet = config(projection_class_embeddings_input_dim=3 + 6 * 256)
    pooled = torch.tensor([[1.0, 2.0, 3.0]])
    vector = inputs("sdxl", unet, run=canvas(latent_format=SDXL), pooled_output=pooled)["vector"]
    assert vector[0, :3].tolist() == [1, 2, 3]
    assert sizes_told(vector, 6) == [64, 96, 0, 0, 64, 96]
    told: dict[str, Any] = {
        "width": 1024,
        "height": 832,
        "crop_w": 16,
        "crop_h": 32,
        "target_width": 960,
        "target_height": 768,
    }
    vector = inputs("sdxl", unet, pooled_output=pooled, **told)["vector"]
    assert sizes_told(vector, 6) == pytest.approx([832, 1024, 32, 16, 768, 960], abs=0.2)


@pytest.mark.parametrize(("name", "score"), [("positive", 6.0), ("negative", 2.5)])
def test_the_refiner_is_told_how_beautiful_a_picture_is_wanted(name: str, score: float) -> None:
    unet = config(projection_class_embeddings_input_dim=3 + 5 * 256)
    pooled = torch.zeros(1, 3)
    assert sizes_told(inputs("sdxl_refiner", unet, name, pooled_output=pooled)["vector"], 5) == [64, 96, 0, 0, score]
    told = inputs("sdxl_refiner", unet, name, pooled_output=pooled, aesthetic_score=8.0, prompt_type="negative")
    assert sizes_told(told["vector"], 5)[-1] == 8
    assert (
        sizes_told(inputs("sdxl_refiner", unet, pooled_output=pooled, prompt_type="negative")["vector"], 5)[-1] == 2.5
    )


@pytest.mark.parametrize(("pooled", "found"), [(None, "absent"), (torch.zeros(1, 5), "5 wide")])
def test_sdxl_without_its_pooled_prompt_is_refused(pooled: Tensor | None, found: str) -> None:
    unet = config(projection_class_embeddings_input_dim=3 + 6 * 256)
    with pytest.raises(
        UnsuitableModelError, match=rf"positive conditioning is {found}, .* one 3 wide: .* own checkpoint"
    ):
        inputs("sdxl", unet, pooled_output=pooled)


def test_unclip_networks_see_no_picture() -> None:
    assert inputs("sd2", config(projection_class_embeddings_input_dim=6))["vector"].tolist() == [[0] * 6]
    assert "vector" not in inputs("sd2", config())


def test_an_inpainting_network_without_a_mask_makes_everything_anew() -> None:
    picture = inputs("sd1", config(in_channels=9))["picture"]
    assert picture.shape == (1, 5, 8, 12)
    assert picture[:, 0].eq(1).all()
    assert picture[0, 1:, 3, 3].tolist() == pytest.approx(EMPTY_INPAINT_LATENT)


def test_an_inpainting_network_sees_mask_and_masked_picture_of_the_prompt() -> None:
    mask = torch.zeros(1, 64, 96)
    mask[..., 34:] = 1
    kept = torch.full((1, 4, 8, 12), 2.0)
    picture = inputs("sd1", config(in_channels=9), concat_latent_image=kept, concat_mask=mask)["picture"]
    assert picture[0, 0, 0].tolist() == [0] * 4 + [1] * 8
    assert torch.allclose(picture[:, 1:], torch.tensor(2.0 * SD1.scale))


def test_an_inpainting_network_takes_the_runs_own_mask_where_the_prompt_has_none() -> None:
    mask = torch.zeros(2, 1, 8, 12)
    mask[..., 6:] = 0.9
    run = canvas(shape=(2, 4, 8, 12), latent=torch.full((2, 4, 8, 12), 3.0), noise_mask=mask)
    picture = inputs("sd1", config(in_channels=9), run=run)["picture"]
    assert picture.shape == (2, 5, 8, 12)
    assert picture[:, 0, :, 6:].eq(1).all()
    assert picture[:, 1:, :, :6].eq(3).all()
    assert picture[0, 1:, 0, 8].tolist() == pytest.approx(EMPTY_INPAINT_LATENT)


def test_an_editing_network_sees_the_picture_unscaled_at_the_size_of_the_sample() -> None:
    kept = torch.full((1, 4, 4, 6), 2.0)
    assert inputs("sd1", config(in_channels=8), concat_latent_image=kept)["picture"].eq(2).all()
    assert inputs("sd1", config(in_channels=8))["picture"].eq(0).all()
    assert inputs("sd1", config(in_channels=8))["picture"].shape == (1, 4, 8, 12)


class Patches(nn.Module):
    """A transformer that answers with what it sees, in patches of 2."""

    config = SimpleNamespace(patch_size=2, joint_attention_dim=8, pooled_projection_dim=3)

    def forward(self, x: Tensor, **_others: Any) -> tuple[Tensor]:
        assert x.shape[-1] % 2 == x.shape[-2] % 2 == 0
        return (x,)


def test_sd3_pads_odd_sizes_and_cuts_the_answer() -> None:
    found = inputs("sd3", Patches.config, run=canvas(latent_format=SD3), pooled_output=torch.zeros(1, 3))
    x = torch.randn(1, 16, 5, 7)
    assert torch.equal(FAMILIES["sd3"].call(Patches(), x, torch.zeros(1), found), x)


def test_sd3_texts_are_not_repeated() -> None:
    found = FAMILIES["sd3"].inputs(Patches.config, [TOKENS, {"pooled_output": torch.zeros(1, 3)}], "positive", canvas())
    assert {each.joins for each in found.values()} == {"rows"}


def test_larger_pictures_take_more_memory() -> None:
    assert working_bytes("sd1", (2, 64, 64), 4) == pytest.approx(327.68 * 2**20, rel=1e-3)
    assert working_bytes("sd3", (1, 64, 64), 2) == pytest.approx(1.6 * 81.92 * 2**20, rel=1e-3)
