"""Errors of what only a notebook has."""

from __future__ import annotations

from nodebook.errors import NodebookError


class CellNodeError(NodebookError, ValueError):
    """A cell cannot become a node: an option, or its code, is not as it must be."""

    def _render_traceback_(self) -> list[str]:
        """Return what a cell shows: no traceback, which would show only nodebook's own code."""
        return [f"{type(self).__name__}: {self}"]


class CellSyntaxError(NodebookError, SyntaxError):
    """The code of a cell that should become a node cannot be read."""


class GraphCodeError(NodebookError, ValueError):
    """Code that ``nb.from_python`` cannot read as a graph. ``line`` and ``column`` count from 1; None: all of it."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class LockError(NodebookError, ValueError):
    """A lock cannot be read: edited by hand into another shape, or cut off."""


class NewerLockError(LockError):
    """A lock was written by a newer nodebook."""


class NoLockError(NodebookError, LookupError):
    """There is nothing to compare with: a file without a graph, or a graph without a lock."""


class NotebookFileError(NodebookError, ValueError):
    """A file is no notebook that can be read."""


class RerunError(NodebookError, RuntimeError):
    """A notebook or a graph could not be run again: its kernel did not start, died, or took too long."""


class GitError(NodebookError, RuntimeError):
    """Git is not there, or not set up as a command needs it."""
