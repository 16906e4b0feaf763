"""Latents and pictures that ComfyUI computed, computed again by the nodes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.golden_data import array, cases, deviation, needs_golden
from tests.nodes.diffusion.recorded import can_evaluate, evaluate, part_of, session_objects

torch.set_num_threads(1)

KINDS = ("ops", "vae", "inpaint")


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    return session_objects()


def without_samplers(*kinds: str) -> list[Any]:
    """Return the cases of which the nodes at hand can compute an output; samplers have tests of their own."""
    found = [each for each in cases(*kinds) if each.values[0] is None or computable(each.values[0])]
    return found or cases(*kinds)


def computable(case: dict[str, Any]) -> list[str]:
    return [name for name, (node_id, _slot) in case["outputs"].items() if can_evaluate(case["graph"], node_id)]


@needs_golden
@pytest.mark.parametrize("case", without_samplers(*KINDS))
def test_outputs_are_comfyuis(case: dict[str, Any], objects: dict[str, Any]) -> None:
    done: dict[str, Any] = {}
    for name, entry in case["arrays"].items():
        stem, _, suffix = name.partition("/")
        if stem not in computable(case):
            continue
        node_id, slot = case["outputs"][stem]
        made = part_of(evaluate(case["graph"], node_id, objects, done)[slot], suffix)
        assert deviation(made, array(entry["array"])) <= entry["tol_abs"], name


@needs_golden
def test_all_that_needs_no_sampler_is_among_them() -> None:
    counts = {kind: len(without_samplers(kind)) for kind in KINDS}
    assert counts["ops"] == len(cases("ops"))
    assert counts["vae"] == len(cases("vae"))
    assert counts["inpaint"] >= 1
