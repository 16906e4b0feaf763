"""Words for people: titles from names, and texts that are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.engine.words import clipped


@pytest.mark.parametrize(("text", "shown"), [("", ""), ("abcd", "abcd"), ("abcde", "abc…")])
def test_a_long_text_is_cut_and_says_so(text: str, shown: str) -> None:
    assert clipped(text, 4) == shown


@given(st.text(), st.integers(1, 40))
def test_a_text_is_never_longer_than_asked(text: str, most: int) -> None:
    shown = clipped(text, most)
    assert len(shown) <= most
    assert shown == text or text.startswith(shown.removesuffix("…"))
