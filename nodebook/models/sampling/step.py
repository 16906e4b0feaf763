"""What samplers see of a model, and what they tell of their work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

    from nodebook.models.sampling.parametrisation import ModelSampling


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sampler, told right after its first model call, before ``x`` advances."""

    index: int
    """From 0."""

    total: int
    sigma: Tensor | None
    """0-dim float32; None where the sampler does not tell (UniPC)."""

    x: Tensor
    """[B, C, h, w] the sample that the step began with, in the model's scale."""

    denoised: Tensor
    """[B, C, h, w] the model's estimate of the finished sample (x0 after guidance), in the model's scale."""


StepHook: TypeAlias = Callable[[Step], None]
"""Called in each step; what it raises ends the sampling."""

NoiseSampler: TypeAlias = Callable[["Tensor", "Tensor"], "Tensor"]
"""``noise(sigma, sigma_next)``: unit noise shaped like the sample, for the way between two noise levels."""


class Denoiser(Protocol):
    """A model as samplers see it: guidance, masks and conditioning are inside."""

    @property
    def sampling(self) -> ModelSampling:
        """How noise levels, time and samples belong together."""

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Return the denoised estimate (x0) [B, C, h, w] float32 of ``x`` at the noise level ``sigma`` (0-dim)."""

    def split(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """Return the guided estimate and the unconditional one, which is evaluated even where CFG is 1 (CFG++)."""
