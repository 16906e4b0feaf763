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
    # Seen by the page alone: every picture that its canvas was given, by the number that it carries.
    seen = set()
    editor.run()
    editor.expect_painted(sampler)
    while editor.part("nb-run-state").get_attribute("data-state") in ("queued", "running"):
        seen.add((editor.picture(sampler).get_attribute("data-seq"), editor.pixels(sampler)))
        editor.page.wait_for_timeout(10)
    editor.expect_run("done")
    assert len({pixels for _, pixels in seen}) >= 5
    editor.expect_painted(saved)
    assert lab.evaluate("started()") == [*everything[:5], *lab.evaluate("[g['prompt'].title]"), *everything[5:]] or (
        set(everything) <= set(lab.evaluate("started()"))
    )
    assert lab.evaluate("[value for _, kind, _, value in events if kind == 'NodeProgress'][-1]") == STEPS

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
    assert lab.evaluate("[row.name for row in nb.pool.ledger().rows] == [row.name for row in loaded.rows]")

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


def test_cancel_stops_within_one_step(editor: Editor) -> None:
    lab = editor.lab
    sampler = editor.id_of("KSampler")
    lab.execute("g['KSampler'].set(steps=2000, scheduler='simple', sampler_name='euler')")
    editor.run()
    editor.expect_state(sampler, "running")
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
