"""Which family a file of weights is of: every matcher is asked, and what each said is kept for the error.

Source: spec A.1, A.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torch import Tensor

from nodebook.models.errors import UnknownModelError
from nodebook.models.families import stable_diffusion
from nodebook.models.families.candidate import Candidate, Mismatch
from nodebook.models.files import WeightsIndex, open_tensors, read_index
from nodebook.models.spec import CheckpointSpec

Matcher = Callable[[Candidate], CheckpointSpec | Mismatch]

MATCHERS: Final[tuple[tuple[str, Matcher], ...]] = (
    ("Stable Diffusion 1.x", stable_diffusion.match_sd1),
    ("Stable Diffusion 2.x", stable_diffusion.match_sd2),
)
"""In the order in which they are asked."""

PREFIXES: Final = ("model.diffusion_model.", "model.model.", "net.")
MIN_PREFIXED = 5
"""A prefix counts where more tensors than these have it; ``model.`` stands for all others."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one matcher said of a file."""

    family: str
    mismatch: Mismatch | None


def detect(path: Path) -> CheckpointSpec:
    """Return what a checkpoint file holds.

    Raises ``UnknownModelError`` where no family matches, saying what the file looks like, and ``BrokenModelError``
    where one matches but the file is not whole.
    """
    return detect_in(read_index(path))


def detect_in(index: WeightsIndex, read: Callable[[str], Tensor] | None = None) -> CheckpointSpec:
    """Return what the tensors of a file are; ``read`` gives the few whose values matter, by default from the file."""
    file = Candidate(index, guess_prefix(index), read or _reader(index.path))
    outcomes = []
    for family, match in MATCHERS:
        found = match(file)
        if not isinstance(found, Mismatch):
            return found
        outcomes.append(Outcome(family, found))
    raise UnknownModelError(_unknown(index, outcomes))


def guess_prefix(index: WeightsIndex) -> str:
    """Return what stands before the names of the diffusion network's tensors."""
    counts = {prefix: index.count_prefix(prefix) for prefix in PREFIXES}
    best = max(counts, key=lambda prefix: counts[prefix])
    return best if counts[best] > MIN_PREFIXED else "model."


def _reader(path: Path) -> Callable[[str], Tensor]:
    def read(name: str) -> Tensor:
        with open_tensors(path) as tensors:
            return tensors.read(name)

    return read


def _unknown(index: WeightsIndex, outcomes: list[Outcome]) -> str:
    said = "; ".join(f"not {each.family}: {each.mismatch.reason}" for each in outcomes if each.mismatch)
    return f"{index.path.name} is no checkpoint of a known family ({said}). The file is {index.path}."
