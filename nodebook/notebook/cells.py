"""What follows from a cell that ran: marks of what became stale, and a word on definitions that did not come about."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from nodebook.sessions import session

if TYPE_CHECKING:
    from nodebook.engine.library import Library

_DEFINED = re.compile(
    r"^[ \t]*@(?:\w+\.)?node\b(?P<options>.*)\n(?:[ \t]*[@#].*\n)*"
    r"[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(?P<name>\w+)",
    re.MULTILINE,
)
_NAMED = re.compile(r"\bname\s*=\s*[\"'](?P<name>[^\"']+)[\"']")


class CellWatch:
    """Listens to the cells of a shell."""

    def __init__(self, library: Library) -> None:
        self._before = library.revision

    def before(self, _info: object = None) -> None:
        """Note what is defined before a cell runs."""
        self._before = session().library.revision

    def after(self, result: Any) -> None:
        """Look at helpers again that nodes read, and say which nodes a failed cell left as they were."""
        library = session().library
        if library.is_watched:
            library.refresh()
        error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)
        if error is None:
            return
        raw = getattr(getattr(result, "info", None), "raw_cell", "") or ""
        done = library.changed_since(self._before)
        left = [name for name in _defined_in(raw) if name not in done and _is_known(library, name)]
        if left:
            verb = "stays as it was" if len(left) == 1 else "stay as they were"
            why = "could not be read" if isinstance(error, SyntaxError) else "stopped before it was defined anew"
            print(f"nodebook: the cell {why}: {', '.join(left)} {verb}.", file=sys.stderr)  # noqa: T201 -- to whoever ran the cell


def _defined_in(source: str) -> list[str]:
    names = []
    for found in _DEFINED.finditer(source):
        named = _NAMED.search(found["options"])
        names.append(named["name"] if named else found["name"])
    return names


def _is_known(library: Library, name: str) -> bool:
    return name in library and library.get(name).origin == "notebook"


_watched: list[Any] = []


def watch() -> None:
    """Listen to the cells of this kernel from now on; does nothing in a plain process, or where it does already."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or any(each is shell for each in _watched):
        return
    _watched[:] = [shell]
    watcher = CellWatch(session().library)
    shell.events.register("pre_run_cell", watcher.before)
    shell.events.register("post_run_cell", watcher.after)
