"""Nodes that choose the noise levels of a run, and that cut and change lists of them."""

from typing import Annotated, Literal

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.models.sampling import sigmas as levels
from nodebook.models.sampling.schedulers import beta_sigmas, scheduler_sigmas
from nodebook.nodes.blame import about
from nodebook.nodes.diffusion.model_sampling import Shift, positions
from nodebook.nodes.diffusion.ports import LatentImage, Model, SigmasPort

SchedulerName = Literal[
    "simple",
    "sgm_uniform",
    "karras",
    "exponential",
    "ddim_uniform",
    "beta",
    "normal",
    "linear_quadratic",
    "kl_optimal",
]
"""The names of ``nodebook.models.sampling.schedulers.SCHEDULERS``; a test compares them."""

Steps = Annotated[int, Field(ge=1, le=10000)]
Denoise = Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.01)]
SigmaEnd = Annotated[float, Field(ge=0.0, le=5000.0), Number(step=0.01)]
Power = Annotated[float, Field(ge=0.0, le=100.0), Number(step=0.01)]

_SIGMA_MAX, _SIGMA_MIN = 14.614642, 0.0291675
_SCHEDULERS = "sampling/custom_sampling/schedulers"
_SIGMAS = "sampling/custom_sampling/sigmas"


@node(name="BasicScheduler", category=_SCHEDULERS)
def basic_scheduler(
    model: Model, scheduler: SchedulerName = "simple", steps: Steps = 20, denoise: Denoise = 1.0
) -> SigmasPort:
    """Choose noise levels from those of a model.

    denoise: below 1, the last steps of a longer run; 0 gives none.
    """
    return scheduler_sigmas(model.sampling, scheduler, steps, denoise)


@node(name="KarrasScheduler", category=_SCHEDULERS)
def karras_scheduler(
    steps: Steps = 20, sigma_max: SigmaEnd = _SIGMA_MAX, sigma_min: SigmaEnd = _SIGMA_MIN, rho: Power = 7.0
) -> SigmasPort:
    """Choose noise levels equal in a root, which spends more steps on low noise (Karras et al. 2022).

    rho: which root.
    """
    with about("rho"):
        return levels.karras_sigmas(steps, sigma_min, sigma_max, rho)


@node(name="ExponentialScheduler", category=_SCHEDULERS)
def exponential_scheduler(
    steps: Steps = 20, sigma_max: SigmaEnd = _SIGMA_MAX, sigma_min: SigmaEnd = _SIGMA_MIN
) -> SigmasPort:
    """Choose noise levels equal in their logarithm."""
    with about("sigma_min"):
        return levels.exponential_sigmas(steps, sigma_min, sigma_max)


@node(name="PolyexponentialScheduler", category=_SCHEDULERS)
def polyexponential_scheduler(
    steps: Steps = 20, sigma_max: SigmaEnd = _SIGMA_MAX, sigma_min: SigmaEnd = _SIGMA_MIN, rho: Power = 1.0
) -> SigmasPort:
    """Choose noise levels whose logarithm is a power of the way.

    rho: the power; 1 is the exponential scheduler.
    """
    with about("sigma_min"):
        return levels.polyexponential_sigmas(steps, sigma_min, sigma_max, rho)


@node(name="LaplaceScheduler", category=_SCHEDULERS)
def laplace_scheduler(
    steps: Steps = 20,
    sigma_max: SigmaEnd = _SIGMA_MAX,
    sigma_min: SigmaEnd = _SIGMA_MIN,
    mu: Annotated[float, Field(ge=-10.0, le=10.0), Number(step=0.1)] = 0.0,
    beta: Annotated[float, Field(ge=0.0, le=10.0), Number(step=0.1)] = 0.5,
) -> SigmasPort:
    """Choose noise levels that crowd around a middle one, as a Laplace distribution does. Does not end in 0.

    mu: the logarithm of the middle level.
    beta: how wide they are spread.
    """
    return levels.laplace_sigmas(steps, sigma_min, sigma_max, mu, beta)


