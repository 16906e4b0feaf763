"""CLIP's tokens for captions: 77 ids a caption, and the few of the 49,408 ids that captions really use."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tools.demo_model.captions import PLACES
from tools.demo_model.pictures import COLOURS, SHAPES

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

__all__ = ["CONTEXT", "VOCABULARY", "Tokens"]

CONTEXT = 77
VOCABULARY = 49408
START, END = 49406, 49407
MERGES = VOCABULARY - 512 - 2

WORDS = ["a", "an", "the", "on", "with", "and", "at", "in", "of", "to", "above", "below", ","]
NOUNS = ["background", "corner", "middle", "small", "little", "large", "big"]


def _byte_symbols() -> list[str]:
    """A visible character for each byte, in the order of the published vocabulary (GPT-2's table)."""
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return [chr(byte) for byte in visible] + [chr(256 + index) for index in range(256 - len(visible))]


def clip_tokenizer(merges_file: Path) -> CLIPTokenizer:
    """CLIP's tokenizer from OpenAI's published list of merges."""
    from transformers import CLIPTokenizer

    with gzip.open(merges_file, "rt", encoding="utf-8") as lines:
        merges = lines.read().split("\n")[1 : MERGES + 1]
    symbols = _byte_symbols()
    entries = [*symbols, *(f"{symbol}</w>" for symbol in symbols), *(merge.replace(" ", "") for merge in merges)]
    vocabulary = {entry: index for index, entry in enumerate([*entries, "<|startoftext|>", "<|endoftext|>"])}
    pairs: Any = [tuple(merge.split()) for merge in merges]  # annotated as strings there, yet taken as pairs alone
    return CLIPTokenizer(vocab=vocabulary, merges=pairs)


class Tokens:
    """Turns captions into rows of a small embedding that holds only the ids captions use.

    Row 0 stands for every other id; at export its row is nought.
    """

    def __init__(self, merges_file: Path) -> None:
        self._tokenizer = clip_tokenizer(merges_file)
        words = [*WORDS, *NOUNS, *COLOURS, *SHAPES, *" ".join(PLACES).split()]
        ids = {self._word(word) for word in words}
        self.ids: list[int] = [*sorted(ids), START, END]
        self._row = np.zeros(VOCABULARY, dtype=np.int64)
        self._row[self.ids] = np.arange(1, len(self.ids) + 1)
        self._cache: dict[str, NDArray[np.int64]] = {}

    def _word(self, word: str) -> int:
        (token,) = self._tokenizer(word, add_special_tokens=False)["input_ids"]
        return int(token)

    def full_ids(self, text: str) -> list[int]:
        """CLIP's ids: start, the words, then end up to 77."""
        inner = self._tokenizer(text, add_special_tokens=False)["input_ids"][: CONTEXT - 2]
        return [START, *inner, *[END] * (CONTEXT - 1 - len(inner))]

    def rows(self, texts: Iterable[str]) -> NDArray[np.int64]:
        """Rows of the small embedding. Shape: [texts, 77]."""
        found = []
        for text in texts:
            if text not in self._cache:
                if len(self._cache) > 100_000:
                    self._cache.clear()
                self._cache[text] = self._row[self.full_ids(text)]
            found.append(self._cache[text])
        return np.stack(found)
