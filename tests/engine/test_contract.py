"""What nodes may be and do beyond ComfyUI's contract: classes, generators, lanes, memory that runs out, loops."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from dataclasses import replace
from threading import Event, Thread, current_thread
from typing import Any

import pytest

from nodebook.engine import events
from nodebook.engine.annotations import Lazy, RawLink
from nodebook.engine.cancel import CancelToken
from nodebook.engine.context import progress
from nodebook.engine.executor import Execution
from nodebook.engine.expansion import Subgraph
from nodebook.engine.items import Block, Items
from nodebook.engine.lanes import Lanes
from nodebook.engine.node import node
from nodebook.errors import NodeDefinitionError
from tests.engine.reference import CALLS, MEETING, NODES
from tests.engine.support import PLAIN, Laboratory, out


@pytest.fixture(autouse=True)
def _fresh_calls() -> None:
    CALLS.clear()


def value(node_id: str) -> Any:
    return out(node_id, "value")


# -- classes and generators --------------------------------------------------------------------------------------------


@node(outputs=("value",))
class Choose:
    """Pass on one of two values.

    first: whether it is the first.
    """

    def needs(self, first: bool) -> list[str]:  # noqa: FBT001 -- inputs of the node
        return ["a" if first else "b"]

    def changed(self, first: bool) -> int:  # noqa: FBT001, ARG002 -- inputs of the node
        CALLS.append("changed")
        return 1

    def validate(self, first: bool) -> bool:  # noqa: FBT001 -- inputs of the node
        return isinstance(first, bool)

    def run(self, first: bool = True, a: Lazy[float | None] = None, b: Lazy[float | None] = None) -> float | None:  # noqa: FBT001, FBT002 -- inputs of the node
        return a if first else b


@node(outputs=("value",))
class Stateful:
    """Count the calls of one object: always one."""

    def __init__(self) -> None:
        self.calls = 0

    def run(self, value: float) -> float:
        self.calls += 1
        return value + self.calls


@node(outputs=("value",))
class LaterClass:
    async def run(self, value: float = 1.0) -> float:
        await asyncio.sleep(0)
        return value


@node(outputs=("value",))
class Bound:
    @classmethod
    def run(cls, value: float = 1.0) -> float:
        return value + len(cls.__name__)


CLASSES: tuple[Any, ...] = (Choose, Stateful, LaterClass, Bound)
"""A type checker takes a class for a class, whatever decorates it."""


@node(outputs=("value",))
def shown(value: float = 3.0) -> Any:
    yield from range(int(value))
    return value


def test_a_class_with_run_is_a_node_with_its_hooks() -> None:
    lab = Laboratory(*NODES, *CLASSES)
    a, b = lab.add("source", value=1.0, name="a"), lab.add("source", value=2.0, name="b")
    chosen = lab.add("Choose", first=False, a=value(a), b=value(b))
    lab.run(chosen)
    assert lab.output(chosen) == 2.0
    assert CALLS.count("a") == 0
    assert "changed" in CALLS
    described = lab.library.get("Choose")
    assert described.description == "Pass on one of two values."
    assert described.input("first").doc == "whether it is the first."


def test_each_call_of_a_class_has_an_object_of_its_own() -> None:
    lab = Laboratory(*NODES, *CLASSES)
    many = lab.add("Stateful", value=out(lab.add("listed", count=3), "values"))
    lab.run(many)
    assert lab.output(many) == Items((1.0, 2.0, 3.0))


def test_a_class_may_be_async_or_run_as_a_class_method() -> None:
    lab = Laboratory(*CLASSES)
    later, bound = lab.add("LaterClass"), lab.add("Bound")
    lab.run()
    assert (lab.output(later), lab.output(bound)) == (1.0, 6.0)


def test_a_class_without_run_is_refused() -> None:
    with pytest.raises(NodeDefinitionError, match="Nothing is a class without a method `run`"):
        node(type("Nothing", (), {}))


def test_what_a_generator_yields_is_shown_and_what_it_returns_is_its_result() -> None:
    lab = Laboratory(shown)
    one = lab.add("shown", value=3.0)
    lab.run()
    assert lab.output(one) == 3.0
    assert [each.picture for each in lab.events if isinstance(each, events.NodePreview)] == [0, 1, 2]


# -- lanes -------------------------------------------------------------------------------------------------------------


@node(outputs=("value",), lane="concurrent")
def meet_in_threads(value: float = 0.0) -> float:
    MEETING.barrier.wait(20)
    return value


THREADS: dict[str, set[str]] = {}


def note_thread(name: str) -> None:
    THREADS.setdefault(name, set()).add(current_thread().name)


@node(outputs=("value",), lane="cuda:7")
def on_device(value: float = 0.0) -> float:
    note_thread("device")
    return value


@node(outputs=("value",))
def on_main(value: float = 0.0) -> float:
    note_thread("main")
    return value


def test_nodes_of_the_concurrent_lane_overlap() -> None:
    lab = Laboratory(meet_in_threads)
    MEETING.expect(3)
    nodes = [lab.add("meet_in_threads", value=float(each)) for each in range(3)]
    assert lab.run().outcome == "done"  # each waits for the two others
    assert [lab.output(each) for each in nodes] == [0.0, 1.0, 2.0]


def test_a_lane_of_any_other_name_is_one_thread_of_its_own() -> None:
    THREADS.clear()
    lab = Laboratory(on_device, on_main)
    for each in range(4):
        lab.add("on_main", value=value(lab.add("on_device", value=float(each))))
    assert lab.run().outcome == "done"
    assert {"device": {"nodebook-cuda:7"}, "main": {current_thread().name}} == THREADS


def test_a_chain_of_async_nodes_goes_on_beside_a_node_that_takes_long() -> None:
    done = Event()

    @node(outputs=("value",))
    def long() -> float:
        assert done.wait(20)  # until the whole chain has run
        return 1.0

    @node(outputs=("value",))
    async def link(value: float = 0.0, *, last: bool = False) -> float:
        await asyncio.sleep(0)
        if last:
            done.set()
        return value + 1

    lab = Laboratory(long, link)
    lab.add("long")
    end = lab.add("link")
    for index in range(4):
        end = lab.add("link", value=value(end), last=index == 3)
    assert lab.run().outcome == "done"
    assert lab.output(end) == 5.0


def plain(value: float) -> float:
    return value


def test_a_wrong_lane_of_a_function_is_refused() -> None:
    with pytest.raises(NodeDefinitionError, match="lane 'async' but is a plain function"):
        Laboratory(node(lane="async")(plain))


class LateEnds(Lanes):
    """Lanes that say only during its second turn on the event loop that a step's first turn has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[Any] = []

    def spawn(self, coroutine: Any, on_end: Any) -> Any:
        self.ends.append(on_end)
        if len(self.ends) == 1:
            return super().spawn(coroutine, lambda: None)

        async def second() -> None:
            self.ends[0]()
            await asyncio.sleep(0.05)  # the run has the time to see that nothing goes on anywhere
            await coroutine

        return super().spawn(second(), on_end)


