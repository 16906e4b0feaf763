from __future__ import annotations

import enum
import math
import re
import subprocess
import sys
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.engine import fingerprint as module
from nodebook.engine.fingerprint import DIGEST_BYTES, encode, fingerprint, register_encoder
from nodebook.errors import FingerprintError, NodebookError

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def canonical(value: Any) -> Any:
    """An independent form that is equal exactly where a node cannot tell values apart."""
    kind = type(value).__name__
    if isinstance(value, float):
        return kind, "nan" if math.isnan(value) else value.hex()
    if isinstance(value, complex):
        return kind, canonical(value.real), canonical(value.imag)
    if isinstance(value, (list, tuple)):
        return (kind, *(canonical(item) for item in value))
    if isinstance(value, dict):
        return kind, frozenset((canonical(key), canonical(item)) for key, item in value.items())
    return kind, value


class Shade(enum.Enum):
    DARK = 1
    LIGHT = 2


class Other(enum.Enum):
    DARK = 1


class Loud(int):
    def __add__(self, _other: int) -> int:
        return 0


class Pair(NamedTuple):
    a: int
    b: int


@given(VALUES)
def test_the_same_value_has_the_same_fingerprint_each_time(value: Any) -> None:
    assert fingerprint(value) == fingerprint(value)
    assert len(fingerprint(value)) == DIGEST_BYTES


@given(VALUES, VALUES)
def test_two_values_share_a_fingerprint_exactly_when_nothing_tells_them_apart(one: Any, other: Any) -> None:
    assert (encode(one) == encode(other)) == (canonical(one) == canonical(other))


@given(st.dictionaries(st.text(max_size=3) | st.integers(), st.integers(), max_size=6), st.randoms())
def test_the_order_of_a_dict_does_not_count(value: dict[Any, int], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert encode(dict(items)) == encode(value)


@given(st.frozensets(st.integers() | st.text(max_size=3), max_size=6))
def test_the_order_of_a_set_does_not_count(value: frozenset[Any]) -> None:
    backwards = list(value)[::-1]
    assert encode(set(backwards)) == encode(value)


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_text_in_a_list_cannot_imitate_its_borders(one: list[str], other: list[str]) -> None:
    assert (encode(one) == encode(other)) == (one == other)


DIFFERENT = {
    "whole, float, truth and text": (1, 1.0, True, "1", b"1", 1 + 0j, [1], (1,), {1}, {1: 1}),
    "nothing at all": (None, 0, 0.0, False, "", b"", [], (), {}, set()),
    "signed zero": (0.0, -0.0),
    "not a number is no other number": (math.nan, math.inf, -math.inf),
    "nesting": ([[1], 2], [1, [2]], [[1, 2]], [1, 2], [[1], [2]], (1, 2), [(1,), 2]),
    "joined text": (["ab", "c"], ["a", "bc"], ["abc"], "abc", ["a", "b", "c"]),
    "text that looks like an encoding": ("s1:a", "a", ["s1:a"], b"s1:a"),
    "key and value": ({"a": "b"}, {"b": "a"}, {"a": "b", "b": "a"}, ["a", "b"]),
    "great whole numbers": (2**63, 2**64, -(2**63), float(2**63)),
    "members of an enum": (Shade.DARK, Shade.LIGHT, Other.DARK, 1, "DARK"),
    "a path and its text": (PurePosixPath("a/b"), "a/b"),
    "numbers of more digits than Python writes": (10**5000, 10**5000 + 1, -(10**5000)),
    "patterns": (re.compile("a"), re.compile("b"), re.compile("a", re.IGNORECASE), re.compile(b"a"), "a"),
    "decimals and fractions": (Decimal(1), Decimal("1.0"), Fraction(1), Fraction(1, 2), 1, "1"),
    "days and moments": (
        date(2026, 1, 1),
        datetime(2026, 1, 1),  # noqa: DTZ001 -- naive ones exist
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 1, 1, fold=1),  # noqa: DTZ001 -- naive ones exist
        time(1),
        timedelta(1),
    ),
    "ranges, slices and three dots": (range(3), range(4), slice(3), slice(0, 3), ..., NotImplemented, [0, 1, 2]),
    "bytes that can change": (b"a", bytearray(b"a")),
    "a read-only view of a dict": ({"a": 1}, MappingProxyType({"a": 1})),
}


