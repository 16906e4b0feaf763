"""``nb.verify``: run again in a clean process, and compare with the lock."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from nodebook.engine import document
from nodebook.engine.library import BUILTIN
from nodebook.engine.origins import is_installed
from nodebook.notebook.errors import LockError, NoLockError, NotebookFileError, RerunError
from nodebook.notebook.lock.check import Difference
from nodebook.notebook.lock.here import module_of
from nodebook.notebook.lock.likeness import JUST_SEEN
from nodebook.notebook.lock.making import Lock, document_digest, lock_for_user, scope_of
from nodebook.notebook.saved.stored import VERSION, StoredGraph, stored_graphs
from nodebook.notebook.verifying.pictures import verify_picture
from nodebook.notebook.verifying.report import Compared, GraphReport, Report, Verdict, compare_locks, worst
from nodebook.notebook.verifying.rerun import VERIFYING_VARIABLE, Question, run_again
from nodebook.notebook.verifying.rerunning import what_became
from nodebook.sessions import Session

if TYPE_CHECKING:
    from nodebook.graph import Graph

DEFAULT_TIMEOUT_S = 3600.0
OnCell = Callable[[int, int], object]
_MARKS = re.compile(rb"^(<{7} |={7}\r?$|>{7} )", re.MULTILINE)


def verify(
    what: Graph | str | os.PathLike[str],
    *,
    graph: str | None = None,
    tolerance: float = JUST_SEEN,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    on_cell: OnCell | None = None,
) -> Report:
    """Run a notebook, a picture's graph, or a graph again and compare: identical, close, different or missing.

    A notebook file runs in a fresh process, in its folder, with an empty cache; nothing of it is written. ``graph``:
    compare only the graph of that name. A graph of built-in and installed nodes runs in a fresh process too; one with
    functions or variables of this notebook runs here, with an empty cache, since they are nowhere else: verify the
    notebook file for more. ``tolerance``: up to this distance pictures are ``close`` (2 is just seen); 0 takes equal
    ones only. ``timeout_s``: for all cells together. ``on_cell`` is told which cell is next, and of how many.

    Raises ``NotebookFileError`` for a file that is no notebook, ``NoLockError`` where there is nothing to compare with,
    ``LockError`` for a lock that cannot be read, ``RerunError`` where the process fails.
    """
    from nodebook.graph import Graph

    if isinstance(what, Graph):
        return _verify_graph(what, tolerance, timeout_s)
    return verify_file(Path(what), graph=graph, tolerance=tolerance, timeout_s=timeout_s, on_cell=on_cell)


def verify_file(
    path: Path,
    *,
    graph: str | None = None,
    tolerance: float = JUST_SEEN,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    on_cell: OnCell | None = None,
) -> Report:
    """Verify a notebook file, or a picture that Save Image wrote; see ``verify``."""
    path = path.absolute()
    if path.suffix.lower() == ".png":
        return verify_picture(path, tolerance=tolerance, timeout_s=timeout_s)
    if os.environ.get(VERIFYING_VARIABLE) == str(path):
        raise RerunError(
            f"{path.name} is being verified right now, and one of its cells verifies it again: that would have no end. "
            "Take that cell out, or give it the tag raises-exception."
        )
    notebook = read_notebook(path)
    found = _chosen(path, notebook, graph)
    questions = [each.question for each in found]
    threads = next((each.lock.environment.get("threads") for each in found), None)
    done = run_again(
        _counted(notebook["cells"], on_cell),
        questions,
        folder=path.parent,
        notebook=path,
        threads=threads,
        timeout_s=timeout_s,
    )
    graphs = [
        _report(each.title, each.lock, answer, tolerance, each.notices)
        for each, answer in zip(found, done.answers, strict=True)
    ]
    errors = tuple(map(str, done.cell_errors))
    return Report(path.name, "a fresh process", tuple(graphs), errors, tolerance, done.seconds)


def _counted(cells: Sequence[dict[str, Any]], on_cell: OnCell | None) -> Iterator[dict[str, Any]]:
    for number, cell in enumerate(cells, 1):
        if on_cell is not None:
            on_cell(number, len(cells))
        yield cell


def read_notebook(path: Path) -> dict[str, Any]:
    """Return a notebook file's JSON. Raises ``NotebookFileError`` for what is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotebookFileError(f"There is no file {str(path)!r}. Give the path of a notebook (.ipynb).") from None
    except OSError as error:
        raise NotebookFileError(f"The notebook {path} cannot be read: {error.strerror or error}.") from error
    marks = _MARKS.search(data)
    if marks is not None:
        line = data.count(b"\n", 0, marks.start()) + 1
        raise NotebookFileError(
            f"{path.name} holds the marks of an unfinished git merge (at line {line}). Resolve the merge first."
        )
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotebookFileError(
            f"{path.name} is no notebook: it is not JSON ({error}). Expected a file that Jupyter has saved (.ipynb)."
        ) from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        older = isinstance(notebook, dict) and "worksheets" in notebook
        hint = "It is of an older format: open it in JupyterLab and save it." if older else "Expected cells in it."
        raise NotebookFileError(f"{path.name} is no notebook that can be run. {hint}")
    cells = [each for each in notebook["cells"] if isinstance(each, dict)]
    return {**notebook, "cells": [_with_id(each, number) for number, each in enumerate(cells)]}


