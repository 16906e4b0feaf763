"""Inputs that read variables of the notebook."""

from __future__ import annotations

import gc
import re
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image
from pydantic import Field
from traitlets.config import Config

import nodebook as nb
from nodebook.engine.edits import SetValue
from nodebook.engine.literals import VariableRef
from nodebook.engine.node import node
from nodebook.engine.variables import rough_bytes
from nodebook.errors import InputValueError, UnknownInputError, VariableNameError
from nodebook.handles import NodeHandle
from nodebook.sessions import Session

calls: list[Any] = []


@dataclass
class Person:
    name: str
    age: int


@node
def note(x: Any = None) -> int:
    calls.append(x)
    return 0


@node
def scale(amount: Annotated[float, Field(ge=0, le=10)] = 1.0, mode: Literal["a", "b"] = "a") -> str:
    calls.append((amount, mode))
    return f"{mode} {amount}"


@node
def total(numbers: np.ndarray) -> float:
    calls.append("total")
    return float(numbers.sum())


@node
def rows(frame: pd.DataFrame) -> int:
    calls.append("rows")
    return len(frame)


@node
def size(picture: Image.Image) -> str:
    calls.append("size")
    return f"{picture.mode} {picture.size}"


@node
def many(pictures: nb.Items[nb.Image]) -> int:
    calls.append("many")
    return len(list(pictures))


@pytest.fixture(autouse=True)
def names(session: Session) -> dict[str, Any]:
    """The variables of a notebook."""
    calls.clear()
    for function in (note, scale, total, rows, size, many):
        session.library.define(function)
    found: dict[str, Any] = {}
    session.variables.namespace = found
    return found


@pytest.fixture
def shell(session: Session) -> Iterator[Any]:
    InteractiveShell.clear_instance()
    found: Any = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    session.variables.namespace = None
    yield found
    session.variables.close()
    InteractiveShell.clear_instance()


def red(width: int = 8, height: int = 6) -> Image.Image:
    return Image.new("RGB", (width, height), "red")


def value_of(handle: NodeHandle, name: str) -> Any:
    return handle.node.values[name]  # noqa: PD011 -- of a node


def problem(g: nb.Graph, code: str) -> str:
    found = [each for each in g.problems if each.code == code]
    assert len(found) == 1, g.problems
    return f"{found[0].node}.{found[0].input}: {found[0].message}"


# What counts is the content

VALUES = {
    "number": (lambda: 3, lambda: 4),
    "float": (lambda: 1.5, lambda: 2.5),
    "text": (lambda: "a", lambda: "b"),
    "switch": (lambda: True, lambda: False),
    "a whole number and a float": (lambda: 1, lambda: 1.0),
    "a number and a switch": (lambda: 1, lambda: True),
    "list": (lambda: [1, [2]], lambda: [1, [3]]),
    "dict": (lambda: {"a": [1]}, lambda: {"a": [2]}),
    "array": (lambda: np.arange(6), lambda: np.arange(6) + 1),
    "dtype": (lambda: np.zeros(4, "float32"), lambda: np.zeros(4, "int32")),
    "shape": (lambda: np.zeros((2, 3)), lambda: np.zeros((3, 2))),
    "tensor": (lambda: torch.zeros(3), lambda: torch.ones(3)),
    "picture": (red, lambda: Image.new("RGB", (8, 6), "blue")),
    "pictures": (lambda: [red(), red()], lambda: [red(), Image.new("RGB", (8, 6))]),
    "pandas": (lambda: pd.DataFrame({"a": [1, 2]}), lambda: pd.DataFrame({"a": [1, 3]})),
    "polars": (lambda: pl.DataFrame({"a": [1, 2]}), lambda: pl.DataFrame({"a": [1, 3]})),
    "data class": (lambda: Person("Ada", 36), lambda: Person("Ada", 37)),
    "arrays in a dict": (lambda: {"x": np.zeros(2)}, lambda: {"x": np.ones(2)}),
}


