"""A curve that a person draws: points from left to right, as documents hold them."""

from __future__ import annotations

import itertools
import math
from typing import Any

MAX_POINTS = 64

Points = list[list[float]]
"""``[[x, y], …]``, both from 0 to 1, x rising; before the first and after the last point the curve is level."""


def check_points(value: Any) -> Points:
    """Return the points of a curve in their order. Raises ``ValueError`` with what was expected."""
    if not isinstance(value, (list, tuple)) or not 2 <= len(value) <= MAX_POINTS:  # noqa: PLR2004 -- a line has two ends
        raise ValueError(f"input should be a list of 2 to {MAX_POINTS} points [x, y], got {value!r}")
    points = sorted([_point(each) for each in value], key=lambda point: point[0])
    for before, after in itertools.pairwise(points):
        if before[0] == after[0]:
            raise ValueError(f"input should have one point at each x, got two at {before[0]:g}")
    return points


def _point(value: Any) -> list[float]:
    is_pair = isinstance(value, (list, tuple)) and len(value) == 2  # noqa: PLR2004 -- x and y
    if not is_pair or not all(_is_share(each) for each in value):
        raise ValueError(f"input should have points [x, y] with both from 0 to 1, got {value!r}")
    return [float(each) for each in value]


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1