def _with_id(cell: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a cell with an id: notebooks of before 2020 have none, and a graph is found by that of its cell."""
    return cell if isinstance(cell.get("id"), str) else {**cell, "id": f"cell-{number}"}


@dataclass(frozen=True, slots=True)
class _Found:
    """A graph of a notebook that has a lock."""

    title: str
    lock: Lock
    question: Question
    notices: tuple[str, ...]


def _chosen(path: Path, notebook: Mapping[str, Any], wanted: str | None) -> list[_Found]:
    """Return the graphs to compare: of each the newest copy. Raises ``NoLockError`` where there are none."""
    newest: dict[object, tuple[StoredGraph, int]] = {}
    unnamed: Counter[str | None] = Counter()
    for stored in stored_graphs(notebook):
        ordinal = 0
        if stored.name is None:
            ordinal = unnamed[stored.cell]
            unnamed[stored.cell] += 1
        key = stored.name if stored.name is not None else (stored.cell, ordinal)
        known = newest.get(key)
        if known is None or (stored.saved or "") >= (known[0].saved or ""):
            newest[key] = (stored, ordinal)
    titles = {key: _title(stored, ordinal) for key, (stored, ordinal) in newest.items()}
    if wanted is not None:
        newest = {key: each for key, each in newest.items() if wanted in (key, titles[key])}
    if not newest:
        raise NoLockError(_nothing(path, wanted, titles.values()))
    found = [
        _found(titles[key], stored, ordinal) for key, (stored, ordinal) in newest.items() if stored.lock is not None
    ]
    if not found:
        raise NoLockError(
            f"{path.name} holds {', '.join(titles[key] for key in newest)}, without a lock that can be read: nothing "
            "was run before it was saved, or its output was edited. Run its cells, and save it."
        )
    return found


def _nothing(path: Path, wanted: str | None, titles: Iterable[str]) -> str:
    if wanted is None:
        return (
            f"{path.name} holds no graph in its outputs, so there is nothing to compare with. Run its cells, show the "
            "graph in one of them, and save it."
        )
    listed = ", ".join(titles) or "none"
    return f"{path.name} holds no graph {wanted!r}. Its graphs are: {listed}."


def _title(stored: StoredGraph, ordinal: int) -> str:
    if stored.name is not None:
        return stored.name
    return f"graph of cell {stored.cell}" + (f" ({ordinal + 1})" if ordinal else "")


def _found(title: str, stored: StoredGraph, ordinal: int) -> _Found:
    try:
        lock = Lock.from_json(stored.lock)
    except LockError as error:
        raise type(error)(f"{title}: {error}") from error
    notices = []
    if stored.torn is not None or stored.version != VERSION:
        notices.append("The stored graph cannot be read here; what the cells make is compared.")
    elif lock.outcome is None:
        notices.append("The lock has no results: nothing had run when it was saved.")
    elif not _is_of(stored.document, lock):
        notices.append(
            "The run that the lock is of had other values than the stored graph: that was edited since, or run with "
            "values of its own. What runs now is compared."
        )
    held = stored.document if stored.version == VERSION else {}
    question = Question(lock.to_json(), held, stored.name, stored.cell, ordinal)
    return _Found(title, lock, question, tuple(notices))


def _is_of(data: Mapping[str, Any], lock: Lock) -> bool:
    """Say whether a lock is of that document; where that cannot be told without node types (subgraphs), it is."""
    try:
        state = document.from_json(data)
    except ValueError:
        return True
    if len(state.structural):
        return True
    return document_digest(state, scope_of(state, lock.targets)) == lock.document


def _report(
    title: str, lock: Lock, answer: Mapping[str, Any], tolerance: float, notices: Sequence[str] = ()
) -> GraphReport:
    differences = tuple(Difference(**each) for each in answer["differences"])
    if not answer["found"]:
        where = "It was not shown again: see the cells that raised, or show it in a cell."
        return GraphReport(title, "missing", (), differences, (*notices, where))
    now = Lock.from_json(answer["lock"])
    results = compare_locks(lock, now, answer["errors"], answer["pictures"], tolerance)
    told = [*notices, *_outcome(now)]
    if not any(each.is_target for each in results):
        told.append("The lock has no results of what the run was for: it failed, or was not read to its end in time.")
    return GraphReport(title, _verdict(results, now), results, differences, tuple(told))


def _verdict(results: Sequence[Compared], now: Lock) -> Verdict:
    if now.outcome is None:
        return "missing"
    return worst(each.verdict for each in results if each.is_target)


def _outcome(now: Lock) -> list[str]:
    if now.outcome is None:
        return ["It did not run to its end."]
    return [] if now.outcome == "done" else [f"Run again, it {now.outcome}."]


def _verify_graph(graph: Graph, tolerance: float, timeout_s: float) -> Report:
    lock = lock_for_user(graph)
    run = graph.store.last_run
    title = graph.name or "graph"
    library = graph.store.library
    own = [found for name in lock.types if (found := library.find(name)) is not None and found.origin != BUILTIN]
    modules = tuple(dict.fromkeys(map(module_of, own)))
    if lock.variables or not all(map(is_installed, modules)):
        return _verify_here(graph, lock, title, tolerance, timeout_s)
    question = Question(lock.to_json(), document.to_json(run.state), None, alone=True, modules=modules)
    folder = graph._session.folders.base  # noqa: SLF001 -- where the graph finds its files
    done = run_again([], [question], folder=folder, threads=lock.environment.get("threads"), timeout_s=timeout_s)
    report = _report(title, lock, done.answers[0], tolerance)
    return Report(title, "a fresh process", (report,), (), tolerance, done.seconds)


def _verify_here(graph: Graph, lock: Lock, title: str, tolerance: float, timeout_s: float) -> Report:
    """Run a graph again in this process, in a session of its own that has kept nothing."""
    from nodebook.graph import Graph

    mine = graph._session  # noqa: SLF001 -- its folders and node types
    began = monotonic()
    with tempfile.TemporaryDirectory(prefix="nodebook-verify-", ignore_cleanup_errors=True) as scratch:
        session = Session(mine.folders.base, model_folders=mine.model_folders, scratch=Path(scratch))
        # A copy: what its nodes publish must not reach the notebook.
        session.variables.namespace = dict(mine.variables.now())
        try:
            for node_type in mine.library:
                if node_type.origin != BUILTIN:
                    session.library.add(node_type)
            again = Graph.of_state(graph.store.last_run.state, own_session=session)
            answer = what_became(again, lock, session, timeout_s=timeout_s, alone=True)
        finally:
            session.close()
    report = _report(title, lock, answer, tolerance)
    where = "this process, with an empty cache"
    return Report(title, where, (report,), (), tolerance, monotonic() - began)
