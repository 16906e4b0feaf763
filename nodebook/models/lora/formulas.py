"""What each kind of LoRA adds to a weight: one function each, float32, over the tensors of one layer.

A function takes the weight as it is so far (W, [out, in] or [out, in, kh, kw]) and the layer's tensors, and returns
what is added at strength 1, in W's shape or one that flattens to it. Source: spec models.md J.2 and the papers named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import torch
from torch import Tensor

Tensors: TypeAlias = Mapping[str, Tensor]
Formula: TypeAlias = Callable[[Tensor, Tensors, "float | None"], Tensor]
"""(W, the layer's tensors, alpha) → what is added."""

_DORA_EPS = torch.finfo(torch.float32).eps


def lora(_weight: Tensor, tensors: Tensors, alpha: float | None) -> Tensor:
    """Return up · down, with a core between them for Tucker convolutions: Hu et al., LoRA (2021).

    down: [rank, in, ...], up: [out, rank, 1, ...], mid: [rank, rank, kh, kw].
    """
    up, down = tensors["up"].flatten(1), tensors["down"]
    scale = _scale(alpha, down.shape[0])
    if "mid" in tensors:
        return scale * _tucker(tensors["mid"], up.T, down.flatten(1))
    return scale * (up @ down.flatten(1))


def loha(_weight: Tensor, tensors: Tensors, alpha: float | None) -> Tensor:
    """Return the elementwise product of two low-rank matrices: Hyeon-Woo et al., FedPara (2022); LyCORIS's LoHa."""
    w1a, w1b, w2a, w2b = (tensors[f"hada_{each}"] for each in ("w1_a", "w1_b", "w2_a", "w2_b"))
    scale = _scale(alpha, w1b.shape[0])
    if "hada_t1" in tensors:
        return scale * _tucker(tensors["hada_t1"], w1a, w1b) * _tucker(tensors["hada_t2"], w2a, w2b)
    return scale * (w1a @ w1b) * (w2a @ w2b)


def lokr(_weight: Tensor, tensors: Tensors, alpha: float | None) -> Tensor:
    """Return a Kronecker product whose factors may be low-rank: LyCORIS's LoKr (Yeh et al., 2023).

    alpha counts only where a factor is decomposed: a product of two full factors has no rank.
    """
    first, rank_1 = _lokr_factor(tensors, "lokr_w1")
    second, rank_2 = _lokr_factor(tensors, "lokr_w2")
    first = first.reshape(*first.shape, *[1] * (second.ndim - first.ndim))
    rank = rank_2 or rank_1
    return (_scale(alpha, rank) if rank else 1.0) * torch.kron(first, second)


def glora(weight: Tensor, tensors: Tensors, alpha: float | None) -> Tensor:
    """Return a low-rank change, and one more that depends on W: Chavan et al., GLoRA (2023).

    W·a1·a2 + b1·b2; older files have the factors the other way round: W·a2·a1 + b2·b1.
    """
    a1, a2, b1, b2 = (tensors[each].flatten(1) for each in ("a1", "a2", "b1", "b2"))
    if a1.shape[0] != weight.shape[1]:
        a1, a2, b1, b2 = a2, a1, b2, b1
    scale = _scale(alpha, a2.shape[0])
    dependent = torch.einsum("oi...,ir,rj->oj...", weight, a1, a2)
    return scale * (dependent + (b1 @ b2).reshape(weight.shape))


def oft(weight: Tensor, tensors: Tensors, alpha: float | None) -> Tensor:
    """Return (R - I)·W with R block-diagonal and orthogonal: Qiu et al., OFT (2023); LyCORIS's Diag-OFT.

    oft_blocks: [blocks, size, size]; R is applied to each block of W's rows, transposed as in LyCORIS.
    """
    turns = _cayley(tensors["oft_blocks"], alpha)
    rows = weight.reshape(turns.shape[0], turns.shape[1], -1)
    turned = (turns.mT @ rows).reshape(weight.shape)
    return _rescaled(turned, tensors) - weight


def boft(weight: Tensor, tensors: Tensors, alpha: float | None) -> Tensor:
    """Return (R - I)·W with R a product of butterfly factors: Liu et al., BOFT (2024); LyCORIS's BOFT.

    oft_blocks: [factors, blocks, size, size]. Factor i turns rows that lie size/2 · 2^i apart.
    """
    factors = _cayley(tensors["oft_blocks"], alpha)
    half = factors.shape[-1] // 2
    rows = weight.flatten(1)
    for number, turns in enumerate(factors):
        stride = half * 2**number
        paired = rows.reshape(-1, 2, stride, rows.shape[1]).transpose(1, 2).reshape(*turns.shape[:2], -1)
        turned = (turns @ paired).reshape(-1, stride, 2, rows.shape[1])
        rows = turned.transpose(1, 2).reshape(rows.shape)
    return _rescaled(rows.reshape(weight.shape), tensors) - weight


def decomposed(weight: Tensor, changed: Tensor, magnitude: Tensor) -> Tensor:
    """Return the changed weight with the magnitudes of its rows, or columns, set: Liu et al., DoRA (2024).

    magnitude: [out, 1, ...], then rows are divided by the norms of the unchanged W's, as in ComfyUI; or [1, in, ...],
    then each input's column by the norm of the changed one's.
    """
    if magnitude.shape[0] == weight.shape[0]:
        norms = weight.flatten(1).norm(dim=1).reshape(-1, *[1] * (weight.ndim - 1))
    else:
        norms = changed.transpose(0, 1).flatten(1).norm(dim=1).reshape(1, -1, *[1] * (weight.ndim - 2))
    magnitude = magnitude.reshape(*magnitude.shape, *[1] * (weight.ndim - magnitude.ndim))
    scale: Tensor = magnitude / (norms + _DORA_EPS)
    return changed * scale


BY_FIELDS: Final[tuple[tuple[tuple[str, ...], Formula], ...]] = (
    (("oft_blocks",), oft),
    (("a1", "a2", "b1", "b2"), glora),
    (("lokr_w1",), lokr),
    (("lokr_w1_a", "lokr_w1_b"), lokr),
    (("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"), loha),
    (("up", "down"), lora),
)
"""Which tensors make which kind; the first that a layer has counts."""


def _scale(alpha: float | None, rank: int) -> float:
    return 1.0 if alpha is None else alpha / rank


def _tucker(core: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Return [out, in, kh, kw] of a core [r, s, kh, kw], left [r, out] and right [s, in]."""
    made = torch.einsum("rs...,ro,si->oi...", core, left, right)
    return made.contiguous()  # torch.kron fails on other tensors


def _lokr_factor(tensors: Tensors, name: str) -> tuple[Tensor, int | None]:
    """Return a factor of a Kronecker product, and its rank where it is low-rank itself."""
    if name in tensors:
        return tensors[name], None
    left, right = tensors[f"{name}_a"], tensors[f"{name}_b"]
    if name == "lokr_w2" and "lokr_t2" in tensors:
        return _tucker(tensors["lokr_t2"], left, right), right.shape[0]
    return left @ right.flatten(1), right.shape[0]


def _cayley(blocks: Tensor, limit: float | None) -> Tensor:
    """Return the orthogonal (I + Q)(I - Q)^-1 of Q = blocks - blocksᵀ; a ``limit`` above 0 is the largest norm of Q."""
    skew = blocks - blocks.mT
    if limit is not None and limit > 0:
        skew = skew * (limit / (skew.norm() + 1e-8)).clamp(max=1.0)
    identity = torch.eye(blocks.shape[-1], device=blocks.device)
    turns: Tensor = torch.linalg.solve(identity - skew, identity + skew, left=False)
    return turns


def _rescaled(weight: Tensor, tensors: Tensors) -> Tensor:
    if "rescale" not in tensors:
        return weight
    return weight * tensors["rescale"].reshape(-1, *[1] * (weight.ndim - 1))
