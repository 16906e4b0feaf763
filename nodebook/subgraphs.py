"""``nb.subgraph``: a function that builds nodes is a subgraph, so that code can define one and use it many times.

The function is called once, on a graph of its own, to see which nodes it adds; its parameters are the subgraph's
inputs, what it returns its outputs. ``notebook.code.reader`` reads the same without calling anything.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from inspect import Parameter
from typing import TYPE_CHECKING, Any, TypeAlias

from nodebook.building import Builder
from nodebook.engine.definitions import AddSubgraph, RemoveSubgraph, definition_to_json
from nodebook.engine.edits import AddNode, Edit
from nodebook.engine.graph import INSTANCE, SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, GraphState, id_order
from nodebook.engine.interfaces import type_in
from nodebook.engine.layout import COLUMN_PX, MARGIN_PX
from nodebook.engine.literals import tag
from nodebook.engine.node import NodeFunction
from nodebook.engine.nodejson import node_to_json
from nodebook.engine.values import value_kind
from nodebook.errors import InputValueError
from nodebook.handles import NodeHandle, Output

if TYPE_CHECKING:
    from nodebook.graph import Graph

UNSAID: Any = type("Unsaid", (), {"__repr__": lambda _self: "UNSAID", "__slots__": ()})()
"""Stands for an annotation, a default or a name that the code does not give."""

_INPUTS = "inputs"  # no whole number, so that it takes no id from the nodes


class SubgraphFunction:
    """A function that builds a subgraph: ``g.add(function, image=...)`` adds an instance of it.

    Called with an output of a graph it does the same, and returns the instance's output or outputs.
    """

    def __init__(
        self, function: Callable[..., Any], name: Any = UNSAID, doc: Any = UNSAID, *, bare: bool = False
    ) -> None:
        self.function = function
        self.bare = bare
        self.key = function.__name__
        self.name: str | None = words(function.__name__) if name is UNSAID else name
        self.doc: str | None = inspect.getdoc(function) if doc is UNSAID else doc
        self.__name__, self.__doc__ = function.__name__, function.__doc__

    def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Add an instance to the graph that one of the arguments belongs to. Raises ``InputValueError`` for none."""
        for value in (*args, *inputs.values()):
            if isinstance(value, (NodeHandle, Output)):
                names = [port["name"] for port in self.ports(value.graph)]
                given = {**dict(zip(names, args, strict=False)), **inputs}
                handle = value.graph.add(self, **given)
                outputs = tuple(handle)
                return outputs[0] if len(outputs) == 1 else (outputs or handle)
        raise InputValueError(
            f"{self.key} builds a subgraph, and none of its arguments says in which graph. Give it an output of a "
            f"node, or add it with g.add({self.key}, ...)."
        )

    def ports(self, graph: Graph) -> list[dict[str, Any]]:
        """Return the inputs of the subgraph, as a document has them."""
        _, *rest = self._parameters()
        is_text = bool(self.function.__code__.co_flags & _FUTURE_ANNOTATIONS)
        library = graph.store.library

        def said(annotation: Any) -> Any:
            if annotation is Parameter.empty:
                return UNSAID
            if is_text and isinstance(annotation, str):
                annotation = _evaluated(annotation, self.function)
            is_plain = annotation is None or isinstance(annotation, (str, Mapping, tuple, list))
            return annotation if is_plain else value_kind(annotation, library.ports).port

        return [
            input_port(each.name, said(each.annotation), UNSAID if each.default is each.empty else each.default)
            for each in rest
        ]

    def trace(self, graph: Graph) -> tuple[dict[str, Any], GraphState]:
        """Return the JSON of the definition, and the state that has the subgraphs which it uses itself."""
        ports = self.ports(graph)
        inner = type(graph).of_state(GraphState(subgraphs=graph.store.state.subgraphs), graph._session)  # noqa: SLF001 -- the same session
        inner._builder = Builder(inner.store, is_named=False, in_cells=False)  # noqa: SLF001 -- its nodes are no cell's
        if not self.bare:
            view = {"x": MARGIN_PX - COLUMN_PX, "y": MARGIN_PX}
            inner.store.edit([AddNode(_INPUTS, {"type": SUBGRAPH_INPUTS, "view": view})], "Begin")
        first, *rest = self._parameters()
        given = {each.name: Output(inner, _INPUTS, port["name"]) for each, port in zip(rest, ports, strict=True)}
        returned = self.function(**{first.name: inner, **given})
        declared = self._declared(graph)
        said = [] if self.bare else outputs_of(returned, declared, self.key)
        found = [(name, _ending(inner, self.key, value)) for name, value in said]
        return self._json(inner, ports, declared, found), inner.store.state

    def _parameters(self) -> list[Parameter]:
        parameters = list(inspect.signature(self.function).parameters.values())
        odd = [each.name for each in parameters if each.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)]
        if not parameters or odd:
            raise InputValueError(
                f"The first parameter of {self.key} must be the graph that it builds in, and each further one an input "
                f"with a name; got {', '.join(odd) or 'none'}. Write def {self.key}(g, image, ...)."
            )
        return parameters

    def _declared(self, graph: Graph) -> list[dict[str, Any]] | None:
        annotation = inspect.signature(self.function).return_annotation
        if annotation is inspect.Signature.empty:
            return None
        if isinstance(annotation, str) and self.function.__code__.co_flags & _FUTURE_ANNOTATIONS:
            annotation = _evaluated(annotation, self.function)
        if annotation is not None and not isinstance(annotation, (str, Mapping, tuple, list)):
            annotation = value_kind(annotation, graph.store.library.ports).port
        return output_ports(annotation, self.key)

    def _json(
        self,
        inner: Graph,
        ports: list[dict[str, Any]],
        declared: list[dict[str, Any]] | None,
        found: list[tuple[str | None, Output | None]],
    ) -> dict[str, Any]:
        state = inner.store.state
        ids = [each for each in state.ordered_ids() if each != _INPUTS]
        inputs, outputs = str(len(ids) + 1), str(len(ids) + 2)
        nodes = {each: node_to_json(state.nodes[each]) for each in ids}
        for node in nodes.values():
            node["links"] = {
                name: [inputs if link[0] == _INPUTS else link[0], link[1]]
                for name, link in node.get("links", {}).items()
            }
        if not self.bare:
            nodes[inputs] = node_to_json(state.nodes[_INPUTS])
        named = declared or [{"name": name or end.name, **_typed(inner, end)} for name, end in found if end is not None]
        links = {
            port["name"]: [inputs if end.node_id == _INPUTS else end.node_id, end.name]
            for port, (_, end) in zip(named, found, strict=False)
            if end is not None
        }
        right = max((node.get("view", {}).get("x", 0) for node in nodes.values()), default=0) + COLUMN_PX
        if not self.bare:
            nodes[outputs] = {"type": SUBGRAPH_OUTPUTS, "links": links, "view": {"x": right, "y": MARGIN_PX}}
        data: dict[str, Any] = {"inputs": ports, "outputs": named, "nodes": nodes}
        head = {"name": self.name, "doc": self.doc}
        return {**{member: held for member, held in head.items() if held is not None}, **data}


