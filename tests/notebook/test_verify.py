"""Running a notebook again in a fresh process, and what it catches: each by really changing it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
import xxhash
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors import safe_open
from safetensors.torch import save_file

import nodebook as nb
from nodebook.models.folders import DATA
from nodebook.notebook.errors import LockError, NewerLockError, NoLockError, NotebookFileError
from nodebook.notebook.verifying.report import Report
from nodebook.notebook.verifying.verify import verify
from nodebook.sessions import Session
from tests.notebook.notebooks import START, held, save, write_notebook

TINT = """@nb.node
def tint(picture: nb.Image, amount: float = 0.5) -> nb.Image:
    return picture * amount
"""
LOAD = """g = nb.Graph()
source = g.add("LoadImage", image="photo.png")
shown = g.add("PreviewImage", images=tint(source.image))
g.run()
g"""
NOISE = """@nb.node
def noise(seed: int = 7) -> nb.Image:
    import torch
    return torch.rand(1, 32, 32, 3, generator=torch.Generator().manual_seed(seed))
"""
DRAW = """g = nb.Graph()
g.add(noise, seed=7)
g.run()
g"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "input" / "photo.png"
    path.parent.mkdir()
    _save_photo(path, 0)
    return path


def _save_photo(path: Path, shift: int) -> None:
    ramp = np.linspace(0, 200, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
    Image.fromarray(ramp + np.uint8(shift)).save(path)


def only(report: Report) -> Any:
    (graph,) = report.graphs
    return graph


def listing(folder: Path) -> dict[str, str]:
    """Return the digest of each file: of a model's bytes nobody wants to read how they differ."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): xxhash.xxh3_64_hexdigest(path.read_bytes()) for path in files}


def test_an_untouched_notebook_is_identical_and_nothing_is_written(photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.ipynb"
    write_notebook(path, [START, TINT, LOAD])
    before = listing(tmp_path)
    cells: list[tuple[int, int]] = []
    report = verify(path, on_cell=lambda number, count: cells.append((number, count)))
    assert cells == [(1, 3), (2, 3), (3, 3)]
    assert report.verdict == "identical", str(report)
    assert report.exit_code == 0
    assert only(report).differences == ()
    assert [(each.output, each.verdict) for each in only(report).results if each.is_target] == [("images", "identical")]
    assert listing(tmp_path) == before
    assert photo.exists()


def test_a_changed_source_is_caught(photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.ipynb"
    notebook = write_notebook(path, [START, TINT, LOAD])
    notebook["cells"][1]["source"] = TINT.replace("picture * amount", "picture * amount * 0.3")
    save(path, notebook)
    report = verify(path)
    assert (report.verdict, report.exit_code) == ("different", 1)
    (source,) = only(report).differences
    assert (source.kind, source.which, source.state) == ("source", "tint", "changed")
    assert photo.exists()


def test_a_source_that_gives_the_same_is_told_and_passes(photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.ipynb"
    notebook = write_notebook(path, [START, TINT, LOAD])
    notebook["cells"][1]["source"] = TINT.replace("picture * amount", "amount * picture")
    save(path, notebook)
    report = verify(path)
    assert (report.verdict, report.exit_code) == ("identical", 0)
    assert [each.kind for each in only(report).differences] == ["source"]
    assert photo.exists()


def test_a_deleted_input_is_missing_with_where_it_belongs(photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.ipynb"
    write_notebook(path, [START, TINT, LOAD])
    photo.unlink()
    report = verify(path)
    assert (report.verdict, report.exit_code) == ("missing", 2)
    (missing,) = only(report).missing
    assert (missing.kind, missing.which) == ("input", "photo.png (1.image)")
    assert str(photo.parent) in missing.advice
    assert "SHA-256" in missing.advice


def test_another_input_is_close_or_different(photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.ipynb"
    write_notebook(path, [START, TINT, LOAD])
    _save_photo(photo, 1)
    report = verify(path)
    (target,) = [each for each in only(report).results if each.is_target]
    assert (report.verdict, report.exit_code) == ("close", 0)
    assert target.distance is not None
    assert 0 < target.distance < 2
    assert [(each.kind, each.state) for each in only(report).differences] == [("input", "changed")]
    assert "as locked" in report._repr_html_()
    assert verify(path, tolerance=0).exit_code == 1


def test_another_seed_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "noise.ipynb"
    notebook = write_notebook(path, [START, NOISE, DRAW])
    notebook["cells"][2]["source"] = DRAW.replace("seed=7", "seed=8")
    save(path, notebook)
    report = verify(path)
    assert (report.verdict, report.exit_code) == ("different", 1)
    found = {each.kind: each for each in only(report).differences}
    assert (found["seed"].which, found["seed"].locked, found["seed"].now) == ("1.seed", "7", "8")


def test_another_variable_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "bound.ipynb"
    bound = """start = 7
g = nb.Graph()
g.add(noise, seed=nb.variable("start"))
g.run()
g"""
    notebook = write_notebook(path, [START, NOISE, bound])
    assert held(notebook)["lock"]["seeds"] == {"1.seed": 7}
    notebook["cells"][2]["source"] = bound.replace("start = 7", "start = 8")
    save(path, notebook)
    report = verify(path)
    assert (report.verdict, report.exit_code) == ("different", 1)
    found = {each.kind: each for each in only(report).differences}
    assert found["variable"].which == "start"
    assert (found["seed"].locked, found["seed"].now) == ("7", "8")


def test_another_package_version_is_told(tmp_path: Path) -> None:
    path = tmp_path / "noise.ipynb"
    notebook = write_notebook(path, [START, NOISE, DRAW])
    held(notebook)["lock"]["packages"].update(torch="1.0.0", sparkle="2.1")
    save(path, notebook)
    report = verify(path)
    assert report.verdict == "identical"
    changed, missing = sorted(only(report).differences, key=lambda each: each.state)
    assert (changed.kind, changed.which, changed.locked) == ("package", "torch", "1.0.0")
    assert changed.now == torch.__version__
    assert (missing.which, missing.state, missing.advice) == ("sparkle", "missing", "pip install 'sparkle==2.1'")


MODEL = """g = nb.Graph("painted")
model, clip, vae = g.add("CheckpointLoaderSimple", ckpt_name="own.safetensors")
good = g.add("CLIPTextEncode", clip=clip, text="a red circle on a blue background")
bad = g.add("CLIPTextEncode", clip=clip, text="")
empty = g.add("EmptyLatentImage", width=64, height=64)
drawn = g.add("KSampler", model=model, positive=good, negative=bad, latent_image=empty, seed=7, steps=2, cfg=4.0)
g.add("SaveImage", images=g.add("VAEDecode", samples=drawn, vae=vae))
g.run().check()
g"""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_changed_and_a_missing_model_are_caught_and_the_same_one_gives_the_same_bits(tmp_path: Path) -> None:
    model = tmp_path / "models" / "checkpoints" / "own.safetensors"
    model.parent.mkdir(parents=True)
    demo = DATA / "checkpoints" / "nodebook-demo.safetensors"
    model.write_bytes(demo.read_bytes())
    path = tmp_path / "painted.ipynb"
    # Sums are made in another order by another number of threads: the fresh process must take as many.
    before_threads = torch.get_num_threads()
    torch.set_num_threads(before_threads + 1)
    try:
        write_notebook(path, [START, MODEL])
    finally:
        torch.set_num_threads(before_threads)
    before = listing(tmp_path)
    report = verify(path)
    assert report.verdict == "identical", str(report)
    assert only(report).differences == ()
    assert listing(tmp_path) == before  # no second picture, no other graph beside the notebook

    with safe_open(demo, framework="pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 -- it is no mapping
        metadata = file.metadata()
    painted = next(name for name in weights if "decoder.conv_out.bias" in name)
    save_file({**weights, painted: weights[painted] + 0.2}, model, metadata)
    report = verify(path)
    assert (report.verdict, report.exit_code) == ("different", 1), str(report)
    (changed,) = only(report).differences
    assert (changed.kind, changed.which, changed.state) == ("model", "own.safetensors (1.ckpt_name)", "changed")

    model.unlink()
    report = verify(path)
    assert (report.verdict, report.exit_code) == ("missing", 2)
    (missing,) = only(report).missing
    assert str(model.parent) in missing.advice
    assert "SHA-256" in missing.advice


def test_a_cell_that_raises_is_told_and_the_rest_compared(tmp_path: Path) -> None:
    path = tmp_path / "noise.ipynb"
    notebook = write_notebook(path, [START, NOISE, DRAW])
    notebook["cells"].insert(1, {"cell_type": "code", "id": "bad", "source": "1 / 0", "outputs": [], "metadata": {}})
    save(path, notebook)
    report = verify(path)
    assert report.cell_errors == ("cell 2: ZeroDivisionError: division by zero",)
    assert only(report).verdict == "identical"
    assert report.exit_code == 2
    assert json.loads(json.dumps(report.to_json()))["graphs"][0]["verdict"] == "identical"


def test_a_notebook_that_verifies_itself_comes_to_an_end(tmp_path: Path) -> None:
    path = tmp_path / "noise.ipynb"
    notebook = write_notebook(path, [START, NOISE, DRAW])
    again = {"cell_type": "code", "id": "again", "source": f"nb.verify({str(path)!r})", "outputs": [], "metadata": {}}
    notebook["cells"].append(again)
    save(path, notebook)
    report = verify(path)
    assert "being verified right now" in report.cell_errors[0]
    assert (only(report).verdict, report.exit_code) == ("identical", 2)
    again["metadata"] = {"tags": ["raises-exception"]}
    save(path, notebook)
    assert verify(path).exit_code == 0


def test_what_a_cell_shows_can_be_asked_for_while_verified(tmp_path: Path) -> None:
    path = tmp_path / "noise.ipynb"
    notebook = write_notebook(path, [START, NOISE, DRAW])
    source = 'assert "application/vnd.nodebook.graph+json" in g._repr_mimebundle_()[0]'
    notebook["cells"].append({"cell_type": "code", "id": "asks", "source": source, "outputs": [], "metadata": {}})
    save(path, notebook)
    report = verify(path)
    assert (report.cell_errors, only(report).verdict, report.exit_code) == ((), "identical", 0)


def test_a_graph_that_is_not_shown_any_more_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "noise.ipynb"
    notebook = write_notebook(path, [START, NOISE, DRAW])
    notebook["cells"][2]["source"] = "pass"
    save(path, notebook)
    report = verify(path)
    assert (only(report).verdict, report.exit_code) == ("missing", 2)
    assert "not shown again" in str(report)


def test_a_graph_that_only_the_editor_ran_is_run(tmp_path: Path) -> None:
    path = tmp_path / "hand.ipynb"
    built = 'g = nb.Graph("hand")\ng.add("EmptyImage", width=8, height=8, color=255)\ng.run()\ng'
    notebook = write_notebook(path, [START, built], apart=True)
    notebook["cells"][1]["source"] = 'g = nb.Graph("hand")\ng'  # the graph comes back from the notebook
    save(path, notebook)
    assert verify(path).verdict == "identical"


def test_a_cell_without_end_is_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "noise.ipynb"
    notebook = write_notebook(path, [START, NOISE, DRAW])
    notebook["cells"][1]["source"] = "import time\nwhile True: time.sleep(0.1)"
    save(path, notebook)
    report = verify(path, timeout_s=6)
    assert len(report.cell_errors) == 1
    assert "--timeout" in report.cell_errors[0]
    assert report.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", "no notebook that can be run"),
        ('{"worksheets": []}', "older format"),
        ('{\n<<<<<<< HEAD\n"cells": []\n=======\n>>>>>>> b\n}', r"unfinished git merge \(at line 2\)"),
    ],
)
def test_what_is_no_notebook_says_so(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    with pytest.raises(NotebookFileError, match=message):
        verify(path)
    with pytest.raises(NotebookFileError, match="There is no file"):
        verify(tmp_path / "b.ipynb")


def test_locks_that_cannot_be_compared_say_so(tmp_path: Path) -> None:
    path = tmp_path / "noise.ipynb"
    notebook = write_notebook(path, [START, NOISE, DRAW])
    stored = held(notebook)
    lock = stored["lock"]
    with pytest.raises(NoLockError, match=r"no graph 'other'. Its graphs are: graph of cell cell2"):
        verify(path, graph="other")
    stored["lock"] = {**lock, "lock": 2}
    save(path, notebook)
    with pytest.raises(NewerLockError, match=r"graph of cell cell2: The lock has version 2"):
        verify(path)
    stored["lock"] = {**lock, "seeds": {"1.seed": "seven"}}
    save(path, notebook)
    with pytest.raises(LockError, match=r"at seeds\.1\.seed: input should be a valid integer, got 'seven'"):
        verify(path)
    stored["lock"] = None
    save(path, notebook)
    with pytest.raises(NoLockError, match="without a lock"):
        verify(path)
    notebook["cells"][2]["outputs"] = []
    save(path, notebook)
    with pytest.raises(NoLockError, match="holds no graph in its outputs"):
        verify(path)


def test_a_graph_of_built_in_nodes_is_run_in_a_fresh_process(session: Session) -> None:
    g = nb.Graph(own_session=session)
    g.add("ImageInvert", image=g.add("EmptyImage", width=8, height=8, color=255))
    g.run()
    report = nb.verify(g)
    assert (report.verdict, report.where) == ("identical", "a fresh process")


def test_a_graph_of_functions_is_run_here_with_nothing_kept(session: Session) -> None:
    calls = []

    @nb.node
    def half(value: float = 1.0) -> float:
        calls.append(value)
        return value / 2

    g = nb.Graph(own_session=session)
    g.add(half)
    g.run()
    report = nb.verify(g)
    assert (report.verdict, report.where) == ("identical", "this process, with an empty cache")
    assert len(calls) == 2


def test_what_has_no_content_is_compared_by_its_kind(session: Session) -> None:
    g = nb.Graph(own_session=session)
    g.run(g.add("CheckpointLoaderSimple", ckpt_name="nodebook-demo.safetensors"))
    report = nb.verify(g)
    assert report.verdict == "identical"
    assert "only its kind" in str(report)


def test_methods_and_objects_that_are_called_are_run_here(session: Session) -> None:
    class Scale:
        def __init__(self, by: float) -> None:
            self.by = by

        def scaled(self, value: float = 1.0) -> float:
            return value * self.by

    g = nb.Graph(own_session=session)
    g.add(nb.node(Scale(3.0).scaled))
    g.run().check()
    report = nb.verify(g)
    assert (report.verdict, report.where) == ("identical", "this process, with an empty cache")


def test_a_run_that_failed_has_nothing_to_compare(session: Session) -> None:
    @nb.node
    def fails() -> float:
        raise ValueError("no")

    g = nb.Graph(own_session=session)
    g.add(fails)
    g.run()
    report = nb.verify(g)
    assert (report.verdict, report.exit_code) == ("missing", 2)
    assert "no results of what the run was for" in str(report)


def test_a_graph_that_publishes_leaves_the_notebook_alone_when_verified(session: Session) -> None:
    names: dict[str, Any] = {"side": 8}
    session.variables.namespace = names
    g = nb.Graph(own_session=session)
    made = g.add("EmptyImage", width=nb.variable("side"), height=8)
    g.add("Publish", value=made, name="made")
    g.run().check()
    names["made"] = "mine"
    report = nb.verify(g)
    assert (report.verdict, report.where) == ("identical", "this process, with an empty cache")
    assert only(report).differences == ()
    assert names == {"side": 8, "made": "mine"}


def test_a_graph_that_differs_from_run_to_run_says_why(session: Session) -> None:
    counted = iter(range(10))

    @nb.node(cache=False)
    def count() -> int:
        return next(counted)

    g = nb.Graph(own_session=session)
    g.add(count)
    g.run()
    report = nb.verify(g)
    assert report.verdict == "different"
    assert "it runs each time" in str(report)


def test_a_saved_picture_carries_its_lock_and_is_verified_by_itself(session: Session, tmp_path: Path) -> None:
    g = nb.Graph(own_session=session)
    picture = g.add("ImageInvert", image=g.add("EmptyImage", width=16, height=16, color=255))
    saved = g.add("SaveImage", images=picture)
    g.run().check()
    path = Path(saved.images[0].filename)
    assert nb.open(path).to_json() == g.to_json()
    lock = nb.read_lock(path)
    assert lock.packages["torch"] == torch.__version__
    assert (lock.targets, dict(lock.nodes), lock.outcome) == ((saved.id,), {}, None)
    assert lock.document == g.lock().document
    assert verify(path).verdict == "identical"
    assert [each.name for each in tmp_path.rglob("*.png")] == [path.name]

    nearly = Image.open(path)
    texts = PngInfo()
    for name in ("nodebook", "nodebook-lock"):
        texts.add_text(name, nearly.info[name])
    nearly.point([min(255, level + 1) for level in range(256)] * 3).save(path, pnginfo=texts)
    report = verify(path)
    assert (report.verdict, only(report).differences) == ("close", ())
    Image.new("RGB", (16, 16)).save(path)
    with pytest.raises(NoLockError, match="carries no lock"):
        verify(path)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_a_kernel_saves_is_verified_elsewhere_from_the_file_alone(tmp_path: Path) -> None:
    named = """g = nb.Graph("portrait")
n = g.add(noise, seed=2**60 + 1)
g.add("SaveImage", images=n)
g"""
    unnamed = "h = nb.Graph()\nh.add(noise)\nh.run()\nh"
    changed = "n.set(seed=2**60 + 3)\ng.run()"
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    made = new_notebook(cells=[new_code_cell(each) for each in (START, NOISE, named, unnamed, "g.run()", changed)])
    NotebookClient(made, resources={"metadata": {"path": str(home)}}).execute()
    path = away / "moved.ipynb"
    nbformat.write(made, path)
    report = verify(path)
    assert [(graph.verdict, graph.differences) for graph in report.graphs] == [("identical", ()), ("identical", ())]
    assert report.graphs[0].name == "portrait"
    assert [each.name for each in away.iterdir()] == ["moved.ipynb"]

    made.cells[-1].source = changed.replace("+ 3", "+ 4")
    nbformat.write(made, path)
    (seed,) = [each for each in verify(path, graph="portrait").graphs[0].differences if each.kind == "seed"]
    assert (seed.locked, seed.now) == (str(2**60 + 3), str(2**60 + 4))
