"""Which graphs cells have shown, for a run that compares them afterwards; nothing is noted otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodebook.building import current_cell

if TYPE_CHECKING:
    from nodebook.graph import Graph


@dataclass(frozen=True, slots=True)
class Shown:
    """A graph that a cell has shown."""

    graph: Graph
    cell: str | None


_shown: list[Shown] | None = None


def watch() -> None:
    """Note from now on which graphs are shown. They live as long as this process."""
    global _shown  # noqa: PLW0603 -- of a process that runs a notebook again and ends
    _shown = []


def note(graph: Graph) -> bool:
    """Note that a graph is being shown; False where nobody asked for that (``watch``)."""
    if _shown is None:
        return False
    if all(each.graph.store is not graph.store for each in _shown):
        cell = current_cell()
        _shown.append(Shown(graph, None if cell is None else cell[0]))
    return True


def shown() -> list[Shown]:
    """Return the graphs that were shown, each once, in the order in which they first were."""
    return list(_shown or ())
