"""Recorded graphs (numerics/README.md), run by calling node functions one after another, without the engine.

``Graph(case["graph"], nodes, services).value("9", 1)`` is what output 1 of node 9 gives. ``nodes`` says which function
stands for each class_type: ``all_nodes()`` are those of the package, and the pseudo-nodes of the recordings. The inputs
that a session gives to nodes are ``recorded_services()``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from nodebook.models.folders import ModelFolders
from nodebook.models.guidance.batching import Evaluator
from nodebook.models.guidance.conditioning import prepare
from nodebook.models.guidance.options import BatchFunction
from nodebook.models.guidance.rounds import Round
from nodebook.models.handles import ModelHandle
from nodebook.models.latents import SD1, SD3, SDXL, LatentFormat
from nodebook.models.networks import Canvas, Network
from nodebook.models.pool import Pool
from nodebook.models.previews import latent_to_rgb
from nodebook.models.sampling.noise import initial_noise
from nodebook.models.values import Conditioning, Latent
from nodebook.nodes import builtin_nodes
from nodebook.nodes.diffusion.previewing import Previews
from tests.golden_data import NUMERICS, array

NodeTable = Mapping[str, Callable[..., Any]]
FORMATS: Mapping[str, LatentFormat] = {"SD15": SD1, "SDXL": SDXL, "SD3": SD3}

LOOSER: Mapping[str, float] = {
    "custom/node_dpm_adaptive": 10,  # its levels depend on the estimates, so on the number of threads
}
"""Cases of which more than the recorded tolerance is allowed, how many times as much, and why.

Networks are told the nearest of 1,000 whole times: a level that is off by one part in 10 million can mean another one.
"""


@dataclass(slots=True, eq=False)
class Graph:
    """A graph in ComfyUI's API format; each node is called once, when its value is first wanted."""

    nodes: Mapping[str, Mapping[str, Any]]
    functions: NodeTable
    services: Mapping[str, Any] = field(default_factory=dict)
    """What the session gives to functions that have parameters of these names (``pool``, ``folders``, ``previews``)."""

    results: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def value(self, node_id: str, slot: int = 0) -> Any:
        """Return one output of a node."""
        if node_id not in self.results:
            result = self._call(self.nodes[node_id])
            self.results[node_id] = result if isinstance(result, tuple) else (result,)
        return self.results[node_id][slot]

    def upstream(self, node_id: str) -> list[str]:
        """Return the ids of all nodes that a node needs, itself last, each once."""
        found: dict[str, None] = {}
        for value in self.nodes[node_id]["inputs"].values():
            if _is_link(value):
                found.update(dict.fromkeys(self.upstream(value[0])))
        return [*found, node_id]

    def missing(self, node_id: str) -> list[str]:
        """Return the class_types, sorted, that a node needs and that there is no function for."""
        return sorted({self.nodes[each]["class_type"] for each in self.upstream(node_id)} - self.functions.keys())

    def _call(self, node: Mapping[str, Any]) -> Any:
        function = self.functions[node["class_type"]]
        inputs = {name: self.value(*value) if _is_link(value) else value for name, value in node["inputs"].items()}
        wanted = inspect.signature(function).parameters
        return function(**inputs, **{name: value for name, value in self.services.items() if name in wanted})


def _is_link(value: Any) -> bool:
    is_pair = isinstance(value, list) and len(value) == 2
    return is_pair and isinstance(value[0], str) and isinstance(value[1], int)


def all_nodes() -> dict[str, Callable[..., Any]]:
    """Return the functions of all nodes by their type names, those of the recordings among them."""
    return {**{each.type_name: each.function for each in builtin_nodes()}, **recorded_nodes()}


def recorded_folders() -> ModelFolders:
    """Return the folders of the recorded model files."""
    found = ModelFolders(own=None)
    for folder in (NUMERICS, NUMERICS / "extra"):
        found.add("checkpoints", folder)
        found.add("diffusion_models", folder)
    found.add("loras", NUMERICS / "loras")
    found.add("embeddings", NUMERICS / "embeddings")
    return found


