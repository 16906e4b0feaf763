from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nodebook.models.errors import SamplingError
from nodebook.models.sampling.noise import brownian_noise, initial_noise, noise_sampler, seeded_noise
from tests.golden_data import cases, expect_close, needs_golden

LATENT = torch.zeros(3, 4, 8, 8)
SIGMAS = torch.tensor([14.614643, 6.0, 2.0, 0.5, 0.0])


@needs_golden
@pytest.mark.parametrize("case", cases("noise"))
def test_a_seed_gives_the_recorded_noise(case: dict[str, Any]) -> None:
    inputs = next((node["inputs"] for node in case["graph"].values() if node["class_type"] == "GoldenNoise"), None)
    if inputs is None:
        pytest.skip("needs the network")
    found = initial_noise(torch.zeros(inputs["shape"]), inputs["seed"], inputs["batch_index"])
    expect_close(case, "noise", found)


@given(indices=st.lists(st.integers(0, 6), min_size=1, max_size=5), seed=st.integers(0, 2**64 - 1))
def test_an_item_s_noise_follows_from_its_index_alone(indices: list[int], seed: int) -> None:
    found = initial_noise(torch.zeros(len(indices), 1, 3, 5), seed, indices)
    for index, item in zip(indices, found, strict=True):
        assert torch.equal(item, initial_noise(torch.zeros(1, 1, 3, 5), seed, [index])[0])


def test_items_of_a_multiple_of_16_are_the_same_drawn_at_once() -> None:
    assert torch.equal(initial_noise(LATENT, 5), initial_noise(LATENT, 5, [0, 1, 2]))
    odd = torch.zeros(3, 1, 3, 5)
    assert not torch.equal(initial_noise(odd, 5), initial_noise(odd, 5, [0, 1, 2]))


def test_noise_leaves_torch_s_global_generator_alone() -> None:
    torch.manual_seed(9)
    before = torch.get_rng_state()
    initial_noise(LATENT, 5)
    seeded_noise(LATENT, 5)(SIGMAS[0], SIGMAS[1])
    brownian_noise(LATENT, SIGMAS, 5)(SIGMAS[0], SIGMAS[1])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("indices", [[0, 1], [0, 1, -1], [0, 1, 2, 3]])
def test_a_batch_index_that_does_not_fit_is_refused(indices: list[int]) -> None:
    with pytest.raises(SamplingError, match=r"batch_index of a latent of 3 items must be as many numbers from 0"):
        initial_noise(LATENT, 5, indices)


def test_noise_on_the_way_does_not_repeat_the_initial_noise() -> None:
    draw = seeded_noise(LATENT, 5)
    first, second = draw(SIGMAS[0], SIGMAS[1]), draw(SIGMAS[1], SIGMAS[2])
    assert torch.equal(first, initial_noise(LATENT, 6))
    assert not torch.equal(first, second)
    assert torch.equal(seeded_noise(LATENT, 2**64 - 1)(SIGMAS[0], SIGMAS[1]), initial_noise(LATENT, 0))


def test_without_a_seed_torch_s_global_generator_is_drawn_from() -> None:
    torch.manual_seed(3)
    found = seeded_noise(LATENT, None)(SIGMAS[0], SIGMAS[1])
    torch.manual_seed(3)
    assert torch.equal(found, torch.randn(LATENT.shape))


@settings(max_examples=20, deadline=None)
@given(levels=st.lists(st.floats(0.5, 14.5), min_size=3, max_size=3, unique_by=lambda x: round(x, 3)))
def test_brownian_noise_is_the_increment_of_one_path(levels: list[float]) -> None:
    high, middle, low = (torch.tensor(each) for each in sorted(levels, reverse=True))
    draw = brownian_noise(LATENT, SIGMAS, 7)
    whole = draw(high, low) * (high - low).sqrt()
    parts = draw(high, middle) * (high - middle).sqrt() + draw(middle, low) * (middle - low).sqrt()
    torch.testing.assert_close(parts, whole, rtol=0, atol=1e-2)
    torch.testing.assert_close(draw(low, high), -draw(high, low))


def test_brownian_noise_has_unit_variance_at_each_step() -> None:
    draw = brownian_noise(torch.zeros(1, 4, 64, 64), SIGMAS, 7)
    for sigma, sigma_next in ((0, 1), (1, 2), (2, 3), (0, 3)):
        found = draw(SIGMAS[sigma], SIGMAS[sigma_next])
        assert found.std().item() == pytest.approx(1.0, abs=0.03)
        assert found.mean().item() == pytest.approx(0.0, abs=0.03)


@pytest.mark.filterwarnings("error")
def test_the_ends_of_a_brownian_path_can_be_asked_for() -> None:
    draw = brownian_noise(LATENT, SIGMAS, 7)
    assert torch.isfinite(draw(SIGMAS[0], SIGMAS[3])).all()


def test_each_kind_of_noise_has_its_source() -> None:
    assert noise_sampler("none", LATENT, SIGMAS, 1) is None
    found = {}
    for kind in ("seeded", "brownian", "brownian_gpu"):
        draw = noise_sampler(kind, LATENT, SIGMAS, 1)
        assert draw is not None
        found[kind] = draw(SIGMAS[0], SIGMAS[1])
    assert torch.equal(found["brownian"], found["brownian_gpu"])
    assert not torch.equal(found["seeded"], found["brownian"])
