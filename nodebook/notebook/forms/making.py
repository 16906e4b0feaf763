"""Making a form, and closing the one that the same cell made when it ran before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from nodebook.building import current_cell
from nodebook.notebook.forms.form import Form, FormOptions

if TYPE_CHECKING:
    from nodebook.engine.store import GraphStore
    from nodebook.graph import Graph
    from nodebook.handles import NodeHandle, Output

_made: WeakKeyDictionary[GraphStore, dict[str, tuple[str, list[Form]]]] = WeakKeyDictionary()
"""Graph → cell → which execution of it made which forms."""


def interact(
    graph: Graph,
    names: Sequence[str],
    outputs: Sequence[str | NodeHandle | Output] | None,
    options: FormOptions,
) -> Form:
    """Return a form; ``NotebookMethods.interact`` has the contract."""
    form = Form(graph, names, outputs, options)
    cell = current_cell()
    if cell is not None:
        cell_id, execution = cell
        by_cell = _made.setdefault(graph.store, {})
        before, forms = by_cell.get(cell_id, (execution, []))
        if before != execution:
            while forms:
                forms.pop().close()
        forms.append(form)
        by_cell[cell_id] = (execution, forms)
    return form
