from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nodebook.models.text.chunks import SPLITTABLE_TOKENS, Token, empty_chunk, pack
from nodebook.models.text.tokenizer import END, START

LENGTHS = st.lists(st.integers(0, 100), max_size=12)


def group(length: int, word: int) -> list[Token]:
    return [Token(1000 * word + number, 1 + word / 10, word) for number in range(length)]


def groups(lengths: list[int]) -> list[list[Token]]:
    return [group(length, word) for word, length in enumerate(lengths, start=1)]


def values(chunk: list[Token]) -> list[object]:
    return [token.value for token in chunk]


@given(LENGTHS, st.sampled_from([77, 20, 248]))
def test_all_tokens_survive_in_order(lengths: list[int], length: int) -> None:
    given_groups = groups(lengths)
    chunks = pack(given_groups, pad=0, length=length)
    assert all(len(chunk) == length for chunk in chunks)
    kept = [token for chunk in chunks for token in chunk if token.word]
    assert kept == [token for each in given_groups for token in each]


@given(LENGTHS)
def test_a_chunk_is_start_tokens_end_padding(lengths: list[int]) -> None:
    for chunk in pack(groups(lengths), pad=0):
        inside = [token for token in chunk if token.word]
        padding = 77 - 2 - len(inside)
        assert chunk[0].value == START
        assert chunk[1 : 1 + len(inside)] == inside
        assert values(chunk[1 + len(inside) :]) == [END, *[0] * padding]
        assert all(token.weight == 1.0 for token in chunk if not token.word)


@given(LENGTHS)
def test_a_short_group_stays_whole_and_a_long_one_leaves_no_room(lengths: list[int]) -> None:
    chunks = pack(groups(lengths), pad=0)
    for word, length in enumerate(lengths, start=1):
        holding = [index for index, chunk in enumerate(chunks) if any(token.word == word for token in chunk)]
        if length < SPLITTABLE_TOKENS:
            assert len(holding) <= 1
        for index in holding[:-1]:
            assert chunks[index][-2].word == word


def test_a_short_group_that_does_not_fit_opens_a_chunk() -> None:
    first, second = pack(groups([70, 6]), pad=END)
    assert values(first[70:]) == [1069, *[END] * 6]
    assert values(second[:8]) == [START, *range(2000, 2006), END]


def test_a_long_group_fills_the_chunk_and_goes_on() -> None:
    first, second = pack(groups([70, 8]), pad=END)
    assert values(first[71:]) == [*range(2000, 2005), END]
    assert values(second[:5]) == [START, *range(2005, 2008), END]


def test_what_fills_a_chunk_exactly_needs_no_second() -> None:
    assert len(pack(groups([70, 5]), pad=0)) == 1


def test_the_chunk_of_an_empty_prompt() -> None:
    assert values(empty_chunk(pad=0)) == [START, END, *[0] * 75]
    assert [values(chunk) for chunk in pack([[]], pad=END)] == [[START, *[END] * 76]]
