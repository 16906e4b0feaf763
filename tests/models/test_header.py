"""The header of safetensors files: what whole ones say, and that broken ones are named instead of crashing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from nodebook.models.errors import BrokenModelError
from nodebook.models.header import MAX_HEADER_BYTES, TensorInfo, read_header


def write(path: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(shape: list[Any], begin: Any, end: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_a_whole_file_says_what_it_holds(tmp_path: Path) -> None:
    tensors = {
        "a.weight": torch.zeros(2, 3),
        "b": torch.zeros(4, dtype=torch.float16),
        "c": torch.zeros((), dtype=torch.int64),
        "d": torch.zeros(3, dtype=torch.float8_e4m3fn),
        "e": torch.zeros(0, 5, dtype=torch.bfloat16),
    }
    save_file(tensors, tmp_path / "whole.safetensors", {"format": "pt", "note": "é"})
    header = read_header(tmp_path / "whole.safetensors")
    assert header.metadata == {"format": "pt", "note": "é"}
    assert header.tensors == {
        "a.weight": TensorInfo("F32", (2, 3)),
        "b": TensorInfo("F16", (4,)),
        "c": TensorInfo("I64", ()),
        "d": TensorInfo("F8_E4M3", (3,)),
        "e": TensorInfo("BF16", (0, 5)),
    }
    assert {name: info.size_bytes for name, info in header.tensors.items()} == {
        "a.weight": 24,
        "b": 8,
        "c": 8,
        "d": 3,
        "e": 0,
    }


def test_nothing_but_the_header_is_read(tmp_path: Path) -> None:
    size_bytes = 1 << 40
    path = write(tmp_path / "huge.safetensors", {"a": entry([size_bytes // 4], 0, size_bytes)})
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + size_bytes)  # a hole: takes no room on the disk
    assert read_header(path).tensors["a"].count == size_bytes // 4


BROKEN: dict[str, tuple[Any, bytes, str]] = {
    "truncated": ({"a": entry([4], 0, 16)}, b"1234", r"it is truncated: 12 of 16 bytes of weights are missing"),
    "trailing bytes": ({"a": entry([1], 0, 4)}, b"12345", r"1 bytes follow the last tensor"),
    "overlap": ({"a": entry([2], 0, 8), "b": entry([1], 4, 8)}, b"12345678", r"'b' overlaps another at byte 4"),
    "a hole": ({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, b"1" * 12, r"'b' follows a hole at byte 8"),
    "size and shape": ({"a": entry([2], 0, 4)}, b"1234", r"'a' has 4 bytes, but F32 \[2\] needs 8 bytes"),
    "unknown dtype": ({"a": entry([1], 0, 4, "F33")}, b"1234", r"'a' has the unknown dtype 'F33'"),
    "dtype of a wrong type": ({"a": entry([1], 0, 4, ["F32"])}, b"1234", r"'a' has the unknown dtype \['F32'\]"),
    "negative side": ({"a": entry([-1], 0, 4)}, b"1234", r"'a' has the impossible shape \[-1\]"),
    "a side that is no number": ({"a": entry(["1"], 0, 4)}, b"1234", r"'a' has the impossible shape \['1'\]"),
    "a side that is true": ({"a": entry([True], 0, 4)}, b"1234", r"'a' has the impossible shape \[True\]"),
    "absurd size": ({"a": entry([1 << 40, 1 << 40], 0, 4)}, b"1234", r"'a' has the impossible shape"),
    "offsets reversed": ({"a": entry([1], 4, 0)}, b"1234", r"'a' has the impossible offsets 4 to 0"),
    "negative offset": ({"a": entry([1], -4, 0)}, b"1234", r"'a' has the impossible offsets -4 to 0"),
    "no offsets": ({"a": {"dtype": "F32", "shape": [1]}}, b"1234", r"the entry of 'a' lacks"),
    "an entry that is no object": ({"a": 3}, b"", r"the entry of 'a' lacks"),
    "not an object": ([1, 2], b"", r"its header is not a JSON object"),
    "not JSON": (b"{ nonsense", b"", r"its header is not JSON"),
    "not text": (b"\xff\xfe\x00", b"", r"its header is not JSON"),
    "deep nesting": (b"[" * 100_000, b"", r"its header is not JSON"),
    "metadata that are no object": ({"__metadata__": [1]}, b"", r"its metadata is not a JSON object"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_what_is_wrong(tmp_path: Path, name: str) -> None:
    header, data, problem = BROKEN[name]
    path = write(tmp_path / "broken.safetensors", header, data)
    with pytest.raises(BrokenModelError, match=rf"broken\.safetensors as a safetensors file: (the tensor )?{problem}"):
        read_header(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", r"only 0 bytes"),
        (b"1234567", r"only 7 bytes"),
        ((100).to_bytes(8, "little") + b"{}", r"should have 100 bytes, but the file ends after 10"),
        ((MAX_HEADER_BYTES + 1).to_bytes(8, "little") + b"{}", r"100,000,001 bytes, which is no safetensors header"),
        (b"PK\x03\x04" + b"0" * 20, r"pickled PyTorch file under another name"),
        (b"\x80\x02}q\x00X" + b"0" * 20, r"pickled PyTorch file under another name"),
        (b"<!DOCTYPE html><html>", r"it is a text, perhaps a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", r"perhaps a web page or a pointer file"),
    ],
)
def test_what_is_no_safetensors_file_is_said_to_be_what_it_is(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    with pytest.raises(BrokenModelError, match=problem):
        read_header(path)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_damage_is_an_error_or_harmless(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    save_file({"first": torch.arange(4.0), "second": torch.zeros(2, dtype=torch.float16)}, path, {"k": "v"})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        header = read_header(path)
    except BrokenModelError:
        return
    assert sum(info.size_bytes for info in header.tensors.values()) <= path.stat().st_size
