"""What names mean while code is read."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from nodebook.notebook.code.sketch import SketchDefinition, SketchGraph, SketchNode


@dataclass(eq=False, slots=True)
class Handle:
    """A node as code holds it."""

    node: SketchNode


@dataclass(eq=False, slots=True)
class Function:
    """A function of ``nb.subgraph``; its definition, once something has used it."""

    statement: ast.FunctionDef
    doc: str
    definition: SketchDefinition | None = None


@dataclass(eq=False, slots=True)
class Scope:
    """The names of the module, or of a function; the graph that its statements build."""

    graph: SketchGraph
    graph_name: str | None = None
    names: dict[str, Any] = field(default_factory=dict)
    """Name → literal, ``Handle`` or ``End``."""
    module: Scope | None = None
    """The names around a function."""
