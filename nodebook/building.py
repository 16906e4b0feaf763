"""Adding nodes from code, so that running a cell again does not add them again."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from weakref import WeakKeyDictionary

from nodebook.engine.edits import AddNode, Edit, NodeEdit, SetLink, SetOrigin, SetTitle, SetValue, UnsetValue
from nodebook.engine.graph import Link, Node
from nodebook.engine.inside import find_origin, outlet
from nodebook.engine.interfaces import find_named, interface_of, type_in
from nodebook.engine.layout import Columns
from nodebook.engine.literals import VariableRef
from nodebook.engine.node import NodeFunction
from nodebook.engine.nodetype import NodeType
from nodebook.engine.store import GraphStore
from nodebook.errors import EditError, InputValueError
from nodebook.handles import NodeHandle, Output
from nodebook.places import Place, find_place

_JSON_TYPES = (type(None), bool, int, float, str, list, dict)


_places: WeakKeyDictionary[GraphStore, dict[str, str]] = WeakKeyDictionary()
"""Place in the code → node, for each graph: several ``Graph`` objects of one name share it."""


class CellPlaces:
    """Counts what the cell that runs now has added, so that running it again finds the same places."""

    def __init__(self) -> None:
        self._execution: object = None
        self._added: Counter[str] = Counter()

    def next(self, type_name: str) -> str | None:
        """Return the place of the next node that this cell adds, None outside a notebook that names its cells."""
        cell = current_cell()
        if cell is None:
            return None
        cell_id, execution = cell
        if execution != self._execution:
            self._execution = execution
            self._added.clear()
        self._added[type_name] += 1
        return f"{cell_id}/{type_name}#{self._added[type_name]}"


def current_cell() -> tuple[str, str] | None:
    """Return the id of the cell that runs now, and of this execution of it; None where no front end tells."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    parent = getattr(shell, "parent_header", None)
    if not isinstance(parent, dict):
        return None
    cell_id = (parent.get("metadata") or {}).get("cellId")
    execution = (parent.get("header") or {}).get("msg_id")
    return (cell_id, execution) if cell_id and execution else None


