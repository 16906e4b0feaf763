"""The demo model that ships with the package, through the nodes: what a prompt, a seed, a picture and its LoRA do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch.nn import functional

import nodebook.models
from nodebook.models.folders import ModelFolders
from nodebook.models.handles import ClipHandle, ModelHandle, VaeHandle
from nodebook.models.load import load_checkpoint
from nodebook.models.lora.attach import add_lora
from nodebook.models.pool import Pool
from nodebook.nodes.diffusion.ksampler import ksampler
from nodebook.nodes.diffusion.latents import empty_latent_image
from nodebook.nodes.diffusion.previewing import Previews
from nodebook.nodes.diffusion.text import clip_text_encode
from nodebook.nodes.diffusion.vae import vae_decode, vae_encode
from tools.demo_model.captions import Item, Scene, caption, lay_out
from tools.demo_model.judge import judge
from tools.demo_model.pictures import Picture, coverage, draw

DATA = Path(nodebook.models.__file__).parent / "data"
MODEL = DATA / "checkpoints" / "nodebook-demo.safetensors"
LORA = DATA / "loras" / "nodebook-demo-outline.safetensors"

STAR = Scene((Item("star", "yellow", "large"),), "blue")
SCENES = [
    STAR,
    Scene((Item("circle", "red"),), "white"),
    Scene((Item("ring", "white", "medium", "left"),), "purple"),
    Scene((Item("square", "green", "large"),), "black"),
    Scene((Item("cross", "red"), Item("circle", "yellow")), "blue"),
]


class Demo:
    """The shipped files, loaded as a graph loads them."""

    def __init__(self) -> None:
        self.pool = Pool()
        model, clip, vae = load_checkpoint(MODEL)
        assert clip is not None
        assert vae is not None
        self.model: ModelHandle = model
        self.clip: ClipHandle = clip
        self.vae: VaeHandle = vae

    def sample(self, words: str, *, seed: int = 1, model: ModelHandle | None = None) -> Picture:
        """One picture at the settings that the model card names."""
        latents = ksampler(
            model or self.model,
            seed=seed,
            cfg=5.0,
            scheduler="normal",
            positive=clip_text_encode(words, clip=self.clip, pool=self.pool),
            negative=clip_text_encode("", clip=self.clip, pool=self.pool),
            latent_image=empty_latent_image(128, 128),
            pool=self.pool,
            previews=Previews(self.pool, ModelFolders([], own=None)),
        )
        picture: Picture = vae_decode(latents, self.vae, pool=self.pool)[0].numpy()
        return picture


@pytest.fixture(scope="module")
def demo() -> Demo:
    return Demo()


def words_of(scene: Scene) -> str:
    return caption(scene, np.random.default_rng(0), plain=True)


def test_the_files_fit_in_the_package() -> None:
    assert MODEL.stat().st_size <= 16_000_000
    assert LORA.stat().st_size <= 1_000_000


@pytest.mark.parametrize("path", [MODEL, LORA])
def test_every_weight_is_a_finite_half(path: Path) -> None:
    with safe_open(path, "pt") as file:
        for name in file.keys():  # noqa: SIM118 -- no mapping
            tensor = file.get_tensor(name)
            assert tensor.isfinite().all(), name
            assert tensor.dtype == torch.float16 or name.endswith(".alpha"), name


@pytest.mark.parametrize("scene", SCENES, ids=words_of)
def test_a_prompt_names_what_is_drawn(demo: Demo, scene: Scene) -> None:
    score = judge(demo.sample(words_of(scene)), scene)
    assert (score.background, score.colour, score.shape, score.size, score.place) == (True,) * 5
    assert score.clean > 0.97


def test_a_seed_is_a_picture(demo: Demo) -> None:
    words = words_of(STAR)
    first, again, other = (demo.sample(words, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_the_lora_leaves_the_middle_of_a_shape_empty(demo: Demo) -> None:
    scene = Scene((Item("square", "yellow", "large"),), "blue")
    model, _ = add_lora(demo.model, None, LORA, strength_model=1.0)
    filled, outlined = demo.sample(words_of(scene)), demo.sample(words_of(scene), model=model)
    things, background = lay_out(scene, np.random.default_rng(0), jitter=0)
    np.testing.assert_allclose(filled[64, 64], things[0].colour, atol=0.15)
    np.testing.assert_allclose(outlined[64, 64], background, atol=0.15)


def test_the_vae_gives_back_what_training_draws(demo: Demo) -> None:
    picture = draw(*lay_out(STAR, np.random.default_rng(0)), 128)
    latents = vae_encode(torch.from_numpy(picture)[None], demo.vae, pool=demo.pool)
    got: Picture = vae_decode(latents, demo.vae, pool=demo.pool)[0].numpy()
    assert -10 * np.log10(np.square(got - picture).mean()) > 24
    assert judge(got, STAR).shape


def test_the_latent_rgb_fit_looks_like_the_picture(demo: Demo) -> None:
    with safe_open(MODEL, "pt") as file:
        fit = json.loads(file.metadata()["nodebook.latent_rgb"])
    things, background = lay_out(STAR, np.random.default_rng(0))
    picture = torch.from_numpy(draw(things, background, 128))
    latents = vae_encode(picture[None], demo.vae, pool=demo.pool)["samples"][0] * 0.18215
    seen = torch.einsum("chw,cr->hwr", latents, torch.tensor(fit["weights"])) + torch.tensor(fit["bias"])
    small = functional.avg_pool2d(picture.permute(2, 0, 1)[None] * 2 - 1, 8)[0].permute(1, 2, 0)
    away_from_edges = coverage(things[0], 128).reshape(16, 8, 16, 8).mean(axis=(1, 3)) % 1 == 0
    assert (seen - small)[torch.from_numpy(away_from_edges)].abs().mean() < 0.15
