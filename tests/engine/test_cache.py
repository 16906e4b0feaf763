from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from nodebook.engine.cache import ENTRY_BYTES, Entry, MemoryCache, ResultCache

KEYS = [b"k%d" % number for number in range(12)]


def entry(key: bytes, value_bytes: int = 0, seconds: float = 0.0) -> Entry:
    return Entry((key,), value_bytes=value_bytes, seconds=seconds)


IMPLEMENTATIONS: dict[str, Callable[[], ResultCache]] = {
    "bytes": lambda: MemoryCache(1_000_000),
    "classic": lambda: MemoryCache(0, policy="classic"),
    "lru": lambda: MemoryCache(0, policy="lru:100"),
    "ram": lambda: MemoryCache(0, policy="ram:1", available=lambda: 1 << 40),
}
"""The tiered cache has tests of its own in tests/api/test_lasting_cache.py: the engine knows no disk."""


@pytest.fixture(params=IMPLEMENTATIONS.values(), ids=list(IMPLEMENTATIONS))
def cache(request: pytest.FixtureRequest) -> ResultCache:
    made: ResultCache = request.param()
    return made


def test_what_was_put_is_found_by_its_key_only(cache: ResultCache) -> None:
    cache.put(b"a", entry(b"a"))
    found = cache.get(b"a")
    assert found is not None
    assert found.outputs == (b"a",)
    assert cache.get(b"b") is None


def test_the_last_entry_of_a_key_counts(cache: ResultCache) -> None:
    cache.put(b"a", Entry((1,)))
    cache.put(b"a", Entry((2,)))
    assert cache.get(b"a") == Entry((2,))


def test_discard_forgets_one_key_and_twice_is_once(cache: ResultCache) -> None:
    cache.put(b"a", entry(b"a"))
    cache.put(b"b", entry(b"b"))
    cache.discard(b"a")
    cache.discard(b"a")
    assert cache.get(b"a") is None
    assert cache.get(b"b") is not None


def test_clear_forgets_all(cache: ResultCache) -> None:
    cache.put(b"a", entry(b"a"))
    cache.clear()
    assert cache.get(b"a") is None


class AnySequence(RuleBasedStateMachine):
    """Whatever is done to a memory cache, it stays within its bound and never mixes up keys."""

    def __init__(self) -> None:
        super().__init__()
        self.limit = 10_000
        self.cache = MemoryCache(self.limit)

    @rule(key=st.sampled_from(KEYS), size=st.integers(0, 12_000), seconds=st.floats(0, 10))
    def put(self, key: bytes, size: int, seconds: float) -> None:
        before = self.cache.get(key)
        self.cache.put(key, entry(key, size, seconds))
        found = self.cache.get(key)
        if size + ENTRY_BYTES > self.limit:
            assert found is None or found is before

    @rule(key=st.sampled_from(KEYS))
    def get(self, key: bytes) -> None:
        found = self.cache.get(key)
        assert found is None or found.outputs == (key,)

    @rule(key=st.sampled_from(KEYS))
    def discard(self, key: bytes) -> None:
        self.cache.discard(key)
        assert self.cache.get(key) is None

    @rule(limit=st.integers(0, 20_000))
    def resize(self, limit: int) -> None:
        self.limit = limit
        self.cache.resize(limit)

    @rule()
    def clear(self) -> None:
        self.cache.clear()
        assert self.cache.info().entries == 0

    @invariant()
    def is_bounded_and_counts_right(self) -> None:
        info = self.cache.info()
        held = [found for key in KEYS if (found := self.cache.get(key)) is not None]
        assert info.limit_bytes == self.limit
        assert info.held_bytes <= self.limit
        assert info.held_bytes == sum(found.value_bytes + ENTRY_BYTES for found in held)
        assert info.entries == len(held)


TestAnySequence = AnySequence.TestCase


def room_for(*entries: Entry) -> int:
    return sum(each.value_bytes + ENTRY_BYTES for each in entries)


