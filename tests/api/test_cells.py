"""Running a cell again finds the nodes that it added before."""

from collections.abc import Iterator
from typing import Any

import pytest

import nodebook as nb
from nodebook import building
from nodebook.errors import InputValueError
from nodebook.handles import NodeHandle
from nodebook.sessions import Session


class Notebook:
    """Says which cell runs, as JupyterLab's messages do."""

    def __init__(self) -> None:
        self.now: tuple[str, str] | None = None
        self._runs = 0

    def run(self, cell: str | None) -> None:
        self._runs += 1
        self.now = None if cell is None else (cell, f"message {self._runs}")


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch, session: Session) -> Iterator[Notebook]:
    del session
    made = Notebook()
    monkeypatch.setattr(building, "current_cell", lambda: made.now)
    return made  # type: ignore[return-value]  # pytest takes both


def types(g: nb.Graph) -> list[str]:
    return [handle.node.type for handle in g.nodes]


@pytest.mark.parametrize("name", ["portrait", None])
def test_a_cell_that_adds_to_a_graph_adds_once(notebook: Notebook, name: str | None) -> None:
    notebook.run("a")
    g = nb.Graph(name)
    first = g.add("EmptyImage")
    for sigma in (1.0, 2.0, 2.0):
        notebook.run("b")
        blur = g.add("ImageBlur", image=first, sigma=sigma)
        g.add("ImageBlur", image=blur)
    assert types(g) == ["EmptyImage", "ImageBlur", "ImageBlur"]
    assert g["2"].node.values["sigma"] == 2.0


def test_a_value_that_was_set_by_hand_survives_the_cell(notebook: Notebook) -> None:
    notebook.run("a")
    g = nb.Graph("portrait")
    handle = g.add("ImageBlur", sigma=1.0)
    handle.set(sigma=5.0)
    notebook.run("a")
    g.add("ImageBlur", sigma=1.0)
    assert handle.node.values["sigma"] == 5.0


def test_cells_in_any_order_find_their_own_nodes(notebook: Notebook, new_session: Any) -> None:
    notebook.run("a")
    g = nb.Graph("portrait")
    notebook.run("b")
    g.add("ImageBlur", title="from b")
    notebook.run("c")
    g.add("ImageBlur", title="from c")
    new_session()
    g = nb.Graph("portrait")
    for cell in ("c", "b", "c"):
        notebook.run(cell)
        g.add("ImageBlur", title=f"from {cell}")
    assert [handle.title for handle in g.nodes] == ["from b", "from c"]


def test_a_new_cell_adds_a_new_node(notebook: Notebook, new_session: Any) -> None:
    notebook.run("a")
    nb.Graph("portrait").add("ImageBlur")
    new_session()
    notebook.run("z")
    g = nb.Graph("portrait")
    g.add("ImageBlur")
    assert types(g) == ["ImageBlur", "ImageBlur"]
    notebook.run("a")
    g.add("ImageBlur")
    assert types(g) == ["ImageBlur", "ImageBlur"]


@pytest.mark.parametrize("order", [("a", None), (None, "a")], ids=["then without ids", "then with ids"])
def test_a_notebook_that_runs_elsewhere_doubles_nothing(
    notebook: Notebook, new_session: Any, order: tuple[str | None, str | None]
) -> None:
    for cell in order:
        new_session()
        notebook.run(cell)
        g = nb.Graph("portrait")
        first = g.add("EmptyImage")
        g.add("ImageBlur", image=first)
        g.add("ImageBlur", image=first)
    assert types(nb.Graph("portrait")) == ["EmptyImage", "ImageBlur", "ImageBlur"]


def subgraph_cell(g: nb.Graph, sigma: float = 1.0) -> NodeHandle:
    first = g.add("EmptyImage")
    blur = g.add("ImageBlur", image=first, sigma=sigma)
    sharp = g.add("ImageSharpen", image=blur)
    g.add("PreviewImage", images=sharp)
    return g.subgraph([blur, sharp], name="Soften")


@pytest.mark.parametrize("name", ["portrait", None])
def test_a_cell_that_makes_a_subgraph_makes_it_once(notebook: Notebook, name: str | None) -> None:
    notebook.run("a")
    g = nb.Graph(name)
    made = subgraph_cell(g)
    for sigma in (1.0, 2.0, 2.0):
        notebook.run("a")
        assert subgraph_cell(g, sigma) == made
    assert types(g) == ["EmptyImage", "PreviewImage", f"subgraph:{next(iter(g.store.state.subgraphs))}"]
    assert len(g.store.state.subgraphs) == 1
    assert g[f"{made.id}/2"].node.values["sigma"] == 2.0
    assert not g.problems
    revision = g.store.revision
    notebook.run("a")
    subgraph_cell(g, 2.0)
    assert g.store.revision == revision


def test_the_cells_find_what_the_editor_put_into_a_subgraph(notebook: Notebook, new_session: Any) -> None:
    notebook.run("a")
    g = nb.Graph("portrait")
    made = subgraph_cell(g)
    g[f"{made.id}/2"].set(sigma=7.0)
    text = g.to_json()
    new_session()
    notebook.run("a")
    again = nb.Graph("portrait")
    assert subgraph_cell(again).id == made.id
    assert again[f"{made.id}/2"].node.values["sigma"] == 7.0
    assert len(again) == len(g)
    assert sorted(again.store.state.subgraphs) == sorted(g.store.state.subgraphs)
    assert again.to_json().count("ImageBlur") == text.count("ImageBlur")


def test_what_a_subgraph_does_not_pass_on_is_told(notebook: Notebook) -> None:
    notebook.run("a")
    g = nb.Graph("portrait")
    made = subgraph_cell(g)
    notebook.run("b")
    with pytest.raises(InputValueError, match="inside a subgraph that does not pass it on"):
        g.add("PreviewImage", images=g[f"{made.id}/2"])
    shown = g.add("PreviewImage", images=g[f"{made.id}/3"])
    assert shown.node.links["images"] == (made.id, "IMAGE")
