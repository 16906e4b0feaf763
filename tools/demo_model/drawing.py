"""Draw with a trained model: captions to hidden states, noise to latents, latents to pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tools.demo_model.captions import Scene, caption
from tools.demo_model.ldm_layout import SCALE
from tools.demo_model.modules import TextEncoder, Unet, Vae
from tools.demo_model.sampling import sample
from tools.demo_model.tokens import Tokens

__all__ = ["Parts", "Pictures", "draw_scenes", "encode_captions"]

Pictures = NDArray[np.float32]
"""Shape: [pictures, height, width, 3], values 0..1."""


@dataclass(frozen=True)
class Parts:
    """What the UNet is trained with: all frozen."""

    vae: Vae
    text: TextEncoder
    tokens: Tokens


@torch.no_grad()
def encode_captions(parts: Parts, captions: list[str], device: str) -> torch.Tensor:
    """Hidden states of the text encoder. Shape: [captions, 77, width]."""
    rows = torch.from_numpy(parts.tokens.rows(captions)).to(device)
    states: torch.Tensor = parts.text(rows).last_hidden_state
    return states


@torch.no_grad()
def draw_scenes(
    unet: Unet,
    parts: Parts,
    scenes: Sequence[Scene],
    *,
    steps: int = 20,
    guidance: float = 5.0,
    seed: int = 0,
) -> Pictures:
    """Pictures that the model makes of the scenes' plain captions. Shape: [scenes, height, width, 3], values 0..1."""
    device = str(next(unet.parameters()).device)
    words = [caption(scene, np.random.default_rng(0), plain=True) for scene in scenes]
    texts = encode_captions(parts, words, device), encode_captions(parts, [""] * len(words), device)
    noise = torch.randn((len(scenes), 4, 16, 16), generator=torch.Generator().manual_seed(seed)).to(device)
    latents = sample(unet, texts, noise, steps=steps, guidance=guidance)
    decoded = parts.vae.decode(latents / SCALE).sample.clamp(-1, 1) * 0.5 + 0.5
    pictures: Pictures = decoded.permute(0, 2, 3, 1).cpu().numpy()
    return pictures
