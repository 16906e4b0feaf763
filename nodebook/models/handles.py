"""MODEL, CLIP and VAE as values: what to load, and how it is changed. Weights live in the pool alone.

Handles are frozen, small and equal when they mean the same, so that copies cost nothing and two graphs share weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from torch import Tensor

    from nodebook.models.latents import LatentFormat
    from nodebook.models.sampling.parametrisation import ModelSampling


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights. Two files of the same content are the same weights, wherever they lie."""

    digest: str
    """Of the whole content: ``nodebook.models.files.content_digest``."""

    path: Path = field(compare=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One network of one file: what the pool keeps once.

    ``name``: ``unet``, ``clip_l``, ``clip_g``, ``vae``. ``spec``: the hyper-parameters that detection read from the
    header (frozen, hashable): with the file's tensors all that is needed to build the network.
    """

    file: WeightsFile
    name: str
    spec: Any


class WeightPatch(Protocol):
    """A change of a network's weights: frozen and hashable, since it is part of what a handle means."""

    def changes(self, part: Part, names: Mapping[str, tuple[int, ...]]) -> Mapping[str, Callable[[Tensor], Tensor]]:
        """Return what becomes of each parameter that this patch changes.

        ``names``: the parameters of the built network and their shapes. A function gets the weight as it is so far,
        float32, and returns the new one of the same shape, never writing into what it got. Files are read inside.
        """


@dataclass(frozen=True, slots=True)
class Patched:
    """A network with patches, applied in order: what one asks the pool for."""

    part: Part
    patches: tuple[WeightPatch, ...] = ()


class GuidanceOption(Protocol):
    """A change of how predictions are made or combined (RescaleCFG, FreeU, ...): frozen and hashable.

    ``nodebook.models.guidance.options`` says what such an object may do.
    """


@dataclass(frozen=True, slots=True)
class ModelHandle:
    """MODEL: a diffusion network, how its output is read, and what changes it."""

    network: Patched
    family: str
    """``sd1``, ``sd2``, ``sdxl``, ``sd3``, ...: how the network is called (``nodebook.models.networks``)."""

    sampling: ModelSampling
    latent_format: LatentFormat
    options: tuple[GuidanceOption, ...] = ()

    def __repr__(self) -> str:
        return _shown("MODEL", self.family, (self.network,))

    def with_patch(self, patch: WeightPatch) -> Self:
        """Return the model with one more change of its weights."""
        return replace(self, network=Patched(self.network.part, (*self.network.patches, patch)))

    def with_option(self, option: GuidanceOption) -> Self:
        """Return the model with one more change of how it is used."""
        return replace(self, options=(*self.options, option))


@dataclass(frozen=True, slots=True)
class ClipHandle:
    """CLIP: one or more text encoders that are used together."""

    encoders: tuple[Patched, ...]
    family: str
    stop_at_layer: int | None = None
    """-1 is the last layer's output, -2 the one before, ...; None is the family's own choice."""

    embeddings: tuple[Path, ...] = ()
    """Folders of textual-inversion embeddings."""

    def __repr__(self) -> str:
        return _shown("CLIP", self.family, self.encoders)

    def with_patch(self, patch: WeightPatch) -> Self:
        """Return the encoders with one more change of their weights."""
        return replace(self, encoders=tuple(Patched(each.part, (*each.patches, patch)) for each in self.encoders))


@dataclass(frozen=True, slots=True)
class VaeHandle:
    """VAE: the network between pictures and latents."""

    network: Patched
    kind: str = "kl"
    """``kl`` (AutoencoderKL) or ``tiny`` (TAESD)."""

    def __repr__(self) -> str:
        return _shown("VAE", self.kind, (self.network,))


def _shown(port: str, family: str, networks: tuple[Patched, ...]) -> str:
    files = ", ".join(dict.fromkeys(each.part.file.path.name for each in networks))
    patches = max((len(each.patches) for each in networks), default=0)
    changed = f", {patches} change{'s' if patches > 1 else ''} of weights" if patches else ""
    return f"<{port} {family} of {files}{changed}>"
