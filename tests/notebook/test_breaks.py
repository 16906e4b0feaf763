"""Breaks: a run pauses before a node, its inputs are looked at and changed, and the run goes on."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nodebook as nb
from nodebook.engine import events
from nodebook.errors import GraphPausedError, InputValueError, NotPausedError, UnknownInputError
from nodebook.sessions import Session, use_session
from tests.notebook.shells import cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nodebook.engine.node import NodeFunction
    from nodebook.notebook.breaks import Paused

WAIT_S = 30.0


@nb.node
def start(x: int = 1) -> int:
    return x


@nb.node
def plus(a: int, b: int = 10) -> int:
    return a + b


@nb.node
def twice(a: int) -> int:
    return 2 * a


@nb.node
async def waits(a: int, b: int = 1) -> int:
    await asyncio.sleep(0.01)
    return a * 100 + b


@nb.node(lane="concurrent")
def aside(a: int, b: int = 1) -> int:
    return a * 1000 + b


@nb.node
def grows(a: int) -> Any:
    sub = nb.Subgraph()
    return sub.add(plus, a=sub.add(twice, a=a))


@nb.node
def sums(picture: nb.Image) -> Any:
    return nb.Subgraph().add(total, picture=picture)


class Box:
    """A live object, which has no content to be keyed by."""

    def __init__(self, value: int) -> None:
        self.value = value


@nb.node
def unbox(box: Any) -> int:
    return int(box.value)


@nb.node
def boxes(a: int) -> Any:
    return nb.Subgraph().add(unbox, box=Box(a))


@nb.node
def spread(a: int) -> nb.Items[int]:
    return nb.Items([a, a + 1, a + 2])


@nb.node
def paint(x: int = 1) -> nb.Image:
    return torch.full((1, 4, 4, 3), x / 10)


@nb.node
def total(picture: nb.Image, k: float = 1.0) -> float:
    return float(picture.sum()) * k


@nb.node(needs=lambda flag: ["yes"] if flag else [])
def maybe(flag: bool, yes: nb.Lazy[int | None] = None) -> int:  # noqa: ARG001, FBT001 -- an input
    return -1 if yes is None else yes


FUNCTIONS = (start, plus, twice, waits, aside, grows, sums, unbox, boxes, spread, paint, total, maybe)


@pytest.fixture(autouse=True)
def kernel(tmp_path: Path) -> Iterator[Session]:
    """A kernel with a disk cache that keeps everything."""
    own = Session(folder=tmp_path, cache_folder=tmp_path / "cache")
    assert own.cache.disk is not None
    own.cache.disk.min_seconds = 0
    restore = use_session(own)
    for function in FUNCTIONS:
        own.library.define(function)
    yield own
    own.close()
    restore()


class Chain(NamedTuple):
    graph: nb.Graph
    first: Any
    middle: Any
    last: Any


def waiting(graph: nb.Graph) -> Paused:
    assert graph.paused is not None
    return graph.paused


def chain() -> Chain:
    graph = nb.Graph()
    first = graph.add(start)
    middle = graph.add(plus, a=first)
    return Chain(graph, first, middle, graph.add(twice, a=middle))


def test_a_run_pauses_before_the_node_and_goes_on_with_what_was_changed() -> None:
    graph, _, middle, last = chain()
    middle.break_here()
    run = graph.run()
    assert (run.outcome, run.executed, run.paused_at) == ("paused", ("1",), "2")
    assert "before plus (node 2)" in repr(run)
    assert graph.paused is not None
    assert dict(graph.paused.inputs) == {"a": 1, "b": 10}
    graph.paused.inputs["b"] = 5
    run = graph.resume()
    assert (run.outcome, run.executed) == ("done", ("1", "2", "3"))
    assert (middle.outputs, last.outputs) == ((6,), (12,))
    assert graph.paused is None


def test_what_was_made_from_changed_inputs_is_found_by_no_other_run(kernel: Session) -> None:
    graph, _, middle, last = chain()
    middle.break_here()
    graph.run()
    graph.resume(b=5)
    graph.clear_breaks()
    assert kernel.cache.disk is not None
    assert kernel.cache.flush(WAIT_S)
    stored = {row.key for row in kernel.cache.disk.rows()}
    assert graph.store.run_keys["1"] in stored
    assert stored.isdisjoint([graph.store.run_keys["2"], graph.store.run_keys["3"]])
    other = chain()
    assert other.graph.run().executed == ("2", "3")  # the first is as it was
    assert other.last.outputs == (22,)
    assert last.outputs == (12,)  # what that run of the graph made
    assert kernel.cache.flush(WAIT_S)
    kernel.cache.clear(disk=False)
    assert graph.run().check().executed == ()
    assert (middle.outputs, last.outputs) == ((11,), (22,))


def test_nothing_runs_again_where_nothing_was_changed() -> None:
    graph, _, middle, last = chain()
    graph.run()
    middle.break_here()
    assert graph.run().outcome == "paused"  # although all results are there
    run = graph.resume()
    assert (run.outcome, run.executed) == ("done", ())
    assert last.outputs == (22,)
    assert graph.run().outcome == "paused"
    run = graph.resume(b=10)  # the same value
    assert run.executed == ()


def test_equal_nodes_do_not_share_a_changed_result() -> None:
    graph, first, middle, _ = chain()
    twin = graph.add(plus, a=first)
    after = graph.add(twice, a=twin)
    middle.break_here()
    graph.run()
    graph.resume(b=0)
    assert (middle.outputs, twin.outputs, after.outputs) == ((1,), (11,), (22,))


@dataclass(frozen=True)
class Held:
    values: np.ndarray
    name: str = "a"


@pytest.mark.parametrize(
    "wrap",
    [
        np.asarray,
        lambda array: [array],
        lambda array: (array, 1),
        lambda array: {"a": [array]},
        lambda array: nb.Items([array]),
        Held,
        lambda array: [(Held(array), {})],
        torch.from_numpy,
    ],
)
def test_what_is_shown_shares_nothing_with_what_it_came_from(kernel: Session, wrap: Any) -> None:
    array = np.zeros(3, dtype=np.float32)
    value = wrap(array)
    shown = kernel.values.editable(value)
    assert type(shown) is type(value)
    inner = shown
    while not isinstance(inner, (np.ndarray, torch.Tensor)):
        inner = (
            inner.values
            if isinstance(inner, Held)
            else next(iter(inner.values() if isinstance(inner, dict) else inner))
        )
    inner[0] = 5
    assert array[0] == 0


def test_a_picture_changed_in_place_spoils_nothing() -> None:
    graph = nb.Graph()
    picture = graph.add(paint, x=5)
    watched = graph.add(total, picture=picture)
    beside = graph.add(total, picture=picture, k=2.0)
    watched.break_here()
    graph.run()
    assert graph.paused is not None
    graph.paused.inputs["picture"][:] = 0
    graph.resume()
    assert watched.outputs == (0.0,)
    assert beside.outputs == (pytest.approx(48.0),)
    assert float(picture.outputs[0].max()) == 0.5
    graph.clear_breaks()
    assert graph.run().executed == ("2",)
    assert watched.outputs[0] == pytest.approx(24.0)


@pytest.mark.parametrize("function", [waits, aside], ids=["event loop", "other lane"])
def test_nodes_on_other_lanes_pause_too(function: Any) -> None:
    graph = nb.Graph()
    node = graph.add(function, a=graph.add(start, x=7))
    after = graph.add(twice, a=node)
    node.break_here()
    assert graph.run().outcome == "paused"
    graph.resume(a=2, b=3)
    assert after.outputs == ((2 * 203,) if function is waits else (2 * 2003,))
    graph.clear_breaks()
    assert graph.run().executed == (node.id, after.id)


def test_two_lanes_pause_one_after_the_other() -> None:
    graph = nb.Graph()
    source = graph.add(start, x=1)
    functions: list[NodeFunction[..., Any]] = [waits, aside, plus]
    nodes = [graph.add(function, a=source, b=b) for b, function in enumerate(functions)]
    graph.break_at(*nodes)
    seen = set()
    run = graph.run()
    while run.outcome == "paused":
        assert graph.paused is not None
        seen.add(graph.paused.node.id)
        run = graph.resume(b=50)
    assert seen == {each.id for each in nodes}
    assert [each.outputs[0] for each in nodes] == [150, 1050, 51]


def test_what_a_node_adds_is_made_from_what_it_was_given() -> None:
    graph = nb.Graph()
    node = graph.add(grows, a=graph.add(start, x=1))
    after = graph.add(twice, a=node)
    graph.run().check()
    assert after.outputs == (24,)
    node.break_here()
    graph.run()
    graph.resume(a=5)
    assert after.outputs == (40,)
    graph.clear_breaks()
    assert graph.run().executed == ()
    assert after.outputs == (24,)
    # Nor do nodes set as those it added find what those made.
    other = nb.Graph()
    same = other.add(grows, a=other.add(start, x=5))
    assert "2" in other.run().executed
    assert same.outputs == (20,)


def test_after_a_change_an_expansion_downstream_has_keys_of_its_own() -> None:
    graph = nb.Graph()
    node = graph.add(plus, a=graph.add(start, x=1))
    grown = graph.add(grows, a=node)
    node.break_here()
    graph.run()
    graph.resume(b=1)
    assert grown.outputs == (14,)
    graph.clear_breaks()
    graph.run()
    assert grown.outputs == (32,)


def test_what_a_node_adds_finds_no_result_of_the_unchanged_and_leaves_none() -> None:
    graph = nb.Graph()
    picture = graph.add(paint, x=5)
    node = graph.add(sums, picture=picture)  # what it adds reads the picture itself, and is keyed by whoever made it
    picture.break_here()
    graph.run()
    graph.resume(x=1)
    assert node.outputs == (pytest.approx(4.8),)
    graph.clear_breaks()
    graph.run().check()
    assert node.outputs == (pytest.approx(24.0),)


def test_live_objects_that_a_node_hands_on_are_those_of_its_call() -> None:
    graph = nb.Graph()
    node = graph.add(boxes, a=graph.add(start, x=1))
    node.break_here()
    graph.run()
    graph.resume(a=5)
    assert node.outputs == (5,)
    graph.clear_breaks()
    graph.run().check()
    assert node.outputs == (1,)


def test_many_values_are_shown_and_changed_as_many() -> None:
    graph = nb.Graph()
    node = graph.add(plus, a=graph.add(spread, a=1))
    node.break_here()
    graph.run()
    assert graph.paused is not None
    assert list(graph.paused.inputs["a"]) == [1, 2, 3]
    graph.resume(a=nb.Items([5, 6]))
    assert list(node.outputs[0]) == [15, 16]


def test_lazy_inputs_are_shown_when_the_node_has_asked_for_them() -> None:
    graph = nb.Graph()
    node = graph.add(maybe, flag=True, yes=graph.add(start, x=4))
    node.break_here()
    graph.run()
    assert graph.paused is not None
    assert dict(graph.paused.inputs) == {"flag": True, "yes": 4}
    graph.resume(yes=9)
    assert node.outputs == (9,)
    node.set(flag=False)
    graph.run()
    assert graph.paused is not None
    assert dict(graph.paused.inputs) == {"flag": False}
    graph.resume()
    assert node.outputs == (-1,)


def test_skipping_runs_the_rest() -> None:
    graph, first, middle, last = chain()
    beside = graph.add(twice, a=first)
    middle.break_here()
    graph.run()
    assert graph.paused is not None
    run = graph.paused.skip()
    assert run.outcome == "done"
    assert beside.outputs == (2,)
    assert set(run.blocked) == {middle.id, last.id}
    graph.clear_breaks()
    assert graph.run().executed == (middle.id, last.id)


def test_a_paused_node_that_is_removed_can_still_be_looked_at_and_resumed() -> None:
    graph, _, middle, last = chain()
    middle.break_here()
    graph.run()
    graph.remove(middle)
    assert f"Paused before a node that was removed (node {middle.id})" in repr(graph.paused)
    assert graph.resume().outcome == "done"
    assert last.id in graph


def test_cancel_works_while_paused() -> None:
    graph, _, middle, _ = chain()
    middle.break_here()
    graph.run()
    paused = graph.paused
    assert paused is not None
    graph.cancel()
    assert paused._job.future.result(WAIT_S).outcome == "cancelled"
    assert graph.paused is None
    with pytest.raises(NotPausedError, match="not paused any more"):
        paused.resume()
    with pytest.raises(NotPausedError, match=r"g\.break_at"):
        graph.resume()
    assert graph.run().outcome == "paused"
    assert waiting(graph).cancel().outcome == "cancelled"


def test_abandoning_a_paused_run_lets_its_thread_go(kernel: Session) -> None:
    graph, _, middle, _ = chain()
    middle.break_here()
    graph.run()
    assert graph.abandon()
    assert graph.paused is None
    other = chain()
    assert other.graph.run().outcome == "done"
    assert graph.run().outcome == "paused"
    kernel.worker.cancel()


def test_other_graphs_run_meanwhile_and_this_one_does_not(kernel: Session) -> None:
    graph, _, middle, last = chain()
    middle.break_here()
    graph.run()
    with pytest.raises(GraphPausedError, match=r"g\.resume\(\)"):
        graph.run()
    with pytest.raises(GraphPausedError, match="cannot run again yet"):
        graph.queue()
    other = chain()
    other.first.set(x=5)
    assert other.graph.run().outcome == "done"
    assert other.last.outputs == (30,)
    assert graph.paused is not None
    assert [job.pause is not None for job in kernel.worker.running] == [True]
    graph.resume()
    assert last.outputs == (22,)


def test_a_run_that_goes_on_waits_for_the_one_that_runs(kernel: Session) -> None:
    @nb.node
    def slow(x: int) -> int:
        time.sleep(0.5)
        return x

    kernel.library.define(slow)
    graph, _, middle, _ = chain()
    middle.break_here()
    graph.run()
    other = nb.Graph()
    other.add(slow, x=1)
    job = other.queue()
    time.sleep(0.1)
    told: list[Any] = []
    kernel.stream.subscribe(told.append)
    assert graph.resume().outcome == "done"
    assert job.is_finished
    order = [(type(each), each.graph) for each in told if isinstance(each, (events.NodeResumed, events.RunFinished))]
    assert order[0] == (events.RunFinished, other.store.number)


def test_bad_values_leave_the_run_waiting() -> None:
    graph, _, middle, last = chain()
    middle.break_here()
    graph.run()
    with pytest.raises(UnknownInputError, match=r"has no input 'c'\. Its inputs are: a, b"):
        graph.resume(c=1)
    with pytest.raises(InputValueError, match="cannot be called with this b"):
        graph.resume(b="many")
    assert graph.paused is not None
    with pytest.raises(KeyError, match="has no input"):
        graph.paused.inputs["c"] = 1
    assert graph.resume().outcome == "done"
    assert last.outputs == (22,)


def test_breaks_are_no_part_of_the_document() -> None:
    graph, _, middle, _ = chain()
    before = graph.to_json()
    keys = dict(graph.store.index().keys)
    middle.break_here()
    assert graph.to_json() == before
    assert dict(graph.store.index().keys) == keys
    assert [each.id for each in graph.breaks] == [middle.id]
    middle.break_here(False)
    assert graph.breaks == ()
    assert graph.run().outcome == "done"


def test_a_subgraph_is_no_place_for_a_break_but_its_nodes_are() -> None:
    graph, _, middle, last = chain()
    part = graph.subgraph([middle, last], name="Part")
    with pytest.raises(InputValueError, match="Choose a node inside"):
        part.break_here()
    inner = next(node for node in graph.store.flat.nodes if node.startswith(f"{part.id}/"))
    graph.break_at(inner)
    assert graph.run().paused_at == inner
    assert graph.resume().outcome == "done"


def test_a_break_that_is_set_while_the_graph_runs(kernel: Session) -> None:
    @nb.node
    def slow(x: int) -> int:
        time.sleep(0.4)
        return x

    kernel.library.define(slow)
    graph = nb.Graph()
    before = graph.add(slow, x=1)
    node = graph.add(plus, a=before)
    job = graph.queue()
    time.sleep(0.1)
    node.break_here()
    assert job.result(WAIT_S).outcome == "paused"
    assert graph.resume().outcome == "done"
    assert job.result(WAIT_S).outcome == "done"


def test_the_queue_shows_what_waits_at_a_break_beside_what_runs(kernel: Session) -> None:
    graph, _, middle, _ = chain()
    middle.break_here()
    graph.run()
    assert repr(kernel.queue).startswith("<queue: 0 waiting, 0 running, 1 at a break>\n  at a break")
    assert "at a break" in kernel.queue._repr_html_()
    graph.resume()
    assert repr(kernel.queue) == "<queue: 0 waiting, 0 running>"


def test_a_sweep_does_not_pause() -> None:
    graph = nb.Graph()
    graph.add(plus, a=graph.input("a", 1)).break_here()
    with pytest.raises(InputValueError, match=r"g\.clear_breaks\(\)"):
        graph.sweep(a=[1, 2])


def test_events_tell_of_the_pause(kernel: Session) -> None:
    told: list[Any] = []
    kernel.stream.subscribe(told.append)
    graph, _, middle, _ = chain()
    middle.break_here()
    graph.run()
    graph.resume()
    kinds = [
        type(each).__name__
        for each in told
        if isinstance(each, (events.NodePaused, events.NodeResumed))
        or (isinstance(each, events.NodeStarted) and each.node == "2")
    ]
    assert kinds == ["NodePaused", "NodeResumed", "NodeStarted"]


def test_awaiting_returns_at_the_pause() -> None:
    graph, _, middle, last = chain()
    middle.break_here()
    assert asyncio.run(graph.run_async()).outcome == "paused"
    graph.resume(b=1)
    assert last.outputs == (4,)


# -- in cells ----------------------------------------------------------------------------------------------------------


def test_the_inputs_are_variables_of_the_next_cell_and_what_they_hid_comes_back() -> None:
    with cells() as cell:
        cell.names.update(nb=nb, b="mine", h=chain())
        cell("g, first, middle, last = h; middle.break_here()")
        run = cell("g.run()")
        assert "variables until g.resume(): a, b." in repr(run)
        assert "What they hide comes back then: b." in repr(run)
        assert cell("(a, b)") == (1, 10)
        cell("a = 7")
        cell("b += 1")
        assert "a = 7" in repr(cell("g.paused"))
        cell("g.resume()")
        assert cell("last.outputs") == (36,)
        assert cell("b") == "mine"
        assert "a" not in cell.names
        cell("g.run()")
        cell("del a")  # it stays as it came
        cell("g.resume()")
        assert cell("last.outputs") == (22,)
        cell("g.run()")
        cell("g.cancel()")
        assert cell("b") == "mine"


def test_an_array_changed_in_place_in_a_cell() -> None:
    with cells() as cell:
        graph = nb.Graph()
        node = graph.add(total, picture=graph.add(paint, x=5))
        cell.names.update(g=graph, node=node)
        cell("node.break_here(); g.run()")
        cell("picture.zero_()")
        cell("g.resume()")
        assert node.outputs == (0.0,)


def test_a_builtin_is_not_hidden(kernel: Session) -> None:
    @nb.node
    def odd(input: int = 1, id: int = 2) -> int:  # noqa: A002
        return input + id

    kernel.library.define(odd)
    with cells() as cell:
        graph = nb.Graph()
        node = graph.add(odd)
        node.break_here()
        cell.names.update(g=graph)
        assert "are in g.paused.inputs: input, id" in repr(cell("g.run()"))
        assert "input" not in cell.names
        cell("g.paused.inputs['id'] = 5; g.resume()")
        assert node.outputs == (6,)


# -- whatever is changed where, nothing else ever sees it --------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_results_after_breaks_are_those_of_a_graph_that_never_had_one(kernel: Session, data: st.DataObject) -> None:
    kernel.cache.clear()
    graph, clean = nb.Graph(), nb.Graph()
    nodes: list[Any] = []
    kinds: list[NodeFunction[..., Any]] = [plus, twice, waits, aside, grows]
    for number in range(data.draw(st.integers(2, 7))):
        kind = data.draw(st.sampled_from(kinds)) if nodes else start
        sources = data.draw(st.integers(0, len(nodes) - 1)) if nodes else 0
        given_b = {"b": data.draw(st.integers(0, 2))} if kind in (plus, waits, aside) else {}
        for each in (graph, clean):
            inputs = {"a": each[str(sources + 1)].sole_output(), **given_b} if nodes else {"x": 3}
            assert each.add(kind, **inputs).id == str(number + 1)
        nodes.append(clean[str(number + 1)])
    chosen = sorted(data.draw(st.sets(st.sampled_from([each.id for each in nodes]), min_size=1)))
    # Drawn by node and not by turn: which of several lanes pauses first is a matter of chance.
    asked = {
        each: {name: data.draw(st.integers(-3, 3)) for name in "abx" if data.draw(st.booleans())} for each in chosen
    }
    skipped = data.draw(st.sets(st.sampled_from(chosen), max_size=1)) if data.draw(st.booleans()) else set()
    graph.break_at(*chosen)
    run = graph.run()
    while run.outcome == "paused":
        assert graph.paused is not None
        node = graph.paused.node.id
        changes = {name: value for name, value in asked[node].items() if name in graph.paused.inputs}
        run = graph.paused.skip() if node in skipped else graph.resume(**changes)
    assert run.outcome == "done"
    graph.clear_breaks()
    graph.run().check()
    kernel.cache.clear()
    clean.run().check()
    found = {each.id: kernel.result(clean.store, each.id) for each in nodes}
    for each in nodes:
        assert graph[each.id].outputs == found[each.id].outputs  # type: ignore[union-attr]


def test_numpy_inputs_can_be_written_to(kernel: Session) -> None:
    @nb.node
    def ones() -> np.ndarray:
        return np.ones(3)

    @nb.node
    def add_up(values: np.ndarray) -> float:
        return float(values.sum())

    kernel.library.define(ones)
    kernel.library.define(add_up)
    graph = nb.Graph()
    node = graph.add(add_up, values=graph.add(ones))
    node.break_here()
    graph.run()
    assert graph.paused is not None
    graph.paused.inputs["values"][0] = 5  # what travels is read-only, this is a copy
    graph.resume()
    assert node.outputs == (7.0,)
