"""Nodes that mix the weights of two models."""

from typing import Annotated

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.models.lora.merge import Shares, merge_encoders, merge_models
from nodebook.nodes.diffusion.ports import Clip, Model

Ratio = Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.01)]
Multiplier = Annotated[float, Field(ge=-10.0, le=10.0), Number(step=0.01)]


@node(name="ModelMergeSimple", title="ModelMergeSimple", category="advanced/model_merging")
def model_merge_simple(model1: Model, model2: Model, ratio: Ratio = 1.0) -> Model:
    """Mix the weights of two models of one family.

    ratio: the share of the first: 1 is the first alone, 0 the second.
    """
    return merge_models(model1, model2, _mix(ratio))


@node(name="ModelMergeSubtract", title="ModelMergeSubtract", category="advanced/model_merging")
def model_merge_subtract(model1: Model, model2: Model, multiplier: Multiplier = 1.0) -> Model:
    """Take the weights of one model from those of another, which leaves the difference.

    multiplier: of the difference.
    """
    return merge_models(model1, model2, Shares(multiplier, -multiplier))


@node(name="ModelMergeAdd", title="ModelMergeAdd", category="advanced/model_merging")
def model_merge_add(model1: Model, model2: Model) -> Model:
    """Add the weights of one model, such as a difference, to those of another."""
    return merge_models(model1, model2, Shares(1.0, 1.0))


@node(name="ModelMergeBlocks", title="ModelMergeBlocks", category="advanced/model_merging")
def model_merge_blocks(
    model1: Model,
    model2: Model,
    input: Ratio = 1.0,  # noqa: A002 -- ComfyUI's name
    middle: Ratio = 1.0,
    out: Ratio = 1.0,
) -> Model:
    """Mix the weights of two models, by other shares in each third of the network.

    input: the first model's share in the blocks that shrink the picture, and in what tells the time.
    middle: the same in the middle block.
    out: the same in the blocks that enlarge it again, and in the last layer.
    """
    by_block = (("input", _mix(input)), ("middle", _mix(middle)), ("out", _mix(out)))
    return merge_models(model1, model2, _mix(input), by_block)


@node(name="CLIPMergeSimple", title="CLIPMergeSimple", category="advanced/model_merging")
def clip_merge_simple(clip1: Clip, clip2: Clip, ratio: Ratio = 1.0) -> Clip:
    """Mix the weights of two sets of text encoders of one family.

    ratio: the share of the first: 1 is the first alone, 0 the second.
    """
    return merge_encoders(clip1, clip2, _mix(ratio))


@node(name="CLIPMergeSubtract", title="CLIPMergeSubtract", category="advanced/model_merging")
def clip_merge_subtract(clip1: Clip, clip2: Clip, multiplier: Multiplier = 1.0) -> Clip:
    """Take the weights of some text encoders from those of others, which leaves the difference.

    multiplier: of the difference.
    """
    return merge_encoders(clip1, clip2, Shares(multiplier, -multiplier))


@node(name="CLIPMergeAdd", title="CLIPMergeAdd", category="advanced/model_merging")
def clip_merge_add(clip1: Clip, clip2: Clip) -> Clip:
    """Add the weights of some text encoders, such as a difference, to those of others."""
    return merge_encoders(clip1, clip2, Shares(1.0, 1.0))


def _mix(ratio: float) -> Shares:
    return Shares(ratio, 1.0 - ratio)


NODES = (
    model_merge_simple,
    model_merge_subtract,
    model_merge_add,
    model_merge_blocks,
    clip_merge_simple,
    clip_merge_subtract,
    clip_merge_add,
)
