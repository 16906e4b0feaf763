"""Detection on the headers of real files, and on small changes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from nodebook.models import detect
from nodebook.models.errors import BrokenModelError, UnknownModelError, UnsuitableModelError
from nodebook.models.families.candidate import Mismatch, Recognised
from nodebook.models.families.kinds import find_kind
from nodebook.models.families.text_encoders import identify_text_encoder, read_text_encoder
from nodebook.models.families.vae import find_kl, identify_vae
from nodebook.models.files import WeightsIndex
from nodebook.models.header import TensorInfo
from nodebook.models.spec import CheckpointSpec, MmditSpec, UnetSpec
from tests.golden_data import NUMERICS, needs_golden
from tests.models.headers import header, index_of, recorded_headers, value_of

FAMILIES = {
    "SD15": "sd1",
    "SD20": "sd2",
    "SD21UnclipL": "unclip",
    "SD21UnclipH": "unclip",
    "SDXL": "sdxl",
    "SSD1B": "sdxl",
    "Segmind_Vega": "sdxl",
    "KOALA_700M": "sdxl",
    "KOALA_1B": "sdxl",
    "SDXLRefiner": "sdxl_refiner",
    "SD3": "sd3",
    "Flux": "flux",
    "FluxSchnell": "flux",
    "Lumina2": "lumina2",
    "QwenImage": "qwen_image",
    "Stable_Cascade_C": "cascade_c",
    "Stable_Cascade_B": "cascade_b",
    "WAN21_T2V": "wan",
    "WAN22_T2V": "wan22_5b",
}
"""ComfyUI's class of a model -> our family."""

ENCODERS = {"CLIP_L": "clip_l", "CLIP_H": "clip_h", "CLIP_G": "clip_g", "T5_XXL": "t5_xxl", "T5_XL": "t5_xl"}
PREDICTIONS = {"EPS": "eps", "V_PREDICTION": "v", "FLOW": "flow"}
BROKEN = "broken-sd15-no-output-blocks"


def found(name: str) -> CheckpointSpec | Recognised | Mismatch:
    return detect.ask(index_of(name), lambda key: value_of(name, key))[-1].said


def of_kind(*kinds: str) -> list[str]:
    names = recorded_headers()
    return [name for name in names if name == "absent" or (header(name)["kind"] in kinds and name != BROKEN)] or names


@needs_golden
@pytest.mark.parametrize("name", of_kind("checkpoint", "diffusion_model"))
def test_a_model_is_of_its_family(name: str) -> None:
    expected, said = header(name)["expected"], found(name)
    assert getattr(said, "family", said) == FAMILIES[expected["model_class"]]
    if isinstance(said, CheckpointSpec):
        check_checkpoint(said, expected)


