"""Writing subgraphs as functions."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from nodebook.engine.graph import (
    SUBGRAPH_INPUTS,
    SUBGRAPH_OUTPUTS,
    Definition,
    GraphState,
    Link,
    Node,
    definition_id,
    id_order,
)
from nodebook.notebook.code.assembly import sayable_ports
from nodebook.notebook.code.literals import WIDTH, text_code, value_code
from nodebook.notebook.code.names import Names, is_name, variable
from nodebook.notebook.code.order import code_order
from nodebook.notebook.code.sketch import INPUTS_KEY, OUTPUTS_KEY
from nodebook.notebook.code.writer import Frame, GraphWriter, Known
from nodebook.subgraphs import words

_INDENT = "    "


def name_functions(known: Known, names: Names) -> list[str]:
    """Give each subgraph the name of its function; return their ids in the order in which the code uses them.

    Those that nothing uses come first, and those that others use before them: so the code gives them their ids.
    """
    state = known.state
    order: dict[str, None] = {}
    for each in unused(state):
        _use(state, each, order)
    for node_id in code_order(state)[0]:
        _use(state, definition_id(state.nodes[node_id].type), order)
    for each in order:
        known.functions[each] = names.take(variable(state.subgraphs[each].name or "subgraph", "subgraph"))
    return list(order)


def _use(state: GraphState, subgraph_id: str | None, order: dict[str, None]) -> None:
    """Note a subgraph, after those that it uses."""
    stack = [(subgraph_id, False)]
    seen: set[str] = set()
    while stack:
        each, is_done = stack.pop()
        if each is None or each not in state.subgraphs or each in order or (each in seen and not is_done):
            continue
        if is_done:
            order[each] = None
            continue
        seen.add(each)
        graph = state.subgraphs[each].graph
        inner = [definition_id(graph.nodes[node_id].type) for node_id in code_order(graph)[0]]
        stack += [(each, True), *((found, False) for found in reversed(inner))]


def unused(state: GraphState) -> list[str]:
    """Return the subgraphs that no instance at the top leads to."""
    seen: set[str] = set()
    stack = [state]
    while stack:
        for node in stack.pop().nodes.values():
            each = definition_id(node.type)
            if each is not None and each in state.subgraphs and each not in seen:
                seen.add(each)
                stack.append(state.subgraphs[each].graph)
    return sorted(set(state.subgraphs) - seen, key=id_order)


def boundary(definition: Definition) -> tuple[str, str] | None:
    """Return the two nodes at the boundary, where a function's parameters and result can stand for them."""
    nodes = definition.graph.nodes
    starts = [each for each in nodes if nodes[each].type == SUBGRAPH_INPUTS]
    ends = [each for each in nodes if nodes[each].type == SUBGRAPH_OUTPUTS]
    if len(starts) != 1 or len(ends) != 1:
        return None
    start, end = starts[0], ends[0]
    inputs, outputs = set(definition.input_names), set(definition.output_names)
    links = [link for node in nodes.values() for link in node.links.values()]
    is_plain = _is_plain(nodes[start]) and _is_plain(nodes[end]) and not nodes[start].links
    fits = all(link.output in inputs for link in links if link.node == start) and set(nodes[end].links) <= outputs
    is_read = any(link.node == end for link in links)
    return (start, end) if is_plain and fits and not is_read else None


def _is_plain(node: Node) -> bool:
    return node.title is None and not node.values and node.mode is None


