from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.engine.cache import ENTRY_BYTES, Entry, MemoryCache
from nodebook.engine.memory import available_bytes, container_bytes, total_bytes
from nodebook.engine.policies import (
    GIB,
    Policy,
    Weighed,
    least_worth,
    missing_bytes,
    not_in,
    oldest_and_largest,
    oldest_generations,
    parse_policy,
)
from nodebook.errors import CachePolicyError

KEYS = [b"%d" % number for number in range(10)]

weighed = st.lists(
    st.builds(
        Weighed,
        key=st.sampled_from(KEYS),
        size_bytes=st.integers(1, 1000),
        seconds=st.floats(0, 100),
        generation=st.integers(0, 5),
    ),
    unique_by=lambda each: each.key,
)


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("bytes", Policy()),
        ("classic", Policy("classic")),
        ("none", Policy("none")),
        ("lru:100", Policy("lru", count=100)),
        ("lru:0", Policy("classic")),
        ("ram:2.5", Policy("ram", ram_bytes=int(2.5 * GIB))),
        ("ram", Policy("ram", ram_bytes=4 * GIB)),
    ],
)
def test_policies_are_named_by_text(text: str, policy: Policy) -> None:
    assert parse_policy(text) == policy
    assert parse_policy(str(policy)) == policy


@pytest.mark.parametrize(
    "text", ["", "lru", "lru:-1", "lru:x", "ram:", "ram:-4", "bytes:3", "all", "ram:1e9", "lru:1 "]
)
def test_other_texts_are_refused_with_the_choice(text: str) -> None:
    if text == "lru:1 ":
        assert parse_policy(text) == Policy("lru", count=1)
        return
    with pytest.raises(CachePolicyError, match="'bytes', 'classic', 'lru:N', 'ram:GB' or 'none'"):
        parse_policy(text)


@given(weighed, st.integers(-10, 5000))
def test_just_enough_goes_and_the_least_worth_first(entries: list[Weighed], wanted: int) -> None:
    gone = least_worth(entries, wanted)
    by_key = {each.key: each for each in entries}
    freed = [by_key[key].size_bytes for key in gone]
    assert sum(freed) >= wanted or len(gone) == len(entries)
    assert not freed or sum(freed[:-1]) < wanted
    worth = {each.key: each.seconds / each.size_bytes for each in entries}
    assert not gone or max(worth[key] for key in gone) <= min(
        (worth[key] for key in worth if key not in gone), default=float("inf")
    )


@given(weighed, st.integers(-10, 5000))
def test_under_pressure_age_counts_more_than_size(entries: list[Weighed], wanted: int) -> None:
    gone = oldest_and_largest(entries, wanted, 5)
    score = {each.key: 1.3 ** (5 - each.generation) * each.size_bytes for each in entries}
    assert [score[key] for key in gone] == sorted(score.values(), reverse=True)[: len(gone)]


@given(weighed, st.integers(0, 10), st.sets(st.sampled_from(KEYS)))
def test_whole_generations_go_oldest_first_and_never_the_graphs_own(
    entries: list[Weighed], count: int, keys: set[bytes]
) -> None:
    gone = set(oldest_generations(entries, count, keys))
    assert gone.isdisjoint(keys)
    left = [each for each in entries if each.key not in gone]
    assert len(left) <= count or all(each.key in keys for each in left)
    youngest_gone = max((each.generation for each in entries if each.key in gone), default=-1)
    assert all(each.generation > youngest_gone or each.key in keys for each in left)
    assert len(entries) > count or not gone


@given(weighed, st.sets(st.sampled_from(KEYS)))
def test_classic_drops_what_the_graph_does_not_hold(entries: list[Weighed], keys: set[bytes]) -> None:
    assert set(not_in(entries, keys)) == {each.key for each in entries} - keys


def test_how_much_must_be_given_back() -> None:
    ram = Policy("ram", ram_bytes=1000)
    assert missing_bytes(ram, 1000, 0) == 0
    assert missing_bytes(ram, 999, 0) == 101
    assert missing_bytes(Policy(), 999, 1000) == 101
    assert missing_bytes(Policy(), 999, 0) == 0


def filled(policy: str, numbers: range = range(10), **settings: object) -> MemoryCache:
    cache = MemoryCache(10**9, policy=policy, **settings)  # type: ignore[arg-type]  # what the test names
    for number in numbers:
        cache.begin_run(lambda: KEYS)
        cache.put(KEYS[number], Entry((number,), value_bytes=1000 - ENTRY_BYTES, seconds=1.0))
    return cache


