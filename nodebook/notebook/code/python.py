"""A graph as Python code, and back, without loss (docs/design/python.md)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodebook.engine import document
from nodebook.engine.files import write_atomic
from nodebook.engine.graph import GraphState
from nodebook.engine.library import Library
from nodebook.errors import DocumentNotFoundError
from nodebook.graph import Graph
from nodebook.notebook.code.assembly import (
    PATCH,
    Assembled,
    assemble,
    digest,
    node_json,
    place,
    read_state,
    sayable_ports,
    whole_origin,
)
from nodebook.notebook.code.functions import FunctionWriter, name_functions, unused
from nodebook.notebook.code.layout import Entry, Layout, layout_text, read_layout, split_layout
from nodebook.notebook.code.literals import text_code
from nodebook.notebook.code.names import Names
from nodebook.notebook.code.reader import read_code
from nodebook.notebook.code.sketch import Sketch, SketchDefinition, SketchNode
from nodebook.notebook.code.writer import GraphWriter, Known, needs_lines
from nodebook.notebook.errors import GraphCodeError
from nodebook.seeds import VIEW_MEMBER
from nodebook.sessions import session

if TYPE_CHECKING:
    from collections.abc import Mapping

TRAILER, OMIT = "trailer", "omit"
_BESIDE = "# nodebook layout beside: "


def to_python(graph: Graph, layout: str | os.PathLike[str] = TRAILER) -> str:
    """Return the code of a graph; see ``Graph.to_python``."""
    code, found = write_code(graph.store.state, graph.store.library)
    if layout == OMIT:
        return code
    if layout == TRAILER:
        return f"{code}\n{layout_text(found)}\n"
    path = Path(layout)
    write_atomic(path, (layout_text(found) + "\n").encode())
    return f"{code}\n{_BESIDE}{text_code(path.name)}\n"


def from_python(code_or_path: str | os.PathLike[str], *, layout: str | os.PathLike[str] | None = None) -> Graph:
    """Return the graph that Python code builds. The code is parsed, never executed.

    ``code_or_path``: the code, or the path of a ``.py`` file. It may be what ``g.to_python()`` gave, edited or not, or
    written by hand in the same words. ``layout``: the file that holds the layout, where it stands in neither the code
    nor the file that the code names. What of a layout fits no more is dropped, and ``graph.notices`` says so.

    Raises ``GraphCodeError`` with line and column for code that builds no graph or does anything else, and
    ``FileNotFoundError``.
    """
    code, name, folder = _source(code_or_path)
    library = session().library
    state, notices = read_python(code, library, name=name, layout=_layout_beside(code, folder, layout))
    graph = Graph.of_state(state)
    graph.notices = notices
    return graph


def read_python(
    code: str, library: Library, *, name: str = "the code", layout: str | None = None
) -> tuple[GraphState, list[str]]:
    """Return the state that code builds, and what became of its layout in words. Raises ``GraphCodeError``."""
    code = code.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    code, trailer = split_layout(code)
    sketch = read_code(code, library, name)
    text = layout if layout is not None else trailer
    made = assemble(sketch, Layout() if text is None else read_layout(text))
    return place(read_state(made), made, library), made.notices


def write_code(state: GraphState, library: Library) -> tuple[str, Layout]:
    """Return the code of a graph, and what it has no words for. Raises ``DocumentError`` for what JSON cannot hold."""
    text = document.dumps(state)
    state = document.loads(text)  # as it would be opened: literals and orders are those of a document
    known = Known(state, library)
    names = Names({"g"})
    order = name_functions(known, names)
    functions = [FunctionWriter(known, each, set(known.functions.values())) for each in order]
    writer = GraphWriter(known, state, names)
    body, parts = list(writer.lines()), ["\n".join(each.lines()) for each in functions]
    needs = list(needs_lines(known))
    head = ["import nodebook as nb", *([""] if needs else []), *needs]
    made = f"g = nb.Graph({'' if state.name is None else text_code(state.name)})"
    defines = [f"g.define({known.functions[each]})" for each in unused(state)]
    sections = ["\n".join(head), *parts, "\n".join([made, *([""] if body or defines else []), *defines, *body])]
    code = ("\n\n\n" if parts else "\n\n").join(sections) + "\n"
    keys = {"": writer.keys, **{each.name: each.keys for each in functions}}
    return code, _layout_of(state, text, code, known, keys)


def _layout_of(state: GraphState, text: str, code: str, known: Known, keys: Mapping[str, Mapping[str, str]]) -> Layout:
    """Return what has to stand beside the code, so that both together are the document."""
    data = document.to_json(state)
    sketch = read_code(code, known.library)
    layout = Layout()
    layout.graph = {member: held for member, held in data.items() if member not in _SAID}
    subgraphs = {known.functions[each]: each for each in state.subgraphs}
    for scope, graph in sketch.scopes():
        held = data if not scope else data["subgraphs"][subgraphs[scope]]
        names = {key: node_id for node_id, key in keys[scope].items()}
        layout.nodes[scope] = {
            node.key: _entry(names[node.key], held["nodes"][names[node.key]]) for node in graph.nodes
        }
        groups = held.get("groups")
        if groups and (state if not scope else state.subgraphs[subgraphs[scope]].graph).groups:
            layout.groups[scope] = dict(groups)
            if not scope:
                layout.graph.pop("groups", None)
    for each in sketch.definitions:
        layout.definitions[each.key] = _definition_entry(
            each, subgraphs[each.key], data["subgraphs"][subgraphs[each.key]], state
        )
    _fit(layout, sketch, data)
    made = assemble(sketch, layout)
    if document.dumps(read_state(made)) != text:
        raise GraphCodeError(
            "This graph cannot be written as Python without loss, which is an error of nodebook. Save the document "
            "with g.save(path) instead, and please report it with that file."
        )
    return layout


_SAID = frozenset({"nodebook", "name", "nodes", "subgraphs"})
_NODE_SAID = frozenset({"type", "title", "values", "links", "view"})


def _entry(node_id: str, data: Mapping[str, Any]) -> Entry:
    """Return what the layout has to say of a node."""
    rest = {member: held for member, held in data.items() if member not in _NODE_SAID}
    if rest.get("mode") in ("mute", "bypass"):
        del rest["mode"]
    return Entry(node_id, dict(data.get("view", {})), rest)


def _definition_entry(said: SketchDefinition, subgraph_id: str, data: Mapping[str, Any], state: GraphState) -> Entry:
    rest = {member: held for member, held in data.items() if member not in ("name", "doc", "nodes")}
    if state.subgraphs[subgraph_id].graph.groups:
        rest.pop("groups", None)
    for member in ("inputs", "outputs"):
        ports = rest.get(member, [])
        if json.dumps(sayable_ports(ports, member)) == json.dumps(ports):
            rest.pop(member, None)
    del said
    return Entry(subgraph_id, {}, rest)


def _fit(layout: Layout, sketch: Sketch, data: Mapping[str, Any]) -> None:
    """Shorten what code says too, and keep what neither code nor entry can say."""
    made = assemble(sketch, layout)
    for scope, graph in sketch.scopes():
        held = data if not scope else data["subgraphs"][made.definitions[scope]]
        ids = {node: made.ids[scope][node.key] for node in graph.nodes}
        for node in graph.nodes:
            entry = layout.nodes[scope][node.key]
            _fit_entry(entry, node, held["nodes"][entry.id], ids, made)


def _fit_entry(
    entry: Entry, node: SketchNode, data: Mapping[str, Any], ids: Mapping[SketchNode, str], made: Assembled
) -> None:
    code, given = node_json(node, ids, made.definitions)
    said = code.pop("view", {}).get(VIEW_MEMBER)
    if said is not None and json.dumps(entry.view.get(VIEW_MEMBER)) == json.dumps(said):
        del entry.view[VIEW_MEMBER]
    origin = entry.rest.get("origin")
    if (
        isinstance(origin, dict)
        and all(isinstance(origin.get(each, ""), str) for each in ("key", "cell"))
        and "key" in origin
    ):
        short = [origin[each] for each in ("key", "cell") if each in origin]
        if json.dumps(whole_origin(short, given)) == json.dumps(origin):
            entry.rest["origin"] = short
    sayable = {member: held for member, held in data.items() if member in ("type", "title", "values", "links")}
    if data.get("mode") in ("mute", "bypass"):
        sayable["mode"] = data["mode"]
    if json.dumps(code, sort_keys=True) != json.dumps(sayable, sort_keys=True):
        whole = node_json(node, ids, made.definitions)[0]
        entry.view, entry.rest = {}, {PATCH: {"was": digest(whole), "node": dict(data)}}


def _source(code_or_path: str | os.PathLike[str]) -> tuple[str, str, Path | None]:
    """Return code, what messages call it, and the folder of its file."""
    if isinstance(code_or_path, str) and ("\n" in code_or_path or not code_or_path.endswith(".py")):
        return code_or_path, "the code", None
    path = Path(code_or_path)
    try:
        return path.read_text(encoding="utf-8"), path.name, path.parent
    except FileNotFoundError:
        raise DocumentNotFoundError(
            f"There is no file {str(path)!r} to read (looked from {Path.cwd()}). Give the path of a .py file, or code."
        ) from None
    except UnicodeDecodeError as error:
        raise GraphCodeError(f"{path.name} is not text in UTF-8 (at byte {error.start}).") from None


def _layout_beside(code: str, folder: Path | None, layout: str | os.PathLike[str] | None) -> str | None:
    """Return the text of the layout's own file, None where there is none."""
    path = None if layout is None else Path(layout)
    if path is None and folder is not None:
        line = next((each for each in reversed(code.split("\n")) if each.startswith(_BESIDE)), "")
        try:
            name = json.loads(line.removeprefix(_BESIDE)) if line else None
        except ValueError:
            name = None
        # Code must not make us read any other file than one beside it.
        if isinstance(name, str) and Path(name).name == name and (folder / name).is_file():
            path = folder / name
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GraphCodeError(f"The layout {str(path)!r} cannot be read: {error}.") from None
