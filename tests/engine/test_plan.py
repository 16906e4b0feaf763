"""A plan runs what is missing and starts from what is there, and looks at nothing else."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nodebook.engine.cache import Entry
from nodebook.engine.graph import GraphState, Node
from nodebook.engine.node import node
from nodebook.engine.plan import make_plan
from tests.engine.support import PLAIN, Laboratory, out

IDS = [str(number) for number in range(1, 10)]
EDGES = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from("ab")), max_size=16)
"""Links from a node to a later one: a graph without cycles."""


@node
def sum3(a: int = 0, b: int = 0, own: int = 0) -> int:
    """An addition of which no two are equal where ``own`` differs."""
    return a + b + own


def build(edges: list[tuple[int, int, str]], *, is_distinct: bool = True) -> Laboratory:
    lab = Laboratory(*PLAIN, sum3)
    for node_id in IDS:
        lab.add("sum3", node_id, own=int(node_id) * 100 if is_distinct else 0)
    for one, other, name in edges:
        if one != other:
            lab.set(str(max(one, other)), **{name: out(str(min(one, other)))})
    return lab


def literal(held: Node, name: str) -> int:
    value = held.values.get(name, 0)
    assert isinstance(value, int)
    return value


def upstream(state: GraphState, node_id: str) -> set[str]:
    return {link.node for link in state.nodes[node_id].links.values()}


def naive(state: GraphState, targets: set[str], missing: set[str]) -> tuple[set[str], set[str]]:
    """What runs and what is held, by the definition: from the targets up, as far as results are missing."""
    runs: set[str] = set()
    held: set[str] = set()

    def want(node_id: str) -> None:
        if node_id in missing:
            runs.add(node_id)
            for source in upstream(state, node_id):
                want(source)
        else:
            held.add(node_id)

    for target in targets:
        want(target)
    return runs, held


@given(EDGES, st.sets(st.sampled_from(IDS)), st.sets(st.sampled_from(IDS)))
def test_a_plan_runs_what_is_missing_and_holds_what_that_starts_from(
    edges: list[tuple[int, int, str]], targets: set[str], missing: set[str]
) -> None:
    lab = build(edges)
    index = lab.store.index()
    ids = {index.keys[node_id]: node_id for node_id in IDS}
    plan = make_plan(index, sorted(targets), lambda key: None if ids[key] in missing else Entry((ids[key],)))
    runs, held = naive(lab.store.state, targets, missing)
    assert {step.id for step in plan.steps} == runs
    assert set(plan.held) == held
    assert {node_id: each.entry.outputs for node_id, each in plan.held.items()} == {name: (name,) for name in held}
    assert plan.blocked == {}
    assert len(plan.steps) == len(runs)
    place = {step.id: position for position, step in enumerate(plan.steps)}
    for step in plan.steps:
        for source in upstream(lab.store.state, step.id) & runs:
            assert place[source] < place[step.id]


@given(EDGES, st.lists(st.tuples(st.sampled_from(IDS), st.integers(0, 3)), max_size=5))
def test_after_edits_exactly_the_dirty_nodes_run_and_the_results_are_right(
    edges: list[tuple[int, int, str]], edits: list[tuple[str, int]]
) -> None:
    lab = build(edges, is_distinct=False)
    lab.run(*IDS)

    def value(state: GraphState, node_id: str) -> int:
        held = state.nodes[node_id]
        return sum(
            value(state, held.links[name].node) if name in held.links else literal(held, name) for name in ("a", "b")
        )

    before = {node_id: inputs(lab.store.state, node_id) for node_id in IDS}
    for node_id, given_value in edits:
        lab.set(node_id, a=given_value)
        lab.set(node_id, b=given_value)
    state = lab.store.state
    dirty = {node_id for node_id in IDS if inputs(state, node_id) not in before.values()}
    run = lab.run(*IDS)
    assert set(run.executed) <= dirty
    # Two nodes that became equal share one result, so one of them is found instead of run.
    assert {inputs(state, node_id) for node_id in run.executed} == {inputs(state, node_id) for node_id in dirty}
    assert {node_id: lab.output(node_id) for node_id in IDS} == {node_id: value(state, node_id) for node_id in IDS}


def inputs(state: GraphState, node_id: str) -> tuple[Any, ...]:
    """All that a node's result depends on, written out."""
    held = state.nodes[node_id]
    return tuple(
        inputs(state, held.links[name].node) if name in held.links else literal(held, name) for name in ("a", "b")
    )


