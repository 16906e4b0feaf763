"""Opening a graph that a notebook keeps in its outputs, whoever made the notebook."""

from __future__ import annotations

from pathlib import Path

from nodebook.engine.graph import GraphState
from nodebook.errors import DocumentError, DocumentNotFoundError
from nodebook.notebook.saved.copies import Copy, read_copy
from nodebook.notebook.saved.notebookfile import NotebookCopies, read_copies


def stored_state(path: Path, name: str | None) -> GraphState:
    """Return the newest state of a notebook's graph: of the only one, or of the one called ``name``.

    Raises ``FileNotFoundError``, and ``DocumentError`` where there is no such graph, several are there and none was
    named, both sides of an unfinished merge have one of their own, or the one there is cannot be read.
    """
    try:
        notebook = read_copies(path)
    except FileNotFoundError:
        raise DocumentNotFoundError(
            f"There is no notebook {str(path)!r} to open a graph of (looked from {Path.cwd()})."
        ) from None
    found = [each for each in notebook.found if name is None or each.graph.name == name]
    if not found:
        raise DocumentError(_none(notebook, name))
    names = dict.fromkeys(each.graph.name for each in found)
    if len(names) > 1:
        raise DocumentError(
            f"{path.name} holds {len(names)} graphs: {_listed(names)}. Say which: nb.open(path, name=…)."
        )
    copies, problem = [], None
    for each in found:
        try:
            copies.append(read_copy(each))
        except DocumentError as error:
            problem = error
    if not copies:
        assert problem is not None  # noqa: S101 - nothing was readable
        raise type(problem)(
            f"The graph {_word(found[0].graph.name)} in {path.name} cannot be read: {problem}"
        ) from problem
    return _newest(notebook, copies).state


def _newest(notebook: NotebookCopies, copies: list[Copy]) -> Copy:
    newest = max(copies, key=lambda each: each.saved)
    other = next((each for each in copies if each.side and newest.side and each.side != newest.side), None)
    if other is not None and newest.digest not in other.history and other.digest not in newest.history:
        raise DocumentError(
            f"{notebook.problem} Its sides {newest.side} and {other.side} each have a state of its own of the graph "
            f"{_word(newest.state.name)}."
        )
    return newest


def _none(notebook: NotebookCopies, name: str | None) -> str:
    names = dict.fromkeys(each.graph.name for each in notebook.found)
    if names:
        return f"{notebook.path.name} holds no graph called {name!r}. Its graphs are: {_listed(names)}."
    if notebook.problem is not None:
        return f"{notebook.problem} No graph was found in it."
    return (
        f"{notebook.path.name} holds no graph in its outputs. Expected a notebook that was saved after a cell had "
        "shown one."
    )


def _listed(names: dict[str | None, None]) -> str:
    return ", ".join(map(_word, names))


def _word(name: str | None) -> str:
    return "without a name" if name is None else repr(name)
