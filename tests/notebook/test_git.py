"""Notebooks and graphs in git: shown readably, by a real git in a real repository."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nodebook as nb
from nodebook import cli
from nodebook.notebook.errors import GitError
from nodebook.notebook.git.setup import set_up, undo
from nodebook.notebook.git.textconv import file_text
from nodebook.notebook.saved.stored import GRAPH_MIME

ROOT = Path(__file__).resolve().parents[2]
Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """A repository in a folder with a space, with no configuration around it."""
    folder = tmp_path / "a repo"
    folder.mkdir()
    monkeypatch.chdir(folder)
    home = tmp_path / "home"
    home.mkdir()
    settings = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)

    def run(*words: str) -> str:
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=False, cwd=folder)  # noqa: S607
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("init", "-q")
    return run


def portrait() -> nb.Graph:
    g = nb.Graph()
    photo = g.add("LoadImage", image="a.png")
    g.add("SaveImage", images=g.add("ImageBlur", image=photo.image, sigma=2.0))
    return g


def notebook(g: nb.Graph, source: str, output: str = "noise") -> str:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": output},
        {"output_type": "display_data", "metadata": {}, "data": {GRAPH_MIME: {"document": json.loads(g.to_json())}}},
    ]
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Title\n", "words"]},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": source, "outputs": outputs, "execution_count": 3},
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}, indent=1)


def test_git_shows_a_notebook_as_its_sources_and_its_graphs_as_code(git: Git) -> None:
    said = set_up(Path.cwd())
    assert [each.split(": ")[-1] for each in said[:2]] == [
        "add *.ipynb diff=nodebook",
        "add *.nodebook.json diff=nodebook",
    ]
    path = Path("portrait.ipynb")
    g = portrait()
    path.write_text(notebook(g, "g.run()", "one"), encoding="utf-8")
    git("add", ".")
    git("commit", "-qm", "one")
    g["Image Blur"].set(sigma=5.0)
    path.write_text(notebook(g, "g.run(seed=1)", "another output"), encoding="utf-8")
    changed = [line for line in git("diff").split("\n") if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    assert [line for line in changed if line] == [
        "-g.run()",
        "+g.run(seed=1)",
        '-    image_blur = g.add("ImageBlur", image=load_image.image, sigma=2.0)',
        '+    image_blur = g.add("ImageBlur", image=load_image.image, sigma=5.0)',
    ]


def test_git_says_it_in_the_words_of_graphs(git: Git) -> None:
    set_up(Path.cwd(), semantic=True)
    path = Path("a.nodebook.json")
    g = portrait()
    g.save(path)
    git("add", ".")
    git("commit", "-qm", "one")
    g["Image Blur"].set(sigma=5.0)
    g.save(path)
    assert git("diff").strip().split("\n") == [
        "--- a/a.nodebook.json",
        "+++ b/a.nodebook.json",
        "~ Image Blur (3)"
        if "3" in [each.id for each in g.nodes if each.title == "Image Blur"]
        else "~ Image Blur (2)",
        "    sigma: 2.0 → 5.0",
    ]
    path.write_text("<<<<<<< broken", encoding="utf-8")
    assert "+<<<<<<< broken" in git("diff")
    git("rm", "-qf", "--cached", str(path))
    assert "- Image Blur" in git("diff", "--cached")


def test_a_broken_notebook_is_shown_as_it_is(git: Git) -> None:
    set_up(Path.cwd())
    path = Path("broken.ipynb")
    path.write_text(notebook(portrait(), "x"), encoding="utf-8")
    git("add", ".")
    git("commit", "-qm", "one")
    for broken in (b"<<<<<<< HEAD\n{}\n=======\n>>>>>>> other\n", b"\xff\xfe\x00", b'{"cells": 5}', b"[" * 100_000):
        path.write_bytes(broken)
        text = file_text(path)
        assert text.startswith("# nodebook: this file is shown as it is, because")
        assert text.count("\n") >= 1
    path.write_bytes(b"<<<<<<< HEAD\n{}\n=======\n>>>>>>> other\n")
    shown = git("diff")
    assert "+# nodebook: this file is shown as it is, because it cannot be read" in shown
    assert "+>>>>>>> other" in shown


def test_a_broken_graph_leaves_the_rest_of_a_notebook(tmp_path: Path) -> None:
    data = json.loads(notebook(portrait(), "g.run()"))
    data["cells"][1]["outputs"].append({"data": {GRAPH_MIME: {"document": {"nodebook": 1, "nodes": 3}}}})
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(data), encoding="utf-8")
    text = file_text(path)
    assert "# %% [markdown]\n# Title\nwords\n" in text
    assert '(cannot be read: The document\'s "nodes" must be an object' in text
    assert 'save_image = g.add("SaveImage"' in text
    assert "noise" not in text


def test_git_setup_writes_nothing_twice_and_goes_back(git: Git) -> None:
    attributes = Path(".gitattributes")
    attributes.write_text("*.png binary\n", encoding="utf-8")
    assert len(set_up(Path.cwd(), dry=True)) == 4
    assert attributes.read_text(encoding="utf-8") == "*.png binary\n"
    assert len(set_up(Path.cwd())) == 4
    before = attributes.read_text(encoding="utf-8"), git("config", "--local", "--list")
    assert set_up(Path.cwd()) == ["Nothing to do: git is set up."]
    assert (attributes.read_text(encoding="utf-8"), git("config", "--local", "--list")) == before
    assert len(undo(Path.cwd())) == 2
    assert attributes.read_text(encoding="utf-8") == "*.png binary\n"
    assert "nodebook" not in git("config", "--local", "--list")
    assert undo(Path.cwd()) == ["Nothing to undo."]


def test_a_driver_of_another_tool_stays(git: Git) -> None:
    Path(".gitattributes").write_text("*.ipynb diff=jupyternotebook\n", encoding="utf-8")
    said = set_up(Path.cwd())
    assert "which stays" in said[0]
    assert "*.ipynb diff=jupyternotebook" in Path(".gitattributes").read_text(encoding="utf-8")
    assert git("check-attr", "diff", "a.ipynb").strip().endswith("jupyternotebook")


def test_for_all_repositories_of_a_user(git: Git, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["git-setup", "--global"]) == 0
    out = capfd.readouterr().out
    assert "git config --global diff.nodebook.textconv" in out
    assert git("check-attr", "diff", "a.ipynb").strip().endswith("nodebook")
    assert not Path(".gitattributes").exists()
    assert cli.main(["git-setup", "--global", "--undo"]) == 0
    assert git("check-attr", "diff", "a.ipynb").strip().endswith("unspecified")


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(GitError, match="in no git repository"):
        set_up(tmp_path)


def test_the_driver_takes_no_module_from_the_repository(git: Git) -> None:
    set_up(Path.cwd())
    for name in ("json", "nodebook", "argparse"):
        Path(f"{name}.py").write_text("raise SystemExit('taken over')", encoding="utf-8")
    Path("a.nodebook.json").write_text(portrait().to_json(), encoding="utf-8")
    git("add", "a.nodebook.json")
    assert '+load_image = g.add("LoadImage", image="a.png")' in git("diff", "--cached")


def test_the_command_diff(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    g = portrait()
    one, other = tmp_path / "a.nodebook.json", tmp_path / "b.json"
    g.save(one)
    assert cli.main(["diff", str(one), str(one)]) == 0
    assert capfd.readouterr().out == "No difference.\n"
    g["Image Blur"].set(sigma=5.0)
    other.write_text(json.dumps(nb.comfy.to_prompt(g)), encoding="utf-8")
    assert cli.main(["diff", str(one), str(other)]) == 1
    out = capfd.readouterr().out
    assert "sigma: 2.0 → 5.0" in out
    assert cli.main(["diff", "--json", str(one), str(one)]) == 0
    assert json.loads(capfd.readouterr().out)["is_empty"]
    assert cli.main(["diff", str(one), str(tmp_path / "absent.json")]) == cli.USAGE_EXIT
    assert "no file" in capfd.readouterr().err


def test_the_command_textconv_never_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.nodebook.json"
    path.write_text('{"nodebook": 1, "nodes": {"1": {"type": "X", "title": "\\ud83d"}}}', encoding="utf-8")
    assert cli.main(["textconv", str(path)]) == 0
    assert 'title="\\ud83d"' in capfd.readouterr().out
    assert cli.main(["textconv", str(tmp_path / "absent")]) == 0
    assert "cannot be read" in capfd.readouterr().out
    assert os.environ.get("NODEBOOK_CACHE_DIR")
