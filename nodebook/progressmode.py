"""Whether a run that code waits for shows how far it is."""

from __future__ import annotations

import os
import sys
from typing import Any, Literal, get_args

from nodebook.errors import InputValueError

ProgressMode = Literal["auto", "on", "off"]
"""``auto``: in a notebook whose page does not show the graph's editor, and in a terminal."""

VARIABLE = "NODEBOOK_PROGRESS"


def checked_mode(word: Any) -> ProgressMode:
    """Return a mode. Raises ``InputValueError`` for another word."""
    modes = get_args(ProgressMode)
    if word not in modes:
        raise InputValueError(f"There is no progress mode {word!r}. There are: {', '.join(modes)}.")
    return word  # type: ignore[no-any-return]  # one of the words


def first_mode() -> ProgressMode:
    """Return what NODEBOOK_PROGRESS says, ``auto`` where it says nothing that is known."""
    word = os.environ.get(VARIABLE, "auto")
    return checked_mode(word) if word in get_args(ProgressMode) else "auto"


def kernel_shell() -> Any:
    """Return IPython's shell where this process is the kernel of a notebook, else None."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell if getattr(shell, "kernel", None) is not None else None


def has_place() -> bool:
    """Say whether progress has a place to be seen: the output of a cell, or a terminal."""
    return kernel_shell() is not None or bool(sys.stderr and sys.stderr.isatty())
