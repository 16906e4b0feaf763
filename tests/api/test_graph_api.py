"""The names of design.md, section 1, as a notebook uses them."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import PIL.Image
import pytest
from pydantic import Field

import nodebook as nb
from nodebook.assets.folders import Folders
from nodebook.engine.document import loads
from nodebook.errors import (
    AmbiguousOutputError,
    DocumentError,
    EditError,
    InputValueError,
    NodebookError,
    NodeDefinitionError,
    NotRunError,
    RunFailedError,
    UnknownInputError,
    UnknownNodeError,
    UnknownNodeTypeError,
)
from nodebook.graph import Graph
from nodebook.sessions import Session

pytestmark = pytest.mark.usefixtures("session")


class Halves(NamedTuple):
    left: int
    Right: int


@pytest.fixture
def g(session: Session) -> Graph:
    del session

    @nb.node
    def plus(a: int = 0, b: int = 0) -> int:
        return a + b

    @nb.node
    def halve(a: int = 9) -> Halves:
        return Halves(a // 2, a - a // 2)

    @nb.node(is_output=True)
    def report(value: Any, note: str = "") -> nb.UI:
        return nb.UI(words=[f"{note}{value}"])

    @nb.node
    def broken(a: int = 0) -> int:
        raise ValueError(f"cannot take {a}")

    return nb.Graph()


def define_tint() -> Any:
    @nb.node
    def tint(picture: PIL.Image.Image, amount: Annotated[float, Field(ge=0, le=1)] = 0.5) -> PIL.Image.Image:
        return PIL.Image.blend(picture, PIL.Image.new(picture.mode, picture.size, "orange"), amount)

    return tint


# Building


def test_a_handle_unpacks_into_its_outputs(g: Graph) -> None:
    left, right = g.add("halve")
    assert (left.node_id, left.name, right.name) == ("1", "left", "Right")


def test_a_handle_has_its_outputs_as_attributes_also_in_lower_case(g: Graph) -> None:
    halves = g.add("halve")
    assert halves.left == next(iter(halves))
    assert halves.Right == halves.right
    assert g.add("EmptyImage").image.name == "IMAGE"
    assert {"left", "right"} <= set(dir(halves))


def test_a_handle_of_one_output_stands_for_it(g: Graph) -> None:
    one = g.add("plus", a=1)
    two = g.add("plus", a=one, b=one)
    g.run()
    assert two.outputs == (2,)


def test_a_handle_of_several_outputs_stands_for_none(g: Graph) -> None:
    with pytest.raises(
        AmbiguousOutputError, match=r"Halve stands for no single output: its outputs are left, Right.*handle\.left"
    ):
        g.add("plus", a=g.add("halve"))


def test_a_node_is_added_by_type_name_by_title_and_by_function(g: Graph) -> None:
    @nb.node
    def thrice(a: int = 1) -> int:
        return 3 * a

    assert [g.add(each).node.type for each in ("thrice", "Thrice", thrice)] == ["thrice"] * 3


def test_a_node_is_found_by_id_title_and_type(g: Graph) -> None:
    node = g.add("plus", title="Sum")
    assert g["1"] == g[1] == g["Sum"] == g["plus"] == node
    assert "Sum" in g
    assert "Total" not in g


NOT_FOUND = {
    "nothing of that name": ("Blur", "has no node 'Blur'. Its nodes are: 'Plus', 'Plus'"),
    "several of that title": ("Plus", "2 nodes are called 'Plus': 1, 2. Use the id"),
}


@pytest.mark.parametrize(("key", "why"), NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_a_node_that_cannot_be_told_is_an_error_that_lists_them(g: Graph, key: str, why: str) -> None:
    g.add("plus")
    g.add("plus")
    with pytest.raises(UnknownNodeError, match=why) as caught:
        g[key]
    assert isinstance(caught.value, KeyError)


def test_an_unknown_type_proposes_near_names(g: Graph) -> None:
    with pytest.raises(UnknownNodeTypeError, match=r"no node type 'ImageBlurr'\. Did you mean ImageBlur") as caught:
        g.add("ImageBlurr")
    assert isinstance(caught.value, KeyError)


def test_an_unknown_input_names_those_that_exist_and_adds_nothing(g: Graph) -> None:
    with pytest.raises(UnknownInputError, match=r"Plus has no input 'c'\. Its inputs are: a, b"):
        g.add("plus", c=1)
    with pytest.raises(UnknownInputError, match="Plus has no input 'c'"):
        g.add("plus").set(c=1)
    assert len(g) == 1


def test_a_live_object_as_a_value_is_refused_with_what_to_do(g: Graph) -> None:
    tint = define_tint()
    with pytest.raises(
        InputValueError, match=r"Tint\.picture cannot hold PIL\.Image\.Image.*picture=nb\.variable\(.*@nb\.node"
    ):
        g.add(tint, picture=PIL.Image.new("RGB", (2, 2)))


def test_an_output_of_another_graph_is_refused(g: Graph) -> None:
    with pytest.raises(InputValueError, match="output of another graph"):
        nb.Graph().add("plus", a=g.add("plus"))


def test_a_value_out_of_range_is_kept_and_reported(g: Graph) -> None:
    define_tint()
    node = g.add("tint", amount=3)
    assert node.node.values["amount"] == 3
    assert [(each.node, each.input, each.code) for each in g.problems] == [
        ("1", "picture", "missing_input"),
        ("1", "amount", "bad_value"),
    ]


def test_numbers_of_numpy_and_paths_are_taken_as_values(g: Graph) -> None:
    node = g.add("plus", a=np.int64(3), b=np.arange(5)[2])
    assert node.node.values == {"a": 3, "b": 2}
    assert all(type(value) is int for value in node.node.values.values())
    g.to_json()
    picture = g.add("LoadImage", image=Path("a") / "b.png")
    assert picture.node.values["image"] == "a/b.png"


def test_set_changes_values_and_links_and_none_gives_the_default_back(g: Graph) -> None:
    one, two = g.add("plus", a=1), g.add("plus", a=5, b=6)
    assert two.set(a=one) is two
    assert g.to_json().count('["1", "INT"]') == 1
    two.set(a=7)
    assert (dict(two.node.links), two.node.values["a"]) == ({}, 7)
    two.set(a=one, b=None)
    assert set(two.node.links) == {"a"}
    assert "b" not in two.node.values
    two.set(a=None)
    assert not two.node.links
    assert "a" not in two.node.values


def test_mute_bypass_and_enable_are_one_step_of_undo_each(g: Graph) -> None:
    one, two = g.add("plus"), g.add("plus")
    assert one.mute() is one
    assert one.mode == "mute"
    assert one.bypass().mode == "bypass"
    assert one.enable().mode is None
    g.mute(one, two.id)
    assert (one.mode, two.mode) == ("mute", "mute")
    g.bypass(two)
    g.bypass(two)  # says nothing new: no step
    assert g.undo()
    assert (one.mode, two.mode) == ("mute", "mute")
    assert '"mode": "mute"' in g.to_json()
    assert g.undo()
    assert [each.mode for each in g.nodes] == [None, None]
    with pytest.raises(UnknownNodeError, match="no node 'nowhere'"):
        g.mute("nowhere")


def test_rename_and_remove(g: Graph) -> None:
    node = g.add("plus").rename("Sum")
    assert g["Sum"].title == "Sum"
    node.rename(None)
    assert node.title == "Plus"
    follower = g.add("plus", a=node)
    node.remove()
    assert dict(follower.node.links) == {}
    with pytest.raises(UnknownNodeError, match="'1' is no longer in the graph; undo brings"):
        node.title  # noqa: B018 -- reading it is the test
    with pytest.raises((EditError, UnknownNodeError), match="no longer in the graph"):
        node.set(a=1)
    assert g.undo()
    assert follower.node.links["a"].node == "1"


def test_a_new_node_stands_right_of_what_it_reads(g: Graph) -> None:
    one = g.add("plus")
    two = g.add("plus", a=one)
    assert two.node.view["x"] > one.node.view["x"]  # type: ignore[operator]  # both are numbers


def test_handles_and_outputs_show_themselves_without_addresses(g: Graph) -> None:
    node = g.add("plus", title="Sum")
    assert "Sum" in repr(node)
    assert "0x" not in repr(node) + repr(node.int) + repr(g) + repr(g.plan()) + repr(define_tint())


# Node functions


def test_a_node_function_given_values_is_that_function() -> None:
    tint = define_tint()
    picture = tint(PIL.Image.new("RGB", (2, 2), "white"), 1.0)
    assert picture.getpixel((0, 0)) == (255, 165, 0)
    assert tint.__name__ == "tint"
    assert repr(tint) == "<node tint>"


def test_a_node_function_given_an_output_adds_a_node_and_returns_its_output(g: Graph) -> None:
    tint = define_tint()
    white = g.add("EmptyImage", width=8, height=8, color=0xFFFFFF)
    tinted = tint(white.image, amount=1.0)
    assert (tinted.node_id, tinted.name) == ("2", "IMAGE")
    assert tint(white).node_id == "3"
    g.run()
    assert isinstance(tinted.value, PIL.Image.Image)
    assert tinted.value.getpixel((0, 0)) == (255, 165, 0)


def test_a_node_function_of_several_outputs_returns_them_all(g: Graph) -> None:
    @nb.node
    def split(a: int = 0) -> tuple[int, int]:
        return a, a

    given: Any = split(g.add("plus"))  # mypy sees the function that it also is
    one, other = given
    assert (one.name, other.name) == ("INT", "INT_2")


def test_a_node_function_without_outputs_returns_its_handle(g: Graph) -> None:
    @nb.node(is_output=True)
    def say(text: int) -> nb.UI:
        return nb.UI(said=[text])

    handle: Any = say(g.add("plus", a=4))
    g.run()
    assert handle.said == [4]


def test_a_node_function_with_a_hidden_parameter_can_be_called_on_outputs(g: Graph) -> None:
    @nb.node
    def keep(value: int, folders: nb.Hidden[Folders], factor: int = 2) -> str:
        return f"{value * factor} in {folders.output.name}"

    call: Any = keep  # mypy does not know that folders is filled in
    kept = call(g.add("plus", a=3), factor=3)
    assert g.run().errors == {}
    assert kept.value == "9 in output"


def test_a_graph_is_iterated_over_as_its_nodes(g: Graph) -> None:
    blank = g.add("EmptyImage")
    g.add("PreviewImage", images=blank)
    assert [each.id for each in g] == [each.id for each in g.nodes] == ["1", "2"]
    assert list(Graph(own_session=g.session)) == []


def test_a_call_that_does_not_fit_the_signature_is_a_type_error_and_adds_nothing(g: Graph) -> None:
    tint = define_tint()
    image = g.add("EmptyImage").image
    with pytest.raises(TypeError, match="amout"):
        tint(image, amout=1)
    assert len(g) == 1


def test_a_definition_replaces_the_one_before_and_runs_its_nodes_again(g: Graph) -> None:
    node = g.add("plus", a=1, b=2)
    g.run()

    @nb.node
    def plus(a: int = 0, b: int = 0) -> int:
        return a * 100 + b

    assert "function source changed" in g.why(node)
    assert g.run().executed == ("1",)
    assert node.outputs == (102,)


def test_the_name_of_a_built_in_node_is_refused() -> None:
    with pytest.raises(NodeDefinitionError, match="LoadImage is the name of a built-in node"):

        @nb.node
        def LoadImage(a: int = 1) -> int:  # noqa: N802 -- the point
            return a


# Running


def test_a_run_says_what_ran_what_was_cached_and_how_long(g: Graph) -> None:
    one = g.add("plus", a=1)
    two = g.add("plus", a=one)
    run = g.run()
    assert (run.executed, run.cached, dict(run.errors), run.outcome) == (("1", "2"), (), {}, "done")
    assert run.seconds >= 0
    run = g.run()
    assert (run.executed, run.cached) == ((), ("1", "2"))
    two.set(b=5)
    run = g.run()
    assert (run.executed, run.cached) == (("2",), ("1",))
    assert repr(run) == "Run done: 1 executed, 1 cached"
    assert run.check() is run


def test_a_failed_node_is_in_the_errors_and_check_raises(g: Graph) -> None:
    bad = g.add("broken", a=3)
    g.add("plus", a=bad)
    good = g.add("plus", a=1)
    run = g.run()
    assert (run.errors["1"].kind, run.errors["1"].message) == ("ValueError", "cannot take 3")
    assert run.skipped == {"2": "1"}
    assert good.outputs == (1,)
    assert repr(run).startswith("Run failed: 1 executed, 0 cached, 1 failed, 1 skipped\n  Broken (node 1): ValueError")
    with pytest.raises(RunFailedError, match=r"nodes failed:\n  Broken \(node 1\): ValueError: cannot take 3"):
        run.check()


def test_without_targets_all_output_nodes_run_and_nothing_else(g: Graph) -> None:
    one = g.add("plus", a=1)
    g.add("plus", a=5)
    g.add("report", value=one)
    assert g.run().executed == ("1", "3")


def test_without_output_nodes_every_end_runs(g: Graph) -> None:
    one = g.add("plus", a=1)
    g.add("plus", a=one)
    g.add("plus", b=9)
    assert set(g.run().executed) == {"1", "2", "3"}


def test_targets_are_handles_outputs_ids_or_titles(g: Graph) -> None:
    nodes = [g.add("plus", title=f"n{number}", a=number) for number in range(4)]
    assert g.run(nodes[0]).executed == ("1",)
    assert g.run(nodes[1].int).executed == ("2",)
    assert g.run("3").executed == ("3",)
    assert g.run("n3", "1").executed == ("4",)
    with pytest.raises(UnknownNodeError, match="has no node 'n9'"):
        g.run("n9")


def test_an_empty_graph_runs(g: Graph) -> None:
    run = g.run()
    assert (run.executed, run.outcome) == ((), "done")
    assert repr(g.plan()) == "Nothing to run: the graph is empty."


def test_outputs_are_live_objects_as_the_function_declares_them(g: Graph) -> None:
    tint = define_tint()
    g.add("EmptyImage", width=8, height=4, title="White", color=0xFFFFFF)
    tint(g["White"].image)
    g.run()
    (picture,) = g["tint"].outputs
    assert isinstance(picture, PIL.Image.Image)
    assert picture.size == (8, 4)


def test_what_an_output_node_shows_is_an_attribute(g: Graph) -> None:
    node = g.add("report", value=g.add("plus", a=2), note="sum ")
    with pytest.raises(NotRunError, match="Report has no result: it has not run"):
        node.words  # noqa: B018 -- reading it is the test
    g.run()
    assert node.words == ["sum 2"]
    with pytest.raises(AttributeError, match="Report has no output 'colour'"):
        node.colour  # noqa: B018 -- reading it is the test


def test_outputs_before_a_run_say_how_to_get_them(g: Graph) -> None:
    node = g.add("plus")
    with pytest.raises(NotRunError, match=r"Plus has no result.*g\.run\(handle\)") as caught:
        node.outputs  # noqa: B018 -- reading it is the test
    assert isinstance(caught.value, AttributeError)
    assert isinstance(caught.value, NodebookError)


def test_outputs_behind_a_failed_node_say_what_failed(g: Graph) -> None:
    before = g.add("plus", a=1)
    g.run()

    @nb.node
    def refuse(value: int) -> int:
        raise ValueError(f"no {value}")

    after = g.add("plus", a=refuse(before), title="After")
    last = g.add("plus", a=after, title="Last")
    run = g.run()
    assert set(run.skipped) == {after.id, last.id}
    for node in (after, last):
        with pytest.raises(NotRunError, match=r"has no result: what it needs failed.*Refuse .node.*ValueError: no 1"):
            node.outputs  # noqa: B018 -- reading it is the test


def test_a_named_input_chooses(g: Graph) -> None:
    white = g.add("EmptyImage", width=8, height=4)
    turned = g.add("ImageRotate", image=white, rotation=g.input("turn", "90 degrees"))
    assert turned.graph.run(turned).check().outcome == "done"
    assert turned.outputs[0].shape == (1, 8, 4, 3)
    g.run(turned, turn="none").check()
    assert turned.outputs[0].shape == (1, 4, 8, 3)
    run = g.run(turned, turn="upside down")
    assert "upside down" in run.errors[turned.id].message
    assert run.errors[turned.id].input == "rotation"


def test_outputs_stay_those_of_the_last_run_until_the_next(g: Graph) -> None:
    node = g.add("plus", a=1)
    g.run()
    node.set(a=2)
    assert node.outputs == (1,)
    g.undo()
    assert node.outputs == (1,)
    g.redo()
    g.run()
    assert node.outputs == (2,)


def test_outputs_of_nodes_before_the_targets_can_be_read_too(g: Graph) -> None:
    one = g.add("plus", a=1)
    g.add("plus", a=one)
    g.run()
    assert one.outputs == (1,)


# Named inputs


def test_a_named_input_is_a_parameter_of_one_run(g: Graph) -> None:
    node = g.add("plus", a=g.input("seed", 1), b=10)
    text = g.to_json()
    g.run()
    assert node.outputs == (11,)
    run = g.run(seed=7)
    assert (node.outputs, g["seed"].outputs) == ((17,), (7,))
    assert run.state.nodes["1"].values["value"] == 7
    assert g.to_json() == text
    assert g.run().executed == ()
    assert node.outputs == (11,)
    assert g.run(seed=7).executed == ()


NAMED = {
    "text": ("a cat", "a dog", "STRING,COMBO"),
    "a whole number": (1, 2, "INT"),
    "a number": (0.5, 1.5, "FLOAT"),
    "a truth value": (True, False, "BOOLEAN"),
}


@pytest.mark.parametrize(("default", "other", "port"), NAMED.values(), ids=NAMED.keys())
def test_the_default_of_a_named_input_gives_its_type(g: Graph, default: Any, other: Any, port: str) -> None:
    value = g.input("it", default)
    node_type = g["it"].type
    assert node_type is not None
    assert node_type.outputs[0].port == port
    g.run()
    assert (value.value, type(value.value)) == (default, type(default))
    g.run(it=other)
    assert (value.value, type(value.value)) == (other, type(other))


def test_a_named_input_is_one_however_often_it_is_asked_for(g: Graph) -> None:
    assert g.input("seed", 1) == g.input("seed", 1)
    assert len(g) == 1


def test_an_unknown_named_input_lists_those_that_exist(g: Graph) -> None:
    g.input("prompt", "x")
    g.input("seed", 1)
    for call in (g.run, g.plan):
        with pytest.raises(
            UnknownInputError, match=r"no named input 'sed'\. Its named inputs are: prompt, seed.*g\.input"
        ):
            call(sed=2)


def test_a_default_of_another_kind_is_refused(g: Graph) -> None:
    with pytest.raises(
        UnknownInputError, match=r"'it' cannot have the default .*expected text, a number or True/False"
    ):
        g.input("it", [1])  # type: ignore[arg-type]  # wrong on purpose


def test_a_wrong_value_of_a_named_input_is_an_error_of_that_run(g: Graph) -> None:
    g.add("plus", a=g.input("seed", 1))
    run = g.run(seed="many")
    assert (run.errors["1"].kind, run.errors["1"].input) == ("bad_value", "value")
    assert g.problems == []


# Async, threads, cancelling


def test_a_run_can_be_awaited(g: Graph) -> None:
    node = g.add("plus", a=2)

    async def cell() -> tuple[int, ...]:
        run = await g.run_async()
        assert run.executed == ("1",)
        return node.outputs

    assert asyncio.run(cell()) == (2,)


def waiting_node(started: threading.Event, stopped: threading.Event) -> Any:
    @nb.node(cache=False)
    def wait(a: int = 0) -> int:
        started.set()
        try:
            while not stopped.wait(0.005):
                nb.progress(0, 1)
        finally:
            stopped.set()
        return a

    return wait


def test_cancelling_the_task_cancels_the_run_and_the_next_run_works(g: Graph) -> None:
    started, stopped = threading.Event(), threading.Event()
    g.add(waiting_node(started, stopped))

    async def cell() -> None:
        task = asyncio.ensure_future(g.run_async())
        assert await asyncio.to_thread(started.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cell())
    assert stopped.wait(30), "the node goes on after its task was cancelled"
    other = nb.Graph()
    node = other.add("plus", a=3)
    job = other._submit((), {})
    assert job.future.result(timeout=30).executed == ("1",)
    assert node.outputs == (3,)


def test_cancelling_a_waiting_task_takes_its_run_out_of_the_queue(g: Graph) -> None:
    started, stopped = threading.Event(), threading.Event()
    g.add(waiting_node(started, stopped))
    other = nb.Graph()
    other.add("plus", a=3)

    async def cell() -> None:
        first = asyncio.ensure_future(g.run_async())
        assert await asyncio.to_thread(started.wait, 30)
        second = asyncio.ensure_future(other.run_async())
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        stopped.set()
        await asyncio.wait_for(first, 30)
        assert (await asyncio.wait_for(other.run_async(), 30)).executed == ("1",)

    asyncio.run(cell())


def test_cancel_ends_the_run_of_this_graph_only(g: Graph) -> None:
    started, stopped = threading.Event(), threading.Event()
    g.add(waiting_node(started, stopped))
    other = nb.Graph()
    other.add("plus", a=3)
    job = g._submit((), {})
    later = other._submit((), {})
    assert started.wait(30)
    g.cancel()
    assert job.future.result(timeout=30).outcome == "cancelled"
    assert later.future.result(timeout=30).outcome == "done"


def test_runs_of_several_threads_each_get_their_own_result(g: Graph) -> None:
    node = g.add("plus", a=g.input("seed", 1), b=0)
    del node
    results: dict[int, Any] = {}

    def cell(seed: int) -> None:
        run = g.run(seed=seed)
        results[seed] = (run.outcome, run.state.nodes["1"].values["value"])

    threads = [threading.Thread(target=cell, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == {seed: ("done", seed) for seed in range(8)}


def _waits(inner: Graph) -> Any:
    return inner.run()


def _waits_for_the_job(inner: Graph) -> Any:
    return inner.queue().result(20)


@pytest.mark.parametrize("wait", [_waits, _waits_for_the_job])
def test_a_node_that_waits_for_a_run_fails_instead_of_waiting_for_itself(g: Graph, wait: Any) -> None:
    @nb.node
    def outer() -> int:
        inner = nb.Graph()
        inner.add("plus", a=40, b=2)
        wait(inner)
        return 1

    g.add(outer)
    run = g.queue().result(20)
    assert [each.kind for each in run.errors.values()] == ["RunInsideNodeError"]
    assert "cannot start before the run of this node has ended" in repr(run)


@pytest.mark.parametrize("how", ["run_async", "queue"])
def test_an_async_node_that_awaits_a_run_fails_too(g: Graph, how: str) -> None:
    @nb.node
    async def outer() -> int:
        await getattr(nb.Graph(), how)()
        return 1

    g.add(outer)
    run = g.queue().result(20)
    assert [each.kind for each in run.errors.values()] == ["RunInsideNodeError"]


@pytest.mark.parametrize("hint", [int, nb.Items[int]])
def test_a_node_that_returns_an_output_of_a_graph_fails(g: Graph, hint: Any) -> None:
    def outer() -> Any:
        inner = nb.Graph().add("plus").sole_output()
        return inner if hint is int else [inner]

    outer.__annotations__["return"] = hint
    g.add(nb.node(outer))
    message = next(iter(g.run().errors.values())).message
    assert message.startswith("Outer returned <output INT of node 1>, which is part of another graph.")


def test_editing_while_a_run_goes_on_does_not_change_that_run(g: Graph) -> None:
    started, go = threading.Event(), threading.Event()

    @nb.node
    def gate(a: int = 0) -> int:
        started.set()
        assert go.wait(30)
        return a

    first = g.add(gate, a=1)
    last = g.add("plus", a=first, b=1)
    job = g._submit((), {})
    assert started.wait(30)
    last.set(b=100)
    first.set(a=50)
    go.set()
    run = job.future.result(timeout=30)
    assert (run.executed, last.outputs) == (("1", "2"), (2,))


def test_a_run_after_the_session_is_closed_does_not_wait_for_ever(g: Graph) -> None:
    g.add("plus", a=2)
    nb.session().close()
    done: list[object] = []

    def cell() -> None:
        try:
            done.append(g.run())
        except NodebookError as error:
            done.append(error)

    thread = threading.Thread(target=cell, daemon=True)
    thread.start()
    thread.join(20)
    assert len(done) == 1


# Looking


def test_a_plan_says_what_would_run_and_why(g: Graph) -> None:
    one = g.add("plus", a=1, title="One")
    two = g.add("plus", a=one, title="Two")
    assert [(row.node, row.title, row.action, row.reason) for row in g.plan()] == [
        ("1", "One", "run", "it has not run yet"),
        ("2", "Two", "run", "it has not run yet"),
    ]
    g.run()
    assert [(row.node, row.action) for row in g.plan()] == [("2", "cached")]
    one.set(a=5)
    two.set(b=2)
    plan = g.plan()
    assert (plan.steps, plan.cached, plan.blocked, len(plan)) == (["1", "2"], [], [], 2)
    assert [row.reason for row in plan] == ["a 1 → 5", "b 0 → 2"]
    assert "a 1 → 5" in repr(plan)
    assert g.plan(one).steps == ["1"]


def test_a_plan_for_other_values_says_why_by_those_values(g: Graph) -> None:
    g.add("plus", a=g.input("seed", 1))
    g.run()
    plan = g.plan(seed=2)
    assert plan.steps == ["1", "2"]
    assert [row.reason for row in plan] == ["value 1 → 2", "a changed (node 1)"]
    assert g.plan().steps == []


def test_a_plan_shows_what_is_blocked_and_by_what(g: Graph) -> None:
    one = g.add("plus", a="many")
    g.add("plus", a=one)
    (row,) = g.plan()
    assert (row.node, row.action) == ("2", "blocked")
    assert row.reason.startswith("waits for node 1: Plus.a: ")


def run_and_drop(g: Graph) -> None:
    g.run()
    nb.session().cache.clear()


WHYS: dict[str, tuple[Any, str]] = {
    "nothing changed": (lambda g: g.run(), "Node 3 is cached: nothing that it depends on changed."),
    "never run": (lambda _g: None, "Node 3 will run: it has not run yet."),
    "a value": (lambda g: (g.run(), g["3"].set(b=4)), "Node 3 will run: b 0 → 4."),
    "a value further up": (lambda g: (g.run(), g["1"].set(a=4)), "Node 3 will run: a changed (node 2)."),
    "a link to a value": (lambda g: (g.run(), g["3"].set(a=4)), "Node 3 will run: a linked → 4."),
    "a value to a link": (lambda g: (g.run(), g["3"].set(b=g["1"])), "b linked to node 1"),
    "a dropped result": (run_and_drop, "Node 3 will run: it has no result yet, or it is not kept any more."),
    "a bad value": (lambda g: g["3"].set(b="x"), "Node 3 cannot run: Plus.b: "),
    "a bad value further up": (lambda g: g["1"].set(b="x"), "Node 3 cannot run: a node before it cannot run."),
    "another part of the graph ran": (lambda g: g.run("1"), "Node 3 will run: it has no result yet"),
}


@pytest.mark.parametrize(("act", "words"), WHYS.values(), ids=WHYS.keys())
def test_why_says_in_words_what_changed(g: Graph, act: Any, words: str) -> None:
    one = g.add("plus", a=1)
    two = g.add("plus", a=one)
    three = g.add("plus", a=two)
    act(g)
    assert words in g.why(three)


def test_why_of_a_failed_node_does_not_claim_it_was_dropped(g: Graph) -> None:
    bad = g.add("broken")
    g.run()
    assert "it failed in the last run (ValueError)" in g.why(bad)
    assert [row.reason for row in g.plan()] == ["it failed in the last run (ValueError)"]


def test_a_refused_value_is_told_by_the_run_by_why_and_by_the_result_that_is_not_there(g: Graph) -> None:
    @nb.node
    def refuse(a: int = 1) -> int | nb.Block:
        return a if a > 1 else nb.Block("too small")

    first = g.add(refuse)
    second = g.add("plus", a=first)
    third = g.add("plus", a=second)
    run = g.run()
    assert (run.outcome, run.executed, run.cached) == ("done", (first.id,), ())
    assert run.blocked == {second.id: "too small", third.id: None}
    assert repr(run) == f"Run done: 1 executed, 0 cached, 2 blocked\n  node {second.id} did not run: too small"
    with pytest.raises(NotRunError, match=r"a value before it was refused \(too small\)"):
        _ = second.outputs
    with pytest.raises(NotRunError, match=r"because a value before it was refused\. run\.blocked"):
        _ = third.outputs
    assert "it was blocked in the last run (too small)" in g.why(second)
    first.set(a=2)
    assert g.run().blocked == {}
    assert third.outputs == (2,)


def test_a_run_of_many_values_of_which_some_are_refused_blocks_no_node(g: Graph) -> None:
    @nb.node
    def odd(a: int) -> int | nb.Block:
        return a if a % 2 else nb.Block("even")

    last = g.add("plus", a=odd(g.add("Range", stop=3).values))
    assert g.run().blocked == {}
    assert last.outputs == (nb.Items([nb.Block(), 1, nb.Block()]),)


# Undo, saving, opening


def test_undo_and_redo_walk_over_edits_of_code(g: Graph) -> None:
    g.add("plus", a=1)
    g["1"].set(a=2)
    assert g.undo()
    assert g["1"].node.values["a"] == 1
    assert g.undo()
    assert len(g) == 0
    assert not g.undo()
    assert g.redo()
    assert g.redo()
    assert not g.redo()
    assert g["1"].node.values["a"] == 2


def test_a_graph_is_saved_and_opened_as_it_was(g: Graph, tmp_path: Path) -> None:
    g.add("plus", a=g.input("seed", 3), b=4, title="Sum")
    path = g.save(tmp_path / "graph.json")
    assert path.read_text(encoding="utf-8") == g.to_json()
    opened = nb.open(path)
    assert opened.to_json() == g.to_json()
    opened.run(seed=5)
    assert opened["Sum"].outputs == (9,)
    assert json.loads(g.to_json())["nodebook"] == 1
    assert loads(g.to_json()) is not None


def test_opening_a_saved_picture_gives_the_graph_that_made_it(g: Graph) -> None:
    picture = g.add("EmptyImage", width=8, height=8, color=g.input("colour", 0xFF0000))
    saved = g.add("SaveImage", images=picture, filename_prefix="t")
    run = g.run(colour=0x00FF00)
    assert run.errors == {}
    files = list(nb.session().folders.output.rglob("*.png"))
    assert len(files) == 1
    assert len(saved.images) == 1
    opened = nb.open(files[0])
    assert [handle.node.type for handle in opened.nodes] == [handle.node.type for handle in g.nodes]
    assert opened["colour"].node.values["value"] == 0x00FF00


UNREADABLE: dict[str, tuple[str, bytes, str]] = {
    "no json": ("a.json", b"{", "ends in the middle"),
    "another json": ("a.json", b'{"a": 1}', "not a nodebook document"),
    "a workflow of ComfyUI": ("a.json", b'{"nodes": [], "links": []}', "This is a ComfyUI workflow"),
    "a newer document": ("a.json", b'{"nodebook": 999, "nodes": {}}', "newer"),
    "no text": ("a.json", b"\xff\xfe\x00\x01", "text|UTF-8"),
    "a picture without graph": ("a.png", b"", "carries no nodebook graph"),
}


@pytest.mark.parametrize(("name", "data", "why"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_without_graph_is_a_document_error(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(data)
    if name.endswith(".png"):
        PIL.Image.new("RGB", (2, 2)).save(tmp_path / name)
    with pytest.raises(DocumentError, match=why) as caught:
        nb.open(tmp_path / name)
    assert isinstance(caught.value, ValueError)


def test_a_missing_file_is_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        nb.open(tmp_path / "nowhere.json")


def test_a_document_with_unknown_types_opens_runs_the_rest_and_saves_back_unchanged(tmp_path: Path, g: Graph) -> None:
    g.add("plus", a=1)
    document = json.loads(g.to_json())
    document["nodes"]["9"] = {
        "type": "NobodysSampler",
        "values": {"seed": 1, "cfg": 7.5},
        "links": {"model": ["8", "MODEL"]},
        "view": {"x": 1},
        "mystery": [1, {"a": None}],
    }
    path = tmp_path / "g.json"
    path.write_text(json.dumps(document))
    opened = nb.open(path)
    run = opened.run()
    assert run.executed == ("1",)
    assert run.errors["9"].kind == "unknown_type"
    assert json.loads(opened.to_json()) == document


def test_a_strange_view_in_a_document_does_not_keep_code_from_adding(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    path.write_text('{"nodebook": 1, "nodes": {"1": {"type": "plus", "view": {"x": "left", "y": [1]}}}}')
    assert nb.open(path).add("EmptyImage").id == "2"


def test_the_public_names_of_the_design_are_there() -> None:
    for name in ("node", "Graph", "open", "session", "cache", "progress", "preview", "UI", "Image", "Mask", "Hidden"):
        assert name in dir(nb)
        assert getattr(nb, name) is not None
    assert nb.cache is nb.session().cache
    with pytest.raises(AttributeError, match=r"nodebook has no 'grahp'\. Its public names are"):
        nb.grahp  # noqa: B018 -- reading it is the test


# Results that somebody changes


def test_a_result_that_a_cell_changed_in_place_is_made_again(g: Graph) -> None:
    @nb.node
    def make_list() -> Any:
        return [1]

    @nb.node
    def shown(value: Any) -> str:
        return str(value)

    made = g.add(make_list)
    g.run(made)
    made.outputs[0].append(9)
    text = g.add(shown, value=made)
    run = g.run(text)
    assert run.executed == (made.id, text.id)
    assert text.outputs == ("[1]",)


# What is refused at once, with the way out


def test_setting_an_attribute_of_a_handle_says_how_inputs_are_set(g: Graph) -> None:
    handle = g.add("ImageBlur")
    with pytest.raises(AttributeError, match=r"handle\.set\(sigma=\.\.\.\)"):
        handle.sigma = 3.0


def test_a_misspelt_argument_of_a_node_function_is_named_with_the_function(g: Graph) -> None:
    @nb.node
    def shade(picture: nb.Image, mode: str = "a") -> nb.Image:
        del mode
        return picture

    empty = g.add("EmptyImage")
    with pytest.raises(TypeError, match=r"shade\(.*unexpected keyword argument 'moed'"):
        shade(empty, moed="b")  # type: ignore[call-arg]  # the mistake


def test_a_title_that_is_no_text_is_refused(g: Graph) -> None:
    with pytest.raises(ValueError, match="title of a node is text"):
        g.add("ImageBlur", g.add("EmptyImage"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*gone\.json"):
        nb.open(tmp_path / "gone.json")


def test_a_result_that_failed_says_how(g: Graph) -> None:
    @nb.node
    def fails() -> int:
        raise KeyError("missing")

    handle = g.add(fails)
    g.run()
    with pytest.raises(AttributeError, match=r"failed in the last run \(KeyError"):
        _ = handle.outputs


# Pictures that functions return


@pytest.mark.parametrize(
    ("returned", "shape"),
    [
        (np.zeros((4, 6, 3), np.uint8), (1, 4, 6, 3)),
        (np.zeros((4, 6), np.float64), (1, 4, 6, 3)),
        (PIL.Image.new("RGB", (6, 4)), (1, 4, 6, 3)),
    ],
    ids=["bytes", "grey", "PIL"],
)
def test_a_picture_in_a_usual_form_is_made_what_travels(g: Graph, returned: Any, shape: tuple[int, ...]) -> None:
    @nb.node(cache=False)
    def picture() -> nb.Image:
        return returned  # type: ignore[no-any-return]  # what users do

    handle = g.add(picture)
    assert g.run().errors == {}
    assert tuple(handle.outputs[0].shape) == shape
    assert str(handle.outputs[0].dtype) == "torch.float32"


@pytest.mark.parametrize("returned", [np.zeros((1, 3, 40, 50), np.float32), "words", None], ids=["CHW", "str", "None"])
def test_what_is_no_picture_is_the_fault_of_the_node_that_returned_it(g: Graph, returned: Any) -> None:
    @nb.node(cache=False)
    def picture() -> nb.Image:
        return returned  # type: ignore[no-any-return]  # what users do

    made = g.add(picture)
    g.add("PreviewImage", images=g.add("ImageInvert", image=made))
    assert set(g.run().errors) == {made.id}
