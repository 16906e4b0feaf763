"""Nodes that change how a model is guided, or what happens inside it."""

from typing import Annotated

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.models.guidance.cfg_options import CFGNorm, CFGZeroStar, RescaleCFG
from nodebook.models.guidance.unet_options import FreeU, PerturbedAttention
from nodebook.nodes.diffusion.conditioning import Share
from nodebook.nodes.diffusion.ports import Model

Factor = Annotated[float, Field(ge=0.0, le=10.0), Number(step=0.01)]
Amount = Annotated[float, Field(ge=0.0, le=100.0), Number(step=0.01)]

_UNET = "model_patches/unet"
_GUIDANCE = "advanced/guidance"


@node(name="RescaleCFG", title="RescaleCFG", category="advanced/model")
def rescale_cfg(model: Model, multiplier: Share = 0.7) -> Model:
    """Keep a high CFG from overexposing the picture: wanted by models with zero terminal SNR.

    multiplier: how much; 0 does nothing.
    """
    return model.with_option(RescaleCFG(multiplier))


@node(name="FreeU", category=_UNET)
def free_u(model: Model, b1: Factor = 1.1, b2: Factor = 1.2, s1: Factor = 0.9, s2: Factor = 0.2) -> Model:
    """Trade detail for cleaner shapes in U-Nets, without training (FreeU).

    b1: strength of the features at the coarsest level.
    b2: strength of the features one level finer.
    s1: strength of the low frequencies of its skip connections.
    s2: strength of those one level finer.
    """
    return model.with_option(FreeU((b1, b2), (s1, s2)))


@node(name="FreeU_V2", category=_UNET)
def free_u_v2(model: Model, b1: Factor = 1.3, b2: Factor = 1.4, s1: Factor = 0.9, s2: Factor = 0.2) -> Model:
    """Trade detail for cleaner shapes in U-Nets, more where the features are strong (the second FreeU).

    b1: strength of the features at the coarsest level.
    b2: strength of the features one level finer.
    s1: strength of the low frequencies of its skip connections.
    s2: strength of those one level finer.
    """
    return model.with_option(FreeU((b1, b2), (s1, s2), is_adaptive=True))


@node(name="PerturbedAttentionGuidance", category=_UNET)
def perturbed_attention_guidance(model: Model, scale: Amount = 3.0) -> Model:
    """Guide a U-Net away from what it says without self-attention in its middle; a third more work in each step.

    scale: how far.
    """
    return model.with_option(PerturbedAttention(scale))


@node(name="CFGZeroStar", category=_GUIDANCE, outputs=("patched_model",))
def cfg_zero_star(model: Model) -> Model:
    """Scale the negative estimate so that it fits the positive one before CFG, for flow models (CFG-Zero*)."""
    return model.with_option(CFGZeroStar())


@node(name="CFGNorm", category=_GUIDANCE, outputs=("patched_model",))
def cfg_norm(model: Model, strength: Amount = 1.0) -> Model:
    """Keep CFG from making the estimate larger than it is without.

    strength: what the result is multiplied by.
    """
    return model.with_option(CFGNorm(strength))


NODES = (rescale_cfg, free_u, free_u_v2, perturbed_attention_guidance, cfg_zero_star, cfg_norm)
