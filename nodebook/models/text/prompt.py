"""From a prompt to the chunks of tokens that an encoder reads.

Source: spec models.md G.1, G.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nodebook.models.text.chunks import CHUNK_TOKENS, Chunk, Token, Value, pack
from nodebook.models.text.embeddings import find_embedding, read_embedding
from nodebook.models.text.tokenizer import END, token_ids
from nodebook.models.text.weighting import EmbeddingName, split_embeddings, weighted_segments

PADDED_WITH_END: Final = frozenset({"clip_l"})
"""Encoders whose chunks are filled with end tokens; the others' are filled with id 0."""


@dataclass(frozen=True, slots=True)
class Tokenized:
    """A prompt as one encoder reads it."""

    chunks: list[Chunk]
    missing: tuple[str, ...] = ()
    """Embeddings that the prompt names and that no folder holds: they are left out."""


@dataclass(slots=True)
class _Reader:
    """Reads the pieces of one prompt for one encoder."""

    encoder: str
    folders: Sequence[Path]
    missing: dict[str, None] = field(default_factory=dict)

    def groups(self, prompt: str) -> Iterator[list[Token]]:
        """Yield the tokens of each piece of a prompt, which stay together where they can."""
        word = 0
        for segment in weighted_segments(prompt):
            for values in self._pieces(segment.text):
                word += 1
                yield [Token(value, segment.weight, word) for value in values]

    def _pieces(self, text: str) -> Iterator[Sequence[Value]]:
        for piece in split_embeddings(text):
            rest = piece
            if isinstance(piece, EmbeddingName):
                file, commas = self._find(piece.name)
                if file is not None:
                    yield list(read_embedding(file, self.encoder))
                rest = " ".join(part for part in (commas, piece.rest) if part)
            if rest:
                yield token_ids(str(rest))

    def _find(self, name: str) -> tuple[Path | None, str]:
        """Return an embedding's file, and the commas after its name that do not belong to it."""
        if file := find_embedding(name, self.folders):
            return file, ""
        bare = name.rstrip(",")
        file = find_embedding(bare, self.folders)
        if file is None:
            self.missing[bare] = None
        return file, name[len(bare) :]


def tokenize(prompt: str, *, encoder: str, folders: Sequence[Path] = (), length: int = CHUNK_TOKENS) -> Tokenized:
    """Return a prompt as chunks of ``length`` tokens, at least one.

    encoder: ``clip_l``, ``clip_g``, ``clip_h``: its padding, and its vectors in embeddings.
    folders: where embeddings are looked for, in order. One that is in none is left out and reported.
    """
    reader = _Reader(encoder, folders)
    chunks = pack(reader.groups(prompt), pad=padding_of(encoder), length=length)
    return Tokenized(chunks, tuple(reader.missing))


def padding_of(encoder: str) -> int:
    """Return the id that fills an encoder's chunks after the end token."""
    return END if encoder in PADDED_WITH_END else 0
