"""Results that outlive the kernel, as a notebook sees them."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nodebook as nb
from nodebook.assets.disk import INDEX_NAME
from nodebook.cachewriter import PENDING_BYTES
from nodebook.caching import TieredCache
from nodebook.disktier import FOLDER_VARIABLE, DiskTier, is_worth_storing, user_cache_folder
from nodebook.engine.cache import Entry, MemoryCache, ResultCache
from nodebook.engine.items import Block, Items
from nodebook.engine.valueops import ValueRegistry
from nodebook.errors import CachePolicyError
from nodebook.nodes import register_codecs, register_values
from nodebook.sessions import Session, use_session
from nodebook.tables import bytes_text

ROOT = Path(__file__).resolve().parent.parent.parent
KEY, OTHER = bytes(16), b"\1" * 16
SCRIPT = """
import time
import nodebook as nb

@nb.node
def slow(a: float = 1.0) -> nb.Image:
    import torch
    time.sleep(0.02)
    return torch.full((1, 64, 64, 3), a)

g = nb.Graph()
source = g.add("slow", a=0.25)
shown = g.add("PreviewImage", images=g.add("slow", a=0.5))
g.add("PreviewImage", images=source)
run = g.run().check()
print(len(run.executed), shown.images[0].getpixel((0, 0)), float(source.outputs[0][0, 0, 0, 0]))
"""


def registry() -> ValueRegistry:
    values = ValueRegistry()
    register_values(values)
    return values


def new_tier(folder: Path) -> DiskTier:
    tier = DiskTier(folder, registry())
    tier.teach.append(register_codecs)
    tier.min_seconds = 0.0
    return tier


@pytest.fixture
def tier(tmp_path: Path) -> Iterator[DiskTier]:
    tier = new_tier(tmp_path / "cache")
    yield tier
    tier.close()


@pytest.fixture
def cache(tier: DiskTier) -> TieredCache:
    return TieredCache(MemoryCache(10_000_000), tier)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Session]]:
    """Start a kernel on the test's folders; each call ends the one before it."""
    begun: list[tuple[Session, Callable[[], None]]] = []

    def end() -> None:
        while begun:
            session, restore = begun.pop()
            session.close()
            restore()

    def begin() -> Session:
        end()
        session = Session(tmp_path, cache_folder=tmp_path / "cache")
        assert session.cache.disk is not None
        session.cache.disk.min_seconds = 0.0
        begun.append((session, use_session(session)))
        return session

    yield begin
    end()


def entry(value: Any, seconds: float = 1.0, **payload: Any) -> Entry:
    return Entry((value,), payload, 100, seconds, registry().versions((value,)))


def put_and_flush(cache: ResultCache, tier: DiskTier, key: bytes, made: Entry) -> None:
    cache.put(key, made)
    assert tier.flush(30)


# The protocol


@pytest.mark.parametrize("between", ["at once", "written", "not in memory"])
def test_it_is_a_result_cache(cache: TieredCache, tier: DiskTier, between: str) -> None:
    def settle() -> None:
        if between != "at once":
            assert tier.flush(30)
        if between == "not in memory":
            cache.memory.clear()

    cache.put(KEY, entry("a"))
    settle()
    found = cache.get(KEY)
    assert found is not None
    assert found.outputs == ("a",)
    assert cache.get(OTHER) is None
    cache.put(KEY, entry("b"))
    cache.put(OTHER, entry("c"))
    settle()
    assert {key: each.outputs for key, each in cache.get_many([KEY, OTHER, b"x"]).items()} == {
        KEY: ("b",),
        OTHER: ("c",),
    }
    cache.discard(KEY)
    cache.discard(KEY)
    assert cache.get(KEY) is None
    settle()
    assert cache.get(KEY) is None
    assert cache.get(OTHER) is not None
    cache.clear()
    assert cache.get(OTHER) is None
    settle()
    assert cache.get(OTHER) is None


def test_what_comes_from_disk_is_as_if_just_made(cache: TieredCache, tier: DiskTier) -> None:
    array, tensor = np.arange(4.0), torch.arange(4.0)
    made = Entry((array, tensor, Items([array, 1]), Block("no")), {"text": ["a"]}, 100, 2.5)
    put_and_flush(cache, tier, KEY, made)
    cache.memory.clear()
    found = cache.get(KEY)
    assert found is not None
    assert cache.memory.get(KEY) is found
    assert not found.outputs[0].flags.writeable
    assert not found.outputs[2][0].flags.writeable
    assert found.versions == registry().versions(found.outputs)
    assert type(found.outputs[2]) is Items
    assert found.outputs[3] == Block("no")
    assert (found.payload, found.value_bytes, found.seconds) == (made.payload, 100, 2.5)


