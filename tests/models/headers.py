"""Names, shapes and dtypes of real files, without their weights: from the recorded set, and as files of our own."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import torch

from nodebook.models.files import WeightsIndex
from nodebook.models.header import TensorInfo
from tests.golden_data import GOLDEN

HEADERS = GOLDEN / "headers"


def recorded_headers() -> list[str]:
    """Return the names of all recorded files; one that stands for none where they are absent."""
    return sorted(path.name.removesuffix(".json.gz") for path in HEADERS.glob("*.json.gz")) or ["absent"]


@cache
def header(name: str) -> dict[str, Any]:
    """Return one recorded file."""
    with gzip.open(HEADERS / f"{name}.json.gz", "rt") as file:
        loaded: dict[str, Any] = json.load(file)
    return loaded


def index_of(name: str) -> WeightsIndex:
    """Return one recorded file as the loader sees a file's header."""
    recorded = header(name)
    tensors = {key: TensorInfo(dtype, tuple(shape)) for key, (dtype, shape) in recorded["tensors"].items()}
    return WeightsIndex(Path(f"{name}.safetensors"), tensors, recorded["metadata"])


def value_of(name: str, key: str) -> torch.Tensor:
    """Return values for a tensor of a recorded file, as its hints ask for them."""
    dtype, shape = header(name)["tensors"][key]
    hint = header(name).get("value_hints", {}).get(key, {})
    if "value" in hint:
        return torch.full(shape, float(hint["value"]))
    assert dtype.startswith(("F", "BF"))
    spread: float = hint.get("std", 0.05)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)) * spread
