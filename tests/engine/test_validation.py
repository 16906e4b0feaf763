"""A bad graph is a graph with problems: on node and input, with a next step, and the good rest runs."""

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from nodebook.engine.annotations import Hidden
from nodebook.engine.node import node
from nodebook.errors import NodebookError
from tests.engine.support import PLAIN, Laboratory, from_source, number, out


class Mode(enum.Enum):
    ADD = 1
    SUB = 2


class Picture:
    pass


@node
def bounded(value: Annotated[int, Field(ge=1, le=9)] = 5, mode: Literal["a", "b"] = "a") -> int:
    del mode
    return value


@node
def needs(value: int, picture: Picture) -> int:
    del picture
    return value


@node
def maybe(picture: Picture | None = None) -> int:
    return 0 if picture is None else 1


@node
def paint() -> Picture:
    return Picture()


@node
def swallow(a: int = 0) -> None:
    del a


@node
def collect(values: Any) -> list[Any]:
    return list(values)


@pytest.fixture
def lab() -> Laboratory:
    return Laboratory(*PLAIN, bounded, needs, maybe, paint, swallow, collect)


Build = Callable[[Laboratory], object]
CASES: dict[str, tuple[Build, list[tuple[str, str | None, str]], str]] = {
    "a value that is missing": (
        lambda lab: lab.add("needs", "1", picture=lab.add("paint", "2") and out("2", f"{__name__}.Picture")),
        [("1", "value", "missing_input")],
        r"Needs needs value: expected a value, got nothing; set it\.",
    ),
    "a link that is missing": (
        lambda lab: lab.add("needs", "1", value=1),
        [("1", "picture", "missing_input")],
        r"Needs needs picture: expected an output of type .*Picture, got nothing; connect one\.",
    ),
    "a value out of range": (
        lambda lab: lab.add("bounded", "1", value=12),
        [("1", "value", "bad_value")],
        r"Bounded\.value: input should be less than or equal to 9, got 12\. Choose a value from 1 to 9\.",
    ),
    "a value that is no choice": (
        lambda lab: lab.add("bounded", "1", mode="c"),
        [("1", "mode", "bad_value")],
        r"Bounded\.mode: .*'a' or 'b', got 'c'\. Choose one of a, b\.",
    ),
    "a value of a wrong type": (
        lambda lab: lab.add("number", "1", value="many"),
        [("1", "value", "bad_value")],
        r"Number\.value: .*valid integer.*got 'many'\. Set it to a value of type INT\.",
    ),
    "a value where only a link can be": (
        lambda lab: lab.add("needs", "1", value=1, picture="cat.png"),
        [("1", "picture", "needs_link")],
        r"Needs\.picture takes .*Picture from another node, not the value 'cat\.png'\. Connect",
    ),
    "a value where a link of any type can be": (
        lambda lab: lab.add("collect", "1", values=[1, 2]),
        [("1", "values", "needs_link")],
        r"Collect\.values takes what comes from another node, not the value \[1, 2\]\. Connect an output\.",
    ),
    "two things at once": (
        lambda lab: lab.add("bounded", "1", value=0, mode="z"),
        [("1", "value", "bad_value"), ("1", "mode", "bad_value")],
        "greater than or equal to 1, got 0",
    ),
    "a link between wrong types": (
        lambda lab: (lab.add("paint", "1"), lab.add("add", "2", a=out("1", f"{__name__}.Picture"))),
        [("2", "a", "bad_link")],
        r"Cannot connect Paint\..*Picture to Add\.a: .* does not fit INT",
    ),
    "a source that is not there": (
        lambda lab: lab.add("add", "1", a=out("9")),
        [("1", "a", "missing_source")],
        r"Add\.a is linked to node '9', which the graph does not have\. Connect it",
    ),
    "an output that is not there": (
        lambda lab: (lab.add("divide", "1"), lab.add("add", "2", a=out("1", "rest"))),
        [("2", "a", "missing_output")],
        r"Divide has no output 'rest'\. Its outputs are: quotient, remainder\.",
    ),
    "an output of a node that has none": (
        lambda lab: (lab.add("swallow", "1"), lab.add("add", "2", a=out("1", "x"))),
        [("2", "a", "missing_output")],
        r"Swallow has no output 'x'\. Its outputs are: none\.",
    ),
    "a type that is unknown": (
        lambda lab: lab.add("KSampler", "1", seed=1),
        [("1", None, "unknown_type")],
        r"There is no node type 'KSampler' here\. Its values and links are kept; define it or install",
    ),
    "a node that waits for itself": (
        lambda lab: lab.add("add", "1", a=out("1")),
        [("1", "a", "cycle")],
        r"waits for itself \(1 → 1\)\. Remove one of the links",
    ),
    "a cycle": (
        lambda lab: (lab.add("add", "1", b=out("2")), lab.add("add", "2", a=out("1"))),
        [("1", "b", "cycle"), ("2", "a", "cycle")],
        r"waits for itself \(1 → 2 → 1\)",
    ),
    "a cycle with a tail on both sides": (
        lambda lab: (
            lab.add("number", "1"),
            lab.add("add", "2", a=out("1"), b=out("3")),
            lab.add("add", "3", a=out("2")),
            lab.add("add", "4", a=out("3")),
        ),
        [("2", "b", "cycle"), ("3", "a", "cycle")],
        "waits for itself",
    ),
    "a tail that reads two nodes of a cycle": (
        lambda lab: (
            lab.add("add", "5", a=out("6"), b=out("7")),
            lab.add("add", "6", a=out("7")),
            lab.add("add", "7", a=out("8")),
            lab.add("add", "8", a=out("7")),
        ),
        [("7", "a", "cycle"), ("8", "a", "cycle")],
        "waits for itself",
    ),
    "two cycles that share a node": (
        lambda lab: (
            lab.add("add", "1", a=out("2"), b=out("3")),
            lab.add("add", "2", a=out("1")),
            lab.add("add", "3", b=out("1")),
        ),
        [("1", "a", "cycle"), ("2", "a", "cycle"), ("3", "b", "cycle")],
        "waits for itself",
    ),
    "a cycle inside a cycle": (
        lambda lab: (
            lab.add("add", "1", a=out("2"), b=out("3")),
            lab.add("add", "2", a=out("1")),
            lab.add("add", "3", b=out("2")),
        ),
        [("1", "a", "cycle"), ("2", "a", "cycle"), ("3", "b", "cycle")],
        "waits for itself",
    ),
}


