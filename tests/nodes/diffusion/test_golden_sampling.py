"""What sampling nodes make, beside what ComfyUI made of the same graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nodebook.models.folders import ModelFolders
from nodebook.models.guidance.denoiser import GuidedDenoiser
from nodebook.models.pool import Pool
from nodebook.models.sampling.registry import Sampler
from nodebook.models.sampling.step import Step, StepHook
from nodebook.nodes import masks
from nodebook.nodes.diffusion import (
    conditioning,
    custom,
    guiders,
    inpaint,
    ksampler,
    latent_batches,
    latents,
    loaders,
    model_sampling,
    options,
    samplers,
    schedulers,
    vae,
)
from tests.golden_data import NUMERICS, array, cases, expect_close, needs_golden
from tests.golden_graph import Graph, class_types, outputs, recorded_nodes, recorded_text, table

pytestmark = needs_golden

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **table(conditioning, custom, guiders, inpaint, ksampler, latent_batches, latents, loaders),
    **table(model_sampling, options, samplers, schedulers, vae),
    "InvertMask": masks.invert_mask,
    "CLIPTextEncode": recorded_text,
    **recorded_nodes(),
}


@dataclass(slots=True)
class Recorder:
    """What samplers did."""

    denoiser_calls: int = 0
    unet_rows: int = 0
    sigmas: list[list[float]] = field(default_factory=list)
    x: list[Tensor] = field(default_factory=list)
    x0: list[Tensor] = field(default_factory=list)

    def count_rows(self, _module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.unet_rows += len(arguments[0] if arguments else named["hidden_states"])


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool()


@pytest.fixture(scope="module")
def folders() -> ModelFolders:
    found = ModelFolders()
    for folder in (NUMERICS, NUMERICS / "extra"):
        found.add("checkpoints", folder)
        found.add("diffusion_models", folder)
    return found


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Listen to the samplers of a test."""
    seen = Recorder()
    guide, run = GuidedDenoiser._guide, Sampler.run

    def counted(self: GuidedDenoiser, *arguments: Any, **named: Any) -> Any:
        seen.denoiser_calls += 1
        handle = self.evaluator.network.module.register_forward_pre_hook(seen.count_rows, with_kwargs=True)
        try:
            return guide(self, *arguments, **named)
        finally:
            handle.remove()

    def told(self: Sampler, denoise: Any, x: Tensor, sigmas: Tensor, **named: Any) -> Tensor:
        seen.sigmas.append(sigmas.tolist())
        hook: StepHook = named.pop("on_step")

        def on_step(step: Step) -> None:
            seen.x.append(step.x.clone())
            seen.x0.append(step.denoised.clone())
            hook(step)

        return run(self, denoise, x, sigmas, on_step=on_step, **named)

    monkeypatch.setattr(GuidedDenoiser, "_guide", counted)
    monkeypatch.setattr(Sampler, "run", told)
    return seen


KINDS = ("unet", "sampler", "advanced", "inpaint", "custom", "cond", "cond_ops", "patch", "noise", "sdxl", "sd3")


@pytest.mark.parametrize("case", cases(*KINDS))
def test_a_recorded_graph(case: dict[str, Any], pool: Pool, folders: ModelFolders, recorder: Recorder) -> None:
    missing = class_types(case) - FUNCTIONS.keys()
    if missing:
        pytest.skip(f"not built: {', '.join(sorted(missing))}")
    graph = Graph(case["graph"], FUNCTIONS, {"pool": pool, "folders": folders})
    found = outputs(case, graph)
    for name in case["arrays"]:
        if not name.startswith("trace_"):
            expect_close(case, name, found[name])
    if "sigmas" in case:
        _expect_sigmas(case["sigmas"], recorder.sigmas)
    if "denoiser_calls" in case:
        assert recorder.denoiser_calls == case["denoiser_calls"]
        assert recorder.unet_rows == case["unet_rows"]
    if case.get("trace"):
        expect_close(case, "trace_x", torch.stack(recorder.x))
        expect_close(case, "trace_x0", torch.stack(recorder.x0))


def _expect_sigmas(expected: list[Any], found: list[list[float]]) -> None:
    expected = expected if expected and isinstance(expected[0], list) else [expected]
    assert [each for each in expected if each] == [pytest.approx(each, rel=1e-6) for each in found]


def test_recorded_arrays_are_there() -> None:
    assert array("in/lat_a").shape == (1, 4, 8, 8)
