"""What a matcher looks at, and what it answers where a file is of another family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from nodebook.models.errors import BrokenModelError
from nodebook.models.files import WeightsIndex
from nodebook.models.header import TensorInfo


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A file is not of a family, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file is of a family for which no networks are built here yet."""

    family: str
    title: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file whose family is asked for. ``prefix`` stands before the names of the diffusion network's tensors."""

    index: WeightsIndex
    prefix: str
    read: Callable[[str], Tensor]
    """Reads one tensor by its whole name: few families depend on a value."""

    @property
    def tensors(self) -> Mapping[str, TensorInfo]:
        """All tensors of the file, by their whole names."""
        return self.index.tensors

    @property
    def metadata(self) -> Mapping[str, str]:
        """The metadata of the file."""
        return self.index.metadata

    def has(self, *names: str) -> bool:
        """Say whether the diffusion network has all these tensors."""
        return all(self.prefix + name in self.index.tensors for name in names)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor of the diffusion network.

        Raises ``BrokenModelError`` where it is absent, as every file of the family has it.
        """
        return shape_of(self.index, self.prefix + name)


def shape_of(index: WeightsIndex, key: str) -> tuple[int, ...]:
    """Return the shape of a tensor that a network cannot do without; raises ``BrokenModelError`` where it is absent."""
    info = index.tensors.get(key)
    if info is None:
        raise BrokenModelError(
            f"{index.path.name} lacks the tensor {key!r}, which its network needs. "
            "The file is truncated or was changed; get a complete one."
        )
    return info.shape


def metadata_int(index: WeightsIndex, key: str, default: int) -> int:
    """Return a whole number, 1 or more, that a file's metadata states, or the default where it states none."""
    text = index.metadata.get(key)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise BrokenModelError(
            f"The metadata of {index.path.name} has {key} = {text!r}: expected a whole number from 1."
        )
    return int(text)
