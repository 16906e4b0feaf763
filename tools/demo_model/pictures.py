"""Draw flat shapes on flat backgrounds: the pictures that the demo model learns from.

Lengths are fractions of the picture's side, x to the right and y downwards, so that a scene has no pixels in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLOURS", "SHAPES", "Picture", "Thing", "coverage", "draw", "draw_batch"]

Picture = NDArray[np.float32]
"""Shape: [height, width, 3], values 0..1."""

Colour = tuple[float, float, float]

COLOURS: dict[str, Colour] = {
    "red": (0.86, 0.13, 0.15),
    "orange": (0.98, 0.55, 0.10),
    "yellow": (0.99, 0.87, 0.20),
    "green": (0.13, 0.64, 0.27),
    "blue": (0.15, 0.33, 0.86),
    "purple": (0.52, 0.18, 0.68),
    "black": (0.07, 0.07, 0.08),
    "white": (0.97, 0.97, 0.96),
}

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Thing:
    """One shape of one colour: centre and radius as fractions of the picture's side, angle in radians.

    With a `stroke` only a line of that width, in radii, inside the shape's outline is drawn.
    """

    shape: str
    colour: Colour
    centre: tuple[float, float]
    radius: float
    angle: float = 0.0
    stroke: float = 0.0


def _star() -> Points:
    radii = np.array([1.2, 0.5] * 5)
    angles = np.arange(10) * math.pi / 5 - math.pi / 2
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


def _triangle() -> Points:
    angles = np.arange(3) * 2 * math.pi / 3 - math.pi / 2
    corners: Points = 1.2 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + np.array([0.0, 0.15])
    return corners


def _cross() -> Points:
    a, b = 1.05, 0.34
    corners = [
        (-b, -a),
        (b, -a),
        (b, -b),
        (a, -b),
        (a, b),
        (b, b),
        (b, a),
        (-b, a),
        (-b, b),
        (-a, b),
        (-a, -b),
        (-b, -b),
    ]
    return np.array(corners)


def _square() -> Points:
    return 0.86 * np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])


def _polygon_distance(corners: Points) -> Callable[[Points, Points], Points]:
    """A function that gives the signed distance to the polygon's outline, negative inside (even-odd rule)."""

    def distance(x: Points, y: Points) -> Points:
        nearest = np.full(np.broadcast_shapes(x.shape, y.shape), np.inf)
        inside = np.zeros(nearest.shape, dtype=bool)
        for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            ex, ey = bx - ax, by - ay
            along = np.clip(((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey), 0.0, 1.0)
            nearest = np.minimum(nearest, (x - ax - along * ex) ** 2 + (y - ay - along * ey) ** 2)
            if ay != by:
                inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) / ey * ex)
        signed: Points = np.where(inside, -1.0, 1.0) * np.sqrt(nearest)
        return signed

    return distance


def _circle(x: Points, y: Points) -> Points:
    return np.hypot(x, y) - 1.0


def _ring(x: Points, y: Points) -> Points:
    return np.abs(np.hypot(x, y) - 0.81) - 0.24


SHAPES: dict[str, Callable[[Points, Points], Points]] = {
    "circle": _circle,
    "square": _polygon_distance(_square()),
    "triangle": _polygon_distance(_triangle()),
    "star": _polygon_distance(_star()),
    "cross": _polygon_distance(_cross()),
    "ring": _ring,
}
"""Signed distance to each shape's outline, in units of the thing's radius; all have about the same extent."""

_REACH = 1.45
"""No shape reaches farther from its centre than this many radii, at any angle, with room for one soft pixel."""


def _window(thing: Thing, size: int) -> tuple[slice, slice]:
    """Rows and columns of a picture of `size` pixels that the thing can touch."""

    def span(centre: float) -> slice:
        reach = thing.radius * _REACH * size + 1
        return slice(max(0, math.floor(centre * size - reach)), min(size, math.ceil(centre * size + reach)))

    return span(thing.centre[1]), span(thing.centre[0])


def coverage(thing: Thing, size: int) -> NDArray[np.float32]:
    """How much of each pixel the thing covers, 0..1, antialiased over one pixel. Shape: [size, size]."""
    cover = np.zeros((size, size), dtype=np.float32)
    rows, columns = _window(thing, size)
    x = ((np.arange(columns.start, columns.stop) + 0.5) / size - thing.centre[0])[None, :] / thing.radius
    y = ((np.arange(rows.start, rows.stop) + 0.5) / size - thing.centre[1])[:, None] / thing.radius
    cos, sin = math.cos(thing.angle), math.sin(thing.angle)
    distance = SHAPES[thing.shape](cos * x + sin * y, cos * y - sin * x)
    if thing.stroke:
        distance = np.maximum(distance, -distance - thing.stroke)
    cover[rows, columns] = np.clip(0.5 - distance * thing.radius * size, 0.0, 1.0)
    return cover


def draw(things: Sequence[Thing], background: Colour, size: int) -> Picture:
    """Paint the things over the background, the first one lowest. Shape: [size, size, 3]."""
    picture = np.empty((size, size, 3), dtype=np.float32)
    picture[:] = background
    for thing in things:
        cover = coverage(thing, size)[..., None]
        picture += cover * (np.asarray(thing.colour, dtype=np.float32) - picture)
    return picture


def draw_batch(scenes: Sequence[tuple[Sequence[Thing], Colour]], size: int) -> NDArray[np.float32]:
    """Draw many scenes, scaled as a VAE wants them. Shape: [scenes, 3, size, size], values -1..1."""
    pictures = np.stack([draw(things, background, size) for things, background in scenes])
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)) * 2 - 1
