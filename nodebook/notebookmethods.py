"""What a graph can do because it lives in a notebook; ``nodebook.notebook`` and ``nodebook.widget`` do the work.

Methods of ``nb.Graph``, in a file of their own so that the graph itself stays readable. Each says here what it takes,
gives and raises, and hands on to the room above, which is loaded when it is first asked.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

from nodebook.progressmode import has_place
from nodebook.rooms import room

if TYPE_CHECKING:
    from nodebook.graph import Graph
    from nodebook.jobs import Job
    from nodebook.runs import Run


class Waiting(Protocol):
    """Waits for a run that is submitted inside its ``with``."""

    def __enter__(self) -> Self:
        """Get ready, before the run is submitted."""

    def __exit__(self, *_raised: object) -> None:
        """Be done with it."""

    def wait(self, job: Job) -> Run:
        """Wait for a job."""

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
        """Wait for a job."""
        return job.future.result()

    async def wait_async(self, job: Job) -> Run:
        """Wait for a job on the event loop."""
        return await asyncio.wrap_future(job.future)


class NotebookMethods:
    """The part of ``nb.Graph`` that only a notebook has a use for."""

    @property
    def _graph(self) -> Graph:
        return cast("Graph", self)

    def _progress(self) -> Waiting:
        """Return what waits for a run that is submitted inside its ``with``, and shows how far it is where it should.

        In a notebook and in a terminal that is a bar, unless a page shows the graph's editor, which shows more.
        """
        session, store = self._graph._session, self._graph.store  # noqa: SLF001 -- this is a part of Graph
        editor = sys.modules.get("nodebook.widget.display")
        is_wanted = has_place() and not (editor is not None and editor.is_shown(store))
        if session.progress == "on" or (session.progress == "auto" and is_wanted):
            waiting: Waiting = room("notebook.progress").Progress(store, session)
            return waiting
        return Silent()

    def _repr_mimebundle_(self, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a cell shows: the editor, and what stands for it where there is none."""
        bundle: tuple[dict[str, Any], dict[str, Any]] = room("widget").display_bundle(self._graph)
        return bundle
