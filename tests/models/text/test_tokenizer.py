from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodebook.models.text.tokenizer import END, START, _merges, clip_tokenizer, token_ids, vocabulary

TEXTS = st.text(
    st.one_of(
        st.characters(max_codepoint=0x17F),
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("'sltdvrem<|>😀猫é  \n"),
    ),
    max_size=60,
)


def test_the_vocabulary_is_clips() -> None:
    tokenizer = clip_tokenizer()
    assert tokenizer.get_vocab_size() == 49408
    assert [tokenizer.token_to_id(each) for each in ("!", "!</w>", "<|startoftext|>", "<|endoftext|>")] == [
        0,
        256,
        START,
        END,
    ]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", []),
        (" \n\t", []),
        ("a photo of a cat", [320, 1125, 539, 320, 2368]),
        ("A  PHOTO\nof a CAT", [320, 1125, 539, 320, 2368]),
        ("cafe\u0301", token_ids("caf\u00e9")),
        ("x <|endoftext|> y", [343, END, 344]),
        ("\ud800", token_ids("\ufffd")),
    ],
)
def test_ids_of_a_text(text: str, ids: list[int]) -> None:
    assert token_ids(text) == ids


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[int]]:
    """The ids that transformers gives a text, between start and end token."""
    from transformers import CLIPTokenizer

    folder = tmp_path_factory.mktemp("clip")
    merges = _merges()
    (folder / "vocab.json").write_text(json.dumps(vocabulary(merges)), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *map(" ".join, merges)]), encoding="utf-8")
    tokenizer = CLIPTokenizer.from_pretrained(folder)

    def ids(text: str) -> list[int]:
        start, *between, end = tokenizer(text)["input_ids"]
        assert (start, end) == (START, END)
        return list(between)

    return ids


@settings(max_examples=400)
@given(TEXTS)
def test_ids_are_those_of_transformers(theirs: Callable[[str], list[int]], text: str) -> None:
    assert token_ids(text) == theirs(text)


def test_neither_importing_nor_using_it_loads_transformers_or_torch() -> None:
    code = "from nodebook.models.text import tokenizer as t; t.token_ids('a'); import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "tokenizers" in loaded
    assert {"transformers", "diffusers", "torch"} & set(loaded) == set()
