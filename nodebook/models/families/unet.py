"""Hyper-parameters of a UNet from its shapes, in the LDM layout or in diffusers'. Source: spec A.4, A.5."""

from __future__ import annotations

import re
from collections import Counter
from itertools import count

from nodebook.models.errors import BrokenModelError
from nodebook.models.families.candidate import Candidate, Mismatch, metadata_int
from nodebook.models.spec import GROUPS, UnetSpec

CONVOLUTION_HEADS = 8
"""Attention heads of the networks that project by 1 x 1 convolutions (SD 1.x)."""

HEAD_WIDTH = 64
"""Width of an attention head in the networks that project by linear layers (SD 2.x, SDXL)."""

LDM_MARKER = "input_blocks.0.0.weight"
DIFFUSERS_MARKERS = ("conv_in.weight", "down_blocks.0.resnets.0.conv1.weight", "time_embedding.linear_1.weight")

_LDM_ATTENTION = re.compile(r"(.+_blocks?(?:\.\d+)?\.1)\.transformer_blocks\.(\d+)\.norm1\.weight")
_DIFFUSERS_ATTENTION = re.compile(r"(.+_blocks?(?:\.\d+)?\.attentions\.\d+)\.transformer_blocks\.(\d+)\.norm1\.weight")

Blocks = list[list[tuple[int, int]]]
"""Of each level, of each residual block: (channels, transformer layers after it)."""


def find_unet(file: Candidate) -> UnetSpec | Mismatch:
    """Return the hyper-parameters of a file's UNet, or that it has none.

    Raises ``BrokenModelError`` where it has one, but blocks are absent that the others need.
    """
    if file.has(LDM_MARKER):
        return _read_ldm(file)
    if file.has(*DIFFUSERS_MARKERS) and not file.has("controlnet_mid_block.weight"):
        return _read_diffusers(file)
    return Mismatch("it has no UNet")


def _read_ldm(file: Candidate) -> UnetSpec:
    depths = _depths(file, _LDM_ATTENTION)
    levels = _ldm_levels(file, depths)
    sizes = [len(level) + 1 for level in reversed(levels)]
    found = sum(file.has(f"output_blocks.{number}.0.in_layers.0.weight") for number in range(sum(sizes)))
    _check_output_blocks(file, found, sum(sizes))
    numbers = iter(range(sum(sizes)))
    up = tuple(tuple(depths[f"output_blocks.{next(numbers)}.1"] for _ in range(size)) for size in sizes)
    middle = depths["middle_block.1"] or (-1 if file.has("middle_block.0.in_layers.0.weight") else -2)
    ends = (LDM_MARKER, "out.2.weight", "label_emb.0.0.weight")
    return _spec(file, layout="ldm", ends=ends, levels=levels, up=up, middle=middle)


def _ldm_levels(file: Candidate, depths: Counter[str]) -> Blocks:
    levels: Blocks = [[]]
    for number in count(1):
        block = f"input_blocks.{number}"
        if file.has(f"{block}.0.op.weight"):
            levels.append([])
        elif file.has(f"{block}.0.out_layers.3.weight"):
            levels[-1].append((file.shape(f"{block}.0.out_layers.3.weight")[0], depths[f"{block}.1"]))
        else:
            return levels
    raise AssertionError("count() ends never")


def _read_diffusers(file: Candidate) -> UnetSpec:
    depths = _depths(file, _DIFFUSERS_ATTENTION)
    levels: Blocks = []
    while file.has(f"down_blocks.{len(levels)}.resnets.0.conv1.weight"):
        name = f"down_blocks.{len(levels)}"
        numbers = range(_resnets(file, name))
        channels = [file.shape(f"{name}.resnets.{number}.conv1.weight")[0] for number in numbers]
        levels.append([(channels[number], depths[f"{name}.attentions.{number}"]) for number in numbers])
    found = sum(_resnets(file, f"up_blocks.{number}") for number in range(len(levels)))
    sizes = [len(level) + 1 for level in reversed(levels)]
    _check_output_blocks(file, found, sum(sizes))
    up = tuple(
        tuple(depths[f"up_blocks.{level}.attentions.{number}"] for number in range(size))
        for level, size in enumerate(sizes)
    )
    middle = depths["mid_block.attentions.0"] or (-1 if file.has("mid_block.resnets.0.conv1.weight") else -2)
    added = next((name for name in ("add_embedding", "class_embedding") if file.has(f"{name}.linear_1.weight")), "")
    ends = ("conv_in.weight", "conv_out.weight", f"{added}.linear_1.weight")
    return _spec(file, layout="diffusers", ends=ends, levels=levels, up=up, middle=middle)


def _resnets(file: Candidate, block: str) -> int:
    return next(number for number in count() if not file.has(f"{block}.resnets.{number}.conv1.weight"))


def _spec(
    file: Candidate,
    *,
    layout: str,
    ends: tuple[str, str, str],
    levels: Blocks,
    up: tuple[tuple[int, ...], ...],
    middle: int,
) -> UnetSpec:
    """Return the spec; ``ends`` are the names of the first and last convolution and of the added vector's layer."""
    pattern = _LDM_ATTENTION if layout == "ldm" else _DIFFUSERS_ATTENTION
    if not all(levels):
        raise BrokenModelError(
            f"{file.index.path.name} has a UNet whose input blocks end too early. "
            "The file is truncated or was changed; get a complete one."
        )
    first = next(iter(_depths(file, pattern)), None)
    if first is None:
        raise BrokenModelError(f"{file.index.path.name} has a UNet without attention to text, which none here uses.")
    linear = len(file.shape(f"{first}.proj_in.weight")) == 2  # noqa: PLR2004 -- [out, in]
    channels = tuple(level[0][0] for level in levels)
    return UnetSpec(
        prefix=file.prefix,
        layout="ldm" if layout == "ldm" else "diffusers",
        in_channels=file.shape(ends[0])[1],
        out_channels=file.shape(ends[1])[0],
        channels=channels,
        res_blocks=tuple(len(level) for level in levels),
        down_depths=tuple(tuple(depth for _, depth in level) for level in levels),
        up_depths=up,
        middle_depth=middle,
        context_dim=file.shape(f"{first}.transformer_blocks.0.attn2.to_k.weight")[1],
        heads=tuple(_heads(file, width, linear=linear) for width in channels),
        linear_projection=linear,
        adm_channels=file.shape(ends[2])[1] if file.has(ends[2]) else None,
        norm_groups=metadata_int(file.index, "nodebook.unet.norm_num_groups", GROUPS),
    )


def _depths(file: Candidate, pattern: re.Pattern[str]) -> Counter[str]:
    """Return how many transformer layers each attention block has, by its name, in the order of the file."""
    inside = (key[len(file.prefix) :] for key in file.tensors if key.startswith(file.prefix))
    return Counter(found[1] for key in inside if (found := pattern.fullmatch(key)))


def _check_output_blocks(file: Candidate, found: int, wanted: int) -> None:
    if found < wanted:
        raise BrokenModelError(
            f"{file.index.path.name} has {found} of the {wanted} output blocks that its UNet needs. "
            "The file is truncated or was changed; get a complete one."
        )


def _heads(file: Candidate, width: int, *, linear: bool) -> int:
    usual = max(1, width // HEAD_WIDTH) if linear else CONVOLUTION_HEADS
    return metadata_int(file.index, "nodebook.unet.attention_heads", usual)
