"""A job that pauses before a node: whoever waits for it is told, other jobs take its place, and it comes back later."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

from nodebook.engine import events
from nodebook.engine.executor import RunResult
from nodebook.engine.stops import Pause, Stops
from nodebook.errors import GraphPausedError
from nodebook.performing import come_to

if TYPE_CHECKING:
    from nodebook.engine.events import EventStream
    from nodebook.engine.store import GraphStore
    from nodebook.jobs import Job, Worker
    from nodebook.runs import Run


def paused_job(worker: Worker, store: GraphStore) -> Job | None:
    """Return the run of a graph that is paused, None where none is."""
    return next((job for job in worker.running if job.store is store and job.pause is not None), None)


def refuse_if_paused(worker: Worker, store: GraphStore) -> None:
    """Raise ``GraphPausedError`` where a run of the graph is paused: two of them could not be told apart."""
    job = paused_job(worker, store)
    pause = None if job is None else job.pause
    if job is not None and pause is not None:
        raise GraphPausedError(
            f"Run {job.number} of {job.name} is paused at node {pause.node}, so the graph cannot run again yet. Go on "
            "with g.resume(), or end that run with g.paused.cancel()."
        )


class Pausing:
    """What pauses of one job do to the queue: they leave the job's turn to others, and take it again afterwards."""

    def __init__(self, job: Job, stream: EventStream, worker: Worker) -> None:
        self._job = job
        self._stream = stream
        self._worker = worker
        self.stops = Stops(job.store.stops, self._begin, self._end)
        job.cancelled.on_set(self.stops.cancel)

    def _begin(self, pause: Pause) -> None:
        """Tell of a pause, on the lane that waits."""
        job = self._job
        job.pause = pause
        self._stream.emit(events.NodePaused(job.number, job.store.number, pause.node))
        self._worker.leave_turn(job)
        run = self._so_far(pause)
        if not pause.is_over and not job.halt.done():
            job.halt.set_result(run)

    def _so_far(self, pause: Pause) -> Run:
        job = self._job
        result = RunResult() if job.execution is None else job.execution.so_far()
        return replace(come_to(job, result, "paused"), paused_at=pause.node, pause_note=pause.note)

    def _end(self, pause: Pause, settle: Callable[[], None]) -> None:
        """Let a lane go on, on whatever thread somebody said so; one that was cancelled has no turn to wait for."""
        job = self._job
        if job.pause is pause:
            job.pause = None
        if job.halt.done() and not job.is_finished:
            job.halt = Future()
        if pause.answer == "cancelled":
            self._go_on(pause, settle)
        else:
            Thread(target=self._come_back, args=(pause, settle), name="nodebook-resume", daemon=True).start()

    def _come_back(self, pause: Pause, settle: Callable[[], None]) -> None:
        self._worker.take_turn(self._job)
        self._go_on(pause, settle)

    def _go_on(self, pause: Pause, settle: Callable[[], None]) -> None:
        job = self._job
        self._stream.emit(events.NodeResumed(job.number, job.store.number, pause.node, pause.answer or "cancelled"))
        settle()