@pytest.mark.parametrize(("build", "codes", "message"), CASES.values(), ids=CASES.keys())
def test_a_bad_graph_has_problems_on_node_and_input(
    lab: Laboratory, build: Build, codes: list[tuple[str, str | None, str]], message: str
) -> None:
    build(lab)
    assert lab.codes() == codes
    assert __import__("re").search(message, lab.problems[0].message)
    assert all(problem.severity == "error" for problem in lab.problems)


@pytest.mark.parametrize(("build", "codes", "message"), CASES.values(), ids=CASES.keys())
def test_a_run_of_a_bad_graph_reports_it_and_still_runs_the_good_rest(
    lab: Laboratory, build: Build, codes: list[tuple[str, str | None, str]], message: str
) -> None:
    del message
    build(lab)
    lab.add("number", "90", value=4)
    lab.add("add", "91", a=out("90"), b=1)
    run = lab.run()
    assert lab.output("91") == 5
    assert {"90", "91"} <= set(run.executed)
    assert run.outcome == "failed"
    assert set(run.errors) & {node_id for node_id, _, _ in codes}
    assert not {node_id for node_id, _, _ in codes} & set(run.executed)


def test_each_node_of_a_wanted_branch_names_the_one_that_blocks_it(lab: Laboratory) -> None:
    lab.add("bounded", "1", value=99)
    lab.add("add", "2", a=out("1"))
    lab.add("add", "3", a=out("2"))
    run = lab.run()
    assert run.executed == ()
    assert run.skipped == {"3": "1"}
    assert [(error.kind, error.input) for error in run.errors.values()] == [("bad_value", "value")]


def test_a_node_without_problems_is_not_cached_when_what_follows_is_blocked(lab: Laboratory) -> None:
    lab.add("number", "1")
    lab.add("add", "2", a=out("1"), b="many")
    run = lab.run()
    assert run.executed == ()
    assert run.cached == ()