def test_keys_of_this_process_only_are_never_written(cache: TieredCache, tier: DiskTier) -> None:
    put_and_flush(cache, tier, b"volatile" * 3, entry(1))
    assert tier.rows() == []
    assert tier.get(b"volatile" * 3) is None


@pytest.mark.parametrize(
    ("seconds", "value_bytes", "is_worth"),
    [(0.0, 0, False), (0.004, 0, False), (0.006, 0, True), (0.5, 10**9, False), (2.0, 10**9, True)],
)
def test_what_is_quicker_to_make_than_to_read_is_not_written(seconds: float, value_bytes: int, is_worth: bool) -> None:  # noqa: FBT001 -- a table
    assert is_worth_storing(seconds, value_bytes, 0.005) is is_worth
    assert is_worth_storing(seconds, value_bytes, 0.0)


def test_trivial_results_are_not_written_by_default(tmp_path: Path) -> None:
    tier = DiskTier(tmp_path / "cache", registry())
    cache = TieredCache(MemoryCache(10**6), tier)
    put_and_flush(cache, tier, KEY, entry(1, seconds=1e-5))
    assert not (tmp_path / "cache").exists()
    put_and_flush(cache, tier, KEY, entry(1, seconds=1.0))
    assert len(tier.rows()) == 1
    tier.close()


def hold_writer(tier: DiskTier) -> Callable[[], None]:
    """Keep the writer from looking at values, as a busy disk does; returns what lets it go on."""
    lock = tier._lock
    lock.acquire()
    return lock.release


def test_a_value_changed_in_place_before_it_is_written_is_not_written(cache: TieredCache, tier: DiskTier) -> None:
    tensor, text = torch.zeros(10), ["a"]
    release = hold_writer(tier)
    cache.put(KEY, entry(tensor))
    cache.put(OTHER, entry(1, text=text))
    tensor.add_(1)
    text.append("b")
    release()
    assert tier.flush(30)
    assert tier.rows() == []


def test_a_copy_spoilt_in_memory_is_read_again_from_disk(start: Callable[[], Session]) -> None:
    session = start()
    made = Entry((torch.zeros(10),), value_bytes=40, seconds=1.0)
    made = made._replace(versions=session.values.versions(made.outputs))
    session.cache.put(KEY, made)
    session.cache.flush()
    made.outputs[0].add_(1)
    found = session.lookup(KEY)
    assert found is not None
    assert found.outputs[0].tolist() == [0] * 10


def test_what_is_forgotten_while_it_is_written_stays_forgotten(cache: TieredCache, tier: DiskTier) -> None:
    for _ in range(20):
        cache.put(KEY, entry(np.zeros(100_000)))
        cache.discard(KEY)
        assert cache.get(KEY) is None
    assert tier.flush(30)
    tier_again = new_tier(tier.folder)
    assert tier_again.get(KEY) is None
    tier_again.close()


def test_a_slow_disk_makes_no_run_wait_and_bounds_memory(cache: TieredCache, tier: DiskTier) -> None:
    release = hold_writer(tier)
    size = PENDING_BYTES // 3
    for number in range(10):
        cache.put(bytes([number]) * 16, Entry((number,), value_bytes=size, seconds=1.0))
    assert tier.late >= 6
    assert not tier.flush(0.01)
    release()
    assert tier.flush(30)
    assert 1 <= len(tier.rows()) <= 4


def test_giving_memory_back_drops_what_waits_to_be_written(cache: TieredCache, tier: DiskTier) -> None:
    release = hold_writer(tier)
    cache.put(KEY, Entry((1,), value_bytes=1000, seconds=1.0))
    cache.memory.clear()
    assert cache.reclaim() == 1000
    release()
    assert tier.flush(30)
    assert tier.rows() == []


def test_no_value_is_kept_alive_by_the_writer(cache: TieredCache, tier: DiskTier) -> None:
    import gc
    import weakref

    tensor = torch.zeros(10)
    seen = weakref.ref(tensor)
    put_and_flush(cache, tier, KEY, entry(tensor))
    cache.memory.clear()
    del tensor
    gc.collect()
    assert seen() is None