def test_an_async_step_that_goes_on_after_its_lazy_inputs_is_not_taken_for_ended() -> None:
    lab = Laboratory(*NODES)
    lab.services = replace(lab.services, lanes=LateEnds())
    a, b = lab.add("source", value=1.0), lab.add("source", value=2.0)
    late = lab.add("lazy_later", mask=1.0, a=value(a), b=value(b))
    result = lab.execute()
    assert (result.errors, result.skipped) == ({}, {})
    assert result.results[late].outputs == (2.0,)


# -- memory that runs out ----------------------------------------------------------------------------------------------


class Hoard:
    """Memory that a node holds when it fails."""


def test_a_node_that_runs_out_of_memory_is_called_once_more_after_all_gave_back() -> None:
    given_back: list[int] = []
    held: list[weakref.ref[Hoard]] = []

    @node
    def hungry(value: int = 0) -> int:
        hoard = Hoard()
        if not given_back:
            held.append(weakref.ref(hoard))
            raise MemoryError("no room")
        return value

    lab = Laboratory(hungry)

    def reclaim() -> None:
        gc.collect()
        given_back.append(sum(each() is not None for each in held))

    lab.services = replace(lab.services, reclaim=reclaim)
    lab.add("hungry", value=4)
    result = lab.execute()
    assert result.errors == {}
    assert given_back == [0]  # what the first call held was free by then


