"""Answers of a page must not wait for the cell that runs.

ipykernel 7.4 hands a comm's messages to the shell that last published on it (``comm._reply_subshell_for``). After a
display from a cell that is the main one, so that whatever a view sends waits for the cell. JupyterLab sends comms to
subshells by itself; the cure is to leave them where it sent them.
"""

from __future__ import annotations

import contextlib
from typing import Any

_ROUTE = "_reply_subshell_for"
"""A private attribute: other versions have no such, and none of the trouble (7.0 to 7.3, and before 7)."""


def leave_where_sent(comm: object) -> bool:
    """Let a comm's messages be handled on the shell that the page sent them to; say whether there was need for it."""
    if not callable(getattr(comm, _ROUTE, None)):
        return False
    # A comm with __slots__ or of another kind of attribute stays as it is: messages then wait for the cell, no worse.
    with contextlib.suppress(AttributeError, TypeError):
        setattr(comm, _ROUTE, _as_sent)
        return True
    return False


def _as_sent(_data: Any, subshell: str | None) -> str | None:
    return subshell
