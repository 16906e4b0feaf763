"""In which dtype networks compute. Source: spec G.4, H, I."""

from __future__ import annotations

import torch

from nodebook.models.handles import Part
from nodebook.models.spec import ClipSpec, KlSpec, TinySpec

BFLOAT16_CAPABILITY = (8, 0)
"""NVIDIA compute capability from which bfloat16 is native."""

HALF_CAPABILITY = (7, 0)
"""From which float16 is worth it."""


def compute_dtype(part: Part, device: torch.device) -> torch.dtype:
    """Return the dtype of a network's weights on a device, and of its arithmetic but for text encoders.

    Text encoders are held in float16 and computed in float32 everywhere, so that a LoRA's change of them is rounded as
    in ComfyUI. All else is float32 on the CPU; elsewhere VAEs are bfloat16 where that is native, and diffusion networks
    float16.
    """
    if isinstance(part.spec, ClipSpec):
        return torch.float16
    if device.type != "cuda":
        return torch.float32
    capability = torch.cuda.get_device_capability(device)
    if isinstance(part.spec, KlSpec | TinySpec):
        return torch.bfloat16 if capability >= BFLOAT16_CAPABILITY else torch.float32
    return torch.float16 if capability >= HALF_CAPABILITY else torch.float32
