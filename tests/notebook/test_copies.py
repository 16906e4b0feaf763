"""A graph's file, and the copies of it in the notebook: the newest wins, nothing is lost, a conflict is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.engine.graph import GraphState
from nodebook.errors import DocumentError
from nodebook.graph import Graph
from nodebook.notebook.saved.copies import Copy, choose
from nodebook.notebook.saved.notebookfile import read_copies, split_sides
from nodebook.notebook.saved.outputs import output_of
from nodebook.notebook.saved.stored import GRAPH_MIME
from nodebook.opening import open_graph
from nodebook.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def notebook_text(*held: Any) -> str:
    outputs = [{"output_type": "display_data", "data": {GRAPH_MIME: each}, "metadata": {}} for each in held]
    cells = [{"cell_type": "code", "id": f"c{at}", "source": [], "outputs": [each]} for at, each in enumerate(outputs)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def numbered(number: int) -> dict[str, Any]:
    nodes = {"1": {"type": "PrimitiveInt", "values": {"value": number}}}
    return {"nodebook": 1, "name": "portrait", "nodes": nodes}


class Machine:
    """A folder with a notebook, and a kernel that is restarted at will."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.notebook = folder / "work.ipynb"
        self.session: Session | None = None

    def start(self, name: str = "portrait") -> Graph:
        self.stop()
        self.session = Session(self.folder)
        self.session.notebook = self.notebook
        return Graph(name, own_session=self.session)

    def save(self, *graphs: Graph) -> None:
        """Save the notebook, whose cells show these graphs."""
        self.notebook.write_text(notebook_text(*(output_of(each).make()[GRAPH_MIME] for each in graphs)))

    def stop(self) -> None:
        if self.session is not None:
            self.session.close()
            self.session = None

    def files(self, pattern: str) -> list[Path]:
        return sorted(self.folder.glob(pattern))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "here")
    yield machine
    machine.stop()


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "there")
    yield machine
    machine.stop()


def carry(source: Machine, target: Machine) -> None:
    """Bring the notebook, and nothing else, to another machine."""
    source.stop()
    target.stop()
    target.notebook.write_bytes(source.notebook.read_bytes())


def value(graph: Graph) -> Any:
    return graph.store.state.nodes["1"].values["value"]


def made(machine: Machine, number: int) -> Graph:
    graph = machine.start()
    graph.add("PrimitiveInt", value=number)
    machine.save(graph)
    return graph


def test_a_notebook_alone_brings_the_graph_to_another_machine(here: Machine, there: Machine) -> None:
    document = made(here, 7).to_json()
    carry(here, there)
    graph = there.start()
    assert graph.to_json() == document
    assert (there.folder / "portrait.nodebook.json").read_text() == document  # at once: the journal goes on from it
    assert "no file here: it was taken from its copy in work.ipynb" in graph.notices[0]
    assert there.session is not None
    assert there.session.notices[graph.store.number] == [("warning", graph.notices[0])]
    graph["1"].set(value=8)
    again = there.start()
    assert value(again) == 8  # its own file is newer than the copy by now
    assert again.notices == []


def test_a_notebook_that_was_saved_earlier_than_the_file_loses_silently(here: Machine) -> None:
    graph = made(here, 1)
    graph["1"].set(value=2)
    again = here.start()
    assert (value(again), again.notices) == (2, [])
    here.save(again)
    assert here.start().notices == []


def test_what_was_done_elsewhere_comes_back_with_the_notebook(here: Machine, there: Machine) -> None:
    made(here, 1)
    carry(here, there)
    graph = there.start()
    graph["1"].set(value=2)
    there.save(graph)
    graph["1"].set(value=3)
    there.save(graph)
    carry(there, here)
    graph = here.start()
    assert value(graph) == 3
    assert "goes on from its file here, so it was taken" in graph.notices[0]
    (kept,) = here.files(".nodebook/portrait.replaced-*.json")
    assert json.loads(kept.read_text())["nodes"]["1"]["values"] == {"value": 1}
    assert (value(here.start()), here.start().notices) == (3, [])
    # And on from there, to the first one again.
    graph = here.start()
    graph["1"].set(value=4)
    here.save(graph)
    carry(here, there)
    assert value(there.start()) == 4


def test_changes_on_both_sides_are_a_conflict_that_is_said_once_and_loses_nothing(
    here: Machine, there: Machine
) -> None:
    made(here, 1)
    carry(here, there)
    graph = there.start()
    graph["1"].set(value=2)
    there.save(graph)
    here.start()["1"].set(value=3)
    carry(there, here)
    graph = here.start()
    assert value(graph) == 3
    (notice,) = graph.notices
    assert "were changed apart. It was kept as portrait.conflict-" in notice
    (kept,) = here.files("portrait.conflict-*.nodebook.json")
    assert kept.name in notice
    assert value(open_graph(kept)) == 2
    assert here.start().notices == []
    assert here.files("portrait.conflict-*") == [kept]


