"""A JupyterLab page as a test sees it: cells in, outputs out, and the kernel beside it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

import nbformat

from tests.browser.kernel import KernelProbe

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import ConsoleMessage, Locator, Page

    from tests.browser.server import LabServer

_READY_TIMEOUT_MS = 60_000
_RUN_TIMEOUT_S = 60

# The page's own "idle" attribute comes too early: the kernel must be idle *and* connected, the document loaded.
_IS_READY = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  const session = panel?.sessionContext;
  const kernel = session?.session?.kernel;
  return !!(panel?.context?.isReady && session?.isReady && kernel?.status === 'idle'
            && kernel.connectionStatus === 'connected' && panel.content?.widgets?.length);
}"""

_RUN_CELL = """async ([index, wait, limit]) => {
  const app = window.jupyterapp;
  const notebook = app.shell.currentWidget.content;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  const done = app.commands.execute('notebook:run-cell');
  if (!wait) return null;
  const late = new Promise((_, reject) => setTimeout(
    () => reject(new Error(`cell ${index} still runs after ${limit} s`)), limit * 1000));
  await Promise.race([done, late]);
  return app.shell.currentWidget.model.cells.get(index).toJSON().outputs;
}"""

# Errors in the console that JupyterLab itself causes.
_NOT_OURS = [
    r"favicon",
    r"Could not restore the debugger state",  # after a restart of the kernel
    r"Failed to load resource.*(404|403)",  # checkpoints, workspaces and settings that do not exist yet
    r"WebSocket.*(closed|failed)",  # a kernel that restarts or a page that goes away
]


class CellError(AssertionError):
    """A cell ended with an error that the test did not expect."""


