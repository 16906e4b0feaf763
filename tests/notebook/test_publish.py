"""Outputs that become variables of the notebook."""

from __future__ import annotations

import re
import threading
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

import nodebook as nb
from nodebook.errors import AmbiguousOutputError, InputValueError, NodebookError, VariableNameError
from nodebook.sessions import Session

MADE: dict[str, Any] = {
    "number": 3,
    "text": "word",
    "nothing": None,
    "list": [1, [2]],
    "array": np.arange(6).reshape(2, 3),
    "tensor": torch.arange(3),
    "pandas": pd.DataFrame({"a": [1, 2]}),
    "polars": pl.DataFrame({"a": [1, 2]}),
    "of the notebook": threading.Lock(),
}


@pytest.fixture(autouse=True)
def names(session: Session) -> dict[str, Any]:
    """The variables of a notebook."""
    found: dict[str, Any] = {}
    session.variables.namespace = found
    return found


def red() -> Image.Image:
    return Image.new("RGB", (8, 6), "red")


@pytest.mark.parametrize("value", MADE.values(), ids=MADE)
def test_values_arrive_as_what_they_were(names: dict[str, Any], value: Any) -> None:
    @nb.node(name="Make")
    def make() -> Any:
        return value

    g = nb.Graph()
    node = g.add(make)
    nb.publish(node, "made")
    g.run().check()
    made = names["made"]
    assert type(made) is type(value)
    assert repr(made) == repr(value)
    if isinstance(value, (np.ndarray, torch.Tensor)):
        made[0] = 99  # it is the notebook's own
        assert node.outputs[0][0].tolist() == value[0].tolist() != made[0].tolist()


def test_pictures_arrive_as_what_their_function_returned(names: dict[str, Any]) -> None:
    @nb.node(name="Paint")
    def paint() -> Image.Image:
        return red()

    g = nb.Graph()
    nb.publish(g.add(paint), "drawn")
    nb.publish(g.add("EmptyImage", width=8, height=6), "computed")
    g.run().check()
    assert isinstance(names["drawn"], Image.Image)
    assert names["drawn"].tobytes() == red().tobytes()
    assert tuple(names["computed"].shape) == (1, 6, 8, 3)


@pytest.mark.parametrize(
    ("form", "kind"), [("picture", Image.Image), ("pictures", list), ("array", np.ndarray), ("tensor", torch.Tensor)]
)
def test_pictures_take_the_form_that_is_asked_for(names: dict[str, Any], form: Any, kind: type[Any]) -> None:
    g = nb.Graph()
    image = g.add("EmptyImage", width=8, height=6, batch_size=2 if form == "pictures" else 1)
    nb.publish(image, "made", form=form)
    g.run().check()
    assert isinstance(names["made"], kind)
    if form == "array":
        names["made"][...] = 1
        assert float(image.outputs[0].sum()) == 0


def test_a_form_that_does_not_fit_is_told(names: dict[str, Any]) -> None:
    g = nb.Graph()
    nb.publish(g.add("PrimitiveInt", value=3), "made", form="picture")
    assert "A int cannot become picture: expected a picture" in str(g.run())
    several = nb.publish(g.add("EmptyImage", batch_size=2), "two", form="picture")
    assert "Expected one picture, got a batch of 2" in str(g.run(several))
    assert names == {}


def test_many_values_arrive_as_a_list(names: dict[str, Any]) -> None:
    g = nb.Graph()
    nb.publish(g.add("RepeatImageBatch", image=g.add("EmptyImage"), amount=2), "one", form="array")
    numbers = g.add("Range", start=0, stop=3) if "Range" in g.store.library else None
    if numbers is not None:
        nb.publish(numbers, "numbers")
    g.run().check()
    assert names["one"].shape[0] == 2
    assert numbers is None or names["numbers"] == [0, 1, 2]


def test_a_cached_result_is_published_again(names: dict[str, Any], new_session: Any) -> None:
    g = nb.Graph()
    image = g.add("EmptyImage", width=8, height=8)
    nb.publish(image, "made")
    g.run().check()
    names.clear()
    run = g.run().check()
    assert image.id not in run.executed
    assert "made" in names
    new_session()
    names.clear()


def test_a_kernel_that_starts_again_has_its_variables_again(tmp_path: Any) -> None:
    from nodebook.sessions import use_session

    counted: list[int] = []
    for turn in range(2):
        session = Session(folder=tmp_path, cache_folder=tmp_path / "cache")
        assert session.cache.disk is not None
        session.cache.disk.min_seconds = 0
        restore = use_session(session)
        fresh: dict[str, Any] = {}
        session.variables.namespace = fresh
        g = nb.Graph("portrait")
        image = g.add("EmptyImage", width=8, height=8)
        nb.publish(image, "made", form="array")
        run = g.run().check()
        counted.append(len(run.executed))
        assert (turn, fresh["made"].shape) == (turn, (1, 8, 8, 3))
        assert len(g) == 2
        session.close()
        restore()
    assert counted == [2, 1], "the picture comes from the disk"


