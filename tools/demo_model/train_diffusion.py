"""Train the UNet on the latents of drawn scenes, with the text encoder frozen."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tools.demo_model.bank import Bank
from tools.demo_model.captions import EMPTY_SHARE, Scene, caption, held_out_scenes
from tools.demo_model.checkpoints import load_checkpoint, save_checkpoint
from tools.demo_model.drawing import Parts, draw_scenes, encode_captions
from tools.demo_model.judge import judge, share_right
from tools.demo_model.modules import Unet, UnetSizes, build_unet
from tools.demo_model.muon import Muon, split_parameters
from tools.demo_model.sampling import TRAIN_STEPS, alphas_cumprod

__all__ = ["DiffusionRun", "DiffusionTrainer", "Noised", "noised_batch", "weighted_loss"]


State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class DiffusionRun:
    """How long and how to train. The learning rate falls to nought over the last `decay` of the steps.

    From `clean_from` of the steps on, when shapes are known, less of the work goes to the noisy timesteps that decide
    them and more to the others, which make areas flat and edges clean.
    """

    steps: int = 4000
    batch: int = 32
    muon_rate: float = 0.02
    adam_rate: float = 2e-3
    warm_up: int = 100
    decay: float = 0.3
    averaging: float = 0.999
    noisy_share: tuple[float, float] = (0.6, 0.3)
    weight_power: tuple[float, float] = (0.75, 0.5)
    clean_from: float = 0.45
    chunks: int = 2
    steps_per_chunk: int = 200
    most_chunks: int = 24
    seed: int = 0
    device: str = "cpu"
    save_every: int = 100
    judge_every: int = 400


def pick_timesteps(rng: np.random.Generator, count: int, noisy_share: float) -> torch.Tensor:
    """Timesteps of a batch: a share of them from the noisier 60 %, where shapes are decided, the rest from all."""
    low = np.where(rng.random(count) < noisy_share, int(0.4 * TRAIN_STEPS), 0)
    return torch.from_numpy(rng.integers(low, TRAIN_STEPS))


def loss_weights(kept: torch.Tensor, power: float) -> torch.Tensor:
    """Weight of the squared error of the predicted noise: (SNR + .05)^-power, more at high noise."""
    return (kept / (1 - kept) + 0.05) ** -power


def _words(scenes: list[Scene], rng: np.random.Generator) -> list[str]:
    return ["" if rng.random() < EMPTY_SHARE else caption(scene, rng) for scene in scenes]


@dataclass(frozen=True)
class Noised:
    """One batch: noised latents and the noise in them [pictures, 4, h, w], timesteps, captions' hidden states.

    `weights` are those of each picture's error.
    """

    latents: torch.Tensor
    noise: torch.Tensor
    timesteps: torch.Tensor
    states: torch.Tensor
    weights: torch.Tensor


def noised_batch(run: DiffusionRun, parts: Parts, bank: Bank, step: int) -> Noised:
    """The batch of one step, from the seed and the step's number alone."""
    rng = np.random.default_rng([run.seed, 8, step])
    latents, scenes = bank.pick(rng, run.batch)
    noise = torch.from_numpy(rng.standard_normal(latents.shape, dtype=np.float32))
    late = int(step >= run.clean_from * run.steps)
    timesteps = pick_timesteps(rng, run.batch, run.noisy_share[late])
    kept = alphas_cumprod()[timesteps].float()
    weights = loss_weights(kept, run.weight_power[late]).to(run.device)
    share = kept[:, None, None, None]
    noised = share.sqrt() * latents + (1 - share).sqrt() * noise
    states = encode_captions(parts, _words(scenes, rng), run.device)
    noised = noised.to(run.device, memory_format=torch.channels_last)
    return Noised(noised, noise.to(run.device), timesteps.to(run.device), states, weights)


def weighted_loss(unet: Unet, batch: Noised) -> torch.Tensor:
    """Weighted squared error of the predicted noise."""
    error = (unet(batch.latents, batch.timesteps, batch.states).sample - batch.noise).square().mean(dim=(1, 2, 3))
    loss: torch.Tensor = (error * batch.weights).mean()
    return loss


