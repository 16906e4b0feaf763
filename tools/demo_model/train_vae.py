"""Train the VAE: shapes of any colour, mostly on crops, with latents that look like small pictures.

Three of the four latent channels are held near the picture shrunk by 8, and the decoder sees noised latents, so that
the small errors of a diffusion model decode to clean, flat areas.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tools.demo_model.checkpoints import load_checkpoint, save_checkpoint
from tools.demo_model.modules import Vae, VaeSizes, build_vae
from tools.demo_model.pictures import COLOURS, SHAPES, Colour, Thing, draw_batch

__all__ = ["VaeRun", "any_scene", "follow", "learning_rate", "picture_loss", "train_vae"]

FACTOR = 8
RAW_LOG_VARIANCE = -6.0


@dataclass(frozen=True)
class VaeRun:
    """How long and on what to train; `crop` and `size` are pixels, whole pictures are used in the last part."""

    steps: int = 4000
    batch: int = 16
    size: int = 128
    crop: int = 64
    whole_from: float = 0.8
    learning_rate: float = 2e-3
    noise: float = 0.15
    seed: int = 0
    device: str = "cpu"
    save_every: int = 200


def _any_colour(rng: np.random.Generator) -> Colour:
    if rng.random() < 0.6:
        return list(COLOURS.values())[rng.integers(len(COLOURS))]
    red, green, blue = rng.random(3)
    return (float(red), float(green), float(blue))


def any_scene(rng: np.random.Generator, size: int, crop: int) -> tuple[list[Thing], Colour]:
    """One to three things somewhere in a picture of `size` pixels, seen through a window of `crop` pixels."""
    zoom = size / crop
    things = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        radius = rng.uniform(0.12, 0.34)
        margin = 0.3 if crop == size else -0.2
        x, y = rng.uniform(margin / zoom, 1 - margin / zoom, 2)
        angle = rng.uniform(-0.3, 0.3) if rng.random() < 0.8 else rng.uniform(-math.pi, math.pi)
        shape = list(SHAPES)[rng.integers(len(SHAPES))]
        stroke = float(rng.uniform(0.2, 0.3)) if rng.random() < 0.15 else 0.0
        things.append(Thing(shape, _any_colour(rng), (float(x), float(y)), float(radius * zoom), float(angle), stroke))
    return things, _any_colour(rng)


def vae_batch(run: VaeRun, step: int) -> torch.Tensor:
    """The pictures of one training step, drawn from the seed and the step's number alone."""
    rng = np.random.default_rng([run.seed, step])
    whole = step >= run.whole_from * run.steps
    crop = run.size if whole else run.crop
    batch = max(1, run.batch * run.crop**2 // run.size**2) if whole else run.batch
    return torch.from_numpy(draw_batch([any_scene(rng, run.size, crop) for _ in range(batch)], crop))


def _gradients(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return pictures[..., 1:, :] - pictures[..., :-1, :], pictures[..., :, 1:] - pictures[..., :, :-1]


def picture_loss(got: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """L1 + MSE + half the L1 of the differences between neighbours, which keeps edges sharp."""
    edges = sum(functional.l1_loss(a, b) for a, b in zip(_gradients(got), _gradients(wanted), strict=True))
    return functional.l1_loss(got, wanted) + functional.mse_loss(got, wanted) + 0.5 * edges


def vae_loss(vae: Vae, pictures: torch.Tensor, *, noise: float, anchor: float) -> torch.Tensor:
    """Reconstruct from noised latents; hold three channels near the small picture and the fourth near nought."""
    latents = vae.encode(pictures).latent_dist.mode()
    small = functional.avg_pool2d(pictures, FACTOR)
    strength = torch.rand(len(latents), 1, 1, 1, device=latents.device) * noise
    rebuilt = vae.decode(latents + strength * torch.randn_like(latents)).sample
    held = functional.mse_loss(latents[:, :3], small)
    free = latents[:, 3]
    small_fourth: torch.Tensor = 0.02 * free.square().mean() + 0.01 * free.abs().mean()
    return picture_loss(rebuilt, pictures) + anchor * held + small_fourth


def learning_rate(step: int, steps: int, peak: float, warm_up: int = 100) -> float:
    """Linear warm-up, then half a cosine down to nought."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


@torch.no_grad()
def reconstruction_psnr(vae: Vae, run: VaeRun, pictures: int = 16) -> float:
    """PSNR in dB of whole pictures that training does not draw."""
    rng = np.random.default_rng([run.seed + 1])
    wanted = torch.from_numpy(draw_batch([any_scene(rng, run.size, run.size) for _ in range(pictures)], run.size))
    wanted = wanted.to(run.device)
    got = vae.decode(vae.encode(wanted).latent_dist.mode()).sample.clamp(-1, 1)
    return -10 * math.log10(functional.mse_loss(got, wanted).item() / 4)


def train_vae(run: VaeRun, sizes: VaeSizes, folder: Path) -> Vae:
    """Train, or go on training, in `folder`; returns the averaged weights."""
    torch.manual_seed(run.seed)
    vae = build_vae(sizes).to(run.device, memory_format=torch.channels_last)
    average = copy.deepcopy(vae).requires_grad_(requires_grad=False)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=run.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4)
    start, seconds = 0, 0.0
    if state := load_checkpoint(folder / "vae.pt"):
        vae.load_state_dict(state["vae"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        start, seconds = int(state["step"]), float(state["seconds"])
    began = time.monotonic() - seconds
    for step in range(start, run.steps):
        torch.manual_seed(run.seed * 1_000_003 + step)
        pictures = vae_batch(run, step).to(run.device, memory_format=torch.channels_last)
        anchor = 0.1 + 1.9 * max(0.0, 1 - step / (0.3 * run.steps))
        loss = vae_loss(vae, pictures, noise=run.noise, anchor=anchor)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, run.steps, run.learning_rate)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        follow(average, vae, min(0.995, (step + 1) / (step + 10)))
        if (step + 1) % run.save_every == 0 or step + 1 == run.steps:
            seconds = time.monotonic() - began
            psnr = reconstruction_psnr(average, run)
            print(f"vae {step + 1}/{run.steps} {seconds:.0f} s loss {loss.item():.4f} psnr {psnr:.2f} dB", flush=True)
            save_checkpoint(folder / "vae.pt", _state(vae, average, optimizer, step + 1, seconds))
    return average


def _state(vae: Vae, average: Vae, optimizer: torch.optim.Optimizer, step: int, seconds: float) -> dict[str, Any]:
    return {
        "vae": vae.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "seconds": seconds,
    }


@torch.no_grad()
def follow(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    """Move the averaged weights towards the trained ones."""
    for kept, fresh in zip(average.parameters(), model.parameters(), strict=True):
        kept.lerp_(fresh, 1 - decay)
