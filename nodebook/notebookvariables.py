"""The variables of the notebook that this kernel runs, and the graphs that look at them after each cell."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from threading import RLock
from types import FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from nodebook.engine.node import NodeFunction, Reference
from nodebook.engine.store import GraphStore
from nodebook.engine.valueops import ValueRegistry
from nodebook.engine.variables import Publisher, Variables
from nodebook.errors import PublishError
from nodebook.notebookmethods import NotebookMethods

logger = logging.getLogger(__name__)

Listener = Callable[[], None]

_KEPT: dict[type, str] = {
    ModuleType: "a module",
    type: "a class",
    FunctionType: "a function",
    NodeFunction: "a node function",
    Reference: "a node of a graph",
    NotebookMethods: "a graph",
}
"""What no graph may overwrite: it is part of the program."""


class NotebookVariables:
    """Reads and sets the variables of the notebook: IPython's where there is a shell, those of ``__main__`` elsewhere.

    ``namespace``: other variables, for an application that embeds nodebook.
    """

    def __init__(self, values: ValueRegistry, namespace: MutableMapping[str, Any] | None = None) -> None:
        self.namespace = namespace
        self.shared = Variables(self.now, values)
        """What indexes read from."""
        self.shared.on_first = self._watch_cells
        self._shell: Any = None
        self._is_published = False
        self._stores: WeakSet[GraphStore] = WeakSet()
        self._listeners: WeakKeyDictionary[GraphStore, tuple[Listener, ...]] = WeakKeyDictionary()
        self._lock = RLock()

    def now(self) -> MutableMapping[str, Any]:
        """Return the mapping that holds the variables."""
        if self.namespace is not None:
            return self.namespace
        shell = _shell()
        found: MutableMapping[str, Any] = vars(sys.modules["__main__"]) if shell is None else shell.user_ns
        return found

    def names(self) -> list[str]:
        """Return the names of variables that a user gave, sorted."""
        hidden = {"In", "Out", "exit", "quit", "open", "get_ipython"}
        if (shell := _shell()) is not None:
            hidden |= set(getattr(shell, "user_ns_hidden", ()))
        return sorted(set(self.shared.names()) - hidden)

    def set(self, name: str, value: Any, port: str | None = None) -> None:
        """Set a variable; ``port``: the port type that the value had in the graph that publishes it."""
        if port is not None:
            self.shared.note_port(name, value, port)
        self.now()[name] = value

    @property
    def publish(self) -> Publisher:
        """What nodes set variables by."""
        return Publisher(self._publish)

    def run_ended(self, graph: int) -> None:
        """Let other graphs look at their variables after a run that set some: in the background no cell ends."""
        if self._is_published:
            self._is_published = False
            self.after_cell(but=graph)  # or a graph that reads what it publishes would run for ever

    def watch(self, store: GraphStore) -> GraphStore:
        """Look at the variables of a graph after each cell, from now on. Returns the graph."""
        with self._lock:
            self._stores.add(store)
        return store

    def subscribe(self, store: GraphStore, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` when a variable that a graph reads holds something else; returns what ends that."""
        with self._lock:
            self._listeners[store] = (*self._listeners.get(store, ()), listener)

        def unsubscribe() -> None:
            with self._lock:
                kept = tuple(each for each in self._listeners.get(store, ()) if each is not listener)
                self._listeners[store] = kept

        return unsubscribe

    def after_cell(self, _result: object = None, *, but: int | None = None) -> None:
        """Let every graph look at its variables again, and tell who listens. Costs what the bound variables hold.

        ``but``: the number of a graph that is left out.
        """
        with self._lock:
            stores = [each for each in self._stores if each.number != but]
        for store in stores:
            if store.note_cell():
                with self._lock:
                    listeners = self._listeners.get(store, ())
                for listener in listeners:
                    try:
                        listener()
                    except Exception:
                        logger.exception("A listener failed on changed variables")

    def _publish(self, name: str, value: Any, port: str | None) -> None:
        held = self.now().get(name)
        kept = next((words for kind, words in _KEPT.items() if isinstance(held, kind)), None)
        if kept is not None:
            raise PublishError(
                f"The name {name!r} is taken in the notebook by {kept}, which would be lost. Publish under another "
                f"name, or delete that first: del {name}."
            )
        self.set(name, value, port)
        self._is_published = True

    def close(self) -> None:
        """Look at nothing any more."""
        if self._shell is not None:
            with suppress(ValueError):
                self._shell.events.unregister("post_run_cell", self.after_cell)
            self._shell = None

    def _watch_cells(self) -> None:
        shell = _shell()
        if shell is not None:
            self._shell = shell
            shell.events.register("post_run_cell", self.after_cell)


def _shell() -> Any:
    """Return IPython's shell, None in a plain process. Importing IPython is left to whoever runs it."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
