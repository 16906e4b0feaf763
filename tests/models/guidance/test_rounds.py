"""How estimates are combined: which lists are evaluated, in which order options are asked, and what guiders make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from nodebook.models.guidance.batching import Evaluator
from nodebook.models.guidance.conditioning import prepare
from nodebook.models.guidance.denoiser import GuidedDenoiser
from nodebook.models.guidance.guiders import CFGGuider, DualCFGGuider, Guider, PerpNegGuider
from nodebook.models.guidance.options import BatchFunction, CFGFunction, Guided, Hooks, PostCFG, PreCFG
from nodebook.models.guidance.rounds import Round
from nodebook.models.handles import GuidanceOption
from nodebook.models.sampling.step import Denoiser
from nodebook.models.values import Conditioning
from tests.models.guidance.toys import MeanNetwork, canvas, handle, text, toy_network

SIGMA = torch.tensor(2.0)
X = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
POSITIVE: Conditioning = [[text(1.0), {}]]
MIDDLE: Conditioning = [[text(0.25), {}]]
NEGATIVE: Conditioning = [[text(-1.0), {}]]


def denoiser(guider: Guider) -> tuple[Denoiser, MeanNetwork]:
    network, module = toy_network()
    lists = prepare(guider.conditionings(), network, canvas())
    return GuidedDenoiser(guider, Evaluator(network), lists, Hooks.of(guider.model.options)), module


def guide(guider: Guider) -> Tensor:
    return denoiser(guider)[0](X, SIGMA)


def estimate(value: float) -> Tensor:
    """What the toy network says of a text of this value."""
    return X / 2 / (SIGMA**2 + 1).sqrt() + value


def test_cfg_goes_from_negative_to_positive() -> None:
    assert torch.allclose(guide(CFGGuider(handle(), POSITIVE, NEGATIVE, 3.0)), estimate(-1 + 2 * 3), atol=1e-5)


@pytest.mark.parametrize("cfg", [1.0, 1.0 + 1e-10])
def test_at_cfg_1_the_negative_is_not_evaluated(cfg: float) -> None:
    model, module = denoiser(CFGGuider(handle(), POSITIVE, NEGATIVE, cfg))
    assert torch.allclose(model(X, SIGMA), estimate(1), atol=1e-5)
    assert module.rows == [1]


def test_a_sampler_that_wants_the_negative_gets_it_at_cfg_1_too() -> None:
    model, module = denoiser(CFGGuider(handle(), POSITIVE, NEGATIVE, 1.0))
    guided, uncond = model.split(X, SIGMA)
    assert module.rows == [2]
    assert torch.allclose(guided, estimate(1), atol=1e-5)
    assert torch.allclose(uncond, estimate(-1), atol=1e-5)


def test_without_a_negative_the_unconditional_estimate_is_0() -> None:
    model, module = denoiser(CFGGuider(handle(), POSITIVE))
    guided, uncond = model.split(X, SIGMA)
    assert module.rows == [1]
    assert torch.allclose(guided, estimate(1), atol=1e-5)
    assert uncond.eq(0).all()


def test_an_empty_negative_counts_as_0() -> None:
    assert torch.allclose(guide(CFGGuider(handle(), POSITIVE, [], 2.0)), 2 * estimate(1), atol=1e-5)


def test_two_conditionings_add_up() -> None:
    guider = DualCFGGuider(handle(), POSITIVE, MIDDLE, NEGATIVE, cfg_positive=4.0, cfg_middle=2.0)
    assert torch.allclose(guide(guider), estimate(-1 + 1.25 * 2 + 0.75 * 4), atol=1e-5)


def test_two_conditionings_one_inside_the_other() -> None:
    guider = DualCFGGuider(handle(), POSITIVE, MIDDLE, NEGATIVE, cfg_positive=4.0, cfg_middle=2.0, style="nested")
    inner = 0.25 + 0.75 * 4
    assert torch.allclose(guide(guider), estimate(-1 + 2 * (inner + 1)), atol=1e-5)


@pytest.mark.parametrize("style", ["regular", "nested"])
def test_two_conditionings_leave_out_a_negative_that_does_not_count(style: str) -> None:
    guider = DualCFGGuider(handle(), POSITIVE, MIDDLE, NEGATIVE, 4.0, 1.0, style)  # type: ignore[arg-type]
    model, module = denoiser(guider)
    assert torch.allclose(model(X, SIGMA), estimate(0.25 + 0.75 * 4), atol=1e-5)
    assert module.rows == [2]


def test_what_a_negative_shares_with_the_positive_is_not_taken_away() -> None:
    along = PerpNegGuider(handle(), POSITIVE, [[text(3.0), {}]], [[text(0.0), {}]], cfg=2.0)
    assert torch.allclose(guide(along), estimate(2.0), atol=1e-5)


def test_what_is_perpendicular_to_the_positive_is_taken_away() -> None:
    left, right = torch.zeros(1, 8, 8), torch.zeros(1, 8, 8)
    left[..., :4], right[..., 4:] = 1, 1
    whole: Conditioning = [[text(0.0), {}]]
    positive: Conditioning = [[text(1.0), {"mask": left}], [text(0.0), {"mask": right}]]
    negative: Conditioning = [[text(0.0), {"mask": left}], [text(1.0), {"mask": right}]]
    guided = guide(PerpNegGuider(handle(), positive, negative, whole, cfg=2.0, negative_scale=0.5))
    assert torch.allclose(guided[..., :4], estimate(2.0)[..., :4], atol=1e-5)
    assert torch.allclose(guided[..., 4:], estimate(-1.0)[..., 4:], atol=1e-5)


@dataclass(frozen=True, slots=True)
class Halve(PreCFG):
    """Halves both estimates."""

    def before_cfg(self, estimates: list[Tensor], step: Round) -> list[Tensor]:
        assert step.x is X
        return [each / 2 for each in estimates]


@dataclass(frozen=True, slots=True)
class Say(CFGFunction):
    """Says a number."""

    number: float

    def combine(self, guided: Guided) -> Tensor:
        return torch.full_like(guided.x, self.number)


@dataclass(frozen=True, slots=True)
class Times(PostCFG):
    """Multiplies, then adds."""

    needs_uncond: ClassVar[bool] = True
    factor: float
    added: float = 0.0

    def after_cfg(self, guided: Guided) -> Tensor:
        return guided.denoised * self.factor + self.added


@dataclass(frozen=True, slots=True)
class Numbered(BatchFunction):
    """Says of each list how long its name is."""

    def evaluate(self, names: list[str], step: Round) -> list[Tensor]:  # type: ignore[override]
        return [torch.full_like(step.x, float(len(name))) for name in names]


def with_options(*options: GuidanceOption, cfg: float = 3.0) -> CFGGuider:
    return CFGGuider(handle(options=options), POSITIVE, NEGATIVE, cfg)


def test_an_option_may_change_the_estimates_before_cfg() -> None:
    assert torch.allclose(guide(with_options(Halve(), Halve())), estimate(5) / 4, atol=1e-5)


def test_of_several_ways_to_combine_the_last_is_taken() -> None:
    assert guide(with_options(Say(1.0), Say(2.0))).eq(2).all()


def test_options_after_cfg_follow_one_another() -> None:
    guided = guide(with_options(Times(2.0, 1.0), Times(3.0)))
    assert torch.allclose(guided, (estimate(5) * 2 + 1) * 3, atol=1e-4)


def test_an_option_may_want_the_negative_at_cfg_1() -> None:
    model, module = denoiser(with_options(Times(1.0), cfg=1.0))
    assert torch.allclose(model(X, SIGMA), estimate(1), atol=1e-5)
    assert module.rows == [2]


def test_an_option_may_take_the_place_of_the_network() -> None:
    model, module = denoiser(with_options(Numbered(), cfg=2.0))
    assert model(X, SIGMA).eq(8).all()
    assert module.rows == []
