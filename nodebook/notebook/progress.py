"""How far a run is, where no editor shows it: a bar for its nodes and one for the steps of the node that works.

Events come on the threads that compute and are only noted; the thread that waits for the run draws, at most ten times a
second. Nothing is drawn of a run that is over in half a second. docs/design/progress.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import wait as wait_for
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

from nodebook.engine import events
from nodebook.explain import title_in
from nodebook.notebook.bars import Bar, Screen, screen
from nodebook.notebook.timeleft import TimeLeft
from nodebook.tables import seconds_text

if TYPE_CHECKING:
    from nodebook.engine.store import GraphStore
    from nodebook.jobs import Job
    from nodebook.runs import Run
    from nodebook.sessions import Session

QUIET_S = 0.5
"""A run that is over by then shows nothing: a bar that only flickers says nothing."""

INTERVAL_S = 0.1

_ENDS = (events.NodeFinished, events.NodeFailed, events.NodeSkipped, events.NodeBlocked)


class Counts:
    """What has happened so far in one run, by its events. Filled from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._nodes: dict[str, None] = {}
        """What is to run, and what runs beside that: nodes that were added while it ran."""
        self._over: set[str] = set()
        self._working: dict[str, tuple[float, float] | None] = {}
        """Nodes that work → steps done and steps in all, where they say so."""
        self.is_started = False

    def on_event(self, event: events.RunEvent) -> None:
        """Take in what happened."""
        with self._lock:
            match event:
                case events.RunStarted():
                    self.is_started = True
                    self._nodes = dict.fromkeys(event.planned)
                case events.NodeStarted():
                    self._nodes[event.node] = None
                    self._working[event.node] = None
                case events.NodeProgress() if event.node in self._working:
                    self._working[event.node] = event.value, event.maximum
                case _ if isinstance(event, _ENDS):
                    self._working.pop(event.node, None)
                    if event.node in self._nodes:
                        self._over.add(event.node)

    @property
    def done(self) -> int:
        """How many nodes are at their end."""
        return len(self._over)

    @property
    def total(self) -> int:
        """How many nodes there are to run."""
        return len(self._nodes)

    def working(self) -> tuple[str, tuple[float, float] | None] | None:
        """Return the node that began last of those that work, and its steps."""
        with self._lock:
            return next(reversed(self._working.items()), None)


class Series:
    """Several runs one after the other (``g.sweep``): a bar for them stands above those of each run."""

    def __init__(self, name: str, total: int) -> None:
        self._name = name
        self._total = total
        self._done = 0
        self._began = monotonic()
        self._next = self._began + QUIET_S
        self._screen: Screen | None = None
        self._open_screen: Callable[[], Screen] | None = None
        self._outer: Token[Series | None] | None = None

    def __enter__(self) -> Self:
        """Be the series of the runs that are waited for from now on, in this context."""
        self._outer = _series.set(self)
        return self

    def __exit__(self, *_raised: object) -> None:
        """Leave one line, where bars were shown."""
        if self._outer is not None:
            _series.reset(self._outer)
        if self._screen is not None:
            elapsed = seconds_text(monotonic() - self._began)
            self._screen.end(f"{self._name}: {self._done} of {self._total} done in {elapsed}")

    @property
    def quiet_s(self) -> float:
        """How long it is until something is shown."""
        return max(0.0, self._began + QUIET_S - monotonic())

    def join(self, open_screen: Callable[[], Screen]) -> None:
        """Say where bars are drawn: a run that shows how far it is has begun."""
        self._open_screen = open_screen

    def count(self) -> None:
        """Note that one more run is over."""
        self._done += 1
        self.show([])

    def show(self, bars: Sequence[Bar]) -> None:
        """Draw the bars of a run under that of the series."""
        now = monotonic()
        if self._open_screen is None or now < self._next:
            return
        self._next = now + INTERVAL_S
        if self._screen is None:
            self._screen = self._open_screen()
        self._screen.show([Bar(self._name, self._done, self._total, now - self._began), *bars])


_series: ContextVar[Series | None] = ContextVar("series of runs", default=None)