@pytest.mark.parametrize(("make", "other"), VALUES.values(), ids=VALUES)
def test_equal_contents_run_nothing_and_others_do(names: dict[str, Any], make: Any, other: Any) -> None:
    g = nb.Graph()
    node = g.add("note", x=nb.variable("a"))
    names["a"] = make()
    assert g.run().executed == ("1",)
    names["a"] = make()
    assert g.run().executed == ()
    names["b"] = make()
    node.bind(x="b")
    assert g.run().executed == (), "a variable counts by what it holds, not by its name"
    names["b"] = other()
    assert g.run().executed == ("1",)
    names["b"] = make()
    assert g.run().executed == ()
    assert not g.problems


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda: np.zeros(5000), lambda v: v.__setitem__(4321, 1)),
        (lambda: torch.zeros(5000), lambda v: v.numpy().__setitem__(4321, 1)),
        (lambda: red(100, 100), lambda v: v.putpixel((37, 41), (0, 0, 0))),
        (lambda: [1, {"a": [2]}], lambda v: v[1]["a"].append(3)),
        (lambda: pd.DataFrame({"a": range(5000)}), lambda v: v.__setitem__("a", v["a"].where(v.index != 4321, -1))),
        (lambda: Person("Ada", 36), lambda v: setattr(v, "age", 37)),
        (lambda: {"x": np.zeros(5000)}, lambda v: v["x"].__setitem__(4321, 1)),
    ],
    ids=["array", "tensor", "picture", "list", "frame", "data class", "array in a dict"],
)
def test_a_change_in_place_is_seen(names: dict[str, Any], make: Any, change: Any) -> None:
    names["a"] = make()
    g = nb.Graph()
    g.add("note", x=nb.variable("a"))
    assert g.run().executed == ("1",)
    change(names["a"])
    assert g.run().executed == ("1",)


def test_a_variable_and_a_literal_of_one_value_are_one(names: dict[str, Any]) -> None:
    names["strength"] = 3
    g = nb.Graph()
    node = g.add("scale", amount=3.0)
    g.run()
    node.bind(amount="strength")
    assert g.run().executed == ()
    node.unbind("amount")
    assert value_of(node, "amount") == 3.0
    assert g.run().executed == ()


def test_looking_at_a_frame_changes_no_key(names: dict[str, Any]) -> None:
    names["a"] = pd.DataFrame({"a": [3, 1, 2], "b": list("xyz")}).set_index("b")
    g = nb.Graph()
    g.add("note", x=nb.variable("a"))
    g.run()
    frame = names["a"]
    frame.loc["x"], frame["a"].mean(), repr(frame), frame.index.is_unique, frame.groupby("b").sum()
    assert g.run().executed == ()


@given(
    st.recursive(
        st.one_of(st.integers(), st.floats(allow_nan=False), st.text(max_size=5), st.booleans()),
        lambda inner: st.lists(inner, max_size=3),
    )
)
def test_what_arrives_is_what_the_variable_holds(value: Any) -> None:
    session = nb.session()
    session.variables.namespace = {"a": value}
    g = nb.Graph()
    handle = g.add("InputString", name="n")
    del handle
    node = g.add("note", x=nb.variable("a"))
    calls.clear()
    g.run(node)
    g.run(node)
    assert len(calls) <= 1
    for call in calls:
        assert repr(call) == repr(value)


# Types


def test_values_arrive_as_inputs_take_them(names: dict[str, Any]) -> None:
    names.update(photo=red(), pictures=[red(), red()], pixels=np.asarray(red()), tensor=torch.zeros(1, 6, 8, 3))
    names.update(frame=pd.DataFrame({"a": [1, 2, 3]}), wide=np.float64(2.5), numbers=np.arange(4.0))
    g = nb.Graph()
    shapes = {name: g.add("ImageInvert", image=nb.variable(name)) for name in ("photo", "pictures", "pixels", "tensor")}
    others = [
        g.add("size", picture=nb.variable("pixels")),
        g.add("rows", frame=nb.variable("frame")),
        g.add("scale", amount=nb.variable("wide")),
        g.add("total", numbers=nb.variable("numbers")),
        g.add("many", pictures=nb.variable("pictures")),
    ]
    g.run().check()
    assert {name: tuple(each.outputs[0].shape) for name, each in shapes.items()} == {
        "photo": (1, 6, 8, 3),
        "pictures": (2, 6, 8, 3),
        "pixels": (1, 6, 8, 3),
        "tensor": (1, 6, 8, 3),
    }
    assert [each.outputs[0] for each in others] == ["RGB (8, 6)", 3, "a 2.5", 6.0, 2]


