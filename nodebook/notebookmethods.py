"""What a graph can do because it lives in a notebook; ``nodebook.notebook`` and ``nodebook.widget`` do the work.

Methods of ``nb.Graph``, in a file of their own so that the graph itself stays readable. Each says here what it takes,
gives and raises, and hands on to the room above, which is loaded when it is first asked.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal, cast

from nodebook.rooms import room
from nodebook.waiting import Silent, Waiting, has_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodebook.graph import Graph
    from nodebook.handles import NodeHandle, Output
    from nodebook.notebook.forms.form import Form
    from nodebook.notebook.lockformat import Lock
    from nodebook.notebook.sweep import Sweep
    from nodebook.subgraphs import SubgraphFunction


class NotebookMethods:
    """The part of ``nb.Graph`` that only a notebook has a use for."""

    @property
    def _graph(self) -> Graph:
        return cast("Graph", self)

    def lock(self) -> Lock:
        """Return what the last run was made with, and what it gave: models, sources, packages, seeds, device, results.

        Printed it is a table; ``to_json()`` is what the notebook keeps, ``check()`` says what is different here and
        now, and ``nb.verify`` runs again and compares. Waits until model files are read (about 1.5 GB/s, once each).
        Raises ``NoLockError`` where nothing has run.
        """
        found: Lock = room("notebook.lock").lock_for_user(self._graph)
        return found

    def _progress(self) -> Waiting:
        """Return what waits for a run that is submitted inside its ``with``, and shows how far it is where it should.

        In a notebook and in a terminal that is a bar, unless a page shows the graph's editor, which shows more.
        """
        session, store = self._graph.session, self._graph.store
        editor = sys.modules.get("nodebook.widget.display")
        mode = session.progress
        if mode == "on" or (mode == "auto" and has_place() and not (editor and editor.is_shown(store))):
            waiting: Waiting = room("notebook.progress").Progress(store, session)
            return waiting
        return Silent()

    def _repr_mimebundle_(self, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a cell shows: the editor, and what stands for it where there is none."""
        if room("notebook.shown").note(self._graph):
            return {"text/plain": repr(self._graph)}, {}  # a run without anybody who looks
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

    def interact(
        self,
        *names: str,
        run: Literal["button", "change"] = "button",
        outputs: Sequence[str | NodeHandle | Output] | None = None,
        title: str | None = None,
        layout: Literal["beside", "below"] = "beside",
        defaults: bool = False,
    ) -> Form:
        """Return a form of the graph's named inputs, for people who should not see the graph; a cell shows it.

        ``names``: which inputs, in which order; default: all. Each field is what the inputs take that it feeds: ranges,
        choices, several lines, seeds, colours, pictures to upload. ``run``: by a ``"button"``, or after each
        ``"change"``. ``outputs``: the nodes whose results are shown; default: those that ``run`` has for targets.
        ``layout``: results ``"beside"`` the fields, where there is room, or ``"below"``. The values hold for the form's
        runs only; with ``defaults`` a button makes them the graph's own. Works in JupyterLab and under Voilà. Raises
        ``UnknownInputError`` for a name that is no named input, and where the graph has none.
        """
        making = room("notebook.forms.making")
        options = making.FormOptions(run, title, layout, defaults)
        form: Form = making.interact(self._graph, names, outputs, options)
        return form
