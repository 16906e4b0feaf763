"""Muon (Jordan et al. 2024): momentum whose steps are made orthogonal, for matrices and convolutions.

Everything else (biases, normalisation, first and last layer) goes to AdamW beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

__all__ = ["Muon", "orthogonal", "split_parameters"]

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration, from Jordan et al. 2024."""


def orthogonal(matrices: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """The nearest half-orthogonal matrices, roughly: singular values end near 1. Shape: [..., rows, columns].

    The iteration X ← (a + b XXᵀ + c (XXᵀ)²) X runs on the small square matrix XXᵀ, and X is multiplied once at the end.
    """
    a, b, c = NEWTON_SCHULZ
    turned = matrices.shape[-2] > matrices.shape[-1]
    found = matrices.mT if turned else matrices
    found = found / (found.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    square = found @ found.mT
    one = torch.eye(square.shape[-1], device=square.device)
    product = one
    for _ in range(iterations):
        factor = a * one + b * square + c * square @ square
        product = factor @ product
        square = factor @ square @ factor
    done: torch.Tensor = product @ found
    return done.mT if turned else done


class Muon(torch.optim.Optimizer):
    """Steps of a size that does not depend on the gradient's: lr times √max(1, rows / columns) in spectral norm."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], lr: float = 0.02, momentum: float = 0.95) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002 (the base class has it)
        """Update every parameter that has a gradient; those of one shape are made orthogonal together."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[torch.nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes.setdefault(parameter.shape, []).append(parameter)
            for same in shapes.values():
                self._step_together(same, group["lr"], group["momentum"])

    def _step_together(self, parameters: list[torch.nn.Parameter], lr: float, momentum: float) -> None:
        pushes = []
        for parameter in parameters:
            state, gradient = self.state[parameter], parameter.grad
            assert gradient is not None  # noqa: S101 (the caller chose those that have one)
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(parameter)
            kept = state["momentum"].lerp_(gradient, 1 - momentum)
            pushes.append(torch.lerp(gradient, kept, momentum).flatten(1))
        steps = orthogonal(torch.stack(pushes))
        scale = max(1.0, steps.shape[-2] / steps.shape[-1]) ** 0.5
        for parameter, step in zip(parameters, steps, strict=True):
            parameter.add_(step.view_as(parameter), alpha=-lr * scale)


def split_parameters(model: torch.nn.Module) -> tuple[list[torch.nn.Parameter], list[torch.nn.Parameter]]:
    """Parameters for Muon (weights of inner layers) and for AdamW (all others)."""
    matrices: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        inner = parameter.ndim >= 2 and not name.startswith(("conv_in", "conv_out", "time_embedding"))
        (matrices if inner else others).append(parameter)
    return matrices, others