def test_what_is_cheap_to_make_again_per_byte_goes_first() -> None:
    dear, large, cheap = entry(b"dear", 1000, 9.0), entry(b"large", 3000, 9.0), entry(b"cheap", 1000, 1.0)
    cache = MemoryCache(room_for(dear, large, cheap))
    for each in (cheap, large, dear):
        cache.put(each.outputs[0], each)
    cache.put(b"new", entry(b"new", 100, 5.0))
    assert [key for key in (b"dear", b"large", b"cheap", b"new") if cache.get(key)] == [b"dear", b"large", b"new"]
    cache.put(b"newer", entry(b"newer", 1000, 9.0))
    assert [key for key in (b"dear", b"large", b"new", b"newer") if cache.get(key)] == [b"dear", b"new", b"newer"]


def test_only_the_sixteen_least_recently_used_compete() -> None:
    entries = [entry(b"%d" % number, 100, 5.0) for number in range(20)]
    cache = MemoryCache(room_for(*entries))
    for each in entries:
        cache.put(each.outputs[0], each)
    cache.put(b"19", entry(b"19", 100, 0.0))  # the cheapest, but used last
    cache.put(b"new", entry(b"new", 100, 9.0))
    assert cache.get(b"19") is not None
    assert cache.get(b"0") is None


def test_use_keeps_an_entry() -> None:
    entries = [entry(b"%d" % number, 100, 1.0) for number in range(17)]
    cache = MemoryCache(room_for(*entries))
    for each in entries:
        cache.put(each.outputs[0], each)
    assert cache.get(b"0") is not None
    cache.put(b"new", entry(b"new", 100, 1.0))
    assert cache.get(b"0") is not None
    assert cache.get(b"1") is None


def test_an_entry_larger_than_the_bound_is_not_kept_and_drives_nothing_out() -> None:
    cache = MemoryCache(10_000)
    cache.put(b"a", entry(b"a", 100))
    cache.put(b"b", entry(b"b", 20_000))
    assert cache.get(b"b") is None
    assert cache.get(b"a") is not None


def test_an_entry_too_large_for_its_key_leaves_no_old_entry_behind() -> None:
    cache = MemoryCache(10_000)
    cache.put(b"a", entry(b"a", 100))
    cache.put(b"a", entry(b"a", 20_000))
    assert cache.get(b"a") is None
    assert cache.info().held_bytes == 0


def test_a_cache_of_no_bytes_keeps_nothing() -> None:
    cache = MemoryCache(0)
    cache.put(b"a", entry(b"a"))
    assert cache.info().entries == 0


@given(st.lists(st.integers(0, 3000), max_size=30))
def test_an_entry_that_fits_is_kept_when_everything_else_is_cheaper(sizes: list[int]) -> None:
    cache = MemoryCache(8_000)
    for number, size in enumerate(sizes):
        cache.put(b"%d" % number, entry(b"%d" % number, size, 0.0))
    cache.put(b"dear", entry(b"dear", 3000, 100.0))
    assert cache.get(b"dear") is not None


def test_it_says_how_full_it_is() -> None:
    cache = MemoryCache(2 * 1024 * 1024)
    cache.put(b"a", entry(b"a", 1024 * 1024 - ENTRY_BYTES))
    assert repr(cache) == "<memory cache: 1 results, 1.0 of 2 MiB>"


def test_many_threads_never_get_another_keys_entry_nor_break_the_bound() -> None:
    cache = MemoryCache(30 * ENTRY_BYTES)
    wrong: list[object] = []
    start = threading.Barrier(4)

    def hammer(seed: int) -> None:
        start.wait()
        for step in range(3000):
            key = b"%d" % ((step * 7 + seed * 13) % 60)
            match (step + seed) % 5:
                case 0 | 1:
                    cache.put(key, entry(key, step % 200, step % 7))
                case 2 | 3:
                    found = cache.get(key)
                    if found is not None and found.outputs != (key,):
                        wrong.append((key, found))
                case _:
                    cache.discard(key)
            if cache.info().held_bytes > 30 * ENTRY_BYTES:
                wrong.append(cache.info())

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    cache.clear()
    assert cache.info().held_bytes == 0
