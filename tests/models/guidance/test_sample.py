"""Whole runs with a toy network in a real pool."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nodebook.models.build import Built
from nodebook.models.errors import LatentError, NotANumberError, PoolFullError, SamplingError, UnsuitableModelError
from nodebook.models.guidance.guiders import CFGGuider
from nodebook.models.guidance.sample import NoNoise, Run, SeededNoise, fit_latent, sample, to_model
from nodebook.models.latents import SD1, SD3
from nodebook.models.networks import working_bytes
from nodebook.models.pool import Pool
from nodebook.models.sampling.noise import initial_noise
from nodebook.models.sampling.registry import Sampler
from nodebook.models.sampling.step import Step
from nodebook.models.values import Conditioning, Latent
from tests.models.guidance.toys import MeanNetwork, handle, text

SIGMAS = torch.tensor([14.614643, 4.0, 1.0, 0.0])
POSITIVE: Conditioning = [[text(1.0), {}]]
NEGATIVE: Conditioning = [[text(-1.0), {}]]


def toy_pool(module: MeanNetwork | None = None, **limits: int) -> Pool:
    network = module or MeanNetwork()
    return Pool(build=lambda _part, _dtype: Built(network), estimate=lambda _part, _dtype: 0, **limits)  # type: ignore[arg-type]


def a_run(sampler: str = "euler", seed: int = 7, cfg: float = 2.0, **changes: Any) -> Run:
    run = Run(CFGGuider(handle(), POSITIVE, NEGATIVE, cfg), Sampler.of(sampler), SIGMAS, SeededNoise(seed))
    return replace(run, **changes)


def latent(*shape: int, value: float = 0.0) -> Latent:
    return {"samples": torch.full(shape or (1, 4, 8, 8), value)}


def test_no_levels_leave_the_latent_as_it_is() -> None:
    given = latent(1, 7, 3, value=2.0)
    sampled = sample(a_run(sigmas=SIGMAS[:0]), given, toy_pool())
    assert sampled.samples is given["samples"]
    assert sampled.denoised is given["samples"]


def test_a_run_of_no_step_gives_the_noisy_latent() -> None:
    sampled = sample(a_run(sigmas=torch.tensor([2.0])), latent(value=1.0), toy_pool())
    noise = initial_noise(torch.zeros(1, 4, 8, 8), 7)
    assert torch.allclose(sampled.samples, (noise * 2 + SD1.scale) / SD1.scale, atol=1e-4)
    assert sampled.denoised is sampled.samples


def test_the_last_estimate_is_the_second_result_and_each_step_is_told() -> None:
    told: list[Step] = []
    sampled = sample(a_run(sigmas=SIGMAS[:3]), latent(), toy_pool(), told.append)
    assert [(step.index, step.total) for step in told] == [(0, 2), (1, 2)]
    assert torch.equal(sampled.denoised, SD1.process_out(told[-1].denoised))
    assert not torch.allclose(sampled.samples, sampled.denoised)


def test_a_run_to_the_end_gives_the_last_estimate() -> None:
    sampled = sample(a_run(), latent(2, 4, 8, 8), toy_pool())
    assert torch.allclose(sampled.samples, sampled.denoised, atol=1e-4)
    assert sampled.samples.dtype == torch.float32


def test_the_seed_decides_the_result() -> None:
    one, same, other = (sample(a_run(seed=seed), latent(), toy_pool()).samples for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_pictures_of_a_batch_are_what_they_are_alone() -> None:
    batch = sample(a_run(), {**latent(3, 4, 8, 8), "batch_index": [4, 0, 4]}, toy_pool()).samples
    alone = sample(a_run(), {**latent(), "batch_index": [4]}, toy_pool()).samples
    assert torch.allclose(batch[:1], alone, atol=1e-5)
    assert torch.equal(batch[0], batch[2])
    assert not torch.equal(batch[0], batch[1])


def test_without_noise_a_run_begins_at_the_latent() -> None:
    first: list[Tensor] = []
    sample(a_run(noise=NoNoise()), latent(value=2.0), toy_pool(), lambda step: first.append(step.x))
    assert torch.allclose(first[0], torch.tensor(2.0 * SD1.scale))


def test_an_empty_latent_gets_the_channels_of_the_model() -> None:
    assert sample(a_run(), latent(2, 16, 8, 8), toy_pool()).samples.shape == (2, 4, 8, 8)
    assert fit_latent(latent(1, 4, 8, 8), SD3)["samples"].shape == (1, 16, 8, 8)


def test_an_empty_latent_is_not_shifted() -> None:
    assert to_model(torch.zeros(1, 16, 2, 2), SD3).eq(0).all()
    assert to_model(torch.ones(1, 16, 2, 2), SD3).ne(1).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (latent(1, 16, 8, 8, value=1.0), r"has 16 channels, the model expects 4 \(sd1\): .* the VAE that belongs"),
        (latent(4, 8, 8), r"must be a tensor \[B, 4, h, w\] with at least one item, got \[4, 8, 8\]"),
        (latent(0, 4, 8, 8), r"with at least one item, got \[0, 4, 8, 8\]"),
        (latent(1, 4, 0, 8), r"got \[1, 4, 0, 8\]"),
    ],
    ids=["channels", "rank", "no item", "no height"],
)
def test_a_latent_that_the_model_cannot_take_is_refused(given: Latent, message: str) -> None:
    with pytest.raises(LatentError, match=message):
        sample(a_run(), given, toy_pool())


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_latent_that_is_no_numbers_is_refused(bad: float) -> None:
    with pytest.raises(NotANumberError, match=r"often a VAE in half precision\. Encode the picture .* float32"):
        sample(a_run(), latent(value=bad), toy_pool())


def test_a_result_that_is_no_numbers_is_an_error() -> None:
    broken: Conditioning = [[text(float("nan")), {}]]
    guider = CFGGuider(handle(), broken, NEGATIVE, 2.0)
    with pytest.raises(NotANumberError, match=r"not finite numbers \(network in float32\)\. Try a lower CFG"):
        sample(a_run(guider=guider), latent(), toy_pool())


def test_half_precision_is_blamed_first() -> None:
    guider = CFGGuider(handle(), [[text(float("inf")), {}]], NEGATIVE, 2.0)
    with pytest.raises(NotANumberError, match=r"\(network in bfloat16\)\. Load the model in float32"):
        sample(a_run(guider=guider), latent(), toy_pool(MeanNetwork().to(torch.bfloat16)))


@pytest.mark.parametrize("place", ["positive", "negative"])
def test_conditioning_of_another_model_names_both_widths(place: str) -> None:
    other: Conditioning = [[torch.zeros(1, 2, 5), {}]]
    guider = CFGGuider(handle(), **{"positive": POSITIVE, "negative": NEGATIVE, place: other}, cfg=2.0)
    with pytest.raises(UnsuitableModelError, match=rf"{place} conditioning is 5 wide, the model expects 3"):
        sample(a_run(guider=guider), latent(), toy_pool())


def test_an_unknown_family_says_which_there_are() -> None:
    guider = CFGGuider(replace(handle(), family="mochi"), POSITIVE)
    with pytest.raises(UnsuitableModelError, match=r"family 'mochi' cannot be sampled yet\. Those that can: sd1, "):
        sample(a_run(guider=guider), latent(), toy_pool())


def test_an_absurd_size_is_refused_before_memory_is_taken() -> None:
    huge = latent(1, 4, 1, 1)["samples"].expand(1, 4, 4096, 4096)
    with pytest.raises(PoolFullError, match=r"working memory needs .* smaller picture"):
        sample(a_run(), {"samples": huge}, toy_pool(limit_bytes=2**30))


@pytest.mark.parametrize(("entries", "fits", "rows"), [(2, 4, [2]), (2, 1, [1, 1]), (4, 2, [2, 2]), (4, 3, [2, 2])])
def test_as_many_rows_share_a_call_as_fit_into_memory(entries: int, fits: int, rows: list[int]) -> None:
    module = MeanNetwork()
    pool = toy_pool(module, limit_bytes=fits * working_bytes("sd1", (1, 64, 64), 4) + 1000)
    guider = CFGGuider(handle(), POSITIVE * (entries - 1), NEGATIVE, 2.0)
    sample(a_run(guider=guider, sigmas=SIGMAS[:2]), latent(1, 4, 64, 64), pool)
    assert module.rows == rows


def test_a_hook_that_raises_stops_the_run_and_gives_the_network_back() -> None:
    pool, steps = toy_pool(), 0

    def stop(_step: Step) -> None:
        nonlocal steps
        steps += 1
        raise InterruptedError

    with pytest.raises(InterruptedError):
        sample(a_run(), latent(), pool, stop)
    assert steps == 1
    assert pool.evict_unleased() >= 0
    assert pool.ledger().rows == ()


def test_50_failing_runs_leave_nothing_behind() -> None:
    pool = toy_pool()
    broken = CFGGuider(handle(), [[text(float("nan")), {}]], NEGATIVE, 2.0)
    given = []
    for _ in range(50):
        start = latent(1, 4, 32, 32)
        given.append(weakref.ref(start["samples"]))  # what keeps a frame of the run alive keeps this alive
        with pytest.raises(NotANumberError):
            sample(a_run(guider=broken), start, pool)
        del start
    gc.collect()
    assert [each for each in given if each() is not None] == []
    assert [row.leases for row in pool.ledger().rows] == [0]


def test_a_kept_part_comes_through_unchanged() -> None:
    mask = torch.zeros(1, 16, 16)
    mask[..., 8:] = 1
    given: Latent = {**latent(2, 4, 8, 8, value=0.5), "noise_mask": mask}
    samples = sample(a_run(), given, toy_pool()).samples
    assert torch.allclose(samples[..., :4], torch.tensor(0.5), atol=1e-5)
    assert not torch.allclose(samples[..., 4:], torch.tensor(0.5), atol=0.1)


def test_ddim_keeps_a_part_with_the_noise_of_the_next_seed() -> None:
    given: Latent = {**latent(value=0.5), "noise_mask": torch.zeros(1, 8, 8)}
    module = MeanNetwork()
    seen: list[Tensor] = []
    module.register_forward_pre_hook(lambda _module, arguments: seen.append(arguments[0][:1]))
    sample(a_run("ddim", seed=7), given, toy_pool(module))
    level = SIGMAS[0]
    kept = 0.5 * SD1.scale + level * initial_noise(torch.zeros(1, 4, 8, 8), 8)
    assert torch.allclose(seen[0], kept / (level**2 + 1).sqrt(), atol=1e-5)


def test_levels_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(SamplingError, match=r"must be a tensor \[N \+ 1\], got one of shape \[2, 2\]"):
        sample(a_run(sigmas=torch.ones(2, 2)), latent(), toy_pool())
    with pytest.raises(SamplingError, match=r"Noise level 1 of 3 is nan"):
        sample(a_run(sigmas=torch.tensor([1.0, float("nan"), 0.0])), latent(), toy_pool())
