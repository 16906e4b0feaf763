"""Nodes that say how a model is guided by its prompts."""

from typing import Annotated, Literal

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.models.guidance import guiders
from nodebook.nodes.diffusion.ksampler import Scale
from nodebook.nodes.diffusion.ports import Cond, GuiderPort, Model

_CATEGORY = "sampling/custom_sampling/guiders"


@node(name="BasicGuider", category=_CATEGORY)
def basic_guider(model: Model, conditioning: Cond) -> GuiderPort:
    """Guide a model by one prompt alone, as distilled models want it."""
    return guiders.CFGGuider(model, conditioning)


@node(name="CFGGuider", category=_CATEGORY)
def cfg_guider(model: Model, positive: Cond, negative: Cond, cfg: Scale = 8.0) -> GuiderPort:
    """Guide a model towards a prompt and away from another (classifier-free guidance)."""
    return guiders.CFGGuider(model, positive, negative, cfg)


@node(name="DualCFGGuider", category=_CATEGORY)
def dual_cfg_guider(  # noqa: PLR0913 -- the inputs of ComfyUI's node
    model: Model,
    cond1: Cond,
    cond2: Cond,
    negative: Cond,
    *,
    cfg_conds: Scale = 8.0,
    cfg_cond2_negative: Scale = 8.0,
    style: Literal["regular", "nested"] = "regular",
) -> GuiderPort:
    """Guide a model by two prompts, for example an instruction and the picture that it edits.

    cfg_conds: from the second prompt to the first.
    cfg_cond2_negative: from the negative prompt to the second.
    style: regular adds both ways up, nested does one after the other.
    """
    return guiders.DualCFGGuider(model, cond1, cond2, negative, cfg_conds, cfg_cond2_negative, style)


@node(name="PerpNegGuider", category="_for_testing")
def perp_neg_guider(
    model: Model,
    positive: Cond,
    negative: Cond,
    empty_conditioning: Cond,
    cfg: Scale = 8.0,
    neg_scale: Annotated[float, Field(ge=0.0, le=100.0), Number(step=0.01)] = 1.0,
) -> GuiderPort:
    """Guide a model away from only what the negative prompt does not share with the positive one (Perp-Neg).

    empty_conditioning: an empty text.
    neg_scale: how far away.
    """
    return guiders.PerpNegGuider(model, positive, negative, empty_conditioning, cfg, neg_scale)


NODES = (basic_guider, cfg_guider, dual_cfg_guider, perp_neg_guider)
