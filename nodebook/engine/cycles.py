"""Which nodes wait for themselves. Asked only after a cycle was met, so a sound graph never pays for it.

Own code: graphlib names one cycle only, and networkx, which has the same algorithm, loads slowly for forty lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nodebook.engine.graph import id_order

NAMED = 32
"""Up to how many nodes of a cycle are named one by one."""

Sources = Mapping[str, Sequence[str]]


def find_cycles(sources: Sources) -> dict[str, tuple[set[str], str]]:
    """Return, for every node that waits for itself, the nodes that it is in a cycle with, and the cycle in words."""
    found: dict[str, tuple[set[str], str]] = {}
    for knot in _knots(sources):
        inside = set(knot)
        members = sorted(knot, key=id_order)
        for node_id in members:
            if len(members) <= NAMED:
                words = " → ".join(_round_trip(node_id, sources, inside))
            else:
                words = f"a cycle of {len(members)} nodes: {' → '.join(members[:NAMED])} → …"
            found[node_id] = (inside, words)
    return found


def _knots(sources: Sources) -> Iterator[list[str]]:
    """Yield the sets of nodes that wait for one another: strongly connected components (Tarjan 1972), not recursive."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_nodes: list[str] = []
    is_open: set[str] = set()

    def enter(node_id: str) -> tuple[str, Iterator[str]]:
        order[node_id] = low[node_id] = len(order)
        open_nodes.append(node_id)
        is_open.add(node_id)
        return node_id, iter(sources[node_id])

    for root in sources:
        work = [] if root in order else [enter(root)]
        while work:
            node_id, rest = work[-1]
            for source in rest:
                if source not in order:
                    work.append(enter(source))
                    break
                if source in is_open:
                    low[node_id] = min(low[node_id], order[source])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node_id])
                if low[node_id] == order[node_id]:
                    knot = _close(open_nodes, node_id)
                    is_open.difference_update(knot)
                    if len(knot) > 1 or node_id in sources[node_id]:
                        yield knot


def _close(open_nodes: list[str], first: str) -> list[str]:
    """Take everything from ``first`` on off the end of ``open_nodes``."""
    knot = [open_nodes.pop()]
    while knot[-1] != first:
        knot.append(open_nodes.pop())
    return knot


def _round_trip(start: str, sources: Sources, inside: set[str]) -> list[str]:
    """Return the shortest way from a node over its sources back to itself."""
    came_from: dict[str, str] = {}
    queue = [start]
    for current in queue:
        for source in sources[current]:
            if source == start:
                path = [start, current]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                return path[::-1]
            if source in inside and source not in came_from:
                came_from[source] = current
                queue.append(source)
    return [start]
