"""What code holds of a node and of its outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nodebook.engine.interfaces import type_in
from nodebook.engine.items import Block, Items
from nodebook.engine.literals import VariableRef
from nodebook.engine.node import NodeFunction, Reference
from nodebook.engine.resolving import Literal, Resolved
from nodebook.errors import AmbiguousOutputError, HandleAttributeError, NotRunError, UnknownOutputError
from nodebook.places import ends_of
from nodebook.rooms import room

if TYPE_CHECKING:
    from nodebook.engine.graph import Node
    from nodebook.engine.nodetype import NodeType, OutputSpec
    from nodebook.graph import Graph
    from nodebook.runs import Run


class Output(Reference):
    """An output of a node: link it to an input, pass it to a node function, or read its value after a run."""

    def __init__(self, graph: Graph, node_id: str, name: str) -> None:
        self.graph = graph
        self.node_id = node_id
        self.name = name

    @property
    def value(self) -> Any:
        """What the last run made. Raises ``NotRunError`` when it made nothing, or when the cache let it go."""
        handle = self.graph[self.node_id]
        return handle.outputs[handle.output_names.index(self.name)]

    def call(self, function: NodeFunction[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Add a node that calls ``function``; see ``nb.node``."""
        return self.graph.add_call(function, args, kwargs)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Output)
            and self.graph.store is other.graph.store
            and (self.node_id, self.name) == (other.node_id, other.name)
        )

    def __hash__(self) -> int:
        return hash((self.graph.store.number, self.node_id, self.name))

    def __repr__(self) -> str:
        return f"<output {self.name} of node {self.node_id}>"

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        """Return what a cell shows: the value that the last run made, or how to make one."""
        bundle: dict[str, Any] = room("notebook.display.handles").output_bundle(self)
        return bundle