@pytest.mark.parametrize("values", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_values_that_a_node_can_tell_apart_differ(values: tuple[Any, ...]) -> None:
    assert len({encode(value) for value in values}) == len(values)


EQUAL = {
    "every not-a-number": (math.nan, float("-nan"), float("nan")),
    "mappings in any order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "sets and frozen sets": ({1, 2}, frozenset({2, 1})),
    "a path of this system and a pure one": (Path("a/b"), PurePosixPath("a/b")),
}


@pytest.mark.parametrize("values", EQUAL.values(), ids=EQUAL.keys())
def test_values_that_a_node_cannot_tell_apart_are_equal(values: tuple[Any, ...]) -> None:
    assert len({encode(value) for value in values}) == 1


UNKNOWN = {
    "an object": object(),
    "a function": test_values_that_a_node_cannot_tell_apart_are_equal,
    "a subclass of dict": OrderedDict(a=1),
    "a named tuple": Pair(1, 2),
    "a subclass of int": Loud(1),
    "an enum of something unknown": enum.Enum("Odd", {"A": object()}).A,  # type: ignore[attr-defined]  # made here
    "inside a list": [1, object()],
    "inside a dict": {"a": object()},
}


@pytest.mark.parametrize("value", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_type_raises_with_advice(value: Any) -> None:
    with pytest.raises(FingerprintError, match=r"has no fingerprint.*register_encoder.*cache=False") as caught:
        fingerprint(value)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, NodebookError)


def test_a_registered_type_has_a_fingerprint_that_no_other_type_imitates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ENCODERS", dict(module._ENCODERS))
    register_encoder(Pair, lambda pair: encode([pair.a, pair.b]))
    assert encode(Pair(1, 2)) != encode(Pair(2, 1))
    assert encode(Pair(1, 2)) not in (encode([1, 2]), encode((1, 2)), encode(encode([1, 2])))


def test_a_family_is_encoded_with_its_subclasses_and_keeps_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FAMILIES", {})
    register_encoder(OrderedDict, lambda value: encode(list(value.items())), with_subclasses=True)

    class Own(OrderedDict[str, int]):
        pass

    assert encode(OrderedDict(a=1)) == encode(OrderedDict(a=1))
    assert len({encode(each) for each in (OrderedDict(a=1), OrderedDict(a=2), Own(a=1), Own(a=2), {"a": 1})}) == 5


def test_half_a_surrogate_pair_and_strange_file_names_have_fingerprints() -> None:
    assert encode("\ud800") != encode("\ud801")
    assert encode(PurePosixPath("\udcff.png")) != encode(PurePosixPath("\udcfe.png"))


def test_fingerprints_are_the_same_in_every_process() -> None:
    program = (
        "from nodebook.engine.fingerprint import fingerprint as f;"
        "print(f({'b': {1, 'x', 2.5, 'y'}, 'a': [None, True, {'k': b'v', 'l': ()}]}).hex())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(module.__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(seen) == 1
    assert len(seen.pop().strip()) == 2 * DIGEST_BYTES


def test_the_encoding_is_the_one_that_kept_results_are_filed_under() -> None:
    # Golden: when this must change, FORMAT must change with it, or old results would be taken for new ones.
    assert module.FORMAT == b"nodebook-fingerprint-1"
    value: Any = {"a": [1, 1.5, True, None, "ä", b"\0"], "b": (frozenset({2}), {})}
    assert fingerprint(value).hex() == "0651499ec8444d6033d3437aabe6621a"
