"""What may be a node beside a plain function: methods, partials, objects, generators of both kinds."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Generator, Iterator
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

import pytest

import nodebook as nb
from nodebook.engine import events
from nodebook.errors import NodeDefinitionError

if TYPE_CHECKING:
    from nodebook.sessions import Session


class Blur:
    def __init__(self, radius: int) -> None:
        self.radius = radius

    def apply(self, x: int, by: int = 1) -> int:
        """Multiply.

        x: what is multiplied.
        """
        return x * self.radius * by

    async def later(self, x: int) -> int:
        await asyncio.sleep(0)
        return x + self.radius

    def steps(self, n: int = 2) -> int:  # type: ignore[misc]  # people annotate what comes in the end
        yield from range(n)
        return n * self.radius

    @classmethod
    def make(cls, x: int) -> str:
        return f"{cls.__name__} {x}"

    @staticmethod
    def plain(x: int) -> int:
        return x + 1

    def __call__(self, x: int) -> int:
        return x - self.radius


def outputs(function: Any, **inputs: Any) -> tuple[Any, ...]:
    graph = nb.Graph()
    handle = graph.add(function, **inputs)
    graph.run().check()
    return handle.outputs


@pytest.mark.parametrize(
    ("make", "name", "inputs", "expected"),
    [
        (lambda: nb.node(Blur(3).apply), "Blur.apply", {"x": 2}, 6),
        (lambda: nb.node(Blur(3).later), "Blur.later", {"x": 2}, 5),
        (lambda: nb.node(Blur(3).steps), "Blur.steps", {}, 6),
        (lambda: nb.node(Blur.make), "Blur.make", {"x": 2}, "Blur 2"),
        (lambda: nb.node(Blur.plain), "plain", {"x": 2}, 3),
        (lambda: nb.node(Blur(3)), "Blur", {"x": 5}, 2),
        (lambda: nb.node(name="soft")(functools.partial(Blur(3).apply, by=4)), "soft", {"x": 2}, 24),
        (lambda: nb.node(name="one")(functools.partial(Blur(3).apply, 5)), "one", {"by": 2}, 30),
        (lambda: nb.node(name="anon")(lambda x=4: x * 2), "anon", {}, 8),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_callables_are_nodes(session: Session, make: Any, name: str, inputs: dict[str, Any], expected: Any) -> None:
    function = make()
    assert function.type_name == name
    assert name in session.library
    assert outputs(function, **inputs) == (expected,)


def test_what_a_partial_fixes_is_no_input(session: Session) -> None:
    nb.node(name="soft")(functools.partial(Blur(3).apply, by=4))
    assert [spec.name for spec in session.library.get("soft").inputs] == ["x"]


def test_a_method_has_the_words_of_its_function(session: Session) -> None:
    function = nb.node(Blur(2).apply)
    node_type = session.library.get("Blur.apply")
    assert (node_type.title, node_type.description) == ("Apply", "Multiply.")
    assert node_type.input("x").doc == "what is multiplied."
    assert function(3) == 6
    assert function(3, by=2) == 12
    graph = nb.Graph()
    output: Any = function(graph.input("x", 4))
    assert output.node_id == "2"


def test_a_method_is_keyed_by_what_is_in_its_object() -> None:
    blur = Blur(2)
    function = nb.node(blur.apply)
    graph = nb.Graph()
    handle = graph.add(function, x=1)
    assert graph.run().executed == ("1",)
    assert graph.run().executed == ()
    blur.radius = 5
    assert graph.run().executed == ("1",)
    assert handle.outputs == (5,)
    nb.node(Blur(5).apply)  # another object that is the same
    assert graph.run().executed == ()


def test_a_method_in_a_class_body_says_what_to_do() -> None:
    with pytest.raises(NodeDefinitionError, match=r"method of Inside.*nb\.node\(inside\.double\)"):

        class Inside:
            @nb.node
            def double(self, x: int) -> int:
                return 2 * x

    with pytest.raises(NodeDefinitionError, match=r"nb\.node\(Class\.method\)"):

        class Other:
            @nb.node
            @classmethod
            def make(cls, x: int) -> int:
                return x


@pytest.mark.parametrize("outer", [True, False])
def test_static_methods_in_a_class_body(outer: bool) -> None:  # noqa: FBT001
    class Inside:
        if outer:

            @nb.node
            @staticmethod
            def double(x: int) -> int:
                return 2 * x
        else:

            @staticmethod
            @nb.node
            def double(x: int) -> int:
                return 2 * x

    assert outputs(Inside.double, x=4) == (8,)


def test_a_closure_is_keyed_by_what_it_closes_over() -> None:
    def make(factor: int) -> Any:
        @nb.node
        def times(x: int) -> int:
            return x * factor

        return times

    make(2)
    graph = nb.Graph()
    handle = graph.add("times", x=3)
    graph.run()
    make(5)
    assert graph.run().executed == ("1",)
    assert handle.outputs == (15,)
    make(5)
    assert graph.run().executed == ()


async def later(n: int = 3) -> AsyncIterator[int]:
    for i in range(n):
        await asyncio.sleep(0)
        yield i * 10


def now(n: int = 3) -> Iterator[int]:
    yield from (i * 10 for i in range(n))


def returning(n: int = 3) -> Generator[int, None, str]:
    yield from range(n)
    return "end"


@pytest.mark.parametrize(
    ("function", "port", "result"), [(later, "INT", 20), (now, "INT", 20), (returning, "STRING", "end")]
)
def test_each_yield_is_a_preview(session: Session, function: Any, port: str, result: Any) -> None:
    shown: list[Any] = []
    session.stream.subscribe(
        lambda event: shown.append(event.picture) if isinstance(event, events.NodePreview) else None
    )
    assert outputs(nb.node(function)) == (result,)
    assert len(shown) == 3
    assert session.library.get(function.__name__).outputs[0].port == port


def test_a_generator_that_gives_nothing_says_so() -> None:
    for function in (now, later):
        graph = nb.Graph()
        graph.add(nb.node(function), n=0)
        run = graph.run()
        assert run.errors["1"].kind == "OutputError"


def test_an_async_generator_is_cancelled_where_it_waits(session: Session) -> None:
    closed: list[bool] = []
    shown = Event()
    session.stream.subscribe(lambda event: shown.set() if isinstance(event, events.NodePreview) else None)

    @nb.node
    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0.01)
        finally:
            closed.append(True)

    graph = nb.Graph()
    graph.add(endless)
    job = graph.queue()
    assert shown.wait(30)
    job.cancel()
    assert job.result(30).outcome == "cancelled"
    assert closed == [True]


def test_other_choices_keep_the_value_and_report_it() -> None:
    @nb.node
    def pick(mode: Literal["soft", "hard"] = "soft") -> str:
        return mode

    graph = nb.Graph()
    handle = graph.add(pick, mode="hard")
    graph.run().check()

    @nb.node(name="pick")
    def pick_again(mode: Literal["soft", "wild"] = "soft") -> str:
        return mode

    problem = graph.problems[0]
    assert (problem.node, problem.input, problem.code) == ("1", "mode", "bad_value")
    assert "soft, wild" in problem.message
    assert handle.node.values["mode"] == "hard"
    nb.node(pick.function)
    assert graph.problems == []
    assert graph.run().executed == ()


def test_a_function_of_another_module_takes_a_name_and_says_so(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    def in_module(name: str, source: str) -> None:
        exec(compile(source, name, "exec"), {"nb": nb, "__name__": name})  # noqa: S102 -- a module

    source = "@nb.node\ndef soften(x: int) -> int:\n    return x + {}"
    in_module("mine_a", source.format(1))
    in_module("mine_a", source.format(3))  # it was loaded again
    in_module("__main__", source.format(4))  # what a notebook defines is meant
    in_module("mine_a", source.format(5))
    assert outputs("soften", x=1) == (6,)
    assert caplog.text == ""
    in_module("mine_b", source.format(2))
    assert outputs("soften", x=1) == (3,)
    assert "soften of the module mine_b takes the place of the node of that name of the module mine_a" in caplog.text
    assert '@nb.node(name="mine_b.soften")' in caplog.text
    assert session.library.get("soften").function(1) == 3
