"""Runs a notebook again in a fresh process that leaves no trace: a kernel, an empty cache, a scratch folder.

The kernel runs this Python in the notebook's folder, so that files are found which the notebook names; what graphs
write (pictures, graphs, the queue) goes to the scratch folder, and cells that write files by themselves still do.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any, Self

from nodebook.disktier import FOLDER_VARIABLE
from nodebook.engine.files import check_name
from nodebook.engine.graphfile import ENDING
from nodebook.engine.origins import is_installed_file
from nodebook.errors import DocumentError
from nodebook.notebook.errors import RerunError
from nodebook.sessions import SCRATCH_VARIABLE

VERIFYING_VARIABLE = "NODEBOOK_VERIFYING"
"""Names the notebook that a process runs again, so that one which verifies itself comes to an end."""

START_S = 120.0
INTERRUPT_S = 30.0
_POLL_S = 1.0
_SHOWN_LINES = 3
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LATE = "It took longer than the time that was allowed (--timeout), and was interrupted."


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell that raised, or that did not end in time."""

    number: int
    """Among all cells, counted from 1 as one counts on the screen."""
    cell: str | None
    error: str

    def __str__(self) -> str:
        return f"cell {self.number}: {self.error}"


@dataclass(slots=True)
class Rerun:
    """What running again came to."""

    answers: list[dict[str, Any]] = field(default_factory=list)
    cell_errors: list[CellError] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """A graph whose results are asked for."""

    lock: Mapping[str, Any]
    document: Mapping[str, Any]
    name: str | None = None
    cell: str | None = None
    ordinal: int = 0
    """Its place among the unnamed graphs of its cell."""
    alone: bool = False
    """Whether the document is run by itself, and not what cells make."""
    modules: tuple[str, ...] = ()
    """What is imported first, for the node types that it defines."""

    def to_json(self) -> dict[str, Any]:
        """Return it as the fresh process reads it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def run_again(
    cells: Iterable[Mapping[str, Any]],
    questions: Sequence[Question],
    *,
    folder: Path,
    notebook: Path | None = None,
    threads: str | None = None,
    timeout_s: float,
) -> Rerun:
    """Run a notebook's code cells in a fresh process, then ask what became of the graphs.

    A cell that raises is noted, and the next one runs. Raises ``RerunError`` where the process does not start or dies.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nodebook-verify-", ignore_cleanup_errors=True) as scratch:
        place = Path(scratch)
        _seed(place, questions)
        with _Kernel(folder, _environment(place, notebook, threads), place / "kernel.json") as kernel:
            begin = "import nodebook.notebook.verifying.rerunning as _rerunning; _rerunning.begin()"
            kernel.must(begin, time.monotonic() + START_S)
            until = time.monotonic() + timeout_s
            done = Rerun()
            for number, cell in enumerate(cells, 1):
                error = kernel.run_cell(cell, until)
                if error is not None:
                    done.cell_errors.append(CellError(number, cell.get("id"), error))
                if error == _LATE:
                    break
            done.answers = _ask(kernel, place, questions, until)
    done.seconds = time.monotonic() - began
    return done


def _seed(scratch: Path, questions: Sequence[Question]) -> None:
    """Let named graphs be found as the notebook holds them, like beside a notebook that has its files."""
    for each in questions:
        if each.name is not None and each.document and not each.alone:
            with suppress(DocumentError):  # a name that no graph can have
                (scratch / f"{check_name(each.name)}{ENDING}").write_text(json.dumps(each.document), encoding="utf-8")


def _ask(kernel: _Kernel, scratch: Path, questions: Sequence[Question], until: float) -> list[dict[str, Any]]:
    asked, told = scratch / "questions.json", scratch / "answers.json"
    left_s = max(1.0, until - time.monotonic())
    asked.write_text(
        json.dumps({"timeout_s": left_s, "graphs": [each.to_json() for each in questions]}), encoding="utf-8"
    )
    code = (
        f"import nodebook.notebook.verifying.rerunning as _rerunning; _rerunning.answer({str(asked)!r}, {str(told)!r})"
    )
    kernel.must(code, until + START_S)
    answers: list[dict[str, Any]] = json.loads(told.read_text(encoding="utf-8"))
    return answers