class DiffusionTrainer:
    """The state of one run, with fresh weights or from `start`.

    A step is a function of the weights, the seed and the step's number, so that runs can be resumed.
    """

    def __init__(
        self, run: DiffusionRun, sizes: UnetSizes, parts: Parts, folder: Path, *, start: State | None = None
    ) -> None:
        torch.manual_seed(run.seed)
        self._run, self._parts, self._folder = run, parts, folder
        self.unet = build_unet(sizes)
        if start is not None:
            self.unet.load_state_dict(start)
        self.unet = self.unet.to(run.device, memory_format=torch.channels_last)
        self.average: Unet = copy.deepcopy(self.unet).requires_grad_(requires_grad=False)
        matrices, others = split_parameters(self.unet)
        self._optimizers: list[torch.optim.Optimizer] = [
            Muon(matrices, lr=run.muon_rate),
            torch.optim.AdamW(others, lr=run.adam_rate, betas=(0.9, 0.98), weight_decay=0.0),
        ]
        self._bank = Bank(folder, parts.vae, seed=run.seed)
        self._bank.grow(run.chunks)
        self.done, self.seconds = 0, 0.0
        self._resume()

    def _resume(self) -> None:
        if state := load_checkpoint(self._folder / "diffusion.pt"):
            self.unet.load_state_dict(state["unet"])
            self.average.load_state_dict(state["average"])
            for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self.done, self.seconds = int(state["step"]), float(state["seconds"])

    def save(self) -> None:
        """Write the checkpoint."""
        state: dict[str, Any] = {
            "unet": self.unet.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "step": self.done,
            "seconds": self.seconds,
        }
        save_checkpoint(self._folder / "diffusion.pt", state)

    def _set_rates(self, step: int) -> None:
        run = self._run
        share = min(1.0, (step + 1) / run.warm_up, (run.steps - step) / max(1.0, run.decay * run.steps))
        for optimizer, rate in zip(self._optimizers, (run.muon_rate, run.adam_rate), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * share

    def step(self) -> float:
        """One step of training; returns the weighted loss."""
        run = self._run
        self._bank.grow(min(run.most_chunks, run.chunks + self.done // run.steps_per_chunk))
        loss = weighted_loss(self.unet, noised_batch(run, self._parts, self._bank, self.done))
        self._set_rates(self.done)
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self._optimizers:
            optimizer.step()
        decay = min(self._run.averaging, (self.done + 1) / (self.done + 20))
        with torch.no_grad():
            torch._foreach_lerp_([*self.average.parameters()], [*self.unet.parameters()], 1 - decay)
        self.done += 1
        return loss.item()

    def train(self) -> None:
        """Go on to the run's last step, saving and judging on the way."""
        run = self._run
        began = time.monotonic() - self.seconds
        losses: list[float] = []
        while self.done < run.steps:
            losses.append(self.step())
            self.seconds = time.monotonic() - began
            if self.done % run.save_every == 0 or self.done == run.steps:
                self.save()
                mean = float(np.mean(losses))
                print(f"diffusion {self.done}/{run.steps} {self.seconds:.0f} s loss {mean:.4f}", flush=True)
                losses.clear()
            if self.done % run.judge_every == 0 or self.done == run.steps:
                print("  " + self.measure(), flush=True)

    def measure(self, singles: int = 24, pairs: int = 8) -> str:
        """How well the averaged weights draw a few scenes kept out of training, in one line."""
        parts = []
        for name, scenes in (("singles", [*held_out_scenes(singles, 0)]), ("pairs", [*held_out_scenes(0, pairs)])):
            pictures = draw_scenes(self.average, self._parts, scenes, steps=12)
            scores = share_right(judge(picture, scene) for picture, scene in zip(pictures, scenes, strict=True))
            parts.append(name + " " + " ".join(f"{key} {value:.2f}" for key, value in scores.items()))
        return "; ".join(parts)
