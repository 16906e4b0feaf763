"""The queue as the views of one graph see it, told when it changes; and what they ask of it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from nodebook.engine.graph import GraphState
from nodebook.engine.store import GraphStore
from nodebook.errors import NotQueuedError
from nodebook.history import MAX_RECORDS
from nodebook.jobs import Job
from nodebook.records import RunRecord
from nodebook.sessions import Session
from nodebook.widget.inbox import Scheduler
from nodebook.widget.protocol import EndedRunJson, Message, QueuedRunJson, QueueJson

INTERVAL_S = 1 / 10
MAX_PENDING = 100
"""How many waiting runs are listed; how many there are is told apart."""
MAX_RECENT = 20

ABANDON_AFTER_S = 2.0
"""A Cancel this long after another one of the same run gives the run up."""


class QueueFeed:
    """Tells the views of a graph how the session's queue is doing: at once, then at most ten times a second."""

    def __init__(
        self,
        store: GraphStore,
        session: Session,
        inbox: Scheduler,
        send: Callable[[Message], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._session = session
        self._inbox = inbox
        self._send = send
        self._clock = clock
        self._is_pending = False
        self._next = 0.0
        self._asked: tuple[int, float] | None = None
        """The run that was asked to stop, and when that was."""
        self._unsubscribe = session.queue.subscribe(self._on_change)

    def close(self) -> None:
        """Tell nothing any more."""
        self._unsubscribe()

    def json(self) -> QueueJson:
        """Return the queue as it travels. May be called from any thread."""
        queue = self._session.queue
        pending = queue.pending
        previews = self._session.previews.options
        return {
            "pending": [self._queued(job, position) for position, job in enumerate(pending[:MAX_PENDING])],
            "waiting": len(pending),
            "running": [self._queued(job, 0) for job in self._session.worker.running],
            "recent": [self._recent(record) for record in queue.recent(MAX_RECENT)],
            "paused": queue.is_paused,
            "breaks": sorted(self._store.stops),
            "auto_run": self._session.auto_run_options(self._store) is not None,
            "previews": {"method": previews.method, "size": previews.size_px},
        }

    def cancel_graph(self) -> None:
        """Cancel what runs and what waits of this graph; a run that was asked to stop a while ago is given up."""
        worker = self._session.worker
        running = next((job for job in worker.running if job.store is self._store), None)
        worker.cancel(self._store.number)
        now = self._clock()
        if running is None:
            self._asked = None
        elif self._asked is None or self._asked[0] != running.number:
            self._asked = (running.number, now)
        elif now - self._asked[1] >= ABANDON_AFTER_S:
            worker.abandon(running)

    def cancel(self, job: str) -> None:
        """Cancel one run. One that has ended meanwhile is no mistake of whoever asks."""
        found = self._find(job)
        if found is not None:
            self._session.queue.cancel(found)

    def move(self, job: str, position: int) -> None:
        """Put a waiting run at a position. One that has started meanwhile stays where it is."""
        found = self._find(job)
        if found is not None:
            self._session.queue.move(found, position)

    def pause(self, *, on: bool) -> None:
        """Start no further run, or start them again."""
        queue = self._session.queue
        if on:
            queue.pause()
        else:
            queue.resume([])  # what a former kernel left is another matter

    def clear(self) -> None:
        """Cancel all that waits."""
        for job in self._session.queue.pending:
            self._session.queue.cancel(job)

    def state_of(self, job: str) -> GraphState:
        """Return a graph as it was when a run of this kernel ran. Raises ``NotQueuedError`` or ``DocumentError``."""
        records = self._session.queue.recent(MAX_RECORDS)
        record = next((each for each in reversed(records) if str(each.number) == job), None)
        if record is None:
            raise NotQueuedError(
                f"Run {job} is not in the history any more, so its graph cannot be restored. The newest {MAX_RECORDS} "
                "runs are kept; undo may still go back to that graph."
            )
        return record.state

    def _find(self, job: str) -> Job | None:
        queue = self._session.queue
        known = (*self._session.worker.running, *queue.pending)
        return next((each for each in known if str(each.number) == job), None)

    def _on_change(self) -> None:
        if not self._is_pending:
            self._is_pending = True
            self._inbox.put(self._tell)

    def _tell(self) -> None:
        now = self._clock()
        if now < self._next:
            self._inbox.later(self._next - now, self._tell)
            return
        self._is_pending = False
        self._next = now + INTERVAL_S
        self._send({"type": "queue", "queue": self.json()})

    def _queued(self, job: Job, position: int) -> QueuedRunJson:
        return {
            "id": str(job.number),
            "graph": job.state.name,
            "mine": job.store is self._store,
            "nodes": len(job.plan.steps),
            "state": "waiting" if job.status != "running" else "running" if job.pause is None else "paused",
            "priority": job.priority,
            "position": position,
        }

    def _recent(self, record: RunRecord) -> EndedRunJson:
        return {
            "id": str(record.number),
            "graph": record.name,
            "mine": record.graph_number == self._store.number,
            "state": record.outcome,
            "finished": record.finished,
            "seconds": record.duration,
            "executed": len(record.executed),
            "cached": record.cached,
            "failed": len(record.errors),
        }
