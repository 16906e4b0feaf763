"""A saved notebook is enough: what is seen when it is opened without a kernel, after a restart, and run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from nodebook.notebook.stored import GRAPH_MIME
from tests.browser.editor import Editor

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.lab import Lab

CELLS = [
    """import nodebook as nb
g = nb.Graph("portrait")
picture = g.add("EmptyImage", width=64, height=48, color=0x336699)
blur = g.add("ImageBlur", image=picture, blur_radius=3)
shown = g.add("PreviewImage", images=blur)""",
    "g",
]


def outputs(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.read_notebook()["cells"][1]["outputs"]
    return found


def static(lab: Lab) -> Locator:
    return lab.output(1).locator(".nb-static img")


def test_experiment(lab: Lab) -> None:
    lab.open(CELLS)
    lab.run_all()
    editor = Editor(lab, 1)
    editor.part("nb-run").click()
    editor.expect_run("done")
    expect(static(lab)).to_be_hidden()
    lab.page.wait_for_timeout(1500)
    lab.save()
    for o in outputs(lab):
        print({k: len(str(v)) for k, v in o["data"].items()}, o["metadata"])
    print(lab.output(1).evaluate("e => e.outerHTML.replace(/base64,[^\"]*/g,'b64').slice(0,3000)"))
    lab.screenshot("share-live")
    lab.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    lab.page.wait_for_timeout(4000)
    print("after restart", static(lab).is_visible(), lab.output(1).inner_text())
    lab.screenshot("share-restart")
    # shut down, close, reopen without a kernel
    lab.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    path = lab.notebook_path.relative_to(lab.server.root).as_posix()
    lab.command("docmanager:save")
    lab.page.evaluate("() => jupyterapp.shell.currentWidget.close()")
    lab.page.wait_for_timeout(1000)
    lab.page.evaluate(
        """async (path) => { await jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook', kernel: {shouldStart: false, canStart: true, autoStartDefault: false}}) }""",
        path,
    )
    lab.page.wait_for_timeout(4000)
    print("no kernel", static(lab).is_visible(), lab.output(1).inner_text())
    lab.screenshot("share-nokernel")
    print(lab.output(1).evaluate("e => e.outerHTML.replace(/base64,[^\"]*/g,'b64').slice(0,3000)"))
    lab.open_file("test.ipynb")
    lab.page.wait_for_timeout(4000)
    print("fresh kernel", static(lab).is_visible(), lab.output(1).inner_text())
    print(lab.output(1).evaluate("e => e.outerHTML.replace(/base64,[^\"]*/g,'b64').slice(0,3000)"))
    lab.screenshot("share-fresh")
    # untrusted
    p = lab.notebook_path
    text = p.read_text().replace('"metadata": {', '"metadata": {"x": 1, ', 1)
    q = p.with_name("untrusted.ipynb")
    import json

    nb = json.loads(p.read_text())
    nb["cells"][0]["source"] = "# other\n"
    q.write_text(json.dumps(nb))
    lab.open_file("untrusted.ipynb")
    lab.page.wait_for_timeout(4000)
    print("untrusted", static(lab).is_visible(), lab.output(1).inner_text())
    print(lab.output(1).evaluate("e => e.outerHTML.replace(/base64,[^\"]*/g,'b64').slice(0,3000)"))
    lab.screenshot("share-untrusted")
