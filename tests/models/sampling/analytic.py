"""A model in closed form, and the recorded sampler cases that were made with it: no network, no weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nodebook.models.latents import SD1
from nodebook.models.sampling.noise import initial_noise
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.registry import Sampler
from nodebook.models.sampling.schedules import DiscreteSchedule, FlowSchedule
from nodebook.models.sampling.step import StepHook

EPS = ModelSampling(DiscreteSchedule())
FLOW = ModelSampling(FlowSchedule(shift=3.0), "flow")


@dataclass
class AnalyticDenoiser:
    """x0 = 0.8 tanh(x / sqrt(1 + sigma^2) + b), b = 0.5 guided and -0.25 unguided, combined by CFG."""

    sampling: ModelSampling
    cfg: float = 3.0
    calls: int = 0

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        return self.split(x, sigma)[0]

    def split(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        self.calls += 1
        scaled = x / (1 + sigma**2).sqrt()
        guided, plain = 0.8 * torch.tanh(scaled + 0.5), 0.8 * torch.tanh(scaled - 0.25)
        return plain + (guided - plain) * self.cfg, plain


def sampled(case: dict[str, Any], on_step: StepHook | None = None) -> tuple[Tensor, AnalyticDenoiser]:
    """Return what a recorded case gives here, in the VAE's scale, and the denoiser that counted calls."""
    nodes = {node["class_type"]: node["inputs"] for node in case["graph"].values()}
    settings, size = nodes["KSampler"], nodes["EmptyLatentImage"]
    denoiser = AnalyticDenoiser(FLOW if "ModelSamplingSD3" in nodes else EPS, settings["cfg"])
    sampling = denoiser.sampling
    sampler = Sampler.of(settings["sampler_name"])
    sigmas = sampler.levels(torch.tensor(case["sigmas"], dtype=torch.float32))
    latent = torch.zeros(size["batch_size"], 4, size["height"] // 8, size["width"] // 8)
    noise = initial_noise(latent, settings["seed"])
    is_max = sampling.is_max_denoise(sigmas[0].item())
    x = sampling.noise_scaling(sigmas[0], noise, latent, max_denoise=is_max)
    x = sampler.run(denoiser, x, sigmas, seed=settings["seed"], on_step=on_step)
    return SD1.process_out(sampling.inverse_noise_scaling(sigmas[-1], x)), denoiser
