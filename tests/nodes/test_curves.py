"""Curves: what may be one, that the line goes through its points and never beyond them, and the node."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import nodebook as nb
from nodebook.engine.curve import check_points
from nodebook.errors import NodeDefinitionError
from nodebook.graph import Graph
from nodebook.nodes.curves import curve_at
from nodebook.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = json.loads((Path(__file__).parent.parent / "fixtures" / "curves.json").read_text(encoding="utf-8"))

shares = st.floats(0, 1, allow_nan=False).map(lambda value: round(value, 3))
curves = st.lists(st.tuples(shares, shares), min_size=2, max_size=12, unique_by=lambda point: point[0])


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    session = Session(tmp_path)
    yield Graph(own_session=session)
    session.close()


@given(curves)
def test_the_line_goes_through_its_points_and_between_two_never_beyond_them(points: list[Any]) -> None:
    points = check_points(points)
    xs = torch.tensor([x for x, _ in points], dtype=torch.float64)
    assert torch.allclose(curve_at(points, xs), torch.tensor([y for _, y in points], dtype=torch.float64), atol=1e-9)
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        part = curve_at(points, torch.linspace(x0, x1, 33, dtype=torch.float64))
        assert part.min() >= min(y0, y1) - 1e-9
        assert part.max() <= max(y0, y1) + 1e-9
        assert ((part.diff() * (y1 - y0)) >= -1e-9).all()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_browser_draws_the_same_line(case: dict[str, Any]) -> None:
    xs = torch.tensor([x for x, _ in case["line"]], dtype=torch.float64)
    ys = torch.tensor([y for _, y in case["line"]], dtype=torch.float64)
    assert torch.allclose(curve_at(case["points"], xs), ys, atol=1e-9)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("line", "list of 2 to 64 points"),
        ([[0, 0]], "list of 2 to 64 points"),
        ([[0, 0], [0, 1]], "two at 0"),
        ([[0, 0], [1, 1.5]], "both from 0 to 1"),
        ([[0, 0], [1, float("nan")]], "both from 0 to 1"),
        ([[0, 0], [1]], "both from 0 to 1"),
        ([[0, 0], [True, 1]], "both from 0 to 1"),
    ],
)
def test_what_is_no_curve_is_refused(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_points(value)


def test_points_are_put_in_order() -> None:
    assert check_points(((1, 0), (0.5, 1), (0, 0))) == [[0.0, 0.0], [0.5, 1.0], [1.0, 0.0]]


def test_tones_follow_the_curve_and_alpha_stays(graph: Graph) -> None:
    picture = graph.add("EmptyImage", width=4, height=4, color=0x404040)
    curved = graph.add("ImageCurves", image=picture, curve=[[0, 1], [1, 0]], channel="red")
    graph.run(curved).check()
    pixel = curved.outputs[0][0, 0, 0]
    assert pixel.tolist() == pytest.approx([1 - 64 / 255, 64 / 255, 64 / 255], abs=1e-6)
    curved.set(curve=[[0, 0], [2, 1]])
    (problem,) = graph.problems
    assert problem.input == "curve"
    assert "both from 0 to 1" in problem.message


def test_a_node_that_asks_for_a_curve_has_its_widget(graph: Graph) -> None:
    @nb.node
    def shaped(shape: Annotated[list[list[float]], nb.Curve()] = ((0, 0), (1, 1))) -> float:  # type: ignore[assignment]  # the node makes a list of it
        return shape[0][0]

    graph.store.library.define(shaped)
    (spec,) = graph.store.library.get("shaped").inputs
    assert (spec.port, spec.widget, spec.default) == ("CURVE", {"kind": "curve"}, [[0.0, 0.0], [1.0, 1.0]])

    with pytest.raises(NodeDefinitionError, match=r"default of shape is"):

        @nb.node
        def broken(shape: Annotated[list[list[float]], nb.Curve()] = ((0, 0),)) -> float:  # type: ignore[assignment]  # no curve
            return shape[0][0]