def recorded_services() -> dict[str, Any]:
    """Return what a session gives to the nodes of recorded graphs, by the names of their parameters."""
    pool, folders = Pool(), recorded_folders()
    return {"pool": pool, "folders": folders, "previews": Previews(pool, folders)}


def outputs(case: Mapping[str, Any], graph: Graph) -> dict[str, Tensor]:
    """Return the tensors that a case names, by the names of its arrays; those of traces are not among them.

    Outputs of which a node is missing are left out.
    """
    found: dict[str, Tensor] = {}
    for name, (node_id, slot) in case["outputs"].items():
        if not graph.missing(node_id):
            found.update(tensors_of(name, graph.value(node_id, slot)))
    return found


def tensors_of(name: str, value: Any) -> dict[str, Tensor]:
    """Return the tensors of one output, by the suffixes of the recordings."""
    if isinstance(value, Tensor):
        return {name: value}
    if isinstance(value, dict):
        parts = {f"{name}/{key}": torch.as_tensor(value[key]) for key in ("noise_mask", "batch_index") if key in value}
        return {name: value["samples"], **parts}
    if len(value) == 1:
        return _entry(name, value[0])
    return {key: tensor for index, each in enumerate(value) for key, tensor in _entry(f"{name}/{index}", each).items()}


def _entry(name: str, entry: Sequence[Any]) -> dict[str, Tensor]:
    found = {f"{name}/cond": entry[0]}
    if entry[1].get("pooled_output") is not None:
        found[f"{name}/pooled"] = entry[1]["pooled_output"]
    return found


def recorded_nodes() -> dict[str, Callable[..., Any]]:
    """Return the functions of the pseudo-nodes that recordings use."""
    return {
        "GoldenLatent": lambda name: {"samples": array(name)},
        "GoldenImage": array,
        "GoldenMask": array,
        "GoldenConditioning": lambda name: [[array(f"{name}_cond"), {"pooled_output": array(f"{name}_pooled")}]],
        "GoldenSigmas": lambda values: torch.tensor(values, dtype=torch.float32),
        "GoldenBatchIndex": lambda latent, batch_index: {**latent, "batch_index": batch_index},
        "GoldenNoise": lambda shape, seed, batch_index: initial_noise(torch.zeros(shape), seed, batch_index),
        "GoldenAnalyticModel": lambda model: model.with_option(ClosedFormula()),
        "GoldenApplyModel": apply_model,
        "GoldenPreview": preview,
        "GoldenProcess": process,
    }


def preview(latent: Latent, format: str) -> Tensor:  # noqa: A002 -- the recordings' word
    """Return the colours of a latent's first item."""
    return torch.from_numpy(latent_to_rgb(FORMATS[format], latent["samples"][0]))


@dataclass(frozen=True, slots=True)
class ClosedFormula(BatchFunction):
    """The network's place taken by 0.8 tanh(x / sqrt(1 + sigma^2) + b), b = 0.5 for positive and -0.25 for negative."""

    def evaluate(self, names: Sequence[str], step: Round) -> list[Tensor]:
        scaled = step.x / (1 + step.sigma**2).sqrt()
        return [0.8 * torch.tanh(scaled + (-0.25 if name == "negative" else 0.5)) for name in names]


def apply_model(model: ModelHandle, x: Latent, sigma: float, conditioning: Conditioning, *, pool: Pool) -> Tensor:
    """Return the denoised estimate of one evaluation; ``x`` is in the model's scale."""
    samples, level = x["samples"], torch.tensor(sigma, dtype=torch.float32)
    with torch.no_grad(), pool.lease(model.network) as (module,):
        network = Network(module, model.family, model.sampling)
        size = (samples.shape[0], samples.shape[1], samples.shape[2], samples.shape[3])
        canvas = Canvas(size, samples.device, network.dtype, model.latent_format)
        lists = prepare({"positive": conditioning}, network, canvas)
        return Evaluator(network)([lists["positive"]], samples, level)[0]


def process(latent: Latent, format: str, direction: str) -> Latent:  # noqa: A002 -- the recordings' name
    """Return a latent through a format's ``process_in`` or ``process_out``."""
    latent_format = FORMATS[format]
    function = latent_format.process_in if direction == "in" else latent_format.process_out
    return {**latent, "samples": function(latent["samples"])}
