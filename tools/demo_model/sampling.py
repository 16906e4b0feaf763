"""Noise schedule of SD 1.x, and the sampler that measures with: Euler steps with classifier-free guidance.

Written here from the papers (Ho et al. 2020, Karras et al. 2022) and apart from nodebook's own samplers, so that
training never depends on the package that ships its result.
"""

from __future__ import annotations

import torch

from tools.demo_model.modules import Unet

__all__ = ["TRAIN_STEPS", "alphas_cumprod", "sample", "sigmas_for"]

TRAIN_STEPS = 1000


def alphas_cumprod() -> torch.Tensor:
    """Cumulative product of 1 - β for scaled-linear betas .00085 … .012. Shape: [1000], float64."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, TRAIN_STEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)


def sigmas_for(timesteps: torch.Tensor) -> torch.Tensor:
    """Noise level √((1 - ᾱ) / ᾱ) at whole timesteps. Shape: as `timesteps`."""
    kept = alphas_cumprod()[timesteps]
    return ((1 - kept) / kept).sqrt()


@torch.no_grad()
def sample(
    unet: Unet,
    texts: tuple[torch.Tensor, torch.Tensor],
    noise: torch.Tensor,
    *,
    steps: int = 20,
    guidance: float = 5.0,
) -> torch.Tensor:
    """Latents in the UNet's space, from unit noise, by Euler steps at evenly spaced timesteps.

    `texts`: hidden states of the captions and of the empty caption, [pictures, 77, width] each.
    """
    timesteps = torch.linspace(TRAIN_STEPS - 1, 0, steps, dtype=torch.float64).round().long()
    sigmas = torch.cat([sigmas_for(timesteps), torch.zeros(1, dtype=torch.float64)]).tolist()
    context = torch.cat(texts)
    latents: torch.Tensor = noise * (1 + sigmas[0] ** 2) ** 0.5
    for timestep, sigma, following in zip(timesteps.tolist(), sigmas[:-1], sigmas[1:], strict=True):
        scaled = latents / (1 + sigma**2) ** 0.5
        scaled = torch.cat([scaled, scaled]).contiguous(memory_format=torch.channels_last)
        when = torch.full((len(scaled),), timestep, device=noise.device)
        wanted, empty = unet(scaled, when, context).sample.chunk(2)
        latents = latents + (following - sigma) * (empty + guidance * (wanted - empty))
    return latents
