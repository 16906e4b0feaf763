"""Nodes that say how a model's output is to be read: other noise levels, another prediction."""

from dataclasses import replace
from math import prod
from typing import Annotated, Literal

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.models.sampling.parametrisation import ModelSampling, Prediction
from nodebook.models.sampling.schedules import (
    CascadeSchedule,
    ContinuousSchedule,
    DiscreteSchedule,
    FlowSchedule,
    FluxSchedule,
    Schedule,
)
from nodebook.models.sampling.sigmas import ltxv_mu
from nodebook.nodes.blame import about
from nodebook.nodes.diffusion.ports import LatentImage, Model

Shift = Annotated[float, Field(ge=0.0, le=100.0), Number(step=0.01)]
Level = Annotated[float, Field(ge=0.0, le=1000.0), Number(step=0.001)]
Side = Annotated[int, Field(ge=16, le=16384), Number(step=8)]

_PREDICTIONS: dict[str, Prediction] = {
    "eps": "eps",
    "v_prediction": "v",
    "lcm": "lcm",
    "x0": "x0",
    "img_to_img": "image",
    "edm": "edm",
    "edm_playground_v2.5": "edm",
    "cosmos_rflow": "rflow",
}
_LCM_TIMES = 50
_EDM_DATA = 0.5
_LTXV_TOKENS = 4096


@node(name="ModelSamplingDiscrete", title="ModelSamplingDiscrete", category="advanced/model")
def model_sampling_discrete(
    model: Model,
    sampling: Literal["eps", "v_prediction", "lcm", "x0", "img_to_img"] = "eps",
    zsnr: bool = False,  # noqa: FBT001, FBT002 -- a toggle of the node
) -> Model:
    """Read a model as one that was trained on discrete times.

    sampling: what it predicts: noise (eps), velocity, a consistency model's noise (lcm), or the picture itself.
    zsnr: let the noise levels end in pure noise, for models trained so.
    """
    old = model.sampling.schedule
    schedule = old if isinstance(old, DiscreteSchedule) else DiscreteSchedule()
    skip = schedule.count // _LCM_TIMES if sampling == "lcm" else 1
    schedule = replace(schedule, zero_terminal_snr=zsnr, skip=skip)
    return _resampled(model, schedule, _PREDICTIONS[sampling])


@node(name="ModelSamplingContinuousEDM", title="ModelSamplingContinuousEDM", category="advanced/model")
def model_sampling_continuous_edm(
    model: Model,
    sampling: Literal["v_prediction", "edm", "edm_playground_v2.5", "eps", "cosmos_rflow"] = "v_prediction",
    sigma_max: Level = 120.0,
    sigma_min: Level = 0.002,
) -> Model:
    """Read a model as one that knows every noise level between two ends (EDM).

    sampling: what it predicts; ``edm`` with sigma_data 0.5.
    """
    schedule = _continuous(sigma_min, sigma_max, "ratio" if sampling == "cosmos_rflow" else "log")
    prediction = _PREDICTIONS[sampling]
    return _resampled(model, schedule, prediction, _EDM_DATA if prediction == "edm" else 1.0)


@node(name="ModelSamplingContinuousV", title="ModelSamplingContinuousV", category="advanced/model")
def model_sampling_continuous_v(
    model: Model,
    sampling: Literal["v_prediction"] = "v_prediction",
    sigma_max: Level = 500.0,
    sigma_min: Level = 0.03,
) -> Model:
    """Read a model as one that predicts velocity at every noise level between two ends, told as an angle.

    sampling: what it predicts.
    """
    return _resampled(model, _continuous(sigma_min, sigma_max, "angle"), _PREDICTIONS[sampling])


@node(name="ModelSamplingStableCascade", title="ModelSamplingStableCascade", category="advanced/model")
def model_sampling_stable_cascade(model: Model, shift: Shift = 2.0) -> Model:
    """Read a model as Stable Cascade: a cosine schedule.

    shift: more of it spends more steps on high noise, for larger latents.
    """
    with about("shift"):
        return _resampled(model, CascadeSchedule(shift), "eps")


@node(name="ModelSamplingSD3", title="ModelSamplingSD3", category="advanced/model")
def model_sampling_sd3(model: Model, shift: Shift = 3.0) -> Model:
    """Read a model as a rectified flow whose time runs to 1000 (SD3, Wan, HunyuanVideo).

    shift: more of it spends more steps on high noise, for larger pictures.
    """
    return _resampled(model, FlowSchedule(shift), "flow")


@node(name="ModelSamplingAuraFlow", title="ModelSamplingAuraFlow", category="advanced/model")
def model_sampling_aura_flow(model: Model, shift: Shift = 1.73) -> Model:
    """Read a model as a rectified flow whose time runs to 1 (AuraFlow, Lumina 2).

    shift: more of it spends more steps on high noise, for larger pictures.
    """
    return _resampled(model, FlowSchedule(shift, multiplier=1.0), "flow")


@node(name="ModelSamplingFlux", title="ModelSamplingFlux", category="advanced/model")
def model_sampling_flux(
    model: Model, max_shift: Shift = 1.15, base_shift: Shift = 0.5, width: Side = 1024, height: Side = 1024
) -> Model:
    """Read a model as FLUX.1: a flow that spends more steps on high noise the larger the picture is.

    max_shift: of a picture of 1024 x 1024.
    base_shift: of one of 256 x 256.
    """
    slope = (max_shift - base_shift) / (4096 - 256)
    mu = slope * (width * height / 256) + base_shift - slope * 256
    return _resampled(model, FluxSchedule(mu), "flow")


@node(name="ModelSamplingLTXV", category="advanced/model")
def model_sampling_ltxv(
    model: Model, max_shift: Shift = 2.05, base_shift: Shift = 0.95, latent: LatentImage | None = None
) -> Model:
    """Read a model as LTX-Video: a flow that spends more steps on high noise the larger the video is.

    max_shift: of a latent with 4096 positions.
    base_shift: of one with 1024.
    latent: whose size counts; 4096 positions without one.
    """
    return _resampled(model, FluxSchedule(ltxv_mu(positions(latent), max_shift, base_shift)), "flow")


def positions(latent: LatentImage | None) -> int:
    """Return how many positions (frames x height x width) a video's latent has, 4096 where there is none."""
    return _LTXV_TOKENS if latent is None else prod(latent["samples"].shape[2:])


def _continuous(sigma_min: float, sigma_max: float, time: Literal["log", "angle", "ratio"]) -> ContinuousSchedule:
    with about("sigma_min"):
        return ContinuousSchedule(sigma_min, sigma_max, time)


def _resampled(model: Model, schedule: Schedule, prediction: Prediction, sigma_data: float = 1.0) -> Model:
    return replace(model, sampling=ModelSampling(schedule, prediction, sigma_data))


NODES = (
    model_sampling_discrete,
    model_sampling_continuous_edm,
    model_sampling_continuous_v,
    model_sampling_stable_cascade,
    model_sampling_sd3,
    model_sampling_aura_flow,
    model_sampling_flux,
    model_sampling_ltxv,
)
