"""Random graphs, random edits: what runs again is what a naive reading says, and all is as in a fresh run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.engine import document
from nodebook.engine.items import Block, Items
from tests.engine.fresh import FreshProcess, outcome
from tests.engine.naive import DEFAULTS, FAILED, Naive
from tests.engine.reference import NODES
from tests.engine.strategies import scaled
from tests.engine.support import Laboratory, out

IDS = [str(number) for number in range(1, 9)]
LINKED = {
    "double": ("value", "plus"),
    "add_floats": ("a", "b"),
    "total": ("values",),
    "lazy_mix": ("mask", "a", "b"),
    "error": ("value",),
    "block_odd": ("value",),
    "later": ("value",),
    "expand_sum": ("value",),
    "count_down": ("value",),
}
"""Node types with inputs that take a link; those without a default have one always."""

small = st.integers(-2, 3).map(float)


@st.composite
def nodes(draw: st.DrawFn, position: int, outputs: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """A node type, and inputs that read only nodes before it."""
    kind = draw(st.sampled_from(["source", "listed", *(LINKED if position else ())]))
    inputs: dict[str, Any] = {}
    if kind == "source":
        inputs["value"] = draw(small)
    if kind == "listed":
        inputs |= {"count": draw(st.integers(0, 3)), "start": draw(small)}
    if kind == "expand_sum":
        inputs["times"] = draw(st.integers(0, 3))
    if kind == "count_down":
        inputs["number"] = draw(st.integers(0, 3))
    for name in LINKED.get(kind, ()):
        if DEFAULTS[kind][name] is None or draw(st.booleans()):
            source = draw(st.sampled_from(list(outputs)))
            inputs[name] = out(source, outputs[source])
        elif name == "mask":
            inputs[name] = draw(st.sampled_from([0.0, 0.5, 1.0]))
    return kind, inputs


def output_of(kind: str) -> str:
    return "values" if kind == "listed" else "value"


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, str, dict[str, Any]]]:
    """First every node, then replacements: (id, type, inputs), one after another."""
    kinds: dict[str, str] = {}
    steps = []
    for position, node_id in enumerate(IDS):
        kind, inputs = draw(nodes(position, {each: output_of(kinds[each]) for each in kinds}))
        kinds[node_id] = kind
        steps.append((node_id, kind, inputs))
    for _ in range(draw(st.integers(1, 4))):
        position = draw(st.integers(0, len(IDS) - 1))
        before = IDS[:position]
        kind, inputs = draw(nodes(position, {each: output_of(kinds[each]) for each in before}))
        # The same kind of output, so that links that read it stay.
        if output_of(kind) == output_of(kinds[IDS[position]]):
            kinds[IDS[position]] = kind
            steps.append((IDS[position], kind, inputs))
    return steps


def replace(lab: Laboratory, node_id: str, kind: str, inputs: dict[str, Any]) -> None:
    """Put another node under an id, and give its readers their links back."""
    state = lab.store.state
    readers = [
        (reader, name, link)
        for reader in state.consumers.get(node_id, ())
        for name, link in state.nodes[reader].links.items()
        if link.node == node_id
    ]
    if node_id in state.nodes:
        lab.remove(node_id)
    lab.add(kind, node_id, **inputs)
    for reader, name, link in readers:
        lab.set(reader, **{name: link})


@pytest.fixture(scope="module")
def fresh() -> Iterator[FreshProcess]:
    process = FreshProcess()
    yield process
    process.close()


@scaled(60)
@given(histories())
def test_incremental_runs_give_what_a_fresh_process_gives_and_run_what_is_dirty(
    fresh: FreshProcess, history: list[tuple[str, str, dict[str, Any]]]
) -> None:
    lab, naive = Laboratory(*NODES), Naive()
    expands = {"expand_sum", "count_down"}
    for number, step in enumerate(history):
        replace(lab, *step)
        if number < len(IDS) - 1:
            continue
        run = lab.run()
        told = outcome(lab, run)
        assert told == fresh.run(document.dumps(lab.store.state))
        state = lab.store.state
        expected = naive.run(state, run.targets)
        executed = {naive.spec(state, each) for each in run.executed if "." not in each}
        assert executed <= naive.ran
        # Nodes that an expansion added may have made a result before a node of the graph needs it.
        shared = {spec[0] for spec in naive.ran - executed}
        assert shared <= ({"double", "count_down"} if expands & {kind for _, kind, _ in history} else set())
        for node_id, value in expected.items():
            if value is FAILED:
                assert node_id in run.errors or node_id in run.skipped
            else:
                assert lab.output(node_id) == value


@scaled(40)
@given(histories())
def test_undo_of_each_edit_is_the_identity_on_document_and_keys(
    history: list[tuple[str, str, dict[str, Any]]],
) -> None:
    lab = Laboratory(*NODES)
    seen: list[tuple[int, str, dict[str, bytes | None]]] = []
    undone = 0
    revision = 0

    def note(_change: Any) -> None:
        nonlocal undone
        undone += 1

    lab.store.subscribe(note)
    for step in history:
        seen.append((undone, document.dumps(lab.store.state), lab.keys))
        replace(lab, *step)
    revision = undone
    for count, text, keys in reversed(seen):
        while revision > count:
            assert lab.store.undo()
            revision -= 1
        assert document.dumps(lab.store.state) == text
        assert lab.keys == keys


def test_the_naive_reading_knows_what_it_is_asked() -> None:
    lab, naive = Laboratory(*NODES), Naive()
    items = lab.add("listed", "1", count=3)
    odd = lab.add("block_odd", "2", value=out(items, "values"))
    lab.add("total", "3", values=out(odd, "value"))
    assert naive.run(lab.store.state, ("2", "3")) == {"2": Items((0.0, Block(), 2.0)), "3": Block()}
    assert len(naive.ran) == 2
    naive.run(lab.store.state, ("2", "3"))
    assert naive.ran == set()
