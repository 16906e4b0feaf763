"""Prompts to CONDITIONING: tokens, encoders, weights, and how each family joins its encoders' outputs.

Source: spec models.md G.3, G.4.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor, nn

from nodebook.models.errors import PromptError, UnsuitableModelError
from nodebook.models.handles import ClipHandle
from nodebook.models.pool import Pool
from nodebook.models.text.chunks import Chunk, empty_chunk
from nodebook.models.text.forward import Encoded, Reading, encode_chunks, positions, token_width
from nodebook.models.text.prompt import padding_of, tokenize
from nodebook.models.values import Conditioning

logger = logging.getLogger(__name__)

BATCH: Final = 16
"""Chunks that go through an encoder at once: more would take memory and save no time."""

OnBatch = Callable[[int, int], None]
"""Called after each batch with how many chunks of how many are done; may raise to stop."""

READINGS: Final[Mapping[str, Reading]] = {
    "sd1": Reading(),
    "sd2": Reading(layer=-2, projected=True),
    "sdxl": Reading(layer=-2, normed=False, projected=True),
    "sdxl_refiner": Reading(layer=-2, normed=False, projected=True),
}
"""What each family reads off its encoders."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One encoder with what it has to encode."""

    name: str
    module: nn.Module
    reading: Reading
    chunks: list[Chunk]

    @property
    def pad(self) -> int:
        return padding_of(self.name)

    def padded(self, count: int) -> list[Chunk]:
        """Return the chunks, and as many of an empty prompt after them as make ``count``."""
        empty = empty_chunk(pad=self.pad, length=positions(self.module))
        return [*self.chunks, *[empty] * (count - len(self.chunks))]


def encode(
    pool: Pool,
    clip: ClipHandle,
    prompt: str | Mapping[str, str],
    *,
    options: Mapping[str, Any] | None = None,
    on_batch: OnBatch | None = None,
) -> Conditioning:
    """Return the conditioning that a prompt makes: one entry, tokens [1, 77 k, C] and the pooled output [1, P].

    prompt: a text for all encoders, or one for each by its name (``clip_l``, ``clip_g``). Where their lengths differ,
    the shorter ones go on with empty prompts. ``options`` are added to the entry's.

    An embedding that is missing, or made for an encoder of another width, is left out, and a warning is logged. Raises
    ``PromptError`` for a weight that is not finite and ``UnsuitableModelError`` for a family that is not known.
    """
    reading = _reading(clip)
    with pool.lease(*clip.encoders) as modules, torch.inference_mode():
        works = list(_prepare(clip, modules, prompt, reading))
        count = max(len(work.chunks) for work in works)
        if isinstance(prompt, Mapping):
            works = [replace(work, chunks=work.padded(count)) for work in works]
        encoded = [_encode(work, on_batch) for work in works]
        tokens, pooled = _join(encoded)
        tokens, pooled = tokens.cpu(), pooled.cpu()
    return [[tokens.clone(), {"pooled_output": pooled.clone(), **(options or {})}]]


def _reading(clip: ClipHandle) -> Reading:
    try:
        reading = READINGS[clip.family]
    except KeyError:
        raise UnsuitableModelError(
            f"The text encoders of {clip.family} cannot encode yet. Known are those of {', '.join(sorted(READINGS))}."
        ) from None
    return reading if clip.stop_at_layer is None else replace(reading, layer=clip.stop_at_layer)


def _prepare(
    clip: ClipHandle, modules: Sequence[nn.Module], prompt: str | Mapping[str, str], reading: Reading
) -> Iterable[_Work]:
    missing: dict[str, None] = {}
    for encoder, module in zip(clip.encoders, modules, strict=True):
        name = encoder.part.name
        text = prompt if isinstance(prompt, str) else prompt.get(name)
        if text is None:
            raise UnsuitableModelError(
                f"This {clip.family} model has a {name}, for which there is no text; there are texts for "
                f"{', '.join(prompt)}. Use CLIP Text Encode (Prompt) with it."
            )
        found = tokenize(text, encoder=name, folders=clip.embeddings, length=positions(module))
        missing.update(dict.fromkeys(found.missing))
        _check(found.chunks, name, token_width(module))
        yield _Work(name, module, reading, found.chunks)
    for each in missing:
        logger.warning("The prompt names the embedding %r, but no embeddings folder holds it: it is left out.", each)


def _check(chunks: list[Chunk], encoder: str, width: int) -> None:
    """Raise for weights that are not finite, and say which embeddings do not fit."""
    tokens = [token for chunk in chunks for token in chunk]
    broken = next((token.weight for token in tokens if not math.isfinite(token.weight)), None)
    if broken is not None:
        raise PromptError(
            f"The prompt has the weight {broken}, from a text like '(word:{broken})'. Expected a finite number; write "
            "'\\(' and '\\)' for parentheses that are not to be weighted."
        )
    others = {token.value.shape[0] for token in tokens if isinstance(token.value, Tensor)} - {width}
    if others:
        logger.warning(
            "The prompt names an embedding of width %s, but %s has width %d: it counts as padding there. "
            "Use one made for this family of models.",
            ", ".join(map(str, sorted(others))),
            encoder,
            width,
        )


def _encode(work: _Work, on_batch: OnBatch | None) -> Encoded:
    """Return the tokens [1, k T, C] of all chunks in a row, weighted, and the pooled output [1, P] of the first."""
    is_weighted = any(token.weight != 1.0 for chunk in work.chunks for token in chunk)
    empty = [empty_chunk(pad=work.pad, length=positions(work.module))] if is_weighted else []
    chunks = [*work.chunks, *empty]
    parts = []
    for start in range(0, len(chunks), BATCH):
        batch = chunks[start : start + BATCH]
        parts.append(encode_chunks(work.module, batch, work.reading, pad=work.pad))
        if on_batch is not None:
            on_batch(start + len(batch), len(chunks))
    tokens = torch.cat([part.tokens for part in parts])
    if is_weighted:
        tokens = _weigh(tokens[:-1], tokens[-1], work.chunks)
    return Encoded(tokens.flatten(0, 1)[None], parts[0].pooled[:1])


def _weigh(tokens: Tensor, empty: Tensor, chunks: list[Chunk]) -> Tensor:
    """Move each token away from, or towards, what an empty prompt [T, C] has at its position."""
    weights = torch.tensor([[token.weight for token in chunk] for chunk in chunks], device=tokens.device)[..., None]
    return torch.where(weights == 1.0, tokens, (tokens - empty) * weights + empty)


def _join(encoded: list[Encoded]) -> tuple[Tensor, Tensor]:
    """Return the encoders' features side by side, cut to the shortest, and the last one's pooled output."""
    length = min(each.tokens.shape[1] for each in encoded)
    return torch.cat([each.tokens[:, :length] for each in encoded], dim=-1), encoded[-1].pooled
