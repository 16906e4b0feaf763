from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.assets import folders as module
from nodebook.assets.errors import FileNameError, MissingPictureError, PictureError
from nodebook.assets.files import MAX_NAME_BYTES, create_first_free, safe_name, stays_inside
from nodebook.assets.folders import Folders, file_digest
from nodebook.errors import NodebookError


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders.under(tmp_path / "data", base=tmp_path / "notebooks")
    for folder in (made.base, made.input, made.output, made.temp):
        folder.mkdir(parents=True)
    return made


def put(folder: Path, name: str, data: bytes = b"x") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "folder", "stored"),
    [
        ("cat.png", "input", "cat.png"),
        ("pets/cat.png", "input", "pets/cat.png"),
        ("./pets/../cat.png", "input", "cat.png"),
        ("cat.png [input]", "input", "cat.png"),
        ("cat.png [output]", "output", "cat.png"),
        ("sub/cat.png [temp]", "temp", "sub/cat.png"),
        ("cat.png[output]", "output", "cat.png"),  # ComfyUI would look for "cat.pn" here
        ("cat [1].png", "input", "cat [1].png"),
        ("a cat .png [output]", "output", "a cat .png"),
    ],
)
def test_names_resolve_to_their_folder(folders: Folders, name: str, folder: str, stored: str) -> None:
    path = put(getattr(folders, folder), stored)
    assert folders.resolve(name) == path


def test_the_input_folder_comes_before_the_working_folder(folders: Folders) -> None:
    beside = put(folders.base, "cat.png")
    assert folders.resolve("cat.png") == beside
    inside = put(folders.input, "cat.png")
    assert folders.resolve("cat.png") == inside


def test_absolute_paths_are_taken_as_they_are(folders: Folders, tmp_path: Path) -> None:
    path = put(tmp_path, "elsewhere.png")
    assert folders.resolve(str(path)) == path


def test_a_name_never_climbs_out_of_the_input_folder(folders: Folders) -> None:
    put(folders.input.parent, "secret.png")
    with pytest.raises(MissingPictureError):
        folders.resolve("../secret.png")


@pytest.mark.parametrize("name", ["../x.png [input]", "a/../../x.png [output]", "/etc/passwd [temp]"])
def test_tagged_names_stay_in_their_folder(folders: Folders, name: str) -> None:
    with pytest.raises(FileNameError, match="leaves the"):
        folders.resolve(name)


@pytest.mark.parametrize("name", ["nul\0.png", "x" * 5000, "x.png [output]", "folder"])
def test_what_is_no_file_is_missing(folders: Folders, name: str) -> None:
    (folders.input / "folder").mkdir()
    with pytest.raises(MissingPictureError, match="There is no picture") as caught:
        folders.resolve(name)
    assert isinstance(caught.value, (NodebookError, FileNotFoundError))


@pytest.mark.parametrize("name", ["", "   "])
def test_no_name_says_what_to_do(folders: Folders, name: str) -> None:
    with pytest.raises(FileNameError, match="Drop a file"):
        folders.resolve(name)


def test_a_missing_picture_names_the_nearest(folders: Folders) -> None:
    put(folders.input, "astronaut.png")
    put(folders.input, "coffee.jpg")
    with pytest.raises(PictureError, match=r"Did you mean 'astronaut\.png'"):
        folders.resolve("astronuat.png")
    with pytest.raises(PictureError, match="holds 2 pictures"):
        folders.resolve("q")


def test_an_empty_input_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(MissingPictureError, match="holds no pictures yet"):
        Folders.under(tmp_path / "not-made-yet").resolve("x.png")


def test_pictures_are_listed_by_name_through_subfolders(folders: Folders) -> None:
    for name in ("b.PNG", "a.jpg", "sub/c.webp", "notes.txt", ".hidden.png", ".git/d.png"):
        put(folders.input, name)
    assert folders.pictures() == ["a.jpg", "b.PNG", "sub/c.webp"]


def test_the_same_upload_is_stored_once(folders: Folders) -> None:
    assert folders.store_upload("cat.png", b"one") == "cat.png"
    assert folders.store_upload("cat.png", b"one") == "cat.png"
    assert folders.store_upload("cat.png", b"two") == "cat (1).png"
    assert folders.store_upload("cat.png", b"two") == "cat (1).png"
    assert folders.store_upload("cat.png", b"three") == "cat (2).png"
    assert sorted(path.name for path in folders.input.iterdir()) == ["cat (1).png", "cat (2).png", "cat.png"]


def test_uploads_at_the_same_time_lose_nothing(folders: Folders) -> None:
    names: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: names.append(folders.store_upload("x.png", b"%d" % (n % 4))))
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(folders.input / name).read_bytes() for name in names} == {b"0", b"1", b"2", b"3"}
    assert not [path for path in folders.input.iterdir() if path.suffix == ".part"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\cat.png", "cat.png"),
        ("a<b>:c.png", "a_b__c.png"),
        ("...", "picture.png"),
        ("", "picture.png"),
        (".bashrc", "bashrc"),
        ("con.png", "_con.png"),
        ("line\nbreak.png", "line_break.png"),
        ("naïve 图.png", "naïve 图.png"),
    ],
)
def test_upload_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name, default="picture.png") == safe


@given(st.text())
def test_a_safe_name_is_one_file_name(name: str) -> None:
    safe = safe_name(name, default="picture.png")
    assert safe
    assert len(safe.encode(errors="surrogatepass")) <= MAX_NAME_BYTES
    assert safe not in {".", ".."}
    assert not set(safe) & set('/\\\0<>:"|?*\n')
    assert safe_name(safe, default="picture.png") == safe


@given(st.lists(st.sampled_from(["..", ".", "a", "b", ""])).map("/".join))
def test_staying_inside_is_what_the_path_says(name: str) -> None:
    root = Path(os.sep) / "base" / "folder"
    found = stays_inside(root, name)
    depth = 0
    for part in name.split("/") if not name.startswith("/") else []:
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
    if name.startswith("/"):
        assert found is None
    elif found is not None:
        assert found.is_relative_to(root)
    else:
        assert ".." in name


def test_a_file_is_created_once_and_leaves_no_scraps(tmp_path: Path) -> None:
    first = create_first_free([tmp_path / "a", tmp_path / "b"], b"1")
    second = create_first_free([tmp_path / "a", tmp_path / "b"], b"2")
    assert (first.name, second.name) == ("a", "b")
    with pytest.raises(FileExistsError):
        create_first_free([tmp_path / "a"], b"3")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"1", "b": b"2"}


def test_files_are_created_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    paths = [tmp_path / "a", tmp_path / "b"]
    assert [create_first_free(paths, data).name for data in (b"1", b"2")] == ["a", "b"]
    assert (tmp_path / "b").read_bytes() == b"2"


def test_a_digest_follows_the_content(tmp_path: Path) -> None:
    path = put(tmp_path, "x.png", b"one")
    first = file_digest(path)
    stamp = path.stat().st_mtime_ns
    path.write_bytes(b"two")
    os.utime(path, ns=(stamp, stamp))  # same size and time stamp, as two writes within one tick of the clock
    assert file_digest(path) != first
    path.write_bytes(b"one")
    assert file_digest(path) == first


def test_a_digest_is_remembered_once_the_file_is_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "x.png", b"one")
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))
    first = file_digest(path)
    monkeypatch.setattr(module, "_digest", lambda _path: pytest.fail("the file was read again"))
    assert file_digest(path) == first
