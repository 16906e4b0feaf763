"""Sweeps over named inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import PIL.Image
import pytest

from nodebook.engine.node import node
from nodebook.errors import InputValueError, RunFailedError, UnknownInputError
from nodebook.graph import Graph

if TYPE_CHECKING:
    from nodebook.sessions import Session


@node(title="Tile")
def tile(shade: int = 0, word: str = "") -> PIL.Image.Image:
    if word == "bad":
        raise ValueError("no such word")
    return PIL.Image.new("RGB", (16, 8), (shade, len(word), 0))


@pytest.fixture
def graph(session: Session) -> Graph:
    session.library.define(tile)
    graph = Graph(own_session=session)
    graph.add(tile, shade=graph.input("shade", 1), word=graph.input("word", "a"))
    return graph


def test_every_combination_runs_once_the_last_input_fastest(graph: Graph) -> None:
    found = graph.sweep(shade=range(2), word=["a", "bb"])
    assert [dict(row.inputs) for row in found] == [
        {"shade": 0, "word": "a"},
        {"shade": 0, "word": "bb"},
        {"shade": 1, "word": "a"},
        {"shade": 1, "word": "bb"},
    ]
    assert [row.results["Tile"].getpixel((0, 0)) for row in found] == [(0, 1, 0), (0, 2, 0), (1, 1, 0), (1, 2, 0)]
    assert found.find(shade=1, word="bb") is found[3]
    assert graph["shade"].node.values["value"] == 1, "a sweep changes no default"


def test_text_and_numbers_hold_for_all_runs_and_pairs_go_together(graph: Graph) -> None:
    assert [dict(row.inputs) for row in graph.sweep(shade=[3, 4], word="abc")] == [
        {"shade": 3, "word": "abc"},
        {"shade": 4, "word": "abc"},
    ]
    paired = graph.sweep(shade=[3, 4], word=["a", "b"], paired=True)
    assert [tuple(row.inputs.values()) for row in paired] == [(3, "a"), (4, "b")]


def test_a_run_that_fails_is_a_row_and_the_others_go_on(graph: Graph) -> None:
    found = graph.sweep(shade=[7], word=["bad", "b"])
    assert [row.error is None for row in found] == [False, True]
    assert found[0].results == {}
    assert found[1].results["Tile"].getpixel((0, 0)) == (7, 1, 0)
    assert "no such word" in repr(found)
    refused = graph.sweep(shade=["dark"])
    assert "bad_value" not in repr(refused), "the code of a problem is not for people"
    assert "input should be a valid integer" in repr(refused)
    with pytest.raises(RunFailedError, match=r"1 of 2 runs failed:\n  shade=7, word=bad: .*no such word"):
        found.check()


def test_the_frame_has_inputs_results_and_errors(graph: Graph) -> None:
    frame = graph.sweep(shade=[1, 2], word=["bad"]).frame
    assert list(frame.columns) == ["shade", "word", "seconds", "error"]
    assert frame["error"].notna().all()
    frame = graph.sweep(shade=[1, 2]).frame
    assert list(frame.columns) == ["shade", "Tile", "seconds", "error"]
    assert frame["Tile"][1].size == (16, 8)


def test_a_cell_shows_the_pictures_as_a_table(graph: Graph) -> None:
    html = graph.sweep(shade=[1, 2, 3], word=["<b>", "y"])._repr_html_()
    assert html.count("<img ") == 6
    assert html.count("<tr>") == 4  # the heads, and one line for each of the first input
    assert "shade: 2" in html
    assert "word: &lt;b&gt;" in html
    assert "<b>" not in html
    listed = graph.sweep(shade=[1, 2], word=["x", "y"], paired=True)._repr_html_()
    assert listed.count("<img ") == 2


def test_results_that_are_no_pictures_are_shown_in_words(session: Session) -> None:
    graph = Graph(own_session=session)
    graph.add("PreviewAny", source=graph.input("n", 1))
    found = graph.sweep(n=[1, 2])
    assert "n  " in repr(found)
    assert found._repr_html_().count("<tr>") >= 2


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        ({"shade": []}, InputValueError, "shade has no value"),
        ({"shape": [1]}, UnknownInputError, "no named input 'shape'"),
        ({"shade": [1, 2], "word": ["a", "b", "c"], "paired": True}, InputValueError, "shade has 2, word has 3"),
    ],
)
def test_what_cannot_be_swept_is_refused(
    graph: Graph, inputs: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        graph.sweep(**inputs)


def test_several_targets_of_one_title_are_told_apart(graph: Graph) -> None:
    graph.add(tile, shade=5)
    found = graph.sweep(shade=[1])
    assert list(found[0].results) == ["Tile", "Tile (4)"]
    with pytest.raises(InputValueError, match="0 rows of the sweep have shade=9"):
        found.find(shade=9)


def test_what_an_output_node_shows_is_its_result(session: Session) -> None:
    graph = Graph(own_session=session)
    picture = graph.add("EmptyImage", width=8, height=8, batch_size=graph.input("count", 1))
    graph.add("PreviewImage", images=picture)
    one, two = graph.sweep(count=[1, 2])
    assert one.results["Preview Image"].size == (8, 8)
    assert [each.size for each in two.results["Preview Image"]] == [(8, 8), (8, 8)]
