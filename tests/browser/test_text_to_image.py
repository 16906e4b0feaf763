"""A picture from words, in the notebook that the README shows first, driven by hand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.editor import Editor

if TYPE_CHECKING:
    from tests.browser.lab import Lab

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EDITOR_CELL = 3
STEPS = 20
FIRST_RUN_S = 90
"""A cold kernel imports diffusers and transformers, which takes seconds, on a busy machine many."""
WATCH = """
from time import monotonic
events = []  # when, kind, node, value

def note(event):
    events.append((monotonic(), type(event).__name__, getattr(event, "node", None), getattr(event, "value", None)))

def started():
    return sorted({g[node].title for _, kind, node, _ in events if kind == "NodeStarted"})

nb.session().stream.subscribe(note)
"""


@pytest.fixture
def editor(lab: Lab) -> Editor:
    """The notebook, run up to the editor."""
    shutil.copytree(NOTEBOOKS, lab.folder, ignore=shutil.ignore_patterns("output", ".ipynb_checkpoints", "*.json"))
    lab.open_file("text_to_image.ipynb")
    for cell in range(EDITOR_CELL + 1):
        lab.run_cell(cell)
    lab.execute(WATCH)
    return Editor(lab, EDITOR_CELL)


def test_the_picture_forms_in_the_cell_and_only_what_changed_runs_again(editor: Editor) -> None:
    lab = editor.lab
    sampler, saved = editor.id_of("KSampler"), editor.id_of("Save Image")
    everything = ["Empty Latent Image", "KSampler", "Load Checkpoint", "Not this", "Prompt", "Save Image", "VAE Decode"]
    editor.run()
    editor.expect_state(sampler, "running", FIRST_RUN_S)
    pictures = watch(editor, sampler)
    editor.expect_run("done", FIRST_RUN_S)
    assert len(pictures) >= 5
    editor.expect_painted(saved)
    assert set(everything) <= set(lab.evaluate("started()"))
    steps = f"[value for _, kind, node, value in events if kind == 'NodeProgress' and node == {sampler!r}]"
    assert lab.evaluate(steps) == [*range(1, STEPS + 1)]

    # Another prompt: its text is encoded and a picture sampled, nothing is loaded.
    lab.execute("events.clear(); loaded = nb.pool.ledger()")
    prompt = lab.evaluate("g['prompt'].id")
    field = editor.input(prompt, "value").locator("textarea, input")
    field.fill("a green square on a white background")
    field.blur()
    editor.expect_value(prompt, "value", "a green square on a white background")
    editor.run()
    editor.expect_run("done")
    lab.expect_value("started()", sorted(["KSampler", "Prompt", "Save Image", "VAE Decode", "prompt"]))
    assert lab.evaluate("sorted(row.part for row in nb.pool.ledger().rows) == sorted(row.part for row in loaded.rows)")

    # Another file name: only saving.
    lab.execute("events.clear()")
    field = editor.input(saved, "filename_prefix").locator("input")
    field.fill("squares")
    field.press("Enter")
    editor.expect_value(saved, "filename_prefix", "squares")
    editor.run()
    lab.expect_value("started()", ["Save Image"])
    editor.expect_run("done")
    assert list((lab.folder / "output").glob("squares_*.png"))


def watch(editor: Editor, node: str) -> set[int]:
    """Return all different pictures that are seen on a node until the run ends."""
    seen = set()
    while editor.part("nb-run-state").get_attribute("data-state") in ("queued", "running"):
        if editor.picture(node).count():
            seen.add(editor.pixels(node))
        editor.page.wait_for_timeout(10)
    return seen


def test_cancel_stops_within_one_step(editor: Editor) -> None:
    lab = editor.lab
    sampler = editor.id_of("KSampler")
    lab.execute("g['KSampler'].set(steps=2000, scheduler='simple', sampler_name='euler')")
    editor.run()
    editor.expect_state(sampler, "running", FIRST_RUN_S)
    editor.expect_painted(sampler)
    lab.execute(
        "from nodebook.engine.cancel import CancelToken\n"
        "cancelled_at = []\n"
        "worker = nb.session().worker\n"
        "cancel = worker.cancel\n"
        "worker.cancel = lambda graph: (cancelled_at.append(monotonic()), cancel(graph))\n"
    )
    editor.cancel()
    editor.expect_run("cancelled")
    expect(editor.node(sampler).locator(".nb-badge")).to_have_text("Cancelled")
    after = "[value for at, kind, _, value in events if kind == 'NodeProgress' and at > cancelled_at[0]]"
    assert len(lab.evaluate(after)) <= 1
    # And nothing is broken: the next run goes to its end.
    lab.execute("worker.cancel = cancel; g['KSampler'].set(steps=4)")
    editor.run()
    editor.expect_run("done")
