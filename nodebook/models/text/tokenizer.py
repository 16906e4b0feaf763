"""CLIP's byte-pair tokenizer, from the merges that come with this package: no download, no transformers import.

Source: the merges and the id layout are those of openai/CLIP (MIT, see ``data/clip_merges.LICENSE``); normalisation and
splitting are those of the tokenizer that transformers builds for CLIP, so ids are the same (without ftfy).
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tokenizers import Tokenizer

START: Final = 49406
"""Id of ``<|startoftext|>``."""

END: Final = 49407
"""Id of ``<|endoftext|>``: a network's pooled output is read at the first one."""

_START_TEXT, _END_TEXT = "<|startoftext|>", "<|endoftext|>"

_WORD_END = "</w>"

# Special tokens, English contractions, runs of letters, single digits, runs of anything else but spaces.
_WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def token_ids(text: str) -> list[int]:
    """Return the ids of a text, without start and end tokens. A text of only spaces has none.

    Half of a surrogate pair counts as U+FFFD: JSON can bring one, and no encoding of text has room for it.
    """
    well_formed = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    ids: list[int] = clip_tokenizer().encode(well_formed, add_special_tokens=False).ids
    return ids


@cache
def clip_tokenizer() -> Tokenizer:
    """Return the tokenizer. The first call of a process builds it: about a quarter of a second."""
    from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers
    from tokenizers.models import BPE

    merges = _merges()
    model = BPE(
        vocab=vocabulary(merges),
        merges=merges,
        continuing_subword_prefix="",
        end_of_word_suffix=_WORD_END,
        unk_token=_END_TEXT,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.add_special_tokens(
        [AddedToken(each, normalized=False, special=True) for each in (_START_TEXT, _END_TEXT)]
    )
    return tokenizer


def vocabulary(merges: list[tuple[str, str]]) -> dict[str, int]:
    """Return the id of each symbol: bytes, bytes that end a word, merges in their order, the two special tokens."""
    symbols = _byte_symbols()
    tokens = [*symbols, *(each + _WORD_END for each in symbols), *map("".join, merges), _START_TEXT, _END_TEXT]
    return {token: number for number, token in enumerate(tokens)}


def _merges() -> list[tuple[str, str]]:
    packed = files("nodebook.models").joinpath("data", "clip_merges.txt.gz").read_bytes()
    _header, *lines = gzip.decompress(packed).decode("utf-8").splitlines()
    pairs = (line.split() for line in lines)
    return [(left, right) for left, right in pairs]


def _byte_symbols() -> list[str]:
    """Return the character that stands for each byte, in the order of their ids.

    Printable bytes of Latin-1 stand for themselves and come first; the others get characters from U+0100 on.
    """
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = 256 - len(printable)
    return [*map(chr, printable), *(chr(256 + number) for number in range(others))]
