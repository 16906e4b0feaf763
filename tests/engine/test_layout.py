import math
from typing import Any

import pytest

from nodebook.engine.document import from_json
from nodebook.engine.graph import GraphState, Link
from nodebook.engine.layout import COLUMN_PX, MARGIN_PX, Columns, node_height
from nodebook.engine.library import Library
from nodebook.engine.nodetype import InputSpec, NodeType, OutputSpec
from tests.engine.support import PLAIN, add, divide, number, show


@pytest.fixture
def library() -> Library:
    library = Library()
    for function in PLAIN:
        library.define(function)
    return library


def graph(**nodes: dict[str, Any]) -> GraphState:
    return from_json({"nodebook": 1, "nodes": {name: {"type": "number", **node} for name, node in nodes.items()}})


def of(library: Library, function: Any) -> NodeType:
    return library.get(function.type_name)


def test_the_first_node_stands_at_the_margin(library: Library) -> None:
    assert Columns(GraphState(), library.find).place(GraphState(), [], of(library, number)) == {
        "x": MARGIN_PX,
        "y": MARGIN_PX,
    }


def test_a_node_stands_one_column_right_of_the_rightmost_that_it_reads(library: Library) -> None:
    state = graph(a={"view": {"x": 40, "y": 40}}, b={"view": {"x": 700, "y": 40}})
    view = Columns(state, library.find).place(state, [Link("a", "INT"), Link("b", "INT")], of(library, add))
    assert view["x"] == 700 + COLUMN_PX


def test_nodes_of_one_column_do_not_overlap(library: Library) -> None:
    columns, state = Columns(GraphState(), library.find), GraphState()
    types = [of(library, each) for each in (number, show, add, divide, number)]
    bottom = -math.inf
    for each in types:
        view = columns.place(state, [], each)
        assert view["x"] == MARGIN_PX
        assert view["y"] >= bottom
        bottom = view["y"] + node_height(each)


def test_a_new_node_stands_below_what_was_there(library: Library) -> None:
    state = graph(a={"view": {"x": 40, "y": 400, "height": 900}}, b={"view": {"x": 40, "y": 0}})
    assert Columns(state, library.find).place(state, [], of(library, number))["y"] >= 1300


def test_more_rows_and_pictures_make_a_node_taller(library: Library) -> None:
    assert node_height(of(library, add)) > node_height(of(library, number))
    assert node_height(of(library, show)) > node_height(of(library, number))
    assert node_height(None) > 0


STRANGE = {
    "nothing": {},
    "half": {"x": 40},
    "text": {"x": "left", "y": "top"},
    "a list": {"x": [1], "y": {}},
    "not a number": {"x": math.nan, "y": math.inf},
    "a truth value": {"x": True, "y": False},
    "a height in words": {"x": 40, "y": 40, "height": "tall"},
    "far away": {"x": 1e300, "y": -1e300},
}


@pytest.mark.parametrize("view", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_view_in_a_document_breaks_no_placing(library: Library, view: dict[str, Any]) -> None:
    state = from_json({"nodebook": 1, "nodes": {"a": {"type": "number"}}})
    (node,) = state.nodes.values()
    state = GraphState(nodes=state.nodes.insert("a", type(node)("number", view=view)), consumers=state.consumers)
    columns = Columns(state, library.find)
    for links in ([], [Link("a", "INT")], [Link("gone", "INT")]):
        placed = columns.place(state, links, of(library, add))
        assert math.isfinite(placed["x"])
        assert math.isfinite(placed["y"])


def test_room_is_left_for_what_a_node_shows_once_it_ran() -> None:
    def of_ports(inputs: list[str], output: str) -> NodeType:
        return NodeType(
            "x",
            "x",
            "",
            "",
            tuple(InputSpec(f"{port}{at}", port) for at, port in enumerate(inputs)),
            (OutputSpec("out", output),),
            lambda: None,
        )

    plain = node_height(of_ports(["MODEL", "LATENT"], "MODEL"))
    assert node_height(of_ports(["MODEL", "LATENT"], "LATENT")) >= plain + 252  # previews, in a square
    assert node_height(of_ports(["VAE", "LATENT"], "LATENT")) == plain
    assert node_height(of_ports(["A", "B"], "pandas.DataFrame")) > plain
    assert node_height(of_ports(["A", "B"], "IMAGE")) >= plain + 252
