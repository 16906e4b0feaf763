"""The notebook that a new user opens first, driven by hand."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.editor import Editor

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import Lab

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EDITOR_CELL = 7
TIME = re.compile(r"\d+(\.\d+)? (ms|s)$")
WATCH = """
started = []
nb.session().stream.subscribe(
    lambda event: started.append(event.node) if type(event).__name__ == "NodeStarted" else None
)
"""


@pytest.fixture
def quickstart(lab: Lab) -> Lab:
    shutil.copytree(NOTEBOOKS, lab.folder, ignore=shutil.ignore_patterns("output", ".ipynb_checkpoints", "*.json"))
    lab.open_file("quickstart.ipynb")
    return lab


def open_editor(lab: Lab) -> Editor:
    """Run the cells up to the editor."""
    for cell in range(EDITOR_CELL + 1):
        lab.run_cell(cell)
    lab.execute(WATCH)
    return Editor(lab, EDITOR_CELL)


def test_all_nodes_run_and_an_edit_repeats_only_what_it_must(quickstart: Lab) -> None:
    lab = quickstart
    editor = open_editor(lab)
    expect(editor.nodes).to_have_count(10)
    everything = set(editor.document())
    assert set(editor.states().values()) == {"idle"}

    editor.run()
    editor.expect_run("done")
    assert set(editor.states().values()) == {"done"}
    for node in everything:
        expect(editor.node(node).locator(".nb-badge")).to_have_text(TIME)
    assert set(lab.evaluate("started")) == everything
    first = lab.folder / "output" / "portrait_00001_.png"
    assert first.stat().st_size > 10_000

    # A value that is typed in.
    blend, save, blur = editor.id_of("ImageBlend"), editor.id_of("SaveImage"), editor.id_of("Background blur")
    for node in (blend, save, blur):
        editor.expect_painted(node)
    before = {node: editor.pixels(node) for node in (blend, save, blur)}
    shown = editor.expect_painted(save)
    expect_only(editor, {blend, save}, everything, lambda: editor.type_number(blend, "blend_factor", "0.9"))
    editor.expect_value(blend, "blend_factor", 0.9)
    editor.expect_painted(save, newer_than=shown)
    assert editor.pixels(blend) != before[blend]
    assert editor.pixels(save) != before[save]
    assert editor.pixels(blur) == before[blur]
    assert (lab.folder / "output" / "portrait_00002_.png").read_bytes() != first.read_bytes()

    # A value that is scrubbed.
    before[save], shown = editor.pixels(save), editor.expect_painted(save)
    below = {blur, editor.id_of("ImageCompositeMasked"), blend, save}
    expect_only(editor, below, everything, lambda: editor.scrub(blur, "blur_radius", 24))
    radius = editor.value(blur, "blur_radius")
    assert isinstance(radius, int)
    assert 10 <= radius <= 31
    expect(editor.input(blur, "blur_radius").locator("[role=spinbutton]")).to_have_attribute(
        "aria-valuenow", str(radius)
    )
    editor.expect_painted(save, newer_than=shown)
    assert editor.pixels(save) != before[save]


def expect_only(editor: Editor, changed: set[str], everything: set[str], edit: Callable[[], None]) -> None:
    """Edit, run, and see that just these nodes ran, in the kernel and on the page."""
    editor.lab.execute("started.clear()")
    edit()
    editor.lab.expect_value("bool(g.plan().steps)", expected=True)
    editor.run()
    editor.lab.expect_value("sorted(set(started))", sorted(changed))
    editor.expect_run("done")
    wanted = {node: "done" if node in changed else "cached" for node in everything}
    editor.wait(lambda: editor.states() == wanted, f"the states {wanted}, not {editor.states()}")


def test_all_cells_run_and_the_saved_picture_brings_the_graph_back(quickstart: Lab) -> None:
    quickstart.run_all()
    opened = Editor(quickstart, 19, graph="nb.open(saved.images[0].filename)")
    expect(opened.nodes).to_have_count(10)
    assert len(opened.document()) == 10
    assert quickstart.evaluate("len(g)") == 10
    saved = quickstart.folder / "output"
    assert sorted(path.name for path in saved.glob("*.png")) == [f"portrait_{number:05}_.png" for number in (1, 2, 3)]