@node(name="VPScheduler", category=_SCHEDULERS)
def vp_scheduler(
    steps: Steps = 20,
    beta_d: SigmaEnd = 19.9,
    beta_min: SigmaEnd = 0.1,
    eps_s: Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.0001)] = 0.001,
) -> SigmasPort:
    """Choose noise levels of the continuous variance-preserving process.

    beta_d: how much beta grows from first to last time.
    beta_min: beta at time 0.
    eps_s: the last time.
    """
    return levels.vp_sigmas(steps, beta_d, beta_min, eps_s)


@node(name="BetaSamplingScheduler", category=_SCHEDULERS)
def beta_sampling_scheduler(
    model: Model,
    steps: Steps = 20,
    alpha: Annotated[float, Field(ge=0.0, le=50.0), Number(step=0.01)] = 0.6,
    beta: Annotated[float, Field(ge=0.0, le=50.0), Number(step=0.01)] = 0.6,
) -> SigmasPort:
    """Choose noise levels of a model at quantiles of a Beta distribution.

    alpha: below 1 spends more steps on low noise.
    beta: below 1 spends more steps on high noise.
    """
    with about("alpha"):
        return beta_sigmas(model.sampling, steps, alpha, beta)


@node(name="SDTurboScheduler", category=_SCHEDULERS)
def sd_turbo_scheduler(
    model: Model, steps: Annotated[int, Field(ge=1, le=10)] = 1, denoise: Denoise = 1.0
) -> SigmasPort:
    """Choose noise levels for models that are distilled to very few steps (SD-Turbo).

    denoise: below 1, begin with less noise; there are then fewer steps left.
    """
    return levels.turbo_sigmas(model.sampling.schedule.sigma, steps, denoise)


@node(name="AlignYourStepsScheduler", category=_SCHEDULERS)
def align_your_steps_scheduler(
    model_type: Literal["SD1", "SDXL", "SVD"] = "SD1", steps: Steps = 10, denoise: Denoise = 1.0
) -> SigmasPort:
    """Choose noise levels that were optimised for a kind of model (Align Your Steps). Best with 10 steps.

    denoise: below 1, the last of these steps; 0 gives none.
    """
    return levels.align_your_steps(model_type, steps, denoise)


@node(name="Flux2Scheduler", category=_SCHEDULERS)
def flux2_scheduler(
    steps: Annotated[int, Field(ge=1, le=4096)] = 20,
    width: Annotated[int, Field(ge=16, le=16384), Number(step=1)] = 1024,
    height: Annotated[int, Field(ge=16, le=16384), Number(step=1)] = 1024,
) -> SigmasPort:
    """Choose noise levels for FLUX.2, higher ones the larger the picture is and the fewer the steps are."""
    return levels.flux2_sigmas(steps, width, height)


@node(name="LTXVScheduler", category=_SCHEDULERS)
def ltxv_scheduler(
    steps: Steps = 20,
    max_shift: Shift = 2.05,
    base_shift: Shift = 0.95,
    stretch: bool = True,  # noqa: FBT001, FBT002 -- a toggle of the node
    terminal: Annotated[float, Field(ge=0.0, le=0.99), Number(step=0.01)] = 0.1,
    latent: LatentImage | None = None,
) -> SigmasPort:
    """Choose noise levels for LTX-Video, higher ones the larger the video is.

    stretch: let the last level before 0 be the terminal one.
    terminal: the last level before 0.
    latent: whose size counts; 4096 positions without one.
    """
    mu = levels.ltxv_mu(positions(latent), max_shift, base_shift)
    return levels.ltxv_sigmas(steps, mu, terminal if stretch else None)


