"""Tracebacks as IPython shows them: lines of cells by the cell's number, not by the file that stands for it."""

from __future__ import annotations

import re
import sys
from typing import Any

_FILE = re.compile(r'File "(?P<path>[^"\n]+)", line (?P<line>\d+)')


def name_cells(traceback: str) -> str:
    """Return a traceback with ``Cell In[3], line 7`` where a line is in a cell of this kernel."""
    compiler = _compiler()
    if compiler is None or not traceback:
        return traceback

    def name(found: re.Match[str]) -> str:
        # ("Cell", "In[3]") for a cell, ("File", "~/x.py") or None for anything else, by version.
        label = compiler.format_code_name(found["path"])
        return f"Cell {label[1]}, line {found['line']}" if label and label[0] == "Cell" else found[0]

    return _FILE.sub(name, traceback)


def _compiler() -> Any:
    """Return what compiles cells here, None outside of IPython."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    compiler = getattr(shell, "compile", None)
    return compiler if hasattr(compiler, "format_code_name") else None