class Following:
    """How far the runs of one graph are, by the events of the session."""

    def __init__(self, store: GraphStore, session: Session) -> None:
        self._store = store
        self._session = session
        self._left = TimeLeft()
        self._runs: dict[int, Counts] = {}
        self._known: int | None = None
        """The run whose steps ``_left`` knows."""

    def on_event(self, event: events.RunEvent) -> None:
        """Take in what happened, on the thread where it did."""
        if event.graph != self._store.number:
            return
        self._left.on_event(event)
        counts = self._runs.get(event.run)
        if counts is None:
            counts = self._runs.setdefault(event.run, Counts())
        counts.on_event(event)

    def forget(self, job: Job) -> None:
        """Drop what is known of a run that is over."""
        self._runs.pop(job.number, None)

    def bars(self, job: Job, elapsed_s: float | None = None) -> list[Bar]:
        """Return a bar for a run, and one for the steps of the node that works; none where nothing is computed."""
        counts = self._runs.get(job.number)
        if counts is None or (counts.is_started and not counts.total):
            return []
        if not counts.is_started:
            return [Bar(f"Run {job.number} waits for runs before it", 0, None)]
        if self._known != job.number:
            self._known = job.number
            self._left.begin(job.number, job.plan.steps, self._session.costs.expect)
        working = counts.working()
        title = "" if working is None else title_in(self._store, job.state, working[0])
        bars = [Bar(f"Run {job.number}", counts.done, counts.total, elapsed_s, self._left.of_run(), title)]
        if working is not None and working[1] is not None:
            done, total = working[1]
            bars.append(Bar(f"  {title}", done, total, None, self._left.of_node(working[0])))
        return bars


class Progress(AbstractContextManager["Progress"]):
    """Shows how far the run is that is submitted inside the ``with`` and then waited for."""

    def __init__(self, store: GraphStore, session: Session, open_screen: Callable[[], Screen] = screen) -> None:
        self._stream = session.stream
        self._following = Following(store, session)
        self._open_screen = open_screen
        self._screen: Screen | None = None
        self._began = monotonic()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._series = _series.get()

    def __enter__(self) -> Self:
        """Begin to listen: before the run is submitted, so that nothing of it is missed."""
        self._unsubscribe = self._stream.subscribe(self._following.on_event)
        if self._series is not None:
            self._series.join(self._open_screen)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Stop listening; a bar that still stands (Interrupt) gives way to a line."""
        self._unsubscribe()
        if self._screen is not None:
            self._screen.end(f"Run stopped after {seconds_text(monotonic() - self._began)}")
            self._screen = None

    def wait(self, job: Job) -> Run:
        """Wait for a job as ``job.halt.result()`` does, and draw meanwhile."""
        pause_s = QUIET_S if self._series is None else self._series.quiet_s
        while not wait_for([job.halt], pause_s).done:
            self._draw(job)
            pause_s = INTERVAL_S
        return self._finish(job.halt.result())

    async def wait_async(self, job: Job) -> Run:
        """Wait for a job on the event loop, and draw meanwhile; cancelling the task cancels the future as before."""
        future = asyncio.wrap_future(job.halt)
        pause_s = QUIET_S if self._series is None else self._series.quiet_s
        try:
            while not (await asyncio.wait([future], timeout=pause_s))[0]:
                self._draw(job)
                pause_s = INTERVAL_S
        finally:
            future.cancel()  # of one that is done this does nothing
        return self._finish(future.result())

    def _draw(self, job: Job) -> None:
        bars = self._following.bars(job, monotonic() - self._began)
        if not bars:
            return
        if self._series is not None:
            self._series.show(bars)
            return
        if self._screen is None:
            self._screen = self._open_screen()
        self._screen.show(bars)

    def _finish(self, run: Run) -> Run:
        if self._screen is not None:
            failed = f", {len(run.errors)} failed" if run.errors else ""
            counts = f"{len(run.executed)} executed, {len(run.cached)} cached{failed}"
            self._screen.end(f"Run {run.number} {run.outcome} in {seconds_text(run.seconds)}: {counts}")
            self._screen = None
        return run
