"""Small networks that a pool builds in a test, and changes of their weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from nodebook.models.build import Built
from nodebook.models.handles import Part, Patched, WeightsFile


@dataclass(frozen=True)
class Sizes:
    """The spec of a test network: layers of so many float32 weights each."""

    layers: tuple[int, ...]


class Layers(nn.Module):
    """A network of a few weight vectors, each filled with its number."""

    def __init__(self, sizes: Sizes, dtype: torch.dtype) -> None:
        super().__init__()
        weights = [torch.full((size,), float(number), dtype=dtype) for number, size in enumerate(sizes.layers)]
        self.weights = nn.ParameterList(nn.Parameter(each, requires_grad=False) for each in weights)


def network(name: str, *layers: int, folder: str = "models") -> Patched:
    """Return a handle of a test network; its content is its name."""
    return Patched(Part(WeightsFile(name, Path(folder) / f"{name}.safetensors"), "unet", Sizes(layers)))


def size_of(part: Part) -> int:
    """Return how many bytes a test network takes."""
    sizes: Sizes = part.spec
    return 4 * sum(sizes.layers)


class Builder:
    """Builds test networks and remembers which it built."""

    def __init__(self) -> None:
        self.built: list[str] = []

    def build(self, part: Part, dtype: torch.dtype) -> Built:
        """Build a network."""
        self.built.append(part.file.digest)
        return Built(Layers(part.spec, dtype))

    def estimate(self, part: Part, dtype: torch.dtype) -> int:
        """Return how many bytes it will take."""
        assert dtype == torch.float32
        return size_of(part)


@dataclass(frozen=True)
class Scale:
    """Multiplies some weights of a network, and adds to them."""

    factor: float
    names: tuple[str, ...] = ("weights.0",)
    offset: float = 0.0

    def changes(self, part: Part, names: Mapping[str, tuple[int, ...]]) -> Mapping[str, Callable[[Tensor], Tensor]]:
        """Return what becomes of each weight."""
        del part, names
        return dict.fromkeys(self.names, lambda weight: weight * self.factor + self.offset)
