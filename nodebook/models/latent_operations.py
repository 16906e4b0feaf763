"""What nodes do with latents: arithmetic, pasting, batches. Pure functions; nothing given is changed.

Source: spec engine.md H.1 (rows 25-28, 75-88) and nodes.md. Sizes are in latent elements. A result keeps what else its
(first) latent carried, such as a noise mask, as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from nodebook.models.errors import LatentError
from nodebook.models.resampling import resample
from nodebook.models.values import Latent

MIN_CROP: Final = 8
"""Fewest elements that a crop leaves along a side."""

_MASK_SCALE: Final = 8
"""How much larger than a latent its mask is made where masks of several latents must agree."""


def with_samples(latent: Latent, samples: Tensor) -> Latent:
    """Return ``latent`` with other samples."""
    return {**latent, "samples": samples}


def with_noise_mask(latent: Latent, mask: Tensor) -> Latent:
    """Return ``latent`` with a noise mask [B, 1, h, w] (1 = made anew) of masks [B, h, w] at any size."""
    return {**latent, "noise_mask": mask.reshape(-1, 1, *mask.shape[-2:])}


def repeat_to(batch: Tensor, count: int) -> Tensor:
    """Return ``count`` items: the batch over and over, cut at the end."""
    if len(batch) == count:
        return batch
    return batch[torch.arange(count, device=batch.device) % len(batch)]


def fitted(samples: Tensor, like: Tensor, method: str = "bilinear") -> Tensor:
    """Return ``samples`` at the size of ``like`` (cut to its aspect ratio) and as many.

    Raises ``LatentError`` where they have other channels or frames.
    """
    if samples.ndim != like.ndim or samples.shape[1:-2] != like.shape[1:-2]:
        raise LatentError(
            f"The second latent has shape {list(samples.shape)}, the first {list(like.shape)}: channels and frames "
            "must agree. Use latents of one model family."
        )
    if samples.shape[-2:] != like.shape[-2:]:
        samples = resample(samples, like.shape[-1], like.shape[-2], method, "center")
    return repeat_to(samples, len(like))


def interpolate(first: Tensor, second: Tensor, ratio: float) -> Tensor:
    """Return vectors of channels between two latents, ``ratio`` of the first, of lengths between theirs."""
    lengths = first.norm(dim=1, keepdim=True), second.norm(dim=1, keepdim=True)
    mixed = (first / lengths[0]).nan_to_num() * ratio + (second / lengths[1]).nan_to_num() * (1.0 - ratio)
    direction = (mixed / mixed.norm(dim=1, keepdim=True)).nan_to_num()
    between: Tensor = direction * (lengths[0] * ratio + lengths[1] * (1.0 - ratio))
    return between


def crop(samples: Tensor, x: int, y: int, width: int, height: int) -> Tensor:
    """Return a rectangle; one that begins too near to the far edges is moved so that 8 elements are left."""
    left = max(0, min(x, samples.shape[-1] - MIN_CROP))
    top = max(0, min(y, samples.shape[-2] - MIN_CROP))
    return samples[..., top : top + height, left : left + width].contiguous()


def paste(below: Tensor, above: Tensor, x: int, y: int, feather: int = 0) -> Tensor:
    """Return ``below`` [B, C, h, w] with ``above`` at (x, y), cut off where it would stand out.

    ``feather``: over how many elements it fades in, on the sides that do not lie at the border.
    """
    height, width = below.shape[-2:]
    above = above[..., : max(0, height - y), : max(0, width - x)]
    tall, wide = above.shape[-2:]
    rows = _fade(tall, feather, start=y > 0, end=y + tall < height)
    columns = _fade(wide, feather, start=x > 0, end=x + wide < width)
    return paste_masked(below, above, x, y, (rows[:, None] * columns[None, :]).to(below.device, below.dtype))


def paste_masked(below: Tensor, above: Tensor, x: int, y: int, share: Tensor | None = None) -> Tensor:
    """Return ``below`` with ``above`` at (x, y), cut off where it would stand out; ``share`` of it, over ``above``."""
    height, width = below.shape[-2:]
    above = repeat_to(above[..., : max(0, height - y), : max(0, width - x)], len(below))
    tall, wide = above.shape[-2:]
    result = below.clone()
    if tall == 0 or wide == 0:
        return result
    place = (..., slice(y, y + tall), slice(x, x + wide))
    if share is None:
        result[place] = above
    else:
        share = share[..., :tall, :wide]
        result[place] = above * share + result[place] * (1.0 - share)
    return result


def indices(latent: Latent) -> list[int]:
    """Return which item of the seed's noise each item takes: its own place, unless the latent says otherwise."""
    return latent["batch_index"] if "batch_index" in latent else list(range(len(latent["samples"])))


def take(latent: Latent, start: int, length: int) -> Latent:
    """Return some items with their masks and indices; a start beyond the end is the last item."""
    count = len(latent["samples"])
    start = min(start, count - 1)
    wanted = slice(start, start + length)
    result: Latent = {**latent, "samples": latent["samples"][wanted].clone(), "batch_index": indices(latent)[wanted]}
    if "noise_mask" in latent and len(latent["noise_mask"]) > 1:
        result["noise_mask"] = repeat_to(latent["noise_mask"], count)[wanted].clone()
    return result