# Restarts


def kernel(folder: Path) -> str:
    environment = {**os.environ, FOLDER_VARIABLE: str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environment)
    return done.stdout.strip()


def test_a_new_kernel_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    assert kernel(tmp_path) == "4 (127, 127, 127) 0.25"
    assert kernel(tmp_path) == "2 (127, 127, 127) 0.25"  # only the previews, which show something again


def build() -> nb.Graph:
    graph = nb.Graph()
    picture = graph.add("EmptyImage", width=8, height=8, color=255)
    graph.add("PreviewImage", images=graph.add("ImageInvert", image=picture))
    return graph


def test_nothing_runs_again_after_a_restart(start: Callable[[], Session]) -> None:
    start()
    first = build().run().check()
    assert len(first.executed) == 3
    session = start()
    graph = build()
    run = graph.run().check()
    assert run.executed == ("3",)  # the preview, which shows something again
    assert graph["Preview Image"].images[0].size == (8, 8)
    assert session.cache.lookups.disk == 1  # only what is wanted is read


def test_a_new_kernel_saves_again_what_it_is_asked_to_save(start: Callable[[], Session]) -> None:
    saved: list[int] = []
    for _ in range(2):
        session = start()
        graph = build()
        graph.add("SaveImage", images=graph["2"])
        assert len(graph.run("4").executed) == (1 if saved else 3)
        saved.append(len(list(session.folders.output.iterdir())))
        assert graph.run("4").executed == ()
    assert saved == [1, 2]


