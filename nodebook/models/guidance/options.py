"""Where a model's handle may change how predictions are made and combined: the hook points.

An option is a frozen, hashable dataclass of one or more of these classes; ``ModelHandle.with_option`` adds it. They are
asked in the order in which they were added. Estimates are denoised samples (x0) in the model's scale, [B, C, h, w]
float32; none may be changed in place. Source: spec models.md F.4, F.5.

| class | when | several |
|---|---|---|
| ``BatchFunction`` | in place of evaluating the lists with the network | the last alone |
| ``PreCFG`` | on the estimates of all lists, before they are combined | one after another |
| ``CFGFunction`` | in place of U + (C - U) * scale | the last alone |
| ``PostCFG`` | on the guided estimate | one after another |
| ``MaskFunction`` | on the noise mask, in each step | the last alone |
| ``NetworkPatch`` | on a copy of the network that shares its weights, before a run | one after another |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from torch import Tensor, nn

from nodebook.models.handles import GuidanceOption
from nodebook.models.sampling.parametrisation import ModelSampling

if TYPE_CHECKING:
    from nodebook.models.guidance.rounds import Round

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True, eq=False)
class Guided:
    """The estimates of one step, as they are combined."""

    round: Round
    """The step: its sample, its noise level, and further evaluations."""

    cond: Tensor
    uncond: Tensor
    """Zeros where it was not evaluated, because CFG is 1."""

    scale: float
    denoised: Tensor
    """What guidance has made of them so far; ``cond`` before CFG."""

    @property
    def x(self) -> Tensor:
        """The sample."""
        return self.round.x

    @property
    def sigma(self) -> Tensor:
        """The noise level, 0-dim."""
        return self.round.sigma


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The noise levels of a run, for options that depend on progress."""

    sigmas: Tensor
    sampling: ModelSampling


class BatchFunction(ABC):
    """Evaluates the lists itself."""

    @abstractmethod
    def evaluate(self, names: Sequence[str], step: Round) -> list[Tensor]:
        """Return the denoised estimate of each list (``positive``, ``negative``, ...) for the step's sample."""


class PreCFG(ABC):
    """Changes the estimates before they are combined."""

    @abstractmethod
    def before_cfg(self, estimates: list[Tensor], step: Round) -> list[Tensor]:
        """Return what takes the place of [cond, uncond]."""


class CFGFunction(ABC):
    """Combines conditional and unconditional estimate."""

    @abstractmethod
    def combine(self, guided: Guided) -> Tensor:
        """Return the guided estimate."""


class PostCFG(ABC):
    """Changes the guided estimate."""

    needs_uncond: ClassVar[bool] = False
    """Whether the unconditional estimate is to be evaluated even where CFG is 1."""

    @abstractmethod
    def after_cfg(self, guided: Guided) -> Tensor:
        """Return what takes the place of ``guided.denoised``."""


class MaskFunction(ABC):
    """Makes the noise mask change from step to step."""

    @abstractmethod
    def step_mask(self, mask: Tensor, sigma: Tensor, schedule: Schedule) -> Tensor:
        """Return the mask [B, 1, h, w] of the step at ``sigma``."""


class NetworkPatch(ABC):
    """Changes what happens inside the network."""

    @abstractmethod
    def patch(self, module: nn.Module) -> None:
        """Change a private copy of the network: its hooks, attention processors, modules, but never its tensors.

        Raises ``UnsuitableModelError`` where the network has no such place.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Hooks:
    """The options of a model's handle by what they do."""

    batch: BatchFunction | None = None
    before: Sequence[PreCFG] = ()
    combine: CFGFunction | None = None
    after: Sequence[PostCFG] = ()
    mask: MaskFunction | None = None
    patches: Sequence[NetworkPatch] = ()

    @classmethod
    def of(cls, options: Sequence[GuidanceOption]) -> Hooks:
        """Sort the options of a handle."""
        return cls(
            _last([each for each in options if isinstance(each, BatchFunction)]),
            [each for each in options if isinstance(each, PreCFG)],
            _last([each for each in options if isinstance(each, CFGFunction)]),
            [each for each in options if isinstance(each, PostCFG)],
            _last([each for each in options if isinstance(each, MaskFunction)]),
            [each for each in options if isinstance(each, NetworkPatch)],
        )


def _last(options: Sequence[Kind]) -> Kind | None:
    return options[-1] if options else None
