from __future__ import annotations

import pytest
import torch

from nodebook.models.errors import PromptError
from nodebook.models.guidance import operations as ops
from nodebook.models.values import Conditioning


def prompt(value: float, length: int = 3, width: int = 2, *, pooled: float | None = None) -> Conditioning:
    options = {} if pooled is None else {"pooled_output": torch.full((1, 4), pooled)}
    return [[torch.full((1, length, width), value), options]]


def test_options_are_set_on_each_entry_and_the_old_list_stays() -> None:
    old = [*prompt(1.0), *prompt(2.0, pooled=1.0)]
    new = ops.with_options(old, strength=0.5)
    assert [each[1]["strength"] for each in new] == [0.5, 0.5]
    assert "pooled_output" in new[1][1]
    assert all("strength" not in each[1] for each in old)
    assert new[0][0] is old[0][0]


def test_concat_appends_the_first_entry_to_each() -> None:
    to = [*prompt(1.0, pooled=7.0), *prompt(2.0, length=1)]
    one, two = ops.concat(to, [*prompt(3.0, length=2), *prompt(9.0)])
    assert one[0][0, :, 0].tolist() == [1, 1, 1, 3, 3]
    assert two[0][0, :, 0].tolist() == [2, 3, 3]
    assert one[1]["pooled_output"].eq(7).all()


@pytest.mark.parametrize(("length", "expected"), [(2, [1.6, 1.6, 0.6]), (3, [1.6] * 3), (5, [1.6] * 3)])
def test_average_fits_the_other_to_the_length_of_the_first(length: int, expected: list[float]) -> None:
    ((tokens, _),) = ops.average(prompt(3.0), prompt(1.25, length=length), 0.2)
    assert tokens[0, :, 0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("to", "other", "expected"),
    [(4.0, 2.0, 2.5), (None, 2.0, 2.0), (4.0, None, 4.0), (None, None, None)],
    ids=["both", "other's", "own", "none"],
)
def test_average_mixes_pooled_prompts(to: float | None, other: float | None, expected: float | None) -> None:
    ((_, options),) = ops.average(prompt(1.0, pooled=to), prompt(1.0, pooled=other), 0.25)
    pooled = options.get("pooled_output")
    assert (pooled is None) == (expected is None)
    assert expected is None or pooled.eq(expected).all()


def test_average_of_a_prompt_with_itself_is_itself() -> None:
    one = prompt(0.75, pooled=0.5)
    ((tokens, options),) = ops.average(one, one, 0.5)
    assert torch.equal(tokens, one[0][0])
    assert torch.equal(options["pooled_output"], one[0][1]["pooled_output"])


def test_zero_out_keeps_what_is_no_encoded_text() -> None:
    ((tokens, options),) = ops.zero_out([[torch.ones(1, 2, 3), {"pooled_output": torch.ones(1, 4), "strength": 2.0}]])
    assert tokens.eq(0).all()
    assert options["pooled_output"].eq(0).all()
    assert options["strength"] == 2.0
    assert ops.zero_out([[None, {"pooled_output": None}]]) == [[None, {"pooled_output": None}]]


@pytest.mark.parametrize("operation", [ops.concat, lambda to, other: ops.average(to, other, 0.5)])
def test_prompts_of_two_families_are_not_mixed(operation: object) -> None:
    assert callable(operation)
    with pytest.raises(PromptError, match=r"two widths: one is 2 wide, the other 5 wide\. .* same text encoder"):
        operation(prompt(1.0), prompt(1.0, width=5))
    with pytest.raises(PromptError, match=r"one is nothing, the other 2 wide"):
        operation([[None, {}]], prompt(1.0))
    with pytest.raises(PromptError, match=r"holds no tokens\. Connect"):
        operation(prompt(1.0), [])
