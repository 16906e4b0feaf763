from __future__ import annotations

import math

import pytest
import torch

from nodebook.models.errors import SamplingError
from nodebook.models.sampling import registry
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.registry import SAMPLERS, Sampler
from nodebook.models.sampling.step import Step
from tests.models.sampling.analytic import EPS, FLOW, AnalyticDenoiser

SIGMAS = torch.tensor([14.0, 5.0, 2.0, 0.5, 0.0])
STOCHASTIC = {name for name, kind in SAMPLERS.items() if kind.noise != "none"} - {"dpm_adaptive"}
every_sampler = pytest.mark.parametrize("name", SAMPLERS)


def noise(scale: float = 14.0) -> torch.Tensor:
    return torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0)) * scale


@every_sampler
def test_nothing_it_is_given_changes(name: str) -> None:
    x, sigmas = noise(), SIGMAS.clone()
    Sampler(name).run(AnalyticDenoiser(EPS), x, sigmas, seed=1)
    assert torch.equal(x, noise())
    assert torch.equal(sigmas, SIGMAS)


@every_sampler
def test_a_seed_decides_the_noise_of_those_that_add_some(name: str) -> None:
    first, again, other = (Sampler(name).run(AnalyticDenoiser(EPS), noise(), SIGMAS, seed=s) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (name not in STOCHASTIC)


@every_sampler
def test_each_step_is_told_in_order(name: str) -> None:
    told: list[Step] = []
    Sampler(name).run(AnalyticDenoiser(EPS), noise(), SIGMAS, seed=1, on_step=told.append)
    indices = [step.index for step in told]
    assert indices == sorted(indices)
    assert all(step.index < step.total for step in told)
    assert all(step.x.shape == step.denoised.shape == (2, 4, 3, 3) for step in told)
    if name not in ("dpm_fast", "dpm_adaptive"):
        assert indices == [0, 1, 2, 3]
        assert {step.total for step in told} == {4}
    if name not in ("dpm_fast", "dpm_adaptive", "uni_pc", "uni_pc_bh2"):
        assert [step.sigma for step in told] == SIGMAS[:-1].tolist()
        assert torch.equal(told[0].x, noise())


class Elsewhere(AnalyticDenoiser):
    """A model on a device whose numbers nobody can read."""

    def split(self, x: torch.Tensor, sigma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        assert (sigma.device.type, sigma.dim()) == ("cpu", 0)
        return torch.empty_like(x), torch.empty_like(x)


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "dpm_adaptive"])  # its steps depend on samples
@pytest.mark.parametrize("sampling", [EPS, FLOW])
def test_levels_are_read_on_the_cpu_so_that_no_step_waits_for_a_device(
    name: str, sampling: ModelSampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = noise().to("meta")
    monkeypatch.setattr(registry, "noise_sampler", lambda *_: lambda *_levels: torch.empty_like(x))
    made = Sampler(name).run(Elsewhere(sampling), x, torch.linspace(0.9, 0, 6), seed=1)
    assert made.device.type == "meta"


@every_sampler
def test_a_hook_that_raises_stops_within_the_step(name: str) -> None:
    def stop(step: Step) -> None:
        if step.index == 1:
            raise KeyboardInterrupt

    denoise = AnalyticDenoiser(EPS)
    with pytest.raises(KeyboardInterrupt):
        Sampler(name).run(denoise, noise(), SIGMAS, seed=1, on_step=stop)
    assert denoise.calls <= (6 if name == "dpm_adaptive" else 4)


@every_sampler
@pytest.mark.parametrize("levels", [[], [14.0]])
def test_without_a_step_the_sample_stays(name: str, levels: list[float]) -> None:
    denoise = AnalyticDenoiser(EPS)
    assert torch.equal(Sampler(name).run(denoise, noise(), torch.tensor(levels)), noise())
    assert denoise.calls == 0


@every_sampler
@pytest.mark.parametrize("sampling", [EPS, FLOW], ids=["eps", "flow"])
def test_one_and_two_steps_give_finite_samples(name: str, sampling: object) -> None:
    top = 1.0 if sampling is FLOW else 14.0
    for levels in ([top, 0.0], [top, 0.4, 0.0], [top, 0.4], [top, 0.6, 0.4]):
        found = Sampler(name).run(AnalyticDenoiser(sampling), noise(top), torch.tensor(levels), seed=1)  # type: ignore[arg-type]
        assert torch.isfinite(found).all()


@every_sampler
def test_a_double_sample_stays_double(name: str) -> None:
    found = Sampler(name).run(AnalyticDenoiser(EPS), noise().double(), SIGMAS.double(), seed=1)
    assert found.dtype == torch.float64


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_levels_that_are_no_levels_are_refused(bad: float) -> None:
    with pytest.raises(SamplingError, match=rf"Noise level 1 of 3 is {bad}: expected finite numbers from 0"):
        Sampler("euler").run(AnalyticDenoiser(EPS), noise(), torch.tensor([14.0, bad, 0.0]))
    with pytest.raises(SamplingError, match=r"must be a tensor \[N \+ 1\], got one of shape \[2, 2\]"):
        Sampler("euler").run(AnalyticDenoiser(EPS), noise(), torch.ones(2, 2))


def test_a_wrong_option_is_answered_with_those_there_are() -> None:
    with pytest.raises(SamplingError, match=r"'euler_ancestral' has no option 'churn'. It has: eta, s_noise"):
        Sampler.of("euler_ancestral", churn=1.0)
    with pytest.raises(SamplingError, match=r"'euler' has no option 'eta'. It has: none"):
        Sampler.of("euler", eta=1.0)
    with pytest.raises(SamplingError, match=r"no sampler 'dpmpp_2n'. Did you mean dpmpp_2m"):
        Sampler.of("dpmpp_2n")


def test_only_unipc_moves_a_last_level_of_0() -> None:
    moved = {name for name in SAMPLERS if Sampler(name).levels(SIGMAS)[-1] != 0}
    assert moved == {"uni_pc", "uni_pc_bh2"}
    assert Sampler("uni_pc").levels(SIGMAS)[-1] == pytest.approx(0.001)
    assert torch.equal(Sampler("uni_pc").levels(SIGMAS[:-1]), SIGMAS[:-1])


def test_only_ddim_draws_the_noise_of_kept_areas_again() -> None:
    assert [name for name, kind in SAMPLERS.items() if kind.redraws_inpaint_noise] == ["ddim"]


def test_the_adaptive_sampler_gives_up_where_no_step_is_good_enough() -> None:
    with pytest.raises(SamplingError, match=r"no step that it could accept: .* Raise rtol or atol"):
        Sampler.of("dpm_adaptive", accept_safety=3.0).run(AnalyticDenoiser(EPS), noise(), SIGMAS)
    with pytest.raises(SamplingError, match=r"the last error is nan"):
        Sampler("dpm_adaptive").run(AnalyticDenoiser(EPS), noise() * math.nan, SIGMAS)


def test_sa_solver_of_a_simple_second_order_weighs_as_dpmpp_2m() -> None:
    sigmas = torch.tensor([14.0, 5.0, 2.0, 0.5])
    options = {"eta": 0.0, "predictor_order": 2, "corrector_order": 0, "simple_order_2": True}
    found = Sampler.of("sa_solver", **options).run(AnalyticDenoiser(EPS), noise(), sigmas)
    torch.testing.assert_close(found, Sampler("dpmpp_2m").run(AnalyticDenoiser(EPS), noise(), sigmas))
