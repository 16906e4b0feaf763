"""Files of weights: digests, tensors as views of the file, and pickles that are read safely or not at all."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import xxhash
from safetensors.torch import save_file

from nodebook.models import files
from nodebook.models.errors import BrokenModelError, ModelFileNotFoundError, UnsafeModelError
from nodebook.models.header import TensorInfo

WEIGHTS = {"model.a": torch.arange(6.0).reshape(2, 3), "model.b": torch.ones(3, dtype=torch.float16)}
INDEX = {"model.a": TensorInfo("F32", (2, 3)), "model.b": TensorInfo("F16", (3,))}


def settle(path: Path) -> None:
    """Make a file look as if it had been written a while ago, so that what is read of it is remembered."""
    old_ns = time.time_ns() - 10 * files.SETTLED_NS
    os.utime(path, ns=(old_ns, old_ns))


def test_the_digest_is_of_the_whole_content(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    content = os.urandom(5 << 20)
    path.write_bytes(content)
    assert files.content_digest(path) == xxhash.xxh3_128_hexdigest(content)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert files.content_digest(path) != xxhash.xxh3_128_hexdigest(content)


def test_a_settled_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    settle(path)
    read = []
    original = files._read_digest
    monkeypatch.setattr(files, "_read_digest", lambda each: (read.append(each), original(each))[1])
    first = files.content_digest(path)
    assert files.content_digest(path) == first
    assert len(read) == 1
    path.write_bytes(b"two")  # fresh: the time stamp may be too coarse to show the next change
    assert files.content_digest(path) != first
    assert files.content_digest(path) != first
    assert len(read) == 3


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileNotFoundError, match=r"Cannot read the model file .*gone\.safetensors: No such file"):
        files.content_digest(tmp_path / "gone.safetensors")


def test_tensors_of_a_safetensors_file_are_views_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file(WEIGHTS, path, {"note": "x"})
    index = files.read_index(path)
    assert (index.tensors, index.metadata) == (INDEX, {"note": "x"})
    with files.open_tensors(path) as tensors:
        assert tensors.mapped
        kept = tensors.read("model.a")
        ends = [
            line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines() if path.name in line
        ]
        assert any(int(begin, 16) <= kept.data_ptr() < int(end, 16) for begin, end in ends)
    assert torch.equal(kept, WEIGHTS["model.a"])


@pytest.mark.parametrize("nested", [None, "state_dict", "params"])
@pytest.mark.parametrize("old_format", [False, True])
def test_pickled_weights_are_read(tmp_path: Path, nested: str | None, *, old_format: bool) -> None:
    path = tmp_path / "a.ckpt"
    content: dict[str, Any] = dict(WEIGHTS) if nested is None else {nested: dict(WEIGHTS)}
    if nested == "state_dict":
        content["epoch"] = 3
    torch.save(content, path, _use_new_zipfile_serialization=not old_format)
    assert dict(files.read_index(path).tensors) == INDEX
    with files.open_tensors(path) as tensors:
        assert tensors.mapped != old_format
        assert torch.equal(tensors.read("model.a"), WEIGHTS["model.a"])


class Payload:
    """Runs something where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("hacked",)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("old_format", [False, True])
def test_a_pickle_that_would_run_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, old_format: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.pt"
    torch.save({"state_dict": {**WEIGHTS, "x": Payload()}}, path, _use_new_zipfile_serialization=not old_format)
    with pytest.raises(UnsafeModelError, match=r"evil\.pt holds more than weights.*Use a \.safetensors file"):
        files.read_index(path)
    path.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(UnsafeModelError, match=r"evil\.pt"):
        files.read_index(path)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize("content", [b"", b"nonsense" * 20, b"PK\x03\x04broken", b"\x80\x02."])
def test_a_broken_pickle_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.ckpt"
    path.write_bytes(content)
    with pytest.raises(BrokenModelError, match=r"broken\.ckpt"):
        files.read_index(path)


def test_a_truncated_pickle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.ckpt"
    torch.save({"a": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(BrokenModelError, match=r"Cannot read short\.ckpt as a PyTorch file"):
        files.read_index(path)


def test_a_pickle_of_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "list.pt"
    torch.save([torch.zeros(3)], path)
    with pytest.raises(BrokenModelError, match=r"list\.pt holds a list, not a dict of weights"):
        files.read_index(path)
