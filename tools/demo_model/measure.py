"""Measure a finished model on the combinations kept out of training, and draw sheets to look at."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from tools.demo_model.captions import Scene, held_out_scenes, lay_out
from tools.demo_model.drawing import Parts, Pictures, draw_scenes
from tools.demo_model.judge import judge, share_right
from tools.demo_model.modules import Unet
from tools.demo_model.pictures import draw, draw_batch

__all__ = ["measure_drawings", "measure_model", "save_sheet"]

SINGLES, PAIRS = 200, 100


def _in_batches(scenes: list[Scene], size: int = 25) -> Iterator[tuple[int, list[Scene]]]:
    for start in range(0, len(scenes), size):
        yield start, scenes[start : start + size]


def _kinds() -> dict[str, list[Scene]]:
    return {"singles": list(held_out_scenes(SINGLES, 0)), "pairs": list(held_out_scenes(0, PAIRS))}


def measure_model(
    unet: Unet, parts: Parts, *, steps: int = 20, guidance: float = 5.0, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Shares of right answers over 200 single things and 100 pairs kept out of training."""
    found = {}
    for kind, scenes in _kinds().items():
        began, scores = time.monotonic(), []
        for start, batch in _in_batches(scenes):
            pictures = draw_scenes(unet, parts, batch, steps=steps, guidance=guidance, seed=seed + start)
            scores += [judge(picture, scene) for picture, scene in zip(pictures, batch, strict=True)]
        found[kind] = {**share_right(scores), "seconds": time.monotonic() - began}
    return found


@torch.no_grad()
def measure_drawings(parts: Parts, *, seed: int = 0) -> dict[str, dict[str, float]]:
    """The same of the drawings themselves and of what the VAE makes of them: the judge's and the VAE's ceilings."""
    found = {}
    device = str(next(parts.vae.parameters()).device)
    for kind, scenes in _kinds().items():
        rng = np.random.default_rng([seed, 14])
        laid = [lay_out(scene, rng) for scene in scenes]
        drawn = [judge(draw(*what, 128), scene) for what, scene in zip(laid, scenes, strict=True)]
        rebuilt = []
        for start, batch in _in_batches(scenes):
            wanted = torch.from_numpy(draw_batch(laid[start : start + len(batch)], 128)).to(device)
            got = parts.vae.decode(parts.vae.encode(wanted).latent_dist.mode()).sample.clamp(-1, 1) * 0.5 + 0.5
            pictures = got.permute(0, 2, 3, 1).cpu().numpy()
            rebuilt += [judge(picture, scene) for picture, scene in zip(pictures, batch, strict=True)]
        found[f"{kind}, drawn"] = share_right(drawn)
        found[f"{kind}, through the VAE"] = share_right(rebuilt)
    return found


def save_sheet(pictures: Pictures, path: Path, columns: int = 8) -> None:
    """Write the pictures as one PNG, in rows."""
    from PIL import Image

    count, height, width, _ = pictures.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (height + 4), columns * (width + 4), 3), 0.5, dtype=np.float32)
    for index, picture in enumerate(pictures):
        top, left = index // columns * (height + 4), index % columns * (width + 4)
        sheet[top : top + height, left : left + width] = picture
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((sheet * 255).round().astype(np.uint8)).save(path)
