"""The node types that a session knows."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from threading import RLock
from typing import Any

from nodebook.engine.describe import describe
from nodebook.engine.node import NodeFunction
from nodebook.engine.nodetype import NodeType
from nodebook.engine.origins import NOTEBOOK_MODULE, is_installed
from nodebook.engine.ports import PortRegistry
from nodebook.engine.variables import Variables
from nodebook.errors import NodeDefinitionError, UnknownNodeTypeError

logger = logging.getLogger(__name__)

BUILTIN = "builtin"


class Library:
    """Node types by name. ``revision`` rises with every definition, so that indexes can ask what changed since."""

    def __init__(self, ports: PortRegistry | None = None) -> None:
        self.ports = ports or PortRegistry()
        self.revision = 0
        self.variables: Variables | None = None
        """The variables of the notebook that graphs may read."""
        self.routes: dict[tuple[str, str, str, str], Any] = {}
        """What links between outputs and inputs of two types mean, as ``compiled`` found it; emptied by definitions."""
        self._types: dict[str, NodeType] = {}
        self._log: list[str] = []
        self._lock = RLock()
        self._listeners: list[Callable[[], None]] = []

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def __iter__(self) -> Iterator[NodeType]:
        return iter(list(self._types.values()))

    def __len__(self) -> int:
        return len(self._types)

    def define(self, function: NodeFunction[..., Any], *, origin: str | None = None) -> NodeType:
        """Add the node type of a function, or replace the one that a notebook defined before.

        Raises ``NodeDefinitionError`` when the function cannot be a node, or when the name is a built-in node's.
        """
        node_type = describe(function, self.ports, origin)
        self.add(node_type)
        return node_type

    def define_all(self, functions: Iterable[NodeFunction[..., Any]], *, origin: str) -> None:
        """Add many node types, and tell the listeners once."""
        for function in functions:
            self._add(describe(function, self.ports, origin))
        self._tell()

    def add(self, node_type: NodeType) -> None:
        """Add a node type that is built by hand; see ``define``."""
        self._add(node_type)
        self._tell()

    def _add(self, node_type: NodeType) -> None:
        with self._lock:
            known = self._types.get(node_type.name)
            if known is not None and known.origin == BUILTIN != node_type.origin:
                raise NodeDefinitionError(
                    f"{node_type.name} is the name of a built-in node. Give the function another name, or "
                    f'@nb.node(name="My{node_type.name}").'
                )
            if known is not None and _of_other_module(known, node_type):
                # Not refused, which would be an import that fails because of another one.
                logger.warning(
                    "%s of the module %s takes the place of the node of that name of the module %s, in graphs too. "
                    'Give one of them another name: @nb.node(name="%s.%s").',
                    node_type.name,
                    node_type.function.__module__,
                    known.function.__module__,
                    node_type.function.__module__,
                    node_type.name,
                )
            self._types[node_type.name] = node_type
            self._log.append(node_type.name)
            self.routes.clear()
            self.revision += 1

    def refresh(self) -> None:
        """Look again at functions of the notebook and of files beside it, as far as a graph has asked for their code.

        A cell may have changed a helper or a value that they read. Costs about 10 µs for a function of one helper, and
        reading each array that it closes over in full, unless that is read-only.
        """
        for node_type in self:
            if "own_code" not in node_type.__dict__ or node_type.version is not None:
                continue
            is_ours = not is_installed(node_type.function.__module__)
            if is_ours and node_type.code_now() != node_type.own_code:
                self.add(replace(node_type))

    @property
    def is_watched(self) -> bool:
        """Whether somebody listens to definitions: an open editor, for example."""
        return bool(self._listeners)

    def find(self, name: str) -> NodeType | None:
        """Return a node type, or None."""
        return self._types.get(name)

    def get(self, name: str) -> NodeType:
        """Return a node type by name or, where one fits alone, by title. Raises ``UnknownNodeTypeError``."""
        found = self._types.get(name)
        if found is not None:
            return found
        titled = [each for each in self if each.title == name]
        if len(titled) == 1:
            return titled[0]
        near = difflib.get_close_matches(name, [*self._types, *(each.title for each in self)], n=3)
        hint = f" Did you mean {', '.join(near)}?" if near else " nb.session().library lists the types."
        raise UnknownNodeTypeError(f"There is no node type {name!r}.{hint}")

    def changed_since(self, revision: int) -> set[str]:
        """Return the names that were defined after ``revision``."""
        return set(self._log[revision:])

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after each definition; returns a function that ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()


def _of_other_module(known: NodeType, node_type: NodeType) -> bool:
    """Whether two node types come from two modules; what a notebook defines takes the place of any, and the reverse."""
    modules = {known.function.__module__, node_type.function.__module__}
    return len(modules) > 1 and NOTEBOOK_MODULE not in modules and None not in modules and known.origin != BUILTIN
