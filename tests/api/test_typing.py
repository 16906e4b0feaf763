"""What type checkers and completion see of node functions and graphs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nodebook as nb

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
from typing import Annotated

import PIL.Image
from pydantic import Field

import nodebook as nb


@nb.node
def tint(picture: PIL.Image.Image, amount: Annotated[float, Field(ge=0, le=1)] = 0.5) -> PIL.Image.Image:
    return picture


@nb.node(name="Twice", cache=False)
def twice(a: int) -> int:
    return 2 * a


photo = PIL.Image.new("RGB", (2, 2))
g = nb.Graph("portrait")
handle = g.add("LoadImage", image="a.png")
reveal_type(tint(photo, 0.3))  # 1
reveal_type(twice(3))  # 2
reveal_type(g.run(seed=1).executed)  # 3
reveal_type(handle.id)  # 4
reveal_type(g)  # 5
tint(handle.image, 0.3)
tint(photo, "much")  # 6
tint(photo, amout=0.3)  # 7
twice()  # 8
nb.node(nam="x")  # 9
"""
EXPECTED = {
    1: 'Revealed type is "PIL.Image.Image"',
    2: 'Revealed type is "int"',
    3: r'Revealed type is "tuple\[str, \.\.\.\]"',
    4: 'Revealed type is "str"',
    5: 'Revealed type is "nodebook.graph.Graph"',
    6: 'has incompatible type "str"; expected "float"',
    7: 'Unexpected keyword argument "amout"',
    8: 'Missing positional argument "a"',
    9: "No overload variant|Unexpected keyword argument",
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What mypy says of each numbered line."""
    folder = tmp_path_factory.mktemp("typing")
    (folder / "cell.py").write_text(PROGRAM)
    (folder / "mypy.ini").write_text(
        "[mypy]\nfollow_imports = silent\nignore_missing_imports = true\n"
        "[mypy-torch.*,numpy.*,traitlets.*,ipywidgets.*,anywidget.*]\nfollow_imports = skip\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--no-error-summary", "cell.py"],
        cwd=folder,
        env={"MYPYPATH": str(ROOT), "PATH": "", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    numbers = {
        line_number: int(line.rpartition("# ")[2])
        for line_number, line in enumerate(PROGRAM.splitlines(), 1)
        if line[-1:].isdigit() and "  # " in line
    }
    found: dict[int, str] = {}
    for line in done.stdout.splitlines():
        if line.startswith("cell.py:"):
            line_number = int(line.split(":")[1])
            number = numbers.get(line_number, -line_number)
            found[number] = found.get(number, "") + line.replace("builtins.", "")
    assert found, done.stdout + done.stderr
    return found


@pytest.mark.parametrize("number", EXPECTED)
def test_mypy_says_what_a_cell_needs_to_hear(said: dict[int, str], number: int) -> None:
    assert __import__("re").search(EXPECTED[number], said.get(number, "")), said


def test_mypy_says_nothing_else(said: dict[int, str]) -> None:
    assert set(said) == set(EXPECTED)


def test_a_node_function_keeps_name_docs_and_signature(session: object) -> None:
    del session

    @nb.node
    def tint(picture: int, amount: float = 0.5) -> int:
        """Mix."""
        return round(picture * amount)

    shown: Any = tint  # mypy knows no name of an object, help() and completion do
    assert (shown.__name__, shown.__doc__) == ("tint", "Mix.")
    assert list(inspect.signature(tint).parameters) == ["picture", "amount"]