def check_checkpoint(said: CheckpointSpec, expected: dict[str, Any]) -> None:
    """Compare what is built with what ComfyUI found."""
    assert said.sampling.prediction == PREDICTIONS[expected["model_type"]]
    assert getattr(said.sampling.schedule, "zero_terminal_snr", False) == expected["sampling_settings"].get(
        "zsnr", False
    )
    assert said.latent_format.channels == expected["latent_channels"]
    assert said.network.prefix == (expected["prefix_guess"] if expected["path"] == "checkpoint" else "")
    encoders = {name: spec.layers for name, spec in said.encoders}
    counted = {name: count for name, count in expected.get("clip_keys_after_processing", {}).items() if "clip" in name}
    assert {name: (count - 4) // 16 for name, count in counted.items()} == encoders
    if "vae" in expected:
        assert said.vae is not None
        assert said.vae.latent_channels == expected["vae"]["latent_channels"]
        assert len(said.vae.channels) == 4
    if isinstance(said.network, UnetSpec):
        check_unet(said.network, expected["unet_config"])
    else:
        check_mmdit(said.network, expected["unet_config"])


def check_unet(unet: UnetSpec, config: dict[str, Any]) -> None:
    assert (unet.in_channels, unet.out_channels) == (config["in_channels"], config["out_channels"])
    assert unet.channels == tuple(config["model_channels"] * factor for factor in config["channel_mult"])
    assert list(unet.res_blocks) == config["num_res_blocks"]
    assert [depth for level in unet.down_depths for depth in level] == config["transformer_depth"]
    # ComfyUI writes the output side from the finest level on
    assert [depth for level in reversed(unet.up_depths) for depth in reversed(level)] == config[
        "transformer_depth_output"
    ]
    assert unet.middle_depth == config["transformer_depth_middle"]
    assert unet.context_dim == config["context_dim"]
    assert unet.linear_projection == config["use_linear_in_transformer"]
    assert unet.adm_channels == config["adm_in_channels"]
    width = config["num_head_channels"]
    assert unet.heads == tuple(config["num_heads"] if width == -1 else channels // width for channels in unet.channels)


def check_mmdit(network: MmditSpec, config: dict[str, Any]) -> None:
    assert (network.depth, network.patch) == (config["depth"], config["patch_size"])
    assert (network.in_channels, network.pooled_dim) == (config["in_channels"], config["adm_in_channels"])
    assert network.table_side == config["pos_embed_max_size"]
    assert network.width == 64 * network.depth


@needs_golden
@pytest.mark.parametrize("name", of_kind("text_encoder"))
def test_a_text_encoder_is_the_one_it_is(name: str) -> None:
    encoder, expected = identify_text_encoder(index_of(name)), header(name)["expected"]
    assert encoder is not None
    if name.startswith("umt5"):
        assert encoder.name == "umt5_xxl"  # ComfyUI takes it for T5-XXL until the user says otherwise
    elif expected["te_model"] in ENCODERS:
        assert encoder.name == ENCODERS[expected["te_model"]]
    assert find_kind(index_of(name)) is not None
    if encoder.name.startswith("clip_"):
        spec = read_text_encoder(index_of(name))[1]
        assert spec.positions == (248 if "248" in name else 77)
        assert spec.heads == spec.width // 64
    else:
        with pytest.raises(UnsuitableModelError, match="cannot run yet"):
            read_text_encoder(index_of(name))


@needs_golden
@pytest.mark.parametrize("name", of_kind("vae"))
def test_a_vae_is_told_from_other_files(name: str) -> None:
    kind, expected = find_kind(index_of(name)), header(name)["expected"]
    assert kind is not None
    assert kind.title == "a VAE"
    if expected.get("vae") == "ldm.models.autoencoder.AutoencoderKL" and "video" not in name:
        assert find_kl(index_of(name)).latent_channels == expected["latent_channels"]
    elif expected.get("vae"):
        assert identify_vae(index_of(name)) not in (None, "KL")
        with pytest.raises(UnsuitableModelError, match="cannot run yet"):
            find_kl(index_of(name))


@needs_golden
@pytest.mark.parametrize("name", of_kind("lora", "controlnet"))
def test_what_is_no_model_is_said_to_be_what_it_is(name: str) -> None:
    assert isinstance(found(name), Mismatch)
    kind = find_kind(index_of(name))
    assert kind is not None
    assert kind.title == {"lora": "a LoRA", "controlnet": "a ControlNet"}[header(name)["kind"]]


@needs_golden
def test_missing_output_blocks_are_a_broken_file_and_not_an_unknown_one() -> None:
    with pytest.raises(BrokenModelError, match=r"has 0 of the 12 output blocks"):
        found(BROKEN)


def changed(index: WeightsIndex, shapes: Mapping[str, tuple[int, ...]], **metadata: str) -> WeightsIndex:
    tensors = {**index.tensors, **{key: TensorInfo("F32", shape) for key, shape in shapes.items()}}
    return replace(index, tensors=tensors, metadata={**index.metadata, **metadata})


def as_sd2(in_channels: int = 4, **metadata: str) -> WeightsIndex:
    """Return an SD 1.5 header with the linear projections that make it an SD 2.x one."""
    index = index_of("sd15-emaonly-fp16")
    linear = {
        key: info.shape[:2]
        for key, info in index.tensors.items()
        if key.endswith(("proj_in.weight", "proj_out.weight"))
    }
    first = {"model.diffusion_model.input_blocks.0.0.weight": (320, in_channels, 3, 3)}
    return changed(index, {**linear, **first}, **metadata)


@needs_golden
@pytest.mark.parametrize(
    ("spread", "in_channels", "prediction"), [(0.05, 4, "eps"), (0.12, 4, "v"), (0.12, 9, "eps"), (0.089, 4, "eps")]
)
def test_a_bias_tells_what_sd2_predicts(spread: float, in_channels: int, prediction: str) -> None:
    asked = []

    def read(key: str) -> torch.Tensor:
        asked.append(key)
        return torch.tensor([-spread, spread] * 160, dtype=torch.float16)

    said = detect.ask(as_sd2(in_channels), read)[-1].said
    assert isinstance(said, CheckpointSpec)
    assert (said.family, said.sampling.prediction) == ("sd2", prediction)
    assert said.network.heads == (5, 10, 20, 20)
    assert len(asked) == (in_channels == 4)


@needs_golden
def test_metadata_override_what_shapes_do_not_tell() -> None:
    said = detect.ask(
        changed(
            index_of("sd15-emaonly-fp16"),
            {},
            **{
                "nodebook.unet.norm_num_groups": "16",
                "nodebook.vae.norm_num_groups": "8",
                "nodebook.unet.attention_heads": "4",
                "nodebook.clip.attention_heads": "6",
                "modelspec.prediction_type": "v",
                "nodebook.latent_rgb": json.dumps({"weights": [[0.1, 0.2, 0.3]] * 4, "bias": [1, 2, 3]}),
            },
        )
    )[-1].said
    assert isinstance(said, CheckpointSpec)
    assert isinstance(said.network, UnetSpec)
    assert said.vae is not None
    assert (said.network.norm_groups, said.network.heads, said.vae.norm_groups) == (16, (4, 4, 4, 4), 8)
    assert said.encoders[0][1].heads == 6
    assert said.sampling.prediction == "v"
    assert said.latent_format.rgb == ((0.1, 0.2, 0.3),) * 4
    assert said.latent_format.rgb_bias == (1.0, 2.0, 3.0)
    assert said.latent_format.scale == 0.18215


@needs_golden
@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("nodebook.unet.norm_num_groups", "many", r"expected a whole number from 1"),
        ("nodebook.unet.norm_num_groups", "0", r"expected a whole number from 1"),
        ("nodebook.latent_rgb", "{}", r"no fit of 4 channels"),
        ("nodebook.latent_rgb", "[[", r"no fit of 4 channels"),
        ("nodebook.latent_rgb", '{"weights": [[1, 2]]}', r"no fit of 4 channels"),
    ],
)
def test_wrong_metadata_are_refused(key: str, value: str, problem: str) -> None:
    with pytest.raises(BrokenModelError, match=problem):
        detect.ask(changed(index_of("sd15-emaonly-fp16"), {}, **{key: value}))


