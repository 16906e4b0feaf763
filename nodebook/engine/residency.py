"""The order of a plan that changes the model in use as seldom as it can.

A step belongs to the nodes that its costly inputs (``NodeType.resident_inputs``) come from in the end: the loaders.
Steps that belong to what is in use, or to nothing, go first; a change waits until nothing else can run.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from nodebook.engine.compiled import Compiled, Source

Owners = tuple[str, ...]


class StepLike(Protocol):
    """What the order asks of a step."""

    @property
    def id(self) -> str:
        """The node."""

    @property
    def compiled(self) -> Compiled:
        """The node, ready to run."""


S = TypeVar("S", bound=StepLike)


def keep_in_use(steps: Sequence[S], compiled: Mapping[str, Compiled]) -> list[S]:
    """Return the steps in such an order, sources still before consumers; the given order decides among equals."""
    roots: dict[str, Owners] = {}
    owners = [_owners(step.compiled, compiled, roots) for step in steps]
    if len({each for each in owners if each}) < 2:  # noqa: PLR2004 -- with one there is nothing to change
        return list(steps)
    waits, followers = _dependencies(steps)
    ready: dict[Owners, list[int]] = {}
    for index, count in enumerate(waits):
        if count == 0:
            heapq.heappush(ready.setdefault(owners[index], []), index)
    order: list[S] = []
    current: Owners = ()
    while ready:
        at_hand = [key for key in ((), current) if key in ready] or list(ready)
        chosen = min(at_hand, key=lambda key: ready[key][0])
        index = heapq.heappop(ready[chosen])
        if not ready[chosen]:
            del ready[chosen]
        current = chosen or current
        order.append(steps[index])
        for follower in followers[index]:
            waits[follower] -= 1
            if waits[follower] == 0:
                heapq.heappush(ready.setdefault(owners[follower], []), follower)
    return order


def _dependencies(steps: Sequence[StepLike]) -> tuple[list[int], list[list[int]]]:
    """Return how many other steps each one waits for, and which ones wait for it."""
    position = {step.id: index for index, step in enumerate(steps)}
    waits = [0] * len(steps)
    followers: list[list[int]] = [[] for _ in steps]
    for index, step in enumerate(steps):
        for source in {each.node for each in step.compiled.sources}:
            if source in position:
                waits[index] += 1
                followers[position[source]].append(index)
    return waits, followers


def _owners(step: Compiled, compiled: Mapping[str, Compiled], roots: dict[str, Owners]) -> Owners:
    """Return the nodes that a step's costly inputs come from in the end."""
    found: dict[str, None] = {}
    for source in _resident(step):
        found.update(dict.fromkeys(_root(source.node, compiled, roots)))
    return tuple(found)


def _root(node_id: str, compiled: Mapping[str, Compiled], roots: dict[str, Owners]) -> Owners:
    """Follow costly inputs up to nodes that have none: an explicit stack, since patches on patches have no limit."""
    stack = [node_id]
    while stack:
        current = stack[-1]
        node = compiled.get(current)
        above = [] if node is None else [source.node for source in _resident(node)]
        open_ones = [each for each in above if each not in roots and each not in stack]
        if open_ones:
            stack.extend(open_ones)
            continue
        stack.pop()
        roots[current] = tuple(dict.fromkeys(root for each in above for root in roots.get(each, ()))) or (current,)
    return roots[node_id]


def _resident(compiled: Compiled) -> list[Source]:
    names = () if compiled.type is None else compiled.type.resident_inputs
    return [source for source in compiled.sources if source.input in names] if names else []
