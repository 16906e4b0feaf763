"""What the output of a cell keeps of a graph: its document and its static picture, always of the newest state.

It is an output of its own, beside the one of the editor, so that it can be replaced while somebody edits. An edit or a
run that ends renews it soon; the end of a cell renews it before the cell counts as done, so that whoever executes a
notebook without a page finds the newest state in it too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import is_
from threading import Condition, Thread
from threading import Lock as Mutex
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nodebook.engine import document
from nodebook.engine.events import RunEvent, RunFinished
from nodebook.engine.graph import GraphState
from nodebook.engine.store import Change, GraphStore
from nodebook.notebook.lock.making import Lock, lock_of
from nodebook.notebook.saved import copies
from nodebook.notebook.saved.stored import GRAPH_MIME, stored_value
from nodebook.notebook.static import picture_of, static_html

if TYPE_CHECKING:
    from nodebook.graph import Graph

logger = logging.getLogger(__name__)

PAUSE_S = 0.6
"""Edits pause this long before the output is renewed."""
LONGEST_WAIT_S = 3.0
SHARE = 8.0
"""Renewing takes at most about one part in so many of the time."""

Publish = Callable[[dict[str, Any], str, bool], None]
"""Show a bundle under a display id; the last argument says whether one of that id is there already."""


class GraphOutput:
    """The output of one graph. All methods may be called from any thread."""

    def __init__(self, graph: Graph) -> None:
        self.display_id = f"nodebook-{uuid4()}"
        self._graph = graph
        self._publish: Publish | None = None
        self._lock = Mutex()
        self._shown: dict[str, Any] | None = None
        self._saved: tuple[GraphState, str] | None = None
        self._made_of: tuple[GraphState, Any] | None = None
        """The state and the run that the output shows."""
        self.cost_s = 0.0
        """How long it took to make last time."""

    def show(self, publish: Publish) -> None:
        """Show the output in the cell that runs now, and renew it from now on."""
        with self._lock:
            if self._publish is None:
                self._graph.store.subscribe(self._on_change)
                self._graph._session.stream.subscribe(self._on_event)  # noqa: SLF001 -- the session is the graph's, and nobody else's business
            self._publish = publish
            self._made_of = (self._graph.store.state, self._graph.store.last_run)
            self._shown = self.make()
            publish(self._shown, self.display_id, False)

    def renew(self) -> None:
        """Replace the output wherever it is shown, if anything about it is news. Never raises."""
        with self._lock:
            of = (self._graph.store.state, self._graph.store.last_run)
            if self._publish is None or (self._made_of is not None and all(map(is_, self._made_of, of))):
                return
            self._made_of = of
            began = monotonic()
            try:
                made = self.make()
                if made != self._shown:
                    self._shown = made
                    self._publish(made, self.display_id, True)
            except Exception:  # a picture must not end what it is a picture of
                logger.exception("The stored copy of a graph could not be renewed")
            self.cost_s = monotonic() - began

    def make(self) -> dict[str, Any]:
        """Return what the output holds now."""
        state = self._graph.store.state
        saved = self._saved_at(state)
        picture = picture_of(self._graph, saved)
        return {
            "text/plain": repr(self._graph),
            "text/html": static_html(self._graph, picture),
            GRAPH_MIME: self._value(state, saved),
        }

    def _value(self, state: GraphState, saved: str) -> dict[str, Any]:
        history = copies.note_stored(self._graph.store, self._graph._session, state)  # noqa: SLF001 -- as above
        return stored_value(document.to_json(state), saved, self._lock_json(), history)

    def _lock_json(self) -> Mapping[str, Any] | None:
        """Return what the results were made with, as far as it is known by now; None before the first run."""
        if self._graph.store.last_run is None:
            return None
        try:
            return lock_of(self._graph, wait=False, on_ready=self._on_lock).to_json()
        except Exception:  # what is shown and kept does not depend on it
            logger.exception("The lock of a graph could not be made")
            return None

    def _on_lock(self, _lock: Lock) -> None:
        self._made_of = None
        self._touch()

    def _saved_at(self, state: GraphState) -> str:
        """Return when the document became what it is: not now, where the notebook has this very document already."""
        if self._saved is None or self._saved[0] is not state:
            known = copies.saved_at(self._graph._session, state)  # noqa: SLF001 -- as above
            self._saved = (state, known or now())
        return self._saved[1]

    def _on_change(self, _change: Change) -> None:
        self._touch()

    def _on_event(self, event: RunEvent) -> None:
        if isinstance(event, RunFinished) and event.graph == self._graph.store.number:
            self._touch()

    def _touch(self) -> None:
        _renewer.put(self)


class _Renewer:
    """A thread that renews outputs once edits pause. It ends when nothing is left to do."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._due: dict[GraphOutput, tuple[float, float]] = {}
        """Output → when it is due, and when it is due at the latest."""
        self._thread: Thread | None = None

    def put(self, output: GraphOutput) -> None:
        now_s = monotonic()
        pause_s = max(PAUSE_S, SHARE * output.cost_s)
        with self._changed:
            latest = self._due[output][1] if output in self._due else now_s + max(LONGEST_WAIT_S, pause_s)
            self._due[output] = (min(now_s + pause_s, latest), latest)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="nodebook-outputs", daemon=True)
                self._thread.start()
            self._changed.notify()

    def renew_all(self) -> None:
        """Renew at once all that is not of the newest state."""
        with self._changed:
            self._due.clear()
        with _outputs_lock:
            outputs = list(_outputs.values())
        for output in outputs:
            output.renew()

    def _work(self) -> None:
        while (output := self._next()) is not None:
            output.renew()

    def _next(self) -> GraphOutput | None:
        with self._changed:
            while self._due:
                output, (due, _) = min(self._due.items(), key=lambda item: item[1][0])
                wait_s = due - monotonic()
                if wait_s <= 0:
                    del self._due[output]
                    return output
                self._changed.wait(wait_s)
            self._thread = None
            return None


_renewer = _Renewer()
_outputs: dict[GraphStore, GraphOutput] = {}
_outputs_lock = Mutex()
_watched: set[int] = set()


def now() -> str:
    """Return this moment in UTC, by ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def output_of(graph: Graph) -> GraphOutput:
    """Return the output of a graph; the first call makes it."""
    with _outputs_lock:
        found = _outputs.get(graph.store)
        if found is None:
            found = _outputs[graph.store] = GraphOutput(graph)
        return found


def show(graph: Graph, shell: Any) -> None:
    """Show a graph's stored copy and its picture as an output of the cell that runs now in an IPython kernel."""
    if id(shell) not in _watched:
        _watched.add(id(shell))
        shell.events.register("post_run_cell", lambda _result: _renewer.renew_all())

    def publish(bundle: dict[str, Any], display_id: str, again: bool) -> None:  # noqa: FBT001 - a protocol of three
        transient = {"display_id": display_id}
        shell.display_pub.publish(data=bundle, metadata={}, transient=transient, update=again)

    output_of(graph).show(publish)


def bundle_of(graph: Graph) -> dict[str, Any]:
    """Return what an output keeps of a graph as it is now, for hosts that show it in one piece with the editor."""
    return output_of(graph).make()