def test_a_picture_of_a_file_is_one_like_any_other(names: dict[str, Any], tmp_path: Any) -> None:
    red().save(tmp_path / "red.png")
    names.update(a=Image.open(tmp_path / "red.png"), b=red())
    g = nb.Graph()
    node = g.add("ImageInvert", image=nb.variable("a"))
    g.run().check()
    node.bind(image="b")
    assert g.run().executed == ()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"a": 1}, r"takes IMAGE, but the variable 'a' that it is bound to is dict of 1, a dict.*Convert it in a cell"),
        ("red", r"takes IMAGE, but the variable 'a' that it is bound to is 'red', a str"),
        (pd.DataFrame(), r"DataFrame 0 . 0, a pandas\.\S*DataFrame"),
        (None, r"takes IMAGE, but the variable 'a' that it is bound to is None"),
        ([1, 2], r"list of 2 int, a list"),
    ],
)
def test_a_type_that_no_port_takes_is_told_before_the_run(names: dict[str, Any], value: Any, says: str) -> None:
    names["a"] = value
    g = nb.Graph()
    node = g.add("ImageInvert", image=nb.variable("a"))
    message = problem(g, "bad_variable")
    assert message.startswith("1.image: Invert Image.image takes IMAGE")
    assert re.search(says, message), message
    run = g.run()
    assert run.executed == ()
    assert run.errors["1"].input == "image"
    assert value_of(node, "image") == VariableRef("a"), "nothing is lost"
    names["a"] = red()
    assert g.run().executed == ("1",)


def test_ranges_and_choices_hold(names: dict[str, Any]) -> None:
    names.update(amount=11, mode="c")
    g = nb.Graph()
    g.add("scale", amount=nb.variable("amount"), mode=nb.variable("mode"))
    messages = [each.message for each in g.problems]
    assert "'amount', which is 11: input should be less than or equal to 10" in messages[0]
    assert "'mode', which is 'c': input should be 'a' or 'b'" in messages[1]
    names.update(amount=10, mode="b")
    assert g.run().check().executed == ("1",)
    assert calls == [(10.0, "b")]


def test_an_array_that_is_no_picture_fails_on_its_input(names: dict[str, Any]) -> None:
    names["a"] = np.zeros(7)
    g = nb.Graph()
    g.add("ImageInvert", image=nb.variable("a"))
    error = g.run().errors["1"]
    assert error.input == "image"
    assert "Expected a picture of shape" in error.message


def test_what_has_no_content_runs_each_time_and_says_so(names: dict[str, Any]) -> None:
    names["lock"] = threading.Lock()
    g = nb.Graph()
    g.add("note", x=nb.variable("lock"))
    assert [g.run().executed, g.run().executed] == [("1",), ("1",)]
    assert calls == [names["lock"]] * 2, "it is the object itself"
    assert "runs each time: nothing can tell when the variable 'lock' (lock) changes" in problem(g, "untold_variable")


def test_what_cannot_be_copied_runs_each_time(names: dict[str, Any]) -> None:
    class Only:
        def __init__(self) -> None:
            self.a = 1

        def __deepcopy__(self, memo: Any) -> Any:
            raise ValueError("there is only one of me")

        @property
        def shape(self) -> Any:
            raise RuntimeError("nor a shape")

    names["only"] = Only()
    g = nb.Graph()
    g.add("note", x=nb.variable("only"))
    assert [g.run().check().executed, g.run().executed] == [("1",), ("1",)]
    assert calls == [names["only"]] * 2


# Variables come and go