@needs_golden
@pytest.mark.parametrize(
    ("file", "widths"), [("tiny_sd1", {"clip_l": 4}), ("extra/tiny_sdxl", {"clip_l": 2, "clip_g": 3})]
)
def test_tiny_text_encoders_have_the_heads_that_they_were_made_with(file: str, widths: dict[str, int]) -> None:
    said = detect.detect(NUMERICS / f"{file}.safetensors")
    assert {name: spec.heads for name, spec in said.encoders} == widths


def test_an_unknown_file_is_answered_with_every_reason(tmp_path: Path) -> None:
    path = tmp_path / "strange.safetensors"
    save_file({"weights": torch.zeros(3)}, path)
    with pytest.raises(
        UnknownModelError, match=r"no family that is known here \(1 tensors; not Stable Diffusion 3, as"
    ):
        detect.detect(path)


@pytest.mark.parametrize(
    ("tensors", "advice"),
    [
        (["lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight"], r"a LoRA.*node Load LoRA"),
        (["encoder.conv_in.weight", "decoder.conv_in.weight"], r"a VAE.*node Load VAE"),
        (["text_model.encoder.layers.0.mlp.fc1.weight"], r"a text encoder.*node Load CLIP"),
        (["emb_params"], r"textual-inversion embedding.*folder embeddings"),
        (["body.0.rdb1.conv1.weight"], r"an upscale model.*upscale_models"),
        (["control_model.input_hint_block.0.weight"], r"a ControlNet.*controlnet"),
        (["vision_model.embeddings.class_embedding"], r"a CLIP vision model.*clip_vision"),
    ],
)
def test_a_file_of_another_kind_is_sent_to_its_node(tmp_path: Path, tensors: list[str], advice: str) -> None:
    path = tmp_path / "other.safetensors"
    save_file({name: torch.zeros(4, 4, 3, 3) for name in tensors}, path)
    with pytest.raises(UnknownModelError, match=advice):
        detect.detect(path)


def test_a_family_without_networks_is_named(tmp_path: Path) -> None:
    path = tmp_path / "flux.safetensors"
    save_file({"double_blocks.0.img_attn.norm.key_norm.scale": torch.ones(4), "img_in.weight": torch.ones(4, 4)}, path)
    with pytest.raises(UnsuitableModelError, match=r"is Flux, which nodebook cannot run yet"):
        detect.detect(path)