def test_of_several_copies_the_newest_wins(here: Machine) -> None:
    documents = [numbered(at) for at in (1, 2, 3)]
    moments = ["2026-11-26T10:00:00.000Z", "2026-11-26T12:00:00.000Z", "2026-11-26T11:00:00.000Z"]
    pairs = zip(documents, moments, strict=True)
    held = [{"nodebook": 1, "document": each, "saved": moment, "lock": None} for each, moment in pairs]
    here.notebook.write_text(notebook_text(documents[2], *held))
    graph = here.start()
    assert value(graph) == 2
    # The others do not say that the newest came from them.
    assert {value(open_graph(each)) for each in here.files("portrait.conflict-*")} == {1, 3}


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"nodebook": 1, "document": {"nodebook": 1, "name": "portrait", "nodes": [1]}}, "cannot be read"),
        ({"nodebook": 7, "document": {"nodebook": 1, "name": "portrait", "nodes": {}}}, "Its version is 7"),
        ({"nodebook": 1, "document": {"nodebook": 99, "name": "portrait"}}, "newer nodebook"),
        ({"nodebook": 1, "document": {"name": "portrait", "nodes": {"1": {"type": 5}}}}, "cannot be read"),
        ({"nodebook": 1, "name": "portrait", "document": ['{"nodebook": 1, "name": "portrait"']}, "line 1"),
        ({"nodebook": "1", "document": {"nodebook": 1, "name": "portrait", "nodes": {}}, "saved": 5}, "version is '1'"),
    ],
)
def test_a_copy_edited_by_hand_is_said_and_kept(here: Machine, broken: dict[str, Any], words: str) -> None:
    here.notebook.write_text(notebook_text(broken))
    before = here.notebook.read_bytes()
    graph = here.start()
    assert len(graph) == 0
    (notice,) = graph.notices
    assert words in notice
    assert "(cell c0)" in notice
    (kept,) = here.files(".nodebook/portrait.copy-*.json")
    text = kept.read_text()
    document = broken["document"]
    assert text == "\n".join(document) if isinstance(document, list) else json.loads(text) == document
    assert here.notebook.read_bytes() == before
    here.start()
    assert here.files(".nodebook/portrait.copy-*.json") == [kept]


@pytest.mark.parametrize("held", [5, "x", [], {}, {"document": 3}, {"nodebook": 1, "document": {}, "history": [1, {}]}])
def test_values_of_another_shape_are_no_copies(here: Machine, held: Any) -> None:
    here.notebook.write_text(notebook_text(held))
    graph = here.start()
    assert (len(graph), graph.notices) == (0, [])


