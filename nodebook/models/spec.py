"""Hyper-parameters of networks as detection reads them from a header: frozen, hashable, all that building needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nodebook.models.handles import WeightsFile
from nodebook.models.latents import LatentFormat
from nodebook.models.sampling.parametrisation import ModelSampling

Layout = Literal["ldm", "diffusers"]
"""Whose names the file's tensors have."""

GROUPS = 32
"""Groups of group normalisation, unless a file's metadata says otherwise: shapes do not tell."""


@dataclass(frozen=True, slots=True)
class UnetSpec:
    """A ``UNet2DConditionModel``. Levels are counted from the finest; ``up_depths`` runs from the coarsest.

    ``adm_channels``: the length of the vector that is added to the time embedding, passed as ``class_labels``
    [B, adm_channels] in all families alike (SDXL's pooled text and sizes, unCLIP's picture).
    """

    prefix: str
    layout: Layout
    in_channels: int
    out_channels: int
    channels: tuple[int, ...]
    res_blocks: tuple[int, ...]
    down_depths: tuple[tuple[int, ...], ...]
    """Transformer layers after each residual block of each level; 0 is a block without attention."""
    up_depths: tuple[tuple[int, ...], ...]
    middle_depth: int
    """-1: one residual block without attention; -2: nothing."""
    context_dim: int
    heads: tuple[int, ...]
    linear_projection: bool
    adm_channels: int | None = None
    norm_groups: int = GROUPS


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """A CLIP text encoder, built as ``CLIPTextModelWithProjection`` (an identity where there is no projection)."""

    prefix: str
    layout: Literal["hf", "openclip"]
    width: int
    layers: int
    heads: int
    mlp_width: int
    positions: int
    vocabulary: int
    activation: Literal["quick_gelu", "gelu"]
    projection: int | None = None


@dataclass(frozen=True, slots=True)
class KlSpec:
    """An ``AutoencoderKL``."""

    prefix: str
    layout: Layout
    in_channels: int
    out_channels: int
    latent_channels: int
    channels: tuple[int, ...]
    res_blocks: int
    quant_conv: bool = True
    post_quant_conv: bool = True
    middle_attention: bool = True
    norm_groups: int = GROUPS


@dataclass(frozen=True, slots=True)
class TinySpec:
    """A TAESD, built as ``AutoencoderTiny``: its decoder's file is the part's, its encoder's is named here.

    It codes pictures in the model's scale: a VAE's latent is first ``(z - shift) * scale``.
    """

    prefix: str
    latent_channels: int
    scale: float
    shift: float = 0.0
    encoder: WeightsFile | None = None
    encoder_prefix: str = ""


@dataclass(frozen=True, slots=True)
class MmditSpec:
    """A ``SD3Transformer2DModel``: the multimodal diffusion transformer of SD 3 and 3.5."""

    prefix: str
    layout: Layout
    patch: int
    in_channels: int
    out_channels: int
    depth: int
    width: int
    heads: int
    context_dim: int
    pooled_dim: int
    table_side: int
    """Side of the square table of position embeddings, from which the middle is cut."""
    qk_norm: bool = False
    dual_layers: tuple[int, ...] = ()
    """Layers with a second attention over the picture alone (3.5 medium)."""


@dataclass(frozen=True, slots=True)
class CheckpointSpec:
    """What a checkpoint holds: a diffusion network and how it is used, text encoders, and a VAE where it has one."""

    family: str
    network: UnetSpec | MmditSpec
    sampling: ModelSampling
    latent_format: LatentFormat
    encoders: tuple[tuple[str, ClipSpec], ...] = ()
    """(the part's name, its spec): ``clip_l``, ``clip_g``, ``clip_h``."""
    vae: KlSpec | None = None
