"""Graphs as a notebook file holds them: among the outputs of its cells, under a MIME type of their own.

The value is ``{"nodebook": 1, "name": …, "document": […], "saved": "2026-11-26T18:00:00.000Z", "lock": …, "history":
[…]}``. Document and lock are JSON text, as a list of lines: a notebook program reads and writes values as JavaScript
numbers, which would round a seed of 64 bits, and a line for each node is small and makes small differences in git.
Values that are objects instead, and a bare document, which nodebook wrote before there were locks, are read too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

GRAPH_MIME = "application/vnd.nodebook.graph+json"
VERSION = 1

_LISTED = ("nodes", "groups", "subgraphs")
"""Members of a document whose members stand on a line each."""


@dataclass(frozen=True, slots=True)
class StoredGraph:
    """A graph in the output of a cell. Nothing of it was checked yet."""

    document: Mapping[str, Any]
    """The document as JSON (docs/design/document.md); empty where its text cannot be read."""
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
    torn: str | None = None
    """The text of a document that cannot be read; None of one that can."""
    said_name: str | None = None
    """The name that stands beside the document, for where that cannot be read."""

    @property
    def name(self) -> str | None:
        """The graph's name, None for one without."""
        name = self.said_name if self.torn is not None else self.document.get("name")
        return name if isinstance(name, str) else None


def stored_value(
    document: Mapping[str, Any], saved: str, lock: Mapping[str, Any] | None = None, history: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the value that keeps a graph in an output."""
    name = document.get("name")
    value: dict[str, Any] = {"nodebook": VERSION}
    if isinstance(name, str):
        value["name"] = name.encode(errors="replace").decode()  # no half surrogate pair: no file could hold it
    value.update(document=text_lines(document), saved=saved, lock=None if lock is None else text_lines(lock))
    past = list(history)
    return {**value, "history": past} if past else value


def text_lines(data: Mapping[str, Any]) -> list[str]:
    """Return JSON text as lines: one for each member, and for each node, group and subgraph of a document."""
    lines = ["{"]
    members = list(data.items())
    for at, (name, value) in enumerate(members):
        end = "," if at + 1 < len(members) else ""
        if name in _LISTED and isinstance(value, Mapping) and value:
            lines.append(f"{_text(name)}:{{")
            inner = [f"{_text(each)}:{_text(member)}" for each, member in value.items()]
            lines.extend(f"{line}," for line in inner[:-1])
            lines.extend([inner[-1], f"}}{end}"])
        else:
            lines.append(f"{_text(name)}:{_text(value)}{end}")
    return [*lines, "}"]


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which no file in UTF-8 can hold
        return json.dumps(value, separators=(",", ":"))
    return text


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
    document, torn = _read(held.get("document"))
    if document is None and torn is None:
        return StoredGraph(held, cell=cell_id)
    saved, history, name = held.get("saved"), held.get("history"), held.get("name")
    return StoredGraph(
        document or {},
        saved if isinstance(saved, str) else None,
        _read(held.get("lock"))[0],
        cell_id,
        tuple(each for each in history if isinstance(each, str)) if isinstance(history, list) else (),
        held.get("nodebook", VERSION),
        torn,
        name if isinstance(name, str) else None,
    )


def _read(given: object) -> tuple[Mapping[str, Any] | None, str | None]:
    """Return an object that is there, or as text; and the text where it is none."""
    if isinstance(given, Mapping):
        return given, None
    if isinstance(given, list) and all(isinstance(line, str) for line in given):
        given = "\n".join(given)
    if not isinstance(given, str):
        return None, None
    try:
        read = json.loads(given)
    except (ValueError, RecursionError):
        return None, given
    return (read, None) if isinstance(read, Mapping) else (None, given)


def _objects(given: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes, Mapping)):
        yield from (each for each in given if isinstance(each, Mapping))


def _object(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}