@pytest.mark.parametrize("name", ["", "1a", "a b", "class", "__name__", "_", "_i", "In", "get_ipython", "a\nb", "a.b"])
def test_a_name_that_cannot_be_set_is_a_problem(names: dict[str, Any], name: str) -> None:
    g = nb.Graph()
    image = g.add("EmptyImage", width=8, height=8)
    with pytest.raises(VariableNameError, match=r"cannot set that variable: .*(name|keeps)"):
        nb.publish(image, name)
    node = g.add("Publish", value=image, name=name)
    found = [each for each in g.problems if each.node == node.id]
    assert [each.input for each in found] == ["name"]
    assert re.search("To notebook does not accept its inputs: .*(name|keeps)", found[0].message)
    assert g.run().errors
    assert names == {}


def test_what_is_no_output_is_told() -> None:
    with pytest.raises(InputValueError, match=r"Only outputs of a graph are published, got a int.*made = value"):
        nb.publish(3, "made")  # type: ignore[arg-type]  # what somebody may try
    g = nb.Graph()
    with pytest.raises(AmbiguousOutputError):
        nb.publish(g.add("GetImageSize"), "made")


def test_a_part_of_the_program_is_not_overwritten(names: dict[str, Any]) -> None:
    g = nb.Graph()
    names.update(np=np, g=g, helper=red, node=g.add("EmptyImage", width=8, height=8), kept=3)
    for name in ("np", "g", "helper", "node", "kept"):
        nb.publish(g["1"], name)
    run = g.run()
    assert names["np"] is np
    assert names["g"] is g
    assert len(run.errors) == 4
    assert "The name 'np' is taken in the notebook by a module" in str(run)
    assert "del g" in str(run)
    assert tuple(names["kept"].shape) == (1, 8, 8, 3)


def test_publishing_again_changes_the_node_that_is_there(names: dict[str, Any]) -> None:
    g = nb.Graph()
    one, two = g.add("PrimitiveInt", value=1), g.add("PrimitiveInt", value=2)
    made = nb.publish(one, "made")
    revision = g.store.revision
    assert nb.publish(one, "made") == made
    assert g.store.revision == revision
    assert nb.publish(two, "made") == made
    assert nb.publish(two, "other") != made
    g.run().check()
    assert names == {"made": 2, "other": 2}


def test_a_graph_reads_what_another_one_published(names: dict[str, Any], session: Session) -> None:
    first, second = nb.Graph(), nb.Graph()
    number = first.add("PrimitiveInt", value=2)
    nb.publish(number, "shared")
    reader = second.add("PrimitiveFloat", value=nb.variable("shared"))
    assert names == {}
    assert [each.code for each in second.problems] == ["missing_variable"]
    first.run().check()
    assert second.run().check().executed == (reader.id,)
    assert reader.outputs == (2.0,)
    told: list[int] = []
    session.variables.subscribe(second.store, lambda: told.append(1))
    number.set(value=3)
    first.queue().result(30).check()  # in the background: no cell ends
    assert told == [1]
    assert second.run().executed == (reader.id,)


def test_latents_and_models_keep_their_port_types(names: dict[str, Any]) -> None:
    first, second = nb.Graph(), nb.Graph()
    nb.publish(first.add("EmptyLatentImage", width=64, height=64), "noise")
    first.run().check()
    assert isinstance(names["noise"], dict)
    reader = second.add("LatentUpscale", samples=nb.variable("noise"), width=128, height=128)
    assert not second.problems
    second.run().check()
    assert reader.outputs
    names["noise"] = dict(names["noise"])  # made by a cell: nothing says that it is a latent
    assert [each.code for each in second.problems] == ["bad_variable"]


def test_a_graph_that_reads_what_it_publishes_does_not_run_for_ever(names: dict[str, Any], session: Session) -> None:
    names["n"] = 1.0
    g = nb.Graph()

    @nb.node(name="AddOne")
    def add_one(x: float = 0.0) -> float:
        return x + 1

    nb.publish(g.add(add_one, x=nb.variable("n")), "n")
    g.auto_run(delay_s=0.01)
    idle = threading.Event()
    session.queue.subscribe(lambda: idle.set() if names["n"] >= 2 else None)
    names["n"] = 1.5
    session.variables.after_cell()
    assert idle.wait(30)
    threading.Event().wait(0.5)
    assert names["n"] == 2.5
    g.auto_run(False)


def test_what_fails_sets_nothing(names: dict[str, Any]) -> None:
    @nb.node(name="Fail")
    def fail() -> int:
        raise ValueError("no")

    g = nb.Graph()
    nb.publish(g.add(fail), "made")
    names["made"] = "before"
    with pytest.raises(NodebookError):
        g.run().check()
    assert names == {"made": "before"}


def test_a_figure_is_published_read_and_shown(names: dict[str, Any]) -> None:
    @nb.node(name="Plot")
    def plot(points: int = 3) -> Figure:
        figure = Figure(figsize=(3, 2))
        figure.subplots().plot(range(points))
        return figure

    @nb.node(name="Count lines")
    def count_lines(figure: Figure) -> int:
        return len(figure.axes[0].lines)

    g = nb.Graph()
    node = g.add(plot)
    nb.publish(node, "figure")
    g.run().check()
    assert isinstance(names["figure"], Figure)
    shown = node._repr_mimebundle_()
    assert "data:image/png;base64," in shown["text/html"]
    assert "picture" in shown["text/plain"]

    counted = g.add(count_lines, figure=nb.variable("figure"))
    g.run(counted).check()
    assert counted.outputs == (1,)
    names["figure"].axes[0].plot([1, 2])  # in place: what has no content to compare is read in each run
    g.run(counted).check()
    assert counted.outputs == (2,)
