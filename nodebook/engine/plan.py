"""What a run will do, decided before it starts, by a pure function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from nodebook.engine.cache import Entry
from nodebook.engine.compiled import Compiled
from nodebook.engine.index import GraphIndex, Key


class Step(NamedTuple):
    """A node to run, under the key that its result will have."""

    id: str
    key: Key
    compiled: Compiled


class Held(NamedTuple):
    """A result that a plan starts from."""

    key: Key
    entry: Entry


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a run, sources before consumers.

    ``held`` has the results that the steps start from, taken out of the cache when the plan was made, so that an
    eviction cannot pull them away. ``blocked`` has the wanted nodes that cannot run because they, or nodes before
    them, have problems; the value is the id of the node whose problem it is.
    """

    targets: tuple[str, ...]
    steps: tuple[Step, ...]
    held: Mapping[str, Held]
    blocked: Mapping[str, str]


def make_plan(index: GraphIndex, targets: Iterable[str], lookup: Callable[[Key], Entry | None]) -> Plan:
    """Decide which nodes must run for ``targets``: those without a result, and as far up as results are missing.

    Costs O(nodes that run + the results they start from), whatever the size of the graph.
    """
    targets = tuple(targets)
    keys, compiled = index.keys, index.compiled
    steps: list[Step] = []
    held: dict[str, Held] = {}
    blocked: dict[str, str] = {}
    entered: set[str] = set()
    missing: set[str] = set()
    for target in targets:
        stack = [target]
        while stack:
            node_id = stack[-1]
            if node_id in entered:
                stack.pop()
                continue
            key = keys.get(node_id)
            if key is None:
                blocked[node_id] = _culprit(index, node_id)
                entered.add(stack.pop())
                continue
            if node_id not in missing:
                entry = lookup(key)
                if entry is not None:
                    held[node_id] = Held(key, entry)
                    entered.add(stack.pop())
                    continue
                missing.add(node_id)
            waiting = [each.node for each in compiled[node_id].sources if each.node not in entered]
            if waiting:
                # Last input first on the stack, so that inputs are made in reading order.
                stack.extend(reversed(waiting))
                continue
            entered.add(stack.pop())
            steps.append(Step(node_id, key, compiled[node_id]))
    return Plan(targets, tuple(steps), held, blocked)


def _culprit(index: GraphIndex, node_id: str) -> str:
    """Return the nearest node before ``node_id``, itself included, whose own problem blocks it."""
    seen = {node_id}
    stack = [node_id]
    while stack:
        current = stack.pop()
        if any(problem.severity == "error" for problem in index.problems_of(current)) or current not in index.compiled:
            return current
        for source in index.compiled[current].sources:
            if source.node not in seen and index.keys.get(source.node) is None:
                seen.add(source.node)
                stack.append(source.node)
    return node_id
