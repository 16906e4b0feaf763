"""Which text encoder a file of its own holds. Source: spec A.7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nodebook.models.errors import UnknownModelError, UnsuitableModelError
from nodebook.models.families.clip import read_clip
from nodebook.models.files import WeightsIndex
from nodebook.models.spec import ClipSpec

OPENCLIP_MARKER = "transformer.resblocks.0.ln_1.weight"

_CLIPS: Final = ((30, "clip_g"), (22, "clip_h"), (0, "clip_l"))
"""(a layer that an encoder has, its name), the deepest first."""


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """A text encoder by name and title."""

    name: str
    title: str


def identify_text_encoder(index: WeightsIndex) -> TextEncoder | None:
    """Return which text encoder a file is, None where it is none."""
    return _identify_clip(index) or _identify_t5(index) or _identify_llm(index)


def read_text_encoder(index: WeightsIndex) -> tuple[str, ClipSpec]:
    """Return (name, spec) of the CLIP text encoder that a file holds.

    Raises ``UnknownModelError`` for a file that is no text encoder, ``UnsuitableModelError`` for one of another kind.
    """
    found = identify_text_encoder(index)
    if found is None:
        raise UnknownModelError(f"{index.path.name} is no text encoder that is known here. The file is {index.path}.")
    if not found.name.startswith("clip_"):
        raise UnsuitableModelError(
            f"{index.path.name} is the text encoder {found.title}, which nodebook cannot run yet: CLIP encoders only."
        )
    prefix = _clip_prefix(index)
    return found.name, read_clip(index, prefix, activation="quick_gelu" if found.name == "clip_l" else "gelu")


def _identify_clip(index: WeightsIndex) -> TextEncoder | None:
    if index.has(f"{_clip_prefix(index)}{OPENCLIP_MARKER}"):
        template = _clip_prefix(index) + "transformer.resblocks.{}.ln_1.weight"
    elif index.has("text_model.encoder.layers.0.mlp.fc1.weight"):
        template = "text_model.encoder.layers.{}.mlp.fc1.weight"
    else:
        return None
    name = next((name for layer, name in _CLIPS if index.has(template.format(layer))), None)
    return TextEncoder(name, name.upper().replace("_", "-")) if name else None


def _clip_prefix(index: WeightsIndex) -> str:
    """Return what stands before an OpenCLIP encoder's names: some writers keep ``model.``."""
    return next((each for each in ("", "model.") if index.has(each + OPENCLIP_MARKER)), "")


def _identify_t5(index: WeightsIndex) -> TextEncoder | None:
    gated = index.shape("encoder.block.23.layer.1.DenseReluDense.wi_1.weight")
    if gated is not None:
        wide = gated[1] == 4096  # noqa: PLR2004 -- the width of XXL
        umt5 = index.has("encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight")
        if not wide:
            return TextEncoder("t5_xl", "T5-XL")
        return TextEncoder("umt5_xxl", "UMT5-XXL") if umt5 else TextEncoder("t5_xxl", "T5-XXL")
    if index.has("encoder.block.23.layer.1.DenseReluDense.wi.weight"):
        return TextEncoder("t5_xxl_old", "T5-XXL of Cosmos")
    keys = index.shape("encoder.block.0.layer.0.SelfAttention.k.weight")
    if keys is None:
        return None
    small = keys[0] == 384  # noqa: PLR2004 -- ByT5-small's rows
    return TextEncoder("byt5_small", "ByT5-small") if small else TextEncoder("t5_base", "T5-base")


def _identify_llm(index: WeightsIndex) -> TextEncoder | None:
    layer = "model.layers.0"
    if index.has("model.language_model.layers.0.self_attn.k_proj.weight"):
        layer = "model.language_model.layers.0"  # as transformers 5 writes models that also see
    if not index.has(f"{layer}.self_attn.k_proj.weight"):
        return None
    if index.has(f"{layer}.post_feedforward_layernorm.weight"):
        return TextEncoder("gemma", "Gemma")
    bias = index.shape(f"{layer}.self_attn.k_proj.bias")
    if bias is not None:
        return TextEncoder("qwen25_3b", "Qwen2.5-3B") if bias[0] == 256 else TextEncoder("qwen25_7b", "Qwen2.5-7B")  # noqa: PLR2004
    if index.has(f"{layer}.self_attn.q_norm.weight"):
        width = (index.shape(f"{layer}.post_attention_layernorm.weight") or (0,))[0]
        return TextEncoder("qwen3_4b", "Qwen3-4B") if width == 2560 else TextEncoder("qwen3_2b", "Qwen3-2B")  # noqa: PLR2004
    width = (index.shape(f"{layer}.post_attention_layernorm.weight") or (0,))[0]
    return TextEncoder("mistral", "Mistral Small") if width == 5120 else TextEncoder("llama3", "Llama 3")  # noqa: PLR2004
