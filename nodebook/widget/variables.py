"""What an editor shows of the notebook's variables: what bound ones hold, and which ones an input could take."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from nodebook.engine.bound import would_fit
from nodebook.engine.graph import VARIABLE
from nodebook.engine.interfaces import type_in
from nodebook.engine.nodetype import InputSpec
from nodebook.engine.ports import ANY
from nodebook.engine.store import GraphStore
from nodebook.engine.variables import describe
from nodebook.notebook.binding import unbind
from nodebook.places import find_place
from nodebook.sessions import Session
from nodebook.widget.commands import ListVariables, Unbind
from nodebook.widget.problems import ProblemFeed
from nodebook.widget.protocol import BoundMessage, BoundVariable, Message, OfferedVariable

MOST_OFFERED = 500
_VALUES = ("nodebook.models.", "nodebook.engine.items")
"""Where those classes of nodebook stand whose objects are values of nodes."""


class VariableFeed:
    """Tells the views of a graph what its variables hold. ``on_change`` is called where a cell has changed one."""

    def __init__(
        self, store: GraphStore, session: Session, problems: ProblemFeed, send: Callable[[Message], None]
    ) -> None:
        self._store = store
        self._session = session
        self._problems = problems
        self._send = send
        self._told: dict[str, BoundVariable] = {}
        self._lock = Lock()

    def tell(self) -> None:
        """Tell what is new: of variables, and of problems that came or went without an edit."""
        with self._lock, self._store.lock:
            found = self._found()
            problems = self._problems.changed(self._store.problems()) if found or self._told else {}
            if found == self._told and not problems:
                return
            self._told = found
        self._send(BoundMessage(type="bound", variables=found, problems=problems))

    def tell_again(self) -> None:
        """Tell a view that has just come what bound variables hold."""
        with self._lock, self._store.lock:
            self._told = self._found()
        if self._told:
            self._send(BoundMessage(type="bound", variables=self._told, problems={}))

    def offer(self, command: ListVariables) -> None:
        """Answer which variables there are, and which of them an input could take; no content is read."""
        spec = self._spec(command.node, command.input)
        names = self._session.variables.names()[:MOST_OFFERED]
        offered: list[OfferedVariable] = []
        for name in names:
            try:
                value = self._session.variables.shared.get(name)
            except KeyError:
                continue
            if type(value).__module__.startswith("nodebook.") and not type(value).__module__.startswith(_VALUES):
                continue  # the graph itself, its handles and runs
            fits = would_fit(spec, value, self._session.values, self._store.library.ports)
            offered.append({"name": name, "text": describe(value), "fits": fits})
        offered.sort(key=lambda each: not each["fits"])
        self._send(
            {
                "type": "variables",
                "to": command.client,
                "node": command.node,
                "input": command.input,
                "variables": offered,
            }
        )

    def unbind(self, command: Unbind) -> None:
        """Give an input a value again."""
        unbind(self._store, command.node, [command.input])

    def _found(self) -> dict[str, BoundVariable]:
        found = self._store.index().variables()
        return {
            name: {"text": "" if reading is None else reading.words, "missing": reading is None}
            for name, reading in sorted(found.items())
        }

    def _spec(self, node_id: str, name: str) -> InputSpec:
        place = find_place(self._store, node_id)
        node_type = None if place is None else type_in(self._store.state, place.node, self._store.library)
        spec = None if node_type is None else node_type.input_by_name.get(name)
        if place is not None and place.node.type == VARIABLE:
            spec = None  # the name is text, and what it names may be anything
        return InputSpec(name, ANY) if spec is None else spec
