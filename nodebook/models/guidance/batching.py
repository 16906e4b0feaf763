"""Evaluating the entries of several lists at one noise level: which go into one network call, and how they are blended.

Source: spec models.md F.3.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nodebook.models.guidance.areas import fit_batch
from nodebook.models.guidance.conditioning import Prepared
from nodebook.models.guidance.copies import patched
from nodebook.models.guidance.options import NetworkPatch
from nodebook.models.networks import Input, Network

MAX_REPETITION = 4
"""How many times as long as its own text a common length may be, for texts to share a call."""

NOTHING = 1e-37
"""What the sum of weights starts at, so that places that no entry speaks about become 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One entry to evaluate, for one of the lists."""

    owner: int
    entry: Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call of the network: what it evaluates, and the joined inputs of all its rows."""

    jobs: Sequence[Job]
    inputs: Mapping[str, Tensor]


@dataclass(eq=False)
class Evaluator:
    """Evaluates lists of entries with one network, in as few calls as fit.

    ``most_rows``: how many pictures one call may work on, at least one entry's batch.
    """

    network: Network
    most_rows: int = 16
    _calls: dict[tuple[object, ...], Sequence[Call]] = field(default_factory=dict, repr=False)
    """The calls that were made before, by the sample's shape and the entries: they are the same in every step."""

    _variants: dict[NetworkPatch, Evaluator] = field(default_factory=dict, repr=False)

    def __call__(self, lists: Sequence[Iterable[Prepared]], x: Tensor, sigma: Tensor) -> list[Tensor]:
        """Return for each list the blended denoised estimate [B, C, h, w] of ``x``; 0 where no entry is active."""
        found: list[list[tuple[Prepared, Tensor]]] = [[] for _ in lists]
        for call in self._plan(_active(lists, sigma), x):
            samples = [x if job.entry.box is None else job.entry.box.cut(x) for job in call.jobs]
            denoised = self.network.denoised(samples, sigma, call.inputs)
            for job, estimate in zip(call.jobs, denoised, strict=True):
                found[job.owner].append((job.entry, estimate))
        return [_blend(each, x) for each in found]

    def variant(self, patch: NetworkPatch) -> Evaluator:
        """Return an evaluator of the same entries with a network that is changed once more; the same one each time."""
        if patch not in self._variants:
            network = self.network.with_module(patched(self.network.module, [patch]))
            self._variants[patch] = Evaluator(network, self.most_rows, self._calls)
        return self._variants[patch]

    def _plan(self, lists: Sequence[Sequence[Prepared]], x: Tensor) -> Sequence[Call]:
        key = (x.shape, *(tuple(map(id, entries)) for entries in lists))
        if key not in self._calls:  # what is kept holds the entries, so their ids stay theirs
            jobs = [Job(owner, entry) for owner, entries in enumerate(lists) for entry in entries]
            groups = group_jobs(jobs, x, max(1, self.most_rows // len(x)))
            self._calls[key] = [Call(group, _joined(group, len(x))) for group in groups]
        return self._calls[key]


def group_jobs(jobs: Sequence[Job], x: Tensor, most: int) -> list[list[Job]]:
    """Return the calls: jobs of one shape with inputs that can be joined, at most ``most`` in each.

    In a call the last comes first, so that the usual one is [negative, positive].
    """
    pending, groups = list(jobs), []
    while pending:
        first = pending[0]
        fitting = [job for job in pending if can_join(first.entry, job.entry, x)][:most]
        pending = [job for job in pending if all(job is not each for each in fitting)]
        groups.append(fitting[::-1])
    return groups


def can_join(one: Prepared, other: Prepared, x: Tensor) -> bool:
    """Say whether two entries can be evaluated in one call on a sample like ``x``."""
    if one is other:
        return True
    if _size(one, x) != _size(other, x) or one.inputs.keys() != other.inputs.keys():
        return False
    return all(_inputs_join(value, other.inputs[name]) for name, value in one.inputs.items())


def _inputs_join(one: Input, other: Input) -> bool:
    mine, theirs = one.value.shape, other.value.shape
    if one.joins != other.joins:
        return False
    if one.joins == "tokens":
        together = math.lcm(mine[1], theirs[1])
        return mine[2] == theirs[2] and together <= MAX_REPETITION * min(mine[1], theirs[1])
    return mine[1:] == theirs[1:]


def _size(entry: Prepared, x: Tensor) -> tuple[int, int]:
    return (x.shape[-2], x.shape[-1]) if entry.box is None else (entry.box.height, entry.box.width)


def _cut(entry: Prepared, name: str) -> Input:
    found = entry.inputs[name]
    if found.joins != "picture" or entry.box is None:
        return found
    return Input(entry.box.cut(found.value), "picture")


def _joined(group: Sequence[Job], count: int) -> dict[str, Tensor]:
    """Return the joined inputs of a call on ``count`` pictures for each entry."""
    return {name: _join([_cut(job.entry, name) for job in group], count) for name in group[0].entry.inputs}


def _join(inputs: Sequence[Input], count: int) -> Tensor:
    """Return one input for all entries of a call, [entries * count, ...]."""
    values = [fit_batch(each.value, count) for each in inputs]
    if inputs[0].joins == "tokens":
        length = math.lcm(*(each.shape[1] for each in values))
        values = [each.repeat(1, length // each.shape[1], 1) for each in values]
    return torch.cat(values)


def _active(lists: Sequence[Iterable[Prepared]], sigma: Tensor) -> list[list[Prepared]]:
    """Return what is to be evaluated of each list."""
    level = sigma.item()
    return [[entry for entry in entries if entry.is_active(level)] for entries in lists]


def _blend(estimates: Sequence[tuple[Prepared, Tensor]], x: Tensor) -> Tensor:
    """Return the weighted mean of estimates, each in its box."""
    if len(estimates) == 1 and estimates[0][0].is_whole:
        return estimates[0][1]
    usual = [each for each in estimates if not each[0].is_default]
    total, weights = torch.zeros_like(x), torch.full_like(x[:, :1], NOTHING)
    _add(usual, total, weights, None)
    if len(usual) < len(estimates):
        _add([each for each in estimates if each[0].is_default], total, weights, (1 - weights).clamp(min=0))
    return total / weights


def _add(estimates: Sequence[tuple[Prepared, Tensor]], total: Tensor, weights: Tensor, left: Tensor | None) -> None:
    """Add weighted estimates to the sums, in place. ``left``: what they count beside their own weight."""
    for entry, estimate in estimates:
        weight = entry.weight if isinstance(entry.weight, float) else fit_batch(entry.weight, len(estimate))
        total_part, weights_part = (each if entry.box is None else entry.box.cut(each) for each in (total, weights))
        if left is not None:
            weight = weight * (left if entry.box is None else entry.box.cut(left))
        total_part += estimate * weight
        weights_part += weight
