"""Nodes that combine encoded prompts, and say where and when they count."""

from typing import Annotated, Literal

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.models.guidance import operations as ops
from nodebook.nodes.blame import about
from nodebook.nodes.convert import to_mask
from nodebook.nodes.diffusion.ports import Cond
from nodebook.nodes.ports import Mask

Strength = Annotated[
    float,
    Field(ge=0.0, le=10.0, description="How much it counts beside the others."),
    Number(step=0.01),
]
Share = Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.01)]
Percent = Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.001)]
AreaSide = Annotated[int, Field(ge=64, le=16384), Number(step=8)]
Place = Annotated[int, Field(ge=0, le=16384), Number(step=8)]

_ADVANCED = "advanced/conditioning"
_PIXELS = 8


@node(name="ConditioningCombine", title="Conditioning (Combine)", category="conditioning")
def conditioning_combine(conditioning_1: Cond, conditioning_2: Cond) -> Cond:
    """Let two prompts count side by side: the model is asked for each, and the mean is taken."""
    return [*conditioning_1, *conditioning_2]


@node(name="ConditioningConcat", title="Conditioning (Concat)", category="conditioning")
def conditioning_concat(conditioning_to: Cond, conditioning_from: Cond) -> Cond:
    """Put one prompt behind another, as if it went on.

    conditioning_from: of several entries the first is taken.
    """
    with about("conditioning_from"):
        return ops.concat(conditioning_to, conditioning_from)


@node(name="ConditioningAverage", title="ConditioningAverage", category="conditioning")
def conditioning_average(conditioning_to: Cond, conditioning_from: Cond, conditioning_to_strength: Share = 1.0) -> Cond:
    """Mix two prompts into one in between.

    conditioning_from: of several entries the first is taken.
    conditioning_to_strength: share of the first prompt.
    """
    with about("conditioning_from"):
        return ops.average(conditioning_to, conditioning_from, conditioning_to_strength)


@node(name="ConditioningSetArea", title="Conditioning (Set Area)", category="conditioning")
def conditioning_set_area(
    conditioning: Cond,
    width: AreaSide = 64,
    height: AreaSide = 64,
    x: Place = 0,
    y: Place = 0,
    strength: Strength = 1.0,
) -> Cond:
    """Let a prompt count in a rectangle of the picture alone, in pixels.

    x: left edge.
    y: upper edge.
    """
    area = tuple(each // _PIXELS for each in (height, width, y, x))
    return ops.with_options(conditioning, area=area, strength=strength, set_area_to_bounds=False)


@node(name="ConditioningSetAreaPercentage", title="Conditioning (Set Area with Percentage)", category="conditioning")
def conditioning_set_area_percentage(
    conditioning: Cond, width: Share = 1.0, height: Share = 1.0, x: Share = 0, y: Share = 0, strength: Strength = 1.0
) -> Cond:
    """Let a prompt count in a rectangle of the picture alone, in shares of the picture's sides.

    x: left edge.
    y: upper edge.
    """
    area = ("percentage", height, width, y, x)
    return ops.with_options(conditioning, area=area, strength=strength, set_area_to_bounds=False)


@node(name="ConditioningSetAreaStrength", title="ConditioningSetAreaStrength", category="conditioning")
def conditioning_set_area_strength(conditioning: Cond, strength: Strength = 1.0) -> Cond:
    """Say how much a prompt counts beside others in the same place."""
    return ops.with_options(conditioning, strength=strength)


@node(name="ConditioningSetMask", title="Conditioning (Set Mask)", category="conditioning")
def conditioning_set_mask(
    conditioning: Cond,
    mask: Mask,
    strength: Strength = 1.0,
    set_cond_area: Literal["default", "mask bounds"] = "default",
) -> Cond:
    """Let a prompt count where a mask is bright.

    mask: of any size; resized to the picture.
    set_cond_area: mask bounds shows the model the part around the mask alone.
    """
    bounds = set_cond_area == "mask bounds"
    return ops.with_options(conditioning, mask=to_mask(mask), set_area_to_bounds=bounds, mask_strength=strength)


@node(name="ConditioningZeroOut", title="ConditioningZeroOut", category=_ADVANCED)
def conditioning_zero_out(conditioning: Cond) -> Cond:
    """Replace a prompt by zeros: what some models take for no prompt at all."""
    return ops.zero_out(conditioning)


@node(name="ConditioningSetTimestepRange", title="ConditioningSetTimestepRange", category=_ADVANCED)
def conditioning_set_timestep_range(conditioning: Cond, start: Percent = 0.0, end: Percent = 1.0) -> Cond:
    """Let a prompt count in a part of the run alone.

    start: 0 is the run's beginning.
    end: 1 is the run's end.
    """
    return ops.with_options(conditioning, start_percent=start, end_percent=end)


NODES = (
    conditioning_combine,
    conditioning_concat,
    conditioning_average,
    conditioning_set_area,
    conditioning_set_area_percentage,
    conditioning_set_area_strength,
    conditioning_set_mask,
    conditioning_zero_out,
    conditioning_set_timestep_range,
)
