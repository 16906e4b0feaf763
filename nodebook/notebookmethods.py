"""What a graph can do because it lives in a notebook; ``nodebook.notebook`` and ``nodebook.widget`` do the work.

Methods of ``nb.Graph``, in a file of their own so that the graph itself stays readable. Each says here what it takes,
gives and raises, and hands on to the room above, which is loaded when it is first asked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, cast

from nodebook.rooms import room
from nodebook.waiting import Silent, Waiting, has_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodebook.engine.literals import VariableRef
    from nodebook.graph import Graph
    from nodebook.handles import NodeHandle, Output
    from nodebook.notebook.breaks import Paused
    from nodebook.notebook.forms.form import Form
    from nodebook.notebook.lock.format import Lock
    from nodebook.notebook.static import GraphPicture
    from nodebook.notebook.sweep import Sweep
    from nodebook.runs import Run
    from nodebook.subgraphs import SubgraphFunction


class NotebookMethods:
    """The part of ``nb.Graph`` that only a notebook has a use for."""

    @property
    def _graph(self) -> Graph:
        return cast("Graph", self)

    def _ids(self, nodes: Iterable[str | NodeHandle | Output]) -> list[str]:
        return [self._graph._id(each) for each in nodes]  # noqa: SLF001 -- this is the graph

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

    def lock(self) -> Lock:
        """Return what the last run was made with, and what it gave: models, sources, packages, seeds, device, results.

        Printed it is a table; ``to_json()`` is what the notebook keeps, ``check()`` says what is different here and
        now, and ``nb.verify`` runs again and compares. Waits until model files are read (about 1.5 GB/s, once each).
        Raises ``NoLockError`` where nothing has run.
        """
        found: Lock = room("notebook.lock.making").lock_for_user(self._graph)
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
        room("notebook.verifying.shown").note(self._graph)
        bundle: tuple[dict[str, Any], dict[str, Any]] = room("widget").display_bundle(self._graph)
        return bundle

    def _ipython_display_(self) -> None:
        """Show the editor and, as an output of its own, the stored copy and the static picture."""
        if room("notebook.verifying.shown").note(self._graph):
            return  # a run without anybody who looks
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
        ``run``, and ``InputValueError`` for an input that is given no value, or pairs of unequal number.
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
        code: str = room("notebook.code.python").to_python(self._graph, layout)
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

    # Breaks

    def break_at(self, *nodes: str | NodeHandle | Output) -> None:
        """Let runs pause before these nodes are called, until ``clear_breaks``.

        ``g.run()`` returns then, with outcome ``"paused"``; what the node is about to get is in ``g.paused.inputs`` and
        in variables of the notebook, and ``g.resume()`` goes on. A run comes to the node even if its result is there
        already. Breaks are of this kernel only: they are not saved, and no result depends on them. Raises
        ``UnknownNodeError``, and ``InputValueError`` for a subgraph, which is never called itself.
        """
        for each in self._ids(nodes):
            room("notebook.breaks").set_break(self._graph.session, self._graph.store, each, on=True)

    def clear_breaks(self, *nodes: str | NodeHandle | Output) -> None:
        """Let runs pass these nodes without a pause; without arguments all."""
        room("notebook.breaks").clear_breaks(self._graph.session, self._graph.store, self._ids(nodes))

    @property
    def breaks(self) -> tuple[NodeHandle, ...]:
        """The nodes that runs pause at."""
        found: tuple[NodeHandle, ...] = room("notebook.breaks").breaks_of(self._graph)
        return found

    @property
    def paused(self) -> Paused | None:
        """The run that waits at a break, with ``inputs``, ``resume``, ``skip`` and ``cancel``; None where none does."""
        found: Paused | None = room("notebook.breaks").paused_of(self._graph.session, self._graph)
        return found

    def resume(self, **inputs: Any) -> Run:
        """Let the paused run go on, and wait for its end or its next pause; Interrupt cancels it.

        The node is called with its inputs as they are now: variables that a cell changed, what was set in
        ``g.paused.inputs``, and ``inputs``. What is made from changed ones is a result of this run only: the next run
        makes it anew. Raises ``NotPausedError``; ``UnknownInputError`` and ``InputValueError`` leave it waiting.
        """
        run: Run = room("notebook.breaks").resume(self._graph.session, self._graph, inputs)
        return run
