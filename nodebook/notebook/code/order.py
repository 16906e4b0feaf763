"""In which order code adds the nodes of a graph: what is read first, by id, and group by group."""

from __future__ import annotations

import math
from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from typing import Any

from nodebook.engine.graph import GraphState, Node, id_order


def code_order(graph: GraphState) -> tuple[list[str], dict[str, str]]:
    """Return the ids in the order of the code, and the id of the group that each node in one stands in.

    A node comes after those it reads, except where links go round in a circle.
    """
    groups = _groups_of(graph)
    waiting = {
        each: len({link.node for link in node.links.values() if link.node in graph.nodes})
        for each, node in graph.nodes.items()
    }
    ready: dict[str | None, list[tuple[Any, str]]] = {}
    rest = [(id_order(each), each) for each in graph.nodes]
    heapify(rest)
    done: dict[str, None] = {}
    for each, count in waiting.items():
        if not count:
            ready.setdefault(groups.get(each), []).append((id_order(each), each))
    for heap in ready.values():
        heapify(heap)
    group: str | None = None
    while len(done) < len(graph.nodes):
        group, node_id = _next(ready, rest, group, groups, done)
        done[node_id] = None
        for reader in graph.consumers.get(node_id, ()):
            waiting[reader] -= 1
            if not waiting[reader] and reader not in done:
                heappush(ready.setdefault(groups.get(reader), []), (id_order(reader), reader))
    return list(done), groups


def _next(
    ready: dict[str | None, list[tuple[Any, str]]],
    rest: list[tuple[Any, str]],
    group: str | None,
    groups: Mapping[str, str],
    done: Mapping[str, None],
) -> tuple[str | None, str]:
    """Take the next node: of the same group while it has one, else the lowest id; of a circle its lowest."""
    for heap in ready.values():
        while heap and heap[0][1] in done:
            heappop(heap)
    for each in [each for each, heap in ready.items() if not heap]:
        del ready[each]
    if group is None or group not in ready:
        if not ready:
            while rest[0][1] in done:
                heappop(rest)
            node_id = heappop(rest)[1]
            return groups.get(node_id), node_id
        group = min(ready, key=lambda each: ready[each][0])
    return group, heappop(ready[group])[1]


def _groups_of(graph: GraphState) -> dict[str, str]:
    """Return the smallest group that each node stands in, by its upper left corner."""
    frames = sorted(
        (frame[2] * frame[3], id_order(each), each, frame)
        for each, group in graph.groups.items()
        if (frame := _frame(group)) is not None
    )
    found: dict[str, str] = {}
    if not frames:
        return found
    for node_id, node in graph.nodes.items():
        corner = _corner(node)
        for _, _, each, (x, y, width, height) in frames:
            if corner is not None and x <= corner[0] <= x + width and y <= corner[1] <= y + height:
                found[node_id] = each
                break
    return found


def _corner(node: Node) -> tuple[float, float] | None:
    x, y = _number(node.view.get("x")), _number(node.view.get("y"))
    return None if x is None or y is None else (x, y)


def _frame(group: object) -> tuple[float, float, float, float] | None:
    if not isinstance(group, Mapping):
        return None
    x, y, width, height = (_number(group.get(member)) for member in ("x", "y", "width", "height"))
    return None if x is None or y is None or width is None or height is None else (x, y, width, height)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
