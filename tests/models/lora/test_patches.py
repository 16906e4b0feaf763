"""LoRA files on tiny networks: what weights become, at which strength, and what is said where a file does not fit."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch

from nodebook.models.errors import BrokenModelError, UnsuitableModelError
from nodebook.models.files import weights_file
from nodebook.models.handles import ClipHandle, ModelHandle, Patched
from nodebook.models.lora.attach import add_lora
from nodebook.models.lora.patch import LoraPatch
from tests.models.lora.tiny import clip_in, drawn, lora_in, model_in, weights_of

LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
UNET_KEY = f"lora_unet_{LAYER.replace('.', '_')}"
FC = "text_model.encoder.layers.0.mlp.fc1"
CLIP_KEY = f"lora_te_{FC.replace('.', '_')}"

DOWN, UP = drawn(2, 32, seed=2), drawn(32, 2, seed=3)
CLIP_DOWN, CLIP_UP = drawn(2, 16, seed=4), drawn(32, 2, seed=5)
FOR_UNET = {f"{UNET_KEY}.lora_down.weight": DOWN, f"{UNET_KEY}.lora_up.weight": UP}
FOR_CLIP = {f"{CLIP_KEY}.lora_down.weight": CLIP_DOWN, f"{CLIP_KEY}.lora_up.weight": CLIP_UP}


@pytest.fixture
def model(tmp_path: Path) -> ModelHandle:
    return model_in(tmp_path)


@pytest.fixture
def clip(tmp_path: Path) -> ClipHandle:
    return clip_in(tmp_path, "clip_l")


def model_with(model: ModelHandle, path: Path, strength: float = 1.0) -> ModelHandle:
    return add_lora(model, None, path, strength_model=strength)[0]


def test_each_part_has_its_own_strength(tmp_path: Path, model: ModelHandle, clip: ClipHandle) -> None:
    path = lora_in(tmp_path, FOR_UNET | FOR_CLIP)
    model_2, clip_2 = add_lora(model, clip, path, strength_model=0.5, strength_clip=-2.0)
    assert clip_2 is not None
    plain, patched = weights_of(model.network), weights_of(model_2.network)
    expected = plain[f"{LAYER}.weight"] + 0.5 * UP @ DOWN
    assert torch.allclose(patched.pop(f"{LAYER}.weight"), expected, atol=1e-6)
    assert all(torch.equal(value, plain[name]) for name, value in patched.items())
    words, words_2 = weights_of(clip.encoders[0]), weights_of(clip_2.encoders[0])
    assert torch.allclose(words_2[f"{FC}.weight"], words[f"{FC}.weight"] - 2.0 * CLIP_UP @ CLIP_DOWN, atol=1e-6)


def test_strength_0_gives_the_same_handles_without_reading(
    tmp_path: Path, model: ModelHandle, clip: ClipHandle
) -> None:
    nowhere = tmp_path / "none.safetensors"
    assert add_lora(model, clip, nowhere, strength_model=0.0, strength_clip=0.0) == (model, clip)
    assert add_lora(model, None, nowhere, strength_model=0.0, strength_clip=1.0) == (model, None)
    path = lora_in(tmp_path, FOR_UNET | FOR_CLIP)
    model_2, clip_2 = add_lora(model, clip, path, strength_model=0.0, strength_clip=1.0)
    assert model_2 == model
    assert clip_2 != clip


def test_two_loras_add_up_in_their_order(tmp_path: Path, model: ModelHandle) -> None:
    one = lora_in(tmp_path, {f"{UNET_KEY}.set_weight": drawn(32, 32, seed=6)}, "one.safetensors")
    two = lora_in(tmp_path, FOR_UNET, "two.safetensors")
    after, before = model_with(model_with(model, one), two), model_with(model_with(model, two), one)
    value = drawn(32, 32, seed=6)
    assert torch.allclose(weights_of(after.network)[f"{LAYER}.weight"], value + UP @ DOWN, atol=1e-6)
    assert torch.equal(weights_of(before.network)[f"{LAYER}.weight"], value)


def test_handles_are_equal_where_they_mean_the_same(tmp_path: Path, model: ModelHandle) -> None:
    path = lora_in(tmp_path, FOR_UNET)
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(path.read_bytes())
    assert model_with(model, path) == model_with(model, copy)
    assert hash(model_with(model, path).network) == hash(model_with(model, copy).network)
    assert model_with(model, path) != model_with(model, path, 0.5)


def test_only_what_a_file_changes_gets_a_patch(tmp_path: Path, model: ModelHandle) -> None:
    clip = clip_in(tmp_path, "clip_l", "clip_g", family="sdxl")
    path = lora_in(tmp_path, FOR_CLIP)
    model_2, clip_2 = add_lora(model, clip, path, strength_model=1.0, strength_clip=1.0)
    assert model_2 == model
    assert clip_2 is not None
    assert [len(each.patches) for each in clip_2.encoders] == [1, 0]


def test_alpha_dora_and_biases_of_one_layer(tmp_path: Path, model: ModelHandle) -> None:
    layer = LAYER.replace("to_q", "to_out.0")
    key = f"lora_unet_{layer.replace('.', '_')}"
    magnitude, bias = drawn(1, 32, seed=7).abs(), drawn(32, seed=8)
    path = lora_in(
        tmp_path,
        {
            f"{key}.lora_down.weight": DOWN.half(),
            f"{key}.lora_up.weight": UP.half(),
            f"{key}.alpha": torch.tensor(1.0, dtype=torch.float16),
            f"{key}.dora_scale": magnitude,
            f"{key}.diff_b": bias,
        },
    )
    plain, patched = weights_of(model.network), weights_of(model_with(model, path, 0.5).network)
    weight = plain[f"{layer}.weight"]
    changed = weight + 0.5 * UP.half().float() @ DOWN.half().float()
    full = changed / changed.norm(dim=0, keepdim=True) * magnitude
    assert torch.allclose(patched[f"{layer}.weight"], weight + 0.5 * (full - weight), atol=1e-5)
    assert torch.allclose(patched[f"{layer}.bias"], plain[f"{layer}.bias"] + 0.5 * bias, atol=1e-6)


def test_a_lora_of_convolutions(tmp_path: Path, model: ModelHandle) -> None:
    down, up = drawn(2, 32, 3, 3, seed=2), drawn(32, 2, 1, 1, seed=3)
    key = "lora_unet_input_blocks_1_0_in_layers_2"
    path = lora_in(tmp_path, {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up})
    name = "down_blocks.0.resnets.0.conv1.weight"
    expected = weights_of(model.network)[name] + torch.einsum("or,rikl->oikl", up[..., 0, 0], down)
    assert torch.allclose(weights_of(model_with(model, path).network)[name], expected, atol=1e-5)


def test_a_file_that_fits_in_part_is_used_and_the_rest_is_named(
    tmp_path: Path, model: ModelHandle, clip: ClipHandle, caplog: pytest.LogCaptureFixture
) -> None:
    rest = {f"lora_unet_nowhere_{number}.lora_up.weight": UP for number in range(5)}
    path = lora_in(tmp_path, FOR_UNET | FOR_CLIP | rest | {"odd": torch.ones(1)})
    with caplog.at_level(logging.WARNING):
        add_lora(model, clip, path, strength_model=1.0, strength_clip=1.0)
    (record,) = caplog.records
    assert "6 of its 8 layers are not in" in record.message
    assert "lora_unet_nowhere_0, lora_unet_nowhere_1, lora_unet_nowhere_2 and 3 more" in record.message


def test_layers_of_text_encoders_are_not_missed_where_the_model_alone_is_changed(
    tmp_path: Path, model: ModelHandle, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        model_with(model, lora_in(tmp_path, FOR_UNET | FOR_CLIP))
    assert not caplog.records


def test_a_file_for_another_family_is_an_error_that_says_for_which(
    tmp_path: Path, model: ModelHandle, clip: ClipHandle
) -> None:
    flux = {"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": DOWN}
    flux["lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight"] = UP
    path = lora_in(tmp_path, flux, "flux.safetensors")
    words = r"flux\.safetensors changes nothing in the unet of unet-0\.safetensors and the clip_l of .*made for Flux"
    with pytest.raises(UnsuitableModelError, match=words):
        add_lora(model, clip, path, strength_model=1.0, strength_clip=1.0)


def test_a_file_for_another_width_is_an_error_that_names_both(tmp_path: Path, model: ModelHandle) -> None:
    key = UNET_KEY.replace("attn1_to_q", "attn2_to_k")
    wide = {f"{key}.lora_down.weight": drawn(2, 768), f"{key}.lora_up.weight": UP}
    words = r"attn2\.to_k\.weight is \[32, 16\], the file's change has \[32, 768\].*made for Stable Diffusion 1\.x"
    with pytest.raises(UnsuitableModelError, match=words):
        model_with(model, lora_in(tmp_path, FOR_UNET | wide))


def test_a_file_that_is_no_lora_is_an_error(tmp_path: Path, model: ModelHandle) -> None:
    with pytest.raises(UnsuitableModelError, match=r"it holds no LoRA weights"):
        model_with(model, lora_in(tmp_path, {"weights": UP}))


def test_a_model_with_more_channels_takes_a_lora_of_the_plain_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inpaint = model_in(tmp_path, in_channels=9)
    path = lora_in(tmp_path, FOR_UNET | {"lora_unet_conv_in.diff": drawn(32, 4, 3, 3)})
    with caplog.at_level(logging.WARNING):
        changed = weights_of(model_with(inpaint, path).network)
    assert "conv_in.weight in another shape" in caplog.text
    plain = weights_of(inpaint.network)
    assert torch.equal(changed["conv_in.weight"], plain["conv_in.weight"])
    assert not torch.equal(changed[f"{LAYER}.weight"], plain[f"{LAYER}.weight"])


def test_values_that_are_not_finite_are_an_error_when_they_are_used(tmp_path: Path, model: ModelHandle) -> None:
    broken = FOR_UNET | {f"{UNET_KEY}.lora_up.weight": torch.full((32, 2), torch.nan)}
    patched = model_with(model, lora_in(tmp_path, broken))
    with pytest.raises(BrokenModelError, match=r"lora\.safetensors at strength 1\.0 makes values .*not finite"):
        weights_of(patched.network)


def test_a_cut_file_is_an_error(tmp_path: Path, model: ModelHandle) -> None:
    path = lora_in(tmp_path, FOR_UNET)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BrokenModelError, match=r"lora\.safetensors"):
        model_with(model, path)


def test_a_patch_alone_leaves_other_networks_as_they_are(tmp_path: Path, clip: ClipHandle) -> None:
    patch = LoraPatch(weights_file(lora_in(tmp_path, FOR_UNET)), 1.0)
    plain = weights_of(clip.encoders[0])
    patched = weights_of(Patched(clip.encoders[0].part, (patch,)))
    assert all(torch.equal(value, patched[name]) for name, value in plain.items())
