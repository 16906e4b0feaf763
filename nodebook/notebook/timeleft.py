"""How long a run and its nodes will still take: by their progress, else by what earlier runs took, else unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from nodebook.engine import events
from nodebook.engine.nodetype import MAIN_LANE, NodeType
from nodebook.engine.plan import Step
from nodebook.explain import Expect


@dataclass(slots=True)
class _Running:
    """A node that runs. Its rate counts from its first progress: what comes before (loading a model) is no step."""

    since: float
    first: tuple[float, float] | None = None
    """When progress was first told, and its value."""
    last: tuple[float, float, float] | None = None
    """When progress was last told, its value and its maximum."""

    def left_s(self, expected: float | None, now: float) -> float | None:
        if self.first is not None and self.last is not None:
            (began, before), (when, value, maximum) = self.first, self.last
            if value > before and when > began:
                return max(0.0, (maximum - value) * (when - began) / (value - before) - (now - when))
        return None if expected is None else max(0.0, expected - (now - self.since))


class TimeLeft:
    """Follows the events of a graph's runs. May be used from any thread; ``on_event`` costs O(1).

    Steps of the main lane follow one another, those of other lanes overlap with them.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._run: int | None = None
        self._running: dict[str, _Running] = {}
        self._over: set[str] = set()
        """Nodes that came to their end before their steps were known."""
        self._main: dict[str, float | None] | None = None
        """Unfinished steps of the main lane, and the seconds expected of each; None until ``begin``."""
        self._others: dict[str, float | None] = {}
        self._main_s = 0.0
        self._unknown = 0
        self._lock = Lock()

    def on_event(self, event: events.RunEvent) -> None:
        """Take in what happened."""
        with self._lock:
            match event:
                case events.RunStarted():
                    self._forget(event.run)
                case events.RunFinished() if event.run == self._run:
                    self._forget(None)
                case events.NodeStarted() if event.run == self._run:
                    self._running[event.node] = _Running(self._clock())
                case events.NodeProgress() if event.node in self._running:
                    self._progress(self._running[event.node], event)
                case events.NodeFinished() | events.NodeFailed() | events.NodeSkipped() | events.NodeBlocked():
                    self._running.pop(event.node, None)
                    self._finish(event.node)

    def begin(self, run: int, steps: tuple[Step, ...], expect: Expect) -> None:
        """Say what the run that has started does, and what to expect of it. Costs O(steps)."""
        known: dict[int, float | None] = {}
        main: dict[str, float | None] = {}
        others: dict[str, float | None] = {}
        for step in steps:
            node_type = step.compiled.type
            seconds = None if node_type is None else _seconds(node_type, known, expect)
            is_main = node_type is None or node_type.lane == MAIN_LANE
            (main if is_main else others)[step.id] = seconds
        with self._lock:
            if run != self._run:
                return
            self._main, self._others = main, others
            self._main_s = sum(seconds for seconds in main.values() if seconds is not None)
            self._unknown = sum(seconds is None for part in (main, others) for seconds in part.values())
            for node in self._over:
                self._finish(node)
            self._over.clear()

    def of_node(self, node: str) -> float | None:
        """Return the seconds that a node will go on running, None where that is not known or it does not run."""
        with self._lock:
            return self._left_of(node, self._clock())

    def of_run(self) -> float | None:
        """Return the seconds that the run will go on, None where that is not known or none is."""
        with self._lock:
            if self._main is None:
                return None
            now = self._clock()
            unknown, main_s, longest = self._unknown, self._main_s, 0.0
            for node in self._running:
                left_s = self._left_of(node, now)
                if left_s is None:
                    return None
                is_main = node in self._main
                expected = (self._main if is_main else self._others).get(node)
                unknown -= expected is None and (is_main or node in self._others)
                if is_main:
                    main_s += left_s - (expected or 0.0)
                else:
                    longest = max(longest, left_s)
            if unknown > 0:
                return None
            waiting = (seconds or 0.0 for node, seconds in self._others.items() if node not in self._running)
            return max(0.0, main_s, longest, max(waiting, default=0.0))

    # The caller of all below holds the lock.

    def _left_of(self, node: str, now: float) -> float | None:
        running = self._running.get(node)
        if running is None:
            return None
        expected = None if self._main is None else self._main.get(node, self._others.get(node))
        return running.left_s(expected, now)

    def _progress(self, running: _Running, event: events.NodeProgress) -> None:
        now = self._clock()
        if running.first is None or running.first[1] > event.value:  # it began again: the next of many values
            running.first = now, event.value
        running.last = now, event.value, event.maximum

    def _finish(self, node: str) -> None:
        if self._main is None:
            self._over.add(node)
            return
        part = self._main if node in self._main else self._others
        if node not in part:
            return
        seconds = part.pop(node)
        if seconds is None:
            self._unknown -= 1
        elif part is self._main:
            self._main_s -= seconds

    def _forget(self, run: int | None) -> None:
        self._run = run
        self._running, self._over = {}, set()
        self._main, self._others = None, {}
        self._main_s, self._unknown = 0.0, 0


def _seconds(node_type: NodeType, known: dict[int, float | None], expect: Expect) -> float | None:
    """Return what a node of a type is expected to take; each type is asked for once."""
    place = id(node_type)
    if place not in known:
        cost = expect(node_type)
        known[place] = None if cost is None else cost.seconds
    return known[place]