def test_an_async_node_that_runs_out_of_memory_is_called_once_more_too() -> None:
    calls: list[int] = []

    @node(outputs=("value",))
    async def hungry(limit: int = 1) -> int:
        await asyncio.sleep(0)
        calls.append(1)
        if len(calls) <= limit:
            raise MemoryError("no room")
        return 4

    lab = Laboratory(hungry)
    given_back: list[int] = []
    lab.services = replace(lab.services, reclaim=lambda: given_back.append(1))
    fed = lab.add("hungry")
    assert lab.execute().results[fed].outputs == (4,)
    assert given_back == [1]
    lab.set(fed, limit=9)
    assert lab.execute().errors[fed].kind == "MemoryError"
    assert len(calls) == 4


def test_a_node_that_runs_out_of_memory_twice_has_failed() -> None:
    calls: list[int] = []

    @node
    def hungry() -> int:
        calls.append(1)
        raise MemoryError("no room")

    lab = Laboratory(hungry)
    lab.add("hungry", "1")
    result = lab.execute()
    assert len(calls) == 2
    assert result.errors["1"].kind == "MemoryError"


# -- cancelling and abandoning -----------------------------------------------------------------------------------------


def test_cancelling_stops_between_the_items_of_a_list() -> None:
    token = CancelToken()

    @node
    def step(value: float) -> float:
        CALLS.append(f"step {value:g}")
        if value == 1:
            token.set()
        return value

    lab = Laboratory(*NODES, step)
    lab.add("step", value=out(lab.add("listed", count=5), "values"))
    result = Execution(lab.plan(), lab.services, token).run()
    assert result.cancelled
    assert [each for each in CALLS if each.startswith("step")] == ["step 0", "step 1"]


def test_cancelling_wakes_a_run_that_waits_for_threads() -> None:
    token, begun = CancelToken(), Event()

    @node(lane="concurrent")
    def slow() -> int:
        begun.set()
        for index in range(10_000):
            progress(index, 10_000)
            threading.Event().wait(0.005)
        return 1

    lab = Laboratory(slow)
    lab.add("slow")

    def cancel() -> None:
        begun.wait(20)
        token.set()

    Thread(target=cancel).start()
    assert Execution(lab.plan(), lab.services, token).run().cancelled


def test_an_abandoned_run_is_over_while_its_node_hangs_and_tells_nothing_more() -> None:
    begun, release, returned = Event(), Event(), Event()

    @node
    def hang(value: int = 0) -> int:
        begun.set()
        release.wait(20)
        return value

    lab = Laboratory(*PLAIN, hang)
    first = lab.add("number", value=1)
    hanging = lab.add("hang", value=out(first))
    lab.add("show", value=out(hanging))
    execution = Execution(lab.plan(), lab.services, CancelToken(), run=1, graph=lab.store.number)

    def run() -> None:
        execution.run()
        returned.set()

    Thread(target=run, daemon=True).start()
    assert begun.wait(20)
    result = execution.abandon()
    assert result.cancelled
    assert result.executed == [first]
    assert result.errors[hanging].kind == "Abandoned"
    assert "did not react to Cancel" in result.errors[hanging].message
    told = len(lab.events)
    release.set()
    assert returned.wait(20)
    assert len(lab.events) == told
    assert result.executed == [first]
    assert lab.cache.get(lab.keys[hanging] or b"") is None


# -- expansion ---------------------------------------------------------------------------------------------------------


@node(outputs=("value",))
def fails_inside(value: float) -> Any:
    return Subgraph().add("error", value=value)


@node(outputs=("value",))
def bad_inside(value: float) -> Any:
    return Subgraph().add("double", value=value, plus="many")


@node(outputs=("a", "b"))
def two_results(value: float) -> tuple[Any, Any]:
    sub = Subgraph()
    return sub.add("double", value=value), value


@node(outputs=("value",))
def lazy_inside(mask: float) -> Any:
    sub = Subgraph()
    a, b = sub.add("source", value=1.0, name="inner a"), sub.add("source", value=2.0, name="inner b")
    return sub.add("lazy_mix", mask=mask, a=a, b=b)


@node(outputs=("values",))
def map_inside(values: Items[float]) -> Items[Any]:
    sub = Subgraph()
    return Items(sub.add("double", each) for each in values)


@node(outputs=("value",))
def counts(number: RawLink[float], limit: float = 3.0, total: float = 0.0) -> Any:
    """Go on with the same raw link until the limit is reached."""
    if total >= limit:
        return total
    sub = Subgraph()
    return sub.add("counts", number=number, limit=limit, total=total + 1)


