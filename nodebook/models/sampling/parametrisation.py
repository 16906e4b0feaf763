"""How a network's output is read as a denoised sample, and how noise and latents are mixed.

One precision rule everywhere: outputs are cast to float32 and combined with the float32 sample. Source: spec C.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

import torch
from torch import Tensor

from nodebook.models.sampling.schedules import Schedule

Prediction = Literal["eps", "v", "edm", "flow", "x0", "image", "lcm", "rflow"]
"""What a network predicts: noise, velocity, EDM's F, flow velocity, the sample (of an unscaled input: image), a
consistency model's noise, a flow's velocity where noise is added (Cosmos)."""


@dataclass(frozen=True, slots=True)
class ModelSampling:
    """A schedule and a prediction: all that samplers and guidance know of what a network was trained to say.

    Sigmas are tensors that broadcast against samples, or 0-dim.
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

    def model_input(self, sigma: Tensor, x: Tensor) -> Tensor:
        """Return the sample as the network wants it."""
        if self.prediction in ("flow", "image"):
            return x
        if self.prediction == "rflow":
            return x * (1 - sigma / (sigma + 1))
        return x / (sigma**2 + self.sigma_data**2).sqrt()

    def denoised(self, sigma: Tensor, output: Tensor, x: Tensor) -> Tensor:
        """Return the denoised sample that a network's output means, for the sample ``x`` at ``sigma``."""
        output = output.float()
        data = self.sigma_data
        match self.prediction:
            case "eps" | "flow":
                return x - sigma * output
            case "v":
                return x * data**2 / (sigma**2 + data**2) - output * sigma * data / (sigma**2 + data**2).sqrt()
            case "edm":
                return x * data**2 / (sigma**2 + data**2) + output * sigma * data / (sigma**2 + data**2).sqrt()
            case "x0" | "image":
                return output
            case "lcm":
                return self._consistency(sigma, output, x)
            case "rflow":
                time = sigma / (sigma + 1)
                return x * (1 - time) - time * output

    def _consistency(self, sigma: Tensor, output: Tensor, x: Tensor) -> Tensor:
        """Return the consistency function's value (Latent Consistency Models, arXiv 2310.04378): boundary at t = 0."""
        scaled_time = self.schedule.timestep(sigma.flatten()).reshape(sigma.shape) * 10.0
        data = 0.5
        skip = data**2 / (scaled_time**2 + data**2)
        out = scaled_time / (scaled_time**2 + data**2).sqrt()
        return out * (x - sigma * output) + skip * x

    def noise_scaling(self, sigma: Tensor, noise: Tensor, latent: Tensor, *, max_denoise: bool = False) -> Tensor:
        """Return the sample at ``sigma`` that unit noise makes of a latent.

        ``max_denoise``: the schedule begins at its upper end, where the latent has vanished beside the noise.
        """
        if self.is_flow:
            return sigma * noise + (1 - sigma) * latent
        scale = (1 + sigma**2).sqrt() if max_denoise else sigma
        return noise * scale + latent

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
