"""Inputs that read variables of the notebook: ``g.bind``, ``handle.bind``, ``nb.variable``."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nodebook.engine.edits import NodeEdit, SetLink, SetValue, UnsetValue
from nodebook.engine.interfaces import type_in
from nodebook.engine.literals import VariableRef
from nodebook.engine.making import NAMED_INPUTS
from nodebook.errors import UnknownInputError, UnknownNodeError, VariableNameError
from nodebook.places import Place, find_place

if TYPE_CHECKING:
    from nodebook.engine.store import GraphStore
    from nodebook.graph import Graph

_VALUE = "value"


def variable(name: str) -> VariableRef:
    """Return what stands for a variable of the notebook as the value of an input: ``image=nb.variable("photo")``.

    The variable need not be there yet. Raises ``VariableNameError`` for a name that no variable can have.
    """
    if not isinstance(name, str):
        raise VariableNameError(
            f"A variable is named by text, got a {type(name).__name__}. Give its name, not what it holds: "
            'nb.variable("photo").'
        )
    if not name.isidentifier() or keyword.iskeyword(name):
        raise VariableNameError(
            f"{name!r} cannot be the name of a variable: expected letters, digits and underscores that do not begin "
            "with a digit, and no word of Python. Store what you want to bind under such a name in a cell."
        )
    return VariableRef(name)


def held_value(store: GraphStore, value: Any, fallback: Any) -> Any:
    """Return a literal as it is; of a bound input what its variable holds, ``fallback`` where that is no literal."""
    if not isinstance(value, VariableRef):
        return value
    found = _plain(store, value)
    return fallback if found is None else found


def bind_named(graph: Graph, variables: Mapping[str, str | VariableRef]) -> None:
    """Bind named inputs of a graph, as one step of undo."""
    with graph.store.lock:
        found = {_named_input(graph.store, name): _ref(each) for name, each in variables.items()}
        edits = [edit for node, ref in found.items() for edit in _binding(_place(graph.store, node), {_VALUE: ref})]
        _edit(graph.store, edits, f"Bind {', '.join(variables)}")


def unbind_named(graph: Graph, names: Iterable[str]) -> None:
    """Give named inputs a value again, as one step of undo."""
    with graph.store.lock:
        nodes = [_named_input(graph.store, name) for name in names] or _named(graph.store).values()
        edits = [edit for node in nodes for edit in _unbinding(graph.store, _place(graph.store, node), [_VALUE])]
        _edit(graph.store, edits, "Unbind inputs")


def bind_inputs(graph: Graph, node_id: str, variables: Mapping[str, str | VariableRef]) -> None:
    """Bind inputs of a node, as one step of undo."""
    with graph.store.lock:
        place = _place(graph.store, node_id)
        node_type = type_in(graph.store.state, place.node, graph.store.library)
        for name in variables:
            if node_type is not None and not node_type.takes_any:
                node_type.input(name)
        edits = _binding(place, {name: _ref(each) for name, each in variables.items()})
        _edit(graph.store, edits, f"Bind {', '.join(variables)}")


def unbind_inputs(graph: Graph, node_id: str, names: Iterable[str]) -> None:
    """Give inputs of a node a value again, as one step of undo."""
    unbind(graph.store, node_id, list(names))


def unbind(store: GraphStore, node_id: str, names: list[str], **said: Any) -> None:
    """Give inputs a value again: what their variable holds where a document can hold that, else their default.

    ``said``: what ``GraphStore.edit`` is told of the view that asks.
    """
    with store.lock:
        edits = _unbinding(store, _place(store, node_id), names)
        _edit(store, edits, f"Unbind {', '.join(names) or 'inputs'}", **said)


def _binding(place: Place, refs: Mapping[str, VariableRef]) -> list[NodeEdit]:
    edits: list[NodeEdit] = []
    for name, ref in refs.items():
        if name in place.node.links:
            edits.append(place.at(SetLink(place.id, name, None)))
        if place.node.values.get(name) != ref:
            edits.append(place.at(SetValue(place.id, name, ref)))
    return edits


def _unbinding(store: GraphStore, place: Place, names: Iterable[str]) -> list[NodeEdit]:
    held = {name: value for name, value in place.node.values.items() if isinstance(value, VariableRef)}
    node_type = type_in(store.state, place.node, store.library)
    edits: list[NodeEdit] = []
    for name in list(names) or held:
        if name not in held:
            continue
        spec = None if node_type is None else node_type.input_by_name.get(name)
        value = None if spec is None or spec.check is None else _plain(store, held[name])
        edits.append(place.at(UnsetValue(place.id, name) if value is None else SetValue(place.id, name, value)))
    return edits


def _plain(store: GraphStore, ref: VariableRef) -> Any:
    """Return what a variable holds as a literal; None where it is none, or not there."""
    variables = store.library.variables
    reading = None if variables is None else variables.readings().read(ref.name)
    return None if reading is None else reading.value


def _edit(store: GraphStore, edits: list[NodeEdit], label: str, **said: Any) -> None:
    if edits or said:
        store.edit(edits, label, **said)


def _ref(given: str | VariableRef) -> VariableRef:
    return given if isinstance(given, VariableRef) else variable(given)


def _named(store: GraphStore) -> dict[str, str]:
    nodes = store.state.nodes.items()
    return {str(node.values.get("name")): node_id for node_id, node in nodes if node.type in NAMED_INPUTS}


def _named_input(store: GraphStore, name: str) -> str:
    known = _named(store)
    if name not in known:
        raise UnknownInputError(
            f"The graph has no named input {name!r} to bind. Its named inputs are: "
            f"{', '.join(sorted(known)) or 'none'}. Make one with g.input({name!r}, default), or bind an input of a "
            f"node: handle.bind({name}=...)."
        )
    return known[name]


def _place(store: GraphStore, node_id: str) -> Place:
    place = find_place(store, node_id)
    if place is None:
        raise UnknownNodeError(f"Node {node_id!r} is no longer in the graph; undo brings a removed node back.")
    return place