def test_an_error_inside_an_expansion_is_the_error_of_the_node_that_added_it() -> None:
    lab = Laboratory(*NODES, fails_inside)
    outer = lab.add("fails_inside", value=4.0)
    after = lab.add("double", value=value(outer))
    run = lab.run()
    assert run.errors.keys() == {outer}
    assert "In its node Error (1.0.0.1): no 4" in run.errors[outer].message
    assert run.skipped == {after: outer}


def test_nodes_that_cannot_run_are_refused_with_the_reason() -> None:
    lab = Laboratory(*NODES, bad_inside)
    outer = lab.add("bad_inside", value=4.0)
    run = lab.run()
    assert "A node that it added cannot run. Double.plus: " in run.errors[outer].message


def test_a_misspelt_input_of_a_node_of_an_expansion_is_named() -> None:
    @node
    def misspelt(value: float = 1.0) -> Any:
        return Subgraph().add("double", value=value, puls=3.0)

    lab = Laboratory(*NODES, misspelt)
    failed = lab.add("misspelt")
    message = lab.execute().errors[failed].message
    assert message == "Double has no input 'puls'. Its inputs are: value, plus."


def test_a_subgraph_returned_in_place_of_its_nodes_is_refused() -> None:
    @node(outputs=("value",))
    def whole(value: float = 1.0) -> Any:
        sub = Subgraph()
        sub.add("double", value=value)
        return sub

    lab = Laboratory(*NODES, whole)
    failed = lab.add("whole")
    assert "Whole returned its Subgraph itself" in lab.execute().errors[failed].message


def test_a_node_that_takes_any_input_takes_any_in_an_expansion() -> None:
    @node(outputs=("value",))
    def gathers() -> Any:
        return Subgraph().add("gather_inputs", a=1, b=2)

    lab = Laboratory(*NODES, gathers)
    gathered = lab.add("gathers")
    lab.run()
    assert lab.output(gathered) == "a=1,b=2"


def test_an_expansion_may_return_nodes_and_values_side_by_side() -> None:
    lab = Laboratory(*NODES, two_results)
    both = lab.add("two_results", value=3.0)
    lab.run()
    assert lab.store.results[both].outputs == (6.0, 3.0)


def test_lazy_inputs_work_inside_an_expansion() -> None:
    lab = Laboratory(*NODES, lazy_inside)
    mixed = lab.add("lazy_inside", mask=1.0)
    lab.run()
    assert lab.output(mixed) == 2.0
    assert "inner a" not in CALLS


def test_a_changed_list_repeats_only_the_nodes_of_changed_values() -> None:
    lab = Laboratory(*NODES, map_inside)
    items = lab.add("listed", count=3)
    mapped = lab.add("map_inside", values=out(items, "values"))
    lab.run()
    assert lab.output(mapped) == Items((0.0, 2.0, 4.0))
    CALLS.clear()
    lab.set(items, count=4)
    lab.run()
    assert lab.output(mapped) == Items((0.0, 2.0, 4.0, 6.0))
    assert CALLS == ["listed", "double 3"]


def test_a_raw_link_is_passed_on_through_recursion() -> None:
    lab = Laboratory(*NODES, counts)
    source = lab.add("source", value=7.0)
    counted = lab.add("counts", number=value(source), limit=3.0)
    run = lab.run()
    assert run.outcome == "done"
    assert lab.output(counted) == 3.0


def test_the_nodes_of_an_expansion_are_told_as_progress_of_the_node_that_added_them() -> None:
    lab = Laboratory(*NODES)
    outer = lab.add("expand_sum", value=1.0, times=3)
    lab.run()
    assert {each.node for each in lab.events if hasattr(each, "node")} == {outer}
    told = [(each.value, each.maximum) for each in lab.events if isinstance(each, events.NodeProgress)]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_loop_of_two_thousand_turns_has_no_limit_of_depth() -> None:
    lab = Laboratory(*NODES)
    loop = lab.add("expand_sum", value=0.0, times=2000)
    deep = lab.add("count_down", number=500)
    assert lab.run().outcome == "done"
    assert lab.output(loop) == 0.0
    assert lab.output(deep) == 500.0


# -- refused values ----------------------------------------------------------------------------------------------------


