"""Train the VAE's decoder further, with its latents fixed: cleaner edges without training the UNet again.

Half of the steps decode latents that the UNet has made: true ones, noised and predicted back in one step, so that the
decoder learns to clean up what a UNet gets wrong. The others decode true latents with white noise in them.

Works on a VAE whose scale has been folded in (see `ldm_layout.fold_scale`), so also on the one of the shipped file.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from tools.demo_model.captions import Scene, caption, lay_out, random_scene
from tools.demo_model.checkpoints import load_checkpoint, save_checkpoint
from tools.demo_model.drawing import Parts, encode_captions
from tools.demo_model.ldm_layout import SCALE
from tools.demo_model.modules import Unet, Vae
from tools.demo_model.pictures import Colour, Thing, draw_batch
from tools.demo_model.sampling import alphas_cumprod
from tools.demo_model.train_vae import any_scene, follow, learning_rate, picture_loss

__all__ = ["DecoderRun", "train_decoder"]


@dataclass(frozen=True)
class DecoderRun:
    """How long to train.

    `noise` is the largest deviation of the white noise on latents, in the UNet's space; `timesteps` bound those that
    the UNet predicts back from; `any_share` is that of any shapes in any colours and strokes, which no caption names.
    """

    steps: int = 600
    batch: int = 4
    size: int = 128
    rate: float = 1e-3
    noise: float = 0.15
    timesteps: tuple[int, int] = (20, 300)
    any_share: float = 0.5
    seed: int = 0
    device: str = "cpu"
    save_every: int = 100


Drawn = tuple[list[Thing], Colour]
"""What is in a picture, and its background."""

Batch = tuple[torch.Tensor, torch.Tensor]
"""Latents of the VAE's scale to decode, and the pictures that should come of them."""


def _latents(vae: Vae, scenes: list[Drawn], run: DecoderRun) -> Batch:
    pictures = torch.from_numpy(draw_batch(scenes, run.size)).to(run.device, memory_format=torch.channels_last)
    return vae.encode(pictures).latent_dist.mode(), pictures


def _with_noise(vae: Vae, rng: np.random.Generator, run: DecoderRun) -> Batch:
    """True latents with white noise of any strength up to the largest."""
    scenes = [
        any_scene(rng, run.size, run.size) if rng.random() < run.any_share else lay_out(random_scene(rng), rng)
        for _ in range(run.batch)
    ]
    latents, pictures = _latents(vae, scenes, run)
    strength = torch.rand(len(latents), 1, 1, 1, device=latents.device) ** 2 * run.noise / SCALE
    return latents + strength * torch.randn_like(latents), pictures


def _predicted(vae: Vae, unet: Unet, parts: Parts, rng: np.random.Generator, run: DecoderRun) -> Batch:
    """Latents as the UNet sees them through some noise, knowing the caption."""
    scenes: list[Scene] = [random_scene(rng) for _ in range(run.batch)]
    latents, pictures = _latents(vae, [lay_out(scene, rng) for scene in scenes], run)
    timesteps = torch.from_numpy(rng.integers(*run.timesteps, size=run.batch))
    kept = alphas_cumprod()[timesteps].float().to(run.device)[:, None, None, None]
    noised = kept.sqrt() * latents * SCALE + (1 - kept).sqrt() * torch.randn_like(latents)
    states = encode_captions(parts, [caption(scene, rng) for scene in scenes], run.device)
    noise = unet(noised.contiguous(memory_format=torch.channels_last), timesteps.to(run.device), states).sample
    return (noised - (1 - kept).sqrt() * noise) / kept.sqrt() / SCALE, pictures


def train_decoder(run: DecoderRun, unet: Unet, parts: Parts, folder: Path) -> Vae:
    """Train, or go on training, in `folder`; returns a VAE with the averaged decoder and the encoder as it was."""
    vae = copy.deepcopy(parts.vae)
    average = copy.deepcopy(vae).requires_grad_(requires_grad=False)
    learned = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    for parameter in learned:
        parameter.requires_grad_(requires_grad=True)
    optimizer = torch.optim.AdamW(learned, lr=run.rate, betas=(0.9, 0.99), weight_decay=0.0)
    start, seconds = 0, 0.0
    if state := load_checkpoint(folder / "decoder.pt"):
        vae.load_state_dict(state["vae"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        start, seconds = int(state["step"]), float(state["seconds"])
    began = time.monotonic() - seconds
    losses: list[float] = []
    for step in range(start, run.steps):
        torch.manual_seed(run.seed * 1_000_003 + 500_000 + step)
        rng = np.random.default_rng([run.seed, 12, step])
        with torch.no_grad():
            made = _predicted(vae, unet, parts, rng, run) if step % 2 else _with_noise(vae, rng, run)
        loss = picture_loss(vae.decode(made[0]).sample, made[1])
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, run.steps, run.rate, warm_up=50)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        follow(average, vae, min(0.995, (step + 1) / (step + 10)))
        losses.append(loss.item())
        if (step + 1) % run.save_every == 0 or step + 1 == run.steps:
            seconds = time.monotonic() - began
            state = {"vae": vae.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
            save_checkpoint(folder / "decoder.pt", {**state, "step": step + 1, "seconds": seconds})
            print(f"decoder {step + 1}/{run.steps} {seconds:.0f} s loss {np.mean(losses):.4f}", flush=True)
            losses.clear()
    return average
