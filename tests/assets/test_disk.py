from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.assets.database import REVISIONS
from nodebook.assets.disk import INDEX_NAME, DiskResults
from nodebook.assets.errors import CacheUnusableError
from nodebook.assets.results import Listed, victims, worst_first
from tests.assets.storing import fitting, is_right, key_of, large, open_folder, result, write

if TYPE_CHECKING:
    from collections.abc import Iterator

DUMP = Path(__file__).parent / "dumps" / "cache-1"
DUMPED = range(6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def disk(folder: Path) -> Iterator[DiskResults]:
    disk = open_folder(folder)
    yield disk
    if disk.is_open:
        disk.close()


def execute(folder: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(folder / INDEX_NAME)) as connection, connection:
        connection.execute(statement, values)


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "blobs").rglob("*") if path.is_file()]


def test_a_result_comes_back_in_another_session(folder: Path, disk: DiskResults) -> None:
    write(disk, {number: fitting(number) for number in range(30)})
    disk.close()
    again = open_folder(folder)
    assert all(is_right(number, found) for number in range(30) if (found := again.read(key_of(number))))
    assert sorted(key for key, _ in again.read_many([key_of(each) for each in range(40)])) == [
        key_of(each) for each in range(30)
    ]
    assert again.read(key_of(30)) is None
    assert again.info().entries == 30
    again.close()


def test_the_last_result_of_a_key_counts_and_the_file_of_the_one_before_goes(folder: Path, disk: DiskResults) -> None:
    write(disk, {1: result(large(1))})
    write(disk, {1: result(large(2))})
    found = disk.read(key_of(1))
    assert found is not None
    assert found.outputs[0][0] == 2
    assert len(files(folder)) == 1


def test_what_two_results_share_is_stored_once_and_stays_until_both_are_gone(folder: Path, disk: DiskResults) -> None:
    write(disk, {1: result(large(7)), 2: result([large(7)])})
    assert len(files(folder)) == 1
    assert disk.info().stored_bytes < 1.5 * large(7).nbytes
    disk.discard([key_of(1)])
    assert disk.read(key_of(2)) is not None
    disk.discard([key_of(2)])
    assert files(folder) == []


def test_clear_removes_all_files(folder: Path, disk: DiskResults) -> None:
    write(disk, {number: fitting(number) for number in range(9)})
    disk.clear()
    assert disk.info().entries == 0
    assert files(folder) == []
    assert disk.read(key_of(1)) is None


def test_a_value_without_a_codec_is_counted_with_its_reason(disk: DiskResults) -> None:
    assert disk.encode(result(object())) is None
    assert disk.info().refused == {"builtins.object has no codec": 1}


def flip(folder: Path, position: int) -> None:
    """Change one bit of each blob."""
    for path in files(folder):
        data = bytearray(path.read_bytes())
        data[position] ^= 1
        path.write_bytes(data)


def cut(folder: Path, length: int) -> None:
    """Cut each blob short."""
    for path in files(folder):
        os.truncate(path, length)


def swap_blobs(folder: Path) -> None:
    """Give each blob the bytes of another."""
    paths = files(folder)
    contents = [path.read_bytes() for path in paths]
    for path, content in zip(paths, contents[1:] + contents[:1], strict=True):
        path.write_bytes(content)


def swap_keys(folder: Path) -> None:
    """Give the row of one key to another."""
    execute(folder, "UPDATE results SET key = x'ff' WHERE key = ?", key_of(1))
    execute(folder, "UPDATE results SET key = ? WHERE key = ?", key_of(1), key_of(4))


