"""The harness itself: a plain anywidget in a real JupyterLab, without anything of nodebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import CellError
from tests.browser.server import ROOT

if TYPE_CHECKING:
    from tests.browser.lab import Lab

COUNTER = '''
import anywidget, traitlets

class Counter(anywidget.AnyWidget):
    _esm = """
    function render({ model, el }) {
      const button = document.createElement("button");
      button.className = "counter";
      const show = () => { button.textContent = `count ${model.get("value")}`; };
      button.addEventListener("click", () => { model.set("value", model.get("value") + 1); model.save_changes(); });
      model.on("change:value", show);
      show();
      el.append(button);
    }
    export default { render };
    """
    value = traitlets.Int(0).tag(sync=True)

counter = Counter()
counter
'''


def test_a_click_reaches_the_kernel_and_a_change_reaches_the_page(lab: Lab) -> None:
    lab.open([COUNTER, "counter.value = 41"])
    lab.run_cell(0)
    button = lab.output(0).locator("button.counter")
    button.click()
    lab.expect_value("counter.value", 1)
    lab.run_cell(1)
    button.get_by_text("count 41").wait_for()
    button.click()
    lab.expect_value("counter.value", 42)
    # What other tests test in this kernel is the tree that they stand in.
    lab.expect_value(
        "__import__('importlib.util').util.find_spec('nodebook').origin", str(ROOT / "nodebook/__init__.py")
    )


def test_the_kernel_is_asked_and_the_page_is_told_during_a_busy_cell(lab: Lab) -> None:
    # Not shown here: a click that reaches the kernel meanwhile. A plain widget's messages wait for the cell (ipykernel
    # 7.4 pins them to the thread that displayed it), and that is for nodebook's widget to cure.
    lab.open([COUNTER, "import time\nrelease = False\nwhile not release: time.sleep(0.01)\nprint('released')"])
    lab.run_cell(0)
    lab.run_cell(1, wait=False)
    lab.expect_value("release", expected=False)
    lab.execute("counter.value = 7")
    lab.output(0).get_by_text("count 7").wait_for()
    lab.execute("release = True")
    lab.wait_idle()
    lab.output(1).get_by_text("released").wait_for()


def test_reload_restart_and_interrupt(lab: Lab) -> None:
    lab.open(["x = 1", "import time; time.sleep(60)", "x"])
    lab.run_cell(0)
    lab.reload()
    assert lab.evaluate("x") == 1
    lab.run_cell(1, wait=False)
    lab.page.wait_for_function("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'")
    lab.interrupt()
    lab.wait_idle()
    assert lab.evaluate("{'x': x}") == {"x": 1}
    lab.restart_kernel()
    assert lab.evaluate("'x' in globals()") is False
    with pytest.raises(CellError, match="NameError"):
        lab.run_cell(2)


def test_a_saved_notebook_and_an_added_cell(lab: Lab) -> None:
    lab.open(["1 + 1"])
    lab.run_all()
    assert lab.run_cell(lab.add_cell("2 + 3"))[0]["data"] == {"text/plain": "5"}
    lab.save()
    assert [cell["outputs"][0]["data"]["text/plain"] for cell in lab.read_notebook()["cells"]] == [["2"], ["5"]]


def test_both_themes_and_a_screenshot(scratch: Lab) -> None:
    light = scratch.screenshot("harness-light")
    scratch.set_theme("dark")
    dark = scratch.screenshot("harness-dark", of=scratch.cell(0))
    scratch.set_theme("light")
    assert light.stat().st_size > 10_000
    assert dark.read_bytes()[:4] == b"\x89PNG"


def test_an_error_of_the_page_is_noticed(scratch: Lab) -> None:
    scratch.page.evaluate("() => { setTimeout(() => { throw new Error('made by the test'); }, 0); }")
    scratch.page.wait_for_timeout(100)
    with pytest.raises(AssertionError, match="made by the test"):
        scratch.expect_no_errors()
    scratch.errors.clear()
