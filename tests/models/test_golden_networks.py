"""Built networks beside what ComfyUI computed with the same files."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nodebook.models.handles import ModelHandle
from nodebook.models.load import load_checkpoint
from nodebook.models.pool import Pool
from tests.golden_data import NUMERICS, array, cases, expect_close, needs_golden, recorded

pytestmark = needs_golden


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool()


def text_of(case: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the recorded conditioning and pooled output of a case's prompt."""
    names = recorded()["prompts"][case["summary"]["prompt"]]
    found = list(names.values()) if isinstance(names, dict) else names
    return array(found[0]), array(found[1])


def loader_of(case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(node for node in case["graph"].values() if "Loader" in node["class_type"])
    return found


def is_plain_sd1(case: dict[str, Any] | None) -> bool:
    kinds = {node["class_type"] for node in case["graph"].values()} if case else set()
    return kinds == {"CheckpointLoaderSimple", "GoldenLatent", "CLIPTextEncode", "GoldenApplyModel"}


@pytest.mark.parametrize("case", [each for each in cases("unet") if is_plain_sd1(each.values[0])] or cases("unet"))
def test_one_evaluation_of_a_unet(case: dict[str, Any], pool: Pool) -> None:
    model = load_checkpoint(NUMERICS / loader_of(case)["inputs"]["ckpt_name"])[0]
    assert isinstance(model, ModelHandle)
    x, sigma = array(case["summary"]["x"]), torch.tensor(float(case["summary"]["sigma"]))
    tokens, _ = text_of(case)
    with pool.lease(model.network) as (unet,):
        time = model.sampling.schedule.timestep(sigma).float()
        output = unet(model.sampling.model_input(sigma, x), time, tokens.expand(len(x), -1, -1)).sample
    expect_close(case, "denoised", model.sampling.denoised(sigma, output, x))
