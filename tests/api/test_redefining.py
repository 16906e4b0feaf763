"""Redefining a function makes exactly its nodes and what follows them stale."""

from __future__ import annotations

from typing import Any

import pytest

import nodebook as nb
from nodebook.errors import UnknownInputError

CELLS = {
    "helper": "def helper(a): return a + OFFSET",
    "offset": "OFFSET = 10",
    "first": "@nb.node\ndef first(a: int) -> int:\n    return helper(a)",
    "second": "@nb.node\ndef second(a: int, by: int = SCALE) -> int:\n    return a * by",
    "other": "@nb.node\ndef other(a: int) -> int:\n    return -a",
}


class Notebook:
    """Cells that share one namespace, and a graph: start → first → second, start → other."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", "nb": nb, "SCALE": 2}
        for source in CELLS.values():
            self.cell(source)
        self.graph = nb.Graph()
        start = self.graph.add("PrimitiveInt", value=1)
        self.first = self.graph.add("first", a=start)
        self.second = self.graph.add("second", a=self.first)
        self.other = self.graph.add("other", a=start)
        self.graph.run().check()
        assert self.run() == []

    def cell(self, source: str) -> None:
        exec(compile(source, "<cell>", "exec"), self.names)  # noqa: S102 -- what a notebook does

    def run(self) -> list[str]:
        return [self.graph[each].title for each in self.graph.run().check().executed]


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


CHANGES = {
    "nothing": (CELLS["first"], []),
    "a comment": (CELLS["first"] + "  # so", []),
    "a docstring": (CELLS["first"].replace("    return", "    'Say.'\n    return"), []),
    "the function": (CELLS["first"].replace("helper(a)", "helper(a) + 1"), ["First", "Second"]),
    "the last function": (CELLS["second"].replace("a * by", "a + by"), ["Second"]),
    "a function beside": (CELLS["other"].replace("-a", "a"), ["Other"]),
    "a function that it calls": (CELLS["helper"].replace("+", "-"), ["First", "Second"]),
    "a value that the called one reads": ("OFFSET = 11", ["First", "Second"]),
    "the same value again": ("OFFSET = 5 + 5", []),
    "a name that nobody reads": ("by = a = 3", []),
    "a default argument": ("SCALE = 3\n" + CELLS["second"], ["Second"]),
    "a value that a default had read": ("SCALE = 3", []),
}


@pytest.mark.parametrize(("source", "expected"), CHANGES.values(), ids=CHANGES.keys())
def test_redefining_makes_exactly_what_follows_stale(notebook: Notebook, source: str, expected: list[str]) -> None:
    notebook.cell(source)
    assert notebook.run() == expected


def test_a_global_array_changed_in_place_makes_its_node_stale(notebook: Notebook) -> None:
    notebook.cell("import numpy\nOFFSET = numpy.full(1000, 10)\ndef helper(a): return a + int(OFFSET.max())")
    assert notebook.run() == ["First", "Second"]
    assert notebook.run() == []
    notebook.cell("OFFSET[777] = 12")
    assert notebook.run() == ["First", "Second"]


def test_an_input_that_is_gone_keeps_what_it_held_until_it_is_cleared(notebook: Notebook) -> None:
    graph, second = notebook.graph, notebook.second
    second.set(by=5)
    link = notebook.first.sole_output()
    other = graph.add("second", a=link, by=link)
    notebook.cell("@nb.node\ndef second(a: int) -> int:\n    return a")
    messages = {problem.node: problem for problem in graph.problems}
    assert messages[second.id].severity == "warning"
    assert "has no input 'by'; what it holds is kept and not used. Its inputs are: a." in messages[second.id].message
    assert ".set(by=None)" in messages[other.id].message
    assert graph.run().outcome == "done"
    notebook.cell(CELLS["second"])
    assert graph.problems == []
    assert (second.node.values["by"], other.node.links["by"].node) == (5, notebook.first.id)
    notebook.cell("@nb.node\ndef second(a: int) -> int:\n    return a")
    second.set(by=None)
    other.set(by=None)
    assert graph.problems == []
    graph.undo()
    assert [problem.node for problem in graph.problems] == [other.id]
    with pytest.raises(UnknownInputError, match="has no input 'never'"):
        second.set(never=None)
