"""What a graph can do because it lives in a notebook; ``nodebook.notebook`` and ``nodebook.widget`` do the work.

Methods of ``nb.Graph``, in a file of their own so that the graph itself stays readable. Each says here what it takes,
gives and raises, and hands on to the room above, which is loaded when it is first asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from nodebook.rooms import room

if TYPE_CHECKING:
    import os

    from nodebook.graph import Graph
    from nodebook.handles import NodeHandle, Output
    from nodebook.notebook.static import GraphPicture
    from nodebook.notebook.sweep import Sweep


class NotebookMethods:
    """The part of ``nb.Graph`` that only a notebook has a use for."""

    @property
    def _graph(self) -> Graph:
        return cast("Graph", self)

    def _repr_mimebundle_(self, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a cell shows: the editor, and what stands for it where there is none."""
        bundle: tuple[dict[str, Any], dict[str, Any]] = room("widget").display_bundle(self._graph)
        return bundle

    def _ipython_display_(self) -> None:
        """Show the editor and, as an output of its own, the stored copy and the static picture."""
        room("widget").show_in_cell(self._graph)

    def picture(self) -> GraphPicture:
        """Return a picture of the graph and of what it made in its last run: a cell shows it, and it can be saved.

        Drawn without a browser: ``.svg`` is a file of its own, with small copies of the results inside, readable on
        white and on black; ``.width`` and ``.height`` are in pixels.
        """
        found: GraphPicture = room("notebook.static").picture_of(self._graph)
        return found

    def to_svg(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the picture of the graph as SVG and, with ``path``, write it to a file too. Raises ``OSError``."""
        picture = self.picture()
        if path is not None:
            picture.save(path)
        return picture.svg

    def sweep(self, *targets: str | NodeHandle | Output, paired: bool = False, **named_inputs: Any) -> Sweep:
        """Run the graph once for each combination of named inputs, and return what came of each, side by side.

        A list, range or other iterable is what an input takes in turn, the last one varying fastest; text or a number
        holds for all runs. ``paired``: take the first values together, then the second ones, and so on. A run that
        fails is a row with its error, and the others go on; Interrupt ends the sweep. ``targets`` and errors as of
        ``run``, and ``InputValueError`` where there is nothing to combine.
        """
        found: Sweep = room("notebook.sweep").sweep(self._graph, targets, named_inputs, paired=paired)
        return found
