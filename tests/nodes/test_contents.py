from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from PIL import Image as PILImage

from nodebook.engine.codehash import code_version
from nodebook.engine.fingerprint import encode
from nodebook.nodes import contents
from tests.engine.support import from_source

contents.register_encoders()


def picture(value: int, mode: str = "RGB", **info: Any) -> PILImage.Image:
    made = PILImage.new(mode, (3, 2), value)
    made.info.update(info)
    return made


DIFFERENT = {
    "arrays": (
        np.zeros(6),
        np.zeros((2, 3)),
        np.zeros((3, 2)),
        np.zeros(6, "f4"),
        np.zeros(6, ">f8"),
        np.ones(6),
        -np.zeros(6),
        np.zeros(0),
        np.zeros((0, 2)),
        np.array(0.0),
        [0.0] * 6,
    ),
    "words and moments in arrays": (np.array(["a"]), np.array(["b"]), np.array(["2026"], "M8[Y]"), np.array([b"a"])),
    "records": (np.zeros(2, [("a", "f4")]), np.zeros(2, [("b", "f4")])),
    "numbers of NumPy and of Python": (np.float64(1), np.float32(1), np.int64(1), np.bool_(1), 1.0, 1),
    "tensors": (
        torch.zeros(6),
        torch.zeros(2, 3),
        torch.zeros(6, dtype=torch.bfloat16),
        torch.ones(6),
        torch.zeros(6, requires_grad=True),
        torch.nn.Parameter(torch.zeros(6)),
        torch.zeros(0),
        torch.tensor(0.0),
        np.zeros(6, "f4"),
    ),
    "kinds of number": (torch.float32, torch.float64, "torch.float32", torch.device("cpu")),
    "pictures": (picture(0), picture(1), picture(0, "L"), picture(0, "P"), picture(0, dpi=(1, 1))),
}


@pytest.mark.parametrize("values", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_contents_that_a_node_can_tell_apart_differ(values: tuple[Any, ...]) -> None:
    assert len({encode(value) for value in values}) == len(values)


EQUAL = {
    "an array in another order of memory": (np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))),
    "a view and a copy": (np.arange(9)[::2], np.arange(9)[::2].copy()),
    "a great view that is read in parts": (np.arange(5_000_000)[::2], np.arange(0, 5_000_000, 2)),
    "a read-only array": (np.arange(3), np.frombuffer(np.arange(3).tobytes(), int)),
    "a tensor and a view": (torch.arange(3), torch.arange(6)[:3]),
    "a complex tensor and its conjugate's": (torch.tensor([1 + 1j]), torch.tensor([1 - 1j]).conj()),
}


@pytest.mark.parametrize("values", EQUAL.values(), ids=EQUAL.keys())
def test_contents_that_are_the_same_are_equal(values: tuple[Any, ...]) -> None:
    assert len({encode(value) for value in values}) == 1


def version(value: Any) -> Any:
    return code_version(from_source("def f(): return value", value=value))


CLOSED_OVER = {
    "an array": (np.arange(3), np.arange(4)),
    "an array of objects": (np.array([1, None]), np.array([2, None])),
    "a matrix": (np.ma.array([1, 2], mask=[False, True]), np.ma.array([1, 2], mask=[True, False])),
    "a frame of pandas": (pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), pd.DataFrame({"a": [1, 2], "b": ["x", "z"]})),
    "the index of a frame": (pd.Series([1], index=["a"]), pd.Series([1], index=["b"])),
    "a frame of polars": (pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 3]})),
    "a sparse tensor": (torch.eye(2).to_sparse(), (2 * torch.eye(2)).to_sparse()),
    "the weights of a module": (torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)),
    "a generator": (np.random.default_rng(1), np.random.default_rng(2)),
}


@pytest.mark.parametrize(("one", "other"), CLOSED_OVER.values(), ids=CLOSED_OVER.keys())
def test_what_a_function_closes_over_counts_by_content(one: Any, other: Any) -> None:
    assert version(one) != version(other)
    assert version(one) == version(one)
    assert version(one).is_portable


def test_one_element_changed_in_place_counts() -> None:
    array = np.zeros(1_000_000)
    before = version(array)
    array[123_457] = 1
    assert version(array) != before
    tensor = torch.zeros(1_000_000)
    seen = version(tensor)
    tensor.numpy()[123_457] = 1  # torch counts no such change
    assert version(tensor) != seen


def test_a_read_only_array_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Any] = []
    read = contents._read_array

    def counted(value: Any) -> bytes:
        reads.append(value)
        return read(value)

    monkeypatch.setattr(contents, "_read_array", counted)
    array = np.zeros(3)
    version(array)
    version(array)
    assert len(reads) == 2
    array.flags.writeable = False
    assert version(array) == version(array)
    assert len(reads) == 3
    view = np.zeros(3)[:2]
    view.flags.writeable = False  # what it shows can still be written through the other name
    version(view)
    version(view)
    assert len(reads) == 5


def test_contents_are_the_same_in_every_process() -> None:
    program = (
        "import numpy as np, torch, pandas as pd, polars as pl\n"
        "from PIL import Image\n"
        "from nodebook.engine.codehash import code_version\n"
        "from nodebook.nodes.contents import register_encoders\n"
        "register_encoders()\n"
        "torch.manual_seed(1)\n"
        "V = [np.arange(3), torch.ones(2), pd.DataFrame({'a': [1], 'b': ['x']}), pl.DataFrame({'a': [1]}),"
        " Image.new('RGB', (2, 2)), torch.nn.Linear(2, 2), {np.float32(1), torch.float32}]\n"
        "def f(): return V\n"
        "print(code_version(f))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "4242")
    }
    assert len(seen) == 1
    assert "is_portable=True" in seen.pop()
