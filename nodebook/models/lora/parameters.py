"""The parameters of a network without building it: from what detection read, and the header of its file."""

from __future__ import annotations

from collections.abc import Container

from torch import Tensor

from nodebook.models.convert.clip import clip_sources
from nodebook.models.convert.fill import Source, Sources
from nodebook.models.convert.mmdit import mmdit_sources
from nodebook.models.convert.unet import unet_sources
from nodebook.models.files import WeightsIndex, open_tensors, read_index
from nodebook.models.handles import Part
from nodebook.models.spec import ClipSpec, MmditSpec, UnetSpec


def parameter_shapes(part: Part) -> dict[str, tuple[int, ...]]:
    """Return the parameters of a part's network and their shapes, as far as its file has them.

    A 1 x 1 convolution may be listed as the linear layer that the file has in its place.
    """
    return shapes_in(read_index(part.file.path), part.spec)


def shapes_in(index: WeightsIndex, spec: object) -> dict[str, tuple[int, ...]]:
    """Return the same of a network by its hyper-parameters, and what its file holds."""
    return {name: _shape(index, source) for name, source in _sources(index, spec).items()}


def read_parameters(part: Part, names: Container[str]) -> dict[str, Tensor]:
    """Return those of a network's parameters that are in ``names``, in the file's dtype; most are views of the file."""
    sources = _sources(read_index(part.file.path), part.spec)
    with open_tensors(part.file.path) as file:
        return {name: source.of(file.read(source.key)) for name, source in sources.items() if name in names}


def _sources(index: WeightsIndex, spec: object) -> Sources:
    match spec:
        case UnetSpec():
            return unet_sources(spec, index.tensors)
        case MmditSpec():
            return mmdit_sources(spec, index.tensors)
        case ClipSpec():
            return clip_sources(spec, index.tensors)
        case _:
            raise TypeError(f"a network of a {type(spec).__name__} is not changed by LoRAs or merges")


def _shape(index: WeightsIndex, source: Source) -> tuple[int, ...]:
    shape = index.tensors[source.key].shape
    if source.part is not None:
        shape = (shape[0] // source.part[1], *shape[1:])
    return tuple(reversed(shape)) if source.transposed else shape
