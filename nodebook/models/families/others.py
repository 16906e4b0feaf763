"""Families that are told apart, but have no networks here yet: by marker tensors alone. Source: spec A.2, A.3, A.5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nodebook.models.families.candidate import Candidate, Mismatch, Recognised


@dataclass(frozen=True, slots=True)
class Marker:
    """A family that a file is of if it has all of some tensors and none of others."""

    family: str
    title: str
    present: tuple[str, ...]
    absent: tuple[str, ...] = ()


_FLUX_KEY = "double_blocks.0.img_attn.norm.key_norm.scale"

MARKERS: Final = (
    Marker("cascade_c", "Stable Cascade, stage C", ("clf.1.weight", "clip_txt_mapper.weight")),
    Marker("cascade_b", "Stable Cascade, stage B", ("clf.1.weight", "clip_mapper.weight")),
    Marker("stable_audio", "Stable Audio", ("transformer.rotary_pos_emb.inv_freq",)),
    Marker("aura_flow", "AuraFlow", ("double_layers.0.attn.w1q.weight",)),
    Marker("hunyuan_dit", "Hunyuan-DiT", ("mlp_t5.0.weight",)),
    Marker("hunyuan_video", "HunyuanVideo", ("txt_in.individual_token_refiner.blocks.0.norm1.weight",)),
    Marker("chroma", "Chroma", (_FLUX_KEY, "distilled_guidance_layer.norms.0.scale")),
    Marker("flux2", "Flux 2", (_FLUX_KEY, "img_in.weight", "double_stream_modulation_img.lin.weight")),
    Marker("flux", "Flux", (_FLUX_KEY, "img_in.weight")),
    Marker("mochi", "Mochi", ("t5_yproj.weight",)),
    Marker("ltxv", "LTX-Video", ("adaln_single.emb.timestep_embedder.linear_1.bias",), ("pos_embed.proj.bias",)),
    Marker("ace_step", "ACE-Step", ("genre_embedder.weight",)),
    Marker("pixart", "PixArt", ("t_block.1.weight",)),
    Marker("cosmos1", "Cosmos 1", ("blocks.block0.blocks.0.block.attn.to_q.0.weight",)),
    Marker("lumina2", "Lumina 2 or Z-Image", ("cap_embedder.1.weight",)),
    Marker("wan22_5b", "Wan 2.2 5B", ("head.modulation", "patch_embedding.weight")),
    Marker("hunyuan3d", "Hunyuan3D", ("latent_in.weight",)),
    Marker("hunyuan3d", "Hunyuan3D", ("t_embedder.mlp.2.weight", "x_embedder.weight")),
    Marker("hidream", "HiDream", ("caption_projection.0.linear.weight",)),
    Marker("cosmos_predict2", "Cosmos-Predict2", ("blocks.0.mlp.layer1.weight",)),
    Marker("omnigen2", "OmniGen2", ("time_caption_embed.timestep_embedder.linear_1.bias",)),
    Marker("qwen_image", "Qwen-Image", ("txt_norm.weight",)),
    Marker("kandinsky5", "Kandinsky 5", ("visual_transformer_blocks.0.cross_attention.key_norm.weight",)),
    Marker("aura_flow", "AuraFlow", ("joint_transformer_blocks.0.attn.add_k_proj.weight",)),
    Marker("pixart", "PixArt", ("adaln_single.emb.timestep_embedder.linear_1.bias", "pos_embed.proj.bias")),
    Marker(
        "flux",
        "Flux in diffusers' names",
        ("x_embedder.weight", "transformer_blocks.0.attn.add_q_proj.weight"),
        ("controlnet_blocks.0.weight",),
    ),
    Marker(
        "sd3",
        "SD 3 in diffusers' names",
        ("transformer_blocks.0.attn.add_q_proj.weight", "pos_embed.proj.weight"),
        ("controlnet_blocks.0.weight",),
    ),
)
"""In the order in which they are asked: the first that fits."""

WAN_22_CHANNELS = 48


def match_others(file: Candidate) -> Recognised | Mismatch:
    """Match the families of ``MARKERS``."""
    for marker in MARKERS:
        if file.has(*marker.present) and not any(file.has(name) for name in marker.absent):
            return _refined(file, marker)
    return Mismatch("it has no tensor that marks another known family")


def _refined(file: Candidate, marker: Marker) -> Recognised:
    """Tell apart what differs in shapes alone."""
    if marker.family == "wan22_5b" and file.shape("patch_embedding.weight")[1] != WAN_22_CHANNELS:
        return Recognised("wan", "Wan 2.x")
    if marker.family == "lumina2":
        wide = file.shape("cap_embedder.1.weight")[0] == 3840  # noqa: PLR2004 -- Z-Image's width
        return Recognised("z_image", "Z-Image") if wide else Recognised("lumina2", "Lumina 2")
    return Recognised(marker.family, marker.title)
