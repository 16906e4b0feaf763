"""A sketch and a layout, put together: the document of the graph."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from nodebook.engine import document
from nodebook.engine.graph import INSTANCE, SUBGRAPH_INPUTS, GraphState, definition_id, whole_number
from nodebook.engine.interfaces import type_in
from nodebook.engine.layout import COLUMN_PX, MARGIN_PX, Columns
from nodebook.engine.library import Library
from nodebook.engine.literals import tag
from nodebook.engine.upgrades import VERSION
from nodebook.notebook.code.layout import Entry, Layout
from nodebook.notebook.code.sketch import Sketch, SketchDefinition, SketchGraph, SketchNode

VARY = "vary"
PATCH = "type"
"""Member of an entry's rest with a node that code cannot say; no unknown member has that name."""


@dataclass(slots=True)
class Assembled:
    """The document, and what became of the parts of the layout."""

    data: dict[str, Any]
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    """Scope → variable → id."""
    placeless: dict[str, list[str]] = field(default_factory=dict)
    """Scope → ids of the nodes of which the layout says nothing, in the order of the code."""
    definitions: dict[str, str] = field(default_factory=dict)
    """Function → id of its subgraph."""
    notices: list[str] = field(default_factory=list)


def assemble(sketch: Sketch, layout: Layout) -> Assembled:
    """Return the document that code and layout give together. What the layout says of what is gone is dropped."""
    made = Assembled({"nodebook": VERSION}, notices=list(layout.notices))
    _name_definitions(sketch, layout, made)
    if sketch.name is not None:
        made.data["name"] = sketch.name
    made.data.update(_graph_json(sketch.graph, "", layout, made))
    if sketch.definitions:
        made.data["subgraphs"] = {
            made.definitions[each.key]: _definition_json(each, layout, made) for each in sketch.definitions
        }
    _note_the_gone(sketch, layout, made)
    for member, held in layout.graph.items():
        made.data.setdefault(member, held)
    return made


def place(state: GraphState, made: Assembled, library: Library) -> GraphState:
    """Return the state with places for the nodes that have none, as ``g.add`` gives them."""
    for scope, ids in made.placeless.items():
        if not scope:
            state = _placed(state, ids, state, library)
            continue
        subgraph_id = made.definitions[scope]
        definition = state.subgraphs[subgraph_id]
        graph = _placed(definition.graph, ids, state, library)
        state = replace(state, subgraphs={**state.subgraphs, subgraph_id: replace(definition, graph=graph)})
    return state


def _placed(graph: GraphState, ids: Iterable[str], top: GraphState, library: Library) -> GraphState:
    columns = Columns(graph, library.find)
    ordered = sorted(ids, key=lambda each: graph.nodes[each].type != SUBGRAPH_INPUTS)
    for each in ordered:
        node = graph.nodes[each]
        if node.type == SUBGRAPH_INPUTS:
            view: dict[str, float] = {"x": MARGIN_PX - COLUMN_PX, "y": MARGIN_PX}
        else:
            view = columns.place(graph, node.links.values(), type_in(top, node, library))
        graph = replace(graph, nodes=graph.nodes.insert(each, replace(node, view={**view, **node.view})))
    return graph


def _name_definitions(sketch: Sketch, layout: Layout, made: Assembled) -> None:
    wanted = {each.key: layout.definitions.get(each.key) for each in sketch.definitions}
    spoken = {
        definition_id(node.type) for _, graph in sketch.scopes() for node in graph.nodes if isinstance(node.type, str)
    }
    taken: set[str] = set()
    for key, entry in wanted.items():
        if entry is not None and entry.id not in taken:
            made.definitions[key] = entry.id
            taken.add(entry.id)
    for key in wanted:
        if key not in made.definitions:
            made.definitions[key] = _free(taken | {each for each in spoken if each}, is_new=not layout.definitions)
            taken.add(made.definitions[key])


def _free(taken: set[str], *, is_new: bool) -> str:
    start = 1 if is_new else 1 + max((whole_number(each) or 0 for each in taken), default=0)
    return next(str(number) for number in count(start) if str(number) not in taken)


def _graph_json(graph: SketchGraph, scope: str, layout: Layout, made: Assembled) -> dict[str, Any]:
    entries = layout.nodes.get(scope, {})
    ids = _ids(graph, entries, made)
    made.ids[scope] = {node.key: node_id for node, node_id in ids.items()}
    made.placeless[scope] = [node_id for node, node_id in ids.items() if node.key not in entries]
    nodes = {}
    for node, node_id in ids.items():
        data, given = node_json(node, ids, made.definitions)
        entry = entries.get(node.key)
        nodes[node_id] = data if entry is None else _joined(node, data, given, entry, made)
    found: dict[str, Any] = {"nodes": nodes}
    if layout.groups.get(scope):
        found["groups"] = layout.groups[scope]
    return found


def _ids(graph: SketchGraph, entries: Mapping[str, Entry], made: Assembled) -> dict[SketchNode, str]:
    """Return the ids of all nodes: those of the layout, and free ones, in the order of the code."""
    taken: set[str] = set()
    wanted: dict[SketchNode, str] = {}
    for node in graph.nodes:
        entry = entries.get(node.key)
        if entry is None:
            continue
        if entry.id in taken:
            made.notices.append(f"The layout gives the id {entry.id} twice; {node.key} gets another one.")
            continue
        wanted[node] = entry.id
        taken.add(entry.id)
    numbers = [whole_number(each) or 0 for each in taken]
    free = (str(number) for number in count(1 + max(numbers, default=0)))
    avoided = taken | graph.missing()
    return {node: wanted.get(node) or next(each for each in free if each not in avoided) for node in graph.nodes}


