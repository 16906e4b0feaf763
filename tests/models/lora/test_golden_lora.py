"""Text encoders with recorded LoRA files beside what was recorded. Sampled pictures are tested elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from nodebook.models.load import load_checkpoint
from nodebook.models.lora.attach import add_lora
from nodebook.models.pool import Pool
from nodebook.models.text.encode import encode
from tests.golden_data import NUMERICS, cases, expect_close, needs_golden

pytestmark = needs_golden


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool(device="cpu")


@pytest.mark.parametrize("case", cases("lora"))
def test_a_prompt_is_encoded_as_recorded(case: dict[str, Any], pool: Pool) -> None:
    graph = case["graph"]
    inputs = graph["2"]["inputs"]
    model, clip, _vae = load_checkpoint(NUMERICS / "tiny_sd1.safetensors")
    strengths = {name: inputs[name] for name in ("strength_model", "strength_clip")}
    model_2, clip_2 = add_lora(model, clip, NUMERICS / "loras" / inputs["lora_name"], **strengths)
    assert model_2 != model
    assert clip_2 is not None
    node, _slot = case["outputs"]["cond"]
    ((tokens, options),) = encode(pool, clip_2, graph[node]["inputs"]["text"])
    expect_close(case, "cond/cond", tokens)
    expect_close(case, "cond/pooled", options["pooled_output"])
