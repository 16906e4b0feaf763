"""What a run came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nodebook.engine.events import NodeError
from nodebook.engine.graph import EMPTY, GraphState, id_order, nodes_before
from nodebook.engine.plan import Plan
from nodebook.errors import RunFailedError
from nodebook.rooms import room


class PlannedKeys(Mapping[str, bytes]):
    """The keys of what a plan makes and starts from, without its results; put together when somebody asks."""

    def __init__(self, plan: Plan, rekeyed: Mapping[str, bytes] = EMPTY) -> None:
        self._rekeyed = rekeyed
        """Grows while the run goes on: nodes whose inputs were changed at a break."""
        self._steps = plan.steps
        self._held = {node: held.key for node, held in plan.held.items()}

    @cached_property
    def _keys(self) -> dict[str, bytes]:
        return {**self._held, **{step.id: step.key for step in self._steps}}

    def __getitem__(self, node: str) -> bytes:
        return self._rekeyed.get(node) or self._keys[node]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


@dataclass(frozen=True)
class Run:
    """A finished run: which nodes ran, which did not need to, and what went wrong.

    ``outcome`` is ``done``, ``failed``, ``cancelled`` or ``abandoned``; ``paused`` where it waits at a break and is not
    finished. ``seconds`` is wall time from its start on the worker.
    """

    number: int
    state: GraphState
    targets: tuple[str, ...]
    executed: tuple[str, ...]
    errors: Mapping[str, NodeError]
    skipped: Mapping[str, str]
    outcome: str
    seconds: float
    held: tuple[str, ...] = ()
    """Results that the run found ready and started from."""
    node_seconds: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    """How long each executed node took."""
    result_bytes: Mapping[str, int] = field(default_factory=lambda: EMPTY)
    """What the result of each executed node weighs."""
    keys: Mapping[str, bytes] = field(default_factory=lambda: EMPTY)
    """Target → the key under which the cache knows its result."""
    blocked: Mapping[str, str | None] = field(default_factory=lambda: EMPTY)
    """Nodes that did not run because a value before them was refused (``nb.Block``), and the words for it."""
    flat: GraphState | None = None
    """The graph as it ran, without subgraphs and reroutes; None where it is ``state``."""
    paused_at: str | None = None
    """The node that it waits to call, of a paused run."""
    pause_note: str = ""

    @cached_property
    def cached(self) -> tuple[str, ...]:
        """Ids of the nodes that the targets depend on and that did not have to run, in document order."""
        state = self.flat or self.state
        seen = {node_id for node_id in self.held if node_id in state.nodes}
        stack = list(seen)
        while stack:
            for before in nodes_before(state, stack.pop()):
                if before not in seen:
                    seen.add(before)
                    stack.append(before)
        if self.outcome in {"cancelled", "abandoned", "paused"}:
            # What was still to come when the run was stopped is neither cached nor executed.
            return ()
        rest = seen.difference(self.executed, self.errors, self.skipped, self.blocked)
        return tuple(sorted(rest, key=id_order))

    def check(self) -> Run:
        """Return this run, or raise ``RunFailedError`` when a node failed: for scripts that must not go on then."""
        if self.errors:
            listed = "\n".join(f"  {error}" for error in self.errors.values())
            raise RunFailedError(f"{len(self.errors)} of the graph's nodes failed:\n{listed}")
        return self

    def __repr__(self) -> str:
        """Say what happened, and what went wrong; without times, so that notebooks stay the same when run again."""
        parts = [f"{len(self.executed)} executed", f"{len(self.cached)} cached"]
        if self.errors:
            parts.append(f"{len(self.errors)} failed")
        if self.skipped:
            parts.append(f"{len(self.skipped)} skipped")
        if self.blocked:
            parts.append(f"{len(self.blocked)} blocked")
        lines = [f"Run {self.outcome}: {', '.join(parts)}"]
        if self.paused_at is not None:
            node = (self.flat or self.state).nodes.get(self.paused_at)
            title = self.paused_at if node is None else node.title or node.type
            lines.append(f"  before {title} (node {self.paused_at}). {self.pause_note or 'g.resume() goes on.'}")
        lines.extend(f"  node {node} did not run: {words}" for node, words in self.blocked.items() if words)
        lines.extend(f"  {error}" for error in self.errors.values())
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        """Return what a cell shows: what came of each node, how long it took, and the pictures that were made."""
        bundle: dict[str, Any] = room("notebook.display.runs").run_bundle(self)
        return bundle
