"""A bank of pictures as latents: each chunk is drawn from the seed and its number, encoded once and kept in a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tools.demo_model.captions import Scene, lay_out, random_scene
from tools.demo_model.checkpoints import load_checkpoint, save_checkpoint
from tools.demo_model.ldm_layout import SCALE
from tools.demo_model.modules import Vae
from tools.demo_model.pictures import Colour, Thing, draw_batch

__all__ = ["CHUNK", "Bank", "sample_latents"]

CHUNK = 1024


def chunk_scenes(seed: int, chunk: int) -> list[Scene]:
    """The scenes of one chunk."""
    rng = np.random.default_rng([seed, 5, chunk])
    return [random_scene(rng) for _ in range(CHUNK)]


class Bank:
    """Latents with their scenes, in chunks that are made when first asked for."""

    def __init__(self, folder: Path, vae: Vae, *, seed: int = 0, size: int = 128, stroke: float = 0.0) -> None:
        self._folder, self._vae, self._seed, self._size, self._stroke = folder, vae, seed, size, stroke
        self._chunks: list[torch.Tensor] = []
        self._scenes: list[list[Scene]] = []

    def grow(self, chunks: int) -> None:
        """Hold at least this many chunks."""
        for chunk in range(len(self._chunks), chunks):
            path = self._folder / f"bank-{chunk:04d}.pt"
            scenes = chunk_scenes(self._seed, chunk)
            state = load_checkpoint(path)
            if state is None:
                state = {"latents": self._encode(scenes, np.random.default_rng([self._seed, 6, chunk]))}
                save_checkpoint(path, state)
            self._chunks.append(state["latents"])
            self._scenes.append(scenes)

    @torch.no_grad()
    def _encode(self, scenes: list[Scene], rng: np.random.Generator) -> torch.Tensor:
        device = next(self._vae.parameters()).device
        parts = []
        for start in range(0, len(scenes), 32):
            batch = torch.from_numpy(
                draw_batch([self._lay_out(scene, rng) for scene in scenes[start : start + 32]], self._size)
            )
            latents = self._vae.encode(batch.to(device, memory_format=torch.channels_last)).latent_dist.mode()
            parts.append(latents.cpu().contiguous() * SCALE)
        return torch.cat(parts)

    def _lay_out(self, scene: Scene, rng: np.random.Generator) -> tuple[list[Thing], Colour]:
        things, background = lay_out(scene, rng)
        return [replace(thing, stroke=self._stroke) for thing in things], background

    def pick(self, rng: np.random.Generator, count: int) -> tuple[torch.Tensor, list[Scene]]:
        """Latents in the UNet's space and their scenes, drawn with replacement from all chunks held."""
        indices = rng.integers(len(self._chunks) * CHUNK, size=count)
        latents = torch.stack([self._chunks[index // CHUNK][index % CHUNK] for index in indices])
        return latents, [self._scenes[index // CHUNK][index % CHUNK] for index in indices]

    @property
    def side(self) -> int:
        """Height and width of the latents."""
        return self._size // 8


@torch.no_grad()
def sample_latents(vae: Vae, *, seed: int = 0, pictures: int = 256, size: int = 128) -> torch.Tensor:
    """The VAE's own latents of some scenes, to measure their mean and deviation. Shape: [pictures, 4, h, w]."""
    rng = np.random.default_rng([seed, 7])
    batches = (draw_batch([lay_out(random_scene(rng), rng) for _ in range(32)], size) for _ in range(pictures // 32))
    return torch.cat([vae.encode(torch.from_numpy(batch)).latent_dist.mode() for batch in batches])
