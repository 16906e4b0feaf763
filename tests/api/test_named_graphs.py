"""A graph with a name comes back after a restart; running its cells again changes only what the code changed."""

from collections.abc import Callable
from typing import Any

import pytest

import nodebook as nb
from nodebook.engine.edits import SetLink, SetValue
from nodebook.graph import Graph
from nodebook.sessions import Session

Start = Callable[[], Session]


def define() -> None:
    @nb.node
    def plus(b: int = 0, a: int = 0) -> int:
        return a + b


def cells(b: int = 2, prompt: str = "a cat", title: str | None = None) -> Graph:
    """What a notebook runs from top to bottom."""
    define()
    g = nb.Graph("portrait")
    one = g.add("plus", b=b, a=1)
    two = g.add("plus", a=one, title=title)
    g.add("PreviewAny", source=g.input("prompt", prompt))
    g.add("PreviewAny", source=two)
    return g


def by_hand(g: Graph, node_id: str, name: str, value: Any) -> None:
    """Edit as the editor does."""
    g.store.edit([SetValue(node_id, name, value)], f"Set {name}")


def test_a_graph_comes_back_under_its_name_in_a_new_kernel(new_session: Start) -> None:
    new_session()
    text = cells().to_json()
    new_session()
    define()
    g = nb.Graph("portrait")
    assert g.to_json() == text
    assert g.name == "portrait"
    assert g.problems == []


def test_running_the_cells_again_after_a_restart_changes_nothing(new_session: Start) -> None:
    new_session()
    text = cells().to_json()
    for _ in range(3):
        new_session()
        g = cells()
        assert g.to_json() == text
        assert g.store.revision == 0


def test_running_the_cells_again_in_the_same_kernel_changes_nothing(new_session: Start) -> None:
    new_session()
    g = cells()
    text, revision = g.to_json(), g.store.revision
    again = cells()
    assert again.to_json() == text
    assert again.store is g.store
    assert again.store.revision == revision


@pytest.mark.parametrize("restart", [False, True], ids=["same kernel", "new kernel"])
def test_a_value_set_by_hand_survives_and_changed_code_wins(new_session: Start, *, restart: bool) -> None:
    new_session()
    g = cells(b=2)
    by_hand(g, "1", "b", 50)
    by_hand(g, "1", "a", 70)
    by_hand(g, "2", "b", 60)
    if restart:
        new_session()
    g = cells(b=2)
    assert (g["1"].node.values["b"], g["2"].node.values["b"]) == (50, 60)
    if restart:
        new_session()
    g = cells(b=3)
    assert (g["1"].node.values["b"], g["1"].node.values["a"], g["2"].node.values["b"]) == (3, 70, 60)
    assert len(g) == 5


@pytest.mark.parametrize("restart", [False, True], ids=["same kernel", "new kernel"])
def test_the_changed_default_of_a_named_input_wins(new_session: Start, *, restart: bool) -> None:
    new_session()
    cells(prompt="a cat")
    if restart:
        new_session()
    g = cells(prompt="a dog")
    assert g["prompt"].node.values["value"] == "a dog"
    by_hand(g, g["prompt"].id, "value", "a bird")
    if restart:
        new_session()
    assert cells(prompt="a dog")["prompt"].node.values["value"] == "a bird"
    assert len(cells(prompt="a dog")) == 5


def test_a_changed_title_of_the_code_wins(new_session: Start) -> None:
    new_session()
    cells(title="Sum")
    new_session()
    assert cells(title="Total")["2"].title == "Total"
    assert cells(title=None)["2"].title == "Plus"


def test_a_value_that_the_code_gives_no_more_is_the_default_again(new_session: Start) -> None:
    new_session()
    define()
    nb.Graph("p").add("plus", a=1, b=2)
    new_session()
    define()
    g = nb.Graph("p")
    g.add("plus", a=1)
    assert dict(g["1"].node.values) == {"a": 1}


def test_a_link_made_by_hand_survives_and_changed_code_wins(new_session: Start) -> None:
    def build(source: int) -> Graph:
        define()
        g = nb.Graph("p")
        nodes = [g.add("plus", a=number) for number in range(3)]
        g.add("plus", a=nodes[source])
        return g

    new_session()
    build(0).store.edit([SetLink("4", "a", ("2", "INT"))], "Connect")
    new_session()
    assert build(0)["4"].node.links["a"].node == "2"
    new_session()
    assert build(2)["4"].node.links["a"].node == "3"


def test_a_node_added_by_hand_survives(new_session: Start) -> None:
    new_session()
    g = cells()
    from nodebook.engine.edits import AddNode

    g.store.edit([AddNode(g.store.state.next_id(), {"type": "plus", "values": {"a": 9}})], "Add")
    text = g.to_json()
    new_session()
    assert cells().to_json() == text


def test_a_node_that_was_deleted_by_hand_is_built_again_by_the_code(new_session: Start) -> None:
    new_session()
    g = cells()
    g["2"].remove()
    new_session()
    g = cells()
    assert len(g) == 5
    assert g.problems == []
    assert len({str((handle.node.origin or {}).get("key")) for handle in g.nodes}) == 5


def test_two_graph_objects_of_one_name_are_one_graph(new_session: Start) -> None:
    new_session()
    define()
    one, other = nb.Graph("p"), nb.Graph("p")
    assert one.store is other.store
    one.add("plus", a=1)
    other.add("plus", a=1)
    assert len(one) == len(other) == 1
    one.undo()
    assert len(other) == 0


def test_two_names_are_two_graphs(new_session: Start) -> None:
    new_session()
    define()
    nb.Graph("p").add("plus", a=1)
    nb.Graph("q").add("plus", a=2)
    new_session()
    define()
    assert (nb.Graph("p")["1"].node.values["a"], nb.Graph("q")["1"].node.values["a"]) == (1, 2)


def test_a_graph_without_name_is_not_kept(new_session: Start) -> None:
    session = new_session()
    define()
    nb.Graph().add("plus", a=1)
    assert [path.name for path in session.folder.iterdir() if path.suffix == ".json"] == []


def test_edits_undo_and_redo_are_all_kept(new_session: Start) -> None:
    new_session()
    g = cells()
    g["1"].set(b=7)
    g["1"].set(b=8)
    g.undo()
    new_session()
    define()
    assert nb.Graph("portrait")["1"].node.values["b"] == 7


def test_a_graph_whose_node_function_is_not_defined_yet_waits_for_it(new_session: Start) -> None:
    new_session()
    text = cells().to_json()
    new_session()
    g = nb.Graph("portrait")
    assert {problem.code for problem in g.problems} == {"unknown_type"}
    define()
    assert g.problems == []
    assert g.to_json() == text
    assert g.run().outcome == "done"


def test_a_name_that_no_file_can_bear_is_refused(new_session: Start) -> None:
    new_session()
    with pytest.raises(ValueError, match="cannot be the name of a graph"):
        nb.Graph("a/b")