def test_an_unknown_input_is_a_warning_and_the_node_runs(lab: Laboratory) -> None:
    lab.add("number", "1", value=3, colour="red")
    (problem,) = lab.problems
    assert (problem.node, problem.input, problem.code, problem.severity) == ("1", "colour", "unknown_input", "warning")
    assert "has no input 'colour'" in problem.message
    assert "Its inputs are: value" in problem.message
    assert lab.run().outcome == "done"
    assert lab.output("1") == 3


def test_an_unknown_input_does_not_count_for_the_result(lab: Laboratory) -> None:
    lab.add("number", "1", value=3)
    lab.run()
    lab.set("1", colour="red")
    assert lab.run().executed == ()


FIXES: dict[str, tuple[Build, Build]] = {
    "a value": (lambda lab: lab.add("bounded", "1", value=12), lambda lab: lab.set("1", value=3)),
    "back to the default": (lambda lab: lab.add("bounded", "1", value=12), lambda lab: lab.unset("1", "value")),
    "a link": (
        lambda lab: (lab.add("number", "2"), lab.add("add", "1", a=out("9"))),
        lambda lab: lab.set("1", a=out("2")),
    ),
    "the source that was missing": (
        lambda lab: lab.add("add", "1", a=out("9")),
        lambda lab: lab.add("number", "9", value=1),
    ),
    "the type that was missing": (
        lambda lab: lab.add("later", "1"),
        lambda lab: lab.define(node(name="later")(from_source("def f(a: int = 1) -> int: return a"))),
    ),
    "the type of the source that was missing": (
        lambda lab: (lab.add("later", "2"), lab.add("add", "1", a=out("2"))),
        lambda lab: lab.define(node(name="later")(from_source("def f(a: int = 1) -> int: return a"))),
    ),
    "one link of a cycle": (
        lambda lab: (lab.add("add", "1", a=out("2")), lab.add("add", "2", a=out("1"))),
        lambda lab: lab.cut("2", "a"),
    ),
    "a node of a cycle": (
        lambda lab: (lab.add("add", "1", a=out("2")), lab.add("add", "2", a=out("1"))),
        lambda lab: (lab.store.undo(), lab.add("number", "2")),
    ),
}


@pytest.mark.parametrize(("build", "mend"), FIXES.values(), ids=FIXES.keys())
def test_an_edit_that_mends_the_graph_ends_the_problem(lab: Laboratory, build: Build, mend: Build) -> None:
    build(lab)
    assert lab.problems
    mend(lab)
    assert lab.problems == []
    run = lab.run()
    assert run.outcome == "done"
    assert "1" in run.executed


def test_an_optional_link_may_be_given_as_nothing(lab: Laboratory) -> None:
    lab.add("maybe", "1", picture=None)
    assert lab.problems == []
    lab.run()
    assert lab.output("1") == 0


def test_a_value_under_a_link_is_not_looked_at(lab: Laboratory) -> None:
    lab.add("number", "1", value=2)
    lab.add("bounded", "2", value=99)
    assert lab.codes() == [("2", "value", "bad_value")]
    lab.set("2", value=out("1"))
    assert lab.problems == []
    lab.cut("2", "value")
    assert lab.codes() == [("2", "value", "bad_value")]


def test_a_linked_value_out_of_range_fails_the_node_on_that_input(lab: Laboratory) -> None:
    lab.add("number", "1", value=99)
    lab.add("bounded", "2", value=out("1"))
    error = lab.run().errors["2"]
    assert (error.kind, error.input) == ("ValueError", "value")
    assert "less than or equal to 9, got 99" in error.message


def test_a_linked_choice_arrives_as_the_member_that_the_function_declares() -> None:
    @node
    def choose() -> Mode:
        return Mode.SUB

    seen: list[Any] = []

    @node
    def take(mode: Mode = Mode.ADD) -> int:
        seen.append(mode)
        return mode.value

    lab = Laboratory(choose, take)
    lab.add("take", "1")
    lab.add("choose", "2")
    lab.add("take", "3", mode=out("2", "COMBO"))
    lab.add("take", "4", mode="SUB")
    assert lab.run().errors == {}
    assert seen == [Mode.ADD, Mode.SUB, Mode.SUB]


