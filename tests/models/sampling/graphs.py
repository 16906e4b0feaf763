"""Recorded graphs of model samplings and noise levels, run by the node functions themselves: no model is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from nodebook.models.handles import ModelHandle, Part, Patched, WeightsFile
from nodebook.models.latents import SD1
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.schedules import DiscreteSchedule
from tests.golden_graph import Graph, all_nodes

NOT_BUILT = {"gits", "optimal_FLUX", "optimal_Wan", "optimal_Chroma"}
"""Recorded noise levels whose tables no openly licensed source at hand has."""


def sd1_model(sampling: ModelSampling | None = None) -> ModelHandle:
    """A handle of a model whose weights nobody asks for."""
    part = Part(WeightsFile("0" * 64, Path("tiny_sd1.safetensors")), "unet", None)
    return ModelHandle(Patched(part), "sd1", sampling or ModelSampling(DiscreteSchedule()), SD1)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **all_nodes(),
    "CheckpointLoaderSimple": lambda **_inputs: sd1_model(),
    "GoldenAnalyticModel": lambda model: model,
}


def run(graph: dict[str, Any], wanted: tuple[str, int]) -> Any:
    """Return the output ``slot`` of the node ``id`` of a graph."""
    return Graph(graph, FUNCTIONS).value(*wanted)


def node_of(graph: dict[str, Any], class_type: str) -> tuple[str, dict[str, Any]]:
    """Return the id and the inputs of the first node of a type."""
    return next((key, node["inputs"]) for key, node in graph.items() if node["class_type"] == class_type)


def sampling_points(case: dict[str, Any]) -> dict[str, float | list[float]]:
    """Return what a case of kind model_sampling has recorded of one, as it is here."""
    _, inputs = node_of(case["graph"], "GoldenSamplingPoints")
    sampling = run(case["graph"], tuple(inputs["model"])).sampling
    points, schedule = case["values"]["points"], sampling.schedule
    return {
        "sigma_min": sampling.sigma_min,
        "sigma_max": sampling.sigma_max,
        "n_sigmas": len(schedule.sigmas),
        "percent_to_sigma": [schedule.percent_to_sigma(each) for each in points["percent"]],
        "timestep_of_sigma": schedule.timestep(torch.tensor(points["sigma_in"])).float().tolist(),
        "sigma_of_timestep": schedule.sigma(torch.tensor(points["timestep_in"])).tolist(),
    }
