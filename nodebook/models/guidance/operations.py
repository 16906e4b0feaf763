"""Operations on CONDITIONING lists. Each returns a new list; tensors that do not change are shared.

Source: spec models.md G.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nodebook.models.errors import PromptError
from nodebook.models.values import Conditioning


def with_options(conditioning: Conditioning, **options: Any) -> Conditioning:
    """Return the entries with these options set."""
    return [[tokens, {**old, **options}] for tokens, old in conditioning]


def concat(to: Conditioning, other: Conditioning) -> Conditioning:
    """Return the entries of ``to``, each followed by the tokens of the other's first entry.

    Raises ``PromptError`` where they are not of one width, or the other is empty.
    """
    added = _first(other)[0]
    return [[torch.cat([tokens, _like(added, tokens)], dim=1), options] for tokens, options in to]


def average(to: Conditioning, other: Conditioning, strength: float) -> Conditioning:
    """Return the entries of ``to`` times ``strength``, plus the other's first entry times the rest.

    The other's tokens are cut or filled with zeros to the length of each entry; a pooled prompt that only one has is
    taken from it. Raises ``PromptError`` where they are not of one width, or the other is empty.
    """
    added, other_options = _first(other)
    other_pooled = other_options.get("pooled_output")
    mixed = []
    for tokens, options in to:
        pooled = options.get("pooled_output", other_pooled)
        if pooled is not None and other_pooled is not None:
            options = {**options, "pooled_output": pooled * strength + other_pooled * (1 - strength)}  # noqa: PLW2901
        elif pooled is not None:
            options = {**options, "pooled_output": pooled}  # noqa: PLW2901
        fitted = _of_length(_like(added, tokens), tokens.shape[1])
        mixed.append([tokens * strength + fitted * (1 - strength), options])
    return mixed


def zero_out(conditioning: Conditioning) -> Conditioning:
    """Return the entries with zeros for tokens, pooled prompt and lyrics."""
    return [
        [
            None if tokens is None else torch.zeros_like(tokens),
            {name: _zeroed(value) if name in _ENCODED else value for name, value in options.items()},
        ]
        for tokens, options in conditioning
    ]


_ENCODED = ("pooled_output", "conditioning_lyrics")


def _zeroed(value: Any) -> Any:
    return torch.zeros_like(value) if isinstance(value, Tensor) else value


def _first(conditioning: Conditioning) -> Sequence[Any]:
    if not conditioning or conditioning[0][0] is None:
        raise PromptError("The conditioning to take from holds no tokens. Connect the output of a text encoding node.")
    return conditioning[0]


def _like(added: Tensor, tokens: Tensor | None) -> Tensor:
    if tokens is None or added.shape[-1] != tokens.shape[-1]:
        width = "nothing" if tokens is None else f"{tokens.shape[-1]} wide"
        raise PromptError(
            f"Cannot mix conditionings of two widths: one is {width}, the other {added.shape[-1]} wide. They were "
            "encoded for models of different families: encode both with the same text encoder."
        )
    return added


def _of_length(tokens: Tensor, length: int) -> Tensor:
    """Return tokens [1, T, C] cut or filled with zeros to ``length``."""
    missing = length - tokens.shape[1]
    if missing <= 0:
        return tokens[:, :length]
    return torch.cat([tokens, tokens.new_zeros(len(tokens), missing, tokens.shape[2])], dim=1)
