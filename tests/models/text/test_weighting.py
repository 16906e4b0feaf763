from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.models.text.weighting import EmbeddingName, Weighted, split_embeddings, weighted_segments

PROMPTS = st.text(st.sampled_from("ab ():\\.1,embedding\n"), max_size=40)

PLAIN = st.text(st.characters(exclude_characters="()\\"), max_size=20)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", []),
        ("a cat", [("a cat", 1.0)]),
        ("(a:1.5)", [("a", 1.5)]),
        ("(a)", [("a", 1.1)]),
        ("((c))", [("c", 1.1 * 1.1)]),
        ("()", []),
        ("(e (f:.5) g:2)", [("e ", 2.0), ("f", 0.5), (" g", 2.0)]),
        ("(a (b):2)", [("a ", 2.0), ("b", 2.0 * 1.1)]),
        ("(x:)", [("x:", 1.1)]),
        ("(:1.2)", [(":1.2", 1.1)]),
        ("(a:b:1.2)", [("a:b", 1.2)]),
        ("(a:1.2:b)", [("a:1.2:b", 1.1)]),
        ("(a: -1e-1 )", [("a", -0.1)]),
        ("(a:0)", [("a", 0.0)]),
        ("[a] {b} BREAK", [("[a] {b} BREAK", 1.0)]),
        (r"\(a\) \\ \b", [(r"(a) \\ \b", 1.0)]),
        (r"(a\):2)", [("a)", 2.0)]),
        ("a (b c", [("a ", 1.0), ("(b c", 1.0)]),
        ("(a) (b (c:3)", [("a", 1.1), (" ", 1.0), ("(b (c:3)", 1.0)]),
        ("a) (b) c", [("a) (b) c", 1.0)]),
        ("a) (b (c)", [("a) (b ", 1.0), ("c", 1.1)]),
        ("(a:inf)", [("a", float("inf"))]),
    ],
)
def test_weights_of_a_prompt(prompt: str, expected: list[tuple[str, float]]) -> None:
    assert weighted_segments(prompt) == [Weighted(*each) for each in expected]


@given(PLAIN, st.floats(0, 10), st.floats(-10, 10))
def test_a_groups_number_is_its_weight_however_deep_it_lies(text: str, inner: float, outer: float) -> None:
    (segment, _space, last) = weighted_segments(f"((x{text}:{inner!r}) (y):{outer!r})")
    assert segment == Weighted(f"x{text}", inner)
    assert last == Weighted("y", outer * 1.1)


@given(PLAIN, st.integers(1, 6))
def test_each_pair_of_parentheses_multiplies(text: str, depth: int) -> None:
    weight = 1.0
    for _ in range(depth):
        weight *= 1.1
    assert weighted_segments("(" * depth + f"x{text}" + ":" + ")" * depth) == [Weighted(f"x{text}:", weight)]


@given(st.text(max_size=40))
def test_escaped_text_is_one_stretch(text: str) -> None:
    text = text.replace("\\", "/")
    escaped = text.replace("(", r"\(").replace(")", r"\)")
    assert weighted_segments(escaped) == ([Weighted(text, 1.0)] if text else [])


@given(st.text(st.sampled_from("ab ()\\\n"), max_size=40))
def test_where_no_colon_is_all_words_are_kept(prompt: str) -> None:
    kept = "".join(segment.text for segment in weighted_segments(prompt))
    assert [each for each in kept if each in "ab \n"] == [each for each in prompt if each in "ab \n"]


@given(PROMPTS)
def test_segments_are_never_empty(prompt: str) -> None:
    assert all(segment.text for segment in weighted_segments(prompt))


@pytest.mark.parametrize("prompt", ["(" * 50_000 + "a:1" + ")" * 50_000, "(a:" * 30_000 + "1)" * 30_000, "(" * 100_000])
def test_deep_nesting_takes_little_time(prompt: str) -> None:
    start = time.perf_counter()
    assert weighted_segments(prompt)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("a cat", ["a cat"]),
        ("embedding:x", [EmbeddingName("x", "")]),
        ("with embedding:x, and more", ["with", EmbeddingName("x,", "and more")]),
        ("a\nembedding:x embedding:sub/y.pt\nz", ["a", EmbeddingName("x", ""), EmbeddingName("sub/y.pt", "z")]),
        ("(embedding:x", ["(embedding:x"]),
        (" embedding:x", [EmbeddingName("x", "")]),
        ("embedding: x", [EmbeddingName("", "x")]),
    ],
)
def test_embeddings_of_a_segment(text: str, pieces: list[str | EmbeddingName]) -> None:
    assert list(split_embeddings(text)) == pieces
