"""Errors of what only a notebook has. See ``nodebook.errors``."""

from __future__ import annotations

from nodebook.errors import NodebookError


class CellNodeError(NodebookError, ValueError):
    """A cell cannot become a node: an option, or its code, is not as it must be."""

    def _render_traceback_(self) -> list[str]:
        """Return what a cell shows: no traceback, which would show only nodebook's own code."""
        return [f"{type(self).__name__}: {self}"]


class CellSyntaxError(NodebookError, SyntaxError):
    """The code of a cell that should become a node cannot be read."""