def test_what_follows_a_block_does_not_run_and_is_no_failure() -> None:
    lab = Laboratory(*NODES)
    blocked = lab.add("block_odd", value=3.0, message="only even numbers")
    after = lab.add("double", value=value(blocked))
    last = lab.add("save", value=value(after))
    run = lab.run()
    assert run.outcome == "done"
    assert run.executed == (blocked,)
    told = [each for each in lab.events if isinstance(each, events.NodeBlocked)]
    assert [(each.node, each.message) for each in told] == [(after, "only even numbers"), (last, None)]
    assert lab.run().executed == ()


def test_a_block_stands_for_all_outputs_and_for_single_ones() -> None:
    @node(outputs=("a", "b"))
    def half(*, all_of_it: bool = False) -> tuple[Any, Any]:
        return Block() if all_of_it else (1.0, Block())  # type: ignore[return-value]  # one stands for both

    lab = Laboratory(*NODES, half)
    one = lab.add("half")
    kept, lost = lab.add("double", value=out(one, "a")), lab.add("double", value=out(one, "b"))
    assert set(lab.run().executed) == {one, kept}
    lab.set(one, all_of_it=True)
    assert set(lab.run().executed) == {one}
    assert lost not in lab.run().executed


def test_many_values_may_be_a_list_in_the_document() -> None:
    @node
    def listing(numbers: Items[int], anything: Items[Any] = None) -> str:  # type: ignore[assignment]  # not required
        return f"{numbers} {anything}"

    lab = Laboratory(listing)
    both = lab.add("listing", numbers=[1, 2], anything=[1.5, "a"])
    one = lab.add("listing", numbers=3)
    wrong = lab.add("listing", numbers=["x"])
    assert lab.codes() == [(wrong, "numbers", "bad_value")]
    lab.run(both, one)
    assert lab.output(both) == "Items(1, 2) Items(1.5, 'a')"
    assert lab.output(one) == "Items(3) None"


def test_many_values_for_each_of_many_make_one_flat_row() -> None:
    lab = Laboratory(*NODES)
    starts = lab.add("listed", count=2, start=10.0)
    listed = lab.add("listed", count=2, start=out(starts, "values"))
    lab.run(listed)
    assert lab.output(listed) == Items((10.0, 11.0, 11.0, 12.0))


@node(outputs=("value",))
def keep_any(value: Any) -> Any:
    CALLS.append(f"keep {value}")
    return value


@node(outputs=("values",))
def map_any(values: Items[Any]) -> Items[Any]:
    sub = Subgraph()
    return Items(sub.add("keep_any", each) for each in values)


def test_live_values_of_an_expansion_count_by_their_content() -> None:
    lab = Laboratory(*NODES, keep_any, map_any)
    items = lab.add("listed", count=2)
    mapped = lab.add("map_any", values=out(items, "values"))
    lab.run()
    CALLS.clear()
    lab.set(items, count=3)
    lab.run()
    assert lab.output(mapped) == Items((0.0, 1.0, 2.0))
    assert CALLS == ["listed", "keep 2.0"]


def test_what_was_let_go_is_found_again_for_a_lazy_input_that_comes_later() -> None:
    lab = Laboratory(*NODES)
    source = lab.add("source", value=1.0)
    lab.add("total", values=value(source))  # the only reader that is known from the start: then it is let go
    doubled = lab.add("double", value=value(source))
    mixed = lab.add("lazy_mix", mask=0.0, a=value(doubled))
    run = lab.run()
    assert run.skipped == {}
    assert lab.output(mixed) == 2.0


def test_keys_of_what_runs_each_time_and_of_what_follows_are_of_another_length() -> None:
    lab = Laboratory(*NODES)
    volatile = lab.add("changes", should_change=True)
    after, other = lab.add("double", value=value(volatile)), lab.add("source")
    assert {node_id: len(key or b"") for node_id, key in lab.keys.items()} == {volatile: 17, after: 17, other: 16}


def test_a_failure_among_many_async_calls_leaves_none_running_behind() -> None:
    ended: list[float] = []

    @node(outputs=("value",))
    async def one_fails(value: float) -> float:
        if value == 0:
            raise ValueError("the first")
        await asyncio.sleep(0.05)
        ended.append(value)
        return value

    lab = Laboratory(*NODES, one_fails)
    failing = lab.add("one_fails", value=out(lab.add("listed", count=3), "values"))
    run = lab.run()
    assert run.errors[failing].message == "the first"
    assert sorted(ended) == [1.0, 2.0]
