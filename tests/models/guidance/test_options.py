"""Options: formulas on numbers, and U-Nets of diffusers that are changed for one run alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nodebook.models.errors import UnsuitableModelError
from nodebook.models.guidance.batching import Evaluator
from nodebook.models.guidance.cfg_options import CFGNorm, CFGZeroStar, EpsilonScaling, RescaleCFG
from nodebook.models.guidance.conditioning import prepare
from nodebook.models.guidance.copies import patched, private_copy
from nodebook.models.guidance.options import CFGFunction, Guided, PostCFG
from nodebook.models.guidance.rounds import Round
from nodebook.models.guidance.unet_options import (
    FreeU,
    PerturbedAttention,
    on_skip_connections,
    quieter_low_frequencies,
)
from nodebook.models.networks import Network
from tests.models.guidance.toys import SAMPLING, MeanNetwork, canvas, toy_network

GENERATOR = torch.Generator().manual_seed(3)
X, COND, UNCOND = (torch.randn(2, 4, 8, 8, generator=GENERATOR) for _ in range(3))
SIGMA = torch.tensor(1.5)


def guided(scale: float, *, cond: Tensor = COND, uncond: Tensor = UNCOND, network: Network | None = None) -> Guided:
    step = Round(X, SIGMA, SAMPLING, Evaluator(network or toy_network()[0]), {})
    return Guided(step, cond, uncond, scale, uncond + (cond - uncond) * scale)


def plain(given: Guided) -> Tensor:
    return given.uncond + (given.cond - given.uncond) * given.scale


def test_rescaling_by_0_is_plain_cfg() -> None:
    given = guided(7.0)
    assert torch.allclose(RescaleCFG(0.0).combine(given), plain(given), atol=1e-4)


def test_full_rescaling_gives_the_velocity_the_spread_of_the_conditional_one() -> None:
    given = guided(7.0)
    level = SIGMA**2 + 1
    velocity, cond = ((X / level - each) for each in (RescaleCFG(1.0).combine(given), COND))
    assert torch.allclose(velocity.std(dim=(1, 2, 3)), cond.std(dim=(1, 2, 3)), rtol=1e-4)


ITEMWISE: list[CFGFunction | PostCFG] = [RescaleCFG(0.7), CFGZeroStar(), CFGNorm(0.9), EpsilonScaling(1.1)]


def apply(option: CFGFunction | PostCFG, given: Guided) -> Tensor:
    return option.combine(given) if isinstance(option, CFGFunction) else option.after_cfg(given)


@pytest.mark.parametrize("option", ITEMWISE, ids=lambda option: type(option).__name__)
def test_items_of_a_batch_do_not_touch_each_other(option: CFGFunction | PostCFG) -> None:
    together = apply(option, guided(5.0))
    for index in range(2):
        part = slice(index, index + 1)
        step = Round(X[part], SIGMA, SAMPLING, Evaluator(toy_network()[0]), {})
        denoised = UNCOND[part] + (COND[part] - UNCOND[part]) * 5.0
        assert torch.allclose(
            apply(option, Guided(step, COND[part], UNCOND[part], 5.0, denoised)), together[part], atol=1e-4
        )


@pytest.mark.parametrize(
    "option", [RescaleCFG(0.7), CFGZeroStar(), CFGNorm()], ids=lambda option: type(option).__name__
)
def test_where_both_estimates_agree_nothing_changes(option: CFGFunction | PostCFG) -> None:
    assert torch.allclose(apply(option, guided(5.0, uncond=COND)), COND, atol=1e-4)


def test_the_unconditional_noise_is_scaled_to_fit_the_conditional_one() -> None:
    uncond = X - 2 * (X - COND)
    alpha = 0.5
    expected = alpha * uncond + 3.0 * (COND - alpha * uncond)
    assert torch.allclose(CFGZeroStar().after_cfg(guided(3.0, uncond=uncond)), expected, atol=1e-4)


def test_a_longer_estimate_is_cut_to_the_length_of_the_conditional_one() -> None:
    result = CFGNorm(0.5).after_cfg(guided(9.0))
    limit = torch.linalg.vector_norm(COND, dim=1)
    assert (torch.linalg.vector_norm(result, dim=1) <= limit * 0.5 + 1e-5).all()
    short = guided(0.5, uncond=torch.zeros_like(COND))
    assert torch.allclose(CFGNorm().after_cfg(short), COND / 2, atol=1e-6)


def test_predicted_noise_is_scaled_down() -> None:
    given = guided(3.0)
    assert torch.allclose((X - EpsilonScaling(2.0).after_cfg(given)) * 2, X - given.denoised, atol=1e-5)


@pytest.fixture(scope="module")
def unet() -> nn.Module:
    from diffusers import UNet2DConditionModel

    torch.manual_seed(0)
    make: Callable[..., Any] = UNet2DConditionModel
    module: nn.Module = make(
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=3,
        attention_head_dim=4,
    )
    return module.eval()


def answer(module: nn.Module) -> Tensor:
    with torch.no_grad():
        output: Tensor = module(X, 10.0, encoder_hidden_states=torch.ones(2, 2, 3), return_dict=False)[0]
    return output


def test_a_private_copy_shares_weights_but_not_hooks(unet: nn.Module) -> None:
    before, copy = answer(unet), private_copy(unet)
    assert [id(each) for each in copy.parameters()] == [id(each) for each in unet.parameters()]
    assert not {id(each) for each in copy.modules()} & {id(each) for each in unet.modules()}
    assert torch.equal(answer(copy), before)
    for module in copy.modules():
        module.register_forward_hook(lambda _module, _given, output: output)
    copy.get_submodule("conv_out").register_forward_hook(lambda _module, _given, output: output * 0)
    assert answer(copy).eq(0).all()
    assert torch.equal(answer(unet), before)


def test_a_copy_of_a_changed_copy_is_changed_too(unet: nn.Module) -> None:
    changed = patched(unet, [FreeU((2.0, 2.0), (1.0, 1.0))])
    assert torch.equal(answer(private_copy(changed)), answer(changed))


def test_without_patches_the_network_itself_is_used(unet: nn.Module) -> None:
    assert patched(unet, []) is unet


def test_skip_connections_are_seen_as_diffusers_joins_them(unet: nn.Module) -> None:
    seen: list[tuple[int, int]] = []

    def watch(hidden: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        seen.append((hidden.shape[1], skip.shape[1]))
        return hidden, skip

    copy = private_copy(unet)
    on_skip_connections(copy, watch)
    assert torch.equal(answer(copy), answer(unet))
    assert seen == [(64, 64), (64, 32), (64, 32), (32, 32)]


@pytest.mark.parametrize("is_adaptive", [False, True])
def test_free_u_with_factors_of_1_changes_nothing(unet: nn.Module, is_adaptive: bool) -> None:  # noqa: FBT001
    changed = patched(unet, [FreeU((1.0, 1.0), (1.0, 1.0), is_adaptive)])
    assert torch.allclose(answer(changed), answer(unet), atol=1e-5)


def test_free_u_changes_what_has_2_and_4_times_the_base_width(unet: nn.Module) -> None:
    before = answer(unet)
    assert torch.allclose(answer(patched(unet, [FreeU((2.0, 1.0), (0.5, 1.0))])), before, atol=1e-5)
    for options in (FreeU((1.0, 2.0), (1.0, 1.0)), FreeU((1.0, 1.0), (1.0, 0.0))):
        assert not torch.allclose(answer(patched(unet, [options])), before, atol=1e-3)
    assert torch.equal(answer(unet), before)


def test_low_frequencies_are_quieter_and_others_stay() -> None:
    constant = torch.ones(1, 2, 8, 6)
    assert torch.allclose(quieter_low_frequencies(constant, 0.25), constant * 0.25, atol=1e-6)
    checks = torch.ones(1, 1, 8, 8)
    checks[..., ::2] = -1
    assert torch.allclose(quieter_low_frequencies(checks, 0.0), checks, atol=1e-5)
    assert quieter_low_frequencies(torch.ones(1, 1, 1, 1, dtype=torch.float16), 0.5).item() == 0.5


def perturb(unet: nn.Module, scale: float) -> tuple[Guided, Tensor]:
    network = Network(unet, "sd1", SAMPLING)
    lists = prepare({"positive": [[torch.ones(1, 2, 3), {}]]}, network, canvas(batch=2))
    step = Round(X, SIGMA, SAMPLING, Evaluator(network), lists)
    with torch.no_grad():
        cond = step.estimate("positive")[0]
        given = Guided(step, cond, UNCOND, 4.0, COND)
        return given, PerturbedAttention(scale).after_cfg(given)


def test_perturbed_attention_moves_away_from_the_network_without_self_attention(unet: nn.Module) -> None:
    before = answer(unet)
    given, once = perturb(unet, 1.0)
    _, twice = perturb(unet, 2.0)
    assert torch.allclose(twice - COND, 2 * (once - COND), atol=1e-4)
    assert not torch.allclose(once, COND, atol=1e-5)
    assert len(given.round.evaluator._variants) == 1
    assert torch.equal(answer(unet), before)
    assert perturb(unet, 0.0)[1] is COND


def test_self_attention_to_one_token_is_its_value(unet: nn.Module) -> None:
    """With one place in the middle block each token sees itself alone, so nothing is perturbed."""
    network = Network(unet, "sd1", SAMPLING)
    x = X[:, :, :2, :2]
    lists = prepare({"positive": [[torch.ones(1, 2, 3), {}]]}, network, canvas(2, 2, batch=2))
    step = Round(x, SIGMA, SAMPLING, Evaluator(network), lists)
    with torch.no_grad():
        cond = step.estimate("positive")[0]
        moved = PerturbedAttention(5.0).after_cfg(Guided(step, cond, cond, 1.0, cond))
    assert torch.allclose(moved, cond, atol=1e-4)


@pytest.mark.parametrize("option", [FreeU(), PerturbedAttention()], ids=lambda option: type(option).__name__)
def test_a_network_that_is_no_unet_is_refused(option: Any) -> None:
    with pytest.raises(UnsuitableModelError, match=r"changes U-Nets .* is a MeanNetwork\. Take the node out"):
        patched(MeanNetwork(), [option])


def test_options_mean_the_same_when_they_are_equal() -> None:
    assert FreeU((1.0, 2.0)) == FreeU((1.0, 2.0))
    assert len({RescaleCFG(), RescaleCFG(0.7), CFGNorm(), FreeU(), PerturbedAttention()}) == 4
