"""TAESD: autoencoders so small that a decoder can draw each step's preview.

Source: spec models.md K and L (https://github.com/madebyollin/taesd: the layout of its files). The network is
diffusers' ``AutoencoderTiny``; it works on latents in the model's scale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nodebook.models.errors import BrokenModelError

_KEY = re.compile(r"(?:(?:taesd_)?(?P<half>encoder|decoder)\.)?(?P<index>\d+)\.(?P<rest>.+)")
_FIRST_OF_DECODER = "decoder.layers.0.weight"
_LAST_OF_ENCODER = "encoder.layers.14.weight"


def tiny_keys(names: Mapping[str, Any], *, half: str = "decoder") -> dict[str, str]:
    """Return diffusers' name of each tensor of a TAESD file, by the name in the file.

    ``half`` says what a file without prefixes is: ``decoder`` or ``encoder``. Names that are no layer's (``vae_scale``,
    ``vae_shift``) are left out. A decoder's layers are counted from its clamp, which has no weights and no number here.
    """
    renamed = {}
    for name in names:
        found = _KEY.fullmatch(name)
        if found is None:
            continue
        part = found["half"] or half
        index = int(found["index"]) - (1 if part == "decoder" else 0)
        renamed[name] = f"{part}.layers.{index}.{found['rest']}"
    return renamed


def build_tiny(tensors: Mapping[str, Tensor], *, half: str = "decoder", dtype: torch.dtype = torch.float32) -> Any:
    """Return an ``AutoencoderTiny`` in evaluation mode with the tensors of a TAESD file, or of two merged ones.

    The half that is not in the file stays untrained: use the other alone. Raises ``BrokenModelError`` where tensors are
    missing or of other shapes.
    """
    from diffusers import AutoencoderTiny

    renamed = {new: tensors[old].to(dtype) for old, new in tiny_keys(tensors, half=half).items()}
    kind: Any = AutoencoderTiny  # without annotations
    network = kind(latent_channels=_latent_channels(renamed, list(tensors)), scaling_factor=1.0)
    halves = {name.split(".", 1)[0] for name in renamed}
    expected = {name: value.shape for name, value in network.state_dict().items() if name.split(".", 1)[0] in halves}
    wrong = [name for name, shape in expected.items() if name not in renamed or renamed[name].shape != shape]
    wrong += [name for name in renamed if name not in expected]
    if wrong:
        raise BrokenModelError(
            f"This TAESD file does not fit its network: {len(wrong)} of {len(expected)} tensors are missing, unknown "
            f"or of another shape, for example {wrong[0]}. Download the file again."
        )
    network.load_state_dict(renamed, strict=False)
    network.requires_grad_(requires_grad=False)
    return nn.Module.to(network, dtype).eval()  # diffusers' own `to` warns of nothing


def _latent_channels(renamed: Mapping[str, Tensor], names: list[str]) -> int:
    if _FIRST_OF_DECODER in renamed:
        return int(renamed[_FIRST_OF_DECODER].shape[1])
    if _LAST_OF_ENCODER in renamed:
        return int(renamed[_LAST_OF_ENCODER].shape[0])
    raise BrokenModelError(
        f"This is no TAESD file: expected a tensor '1.weight' (decoder) or '14.weight' (encoder), got "
        f"{', '.join(names[:3]) or 'none at all'}. Get the model family's file, such as taesd_decoder.safetensors."
    )
