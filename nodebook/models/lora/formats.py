"""Which tensors of a LoRA file belong together, and which kind of change they are.

A file's names are a layer and an ending; trainers spell the endings differently. Source: spec models.md J.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_LORA_SPELLINGS = {
    "up": (
        ".lora_up.weight",
        ".lora.up.weight",
        "_lora.up.weight",
        ".lora_linear_layer.up.weight",
        ".lora_B.weight",
        ".lora_B.default.weight",
        ".lora_B",
    ),
    "down": (
        ".lora_down.weight",
        ".lora.down.weight",
        "_lora.down.weight",
        ".lora_linear_layer.down.weight",
        ".lora_A.weight",
        ".lora_A.default.weight",
        ".lora_A",
    ),
    "mid": (".lora_mid.weight",),
}

_GLORA = ("a1", "a2", "b1", "b2")

_PLAIN = (
    "alpha",
    "dora_scale",
    "reshape_weight",
    "diff",
    "diff_b",
    "w_norm",
    "b_norm",
    "set_weight",
    "hada_w1_a",
    "hada_w1_b",
    "hada_w2_a",
    "hada_w2_b",
    "hada_t1",
    "hada_t2",
    "lokr_w1",
    "lokr_w1_a",
    "lokr_w1_b",
    "lokr_w2",
    "lokr_w2_a",
    "lokr_w2_b",
    "lokr_t2",
    "oft_blocks",
    "rescale",
)

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{ending: field for field, endings in _LORA_SPELLINGS.items() for ending in endings},
        **{f".{each}.weight": each for each in _GLORA},
        **{f".{each}": each for each in _PLAIN},
    }
)
"""Ending of a tensor's name → what the tensor is."""

_LONGEST_FIRST = sorted(FIELDS, key=len, reverse=True)


@dataclass(frozen=True, slots=True)
class LayerTensors:
    """The tensors of a file that change one layer."""

    layer: str
    """As the file names it."""

    names: Mapping[str, str]
    """What a tensor is (``up``, ``down``, ``alpha``, ...) → its name in the file."""

    def has(self, *fields: str) -> bool:
        """Say whether the file has all of these for the layer."""
        return all(field in self.names for field in fields)


def group_tensors(names: Iterable[str]) -> tuple[dict[str, LayerTensors], list[str]]:
    """Return the layers of a file by name, and the tensors that no known format has."""
    layers: dict[str, dict[str, str]] = {}
    unknown = []
    for name in names:
        ending = next((each for each in _LONGEST_FIRST if name.endswith(each)), None)
        if ending is None:
            unknown.append(name)
        else:
            layers.setdefault(name.removesuffix(ending), {})[FIELDS[ending]] = name
    return {layer: LayerTensors(layer, fields) for layer, fields in layers.items()}, unknown