def test_a_variable_that_is_not_there_is_told_with_near_names(names: dict[str, Any]) -> None:
    names.update(prompt="a", promise="b", unlike=1)
    g = nb.Graph()
    g.add("PrimitiveString", value=nb.variable("promt"))
    message = problem(g, "missing_variable")
    assert "1.value: String.value is bound to the variable 'promt'" in message
    assert "Did you mean prompt" in message
    assert "unlike" not in message


def test_a_deleted_variable_loses_nothing(names: dict[str, Any]) -> None:
    names["a"] = red()
    g = nb.Graph()
    node = g.add("ImageInvert", image=nb.variable("a"))
    after = g.add("ImageInvert", image=node)
    g.run()
    before = g.to_json()
    del names["a"]
    run = g.run()
    assert run.errors["1"].kind == "missing_variable"
    assert "not have (any more)" in run.errors["1"].message
    assert run.skipped == {"2": "1"}
    assert g.to_json() == before
    names["a"] = red()
    assert g.run().executed == ()
    assert after.outputs


def test_the_graph_keeps_nothing_alive(names: dict[str, Any]) -> None:
    names["a"] = np.zeros(1000)
    seen = weakref.ref(names["a"])
    g = nb.Graph()
    g.add("total", numbers=nb.variable("a"))
    g.run().check()
    del names["a"]
    gc.collect()
    assert seen() is None


# Binding and giving back


def test_named_inputs_are_bound_by_name(names: dict[str, Any]) -> None:
    names["prompt_var"] = "a circle"
    g = nb.Graph()
    g.add("note", x=g.input("prompt", "default"))
    g.bind(prompt="prompt_var")
    g.run()
    g.run(prompt="for this run")
    names["prompt_var"] = "a square"
    g.run()
    assert calls == ["a circle", "for this run", "a square"]
    assert g.undo()
    g.run()
    assert calls[-1] == "default"
    assert g.redo()
    assert g.run().executed == ()
    g.unbind()
    assert value_of(g["prompt"], "value") == "a square"
    with pytest.raises(UnknownInputError, match=r"no named input 'promt' to bind\. Its named inputs are: prompt"):
        g.bind(promt="x")


def test_binding_again_is_no_edit(names: dict[str, Any]) -> None:
    names["a"] = 1.0
    g = nb.Graph()
    g.input("n", 2.0)
    node = g.add("scale")
    g.bind(n="a")
    node.bind(amount="a")
    revision = g.store.revision
    g.bind(n="a")
    node.bind(amount="a")
    g.unbind("n")
    g.unbind("n")
    assert g.store.revision == revision + 1


def test_a_default_of_the_code_leaves_a_binding(names: dict[str, Any]) -> None:
    names["p"] = "x"
    g = nb.Graph("portrait")
    g.input("prompt", "one")
    g.bind(prompt="p")
    again = nb.Graph("portrait")
    again.input("prompt", "two")
    assert value_of(again["prompt"], "value") == VariableRef("p")


def test_a_link_gives_way_to_a_variable(names: dict[str, Any]) -> None:
    names["a"] = red()
    g = nb.Graph()
    node = g.add("ImageInvert", image=g.add("EmptyImage"))
    node.bind(image=nb.variable("a"))
    assert not node.node.links
    g.undo()
    assert node.node.links


@pytest.mark.parametrize("name", ["", "a b", "1a", "class", "a.b", "x\ny", 3, None, red()])
def test_a_name_that_no_variable_can_have_is_refused(name: Any) -> None:
    with pytest.raises(VariableNameError, match="variable"):
        nb.variable(name)
    g = nb.Graph()
    node = g.add("scale")
    if isinstance(name, str):
        with pytest.raises(VariableNameError):
            node.bind(amount=name)
    with pytest.raises(UnknownInputError, match="no input 'amuont'"):
        node.bind(amuont="a")


def test_a_live_object_is_told_of_variables() -> None:
    with pytest.raises(InputValueError, match=r'image=nb.variable\("name"\)'):
        nb.Graph().add("ImageInvert", image=red())


