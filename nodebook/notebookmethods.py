"""What a graph can do because it lives in a notebook; ``nodebook.notebook`` and ``nodebook.widget`` do the work.

Methods of ``nb.Graph``, in a file of their own so that the graph itself stays readable. Each says here what it takes,
gives and raises, and hands on to the room above, which is loaded when it is first asked.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, cast

from nodebook.rooms import room

if TYPE_CHECKING:
    from nodebook.graph import Graph
    from nodebook.handles import NodeHandle, Output
    from nodebook.notebook.sweep import Sweep
    from nodebook.subgraphs import SubgraphFunction


class NotebookMethods:
    """The part of ``nb.Graph`` that only a notebook has a use for."""

    @property
    def _graph(self) -> Graph:
        return cast("Graph", self)

    def _repr_mimebundle_(self, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a cell shows: the editor, and what stands for it where there is none."""
        bundle: tuple[dict[str, Any], dict[str, Any]] = room("widget").display_bundle(self._graph)
        return bundle

    def sweep(self, *targets: str | NodeHandle | Output, paired: bool = False, **named_inputs: Any) -> Sweep:
        """Run the graph once for each combination of named inputs, and return what came of each, side by side.

        A list, range or other iterable is what an input takes in turn, the last one varying fastest; text or a number
        holds for all runs. ``paired``: take the first values together, then the second ones, and so on. A run that
        fails is a row with its error, and the others go on; Interrupt ends the sweep. ``targets`` and errors as of
        ``run``, and ``InputValueError`` where there is nothing to combine.
        """
        found: Sweep = room("notebook.sweep").sweep(self._graph, targets, named_inputs, paired=paired)
        return found

    def define(self, function: SubgraphFunction, /) -> None:
        """Have the graph know the subgraph of a function of ``nb.subgraph``, without an instance of it.

        ``g.add(function, ...)`` does so by itself.
        """
        from nodebook.subgraphs import define

        define(self._graph, function)

    def missing(self, node: str | NodeHandle | Output, output: str) -> Output:
        """Return an output that is not there: of a node that is gone, or one that the node's type does not have.

        A document may hold such a link, where a node was removed or its type changed; it is a problem of the node
        that has it.
        """
        from nodebook.handles import NodeHandle, Output

        if isinstance(node, (NodeHandle, Output)):
            node = node.id if isinstance(node, NodeHandle) else node.node_id
        return Output(self._graph, node, output)

    def to_python(self, *, layout: Literal["trailer", "omit"] | os.PathLike[str] = "trailer") -> str:
        """Return Python code that builds this graph, to be read, reviewed, edited and run.

        ``nb.from_python`` gives the same graph back, and runs nothing. ``layout``: where to put what code has no words
        for (positions, colours, ids, groups): in comments at the end, nowhere, or in a file beside the code.
        """
        code: str = room("notebook.pythoncode").to_python(self._graph, layout)
        return code
