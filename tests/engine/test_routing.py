"""Where links lead past nodes that are switched off."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from nodebook.engine.annotations import Port
from nodebook.engine.graph import Link
from nodebook.engine.node import node
from nodebook.engine.routing import follow
from nodebook.errors import NotRunError
from nodebook.graph import Graph
from tests.engine.support import Laboratory, out

A = Annotated[Any, Port("A")]
B = Annotated[Any, Port("B")]
AB = Annotated[Any, Port("A,B")]


@node(outputs=("a",))
def make_a() -> A:
    return "a"


@node(outputs=("b",))
def make_b() -> B:
    return "b"


@node(outputs=("a", "b"))
def both(b: B = None, a: A = None) -> tuple[A, B]:
    return a, b


@node(outputs=("a", "b"))
def crossed(either: AB = None, b: B = None, a: A = None) -> tuple[A, B]:
    return a, either or b


@node(outputs=("out",))
def takes_any(value: Any = None) -> Any:
    return value


@node(outputs=("a",))
def takes_a(a: A) -> A:
    return a


@node(outputs=("b",))
def late(first: A = None, either: AB = None, b: B = None) -> B:
    return b or either or first


@node(outputs=("a",))
def tuned(amount: float = 1.0, a: A = None) -> A:
    return f"{a}{amount}"


NODES = (late, tuned, make_a, make_b, both, crossed, takes_any, takes_a)

CHOICES: dict[str, tuple[str, str, str, str | None]] = {
    # name: type of the bypassed node, its output, the wanted type, the input that is passed on
    "any type takes the input of the same number": ("both", "a", "*", "b"),
    "any type takes the first where there is none of that number": ("takes_any", "out", "*", "value"),
    "the same number where it fits both": ("crossed", "a", "A", "either"),
    "the first input of exactly the wanted type": ("both", "a", "A", "a"),
    "the first that is exact before one that merely fits": ("late", "b", "B", "b"),
    "sockets count before widgets": ("tuned", "a", "*", "a"),
    "none where nothing fits": ("takes_a", "a", "B", None),
}


@pytest.mark.parametrize(("kind", "output", "wanted", "chosen"), CHOICES.values(), ids=CHOICES)
def test_a_bypassed_node_passes_on_the_input_that_comfyui_would(
    kind: str, output: str, wanted: str, chosen: str | None
) -> None:
    lab = Laboratory(*NODES)
    names = [spec.name for spec in lab.library.get(kind).inputs]
    bypassed = lab.add(kind, "9", **{name: out(f"source of {name}", "x") for name in names})
    lab.set_mode(bypassed, "bypass")
    way = follow(Link("9", output), wanted, lab.library, dict(lab.store.state.nodes))
    assert way.link == (None if chosen is None else Link(f"source of {chosen}", "x"))
    assert way.passed == ("9",)


def chain(lab: Laboratory) -> list[str]:
    first = lab.add("make_a")
    one = lab.add("takes_a", a=out(first, "a"))
    two = lab.add("takes_a", a=out(one, "a"))
    return [first, one, two, lab.add("takes_a", a=out(two, "a"))]


def test_several_bypassed_nodes_in_a_row_are_passed() -> None:
    lab = Laboratory(*NODES)
    first, one, two, last = chain(lab)
    lab.set_mode(one, "bypass")
    lab.set_mode(two, "bypass")
    run = lab.run()
    assert run.executed == (first, last)
    assert lab.output(last) == "a"


def test_a_node_behind_a_bypassed_one_follows_its_edits() -> None:
    lab = Laboratory(*NODES)
    first, one, two, last = chain(lab)
    lab.set_mode(one, "bypass")
    lab.set_mode(two, "bypass")
    lab.run()
    other = lab.add("takes_any", value=out(first, "a"))
    lab.set(one, a=out(other, "out"))
    assert lab.run().executed == (other, last)
    lab.cut(one, "a")
    assert lab.codes() == [(last, "a", "missing_input")]
    lab.set_mode(one, None)
    assert lab.codes() == [(one, "a", "missing_input")]


def test_a_muted_node_and_what_only_it_needs_are_no_targets() -> None:
    lab = Laboratory(*NODES)
    first, one, two, last = chain(lab)
    lab.set_mode(last, "mute")
    assert lab.run().targets == (two,)
    lab.set_mode(two, "mute")
    assert lab.run().executed == ()
    assert lab.run().targets == (one,)
    lab.store.undo()
    lab.store.undo()
    assert lab.run().targets == (last,)
    assert first in lab.keys


def test_a_muted_output_node_does_not_run() -> None:
    @node(is_output=True)
    def save(value: Any) -> None:
        del value

    lab = Laboratory(*NODES, save)
    first = lab.add("make_a")
    one, two = lab.add("save", value=out(first, "a")), lab.add("save", value=out(first, "a"))
    lab.set_mode(two, "mute")
    assert lab.run().targets == (one,)


def test_bypassed_nodes_in_a_ring_lead_nowhere() -> None:
    lab = Laboratory(*NODES)
    lab.add("takes_a", "1", a=out("2", "a"))
    lab.add("takes_a", "2", a=out("1", "a"))
    last = lab.add("takes_a", "3", a=out("2", "a"))
    lab.set_mode("1", "bypass")
    lab.set_mode("2", "bypass")
    assert lab.codes() == [(last, "a", "missing_input")]
    assert lab.run().outcome == "failed"


def test_asking_for_a_muted_node_says_that_it_is_muted() -> None:
    lab = Laboratory(*NODES)
    first, *_ = chain(lab)
    lab.set_mode(first, "mute")
    run = lab.run(first)
    assert run.outcome == "failed"
    assert "This node is muted" in run.errors[first].message


def test_what_is_switched_off_is_neither_cached_nor_skipped() -> None:
    lab = Laboratory(*NODES)
    first, one, two, last = chain(lab)
    lab.set_mode(one, "bypass")
    lab.run()
    run = lab.run()
    assert set(run.cached) == {first, two, last}
    assert run.skipped == {}


def test_handles_switch_nodes_off_and_on() -> None:
    g = Graph()
    one = g.add("PrimitiveInt", value=3)
    two = g.add("PreviewAny", source=one)
    one.mute()
    assert str(g.why(one)) == f"Node {one.id} does not run: it is muted."
    run = g.run()
    assert [problem.code for problem in g.problems] == ["missing_input"]
    assert run.errors.keys() == {two.id}
    one.enable()
    assert g.run().outcome == "done"
    with pytest.raises(NotRunError):
        _ = g.add("PrimitiveInt", value=99).outputs
