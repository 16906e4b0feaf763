"""Hyper-parameters of a UNet in the LDM layout, from its shapes. Source: spec A.4."""

from __future__ import annotations

import re
from collections import Counter
from itertools import count

from nodebook.models.errors import BrokenModelError
from nodebook.models.families.candidate import Candidate, metadata_int
from nodebook.models.spec import GROUPS, UnetSpec

CONVOLUTION_HEADS = 8
"""Attention heads of the networks that project by 1 x 1 convolutions (SD 1.x)."""

HEAD_WIDTH = 64
"""Width of an attention head in the networks that project by linear layers (SD 2.x, SDXL)."""

_TRANSFORMER = re.compile(r"((?:input|output)_blocks\.\d+|middle_block)\.1\.transformer_blocks\.(\d+)\.norm1\.weight")


def read_unet(file: Candidate) -> UnetSpec:
    """Return the hyper-parameters of the UNet of a file that has one.

    Raises ``BrokenModelError`` where blocks are absent that the others need.
    """
    depths = _transformer_depths(file)
    levels = _input_levels(file, depths)
    up = _output_depths(file, depths, [len(level) + 1 for level in reversed(levels)])
    first = next((key for key in depths if depths[key]), None)
    if first is None:
        raise BrokenModelError(f"{file.index.path.name} has a UNet without attention to text, which none here uses.")
    linear = len(file.shape(f"{first}.1.proj_in.weight")) == 2  # noqa: PLR2004 -- [out, in]
    channels = tuple(level[0][0] for level in levels)
    return UnetSpec(
        prefix=file.prefix,
        layout="ldm",
        in_channels=file.shape("input_blocks.0.0.weight")[1],
        out_channels=file.shape("out.2.weight")[0],
        channels=channels,
        res_blocks=tuple(len(level) for level in levels),
        down_depths=tuple(tuple(depth for _, depth in level) for level in levels),
        up_depths=up,
        middle_depth=_middle_depth(file, depths),
        context_dim=file.shape(f"{first}.1.transformer_blocks.0.attn2.to_k.weight")[1],
        heads=tuple(_heads(file, width, linear=linear) for width in channels),
        linear_projection=linear,
        adm_channels=file.shape("label_emb.0.0.weight")[1] if file.has("label_emb.0.0.weight") else None,
        norm_groups=metadata_int(file.index, "nodebook.unet.norm_num_groups", GROUPS),
    )


def _transformer_depths(file: Candidate) -> Counter[str]:
    """Return of each block how many transformer layers it has."""
    inside = (key[len(file.prefix) :] for key in file.tensors if key.startswith(file.prefix))
    return Counter(found[1] for key in inside if (found := _TRANSFORMER.match(key)))


def _input_levels(file: Candidate, depths: Counter[str]) -> list[list[tuple[int, int]]]:
    """Return (channels, transformer layers) of each residual block of each level, finest first."""
    levels: list[list[tuple[int, int]]] = [[]]
    for number in count(1):
        block = f"input_blocks.{number}"
        if file.has(f"{block}.0.op.weight"):
            levels.append([])
        elif file.has(f"{block}.0.out_layers.3.weight"):
            levels[-1].append((file.shape(f"{block}.0.out_layers.3.weight")[0], depths[block]))
        else:
            break
    if not all(levels):
        raise BrokenModelError(
            f"{file.index.path.name} has a UNet whose input blocks end too early. "
            "The file is truncated or was changed; get a complete one."
        )
    return levels


def _output_depths(file: Candidate, depths: Counter[str], sizes: list[int]) -> tuple[tuple[int, ...], ...]:
    """Return the transformer layers of each output block, by level, coarsest first."""
    found = sum(file.has(f"output_blocks.{number}.0.in_layers.0.weight") for number in range(sum(sizes)))
    if found < sum(sizes):
        raise BrokenModelError(
            f"{file.index.path.name} has {found} of the {sum(sizes)} output blocks that its UNet needs. "
            "The file is truncated or was changed; get a complete one."
        )
    numbers = iter(range(sum(sizes)))
    return tuple(tuple(depths[f"output_blocks.{next(numbers)}"] for _ in range(size)) for size in sizes)


def _middle_depth(file: Candidate, depths: Counter[str]) -> int:
    if depths["middle_block"]:
        return depths["middle_block"]
    return -1 if file.has("middle_block.0.in_layers.0.weight") else -2


def _heads(file: Candidate, width: int, *, linear: bool) -> int:
    usual = max(1, width // HEAD_WIDTH) if linear else CONVOLUTION_HEADS
    return metadata_int(file.index, "nodebook.unet.attention_heads", usual)