def node_json(
    node: SketchNode, ids: Mapping[SketchNode, str], definitions: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a node's JSON as the code says it, and the part of it that the adding call gave."""
    data: dict[str, Any] = {"type": node.type if isinstance(node.type, str) else INSTANCE + definitions[node.type.key]}

    def link(end: tuple[SketchNode | str, str]) -> list[str]:
        return [end[0] if isinstance(end[0], str) else ids[end[0]], end[1]]

    if node.title is not None:
        data["title"] = node.title
    if node.values:
        data["values"] = {name: tag(value) for name, value in node.values.items()}
    if node.links:
        data["links"] = {name: link(end) for name, end in node.links.items()}
    if node.mode is not None:
        data["mode"] = node.mode
    if node.vary:
        data["view"] = {VARY: tag(dict(sorted(node.vary.items())))}
    values, links = node.given
    given: dict[str, Any] = {} if node.title is None else {"title": node.title}
    if values:
        given["values"] = {name: tag(value) for name, value in values.items()}
    if links:
        given["links"] = {name: link(end) for name, end in links.items()}
    return data, given


def _joined(
    node: SketchNode, data: dict[str, Any], given: Mapping[str, Any], entry: Entry, made: Assembled
) -> dict[str, Any]:
    """Return a node as code and layout say it together."""
    rest = dict(entry.rest)
    patch = rest.pop(PATCH, None)
    origin = rest.pop("origin", None)
    if isinstance(patch, Mapping) and isinstance(patch.get("node"), Mapping):
        if patch.get("was") == digest(data):
            return dict(patch["node"])
        made.notices.append(f"What the layout keeps of {node.key} is for another code, and is left out.")
    view = {**entry.view, **data.pop("view", {})}
    joined = {**data, **({"view": view} if view else {})}
    if origin is not None:
        joined["origin"] = whole_origin(origin, given)
    return {**joined, **{name: held for name, held in rest.items() if name not in joined or name == "mode"}}


def whole_origin(origin: Any, given: Mapping[str, Any]) -> Any:
    """Return an origin; a list stands for one that says what the code says: its key, and its cell if it has one."""
    if not isinstance(origin, list):
        return origin
    return {**dict(zip(("key", "cell"), origin, strict=False)), **given}


def digest(data: Mapping[str, Any]) -> str:
    """Return a short name of what code says of a node."""
    text = json.dumps(data, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _definition_json(definition: SketchDefinition, layout: Layout, made: Assembled) -> dict[str, Any]:
    entry = layout.definitions.get(definition.key)
    rest = {} if entry is None else dict(entry.rest)
    data: dict[str, Any] = {"name": definition.name, "doc": definition.doc}
    data = {member: held for member, held in data.items() if held is not None}
    for member, ports in (("inputs", definition.inputs), ("outputs", definition.outputs)):
        said = [plain_port(port) for port in ports]
        kept = rest.pop(member, None)
        if isinstance(kept, list) and all(isinstance(port, Mapping) for port in kept):
            said = _kept_ports(kept, said, member)
        if said:
            data[member] = said
    data.update(_graph_json(definition.graph, definition.key, layout, made))
    return {**data, **{name: held for name, held in rest.items() if name not in data}}


def plain_port(port: Mapping[str, Any]) -> dict[str, Any]:
    """Return a port as code says it, as a document has it."""
    return {**port, "default": tag(port["default"])} if "default" in port else dict(port)


def sayable_ports(ports: Iterable[Mapping[str, Any]], member: str) -> list[dict[str, Any]]:
    """Return what code can say of ports: one of each name, with a type that is text; of ``inputs`` a default."""
    found: dict[str, dict[str, Any]] = {}
    for port in ports:
        said: dict[str, Any] = {"name": port.get("name")}
        if isinstance(port.get("type"), str):
            said["type"] = port["type"]
        if "default" in port and member == "inputs":
            said["default"] = port["default"]
        found.setdefault(str(port.get("name")), said)
    return list(found.values())


def _kept_ports(kept: list[Mapping[str, Any]], said: list[dict[str, Any]], member: str) -> list[dict[str, Any]]:
    """Return the ports of the layout where the code still says the same, else those of the code with their rest."""
    if json.dumps(sayable_ports(kept, member)) == json.dumps(said):
        return [dict(port) for port in kept]
    by_name = {port.get("name"): port for port in reversed(kept)}
    known = ("name", "type", "default")[: 3 if member == "inputs" else 2]
    return [
        {**port, **{each: held for each, held in by_name.get(port["name"], {}).items() if each not in known}}
        for port in said
    ]


def _note_the_gone(sketch: Sketch, layout: Layout, made: Assembled) -> None:
    known = {scope: {node.key for node in graph.nodes} for scope, graph in sketch.scopes()}
    gone = [
        f"{scope}.{key}" if scope else key
        for scope, entries in layout.nodes.items()
        for key in entries
        if key not in known.get(scope, ())
    ]
    gone += [f"{key}()" for key in layout.definitions if key not in known]
    if gone:
        shown = ", ".join(gone[:5]) + (f" and {len(gone) - 5} more" if len(gone) > len(gone[:5]) else "")
        made.notices.append(f"The code no longer has what the layout says of: {shown}. That part is left out.")


def read_state(made: Assembled) -> GraphState:
    """Return the state of an assembled document. Raises ``DocumentError``."""
    return document.from_json(made.data)
