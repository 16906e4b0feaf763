"""Pictures and latents that ComfyUI made without a sampler, made again by the nodes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.golden_data import cases, expect_close, needs_golden
from tests.golden_graph import Graph, all_nodes, outputs, recorded_services


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return recorded_services()


@needs_golden
@pytest.mark.parametrize("case", cases("ops", "vae", "preview"))
def test_outputs_are_comfyuis(case: dict[str, Any], services: dict[str, Any]) -> None:
    found = outputs(case, Graph(case["graph"], all_nodes(), services))
    assert found.keys() == case["arrays"].keys()
    for name, tensor in found.items():
        expect_close(case, name, tensor)
