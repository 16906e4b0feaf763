"""Private copies of networks: the same weights with other hooks, so that what one run changes no other run sees."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from torch import nn

from nodebook.models.guidance.options import NetworkPatch


def private_copy(module: nn.Module) -> nn.Module:
    """Return a network whose modules are new and whose parameters and buffers are those of ``module``."""
    return _copy(module, {})


def patched(module: nn.Module, patches: Sequence[NetworkPatch]) -> nn.Module:
    """Return the network as options change it; itself where there are none."""
    if not patches:
        return module
    module = private_copy(module)
    for patch in patches:
        patch.patch(module)
    return module


def _copy(module: nn.Module, done: dict[int, nn.Module]) -> nn.Module:
    if id(module) not in done:
        new = copy.copy(module)
        for name, value in vars(module).items():
            if isinstance(value, dict) and "hooks" in name:
                vars(new)[name] = value.copy()
        vars(new)["_modules"] = {
            name: None if child is None else _copy(child, done)
            for name, child in module._modules.items()  # noqa: SLF001
        }
        done[id(module)] = new
    return done[id(module)]