def test_a_binding_is_saved_and_opened(names: dict[str, Any], tmp_path: Any) -> None:
    names["a"] = red()
    g = nb.Graph()
    g.add("ImageInvert", image=nb.variable("a"))
    g.add("note", x=g.add("Variable", name="a"))
    path = g.save(tmp_path / "graph.json")
    assert '"image": {"$variable": "a"}' in path.read_text()
    again = nb.open(path)
    assert value_of(again["1"], "image") == VariableRef("a")
    assert again.to_json() == g.to_json()
    assert again.run().check().executed == ("1", "3")


def test_a_literal_that_looks_like_a_variable_stays_one(tmp_path: Any) -> None:
    g = nb.Graph()
    g.add("note")
    g.store.edit([SetValue("1", "x", {"$variable": "a"})], "Set")
    g.store.edit([SetValue("1", "y", [{"$variable": "a"}])], "Set")
    text = g.save(tmp_path / "g.json").read_text()
    assert '{\n          "$$variable": "a"' in text or '{"$$variable": "a"}' in text
    again = nb.open(tmp_path / "g.json")
    assert {name: value_of(again["1"], name) for name in "xy"} == {"x": {"$variable": "a"}, "y": [{"$variable": "a"}]}


# Everywhere a value may be


def test_a_variable_node_feeds_many(names: dict[str, Any]) -> None:
    names.update(photo=red(), n=2)
    g = nb.Graph()
    photo = g.add("Variable", name="photo")
    one, two = g.add("ImageInvert", image=photo), g.add("size", picture=photo)
    g.run().check()
    assert (tuple(one.outputs[0].shape), two.outputs[0]) == ((1, 6, 8, 3), "RGB (8, 6)")
    assert photo.outputs == (names["photo"],)
    names["photo"] = red(4, 4)
    assert g.run().executed == (one.id, two.id)
    names["other"] = red(4, 4)
    photo.set(name="other")
    assert g.run().executed == ()
    photo.set(name="gone")
    assert {each.node for each in g.problems} == {one.id, two.id}
    photo.set(name="other")
    assert g.run(photo).check().executed == ()
    assert g.why(photo) == "Node 1 gives the variable 'other' to what reads it; it does not run."
    photo.mute()
    assert {each.code for each in g.problems} == {"missing_input"}
    assert {each.node for each in g.problems} == {one.id, two.id}


def test_variables_reach_into_subgraphs(names: dict[str, Any]) -> None:
    names.update(photo=red(), strength=2.0)
    g = nb.Graph()
    photo = g.add("Variable", name="photo")
    blur = g.add("ImageBlur", image=photo, sigma=nb.variable("strength"))
    sharp = g.add("ImageSharpen", image=blur)
    shown = g.add("PreviewImage", images=sharp)
    g.run().check()
    made = g.subgraph([blur, sharp], name="Soften")
    assert g.run().executed == (), "a subgraph changes no key"
    names["strength"] = 3.0
    assert f"{made.id}/2" in g.run().check().executed
    names["photo"] = red(4, 4)
    assert f"{made.id}/2" in g.run().check().executed
    del names["strength"]
    assert problem(g, "missing_variable").startswith(f"{made.id}/2.sigma")
    g[f"{made.id}/2"].unbind("sigma").set(sigma=1.5)
    g.run().check()
    assert shown.id


def test_an_input_of_a_subgraph_is_bound(names: dict[str, Any]) -> None:
    names["strength"] = 2.0
    g = nb.Graph()
    blur = g.add("ImageBlur", image=g.add("EmptyImage", width=8, height=8), sigma=g.input("sigma", 1.0))
    sharp = g.add("ImageSharpen", image=blur)
    g.add("PreviewImage", images=sharp)
    made = g.subgraph([blur, sharp], name="Soften")
    made.set(sigma=4.0).bind(sigma="strength")
    g.run().check()
    names["strength"] = 3.0
    assert f"{made.id}/" in str(g.run().check().executed)
    made.unbind()
    assert value_of(made, "sigma") == 3.0
    assert g.run().executed == ()


