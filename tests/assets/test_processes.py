"""Several processes on one folder, and processes that are killed at any moment."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.assets.storing import fitting, is_right, key_of, open_folder, write

ROOT = Path(__file__).resolve().parent.parent.parent
KILLS = 15
PROCESSES = 3


def start_writer(folder: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.assets.storing", str(folder), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_processes_that_write_and_read_at_once_see_only_whole_results(tmp_path: Path) -> None:
    """Their ranges overlap: keys and blobs are written by two at a time."""
    writers = [start_writer(tmp_path, number * 20, number * 20 + 40) for number in range(PROCESSES)]
    last = PROCESSES * 20 + 20
    with closing(open_folder(tmp_path)) as disk:
        while any(writer.poll() is None for writer in writers):
            for number in range(0, last, 7):
                found = disk.read(key_of(number))
                assert found is None or is_right(number, found)
            write(disk, {last: fitting(last)})
            disk.discard([key_of(last)])
        for writer in writers:
            assert writer.wait() == 0
        disk.refresh()
        for number in range(last):
            found = disk.read(key_of(number))
            assert found is not None
            assert is_right(number, found)
        assert not disk.problems


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_no_wrong_value_and_loses_nothing_committed(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 -- when to kill
    for kill in range(KILLS):
        writer = start_writer(tmp_path, kill * 10, kill * 10 + 1000)
        assert writer.stdout is not None
        said = [writer.stdout.readline()]  # it has begun: only now can a kill hit a write
        time.sleep(chance.uniform(0.0, 0.05))
        writer.kill()
        said += writer.stdout.readlines()
        writer.wait()
        committed = {int(line) for line in said if line.endswith("\n")}
        assert committed
        with closing(open_folder(tmp_path)) as disk:
            found = dict(disk.read_many([key_of(number) for number in range(kill * 10 + 1000)]))
            assert committed <= {int.from_bytes(key, "big") for key in found}
            assert all(is_right(int.from_bytes(key, "big"), stored) for key, stored in found.items())
            assert not disk.problems
            disk.sweep(grace_s=-1)
            named = sum(1 for path in (tmp_path / "blobs").rglob("*") if path.is_file())
            again = dict(disk.read_many([*found]))
            assert again.keys() == found.keys()
            assert named <= 2 * len(found)
            assert not list(tmp_path.rglob("*.part"))
