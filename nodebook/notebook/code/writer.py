"""Writing a graph as Python code that a person would write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nodebook.engine.graph import GraphState, Link, Node, definition_id
from nodebook.engine.library import BUILTIN, Library
from nodebook.handles import NodeHandle, identifier
from nodebook.notebook.code.literals import Code, call_code, input_code, text_code
from nodebook.notebook.code.names import Names, is_name, variable
from nodebook.notebook.code.order import code_order
from nodebook.notebook.code.statements import INPUT_TYPES
from nodebook.seeds import MODES, VIEW_MEMBER

INPUT, UNPACKED, HANDLE = "input", "unpacked", "handle"
_MODES = ("mute", "bypass")


@dataclass(slots=True)
class Known:
    """What is the same for all parts of the code of one graph."""

    state: GraphState
    library: Library
    functions: dict[str, str] = field(default_factory=dict)
    """Id of a subgraph → name of its function."""
    needed: dict[str, list[str]] = field(default_factory=dict)
    """Outputs of the types that are not nodebook's own, as they are met."""

    def outputs(self, node: Node) -> list[str] | None:
        """Return the names of a node's outputs, None where nobody knows them."""
        definition = self.state.subgraphs.get(definition_id(node.type) or "")
        if definition is not None:
            return list(dict.fromkeys(definition.output_names))
        found = self.library.find(node.type)
        if found is None:
            return None
        names = [spec.name for spec in found.outputs]
        if found.origin != BUILTIN:
            self.needed[node.type] = names
        return names

    def vary(self, node: Node) -> dict[str, str]:
        """Return what ``.vary()`` says of a node's seeds; nothing where a document has anything else there."""
        held = node.view.get(VIEW_MEMBER)
        if not isinstance(held, Mapping) or not held or list(held) != sorted(held):
            return {}
        words = [mode if isinstance(mode, str) else "" for mode in held.values()]
        found = self.library.find(node.type)
        specs = {} if found is None else found.input_by_name
        is_seed = definition_id(node.type) in self.state.subgraphs or all(
            name in specs and (specs[name].widget or {}).get("seed") for name in held
        )
        return dict(held) if is_seed and set(words) <= set(MODES[1:]) else {}

    def input_order(self, node: Node) -> list[str]:
        """Return the names of a type's inputs, in its order; none of a type that nobody knows."""
        definition = self.state.subgraphs.get(definition_id(node.type) or "")
        if definition is not None:
            return definition.input_names
        found = self.library.find(node.type)
        return [] if found is None else [spec.name for spec in found.inputs]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the statements of a subgraph."""

    indent: str = ""
    given: Mapping[Link, str] = field(default_factory=dict)
    """Outputs that have a name already: the parameters."""
    hidden: frozenset[str] = frozenset()
    """Nodes that are not written: the boundary."""
    ends: tuple[Link, ...] = ()
    """What is read beside the nodes: the result."""


class GraphWriter:
    """Writes the statements that build one graph: the top one, or the inside of a subgraph."""

    def __init__(
        self,
        known: Known,
        graph: GraphState,
        names: Names,
        frame: Frame | None = None,
    ) -> None:
        frame = frame or Frame()
        self.known, self.graph, self.names, self.indent = known, graph, names, frame.indent
        self.given = dict(frame.given)
        order, self.groups = code_order(graph)
        self.order = [each for each in order if each not in frame.hidden]
        self.turn = {each: turn for turn, each in enumerate(self.order)}
        self.used: dict[str, dict[str, None]] = {}
        for link in [*(link for each in self.order for link in graph.nodes[each].links.values()), *frame.ends]:
            self.used.setdefault(link.node, {})[link.output] = None
        self.keys: dict[str, str] = {}
        self.forms: dict[str, str] = {}
        self.outputs: dict[str, list[str] | None] = {}
        self.variables: dict[Link, str] = {}
        self._named = self._input_names()
        self._later: dict[str, list[tuple[str, str, Link]]] = {}

    def lines(self) -> Iterator[str]:
        """Yield the statements, with the titles of groups above them."""
        group: str | None = None
        for turn, node_id in enumerate(self.order):
            own = self.groups.get(node_id)
            if own != group:
                if turn:
                    yield ""
                title = self._title(own)
                if title:
                    yield f"{self.indent}# {title}"
                group = own
            yield from self._statements(node_id)

    def reference(self, link: Link) -> str:  # noqa: PLR0911 - one for each way to say an output
        """Return the expression for an output."""
        if link in self.given:
            return self.given[link]
        if link in self.variables:
            return self.variables[link]
        key = self.keys.get(link.node)
        if key is None:
            return f"g.missing({text_code(link.node)}, {text_code(link.output)})"
        outputs = self.outputs[link.node]
        if outputs is None:
            return f"{key}[{text_code(link.output)}]"
        if link.output not in outputs:
            return f"g.missing({key}, {text_code(link.output)})"
        if len(outputs) == 1:
            return key
        name = identifier(link.output)
        first = next(each for each in outputs if name in (each, identifier(each)))
        if first == link.output and is_name(name) and not hasattr(NodeHandle, name):
            return f"{key}.{name}"
        return f"{key}[{text_code(link.output)}]"

    def _title(self, group: str | None) -> str:
        held: Any = None if group is None else self.graph.groups.get(group)
        title = held.get("title") if isinstance(held, Mapping) else None
        words = "".join(letter if letter.isprintable() else " " for letter in title) if isinstance(title, str) else ""
        return " ".join(words.split())[:100]

    def _input_names(self) -> dict[str, int]:
        """Return how many named inputs there are of each name."""
        found: dict[str, int] = {}
        for node in self.graph.nodes.values():
            name = node.values.get("name")
            if node.type in INPUT_TYPES.values() and isinstance(name, str):
                found[name] = found.get(name, 0) + 1
        return found

    def _statements(self, node_id: str) -> Iterator[str]:
        node = self.graph.nodes[node_id]
        self._name(node_id, node)
        if self.forms[node_id] == INPUT:
            yield input_code(self.keys[node_id], node.values["name"], node.values["value"], self.indent)
        else:
            yield self._add(node_id, node)
        yield from self._changes(node_id, node)

    def _add(self, node_id: str, node: Node) -> str:
        function = self.known.functions.get(definition_id(node.type) or "")
        first = [function or text_code(node.type)]
        if node.title is not None:
            first.append(f"title={text_code(node.title)}")
        inputs: list[tuple[str, Any]] = []
        for name in self._input_order(node):
            if name == "title":
                continue
            if name in node.values:
                inputs.append((name, node.values[name]))
            elif self._is_ready(node_id, node.links[name]):
                inputs.append((name, Code(self.reference(node.links[name]))))
        return call_code(f"{self._target(node_id)} = g.add", first, inputs, self.indent, names=is_name)

    def _target(self, node_id: str) -> str:
        if self.forms[node_id] != UNPACKED:
            return self.keys[node_id]
        return ", ".join(self.variables.get(Link(node_id, each), "_") for each in self.outputs[node_id] or ())

    def _input_order(self, node: Node) -> list[str]:
        """Return the names of a node's inputs: as the code that added it had them, or as its type has them."""
        have = {**node.links, **node.values}
        known = [name for name in self.known.input_order(node) if name in have]
        order = [*dict.fromkeys(known), *sorted(set(have) - set(known))]
        origin: Mapping[str, Any] = node.origin or {}
        said = [held if isinstance(held := origin.get(member), Mapping) else {} for member in ("links", "values")]
        if all([name for name in order if name in held] == list(held) for held in said):
            return order
        coded = [name for held in said for name in held if name in have]
        return [*dict.fromkeys(coded), *(name for name in order if name not in coded)]

    def _is_ready(self, node_id: str, link: Link) -> bool:
        return link in self.given or self.turn.get(link.node, -1) < self.turn[node_id]

    def _changes(self, node_id: str, node: Node) -> Iterator[str]:
        """Yield what is said of a node after it was added, and of those before it that read it."""
        key = self.keys[node_id]
        sets: list[tuple[str, Any]] = []
        if "title" in node.values:
            yield call_code(f"{key}.set", [], [("title", node.values["title"])], self.indent, names=is_name)
        for name in self._input_order(node):
            if name not in node.links or not (name == "title" or name in node.values):
                if name in node.links and not self._is_ready(node_id, node.links[name]):
                    self._later.setdefault(node.links[name].node, []).append((node_id, name, node.links[name]))
                continue
            if self._is_ready(node_id, node.links[name]):
                sets.append((name, Code(self.reference(node.links[name]))))
            else:
                self._later.setdefault(node.links[name].node, []).append((node_id, name, node.links[name]))
        if sets:
            yield call_code(f"{key}.set", [], sets, self.indent, names=is_name)
        yield from self._readers(node_id)
        if node.mode in _MODES:
            yield f"{self.indent}{key}.{node.mode}()"
        vary = self.known.vary(node)
        if vary:
            yield call_code(f"{key}.vary", [], vary.items(), self.indent, names=is_name)

    def _readers(self, node_id: str) -> Iterator[str]:
        for reader, name, link in self._later.pop(node_id, ()):
            inputs = [(name, Code(self.reference(link)))]
            yield call_code(f"{self.keys[reader]}.set", [], inputs, self.indent, names=is_name)

    # Names

    def _name(self, node_id: str, node: Node) -> None:
        outputs = self.outputs[node_id] = self.known.outputs(node)
        form = self.forms[node_id] = self._form(node_id, node, outputs)
        if form == UNPACKED:
            for output in outputs or ():
                if output in self.used[node_id]:
                    self.variables[Link(node_id, output)] = self.names.take(variable(output, "output"))
            self.keys[node_id] = next(
                self.variables[Link(node_id, each)] for each in outputs or () if each in self.used[node_id]
            )
            return
        self.keys[node_id] = self.names.take(self._wanted(node))
        if form == INPUT:
            self.variables[Link(node_id, "value")] = self.keys[node_id]

    def _wanted(self, node: Node) -> str:
        definition = self.known.state.subgraphs.get(definition_id(node.type) or "")
        found = self.known.library.find(node.type)
        if node.title:
            text = node.title
        elif definition is not None:
            text = definition.name or "subgraph"
        else:
            text = node.type if found is None else found.title
        wanted = variable(text)
        # A variable called like a function of the notebook would hide it there.
        hides = found is not None and found.origin != BUILTIN and wanted == node.type
        return f"{wanted}_node" if hides or wanted in self.known.functions.values() else wanted

    def _form(self, node_id: str, node: Node, outputs: list[str] | None) -> str:
        used = self.used.get(node_id, {})
        if self._needs_handle(node_id, node):
            return HANDLE
        if node.type in INPUT_TYPES.values() and self._is_input(node) and set(used) <= {"value"}:
            return INPUT
        names = outputs or []
        is_whole = len(used) > 1 and set(used) <= set(names)
        definition = self.known.state.subgraphs.get(definition_id(node.type) or "")
        is_once = len(set(names)) == len(names) and (definition is None or len(definition.outputs) == len(names))
        return UNPACKED if is_whole and is_once else HANDLE

    def _is_input(self, node: Node) -> bool:
        name, value = node.values.get("name"), node.values.get("value")
        return (
            isinstance(name, str)
            and node.title == name
            and set(node.values) == {"name", "value"}
            and not node.links
            and INPUT_TYPES.get(type(value)) == node.type
            and self._named[name] == 1
        )

    def _needs_handle(self, node_id: str, node: Node) -> bool:
        is_set = "title" in node.values or any(
            name in node.values or name == "title" or not self._is_ready(node_id, link)
            for name, link in node.links.items()
        )
        return is_set or node.mode in _MODES or bool(self.known.vary(node))


def needs_lines(known: Known) -> Iterator[str]:
    """Yield what the code needs that is not nodebook's own: ``# needs: "tint" -> ["IMAGE"]``."""
    for name, outputs in sorted(known.needed.items()):
        yield f"# needs: {json.dumps(name)} -> {json.dumps(outputs)}"