def test_reroutes_and_bypassed_nodes_lead_to_variables(names: dict[str, Any]) -> None:
    names["photo"] = red()
    g = nb.Graph()
    way = g.add("Reroute", value=g.add("Variable", name="photo"))
    blur = g.add("ImageBlur", image=way)
    last = g.add("ImageInvert", image=blur)
    g.run().check()
    blur.set(image=None).bind(image="photo").bypass()
    assert g.problems, "what is bypassed passes links on, and has none"
    assert last.id


def test_a_prompt_for_comfyui_has_what_variables_hold(names: dict[str, Any]) -> None:
    names.update(word="a circle", photo=red())
    g = nb.Graph()
    g.add("PrimitiveString", value=nb.variable("word"))
    assert nb.comfy.to_prompt(g)["1"]["inputs"] == {"value": "a circle"}
    g.add("ImageInvert", image=nb.variable("photo"))
    with pytest.raises(ValueError, match=r"bound to the variable 'photo', which holds a picture 8 . 6 RGB"):
        nb.comfy.to_prompt(g)


def test_a_file_name_of_a_variable_counts_by_the_file(names: dict[str, Any], session: Session) -> None:
    session.folders.input.mkdir(parents=True, exist_ok=True)
    red().save(session.folders.input / "a.png")
    names["file"] = "a.png"
    g = nb.Graph()
    g.add("LoadImage", image=nb.variable("file"))
    assert [g.run().check().executed, g.run().executed] == [("1",), ()]
    red(4, 4).save(session.folders.input / "a.png")
    assert g.run().executed == ("1",)


def test_a_plan_says_what_changed(names: dict[str, Any]) -> None:
    names.update(amount=1.0, pixels=np.zeros(3))
    g = nb.Graph()
    one, two = g.add("scale", amount=nb.variable("amount")), g.add("total", numbers=nb.variable("pixels"))
    g.run().check()
    names.update(amount=2.0, pixels=np.ones(3))
    assert "amount 1.0 → 2.0" in g.why(one)
    assert "numbers has another content" in g.why(two)
    names["pixels"] = np.ones(4)
    assert "pixels (ndarray 3 float64) → pixels (ndarray 4 float64)" in g.why(two)


# Runs and cells at the same time

entered, gate = threading.Event(), threading.Event()


def wait_and_sum(x: Any) -> float:
    first = float(np.asarray(x).sum())
    entered.set()
    assert gate.wait(30)
    return first + float(np.asarray(x).sum()) * 1000


def changes_array(value: Any) -> None:
    value[...] = 7


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda: np.ones(1000), changes_array),
        (lambda: torch.ones(1000), changes_array),
        (lambda: [1.0] * 1000, lambda value: value.__setitem__(slice(None), [7.0] * 1000)),
    ],
    ids=["array", "tensor", "list"],
)
def test_a_result_is_never_kept_under_the_key_of_other_content(
    names: dict[str, Any], session: Session, make: Any, change: Any
) -> None:
    session.library.define(nb.node(wait_and_sum))
    entered.clear()
    gate.clear()
    names["a"] = make()
    g = nb.Graph()
    node = g.add("wait_and_sum", x=nb.variable("a"))
    job = g.queue()
    assert entered.wait(30)
    change(names["a"])  # a cell goes on while the run reads
    gate.set()
    job.result(30).check()
    names["a"] = make()
    assert g.run().executed == ()
    assert node.outputs == (1001000.0,), "the result under the key of the old content is of the old content"
    change(names["a"])
    assert g.run().executed == (node.id,)
    assert node.outputs == (7007000.0,)


def test_what_passes_a_variable_on_keeps_its_own_copy(names: dict[str, Any], session: Session) -> None:
    def same(x: Any) -> Any:
        return x

    session.library.define(nb.node(same))
    names["a"] = np.zeros(100_000)
    g = nb.Graph()
    node = g.add("same", x=nb.variable("a"))
    g.run().check()
    names["a"][54_321] = 5
    kept = node.outputs[0]
    assert kept.sum() == 0
    assert g.run().executed == ("1",)
    names["a"][54_321] = 0
    assert g.run().executed == ()
    assert node.outputs[0].sum() == 0


