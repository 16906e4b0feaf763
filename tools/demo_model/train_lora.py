"""Train a small LoRA on a style: shapes drawn as outlines only. Written with kohya's key names."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tools.demo_model.bank import Bank
from tools.demo_model.checkpoints import load_checkpoint, save_checkpoint
from tools.demo_model.drawing import Parts
from tools.demo_model.modules import Unet
from tools.demo_model.train_diffusion import DiffusionRun, Noised, noised_batch, weighted_loss

__all__ = ["LoraRun", "attach", "lora_state", "train_lora"]

STROKE = 0.25
"""Width of the outlines, in radii."""


@dataclass(frozen=True)
class LoraRun:
    """How long to train, and the rank of every added product; alpha equals the rank, so full strength is 1."""

    steps: int = 400
    batch: int = 16
    rank: int = 4
    rate: float = 3e-3
    chunks: int = 3
    seed: int = 0
    device: str = "cpu"
    save_every: int = 100


class Added(nn.Module):
    """Down to `rank` channels and up again, beside a linear layer or a convolution; starts as nought."""

    def __init__(self, layer: nn.Linear | nn.Conv2d, rank: int) -> None:
        super().__init__()
        self.down: nn.Module
        self.up: nn.Module
        if isinstance(layer, nn.Linear):
            self.down = nn.Linear(layer.in_features, rank, bias=False)
            self.up = nn.Linear(rank, layer.out_features, bias=False)
        else:
            size, stride, padding = layer.kernel_size, layer.stride, layer.padding
            self.down = nn.Conv2d(layer.in_channels, rank, size, stride, padding, bias=False)  # type: ignore[arg-type]
            self.up = nn.Conv2d(rank, layer.out_channels, 1, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """What to add to the layer's output."""
        added: torch.Tensor = self.up(self.down(inputs))
        return added


def _layers(unet: Unet) -> dict[str, nn.Linear | nn.Conv2d]:
    """Linear layers and projections of the attention blocks, and the convolutions of the resnets."""
    chosen: dict[str, nn.Linear | nn.Conv2d] = {}
    for name, module in unet.named_modules():
        inner = "attentions" in name or name.endswith((".conv1", ".conv2"))
        if inner and isinstance(module, nn.Linear | nn.Conv2d):
            chosen[name] = module
    return chosen


def attach(unet: Unet, rank: int) -> dict[str, Added]:
    """Hang fresh products on the layers; they act at strength 1 for as long as the UNet lives."""
    added = {name: Added(layer, rank) for name, layer in _layers(unet).items()}
    for name, layer in _layers(unet).items():
        extra = added[name]
        layer.register_forward_hook(lambda _layer, inputs, output, extra=extra: output + extra(inputs[0]))
    return added


def lora_state(added: dict[str, Added]) -> dict[str, torch.Tensor]:
    """The products under kohya's names, in half precision, each with its alpha."""
    state: dict[str, torch.Tensor] = {}
    for name, extra in added.items():
        key = "lora_unet_" + name.replace(".", "_")
        weights = {part: tensor.detach().cpu().half().contiguous() for part, tensor in extra.state_dict().items()}
        state[f"{key}.lora_down.weight"] = weights["down.weight"]
        state[f"{key}.lora_up.weight"] = weights["up.weight"]
        state[f"{key}.alpha"] = torch.tensor(float(len(weights["down.weight"])))
    return state


def train_lora(run: LoraRun, unet: Unet, parts: Parts, folder: Path) -> dict[str, Added]:
    """Train, or go on training, in `folder`; the UNet itself stays as it is."""
    torch.manual_seed(run.seed)
    unet = unet.to(run.device, memory_format=torch.channels_last).requires_grad_(requires_grad=False)
    added = attach(unet, run.rank)
    everything = nn.ModuleList(added.values()).to(run.device)
    optimizer = torch.optim.AdamW(everything.parameters(), lr=run.rate, betas=(0.9, 0.98), weight_decay=0.0)
    bank = Bank(folder, parts.vae, seed=run.seed, stroke=STROKE)
    bank.grow(run.chunks)
    start = 0
    if state := load_checkpoint(folder / "lora.pt"):
        everything.load_state_dict(state["added"])
        optimizer.load_state_dict(state["optimizer"])
        start = int(state["step"])
    began = time.monotonic()
    losses: list[float] = []
    settings = replace(DiffusionRun(), batch=run.batch, seed=run.seed + 1, device=run.device)
    for step in range(start, run.steps):
        batch: Noised = noised_batch(settings, parts, bank, step)
        loss = weighted_loss(unet, batch)
        for group in optimizer.param_groups:
            group["lr"] = run.rate * min(1.0, (step + 1) / 30, 2 * (run.steps - step) / run.steps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % run.save_every == 0 or step + 1 == run.steps:
            spent = time.monotonic() - began
            print(f"lora {step + 1}/{run.steps} {spent:.0f} s loss {np.mean(losses):.4f}", flush=True)
            losses.clear()
            saved = {"added": everything.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            save_checkpoint(folder / "lora.pt", saved)
    return added
