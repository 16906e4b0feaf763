"""Teach the text encoder to name what a caption says, before any picture is drawn.

Every position from the end token on must tell the whole caption: those fill most of the 77 positions that the UNet's
attention reads, so the UNet finds the caption in them from its first step.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tools.demo_model.captions import PLACES, RADII, Scene, caption, random_scene
from tools.demo_model.checkpoints import load_checkpoint, save_checkpoint
from tools.demo_model.modules import TextEncoder, TextSizes, build_text
from tools.demo_model.pictures import COLOURS, SHAPES
from tools.demo_model.tokens import Tokens

__all__ = ["train_text"]

QUESTIONS: tuple[tuple[str, ...], ...] = (
    tuple(COLOURS),
    (*SHAPES,),
    (*COLOURS,),
    (*RADII,),
    (*PLACES,),
    ("none", *SHAPES),
    ("none", *COLOURS),
    ("one", "beside", "above"),
)
"""What is asked of each caption: background; shape, colour, size and place; the second thing; how the two stand."""


def answers(scene: Scene) -> list[int]:
    """The index of the right answer to each question."""
    first = scene.items[0]
    second = scene.items[1] if len(scene.items) > 1 else None
    relation = "one" if second is None else "above" if scene.stacked else "beside"
    words = (
        scene.background,
        first.shape,
        first.colour,
        first.size,
        first.place,
        second.shape if second else "none",
        second.colour if second else "none",
        relation,
    )
    return [names.index(word) for names, word in zip(QUESTIONS, words, strict=True)]


def _loss(states: torch.Tensor, heads: torch.nn.Module, wanted: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Mean cross-entropy over the questions at each position, and the share of captions with every answer right."""
    logits = heads(states).split([len(names) for names in QUESTIONS], dim=-1)
    right = torch.ones(len(wanted), states.shape[1], dtype=torch.bool, device=states.device)
    loss = states.new_zeros(())
    for scores, answer in zip(logits, wanted.T, strict=True):
        repeated = answer[:, None].expand(-1, states.shape[1])
        loss = loss + functional.cross_entropy(scores.flatten(0, 1), repeated.flatten(), label_smoothing=0.05)
        right &= scores.argmax(-1) == repeated
    return loss / len(QUESTIONS), right.float().mean().item()


def train_text(sizes: TextSizes, tokens: Tokens, folder: Path, *, steps: int = 600, seed: int = 0) -> TextEncoder:
    """Train, or go on training, in `folder`; a run of minutes on a CPU."""
    torch.manual_seed(seed)
    text = build_text(sizes, len(tokens.ids) + 1, len(tokens.ids))
    heads = torch.nn.Linear(sizes.width, sum(len(names) for names in QUESTIONS))
    parameters = [*text.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=3e-3, betas=(0.9, 0.99), weight_decay=0.01)
    start = 0
    if state := load_checkpoint(folder / "text.pt"):
        text.load_state_dict(state["text"])
        heads.load_state_dict(state["heads"])
        optimizer.load_state_dict(state["optimizer"])
        start = int(state["step"])
    began = time.monotonic()
    for step in range(start, steps):
        rng = np.random.default_rng([seed, 3, step])
        scenes = [random_scene(rng, pair_share=0.5) for _ in range(64)]
        rows = torch.from_numpy(tokens.rows(caption(scene, rng) for scene in scenes))
        wanted = torch.tensor([answers(scene) for scene in scenes])
        ends = (rows == rows[:, -1:]).int().argmax(dim=1)
        asked = torch.stack([ends, *(torch.from_numpy(rng.integers(ends.numpy(), 77)) for _ in range(7))], dim=1)
        states = text(rows).last_hidden_state
        states = states.gather(1, asked[..., None].expand(-1, -1, sizes.width))
        loss, right = _loss(states, heads, wanted)
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * min(1.0, (step + 1) / 50) * min(1.0, 3 * (steps - step) / steps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if (step + 1) % 100 == 0 or step + 1 == steps:
            spent = time.monotonic() - began
            print(f"text {step + 1}/{steps} {spent:.0f} s loss {loss.item():.3f} right {right:.3f}", flush=True)
            save_checkpoint(folder / "text.pt", _state(text, heads, optimizer, step + 1))
    return text.requires_grad_(requires_grad=False).eval()


def _state(text: TextEncoder, heads: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int) -> dict[str, Any]:
    return {
        "text": text.state_dict(),
        "heads": heads.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
    }