def conflicted(ours: str, theirs: str) -> str:
    """The text that git leaves where both changed the lines between the first and the last that differ."""
    one, other = ours.splitlines(), theirs.splitlines()
    first = next(at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    last = next(at for at, (a, b) in enumerate(zip(reversed(one), reversed(other), strict=False)) if a != b)
    middle = ["<<<<<<< HEAD", *one[first : len(one) - last], "=======", *other[first : len(other) - last]]
    return "\n".join([*one[:first], *middle, ">>>>>>> colleague", *one[len(one) - last :], ""])


def sides(here: Machine, there: Machine) -> tuple[str, str]:
    made(here, 1)
    carry(here, there)
    graph = there.start()
    graph["1"].set(value=2)
    there.save(graph)
    theirs = there.notebook.read_text()
    graph = here.start()
    graph["1"].set(value=3)
    here.save(graph)
    return here.notebook.read_text(), theirs


def test_from_a_notebook_with_merge_conflicts_both_sides_come(here: Machine, there: Machine) -> None:
    ours, theirs = sides(here, there)
    text = conflicted(ours, theirs)
    assert split_sides(text) == {"HEAD": ours + "\n", "colleague": theirs + "\n"}
    here.notebook.write_text(text)
    graph = here.start()
    assert value(graph) == 3
    assert "git's conflict markers" in graph.notices[0]
    assert "the side colleague" in graph.notices[1]
    (kept,) = here.files("portrait.conflict-*")
    assert value(open_graph(kept)) == 2
    # Without the file: the newer side is the graph, the other one is kept.
    there.stop()
    for each in there.files("*.nodebook.json"):
        each.unlink()
    there.notebook.write_text(text)
    graph = there.start()
    assert value(graph) == 3
    assert {value(open_graph(each)) for each in there.files("portrait.conflict-*")} == {2}
    assert there.notebook.read_text() == text


def test_markers_in_the_middle_of_a_value_take_nothing_from_the_whole_side(here: Machine, there: Machine) -> None:
    ours, theirs = sides(here, there)
    torn = conflicted(ours, theirs[: len(theirs) // 2])
    here.notebook.write_text(torn)
    found = read_copies(here.notebook).found
    whole = [each.graph.document for each in found if each.graph.torn is None]
    assert [each["nodes"]["1"]["values"]["value"] for each in whole] == [3]


def test_a_truncated_notebook_gives_what_is_whole_in_it(here: Machine) -> None:
    graph = made(here, 5)
    text = notebook_text(*[output_of(graph).make()[GRAPH_MIME]] * 2)
    here.stop()
    (here.folder / "portrait.nodebook.json").unlink()
    here.notebook.write_text(text[: text.rindex(GRAPH_MIME) + 100])
    graph = here.start()
    assert value(graph) == 5
    assert "work.ipynb is not a whole notebook (line" in graph.notices[0]


def test_a_word_in_a_cell_is_no_copy(here: Machine) -> None:
    said = json.dumps({"data": {GRAPH_MIME: {"document": {"name": "portrait", "nodes": {}}}}})
    text = notebook_text({"x": said})
    here.notebook.write_text(text[:-5])
    assert read_copies(here.notebook).found[0].graph.name is None


def test_a_large_notebook_is_read_by_its_keys(here: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    made(here, 5)
    whole = read_copies(here.notebook)
    monkeypatch.setattr("nodebook.notebook.saved.notebookfile.LARGE_BYTES", 10)
    monkeypatch.setattr("nodebook.notebook.saved.notebookfile._parse", lambda _text: pytest.fail("parsed whole"))
    assert read_copies(here.notebook) == whole


def test_what_the_notebook_has_already_keeps_its_moment(here: Machine) -> None:
    graph = made(here, 5)
    before = output_of(graph).make()
    again = output_of(here.start()).make()
    assert again == before


def test_a_graph_is_opened_from_another_notebook(here: Machine, tmp_path: Path) -> None:
    one = made(here, 1)
    two = Graph("other", own_session=one._session)
    two.add("PrimitiveInt", value=2)
    bare = Graph(own_session=one._session)
    here.save(one)
    assert value(open_graph(here.notebook)) == 1
    here.save(one, two, bare)
    assert value(open_graph(here.notebook, name="other")) == 2
    with pytest.raises(DocumentError, match=r"holds 3 graphs: 'portrait', 'other', without a name\. Say which"):
        open_graph(here.notebook)
    with pytest.raises(DocumentError, match=r"no graph called 'nope'\. Its graphs are: 'portrait', 'other'"):
        open_graph(here.notebook, name="nope")
    with pytest.raises(FileNotFoundError, match="There is no notebook"):
        open_graph(tmp_path / "nowhere.ipynb")
    empty = tmp_path / "empty.ipynb"
    empty.write_text(notebook_text())
    with pytest.raises(DocumentError, match="holds no graph in its outputs"):
        open_graph(empty)
    empty.write_text("{")
    with pytest.raises(DocumentError, match="not a whole notebook"):
        open_graph(empty)
    empty.write_text(notebook_text({"nodebook": 1, "document": {"nodebook": 99, "name": "a"}}))
    with pytest.raises(DocumentError, match=r"The graph 'a' in empty\.ipynb cannot be read"):
        open_graph(empty)
    with pytest.raises(DocumentError, match="chooses among those of a notebook"):
        open_graph(here.folder / "portrait.nodebook.json", name="portrait")


def test_a_merge_of_two_states_is_not_opened_by_guessing(here: Machine, there: Machine) -> None:
    ours, theirs = sides(here, there)
    here.notebook.write_text(conflicted(ours, theirs))
    with pytest.raises(DocumentError, match=r"sides colleague and HEAD|sides HEAD and colleague"):
        open_graph(here.notebook)


def test_a_folder_that_cannot_be_written_still_gives_the_graph(here: Machine, there: Machine) -> None:
    made(here, 1)
    carry(here, there)
    (there.folder / ".nodebook").write_text("a file in the way")
    graph = there.start()
    assert value(graph) == 1


DIGESTS = st.sampled_from("abcdef")
COPIES = st.lists(
    st.builds(
        Copy,
        state=st.just(GraphState()),
        digest=DIGESTS,
        saved=st.sampled_from(["", "1", "2", "3"]),
        history=st.lists(DIGESTS, max_size=3).map(tuple),
    ),
    max_size=4,
)


@given(own=st.none() | DIGESTS, copies=COPIES, known=st.frozensets(DIGESTS, max_size=3))
def test_no_state_is_ever_dropped(own: str | None, copies: list[Copy], known: frozenset[str]) -> None:
    choice = choose(own, copies, known)
    went_on = {own} if choice.copy is None else {choice.copy.digest}
    ancestors = set(known) | ({own} if own is not None else set())
    if choice.copy is not None:
        ancestors |= set(choice.copy.history)
        assert own is None or own in choice.copy.history
    kept = went_on | {each.digest for each in choice.aside}
    assert {each.digest for each in copies} - kept <= ancestors
    assert len({each.digest for each in choice.aside}) == len(choice.aside)
    assert (choice.verdict == "conflict") <= bool(choice.aside)
