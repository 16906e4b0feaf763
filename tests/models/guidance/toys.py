"""Networks small enough to compute by hand, called as diffusers' networks are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from nodebook.models.guidance.conditioning import Prepared
from nodebook.models.handles import GuidanceOption, ModelHandle, Part, Patched, WeightsFile
from nodebook.models.latents import SD1
from nodebook.models.networks import Canvas, Input, Network
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.schedules import DiscreteSchedule

WIDTH = 3
SAMPLING = ModelSampling(DiscreteSchedule(), "x0")


class MeanNetwork(nn.Module):
    """Says half of what it is shown plus the mean of the text, and remembers how many rows each call had."""

    def __init__(self) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.tensor(0.5))
        self.config = SimpleNamespace(
            cross_attention_dim=WIDTH, in_channels=4, projection_class_embeddings_input_dim=None
        )
        self.rows: list[int] = []

    def forward(self, x: Tensor, _timestep: Tensor, *, encoder_hidden_states: Tensor, **_others: Any) -> tuple[Tensor]:
        self.rows.append(len(x))
        return (self.share * x + encoder_hidden_states.mean(dim=(1, 2))[:, None, None, None],)


def toy_network(sampling: ModelSampling = SAMPLING) -> tuple[Network, MeanNetwork]:
    module = MeanNetwork()
    return Network(module, "sd1", sampling), module


def canvas(height: int = 8, width: int = 8, batch: int = 1) -> Canvas:
    return Canvas((batch, 4, height, width), torch.device("cpu"), torch.float32, SD1)


def text(value: float, length: int = 2) -> Tensor:
    return torch.full((1, length, WIDTH), value)


def entry(value: float, length: int = 2, **others: Any) -> Prepared:
    return Prepared({"tokens": Input(text(value, length), "tokens")}, **others)


def handle(sampling: ModelSampling = SAMPLING, options: tuple[GuidanceOption, ...] = ()) -> ModelHandle:
    """A handle whose weights nobody asks for."""
    part = Part(WeightsFile("0" * 32, Path("toy.safetensors")), "unet", None)
    return ModelHandle(Patched(part), "sd1", sampling, SD1, options)
