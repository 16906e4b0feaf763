"""Merges of tiny networks, and the errors of those that do not belong together."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch

from nodebook.models.errors import UnsuitableModelError
from nodebook.models.lora.attach import add_lora
from nodebook.models.lora.merge import Shares, merge_encoders, merge_models
from tests.models.lora.tiny import clip_in, drawn, lora_in, model_in, weights_of

LAYER = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"


def test_weights_are_added_by_their_shares(tmp_path: Path) -> None:
    one, two = model_in(tmp_path), model_in(tmp_path, seed=1)
    merged = weights_of(merge_models(one, two, Shares(0.25, -2.0)).network)
    first, second = weights_of(one.network), weights_of(two.network)
    assert all(torch.allclose(merged[name], 0.25 * first[name] - 2.0 * second[name], atol=1e-6) for name in first)


def test_what_changes_either_model_counts(tmp_path: Path) -> None:
    key = f"lora_unet_{LAYER.replace('.', '_')}"
    one, two = model_in(tmp_path), model_in(tmp_path, seed=1)
    first = lora_in(tmp_path, {f"{key}.diff": drawn(32, 32, seed=2)}, "first.safetensors")
    second = lora_in(tmp_path, {f"{key}.set_weight": drawn(32, 32, seed=3)}, "second.safetensors")
    one_2, _ = add_lora(one, None, first)
    two_2, _ = add_lora(two, None, second)
    merged = weights_of(merge_models(one_2, two_2, Shares(0.3, 0.7)).network)
    own = weights_of(one.network)[f"{LAYER}.weight"] + drawn(32, 32, seed=2)
    assert torch.allclose(merged[f"{LAYER}.weight"], 0.3 * own + 0.7 * drawn(32, 32, seed=3), atol=1e-6)


def test_the_longest_beginning_decides_a_blocks_shares(tmp_path: Path) -> None:
    one, two = model_in(tmp_path), model_in(tmp_path, seed=1)
    blocks = (("input_blocks", Shares(0.0, 1.0)), ("input_blocks.1.1", Shares(1.0, 0.0)), ("out", Shares(0.5, 0.5)))
    merged = weights_of(merge_models(one, two, Shares(0.2, 0.8), blocks).network)
    first, second = weights_of(one.network), weights_of(two.network)
    own_shares = {
        "conv_in.weight": 0.0,
        "down_blocks.0.resnets.0.conv1.weight": 0.0,
        "down_blocks.0.attentions.0.proj_in.weight": 1.0,
        "up_blocks.1.resnets.0.conv1.weight": 0.5,
        "conv_out.weight": 0.5,
        "mid_block.resnets.0.conv1.weight": 0.2,
        "time_embedding.linear_1.weight": 0.2,
    }
    for name, own in own_shares.items():
        assert torch.allclose(merged[name], own * first[name] + (1 - own) * second[name], atol=1e-6), name


def test_a_merge_with_oneself_is_oneself(tmp_path: Path) -> None:
    one = model_in(tmp_path)
    merged = weights_of(merge_models(one, one, Shares(0.5, 0.5)).network)
    assert all(torch.equal(value, merged[name]) for name, value in weights_of(one.network).items())


def test_merges_are_equal_where_they_mean_the_same(tmp_path: Path) -> None:
    one, two = model_in(tmp_path), model_in(tmp_path, seed=1)
    assert merge_models(one, two, Shares(0.5, 0.5)) == merge_models(one, two, Shares(0.5, 0.5))
    assert merge_models(one, two, Shares(0.5, 0.5)) != merge_models(one, two, Shares(0.4, 0.6))
    assert hash(merge_models(one, two, Shares(0.5, 0.5)).network)


def test_encoders_are_merged_each_with_its_like(tmp_path: Path) -> None:
    one, two = (clip_in(tmp_path, "clip_l", "clip_g", family="sdxl", seed=seed) for seed in (0, 10))
    merged = merge_encoders(one, two, Shares(0.5, 0.25))
    for index in range(2):
        first, second = weights_of(one.encoders[index]), weights_of(two.encoders[index])
        made = weights_of(merged.encoders[index])
        assert all(torch.allclose(made[name], 0.5 * first[name] + 0.25 * second[name], atol=1e-6) for name in first)


def test_models_of_other_shapes_are_an_error(tmp_path: Path) -> None:
    one, two = model_in(tmp_path), model_in(tmp_path, seed=1, context_dim=32)
    words = r"Cannot merge the unet of unet-1\.safetensors into that of unet-0\.safetensors: \d+ of their weights"
    with pytest.raises(UnsuitableModelError, match=words):
        merge_models(one, two, Shares(0.5, 0.5))


def test_models_of_other_depth_are_an_error(tmp_path: Path) -> None:
    one, two = model_in(tmp_path), model_in(tmp_path, seed=1, middle_depth=-1)
    with pytest.raises(UnsuitableModelError, match=r"have no like of the same shape, for example mid_block"):
        merge_models(one, two, Shares(0.5, 0.5))


def test_an_inpainting_model_keeps_its_own_first_layer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one, two = model_in(tmp_path, in_channels=9), model_in(tmp_path, seed=1)
    with caplog.at_level(logging.WARNING):
        merged = weights_of(merge_models(one, two, Shares(0.5, 0.5)).network)
    assert "conv_in.weight in another shape" in caplog.text
    first, second = weights_of(one.network), weights_of(two.network)
    assert torch.equal(merged["conv_in.weight"], first["conv_in.weight"])
    assert torch.allclose(merged["conv_out.weight"], (first["conv_out.weight"] + second["conv_out.weight"]) / 2)


def test_other_encoders_are_an_error(tmp_path: Path) -> None:
    one, two = clip_in(tmp_path, "clip_l"), clip_in(tmp_path, "clip_l", "clip_g", family="sdxl")
    with pytest.raises(UnsuitableModelError, match=r"Cannot merge the text encoders clip_l with clip_l, clip_g"):
        merge_encoders(one, two, Shares(0.5, 0.5))
