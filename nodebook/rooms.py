"""How a graph reaches the rooms above it (``widget``, ``notebook``), which this layer must not import.

The package itself, which may reach every room, says how when it is imported; nothing is loaded before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

Reach = Callable[[str], ModuleType]

_reach: Reach | None = None


def open_rooms(reach: Reach) -> None:
    """Say how a module of a room above is reached, by its name without the package's: ``"notebook.breaks"``."""
    global _reach  # noqa: PLW0603 - said once, by the package
    _reach = reach


def room(name: str) -> Any:
    """Return a module of a room above."""
    assert _reach is not None  # noqa: S101 -- the package says it before anything of it can run
    return _reach(name)