NodeKind: TypeAlias = str | NodeFunction[..., Any] | SubgraphFunction
"""What ``g.add`` takes for a type."""


def subgraph(
    function: Callable[..., Any] | str | None = UNSAID,
    /,
    *,
    name: Any = UNSAID,
    doc: Any = UNSAID,
    bare: bool = False,
) -> Any:
    """Make a function that builds nodes a subgraph, to be used with ``g.add`` like a node type.

    ``@nb.subgraph`` is named after the function, ``@nb.subgraph("Soften")`` as it says. The first parameter is the
    graph to build in, the others are inputs: an annotation gives an input's type (``image: "IMAGE"``, ``sigma:
    float``), a default its default. The result annotation names the outputs (``-> "IMAGE"``), and the function returns
    what they are linked to, in order. ``bare``: the function adds the nodes at the subgraph's boundary itself.
    """
    if callable(function):
        return SubgraphFunction(function, name, doc, bare=bare)
    said = name if function is UNSAID else function
    return lambda later: SubgraphFunction(later, said, doc, bare=bare)


def type_name(graph: Graph, kind: NodeKind) -> str:
    """Return the name of the type that ``g.add`` was given, and have the graph know it."""
    if isinstance(kind, SubgraphFunction):
        return INSTANCE + define(graph, kind)
    if isinstance(kind, NodeFunction):
        if kind.type_name not in graph.store.library:
            graph.store.library.define(kind)
        return kind.type_name
    return kind


