"""What ComfyUI's own engine tests assert (its behaviour, section I of the specification), case by case by its name.

What is about HTTP is not here. Where nodebook differs on purpose the case says so: a failing branch does not stop
others, and a linked INT is converted to FLOAT.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from nodebook.engine import events
from nodebook.runs import Run
from tests.engine import reference
from tests.engine.reference import CALLS, FIRST, MEETING, NODES, SAVED, SEEN, STARTED
from tests.engine.support import Laboratory, out

Case = Callable[[], None]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    CASES[function.__name__] = function
    return function


def laboratory(**options: Any) -> Laboratory:
    for seen in (CALLS, SAVED, SEEN, FIRST):
        seen.clear()
    STARTED.clear()
    return Laboratory(*NODES, **options)


def value(node_id: str) -> Any:
    return out(node_id, "value")


def again(lab: Laboratory, *targets: str) -> Run:
    """Run once more and forget what was called before."""
    CALLS.clear()
    SAVED.clear()
    return lab.run(*targets)


# -- test_execution ----------------------------------------------------------------------------------------------------


@case
def lazy_input() -> None:
    lab = laboratory()
    a, b = lab.add("source", value=1.0, name="a"), lab.add("source", value=2.0, name="b")
    lab.add("save", value=value(lab.add("lazy_mix", mask=0.0, a=value(a), b=value(b))))
    run = lab.run()
    assert (CALLS, SAVED) == (["a", "mix", "save"], [1.0])
    assert b not in run.executed


@case
def full_cache() -> None:
    lab = laboratory()
    lab.add("save", value=value(lab.add("double", value=value(lab.add("source", value=1.0)))))
    assert len(lab.run().executed) == 3
    assert again(lab).executed == ()
    assert CALLS == []


@case
def full_cache_none() -> None:
    lab = laboratory(cache_bytes=0)
    lab.add("save", value=value(lab.add("double", value=value(lab.add("source", value=1.0)))))
    lab.run()
    assert len(again(lab).executed) == 3


@case
def partial_cache() -> None:
    lab = laboratory()
    a, b = lab.add("source", value=1.0, name="a"), lab.add("source", value=2.0, name="b")
    lab.add("save", value=value(lab.add("add_floats", a=value(a), b=value(b))))
    lab.run()
    lab.set(b, value=5.0)
    assert a not in again(lab).executed
    assert (CALLS, SAVED) == (["b", "save"], [6.0])


@case
def error() -> None:
    lab = laboratory()
    failing = lab.add("error", value=4.0)
    lab.add("save", value=value(failing))
    run = lab.run()
    assert run.errors[failing].message == "no 4"
    (told,) = lab.told(events.NodeFailed)
    assert isinstance(told, events.NodeFailed)
    assert (told.run, told.node) == (run.number, failing)


@case
def validation_error_literal() -> None:
    lab = laboratory()
    checked = lab.add("validated_literal", value=5)
    for bad in (5, "foo"):
        lab.set(checked, value=bad)
        assert lab.codes() == [(checked, "value", "bad_value")]
        assert f"{bad!r} is no float" in lab.problems[0].message
    lab.set(checked, value=5.0)
    assert lab.run().outcome == "done"


@case
def validation_error_edge1() -> None:
    lab = laboratory()
    lab.add("takes_union", "9", value=out(lab.add("gather_inputs"), "value"))
    assert lab.codes() == [("9", "value", "bad_link")]


@case
def validation_error_edge2() -> None:
    lab = laboratory()
    lab.add("validated_types", "9", value=value(lab.add("whole", value=1)))
    assert lab.codes() == [("9", "value", "bad_value")]
    assert "INT is not accepted" in lab.problems[0].message


@case
def validation_error_edge3() -> None:
    lab = laboratory()
    lab.add("validated_types", "9", value=value(lab.add("source", value=1.0)))
    assert lab.codes() == []
    assert lab.run().outcome == "done"


@case
def validation_error_edge4() -> None:
    lab = laboratory()
    checked = lab.add("validated_link", value=value(lab.add("source", value=1.0)))
    assert lab.run().outcome == "done"
    assert set(SEEN) == {None}
    lab.set(checked, value=out(lab.add("gather_inputs"), "value"))
    assert lab.codes() == [(checked, "value", "bad_link")]


@case
def validation_error_kwargs() -> None:
    lab = laboratory()
    checked = lab.add("validated_all", value=5.0)
    assert lab.codes() == []
    lab.set(checked, value=7.0)
    assert lab.codes() == [(checked, "value", "bad_value")]


@case
def cycle_error() -> None:
    lab = laboratory()
    first = lab.add("double", "1", value=out("2", "value"))
    lab.add("double", "2", value=value(first))
    assert {code for _, _, code in lab.codes()} == {"cycle"}
    assert lab.run().outcome == "failed"


@case
def dynamic_cycle_error() -> None:
    lab = laboratory()
    ring = lab.add("ring", value=1.0)
    lab.add("save", value=value(ring))
    run = lab.run()
    assert run.errors.keys() == {ring}
    assert "Dependency cycle detected" in run.errors[ring].message


@case
def missing_node_error() -> None:
    lab = laboratory()
    lab.add("save", "8", value=out("77", "value"))
    good = lab.add("save", value=value(lab.add("source", value=2.0)))
    run = lab.run()
    assert good in run.executed
    assert run.errors.keys() == {"8"}
    assert again(lab, good).outcome == "done"


@case
def custom_is_changed() -> None:
    lab = laboratory()
    node = lab.add("changes", should_change=False)
    lab.add("save", value=value(node))
    lab.run()
    assert again(lab).executed == ()
    lab.set(node, should_change=True)
    for _ in range(2):
        assert node in again(lab).executed


@case
def undeclared_inputs() -> None:
    lab = laboratory()
    gathered = lab.add("gather_inputs", x=value(lab.add("source", value=3.0)), y=value(lab.add("whole", value=4)))
    lab.add("save", value=value(gathered))
    assert lab.codes() == []
    lab.run()
    assert SAVED == ["x=3.0,y=4"]


@case
def for_loop() -> None:
    for count in range(1, 5):
        lab = laboratory()
        lab.add("save", value=value(lab.add("count_down", number=count, value=1.0)))
        assert lab.run().outcome == "done"
        assert [1.0 + count] == SAVED
        assert again(lab).executed == ()


@case
def for_loop_changed() -> None:
    lab = laboratory()
    changing = lab.add("changes", should_change=True, value=2.0)
    loop = lab.add("count_down", number=2, value=value(changing))
    lab.add("save", value=value(loop))
    lab.run()
    assert loop in again(lab).executed
    assert SAVED == [4.0]


@case
def mixed_expansion_returns() -> None:
    lab = laboratory()
    mixed = lab.add("mixed_return", value=out(lab.add("listed", count=5), "values"))
    lab.add("save", value=value(mixed))
    assert lab.run().outcome == "done"
    assert SAVED == [0.0, 1.0, 4.0, 3.0, 8.0 - 4.0]


@case
def mixed_lazy_results() -> None:
    lab = laboratory()
    masks = lab.add("listed", count=3, start=-1.0)  # -1, 0, 1: the first two want a, the last b
    a, b = lab.add("source", value=1.0, name="a"), lab.add("source", value=2.0, name="b")
    lab.add("save", value=value(lab.add("lazy_mix", mask=out(masks, "values"), a=value(a), b=value(b))))
    run = lab.run()
    assert {a, b} <= set(run.executed)
    assert SAVED == [1.0 * 2 + 2.0 * -1, 1.0, 2.0]


@case
def output_reuse() -> None:
    lab = laboratory()
    source = lab.add("source", value=1.0)
    saves = [lab.add("save", value=value(source)) for _ in range(2)]
    lab.run()
    assert SAVED == [1.0]  # one result for two equal nodes, and both show it
    assert [lab.store.results[each].payload for each in saves] == [{"saved": [1.0]}] * 2


@case
def is_changed_with_outputs() -> None:
    lab = laboratory()
    node = lab.add("changes_by_link", value=value(lab.add("source", value=1.0)))
    lab.add("save", value=value(node))
    assert node in lab.run().executed
    assert set(SEEN) == {None}
    assert again(lab).executed == ()


@case
def parallel_sleep_nodes() -> None:
    lab = laboratory()
    MEETING.expect(3)
    for index in range(3):
        lab.add("save", value=value(lab.add("meet", value=float(index))))
    assert lab.run().outcome == "done"  # none of them ends before all have begun
    assert sorted(SAVED) == [0.0, 1.0, 2.0]


@case
def parallel_sleep_expansion() -> None:
    lab = laboratory()
    MEETING.expect(3)
    lab.add("save", value=value(lab.add("expand_meetings", count=3)))
    assert lab.run().outcome == "done"
    assert SAVED == [6.0]


@case
def execution_block_list_output() -> None:
    lab = laboratory()
    kept = lab.add("block_odd", value=out(lab.add("listed", count=3), "values"))
    lab.add("save", value=value(kept))
    assert lab.run().outcome == "done"
    assert SAVED == [0.0, 2.0]


@case
def partial_execution_included_outputs_run() -> None:
    lab = laboratory()
    one, two = (lab.add("save", value=value(lab.add("source", value=float(each))), prefix=str(each)) for each in (1, 2))
    run = lab.run(one)
    assert one in run.executed
    assert two not in run.executed


@case
def partial_execution_excluded_output_runs_where_it_is_a_dependency() -> None:
    lab = laboratory()
    through = lab.add("save_through", value=1.0)
    wanted = lab.add("save", value=value(through))
    lab.add("save", value=value(through), prefix="other")
    lab.run(wanted)
    assert CALLS == ["save through", "save"]


@case
def partial_execution_lazy_respected() -> None:
    lab = laboratory()
    a, b = lab.add("source", value=1.0, name="a"), lab.add("source", value=2.0, name="b")
    one = lab.add("save", value=value(lab.add("lazy_mix", mask=1.0, a=value(a), b=value(b))))
    lab.add("save", value=value(a), prefix="other")
    lab.run(one)
    assert CALLS == ["b", "mix", "save"]


@case
def partial_execution_of_nothing() -> None:
    lab = laboratory()
    lab.add("save", value=value(lab.add("source", value=1.0)))
    plan, _, _ = lab.store.plan(lab.cache.get, [])
    assert plan.steps == ()


# -- test_async_nodes --------------------------------------------------------------------------------------------------


@case
def basic_async_execution() -> None:
    lab = laboratory()
    lab.add("save", value=value(lab.add("later", value=1.0)))
    assert lab.run().outcome == "done"
    assert SAVED == [2.0]


@case
def multiple_async_parallel_execution() -> None:
    parallel_sleep_nodes()


@case
def async_with_dependencies() -> None:
    lab = laboratory()
    last = lab.add("source", value=0.0)
    for _ in range(5):
        last = lab.add("later", value=value(last))
    lab.add("save", value=value(last))
    lab.run()
    assert SAVED == [5.0]


@case
def mixed_sync_async_execution() -> None:
    lab = laboratory()
    first = lab.add("later", value=value(lab.add("double", value=2.0)))
    lab.add("save", value=value(lab.add("double", value=value(first))))
    lab.run()
    assert SAVED == [10.0]


@case
def async_validate_inputs() -> None:
    lab = laboratory()
    lab.add("validated_later", value=5.0)
    assert lab.run().outcome == "done"


@case
def async_validation_error() -> None:
    lab = laboratory()
    lab.add("validated_later", "9", value=7.0)
    assert lab.codes() == [("9", "value", "bad_value")]
    assert "too much" in lab.problems[0].message


@case
def async_lazy_evaluation() -> None:
    lab = laboratory()
    MEETING.expect(1)
    a, b = lab.add("source", value=1.0, name="a"), lab.add("meet", value=2.0, name="b")
    lab.add("save", value=value(lab.add("lazy_mix", mask=0.0, a=value(a), b=value(b))))
    lab.run()
    assert CALLS == ["a", "mix", "save"]


@case
def async_check_lazy_status() -> None:
    lab = laboratory()
    a, b = lab.add("source", value=1.0, name="a"), lab.add("source", value=2.0, name="b")
    lab.add("save", value=value(lab.add("lazy_later", mask=1.0, a=value(a), b=value(b))))
    lab.run()
    assert (CALLS, SAVED) == (["b", "save"], [2.0])


@case
def async_execution_error() -> None:
    lab = laboratory()
    failing = lab.add("later_error", value=1.0)
    lab.add("save", value=value(failing))
    run = lab.run()
    assert {node: each.message for node, each in run.errors.items()} == {failing: "async no 1"}


@case
def async_timeout_handling() -> None:
    lab = laboratory()
    late = lab.add("too_late")
    run = lab.run()
    assert run.errors[late].kind == "TimeoutError"


@case
def concurrent_async_error_recovery() -> None:
    lab = laboratory()
    failing = lab.add("later_error", value=1.0)
    lab.add("later", value=2.0)
    assert lab.run().errors.keys() == {failing}
    good = lab.add("save", value=value(lab.add("later", value=1.0)))
    assert again(lab, good).outcome == "done"


@case
def sync_error_during_async_execution() -> None:
    lab = laboratory()
    MEETING.expect(2)
    waiting = [lab.add("meet", value=float(each)) for each in range(2)]
    failing = lab.add("error", value=1.0)
    run = lab.run()
    assert run.errors.keys() == {failing}
    assert set(waiting) <= set(run.executed)  # other branches finish, unlike in ComfyUI


@case
def async_with_execution_blocker() -> None:
    lab = laboratory()
    items = lab.add("listed", count=2)
    kept = lab.add("later", value=value(lab.add("block_odd", value=out(items, "values"))))
    lab.add("save", value=value(kept))
    assert lab.run().outcome == "done"
    assert SAVED == [1.0]


@case
def async_caching_behavior() -> None:
    lab = laboratory()
    lab.add("save", value=value(lab.add("later", value=1.0)))
    lab.run()
    assert again(lab).executed == ()


@case
def async_resource_cleanup() -> None:
    async_caching_behavior()


@case
def async_with_dynamic_prompts() -> None:
    lab = laboratory()
    MEETING.expect(5)
    lab.add("save", value=value(lab.add("expand_meetings", count=5)))
    assert lab.run().outcome == "done"
    assert SAVED == [15.0]


@case
def async_cancellation() -> None:
    lab = laboratory()
    lab.add("save", value=value(lab.add("forever")))
    job = lab.job()

    def cancel() -> None:
        STARTED.wait(20)
        job.cancel()

    Thread(target=cancel).start()
    run = lab.worker._run(job)
    assert (run.outcome, CALLS) == ("cancelled", ["forever", "cancelled"])


# -- other suites, and behaviours worth a test of their own (J.3) ------------------------------------------------------


@case
def progress_isolation() -> None:
    one, two = laboratory(), Laboratory(*NODES)
    one.add("report")
    two.add("report")
    heard: list[Any] = []
    one.stream.subscribe(heard.append)
    two.run()
    assert heard == []
    run = one.run()
    assert {(each.run, each.graph) for each in heard} == {(run.number, one.store.number)}


@case
def public_api_set_progress() -> None:
    for kind in ("report", "report_later"):
        lab = laboratory()
        node = lab.add(kind)
        lab.run()
        told = [each for each in lab.events if isinstance(each, events.NodeProgress)]
        assert [(each.node, each.value, each.maximum) for each in told] == [(node, n, 3) for n in (1, 2, 3)]


@case
def validate_node_input_unions() -> None:
    fits = Laboratory().library.ports.fits
    assert fits("A", "A")
    assert fits("A,B", "B, A")
    assert fits("A , B", "B,C")
    assert not fits("A", "B")
    assert fits("*", "A")
    assert fits("A", "*")
    assert not fits("A", "")


@case
def a_lazy_input_is_none_at_first_even_where_its_source_is_cached() -> None:
    lab = laboratory()
    a = lab.add("source", value=1.0, name="a")
    lab.run(a)
    lab.add("save", value=value(lab.add("lazy_seen", a=value(a), b=value(a))))
    lab.run()
    assert FIRST[0] == (None, None)
    assert FIRST[1] == (1.0, None)
    assert SAVED == [1.0]


@case
def nodes_of_whole_lists_get_single_values_as_lists_of_one() -> None:
    lab = laboratory()
    lab.add("save", value=out(lab.add("takes_all", values=value(lab.add("source", value=2.0))), "STRING"))
    lab.run()
    assert SAVED == ["[2.0] [1.0]"]


@case
def lists_of_three_and_two_make_three_calls_and_the_last_is_repeated() -> None:
    lab = laboratory()
    three, two = lab.add("listed", count=3), lab.add("listed", count=2, start=10.0)
    summed = lab.add("add_floats", a=out(three, "values"), b=out(two, "values"))
    lab.add("save", value=value(summed))
    lab.run()
    assert SAVED == [10.0, 12.0, 13.0]


@case
def a_muted_source_leaves_its_consumer_without_input() -> None:
    lab = laboratory()
    source = lab.add("source", value=3.0)
    double = lab.add("double", value=value(source))
    lab.set_mode(source, "mute")
    assert lab.codes() == [(double, "value", "missing_input")]
    assert f"Node {source}, which it is linked to, is muted" in lab.problems[0].message


@case
def a_bypassed_node_passes_on_what_fits_by_type() -> None:
    lab = laboratory()
    source = lab.add("source", value=3.0)
    double = lab.add("double", value=value(source))
    lab.add("save", value=value(double))
    lab.set_mode(double, "bypass")
    run = lab.run()
    assert double not in run.executed
    assert SAVED == [3.0]
    lab.set_mode(double, None)
    assert lab.run().executed == (double, "3")
    assert SAVED == [3.0, 6.0]


@case
def a_changed_check_that_fails_makes_the_node_run_each_time() -> None:
    lab = laboratory()
    node = lab.add("changes_badly", value=1.0)
    for _ in range(2):
        run = again(lab, node)
        assert (run.outcome, run.executed) == ("done", (node,))
    assert [problem.severity for problem in lab.problems] == ["warning"]


@case
def an_expansion_mixes_values_and_nodes_and_its_output_nodes_run() -> None:
    lab = laboratory()
    lab.add("save", value=value(lab.add("save_inside", value=3.0)), prefix="outer")
    run = lab.run()
    assert sorted(SAVED) == [3.0, 6.0]
    assert any("." in node for node in run.executed)


@case
def equal_nodes_that_are_not_idempotent_each_run() -> None:
    lab = laboratory()
    for _ in range(2):
        lab.add("own_result", value=1.0)
        lab.add("source", value=1.0)
    lab.run()
    assert CALLS.count("own") == 2
    assert CALLS.count("source 1") == 1


# -- the test ----------------------------------------------------------------------------------------------------------

SPECIFIED = [
    "lazy_input",
    "full_cache",
    "partial_cache",
    "error",
    "validation_error_literal",
    "validation_error_edge1",
    "validation_error_edge2",
    "validation_error_edge3",
    "validation_error_edge4",
    "validation_error_kwargs",
    "cycle_error",
    "dynamic_cycle_error",
    "missing_node_error",
    "custom_is_changed",
    "undeclared_inputs",
    "for_loop",
    "mixed_expansion_returns",
    "mixed_lazy_results",
    "output_reuse",
    "is_changed_with_outputs",
    "parallel_sleep_nodes",
    "parallel_sleep_expansion",
    "execution_block_list_output",
    "basic_async_execution",
    "mixed_sync_async_execution",
    "async_with_dependencies",
    "multiple_async_parallel_execution",
    "async_validate_inputs",
    "async_validation_error",
    "async_lazy_evaluation",
    "async_check_lazy_status",
    "async_execution_error",
    "async_timeout_handling",
    "concurrent_async_error_recovery",
    "sync_error_during_async_execution",
    "async_with_execution_blocker",
    "async_caching_behavior",
    "async_resource_cleanup",
    "async_with_dynamic_prompts",
    "async_cancellation",
]
"""The names of the specification's section I. Not here: what is about HTTP, history windows, jobs over HTTP, previews
of samplers, files and users.
"""


def test_every_specified_behaviour_has_a_case() -> None:
    assert set(SPECIFIED) <= CASES.keys()
    assert any(name.startswith("partial_execution") for name in CASES)


@pytest.mark.parametrize("name", CASES)
def test_reference_behaviour(name: str) -> None:
    CASES[name]()
    assert reference.CALLS is CALLS