def left(cache: MemoryCache) -> list[int]:
    return sorted(int(each.key) for each in cache.seen())


def test_classic_keeps_only_the_graph_that_runs() -> None:
    cache = filled("classic")
    cache.begin_run(lambda: [KEYS[3], KEYS[5]])
    assert left(cache) == [3, 5]


def test_lru_keeps_the_last_generations_and_the_graph_that_runs() -> None:
    cache = filled("lru:4")
    assert left(cache) == list(range(10))
    cache.get(KEYS[2])
    cache.begin_run(lambda: [KEYS[0]])
    assert left(cache) == [0, 2, 8, 9]


def test_only_policies_that_need_the_keys_ask_for_them() -> None:
    def fail() -> list[bytes]:
        pytest.fail("asked for the keys of the whole graph")

    for policy in ("bytes", "ram:4", "none", "lru:100"):
        cache = MemoryCache(10**6, policy=policy)
        cache.put(b"a", Entry((1,)))
        cache.begin_run(fail)


def test_none_keeps_nothing() -> None:
    cache = filled("none")
    assert left(cache) == []
    cache = filled("bytes")
    cache.policy = "none"
    assert left(cache) == []


def test_other_policies_know_no_limit_and_bytes_brings_it_back() -> None:
    cache = MemoryCache(3000, policy="classic")
    for number in range(10):
        cache.put(KEYS[number], Entry((number,), value_bytes=1000 - ENTRY_BYTES))
    assert cache.info().held_bytes == 10_000
    cache.policy = "bytes"
    assert cache.info().held_bytes == 3000


class Machine:
    """A machine whose memory the cache's results take."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.cache: MemoryCache | None = None
        self.asked = 0

    def available(self) -> int:
        self.asked += 1
        return self.total - (self.cache.info().held_bytes if self.cache else 0)


@pytest.mark.parametrize("policy", ["bytes", "classic", "lru:100", f"ram:{2000 / GIB:.12f}"[:14]])
def test_results_go_before_the_machine_runs_out(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodebook.engine.cache._PRESSURE_S", -1.0)
    machine = Machine(6000)
    cache = MemoryCache(10**9, policy="bytes", available=machine.available, reserve_bytes=2000)
    cache._policy = Policy("ram", ram_bytes=2000) if policy.startswith("ram") else parse_policy(policy)
    machine.cache = cache
    for number in range(10):
        cache.begin_run(lambda: KEYS)
        cache.put(KEYS[number], Entry((number,), value_bytes=1000 - ENTRY_BYTES, seconds=float(number)))
        assert machine.available() >= 2000
    assert left(cache)[-1] == 9
    assert len(left(cache)) >= 3


def test_memory_is_asked_for_seldom() -> None:
    machine = Machine(10**9)
    cache = MemoryCache(10**6, available=machine.available, reserve_bytes=1)
    for number in range(1000):
        cache.put(b"%d" % number, Entry((1,)))
    assert machine.asked < 50


def test_reclaim_gives_back_what_was_asked_for_or_all() -> None:
    cache = filled("bytes")
    assert cache.reclaim(2500) == 3000
    assert cache.reclaim() == 7000
    assert cache.reclaim(1) == 0


@pytest.mark.parametrize("policy", ["bytes", "classic", "lru:1", "ram:4"])
def test_what_is_pinned_stays_until_it_is_forgotten(policy: str) -> None:
    cache = filled(policy)
    cache.pin(KEYS[4])
    cache.pin(b"later")
    cache.put(b"later", Entry((1,)))
    cache.reclaim()
    cache.begin_run(list)
    cache.resize(0)
    assert {each.key for each in cache.seen()} == {KEYS[4], b"later"}
    assert all(each.is_pinned for each in cache.seen())
    cache.unpin(KEYS[4])
    cache.reclaim()
    assert {each.key for each in cache.seen()} == {b"later"}
    cache.clear()
    assert cache.seen() == []


def test_what_the_machine_says() -> None:
    assert 0 < available_bytes() <= total_bytes()


def test_a_container_has_less_than_its_machine(tmp_path: Path) -> None:
    assert container_bytes(tmp_path) is None
    (tmp_path / "memory.max").write_text("max\n")
    assert container_bytes(tmp_path) is None
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 200\nactive_file 7\n")
    assert container_bytes(tmp_path) == 500