_tracing: ContextVar[tuple[str, ...]] = ContextVar("tracing", default=())
"""The functions that are being called to see what they build, outermost first."""


def define(graph: Graph, function: SubgraphFunction) -> str:
    """Return the id of a function's subgraph in a graph: added, or changed to what the function says by now.

    Changes by hand stay for as long as the function says the same as before.
    """
    if function.key in _tracing.get():
        raise InputValueError(f"The subgraph {function.key} uses itself. A subgraph holds other ones only.")
    token = _tracing.set((*_tracing.get(), function.key))
    try:
        data, traced = function.trace(graph)
    finally:
        _tracing.reset(token)
    digest = _digest(data)
    with graph.store.lock:
        state = graph.store.state
        edits: list[Edit] = list(_nested(state, traced))
        known = _known(traced, function, digest)
        if known is None:
            taken = {*state.subgraphs, *traced.subgraphs}
            known = next(str(number) for number in range(1, len(taken) + 2) if str(number) not in taken)
            edits.append(AddSubgraph(known, {**data, "origin": {"key": function.key, "code": digest}}))
        elif _origin(traced, known).get("code") not in (digest, None):
            before = traced.subgraphs[known].graph.nodes
            for each, node in data["nodes"].items():
                if each in before and before[each].type == node["type"]:
                    node["view"] = dict(before[each].view)
            edits += [
                RemoveSubgraph(known),
                AddSubgraph(known, {**data, "origin": {"key": function.key, "code": digest}}),
            ]
        if edits:
            graph.store.edit(edits, f"Define subgraph {function.name or function.key}")
        return known


def _nested(state: GraphState, traced: GraphState) -> Iterable[Edit]:
    """Yield what brings the subgraphs that a function uses into the graph."""
    for each in sorted(traced.subgraphs, key=id_order):
        if traced.subgraphs[each] is not state.subgraphs.get(each):
            if each in state.subgraphs:
                yield RemoveSubgraph(each)
            yield AddSubgraph(each, definition_to_json(traced.subgraphs[each]))


def _known(state: GraphState, function: SubgraphFunction, digest: str) -> str | None:
    """Return the subgraph that a function of this name made before, or one that says the same under the same name."""
    for each in sorted(state.subgraphs, key=id_order):
        if _origin(state, each).get("key") == function.key:
            return each
    for each, definition in state.subgraphs.items():
        if (
            definition.name == function.name
            and not definition.extra
            and _digest(definition_to_json(definition)) == digest
        ):
            return each
    return None


def _origin(state: GraphState, subgraph_id: str) -> Mapping[str, Any]:
    origin: Any = state.subgraphs[subgraph_id].extra.get("origin")
    return origin if isinstance(origin, Mapping) else {}


