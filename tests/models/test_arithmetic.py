from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nodebook.models.arithmetic import (
    LEAST_SPREAD,
    MOST_ALONE,
    add_scaled,
    divided,
    interpolate,
    is_any,
    is_finite,
    repeat_divided,
    scaled,
)

SHAPES = [(1, 4, 8, 8), (1, 4, LEAST_SPREAD // 32, 16), (1, 4, MOST_ALONE // 32, 16)]
"""Below, between and above the two bounds."""

OPERATIONS: list[Callable[[Tensor, Tensor], Tensor]] = [
    lambda a, b: add_scaled(a, b, -2.5),
    lambda a, b: interpolate(a, b, 7.0),
    lambda a, _b: repeat_divided(a, 3.0, 2),
    lambda a, _b: repeat_divided(a, 1.0, 1),
    lambda a, _b: scaled(a, 0.3, -1.5),
    lambda a, _b: scaled(a, 0.3),
    lambda a, _b: divided(a, 0.3, 1.5),
    lambda a, _b: divided(a, 0.3),
]
PLAIN: list[Callable[[Tensor, Tensor], Tensor]] = [
    lambda a, b: a - 2.5 * b,
    lambda a, b: a + (b - a) * 7.0,
    lambda a, _b: torch.cat([a, a]) / 3.0,
    lambda a, _b: a,
    lambda a, _b: a * 0.3 - 1.5,
    lambda a, _b: a * 0.3,
    lambda a, _b: a / 0.3 + 1.5,
    lambda a, _b: a / 0.3,
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("operation", "plain"), [*zip(OPERATIONS, PLAIN, strict=True)])
def test_sums_of_any_size_are_what_torch_makes_of_them(
    shape: tuple[int, ...], operation: Callable[[Tensor, Tensor], Tensor], plain: Callable[[Tensor, Tensor], Tensor]
) -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(shape, generator=generator) for _ in range(2))
    kept = a.clone(), b.clone()
    for left, right in ((a, b), (a.transpose(2, 3), b.transpose(2, 3)), (a.expand(2, 4, *shape[2:]), b[:, :1])):
        if operation in OPERATIONS[:2] and left.shape != right.shape:
            right = right.expand(left.shape)  # noqa: PLW2901 -- of one shape, as is promised
        made = operation(left, right)
        assert made.dtype == torch.float32
        torch.testing.assert_close(made, plain(left, right), rtol=1e-6, atol=1e-5)
    assert torch.equal(a, kept[0])
    assert torch.equal(b, kept[1])


@pytest.mark.parametrize("shape", SHAPES)
def test_one_bad_number_among_many_is_seen(shape: tuple[int, ...]) -> None:
    x = torch.zeros(shape)
    assert is_finite(x)
    assert not is_any(x)
    for bad in (float("nan"), float("inf"), -float("inf")):
        x[..., -1] = bad
        assert not is_finite(x)
        assert is_any(x)


def test_small_samples_on_a_device_stay_there() -> None:
    x = torch.empty(SHAPES[1], device="meta")
    assert add_scaled(x, x, 1.0).device == interpolate(x, x, 1.0).device == repeat_divided(x, 2.0, 2).device == x.device
