"""Built networks beside what ComfyUI computed with the same files."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest
import torch

from nodebook.models.handles import ModelHandle
from nodebook.models.load import load_checkpoint, load_diffusion_model
from nodebook.models.pool import Pool
from tests.golden_data import NUMERICS, array, cases, deviation, expect_close, needs_golden, recorded

pytestmark = needs_golden


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool()


def case_named(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(case for case in recorded()["cases"] if case["id"] == name)
    return found


def is_plain(case: dict[str, Any] | None) -> bool:
    kinds = {node["class_type"] for node in case["graph"].values()} if case else set()
    return kinds == {"CheckpointLoaderSimple", "GoldenLatent", "CLIPTextEncode", "GoldenApplyModel"}


@pytest.mark.parametrize("case", [each for each in cases("unet") if is_plain(each.values[0])] or cases("unet"))
def test_one_evaluation_of_a_unet(case: dict[str, Any], pool: Pool) -> None:
    model = load_checkpoint(NUMERICS / "tiny_sd1.safetensors")[0]
    x, sigma = array(case["summary"]["x"]), torch.tensor(float(case["summary"]["sigma"]))
    tokens = array(recorded()["prompts"][case["summary"]["prompt"]]["cond"])
    with pool.lease(model.network) as (unet,):
        output = unet(
            model.sampling.model_input(sigma, x),
            model.sampling.schedule.timestep(sigma).float(),
            tokens.expand(len(x), -1, -1),
        ).sample
    expect_close(case, "denoised", model.sampling.denoised(sigma, output, x))


def test_the_vae(pool: Pool) -> None:
    vae = load_checkpoint(NUMERICS / "tiny_sd1.safetensors")[2]
    assert vae is not None
    with pool.lease(vae.network) as modules:
        network: Any = modules[0]
        decoded = network.decode(array("in/lat_a")).sample
        expect_close(case_named("vae/decode_a"), "image", ((decoded + 1) / 2).clamp(0, 1).movedim(1, -1))
        pixels = array("in/img_a").movedim(-1, 1) * 2 - 1
        expect_close(case_named("vae/encode_a"), "latent", network.encode(pixels).latent_dist.mode())


def euler(case: dict[str, Any], model: ModelHandle, pool: Pool, inputs: list[dict[str, torch.Tensor]]) -> torch.Tensor:
    """Return the latent of a run by Euler's method with guidance; ``inputs``: positive and negative."""
    settings = next(node["inputs"] for node in case["graph"].values() if node["class_type"] == "KSampler")
    sigmas = torch.tensor(case["sigmas"])
    generator = torch.Generator().manual_seed(settings["seed"])
    noise = torch.randn(case["arrays"]["latent"]["shape"], generator=generator)
    x = model.sampling.noise_scaling(sigmas[0], noise, torch.zeros(()), max_denoise=True)
    with pool.lease(model.network) as (network,), torch.no_grad():
        for sigma, following in pairwise(sigmas):
            wanted = {
                "hidden_states" if model.sampling.is_flow else "sample": model.sampling.model_input(sigma, x),
                "timestep": model.sampling.schedule.timestep(sigma).float().expand(len(x)),
            }
            outputs = [network(**wanted, **each).sample for each in inputs]
            positive, negative = (model.sampling.denoised(sigma, output, x) for output in outputs)
            denoised = negative + settings["cfg"] * (positive - negative)
            x = x + (x - denoised) / sigma * (following - sigma)
    return model.latent_format.process_out(model.sampling.inverse_noise_scaling(sigmas[-1], x))


def sinusoid(value: float) -> torch.Tensor:
    frequencies = torch.exp(-torch.log(torch.tensor(10000.0)) * torch.arange(128) / 128)
    return torch.cat([torch.cos(value * frequencies), torch.sin(value * frequencies)])


def test_an_sdxl_run(pool: Pool) -> None:
    case = case_named("sdxl/euler")
    model = load_checkpoint(NUMERICS / "extra" / "tiny_sdxl.safetensors")[0]
    sizes = torch.cat([sinusoid(value) for value in (64.0, 64.0, 0.0, 0.0, 64.0, 64.0)])
    inputs = []
    for name in ("cond", "neg"):
        pooled = array(case["arrays"][f"{name}/pooled"]["array"])
        vector = torch.cat([pooled, sizes[None]], dim=1)
        inputs.append({"encoder_hidden_states": array(case["arrays"][f"{name}/cond"]["array"]), "class_labels": vector})
    expect_close(case, "latent", euler(case, model, pool, inputs))


def test_an_sd3_run(pool: Pool) -> None:
    case = case_named("sd3/euler_simple")
    model = load_diffusion_model(NUMERICS / "extra" / "tiny_sd3.safetensors")
    inputs = [
        {"encoder_hidden_states": array(f"in/sd3_{which}_cond"), "pooled_projections": array(f"in/sd3_{which}_pooled")}
        for which in (0, 1)
    ]
    expect_close(case, "latent", euler(case, model, pool, inputs))


TOKENS = {"a photo of a cat sitting on a red chair": [320, 1125, 539, 320, 2368, 4919, 525, 320, 736, 4269]}
START, END = 49406, 49407


def in_single_precision(encoder: torch.nn.Module) -> Any:
    """A copy for transformers' own forward pass: text encoders are held in half precision."""
    return copy.deepcopy(encoder).float()


def test_sdxl_text_encoders_from_both_layouts(pool: Pool) -> None:
    """CLIP-L is in transformers' names, CLIP-G in OpenCLIP's; both are read at their last layer but one."""
    case = case_named("sdxl/euler")
    clip = load_checkpoint(NUMERICS / "extra" / "tiny_sdxl.safetensors")[1]
    assert clip is not None
    words = TOKENS["a photo of a cat sitting on a red chair"]
    with pool.lease(*clip.encoders) as held, torch.no_grad():
        modules = [in_single_precision(each) for each in held]
        small, large = (
            encoder(torch.tensor([[START, *words, END, *[padding] * (75 - len(words))]]), output_hidden_states=True)
            for encoder, padding in zip(modules, (END, 0), strict=True)
        )
        encoder: Any = modules[1]
        last = encoder.text_model.final_layer_norm(large.hidden_states[-1])[:, len(words) + 1]
        pooled = encoder.text_projection(last)
    expect_close(case, "cond/cond", torch.cat([small.hidden_states[-2], large.hidden_states[-2]], dim=-1))
    expect_close(case, "cond/pooled", pooled)


def test_sd1_text_encoder(pool: Pool) -> None:
    clip = load_checkpoint(NUMERICS / "tiny_sd1.safetensors")[1]
    assert clip is not None
    ((prompt, words),) = TOKENS.items()
    ids = torch.tensor([[START, *words, *[END] * (76 - len(words))]])
    with pool.lease(*clip.encoders) as (held,), torch.no_grad():
        states = in_single_precision(held)(ids).last_hidden_state
    assert deviation(states, array(recorded()["prompts"][prompt]["cond"])) < 2e-5
