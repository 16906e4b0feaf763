"""Running a network over many samples as memory allows: in batches, one at a time, or in tiles.

Source: spec models.md H.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nodebook.models.vae.memory import is_out_of_memory, return_memory
from nodebook.models.vae.tiling import OnTile, Run, Tile, blend

FreeBytes = Callable[[torch.device], int]
"""How many bytes are free on a device."""

GiveWay = Callable[[], int]
"""Drops what is kept but not in use, and returns how many bytes that freed."""


@dataclass(frozen=True, slots=True)
class Work:
    """One direction of a VAE, and what it costs."""

    run: Run
    scale: float
    """How much longer a side of the result is."""

    sample_bytes: int
    """What one whole sample needs on the device while it is worked on."""

    tiles: Sequence[Tile]
    device: torch.device
    free_bytes: FreeBytes
    on_part: OnTile | None = None
    give_way: GiveWay | None = None


def in_tiles(work: Work, samples: Tensor) -> Iterator[Tensor]:
    """Yield the result [C', H', W'] of each sample, made in tiles."""
    return blend(work.run, samples, work.tiles, scale=work.scale, on_tile=work.on_part)


def as_fits(work: Work, samples: Tensor) -> Iterator[Tensor]:
    """Yield the result [C', H', W'] of each sample: in batches that fit into memory, in tiles where not one does."""
    size = max(1, work.free_bytes(work.device) // max(1, work.sample_bytes))
    done = 0
    for batch in torch.split(samples, size):
        yield from _batch(work, batch)
        done += len(batch)
        if work.on_part is not None:
            work.on_part(done, len(samples))


def _batch(work: Work, batch: Tensor) -> Iterator[Tensor]:
    results = _whole(work, batch)
    if results is None and work.give_way is not None and work.give_way() > 0:
        results = _whole(work, batch)
    if results is not None:
        yield from results
    elif len(batch) > 1:
        for single in torch.split(batch, 1):
            yield from _batch(work, single)
    else:
        return_memory(work.device)
        yield from in_tiles(work, batch)


def _whole(work: Work, batch: Tensor) -> Tensor | None:
    """Return the results of a batch, None where memory ran out.

    The CPU's allocator seldom says so: the kernel is killed instead. There it is not tried where it would not fit.
    """
    if work.device.type == "cpu" and len(batch) * work.sample_bytes > work.free_bytes(work.device):
        return None
    try:
        return work.run(batch)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    return None  # outside of the except clause: the error, and what its traceback holds, is gone
