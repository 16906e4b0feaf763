"""The commands that compare and show graphs: ``nodebook diff``, ``textconv``, ``git-diff`` and ``git-setup``.

Their arguments are in ``arguments``, which loads nothing.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nodebook.engine import document
from nodebook.errors import NodebookError
from nodebook.notebook.diff.diff import Source, compare
from nodebook.notebook.git.textconv import file_text, plain_library

DIFFERENT = 1
"""Exit code of ``diff`` where something differs, as of diff(1)."""

Foreign = Callable[[Mapping[str, Any]], Source | None]
"""Reads a file that is no document of nodebook's own (a ComfyUI prompt); None: it is nothing of that kind."""


def run_diff(given: argparse.Namespace, foreign: Foreign) -> int:
    """Print what differs between two files; 1 where something does."""
    found = compare(read_source(given.before, foreign), read_source(given.after, foreign), plain_library())
    print(json.dumps(found.to_json(), indent=1, ensure_ascii=False) if given.json else found)  # noqa: T201 - a command
    return 0 if found.is_empty else DIFFERENT


def read_source(path: Path, foreign: Foreign) -> Source:
    """Return what ``compare`` takes for a file: mostly its path."""
    if path.suffix.lower() != ".json":
        return path
    try:
        data = document.parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return path  # which then says what is wrong
    if not isinstance(data, Mapping) or "nodebook" in data:
        return path
    found = foreign(data)
    return path if found is None else found


def run_textconv(given: argparse.Namespace) -> int:
    """Print a file as text for git. Never fails."""
    _write(file_text(given.file))
    return 0


def run_git_diff(given: argparse.Namespace) -> int:
    """Print what differs between two versions that git hands over: cells as text, graphs in the words of graphs."""
    words = given.words
    if len(words) == 1:  # an unmerged path
        _write(f"* {words[0]} is not merged yet\n")
        return 0
    if len(words) not in (7, 9):  # what git gives; 9 for a renamed file
        _write("nodebook git-diff is called by git; see nodebook git-setup --semantic\n")
        return 0
    name, old, new = words[0], Path(words[1]), Path(words[4])
    _write("\n".join(_git_lines(name, old, new)) + "\n")
    return 0


def _git_lines(name: str, old: Path, new: Path) -> Iterator[str]:
    library = plain_library()
    yield f"--- a/{name}"
    yield f"+++ b/{name}"
    try:
        sides = [_read(each) for each in (old, new)]
        found = compare(sides[0], sides[1], library)
    except (NodebookError, OSError, ValueError, TypeError, AttributeError, RecursionError):
        texts = [file_text(each, library) if each != Path(os.devnull) else "" for each in (old, new)]
        yield from _unified(texts[0], texts[1])
        return
    yield from _unified(*(_sources(each) for each in sides))
    if not found.is_empty:
        yield from found.text(color=_is_colored()).split("\n")
    elif found.moved:
        yield found.text().split("\n")[-1]


def _read(path: Path) -> Mapping[str, Any]:
    """Return a version as JSON; a file that is not there as an empty graph."""
    if path == Path(os.devnull):
        return {"nodebook": 1, "nodes": {}}
    data = document.parse_json(path.read_text(encoding="utf-8"))
    if not isinstance(data, Mapping):
        raise TypeError(path)
    return data


def _sources(data: Mapping[str, Any]) -> str:
    """Return the sources of a notebook's cells."""
    found = []
    for cell in data.get("cells") or () if "nodebook" not in data else ():
        source = cell.get("source", "")
        kind = cell.get("cell_type", "code")
        found.append("# %%" if kind == "code" else f"# %% [{kind}]")
        found += ("".join(source) if isinstance(source, list) else str(source)).rstrip("\n").split("\n")
    return "\n".join(found)


def _unified(before: str, after: str) -> Iterator[str]:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=3, lineterm=""))[2:]
    color = _is_colored()
    for line in lines:
        paint = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}.get(line[:1], "") if color else ""
        yield f"{paint}{line}\x1b[0m" if paint else line


def _is_colored() -> bool:
    return (sys.stdout.isatty() or "GIT_PAGER_IN_USE" in os.environ) and "NO_COLOR" not in os.environ


def run_git_setup(given: argparse.Namespace) -> int:
    """Set git up, and say what was done."""
    from nodebook.notebook.git.setup import set_up, undo

    if given.undo:
        said = undo(Path.cwd(), is_global=given.is_global, dry=given.dry)
    else:
        said = set_up(Path.cwd(), is_global=given.is_global, semantic=given.semantic, dry=given.dry)
    _write("\n".join(said) + "\n")
    return 0


def _write(text: str) -> None:
    """Write text as it is: half a surrogate pair or a terminal of another encoding must not stop git."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", errors="replace"))
    sys.stdout.buffer.flush()