DAMAGES: dict[str, Any] = {
    "a blob with a flipped bit": lambda folder: flip(folder, -1),
    "a header with a flipped bit": lambda folder: flip(folder, 30),
    "a blob cut short": lambda folder: cut(folder, 500),
    "an empty blob": lambda folder: cut(folder, 0),
    "a blob that is gone": lambda folder: shutil.rmtree(folder / "blobs"),
    "a foreign file": lambda folder: [path.write_text("hello") for path in files(folder)],
    "another blob's bytes": swap_blobs,
    "another key's row": swap_keys,
    "a changed tree": lambda folder: execute(folder, "UPDATE results SET tree = replace(tree, 'leaf', 'Leaf')"),
    "a tree of text": lambda folder: execute(folder, "UPDATE results SET tree = 'hello'"),
    "no tree": lambda folder: execute(folder, "UPDATE results SET tree = x''"),
    "changed parts": lambda folder: execute(folder, "UPDATE results SET parts = x'00'"),
    "changed seconds": lambda folder: execute(folder, "UPDATE results SET seconds = seconds + 1"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_result_is_a_miss_that_is_noted_and_removed(
    folder: Path, damage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    disk = open_folder(folder)
    write(disk, {1: fitting(1), 4: fitting(4)})
    disk.close()
    damage(folder)
    disk = open_folder(folder)
    with caplog.at_level(logging.WARNING):
        assert disk.read(key_of(1)) is None
    assert len(disk.problems) == 1
    assert "made again" in caplog.text
    assert key_of(1) not in {row.key for row in disk.rows()}
    write(disk, {1: fitting(1)})
    found = disk.read(key_of(1))
    assert found is not None
    assert is_right(1, found)
    disk.close()


def test_read_many_leaves_damaged_rows_out_and_removes_them(folder: Path, disk: DiskResults) -> None:
    write(disk, {number: fitting(number) for number in range(3)})
    execute(folder, "UPDATE results SET tree = x'5b5d' WHERE key = ?", key_of(0))
    assert [key for key, _ in disk.read_many([key_of(each) for each in range(3)])] == [key_of(1), key_of(2)]
    assert len(disk.rows()) == 2


def test_a_row_of_another_format_is_a_miss_and_is_written_over(folder: Path, disk: DiskResults) -> None:
    write(disk, {1: fitting(1)})
    execute(folder, "UPDATE results SET format = 99")
    assert disk.read(key_of(1)) is None
    assert not disk.problems
    write(disk, {1: fitting(1)})
    assert disk.read(key_of(1)) is not None


def test_a_library_that_is_absent_makes_a_miss_but_removes_nothing(folder: Path, disk: DiskResults) -> None:
    write(disk, {1: result(large(1))})
    disk.close()
    bare = open_folder(folder)
    bare.codecs._by_name.pop("numpy.array", None)
    bare.codecs._packages["numpy"] = "nodebook.no_such_module"
    assert bare.read(key_of(1)) is None
    assert "needs numpy" in bare.problems[0]
    assert len(bare.rows()) == 1
    bare.close()


def test_a_newer_schema_is_left_alone(folder: Path, disk: DiskResults) -> None:
    write(disk, {1: fitting(1)})
    disk.close()
    execute(folder, "UPDATE alembic_version SET version_num = '9999'")
    before = (folder / INDEX_NAME).read_bytes()
    with pytest.raises(CacheUnusableError, match="written by a newer nodebook \\(schema 9999"):
        open_folder(folder)
    assert (folder / INDEX_NAME).read_bytes() == before


def test_the_database_of_another_program_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    execute(folder, "CREATE TABLE mine (a)")
    with pytest.raises(CacheUnusableError, match="database of another program"):
        open_folder(folder)
    execute(folder, "INSERT INTO mine VALUES (1)")


def test_a_file_that_is_no_database_is_set_aside(folder: Path) -> None:
    folder.mkdir()
    (folder / INDEX_NAME).write_bytes(b"hello, I am no database " * 1000)
    disk = open_folder(folder)
    write(disk, {1: fitting(1)})
    assert disk.read(key_of(1)) is not None
    assert (folder / f"broken-{INDEX_NAME}").exists()
    disk.close()


def test_a_database_that_breaks_while_it_is_open_is_set_aside_for_the_next_kernel(folder: Path) -> None:
    disk = open_folder(folder)
    write(disk, {number: result("x" * 3000) for number in range(300)})
    disk.close()
    path = folder / INDEX_NAME
    data = bytearray(path.read_bytes())
    data[4096 * 8 :] = b"\xff" * (len(data) - 4096 * 8)
    path.write_bytes(data)
    disk = open_folder(folder)
    assert [disk.read(key_of(number)) for number in range(300)].count(None) > 0
    assert not disk.is_open
    assert "malformed" in disk.problems[-1]
    again = open_folder(folder)
    assert again.rows() == []
    write(again, {1: fitting(1)})
    assert again.read(key_of(1)) is not None
    again.close()


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheUnusableError, match="cannot be made"):
        open_folder(tmp_path / "file" / "cache")


def test_the_last_migration_is_the_schema_that_we_know(disk: DiskResults) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    import nodebook.assets.migrations as package

    config = Config()
    config.set_main_option("script_location", str(Path(package.__path__[0])))
    heads = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    assert heads == list(reversed(REVISIONS))
    assert disk.is_open


def test_what_an_older_nodebook_stored_is_read(folder: Path) -> None:
    shutil.copytree(DUMP, folder)
    disk = open_folder(folder)
    for number in DUMPED:
        found = disk.read(key_of(number))
        assert found is not None
        assert is_right(number, found)
        assert found.seconds == 1.0
    assert not disk.problems
    disk.close()


def test_the_bytes_of_a_row_stay_as_they_are(disk: DiskResults) -> None:
    stored = result((1, b"x", np.arange(3, dtype="<i4")), text="a")
    encoded = disk.encode(stored)
    assert encoded is not None
    assert encoded.tree == (
        b'[[{"$":"tuple","v":[1,{"$":"bytes","leaf":0},{"$":"numpy.array","leaf":1}]}],{"text":"a"}]'
    )
    row = disk.prepare(key_of(1), stored, encoded)
    assert row is not None
    assert row.inline[:7] == b"x\x93NUMPY"
    assert row.inline[-12:].hex() == "000000000100000002000000"


def test_it_stays_within_its_limit_and_the_dearest_stay(folder: Path) -> None:
    disk = open_folder(folder, limit_bytes=250_000)
    for number in range(40):
        write(disk, {number: result(large(number), seconds=float(number % 10))})
    disk.trim()
    info = disk.info()
    assert info.stored_bytes <= 250_000
    assert sum(path.stat().st_size for path in files(folder)) <= 250_000
    left = [row.seconds for row in disk.rows()]
    assert left
    assert min(left) >= 7.0
    disk.close()


def test_pinned_results_stay_when_all_others_go(folder: Path) -> None:
    disk = open_folder(folder)
    write(disk, {number: result(large(number), seconds=float(number)) for number in range(6)})
    disk.pin([key_of(0)], pinned=True)
    disk.limit_bytes = 1
    disk.trim()
    assert [row.key for row in disk.rows()] == [key_of(0)]
    disk.limit_bytes = 10**6
    write(disk, {0: result("new")})
    assert disk.rows()[0].pinned
    disk.limit_bytes = 1
    disk.pin([key_of(0)], pinned=False)
    disk.trim()
    assert disk.rows() == []
    disk.close()


def test_a_result_larger_than_half_the_limit_drives_nothing_out(folder: Path) -> None:
    disk = open_folder(folder, limit_bytes=40_000)
    write(disk, {1: fitting(0)})
    write(disk, {2: result(large(2))})
    assert [row.key for row in disk.rows()] == [key_of(1)]
    assert "it is larger than half of the limit on disk" in disk.info().refused
    disk.close()


def test_clean_up_finds_orphan_files_and_rows_without_their_files(folder: Path, disk: DiskResults) -> None:
    write(disk, {1: result(large(1)), 2: result(large(2))})
    stored = result(large(3))
    encoded = disk.encode(stored)
    assert encoded is not None
    disk.prepare(key_of(3), stored, encoded)  # written, never committed: its process was killed
    assert len(files(folder)) == 3
    assert disk.sweep() == 0
    assert disk.sweep(grace_s=-1) > 20_000
    assert len(files(folder)) == 2
    first = files(folder)[0]
    first.unlink()
    disk.sweep(grace_s=-1)
    assert len(disk.rows()) == 1


def test_clean_up_runs_once_a_day(folder: Path, disk: DiskResults) -> None:
    disk.sweep_daily()
    assert (folder / "swept").exists()
    os.utime(folder / "swept", (1, 1))
    disk.sweep_daily()
    assert (folder / "swept").stat().st_mtime > 1


def test_reading_keeps_a_result_young(disk: DiskResults, folder: Path) -> None:
    write(disk, {1: fitting(1), 2: fitting(2)})
    execute(folder, "UPDATE results SET used = 5")
    assert disk.read(key_of(1)) is not None
    disk.commit(())
    assert {row.key: row.used > 5 for row in disk.rows()} == {key_of(1): True, key_of(2): False}


def test_a_row_whose_blob_was_cleaned_up_meanwhile_is_not_committed(folder: Path, disk: DiskResults) -> None:
    stored = result(large(1))
    encoded = disk.encode(stored)
    assert encoded is not None
    row = disk.prepare(key_of(1), stored, encoded)
    assert row is not None
    for path in files(folder):
        path.unlink()
    disk.commit([row])
    assert disk.rows() == []


def test_another_process_s_clear_is_noticed(folder: Path, disk: DiskResults) -> None:
    write(disk, {1: fitting(1)})
    other = open_folder(folder)
    other.clear()
    assert disk.read(key_of(1)) is None
    write(other, {1: fitting(1), 2: fitting(2)})
    disk.refresh()
    assert disk.read(key_of(2)) is not None
    other.close()


def test_after_closing_and_in_a_fork_nothing_is_found(disk: DiskResults) -> None:
    write(disk, {1: fitting(1)})
    disk._process -= 1
    assert disk.read(key_of(1)) is None
    disk._process += 1
    disk.close()
    assert disk.read(key_of(1)) is None


listed = st.builds(
    Listed,
    id=st.integers(1, 99),
    key=st.binary(min_size=1, max_size=2),
    node=st.just(""),
    seconds=st.floats(0, 1e6),
    stored_bytes=st.integers(1, 10_000),
    created=st.just(0.0),
    used=st.floats(0, 1e10),
    pinned=st.booleans(),
)


@given(st.lists(listed), st.integers(-10, 50_000), st.integers(-5, 20))
def test_no_more_goes_than_must_and_nothing_that_is_pinned(
    rows: list[Listed], excess_bytes: int, excess_rows: int
) -> None:
    gone = victims(rows, excess_bytes=excess_bytes, excess_rows=excess_rows, now=1e10)
    assert not any(row.pinned for row in gone)
    free = sum(row.stored_bytes for row in gone)
    everything = len(gone) == sum(not row.pinned for row in rows)
    assert everything or (free >= excess_bytes and len(gone) >= excess_rows)
    if gone:
        assert free - gone[-1].stored_bytes < excess_bytes or len(gone) - 1 < excess_rows
    assert gone == worst_first(rows, 1e10)[: len(gone)]
