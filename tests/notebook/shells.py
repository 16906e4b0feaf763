"""An IPython shell in this process, as cells have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


class Cells:
    """Runs cells one after the other, in one namespace."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.names: dict[str, Any] = shell.user_ns

    def __call__(self, source: str) -> Any:
        """Run a cell and return what it shows; raise what it raises."""
        result = self.shell.run_cell(source, store_history=True)
        result.raise_error()
        return result.result

    def error(self, source: str) -> BaseException:
        """Run a cell that must fail, and return how."""
        result = self.shell.run_cell(source, store_history=True)
        error: BaseException | None = result.error_in_exec or result.error_before_exec
        assert error is not None, f"nothing was raised by {source!r}"
        return error


@contextmanager
def cells() -> Iterator[Cells]:
    """Start a shell that nothing else of this process sees afterwards."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    try:
        shell.user_ns["__name__"] = "__main__"
        yield Cells(shell)
    finally:
        InteractiveShell.clear_instance()
