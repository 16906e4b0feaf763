"""What is wrong with a graph, told as differences: an edit of a large graph must not repeat all of it."""

from __future__ import annotations

from collections.abc import Iterable

from nodebook.engine.compiled import Problem
from nodebook.widget.protocol import ProblemJson, problems_json


class ProblemFeed:
    """Remembers what the views were told last. Used by one thread at a time."""

    def __init__(self) -> None:
        self._told: dict[str, list[ProblemJson]] = {}

    def all(self, problems: Iterable[Problem]) -> list[ProblemJson]:
        """Return all problems, for a message that tells them all."""
        self._told = _by_node(problems)
        return [each for group in self._told.values() for each in group]

    def changed(self, problems: Iterable[Problem]) -> dict[str, list[ProblemJson]]:
        """Return the problems of those nodes that have others than were told; an empty list: none any more."""
        before, self._told = self._told, _by_node(problems)
        changed = {node: group for node, group in self._told.items() if before.get(node) != group}
        return changed | {node: [] for node in before if node not in self._told}


def _by_node(problems: Iterable[Problem]) -> dict[str, list[ProblemJson]]:
    grouped: dict[str, list[ProblemJson]] = {}
    for each in problems_json(problems):
        grouped.setdefault(each["node"], []).append(each)
    return grouped
