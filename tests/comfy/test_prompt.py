"""API prompts as graphs and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodebook as nb
from nodebook.comfy import from_prompt, to_prompt
from nodebook.comfy.coercion import is_link, unwrap, wrap
from nodebook.comfy.errors import NotInPromptError, PromptFormatError
from nodebook.sessions import Session
from tests.golden_data import GOLDEN, needs_golden

pytestmark = pytest.mark.usefixtures("session")

WORKFLOWS = sorted(GOLDEN.glob("workflows/*/*.api.json"))

BLUR = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": "64", "height": 32.9, "batch_size": 1, "color": 255}},
    "2:7": {"class_type": "ImageBlur", "inputs": {"image": ["1", 0], "blur_radius": 1, "sigma": "1e0"}},
    "9": {"class_type": "PreviewImage", "inputs": {"images": ["2:7", 0]}, "_meta": {"title": "Look"}},
}


def test_a_prompt_runs_as_a_graph() -> None:
    graph = from_prompt(BLUR)
    assert graph.problems == []
    assert graph.run().executed == ("1", "2:7", "9")
    assert graph["2:7"].outputs[0].shape == (1, 32, 64, 3)
    assert graph["Look"].id == "9"


def test_constants_are_converted_as_comfyui_does() -> None:
    values = from_prompt(BLUR)["1"].node.values
    assert values == {"width": 64, "height": 32, "batch_size": 1, "color": 255}
    assert from_prompt(BLUR)["2:7"].node.values["sigma"] == 1.0


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("PrimitiveInt", 5.7, 5),
        ("PrimitiveInt", True, 1),
        ("PrimitiveInt", "5.5", "5.5"),
        ("PrimitiveFloat", "1e3", 1000.0),
        ("PrimitiveString", None, "None"),
        ("PrimitiveString", 5, "5"),
        ("PrimitiveBoolean", "false", True),
        ("PrimitiveString", {"__value__": [1, 2]}, "[1, 2]"),
    ],
)
def test_each_type_converts_in_its_way(kind: str, given: Any, expected: Any) -> None:
    value = from_prompt({"1": {"class_type": kind, "inputs": {"value": given}}})["1"].node.values["value"]
    assert value == expected
    assert type(value) is type(expected)


def test_what_does_not_fit_is_kept_and_told() -> None:
    graph = from_prompt({"1": {"class_type": "PrimitiveInt", "inputs": {"value": "many"}}})
    assert to_prompt(graph)["1"]["inputs"] == {"value": "many"}
    assert [problem.input for problem in graph.problems] == ["value"]


def test_text_and_the_body_of_a_request_are_prompts_too() -> None:
    assert len(from_prompt(json.dumps(BLUR))) == 3
    assert len(from_prompt({"prompt": BLUR, "client_id": "me"})) == 3


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{", "not JSON"),
        ("[1]", "Expected an API prompt"),
        ({"nodes": [], "links": []}, r"as its editor saves it.*Export \(API\)"),
        ({"1": 5}, "Node '1' of the prompt must be an object"),
        ({"1": {"model": "x"}}, 'neither "class_type" nor "inputs".*Its members are: model'),
        ({"1": {"class_type": 5, "inputs": {}}}, '"class_type" must be text, got 5'),
        ({"1": {"class_type": "Note", "inputs": 5}}, '"inputs" must be an object, got int'),
    ],
)
def test_anything_else_is_refused(given: Any, words: str) -> None:
    with pytest.raises(PromptFormatError, match=words):
        from_prompt(given)


def test_an_unknown_type_keeps_values_links_and_the_rest() -> None:
    prompt = {
        "1": {"class_type": "Maker", "inputs": {"size": 3, "names": {"__value__": ["a", 1]}}, "is_changed": ["x"]},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 2]}, "_meta": {"title": "Preview Image"}},
    }
    written = to_prompt(from_prompt(prompt))
    assert written["1"] == {**prompt["1"], "_meta": {"title": "Maker"}}
    assert written["2"]["inputs"]["images"] == ["1", 2]


def test_switched_off_nodes_are_not_written() -> None:
    graph = from_prompt(BLUR)
    graph["2:7"].bypass()
    assert to_prompt(graph)["9"]["inputs"] == {"images": ["1", 0]}
    graph["1"].mute()
    assert to_prompt(graph)["9"]["inputs"] == {}
    assert list(to_prompt(graph)) == ["9"]


def test_named_inputs_become_constants() -> None:
    graph = nb.Graph()
    graph.add("EmptyImage", width=graph.input("width", 128))
    (entry,) = to_prompt(graph).values()
    assert entry["inputs"]["width"] == 128
    assert entry["inputs"]["height"] == 512


def test_a_value_that_json_lacks_is_refused() -> None:
    graph = nb.Graph()
    node = graph.add("PrimitiveFloat", value=float("nan"))
    with pytest.raises(NotInPromptError, match=f"Node '{node.id}', input 'value'.*nan"):
        to_prompt(graph)


def test_the_public_name() -> None:
    assert nb.comfy.to_prompt(nb.comfy.from_prompt(BLUR))["9"]["inputs"] == {"images": ["2:7", 0]}


@needs_golden
@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_recorded_prompts_come_back(file: Path) -> None:
    prompt = json.loads(file.read_text())
    graph = from_prompt(prompt)
    written = to_prompt(graph)
    assert written.keys() == prompt.keys()
    for node_id, entry in prompt.items():
        assert written[node_id].get("class_type") == entry.get("class_type")
        known = graph[node_id].type is not None
        for name, value in entry["inputs"].items():
            again = written[node_id]["inputs"][name]
            assert again == value or (known and str(again) == str(value)), (node_id, name)
    assert to_prompt(from_prompt(written)) == written


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_wrapped_constant_is_no_link_and_comes_back(value: Any) -> None:
    wrapped = wrap(value)
    assert not is_link(wrapped)
    if not (isinstance(value, dict) and "__value__" in value):
        assert unwrap(wrapped) == value


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_an_unknown_node_survives_any_constants(inputs: dict[str, Any]) -> None:
    own = Session()
    try:
        constants = {name: wrap(value) for name, value in inputs.items()}
        prompt = {"1": {"class_type": "Unknown", "inputs": constants}}
        read = to_prompt(from_prompt(prompt, own_session=own))["1"]["inputs"]
        assert {name: unwrap(value) for name, value in read.items()} == {
            name: unwrap(value) for name, value in constants.items()
        }
    finally:
        own.close()
