"""The log of each node: lines out of parts, bounds, and what changed since."""

from __future__ import annotations

import pytest

from nodebook import nodelogs
from nodebook.engine.events import NodeOutput
from nodebook.nodelogs import MAX_LINE_CHARS, MAX_LINES, NodeLogs

GRAPH = 1


@pytest.fixture
def logs() -> NodeLogs:
    return NodeLogs()


def write(logs: NodeLogs, *texts: str, node: str = "a", level: str = "out", run: int = 1) -> None:
    for text in texts:
        logs.add(NodeOutput(run, GRAPH, node, level, text))


def texts(logs: NodeLogs, node: str | None = None, after: int = 0) -> list[str]:
    return [line.text for line in logs.lines(GRAPH, node, after=after)]


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        (["one", "\n", "two\nthree\n"], ["one", "two", "three"]),
        (["not whole"], ["not whole"]),
        (["\n", "x\n"], ["", "x"]),
        (["\r 10%", "\r 20%", "\r100%\n", "next\n"], ["100%", "next"]),
        (["10%\r", "20%\r", "\n"], ["20%"]),
        (["windows\r\n", "ends\r", "\n"], ["windows", "ends"]),
        (["a\u2028b\x0cc\n"], ["a\u2028b\x0cc"]),
    ],
)
def test_parts_become_lines(logs: NodeLogs, parts: list[str], lines: list[str]) -> None:
    write(logs, *parts)
    assert texts(logs) == lines


def test_levels_do_not_mix_and_order_is_that_of_beginning(logs: NodeLogs) -> None:
    write(logs, "out ")
    write(logs, "err\n", level="err")
    write(logs, "more\n")
    assert [(line.level, line.text) for line in logs.lines(GRAPH)] == [("out", "out more"), ("err", "err")]


def test_only_what_changed_is_given_again(logs: NodeLogs) -> None:
    write(logs, "one\n", "two")
    known = max(line.changed for line in logs.lines(GRAPH))
    assert texts(logs, after=known) == []
    write(logs, "!\n", "three\n")
    assert texts(logs, after=known) == ["two!", "three"]


def test_a_new_run_begins_anew_and_others_stay(logs: NodeLogs) -> None:
    write(logs, "old\n", "not whole")
    write(logs, "other\n", node="b")
    write(logs, "new\n", run=2)
    assert texts(logs, "a") == ["new"]
    assert texts(logs) == ["other", "new"]
    logs.forget(GRAPH, "a")
    logs.forget(GRAPH, "never")
    assert texts(logs) == ["other"]


def test_warnings_are_told_apart_each_once(logs: NodeLogs) -> None:
    write(logs, "fine\n")
    write(logs, "careful\n", "careful\n", level="warning")
    write(logs, "bad\n", level="error")
    assert logs.summary(GRAPH, "a") == (4, ("careful", "bad"))
    assert logs.summary(GRAPH, "b") == (0, ())


def test_it_is_bounded(logs: NodeLogs, monkeypatch: pytest.MonkeyPatch) -> None:
    write(logs, *(f"{number}\n" for number in range(MAX_LINES + 10)), "x" * (MAX_LINE_CHARS + 1))
    assert texts(logs)[0] == "11"
    assert len(texts(logs)) == MAX_LINES
    assert len(texts(logs)[-1]) == MAX_LINE_CHARS
    monkeypatch.setattr(nodelogs, "MAX_CHARS", 3000)
    logs.forget(GRAPH, "a")
    for node in "abc":
        write(logs, "y" * 1400 + "\n", node=node)
    assert {line.node for line in logs.lines(GRAPH)} == {"b", "c"}
    write(logs, "z", node="b")
    write(logs, "y" * 1400 + "\n", node="d")
    assert {line.node for line in logs.lines(GRAPH)} == {"b", "d"}, "the one that wrote least lately goes"


def test_an_open_line_that_fell_out_is_begun_anew(logs: NodeLogs) -> None:
    write(logs, "open")
    write(logs, *(f"{number}\n" for number in range(MAX_LINES)), level="err")
    write(logs, "anew\n")
    assert texts(logs)[-1] == "anew"