def test_a_large_ring_is_reported_in_a_few_words_per_node(lab: Laboratory) -> None:
    size = 3000
    for number_ in range(size):
        lab.add("add", str(number_), a=out(str((number_ + 1) % size)))
    assert len(lab.problems) == size
    assert sum(len(problem.message) for problem in lab.problems) < 1000 * size
    assert all((problem.code, problem.input) == ("cycle", "a") for problem in lab.problems)


HOOKS: dict[str, Exception] = {
    "a missing file": FileNotFoundError("no such picture: cat.png"),
    "a bad value": ValueError("cat.png is no picture"),
    "an own error": NodebookError("cat.png is no picture"),
    "a bug": KeyError("size"),
    "another bug": AttributeError("'NoneType' object has no attribute 'stat'"),
}


@pytest.mark.parametrize("error", HOOKS.values(), ids=HOOKS.keys())
def test_a_fingerprint_hook_that_raises_is_a_problem_on_the_input(error: Exception) -> None:
    def look(name: str) -> str:
        del name
        raise error

    @node(fingerprint=look)
    def load(name: str = "cat.png") -> str:
        return name

    lab = Laboratory(load, number)
    lab.add("load", "1")
    lab.add("number", "2")
    assert lab.codes() == [("1", "name", "bad_value")]
    assert lab.problems[0].message.startswith("Load: ")
    run = lab.run()
    assert run.executed == ("2",)
    assert run.errors["1"].input == "name"


def test_a_fingerprint_hook_that_returns_a_live_object_is_a_problem_of_the_node() -> None:
    @node(fingerprint=lambda name: object())  # noqa: ARG005 -- the hook gets the inputs by name
    def load(name: str = "") -> str:
        return name

    lab = Laboratory(load)
    lab.add("load", "1")
    assert lab.codes() == [("1", None, "bad_fingerprint")]


def test_a_changed_file_makes_the_node_and_what_follows_run_again(tmp_path: Path) -> None:
    file = tmp_path / "cat.txt"
    file.write_text("1")

    @node(fingerprint=lambda name: (tmp_path / name).read_text())
    def load(name: str = "cat.txt") -> int:
        return int((tmp_path / name).read_text())

    lab = Laboratory(*PLAIN, load)
    lab.add("load", "1")
    lab.add("add", "2", a=out("1"))
    lab.add("number", "3")
    assert set(lab.run().executed) == {"1", "2", "3"}
    assert lab.run().executed == ()
    file.write_text("5")
    assert lab.run().executed == ("1", "2")
    assert lab.output("2") == 5
    file.unlink()
    assert lab.run().errors["1"].input == "name"
    file.write_text("5")
    assert lab.run().executed == ()


def test_a_changed_file_counts_also_where_the_node_has_an_unknown_input(tmp_path: Path) -> None:
    file = tmp_path / "cat.txt"
    file.write_text("1")

    @node(fingerprint=lambda name: (tmp_path / name).read_text())
    def load(name: str = "cat.txt") -> int:
        return int((tmp_path / name).read_text())

    lab = Laboratory(load)
    lab.add("load", "1", upload="image")
    lab.run()
    file.write_text("5")
    lab.run()
    assert lab.output("1") == 5


def test_a_fingerprint_hook_of_a_linked_input_runs_the_node_each_time(tmp_path: Path) -> None:
    file = tmp_path / "cat.txt"
    file.write_text("1")

    @node
    def name() -> str:
        return "cat.txt"

    @node(fingerprint=lambda name: (tmp_path / name).read_text())
    def load(name: str = "x") -> int:
        return int((tmp_path / name).read_text())

    lab = Laboratory(name, load)
    lab.add("name", "1")
    lab.add("load", "2", name=out("1", "STRING"))
    lab.run()
    file.write_text("5")
    assert lab.run().executed == ("2",)
    assert lab.output("2") == 5


def test_hidden_inputs_can_be_neither_set_nor_linked() -> None:
    @node
    def secret(a: int = 1, where: Hidden[Path] = Path()) -> int:
        del where
        return a

    lab = Laboratory(secret, number)
    lab.add("number", "2")
    lab.add("secret", "1", where=out("2"))
    assert lab.codes() == [("1", "where", "unknown_input")]
