"""What can go wrong in the notebook's own part."""

from __future__ import annotations

from nodebook.errors import NodebookError


class GraphCodeError(NodebookError, ValueError):
    """Code that ``nb.from_python`` cannot read as a graph. ``line`` and ``column`` count from 1; None: all of it."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
