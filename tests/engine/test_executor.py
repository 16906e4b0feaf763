"""Runs: order, errors, cancellation, events, memory, and values that nodes change in place."""

import gc
import weakref
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from nodebook.engine import events
from nodebook.engine.annotations import Hidden
from nodebook.engine.context import NodeId, RunDocument, current_node, preview, progress
from nodebook.engine.node import UI, node
from nodebook.engine.valueops import ValueOps, ValueRegistry
from nodebook.errors import Cancelled
from nodebook.jobs import Job
from nodebook.runs import Run
from tests.engine.support import PLAIN, Laboratory, out

CALLS: list[str] = []


class Weighed:
    """A result that can be watched."""


class BrokenError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.fixture(autouse=True)
def _fresh_calls() -> None:
    CALLS.clear()


@node(version="1")  # or its log, a value that it reads, would make it stale each time
def note(text: str = "", after: Any = None) -> str:
    del after
    CALLS.append(text)
    return text


@node
def fail(text: str = "no", after: Any = None) -> str:
    del after
    raise ValueError(text)


@node
def take(value: Any) -> str:
    return repr(value)


def registry() -> ValueRegistry:
    """Arrays and tensors as the picture nodes register them, in short."""

    def read_only(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        view = array.view()
        view.flags.writeable = False
        return view

    values = ValueRegistry()
    values.register(np.ndarray, ValueOps(version=lambda array: array.tobytes(), protect=read_only))
    values.register(torch.Tensor, ValueOps(version=lambda tensor: tensor._version))
    return values


def laboratory(*functions: Any, **options: Any) -> Laboratory:
    return Laboratory(*PLAIN, note, fail, take, *functions, values=registry(), **options)


# Order and results


def test_sources_run_before_consumers_and_each_node_once() -> None:
    lab = laboratory()
    lab.add("note", "4", text="d", after=out("3", "STRING"))
    lab.add("note", "3", text="c", after=out("2", "STRING"))
    lab.add("note", "2", text="b", after=out("1", "STRING"))
    lab.add("note", "1", text="a")
    lab.add("note", "5", text="e", after=out("1", "STRING"))
    assert lab.run().executed == ("1", "2", "3", "4", "5")
    assert CALLS == ["a", "b", "c", "d", "e"]


def test_only_what_the_targets_need_runs() -> None:
    lab = laboratory()
    for node_id in "123":
        lab.add("note", node_id, text=node_id)
    assert lab.run("2").executed == ("2",)
    assert CALLS == ["2"]


def test_a_link_carries_the_output_that_it_names() -> None:
    lab = laboratory()
    lab.add("divide", "1", a=17, b=5)
    lab.add("add", "2", a=out("1", "quotient"), b=out("1", "remainder"))
    lab.run()
    assert lab.output("2") == 5


def test_an_adapter_converts_on_the_link_and_conversions_join_the_key() -> None:
    @node
    def half(value: float = 0.0) -> float:
        assert type(value) is float
        return value / 2

    lab = laboratory(half)
    lab.add("number", "1", value=5)
    lab.add("half", "2", value=out("1"))
    lab.run()
    assert lab.output("2") == 2.5


def test_hidden_parameters_are_filled_in_by_type() -> None:
    class Folder:
        pass

    @node
    def where(folder: Hidden[Folder], me: Hidden[NodeId], document: Hidden[RunDocument]) -> str:
        assert isinstance(folder, Folder)
        return f"{me} of {len(document.json)}"

    lab = laboratory(where, resources={Folder: Folder()})
    lab.add("where", "7")
    assert lab.run().errors == {}
    assert lab.output("7").startswith("7 of ")


def test_equal_nodes_of_one_run_share_one_result() -> None:
    lab = laboratory()
    lab.add("note", "1", text="same")
    lab.add("note", "2", text="same")
    run = lab.run()
    assert CALLS == ["same"]
    assert run.executed == ("1",)
    assert run.cached == ("2",)
    assert lab.output("2") == "same"


def test_results_of_the_targets_are_kept_even_where_the_cache_keeps_nothing() -> None:
    lab = laboratory(cache_bytes=0)
    lab.add("number", "1", value=3)
    lab.add("add", "2", a=out("1"), b=out("1"))
    lab.run()
    assert lab.output("2") == 6
    assert set(lab.store.results) == {"2"}


# Errors


class Pair(NamedTuple):
    a: int
    b: int


def two_of_one() -> int:
    return (1, 2)  # type: ignore[return-value]  # wrong on purpose


def one_of_two() -> Pair:
    return (1,)  # type: ignore[return-value]  # wrong on purpose


def three_of_two() -> Pair:
    return (1, 2, 3)  # type: ignore[return-value]  # wrong on purpose


def no_tuple() -> Pair:
    return 1  # type: ignore[return-value]  # wrong on purpose


def text_for_number() -> int:
    return "1"  # type: ignore[return-value]  # wrong on purpose


def forgotten() -> int: ...  # type: ignore[empty-body]  # wrong on purpose


def forgotten_object() -> Weighed: ...  # type: ignore[empty-body]  # wrong on purpose


def forgotten_pair() -> Pair: ...  # type: ignore[empty-body]  # wrong on purpose


def unannounced() -> None:
    return 5  # type: ignore[return-value]  # wrong on purpose


def unannounced_array() -> None:
    return np.ones(3)  # type: ignore[return-value]  # wrong on purpose


def unannounced_display() -> UI:
    return UI(outputs=(1,), images=[])


WRONG: dict[str, tuple[Callable[..., Any], str]] = {
    "two of one": (two_of_one, "must return INT for output 'INT'; got tuple of 2"),
    "one of two": (one_of_two, r"must return a tuple of 2 values \(a, b\); got tuple of 1"),
    "three of two": (three_of_two, r"must return a tuple of 2 values \(a, b\); got tuple of 3"),
    "no tuple": (no_tuple, r"must return a tuple of 2 values \(a, b\); got int"),
    "text for a number": (text_for_number, "must return INT for output 'INT'; got str"),
    "nothing": (forgotten, "INT.*got None.*`return` missing"),
    "nothing for an object": (forgotten_object, "got None.*`return` missing"),
    "nothing for two": (forgotten_pair, "got None.*`return` missing"),
    "something unannounced": (unannounced, "declares no outputs but returned int. Annotate"),
    "an array unannounced": (unannounced_array, "declares no outputs but returned ndarray. Annotate"),
    "a display with values unannounced": (unannounced_display, "declares no outputs but returned tuple of 1. Annotate"),
}


@pytest.mark.parametrize(("function", "why"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_count_or_type_of_outputs_is_an_error_that_says_what_came(
    function: Callable[..., Any], why: str
) -> None:
    lab = laboratory(node(function))
    lab.add(function.__name__, "1")
    lab.add("number", "2")
    run = lab.run()
    assert run.errors["1"].kind == "OutputError"
    assert __import__("re").search(why, run.errors["1"].message)
    assert "2" in run.executed
    assert "1" not in lab.store.results


def one() -> tuple[int]:
    return (5,)


def anything():  # type: ignore[no-untyped-def]  # noqa: ANN201 -- without a return annotation anything goes
    return None


def display() -> UI:
    return UI(images=["a.png"])


def display_and_value() -> int:
    return UI(outputs=(3,), text="three")  # type: ignore[return-value]  # wrong on purpose


def display_and_pair() -> Pair:
    return UI(outputs=(1, 2), text="both")  # type: ignore[return-value]  # wrong on purpose


def listed() -> Pair:
    return [1, 2]  # type: ignore[return-value]  # wrong on purpose


def numpy_number() -> int:
    return np.int64(4)  # type: ignore[return-value]  # wrong on purpose


def numpy_float() -> float:
    return np.float32(0.5)  # type: ignore[return-value]  # wrong on purpose


RIGHT: dict[str, tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]] = {
    "a tuple of one": (one, (5,), {}),
    "None where anything goes": (anything, (None,), {}),
    "a display": (display, (), {"images": ["a.png"]}),
    "a display with a value": (display_and_value, (3,), {"text": "three"}),
    "a display with two": (display_and_pair, (1, 2), {"text": "both"}),
    "a list for a tuple": (listed, (1, 2), {}),
    "a NumPy integer": (numpy_number, (4,), {}),
    "a NumPy float": (numpy_float, (0.5,), {}),
}


@pytest.mark.parametrize(("function", "outputs", "payload"), RIGHT.values(), ids=RIGHT.keys())
def test_what_a_function_returns_becomes_outputs(
    function: Callable[..., Any], outputs: tuple[Any, ...], payload: Mapping[str, Any]
) -> None:
    lab = laboratory(node(function))
    lab.add(function.__name__, "1")
    assert lab.run().errors == {}
    entry = lab.store.results["1"]
    assert (entry.outputs, dict(entry.payload)) == (outputs, payload)


RAISED: dict[str, BaseException] = {
    "an error": ValueError("no"),
    "an error without words": ValueError(),
    "an error whose words fail": BrokenError(),
    "out of memory": MemoryError("full"),
    "an exit": SystemExit(3),
    "an interrupt": KeyboardInterrupt(),
    "the end of a generator": GeneratorExit(),
    "a group": ExceptionGroup("both", [ValueError("a"), TypeError("b")]),
    "an own kind": type("Strange", (BaseException,), {})("odd"),
}


@pytest.mark.parametrize("error", RAISED.values(), ids=RAISED.keys())
def test_whatever_a_node_raises_is_its_error_and_other_branches_finish(error: BaseException) -> None:
    @node
    def bad() -> int:
        raise error

    lab = laboratory(bad)
    lab.add("bad", "1")
    lab.add("take", "2", value=out("1"))
    lab.add("number", "3", value=1)
    lab.add("take", "4", value=out("3"))
    run = lab.run()
    assert run.errors["1"].kind == type(error).__name__
    assert run.errors["1"].message
    assert run.skipped == {"2": "1"}
    assert run.executed == ("3", "4")
    assert run.outcome == "failed"


def test_what_follows_a_failure_is_skipped_and_names_the_culprit() -> None:
    lab = laboratory()
    lab.add("fail", "1")
    lab.add("take", "2", value=out("1", "STRING"))
    lab.add("take", "3", value=out("2", "STRING"))
    lab.add("take", "4", value=out("3", "STRING"))
    run = lab.run()
    assert run.skipped == {"2": "1", "3": "1", "4": "1"}
    skipped = lab.told(events.NodeSkipped)
    assert [(each.node, each.because) for each in skipped] == [("2", "1"), ("3", "1"), ("4", "1")]  # type: ignore[union-attr]  # told() gives these only


def test_a_failure_is_tried_again_by_the_next_run() -> None:
    state = {"works": False}

    @node
    def moody() -> int:
        if not state["works"]:
            raise ValueError("not yet")
        return 1

    lab = laboratory(moody)
    lab.add("moody", "1")
    assert lab.run().outcome == "failed"
    state["works"] = True
    assert lab.run().executed == ("1",)


def test_a_conversion_that_fails_blames_the_input() -> None:
    @node
    def half(first: int = 0, value: float = 0.0) -> float:
        return value + first

    lab = laboratory(half)
    lab.library.ports.register_adapter("STRING", "FLOAT", float)
    lab.add("note", "1", text="many")
    lab.add("half", "2", value=out("1", "STRING"))
    error = lab.run().errors["2"]
    assert (error.kind, error.input) == ("ValueError", "value")
    assert "nodebook-input" not in error.traceback


def test_a_traceback_starts_at_the_nodes_own_code() -> None:
    def helper(value: int) -> int:
        return value // 0

    @node
    def bad() -> int:
        return helper(1)

    lab = laboratory(bad)
    lab.add("bad", "1")
    text = lab.run().errors["1"].traceback
    assert text.splitlines()[0] == "Traceback (most recent call last):"
    assert "nodebook/engine" not in text
    assert "in bad" in text.splitlines()[1]
    assert "in helper" in text
    assert text.endswith("ZeroDivisionError: integer division or modulo by zero\n")


def test_a_traceback_keeps_what_an_error_came_from() -> None:
    @node
    def bad() -> int:
        try:
            return 1 // 0
        except ZeroDivisionError as error:
            raise ValueError("while dividing") from error

    lab = laboratory(bad)
    lab.add("bad", "1")
    text = lab.run().errors["1"].traceback
    assert "ZeroDivisionError" in text
    assert "direct cause" in text


@pytest.mark.parametrize("nested", [False, True], ids=["plain", "in a group"])
def test_an_error_keeps_no_object_of_the_node_alive(*, nested: bool) -> None:
    kept: list[weakref.ref[Weighed]] = []
    errors: list[BaseException] = []

    @node
    def bad(value: Any) -> int:
        local = Weighed()
        kept.extend((weakref.ref(local), weakref.ref(value)))
        try:
            raise KeyError(1)  # noqa: TRY301 -- the cause has frames too
        except KeyError as cause:
            error: Exception = ValueError("no")
            error.__context__ = cause
            if nested:
                try:
                    raise error
                except ValueError:
                    error = ExceptionGroup("both", [error])
            errors.append(error)  # what a node keeps of its errors must not matter
            raise error from cause

    @node
    def make() -> Weighed:
        return Weighed()

    lab = laboratory(bad, make, cache_bytes=0)
    lab.add("make", "1")
    lab.add("bad", "2", value=out("1", f"{__name__}.Weighed"))
    gc.collect()
    gc.disable()
    try:
        run = lab.run()
        assert run.errors["2"].message
        assert [ref() for ref in kept] == [None, None]
    finally:
        gc.enable()


# Memory


@node
def weigh(after: Any = None, name: str = "") -> Weighed:
    del after, name
    return Weighed()


WEIGHED = f"{__name__}.Weighed"


def test_a_result_goes_when_its_last_consumer_has_run() -> None:
    alive: list[tuple[str, bool]] = []
    seen: list[weakref.ref[Weighed]] = []

    @node
    def watch(value: Any, name: str = "") -> Weighed:
        alive.extend((name, ref() is not None) for ref in seen)
        seen.append(weakref.ref(value))
        return Weighed()

    lab = laboratory(weigh, watch, cache_bytes=0)
    lab.add("weigh", "1")
    lab.add("watch", "2", value=out("1", WEIGHED), name="b")
    lab.add("watch", "3", value=out("2", WEIGHED), name="c")
    lab.add("watch", "4", value=out("3", WEIGHED), name="d")
    gc.disable()
    try:
        lab.run()
    finally:
        gc.enable()
    assert alive == [("c", False), ("d", False), ("d", False)]


def test_a_result_stays_until_its_last_consumer_has_run() -> None:
    lab = laboratory(weigh, cache_bytes=0)
    lab.add("weigh", "1")
    lab.add("take", "2", value=out("1", WEIGHED))
    lab.add("weigh", "3", after=out("2", "STRING"))
    lab.add("weigh", "4", after=out("1", WEIGHED), name="late")
    run = lab.run("2", "3", "4")
    assert run.executed == ("1", "2", "3", "4")


def test_after_a_run_only_targets_and_the_cache_hold_results() -> None:
    seen: list[weakref.ref[Weighed]] = []

    @node
    def watch(value: Any) -> int:
        seen.append(weakref.ref(value))
        return 1

    lab = laboratory(weigh, watch)
    lab.add("weigh", "1")
    lab.add("watch", "2", value=out("1", WEIGHED))
    lab.run()
    assert seen[0]() is not None
    lab.cache.clear()
    gc.collect()
    assert seen[0]() is None


# Cancellation


def test_a_run_that_is_cancelled_beforehand_runs_nothing() -> None:
    lab = laboratory()
    lab.add("note", "1", text="a")
    cancelled = Event()
    cancelled.set()
    result = lab.execute(cancelled=cancelled)
    assert (result.cancelled, result.executed, CALLS) == (True, [], [])


def test_a_run_is_cancelled_between_nodes_and_keeps_what_was_made() -> None:
    cancelled = Event()

    @node
    def stop(after: Any = None) -> int:
        del after
        cancelled.set()
        return 1

    lab = laboratory(stop)
    lab.add("note", "1", text="a")
    lab.add("stop", "2", after=out("1", "STRING"))
    lab.add("note", "3", text="c", after=out("2"))
    result = lab.execute(cancelled=cancelled)
    assert (result.cancelled, result.executed, result.errors, CALLS) == (True, ["1", "2"], {}, ["a"])
    assert lab.run().executed == ("3",)


def test_a_node_is_cancelled_at_its_next_report_of_progress() -> None:
    job: list[Job] = []
    reached: list[int] = []

    @node
    def slow() -> int:
        for step in range(10):
            progress(step, 10)
            reached.append(step)
            if step == 2:
                job[0].cancel()
        return 1

    lab = laboratory(slow)
    lab.add("slow", "1")
    lab.add("note", "2", text="b", after=out("1"))
    job.append(lab.job())
    run = lab.worker._run(job[0])
    assert reached == [0, 1, 2]
    assert (run.outcome, run.executed, run.errors, run.skipped, run.cached) == ("cancelled", (), {}, {}, ())
    assert isinstance(lab.events[-1], events.RunFinished)
    assert lab.events[-1].state == "cancelled"
    assert lab.told(events.NodeFailed, events.NodeSkipped) == []


def test_a_preview_of_a_cancelled_run_stops_the_node_too() -> None:
    job: list[Job] = []

    @node
    def slow() -> int:
        preview("one")
        job[0].cancel()
        preview("two")
        return 1

    lab = laboratory(slow)
    lab.add("slow", "1")
    job.append(lab.job())
    assert lab.worker._run(job[0]).outcome == "cancelled"
    assert [each.picture for each in lab.told(events.NodePreview)] == ["one"]  # type: ignore[union-attr]  # told() gives these only


def test_progress_and_preview_outside_a_run_do_nothing() -> None:
    progress(1, 2)
    preview("picture")
    assert current_node.get() is None


def test_the_context_of_a_node_ends_with_the_run() -> None:
    lab = laboratory()
    lab.add("fail", "1")
    lab.run()
    assert current_node.get() is None


def test_cancelled_names_the_node() -> None:
    seen: list[str] = []

    @node
    def slow() -> int:
        job[0].cancel()
        try:
            progress(1, 2)
        except Cancelled as error:
            seen.append(str(error))
            raise
        return 1

    job: list[Job] = []
    lab = laboratory(slow)
    lab.add("slow", "7")
    job.append(lab.job())
    lab.worker._run(job[0])
    assert seen == ["The run was cancelled while node 7 was working."]


# Events


def test_a_run_tells_what_happens_in_order() -> None:
    @node
    def work() -> int:
        progress(1, 2)
        preview("half")
        progress(2, 2)
        return 1

    lab = laboratory(work)
    lab.add("work", "1")
    lab.add("fail", "2", after=out("1"))
    lab.add("take", "3", value=out("2", "STRING"))
    lab.add("number", "4", value="x")
    lab.run()
    assert [(type(event).__name__, getattr(event, "node", None)) for event in lab.events] == [
        ("RunStarted", None),
        ("NodeStarted", "1"),
        ("NodeProgress", "1"),
        ("NodePreview", "1"),
        ("NodeProgress", "1"),
        ("NodeFinished", "1"),
        ("NodeStarted", "2"),
        ("NodeFailed", "2"),
        ("NodeSkipped", "3"),
        ("RunFinished", None),
    ]
    started = lab.events[0]
    assert isinstance(started, events.RunStarted)
    assert (started.planned, started.held, [each.node for each in started.blocked]) == (("1", "2", "3"), (), ["4"])
    assert [(each.value, each.maximum) for each in lab.told(events.NodeProgress)] == [(1, 2), (2, 2)]  # type: ignore[union-attr]  # told() gives these only
    assert len({(event.run, event.graph) for event in lab.events}) == 1


def test_a_run_with_nothing_to_do_tells_what_was_held() -> None:
    lab = laboratory()
    lab.add("number", "1")
    lab.run()
    lab.events.clear()
    lab.run()
    assert [type(event).__name__ for event in lab.events] == ["RunStarted", "RunFinished"]
    started = lab.events[0]
    assert isinstance(started, events.RunStarted)
    assert (started.planned, started.held) == ((), ("1",))


def test_a_listener_that_fails_does_not_break_the_run(caplog: pytest.LogCaptureFixture) -> None:
    lab = laboratory()
    lab.add("number", "1", value=2)

    def broken(_event: events.RunEvent) -> None:
        raise RuntimeError("listener broke")

    lab.stream._listeners = (broken, *lab.stream._listeners)
    assert lab.run().outcome == "done"
    assert "listener broke" in caplog.text
    assert lab.told(events.RunFinished)


def test_without_listeners_a_run_gives_the_same() -> None:
    lab = laboratory()
    lab.stream._listeners = ()
    lab.add("fail", "1")
    lab.add("number", "2", value=2)
    run = lab.run()
    assert (set(run.errors), run.executed, lab.output("2")) == ({"1"}, ("2",), 2)


# Values changed in place


class Kind(NamedTuple):
    """A kind of value: how a node makes it and how a bad node spoils it."""

    make: Callable[[], Any]
    spoil: Callable[[Any], object]
    error: str


def _append(value: list[int]) -> None:
    value.append(9)


KINDS = {
    "a list": Kind(lambda: [1, 2], _append, "MutatedInputError"),
    "a list in a list": Kind(lambda: [[1], 2], lambda value: value[0].append(9), "MutatedInputError"),
    "an item of a list": Kind(lambda: [1, 2], lambda value: value.__setitem__(0, 9), "MutatedInputError"),
    "a dict": Kind(lambda: {"a": 1}, lambda value: value.update(b=2), "MutatedInputError"),
    "an item of a dict": Kind(lambda: {"a": 1}, lambda value: value.update(a=2), "MutatedInputError"),
    "a set": Kind(lambda: {1, 2}, lambda value: value.add(9), "MutatedInputError"),
    "a byte array": Kind(lambda: bytearray(b"ab"), lambda value: value.append(9), "MutatedInputError"),
    "a NumPy array": Kind(lambda: np.ones(3), lambda value: value.__iadd__(1), "ValueError"),
    "an array in a list": Kind(lambda: [np.ones(3)], lambda value: value[0].__iadd__(1), "MutatedInputError"),
    "a tensor": Kind(lambda: torch.ones(3), lambda value: value.add_(1), "MutatedInputError"),
    "a tensor in a dict": Kind(lambda: {"t": torch.ones(3)}, lambda value: value["t"].add_(1), "MutatedInputError"),
}


def spoiling(kind: Kind) -> Laboratory:
    """1 makes a value; 2 spoils it; 3 reads it after 2 was run."""

    @node
    def make() -> Any:
        CALLS.append("make")
        return kind.make()

    @node
    def spoil(value: Any) -> int:
        kind.spoil(value)
        return 1

    @node
    def read(value: Any, name: str = "") -> str:
        del name
        return repr(value)

    lab = laboratory(make, spoil, read)
    lab.add("make", "1")
    lab.add("spoil", "2", value=out("1", "output"))
    lab.add("read", "3", value=out("1", "output"))
    return lab


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_node_that_changes_its_input_in_place_is_named_and_others_get_the_right_value(kind: Kind) -> None:
    lab = spoiling(kind)
    run = lab.run("2", "3")
    assert (run.errors["2"].kind, run.errors["2"].input) == (kind.error, "value")
    assert "in place" in run.errors["2"].message
    assert "copy" in run.errors["2"].message
    assert lab.output("3") == repr(kind.make())
    assert run.skipped == {}
    lab.store.edit([], "Nothing")
    lab.add("read", "4", value=out("1", "output"), name="later")
    lab.run("4")
    assert lab.output("4") == repr(kind.make())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_node_that_changes_a_cached_input_in_place_is_named_and_others_get_the_right_value(kind: Kind) -> None:
    lab = spoiling(kind)
    lab.run("1")
    run = lab.run("2", "3")
    assert (run.errors["2"].kind, run.errors["2"].input) == (kind.error, "value")
    assert lab.output("3") == repr(kind.make())
    assert run.skipped == {}


def test_every_input_that_a_node_changed_in_place_is_made_again() -> None:
    @node
    def make(name: str = "") -> Any:
        return [name]

    @node
    def spoil(one: Any, other: Any) -> int:
        one.append("spoilt")
        other.append("spoilt")
        return 1

    lab = laboratory(make, spoil)
    lab.add("make", "1", name="a")
    lab.add("make", "2", name="b")
    lab.add("spoil", "3", one=out("1", "output"), other=out("2", "output"))
    lab.add("take", "4", value=out("1", "output"))
    lab.add("take", "5", value=out("2", "output"))
    run = lab.run("3", "4", "5")
    assert set(run.errors) == {"3"}
    assert (lab.output("4"), lab.output("5")) == ("['a']", "['b']")
    lab.run("1", "2")
    assert (lab.output("1"), lab.output("2")) == (["a"], ["b"])


def test_an_input_that_a_node_changed_before_it_failed_is_made_again() -> None:
    @node
    def make() -> Any:
        return [1]

    @node
    def spoil(value: Any) -> int:
        value.append(9)
        raise ValueError("and then this")

    lab = laboratory(make, spoil)
    lab.add("make", "1")
    lab.add("spoil", "2", value=out("1", "output"))
    lab.add("take", "3", value=out("1", "output"))
    run = lab.run("2", "3")
    assert set(run.errors) == {"2"}
    assert "and then this" in run.errors["2"].message + run.errors["2"].traceback
    assert lab.output("3") == "[1]"
    lab.run("1")
    assert lab.output("1") == [1]


def test_a_target_that_another_node_changed_in_place_still_has_its_value() -> None:
    @node
    def make() -> Any:
        return [1]

    @node
    def spoil(value: Any) -> int:
        value.append(9)
        return 1

    lab = laboratory(make, spoil)
    lab.add("make", "1")
    lab.add("spoil", "2", value=out("1", "output"))
    run = lab.run("1", "2")
    assert set(run.errors) == {"2"}
    assert lab.output("1") == [1]


@pytest.mark.parametrize("is_cached", [False, True], ids=["first run", "from the cache"])
def test_a_value_that_was_passed_on_and_then_changed_in_place_is_right_everywhere(*, is_cached: bool) -> None:
    @node
    def make() -> Any:
        return [1]

    @node
    def reroute(value: Any) -> Any:
        return value

    @node
    def spoil(value: Any) -> int:
        value.append(9)
        return 1

    lab = laboratory(make, reroute, spoil)
    lab.add("make", "1")
    lab.add("reroute", "2", value=out("1", "output"))
    lab.add("spoil", "3", value=out("2", "output"))
    lab.add("take", "4", value=out("2", "output"))
    lab.add("take", "5", value=out("1", "output"))
    if is_cached:
        lab.run("2")
    run = lab.run("3", "4", "5")
    assert set(run.errors) == {"3"}
    assert (lab.output("4"), lab.output("5")) == ("[1]", "[1]")


# Nodes that run each time


def test_a_volatile_node_runs_each_time_and_its_equal_consumers_too() -> None:
    counted: list[int] = []

    @node(cache=False)
    def tick() -> int:
        counted.append(1)
        return len(counted)

    lab = laboratory(tick)
    lab.add("tick", "1")
    lab.add("add", "2", a=out("1"))
    lab.add("number", "3", value=1)
    lab.run("2", "3")
    first = lab.output("2")
    run: Run = lab.run("2", "3")
    assert (first, lab.output("2")) == (1, 2)
    assert run.executed == ("1", "2")
    assert run.cached == ("3",)


def test_two_volatile_nodes_of_one_graph_do_not_share_a_result() -> None:
    counted: list[int] = []

    @node(cache=False)
    def tick() -> int:
        counted.append(1)
        return len(counted)

    lab = laboratory(tick)
    lab.add("tick", "1")
    lab.add("tick", "2")
    lab.run("1", "2")
    assert {lab.output("1"), lab.output("2")} == {1, 2}


# What the engine knows of values


def test_weights_follow_containers_and_registered_types() -> None:
    values = ValueRegistry()
    values.register(Weighed, ValueOps(nbytes=lambda _: 1000))
    assert values.nbytes(Weighed()) == 1000
    assert values.nbytes([Weighed(), Weighed()]) > 2000
    assert values.nbytes({"a": (Weighed(),)}) > 1000
    assert values.nbytes("x" * 5000) > 5000
    assert values.nbytes(1) > 0


def test_subclasses_follow_their_base_also_when_they_were_seen_before() -> None:
    class Heavy(Weighed):
        pass

    values = ValueRegistry()
    values.nbytes(Heavy())
    values.register(Weighed, ValueOps(nbytes=lambda _: 1000))
    assert values.nbytes(Heavy()) == 1000


def test_a_value_that_holds_itself_has_a_weight_and_a_version() -> None:
    knot: list[Any] = []
    knot.append(knot)
    values = ValueRegistry()
    assert values.nbytes(knot) > 0
    assert values.version(knot) == values.version(knot)
