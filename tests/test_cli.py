"""The command ``nodebook``."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from nodebook.cli import COMMANDS, main
from tests.notebook.notebooks import START, save, write_notebook

ROOT = Path(__file__).resolve().parent.parent
DRAW = 'g = nb.Graph()\ng.add("EmptyImage", width=8, height=8, color=255)\ng.run()\ng'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "drawn.ipynb"
    write_notebook(path, [START, DRAW])
    return path


def test_a_notebook_is_verified_and_told_as_text_and_as_json(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(path)]) == 0
    assert "drawn.ipynb: identical, run again in a fresh process" in capfd.readouterr().out
    assert main(["verify", "--json", "--timeout", "60", "--tolerance", "0", str(path)]) == 0
    report = json.loads(capfd.readouterr().out)
    assert (report["verdict"], report["tolerance"], report["cell_errors"]) == ("identical", 0.0, [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verfiy", "a.ipynb"], "there is no command 'verfiy'. Did you mean 'verify'?"),
        (["sing"], "there is no command 'sing'. The commands are: "),
        (["verify"], "the following arguments are required: file"),
        (["verify", "a.ipynb", "--tolerance", "-1"], "a distance is a number from 0 up, got -1"),
        (["verify", "a.ipynb", "--timeout", "0"], "a time is a number of seconds above 0, got 0"),
        (["verify", "a.ipynb", "--tolerance", "much"], "invalid _distance value: 'much'"),
        (["verify", "a.ipynb", "b.ipynb"], "unrecognized arguments: b.ipynb"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 3
    assert message in capfd.readouterr().err


def test_files_that_cannot_be_verified_say_so_without_a_traceback(
    path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(path.parent / "none.ipynb")]) == 3
    assert "nodebook verify: There is no file" in capfd.readouterr().err
    assert main(["verify", str(path), "--graph", "portrait"]) == 3
    assert "holds no graph 'portrait'" in capfd.readouterr().err
    save(path, {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    assert main(["verify", str(path)]) == 3
    assert "holds no graph in its outputs" in capfd.readouterr().err


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom nodebook.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print('HEAVY', {'torch', 'numpy', 'PIL', 'IPython', 'jupyter_client', 'pydantic'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert all(command.name in done.stdout for command in COMMANDS)
    assert "HEAVY set()" in done.stdout


def test_the_version_is_that_of_the_package(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capfd.readouterr().out == f"nodebook {version('nodebook')}\n"


def test_without_a_command_it_helps(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "verify" in capfd.readouterr().out


def test_the_package_itself_is_the_command_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nodebook", "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.startswith("nodebook ")
