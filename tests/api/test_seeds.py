"""Seeds that change from run to run: what is shown is what was used, in every order of asking, running and editing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import Field

import nodebook as nb
from nodebook.engine import document
from nodebook.engine.edits import SetValue
from nodebook.errors import InputValueError, UnknownInputError
from nodebook.seeds import HIGHEST_RANDOM, next_seed

if TYPE_CHECKING:
    from nodebook.graph import Graph
    from nodebook.handles import NodeHandle
    from nodebook.sessions import Session

gate = threading.Event()
entered = threading.Event()
used: list[int] = []


@nb.node
def noise(seed: Annotated[int, Field(ge=0, le=2**64 - 1)] = 0, steps: int = 1) -> int:
    """Note the seed."""
    used.append(seed)
    return seed * steps


@nb.node
def hold(value: int) -> int:
    """Work until the test lets it go."""
    entered.set()
    assert gate.wait(20)
    return value


@nb.node
def marked(other: Annotated[int, nb.Seed()] = 3, seed: Annotated[int, nb.Seed(on=False)] = 4) -> int:
    """Have a seed of another name, and a number called seed that is none."""
    return other + seed


@pytest.fixture
def sampler(session: Session) -> NodeHandle:
    """A graph of one seed, which is 5."""
    gate.set()
    entered.clear()
    used.clear()
    g = nb.Graph()
    for function in (noise, hold, marked):
        session.library.define(function)
    return g.add(noise, seed=5)


def seed_of(node: NodeHandle) -> Any:
    return node.node.values["seed"]


def test_a_fixed_seed_stays(sampler: NodeHandle) -> None:
    sampler.graph.run()
    sampler.graph.run()
    assert (used, seed_of(sampler)) == ([5], 5)


def test_the_first_run_uses_the_seed_as_it_is_and_each_later_one_the_next(sampler: NodeHandle) -> None:
    sampler.vary(seed="increment")
    for turn in range(3):
        sampler.graph.run()
        assert seed_of(sampler) == 5 + turn
    assert used == [5, 6, 7]
    sampler.vary(seed="decrement").graph.run()
    assert seed_of(sampler) == 6
    assert sampler.vary(seed="fixed").node.view.get("vary") is None


def test_a_typed_seed_is_used_before_it_changes(sampler: NodeHandle) -> None:
    sampler.vary(seed="increment").graph.run()
    sampler.set(seed=100).graph.run()
    sampler.graph.run()
    assert used == [5, 100, 101]


def test_random_seeds_are_new_each_time_and_leave_the_random_of_notebooks_alone(sampler: NodeHandle) -> None:
    import random

    random.seed(1)
    before = random.getstate()
    sampler.vary(seed="randomize")
    for _ in range(4):
        sampler.graph.run()
        assert seed_of(sampler) == used[-1]
    assert used[0] == 5
    assert len(set(used)) == 4
    assert all(0 <= seed <= HIGHEST_RANDOM for seed in used)
    assert random.getstate() == before


def test_queued_runs_have_a_seed_each_and_the_shown_one_is_that_of_the_run_that_started_last(
    sampler: NodeHandle,
) -> None:
    g = sampler.graph
    g.add(hold, value=sampler)
    sampler.vary(seed="increment")
    gate.clear()
    jobs = g.queue(count=4)
    assert entered.wait(20)
    assert seed_of(sampler) == 5  # three more wait, with seeds of their own
    gate.set()
    runs = [job.result(20) for job in jobs]
    assert [run.state.nodes[sampler.id].values["seed"] for run in runs] == [5, 6, 7, 8]
    assert seed_of(sampler) == 8
    # What was queued together is one step back, and can be done again.
    assert g.undo()
    assert seed_of(sampler) == 5
    assert g.redo()
    assert seed_of(sampler) == 8


def test_runs_that_were_cancelled_before_they_began_take_no_seed(sampler: NodeHandle) -> None:
    g = sampler.graph
    g.add(hold, value=sampler)
    sampler.vary(seed="increment")
    gate.clear()
    jobs = g.queue(count=4)
    assert entered.wait(20)
    for job in jobs[1:]:
        job.cancel()
    gate.set()
    jobs[0].result(20)
    g.run()
    assert seed_of(sampler) == 6


def test_a_seed_typed_while_runs_wait_is_not_written_over(sampler: NodeHandle) -> None:
    g = sampler.graph
    g.add(hold, value=sampler)
    sampler.vary(seed="increment")
    gate.clear()
    jobs = g.queue(count=2)
    assert entered.wait(20)
    sampler.set(seed=77)
    gate.set()
    jobs[1].result(20)
    assert used == [5, 6]
    assert seed_of(sampler) == 77
    g.run()
    assert used == [5, 6, 77]


def test_undo_goes_back_to_the_seed_before_whose_result_is_kept(sampler: NodeHandle) -> None:
    g = sampler.graph
    sampler.vary(seed="randomize")
    g.run()
    g.run()
    assert g.undo()
    assert seed_of(sampler) == 5
    assert g.run().executed == ()
    assert g.redo()
    assert seed_of(sampler) == used[-1]


def test_a_run_keeps_what_can_be_done_again(sampler: NodeHandle) -> None:
    g = sampler.graph
    sampler.vary(seed="increment")
    g.run()
    sampler.set(steps=2)
    g.undo()
    g.run()
    assert g.redo()
    assert sampler.node.values == {"seed": 6, "steps": 2}


def test_the_plan_names_the_seed_that_the_run_then_has(sampler: NodeHandle) -> None:
    g = sampler.graph
    sampler.vary(seed="randomize")
    assert "seed" not in g.plan().rows[0].reason
    g.run()
    reason = g.plan().rows[0].reason
    assert seed_of(sampler) == 5
    g.run()
    assert reason == f"seed 5 → {seed_of(sampler)}"


def test_linked_muted_and_unneeded_seeds_stay(sampler: NodeHandle) -> None:
    g = sampler.graph
    source = g.add("PrimitiveInt", value=9)
    others = [g.add(noise, seed=1).vary(seed="increment") for _ in range(3)]
    others[0].set(seed=source)
    others[1].mute()
    sampler.vary(seed="increment")
    g.run(sampler)
    g.run(sampler)
    assert [node.node.values.get("seed") for node in (sampler, *others)] == [6, 1, 1, 1]
    assert others[2].node.view["vary"] == {"seed": "increment"}


def test_an_automatic_run_keeps_the_seed(sampler: NodeHandle) -> None:
    g = sampler.graph
    sampler.vary(seed="increment")
    g.run()
    g.auto_run(delay_s=0.01)
    ran = threading.Event()
    stop = nb.queue.subscribe(lambda: ran.set() if used[-1:] == [5] and len(used) == 2 else None)
    sampler.set(steps=3)
    assert ran.wait(20)
    stop()
    g.auto_run(False)
    assert (used, seed_of(sampler)) == ([5, 5], 5)


def test_the_saved_graph_of_a_run_has_its_seed_and_runs_it_first(sampler: NodeHandle) -> None:
    g = sampler.graph
    sampler.vary(seed="increment")
    g.run()
    text = document.dumps(g.run().state)
    again: Graph = type(g).of_state(document.loads(text))
    assert seed_of(again[sampler.id]) == 6
    assert again.run().executed == ()  # the result of the run is kept under that seed
    again.run()
    assert seed_of(again[sampler.id]) == 7


def test_what_is_a_seed_and_what_varies_it_is_checked(sampler: NodeHandle) -> None:
    other = sampler.graph.add(marked)
    other.vary(other="randomize")
    with pytest.raises(InputValueError, match=r"cannot vary 'seed': it is no seed"):
        other.vary(seed="randomize")
    with pytest.raises(InputValueError, match=r"fixed, randomize, increment, decrement, got 'sometimes'"):
        sampler.vary(seed="sometimes")
    with pytest.raises(UnknownInputError, match="no input 'sed'"):
        sampler.vary(sed="randomize")


@pytest.mark.parametrize(
    ("value", "mode", "limits", "expected"),
    [
        (5, "increment", {}, 6),
        (5, "increment", {"max": 5}, 5),
        (0, "decrement", {"min": 0}, 0),
        (0, "decrement", {}, -1),
        (2**64 - 2, "increment", {"max": 2**64 - 1}, 2**64 - 1),
        (8, "increment", {"step": 4}, 12),
        (8, "randomize", {"min": 0, "max": 2**64 - 1}, HIGHEST_RANDOM),
        (8, "randomize", {"min": 2, "max": 11, "step": 4}, 10),
        (8, "randomize", {"min": 7, "max": 7}, 7),
    ],
)
def test_the_next_seed_stays_within_its_limits(value: int, mode: str, limits: dict[str, int], expected: int) -> None:
    assert next_seed(value, mode, limits, lambda _low, high: high) == expected


def test_a_view_may_vary_what_is_not_there(sampler: NodeHandle) -> None:
    g = sampler.graph
    from nodebook.engine.edits import SetView

    g.store.edit([SetView(sampler.id, {"vary": {"steps": "increment", "gone": "increment", "seed": 3}})], "Odd")
    g.store.edit([SetValue(sampler.id, "seed", 6)], "Set seed")
    g.run()
    g.run()
    assert sampler.node.values == {"seed": 6}


def test_a_seed_before_a_subgraph_varies_with_each_run(sampler: NodeHandle) -> None:
    g = sampler.graph
    shown = g.add("PreviewAny", source=sampler)
    g.subgraph([shown], name="Show")
    sampler.vary(seed="increment")
    g.run().check()
    g.run().check()
    assert used == [5, 6]
    assert seed_of(sampler) == 6


def test_a_seed_inside_a_subgraph_varies_once_for_all_its_copies(sampler: NodeHandle) -> None:
    g = sampler.graph
    sampler.vary(seed="increment")
    instance = g.subgraph([sampler, g.add("PreviewAny", source=sampler)], name="Noise")
    definition = instance.node.type.removeprefix("subgraph:")
    g.add(instance.node.type)
    for _ in range(3):
        g.run().check()
    assert used == [5, 6, 7]  # both instances have the same, and equal nodes share a result
    inner = g.store.state.subgraphs[definition].graph.nodes
    assert [node.values["seed"] for node in inner.values() if node.type == "noise"] == [7]
    assert g.plan().rows[0].action == "run"
    g.undo()
    assert g.store.state.subgraphs[definition].graph.nodes[sampler.id].values["seed"] == 6


def test_a_seed_that_an_instance_offers_varies_there(sampler: NodeHandle) -> None:
    g = sampler.graph
    shown = g.add("PreviewAny", source=sampler)
    source = g.add("PrimitiveInt", value=5)
    sampler.set(seed=source)
    instance = g.subgraph([sampler, shown], name="Noise")
    (name,) = instance.node.links
    instance.set(**{name: 40})
    g.remove(source)
    instance.vary(**{name: "decrement"})
    g.run().check()
    g.run().check()
    assert used == [40, 39]
    assert instance.node.values[name] == 39


def test_seeds_that_begin_or_cease_to_vary_between_runs_are_noticed(sampler: NodeHandle) -> None:
    g = sampler.graph
    g.run()
    sampler.vary(seed="increment")
    g.run()
    g.run()
    assert seed_of(sampler) == 6
    sampler.mute()
    g.run()
    sampler.enable()
    g.undo()  # muted again
    g.undo()
    g.run()
    assert seed_of(sampler) == 7
    sampler.remove()
    g.run()
    g.undo()
    g.run()
    assert seed_of(sampler) == 8
