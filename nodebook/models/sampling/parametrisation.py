"""How a network's output is read as a denoised sample, and how noise and latents are mixed.

One precision rule everywhere: outputs are cast to float32 and combined with the float32 sample. Source: spec C.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, Self

import torch
from torch import Tensor

from nodebook.models.arithmetic import add_scaled, repeat_divided
from nodebook.models.sampling.schedules import Schedule

Prediction = Literal["eps", "v", "edm", "flow", "x0", "image", "lcm", "rflow"]
"""What a network predicts: noise, velocity, EDM's F, flow velocity, the sample (of an unscaled input: image), a
consistency model's noise, a flow's velocity where noise is added (Cosmos)."""


@dataclass(frozen=True, slots=True)
class ModelSampling:
    """A schedule and a prediction: all that samplers and guidance know of what a network was trained to say.

    Sigmas are 0-dim tensors on the CPU, from where reading one waits for nothing.
    """

    schedule: Schedule
    prediction: Prediction = "eps"
    sigma_data: float = 1.0

    @property
    def is_flow(self) -> bool:
        """Whether noise and sample are mixed as sigma : 1 - sigma, not added."""
        return self.prediction == "flow"

    @property
    def sigma_min(self) -> float:
        """The lowest level of the table."""
        return self.schedule.sigmas[0].item()

    @property
    def sigma_max(self) -> float:
        """The highest level of the table."""
        return self.schedule.sigmas[-1].item()

    def with_schedule(self, schedule: Schedule) -> Self:
        """Return the same prediction over other noise levels."""
        return replace(self, schedule=schedule)

    def model_input(self, sigma: Tensor, x: Tensor, copies: int = 1) -> Tensor:
        """Return the sample [B, C, h, w] as the network wants it, so many times: [copies * B, C, h, w]."""
        level = sigma.item()
        match self.prediction:
            case "flow" | "image":
                divisor = 1.0
            case "rflow":
                divisor = level + 1
            case _:
                divisor = math.hypot(level, self.sigma_data)
        return repeat_divided(x, divisor, copies)

    def denoised(self, sigma: Tensor, output: Tensor, x: Tensor) -> Tensor:
        """Return the denoised sample that a network's output means, for the sample ``x`` at ``sigma``."""
        output = output.float()
        if self.prediction in ("x0", "image"):
            return output
        skip, scale = self._scalings(sigma)
        return add_scaled(x if skip == 1 else x * skip, output, scale)

    def _scalings(self, sigma: Tensor) -> tuple[float, float]:
        """Return what sample and output are multiplied by in their sum, the denoised sample.

        Plain numbers: each operation on tensors, be they 0-dim, costs a step as much as one on a small sample.
        """
        level, data = sigma.item(), self.sigma_data
        match self.prediction:
            case "v" | "edm":
                spread = math.hypot(level, data)
                scale = level * data / spread
                return (data / spread) ** 2, scale if self.prediction == "edm" else -scale
            case "lcm":
                return self._consistency(sigma)
            case "rflow":
                return 1 / (level + 1), -level / (level + 1)
            case _:
                return 1.0, -level

    def _consistency(self, sigma: Tensor) -> tuple[float, float]:
        """Return the scalings of a consistency function (Latent Consistency Models, arXiv 2310.04378).

        At t = 0 they are 1 and 0.
        """
        data, scaled_time = 0.5, self.schedule.timestep(sigma).item() * 10.0
        spread = math.hypot(scaled_time, data)
        skip, out = (data / spread) ** 2, scaled_time / spread
        return skip + out, -out * sigma.item()

    def noise_scaling(self, sigma: Tensor, noise: Tensor, latent: Tensor, *, max_denoise: bool = False) -> Tensor:
        """Return the sample at ``sigma`` that unit noise makes of a latent.

        ``max_denoise``: the schedule begins at its upper end, where the latent has vanished beside the noise.
        """
        if self.is_flow:
            return sigma * noise + (1 - sigma) * latent
        scale = (1 + sigma**2).sqrt() if max_denoise else sigma
        return add_scaled(latent, noise, scale.item())

    def inverse_noise_scaling(self, sigma: Tensor, latent: Tensor) -> Tensor:
        """Return the latent that a sample at the last ``sigma`` stands for."""
        return latent / (1 - sigma) if self.is_flow else latent

    def is_max_denoise(self, sigma: float) -> bool:
        """Say whether a schedule that begins at ``sigma`` begins at the upper end of the table."""
        highest = self.sigma_max
        return sigma > highest or abs(sigma - highest) <= 1e-5 * max(abs(sigma), abs(highest))

    def half_log_snr(self, sigma: Tensor) -> Tensor:
        """Return lambda, half the logarithm of the signal-to-noise ratio."""
        return -torch.logit(sigma) if self.is_flow else -sigma.log()

    def sigma_of_half_log_snr(self, half_log_snr: Tensor) -> Tensor:
        """Return the noise level of a lambda: the inverse of ``half_log_snr``."""
        return torch.sigmoid(-half_log_snr) if self.is_flow else (-half_log_snr).exp()

    def alpha(self, sigma: Tensor) -> Tensor:
        """Return how much of the clean sample is in a sample at ``sigma``: 1, or 1 - sigma in a flow."""
        return sigma * self.half_log_snr(sigma).exp()
