"""Two models' weights added up: a network's own, and another one's with all that changes it.

Source: spec models.md J.4.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nodebook.models.errors import UnsuitableModelError
from nodebook.models.handles import ClipHandle, ModelHandle, Part, Patched
from nodebook.models.lora.keys import ldm_names
from nodebook.models.lora.parameters import parameter_shapes, read_parameters
from nodebook.models.lora.plan import OF_VARIANTS, Shape, some
from nodebook.models.spec import UnetSpec

logger = logging.getLogger(__name__)

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Shares:
    """A sum W1·own + W2·other."""

    own: float
    other: float


@dataclass(frozen=True, slots=True)
class MergePatch:
    """Another network of the same architecture mixed into one: a ``WeightPatch``. ``merge_models`` checks that."""

    other: Patched
    shares: Shares
    by_block: tuple[tuple[str, Shares], ...] = ()
    """Shares of the parameters whose names in the LDM layout begin so; the longest beginning counts."""

    def changes(self, part: Part, names: Mapping[str, Shape]) -> Mapping[str, Function]:
        """Return what becomes of each parameter; the other network's are read now, as mapped memory."""
        own_names = ldm_names(part.spec, names) if self.by_block and isinstance(part.spec, UnetSpec) else {}
        others = read_parameters(self.other.part, names)
        theirs = self._their_changes()
        functions: dict[str, Function] = {}
        for name, value in others.items():
            shares = self._shares(own_names.get(name, name))
            if shares != Shares(1.0, 0.0) and _fits(tuple(value.shape), names[name]):
                functions[name] = _Sum(shares, value, tuple(theirs.get(name, ())))
        return functions

    def _shares(self, name: str) -> Shares:
        matching = [each for each in self.by_block if name.startswith(each[0])]
        return max(matching, key=lambda each: len(each[0]))[1] if matching else self.shares

    def _their_changes(self) -> dict[str, list[Function]]:
        """Return what the other network's own patches make of its parameters, in order."""
        found: dict[str, list[Function]] = {}
        if self.other.patches:
            shapes = parameter_shapes(self.other.part)
            for patch in self.other.patches:
                for name, change in patch.changes(self.other.part, shapes).items():
                    found.setdefault(name, []).append(change)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Sum:
    """The sum of one parameter and the other network's."""

    shares: Shares
    other: Tensor
    their_changes: tuple[Function, ...]

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the sum, float32."""
        value = self.other.to(weight.device, torch.float32).reshape(weight.shape)
        for change in self.their_changes:
            value = change(value)
        return weight * self.shares.own + value * self.shares.other


def merge_models(
    first: ModelHandle, second: ModelHandle, shares: Shares, by_block: tuple[tuple[str, Shares], ...] = ()
) -> ModelHandle:
    """Return the first model with the second one's weights mixed in.

    Raises ``UnsuitableModelError`` where they are of different architectures.
    """
    _check(first.network.part, second.network.part)
    return first.with_patch(MergePatch(second.network, shares, by_block))


def merge_encoders(first: ClipHandle, second: ClipHandle, shares: Shares) -> ClipHandle:
    """Return the first text encoders with the second ones' weights mixed in, each with its like.

    Raises ``UnsuitableModelError`` where they are not the same encoders.
    """
    others = {each.part.name: each for each in second.encoders}
    if set(others) != {each.part.name for each in first.encoders}:
        own = ", ".join(each.part.name for each in first.encoders)
        raise UnsuitableModelError(
            f"Cannot merge the text encoders {own} with {', '.join(others)}. Use two of the same family."
        )
    merged = []
    for each in first.encoders:
        other = others[each.part.name]
        _check(each.part, other.part)
        merged.append(Patched(each.part, (*each.patches, MergePatch(other, shares))))
    return replace(first, encoders=tuple(merged))


def _check(own: Part, other: Part) -> None:
    """Raise where two networks differ in more than their outermost layers, which variants have in other shapes."""
    shapes, others = parameter_shapes(own), parameter_shapes(other)
    wrong = sorted(name for name in shapes.keys() ^ others.keys())
    wrong += sorted(name for name in shapes.keys() & others.keys() if not _fits(others[name], shapes[name]))
    skipped = [name for name in wrong if name.startswith(OF_VARIANTS)]
    if len(skipped) < len(wrong):
        serious = [name for name in wrong if name not in skipped]
        raise UnsuitableModelError(
            f"Cannot merge the {other.name} of {other.file.path.name} into that of {own.file.path.name}: "
            f"{len(serious)} of their weights have no like of the same shape, for example {some(serious)}. "
            "Use two models of the same family."
        )
    if skipped:
        logger.warning(
            "%s has %s in another shape: left as in %s.", other.file.path.name, some(skipped), own.file.path.name
        )


def _fits(other: Shape, own: Shape) -> bool:
    """Say whether shapes are the same but for sides of 1 at their ends (a 1 x 1 convolution as a linear layer)."""
    longer, shorter = sorted((other, own), key=len, reverse=True)
    return longer == (*shorter, *[1] * (len(longer) - len(shorter)))
