from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nodebook.models.guidance.batching import Evaluator
from nodebook.models.guidance.conditioning import prepare
from nodebook.models.guidance.denoiser import GuidedDenoiser
from nodebook.models.guidance.guiders import CFGGuider
from nodebook.models.guidance.masks import DifferentialDiffusion, NoiseMask
from nodebook.models.guidance.options import Hooks, Schedule
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.schedules import DiscreteSchedule, FlowSchedule
from tests.models.guidance.toys import SAMPLING, canvas, handle, text, toy_network

SIGMAS = torch.tensor([14.6, 4.0, 1.0, 0.0])
LATENT = torch.full((1, 4, 8, 8), 3.0)
NOISE = torch.full((1, 4, 8, 8), 0.5)


def noise_mask(mask: Tensor, sampling: ModelSampling = SAMPLING) -> NoiseMask:
    return NoiseMask(mask, LATENT, NOISE, Schedule(SIGMAS, sampling))


def halves() -> Tensor:
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., 4:] = 1
    return mask


def test_the_model_sees_the_kept_part_with_the_noise_of_the_step() -> None:
    mask, x, sigma = noise_mask(halves()), torch.zeros(1, 4, 8, 8), torch.tensor(2.0)
    seen = mask.before(x, sigma, mask.at(sigma))
    assert seen[..., :4].eq(3 + 2 * 0.5).all()
    assert seen[..., 4:].eq(0).all()


def test_in_a_flow_noise_and_latent_are_mixed() -> None:
    flow = ModelSampling(FlowSchedule(3.0), "flow")
    mask, sigma = noise_mask(torch.zeros(1, 1, 8, 8), flow), torch.tensor(0.25)
    assert torch.allclose(mask.before(LATENT, sigma, mask.mask), torch.tensor(0.25 * 0.5 + 0.75 * 3))


def test_the_estimate_keeps_what_is_masked() -> None:
    mask = noise_mask(halves())
    kept = mask.after(torch.ones(1, 4, 8, 8), mask.mask)
    assert kept[..., :4].eq(3).all()
    assert kept[..., 4:].eq(1).all()


def test_a_denoiser_with_a_mask_changes_only_what_is_to_be_made_anew() -> None:
    network, _ = toy_network()
    guider = CFGGuider(handle(), [[text(1.0), {}]])
    lists = prepare(guider.conditionings(), network, canvas())
    masked = GuidedDenoiser(guider, Evaluator(network), lists, Hooks(), noise_mask(halves()))
    free = GuidedDenoiser(guider, Evaluator(network), lists, Hooks())
    x, sigma = torch.randn(1, 4, 8, 8), torch.tensor(1.0)
    assert torch.equal(masked(x, sigma)[..., :4], LATENT[..., :4])
    assert torch.allclose(masked(x, sigma)[..., 4:], free(x, sigma)[..., 4:])
    guided, uncond = masked.split(x, sigma)
    assert torch.equal(guided[..., :4], LATENT[..., :4])
    assert uncond.eq(0).all()


def grey() -> Tensor:
    return torch.tensor([0.0, 0.25, 0.5, 1.0]).reshape(1, 1, 1, 4)


def test_darker_places_are_made_anew_later() -> None:
    differential, schedule = DifferentialDiffusion(), Schedule(SIGMAS, ModelSampling(DiscreteSchedule()))
    masks = [differential.step_mask(grey(), sigma, schedule).flatten().tolist() for sigma in SIGMAS[:3]]
    assert masks[0] == [0, 0, 0, 1]
    assert masks[2] == [0, 0, 1, 1]
    assert all(earlier <= later for earlier, later in zip(masks[0], masks[2], strict=True))


def test_at_the_end_of_a_run_everything_is_made_anew() -> None:
    schedule = Schedule(SIGMAS, ModelSampling(DiscreteSchedule()))
    assert DifferentialDiffusion().step_mask(grey(), torch.tensor(0.0291), schedule).eq(1).all()


def test_a_run_that_ends_early_counts_to_its_own_end() -> None:
    schedule = Schedule(torch.tensor([14.6, 4.0]), ModelSampling(DiscreteSchedule()))
    assert DifferentialDiffusion().step_mask(grey(), torch.tensor(4.0), schedule).eq(1).all()


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_less_strength_keeps_the_mask_itself(strength: float) -> None:
    schedule = Schedule(SIGMAS, ModelSampling(DiscreteSchedule()))
    mask = DifferentialDiffusion(strength).step_mask(grey(), SIGMAS[0], schedule)
    assert torch.allclose(
        mask.flatten(), torch.tensor([0, 0.25, 0.5, 1]) * (1 - strength) + strength * mask.eq(1).flatten()
    )
