"""Sampling and conditioning nodes as nodes: what they show, whom they blame, what they declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
import torch

from nodebook.engine.context import NodeContext, current_node
from nodebook.engine.library import BUILTIN, Library
from nodebook.engine.node import NodeFunction
from nodebook.engine.ports import PortRegistry
from nodebook.errors import Cancelled
from nodebook.models.build import Built
from nodebook.models.errors import LatentError, PromptError
from nodebook.models.folders import ModelFolders
from nodebook.models.guidance.cfg_options import RescaleCFG
from nodebook.models.guidance.masks import DifferentialDiffusion
from nodebook.models.guidance.sample import NoNoise, SeededNoise
from nodebook.models.latents import SD1
from nodebook.models.pool import Pool
from nodebook.models.preview_options import PreviewMethod
from nodebook.models.sampling.registry import Sampler
from nodebook.models.sampling.step import Step
from nodebook.models.values import Latent
from nodebook.nodes import register_ports
from nodebook.nodes.diffusion import conditioning, custom, guiders, inpaint, ksampler, options, steps
from nodebook.nodes.diffusion.previewing import Previews
from tests.models.guidance.toys import MeanNetwork, handle, text
from tests.nodes.golden import needs_golden
from tests.nodes.test_schema import test_a_node_is_declared_as_in_comfyui as check_declaration
from tests.nodes.test_schema import test_every_node_says_what_it_does as check_description

NODES: tuple[NodeFunction[..., Any], ...] = tuple(
    each for module in (conditioning, custom, guiders, inpaint, ksampler, options) for each in module.NODES
)
POSITIVE, NEGATIVE = [[text(1.0), {}]], [[text(-1.0), {}]]
EMPTY: Latent = {"samples": torch.zeros(1, 4, 8, 8)}


@pytest.fixture
def pool() -> Pool:
    return Pool(build=lambda _part, _dtype: Built(MeanNetwork()), estimate=lambda _part, _dtype: 0)


@pytest.fixture(scope="module")
def library() -> Library:
    ports = PortRegistry()
    register_ports(ports)
    library = Library(ports)
    library.define_all(NODES, origin=BUILTIN)
    return library


def session_of(pool: Pool, method: PreviewMethod = "latent2rgb") -> dict[str, Any]:
    """What a session gives to sampling nodes."""
    previews = Previews(pool, ModelFolders([], own=None))
    previews.method = method
    return {"pool": pool, "previews": previews}


@needs_golden
@pytest.mark.parametrize("name", [each.type_name for each in NODES])
def test_it_is_declared_as_in_comfyui(library: Library, name: str) -> None:
    check_declaration(library, name)


@pytest.mark.parametrize("name", [each.type_name for each in NODES])
def test_it_says_what_it_does(library: Library, name: str) -> None:
    check_description(library, name)


class Watched(NodeContext):
    """A running node that remembers what it showed."""

    def __init__(self) -> None:
        self.done: list[tuple[float, float]] = []
        self.shown: list[Any] = []
        super().__init__("7", Event(), lambda _id, *done: self.done.append(done), lambda _id, it: self.shown.append(it))


@pytest.fixture
def running() -> Iterator[Watched]:
    context = Watched()
    token = current_node.set(context)
    yield context
    current_node.reset(token)


def sampled(pool: Pool, method: PreviewMethod = "latent2rgb", **changes: Any) -> Latent:
    inputs = {"positive": POSITIVE, "negative": NEGATIVE, "latent_image": EMPTY, "steps": 5, "cfg": 2.0, **changes}
    return ksampler.ksampler(handle(), **inputs, **session_of(pool, method))


def test_a_sampler_reports_each_step_and_shows_pictures(pool: Pool, running: Watched) -> None:
    sampled(pool)
    assert running.done == [(step, 5) for step in range(1, 6)]
    assert running.shown
    assert {each.size for each in running.shown} == {(8, 8)}


def test_progress_is_reported_where_no_previews_are_wanted(pool: Pool, running: Watched) -> None:
    sampled(pool, "none")
    assert running.done == [(step, 5) for step in range(1, 6)]
    assert running.shown == []


def test_cancelling_stops_within_one_step(pool: Pool, running: Watched) -> None:
    running.cancelled.set()
    with pytest.raises(Cancelled):
        sampled(pool)
    assert running.done == []
    assert [row.leases for row in pool.ledger().rows] == [0]


def test_outside_a_run_nothing_is_drawn(pool: Pool) -> None:
    shown: list[Any] = []
    with steps.shown_steps(handle(), session_of(pool)["previews"], shown.append) as hook:
        hook(Step(0, 1, None, EMPTY["samples"], EMPTY["samples"]))
    assert shown == []
    assert sampled(pool)["samples"].shape == (1, 4, 8, 8)


@pytest.mark.parametrize(
    ("took_s", "shown_count"),
    [
        (0.00005, 20),  # a two-hundredth of the time leaves one in each step
        (0.001, 8),  # the first, every third for a run of twenty, and the last step
        (0.02, 3),  # a tenth of the time, and the last step
    ],
)
def test_dear_previews_are_shown_less_often(
    pool: Pool, running: Watched, monkeypatch: pytest.MonkeyPatch, took_s: float, shown_count: int
) -> None:
    clock = [0.0]
    shown: list[float] = []

    def show(_picture: Any) -> None:
        clock[0] += took_s
        shown.append(clock[0])

    monkeypatch.setattr(steps, "perf_counter", lambda: clock[0])
    with steps.shown_steps(handle(), session_of(pool)["previews"], show) as hook:
        for index in range(20):
            clock[0] += 0.02
            hook(Step(index, 20, None, EMPTY["samples"], torch.zeros(1, 4, 8, 8)))
    assert len(shown) == shown_count
    assert len(running.done) == 20


def test_all_else_of_a_latent_is_passed_on(pool: Pool) -> None:
    given: Latent = {**EMPTY, "noise_mask": torch.ones(1, 8, 8), "batch_index": [3]}
    made = sampled(pool, latent_image=given)
    assert made["batch_index"] == [3]
    assert made["noise_mask"] is given["noise_mask"]
    assert given["samples"].eq(0).all()


def test_denoise_0_gives_the_latent_back(pool: Pool) -> None:
    given: Latent = {"samples": torch.full((1, 9, 2, 2), 7.0)}
    assert sampled(pool, denoise=0.0, latent_image=given)["samples"] is given["samples"]


def test_a_latent_that_does_not_fit_is_blamed(pool: Pool) -> None:
    with pytest.raises(LatentError, match=r"has 16 channels, the model expects 4") as caught:
        sampled(pool, latent_image={"samples": torch.ones(1, 16, 8, 8)})
    assert caught.value.__notes__ == ["nodebook-input: latent_image"]


def advanced(pool: Pool, **changes: Any) -> Latent:
    inputs = {"positive": POSITIVE, "negative": NEGATIVE, "latent_image": EMPTY, "steps": 6, "cfg": 2.0, **changes}
    return ksampler.ksampler_advanced(handle(), **inputs, **session_of(pool))


def test_two_parts_of_a_run_are_the_run(pool: Pool) -> None:
    whole = advanced(pool, noise_seed=3)
    first = advanced(pool, noise_seed=3, end_at_step=2, return_with_leftover_noise="enable")
    second = advanced(pool, add_noise="disable", start_at_step=2, latent_image=first)
    assert torch.allclose(second["samples"], whole["samples"], atol=1e-4)
    assert torch.allclose(sampled(pool, steps=6, seed=3)["samples"], whole["samples"])


def test_a_run_from_parts_is_the_run(pool: Pool) -> None:
    sigmas = torch.tensor([14.614643, 4.0, 1.0, 0.0])
    guider = guiders.cfg_guider(handle(), POSITIVE, NEGATIVE, 2.0)
    euler = Sampler.of("euler")
    output, denoised = custom.sampler_custom_advanced(SeededNoise(5), guider, euler, sigmas, EMPTY, **session_of(pool))
    named: dict[str, Any] = {"positive": POSITIVE, "negative": NEGATIVE, "latent_image": EMPTY}
    named.update(sampler=euler, sigmas=sigmas)
    other, _ = custom.sampler_custom(handle(), noise_seed=5, cfg=2.0, **named, **session_of(pool))
    assert torch.equal(output["samples"], other["samples"])
    assert torch.allclose(output["samples"], denoised["samples"], atol=1e-4)
    quiet, _ = custom.sampler_custom(handle(), add_noise=False, cfg=2.0, **named, **session_of(pool))
    assert not torch.equal(quiet["samples"], other["samples"])


def test_noise_is_added_as_much_as_there_is_at_the_first_level() -> None:
    given: Latent = {"samples": torch.full((1, 4, 8, 8), 2.0)}
    noisy = custom.add_noise(handle(), SeededNoise(1), torch.tensor([3.0, 1.0, 0.0]), given)
    noise = SeededNoise(1).draw(given)
    assert torch.allclose(noisy["samples"] * SD1.scale, noise * 3 + 2 * SD1.scale, atol=1e-4)
    assert custom.add_noise(handle(), custom.disable_noise(), torch.tensor([]), given) is given
    assert custom.random_noise(4) == SeededNoise(4)
    assert custom.disable_noise() == NoNoise()
    with pytest.raises(LatentError, match=r"has 3 channels, the model expects 4"):
        custom.add_noise(handle(), NoNoise(), torch.tensor([1.0]), {"samples": torch.ones(1, 3, 2, 2)})


def test_options_are_added_to_the_model() -> None:
    model = inpaint.differential_diffusion(options.rescale_cfg(handle(), 0.5), 0.25)
    assert model.options == (RescaleCFG(0.5), DifferentialDiffusion(0.25))
    assert options.cfg_norm(options.cfg_zero_star(handle())).options[0] == options.cfg_zero_star(handle()).options[0]
    assert replace(model, options=()) == handle()


def test_areas_are_kept_in_latent_elements() -> None:
    ((_, area),) = conditioning.conditioning_set_area(POSITIVE, width=100, height=64, x=12, y=8, strength=0.5)
    assert area == {"area": (8, 12, 1, 1), "strength": 0.5, "set_area_to_bounds": False}
    ((_, shares),) = conditioning.conditioning_set_area_percentage(POSITIVE, 0.5, 0.25, 0.75, 0.125)
    assert shares["area"] == ("percentage", 0.25, 0.5, 0.125, 0.75)


def test_masks_and_ranges_are_set_on_prompts() -> None:
    mask = torch.ones(8, 8)
    ((_, masked),) = conditioning.conditioning_set_mask(POSITIVE, mask, 2.0, "mask bounds")
    assert masked["mask"].shape == (1, 8, 8)
    assert (masked["mask_strength"], masked["set_area_to_bounds"]) == (2.0, True)
    ((_, ranged),) = conditioning.conditioning_set_timestep_range(POSITIVE, 0.25, 0.75)
    assert (ranged["start_percent"], ranged["end_percent"]) == (0.25, 0.75)
    ((_, weighted),) = conditioning.conditioning_set_area_strength(POSITIVE, 3.0)
    assert weighted == {"strength": 3.0}
    assert conditioning.conditioning_combine(POSITIVE, NEGATIVE) == [*POSITIVE, *NEGATIVE]


@pytest.mark.parametrize(
    "operation", [conditioning.conditioning_concat, conditioning.conditioning_average], ids=["concat", "average"]
)
def test_the_input_that_does_not_fit_is_blamed(operation: Any) -> None:
    with pytest.raises(PromptError) as caught:
        operation(POSITIVE, [[torch.zeros(1, 2, 7), {}]])
    assert caught.value.__notes__ == ["nodebook-input: conditioning_from"]