class NodeHandle(Reference):
    """A node of a graph: unpacks into its outputs, has them as attributes, and stands for its output if it has one."""

    def __init__(self, graph: Graph, node_id: str) -> None:
        self.graph = graph
        self.id = node_id

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("graph", "id"):
            raise HandleAttributeError(
                f"A handle has no attribute {name!r} to set. Inputs are set with handle.set({name}=...)."
            )
        super().__setattr__(name, value)

    @property
    def node(self) -> Node:
        """The node as the graph has it now. Raises ``UnknownNodeError`` when it was removed."""
        return self.graph.find_node(self.id)

    @property
    def title(self) -> str:
        """The node's own title, or its type's."""
        return self.graph.title_of(self.id)

    @property
    def type(self) -> NodeType | None:
        """The node's type, of an instance what its subgraph looks like; None for a placeholder."""
        store = self.graph.store
        return type_in(store.state, self.node, store.library)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, in order."""
        node_type = self.type
        return [] if node_type is None else [spec.name for spec in node_type.outputs]

    @property
    def outputs(self) -> tuple[Any, ...]:
        """The values of the last run, in order. Raises ``NotRunError`` when there are none."""
        ends = ends_of(self.graph.store, self.id)
        if ends:
            return tuple(self._value(end, name) for name, end in ends.items())
        entry = self.graph.result_of(self.id)
        node_type = self.type
        specs = node_type.outputs if node_type is not None else ()
        return tuple(live(value, spec) for value, spec in zip(entry.outputs, specs, strict=False))

    def _value(self, end: Resolved, name: str) -> Any:
        """Return the value of an output that another node gives."""
        if isinstance(end, Literal):
            return self._held(end.value) if isinstance(end.value, VariableRef) else end.value
        if end is None:
            raise NotRunError(f"{self.title} has no result at {name!r}: nothing is linked to that output.")
        inner = NodeHandle(self.graph, end.node)
        return inner.outputs[inner.output_names.index(end.output)]

    def _held(self, ref: VariableRef) -> Any:
        """Return what a variable of the notebook holds now."""
        variables = self.graph.store.library.variables
        try:
            return variables.get(ref.name) if variables is not None else None
        except KeyError:
            raise NotRunError(f"{self.title} has no value: the notebook has no variable {ref.name!r}.") from None

    @property
    def cache_key(self) -> bytes | None:
        """The key of what the node gives as it is set now; None where it has problems or is behind one that has."""
        with self.graph.store.lock:
            return self.graph.store.index().keys.get(self.id)

    def set(self, /, **inputs: Any) -> NodeHandle:
        """Set literals, or connect outputs, by input name; ``None`` disconnects and gives back the default."""
        self.graph.set_inputs(self.id, inputs)
        return self

    def bind(self, **variables: str | VariableRef) -> NodeHandle:
        """Let inputs read variables of the notebook, by name: ``handle.bind(text="prompt_var")``.

        Raises ``UnknownInputError`` and ``VariableNameError``; see ``Graph.bind``.
        """
        room("notebook.binding").bind_inputs(self.graph, self.id, variables)
        return self

    def unbind(self, *names: str) -> NodeHandle:
        """Give inputs a value again: what their variable holds, or their default. All bound ones, if none is named."""
        room("notebook.binding").unbind_inputs(self.graph, self.id, names)
        return self

    def rename(self, title: str | None) -> NodeHandle:
        """Give the node a title, or its type's with None."""
        self.graph.rename(self.id, title)
        return self

    def vary(self, **modes: str) -> NodeHandle:
        """Say what the next run does with seeds: ``vary(seed="randomize")``, "increment", "decrement" or "fixed".

        A seed that no run has used yet is used as it is. Raises ``UnknownInputError`` and ``InputValueError``.
        """
        self.graph.vary(self.id, modes)
        return self

    @property
    def mode(self) -> str | None:
        """``"mute"``, ``"bypass"``, or None for a node that runs."""
        return self.node.mode

    def mute(self) -> NodeHandle:
        """Keep the node, and what needs it, from running."""
        self.graph.mute(self)
        return self

    def bypass(self) -> NodeHandle:
        """Let the node pass its inputs on, by type, instead of running."""
        self.graph.bypass(self)
        return self

    def enable(self) -> NodeHandle:
        """Let the node run again."""
        self.graph.enable(self)
        return self

    def break_here(self, on: bool = True) -> NodeHandle:  # noqa: FBT001, FBT002 -- a switch: handle.break_here(False)
        """Let runs pause before this node is called (``g.break_at``), or no more."""
        if on:
            self.graph.break_at(self)
        else:
            self.graph.clear_breaks(self)
        return self

    def remove(self) -> None:
        """Remove the node and its links."""
        self.graph.remove(self.id)

    def sole_output(self) -> Output:
        """Return the only output. Raises ``AmbiguousOutputError`` where there is not just one."""
        names = self.output_names
        if len(names) != 1:
            listed = ", ".join(names) or "none"
            raise AmbiguousOutputError(
                f"{self.title} stands for no single output: its outputs are {listed}. Name one, for example "
                f"handle.{identifier(names[0]) if names else '…'}."
            )
        return Output(self.graph, self.id, names[0])

    def call(self, function: NodeFunction[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Add a node that calls ``function``; see ``nb.node``."""
        return self.graph.add_call(function, args, kwargs)

    def __iter__(self) -> Iterator[Output]:
        return iter([Output(self.graph, self.id, name) for name in self.output_names])

    def __getitem__(self, name: str) -> Output:
        """Return an output by its exact name, of a placeholder any. Raises ``UnknownOutputError``."""
        known = self.output_names
        if self.type is not None and name not in known:
            raise UnknownOutputError(
                f"{self.title} has no output {name!r}. Its outputs are: {', '.join(known) or 'none'}."
            )
        return Output(self.graph, self.id, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        own = getattr(type(self), name, None)
        if isinstance(own, property):
            # NotRunError is an AttributeError, which makes Python ask here: let it say what it says.
            return own.__get__(self)
        for each in self.output_names:
            if name in (each, identifier(each)):
                return Output(self.graph, self.id, each)
        return self._shown(name)

    def _shown(self, name: str) -> Any:
        """Return a member of what the node showed in the last run."""
        node_type = self.type
        if node_type is not None and node_type.is_output:
            payload = self.graph.result_of(self.id).payload
            if name in payload:
                return payload[name]
        listed = ", ".join(identifier(each) for each in self.output_names) or "none"
        raise AttributeError(
            f"{self.title} has no output {name!r}. Its outputs are: {listed}; handle.outputs has their values."
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *map(identifier, self.output_names)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeHandle) and (self.graph.store, self.id) == (other.graph.store, other.id)

    def __hash__(self) -> int:
        return hash((self.graph.store.number, self.id))

    def __repr__(self) -> str:
        return f"<node {self.id}: {self.title}>"

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        """Return what a cell shows: what the last run made, or what the node is and how to run it."""
        bundle: dict[str, Any] = room("notebook.display.handles").handle_bundle(self)
        return bundle


def live(value: Any, spec: OutputSpec) -> Any:
    """Return a value as its function declared it; of many values each, and what was refused as it is."""
    if spec.from_wire is None or type(value) is Block:
        return value
    return Items(live(each, spec) for each in value) if type(value) is Items else spec.from_wire(value)


def identifier(name: str) -> str:
    """Return the attribute under which a handle has an output: ``IMAGE`` is ``handle.image``."""
    return re.sub(r"\W+", "_", name).strip("_").lower()


def refused(title: str, words: str | None) -> NotRunError:
    """Return the error for a result that is not there because a value before the node was refused."""
    why = f" ({words})" if words else ""
    return NotRunError(
        f"{title} has no result: it did not run, because a value before it was refused{why}. run.blocked lists all "
        "such nodes."
    )


def not_run(title: str, node_id: str, run: Run | None) -> NotRunError:
    """Return the error for a result that is not there; ``run``: the last one, which may say why."""
    if run is not None and node_id in run.errors:
        failed = run.errors[node_id]
        return NotRunError(f"{title} has no result: it failed in the last run ({failed.kind}: {failed.message}).")
    before = None if run is None else run.errors.get(run.skipped.get(node_id, ""))
    if before is not None:
        return NotRunError(f"{title} has no result: what it needs failed in the last run. {before}")
    return NotRunError(
        f"{title} has no result: it has not run since it was added, it failed, or the cache let its result go. "
        "Run it with g.run(handle), or let the cache hold more: nb.cache.resize(bytes)."
    )
