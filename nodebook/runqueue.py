"""``nb.queue``: the runs of a session, in the order in which they will run, and those that have run."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from nodebook import queuelines
from nodebook.engine import document
from nodebook.engine.cache import Entry
from nodebook.engine.edits import Edit, SetValue, apply_all
from nodebook.engine.graph import GraphState
from nodebook.errors import DocumentError, EditError, NotQueuedError
from nodebook.history import MAX_RECORDS, History
from nodebook.jobs import Job, Worker
from nodebook.queuejournal import QueueJournal, Said, Submitted
from nodebook.queuelines import Unfinished
from nodebook.queuetable import queue_html, queue_text
from nodebook.records import Ended, RunRecord, StoredDocument, document_path, record_from_json
from nodebook.runs import Run

if TYPE_CHECKING:
    from nodebook.engine.executor import Services
    from nodebook.graph import Graph
    from nodebook.sessions import Session

logger = logging.getLogger(__name__)

Listener = Callable[[], None]


class RunQueue:
    """What waits, what runs, what has run. All methods may be called from any thread.

    Jobs run one after the other: those of lower ``priority`` first, and among equals those that came first. ``front``
    and ``move`` put a job elsewhere. What the kernel of this folder before left undone is ``interrupted``: ``resume()``
    runs it again, ``forget()`` drops it.
    """

    def __init__(self, session: Session, services: Services, *, max_records: int = MAX_RECORDS) -> None:
        self._session = session
        self._max_records = max_records
        self._history = History(self, max_records=max_records)
        self._journal = QueueJournal(
            session.folder, self, on_notice=lambda text: logger.warning("%s", text), max_records=max_records
        )
        self._lock = Lock()
        self._former: list[RunRecord] | None = None
        self._interrupted: dict[str, Unfinished] = {}
        self._listeners: tuple[Listener, ...] = ()
        self._is_closing = False
        self.worker = Worker(services, self)

    # Looking

    @property
    def pending(self) -> tuple[Job, ...]:
        """Jobs that wait, the next one first."""
        return self.worker.waiting

    @property
    def running(self) -> Job | None:
        """The job that runs, None where none does."""
        return next(iter(self.worker.running), None)

    @property
    def history(self) -> list[RunRecord]:
        """What has run in this folder, newest last: at most the newest ``max_records``."""
        return [*self._take_over(), *self._history.records()][-self._max_records :]

    @property
    def interrupted(self) -> tuple[Unfinished, ...]:
        """What kernels that have ended left undone."""
        self._take_over()
        with self._lock:
            return tuple(self._interrupted.values())

    def recent(self, count: int) -> list[RunRecord]:
        """Return the last records of this kernel, newest last; costs nothing for those before."""
        return self._history.records(count)

    def __repr__(self) -> str:
        return queue_text(self)

    def _repr_html_(self) -> str:
        return queue_html(self)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` whenever anything here changes, on the thread where it does; it must be quick.

        Returns a function that ends that.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not listener)

        return unsubscribe

    # Ordering

    def submit(self, job: Job, *, front: bool = False) -> Job:
        """Queue a job (``g.queue()`` makes one). Raises ``SessionClosedError``."""
        self.worker.submit(job, front=front)
        return job

    def front(self, job: Job | int) -> bool:
        """Let a job be the next; False where it does not wait any more. Raises ``NotQueuedError``."""
        return self.move(job, 0)

    def move(self, job: Job | int, position: int) -> bool:
        """Put a waiting job at a position, 0 being the next; False where it does not wait any more.

        Raises ``NotQueuedError`` for a number that no job has.
        """
        return self.worker.move(self._job(job), position)

    def cancel(self, job: Job | int | None = None) -> int:
        """Cancel a job, or all; returns how many that were. What waits does not start, what runs is asked to stop.

        Raises ``NotQueuedError`` for a number that no job has.
        """
        if job is None:
            return self.worker.cancel()
        found = self._job(job)
        was_finished = found.is_finished
        found.cancel()
        return int(not was_finished)

    def abandon(self, job: Job | int | None = None) -> bool:
        """End a run at once whose node does not react to Cancel, by default the one that runs; False if it has ended.

        Its thread goes on until the node returns; what it does then is dropped. Raises ``NotQueuedError``.
        """
        found = self.running if job is None else self._job(job)
        return found is not None and self.worker.abandon(found)

    def pause(self) -> None:
        """Start no further job; what runs goes on."""
        self.worker.pause()
        self.notify()

    @property
    def is_paused(self) -> bool:
        """Whether jobs wait although nothing runs."""
        return self.worker.is_paused

    def clear_history(self) -> None:
        """Forget what has run, on disk too."""
        self._take_over()
        with self._lock:
            self._former = []
        self._history.clear()
        self._journal.note(Said({"cleared": True}))
        self.notify()

    # What a former kernel left

    def resume(self, jobs: Iterable[Unfinished] | None = None) -> list[Job]:
        """Start jobs again after ``pause``, and queue what was interrupted: all of it, or some.

        A run goes into its named graph if that is still as it was then, otherwise into an unnamed one made from the
        stored document. What has no document any more stays ``interrupted``, and is logged.
        """
        chosen = list(self.interrupted if jobs is None else jobs)
        queued = [job for each in chosen if (job := self._requeue(each)) is not None]
        self.worker.resume()
        self.notify()
        return queued

    def forget(self, jobs: Iterable[Unfinished] | None = None) -> int:
        """Drop what was interrupted, all of it or some; returns how many runs that were."""
        chosen = self.interrupted if jobs is None else tuple(jobs)
        with self._lock:
            dropped = [each.id for each in chosen if self._interrupted.pop(each.id, None) is not None]
        if dropped:
            self._journal.note(Said({"dropped": dropped}))
            self.notify()
        return len(dropped)

    def flush(self) -> bool:
        """Write down now what is written soon anyway; say whether all of it is on disk."""
        return self._journal.flush()

    def close(self) -> None:
        """Cancel everything. What was not finished is offered to the next kernel of this folder."""
        self._is_closing = True
        self.worker.stop()
        self._journal.close()

    # What records ask for (``records.Home``)

    def lookup(self, key: bytes) -> Entry | None:
        """Return a kept result."""
        return self._session.lookup(key)

    def open_state(self, state: GraphState) -> Graph:
        """Return an unnamed graph that starts from a state."""
        from nodebook.graph import Graph  # here: graphs are made of sessions, and sessions of queues

        return Graph.of_state(state, self._session)

    # What the worker tells (``jobs.JobListener``)

    def job_submitted(self, job: Job) -> None:
        """Note that a job is about to be queued."""
        # Those in subgraphs are in the document alone.
        seeds = {(key.node, key.input): seed for key, seed in job.seeds.items() if key.graph is None}
        values = {**job.values, **seeds}
        self._journal.note(Submitted(self._id(job), job.state, job.plan.targets, values, job.priority, job.submitted))
        self.notify()

    def job_started(self, job: Job) -> None:
        """Note that a job left the queue."""
        self._session.seeds.started(job)
        self._session.cache.begin_run(job.store.index_keys)
        self._journal.note(Said({"started": self._id(job)}))
        self.notify()

    def job_finished(self, job: Job, run: Run) -> None:
        """Note what a job came to."""
        if job.started is None:
            self._session.seeds.dropped(job)
        self._session.variables.run_ended(job.store.number)
        self._session.costs.note(job.plan.steps, run.node_seconds, run.result_bytes)
        ended = Ended(self._id(job), run, job.submitted, job.started, time.time(), job.values, job.store.number)
        self._history.add(ended)
        if not (self._is_closing and run.outcome == "cancelled"):
            self._journal.note(ended)
        self.notify()

    def order_changed(self, waiting: tuple[Job, ...]) -> None:
        """Note that somebody moved a job."""
        self._journal.note(Said({"order": [self._id(job) for job in waiting]}))
        self.notify()

    def turn_changed(self) -> None:
        """Tell that a job waits at a break, or goes on."""
        self.notify()

    # Within

    def _id(self, job: Job) -> str:
        return f"{self._journal.kernel}:{job.number}"

    def _job(self, job: Job | int) -> Job:
        if isinstance(job, Job):
            return job
        known = (*self.worker.running, *self.pending)
        for each in known:
            if each.number == job:
                return each
        listed = ", ".join(str(each.number) for each in known) or "none"
        raise NotQueuedError(
            f"No job {job} waits or runs. Those that do: {listed}. Finished ones are in queue.history."
        )

    def notify(self) -> None:
        """Call the listeners: something changed."""
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                logger.exception("A listener of the queue failed")

    def _take_over(self) -> list[RunRecord]:
        """Return the records of former kernels; the first call reads them."""
        with self._lock:
            if self._former is None:
                folded = self._journal.former()
                self._former = self._former_records(folded.records.values())
                self._interrupted = dict(folded.unfinished)
            return self._former

    def _former_records(self, found: Iterable[Mapping[str, Any]]) -> list[RunRecord]:
        records = []
        for data in sorted(found, key=queuelines.finished_at)[-self._max_records :]:
            try:
                records.append(record_from_json(data, self._journal.documents, self))
            except (KeyError, TypeError, ValueError, AttributeError):
                logger.warning("A run of the history cannot be read and is left out: %s", data.get("finished"))
        return records

    def _requeue(self, each: Unfinished) -> Job | None:
        try:
            # Where no document was stored, the name leads to no file.
            stored = StoredDocument(document_path(self._journal.documents, each.digest or "none"))
            job = self._requeued(each, stored.read())
        except (DocumentError, EditError, ValueError) as error:
            logger.warning("The run of %s cannot be resumed: %s", each.name or "an unnamed graph", error)
            return None
        self.forget([each])
        return job

    def _requeued(self, each: Unfinished, state: GraphState) -> Job:
        if each.name is not None:
            store = self._session.named_graph(each.name)[0]
            if _as_run(store.state, each.values) == document.dumps(state):
                return self._session.submit(store, each.targets, each.values, priority=each.priority)
        return self._session.submit(self._session.new_graph(state), each.targets, priority=each.priority)


def _as_run(state: GraphState, values: Mapping[tuple[str, str], Any]) -> str | None:
    """Return the document of a graph with other literals; None where it has no such nodes."""
    edits: list[Edit] = [SetValue(node, name, value) for (node, name), value in values.items()]
    try:
        return document.dumps(apply_all(state, edits)[0])
    except (EditError, DocumentError):
        return None
