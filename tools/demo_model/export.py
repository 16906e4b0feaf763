"""Bring trained parts together in the shipped files, and fit the colours of latents for previews."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tools.demo_model.captions import lay_out, random_scene
from tools.demo_model.ldm_layout import SCALE, Model, write_model
from tools.demo_model.modules import Vae
from tools.demo_model.pictures import draw_batch

__all__ = ["export_lora", "export_model", "fit_latent_rgb"]


@torch.no_grad()
def fit_latent_rgb(vae: Vae, *, pictures: int = 64, size: int = 128, seed: int = 0) -> dict[str, list[Any]]:
    """Least squares from latents in the UNet's space to the picture shrunk by 8, values -1..1.

    Returns {"weights": 4 rows of r, g, b, "bias": r, g, b}.
    """
    rng = np.random.default_rng([seed, 13])
    batch = torch.from_numpy(draw_batch([lay_out(random_scene(rng), rng) for _ in range(pictures)], size))
    latents = torch.cat([vae.encode(part).latent_dist.mode() for part in torch.split(batch, 16)]) * SCALE
    small = functional.avg_pool2d(batch, 8)
    inputs = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1)
    fit = torch.linalg.lstsq(inputs, small.permute(0, 2, 3, 1).reshape(-1, 3)).solution
    rows = [[round(value, 5) for value in row] for row in fit.tolist()]
    return {"weights": rows[:-1], "bias": rows[-1]}


def export_model(model: Model, path: Path) -> None:
    """Write the model with its latent→RGB fit in the metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    vae = model.vae.cpu().float()
    write_model(model, path, {"nodebook.latent_rgb": json.dumps(fit_latent_rgb(vae))})


def export_lora(state: dict[str, torch.Tensor], rank: int, path: Path) -> None:
    """Write a LoRA with the metadata that kohya's tools write."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"format": "pt", "ss_network_dim": str(rank), "ss_network_alpha": str(float(rank))}
    save_file(state, path, metadata=metadata)
