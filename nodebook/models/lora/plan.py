"""Which parameters of a network a LoRA changes, and by which formula, decided from names and shapes alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from nodebook.models.errors import BrokenModelError
from nodebook.models.files import WeightsIndex
from nodebook.models.handles import Part
from nodebook.models.lora.formats import LayerTensors, group_tensors
from nodebook.models.lora.formulas import BY_FIELDS, Formula, boft, decomposed, glora, oft
from nodebook.models.lora.keys import layer_modules

Shape = tuple[int, ...]

OF_VARIANTS: Final = ("conv_in.", "conv_out.")
"""Layers that a family's inpainting and editing models have in other shapes than its plain ones."""

_NAMED = 3
"""How many names a message lists before it only counts them."""

_ADDED: Final = {"diff": "weight", "w_norm": "weight", "diff_b": "bias", "b_norm": "bias"}
"""Tensors that are added as they are → to what of the layer."""

_ALONE = frozenset({"alpha", "reshape_weight", "set_weight", *_ADDED})
"""Tensors that no formula reads."""

_BESIDE = frozenset({*_ALONE, "dora_scale", "rescale"})
"""Tensors that do not ask for a formula by themselves."""

_BUTTERFLY_SIDES = 4
"""BOFT's blocks are [factors, blocks, size, size]; OFT's have no factors."""

_OVER_WEIGHT: Final = (oft, boft, glora)
"""Formulas that read W, so that a wrong shape may be W's as well as the file's."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a file does to one parameter: by a formula; without one, a tensor is added or put in its place."""

    parameter: str
    layer: LayerTensors
    fields: tuple[str, ...]
    """The layer's tensors that take part."""

    formula: Formula | None = None

    def apply(self, weight: Tensor, tensors: Mapping[str, Tensor], alpha: float | None, strength: float) -> Tensor:
        """Return what becomes of a weight at a strength; ``tensors`` are the fields, float32."""
        if self.formula is None:
            value = tensors[self.fields[0]].reshape(weight.shape)
            return value if self.fields == ("set_weight",) else weight + strength * value
        added = self.formula(weight, tensors, alpha).reshape(weight.shape)
        if "dora_scale" not in tensors:
            return weight + strength * added
        return weight + strength * (decomposed(weight, weight + added, tensors["dora_scale"]) - weight)


@dataclass(frozen=True, slots=True)
class LoraPlan:
    """A LoRA beside a network: what it changes there, and what does not fit."""

    changes: tuple[Change, ...]
    misfits: Mapping[str, str]
    """Parameters that have another shape here than in the network that the file was made for → both shapes."""

    layers: frozenset[str]
    """The file's layers, as it names them, that the network has."""


def plan_lora(index: WeightsIndex, part: Part, shapes: Mapping[str, Shape]) -> LoraPlan:
    """Return what a file changes in a network with parameters of these shapes. Only names and shapes are read.

    Raises ``BrokenModelError`` where the tensors of a layer do not fit each other, or one of them is missing.
    """
    layers, _unknown = group_tensors(index.tensors)
    modules = layer_modules(part, shapes)
    changes: list[Change] = []
    misfits: dict[str, str] = {}
    known = set()
    for name, layer in layers.items():
        if name not in modules:
            continue
        for change in _changes(index, modules[name], layer):
            if change.parameter not in shapes:
                continue
            known.add(name)
            wrong = _misfit(index, change, shapes[change.parameter])
            if wrong:
                misfits[change.parameter] = wrong
            else:
                changes.append(change)
    return LoraPlan(tuple(changes), misfits, frozenset(known))


def some(names: Sequence[str]) -> str:
    """Return a few of the names, for messages, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _changes(index: WeightsIndex, module: str, layer: LayerTensors) -> Iterator[Change]:
    formula = next((formula for fields, formula in BY_FIELDS if layer.has(*fields)), None)
    if formula is oft and len(index.tensors[layer.names["oft_blocks"]].shape) == _BUTTERFLY_SIDES:
        formula = boft
    if formula is not None:
        yield Change(f"{module}.weight", layer, tuple(field for field in layer.names if field not in _ALONE), formula)
    elif odd := [layer.names[field] for field in layer.names if field not in _BESIDE]:
        raise BrokenModelError(
            f"{index.path.name} is not whole: the layer {layer.layer!r} has {', '.join(odd)}, but not what belongs to "
            f"that. Get the file again. It is {index.path}."
        )
    for field, leaf in _ADDED.items():
        if field in layer.names:
            yield Change(f"{module}.{leaf}", layer, (field,))
    if "set_weight" in layer.names:
        yield Change(f"{module}.weight", layer, ("set_weight",))


def _misfit(index: WeightsIndex, change: Change, shape: Shape) -> str | None:
    """Return how a change does not fit a parameter of this shape, found out on the meta device; None where it fits."""
    tensors = {
        field: torch.empty(index.tensors[change.layer.names[field]].shape, device="meta") for field in change.fields
    }
    weight = torch.empty(shape, device="meta")
    try:
        value = change.formula(weight, tensors, None) if change.formula else tensors[change.fields[0]]
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        shapes = {field: list(tensor.shape) for field, tensor in tensors.items()}
        if change.formula in _OVER_WEIGHT:
            return f"{list(shape)}, the file has {shapes}"
        raise BrokenModelError(
            f"{index.path.name} is broken: the tensors of its layer {change.layer.layer!r} do not fit each other: "
            f"{shapes}. Get the file again. It is {index.path}."
        ) from error
    rows = value.shape[0] if value.ndim else 0
    if value.numel() != weight.numel() or rows != shape[0] or not _has_magnitudes(weight, tensors):
        return f"{list(shape)}, the file's change has {list(value.shape)}"
    return None


def _has_magnitudes(weight: Tensor, tensors: Mapping[str, Tensor]) -> bool:
    """Say whether DoRA's magnitudes, where there are any, are one for each row or for each column."""
    if "dora_scale" not in tensors:
        return True
    magnitude = tensors["dora_scale"]
    for_rows = magnitude.shape[:1] == weight.shape[:1] and magnitude.numel() == weight.shape[0]
    return for_rows or (magnitude.shape[:1] == (1,) and weight.shape[1:2] == (magnitude.numel(),))
