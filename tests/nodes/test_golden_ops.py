"""Pictures that ComfyUI computed, computed again."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nodebook.nodes import builtin_nodes
from tests.nodes.golden import load_array, load_ops, needs_golden

FUNCTIONS = {each.type_name: each.function for each in builtin_nodes()}


def evaluate(graph: dict[str, Any], node_id: str) -> Any:
    entry = graph[node_id]
    arguments = {
        name: evaluate(graph, value[0])[value[1]] if isinstance(value, list) else value
        for name, value in entry["inputs"].items()
    }
    if entry["class_type"].startswith("Golden"):
        return (load_array(arguments["name"]),)
    returned = FUNCTIONS[entry["class_type"]](**arguments)
    return returned if isinstance(returned, tuple) else (returned,)


@needs_golden
@pytest.mark.parametrize("case", load_ops(), ids=lambda case: case["id"])
def test_the_picture_is_comfyuis(case: dict[str, Any]) -> None:
    for name, (node_id, slot) in case["outputs"].items():
        expected = case["arrays"][name]
        picture = evaluate(case["graph"], node_id)[slot]
        assert list(picture.shape) == expected["shape"]
        assert (picture - load_array(expected["array"])).abs().max() <= expected["tol_abs"]


def test_there_are_cases_where_the_data_is() -> None:
    assert torch.is_tensor(load_array("in/img_a")) if load_ops() else True
