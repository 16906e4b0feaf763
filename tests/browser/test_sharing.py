"""A saved notebook is enough: what is seen of it without a kernel, after a restart, elsewhere, and as a web page."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import expect

from nodebook.notebook.saved.stored import GRAPH_MIME, stored_graph
from tests.browser.conftest import SCREENSHOTS
from tests.browser.editor import Editor

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator

    from tests.browser.lab import Lab

ROOT = Path(__file__).resolve().parent.parent.parent
BLUE = (0x33, 0x66, 0x99)
BUILD = """import nodebook as nb
g = nb.Graph("portrait")
picture = g.add("EmptyImage", width=64, height=48, color=0x336699)
blur = g.add("ImageBlur", image=picture, blur_radius=3)
shown = g.add("PreviewImage", images=blur)
g.add("PrimitiveInt", value=2**63 - 1)"""  # which a page would round
OPEN = """import nodebook as nb
g = nb.Graph("portrait")"""
# What JupyterLab's widget manager says where an editor's kernel is gone.
NO_MODEL = r"widget model not found|reading 'kernel'[\s\S]*jupyterlab-manager"


def static(lab: Lab, cell: int = 1) -> Locator:
    return lab.output(cell).locator(".nb-static img")


def kept(lab: Lab, cell: int = 1) -> list[dict[str, Any]]:
    """Return the bundles that the saved notebook holds of a cell."""
    return [output["data"] for output in lab.read_notebook()["cells"][cell]["outputs"]]


def pixels_like(part: Locator, color: tuple[int, int, int]) -> int:
    """Count the pixels of a part of the page that are of about this colour."""
    picture = Image.open(io.BytesIO(part.screenshot())).convert("RGB")
    return sum(
        count
        for count, found in picture.getcolors(picture.width * picture.height) or []
        if isinstance(found, tuple) and all(abs(one - other) < 12 for one, other in zip(found, color, strict=True))
    )


def expect_picture(lab: Lab, cell: int = 1) -> None:
    """Only the static picture is seen: whole, as wide as it should be, with the results in it."""
    picture = static(lab, cell)
    expect(picture).to_be_visible()
    expect(lab.output(cell).locator(".nb-editor")).to_have_count(0)
    expect(lab.output(cell).get_by_text("Error displaying widget")).to_be_hidden()
    assert lab.output(cell).inner_text().strip() == "Nodes of this graph"
    size = picture.evaluate("(img) => [img.complete, img.naturalWidth, img.naturalHeight, img.clientWidth]")
    assert size[0]
    assert size[1] > 600
    assert size[2] > 200
    assert size[3] == min(size[1], lab.output(cell).locator(".nb-static").evaluate("(div) => div.clientWidth"))
    picture.scroll_into_view_if_needed()
    seen = 0
    for _ in range(50):  # a browser paints the pictures inside an SVG some time after it calls it complete
        seen = pixels_like(picture, BLUE)
        if seen > 10_000:
            break
        lab.page.wait_for_timeout(100)
    assert seen > 10_000  # pictures of the results


def close_notebook(lab: Lab, *, shut_down: bool) -> None:
    lab.save()
    if shut_down:
        lab.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    lab.page.evaluate("() => jupyterapp.shell.currentWidget.close()")
    lab.page.wait_for_function("() => !jupyterapp.shell.currentWidget?.sessionContext")
    lab._drop_probe()


def open_without_kernel(lab: Lab, name: str) -> None:
    """Open a notebook as who chooses "No Kernel" does."""
    path = (lab.folder / name).relative_to(lab.server.root).as_posix()
    kernel = {"shouldStart": False, "canStart": True, "autoStartDefault": False}
    lab.command("docmanager:open", path=path, factory="Notebook", kernelPreference=kernel)
    lab.page.wait_for_function(
        """() => {
          const panel = jupyterapp.shell.currentWidget;
          return panel?.context?.isReady && panel.content.widgets.length;
        }"""
    )
    assert lab.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel ?? null") is None


def run_in_editor(lab: Lab, cell: int = 1) -> Editor:
    editor = Editor(lab, cell)
    editor.part("nb-run").click()
    editor.expect_run("done")
    return editor


def save_when_kept(lab: Lab, color: int) -> None:
    """Save once the output holds the document with this colour, and pictures of results.

    Two at least: a result that is quick to make is not kept on disk, and may have none in a run that needs it no more.
    """
    lab.page.wait_for_function(
        """([mime, color]) => {
          const outputs = jupyterapp.shell.currentWidget.model.cells.get(1).outputs.toJSON();
          const document = ({ data }) => JSON.parse(data?.[mime]?.document.join('') ?? 'null');
          return outputs.some((output) => document(output)?.nodes['1'].values.color === color
            && atob(output.data['text/html'].match(/base64,([^"]*)/)[1]).split('<image ').length > 2);
        }""",
        arg=[GRAPH_MIME, color],
    )
    lab.save()


def test_what_is_done_in_the_editor_is_in_the_notebook_soon(lab: Lab) -> None:
    lab.open([BUILD, "g"])
    lab.run_all()
    editor = run_in_editor(lab)
    editor.root.evaluate("(root) => { root.marked = true }")
    expect(static(lab)).to_be_hidden()
    field = editor.node("1").locator("[data-input=color] input.nb-text")
    field.fill("#669933")
    field.press("Enter")
    editor.expect_value("1", "color", 0x669933)
    save_when_kept(lab, 0x669933)
    editor.part("nb-undo").click()
    editor.expect_value("1", "color", 0x336699)
    save_when_kept(lab, 0x336699)
    assert editor.root.evaluate("(root) => root.marked"), "the editor was drawn anew"
    expect(static(lab)).to_be_hidden()
    (view, stored) = kept(lab)
    assert view.keys() == {"application/vnd.jupyter.widget-view+json"}
    assert stored.keys() == {"text/plain", "text/html", GRAPH_MIME}
    assert stored_graph(stored[GRAPH_MIME]).document == lab.evaluate("__import__('json').loads(g.to_json())")
    assert "widgets" not in lab.read_notebook()["metadata"]


def test_a_saved_notebook_shows_the_graph_without_a_kernel_and_after_a_restart(lab: Lab) -> None:
    lab.allowed_errors.append(NO_MODEL)
    lab.open([BUILD, "g"])
    lab.run_all()
    run_in_editor(lab)
    save_when_kept(lab, 0x336699)
    close_notebook(lab, shut_down=True)
    open_without_kernel(lab, "test.ipynb")
    expect_picture(lab)
    lab.screenshot("sharing-without-kernel")

    close_notebook(lab, shut_down=False)
    lab.open_file("test.ipynb")  # with a kernel that has run nothing yet
    expect_picture(lab)
    lab.set_theme("dark")
    dark = Image.open(io.BytesIO(static(lab).screenshot())).convert("L").resize((1, 1))
    lab.screenshot("sharing-after-restart-dark")
    lab.set_theme("light")
    assert sum(dark.tobytes()) < 100, "the picture does not follow the theme"

    before = kept(lab)[1][GRAPH_MIME]
    lab.run_all()
    editor = Editor(lab, 1)
    expect(static(lab)).to_be_hidden()
    lab.execute("r = g.run()")
    assert lab.evaluate("[list(r.executed), len(r.cached)]") == [["3"], 2]  # from the disk cache, but for what shows it
    assert editor.expect_painted("3") > 0
    save_when_kept(lab, 0x336699)
    after = kept(lab)[1][GRAPH_MIME]
    assert (after["document"], after["saved"]) == (before["document"], before["saved"])  # nothing new for git


def test_a_restart_in_the_page_leaves_the_picture_once_it_is_reloaded(lab: Lab) -> None:
    lab.allowed_errors.append(NO_MODEL)
    lab.open([BUILD, "g"])
    lab.run_all()
    run_in_editor(lab)
    save_when_kept(lab, 0x336699)
    lab.restart_kernel()
    lab.reload()
    expect_picture(lab)


def test_a_notebook_from_elsewhere_shows_its_picture_and_brings_the_graph_back(lab: Lab) -> None:
    lab.allowed_errors.append(NO_MODEL)
    lab.open([BUILD, "g"])
    lab.run_all()
    run_in_editor(lab)
    save_when_kept(lab, 0x336699)
    document = lab.evaluate("__import__('json').loads(g.to_json())")
    close_notebook(lab, shut_down=True)
    notebook = lab.read_notebook()
    notebook["cells"][0]["source"] = (
        OPEN  # no code builds it: what comes back comes from the notebook; no signature fits
    )
    elsewhere = lab.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "moved.ipynb").write_text(json.dumps(notebook))

    lab.open_file("elsewhere/moved.ipynb")
    expect_picture(lab)  # although nobody trusts it yet
    lab.run_all()
    editor = Editor(lab, 1)
    expect(static(lab)).to_be_hidden()
    assert lab.evaluate("__import__('json').loads(g.to_json())") == document
    expect(editor.root.locator(".nb-notice")).to_contain_text("it was taken from its copy in moved.ipynb")
    lab.expect_value("(nb.session().folder / 'portrait.nodebook.json').exists()", expected=True)


def test_a_conflict_stays_on_the_editor_until_it_is_dismissed(lab: Lab) -> None:
    lab.open([BUILD, "g"])
    lab.run_all()
    run_in_editor(lab)
    save_when_kept(lab, 0x336699)
    close_notebook(lab, shut_down=True)
    notebook = lab.read_notebook()
    value = notebook["cells"][1]["outputs"][1]["data"][GRAPH_MIME]
    value["document"] = "\n".join(value["document"]).replace(str(0x336699), str(0xFF0000))
    value["history"] = []
    lab.notebook_path.write_text(json.dumps(notebook))
    lab.open_file("test.ipynb")
    lab.run_all()
    editor = Editor(lab, 1)
    expect(editor.root.locator(".nb-notice[data-level=error]")).to_contain_text("changed apart")
    assert lab.evaluate("g['1'].inputs['color'] if hasattr(g['1'], 'inputs') else 0") in (0x336699, 0)
    (conflict,) = lab.folder.glob("portrait.conflict-*.nodebook.json")
    assert json.loads(conflict.read_text())["nodes"]["1"]["values"]["color"] == 0xFF0000
    lab.screenshot("sharing-conflict")
    lab.allowed_errors.append(NO_MODEL)


def test_a_front_end_that_saves_widget_state_gets_it_whole_and_small(lab: Lab) -> None:
    lab.allowed_errors.append(NO_MODEL)
    lab.open([BUILD, "g"])
    lab.run_all()
    run_in_editor(lab)
    save = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
    lab.command(save)
    try:
        save_when_kept(lab, 0x336699)
        metadata = lab.read_notebook()["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]
        assert metadata.keys() >= {"state", "version_major", "version_minor"}
        assert {each["model_name"] for each in metadata["state"].values()} == {"AnyModel", "LayoutModel"}
        assert len(json.dumps(metadata)) < 8000
        nbformat.validate(nbformat.read(lab.notebook_path, as_version=4))
        assert "nodebook-editor" not in lab.notebook_path.read_text()
        close_notebook(lab, shut_down=True)
        open_without_kernel(lab, "test.ipynb")
        expect(static(lab)).to_be_visible()
        lab.save()  # a save without a kernel keeps all that is needed
        assert stored_graph(kept(lab)[1][GRAPH_MIME]).document["nodes"].keys() == {"1", "2", "3", "4"}
    finally:
        lab.command(save)


@pytest.mark.parametrize("executed", [True, False])
def test_as_a_web_page_without_scripts_the_picture_is_there(
    browser_context: BrowserContext,
    tmp_path: Path,
    executed: bool,  # noqa: FBT001 - pytest's way
) -> None:
    """``nbconvert --execute``, and nbconvert of a notebook that was executed before."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(ROOT / "notebooks" / "sharing_tour.ipynb", folder)
    convert = [sys.executable, "-m", "nbconvert", "sharing_tour.ipynb"]
    if not executed:
        _run([*convert, "--execute", "--to", "notebook", "--inplace"], folder)
    _run([*convert, "--to", "html", *(["--execute"] if executed else [])], folder)
    browser = browser_context.browser
    assert browser is not None
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 1200, "height": 900}, device_scale_factor=2
    )
    try:
        page = context.new_page()
        outside: list[str] = []
        page.on("request", lambda request: outside.append(request.url))
        page.goto((folder / "sharing_tour.html").as_uri())
        picture = page.locator(".nb-static img").first
        expect(picture).to_be_visible()
        box = picture.bounding_box()
        assert box is not None
        assert 600 < box["width"] <= 1000
        assert box["height"] > 250
        assert pixels_like(picture, BLUE) > 20_000
        assert page.locator(".nb-static img").count() >= 1
        assert page.get_by_text("Error displaying widget").count() == 0
        picture.screenshot(path=SCREENSHOTS / "sharing-nbconvert.png")
        summary = page.locator(".nb-static summary").first
        summary.click()  # the list of nodes opens without scripts too
        expect(page.locator(".nb-static li").first).to_be_visible()
    finally:
        context.close()


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
