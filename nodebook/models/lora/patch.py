"""A LoRA file as a change of a network's weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nodebook.models.errors import BrokenModelError
from nodebook.models.files import open_tensors, read_index
from nodebook.models.handles import Part, WeightsFile
from nodebook.models.lora.plan import Change, Shape, plan_lora

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class LoraPatch:
    """A LoRA at a strength: a ``WeightPatch``. Layers that the network has not, or in another shape, are left alone."""

    file: WeightsFile
    strength: float

    def changes(self, part: Part, names: Mapping[str, Shape]) -> Mapping[str, Function]:
        """Return what becomes of each parameter that the file changes. Its tensors are read now, as mapped memory.

        Raises ``BrokenModelError`` where the file's tensors do not fit each other, and a function does so for values
        that are not finite.
        """
        index = read_index(self.file.path)
        functions: dict[str, Function] = {}
        with open_tensors(self.file.path) as opened:
            for change in plan_lora(index, part, names).changes:
                tensors = {field: opened.read(change.layer.names[field]) for field in change.fields}
                alpha = opened.read(change.layer.names["alpha"]).item() if change.layer.has("alpha") else None
                before = functions.get(change.parameter)
                functions[change.parameter] = _Function(self, change, tensors, alpha, before)
        return functions


@dataclass(frozen=True, slots=True, eq=False)
class _Function:
    """One change with its tensors, after another one of the same file where there are two."""

    patch: LoraPatch
    change: Change
    tensors: Mapping[str, Tensor]
    alpha: float | None
    before: Function | None

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the changed weight, float32."""
        if self.before is not None:
            weight = self.before(weight)
        tensors = {field: tensor.to(weight.device, torch.float32) for field, tensor in self.tensors.items()}
        changed = self.change.apply(weight, tensors, self.alpha, self.patch.strength)
        if not bool(torch.isfinite(changed).all()):
            file = self.patch.file.path
            raise BrokenModelError(
                f"{file.name} at strength {self.patch.strength} makes values of {self.change.parameter!r} that are not "
                f"finite. Get the file again, or lower the strength. It is {file}."
            )
        return changed
