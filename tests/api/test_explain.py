"""Plans with expected costs, and the way from a node up to what started it."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest

from nodebook.engine.annotations import Lazy
from nodebook.engine.node import node
from nodebook.explain import PlanTable, expected_total
from nodebook.graph import Graph
from nodebook.sessions import Session


@node(outputs=("value",))
def slow(value: float = 0.0, seconds: float = 0.02) -> float:
    threading.Event().wait(seconds)
    return value


@pytest.fixture
def session(tmp_path: Path) -> Any:
    own = Session(tmp_path, cache_folder=tmp_path / "cache")
    own.library.define(slow)
    yield own
    own.close()


def test_a_plan_expects_what_nodes_of_the_type_have_cost(session: Session) -> None:
    g = Graph(own_session=session)
    first = g.add("slow", value=1.0)
    g.add("slow", value=first)
    assert [row.seconds for row in g.plan()] == [None, None]
    assert (g.plan().seconds, g.plan().peak_bytes) == (None, None)
    g.run()
    first.set(value=2.0)
    plan = g.plan()
    assert [row.action for row in plan] == ["run", "run"]
    for row in plan:
        assert row.seconds is not None
        assert row.seconds >= 0.02
        assert row.result_bytes
    assert plan.seconds is not None
    assert plan.seconds >= 0.04
    assert plan.peak_bytes
    assert "2 to run, 0 cached, about" in plan._repr_html_()


def test_what_nodes_cost_outlives_the_session(session: Session, tmp_path: Path) -> None:
    g = Graph(own_session=session)
    g.add("slow")
    g.run()
    session.close()
    other = Session(tmp_path, cache_folder=tmp_path / "cache")
    other.library.define(slow)
    h = Graph(own_session=other)
    h.add("slow", value=9.0)
    (row,) = h.plan()
    other.close()
    assert row.seconds is not None
    assert row.seconds >= 0.02


def test_the_expected_time_counts_lanes_that_overlap(session: Session) -> None:
    @node(outputs=("value",), lane="concurrent")
    def beside(value: float = 0.0) -> float:
        threading.Event().wait(0.03)
        return value

    session.library.define(beside)
    g = Graph(own_session=session)
    nodes = [g.add("beside", value=float(each)) for each in range(3)]
    g.run()
    for number, each in enumerate(nodes):
        each.set(value=10.0 + number)
    plan = g.plan()
    (longest,) = {row.seconds for row in plan}
    assert plan.seconds == longest


def test_why_leads_up_to_what_started_it(session: Session) -> None:
    g = Graph(own_session=session)
    first = g.add("slow", value=1.0, seconds=0.0)
    middle = g.add("slow", value=first, seconds=0.0)
    last = g.add("slow", value=middle, seconds=0.0)
    g.run()
    first.set(value=3.0)
    why = g.why(last)
    assert why == f"Node {last.id} will run: value changed (node {middle.id})."
    assert [(row.node, row.reason) for row in why.rows] == [
        (last.id, f"value changed (node {middle.id})"),
        (middle.id, f"value changed (node {first.id})"),
        (first.id, "value 1.0 → 3.0"),
    ]
    assert [(each.what, each.old, each.new) for each in why.rows[-1].changes] == [("value", "1.0", "3.0")]
    html = why._repr_html_()
    assert re.findall(r"<th [^>]*>(.*?)</th>", html) == ["node", "title", "action", "what", "before", "now"]
    assert re.findall(r"<td[^>]*>(.*?)</td>", html)[3:6] == [f"value changed (node {middle.id})", "", ""]
    assert re.findall(r"<td[^>]*>(.*?)</td>", html)[-3:] == ["value", "1.0", "3.0"]
    assert "1.0 → 3.0" in repr(why)


def test_a_column_of_a_table_in_which_nothing_stands_is_left_out(session: Session) -> None:
    g = Graph(own_session=session)
    g.add("slow", value=1.0)
    assert re.findall(r"<th [^>]*>(.*?)</th>", g.plan()._repr_html_()) == ["node", "title", "action", "reason"]


def test_what_only_a_lazy_input_needs_is_planned_as_if_asked(session: Session) -> None:
    @node(outputs=("value",), needs=lambda first: ["a"] if first else ["b"])
    def pick(*, first: bool = True, a: Lazy[Any] = None, b: Lazy[Any] = None) -> Any:
        return a if first else b

    session.library.define(pick)
    g = Graph(own_session=session)
    a, b = g.add("slow", value=1.0), g.add("slow", value=2.0)
    chosen = g.add("pick", a=a, b=b)
    assert [(row.node, row.action) for row in g.plan()] == [
        (chosen.id, "run"),
        (a.id, "if asked"),
        (b.id, "if asked"),
    ]
    assert "1 to run, 2 if asked, 0 cached" in g.plan()._repr_html_()
    g.run()
    assert chosen.outputs == (1.0,)


def test_text_of_a_graph_is_shown_as_text(session: Session) -> None:
    g = Graph(own_session=session)
    g.add("slow", title="<b>bold</b>", seconds="<script>")
    assert "<script>" not in g.plan()._repr_html_()
    assert "<b>" not in g.plan()._repr_html_()


def test_an_empty_plan_costs_nothing() -> None:
    g = Graph()
    plan, _, _ = g.store.plan(lambda _key: None)
    assert expected_total(plan, lambda _type: None) == (0.0, 0)
    assert "nothing to run: the graph is empty" in PlanTable(())._repr_html_()
