"""What a graph can do because it lives in a notebook; ``nodebook.notebook`` and ``nodebook.widget`` do the work.

Methods of ``nb.Graph``, in a file of their own so that the graph itself stays readable. Each says here what it takes,
gives and raises, and hands on to the room above, which is loaded when it is first asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from nodebook.rooms import room

if TYPE_CHECKING:
    from nodebook.engine.literals import VariableRef
    from nodebook.graph import Graph


class NotebookMethods:
    """The part of ``nb.Graph`` that only a notebook has a use for."""

    @property
    def _graph(self) -> Graph:
        return cast("Graph", self)

    def bind(self, **variables: str | VariableRef) -> None:
        """Let named inputs read variables of the notebook: ``g.bind(prompt="prompt_var")``; as one step of undo.

        A variable counts by its content: when a cell changes it, what depends on it runs again, and nothing else.
        ``g.run(prompt=...)`` overrides it for one run, ``g.unbind("prompt")`` ends it. Raises ``UnknownInputError`` for
        what is no named input, and ``VariableNameError``; a variable that is not there is a problem of the graph.
        """
        room("notebook.binding").bind_named(self._graph, variables)

    def unbind(self, *names: str) -> None:
        """Give named inputs a value again, the one that their variable has now; all bound ones where none is named.

        Raises ``UnknownInputError`` for what is no named input.
        """
        room("notebook.binding").unbind_named(self._graph, names)

    def _repr_mimebundle_(self, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a cell shows: the editor, and what stands for it where there is none."""
        bundle: tuple[dict[str, Any], dict[str, Any]] = room("widget").display_bundle(self._graph)
        return bundle
