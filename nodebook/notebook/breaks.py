"""Breaks: a run pauses before a node, and what the node is about to get are variables of the notebook until it goes on.

The engine pauses and goes on (``engine/stops.py``); this shows the inputs and takes back what cells made of them.
"""

from __future__ import annotations

import builtins
import keyword
import sys
from collections.abc import Iterable, Iterator, MutableMapping
from threading import RLock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from nodebook.engine import events
from nodebook.errors import InputValueError, NotPausedError
from nodebook.handles import NodeHandle
from nodebook.notebook.display.look import words_of
from nodebook.pausing import paused_job

if TYPE_CHECKING:
    from nodebook.engine.stops import Pause
    from nodebook.engine.store import GraphStore
    from nodebook.graph import Graph
    from nodebook.jobs import Job
    from nodebook.runs import Run
    from nodebook.sessions import Session

_MISSING = object()
_WIDE = 60


class PausedInputs(MutableMapping[str, Any]):
    """What a paused node is about to get, by name: to be read and set, as by the variables of the same names."""

    def __init__(self, pause: Pause, namespace: dict[str, Any] | None) -> None:
        self._own = dict(pause.inputs)
        self._namespace = namespace
        self._hidden: dict[str, Any] = {}
        """What variables of the same names were before."""
        self.variables: tuple[str, ...] = ()
        """Names under which inputs are variables of the notebook."""

    def publish(self) -> None:
        """Make the inputs variables of the notebook."""
        namespace = self._namespace
        if namespace is None:
            return
        self.variables = tuple(name for name in self._own if _is_free(name))
        for name in self.variables:
            if name in namespace:
                self._hidden[name] = namespace[name]
            namespace[name] = self._own[name]

    def withdraw(self) -> None:
        """Put the notebook's own variables back, and keep what cells made of the inputs."""
        self._own = dict(self)
        namespace, names, self.variables = self._namespace, self.variables, ()
        for name in names:
            assert namespace is not None  # noqa: S101 -- it has these variables
            if name in self._hidden:
                namespace[name] = self._hidden[name]
            else:
                namespace.pop(name, None)

    @property
    def note(self) -> str:
        """Which inputs are variables, and what they hide."""
        if not self._own:
            return "It has no inputs. g.resume() goes on."
        if not self.variables:
            return f"Its inputs are in g.paused.inputs: {', '.join(self._own)}. g.resume() goes on."
        hidden = [name for name in self.variables if name in self._hidden]
        hiding = f" What they hide comes back then: {', '.join(hidden)}." if hidden else ""
        left = [name for name in self._own if name not in self.variables]
        others = f" Only in g.paused.inputs: {', '.join(left)}." if left else ""
        return f"Its inputs are variables until g.resume(): {', '.join(self.variables)}.{hiding}{others}"

    def __getitem__(self, name: str) -> Any:
        if name not in self._own:
            raise KeyError(f"The paused node has no input {name!r}. Its inputs are: {', '.join(self._own) or 'none'}.")
        if self._namespace is not None and name in self.variables:
            return self._namespace.get(name, self._own[name])  # one that was deleted stays as it came
        return self._own[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self[name]  # it must be one of the node's
        self._own[name] = value
        if self._namespace is not None and name in self.variables:
            self._namespace[name] = value

    def __delitem__(self, name: str) -> None:
        raise InputValueError(f"An input of a paused node cannot be taken away, only set. Leave {name!r} as it is.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {_short(self[name])}" for name in self) or "no inputs"


class Paused:
    """A run that waits before a node: look at its ``inputs``, change them, then ``resume``, ``skip`` or ``cancel``."""

    def __init__(self, session: Session, graph: Graph, job: Job, pause: Pause) -> None:
        self._session = session
        self._graph = graph
        self._job = job
        self._pause = pause
        self.inputs = debugger_of(session).shown(pause)

    @property
    def node(self) -> NodeHandle:
        """The node that is not called yet."""
        return NodeHandle(self._graph, self._pause.node)

    def resume(self, **inputs: Any) -> Run:
        """Call the node with the inputs as they are now, and wait for the run's end or its next pause.

        ``inputs`` go before them. Raises ``UnknownInputError`` and ``InputValueError``, and the run goes on waiting;
        ``NotPausedError`` where it does not any more.
        """
        self._require(self._pause.resume({**self.inputs, **inputs}))
        return self._wait()

    def skip(self) -> Run:
        """Do not call the node, nor what needs it; wait for the rest. It is in ``run.blocked`` then."""
        self._require(self._pause.skip())
        return self._wait()

    def cancel(self) -> Run:
        """End the run here, and return what it came to."""
        self._job.cancel()
        return self._job.future.result()

    def _require(self, is_mine: bool) -> None:  # noqa: FBT001 -- the answer of one call
        debugger_of(self._session).withdraw(self._pause)
        if not is_mine:
            raise NotPausedError("This run is not paused any more: somebody let it go on, or cancelled it.")

    def _wait(self) -> Run:
        try:
            return self._job.halt.result()
        except KeyboardInterrupt:
            self._job.cancel()
            raise

    def __repr__(self) -> str:
        if self._pause.is_over:
            return f"<was paused before node {self._pause.node}>"
        place = self._pause.node
        title = self.node.title if place in self._graph else "a node that was removed"
        return f"Paused before {title} (node {place})\n{self.inputs!r}\n{self.inputs.note}"


class Debugger:
    """The breaks of a session: publishes inputs when a run pauses, and takes them back when it goes on."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shown: dict[Pause, PausedInputs] = {}
        self._lock = RLock()
        session.stream.subscribe(self._on_event)

    def shown(self, pause: Pause) -> PausedInputs:
        """Return the inputs of a pause, as they are shown."""
        with self._lock:
            found = self._shown.get(pause)
            if found is None:
                found = self._shown[pause] = PausedInputs(pause, _namespace())
                found.publish()
            return found

    def withdraw(self, pause: Pause) -> None:
        """Put back what the inputs of a pause hid."""
        with self._lock:
            shown = self._shown.pop(pause, None)
            if shown is not None:
                shown.withdraw()

    def go_on(self, store: GraphStore) -> None:
        """Let a graph's paused run go on with its inputs as they are now, without waiting for it.

        Raises ``NotPausedError``, and ``InputValueError`` where an input cannot be what it is now.
        """
        job = paused_job(self._session.worker, store)
        pause = None if job is None else job.pause
        if pause is None:
            raise _not_paused()
        pause.resume(dict(self.shown(pause)))
        self.withdraw(pause)

    def _on_event(self, event: events.RunEvent) -> None:
        if not isinstance(event, (events.NodePaused, events.NodeResumed)):
            return
        if isinstance(event, events.NodeResumed):
            with self._lock:
                over = [pause for pause in self._shown if pause.is_over]
            for each in over:
                self.withdraw(each)
            return
        job = next((each for each in self._session.worker.running if each.number == event.run), None)
        if job is not None and job.pause is not None:
            with self._lock:
                for each in [pause for pause in self._shown if pause.is_over]:
                    self.withdraw(each)
                job.pause.note = self.shown(job.pause).note


_debuggers: WeakKeyDictionary[Session, Debugger] = WeakKeyDictionary()
_making = RLock()


def debugger_of(session: Session) -> Debugger:
    """Return the debugger of a session; the first call makes it."""
    with _making:
        found = _debuggers.get(session)
        if found is None:
            found = _debuggers[session] = Debugger(session)
        return found


def set_break(session: Session, store: GraphStore, node_id: str, *, on: bool) -> None:
    """Let runs of a graph pause before a node, or no more. Raises ``InputValueError`` for what is never called."""
    debugger_of(session)
    if not on:
        store.stops.discard(node_id)
    elif node_id not in store.flat.nodes:
        raise InputValueError(
            f"A run cannot pause at node {node_id}, which is never called: it is a subgraph or a point of a wire. "
            f"Choose a node inside, for example g.break_at('{node_id}/1')."
        )
    else:
        store.stops.add(node_id)
    session.queue.notify()


def breaks_of(graph: Graph) -> tuple[NodeHandle, ...]:
    """Return the nodes that runs of a graph pause at."""
    nodes = graph.store.flat.nodes
    return tuple(NodeHandle(graph, each) for each in sorted(graph.store.stops) if each in nodes)


def clear_breaks(session: Session, store: GraphStore, node_ids: Iterable[str]) -> None:
    """Let runs of a graph pass nodes; all, where none is named."""
    for each in list(node_ids) or list(store.stops):
        set_break(session, store, each, on=False)


def paused_of(session: Session, graph: Graph) -> Paused | None:
    """Return the paused run of a graph, None where none is."""
    job = paused_job(session.worker, graph.store)
    pause = None if job is None else job.pause
    return None if job is None or pause is None else Paused(session, graph, job, pause)


def resume(session: Session, graph: Graph, inputs: dict[str, Any]) -> Run:
    """Let the paused run of a graph go on. Raises ``NotPausedError``."""
    found = paused_of(session, graph)
    if found is None:
        raise _not_paused()
    return found.resume(**inputs)


def _not_paused() -> NotPausedError:
    return NotPausedError(
        "No run of this graph is paused. Set a break with g.break_at(node), then run it: it pauses before that node."
    )


def _namespace() -> dict[str, Any] | None:
    """Return the variables of the notebook, None outside one."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return None if shell is None else shell.user_ns


def _is_free(name: str) -> bool:
    """Whether a variable may have a name without breaking cells: ``input`` as a variable would."""
    return name.isidentifier() and not keyword.iskeyword(name) and not hasattr(builtins, name)


def _short(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if shape is not None and getattr(value, "dtype", None) is not None:
        return f"{type(value).__name__} {tuple(shape)} {value.dtype}"
    return words_of(value, _WIDE)
