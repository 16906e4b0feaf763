"""Which layers of real LoRA files are found in real models, from their names and shapes; and what is broken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nodebook.models.detect import ask
from nodebook.models.errors import BrokenModelError
from nodebook.models.files import WeightsIndex
from nodebook.models.handles import Part, WeightsFile
from nodebook.models.header import TensorInfo
from nodebook.models.lora.formats import group_tensors
from nodebook.models.lora.looks import looks_like
from nodebook.models.lora.parameters import shapes_in
from nodebook.models.lora.plan import LoraPlan, plan_lora
from tests.golden_data import needs_golden
from tests.models.headers import index_of
from tests.models.lora.tiny import UNET, clip_spec

FILE = WeightsFile("", Path("model.safetensors"))


def plans_for(lora: str, model: str) -> list[LoraPlan]:
    found: Any = ask(index_of(model))[-1].said
    spec = found.spec if hasattr(found, "spec") else found
    parts = [Part(FILE, "unet", spec.network), *(Part(FILE, name, each) for name, each in spec.encoders)]
    return [plan_lora(index_of(lora), each, shapes_in(index_of(model), each.spec)) for each in parts]


FITTING = [
    ("lora-kohya-sd15-r32-fp16", "sd15-emaonly-fp16", [192, 72], "Stable Diffusion 1.x"),
    ("lora-kohya-sd15-noalpha-r128-fp16", "sd15-emaonly-fp16", [192, 72], "Stable Diffusion 1.x"),
    ("broken-sdxl-lora-as-checkpoint", "sdxl-base-fp16", [722, 72, 192], "SDXL"),
    ("lora-dora-sdxl-r16", "sdxl-base-fp16", [722, 72, 192], "SDXL"),
    ("lora-kohya-sdxl-diffusers-blocknames-r8", "sdxl-base-fp16", [722, 0, 0], "SDXL"),
    ("lora-diffusers-sdxl-legacy-r4", "sdxl-base-fp16", [560, 0, 0], "SDXL"),
    ("lora-diffusers-sdxl-processor-r4", "sdxl-base-fp16", [560, 0, 0], "SDXL"),
    ("lora-peft-sdxl-unet-r4", "sdxl-base-fp16", [560, 0, 0], "SDXL"),
]

OTHERS = [
    ("lora-kohya-sd15-r32-fp16", "sdxl-base-fp16", True, "Stable Diffusion 1.x"),
    ("lora-dora-sdxl-r16", "sd15-emaonly-fp16", True, "SDXL"),
    ("lora-diffusers-flux-r32", "sd15-emaonly-fp16", False, "Flux or a relative of it"),
    ("lora-lokr-flux-bfl", "sdxl-base-fp16", False, "Flux or a relative of it"),
    ("lora-wan21-14b-diffusion_model-r32", "sdxl-base-fp16", False, "Wan video"),
]


@needs_golden
@pytest.mark.parametrize(("lora", "model", "counts", "looks"), FITTING, ids=[each[0] for each in FITTING])
def test_every_layer_of_a_real_file_is_found(lora: str, model: str, counts: list[int], looks: str) -> None:
    plans = plans_for(lora, model)
    assert [len(plan.layers) for plan in plans] == counts
    assert not any(plan.misfits for plan in plans)
    layers, unknown = group_tensors(index_of(lora).tensors)
    assert sum(counts) == len(layers)
    assert sum(len(plan.changes) for plan in plans) == len(layers)
    assert not unknown
    assert looks_like(index_of(lora).tensors) == looks


@needs_golden
@pytest.mark.parametrize(("lora", "model", "shares_names", "looks"), OTHERS, ids=[f"{a}-{b}" for a, b, *_ in OTHERS])
def test_a_real_file_for_another_family_does_not_fit(lora: str, model: str, looks: str, *, shares_names: bool) -> None:
    plans = plans_for(lora, model)
    assert any(plan.misfits for plan in plans) == shares_names
    assert any(plan.layers for plan in plans) == shares_names
    assert looks_like(index_of(lora).tensors) == looks


LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
OUT = LAYER.replace("to_q", "to_out.0")
FLAT = LAYER.replace(".", "_")
PARAMETER = f"{LAYER}.weight"
Fields = Mapping[str, tuple[int, ...]]

PAIR: Fields = {"lora_down.weight": (2, 32), "lora_up.weight": (32, 2)}


def index_with(layer: str, fields: Fields, joint: str = ".") -> WeightsIndex:
    return WeightsIndex(
        Path("lora.safetensors"),
        {f"{layer}{joint}{field}": TensorInfo("F32", shape) for field, shape in fields.items()},
    )


def plan_of(index: WeightsIndex, **shapes: tuple[int, ...]) -> LoraPlan:
    known = {PARAMETER: (32, 32), f"{OUT}.weight": (32, 32), f"{OUT}.bias": (32,), **shapes}
    return plan_lora(index, Part(FILE, "unet", UNET), known)


SPELLINGS = [
    (f"lora_unet_{FLAT}", ".lora_up.weight", ".lora_down.weight"),
    ("lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q", ".lora_up.weight", ".lora_down.weight"),
    (f"lycoris_{FLAT}", ".lora_up.weight", ".lora_down.weight"),
    (f"unet.{LAYER}", ".lora.up.weight", ".lora.down.weight"),
    (LAYER, ".lora_B.weight", ".lora_A.weight"),
    (f"unet.{LAYER.replace('to_q', 'processor.to_q')}", "_lora.up.weight", "_lora.down.weight"),
    (LAYER.replace("to_q", "processor.to_q"), "_lora.up.weight", "_lora.down.weight"),
    (f"unet.{LAYER}", ".lora_linear_layer.up.weight", ".lora_linear_layer.down.weight"),
    (f"base_model.model.{LAYER}", ".lora_B.default.weight", ".lora_A.default.weight"),
    (f"base_model.model.{LAYER}", ".lora_B", ".lora_A"),
    ("diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q", ".lora_B.weight", ".lora_A.weight"),
]


@pytest.mark.parametrize(("layer", "up", "down"), SPELLINGS)
def test_each_spelling_of_a_layer_is_understood(layer: str, up: str, down: str) -> None:
    index = index_with(layer, {up: (32, 2), down: (2, 32)}, joint="")
    (change,) = plan_of(index).changes
    assert change.parameter == PARAMETER


@pytest.mark.parametrize("spelling", ["to_out.0", "to_out", "processor.to_out", "processor.to_out.0"])
def test_the_last_layer_of_an_attention_has_more_spellings(spelling: str) -> None:
    index = index_with(LAYER.replace("to_q", spelling), PAIR)
    assert [change.parameter for change in plan_of(index).changes] == [f"{OUT}.weight"]


@pytest.mark.parametrize(
    ("encoder", "prefix", "is_its"),
    [
        ("clip_l", "lora_te_", True),
        ("clip_l", "lora_te1_", True),
        ("clip_l", "text_encoder.", True),
        ("clip_l", "lora_te2_", False),
        ("clip_g", "lora_te2_", True),
        ("clip_g", "text_encoder_2.", True),
        ("clip_g", "lora_te_", False),
        ("clip_h", "lora_te_", True),
    ],
)
def test_encoders_are_told_apart(encoder: str, prefix: str, *, is_its: bool) -> None:
    module = "text_model.encoder.layers.0.mlp.fc1"
    layer = prefix + (module if prefix.endswith(".") else module.replace(".", "_"))
    index = index_with(layer, {"lora_down.weight": (2, 16), "lora_up.weight": (32, 2)})
    plan = plan_lora(index, Part(FILE, encoder, clip_spec()), {f"{module}.weight": (32, 16)})
    assert bool(plan.changes) == is_its


def test_weights_and_biases_may_be_added_or_put_in_place() -> None:
    fields = {"diff": (32, 32), "diff_b": (32,), "set_weight": (32, 32)}
    plan = plan_of(index_with(OUT, fields))
    assert [(change.parameter, change.fields) for change in plan.changes] == [
        (f"{OUT}.weight", ("diff",)),
        (f"{OUT}.bias", ("diff_b",)),
        (f"{OUT}.weight", ("set_weight",)),
    ]


def test_a_bias_that_the_layer_has_not_is_left_out() -> None:
    plan = plan_of(index_with(LAYER, {"diff_b": (32,)}))
    assert not plan.changes
    assert not plan.layers


WRONG = [
    ("another width", PAIR, (16, 32)),
    ("as many numbers, other rows", {"lora_down.weight": (2, 16), "lora_up.weight": (64, 2)}, (32, 32)),
    ("a whole weight", {"diff": (32, 16)}, (32, 32)),
    ("blocks of rows", {"oft_blocks": (3, 10, 10)}, (32, 32)),
    ("magnitudes", {**PAIR, "dora_scale": (1, 16)}, (32, 32)),
    ("a vector", PAIR, (32,)),
]


@pytest.mark.parametrize(("fields", "shape"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_what_has_another_shape_is_a_misfit(fields: Fields, shape: tuple[int, ...]) -> None:
    plan = plan_of(index_with(f"lora_unet_{FLAT}", fields), **{PARAMETER: shape})
    assert not plan.changes
    assert list(plan.misfits) == [PARAMETER]
    assert f"{list(shape)}, the file" in plan.misfits[PARAMETER]


def test_a_layer_without_its_other_half_is_an_error() -> None:
    index = index_with(f"lora_unet_{FLAT}", {"lora_up.weight": (32, 2), "alpha": ()})
    with pytest.raises(BrokenModelError, match=r"lora\.safetensors is not whole: .*attn1_to_q' has .*lora_up\.weight"):
        plan_of(index)


@pytest.mark.parametrize(
    "fields",
    [
        {"lora_up.weight": (32, 3), "lora_down.weight": (2, 32)},
        {"lora_up.weight": (), "lora_down.weight": (2, 32)},
        {"lokr_w1": (4,), "lokr_w2_a": (8, 2), "lokr_w2_b": (3, 8)},
    ],
)
def test_tensors_that_do_not_fit_each_other_are_an_error(fields: Fields) -> None:
    with pytest.raises(BrokenModelError, match=r"is broken: the tensors of its layer .* do not fit each other"):
        plan_of(index_with(f"lora_unet_{FLAT}", fields))


def test_all_kinds_are_told_apart_by_their_tensors() -> None:
    kinds: dict[str, Fields] = {
        "lora": PAIR,
        "loha": {"hada_w1_a": (32, 2), "hada_w1_b": (2, 32), "hada_w2_a": (32, 2), "hada_w2_b": (2, 32)},
        "lokr": {"lokr_w1": (4, 4), "lokr_w2": (8, 8)},
        "glora": {"a1.weight": (32, 2), "a2.weight": (2, 32), "b1.weight": (32, 2), "b2.weight": (2, 32)},
        "oft": {"oft_blocks": (4, 8, 8)},
        "boft": {"oft_blocks": (3, 4, 8, 8)},
    }
    for kind, fields in kinds.items():
        (change,) = plan_of(index_with(f"lora_unet_{FLAT}", fields)).changes
        assert change.formula is not None
        assert change.formula.__name__ == kind
