"""The script that makes the demo model: what it draws, says, writes and measures; and that a killed run goes on."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tools.demo_model import bank, measure
from tools.demo_model.__main__ import MERGES_FILE
from tools.demo_model.captions import (
    RADII,
    Item,
    Scene,
    caption,
    held_out,
    held_out_scenes,
    lay_out,
    random_scene,
)
from tools.demo_model.drawing import Parts
from tools.demo_model.export import fit_latent_rgb
from tools.demo_model.judge import judge
from tools.demo_model.ldm_layout import SCALE, Model, fold_scale, layout_state, read_model, write_model
from tools.demo_model.modules import TextSizes, UnetSizes, VaeSizes, build_text, build_unet, build_vae
from tools.demo_model.muon import orthogonal
from tools.demo_model.pictures import COLOURS, SHAPES, Thing, coverage, draw, draw_batch
from tools.demo_model.sampling import alphas_cumprod
from tools.demo_model.tokens import Tokens
from tools.demo_model.train_diffusion import DiffusionRun, DiffusionTrainer
from tools.demo_model.train_lora import LoraRun, lora_state, train_lora
from tools.demo_model.train_vae import VaeRun, train_vae, vae_batch

UNET = UnetSizes(widths=(16, 16), attention=(False, True), groups=2, heads=2, context=16)
TEXT = TextSizes(width=16, layers=1, heads=2)
VAE = VaeSizes(widths=(4, 4, 4, 4), groups=2)
IDS = list(range(1000, 1041))

seeds = st.integers(0, 2**32)


class WordTokens(Tokens):
    """A row for each word, so that a test needs no list of merges: as `Tokens`, for the trainer."""

    def __init__(self) -> None:
        self.ids = IDS

    def rows(self, texts: Iterable[str]) -> np.ndarray:
        words = [[40, *(1 + len(word) for word in text.split()), *[41] * 77][:77] for text in texts]
        return np.array(words)


def tiny_parts() -> Parts:
    torch.manual_seed(0)
    text = build_text(TEXT, len(IDS) + 1, len(IDS)).eval().requires_grad_(False)
    vae = build_vae(VAE).eval().requires_grad_(False)
    return Parts(vae, text, WordTokens())


def single(shape: str = "star", colour: str = "red", size: str = "medium", place: str = "centre") -> Scene:
    return Scene((Item(shape, colour, size, place),), "white")


# pictures


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_antialiased_and_stays_within_its_place(shape: str) -> None:
    cover = coverage(Thing(shape, (1, 0, 0), (0.5, 0.5), 0.25, 0.1), 64)
    soft = (cover > 0) & (cover < 1)
    assert 0.0 <= cover.min() < cover.max() == 1.0
    assert 0 < soft.sum() < 0.3 * (cover > 0).sum()
    assert not cover[:8].any()
    assert not cover[:, -8:].any()


def test_the_area_of_a_drawn_circle_is_the_circles() -> None:
    cover = coverage(Thing("circle", (1, 0, 0), (0.43, 0.52), 0.2), 128)
    assert cover.mean() == pytest.approx(np.pi * 0.2**2, rel=2e-3)


def test_a_square_turned_by_a_quarter_is_the_same_square() -> None:
    straight = coverage(Thing("square", (1, 0, 0), (0.5, 0.5), 0.3), 64)
    turned = coverage(Thing("square", (1, 0, 0), (0.5, 0.5), 0.3, np.pi / 2), 64)
    np.testing.assert_allclose(turned, straight, atol=1e-5)


def test_a_stroke_leaves_the_middle_empty() -> None:
    cover = coverage(Thing("square", (1, 0, 0), (0.5, 0.5), 0.3, stroke=0.25), 64)
    assert cover[32, 32] == 0.0
    assert cover[32, 32 - int(0.8 * 0.86 * 0.3 * 64) - 1] == 1.0


def test_a_picture_has_the_colours_asked_for() -> None:
    picture = draw([Thing("circle", COLOURS["red"], (0.5, 0.5), 0.2)], COLOURS["blue"], 32)
    np.testing.assert_allclose(picture[16, 16], COLOURS["red"], atol=1e-6)
    np.testing.assert_allclose(picture[0, 0], COLOURS["blue"], atol=1e-6)


# captions and the split


@given(seeds)
def test_training_never_sees_what_is_kept_out(seed: int) -> None:
    kept = {(scene.items[0].shape, scene.items[0].colour, scene.background) for scene in held_out_scenes(50, 0)}
    scene = random_scene(np.random.default_rng(seed))
    assert not held_out(scene)
    assert not kept & {(item.shape, item.colour, scene.background) for item in scene.items}


def test_two_hundred_scenes_to_measure_with_are_all_kept_out_and_all_kinds_occur() -> None:
    singles, pairs = list(held_out_scenes(200, 0)), list(held_out_scenes(0, 40))
    assert len(singles) == 200
    assert all(held_out(scene) for scene in singles + pairs)
    assert {scene.items[0].shape for scene in singles} == set(SHAPES)
    assert {scene.items[0].size for scene in singles} == set(RADII)
    assert all(len(scene.items) == 2 for scene in pairs)


def test_each_shape_and_each_colour_is_trained_on() -> None:
    rng = np.random.default_rng(0)
    items = list(itertools.chain.from_iterable(random_scene(rng).items for _ in range(2000)))
    assert {(item.shape, item.colour) for item in items} == set(itertools.product(SHAPES, COLOURS))


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (single(), "a red star on a white background"),
        (single("ring", "orange", "large", "top left"), "a large orange ring at the top left on a white background"),
        (single("ring", "orange"), "an orange ring on a white background"),
        (
            Scene((Item("ring", "red"), Item("star", "blue")), "black"),
            "a red ring and a blue star on a black background",
        ),
        (
            Scene((Item("ring", "red"), Item("star", "blue")), "black", stacked=True),
            "a red ring above a blue star on a black background",
        ),
    ],
)
def test_the_plain_caption_says_what_is_drawn(scene: Scene, words: str) -> None:
    assert caption(scene, np.random.default_rng(0), plain=True) == words


@given(seeds)
def test_every_wording_names_each_thing_and_the_background(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    words = caption(scene, rng)
    assert f"{scene.background} background" in words
    assert all(f"{item.colour} {item.shape}" in words for item in scene.items)


@given(seeds)
def test_things_stand_inside_the_picture(seed: int) -> None:
    rng = np.random.default_rng(seed)
    things, _ = lay_out(random_scene(rng), rng)
    for thing in things:
        cover = coverage(replace(thing, centre=(0.5, 0.5)), 64)
        assert coverage(thing, 64).sum() == pytest.approx(cover.sum(), rel=0.02)


# the judge


def test_the_judge_is_right_about_the_drawings_themselves() -> None:
    rng = np.random.default_rng(4)
    for scene in [*held_out_scenes(30, 0), *held_out_scenes(0, 15)]:
        score = judge(draw(*lay_out(scene, rng), 128), scene)
        assert (score.background, score.colour, score.shape, score.size) == (True, True, True, True), scene
        assert score.clean > 0.99


def test_the_judge_sees_what_is_wrong() -> None:
    rng = np.random.default_rng(5)
    picture = draw(*lay_out(single("star", "red", "large"), rng), 128)
    other = judge(picture, Scene((Item("ring", "blue", "small", "top left"),), "black"))
    assert (other.background, other.colour, other.shape, other.size, other.place) == (False,) * 5


def test_the_judge_finds_nothing_in_an_empty_picture() -> None:
    score = judge(draw([], COLOURS["white"], 128), single())
    assert (score.background, score.shape, score.colour) == (True, False, False)


def test_speckle_is_not_clean() -> None:
    rng = np.random.default_rng(6)
    picture = draw(*lay_out(single(), rng), 128)
    noisy = np.clip(picture + rng.normal(0, 0.2, picture.shape), 0, 1).astype(np.float32)
    assert judge(noisy, single()).clean < 0.6 < judge(picture, single()).clean


# the layout


@pytest.mark.parametrize(
    "sizes",
    [
        UNET,
        UnetSizes(widths=(16, 32, 16), attention=(True, False, True), layers=2, groups=4, heads=2, context=16),
    ],
)
def test_a_written_model_reads_back_the_same(tmp_path: Path, sizes: UnetSizes) -> None:
    parts = tiny_parts()
    model = Model(build_unet(sizes), parts.text, parts.vae, IDS)
    write_model(model, tmp_path / "model.safetensors", {"nodebook.latent_rgb": "{}"})
    read, metadata = read_model(tmp_path / "model.safetensors", (sizes, TEXT, VAE), IDS)
    wanted, got = layout_state(model), layout_state(read)
    assert wanted.keys() == got.keys()
    assert all(torch.equal(wanted[name], got[name]) for name in wanted)
    assert metadata["nodebook.unet.norm_num_groups"] == str(sizes.groups)
    assert metadata["nodebook.vae.norm_num_groups"] == "2"
    assert metadata["nodebook.clip.attention_heads"] == "2"


def test_diffusers_reads_the_layout_as_sd_1() -> None:
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

    sizes = UnetSizes(widths=(16, 32, 16), attention=(True, True, False), layers=2, groups=4, heads=2, context=16)
    parts, unet = tiny_parts(), build_unet(sizes)
    state = layout_state(Model(unet, parts.text, parts.vae, IDS))
    pairs: list[tuple[Any, Any]] = [(unet, convert_ldm_unet_checkpoint), (parts.vae, convert_ldm_vae_checkpoint)]
    for module, convert in pairs:
        converted = convert(dict(state), config=dict(module.config))
        own = module.state_dict()
        assert converted.keys() == own.keys()
        assert all(torch.equal(converted[name].view(own[name].shape), own[name].half()) for name in own)


def test_the_embedding_has_every_clip_token_and_nought_for_unused_ones() -> None:
    parts = tiny_parts()
    state = layout_state(Model(build_unet(UNET), parts.text, parts.vae, IDS))
    table = state["cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"]
    assert table.shape == (49408, 16)
    assert set(table.any(dim=1).nonzero().flatten().tolist()) == set(IDS)


def test_folding_the_scale_in_keeps_the_pictures() -> None:
    vae = tiny_parts().vae
    pictures = torch.rand(4, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        before = vae.encode(pictures).latent_dist.mode()
        wanted = vae.decode(before).sample
        fold_scale(vae, before)
        after = vae.encode(pictures).latent_dist.mode()
        torch.testing.assert_close(vae.decode(after).sample, wanted, atol=1e-4, rtol=1e-4)
    scaled = after * SCALE
    torch.testing.assert_close(scaled.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(scaled.std(dim=(0, 2, 3)), torch.tensor([1.0, 1.0, 1.0, 0.3]), atol=1e-3, rtol=0)


def test_the_latent_rgb_fit_has_a_row_for_each_channel() -> None:
    fit = fit_latent_rgb(tiny_parts().vae, pictures=4, size=32)
    assert [len(row) for row in fit["weights"]] == [3, 3, 3, 3]
    assert len(fit["bias"]) == 3


# training


def test_the_unet_starts_by_giving_back_its_input() -> None:
    torch.manual_seed(0)
    unet = build_unet(UnetSizes(widths=(64, 16), attention=(False, True), context=16))
    latents = torch.randn(2, 4, 8, 8)
    with torch.no_grad():
        output = unet(latents, torch.tensor([999, 500]), torch.randn(2, 77, 16)).sample
    assert (output - latents).std() < 0.15


def test_the_schedule_is_that_of_sd_1() -> None:
    kept = alphas_cumprod()
    assert kept.dtype == torch.float64
    assert ((1 - kept[[0, -1]]) / kept[[0, -1]]).sqrt().tolist() == pytest.approx([0.02916716, 14.6146412], rel=1e-6)


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (8, 8)])
def test_muon_steps_are_nearly_orthogonal(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    singular = torch.linalg.svdvals(orthogonal(torch.randn(3, *shape)))
    assert singular.min() > 0.5
    assert singular.max() < 1.4


def test_a_killed_diffusion_run_goes_on_as_if_it_had_not_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank, "CHUNK", 4)
    run = DiffusionRun(steps=4, batch=2, warm_up=2, chunks=1, steps_per_chunk=2, save_every=2, judge_every=100)
    parts = tiny_parts()

    def trainer(folder: str) -> DiffusionTrainer:
        return DiffusionTrainer(run, UNET, parts, tmp_path / folder)

    whole = trainer("whole")
    for _ in range(4):
        whole.step()
    first = trainer("killed")
    first.step(), first.step()
    first.save()
    first.step()  # lost by the kill
    second = trainer("killed")
    assert second.done == 2
    second.step(), second.step()
    for name, tensor in whole.average.state_dict().items():
        assert torch.equal(tensor, second.average.state_dict()[name]), name


def test_a_killed_vae_run_goes_on_as_if_it_had_not_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = VaeRun(steps=3, batch=1, size=32, crop=16, save_every=2)
    whole = train_vae(run, VAE, tmp_path / "whole")

    def killed_at_two(run: VaeRun, step: int) -> torch.Tensor:
        if step == 2:
            raise KeyboardInterrupt
        return vae_batch(run, step)

    with monkeypatch.context() as patch:
        patch.setattr("tools.demo_model.train_vae.vae_batch", killed_at_two)
        with pytest.raises(KeyboardInterrupt):
            train_vae(run, VAE, tmp_path / "killed")
    resumed = train_vae(run, VAE, tmp_path / "killed")
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))


def test_a_lora_starts_as_nought_and_has_kohyas_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank, "CHUNK", 4)
    parts, unet = tiny_parts(), build_unet(UNET)
    before = {name: tensor.clone() for name, tensor in unet.state_dict().items()}
    added = train_lora(LoraRun(steps=1, batch=2, rank=2, chunks=1), unet, parts, tmp_path)
    state = lora_state(added)
    key = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
    assert state[f"{key}.lora_down.weight"].shape == (2, 16)
    assert state[f"{key}.lora_up.weight"].shape == (16, 2)
    assert state[f"{key}.alpha"].item() == 2.0
    assert any(tensor.any() for name, tensor in state.items() if name.endswith("lora_up.weight"))
    assert all(torch.equal(tensor, before[name]) for name, tensor in unet.state_dict().items())


def test_a_sheet_of_pictures_is_a_png(tmp_path: Path) -> None:
    from PIL import Image

    pictures = draw_batch([lay_out(single(), np.random.default_rng(0))] * 3, 16)
    measure.save_sheet(((pictures.transpose(0, 2, 3, 1) + 1) / 2).astype(np.float32), tmp_path / "sheet.png", columns=2)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (40, 40)


def test_captions_become_clips_tokens() -> None:
    tokens = Tokens(MERGES_FILE)
    assert tokens.full_ids("a red circle") == [49406, 320, 736, 7117, *[49407] * 73]
    assert len(tokens.full_ids("red " * 100)) == 77
    known, unknown = tokens.rows(["a red circle", "a red aardvark"])
    assert known.min() > 0
    assert (unknown == 0).sum() >= 1