@node(name="SplitSigmas", category=_SIGMAS, outputs=("high_sigmas", "low_sigmas"))
def split_sigmas(sigmas: SigmasPort, step: Annotated[int, Field(ge=0, le=10000)] = 0) -> tuple[SigmasPort, SigmasPort]:
    """Split noise levels in two runs, one after the other.

    step: where the second run begins.
    """
    return levels.split_at(sigmas, step)


@node(name="SplitSigmasDenoise", category=_SIGMAS, outputs=("high_sigmas", "low_sigmas"))
def split_sigmas_denoise(sigmas: SigmasPort, denoise: Denoise = 1.0) -> tuple[SigmasPort, SigmasPort]:
    """Split noise levels in two runs, one after the other.

    denoise: the share of the steps that the second run has.
    """
    return levels.split_denoise(sigmas, denoise)


@node(name="FlipSigmas", category=_SIGMAS)
def flip_sigmas(sigmas: SigmasPort) -> SigmasPort:
    """Turn noise levels around, so that a run goes from a picture to noise. A first level of 0 becomes 0.0001."""
    return levels.flipped(sigmas)


@node(name="SetFirstSigma", category=_SIGMAS)
def set_first_sigma(
    sigmas: SigmasPort, sigma: Annotated[float, Field(ge=0.0, le=20000.0), Number(step=0.001)] = 136.0
) -> SigmasPort:
    """Begin with another noise level.

    sigma: the first level.
    """
    return levels.with_first(sigmas, sigma)


@node(name="ExtendIntermediateSigmas", category=_SIGMAS)
def extend_intermediate_sigmas(
    sigmas: SigmasPort,
    steps: Annotated[int, Field(ge=1, le=100)] = 2,
    start_at_sigma: Annotated[float, Field(ge=-1.0, le=20000.0), Number(step=0.01)] = -1.0,
    end_at_sigma: Annotated[float, Field(ge=0.0, le=20000.0), Number(step=0.01)] = 12.0,
    spacing: Literal["linear", "cosine", "sine"] = "linear",
) -> SigmasPort:
    """Put more noise levels between those that there are.

    steps: how many steps each one becomes.
    start_at_sigma: steps from higher levels stay as they are; -1 for no limit.
    end_at_sigma: steps from lower levels stay as they are.
    """
    return levels.extended(sigmas, steps, start_at_sigma, end_at_sigma, spacing)


@node(name="ManualSigmas", category="_for_testing/custom_sampling")
def manual_sigmas(sigmas: str = "1, 0.5") -> SigmasPort:
    """Write noise levels by hand.

    sigmas: numbers, highest first; end with 0 for a finished picture.
    """
    return levels.parsed(sigmas)


@node(name="SamplingPercentToSigma", category=_SIGMAS, outputs=("sigma_value",))
def sampling_percent_to_sigma(
    model: Model,
    sampling_percent: Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.0001)] = 0.0,
    return_actual_sigma: bool = False,  # noqa: FBT001, FBT002 -- a toggle of the node
) -> float:
    """Say which noise level a model is at when a share of its time is done.

    return_actual_sigma: at 0 and 1, give the model's highest and lowest level, not limits that include all levels.
    """
    sampling = model.sampling
    if return_actual_sigma and sampling_percent <= 0:
        return sampling.sigma_max
    if return_actual_sigma and sampling_percent >= 1:
        return sampling.sigma_min
    return sampling.schedule.percent_to_sigma(sampling_percent)


NODES = (
    basic_scheduler,
    karras_scheduler,
    exponential_scheduler,
    polyexponential_scheduler,
    laplace_scheduler,
    vp_scheduler,
    beta_sampling_scheduler,
    sd_turbo_scheduler,
    align_your_steps_scheduler,
    flux2_scheduler,
    ltxv_scheduler,
    split_sigmas,
    split_sigmas_denoise,
    flip_sigmas,
    set_first_sigma,
    extend_intermediate_sigmas,
    manual_sigmas,
    sampling_percent_to_sigma,
)
