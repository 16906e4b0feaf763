"""Filling a module with a file's tensors: renamed, split or turned as asked; views of the file where possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import torch
from torch import Tensor, nn

from nodebook.models.errors import BrokenModelError

NAMED = 4
"""How many tensors an error names before it only counts them."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a parameter's values are in a file: a tensor, or a part of one."""

    key: str
    part: tuple[int, int] | None = None
    """(i, n): the i-th of n equal blocks of rows."""
    transposed: bool = False
    halves_swapped: bool = False
    """The second half of the rows comes first."""

    def of(self, tensor: Tensor) -> Tensor:
        """Return what this source means of the file's tensor."""
        if self.part is not None:
            index, count = self.part
            rows = tensor.shape[0] // count
            tensor = tensor[index * rows : (index + 1) * rows]
        if self.transposed:
            tensor = tensor.T.contiguous()
        if self.halves_swapped:
            first, second = tensor.chunk(2, dim=0)
            tensor = torch.cat([second, first])
        return tensor


Sources = Mapping[str, Source]
"""Of each parameter of a module, where it comes from."""


def fill(
    module: nn.Module, sources: Sources, read: Callable[[str], Tensor], *, dtype: torch.dtype, subject: str
) -> frozenset[str]:
    """Give a module built on the meta device its parameters and buffers; then it is in evaluation mode and frozen.

    A tensor of ``dtype`` becomes a view of the file, others are converted. Returns the names of the views.
    ``subject`` says which part of which file is read. Raises ``BrokenModelError`` that names what is missing or of a
    wrong shape.
    """
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in sources]
    if missing:
        raise BrokenModelError(_missing(subject, missing, sources))
    state = {}
    views = set()
    wrong = []
    for name, meta in wanted.items():
        stored = read(sources[name].key)
        tensor = _shaped(sources[name].of(stored), meta.shape)
        if tensor.shape != meta.shape:
            wrong.append(f"{sources[name].key} is {list(tensor.shape)}, not {list(meta.shape)}")
        state[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
        if state[name].untyped_storage().data_ptr() == stored.untyped_storage().data_ptr():
            views.add(name)
    if wrong:
        raise BrokenModelError(
            f"{subject} does not fit together: {_some(wrong)}. The file was damaged or changed; get it again."
        )
    module.load_state_dict(state, strict=True, assign=True)
    _fill_buffers(module)
    module.requires_grad_(requires_grad=False)
    module.eval()
    return frozenset(views)


def _shaped(tensor: Tensor, shape: torch.Size) -> Tensor:
    """Return a 1 x 1 convolution's weights as a linear layer's, or the other way round, where ``shape`` asks for it."""
    longer, shorter = sorted((tensor.shape, shape), key=len, reverse=True)
    if longer != shorter and longer == (*shorter, *[1] * (len(longer) - len(shorter))):
        return tensor.reshape(shape)
    return tensor


def _fill_buffers(module: nn.Module) -> None:
    """Make the buffers that no file holds: positions 0, 1, 2, ... of CLIP's tokens."""
    for owner in module.modules():
        for name, buffer in owner.named_buffers(recurse=False):
            if not buffer.is_meta:
                continue
            if name != "position_ids":
                raise AssertionError(f"the buffer {name} of {type(owner).__name__} has no values")
            owner.register_buffer(name, torch.arange(buffer.shape[-1]).expand(buffer.shape), persistent=False)


def _missing(subject: str, missing: list[str], sources: Sources) -> str:
    close = get_close_matches(missing[0], sources, n=1)
    hint = f" (near: {close[0]!r})" if close else ""
    return (
        f"{subject} lacks {len(missing)} of its tensors: {_some(missing)}{hint}. "
        "The file is truncated, pruned too far, or of another kind; get a complete one."
    )


def _some(items: list[str]) -> str:
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return ", ".join(items[:NAMED]) + more
