from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.assets.errors import FileNameError
from nodebook.assets.prefixes import expand_prefix, next_counter, save_numbered

NOW = datetime(2026, 3, 4, 15, 6, 7)  # noqa: DTZ001 -- local time is what a file name shows


def expand(prefix: str) -> str:
    values = {("KSampler", "seed"): 7, ("Save Image", "name"): "a/b:c"}
    return expand_prefix(prefix, width=640, height=480, now=NOW, find_value=lambda node, name: values.get((node, name)))


@pytest.mark.parametrize(
    ("prefix", "expanded"),
    [
        ("ComfyUI", "ComfyUI"),
        ("%width%x%height%", "640x480"),
        ("%year%-%month%-%day%", "2026-03-04"),
        ("%hour%.%minute%.%second%", "15.06.07"),
        ("%date:yyyy-MM-dd%/img", "2026-03-04/img"),
        ("%date:yy M d h m s%", "26 3 4 15 6 7"),
        ("%date:hh.mm.ss%", "15.06.07"),
        ("%date:hh:mm%", "15_06"),
        ("%KSampler.seed%", "7"),
        ("%Save Image.name%", "a_b_c"),
        ("%Nobody.seed%", "%Nobody.seed%"),
        ("%unknown%", "%unknown%"),
        ("%batch_num%", "%batch_num%"),
        ("100%", "100%"),
    ],
)
def test_tokens(prefix: str, expanded: str) -> None:
    assert expand(prefix) == expanded


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_counter_goes_on_from_the_highest(tmp_path: Path) -> None:
    for _ in range(2):
        save_numbered(tmp_path, "img", b"x")
    (tmp_path / "img_00041_.png").touch()
    assert save_numbered(tmp_path, "img", b"y").name == "img_00042_.png"


@pytest.mark.parametrize(
    ("existing", "following"),
    [
        ([], 1),
        (["img_00001_.png"], 2),
        (["img_00009_.jpg"], 10),
        (["img_x_.png"], 1),
        (["img_00003_copy.png"], 4),
        (["img2_00007_.png", "other_00009_.png"], 1),
        (["img_123456_.png"], 123457),
        (["img_\u0663_.png"], 1),  # an Arabic digit is not one that the counter writes
    ],
)
def test_counters(tmp_path: Path, existing: list[str], following: int) -> None:
    for name in existing:
        (tmp_path / name).touch()
    assert next_counter(tmp_path, "img") == following


@given(numbers=st.sets(st.integers(1, 200_000), max_size=5))
def test_a_new_counter_is_above_all_others(tmp_path_factory: pytest.TempPathFactory, numbers: set[int]) -> None:
    folder = tmp_path_factory.mktemp("out")
    for number in numbers:
        (folder / f"img_{number:05}_.png").touch()
    assert save_numbered(folder, "img", b"").name == f"img_{max(numbers, default=0) + 1:05}_.png"


def test_folders_in_a_prefix_are_made(tmp_path: Path) -> None:
    save_numbered(tmp_path, "a/b/img", b"x")
    save_numbered(tmp_path, "a\\c\\img", b"x")
    save_numbered(tmp_path, "trailing/", b"x")
    save_numbered(tmp_path, "", b"x")
    assert names(tmp_path) == ["_00001_.png", "a/b/img_00001_.png", "a/c/img_00001_.png", "trailing_00001_.png"]


def test_batch_numbers_do_not_overwrite_earlier_runs(tmp_path: Path) -> None:
    for _run in range(2):
        for index in range(2):
            save_numbered(tmp_path, "img%batch_num%", b"x", batch_index=index)
    assert names(tmp_path) == ["img0_00001_.png", "img0_00002_.png", "img1_00001_.png", "img1_00002_.png"]


@pytest.mark.parametrize("prefix", ["../img", "a/../../img", "/etc/img", "..", "a/..", "..\\img"])
def test_a_prefix_stays_in_the_output_folder(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(FileNameError, match="leaves the output folder"):
        save_numbered(tmp_path / "out", prefix, b"x")
    assert names(tmp_path) == []


def test_strange_characters_do_not_break_a_save(tmp_path: Path) -> None:
    assert save_numbered(tmp_path, "a\0b\nc", b"x").name == "a_b_c_00001_.png"
    with pytest.raises(FileNameError, match="Shorten filename_prefix"):
        save_numbered(tmp_path, "x" * 300, b"x")


def test_savers_at_the_same_time_get_numbers_of_their_own(tmp_path: Path) -> None:
    def save() -> None:
        for _ in range(10):
            save_numbered(tmp_path, "img", b"x")

    threads = [threading.Thread(target=save) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(tmp_path) == [f"img_{number:05}_.png" for number in range(1, 81)]