def _digest(data: Mapping[str, Any]) -> str:
    """Return what changes with a definition, but not with where its nodes stand."""
    nodes = {each: {**node, "view": None} for each, node in data["nodes"].items()}
    text = json.dumps(tag({**data, "nodes": nodes}), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _ending(inner: Graph, key: str, value: Any) -> Output | None:
    if isinstance(value, NodeHandle):
        value = value.sole_output()
    if value is None or (isinstance(value, Output) and value.graph.store is inner.store):
        return value
    raise InputValueError(
        f"{key} returned {value!r} as an output of its subgraph. Expected an output of a node that it added, one of "
        "its inputs, or None for an output that is linked to nothing."
    )


def _typed(inner: Graph, end: Output) -> dict[str, str]:
    state = inner.store.state
    node_type = type_in(state, state.nodes[end.node_id], inner.store.library) if end.node_id in state.nodes else None
    return {} if node_type is None else typed(node_type, end.name)


def typed(node_type: Any, output: str) -> dict[str, str]:
    """Return the type of a port that passes on an output of a node, where the node's type has it."""
    return next(({"type": spec.port} for spec in node_type.outputs if spec.name == output), {})


# What a signature says. The reader of code uses the same, so that both mean one thing.

_FUTURE_ANNOTATIONS = 0x1000000  # co_flags of code under `from __future__ import annotations`


def words(name: str) -> str:
    """Return the title of a function without one: ``soft_edges`` is "Soft Edges"."""
    return " ".join(each[:1].upper() + each[1:] for each in name.split("_") if each) or name


def input_port(parameter: str, annotation: Any, default: Any) -> dict[str, Any]:
    """Return the input that a parameter declares, as a document has it. Raises ``InputValueError``."""
    port: dict[str, Any] = {"name": parameter}
    if isinstance(annotation, Mapping) and len(annotation) == 1:
        ((port["name"], annotation),) = annotation.items()
        annotation = UNSAID if annotation is None else annotation
    if isinstance(annotation, str):
        port["type"] = annotation
    elif annotation is not UNSAID:
        raise InputValueError(
            f"The input {parameter!r} of a subgraph is annotated with {annotation!r}. Expected the name of a port type "
            'such as "IMAGE", or {"name of the input": "IMAGE"} where the name is no name in Python.'
        )
    if default is not UNSAID:
        port["default"] = list(default) if isinstance(default, tuple) else default
    return port


def output_ports(annotation: Any, key: str) -> list[dict[str, Any]]:
    """Return the outputs that the result annotation of a function declares. Raises ``InputValueError``."""
    if annotation is None:
        return []
    if isinstance(annotation, str):
        annotation = {annotation: annotation}
    if isinstance(annotation, (tuple, list)) and all(isinstance(each, str) for each in annotation):
        return [{"name": each, "type": each} for each in annotation]
    if isinstance(annotation, Mapping):
        found = [{"name": name, "type": port} for name, port in annotation.items()]
        if all(isinstance(each["name"], str) and isinstance(each["type"], (str, type(None))) for each in found):
            return [each if each["type"] is not None else {"name": each["name"]} for each in found]
    raise InputValueError(
        f'The result of the subgraph {key} is annotated with {annotation!r}. Expected a port type such as "IMAGE", '
        'several of them, or {"name of the output": "IMAGE"}.'
    )


def outputs_of(returned: Any, declared: Sequence[Mapping[str, Any]] | None, key: str) -> list[tuple[str | None, Any]]:
    """Return what a function returned for each output, with the output's name where it says one.

    Raises ``InputValueError`` for another number of outputs than declared.
    """
    found: list[tuple[str | None, Any]]
    if isinstance(returned, Mapping):
        found = list(returned.items())
    elif isinstance(returned, (tuple, list)):
        found = [(None, each) for each in returned]
    elif returned is None and (declared is None or len(declared) != 1):
        found = [(None, None) for _ in declared or ()]
    else:
        found = [(None, returned)]
    if declared is None:
        return found
    if all(name is not None for name, _ in found) and found:
        by_name = dict(found)
        odd = [name for name in by_name if name not in {port["name"] for port in declared}]
        if not odd:
            return [(port["name"], by_name.get(port["name"])) for port in declared]
        raise InputValueError(f"{key} returns {odd[0]!r}, which its result annotation does not name.")
    if len(found) != len(declared):
        raise InputValueError(
            f"{key} returns {len(found)} outputs, and its result annotation names {len(declared)}. Return one for "
            "each, None for one that is linked to nothing."
        )
    return found


def _evaluated(annotation: str, function: Callable[..., Any]) -> Any:
    """Return an annotation that Python kept as text."""
    try:
        return ast.literal_eval(annotation)
    except (ValueError, SyntaxError):
        return eval(annotation, function.__globals__)  # noqa: S307 - the user's own annotation, as typing does it
