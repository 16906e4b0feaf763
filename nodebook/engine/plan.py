"""What a run will do, decided before it starts, by a pure function."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nodebook.engine.cache import Entry
from nodebook.engine.compiled import Compiled, Source
from nodebook.engine.graph import EMPTY, GraphState
from nodebook.engine.index import GraphIndex, Key
from nodebook.engine.library import Library
from nodebook.engine.residency import keep_in_use

Lookup = Callable[[Key], Entry | None]


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
    them, have problems; the value is the id of the node whose problem it is. ``lazy_steps`` and ``lazy_held`` are what
    lazy inputs would need, should a node ask for them. ``is_simple``: every step is a plain function of its inputs.
    """

    targets: tuple[str, ...]
    steps: tuple[Step, ...]
    held: Mapping[str, Held]
    blocked: Mapping[str, str]
    lazy_steps: Mapping[str, Step] = field(default_factory=lambda: EMPTY)
    lazy_held: Mapping[str, Held] = field(default_factory=lambda: EMPTY)
    is_simple: bool = True
    state: GraphState = field(default_factory=GraphState)
    library: Library = field(default_factory=Library)


@dataclass(slots=True)
class Found:
    """What a walk up from some nodes found."""

    steps: list[Step] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=dict)
    blocked: list[str] = field(default_factory=list)
    is_simple: bool = True


def make_plan(index: GraphIndex, targets: Iterable[str], lookup: Lookup, stops: Iterable[str] = ()) -> Plan:
    """Decide which nodes must run for ``targets``: those without a result, and as far up as results are missing.

    ``stops``: nodes that the run pauses at, so that it must come to them whether they have a result or not. Costs
    O(nodes that run + the results they start from), whatever the size of the graph.
    """
    targets = tuple(targets)
    entered: set[str] = set()
    found = walk_up(index.keys, index.compiled, targets, lookup, entered, index.following(stops))
    blocked = {node_id: _culprit(index, node_id) for node_id in found.blocked}
    if found.is_simple:
        return Plan(targets, tuple(found.steps), found.held, blocked, state=index.state, library=index.library)
    lazy = _walk_lazy(index, found.steps, lookup, entered)
    steps = keep_in_use(found.steps, index.compiled)
    return Plan(
        targets,
        tuple(steps),
        found.held,
        blocked,
        {step.id: step for step in lazy.steps},
        lazy.held,
        is_simple=False,
        state=index.state,
        library=index.library,
    )


def walk_up(
    keys: Mapping[str, Key | None],
    compiled: Mapping[str, Compiled],
    roots: Iterable[str],
    lookup: Lookup,
    entered: set[str],
    visited: Container[str] = (),
) -> Found:
    """Find the steps that give ``roots``, sources first; stop at results and at what is ``entered``, which grows.

    Nodes in ``visited`` are steps although they may have a result. What only a lazy input reads is left out.
    """
    found = Found()
    steps, held = found.steps, found.held
    is_simple = True
    missing: set[str] = set()
    for root in roots:
        stack = [root]
        while stack:
            node_id = stack[-1]
            if node_id in entered:
                stack.pop()
                continue
            key = keys.get(node_id)
            if key is None:
                found.blocked.append(node_id)
                entered.add(stack.pop())
                continue
            if node_id not in missing:
                entry = None if node_id in visited else lookup(key)
                if entry is not None:
                    held[node_id] = Held(key, entry)
                    entered.add(stack.pop())
                    continue
                missing.add(node_id)
            node = compiled[node_id]
            node_type = node.type
            if node_type is not None and not node_type.is_simple:
                is_simple = False
                waiting = [each.node for each in eager(node) if each.node not in entered]
            else:
                waiting = [each.node for each in node.sources if each.node not in entered]
            if waiting:
                # Last input first on the stack, so that inputs are made in reading order.
                stack.extend(reversed(waiting))
                continue
            entered.add(stack.pop())
            steps.append(Step(node_id, key, node))
    found.is_simple = is_simple
    return found


def eager(compiled: Compiled) -> list[Source]:
    """Return the sources that a node has before it runs."""
    return [each for each in compiled.sources if each.spec is None or not each.spec.is_lazy]


def lazily_read(compiled: Compiled) -> list[Source]:
    """Return the sources that a node may ask for."""
    return [each for each in compiled.sources if each.spec is not None and each.spec.is_lazy]


def _walk_lazy(index: GraphIndex, steps: list[Step], lookup: Lookup, entered: set[str]) -> Found:
    """Find what lazy inputs would need; what only lazy inputs of those read too."""
    everything = Found()
    fresh = steps
    while fresh:
        roots = [source.node for step in fresh for source in lazily_read(step.compiled)]
        found = walk_up(index.keys, index.compiled, roots, lookup, entered)
        everything.steps += found.steps
        everything.held.update(found.held)
        fresh = found.steps
    return everything


def _culprit(index: GraphIndex, node_id: str) -> str:
    """Return the nearest node at or above ``node_id`` that has a problem of its own."""
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
