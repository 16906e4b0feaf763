"""What the nodes of a session's graphs wrote when they ran last: printed, logged and warned."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from time import time

from nodebook.engine.events import NodeOutput

MAX_LINES = 500
"""Lines that are kept of a node: its last ones."""
MAX_LINE_CHARS = 2_000
MAX_CHARS = 8_000_000
"""All nodes together; those that wrote least lately are forgotten first."""

_PARTS = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

WARNING_LEVELS = frozenset({"warning", "error"})

Listener = Callable[[int, str], None]


@dataclass(slots=True)
class LogLine:
    """A line that a node wrote. ``level`` is as in ``NodeOutput``; ``time`` is seconds since 1970.

    ``changed`` rises with each change of any line: a line that is not whole yet (a progress bar) changes.
    """

    id: int
    node: str
    run: int
    time: float
    level: str
    text: str
    changed: int


@dataclass(slots=True)
class _NodeLog:
    run: int
    lines: deque[LogLine] = field(default_factory=deque)
    open: dict[str, tuple[LogLine, bool]] = field(default_factory=dict)
    """Level → its line that has had no line feed yet, and whether it is written anew (after a carriage return)."""
    chars: int = 0


class NodeLogs:
    """The last lines of each node. A node's next run begins anew with its first line. May be used from any thread."""

    def __init__(self) -> None:
        self._logs: dict[tuple[int, str], _NodeLog] = {}
        self._chars = 0
        self._ids = count(1)
        self._changes = count(1)
        self._listeners: tuple[Listener, ...] = ()
        self._lock = Lock()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with graph and node when a node wrote something; returns a function that ends that.

        It is called on the node's thread: it must be quick.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not listener)

        return unsubscribe

    def add(self, output: NodeOutput) -> None:
        """Take in what a node wrote."""
        with self._lock:
            log = self._log(output)
            self._chars -= log.chars
            for part in _PARTS.findall(output.text):
                _add_part(log, output, part, self._ids, self._changes)
            self._chars += log.chars
            while self._chars > MAX_CHARS and len(self._logs) > 1:
                self._chars -= self._logs.pop(next(iter(self._logs))).chars
        for listener in self._listeners:
            listener(output.graph, output.node)

    def forget(self, graph: int, node: str) -> None:
        """Forget what a node wrote: it runs again."""
        with self._lock:
            log = self._logs.pop((graph, node), None)
            self._chars -= 0 if log is None else log.chars

    def lines(self, graph: int, node: str | None = None, *, after: int = 0) -> list[LogLine]:
        """Return what a graph's nodes wrote, or one of them, oldest first; only what changed after a ``changed``."""
        with self._lock:
            logs = [log for (owner, name), log in self._logs.items() if owner == graph and node in {None, name}]
            found = [line for log in logs for line in log.lines if line.changed > after]
        return sorted(found, key=lambda line: line.id)

    def summary(self, graph: int, node: str) -> tuple[int, tuple[str, ...]]:
        """Return how many lines a node wrote, and its warnings and errors, each once."""
        with self._lock:
            log = self._logs.get((graph, node))
            if log is None:
                return 0, ()
            warned = dict.fromkeys(line.text for line in log.lines if line.level in WARNING_LEVELS)
            return len(log.lines), tuple(warned)

    def _log(self, output: NodeOutput) -> _NodeLog:
        place = (output.graph, output.node)
        log = self._logs.pop(place, None)
        if log is None or log.run != output.run:
            self._chars -= 0 if log is None else log.chars
            log = _NodeLog(output.run)
        self._logs[place] = log  # the newest is last
        return log


def _add_part(log: _NodeLog, output: NodeOutput, part: str, ids: Iterator[int], changes: Iterator[int]) -> None:
    """Add a line or a part of one. After a carriage return a line is written anew, as a terminal does."""
    text = part.rstrip("\r\n")
    open_line = log.open.pop(output.level, None)
    if open_line is None:
        line, is_anew = LogLine(next(ids), output.node, output.run, time(), output.level, "", 0), False
        if len(log.lines) == MAX_LINES:
            _drop_first(log)
        log.lines.append(line)
    else:
        line, is_anew = open_line
    # An empty part after a carriage return only ends the line (Windows' line ends in two writes).
    longer = (text or line.text) if is_anew else line.text + text
    log.chars -= len(line.text)
    line.text = longer[:MAX_LINE_CHARS]
    log.chars += len(line.text)
    line.changed = next(changes)
    if not part.endswith("\n"):
        log.open[output.level] = line, part.endswith("\r")


def _drop_first(log: _NodeLog) -> None:
    first = log.lines.popleft()
    log.chars -= len(first.text)
    log.open = {level: (line, is_anew) for level, (line, is_anew) in log.open.items() if line is not first}
