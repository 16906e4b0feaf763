from __future__ import annotations

import os
from pathlib import Path

import pytest

from nodebook.assets.blobs import HEADER_BYTES, BlobStore
from nodebook.assets.errors import DamagedError, MissingBlobError

GOLDEN = (
    "6e6f6465626f6f6b01000000000000000500000000000000b5e9c1ad071b3e7fc779cfaa5e523818"
    "926d46b32a57c8cc7fa9c6e06dae4334635d28f65c6c84ee68656c6c6f"
)
HOUR = 3600.0


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def age(path: Path, seconds: float) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


@pytest.mark.parametrize("parts", [[b""], [b"hello"], [b"hel", memoryview(b"lo")], [bytes(100_000)]], ids=len)
def test_what_was_put_is_read(blobs: BlobStore, parts: list[bytes]) -> None:
    whole = b"".join(parts)
    digest = blobs.put(parts)
    assert blobs.read(digest, len(whole)) == whole
    assert blobs.has(digest, len(whole))


def test_the_same_bytes_are_one_file_however_they_come(blobs: BlobStore) -> None:
    assert blobs.put([b"ab", b"c"]) == blobs.put([b"abc"])
    assert len(list(blobs.folder.rglob("*/*"))) == 1


def test_the_format_of_a_file_stays_as_it_is(blobs: BlobStore) -> None:
    assert blobs.path(blobs.put([b"hello"])).read_bytes().hex() == GOLDEN


def test_what_is_not_there_is_missing(blobs: BlobStore) -> None:
    with pytest.raises(MissingBlobError, match="is gone"):
        blobs.read(bytes(24), 5)


@pytest.mark.parametrize("position", [0, 9, 17, 25, 45, HEADER_BYTES, HEADER_BYTES + 999])
def test_each_flipped_bit_is_seen(blobs: BlobStore, position: int) -> None:
    digest = blobs.put([bytes(1000)])
    path = blobs.path(digest)
    data = bytearray(path.read_bytes())
    data[position] ^= 4
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="made again"):
        blobs.read(digest, 1000)


@pytest.mark.parametrize("length", [0, 10, HEADER_BYTES, HEADER_BYTES + 999, HEADER_BYTES + 1001])
def test_a_file_that_is_cut_short_or_too_long_is_not_read(blobs: BlobStore, length: int) -> None:
    digest = blobs.put([bytes(1000)])
    path = blobs.path(digest)
    path.write_bytes(path.read_bytes()[:length].ljust(length, b"\0"))
    with pytest.raises(DamagedError, match="made again"):
        blobs.read(digest, 1000)


def test_the_file_of_other_bytes_under_this_name_is_not_read(blobs: BlobStore) -> None:
    mine, other = blobs.put([b"mine"]), blobs.put([b"evil"])
    blobs.path(mine).write_bytes(blobs.path(other).read_bytes())
    with pytest.raises(DamagedError, match="another name"):
        blobs.read(mine, 4)


def test_a_file_of_a_wrong_length_is_written_again(blobs: BlobStore) -> None:
    digest = blobs.put([b"hello"])
    blobs.path(digest).write_bytes(b"")
    blobs.put([b"hello"])
    assert blobs.read(digest, 5) == b"hello"


def test_a_huge_length_in_a_header_reserves_nothing(blobs: BlobStore) -> None:
    digest = blobs.put([b"hello"])
    path = blobs.path(digest)
    data = bytearray(path.read_bytes())
    data[16:24] = (1 << 60).to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="5 bytes, expected"):
        blobs.read(digest, 1 << 60)


def test_clean_up_takes_only_old_files_that_nobody_names(blobs: BlobStore) -> None:
    named, orphan, young = blobs.put([b"named"]), blobs.put([b"orphan"]), blobs.put([b"young"])
    part = blobs.path(orphan).with_name(".0123.part")
    foreign = blobs.path(orphan).with_name("notes.txt")
    for path in (part, foreign):
        path.write_bytes(b"x")
    for path in (blobs.path(named), blobs.path(orphan), part, foreign):
        age(path, 2 * HOUR)
    blobs.remove(blobs.stale(), but=frozenset([named]))
    assert blobs.has(named, 5)
    assert blobs.has(young, 5)
    assert foreign.exists()
    assert not blobs.has(orphan, 6)
    assert not part.exists()


def test_bytes_that_are_put_again_are_young_again(blobs: BlobStore) -> None:
    digest = blobs.put([b"again"])
    age(blobs.path(digest), 2 * HOUR)
    stale = blobs.stale()
    blobs.put([b"again"])
    assert blobs.remove(stale, but=frozenset()) == 0
    assert blobs.has(digest, 5)


def test_a_write_that_fails_leaves_nothing_behind(blobs: BlobStore) -> None:
    with pytest.raises(TypeError):
        blobs.put([b"a" * 70_000, "text"])  # type: ignore[list-item]  # wrong on purpose
    assert list(blobs.folder.rglob("*.part")) == []
