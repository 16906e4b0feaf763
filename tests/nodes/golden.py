"""The recorded facts about ComfyUI, where this checkout stands beside them."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"

needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/golden is not beside this checkout")


def load_schema() -> dict[str, Any]:
    path = GOLDEN / "object_schema.json"
    schema: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return schema


def load_ops() -> list[dict[str, Any]]:
    """Cases about pictures that need no model."""
    path = GOLDEN / "numerics" / "golden.json"
    if not path.exists():
        return []
    cases: list[dict[str, Any]] = json.loads(path.read_text())["cases"]
    return [case for case in cases if case["kind"] == "ops" and "image" in case["outputs"]]


def load_array(name: str) -> torch.Tensor:
    """Read one array of golden.safetensors: a length, a JSON header, then the bytes."""
    with (GOLDEN / "numerics" / "golden.safetensors").open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(size))[name]
        assert entry["dtype"] == "F32"
        start, end = entry["data_offsets"]
        file.seek(8 + size + start)
        data = np.frombuffer(file.read(end - start), dtype="<f4")
    return torch.from_numpy(data.reshape(entry["shape"]).copy())