class Lookups:
    """Counts what a plan asks of the cache."""

    def __init__(self, lab: Laboratory) -> None:
        self.lab = lab
        self.asked = 0

    def __call__(self, key: bytes) -> Entry | None:
        self.asked += 1
        return self.lab.cache.get(key)

    def of_a_plan(self, *targets: str) -> int:
        self.asked = 0
        self.lab.store.plan(self, targets or None)
        return self.asked


def test_a_plan_asks_for_nothing_above_a_result_that_is_there() -> None:
    lab = Laboratory(*PLAIN)
    for number in range(2000):
        lab.add("add", str(number), a=out(str(number - 1)) if number else 0, b=number)
    lookups = Lookups(lab)
    assert lookups.of_a_plan() == 2000
    lab.run()
    assert lookups.of_a_plan() == 1
    lab.set("1995", b=-1)
    assert lookups.of_a_plan() == 6
    lab.store.undo()
    assert lookups.of_a_plan() == 1


def test_every_result_is_asked_for_once_however_many_read_it() -> None:
    lab = Laboratory(*PLAIN)
    lab.add("number", "0")
    for layer in range(1, 20):
        for side in (0, 1):
            lab.add("add", str(layer * 2 + side), a=out(_above(layer, 0)), b=out(_above(layer, 1)))
    assert Lookups(lab).of_a_plan() == 39


def _above(layer: int, side: int) -> str:
    return "0" if layer == 1 else str((layer - 1) * 2 + side)


def test_a_held_result_survives_its_eviction_between_plan_and_run() -> None:
    lab = Laboratory(*PLAIN)
    lab.add("number", "1", value=4)
    lab.run()
    lab.add("add", "2", a=out("1"))
    job = lab.job()
    lab.cache.clear()
    assert lab.worker._run(job).executed == ("2",)
    assert lab.output("2") == 4


def test_a_blocked_target_names_the_nearest_node_with_a_problem() -> None:
    lab = Laboratory(*PLAIN)
    lab.add("number", "1", value="x")
    lab.add("number", "2", value=2)
    lab.add("add", "3", a=out("2"), b=out("1"))
    lab.add("add", "4", a=out("3"))
    plan = lab.plan("4", "2", "1")
    assert plan.blocked == {"4": "1", "1": "1"}
    assert [step.id for step in plan.steps] == ["2"]


def test_a_target_that_is_not_in_the_graph_is_blocked_by_itself() -> None:
    lab = Laboratory(*PLAIN)
    assert lab.plan("7").blocked == {"7": "7"}


def test_inputs_are_made_in_reading_order() -> None:
    lab = Laboratory(*PLAIN)
    lab.add("add", "5", a=out("9"), b=out("1"))
    lab.add("number", "9", value=1)
    lab.add("number", "1", value=2)
    assert [step.id for step in lab.plan().steps] == ["9", "1", "5"]


def test_values_for_one_run_change_neither_graph_nor_index() -> None:
    lab = Laboratory(*PLAIN)
    lab.add("number", "1", value=1)
    lab.add("add", "2", a=out("1"))
    state, keys = lab.store.state, lab.keys
    plan = lab.plan(values={("1", "value"): 7})
    assert [step.compiled.literals.get("value") for step in plan.steps] == [7, None]
    assert (lab.store.state, lab.keys) == (state, keys)
    assert lab.store.history.undo == "Add add"


def test_a_bad_value_for_one_run_blocks_that_run_only() -> None:
    lab = Laboratory(*PLAIN)
    lab.add("number", "1", value=1)
    run = lab.run(values={("1", "value"): object()})
    assert (run.executed, run.errors["1"].kind, run.errors["1"].input) == ((), "bad_value", "value")
    assert lab.problems == []
    assert lab.run().outcome == "done"


def test_a_volatile_node_and_what_follows_is_in_every_plan() -> None:
    @node(cache=False)
    def now() -> int:
        return 1

    lab = Laboratory(*PLAIN, now)
    lab.add("now", "1")
    lab.add("add", "2", a=out("1"))
    lab.add("number", "3")
    lab.run()
    assert [step.id for step in lab.plan().steps] == ["1", "2"]
    assert lab.run().executed == ("1", "2")


def test_a_node_that_reads_one_output_twice_waits_for_it_once() -> None:
    lab = Laboratory(*PLAIN)
    lab.add("number", "1", value=2)
    lab.add("add", "2", a=out("1"), b=out("1"))
    assert lab.run().executed == ("1", "2")
    assert lab.output("2") == 4
