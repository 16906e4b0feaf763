"""Tokens packed into the fixed lengths that CLIP reads.

Source: spec models.md G.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from torch import Tensor

from nodebook.models.text.tokenizer import END, START

CHUNK_TOKENS: Final = 77
"""Of CLIP: a start token, 75 of the prompt, an end token."""

SPLITTABLE_TOKENS: Final = 8
"""From this many tokens on a group may begin in one chunk and end in the next; a shorter one stays whole."""

Value: TypeAlias = int | Tensor
"""An id of the vocabulary, or a vector [width] in its place (textual inversion)."""


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """One position of a chunk."""

    value: Value
    weight: float = 1.0
    word: int = 0
    """Of the prompt's pieces, which one it came from, counted from 1; 0 for start, end and padding."""


Chunk: TypeAlias = list[Token]


def pack(groups: Iterable[Sequence[Token]], *, pad: int, length: int = CHUNK_TOKENS) -> list[Chunk]:
    """Return chunks of ``length`` tokens that hold all tokens of all groups in order; at least one chunk.

    A group that does not fit goes on in the next chunk if it is long, and moves there whole if it is short.

    pad: the id that fills a chunk after its end token.
    """
    chunks: list[Chunk] = [[Token(START)]]
    for group in groups:
        rest = list(group)
        may_split = len(rest) >= SPLITTABLE_TOKENS
        while rest:
            room = length - 1 - len(chunks[-1])
            if len(rest) <= room:
                chunks[-1] += rest
                break
            if may_split:
                chunks[-1] += rest[:room]
                rest = rest[room:]
            _close(chunks[-1], pad, length)
            chunks.append([Token(START)])
    _close(chunks[-1], pad, length)
    return chunks


def empty_chunk(*, pad: int, length: int = CHUNK_TOKENS) -> Chunk:
    """Return the chunk of an empty prompt."""
    return pack([], pad=pad, length=length)[0]


def _close(chunk: Chunk, pad: int, length: int) -> None:
    chunk.append(Token(END))
    chunk.extend([Token(pad)] * (length - len(chunk)))
