"""What ComfyUI's server would say of a prompt: a case for each error of its catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from nodebook.comfy import validate_prompt

pytestmark = pytest.mark.usefixtures("session")

EMPTY = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}}
SHOW = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}


def empty(**inputs: Any) -> dict[str, Any]:
    return {**EMPTY, "inputs": {**EMPTY["inputs"], **inputs}}  # type: ignore[dict-item]  # a dict of a dict


def test_a_good_prompt() -> None:
    report = validate_prompt({"1": empty(width="16"), "2": SHOW})
    assert report.error is None
    assert report.node_errors == {}
    assert report.outputs == ("2",)
    assert report.prompt["1"]["inputs"]["width"] == 16


def test_an_unknown_class_ends_it_all() -> None:
    report = validate_prompt({"1": EMPTY, "2": SHOW, "x": {"class_type": "Nope", "inputs": {}}})
    assert report.error == {
        "type": "invalid_prompt",
        "message": "Cannot execute because node Nope does not exist.",
        "details": "Node ID '#x'",
        "extra_info": {},
    }


def test_a_node_without_a_class_ends_it_all() -> None:
    report = validate_prompt({"1": EMPTY, "2": SHOW, "x": {"inputs": {}}})
    assert report.error is not None
    assert report.error["message"] == "Cannot execute because a node is missing the class_type property."


def test_no_outputs() -> None:
    report = validate_prompt({"1": EMPTY})
    assert report.error is not None
    assert report.error["type"] == "prompt_no_outputs"


@pytest.mark.parametrize(
    ("inputs", "kind", "details"),
    [
        ({"width": None}, "invalid_input_type", "width, None, int() argument"),
        ({"width": "5.5"}, "invalid_input_type", "width, 5.5, invalid literal"),
        ({"width": 0}, "value_smaller_than_min", "width"),
        ({"width": 10**6}, "value_bigger_than_max", "width"),
        ({"width": [1]}, "bad_linked_input", "width"),
        ({"width": ["1", 0]}, "exception_during_validation", ""),
    ],
)
def test_an_error_sits_on_its_node(inputs: dict[str, Any], kind: str, details: str) -> None:
    report = validate_prompt({"1": empty(**inputs), "2": SHOW})
    if kind == "exception_during_validation":  # a node that feeds itself: a cycle, of which ComfyUI says nothing more
        assert report.node_errors == {}
    else:
        (error,) = report.node_errors["1"]["errors"]
        assert error["type"] == kind
        assert error["details"].startswith(details)
        assert error["extra_info"]["input_name"] == "width"
        assert report.node_errors["1"]["dependent_outputs"] == ["2"]
        assert report.node_errors["1"]["class_name"] == "EmptyImage"
    assert report.error is not None
    assert report.error["type"] == "prompt_outputs_failed_validation"
    assert report.outputs == ()


def test_a_missing_input() -> None:
    report = validate_prompt({"1": {"class_type": "EmptyImage", "inputs": {"width": 8}}, "2": SHOW})
    missing = [each["details"] for each in report.node_errors["1"]["errors"]]
    assert missing == ["height", "batch_size", "color"]


def test_a_type_that_does_not_fit() -> None:
    report = validate_prompt(
        {
            "1": EMPTY,
            "2": {"class_type": "MaskToImage", "inputs": {"mask": ["1", 0]}},
            "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
        }
    )
    (error,) = report.node_errors["2"]["errors"]
    assert error["type"] == "return_type_mismatch"
    assert error["details"] == "mask, received_type(IMAGE) mismatch input_type(MASK)"


def test_a_choice_that_is_not_listed() -> None:
    scale = {"upscale_method": "best", "width": 8, "height": 8, "crop": "disabled", "image": ["1", 0]}
    report = validate_prompt(
        {
            "1": EMPTY,
            "3": {"class_type": "ImageScale", "inputs": scale},
            "2": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
        }
    )
    (error,) = report.node_errors["3"]["errors"]
    assert error["type"] == "value_not_in_list"
    assert error["details"].startswith("upscale_method: 'best' not in ['nearest-exact'")


def test_one_good_output_is_enough() -> None:
    report = validate_prompt({"1": EMPTY, "2": SHOW, "3": {"class_type": "PreviewImage", "inputs": {}}})
    assert report.error is None
    assert report.outputs == ("2",)
    assert list(report.node_errors) == ["3"]


def test_a_link_to_nowhere() -> None:
    report = validate_prompt({"2": {"class_type": "PreviewImage", "inputs": {"images": ["77", 0]}}})
    (error,) = report.node_errors["2"]["errors"]
    assert error["type"] == "exception_during_validation"
    assert "77" in error["details"]


def test_a_deep_prompt_does_not_overflow() -> None:
    prompt: dict[str, Any] = {"0": EMPTY}
    for number in range(1, 3000):
        prompt[str(number)] = {"class_type": "ImageInvert", "inputs": {"image": [str(number - 1), 0]}}
    prompt["end"] = {"class_type": "PreviewImage", "inputs": {"images": ["2999", 0]}}
    assert validate_prompt(prompt).outputs == ("end",)
