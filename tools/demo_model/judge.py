"""Judge pictures by rules, without a trained network: background, colour, shape, size and place of each thing.

A shape is named by the best overlap of what stands out from the background with each shape, drawn at the same area,
centre of mass and a few angles. On the drawings themselves the judge is right
on nearly every one; the model card says how nearly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tools.demo_model.captions import PLACES, RADII, Scene, place_offset
from tools.demo_model.pictures import COLOURS, SHAPES, Picture, Thing, coverage

__all__ = ["Score", "Verdict", "judge", "share_right"]

GRID = 64
ANGLES = (-0.2, -0.1, 0.0, 0.1, 0.2)
LEAST_CONTRAST = 0.2
LEAST_AREA = 0.008


@dataclass(frozen=True)
class Verdict:
    """What one thing was found to be; None where nothing stands out from the background."""

    colour: str | None = None
    shape: str | None = None
    size: str | None = None
    place: str | None = None
    overlap: float = 0.0


@dataclass(frozen=True)
class Score:
    """What is right in one picture; colour, shape, size and place must hold for every thing in it."""

    background: bool
    colour: bool
    shape: bool
    size: bool
    place: bool
    overlap: float
    clean: float


def _nearest_colour(colour: NDArray[np.float32]) -> str:
    return min(COLOURS, key=lambda name: float(np.linalg.norm(np.asarray(COLOURS[name]) - colour)))


def background_colour(picture: Picture) -> NDArray[np.float32]:
    """Median of the outermost pixels, two deep. Shape: [3]."""
    rim = [picture[:2], picture[-2:], picture[:, :2].swapaxes(0, 1), picture[:, -2:].swapaxes(0, 1)]
    median: NDArray[np.float32] = np.median(np.concatenate([part.reshape(-1, 3) for part in rim]), axis=0)
    return median


def _stands_out(picture: Picture, ground: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """What is nearer to the thing's colour than to the background's, and that colour."""
    away = np.linalg.norm(picture - ground, axis=-1)
    core = away > max(LEAST_CONTRAST, 0.7 * float(np.quantile(away, 0.99)))
    if core.mean() < LEAST_AREA / 4:
        return np.zeros(away.shape, dtype=bool), ground
    colour: NDArray[np.float32] = np.median(picture[core], axis=0)
    step = colour - ground
    along = ((picture - ground) @ step) / float(step @ step)
    return along > 0.5, colour


@cache
def _unit_area_and_centre(shape: str) -> tuple[float, float]:
    """Area of a shape of radius 1, and how far below its origin its centre of mass lies."""
    cover = coverage(Thing(shape, (0, 0, 0), (0.5, 0.5), 0.25), 256)
    rows = (np.arange(256) + 0.5) / 256 - 0.5
    return float(cover.mean()) / 0.25**2, float((cover.sum(1) * rows).sum() / cover.sum()) / 0.25


@dataclass(frozen=True)
class _Fit:
    """One shape laid over a mask: intersection over union, and where and how large the shape then is."""

    overlap: float
    shape: str
    radius: float
    centre: tuple[float, float]


def _fit(mask: NDArray[np.bool_], shape: str, angle: float) -> _Fit:
    """Lay the shape over the mask with the mask's area and centre of mass."""
    size = len(mask)
    unit, drop = _unit_area_and_centre(shape)
    radius = math.sqrt(float(mask.mean()) / unit)
    rows, columns = np.nonzero(mask)
    x = float(columns.mean() + 0.5) / size + math.sin(angle) * drop * radius
    y = float(rows.mean() + 0.5) / size - math.cos(angle) * drop * radius
    drawn = coverage(Thing(shape, (0, 0, 0), (x, y), radius, angle), size) > 0.5
    overlap = float((drawn & mask).sum() / max(1, (drawn | mask).sum()))
    return _Fit(overlap, shape, radius, (x, y))


def _place_of(centre: tuple[float, float], size: str) -> str:
    where, offset = np.asarray(centre) - 0.5, place_offset(size)
    return min(PLACES, key=lambda name: float(np.abs(where - offset * np.asarray(PLACES[name])).max()))


def _judge_thing(picture: Picture, ground: NDArray[np.float32]) -> Verdict:
    mask, colour = _stands_out(picture, ground)
    if mask.mean() < LEAST_AREA:
        return Verdict()
    step = max(1, len(mask) // GRID)
    small = mask[step // 2 :: step, step // 2 :: step]
    if not small.any():
        return Verdict()
    best = max((_fit(small, shape, angle) for shape in SHAPES for angle in ANGLES), key=lambda fit: fit.overlap)
    size = min(RADII, key=lambda name: abs(math.log(RADII[name] / best.radius)))
    return Verdict(_nearest_colour(colour), best.shape, size, _place_of(best.centre, size), best.overlap)


def _parts(picture: Picture, scene: Scene) -> list[Picture]:
    """One picture for each item: the whole one, or its halves, each set in a square of plain background."""
    if len(scene.items) == 1:
        return [picture]
    ground = background_colour(picture)
    parts = []
    for index in range(2):
        part = np.broadcast_to(ground, picture.shape).copy()
        half = len(picture) // 2
        own = slice(half, None) if index else slice(0, half)
        window = (own, slice(None)) if scene.stacked else (slice(None), own)
        part[window] = picture[window]
        parts.append(part)
    return parts


def cleanness(picture: Picture, scene: Scene) -> float:
    """Share of the pixels that have one of the scene's flat colours, as seen, or lie within two pixels of an edge."""
    ground = background_colour(picture)
    clean = np.linalg.norm(picture - ground, axis=-1) < 0.1
    for part in _parts(picture, scene):
        mask, colour = _stands_out(part, ground)
        clean |= mask & (np.linalg.norm(picture - colour, axis=-1) < 0.1)
        near = np.zeros_like(mask)
        for shift in (-2, -1, 1, 2):
            near |= (np.roll(mask, shift, 0) != mask) | (np.roll(mask, shift, 1) != mask)
        clean |= near
    return float(clean.mean())


def judge(picture: Picture, scene: Scene) -> Score:
    """What of the scene a picture shows. `picture`: [height, width, 3], values 0..1."""
    ground = background_colour(picture)
    found = [_judge_thing(part, ground) for part in _parts(picture, scene)]
    pairs = list(zip(found, scene.items, strict=True))
    single = len(pairs) == 1
    return Score(
        background=_nearest_colour(ground) == scene.background,
        colour=all(verdict.colour == item.colour for verdict, item in pairs),
        shape=all(verdict.shape == item.shape for verdict, item in pairs),
        size=not single or found[0].size == scene.items[0].size,
        place=not single or found[0].place == scene.items[0].place,
        overlap=min(verdict.overlap for verdict in found),
        clean=cleanness(picture, scene),
    )


def share_right(scores: Iterable[Score]) -> dict[str, float]:
    """Mean of each field over the pictures."""
    rows = list(scores)
    names = ("background", "colour", "shape", "size", "place", "overlap", "clean")
    return {name: float(np.mean([getattr(row, name) for row in rows])) for name in names}