class FunctionWriter:
    """Writes one subgraph."""

    def __init__(self, known: Known, subgraph_id: str, taken: set[str]) -> None:
        self.known = known
        self.name = known.functions[subgraph_id]
        self.definition = known.state.subgraphs[subgraph_id]
        self.inputs = sayable_ports(self.definition.inputs, "inputs")
        self.outputs = sayable_ports(self.definition.outputs, "outputs")
        self.boundary = boundary(self.definition)
        names = Names({*taken, "g"})
        self.parameters = [names.take(variable_of(port["name"])) for port in self.inputs]
        start, end = self.boundary or ("", "")
        given = {
            Link(start, port["name"]): parameter
            for port, parameter in zip(self.inputs, self.parameters, strict=True)
            if self.boundary
        }
        self.links: Mapping[str, Link] = self.definition.graph.nodes[end].links if self.boundary else {}
        hidden = frozenset(self.boundary or ())
        frame = Frame(_INDENT, given, hidden, tuple(self.links.values()))
        self.body = GraphWriter(known, self.definition.graph, names, frame)

    def lines(self) -> Iterator[str]:
        """Yield the function."""
        yield self._decorator()
        yield from self._signature()
        doc = self.definition.doc
        before = 0
        if doc is not None and _is_docstring(doc):
            before = 1
            inner = "\n".join(f"{_INDENT}{line}" if line else "" for line in doc.split("\n")).strip()
            yield f'{_INDENT}"""{inner}"""' if "\n" not in doc else f'{_INDENT}"""{inner}\n{_INDENT}"""'
        body = list(self.body.lines())
        yield from body
        result = self._result()
        if result:
            yield result
        elif not body and not before:
            yield f"{_INDENT}pass"

    @property
    def keys(self) -> dict[str, str]:
        """Node → what the layout calls it, in the order of the code."""
        if self.boundary is None:
            return self.body.keys
        start, end = self.boundary
        return {**self.body.keys, start: INPUTS_KEY, end: OUTPUTS_KEY}

    def _decorator(self) -> str:
        given = []
        name, doc = self.definition.name, self.definition.doc
        if name != words(self.name):
            given.append("None" if name is None else text_code(name))
        if doc is not None and not _is_docstring(doc):
            given.append(f"doc={text_code(doc)}")
        if self.boundary is None:
            given.append("bare=True")
        return f"@nb.subgraph({', '.join(given)})" if given else "@nb.subgraph"

    def _signature(self) -> Iterator[str]:
        parts = ["g"]
        has_default = [("default" in port) for port in self.inputs]
        if has_default != sorted(has_default):
            parts.append("*")
        for port, parameter in zip(self.inputs, self.parameters, strict=True):
            parts.append(_parameter(port, parameter))
        result = _result_annotation(self.outputs)
        line = f"def {self.name}({', '.join(parts)}){result}:"
        if len(line) <= WIDTH:
            yield line
            return
        yield f"def {self.name}("
        yield from (f"{_INDENT}{part}," for part in parts)
        yield f"){result}:"

    def _result(self) -> str:
        if not self.links:
            return ""
        found = [
            self.body.reference(self.links[port["name"]]) if port["name"] in self.links else "None"
            for port in self.outputs
        ]
        return f"{_INDENT}return {', '.join(found)}"


def variable_of(name: str) -> str:
    """Return the parameter for an input: its own name where that is one."""
    return name if is_name(name) and not name.startswith("__") else variable(name, "input")


def _parameter(port: Mapping[str, Any], parameter: str) -> str:
    name, has_type, has_default = port["name"], "type" in port, "default" in port
    annotation = ""
    if parameter != name:
        held = text_code(port["type"]) if has_type else "None"
        annotation = f": {{{text_code(name)}: {held}}}"
    elif has_type:
        annotation = f": {text_code(port['type'])}"
    if not has_default:
        return parameter + annotation
    equals = " = " if annotation else "="
    return f"{parameter}{annotation}{equals}{value_code(port['default'])}"


def _result_annotation(outputs: list[dict[str, Any]]) -> str:
    if not outputs:
        return ""
    if all(port.get("type") == port["name"] for port in outputs):
        names = [text_code(port["name"]) for port in outputs]
        return f" -> {names[0]}" if len(names) == 1 else f" -> ({', '.join(names)})"
    pairs = (f"{text_code(port['name'])}: {text_code(port['type']) if 'type' in port else 'None'}" for port in outputs)
    return f" -> {{{', '.join(pairs)}}}"


def _is_docstring(doc: str) -> bool:
    lines = doc.split("\n")
    is_plain = all(line.isprintable() and line == line.rstrip() for line in lines)
    return bool(doc) and is_plain and '"' not in doc and "\\" not in doc and inspect.cleandoc(doc) == doc
