"""The port types of diffusion: aliases for annotations of node functions."""

from __future__ import annotations

from typing import Annotated, Any

import torch

from nodebook.engine.annotations import Port
from nodebook.models.handles import ClipHandle, ModelHandle, VaeHandle
from nodebook.models.values import Conditioning, Latent

Model = Annotated[ModelHandle, Port("MODEL")]
"""A diffusion network as a handle; its weights are in the pool."""

Clip = Annotated[ClipHandle, Port("CLIP")]
"""Text encoders as a handle."""

Vae = Annotated[VaeHandle, Port("VAE")]
"""The network between pictures and latents, as a handle."""

LatentImage = Annotated[Latent, Port("LATENT")]
"""Latents, and what belongs to them (noise mask, batch index)."""

Cond = Annotated[Conditioning, Port("CONDITIONING")]
"""Encoded prompts."""

SigmasPort = Annotated[torch.Tensor, Port("SIGMAS")]
"""Noise levels [N + 1], descending, float32 on the CPU."""

SamplerPort = Annotated[Any, Port("SAMPLER")]
"""``nodebook.models.sampling.registry.Sampler``: a sampler and its options."""

NoisePort = Annotated[Any, Port("NOISE")]
"""What initial noise is drawn from."""

GuiderPort = Annotated[Any, Port("GUIDER")]
"""A model with conditioning, ready to be sampled."""
