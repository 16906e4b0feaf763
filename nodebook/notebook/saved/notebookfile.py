"""Reading the graphs that a notebook file holds, whatever state it is in.

A whole notebook is parsed. In one that git left in the middle of a merge each side is looked at; in one that is broken
or very large the values are found by their key. Nothing is ever written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nodebook.notebook.saved.stored import GRAPH_MIME, StoredGraph, stored_graph, stored_graphs

LARGE_BYTES = 8 * 1024 * 1024
"""Larger files are not parsed whole: pictures in other outputs are most of them."""

# In a text inside of JSON the closing quote would have a backslash before it: only real keys fit.
_KEY = re.compile('"' + re.escape(GRAPH_MIME) + r'"\s*:\s*(?=\{)')
_ID = re.compile(r'"id"\s*:\s*"([A-Za-z0-9_-]{1,64})"')
_BEGIN, _BASE, _MIDDLE, _END = "<<<<<<<", "|||||||", "=======", ">>>>>>>"


@dataclass(frozen=True, slots=True)
class Found:
    """A graph in a notebook. ``side``: of which side of an unfinished merge, None where there is none."""

    graph: StoredGraph
    side: str | None = None


@dataclass(frozen=True, slots=True)
class NotebookCopies:
    """What a notebook file holds, and what is wrong with the file in words; None where nothing is."""

    path: Path
    found: tuple[Found, ...] = ()
    problem: str | None = None


def read_copies(path: Path) -> NotebookCopies:
    """Return the graphs in a notebook file. Raises ``OSError`` where it cannot be read; for nothing else."""
    data = path.read_bytes()
    has_markers = _begins_line(data, _BEGIN.encode()) and _begins_line(data, _END.encode())
    if GRAPH_MIME.encode() not in data and not has_markers:
        return NotebookCopies(path, problem=None if _is_json(data) else _broken(path, data))
    text = data.decode(errors="replace")
    if has_markers and (sides := split_sides(text)) is not None:
        return _merging(path, sides)
    if len(data) > LARGE_BYTES:
        return NotebookCopies(path, tuple(Found(each) for each in scan(text)))
    parsed = _parse(text)
    if parsed is None:
        return NotebookCopies(path, tuple(Found(each) for each in scan(text)), _broken(path, data))
    return NotebookCopies(path, tuple(map(Found, parsed)))


def scan(text: str) -> Iterator[StoredGraph]:
    """Yield the graphs in the text of a notebook that need not be whole, in order; what is torn itself is left out."""
    decoder = json.JSONDecoder()
    for match in _KEY.finditer(text):
        try:
            held, _ = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        yield stored_graph(held, _cell_before(text, match.start()))


def _cell_before(text: str, at: int) -> str | None:
    """Return the id of the cell around a place: cells say it before their outputs."""
    found = None
    for found in _ID.finditer(text, max(0, at - 200_000), at):  # noqa: B007 - the last one counts
        pass
    return None if found is None else found.group(1)


def split_sides(text: str) -> dict[str, str] | None:
    """Return both texts that git's conflict markers stand between, by the names it gives them; None without markers."""
    sides: tuple[list[str], list[str]] = ([], [])
    names = ["ours", "theirs"]
    where: int | None = None
    is_marked = False
    for line in text.splitlines(keepends=True):
        head, _, rest = line.partition(" ")
        mark = head.strip()
        if mark == _BEGIN:
            where, is_marked = 0, True
            names[0] = rest.strip() or names[0]
        elif mark == _BASE and where == 0:
            where = -1  # what both came from, in git's diff3 style
        elif mark == _MIDDLE and where in (0, -1):
            where = 1
        elif mark == _END and where == 1:
            where = None
            names[1] = rest.strip() or names[1]
        elif where is None:
            sides[0].append(line)
            sides[1].append(line)
        elif where >= 0:
            sides[where].append(line)
    if not is_marked:
        return None
    if names[0] == names[1]:
        names = ["ours", "theirs"]
    return {name: "".join(lines) for name, lines in zip(names, sides, strict=True)}


def _merging(path: Path, sides: dict[str, str]) -> NotebookCopies:
    found: list[Found] = []
    for side, text in sides.items():
        graphs = _parse(text)
        for graph in scan(text) if graphs is None else graphs:
            twin = next((at for at, each in enumerate(found) if each.graph == graph), None)
            if twin is None:
                found.append(Found(graph, side))
            elif found[twin].side != side:
                found[twin] = replace(found[twin], side=None)  # both sides have it: no part of the conflict
    problem = (
        f"{path.name} holds git's conflict markers ({_BEGIN} … {_END}), so no notebook program can open it. Choose a "
        f"side (git checkout --ours or --theirs -- {path.name}), or take the markers out by hand."
    )
    return NotebookCopies(path, tuple(found), problem)


def _parse(text: str) -> list[StoredGraph] | None:
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return stored_graphs(notebook) if isinstance(notebook, dict) else []


def _is_json(data: bytes) -> bool:
    if len(data) > LARGE_BYTES:
        return True  # nothing of ours is in it, so that nobody waits for it
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _broken(path: Path, data: bytes) -> str:
    try:
        json.loads(data)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error)
    else:
        where = "it is no object"
    return f"{path.name} is not a whole notebook ({where}). Take it from git or from a checkpoint again."


def _begins_line(data: bytes, mark: bytes) -> bool:
    return data.startswith(mark) or b"\n" + mark in data
