"""Train the VAE's decoder further, with its latents fixed: cleaner edges without training the UNet again.

Works on a VAE whose scale has been folded in (see `ldm_layout.fold_scale`), so also on the one of the shipped file.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from tools.demo_model.captions import lay_out, random_scene
from tools.demo_model.checkpoints import load_checkpoint, save_checkpoint
from tools.demo_model.ldm_layout import SCALE
from tools.demo_model.modules import Vae
from tools.demo_model.pictures import draw_batch
from tools.demo_model.train_vae import any_scene, follow, learning_rate, picture_loss

__all__ = ["DecoderRun", "train_decoder"]


@dataclass(frozen=True)
class DecoderRun:
    """How long to train; `noise` is the largest deviation of the noise on latents, in the UNet's space."""

    steps: int = 1000
    batch: int = 4
    size: int = 128
    rate: float = 1e-3
    noise: float = 0.2
    any_share: float = 0.4
    seed: int = 0
    device: str = "cpu"
    save_every: int = 100


def _pictures(run: DecoderRun, step: int) -> torch.Tensor:
    """Scenes as captions name them, and a share of any shapes in any colours and strokes."""
    rng = np.random.default_rng([run.seed, 12, step])
    scenes = [
        any_scene(rng, run.size, run.size) if rng.random() < run.any_share else lay_out(random_scene(rng), rng)
        for _ in range(run.batch)
    ]
    return torch.from_numpy(draw_batch(scenes, run.size))


def train_decoder(run: DecoderRun, vae: Vae, folder: Path) -> Vae:
    """Train, or go on training, in `folder`; returns a VAE with the averaged decoder and the encoder as it was."""
    vae = vae.to(run.device, memory_format=torch.channels_last)
    average = copy.deepcopy(vae).requires_grad_(requires_grad=False)
    vae.requires_grad_(requires_grad=False)
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
        pictures = _pictures(run, step).to(run.device, memory_format=torch.channels_last)
        latents = vae.encode(pictures).latent_dist.mode()
        strength = torch.rand(len(latents), 1, 1, 1, device=latents.device) ** 2 * run.noise / SCALE
        loss = picture_loss(vae.decode(latents + strength * torch.randn_like(latents)).sample, pictures)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, run.steps, run.rate, warm_up=50)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        follow(average, vae, min(0.995, (step + 1) / (step + 10)))
        losses.append(loss.item())
        if (step + 1) % run.save_every == 0 or step + 1 == run.steps:
            seconds = time.monotonic() - began
            print(f"decoder {step + 1}/{run.steps} {seconds:.0f} s loss {np.mean(losses):.4f}", flush=True)
            losses.clear()
            state = {"vae": vae.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
            save_checkpoint(folder / "decoder.pt", {**state, "step": step + 1, "seconds": seconds})
    return average
