"""How far a run is, where no editor shows it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient

from nodebook.engine import context, events
from nodebook.engine.node import node
from nodebook.errors import InputValueError
from nodebook.graph import Graph
from nodebook.notebook import bars
from nodebook.notebook import progress as module
from nodebook.notebook.bars import Bar, line_of
from nodebook.notebook.progress import Following, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodebook.sessions import Session

ROOT = Path(__file__).resolve().parents[2]


class Sheet:
    """Takes down what is drawn."""

    def __init__(self) -> None:
        self.drawn: list[list[Bar]] = []
        self.ends: list[str] = []
        self.threads: set[int] = set()

    def show(self, bars: Sequence[Bar]) -> None:
        self.drawn.append(list(bars))
        self.threads.add(threading.get_ident())

    def end(self, summary: str) -> None:
        self.ends.append(summary)


@node(title="Slow")
def slow(value: float = 0.0, steps: int = 6, each_s: float = 0.05) -> float:
    for step in range(steps):
        time.sleep(each_s)
        context.progress(step + 1, steps)
    return value + 1


@node(title="Broken")
def broken(value: float) -> float:
    time.sleep(0.3)
    raise ValueError(f"no value like {value}")


@pytest.fixture
def graph(session: Session) -> Graph:
    session.library.define(slow)
    session.library.define(broken)
    return Graph(own_session=session)


@pytest.fixture
def sheet(monkeypatch: pytest.MonkeyPatch, session: Session) -> Sheet:
    """Show progress whatever runs the tests, and take it down; draw soon."""
    sheet = Sheet()
    monkeypatch.setattr(module, "QUIET_S", 0.15)
    monkeypatch.setattr(module, "INTERVAL_S", 0.02)
    monkeypatch.setattr(Progress.__init__, "__defaults__", (lambda: sheet,))
    session.progress = "on"
    return sheet


def chain(graph: Graph, length: int = 3) -> None:
    found: Any = graph.add(slow)
    for _ in range(length - 1):
        found = graph.add(slow, value=found)


def test_a_run_shows_its_nodes_and_the_steps_of_the_one_that_works(graph: Graph, sheet: Sheet) -> None:
    chain(graph)
    graph.run()
    runs = [bars[0] for bars in sheet.drawn]
    assert all(bar.total == 3 for bar in runs)
    assert [bar.done for bar in runs] == sorted(bar.done for bar in runs)
    assert runs[-1].done >= 1
    assert {bar.detail for bar in runs} <= {"Slow", ""}
    steps = [bars[1] for bars in sheet.drawn if len(bars) > 1]
    assert {bar.total for bar in steps} == {6}
    assert {bar.name for bar in steps} == {"  Slow"}
    assert any(bar.left_s is not None for bar in steps)
    assert len(sheet.ends) == 1
    assert re.fullmatch(r"Run \d+ done in .*: 3 executed, 0 cached", sheet.ends[0])


def test_only_the_thread_that_waits_draws(graph: Graph, sheet: Sheet) -> None:
    chain(graph)
    graph.run()
    assert sheet.threads == {threading.get_ident()}


@pytest.mark.parametrize("mode", ["off", "auto"])
def test_nothing_is_shown_where_it_is_off_or_has_no_place(graph: Graph, sheet: Sheet, mode: Any) -> None:
    graph.session.progress = mode  # the tests' own output is neither a cell nor a terminal
    chain(graph)
    graph.run()
    assert (sheet.drawn, sheet.ends) == ([], [])


def test_what_is_quick_or_cached_shows_nothing(graph: Graph, sheet: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    chain(graph)
    graph.run()
    monkeypatch.setattr(module, "QUIET_S", 20.0)  # quick also where the tests' machine is busy
    sheet.drawn.clear()
    sheet.ends.clear()
    graph.run()
    graph.add(slow, steps=1, each_s=0.0)
    graph.run()
    assert (sheet.drawn, sheet.ends) == ([], [])


def test_a_run_that_has_nothing_to_compute_has_no_bar(graph: Graph) -> None:
    chain(graph)
    job = graph.session.prepare(graph.store)
    following = Following(graph.store, graph.session)
    assert following.bars(job) == []
    following.on_event(events.RunQueued(job.number, graph.store.number))
    assert [bar.total for bar in following.bars(job)] == [None]
    following.on_event(events.RunStarted(job.number, graph.store.number, (), ("1",), ()))
    assert following.bars(job) == []
    following.on_event(events.RunStarted(job.number, graph.store.number, ("1",), (), ()))
    assert [bar.total for bar in following.bars(job)] == [1]


def test_a_run_that_fails_says_so_in_its_line(graph: Graph, sheet: Sheet) -> None:
    graph.add(broken, value=graph.add(slow, steps=1))
    graph.run()
    assert re.fullmatch(r"Run \d+ failed in .*: 1 executed, 0 cached, 1 failed", sheet.ends[0])


def test_a_run_that_waits_says_so(graph: Graph, sheet: Sheet) -> None:
    chain(graph, 2)
    other = Graph(own_session=graph.session)
    other.add(slow, value=5.0, steps=40)
    job = other.queue()
    graph.run()
    job.result()
    assert "waits for runs before it" in sheet.drawn[0][0].name
    assert sheet.drawn[0][0].total is None
    assert sheet.drawn[-1][0].total == 2


def test_top_level_await_shows_the_same(graph: Graph, sheet: Sheet) -> None:
    chain(graph)
    run = asyncio.run(graph.run_async())
    assert len(run.executed) == 3
    assert sheet.drawn
    assert len(sheet.ends) == 1


def test_a_cancelled_task_cancels_the_run_and_leaves_one_line(graph: Graph, sheet: Sheet) -> None:
    chain(graph, 5)

    async def impatient() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(graph.run_async(), 0.5)

    asyncio.run(impatient())
    assert len(sheet.ends) == 1
    assert sheet.ends[0].startswith("Run stopped after")
    until = time.monotonic() + 5
    while graph.session.worker.running and time.monotonic() < until:
        time.sleep(0.02)
    assert graph.store.last_run is not None
    assert graph.store.last_run.outcome == "cancelled"


def test_the_error_that_broke_a_run_is_the_one_that_is_raised(
    graph: Graph, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain(graph, 1)

    def late(*_args: Any, **_kwargs: Any) -> Any:
        time.sleep(0.3)
        raise TimeoutError("of the run itself")

    monkeypatch.setattr("nodebook.jobs.perform", late)
    with pytest.raises(TimeoutError, match="of the run itself"):
        graph.run()
    assert len(sheet.ends) <= 1


def test_listeners_are_gone_after_each_run(graph: Graph, sheet: Sheet) -> None:
    assert sheet.drawn == []
    before = len(graph.session.stream._listeners)
    chain(graph, 1)
    graph.run()
    with pytest.raises(TypeError):
        graph.run(no_such_input=1)
    assert len(graph.session.stream._listeners) == before


def test_a_sweep_has_one_bar_and_leaves_one_line(graph: Graph, sheet: Sheet) -> None:
    graph.add(slow, value=graph.input("value", 0.0))
    graph.sweep(value=[1.0, 2.0, 3.0])
    assert len(sheet.ends) == 1
    assert re.fullmatch(r"Sweep: 3 of 3 done in .*", sheet.ends[0])
    assert {bars[0].name for bars in sheet.drawn} == {"Sweep"}
    assert any(len(bars) > 1 for bars in sheet.drawn)


def test_another_word_is_refused_and_changes_nothing(session: Session) -> None:
    session.progress = "off"
    with pytest.raises(InputValueError, match=r"no progress mode 'loud'\. There are: auto, on, off"):
        session.progress = "loud"  # type: ignore[assignment]
    assert session.progress == "off"


@given(
    done=st.floats(0, 1e9),
    total=st.one_of(st.none(), st.floats(0, 1e9)),
    left=st.one_of(st.none(), st.floats(0, 1e7)),
    name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=100),
)
def test_a_line_is_one_line_whatever_a_node_reports(
    done: float, total: float | None, left: float | None, name: str
) -> None:
    line = line_of(Bar(name, done, total, 1.0, left, name))
    assert len(line.splitlines()) <= 1 or "\u2028" in name or "\u2029" in name
    assert len(line) <= 240


SCRIPT = """
import signal, time
import nodebook as nb

