"""What sampling nodes make, beside what ComfyUI made of the same graphs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nodebook.models.guidance.denoiser import GuidedDenoiser
from nodebook.models.sampling.registry import Sampler
from nodebook.models.sampling.step import Step, StepHook
from tests.golden_data import array, cases, expect_close, needs_golden
from tests.golden_graph import LOOSER, Graph, all_nodes, outputs, recorded_services

pytestmark = needs_golden

FUNCTIONS = all_nodes()


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
def services() -> dict[str, Any]:
    return recorded_services()


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


KINDS = (
    "unet",
    "sampler",
    "advanced",
    "inpaint",
    "custom",
    "cond",
    "cond_ops",
    "patch",
    "noise",
    "lora",
    "merge",
    "sdxl",
    "sd3",
)


@pytest.mark.parametrize("case", cases(*KINDS))
def test_a_recorded_graph(case: dict[str, Any], services: dict[str, Any], recorder: Recorder) -> None:
    graph = Graph(case["graph"], FUNCTIONS, services)
    missing = {each for node_id, _slot in case["outputs"].values() for each in graph.missing(node_id)}
    if missing:
        pytest.skip(f"not built: {', '.join(sorted(missing))}")
    looser = LOOSER.get(case["id"], 1)
    found = outputs(case, graph)
    for name in case["arrays"]:
        if not name.startswith("trace_"):
            expect_close(case, name, found[name], looser=looser)
    if "sigmas" in case:
        _expect_sigmas(case["sigmas"], recorder.sigmas)
    if "denoiser_calls" in case:
        assert recorder.denoiser_calls == case["denoiser_calls"]
        assert recorder.unet_rows == case["unet_rows"]
    if case.get("trace"):
        expect_close(case, "trace_x", torch.stack(recorder.x), looser=looser)
        expect_close(case, "trace_x0", torch.stack(recorder.x0), looser=looser)


def _expect_sigmas(expected: list[Any], found: list[list[float]]) -> None:
    expected = expected if expected and isinstance(expected[0], list) else [expected]
    assert [each for each in expected if each] == [pytest.approx(each, rel=1e-6) for each in found]


def test_recorded_arrays_are_there() -> None:
    assert array("in/lat_a").shape == (1, 4, 8, 8)
