"""What happens during a run, as frozen values on one stream.

The widget, progress bars, a server and the tests only listen; nothing in the engine asks what they do with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from nodebook.engine.compiled import Problem

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NodeError:
    """A node failed. ``input``: the one to blame, if one is; ``traceback`` starts at the node's own code."""

    node: str
    kind: str
    message: str
    input: str | None = None
    traceback: str = ""
    title: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        where = f", input {self.input}" if self.input else ""
        named = f"{self.title} (node {self.node})" if self.title else f"node {self.node}"
        return f"{named}{where}: {self.told}"

    @property
    def told(self) -> str:
        """What went wrong; of a problem that was found before the run, whose kind is a code, the message alone."""
        is_problem = self.kind.islower() and not self.traceback
        return self.message if is_problem else f"{self.kind}: {self.message}"


@dataclass(frozen=True, slots=True)
class RunQueued:
    """A run waits for the worker."""

    run: int
    graph: int


@dataclass(frozen=True, slots=True)
class RunStarted:
    """``planned`` will run, ``held`` were found in the cache, ``blocked`` are the problems that keep nodes from it.

    ``lazy`` will run only where a lazy input asks for them.
    """

    run: int
    graph: int
    planned: tuple[str, ...]
    held: tuple[str, ...]
    blocked: tuple[Problem, ...]
    targets: tuple[str, ...] = ()
    lazy: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A node's function is about to be called."""

    run: int
    graph: int
    node: str


@dataclass(frozen=True, slots=True)
class NodePaused:
    """The run waits before it calls a node, until somebody says how to go on."""

    run: int
    graph: int
    node: str


@dataclass(frozen=True, slots=True)
class NodeResumed:
    """The run goes on after a pause; ``answer``: resumed, skipped or cancelled."""

    run: int
    graph: int
    node: str
    answer: str


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """A node reports that ``value`` of ``maximum`` steps are done."""

    run: int
    graph: int
    node: str
    value: float
    maximum: float


@dataclass(frozen=True, slots=True)
class NodePreview:
    """A node shows a picture: PIL, array or tensor."""

    run: int
    graph: int
    node: str
    picture: Any


@dataclass(frozen=True, slots=True)
class NodeOutput:
    """A node wrote something: ``level`` is ``out`` or ``err`` for what it printed, ``warning``, ``error``, ``info`` or
    ``debug`` for what it logged. A print may come in parts: a line is whole with its line feed. No event of the stream,
    for somebody always listens to this one.
    """

    run: int
    graph: int
    node: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class NodeFinished:
    """``cached``: another run made the result meanwhile, so nothing was computed. The result weighs ``value_bytes``."""

    run: int
    graph: int
    node: str
    seconds: float
    cached: bool = False
    value_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class NodeFailed:
    """A node raised, or what it returned cannot travel."""

    run: int
    graph: int
    node: str
    error: NodeError


@dataclass(frozen=True, slots=True)
class NodeSkipped:
    """The node did not run because ``because`` failed or could not run."""

    run: int
    graph: int
    node: str
    because: str


@dataclass(frozen=True, slots=True)
class NodeBlocked:
    """The node did not run because a value before it was refused on purpose (``Block``): not a failure.

    ``message``: why, where whoever refused it said so; ``because``: the node that did.
    """

    run: int
    graph: int
    node: str
    message: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class RunFinished:
    """``state`` is ``done``, ``failed`` or ``cancelled``."""

    run: int
    graph: int
    state: str
    seconds: float


RunEvent = (
    RunQueued
    | RunStarted
    | NodeStarted
    | NodePaused
    | NodeResumed
    | NodeProgress
    | NodePreview
    | NodeFinished
    | NodeFailed
    | NodeSkipped
    | NodeBlocked
    | RunFinished
)
Listener = Callable[[RunEvent], None]


class EventStream:
    """Passes each event to every listener, on the thread where it happened. A listener must be quick."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._lock = Lock()

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Pass events to ``listener`` from now on; returns a function that ends that."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not listener)

        return unsubscribe

    def emit(self, event: RunEvent) -> None:
        """Tell every listener. What a listener raises is logged: it must not break the run."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                logger.exception("A listener failed on %r", event)
