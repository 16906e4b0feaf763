"""``%%node``: a cell becomes a node with what it reads as inputs and what it makes as outputs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodebook as nb
from nodebook.engine import events
from nodebook.errors import NodeDefinitionError
from nodebook.notebook.cellcode import CellCode, read_cell
from nodebook.notebook.errors import CellNodeError, CellSyntaxError
from tests.notebook.shells import Cells, cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodebook.sessions import Session


@pytest.fixture
def cell(session: Session) -> Iterator[Cells]:  # noqa: ARG001 -- it must be there first
    with cells() as found:
        found("%load_ext nodebook\nimport nodebook as nb")
        yield found


def code(source: str) -> CellCode:
    return read_cell(source, "<cell>")


CASES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "one line": ("y = x + 1", ("x",), ("y",)),
    "read before it is made": ("x = x + 1", ("x",), ("x",)),
    "made before it is read": ("x = 1\ny = x", (), ("x", "y")),
    "augmented": ("total += x", ("total", "x"), ("total",)),
    "augmented after": ("total = 0\ntotal += x", ("x",), ("total",)),
    "in order of reading": ("a = z + b\nc = a + q", ("z", "b", "q"), ("a", "c")),
    "private": ("_t = x\ny = _t", ("x",), ("y",)),
    "loop variables": ("s = 0\nfor i in range(n):\n    s += i", ("range", "n"), ("s",)),
    "a loop over itself": ("for x in x:\n    y = x", ("x",), ("y",)),
    "a loop assigns": ("for i in xs:\n    last = i\ny = last", ("xs",), ("last", "y")),
    "one branch": ("if a:\n    y = 1\nz = y", ("a", "y"), ("y", "z")),
    "both branches": ("if a:\n    y = 1\nelse:\n    y = 2\nz = y", ("a",), ("y", "z")),
    "a branch that ends": ("if a:\n    raise ValueError\nelse:\n    y = 2\nz = y", ("a", "ValueError"), ("y", "z")),
    "tried": ("try:\n    y = f(x)\nexcept E as e:\n    y = e\nz = y", ("f", "x", "E"), ("y", "z")),
    "with": ("with open(p) as f:\n    t = f.read()", ("open", "p"), ("t",)),
    "imports": ("import numpy as np\nfrom math import sin\ny = np.sum(sin(x))", ("x",), ("y",)),
    "a function": ("def f(a):\n    return a + k\ny = f(x)", ("k", "x"), ("y",)),
    "a class": ("class A:\n    v = w\ny = A()", ("w",), ("y",)),
    "a default": ("def f(a=d):\n    return a\ny = f()", ("d",), ("y",)),
    "a lambda": ("y = sorted(xs, key=lambda v: v + k)", ("sorted", "xs", "k"), ("y",)),
    "a comprehension": ("y = [v + k for v in xs if v]", ("k", "xs"), ("y",)),
    "a comprehension over its own name": ("y = [x for x in x]", ("x",), ("y",)),
    "a walrus": ("if (n := len(xs)) > 1:\n    y = n", ("len", "xs"), ("y",)),
    "unpacking": ("a, (b, *c) = t", ("t",), ("a", "b", "c")),
    "chained": ("a = b = c", ("c",), ("a", "b")),
    "an item": ("d[k] = v", ("v", "d", "k"), ()),
    "an attribute": ("o.a = v", ("o", "v"), ()),
    "annotated": ("y: int = x\nz: float", ("x",), ("y",)),
    "deleted": ("t = x\ny = t\ndel t", ("x",), ("y",)),
    "match": (
        "match v:\n    case 1:\n        y = a\n    case [q]:\n        y = q\n    case _:\n        y = b",
        ("v", "a", "b"),
        ("y",),
    ),
    "an expression": ("f(x)", ("f", "x"), ("result",)),
    "an expression at the end of more": ("y = x\ny", ("x",), ("y",)),
    "an f-string": ("y = f'{a:>{w}}'", ("a", "w"), ("y",)),
    "text only at the top": ("'Say.'\ny = x", ("x",), ("y",)),
}  # fmt: skip


@pytest.mark.parametrize(("source", "reads", "makes"), CASES.values(), ids=CASES.keys())
def test_what_a_cell_reads_and_makes(source: str, reads: tuple[str, ...], makes: tuple[str, ...]) -> None:
    found = code(source)
    assert set(found.reads) == set(reads)
    assert found.makes == makes
    assert not found.is_async
    assert not found.is_generator


NAMES = st.sampled_from("abcd")
TERMS = st.one_of(st.integers(0, 9).map(str), NAMES)


@st.composite
def programs(draw: st.DrawFn, depth: int = 2) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["=", "+=", "if", "for", "del"] if depth else ["=", "+="]))
        if kind in ("=", "+="):
            lines.append(f"{draw(NAMES)} {kind} {draw(TERMS)} + {draw(TERMS)}")
        elif kind == "if":
            lines += [f"if {draw(TERMS)} > 4:", *_indented(draw(programs(depth - 1)))]
            if draw(st.booleans()):
                lines += ["else:", *_indented(draw(programs(depth - 1)))]
        elif kind == "for":
            lines += [f"for {draw(NAMES)} in range(1, 3):", *_indented(draw(programs(depth - 1)))]
    return lines or ["a = 1"]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


@given(programs(), st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_the_function_does_what_the_cell_does(lines: list[str], numbers: list[int]) -> None:
    source = "\n".join(lines)
    found = code(source)
    before = dict(zip("abcd", numbers, strict=True))
    as_cell: dict[str, Any] = dict(before)
    exec(source, as_cell)  # noqa: S102 -- what a notebook does
    module: dict[str, Any] = {}
    inputs = [name for name in found.reads if name in before]
    exec(found.function("f", inputs, found.makes), module)  # noqa: S102
    try:
        made = module["f"](**{name: before[name] for name in inputs})
    except UnboundLocalError as error:
        # Only what a branch that was not taken would have made: a cell has the variable of an earlier one there.
        missing = str(error)
    else:
        missing = ""
    if missing:
        assert any(f"'{name}'" in missing for name in found.makes)
        assert "if" in source
        return
    made = made if len(found.makes) > 1 else (made,)
    assert (
        dict(zip(found.makes, made, strict=True)) == {name: as_cell[name] for name in found.makes}
        if found.makes
        else True
    )


def test_a_cell_is_a_node(cell: Cells, session: Session) -> None:
    cell("import numpy as np\namount = 0.5\npicture = np.ones((2, 2))\ndef helper(x): return x * 2")
    shown = cell("%%node brighten --title 'Make bright'\n\nbright = helper(picture) * amount\n_hidden = 1")
    assert repr(shown) == "node brighten: picture (ARRAY), amount (FLOAT) = 0.5 → bright\n  part of its code: helper"
    node_type = session.library.get("brighten")
    assert (node_type.title, node_type.origin, node_type.is_output, node_type.is_portable) == (
        "Make bright", "notebook", False, True,
    )  # fmt: skip
    cell("@nb.node\ndef ones() -> np.ndarray: return np.ones((2, 2))")
    cell("g = nb.Graph(); h = g.add('brighten', picture=g.add(ones)); run = g.run().check()")
    assert cell("float(h.outputs[0].sum())") == 4.0
    assert cell("brighten(np.ones(3), .25).sum()") == 1.5  # given values it is a function
    assert cell("brighten(h, .25).node_id") == "3"


def test_running_the_cell_again_redefines_it_and_makes_exactly_what_follows_stale(cell: Cells) -> None:
    cell("n = 2\ndef helper(x): return x + 1")
    cell("%%node first\na = helper(n)")
    cell("%%node second\nb = a * 10")
    cell("%%node beside\nc = n")
    cell("g = nb.Graph(); f = g.add(first); s = g.add(second, a=f); t = g.add(beside)")
    assert cell("g.run().check().executed") == ("1", "2", "3")
    cell("%%node first\na = helper(n)  # the same\n")
    assert cell("g.run().executed") == ()
    cell("%%node first\na = helper(n) + 1")
    assert cell("g.run().executed") == ("1", "2")
    cell("def helper(x): return x - 1")
    assert cell("g.run().executed") == ("1", "2")
    assert cell("s.outputs") == (20,)


def test_links_and_values_stay_by_name_when_inputs_change(cell: Cells) -> None:
    cell("n = 2; m = 3")
    cell("%%node mix\nout = n + m")
    cell("g = nb.Graph(); h = g.add(mix, n=5, m=7)")
    cell("k = 1")
    cell("%%node mix\nout = n + k")
    (problem,) = cell("g.problems")
    assert (problem.input, problem.code, problem.severity) == ("m", "unknown_input", "warning")
    assert cell("h.node.values") == {"n": 5, "m": 7}
    assert cell("g.run().check() and h.outputs") == (6,)
    cell("%%node mix\nout = n + m")
    assert cell("g.problems") == []
    assert cell("g.run().check() and h.outputs") == (12,)


def test_options_choose_among_names(cell: Cells, session: Session) -> None:
    cell("a = 1; b = 2; c = [3]")
    cell("%%node chosen --inputs b --outputs y --category mine --output-node --no-cache\nx = a + b\ny = x + c[0]")
    node_type = session.library.get("chosen")
    assert [spec.name for spec in node_type.inputs] == ["b"]
    assert [spec.name for spec in node_type.outputs] == ["y"]
    assert (node_type.category, node_type.is_output, node_type.is_cached) == ("mine", True, False)
    cell("g = nb.Graph(); h = g.add(chosen); g.run().check()")
    assert cell("h.outputs") == (6,)
    before = node_type.own_code
    cell("c.append(4); c[0] = 5")
    session.library.refresh()
    assert session.library.get("chosen").own_code != before  # what is no input is part of its code


BAD: dict[str, tuple[str, type[Exception], str]] = {
    "an option": ("%%node keep --what\nx = 1", CellNodeError, r"arguments: --what\. usage: %%node \[name\]"),
    "quotes": ("%%node keep --title 'a\nx = 1", CellNodeError, "Close the quotes"),
    "an empty cell": ("%%node keep\n\n", CellNodeError, "The cell has no code"),
    "a comment alone": ("%%node keep\n# nothing\n", CellNodeError, "The cell has no code"),
    "syntax": ("%%node keep\nx = = 1", CellSyntaxError, "invalid syntax"),
    "an input not read": ("%%node keep --inputs q\nx = 1", CellNodeError, "names q, which the cell does not read"),
    "an input left out": ("%%node keep --inputs a\nx = x + a", CellNodeError, "reads x before it.*--inputs a,x"),
    "an output not made": ("%%node keep --outputs q\nx = 1", CellNodeError, "names q, which the cell does not make"),
    "a return": ("%%node keep\nx = 1\nreturn x", CellNodeError, "Line 3 returns"),
    "a global": ("%%node keep\nglobal x\nx = 1", CellNodeError, "Line 2 declares x global"),
    "await and yield": ("%%node keep\nawait a\nyield b", CellNodeError, "both await and yield"),
    "an annotation": ("%%node keep\nx: Nowhere = 1", CellNodeError, "annotation of x cannot be read: NameError"),
    "no name": ("%%node 3\nx = 1", CellNodeError, "'3' cannot be the name of a node.*such as %%node sharpen"),
    "star": ("%%node keep\nfrom math import *", CellSyntaxError, "import"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "kind", "words"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_leaves_the_node_as_it_was(
    cell: Cells, session: Session, source: str, kind: type[Exception], words: str
) -> None:
    cell("x = 5; a = 1; b = 2")
    cell("%%node keep\ny = x")
    before = session.library.get("keep")
    error = cell.error(source)
    assert type(error) is kind
    assert re.search(words, str(error))
    if (
        "keep" in source
        and kind is CellNodeError
        and "option" not in words
        and "quotes" not in words
        and "usage" not in words
    ):
        assert "The node keep stays as it was before." in str(getattr(error, "msg", error))
    assert session.library.get("keep") is before
    assert cell.names["keep"].type_name == "keep"


def test_a_variable_is_not_overwritten(cell: Cells) -> None:
    cell("photo = 5\ndef helper(): ...")
    assert "in the notebook already (of type int)" in str(cell.error("%%node photo\nx = 1"))
    assert "%%node make_helper" in str(cell.error("%%node helper\nx = 1"))
    assert cell.names["photo"] == 5


def test_a_built_in_node_keeps_its_name(cell: Cells) -> None:
    assert isinstance(cell.error("%%node ImageBlur\nx = 1"), NodeDefinitionError)
    assert "ImageBlur" not in cell.names


def test_a_failing_cell_shows_its_own_lines(cell: Cells) -> None:
    cell("%%node broken\n\nx = 1\ny = x / 0")
    cell("g = nb.Graph(); g.add(broken); run = g.run()")
    text = cell("run.errors['1'].traceback")
    assert "line 4, in broken" in text
    assert "y = x / 0" in text
    from nodebook.widget.tracebacks import name_cells

    assert re.search(r"Cell In\[\d+\], line 4", name_cells(text))


def test_await_and_yield(cell: Cells, session: Session) -> None:
    cell("n = 3")
    cell("%%node waiting\nimport asyncio\nawait asyncio.sleep(0)\ndone = n + 1")
    cell("%%node steps\nfor i in range(n):\n    yield i\ndone = n")
    shown: list[Any] = []
    session.stream.subscribe(
        lambda event: shown.append(event.picture) if isinstance(event, events.NodePreview) else None
    )
    cell("g = nb.Graph(); w = g.add(waiting); s = g.add(steps); g.run().check()")
    assert cell("(w.outputs, s.outputs)") == ((4,), (3,))
    assert shown == [0, 1, 2]
    assert session.library.get("waiting").lane == "async"


def test_shell_lines_and_magics_inside(cell: Cells) -> None:
    cell("%%node listing\n\nfiles = !echo one\nfirst = files[0]")
    cell("g = nb.Graph(); h = g.add(listing); g.run().check()")
    assert cell("h.first.value") == "one"


def test_types_come_from_annotations_and_from_what_the_names_have(cell: Cells, session: Session) -> None:
    cell("from PIL import Image\nphoto = Image.new('RGB', (4, 4), 'red'); flag = True; words = 'a'; half = None")
    cell("%%node turn\nturned: Image.Image = photo.rotate(90) if flag else photo\nphoto = turned")
    node_type = session.library.get("turn")
    assert [(spec.name, spec.port) for spec in node_type.inputs] == [("photo", "IMAGE"), ("flag", "BOOLEAN")]
    assert [(spec.name, spec.port) for spec in node_type.outputs] == [("turned", "IMAGE"), ("photo", "IMAGE")]
    cell("@nb.node\ndef red() -> Image.Image: return Image.new('RGB', (4, 2), 'red')")
    cell("g = nb.Graph(); h = g.add(turn, photo=g.add(red)); g.run().check()")
    assert cell("h.turned.value.size") == (4, 2)


def test_a_docstring_and_a_cell_without_outputs(cell: Cells, session: Session) -> None:
    cell("%%node said\n'Say something.'\nprint('hello')")
    node_type = session.library.get("said")
    assert (node_type.description, [each.name for each in node_type.outputs]) == ("Say something.", ["result"])
    cell("log = []")
    cell("%%node noted\nfor i in range(2):\n    log.append(i)")
    assert session.library.get("noted").is_output  # nothing can follow it


def test_a_saved_graph_works_again_after_the_cell_ran_in_a_new_kernel(session: Session, tmp_path: Any) -> None:
    source = "%%node grow\nbig = n * factor"
    with cells() as cell:
        cell("%load_ext nodebook\nimport nodebook as nb\nn = 2\nfactor = 3")
        cell(source)
        cell("g = nb.Graph(); h = g.add(grow, n=5); g.run().check()")
        key = cell("h.cache_key")
        cell.names["g"].save(tmp_path / "g.json")
    session.library._types.pop("grow")
    with cells() as cell:
        cell("%load_ext nodebook\nimport nodebook as nb\nn = 2\nfactor = 3")
        graph = nb.open(tmp_path / "g.json")
        assert graph.problems[0].code == "unknown_type"
        cell(source)
        assert graph.problems == []
        assert graph["1"].cache_key == key
        assert graph.run().executed == ()


# -- cells that define nodes in the other way --------------------------------------------------------------------------

OLD = "@nb.node\ndef tint(x: int = 1) -> int:\n    return x"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("@nb.node\ndef tint(x: int = 1) -> int:\n    return x +", "could not be read: tint stays as it was."),
        ("1 / 0\n" + OLD.replace("x\n", "x + 1\n"), "stopped before it was defined anew: tint stays as it was."),
        (
            "@nb.node\ndef tint(*x: int) -> int:\n    return x",
            "stopped before it was defined anew: tint stays as it was.",
        ),
        ("@nb.node(name='tint')\nasync def other(x: Nowhere) -> int:\n    return x", "tint stays as it was."),
    ],
)
def test_a_cell_that_fails_says_which_nodes_it_left(
    cell: Cells, capsys: pytest.CaptureFixture[str], source: str, words: str
) -> None:
    cell(OLD)
    cell("g = nb.Graph(); h = g.add(tint, x=4); g.run().check()")
    capsys.readouterr()
    cell.error(source)
    assert words in capsys.readouterr().err
    assert cell("g.run().check() and h.outputs") == (4,)


def test_a_cell_that_fails_after_a_definition_says_nothing_of_that(
    cell: Cells, capsys: pytest.CaptureFixture[str]
) -> None:
    cell(OLD)
    cell.error(OLD.replace("return x", "return x + 1") + "\n1 / 0")
    assert "tint" not in capsys.readouterr().err.replace("def tint", "")
    assert cell("tint(1)") == 2


def test_a_helper_that_a_cell_changes_is_seen_after_it(cell: Cells, session: Session) -> None:
    told: list[int] = []
    session.library.subscribe(lambda: told.append(1))
    cell("def helper(x): return x")
    cell("@nb.node\ndef uses(x: int = 1) -> int:\n    return helper(x)")
    cell("g = nb.Graph(); g.add(uses); g.run()")
    told.clear()
    cell("y = 1")
    assert told == []
    cell("def helper(x): return x + 1")
    assert told == [1]
