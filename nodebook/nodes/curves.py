"""A node that maps brightness by a curve, and the curve."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

import torch
from torch import Tensor

from nodebook.engine.annotations import Curve
from nodebook.engine.node import node
from nodebook.nodes.convert import to_image
from nodebook.nodes.ports import Image

CurvePoints = Annotated[list[list[float]], Curve()]

_STRAIGHT = ((0.0, 0.0), (1.0, 1.0))
_CHANNELS = {"all": slice(0, 3), "red": slice(0, 1), "green": slice(1, 2), "blue": slice(2, 3)}


@node(name="ImageCurves", title="Adjust Curves", category="image/postprocessing", aliases=("tone curve", "levels"))
def image_curves(
    image: Image,
    curve: CurvePoints = _STRAIGHT,  # type: ignore[assignment]  # the node makes a list of it
    channel: Literal["all", "red", "green", "blue"] = "all",
) -> Image:
    """Make tones darker or brighter by a curve. Alpha stays as it is.

    curve: from dark to bright, left to right, what each tone becomes.
    """
    image = to_image(image).clone()
    part = _CHANNELS[channel]
    image[..., part] = curve_at(curve, image[..., part])
    return image


def curve_at(points: list[list[float]], x: Tensor) -> Tensor:
    """Return the heights of the curve through ``points`` at ``x``: smooth, and between two points never beyond them.

    Monotone piecewise cubic interpolation: Fritsch and Carlson, SIAM Journal on Numerical Analysis 17 (1980), 238-246,
    with their circle of radius 3 for the slopes. ``js/src/graph/curves.ts`` has the same.
    """
    xs = torch.tensor([point[0] for point in points], dtype=torch.float64)
    ys = torch.tensor([point[1] for point in points], dtype=torch.float64)
    xs, ys, slopes = (each.to(x.device) for each in (xs, ys, torch.tensor(_slopes(points), dtype=torch.float64)))
    wide = x.to(torch.float64).clamp(points[0][0], points[-1][0])
    at = (torch.searchsorted(xs, wide.contiguous(), right=True) - 1).clamp(0, len(points) - 2)
    width = xs[at + 1] - xs[at]
    t = (wide - xs[at]) / width
    left = (1 + 2 * t) * (1 - t) ** 2 * ys[at] + t * (1 - t) ** 2 * width * slopes[at]
    right = t**2 * (3 - 2 * t) * ys[at + 1] + t**2 * (t - 1) * width * slopes[at + 1]
    return (left + right).to(x.dtype)


def _slopes(points: list[list[float]]) -> list[float]:
    secants = [(after[1] - before[1]) / (after[0] - before[0]) for before, after in itertools.pairwise(points)]
    slopes = [secants[0], *((a + b) / 2 if a * b > 0 else 0.0 for a, b in itertools.pairwise(secants))]
    slopes.append(secants[-1])
    for index, secant in enumerate(secants):
        if secant == 0:
            slopes[index] = slopes[index + 1] = 0.0
            continue
        a, b = slopes[index] / secant, slopes[index + 1] / secant
        if a * a + b * b > 9:  # noqa: PLR2004 -- the circle's radius, squared
            scale = 3 / (a * a + b * b) ** 0.5
            slopes[index], slopes[index + 1] = scale * a * secant, scale * b * secant
    return slopes