def test_a_result_that_was_damaged_on_disk_is_made_again(
    start: Callable[[], Session], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start()
    build().run().check()
    session = start()
    session.close()
    import sqlite3

    with sqlite3.connect(tmp_path / "cache" / INDEX_NAME) as connection:
        connection.execute("UPDATE results SET inline = x'00'")
    connection.close()
    session = start()
    with caplog.at_level(logging.WARNING):
        assert len(build().run().check().executed) == 3
    assert "made again" in caplog.text
    assert "made again" in repr(session.cache)


def test_a_folder_of_a_newer_nodebook_turns_the_tier_off_with_a_notice(
    start: Callable[[], Session], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import sqlite3

    start()
    build().run().check()
    start().close()
    with sqlite3.connect(tmp_path / "cache" / INDEX_NAME) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    session = start()
    with caplog.at_level(logging.WARNING):
        assert len(build().run().check().executed) == 3
    assert "newer nodebook" in caplog.text
    assert "newer nodebook" in repr(session.cache)
    assert session.cache.disk is not None
    assert session.cache.disk.problems
    assert session.cache.entries()
    session.cache.clear()
    session.cache.pin(KEY)


# nb.cache


def test_it_shows_how_full_it_is_and_what_it_does_not_write(start: Callable[[], Session], tmp_path: Path) -> None:
    session = start()

    class Model:
        pass

    session.cache.put(KEY, Entry((Model(),), value_bytes=10, seconds=1.0))
    build().run().check()
    session.cache.flush()
    text = repr(nb.cache)
    assert text.splitlines()[0] == "<cache>"
    assert re.search(r"memory +4 results, \d+\.\d KiB of 2\.0 GiB", text)
    assert re.search(r"policy +bytes", text)
    assert re.search(r"look-ups +\d+ in memory, 0 on disk, \d+ not found", text)
    assert re.search(rf"disk +2 results, \d+\.\d KiB of 10\.0 GiB, in {re.escape(str(tmp_path / 'cache'))}", text)
    assert re.search(r"not written +1: .*Model has no codec", text)
    html = nb.cache._repr_html_()
    assert "<strong>Cache</strong>" in html
    assert "<table>" in html
    assert "&lt;locals&gt;" in html
    assert "<locals>" not in html


def test_it_lists_what_it_holds(start: Callable[[], Session]) -> None:
    session = start()
    session.cache.put(KEY, entry(1), "Made")
    session.cache.flush()
    session.cache.put(OTHER, entry(object()), "Kept")
    session.cache.flush()
    found = {each.key: each for each in nb.cache.entries()}
    assert (found[KEY.hex()].tier, found[KEY.hex()].node, found[KEY.hex()].seconds) == ("both", "Made", 1.0)
    assert found[OTHER.hex()].tier == "memory"
    session.cache.clear(disk=False)
    assert [(each.key, each.tier, each.node) for each in nb.cache.entries()] == [(KEY.hex(), "disk", "Made")]
    session.cache.clear()
    assert nb.cache.entries() == []


def test_what_is_pinned_stays_on_both_tiers_and_in_later_kernels(start: Callable[[], Session]) -> None:
    session = start()
    graph = build()
    graph.run().check()
    nb.cache.pin(graph["2"], KEY.hex())
    session.cache.put(KEY, entry(1))
    session.cache.flush()
    for _ in range(2):
        assert session.cache.disk is not None
        session.cache.disk.resize(0)
        session.cache.resize(0)
        assert {each.key for each in nb.cache.entries()} >= {graph["2"].cache_key.hex()}  # type: ignore[union-attr]  # has no problems
        session = start()
        session.cache.get(KEY)
        session.cache.get(graph["2"].cache_key or b"")
    nb.cache.unpin(graph["2"])
    assert session.cache.disk is not None
    session.cache.disk.resize(0)
    session.cache.resize(0)
    assert graph["2"].cache_key.hex() not in {each.key for each in nb.cache.entries()}  # type: ignore[union-attr]  # has no problems


def test_a_result_pinned_before_it_is_made_is_pinned_on_disk(cache: TieredCache, tier: DiskTier) -> None:
    cache.pin(KEY)
    put_and_flush(cache, tier, KEY, entry(1))
    put_and_flush(cache, tier, OTHER, entry(1))
    assert {row.key: row.pinned for row in tier.rows()} == {KEY: True, OTHER: False}


@pytest.mark.parametrize("wrong", ["xyz", b"short", 7, None])
def test_what_is_no_result_cannot_be_pinned(start: Callable[[], Session], wrong: object) -> None:
    start()
    with pytest.raises(CachePolicyError, match="expected the handle"):
        nb.cache.pin(wrong)


def test_settings_are_checked(start: Callable[[], Session]) -> None:
    session = start()
    with pytest.raises(CachePolicyError, match="from 0 up, got -1"):
        session.cache.resize(-1)
    assert session.cache.disk is not None
    with pytest.raises(CachePolicyError, match="from 0 up, got -1"):
        session.cache.disk.resize(-1)
    with pytest.raises(CachePolicyError, match="no policy 'fifo'"):
        session.cache.policy = "fifo"
    session.cache.policy = "lru:100"
    assert nb.cache.policy == "lru:100"


def test_the_policy_none_neither_reads_nor_writes_the_disk(start: Callable[[], Session]) -> None:
    session = start()
    session.cache.put(KEY, entry(1))
    session.cache.flush()
    session.cache.policy = "none"
    assert session.cache.get(KEY) is None
    session.cache.put(OTHER, entry(1))
    session.cache.policy = "bytes"
    assert session.cache.get(KEY) is not None
    assert session.cache.get(OTHER) is None


def test_costs_are_beside_the_results(start: Callable[[], Session]) -> None:
    from nodebook.assets.costs import Sample

    tier = start().cache.disk
    assert tier is not None
    assert tier.costs is not None
    tier.costs.record([Sample("Blur", b"code", 1.0)])
    tier = start().cache.disk
    assert tier is not None
    assert tier.costs is not None
    assert tier.costs.load()["Blur", b"code"].seconds == 1.0


def test_where_results_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert user_cache_folder() == tmp_path
    monkeypatch.setenv(FOLDER_VARIABLE, "off")
    assert user_cache_folder() is None
    monkeypatch.delenv(FOLDER_VARIABLE)
    found = user_cache_folder()
    assert found is not None
    assert found.name == "nodebook"


def test_a_session_without_a_folder_keeps_results_in_memory_only(session: Session) -> None:
    assert session.cache.disk is None
    build()
    assert repr(session.cache).splitlines()[-1].split() == ["disk", "off"]
    session.cache.clear()
    session.cache.pin(KEY)
    assert session.cache.flush()
    assert session.cache.entries() == []


def test_sizes_are_in_words() -> None:
    assert [bytes_text(size) for size in (0, 1023, 1536, 3 << 30, 5 << 40)] == [
        "0 B",
        "1023 B",
        "1.5 KiB",
        "3.0 GiB",
        "5.0 TiB",
    ]
