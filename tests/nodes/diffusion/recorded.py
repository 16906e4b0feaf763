"""Evaluating the graphs of recorded cases by calling node functions directly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

import torch

from nodebook.models.folders import ModelFolders
from nodebook.models.pool import Pool
from nodebook.nodes import builtin_nodes
from nodebook.nodes.diffusion import latent_batches, latent_math, latents, loaders, lora, merge, text, vae
from tests.golden_data import NUMERICS, array

MODULES = (latent_batches, latent_math, latents, loaders, lora, merge, text, vae)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    each.type_name: each.function for each in (*builtin_nodes(), *(node for module in MODULES for node in module.NODES))
}


def session_objects() -> dict[str, Any]:
    """Return what a session passes to hidden inputs, by their names."""
    folders = ModelFolders(own=None)
    for category, folder in (("checkpoints", "."), ("checkpoints", "extra"), ("loras", "loras")):
        folders.add(category, NUMERICS / folder)
    folders.add("embeddings", NUMERICS / "embeddings")
    return {"pool": Pool(), "folders": folders}


def evaluate(graph: Mapping[str, Any], node_id: str, objects: Mapping[str, Any], done: dict[str, Any]) -> Any:
    """Return the outputs of a node as a tuple."""
    if node_id in done:
        return done[node_id]
    entry = graph[node_id]
    inputs = {
        name: evaluate(graph, value[0], objects, done)[value[1]] if isinstance(value, list) else value
        for name, value in entry["inputs"].items()
    }
    done[node_id] = _call(entry["class_type"], inputs, objects)
    return done[node_id]


def can_evaluate(graph: Mapping[str, Any], node_id: str) -> bool:
    """Say whether the node functions at hand are enough."""
    entry = graph[node_id]
    known = entry["class_type"] in FUNCTIONS or entry["class_type"] in _SOURCES
    linked = (value[0] for value in entry["inputs"].values() if isinstance(value, list))
    return known and all(can_evaluate(graph, each) for each in linked)


def part_of(output: Any, suffix: str) -> torch.Tensor:
    """Return the array that a suffix of a recorded name means."""
    found: Any = output[suffix or "samples"] if isinstance(output, dict) else output
    return found if isinstance(found, torch.Tensor) else torch.tensor(found)


_SOURCES: dict[str, Callable[[str], Any]] = {
    "GoldenLatent": lambda name: {"samples": array(name)},
    "GoldenImage": array,
    "GoldenMask": array,
}


def _call(name: str, inputs: dict[str, Any], objects: Mapping[str, Any]) -> tuple[Any, ...]:
    if name in _SOURCES:
        return (_SOURCES[name](inputs["name"]),)
    if name == "GoldenBatchIndex":
        return ({**inputs["latent"], "batch_index": inputs["batch_index"]},)
    function = FUNCTIONS[name]
    hidden = {each: objects[each] for each in signature(function).parameters if each in objects}
    returned = function(**inputs, **hidden)
    return returned if isinstance(returned, tuple) else (returned,)
