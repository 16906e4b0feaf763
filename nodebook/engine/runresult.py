"""What one run came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nodebook.engine import events
from nodebook.engine.cache import Entry


@dataclass(slots=True)
class RunResult:
    """What a run made: ids in the order in which they ran, and the results of its targets."""

    executed: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    """Nodes of the plan whose result another run had made meanwhile."""
    errors: dict[str, events.NodeError] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    """Id → id of the node that kept it from running."""
    blocked: dict[str, str | None] = field(default_factory=dict)
    """Nodes that did not run because a value before them was refused (``Block``), and the words for it."""
    results: dict[str, Entry] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each executed node took."""
    result_bytes: dict[str, int] = field(default_factory=dict)
    """What each result weighs."""
    cancelled: bool = False
    rekeyed: Mapping[str, bytes] = field(default_factory=dict)
    """Nodes that ran with inputs changed at a break, or after such, and the keys that their results have."""
    spoilt: bool = False
    """A node changed a cached result in place that this plan cannot make again: plan and run once more."""
