"""Each formula beside what it means: layers applied one after another, or sums written out."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, linear

from nodebook.models.lora import formulas
from tests.models.lora.tiny import drawn

X = drawn(2, 6, seed=9)
PICTURE = drawn(1, 6, 5, 5, seed=9)
W = drawn(4, 6)
CONV = drawn(4, 6, 3, 3)


def close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, atol=1e-5)


def test_lora_is_one_layer_after_another() -> None:
    down, up = drawn(2, 6, seed=2), drawn(4, 2, seed=3)
    delta = formulas.lora(W, {"down": down, "up": up}, None)
    assert close(linear(X, delta), linear(linear(X, down), up))


def test_alpha_counts_by_rank() -> None:
    tensors = {"down": drawn(2, 6, seed=2), "up": drawn(4, 2, seed=3)}
    assert close(formulas.lora(W, tensors, 3.0), 1.5 * formulas.lora(W, tensors, None))


@pytest.mark.parametrize("with_core", [False, True])
def test_lora_of_a_convolution_is_one_convolution_after_another(*, with_core: bool) -> None:
    core = drawn(2, 3, 3, 3, seed=4)
    if with_core:
        tensors = {"down": drawn(3, 6, 1, 1, seed=2), "mid": core, "up": drawn(4, 2, 1, 1, seed=3)}
        inner = conv2d(conv2d(PICTURE, tensors["down"]), core, padding=1)
    else:
        tensors = {"down": drawn(2, 6, 3, 3, seed=2), "up": drawn(4, 2, 1, 1, seed=3)}
        inner = conv2d(PICTURE, tensors["down"], padding=1)
    delta = formulas.lora(CONV, tensors, None).reshape(CONV.shape)
    assert close(conv2d(PICTURE, delta, padding=1), conv2d(inner, tensors["up"]))


def test_loha_is_a_product_of_two_loras() -> None:
    one = {"down": drawn(2, 6, seed=2), "up": drawn(4, 2, seed=3)}
    two = {"down": drawn(2, 6, seed=4), "up": drawn(4, 2, seed=5)}
    tensors = {"hada_w1_a": one["up"], "hada_w1_b": one["down"], "hada_w2_a": two["up"], "hada_w2_b": two["down"]}
    expected = formulas.lora(W, one, None) * formulas.lora(W, two, None)
    assert close(formulas.loha(W, tensors, None), expected)
    assert close(formulas.loha(W, tensors, 1.0), expected / 2)


def test_loha_of_a_convolution_has_cores() -> None:
    one = {"down": drawn(2, 6, seed=2), "mid": drawn(2, 2, 3, 3, seed=3), "up": drawn(4, 2, seed=4)}
    two = {"down": drawn(2, 6, seed=5), "mid": drawn(2, 2, 3, 3, seed=6), "up": drawn(4, 2, seed=7)}
    tensors = {
        f"hada_{name}{number}{half}": value
        for number, each in (("1", one), ("2", two))
        for name, half, value in (("w", "_a", each["up"].T), ("w", "_b", each["down"]), ("t", "", each["mid"]))
    }
    expected = formulas.lora(CONV, one, None) * formulas.lora(CONV, two, None)
    assert close(formulas.loha(CONV, tensors, None), expected)


def test_lokr_puts_one_matrix_into_each_element_of_another() -> None:
    first, second = drawn(2, 3, seed=2), drawn(2, 2, seed=3)
    delta = formulas.lokr(W, {"lokr_w1": first, "lokr_w2": second}, 5.0)  # full factors: alpha does not count
    for i, j, k, m in product(range(2), range(3), range(2), range(2)):
        assert float(delta[2 * i + k, 2 * j + m]) == pytest.approx(float(first[i, j] * second[k, m]), abs=1e-6)


def test_lokr_with_low_rank_factors() -> None:
    first, left, right = drawn(2, 3, seed=2), drawn(2, 1, seed=3), drawn(1, 2, seed=4)
    expected = formulas.lokr(W, {"lokr_w1": first, "lokr_w2": left @ right}, None)
    assert close(formulas.lokr(W, {"lokr_w1": first, "lokr_w2_a": left, "lokr_w2_b": right}, 0.5), 0.5 * expected)
    swapped = {"lokr_w1_a": drawn(2, 4, seed=5), "lokr_w1_b": drawn(4, 3, seed=6), "lokr_w2": left @ right}
    full = {"lokr_w1": swapped["lokr_w1_a"] @ swapped["lokr_w1_b"], "lokr_w2": left @ right}
    assert close(formulas.lokr(W, swapped, 2.0), 0.5 * formulas.lokr(W, full, None))


def test_lokr_of_a_convolution() -> None:
    first, second = drawn(2, 3, seed=2), drawn(2, 2, 3, 3, seed=3)
    delta = formulas.lokr(CONV, {"lokr_w1": first, "lokr_w2": second}, None)
    assert delta.shape == CONV.shape
    for i, j, k, m in product(range(2), range(3), range(2), range(2)):
        assert close(delta[2 * i + k, 2 * j + m], first[i, j] * second[k, m])
    core, left, right = drawn(2, 2, 3, 3, seed=4), drawn(2, 2, seed=5), drawn(2, 2, seed=6)
    tucker = formulas.lora(CONV, {"up": left.T, "down": right, "mid": core}, None)
    made = formulas.lokr(CONV, {"lokr_w1": first, "lokr_t2": core, "lokr_w2_a": left, "lokr_w2_b": right}, None)
    assert close(made, formulas.lokr(CONV, {"lokr_w1": first, "lokr_w2": tucker}, None))


def test_glora_adds_a_path_through_the_weight_itself() -> None:
    a1, a2, b1, b2 = drawn(6, 2, seed=2), drawn(2, 6, seed=3), drawn(4, 2, seed=4), drawn(2, 6, seed=5)
    delta = formulas.glora(W, {"a1": a1, "a2": a2, "b1": b1, "b2": b2}, 1.0)
    expected = linear(linear(linear(X, a2), a1), W) + linear(linear(X, b2), b1)
    assert close(linear(X, delta), expected / 2)
    older = formulas.glora(W, {"a1": a2, "a2": a1, "b1": b2, "b2": b1}, 1.0)
    assert close(older, delta)


def test_glora_of_a_convolution() -> None:
    a1, a2 = drawn(6, 2, 1, 1, seed=2), drawn(2, 6, 1, 1, seed=3)
    b1, b2 = drawn(4, 2, 1, 1, seed=4), drawn(2, 6, 3, 3, seed=5)
    delta = formulas.glora(CONV, {"a1": a1, "a2": a2, "b1": b1, "b2": b2}, None)
    through = conv2d(conv2d(conv2d(PICTURE, a2), a1), CONV, padding=1)
    beside = conv2d(conv2d(PICTURE, b2, padding=1), b1)
    assert close(conv2d(PICTURE, delta, padding=1), through + beside)


@pytest.mark.parametrize("weight", [W, CONV], ids=["linear", "convolution"])
def test_oft_turns_blocks_of_rows(weight: Tensor) -> None:
    blocks = drawn(2, 2, 2, seed=2)
    turned = weight + formulas.oft(weight, {"oft_blocks": blocks}, None)
    for number, block in enumerate(blocks):
        skew = block - block.T
        turn = (torch.eye(2) + skew) @ torch.linalg.inv(torch.eye(2) - skew)
        rows = slice(2 * number, 2 * number + 2)
        assert close(turned[rows], torch.einsum("nm,n...->m...", turn, weight[rows]))
        assert close(turned[rows].norm(), weight[rows].norm())


def test_oft_turns_no_farther_than_alpha_says() -> None:
    blocks = drawn(2, 2, 2, seed=2, scale=5.0)
    skew = blocks - blocks.mT
    within = {"oft_blocks": blocks * float(0.1 / skew.norm())}
    limited = formulas.oft(W, {"oft_blocks": blocks}, 0.1)
    assert close(limited, formulas.oft(W, within, None))
    assert close(formulas.oft(W, within, 100.0), formulas.oft(W, within, None))
    assert not close(limited, formulas.oft(W, {"oft_blocks": blocks}, 0.0))


def test_oft_scales_rows_after_turning() -> None:
    blocks, scales = drawn(2, 2, 2, seed=2), drawn(4, 1, seed=3)
    turned = W + formulas.oft(W, {"oft_blocks": blocks}, None)
    assert close(W + formulas.oft(W, {"oft_blocks": blocks, "rescale": scales}, None), turned * scales)


@pytest.mark.parametrize("shape", [(8, 3), (8, 3, 2, 2)])
def test_boft_turns_ever_farther_rows_against_each_other(shape: tuple[int, ...]) -> None:
    weight, blocks = drawn(*shape), drawn(3, 4, 2, 2, seed=2)
    expected = weight.flatten(1)
    for factor in range(3):
        stride = 2**factor
        pairs = [(row, row + stride) for row in range(8) if not row // stride % 2]
        turned = expected.clone()
        for block, (one, other) in zip(blocks[factor], pairs, strict=True):
            skew = block - block.T
            turn = (torch.eye(2) + skew) @ torch.linalg.inv(torch.eye(2) - skew)
            turned[[one, other]] = turn @ expected[[one, other]]
        expected = turned
    made = weight + formulas.boft(weight, {"oft_blocks": blocks}, None)
    assert close(made, expected.reshape(shape))


def test_dora_sets_the_size_of_columns_to_that_of_the_changed_weight() -> None:
    changed, magnitude = W + drawn(4, 6, seed=2), drawn(1, 6, seed=3).abs()
    made = formulas.decomposed(W, changed, magnitude)
    for column in range(6):
        assert close(made[:, column], changed[:, column] / changed[:, column].norm() * magnitude[0, column])


def test_dora_divides_rows_by_the_size_of_the_unchanged_ones() -> None:
    changed, magnitude = W + drawn(4, 6, seed=2), drawn(4, 1, seed=3).abs()
    made = formulas.decomposed(W, changed, magnitude)
    for row in range(4):
        assert close(made[row], changed[row] / W[row].norm() * magnitude[row, 0])


def test_dora_of_a_convolution() -> None:
    changed = CONV + drawn(4, 6, 3, 3, seed=2)
    rows, columns = drawn(4, 1, 1, 1, seed=3), drawn(1, 6, 1, 1, seed=4)
    by_row, by_column = formulas.decomposed(CONV, changed, rows), formulas.decomposed(CONV, changed, columns)
    assert close(by_row[1], changed[1] / CONV[1].norm() * rows[1, 0, 0, 0])
    assert close(by_column[:, 2], changed[:, 2] / changed[:, 2].norm() * columns[0, 2, 0, 0])