class Lab:
    """One page of JupyterLab. `page` is Playwright's, for everything that has no method here."""

    address = "lab/tree/"

    def __init__(self, server: LabServer, page: Page, name: str, screenshots: Path) -> None:
        self.server = server
        self.page = page
        self.folder = server.root / name
        self.errors: list[str] = []
        self.allowed_errors = list(_NOT_OURS)  # patterns; a test that provokes an error adds its own
        self._screenshots = screenshots
        self._probe: KernelProbe | None = None
        self._theme = "light"
        page.on("pageerror", lambda error: self.errors.append(f"{error.name}: {error.message}\n{error.stack}"))
        page.on("console", self._note)
        page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?" on a reload with unsaved changes

    # -- the notebook --------------------------------------------------------------------------------------------------

    def open(self, cells: list[str], name: str = "test.ipynb") -> None:
        """Write a notebook with these code cells into the test's folder and open it with a fresh kernel."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        self.folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, self.folder / name)
        self.open_file(name)

    def open_file(self, name: str) -> None:
        """Open a notebook that lies in the test's folder."""
        self.notebook_path = self.folder / name
        path = self.notebook_path.relative_to(self.server.root).as_posix()
        self.page.goto(f"{self.server.url}/{self.address}{path}?reset&token={self.server.token}")
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until the notebook is shown and its kernel is idle and connected."""
        self.page.wait_for_function(_IS_READY, timeout=_READY_TIMEOUT_MS)

    def run_cell(
        self, index: int, *, wait: bool = True, may_fail: bool = False, timeout_s: float = _RUN_TIMEOUT_S
    ) -> list[Any]:
        """Run a cell as a user does; return its outputs (nothing when not waiting)."""
        outputs: list[Any] | None = self.page.evaluate(_RUN_CELL, [index, wait, timeout_s])
        _raise_errors(index, [] if may_fail else outputs or [])
        return outputs or []

    def run_all(self) -> None:
        """Run all cells, one after the other."""
        for index in range(self.page.evaluate("() => jupyterapp.shell.currentWidget.model.cells.length")):
            self.run_cell(index)

    def add_cell(self, source: str) -> int:
        """Add a code cell at the end; return its index."""
        index: int = self.page.evaluate(
            """(source) => {
              const model = jupyterapp.shell.currentWidget.model;
              model.sharedModel.addCell({cell_type: 'code', source});
              return model.cells.length - 1;
            }""",
            source,
        )
        return index

    def rerun(self, index: int, source: str, *, wait: bool = True) -> None:
        """Replace what a cell says, and run it."""
        self.page.evaluate(
            """([index, source]) => {
              jupyterapp.shell.currentWidget.model.cells.get(index).sharedModel.setSource(source);
            }""",
            [index, source],
        )
        self.run_cell(index, wait=wait)

    def wait_idle(self, timeout_s: float = _RUN_TIMEOUT_S) -> None:
        """Wait until no cell runs or waits."""
        self.page.wait_for_function(
            """() => jupyterapp.shell.currentWidget.content.widgets.every(
              (cell) => cell.model.type !== 'code' || cell.model.executionState !== 'running')
              && jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'""",
            timeout=timeout_s * 1000,
        )

    def interrupt(self) -> None:
        """Interrupt the kernel, as the stop button does."""
        self.command("notebook:interrupt-kernel")

    def restart_kernel(self) -> None:
        """Restart the kernel without a question."""
        self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
        self.wait_ready()
        self._drop_probe()

    def save(self) -> None:
        """Save the notebook."""
        self.command("docmanager:save")

    def read_notebook(self) -> dict[str, Any]:
        """Return the notebook as it lies on disk."""
        notebook: dict[str, Any] = json.loads(self.notebook_path.read_text(encoding="utf-8"))
        return notebook

    def reload(self, *, save: bool = True, meanwhile: str | None = None) -> None:
        """Reload the page, as a user does; the kernel goes on, and runs `meanwhile` while there is no page."""
        if save:
            self.save()
        if meanwhile is None:
            self.page.reload()
        else:
            self._get_probe()
            address = self.page.url
            self.page.goto("about:blank")
            self.execute(meanwhile)
            self.page.goto(address)
        self.wait_ready()

    def command(self, name: str, **arguments: Any) -> None:
        """Execute one of JupyterLab's commands and wait for it."""
        self.page.evaluate("([name, args]) => jupyterapp.commands.execute(name, args)", [name, arguments])

    # -- what is seen --------------------------------------------------------------------------------------------------

    def cell(self, index: int) -> Locator:
        """Return a cell, scrolled to if it was far away (JupyterLab takes far cells off the page)."""
        self.page.evaluate("(index) => jupyterapp.shell.currentWidget.content.scrollToItem(index)", index)
        return self.page.locator(f".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell[data-windowed-list-index='{index}']")

    def output(self, index: int) -> Locator:
        """Return the output area of a cell."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def set_theme(self, theme: Literal["light", "dark"]) -> None:
        """Switch JupyterLab's theme."""
        self.command("apputils:change-theme", theme=f"JupyterLab {theme.capitalize()}")
        is_light = "true" if theme == "light" else "false"
        self.page.locator(f"body[data-jp-theme-light='{is_light}']").wait_for(state="attached")
        self._theme = theme

    def screenshot(self, name: str, of: Locator | None = None) -> Path:
        """Save a picture of the page, or of a part of it, as build/screenshots/<name>.png."""
        path = self._screenshots / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if of is None:
            self.page.screenshot(path=path)
        else:
            of.screenshot(path=path)
        return path

    # -- the kernel ----------------------------------------------------------------------------------------------------

    def evaluate(self, expression: str, *, main_thread: bool = False) -> Any:
        """Return the value of a Python expression in the notebook's namespace, also while a cell runs.

        For looking, not for editing: it runs on a thread of its own (a subshell). An edit whose thread matters belongs
        into a cell, or here with `main_thread=True`.
        """
        return self._get_probe().evaluate(expression, main_thread=main_thread)

    def execute(self, code: str, *, main_thread: bool = False) -> None:
        """Run Python statements in the notebook's namespace, without a cell."""
        self._get_probe().execute(code, main_thread=main_thread)

    def expect_value(self, expression: str, expected: object, timeout_s: float = 10) -> None:
        """Wait until a Python expression has this value."""
        value = self.evaluate(expression)
        waited_ms = 0.0
        while value != expected and waited_ms < timeout_s * 1000:
            self.page.wait_for_timeout(50)  # not time.sleep: the page's events must be handled
            waited_ms += 50
            value = self.evaluate(expression)
        assert value == expected, f"{expression} is still {value!r} after {timeout_s} s"

    # -- the end -------------------------------------------------------------------------------------------------------

    def expect_no_errors(self) -> None:
        """Fail if the page raised or logged an error that the test did not allow."""
        found = [
            error for error in self.errors if not any(re.search(pattern, error) for pattern in self.allowed_errors)
        ]
        assert not found, "the page reported errors:\n" + "\n".join(found)

    def close(self) -> None:
        """Close the page and shut the test's kernels down."""
        try:
            if self._theme != "light" and not self.page.is_closed():
                self.set_theme("light")  # the theme is a setting of the server that all tests share
        finally:
            self.leave()
            self.server.shut_down_kernels(self.folder.name)

    def leave(self) -> None:
        """Close the page; the test's kernels go on."""
        self._drop_probe()
        self.page.close()

    def _get_probe(self) -> KernelProbe:
        if self._probe is None:
            kernel = self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
            self._probe = KernelProbe(self.server.runtime / f"kernel-{kernel}.json")
        return self._probe

    def _drop_probe(self) -> None:
        probe, self._probe = self._probe, None
        if probe is not None:
            probe.close()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")


def _raise_errors(index: int, outputs: list[Any]) -> None:
    for output in outputs:
        if output["output_type"] == "error":
            raise CellError(f"cell {index}: {output['ename']}: {output['evalue']}\n" + "\n".join(output["traceback"]))
