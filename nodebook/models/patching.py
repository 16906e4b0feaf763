"""Networks with changed weights: copies that share every tensor that no patch changes. Nothing is changed in place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import chain

import torch
from torch import Tensor, nn

from nodebook.models.errors import UnsuitableModelError
from nodebook.models.handles import Patched

Change = Callable[[Tensor], Tensor]


def find_changes(patched: Patched, module: nn.Module) -> dict[str, list[Change]]:
    """Return of each parameter that patches change the functions to apply, in order; files of patches are read here.

    Raises ``UnsuitableModelError`` where a patch names a parameter that the network does not have.
    """
    names = {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
    found: dict[str, list[Change]] = {}
    for patch in patched.patches:
        for name, change in patch.changes(patched.part, names).items():
            if name not in names:
                raise UnsuitableModelError(
                    f"A patch changes {name!r}, which the {patched.part.name} of "
                    f"{patched.part.file.path.name} does not have. It was made for another network."
                )
            found.setdefault(name, []).append(change)
    return found


def size_of_changes(module: nn.Module, changes: dict[str, list[Change]]) -> int:
    """Return how many bytes a patched copy will not share with the plain network."""
    return sum(parameter.nbytes for name, parameter in module.named_parameters() if name in changes)


def patched_copy(module: nn.Module, changes: dict[str, list[Change]]) -> nn.Module:
    """Return a copy of a network with changed weights; it shares the tensors of all others.

    Each weight is changed in float32 and rounded to its own dtype once, at the end.
    """
    shared = {id(tensor): tensor for tensor in chain(module.parameters(), module.buffers())}
    duplicate = copy.deepcopy(module, shared)
    for name, steps in changes.items():
        owner_name, _, leaf = name.rpartition(".")
        owner = duplicate.get_submodule(owner_name)
        weight = module.get_parameter(name)
        owner.register_parameter(leaf, nn.Parameter(_changed(name, weight, steps), requires_grad=False))
    return duplicate


@torch.no_grad()
def _changed(name: str, weight: Tensor, steps: list[Change]) -> Tensor:
    value = weight.detach().float()
    for step in steps:
        value = step(value)
    if value.shape != weight.shape:
        raise UnsuitableModelError(
            f"A patch makes {name!r} {list(value.shape)}, but the network needs {list(weight.shape)}. "
            "It was made for another network."
        )
    return value.to(weight.dtype)
