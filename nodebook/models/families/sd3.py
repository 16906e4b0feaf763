"""Stable Diffusion 3 and 3.5. Source: spec A.2 (1), A.6."""

from __future__ import annotations

import math
import re

from nodebook.models.errors import BrokenModelError
from nodebook.models.families.candidate import Candidate, Mismatch, Recognised
from nodebook.models.families.clip import read_clip
from nodebook.models.families.stable_diffusion import checkpoint_vae
from nodebook.models.latents import SD3
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.schedules import FlowSchedule
from nodebook.models.spec import CheckpointSpec, ClipSpec, MmditSpec

HEAD_WIDTH = 64
SHIFT = 3.0

CLIPS = (("clip_l", "text_encoders.clip_l.transformer."), ("clip_g", "text_encoders.clip_g.transformer."))

_BLOCK = re.compile(r"joint_blocks\.(\d+)\.")
_DUAL = re.compile(r"joint_blocks\.(\d+)\.x_block\.attn2\.qkv\.weight")


def match_sd3(file: Candidate) -> CheckpointSpec | Recognised | Mismatch:
    """Match SD 3 and 3.5: a transformer with joint attention of text and picture."""
    if not file.has("joint_blocks.0.context_block.attn.qkv.weight"):
        return Mismatch("it has no joint transformer blocks")
    return CheckpointSpec(
        family="sd3",
        network=read_mmdit(file),
        sampling=ModelSampling(FlowSchedule(shift=SHIFT), "flow"),
        latent_format=SD3,
        encoders=tuple((name, spec) for name, prefix in CLIPS if (spec := _clip(file, name, prefix))),
        vae=checkpoint_vae(file),
    )


def read_mmdit(file: Candidate) -> MmditSpec:
    """Return the hyper-parameters of the transformer; raises ``BrokenModelError`` where tensors are absent."""
    width, in_channels, patch, _ = file.shape("x_embedder.proj.weight")
    inside = [key[len(file.prefix) :] for key in file.tensors if key.startswith(file.prefix)]
    numbers = {int(found[1]) for key in inside if (found := _BLOCK.match(key))}
    if numbers != set(range(len(numbers))):
        raise BrokenModelError(
            f"{file.index.path.name} lacks some of its {max(numbers) + 1} transformer blocks. "
            "The file is truncated or was changed; get a complete one."
        )
    return MmditSpec(
        prefix=file.prefix,
        layout="ldm",
        patch=patch,
        in_channels=in_channels,
        out_channels=file.shape("final_layer.linear.weight")[0] // patch**2,
        depth=len(numbers),
        width=width,
        heads=max(1, width // HEAD_WIDTH),
        context_dim=file.shape("context_embedder.weight")[1],
        pooled_dim=file.shape("y_embedder.mlp.0.weight")[1],
        table_side=math.isqrt(file.shape("pos_embed")[1]),
        qk_norm=file.has("joint_blocks.0.context_block.attn.ln_q.weight"),
        dual_layers=tuple(sorted({int(found[1]) for key in inside if (found := _DUAL.match(key))})),
    )


def _clip(file: Candidate, name: str, prefix: str) -> ClipSpec | None:
    if not file.index.count_prefix(prefix):
        return None
    return read_clip(file.index, prefix, activation="quick_gelu" if name == "clip_l" else "gelu")