def _environment(scratch: Path, notebook: Path | None, threads: str | None) -> dict[str, str]:
    env = {**os.environ, FOLDER_VARIABLE: "off", SCRATCH_VARIABLE: str(scratch)}
    if notebook is not None:
        env["JPY_SESSION_NAME"] = env[VERIFYING_VARIABLE] = str(notebook)
    if threads is not None:  # sums are made in another order by another number of threads
        env["OMP_NUM_THREADS"] = env["MKL_NUM_THREADS"] = threads
    package = Path(__file__).resolve().parents[2]
    if not is_installed_file(str(package / "__init__.py")):  # a checkout, which need not be the one that is installed
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(package.parent), env.get("PYTHONPATH")]))
    return env


class _Kernel:
    """A kernel of this Python, and its client."""

    def __init__(self, folder: Path, env: Mapping[str, str], connection_file: Path) -> None:
        try:
            from jupyter_client.kernelspec import KernelSpec
            from jupyter_client.manager import KernelManager
        except ImportError as error:
            raise RerunError(
                "Running a notebook again needs ipykernel, which is not installed here. Install it: pip install "
                "ipykernel."
            ) from error
        # Sockets in the scratch folder, which nobody else may read, in place of ports; Windows has none.
        transport = "tcp" if os.name == "nt" else "ipc"
        self._manager = KernelManager(transport=transport, connection_file=str(connection_file))
        # This Python, whatever kernel the notebook names: that one may not be here, and it is this one that is asked.
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self._manager._kernel_spec = KernelSpec(argv=argv, display_name="verify", language="python")  # noqa: SLF001 -- it has no other way in
        self._folder = folder
        self._env = dict(env)
        self._client: Any = None

    def __enter__(self) -> Self:
        self._manager.start_kernel(cwd=str(self._folder), env=self._env)
        try:
            self._client = self._manager.client()
            self._client.start_channels()
            self._client.wait_for_ready(timeout=START_S)
        except BaseException as error:
            self.__exit__()
            if isinstance(error, RuntimeError):
                raise RerunError(f"The process that runs the notebook again did not start: {error}.") from error
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        if self._client is not None:
            self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()

    def must(self, code: str, until: float) -> None:
        """Run code of our own. Raises ``RerunError`` where it fails."""
        error = self._run(code, None, until)
        if error is not None:
            raise RerunError(f"The process that runs the notebook again failed: {error}")

    def run_cell(self, cell: Mapping[str, Any], until: float) -> str | None:
        """Run a cell; return the error it ends with, None where it does not or says that it may."""
        source = cell.get("source", "")
        code = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if cell.get("cell_type") != "code" or not code.strip():
            return None
        error = self._run(code, cell.get("id"), until)
        tags = (cell.get("metadata") or {}).get("tags") or ()
        return None if "raises-exception" in tags else error

    def _run(self, code: str, cell: str | None, until: float) -> str | None:
        content = {
            "code": code,
            "silent": False,
            "store_history": cell is not None,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        session = self._client.session
        metadata = {} if cell is None else {"cellId": cell}
        message = session.msg("execute_request", content, metadata=metadata)
        self._client.shell_channel.send(message)
        return self._reply(message["header"]["msg_id"], until)

    def _reply(self, message_id: str, until: float) -> str | None:
        interrupted = False
        while True:
            self._drain()
            try:
                reply = self._client.get_shell_msg(timeout=_POLL_S)
            except Empty:
                if not self._manager.is_alive():
                    raise RerunError(
                        "The process that runs the notebook again ended by itself: its memory may have run out, or a "
                        "cell has ended it."
                    ) from None
                if time.monotonic() > until:
                    if interrupted:
                        raise RerunError(f"{_LATE} It does not react to an interrupt.") from None
                    self._manager.interrupt_kernel()
                    interrupted, until = True, time.monotonic() + INTERRUPT_S
                continue
            if reply["parent_header"].get("msg_id") == message_id:
                return _LATE if interrupted else _error_of(reply["content"])

    def _drain(self) -> None:
        """Drop what cells print, so that it does not pile up."""
        while True:
            try:
                self._client.get_iopub_msg(timeout=0)
            except Empty:
                return


def _error_of(content: Mapping[str, Any]) -> str | None:
    if content.get("status") == "ok":
        return None
    kind, words = content.get("ename", "Error"), str(content.get("evalue", ""))
    if kind == "NoneType":  # IPython's words for an error while a result is being shown
        lines = [_ANSI.sub("", str(each)) for each in content.get("traceback") or ["unknown"]]
        kind, _, words = lines[-1].partition(": ")
    return f"{kind}: {' '.join(words.strip().splitlines()[:_SHOWN_LINES])}"
