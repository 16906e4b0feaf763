"""Who is told what becomes of runs that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nodebook.jobs import Job
    from nodebook.runs import Run


class JobListener(Protocol):
    """Is told what becomes of jobs, on the thread where it happens. Must be quick."""

    def job_submitted(self, job: Job) -> None:
        """A job is about to be queued."""

    def job_started(self, job: Job) -> None:
        """A job left the queue."""

    def job_finished(self, job: Job, run: Run) -> None:
        """A job is at its end; its future is not yet settled."""

    def order_changed(self, waiting: tuple[Job, ...]) -> None:
        """Somebody moved a job."""

    def turn_changed(self) -> None:
        """A job waits at a break, or goes on."""


class Nobody:
    """Listens to nothing."""

    def job_submitted(self, job: Job) -> None:
        """Ignore it."""

    def job_started(self, job: Job) -> None:
        """Ignore it."""

    def job_finished(self, job: Job, run: Run) -> None:
        """Ignore it."""

    def order_changed(self, waiting: tuple[Job, ...]) -> None:
        """Ignore it."""

    def turn_changed(self) -> None:
        """Ignore it."""