class Builder:
    """Turns ``g.add`` and ``handle.set`` into edits.

    A node that code adds remembers its place in the code and what the code gave it (``origin``). When the same place
    adds it again, in a cell that is run again or after a restart, the node is found and only what the code changed
    since is changed: a value set by hand stays, unless the code now says something new. The place is the cell, and
    which node of its type it is there; where no front end names the cells, a named graph counts its nodes of a type
    ("the second ImageBlur"). ``in_cells``: off for the inside of a subgraph, whose nodes are no cell's.
    """

    def __init__(self, store: GraphStore, *, is_named: bool, in_cells: bool = True) -> None:
        self._store = store
        self._is_named = is_named
        self._added: Counter[str] = Counter()
        self._cells = CellPlaces() if in_cells else None
        self._columns: Columns | None = None
        self._known = _places.setdefault(store, {})
        for node_id, node in store.state.nodes.items():
            if is_named and node.origin is not None:
                self._remember(node_id, node.origin)

    def add(self, type_name: str, title: str | None, inputs: Mapping[str, Any]) -> str:
        """Add a node, or find the one that the same place in the code added before; return its id."""
        node_type = self._type(type_name)
        values, links = self._split(node_type, inputs)
        place = None if self._cells is None else self._cells.next(node_type.name)
        with self._store.lock:
            known = self._find(node_type.name, place)
            inner = self._find_inside(node_type.name, place) if known is None else None
            if inner is not None:
                return self._merge_inside(inner, node_type.name, place, title, values)
            links = {name: self._outside(name, link) for name, link in links.items()}
            origin = _origin(self._key(node_type.name, known, place), place, title, values, links)
            if known is not None:
                self._merge(known, self._store.state.nodes[known], origin)
                self._remember(known, origin)
                return known
            node_id = self._store.state.next_id()
            node: dict[str, Any] = {"type": node_type.name, "values": values}
            if title is not None:
                node["title"] = title
            if links:
                node["links"] = {name: list(link) for name, link in links.items()}
            node["view"] = self._place(links, node_type)
            if self._is_named or place is not None:
                node["origin"] = origin
                self._remember(node_id, origin)
            self._store.edit([AddNode(node_id, node)], f"Add {title or node_type.title}")
            return node_id

    def _type(self, name: str) -> NodeType:
        """Return a node type, or what the subgraph of that name looks like. Raises ``UnknownNodeTypeError``."""
        state, library = self._store.state, self._store.library
        subgraph_id = None if name in library else find_named(state, name)
        found = None if subgraph_id is None else interface_of(state, subgraph_id, library)
        return found or library.get(name)

    def _remember(self, node_id: str, origin: Mapping[str, Any]) -> None:
        for member in ("key", "cell"):
            if member in origin:
                self._known[f"{member} {origin[member]}"] = node_id

    def _find(self, type_name: str, place: str | None) -> str | None:
        """Return the node that this place added before."""
        nodes = self._store.state.nodes
        if place is not None:
            found = nodes.get(self._known.get(f"cell {place}", ""))
            if found is not None and found.type == type_name:
                return self._known[f"cell {place}"]
        if not self._is_named:
            return None
        counted = self._known.get(f"key {type_name}#{self._added[type_name] + 1}", "")
        node = nodes.get(counted)
        # What another cell added is that cell's.
        is_taken = place is not None and node is not None and "cell" in (node.origin or {})
        return counted if node is not None and not is_taken else None

    def _find_inside(self, type_name: str, place: str | None) -> str | None:
        """Return the path of the node that this place added before, and that is inside a subgraph since."""
        state = self._store.state
        if not state.subgraphs:
            return None
        if place is not None:
            return find_origin(state, "cell", place, type_name)
        counted = f"{type_name}#{self._added[type_name] + 1}"
        return find_origin(state, "key", counted, type_name) if self._is_named else None

    def _merge_inside(
        self, path: str, type_name: str, place: str | None, title: str | None, values: dict[str, Any]
    ) -> str:
        """Apply what the code says differently of a node's values and title; its links are the subgraph's by now."""
        found = find_place(self._store, path)
        assert found is not None  # noqa: S101 -- just found
        before: Mapping[str, Any] = found.node.origin or {}
        number = str(before.get("key", "")).rpartition("#")[2]
        self._added[type_name] = max(self._added[type_name] + 1, int(number) if number.isdigit() else 0)
        origin = {**_origin(str(before.get("key")), place, title, values, {}), "links": before.get("links")}
        origin = {**origin, **{each: before[each] for each in ("key", "cell") if each in before}}
        origin = {name: held for name, held in origin.items() if held is not None}
        if _plain(before) != _plain(origin):
            edits = [*_changes(found.id, before, origin), SetOrigin(found.id, origin)]
            label = f"Change {found.node.title or found.node.type} from code"
            self._store.edit([found.at(edit) for edit in edits], label)
        return path

    def _key(self, type_name: str, known: str | None, place: str | None) -> str:
        """Return the counted place of a node, and count it."""
        own: Any = None if known is None else (self._store.state.nodes[known].origin or {}).get("key")
        if own is not None:
            number = str(own).rpartition("#")[2]
            self._added[type_name] = max(self._added[type_name], int(number) if number.isdigit() else 0)
            return str(own)
        self._added[type_name] += 1
        while (
            place is not None
            and self._known.get(f"key {type_name}#{self._added[type_name]}") in self._store.state.nodes
        ):
            self._added[type_name] += 1
        return f"{type_name}#{self._added[type_name]}"

    def renew_input(self, node_id: str, default: Any) -> None:
        """Give a named input of a named graph its new default, if the code says another than the last time."""
        origin = self._store.state.nodes[node_id].origin
        if not self._is_named or origin is None:
            return
        given: Any = origin.get("values")
        before: dict[str, Any] = dict(given or {})
        if before.get("value") == default and type(before.get("value")) is type(default):
            return
        origin = {**origin, "values": {**before, "value": default}}
        edits: list[Edit] = [SetValue(node_id, "value", default), SetOrigin(node_id, origin)]
        if isinstance(self._store.state.nodes[node_id].values.get("value"), VariableRef):
            del edits[0]  # a binding is not a default
        self._store.edit(edits, f"Change {before.get('name', node_id)} from code")

    def set_inputs(self, node_id: str, inputs: Mapping[str, Any]) -> None:
        """Set literals, connect outputs, or (``None``) disconnect and give back the default."""
        with self._store.lock:
            place = find_place(self._store, node_id)
            if place is None:
                raise EditError(f"Node {node_id!r} is no longer in the graph; undo brings a removed node back.")
            node = place.node
            node_type = type_in(self._store.state, node, self._store.library)
            cleared = [name for name, value in inputs.items() if value is None]
            values, links = self._split(node_type, {name: each for name, each in inputs.items() if each is not None})
            if place.graph is None:
                links = {name: self._outside(name, link) for name, link in links.items()}
            edits: list[NodeEdit] = []
            for name in cleared:
                if name not in node.values and name not in node.links:  # kept from before the type was redefined
                    self._check_name(node_type, name)
                edits.extend((SetLink(place.id, name, None), UnsetValue(place.id, name)))
            for name, value in values.items():
                if name in node.links:
                    edits.append(SetLink(place.id, name, None))
                edits.append(SetValue(place.id, name, value))
            edits.extend(SetLink(place.id, name, _source(place, name, link)) for name, link in links.items())
            self._store.edit([place.at(edit) for edit in edits], f"Set {', '.join(inputs)}")

    def _split(self, node_type: NodeType | None, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Link]]:
        values: dict[str, Any] = {}
        links: dict[str, Link] = {}
        for name, value in inputs.items():
            self._check_name(node_type, name)
            if isinstance(value, NodeHandle):
                value = value.sole_output()  # noqa: PLW2901 - a handle stands for its output
            if isinstance(value, Output):
                if value.graph.store is not self._store:
                    raise InputValueError(
                        f"{name} is given an output of another graph ({value!r}). Add that node to this graph, or run "
                        "the other graph and pass the value on."
                    )
                links[name] = Link(value.node_id, value.name)
            elif isinstance(value, VariableRef):
                values[name] = value
            else:
                values[name] = _literal(node_type, name, value)
        return values, links

    def _outside(self, name: str, link: Link) -> Link:
        """Return a link as a node of the top graph can have it: from the instance that a node is inside."""
        if link.node in self._store.state.nodes or find_place(self._store, link.node) is None:
            return link
        found = outlet(self._store.state, link)
        if found is None:
            raise InputValueError(
                f"{name} is given the output {link.output!r} of node {link.node}, which is inside a subgraph that does "
                "not pass it on. Make it an output of the subgraph, or give one of its outputs."
            )
        return found

    def _check_name(self, node_type: NodeType | None, name: str) -> None:
        if node_type is not None and not node_type.takes_any:
            node_type.input(name)

    def _place(self, links: Mapping[str, Link], node_type: NodeType) -> dict[str, float]:
        if self._columns is None:
            self._columns = Columns(self._store.state, self._store.library.find)
        return self._columns.place(self._store.state, links.values(), node_type)

    def _merge(self, node_id: str, node: Node, origin: dict[str, Any]) -> None:
        """Apply what the code says differently from the last time; leave what was changed by hand."""
        before: Mapping[str, Any] = node.origin or {}
        if "cell" in before and "cell" not in origin:
            origin["cell"] = before["cell"]
        if _plain(before) == _plain(origin):
            return
        edits: list[Edit] = []
        old_values, old_links = before.get("values") or {}, before.get("links") or {}
        for name in _changed(old_values, origin):
            edits.append(SetLink(node_id, name, None))
            edits.append(SetValue(node_id, name, origin["values"][name]))
        new_links = origin.get("links", {})
        for name, link in new_links.items():
            if old_links.get(name) != link:
                edits.append(SetLink(node_id, name, tuple(link)))
        edits.extend(SetLink(node_id, name, None) for name in old_links if name not in new_links)
        edits.extend(UnsetValue(node_id, name) for name in old_values if name not in origin.get("values", {}))
        if before.get("title") != origin.get("title"):
            edits.append(SetTitle(node_id, origin.get("title")))
        self._store.edit([*edits, SetOrigin(node_id, origin)], f"Change {node.title or node.type} from code")


