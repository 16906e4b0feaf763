"""What a graph can do because it lives in a notebook; ``nodebook.notebook`` and ``nodebook.widget`` do the work.

Methods of ``nb.Graph``, in a file of their own so that the graph itself stays readable. Each says here what it takes,
gives and raises, and hands on to the room above, which is loaded when it is first asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from nodebook.rooms import room

if TYPE_CHECKING:
    from nodebook.graph import Graph
    from nodebook.handles import NodeHandle, Output
    from nodebook.notebook.breaks import Paused
    from nodebook.notebook.sweep import Sweep
    from nodebook.runs import Run
    from nodebook.sessions import Session


class NotebookMethods:
    """The part of ``nb.Graph`` that only a notebook has a use for."""

    @property
    def _graph(self) -> Graph:
        return cast("Graph", self)

    @property
    def _own_session(self) -> Session:
        return self._graph._session  # noqa: SLF001 -- this is the graph

    def _ids(self, nodes: Iterable[str | NodeHandle | Output]) -> list[str]:
        return [self._graph._id(each) for each in nodes]  # noqa: SLF001 -- this is the graph

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

    # Breaks

    def break_at(self, *nodes: str | NodeHandle | Output) -> None:
        """Let runs pause before these nodes are called, until ``clear_breaks``.

        ``g.run()`` returns then, with outcome ``"paused"``; what the node is about to get is in ``g.paused.inputs`` and
        in variables of the notebook, and ``g.resume()`` goes on. A run comes to the node even if its result is there
        already. Breaks are of this kernel only: they are not saved, and no result depends on them. Raises
        ``UnknownNodeError``, and ``InputValueError`` for a subgraph, which is never called itself.
        """
        for each in self._ids(nodes):
            room("notebook.breaks").set_break(self._own_session, self._graph.store, each, on=True)

    def clear_breaks(self, *nodes: str | NodeHandle | Output) -> None:
        """Let runs pass these nodes without a pause; without arguments all."""
        room("notebook.breaks").clear_breaks(self._own_session, self._graph.store, self._ids(nodes))

    @property
    def breaks(self) -> tuple[NodeHandle, ...]:
        """The nodes that runs pause at."""
        found: tuple[NodeHandle, ...] = room("notebook.breaks").breaks_of(self._graph)
        return found

    @property
    def paused(self) -> Paused | None:
        """The run that waits at a break, with ``inputs``, ``resume``, ``skip`` and ``cancel``; None where none does."""
        found: Paused | None = room("notebook.breaks").paused_of(self._own_session, self._graph)
        return found

    def resume(self, **inputs: Any) -> Run:
        """Let the paused run go on, and wait for its end or its next pause; Interrupt cancels it.

        The node is called with its inputs as they are now: variables that a cell changed, what was set in
        ``g.paused.inputs``, and ``inputs``. What is made from changed ones is a result of this run only: the next run
        makes it anew. Raises ``NotPausedError``; ``UnknownInputError`` and ``InputValueError`` leave it waiting.
        """
        run: Run = room("notebook.breaks").resume(self._own_session, self._graph, inputs)
        return run
