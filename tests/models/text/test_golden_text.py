"""Tokens and encoded prompts beside the recorded ones."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nodebook.models.handles import ClipHandle
from nodebook.models.load import load_checkpoint
from nodebook.models.pool import Pool
from nodebook.models.text.encode import encode
from nodebook.models.text.prompt import tokenize
from nodebook.models.values import Conditioning
from tests.golden_data import NUMERICS, cases, expect_close, needs_golden, recorded

FOLDERS = (NUMERICS / "embeddings",)

pytestmark = needs_golden


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool(device="cpu")


def clip_of(checkpoint: str) -> ClipHandle:
    _model, clip, _vae = load_checkpoint(NUMERICS / checkpoint, embeddings=FOLDERS)
    assert clip is not None
    return clip


def as_recorded(value: int | torch.Tensor) -> Any:
    if isinstance(value, int):
        return value
    return {"embedding_row": [round(float(each), 6) for each in value[:4]]}


@pytest.mark.parametrize("case", cases("tokens"))
def test_tokens_weights_and_words_are_exact(case: dict[str, Any]) -> None:
    chunks = tokenize(case["text"], encoder="clip_l", folders=FOLDERS).chunks
    assert [[[as_recorded(token.value), token.weight] for token in chunk] for chunk in chunks] == case["tokens"]["l"]
    assert [[token.word for token in chunk] for chunk in chunks] == case["word_ids"]["l"]


@pytest.mark.parametrize("case", cases("text"))
def test_a_prompt_is_encoded_as_recorded(case: dict[str, Any], pool: Pool) -> None:
    clip = clip_of("tiny_sd1.safetensors")
    skip = case["summary"]["stop_at_clip_layer"]
    made = encode(pool, ClipHandle(clip.encoders, clip.family, skip, clip.embeddings), case["summary"]["text"])
    expect_entry(case, "conditioning", made)


def expect_entry(case: dict[str, Any], name: str, made: Conditioning) -> None:
    ((tokens, options),) = made
    expect_close(case, f"{name}/cond", tokens)
    expect_close(case, f"{name}/pooled", options["pooled_output"])


def test_every_recorded_prompt_is_encoded_as_recorded(pool: Pool) -> None:
    clip = clip_of("tiny_sd1.safetensors")
    for prompt, arrays in recorded()["prompts"].items():
        case = {"id": f"prompt {prompt!r}", "arrays": {f"it/{each}": {"array": name} for each, name in arrays.items()}}
        expect_entry(case, "it", encode(pool, clip, prompt))
