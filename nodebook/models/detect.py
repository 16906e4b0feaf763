"""Which family a file of weights is of: every matcher is asked, and what each said is kept for the error.

Source: spec A.1, A.2.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from nodebook.models.errors import BrokenModelError, UnknownModelError, UnsuitableModelError
from nodebook.models.families import others, sd3, sdxl, stable_diffusion
from nodebook.models.families.candidate import Candidate, Mismatch, Recognised
from nodebook.models.families.kinds import find_kind
from nodebook.models.files import WeightsIndex, open_tensors, read_index
from nodebook.models.latents import LatentFormat
from nodebook.models.spec import CheckpointSpec

Found = CheckpointSpec | Recognised | Mismatch
Matcher = Callable[[Candidate], Found]

MATCHERS: Final[tuple[tuple[str, Matcher], ...]] = (
    ("Stable Diffusion 3", sd3.match_sd3),
    ("any of the families that are only told apart", others.match_others),
    ("Stable Diffusion 1.x", stable_diffusion.match_sd1),
    ("Stable Diffusion 2.x", stable_diffusion.match_sd2),
    ("SDXL", sdxl.match_sdxl),
    ("the SDXL refiner", sdxl.match_refiner),
)
"""In the order in which they are asked; the first that does not refuse decides."""

PREFIXES: Final = ("model.diffusion_model.", "model.model.", "net.")
MIN_PREFIXED = 5
"""A prefix counts where more tensors than these have it; ``model.`` stands for all others."""

QUANTISED: Final = ("scaled_fp8", ".scale_weight", ".comfy_quant", ".weight_scale")
QUANTISED_METADATA: Final = "_quantization_metadata"

LATENT_RGB_METADATA = "nodebook.latent_rgb"
"""JSON ``{"weights": [[r, g, b], ...], "bias": [r, g, b]}``: a checkpoint's own fit of latents to colours."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one matcher said of a file."""

    family: str
    said: Found


def detect(path: Path) -> CheckpointSpec:
    """Return what a checkpoint, or a file of a diffusion network alone, holds.

    Raises ``UnknownModelError`` where no family matches, saying what the file looks like, ``UnsuitableModelError``
    where it is of a family that is not built here, and ``BrokenModelError`` where one matches but is not whole.
    """
    index = read_index(path)
    outcomes = ask(index)
    last = outcomes[-1].said
    if isinstance(last, CheckpointSpec):
        _refuse_quantised(index, last.network.prefix)
        return last
    if isinstance(last, Recognised):
        raise UnsuitableModelError(
            f"{path.name} is {last.title}, which nodebook cannot run yet. It runs Stable Diffusion 1.x, 2.x, XL and 3. "
            f"The file is {path}."
        )
    raise UnknownModelError(_unknown(index, outcomes))


def ask(index: WeightsIndex, read: Callable[[str], Tensor] | None = None) -> list[Outcome]:
    """Ask the matchers in turn until one does not refuse; its outcome is the last of the list.

    ``read`` gives the few tensors whose values matter, by default from the file. Raises ``BrokenModelError``.
    """
    read = read or _reader(index.path)
    outcomes = []
    for prefix in dict.fromkeys((guess_prefix(index), "")):
        file = Candidate(index, prefix, read)
        for family, match in MATCHERS:
            outcomes.append(Outcome(family, _with_own_colours(index, match(file))))
            if not isinstance(outcomes[-1].said, Mismatch):
                return outcomes
    return outcomes


def guess_prefix(index: WeightsIndex) -> str:
    """Return what stands before the names of the diffusion network's tensors."""
    counts = {prefix: index.count_prefix(prefix) for prefix in PREFIXES}
    best = max(counts, key=lambda prefix: counts[prefix])
    return best if counts[best] > MIN_PREFIXED else "model."


def _refuse_quantised(index: WeightsIndex, prefix: str) -> None:
    """Raise where weights are numbers that only make sense with their scales (spec A.9): they would load as noise."""
    marks = (key for key in index.tensors if key.startswith(prefix) and key.endswith(QUANTISED))
    mark = QUANTISED_METADATA if QUANTISED_METADATA in index.metadata else next(marks, None)
    if mark is not None:
        raise UnsuitableModelError(
            f"{index.path.name} has quantised weights ({mark!r}), which nodebook cannot read yet. "
            "Use a file with weights in float16, bfloat16, float32 or plain fp8."
        )


def _with_own_colours(index: WeightsIndex, found: Found) -> Found:
    """Give a checkpoint its own latent -> RGB fit where its metadata states one."""
    text = index.metadata.get(LATENT_RGB_METADATA)
    if text is None or not isinstance(found, CheckpointSpec):
        return found
    return replace(found, latent_format=_fitted(index, found.latent_format, text))


def _fitted(index: WeightsIndex, latent_format: LatentFormat, text: str) -> LatentFormat:
    try:
        fit: Any = json.loads(text)
        rows = tuple(_triple(row) for row in fit["weights"])
        bias = _triple(fit.get("bias", (0.0, 0.0, 0.0)))
    except (ValueError, TypeError, KeyError, AttributeError):
        rows, bias = (), (0.0, 0.0, 0.0)
    if len(rows) != latent_format.channels:
        raise BrokenModelError(
            f"The metadata {LATENT_RGB_METADATA} of {index.path.name} is no fit of {latent_format.channels} channels: "
            'expected {"weights": [[r, g, b], ...], "bias": [r, g, b]}.'
        )
    return replace(latent_format, rgb=rows, rgb_bias=bias, tiny_vae="")  # latents of its own: no TAESD fits


def _triple(numbers: Any) -> tuple[float, float, float]:
    red, green, blue = (float(number) for number in numbers)
    return red, green, blue


def _reader(path: Path) -> Callable[[str], Tensor]:
    def read(name: str) -> Tensor:
        with open_tensors(path) as tensors:
            return tensors.read(name)

    return read


def _unknown(index: WeightsIndex, outcomes: list[Outcome]) -> str:
    kind = find_kind(index)
    if kind is not None:
        return f"{index.path.name} looks like {kind.title}, not like a model. {kind.advice} The file is {index.path}."
    said = {each.family: each.said.reason for each in outcomes if isinstance(each.said, Mismatch)}
    reasons = "; ".join(f"not {family}, as {reason}" for family, reason in said.items())
    return (
        f"{index.path.name} is of no family that is known here ({len(index.tensors)} tensors; {reasons}). "
        f"Check that it is what its name says. The file is {index.path}."
    )
