"""The order in which waiting things are taken: by priority, then as they came, unless somebody moved them.

Pure functions on tuples. An order is always sorted by rank, whatever was moved: what is moved takes on the rank of
where it goes, so that what comes later still finds its place.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Place(Generic[Item]):
    """A waiting item. The lower its rank, the sooner it is taken."""

    item: Item
    rank: float


Order = tuple[Place[Item], ...]


def insert(order: Order[Item], item: Item, priority: float = 0, *, front: bool = False) -> Order[Item]:
    """Put an item behind all whose rank is at most its priority or, with ``front``, before all others."""
    if front:
        return (Place(item, _between(order, 0, priority)), *order)
    at = bisect_right(order, priority, key=lambda place: place.rank)
    return (*order[:at], Place(item, priority), *order[at:])


def move(order: Order[Item], item: Item, position: int) -> Order[Item]:
    """Put an item at a position, 0 being the next; beyond either end means that end. Raises ``ValueError``."""
    at = index(order, item)
    rest = order[:at] + order[at + 1 :]
    position = max(0, min(position, len(rest)))
    return (*rest[:position], Place(item, _between(rest, position, order[at].rank)), *rest[position:])


def remove(order: Order[Item], item: Item) -> Order[Item]:
    """Take an item out. Raises ``ValueError`` where it is not in."""
    at = index(order, item)
    return order[:at] + order[at + 1 :]


def index(order: Order[Item], item: Item) -> int:
    """Return the position of an item. Raises ``ValueError`` where it is not in."""
    for position, place in enumerate(order):
        if place.item is item:
            return position
    raise ValueError(item)


def _between(order: Order[Item], position: int, rank: float) -> float:
    """Return the rank nearest to ``rank`` that keeps the order sorted with one more at ``position``."""
    if position < len(order):
        rank = min(rank, order[position].rank)
    if position > 0:
        rank = max(rank, order[position - 1].rank)
    return rank
