"""GUIDER values: a model with conditionings, and how their estimates become one. Source: spec models.md F.4, F.6."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from nodebook.models.guidance.rounds import Round
from nodebook.models.handles import ModelHandle
from nodebook.models.values import Conditioning


class Guider(Protocol):
    """A model with what it is to make."""

    @property
    def model(self) -> ModelHandle:
        """The network, its parametrisation and its options."""

    def conditionings(self) -> Mapping[str, Conditioning]:
        """Return the lists by name; options know ``positive`` and ``negative``."""

    def guide(self, step: Round) -> tuple[Tensor, Tensor]:
        """Return the guided estimate of a step, and the unconditional one (zeros where nobody wants it)."""


@dataclass(frozen=True, slots=True, eq=False)
class CFGGuider:
    """Classifier-free guidance (arXiv 2207.12598). Without a negative it is the model alone."""

    model: ModelHandle
    positive: Conditioning
    negative: Conditioning | None = None
    cfg: float = 1.0

    def conditionings(self) -> Mapping[str, Conditioning]:
        """Return positive, and negative if there is one."""
        return {"positive": self.positive, **({} if self.negative is None else {"negative": self.negative})}

    def guide(self, step: Round) -> tuple[Tensor, Tensor]:
        """Return negative + (positive - negative) * cfg, and negative."""
        cond, uncond = step.estimate("positive", "negative" if step.needs_uncond(self.cfg) else None)
        return step.guide(cond, uncond, self.cfg), uncond


@dataclass(frozen=True, slots=True, eq=False)
class DualCFGGuider:
    """Guidance by two conditionings, as InstructPix2Pix has it (arXiv 2211.09800)."""

    model: ModelHandle
    positive: Conditioning
    middle: Conditioning
    negative: Conditioning
    cfg_positive: float
    """From the middle to the positive."""

    cfg_middle: float
    """From the negative to the middle."""

    style: Literal["regular", "nested"] = "regular"

    def conditionings(self) -> Mapping[str, Conditioning]:
        """Return the three lists."""
        return {"positive": self.positive, "middle": self.middle, "negative": self.negative}

    def guide(self, step: Round) -> tuple[Tensor, Tensor]:
        """Return cfg(middle, negative) + (positive - middle) * cfg, or one guidance inside the other."""
        negative_name = "negative" if step.needs_uncond(self.cfg_middle) else None
        positive, middle, negative = step.estimate("positive", "middle", negative_name)
        if self.style == "regular":
            guided = step.guide(middle, negative, self.cfg_middle)
            return guided + (positive - middle) * self.cfg_positive, negative
        inner = step.guide(positive, middle, self.cfg_positive)
        if negative_name is None:
            return inner, negative
        return negative + self.cfg_middle * (inner - negative), negative


@dataclass(frozen=True, slots=True, eq=False)
class PerpNegGuider:
    """Perp-Neg (arXiv 2304.04968): of the negative only what does not point along the positive is taken away."""

    model: ModelHandle
    positive: Conditioning
    negative: Conditioning
    empty: Conditioning
    cfg: float
    negative_scale: float = 1.0

    def conditionings(self) -> Mapping[str, Conditioning]:
        """Return the three lists."""
        return {"positive": self.positive, "negative": self.negative, "empty": self.empty}

    def guide(self, step: Round) -> tuple[Tensor, Tensor]:
        """Return empty + (positive - scale * perpendicular part of negative) * cfg, both relative to empty.

        Lengths and angles are those of the whole batch, as in ComfyUI.
        """
        positive, negative, empty = step.estimate("positive", "negative", "empty")
        towards, away = positive - empty, negative - empty
        along = (away * towards).sum() / torch.linalg.vector_norm(towards) ** 2
        perpendicular = (away - along * towards) * self.negative_scale
        return step.guide(empty + towards - perpendicular, empty, self.cfg), empty