signal.signal(signal.SIGINT, signal.default_int_handler)  # what starts tests in the background may have switched it off

@nb.node
def slow(value: float = 0.0, steps: int = 10) -> float:
    for step in range(steps):
        time.sleep(0.1)
        nb.progress(step + 1, steps)
    return value + 1

g = nb.Graph()
slow(g.add(slow))
try:
    print(g.run())
except KeyboardInterrupt:
    print("INTERRUPTED")
"""


def in_terminal(script: Path, interrupt_after: bytes | None = None) -> str:
    """Run a script on a terminal of 80 columns, and return all that it wrote there."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "NODEBOOK_PROGRESS": "auto", "PYTHONPATH": str(ROOT)}
    environment["NODEBOOK_CACHE_DIR"] = str(script.parent / "cache")
    process = subprocess.Popen(
        [sys.executable, str(script)], stdin=slave, stdout=slave, stderr=slave, cwd=script.parent, env=environment
    )
    os.close(slave)
    written = b""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if select.select([master], [], [], 0.1)[0]:
            try:
                part = os.read(master, 4096)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            written += part
            if interrupt_after and interrupt_after in written:
                process.send_signal(signal.SIGINT)
                interrupt_after = None
    process.wait(10)
    os.close(master)
    return written.decode()


def screen_of(written: str) -> list[str]:
    """Return the lines of a terminal after all that was written."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[A|\r|\n|[^\r\n\x1b]+", written):
        if part == "\x1b[A":
            row = max(0, row - 1)
        elif part == "\r":
            column = 0
        elif part == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        else:
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in lines]


def test_a_terminal_is_clean_after_the_run(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    written = in_terminal(script)
    assert "Slow" in written
    assert "/10" in written
    lines = [line for line in screen_of(written) if line]
    assert len(lines) == 2, lines
    assert re.fullmatch(r"Run 1 done in .* s: 2 executed, 0 cached", lines[0])
    assert lines[1] == "Run done: 2 executed, 0 cached"


def test_interrupt_leaves_a_clean_line(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    lines = [line for line in screen_of(in_terminal(script, b"/10")) if line]
    assert len(lines) == 2, lines
    assert lines[0].startswith("Run stopped after")
    assert lines[1] == "INTERRUPTED"


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Interrupt as a terminal has it: what starts tests in the background may have switched it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_waits_until_all_is_drawn() -> None:
    drawn: list[str] = []

    def draw() -> None:
        with bars._uninterrupted():
            signal.raise_signal(signal.SIGINT)
            drawn.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        draw()
    assert drawn == ["the rest"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


NODE = """
import time
import nodebook as nb

@nb.node
def slow(value: float = 0.0) -> float:
    for step in range(10):
        time.sleep(0.1)
        nb.progress(step + 1, 10)
    return value

g = nb.Graph()
node = g.add(slow)
"""

NOTEBOOK = [
    NODE,
    "g.run()\nprint('after')",
    "g.run()\nprint('again')",
    "nb.session().progress = 'off'\nnode.set(value=2.0)\ng.run()\nprint('off')",
]


def test_a_notebook_that_runs_without_a_page_keeps_one_line_of_each_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODEBOOK_PROGRESS", "auto")
    monkeypatch.setenv("NODEBOOK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cells = [nbformat.v4.new_code_cell(each) for each in NOTEBOOK]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    kinds = [[each["output_type"] for each in cell["outputs"]] for cell in notebook["cells"][1:]]
    assert kinds == [["display_data", "stream"], ["stream"], ["stream"]]
    assert [each["outputs"][-1]["name"] for each in notebook["cells"][1:]] == ["stdout"] * 3, "nothing goes to stderr"
    line = notebook["cells"][1]["outputs"][0]["data"]["text/plain"]
    assert re.fullmatch(r"Run 1 done in .*: 1 executed, 0 cached", line)
