r"""The weight syntax of prompts: ``(word)``, ``(word:1.3)``, ``\(``, ``embedding:name``. Pure functions over strings.

Source: spec models.md G.1. Square brackets, ``BREAK`` and ``AND`` have no meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

EMPHASIS: Final = 1.1
"""What plain parentheses multiply a weight by."""

_PAREN = re.compile(r"(?<!\\)[()]")
_ESCAPED_PAREN = re.compile(r"\\([()])")
_BEFORE_EMBEDDING = re.compile(r"[ \n](?=embedding:)")
_EMBEDDING = re.compile(r"embedding:(\S*)\s?(.*)", re.DOTALL)


class Weighted(NamedTuple):
    """A stretch of text of one weight, with escapes undone."""

    text: str
    weight: float


class EmbeddingName(NamedTuple):
    """The words ``embedding:name``, and the text after them."""

    name: str
    rest: str


def weighted_segments(prompt: str) -> list[Weighted]:
    """Return the stretches of a prompt and their weights, in order; none is empty.

    A number after a group's last colon is its weight, whatever is around it; without one the weight around it is
    multiplied by 1.1. From an opening parenthesis that nothing closes, the text is a literal stretch; a closing one too
    many makes the text literal up to the opening one that balances it. Takes time in proportion to the length, however
    deep groups nest.
    """
    groups, tail = _groups(prompt)
    places = sorted([*groups, *groups.values()])
    before = {later: earlier for earlier, later in pairwise(places)}
    segments: list[Weighted] = []
    weights, contents = [1.0], [len(prompt)]
    cursor = 0
    for place in places:
        if close := groups.get(place):
            _append(segments, prompt[cursor:place], weights[-1])
            weight, end = _group_weight(prompt, max(place + 2, before[close]), close, weights[-1])
            weights.append(weight)
            contents.append(end)
        else:
            _append(segments, prompt[cursor : contents.pop()], weights.pop())
        cursor = place + 1
    _append(segments, prompt[cursor:tail], 1.0)
    _append(segments, prompt[tail:], 1.0)
    return segments


def split_embeddings(text: str) -> Iterator[str | EmbeddingName]:
    """Yield the pieces of a segment: plain text, or the name of an embedding with the text after it.

    ``embedding:`` counts at the start of the text, after a space, and after a line break. Empty pieces are left out.
    """
    for piece in _BEFORE_EMBEDDING.split(text):
        if found := _EMBEDDING.fullmatch(piece):
            yield EmbeddingName(found[1], found[2])
        elif piece:
            yield piece


def _groups(prompt: str) -> tuple[dict[int, int], int]:
    """Return where each group opens → where it closes, and where an unclosed parenthesis makes the rest literal."""
    groups: dict[int, int] = {}
    opened: list[int] = []
    surplus = 0
    for found in _PAREN.finditer(prompt):
        if found[0] == ")":
            if opened:
                groups[opened.pop()] = found.start()
            else:
                surplus += 1
        elif surplus:
            surplus -= 1
        else:
            opened.append(found.start())
    tail = opened[0] if opened else len(prompt)
    return {start: end for start, end in groups.items() if start < tail}, tail


def _group_weight(prompt: str, start: int, end: int, around: float) -> tuple[float, int]:
    """Return a group's weight, and where its text ends: before the colon of its number.

    start: where a colon may be at the earliest: after the group's first character, and after any group in it.
    """
    colon = prompt.rfind(":", start, end)
    if colon >= 0:
        try:
            return float(prompt[colon + 1 : end]), colon
        except ValueError:
            pass
    return around * EMPHASIS, end


def _append(segments: list[Weighted], text: str, weight: float) -> None:
    if text:
        segments.append(Weighted(_ESCAPED_PAREN.sub(r"\1", text), weight))