def test_a_node_cannot_spoil_a_variable(names: dict[str, Any], session: Session) -> None:
    def spoil(x: Any) -> int:
        x[0] = 99
        return int(x[0])

    session.library.define(nb.node(spoil))
    names.update(a=[1, 2], t=torch.zeros(2))
    g = nb.Graph()
    for name in ("a", "t"):
        g.add("spoil", x=nb.variable(name))
        g.add("note", x=nb.variable(name))
    g.run().check()
    assert names["a"] == [1, 2]
    assert names["t"].tolist() == [0, 0]
    assert [list(each) for each in calls] == [[1, 2], [0, 0]]


def test_a_variable_that_changes_while_it_is_planned_is_read_again(names: dict[str, Any], session: Session) -> None:
    names["a"] = [1, 2]
    values: Any = vars(session)["values"]
    real, left = values.copy, [3]

    def copy_late(value: Any) -> Any:
        if left[0]:
            left[0] -= 1
            names["a"].append(left[0])
        return real(value)

    values.copy = copy_late  # another thread, at the worst moment
    g = nb.Graph()
    node = g.add("note", x=nb.variable("a"))
    g.run().check()
    values.copy = real
    ran = list(calls)
    names["a"] = list(ran[0])
    assert g.run().executed == (), "the key is of what the node got"
    assert node.outputs


def test_each_queued_run_has_the_values_of_its_time(names: dict[str, Any], session: Session) -> None:
    g = nb.Graph()
    g.add("total", numbers=nb.variable("a"))
    names["a"] = np.zeros(3)
    session.queue.pause()
    jobs = []
    for turn in range(3):
        names["a"] += 1
        jobs.append(g.queue())
        assert turn >= 0
    session.queue.resume()
    seen = [next(iter(job.result(30).check().keys.values())) for job in jobs]
    assert [session.lookup(key).outputs[0] for key in seen] == [3.0, 6.0, 9.0]  # type: ignore[union-attr]


# Large values


def test_large_values_are_not_read_after_a_cell_but_before_a_run(names: dict[str, Any], session: Session) -> None:
    session.variables.shared.unread_bytes = 1000
    names.update(large=np.zeros(1000), small=np.zeros(10))
    g = nb.Graph()
    g.add("total", numbers=nb.variable("large"))
    g.add("total", numbers=nb.variable("small"))
    g.run().check()
    names["large"][5] = 1
    session.variables.after_cell()
    found = [each for each in g.store.problems() if each.code == "unread_variable"]
    assert [(each.node, each.input, each.severity) for each in found] == [("1", "numbers", "warning")]
    assert "may have changed" in found[0].message
    assert "large.flags.writeable = False" in found[0].message
    assert g.run().executed == ("1",), "it is read in full for a run"
    assert not g.problems
    names["large"] = np.zeros(2000)
    keys = g["1"].cache_key
    session.variables.after_cell()
    assert g["1"].cache_key != keys, "another shape is another content without reading"
    names["small"][0] = 1
    keys = g["2"].cache_key
    session.variables.after_cell()
    assert g["2"].cache_key != keys


