"""Working on a picture in overlapping tiles whose borders fade into each other.

Source: spec models.md H. Pure functions over a callable: nothing here knows what a tile is turned into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from nodebook.models.errors import LatentError

Run = Callable[[Tensor], Tensor]
"""Turns [1, C, h, w] into [1, C', h * scale, w * scale], float32 on the CPU."""

OnTile = Callable[[int, int], None]
"""Called after each tile with how many are done and how many there are; it may raise to stop."""


@dataclass(frozen=True, slots=True)
class Tile:
    """The size of a tile and how far neighbours overlap, in elements of what is cut."""

    height: int
    width: int
    overlap: int

    def __post_init__(self) -> None:
        """Raise ``LatentError`` where tiles would not advance."""
        if min(self.height, self.width) <= self.overlap or self.overlap < 0:
            raise LatentError(
                f"Tiles of {self.width} x {self.height} cannot overlap by {self.overlap}: nothing would be left "
                f"between two of them. Choose an overlap from 0 to {min(self.height, self.width) - 1}."
            )


def three_shapes(side: int, overlap: int) -> tuple[Tile, ...]:
    """Return square, tall and wide tiles of one area: their seams lie at different places, and the mean hides them."""
    half, double = side // 2, side * 2
    return Tile(double, half, overlap), Tile(half, double, overlap), Tile(side, side, overlap)


def positions(side: int, tile: int, overlap: int) -> list[int]:
    """Return where tiles start along one side. The last may be shorter than the others, never than the overlap."""
    if side <= tile:
        return [0]
    return list(range(0, side - overlap, tile - overlap))


def ramp(length: int, feather: int) -> Tensor:
    """Return the weights along one axis of a tile: 1 / feather, 2 / feather, ... 1 from both ends.

    All ones where the feather would not fit. Never zero, so that a tile alone at its place counts fully.
    """
    weights = torch.ones(length)
    if 0 < feather < length:
        rising = torch.arange(1, feather + 1, dtype=torch.float32) / feather
        weights[:feather] *= rising
        weights[length - feather :] *= rising.flip(0)
    return weights


def count_tiles(height: int, width: int, tiles: Sequence[Tile]) -> int:
    """Return how often ``blend`` calls its function for one picture."""
    return sum(len(_places(height, width, tile)) for tile in tiles)


def blend(
    run: Run, samples: Tensor, tiles: Sequence[Tile], *, scale: float, on_tile: OnTile | None = None
) -> Iterator[Tensor]:
    """Yield, for each item of ``samples`` [B, C, H, W], the mean over ``tiles`` of what ``run`` makes of it in tiles.

    ``scale``: how much longer a side of the result [C', H * scale, W * scale] is. Sums are float32 on the CPU.
    """
    height, width = samples.shape[-2:]
    total = len(samples) * count_tiles(height, width, tiles)
    done = 0
    for item in torch.split(samples, 1):
        mean: Tensor | None = None
        for tile in tiles:
            sums = _Sums(round(height * scale), round(width * scale), feather=round(tile.overlap * scale))
            for top, left in _places(height, width, tile):
                piece = run(item[..., top : top + tile.height, left : left + tile.width])
                sums.add(piece[0], round(top * scale), round(left * scale))
                done += 1
                if on_tile is not None:
                    on_tile(done, total)
            mean = sums.mean() if mean is None else mean.add_(sums.mean())
        if mean is not None:
            yield mean.div_(len(tiles))


class _Sums:
    """The weighted sum of tiles, and the sum of their weights."""

    def __init__(self, height: int, width: int, *, feather: int) -> None:
        self.values: Tensor | None = None
        self.weights = torch.zeros(height, width)
        self.feather = feather

    def add(self, piece: Tensor, top: int, left: int) -> None:
        """Add a tile [C', h, w] at its place."""
        channels, height, width = piece.shape
        if self.values is None:
            self.values = torch.zeros(channels, *self.weights.shape)
        weights = ramp(height, self.feather)[:, None] * ramp(width, self.feather)[None, :]
        place = slice(top, top + height), slice(left, left + width)
        self.values[:, place[0], place[1]] += piece * weights
        self.weights[place] += weights

    def mean(self) -> Tensor:
        """Return the weighted mean [C', H, W]; nothing can be added afterwards."""
        assert self.values is not None, "there is at least one tile"  # noqa: S101 -- positions() is never empty
        return self.values.div_(self.weights)


def _places(height: int, width: int, tile: Tile) -> list[tuple[int, int]]:
    rows, columns = positions(height, tile.height, tile.overlap), positions(width, tile.width, tile.overlap)
    return list(product(rows, columns))
