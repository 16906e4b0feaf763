"""Waiting for a run from code, and whether that shows how far the run is."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, get_args

from nodebook.errors import InputValueError

if TYPE_CHECKING:
    from nodebook.jobs import Job
    from nodebook.runs import Run

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


class Waiting(Protocol):
    """Waits for a run that is submitted inside its ``with``."""

    def __enter__(self) -> Self:
        """Get ready, before the run is submitted."""

    def __exit__(self, *_raised: object) -> None:
        """Be done with it."""

    def wait(self, job: Job) -> Run:
        """Wait for a job. Raises what the run itself broke with."""

    async def wait_async(self, job: Job) -> Run:
        """Wait for a job on the event loop."""


class Silent:
    """Waits for a run, and shows nothing."""

    def __enter__(self) -> Self:
        """There is nothing to get ready."""
        return self

    def __exit__(self, *_raised: object) -> None:
        """There is nothing to be done with."""

    def wait(self, job: Job) -> Run:
        """Wait for a job. Raises what the run itself broke with."""
        return job.halt.result()

    async def wait_async(self, job: Job) -> Run:
        """Wait for a job on the event loop."""
        return await asyncio.wrap_future(job.halt)
