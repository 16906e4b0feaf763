"""What a file is that is no checkpoint: for errors that say which node it belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nodebook.models.families.text_encoders import identify_text_encoder
from nodebook.models.families.vae import PREFIXES, identify_vae
from nodebook.models.files import WeightsIndex


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file looks like, and what to do with it."""

    title: str
    advice: str


_LORA: Final = re.compile(
    r"\.(lora_(up|down|A|B|mid)(\.\w+)*|lora\.(up|down)\.weight|lora_linear_layer\..+|hada_w\w+|lokr_w\w+|dora_scale"
    r"|oft_blocks|to_\w+_lora\.\w+\.weight)$"
)

_CONTROL_KEYS = ("controlnet_cond_embedding.conv_in.weight", "input_hint_block.0.weight", "controlnet_blocks.0.weight")
_UPSCALE_KEYS = ("body.0.rdb1.conv1.weight", "model.1.sub.0.RDB1.conv1.0.weight", "conv_first.weight")
_VISION_KEYS = ("vision_model.embeddings.class_embedding", "visual.class_embedding")
_EMBEDDING_KEYS = ("emb_params", "string_to_param", "*", "clip_l", "clip_g")
MAX_EMBEDDING_TENSORS = 3


def find_kind(index: WeightsIndex) -> Kind | None:
    """Return what a file looks like, None where it looks like nothing known."""
    return next((kind for is_of, kind in _KINDS if is_of(index)), None)


def _is_lora(index: WeightsIndex) -> bool:
    return any(_LORA.search(key) for key in index.tensors)


def _is_control(index: WeightsIndex) -> bool:
    return any(key.endswith(_CONTROL_KEYS) for key in index.tensors)


def _is_vision(index: WeightsIndex) -> bool:
    return any(key in index.tensors for key in _VISION_KEYS)


def _is_text_encoder(index: WeightsIndex) -> bool:
    return identify_text_encoder(index) is not None


def _is_vae(index: WeightsIndex) -> bool:
    return any(identify_vae(index, prefix) for prefix in PREFIXES) or index.has("1.weight", "3.conv.0.weight")


def _is_upscaler(index: WeightsIndex) -> bool:
    return any(key in index.tensors for key in _UPSCALE_KEYS)


def _is_embedding(index: WeightsIndex) -> bool:
    is_small = 0 < len(index.tensors) <= MAX_EMBEDDING_TENSORS
    return is_small and any(key.startswith(_EMBEDDING_KEYS) for key in index.tensors)


_KINDS: Final[tuple[tuple[Callable[[WeightsIndex], bool], Kind], ...]] = (
    (_is_lora, Kind("a LoRA", "Load it with the node Load LoRA, which needs a checkpoint beside it.")),
    (_is_control, Kind("a ControlNet", "Put it into the folder controlnet.")),
    (_is_vision, Kind("a CLIP vision model", "Put it into the folder clip_vision.")),
    (_is_text_encoder, Kind("a text encoder", "Load it with the node Load CLIP.")),
    (_is_vae, Kind("a VAE", "Load it with the node Load VAE.")),
    (_is_upscaler, Kind("an upscale model", "Put it into the folder upscale_models.")),
    (
        _is_embedding,
        Kind("a textual-inversion embedding", "Put it into the folder embeddings and name it in a prompt."),
    ),
)
"""In the order in which they are asked."""