def _changed(before: Mapping[str, Any], origin: Mapping[str, Any]) -> list[str]:
    """Return the inputs of which the code says another value than before."""
    return [
        name
        for name, value in origin.get("values", {}).items()
        if name not in before or before[name] != value or type(before[name]) is not type(value)
    ]


def _changes(node_id: str, before: Mapping[str, Any], origin: Mapping[str, Any]) -> list[NodeEdit]:
    """Return what the code says differently of a node's values and title."""
    old_values = before.get("values") or {}
    edits: list[NodeEdit] = [SetValue(node_id, name, origin["values"][name]) for name in _changed(old_values, origin)]
    edits.extend(UnsetValue(node_id, name) for name in old_values if name not in origin.get("values", {}))
    if before.get("title") != origin.get("title"):
        edits.append(SetTitle(node_id, origin.get("title")))
    return edits


def _source(place: Place, name: str, link: Link) -> tuple[str, str]:
    """Return what an input is linked to, by its id in the graph that the input is in."""
    inner = place.inner_id(link.node)
    if inner is None:
        raise InputValueError(
            f"{name} of node {place.prefix}{place.id} is given an output of node {link.node}, which is not in the same "
            "graph: one of them is inside a subgraph. Link the instance's inputs and outputs instead."
        )
    return inner, link.output


def _literal(node_type: NodeType | None, name: str, value: Any) -> Any:
    """Return a literal as a document can hold it. Raises ``InputValueError`` for a live object."""
    spec = None if node_type is None else node_type.input_by_name.get(name)
    if spec is not None and spec.check is not None and not isinstance(value, NodeFunction):
        try:
            return spec.check(value)
        except ValueError:
            # Kept: validation reports it on the input, and nothing is lost.
            pass
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, NodeFunction):
        return value.type_name  # the body of a loop
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, _JSON_TYPES):
        return value
    title = "The node" if node_type is None else node_type.title
    raise InputValueError(
        f"{title}.{name} cannot hold {type(value).__module__}.{type(value).__qualname__}: a graph's document holds "
        "numbers, text, True/False and lists of them. Give the object a name in a cell and bind that: "
        f'{name}=nb.variable("name"). Or make it in a function with @nb.node and pass that node\'s output.'
    )


def _origin(
    key: str, cell: str | None, title: str | None, values: dict[str, Any], links: Mapping[str, Link]
) -> dict[str, Any]:
    """Return where code adds a node and what it gives; members that say nothing are left out."""
    origin: dict[str, Any] = {"key": key}
    if cell is not None:
        origin["cell"] = cell
    if title is not None:
        origin["title"] = title
    if values:
        origin["values"] = values
    if links:
        origin["links"] = {name: list(link) for name, link in links.items()}
    return origin


def _plain(origin: Mapping[str, Any]) -> str:
    return repr(sorted((key, repr(value)) for key, value in origin.items()))
