"""From CONDITIONING lists to what is evaluated in each step of a run. Source: spec models.md F.1, F.2."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nodebook.models.errors import SamplingError
from nodebook.models.guidance.areas import Area, feather, mask_bounds, resize_mask, resolve_area
from nodebook.models.networks import Canvas, Input, Network
from nodebook.models.values import Conditioning, ConditioningEntry


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One entry of a CONDITIONING, ready for the steps of one run."""

    inputs: Mapping[str, Input]
    """What the network is given beside sample and time."""

    area: Area | None = None
    """As it was asked for; it may reach beyond the picture."""

    mask: Tensor | None = None
    """[B, 1, H, W] float32 in latent elements, times its strength."""

    strength: float = 1.0
    start_sigma: float = math.inf
    end_sigma: float = 0.0
    is_default: bool = False
    """Counts only where the others of its list leave something open."""

    box: Area | None = None
    """The part of the picture that is evaluated; None for all of it."""

    weight: Tensor | float = 1.0
    """What its estimate counts: [B or 1, 1, h, w] in the box, or everywhere the same."""

    @property
    def is_whole(self) -> bool:
        """Whether it counts 1 everywhere."""
        return self.box is None and isinstance(self.weight, float) and self.weight == 1

    def is_active(self, sigma: float) -> bool:
        """Say whether it counts at a noise level; both ends of its range belong to it."""
        return self.end_sigma <= sigma <= self.start_sigma


Lists = Mapping[str, tuple[Prepared, ...]]
"""The prepared entries by the name of their list (``positive``, ``negative``, ...)."""


def prepare(conditionings: Mapping[str, Conditioning], network: Network, canvas: Canvas) -> Lists:
    """Return what is evaluated in a run, list by list.

    Areas and masks in latent elements, ranges in noise levels, inputs on the network's device in its dtype. An entry
    with an area is evaluated beside the other lists in the same area, with what they say there. Raises
    ``SamplingError`` and ``UnsuitableModelError`` for what does not fit the picture or the network.
    """
    lists = {
        name: [_prepare_entry(entry, name, network, canvas) for entry in entries]
        for name, entries in conditionings.items()
    }
    with_areas = [(name, entry) for name, entries in lists.items() for entry in entries if entry.area is not None]
    for owner, entry in with_areas:
        for name, others in lists.items():
            if name != owner:
                others.extend(_counterpart(entry, others))
    height, width = canvas.shape[-2:]
    return {name: tuple(_weighted(each, height, width, canvas) for each in entries) for name, entries in lists.items()}


def _prepare_entry(entry: ConditioningEntry, name: str, network: Network, canvas: Canvas) -> Prepared:
    if len(entry) != 2:  # noqa: PLR2004 -- tokens and options
        raise SamplingError(
            f"An entry of the {name} conditioning must be a pair of tokens and options, got {len(entry)} values. "
            "Connect the output of a text encoding or conditioning node."
        )
    options = entry[1]
    height, width = canvas.shape[-2:]
    area, mask = resolve_area(options.get("area"), height, width), None
    if options.get("mask") is not None:
        mask = resize_mask(options["mask"], height, width, canvas.device)
        if options.get("set_area_to_bounds"):
            area = mask_bounds(mask[:, 0])
        mask = mask * options.get("mask_strength", 1.0)
    sampling = network.sampling
    start, end = options.get("start_percent"), options.get("end_percent")
    return Prepared(
        network.inputs(entry, name, canvas),
        area,
        mask,
        float(options.get("strength", 1.0)),
        math.inf if start is None else _single(sampling.schedule.percent_to_sigma(start)),
        0.0 if end is None else _single(sampling.schedule.percent_to_sigma(end)),
        bool(options.get("default")),
    )


def _single(value: float) -> float:
    """Return a number as float32 has it: noise levels are, and the ends of ranges must meet them exactly."""
    return torch.tensor(value, dtype=torch.float32).item()


def _counterpart(entry: Prepared, others: Sequence[Prepared]) -> list[Prepared]:
    """Return what another list says in an entry's area: what its smallest entry that encloses it says, if any."""
    area = entry.area
    if area is None or any(each.area == area for each in others):
        return []
    enclosing = [each for each in others if each.area is None or each.area.encloses(area)]
    if not enclosing:
        return []
    nearest = min(enclosing, key=lambda each: math.inf if each.area is None else each.area.height * each.area.width)
    return [replace(entry, inputs=nearest.inputs)]


def _weighted(entry: Prepared, height: int, width: int, canvas: Canvas) -> Prepared:
    """Return an entry with the part of the picture that it is evaluated in, and what it counts there."""
    box = None if entry.area is None else entry.area.clipped(height, width)
    weight: Tensor | float = entry.strength
    if entry.mask is not None:
        weight = entry.strength * (entry.mask if box is None else box.cut(entry.mask))
    elif box is not None:
        weight = entry.strength * feather(box, height, width).to(canvas.device)
    return replace(entry, box=None if box == Area(height, width) else box, weight=weight)
