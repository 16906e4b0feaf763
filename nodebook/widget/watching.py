"""What is known of a graph's runs: states, time left, what nodes wrote, and which results are out of date."""

from __future__ import annotations

from collections.abc import Callable

from nodebook.engine import events
from nodebook.engine.store import GraphStore
from nodebook.notebook.timeleft import TimeLeft
from nodebook.pausing import paused_job
from nodebook.sessions import Session
from nodebook.widget.inbox import Scheduler
from nodebook.widget.protocol import Status
from nodebook.widget.stale import StaleMarks
from nodebook.widget.status import StatusBoard

STALE_DELAY_S = 0.15
"""After an edit, until marks are looked at again: a burst of edits is one look."""


class Watch:
    """Feeds the status board of a graph from events, logs and edits; ``on_news`` is called when it has something new.

    ``on_event`` is called on the thread that computes; what takes longer is done on the inbox.
    """

    def __init__(self, store: GraphStore, session: Session, inbox: Scheduler, on_news: Callable[[], None]) -> None:
        self._store = store
        self._session = session
        self._inbox = inbox
        self._on_news = on_news
        self._left = TimeLeft()
        self.board = StatusBoard(self._left)
        self._stale = StaleMarks(store)
        self._is_marking = False
        self._logged: set[str] = set()
        self.close = session.logs.subscribe(self._on_log)

    def on_event(self, event: events.RunEvent) -> None:
        """Take in what happened in a run of this graph."""
        self._left.on_event(event)
        self.board.apply(event, self._store.flat)
        match event:
            case events.NodeStarted():
                self._session.logs.forget(event.graph, event.node)
            case events.RunStarted():
                self._inbox.put(lambda: self._expect(event.run))
            case events.RunFinished():
                self._stale.note_end()
                self.mark_stale_soon()
        self._on_news()

    def look_back(self) -> None:
        """Find what runs made before the first view was shown."""
        store = self._store
        held = {node: self._session.result(store, node) for node in store.flat.nodes}
        costs = {node: (each.seconds, each.value_bytes) for node, each in held.items() if each is not None}
        self.board.look_back(store.last_run, costs)
        paused = paused_job(self._session.worker, store)
        if paused is not None and paused.pause is not None:
            self.board.apply(events.NodePaused(paused.number, store.number, paused.pause.node), store.flat)
        self._logged.update(line.node for line in self._session.logs.lines(store.number))
        self._stale.note_end()
        self.mark_stale_soon()
        self._on_news()

    def mark_stale_soon(self) -> None:
        """Look again, in a moment, which results are out of date: the graph, its node types or files changed."""
        if not self._is_marking:
            self._is_marking = True
            self._inbox.later(STALE_DELAY_S, self._mark_stale)

    def take(self) -> Status | None:
        """Return what changed since the last call, None where nothing did."""
        while self._logged:
            node = self._logged.pop()
            self.board.set_log(node, *self._session.logs.summary(self._store.number, node))
        return self.board.take()

    def _on_log(self, graph: int, node: str) -> None:
        if graph == self._store.number:
            self._logged.add(node)
            self._on_news()

    def _expect(self, run: int) -> None:
        job = next((each for each in self._session.worker.running if each.number == run), None)
        if job is not None:
            self._left.begin(run, job.plan.steps, self._session.costs.expect)

    def _mark_stale(self) -> None:
        self._is_marking = False
        if self.board.set_stale(self._stale.find()):
            self._on_news()
