"""Graphs as a notebook file holds them: among the outputs of its cells, under a MIME type of their own.

The value is ``{"nodebook": 1, "document": …, "saved": "2026-11-26T18:00:00.000Z", "lock": …, "history": […]}``. A bare
document, which nodebook wrote before there were locks, is read too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

GRAPH_MIME = "application/vnd.nodebook.graph+json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class StoredGraph:
    """A graph in the output of a cell. Nothing of it was checked yet."""

    document: Mapping[str, Any]
    """The document as JSON (docs/design/document.md)."""
    saved: str | None = None
    """When it was put there, in UTC by ISO 8601; None where it does not say."""
    lock: Mapping[str, Any] | None = None
    """What its results were made with; None where none was kept."""
    cell: str | None = None
    """The id of the cell; None in notebooks of an older format."""
    history: tuple[str, ...] = ()
    """Digests of earlier states that this one came from, oldest first (docs/design/sharing.md)."""
    version: Any = VERSION
    """What the value says of its own version; anything but ``VERSION`` comes from a newer nodebook, or from a hand."""

    @property
    def name(self) -> str | None:
        """The graph's name, None for one without."""
        name = self.document.get("name")
        return name if isinstance(name, str) else None


def stored_graphs(notebook: Mapping[str, Any]) -> list[StoredGraph]:
    """Return the graphs in a notebook's outputs, in the order of its cells. What has another shape is passed over."""
    found = []
    for cell in _objects(notebook.get("cells")):
        for output in _objects(cell.get("outputs")):
            held = _object(output.get("data")).get(GRAPH_MIME)
            if isinstance(held, Mapping):
                found.append(stored_graph(held, cell.get("id")))
    return found


def stored_graph(held: Mapping[str, Any], cell: object = None) -> StoredGraph:
    """Return the graph that a value under ``GRAPH_MIME`` holds. Nothing of it is checked yet."""
    cell_id = cell if isinstance(cell, str) else None
    document = held.get("document")
    if not isinstance(document, Mapping):
        return StoredGraph(held, cell=cell_id)
    saved, lock, history = held.get("saved"), held.get("lock"), held.get("history")
    return StoredGraph(
        document,
        saved if isinstance(saved, str) else None,
        lock if isinstance(lock, Mapping) else None,
        cell_id,
        tuple(each for each in history if isinstance(each, str)) if isinstance(history, list) else (),
        held.get("nodebook", VERSION),
    )


def _objects(given: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes, Mapping)):
        yield from (each for each in given if isinstance(each, Mapping))


def _object(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}
