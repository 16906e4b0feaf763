"""The recorded numbers beside which models are tested: where they lie, and how they are read and compared.

They are not part of the repository; tests that need them skip with a reason where they are absent.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "golden"
NUMERICS = GOLDEN / "numerics"

needs_golden = pytest.mark.skipif(not NUMERICS.is_dir(), reason=f"the recorded numbers are not here: {GOLDEN.name}/")


@cache
def recorded() -> dict[str, Any]:
    """Return ``golden.json``; empty where it is absent."""
    file = NUMERICS / "golden.json"
    loaded: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {"cases": [], "prompts": {}}
    return loaded


def cases(*kinds: str) -> list[Any]:
    """Return the cases of these kinds as test parameters, named after their ids."""
    found = [case for case in recorded()["cases"] if case["kind"] in kinds]
    return [pytest.param(case, id=case["id"]) for case in found] or [pytest.param(None, id="absent")]


@cache
def array(name: str) -> torch.Tensor:
    """Return one recorded array. Do not change it."""
    with safe_open(NUMERICS / "golden.safetensors", framework="pt") as file:
        loaded: torch.Tensor = file.get_tensor(name)
    return loaded


def deviation(actual: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the largest absolute difference, infinite where shapes or NaNs do not match."""
    if actual.shape != expected.shape or not torch.equal(torch.isnan(actual), torch.isnan(expected)):
        return math.inf
    difference = (actual.double() - expected.double()).abs()
    return float(difference[~torch.isnan(difference)].amax()) if difference.numel() else 0.0


def tolerance_of(entry: dict[str, Any]) -> float:
    """Return how far an array may be from the recorded one; where none was recorded, what float32 rounds."""
    recorded_tolerance: float | None = entry.get("tol_abs")
    return recorded_tolerance or 1e-5 * max(1e-9, float(array(entry["array"]).double().abs().max()))


def expect_close(case: dict[str, Any], name: str, actual: torch.Tensor, *, looser: float = 1.0) -> None:
    """Fail where ``actual`` is farther from the recorded output ``name`` than ``looser`` times its own tolerance."""
    entry = case["arrays"][name]
    tolerance = tolerance_of(entry) * looser
    found = deviation(actual, array(entry["array"]))
    assert found <= tolerance, f"{case['id']} {name}: off by {found:.3g}, allowed {tolerance:.3g}"
