"""What a graph can do because it lives in a notebook; ``nodebook.notebook`` and ``nodebook.widget`` do the work.

Methods of ``nb.Graph``, in a file of their own so that the graph itself stays readable. Each says here what it takes,
gives and raises, and hands on to the room above, which is loaded when it is first asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from nodebook.rooms import room

if TYPE_CHECKING:
    from nodebook.graph import Graph


class NotebookMethods:
    """The part of ``nb.Graph`` that only a notebook has a use for."""

    @property
    def _graph(self) -> Graph:
        return cast("Graph", self)

    def _repr_mimebundle_(self, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a cell shows: the editor, and what stands for it where there is none."""
        bundle: tuple[dict[str, Any], dict[str, Any]] = room("widget").display_bundle(self._graph)
        return bundle
