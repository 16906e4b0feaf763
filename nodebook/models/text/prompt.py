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
                file, bare = _find(piece.name, self.folders)
                if file is None:
                    self.missing[bare] = None
                else:
                    yield list(read_embedding(file, self.encoder))
                rest = " ".join(part for part in (piece.name[len(bare) :], piece.rest) if part)
            if rest:
                yield token_ids(str(rest))


def tokenize(prompt: str, *, encoder: str, folders: Sequence[Path] = (), length: int = CHUNK_TOKENS) -> Tokenized:
    """Return a prompt as chunks of ``length`` tokens, at least one.

    encoder: ``clip_l``, ``clip_g``, ``clip_h``: its padding, and its vectors in embeddings.
    folders: where embeddings are looked for, in order. One that is in none is left out and reported.
    """
    reader = _Reader(encoder, folders)
    chunks = pack(reader.groups(prompt), pad=padding_of(encoder), length=length)
    return Tokenized(chunks, tuple(reader.missing))


def embedding_files(prompt: str, folders: Sequence[Path]) -> set[Path]:
    """Return the files of all embeddings that a prompt names and that are there."""
    if "embedding:" not in prompt:
        return set()
    pieces = (piece for segment in weighted_segments(prompt) for piece in split_embeddings(segment.text))
    found = (_find(piece.name, folders)[0] for piece in pieces if isinstance(piece, EmbeddingName))
    return {file for file in found if file is not None}


def _find(name: str, folders: Sequence[Path]) -> tuple[Path | None, str]:
    """Return an embedding's file, and its name without the commas after it that do not belong to it."""
    if file := find_embedding(name, folders):
        return file, name
    bare = name.rstrip(",")
    return find_embedding(bare, folders), bare


def padding_of(encoder: str) -> int:
    """Return the id that fills an encoder's chunks after the end token."""
    return END if encoder in PADDED_WITH_END else 0
