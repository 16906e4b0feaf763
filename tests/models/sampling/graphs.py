"""Recorded graphs of model samplings and noise levels, run by the node functions themselves: no model is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from nodebook.models.handles import ModelHandle, Part, Patched, WeightsFile
from nodebook.models.latents import SD1
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.schedules import DiscreteSchedule
from nodebook.nodes.diffusion import model_sampling, samplers, schedulers

FUNCTIONS = {
    function.type_name: function for module in (model_sampling, samplers, schedulers) for function in module.NODES
}

NOT_BUILT = {"gits", "optimal_FLUX", "optimal_Wan", "optimal_Chroma"}
"""Recorded noise levels whose tables no openly licensed source at hand has."""


def sd1_model(sampling: ModelSampling | None = None) -> ModelHandle:
    """A handle of a model whose weights nobody asks for."""
    part = Part(WeightsFile("0" * 64, Path("tiny_sd1.safetensors")), "unet", None)
    return ModelHandle(Patched(part), "sd1", sampling or ModelSampling(DiscreteSchedule()), SD1)


def run(graph: dict[str, Any], wanted: tuple[str, int]) -> Any:
    """Return the output ``slot`` of the node ``id`` of a graph."""
    found = _outputs(graph, wanted[0])
    return found[wanted[1]] if isinstance(found, tuple) else found


def _outputs(graph: dict[str, Any], node_id: str) -> Any:
    node = graph[node_id]
    values = {
        name: run(graph, (value[0], value[1])) if isinstance(value, list) else value
        for name, value in node["inputs"].items()
    }
    match node["class_type"]:
        case "CheckpointLoaderSimple":
            return sd1_model()
        case "GoldenAnalyticModel":
            return values["model"]
        case "GoldenSigmas":
            return torch.tensor(values["values"], dtype=torch.float32)
        case name:
            return FUNCTIONS[name](**values)


def node_of(graph: dict[str, Any], class_type: str) -> tuple[str, dict[str, Any]]:
    """Return the id and the inputs of the first node of a type."""
    return next((key, node["inputs"]) for key, node in graph.items() if node["class_type"] == class_type)