def repeat(latent: Latent, amount: int) -> Latent:
    """Return a batch ``amount`` times over. Each time its indices go on behind those before, so that noise differs."""
    samples = latent["samples"]
    result = with_samples(latent, samples.repeat(amount, *[1] * (samples.ndim - 1)))
    if "noise_mask" in latent and len(latent["noise_mask"]) > 1:
        masks = repeat_to(latent["noise_mask"], len(samples))
        result["noise_mask"] = masks.repeat(amount, *[1] * (masks.ndim - 1))
    if "batch_index" in latent:
        given = latent["batch_index"]
        span = max(given) - min(given) + 1
        result["batch_index"] = [index + time * span for time in range(amount) for index in given]
    return result


def join(first: Latent, second: Latent) -> Latent:
    """Return two batches as one, the second at the size of the first, both with their indices."""
    below = first["samples"]
    above = second["samples"]
    scaled = fitted(above, repeat_to(below, len(above)))
    result = with_samples(first, torch.cat([below, scaled.to(below.device, below.dtype)]))
    result["batch_index"] = [*indices(first), *indices(second)]
    return result


def cut(samples: Tensor, dim: int, index: int, amount: int) -> Tensor:
    """Return ``amount`` slices along ``dim`` from ``index`` on (negative: from the end), fewer at the end."""
    size = samples.shape[dim]
    start = min(index, size - 1) if index >= 0 else max(size + index, 0)
    return samples.narrow(dim, start, min(amount, size - start)).contiguous()


def cut_to_batch(samples: Tensor, dim: int, size: int) -> Tensor:
    """Return slices of ``size`` along ``dim`` as items of the batch; what is left at the end is dropped.

    A latent that is shorter than one slice is returned as it is.
    """
    count = samples.shape[dim] // size
    if count == 0:
        return samples
    slices = samples.narrow(dim, 0, count * size).movedim(dim, 1)
    return slices.reshape(-1, size, *slices.shape[2:]).movedim(1, dim).contiguous()


def concatenate(first: Tensor, second: Tensor, dim: int) -> Tensor:
    """Return two latents side by side along ``dim``, the second repeated to as many items.

    Raises ``LatentError`` where their other sides differ.
    """
    second = repeat_to(second, len(first))
    sides = [tuple(side for axis, side in enumerate(each.shape) if axis != dim % each.ndim) for each in (first, second)]
    if sides[0] != sides[1]:
        raise LatentError(
            f"Latents of shapes {list(first.shape)} and {list(second.shape)} cannot be put side by side: all other "
            "sides must agree. Upscale or crop one of them."
        )
    return torch.cat([first, second], dim=dim)


def replace_frames(video: Tensor, frames: Tensor, index: int) -> Tensor:
    """Return a video [B, C, T, h, w] with other frames from ``index`` on (negative: from the end), or as it is.

    It stays as it is where the frames would begin before its start or end after its end. Raises ``LatentError`` where
    either is no video, or their other sides differ.
    """
    if video.ndim != 5 or frames.ndim != 5 or video[:, :, :1].shape != frames[:, :, :1].shape:  # noqa: PLR2004 -- B, C, T, h, w
        raise LatentError(
            f"Frames can be replaced in latents of videos, [B, C, T, h, w], that agree in all but T, got "
            f"{list(video.shape)} and {list(frames.shape)}. Resize or crop one of them."
        )
    start = index if index >= 0 else video.shape[2] + index
    end = start + frames.shape[2]
    if start < 0 or end > video.shape[2]:
        return video
    result = video.clone()
    result[:, :, start:end] = frames
    return result


def regroup(latents: Iterable[Latent], size: int) -> list[Latent]:
    """Return latents in batches of ``size``; where the shape changes a new batch begins.

    Masks and indices go with their items. Items without an index count on through all latents, and masks that are 1
    everywhere are left out.
    """
    groups: list[list[_Item]] = []
    for item in _items(latents):
        if not groups or len(groups[-1]) == size or groups[-1][0].samples.shape != item.samples.shape:
            groups.append([])
        groups[-1].append(item)
    return [_grouped(group) for group in groups]


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of a batch."""

    samples: Tensor
    mask: Tensor | None
    index: int


def _items(latents: Iterable[Latent]) -> Iterator[_Item]:
    seen = 0
    for latent in latents:
        count = len(latent["samples"])
        given = latent.get("batch_index") or range(seen, seen + count)
        masks = torch.split(repeat_to(latent["noise_mask"], count), 1) if "noise_mask" in latent else [None] * count
        for samples, mask, index in zip(torch.split(latent["samples"], 1), masks, given, strict=False):
            yield _Item(samples, mask, index)
        seen += count


def _grouped(items: list[_Item]) -> Latent:
    result: Latent = {
        "samples": torch.cat([item.samples for item in items]),
        "batch_index": [item.index for item in items],
    }
    masks = [_mask_of(item) for item in items]
    if any(bool((mask != 1.0).any()) for mask in masks):
        result["noise_mask"] = torch.cat(masks)
    return result


def _mask_of(item: _Item) -> Tensor:
    """Return an item's mask [1, 1, 8 h, 8 w], ones where it has none."""
    size = tuple(side * _MASK_SCALE for side in item.samples.shape[-2:])
    if item.mask is None:
        return torch.ones(1, 1, *size)
    mask = item.mask.reshape(1, 1, *item.mask.shape[-2:])
    return mask if mask.shape[-2:] == size else functional.interpolate(mask, size=size, mode="bilinear")


def _fade(length: int, feather: int, *, start: bool, end: bool) -> Tensor:
    """Return weights that rise by 1 / feather an element from the ends that fade."""
    weights = torch.ones(length)
    for fades, order in ((start, 1), (end, -1)):
        if fades and feather > 0:
            rising = (torch.arange(1, length + 1) / feather).clamp(max=1.0)
            weights *= rising if order > 0 else rising.flip(0)
    return weights