def test_what_nobody_can_change_is_read_once(
    names: dict[str, Any], session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nodebook.nodes import contents

    reads: list[int] = []
    real = contents._read_array

    def count(value: Any) -> bytes:
        reads.append(value.size)
        return real(value)

    monkeypatch.setattr(contents, "_read_array", count)
    session.variables.shared.unread_bytes = 1000
    names["a"] = np.zeros(1000)
    names["a"].flags.writeable = False
    g = nb.Graph()
    g.add("total", numbers=nb.variable("a"))
    g.run().check()
    g.run()
    session.variables.after_cell()
    assert not g.problems
    assert reads == [1000]


@pytest.mark.parametrize(
    "value",
    [np.zeros(100_000), torch.zeros(200_000), red(500, 500), pd.DataFrame({"a": np.zeros(100_000)}),
     pl.DataFrame({"a": np.zeros(100_000)}), [np.zeros(50_000)] * 2, {"a": np.zeros(100_000)}],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_the_size_of_a_value_is_known_without_reading_it(value: Any) -> None:
    assert 700_000 <= rough_bytes(value) <= 1_100_000


# In a notebook


def test_after_a_cell_exactly_what_depends_is_stale(shell: Any, session: Session) -> None:
    from nodebook.widget.stale import StaleMarks

    shell.run_cell("a, b, unrelated = 1.0, 2.0, 0")
    g = nb.Graph()
    first = g.add("scale", amount=nb.variable("a"))
    second = g.add("scale", amount=nb.variable("b"))
    third = g.add("note", x=second)
    marks = StaleMarks(g.store)
    g.run(first, third).check()
    marks.note_end()
    told: list[int] = []
    session.variables.subscribe(g.store, lambda: told.append(1))
    shell.run_cell("unrelated = 5")
    assert (marks.find(), told) == (set(), [])
    shell.run_cell("b = 3.0")
    assert (marks.find(), told) == ({second.id, third.id}, [1])
    shell.run_cell("b = 2.0")
    assert (marks.find(), told) == (set(), [1, 1])
    shell.run_cell("del a")
    assert marks.find() == {first.id}
    shell.run_cell("raise ValueError")
    shell.run_cell("a = (")
    assert first.id in marks.find()


def test_a_graph_that_reads_nothing_costs_no_cell_anything(shell: Any) -> None:
    g = nb.Graph()
    g.add("scale")
    g.run()
    callbacks = shell.events.callbacks["post_run_cell"]
    before = len(callbacks)
    node = g.add("scale", amount=nb.variable("a"))
    nb.Graph().add("scale", amount=nb.variable("b"))
    assert g.problems
    assert len(callbacks) == before + 1
    assert node.id


def test_auto_run_follows_the_cells(shell: Any, session: Session) -> None:
    shell.run_cell("a = 1.0")
    g = nb.Graph()
    node = g.add("scale", amount=nb.variable("a"))
    g.run().check()
    g.auto_run(delay_s=0.02)
    done = threading.Event()
    session.queue.subscribe(lambda: done.set() if calls[-1:] == [(2.0, "a")] else None)
    shell.run_cell("a = 2.0")
    assert done.wait(30)
    assert calls == [(1.0, "a"), (2.0, "a")]
    g.auto_run(False)
    assert node.id


def test_variables_are_listed_as_a_user_knows_them(shell: Any, session: Session) -> None:
    shell.run_cell("photo = 1\n_hidden = 2\nimport os")
    assert "photo" in session.variables.names()
    assert not {"_hidden", "In", "Out", "get_ipython", "exit"} & set(session.variables.names())


# What is saved with results


def test_a_saved_picture_says_what_made_it(names: dict[str, Any], session: Session) -> None:
    names.update(strength=3.0, size=9)
    g = nb.Graph()
    blur = g.add("ImageBlur", image=g.add("EmptyImage", width=g.input("width", 8), height=8), sigma=1.0)
    sharp = g.add("ImageSharpen", image=blur)
    saved = g.add("SaveImage", images=sharp)
    g.bind(width="size")
    blur.bind(sigma="strength")
    made = g.subgraph([blur, sharp], name="Soften")
    g.run().check()
    names.update(strength=7.0, size=20)
    again = nb.open(session.folders.output / saved.images[0].filename)
    assert value_of(again["width"], "value") == 9
    inner = again[f"{made.id}/{blur.id}"]
    assert value_of(inner, "sigma") == 3.0
    names.clear()
    assert again.run().check().executed == (), "all is what it was"
    assert value_of(g[f"{made.id}/{blur.id}"], "sigma") == VariableRef("strength"), "the graph itself stays bound"
    assert not [each for each in again.problems if each.severity == "error"]


def test_a_lock_knows_bound_seeds(names: dict[str, Any]) -> None:
    names.update(number=41, photo=red())
    g = nb.Graph()

    @nb.node(name="Noise")
    def noise(seed: Annotated[int, nb.Seed()] = 0) -> int:
        return seed

    g.add(noise, seed=nb.variable("number"))
    g.add("ImageInvert", image=nb.variable("photo"))
    g.run().check()
    assert "41" in str(g.lock())
    names["number"] = 42
    assert "41" in str(g.lock())
