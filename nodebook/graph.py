"""``nb.Graph``: a graph as notebook code holds it."""

from __future__ import annotations

import asyncio
import inspect
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, overload

from nodebook.autorun import DEFAULT_DELAY_S, AutoRunOptions
from nodebook.building import Builder
from nodebook.engine import document
from nodebook.engine.cache import Entry
from nodebook.engine.compiled import Problem
from nodebook.engine.edits import Edit, RemoveNode, SetMode, SetTitle
from nodebook.engine.files import write_atomic
from nodebook.engine.graph import GraphState, Node, definition_id, id_order
from nodebook.engine.inside import instance_around
from nodebook.engine.interfaces import type_in
from nodebook.engine.making import NAMED_INPUTS, make_subgraph, unpack_subgraph
from nodebook.engine.node import NodeFunction
from nodebook.errors import InputValueError, UnknownInputError, UnknownNodeError
from nodebook.explain import PlanTable, Why, explain_node, plan_table
from nodebook.handles import NodeHandle, Output, not_run, refused
from nodebook.jobs import Job, refuse_to_wait_in_node
from nodebook.notebookmethods import NotebookMethods
from nodebook.places import Place, find_place
from nodebook.runs import Run
from nodebook.seeds import vary_edit
from nodebook.sessions import Session, session
from nodebook.subgraphs import NodeKind, type_name

INPUT_TYPES = {bool: "InputBoolean", int: "InputInt", float: "InputFloat", str: "InputString"}
"""Node types of named inputs, by the type of the default."""


class Graph(NotebookMethods):
    """A node graph that is edited in a cell and by code, and run in the kernel.

    ``Graph("portrait")`` is saved beside the notebook with every edit, and comes back under that name after a
    restart: running the cells that build it again then changes only what the code changed. ``Graph()`` lives in this
    kernel only.
    """

    def __init__(self, name: str | None = None, *, own_session: Session | None = None) -> None:
        self._session = own_session or session()
        self.notices: list[str] = []
        if name is None:
            self.store = self._session.new_graph()
        else:
            self.store, self.notices = self._session.named_graph(name)
        self._builder = Builder(self.store, is_named=name is not None)

    @classmethod
    def of_state(cls, state: GraphState, own_session: Session | None = None) -> Graph:
        """Return an unnamed graph that starts from a state."""
        graph = cls(own_session=own_session)
        graph.store = graph._session.new_graph(state)
        graph._builder = Builder(graph.store, is_named=False)
        return graph

    # Building

    def add(self, type: NodeKind, /, title: str | None = None, **inputs: Any) -> NodeHandle:  # noqa: A002 - the field's word
        """Add a node and return its handle, which unpacks into the node's outputs.

        ``type`` is the name or title of a node type, a node function or a function of ``nb.subgraph``; ``inputs`` are
        literals or outputs of nodes. Raises ``UnknownNodeTypeError`` and ``UnknownInputError``; a value out of range or
        a link that does not fit is accepted and reported by ``problems`` and by the run, on the node and the input.
        """
        if title is not None and not isinstance(title, str):
            raise InputValueError(
                f"The title of a node is text, got {title!r}. Inputs are given by name: g.add({type!r}, image=...)."
            )
        return NodeHandle(self, self._builder.add(type_name(self, type), title, inputs))

    def add_call(self, function: NodeFunction[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Add a node for a call of a node function with outputs of this graph, and return its output or outputs."""
        node_type = self.store.library.find(function.type_name)
        hidden = {name for name, _ in node_type.hidden} if node_type is not None else set()
        signature = inspect.signature(function.function)
        signature = signature.replace(
            parameters=[each for name, each in signature.parameters.items() if name not in hidden]
        )
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise UnknownInputError(
                f"{function.type_name}{signature.replace(return_annotation=signature.empty)}: {error}."
            ) from None
        handle = self.add(function, **bound.arguments)
        outputs = tuple(handle)
        return outputs[0] if len(outputs) == 1 else (outputs or handle)

    def input(self, name: str, default: bool | float | str) -> Output:  # noqa: FBT001 - a value, not a flag
        """Return the output of the named input ``name``: ``g.run(name=value)`` sets it for one run."""
        for node_id, node in self.store.state.nodes.items():
            if node.type in INPUT_TYPES.values() and node.values.get("name") == name:
                self._builder.renew_input(node_id, default)
                return Output(self, node_id, "value")
        if type(default) not in INPUT_TYPES:
            raise UnknownInputError(
                f"The named input {name!r} cannot have the default {default!r}: expected text, a number or True/False."
            )
        return self.add(INPUT_TYPES[type(default)], title=name, name=name, value=default).sole_output()

    def set_inputs(self, node_id: str, inputs: Mapping[str, Any]) -> None:
        """Set literals or links of a node, as one step of undo."""
        self._builder.set_inputs(node_id, inputs)

    def vary(self, node_id: str, modes: Mapping[str, str]) -> None:
        """Say what the next run does with seeds of a node (``NodeHandle.vary``), as one step of undo."""
        title = self.title_of(node_id)
        self._edit([vary_edit(self.store, node_id, title, modes)], f"Vary {', '.join(modes)} of {title}")

    def rename(self, node_id: str, title: str | None) -> None:
        """Give a node a title, or its type's with None."""
        place = self._place(node_id)
        self._edit([place.at(SetTitle(place.id, title))], "Rename node")

    def remove(self, *nodes: str | NodeHandle) -> None:
        """Remove nodes and their links, as one step of undo."""
        places = [self._place(self._id(each)) for each in nodes]
        self._edit([place.at(RemoveNode(place.id)) for place in places], f"Remove {len(nodes)} nodes")

    def subgraph(self, nodes: Iterable[str | NodeHandle | Output], name: str) -> NodeHandle:
        """Put nodes into a subgraph of that name, and return the handle of the instance in their place.

        What they read from outside becomes its inputs; what is read of them, or by nobody, its outputs. Nothing runs
        again for it. ``g.add(name)`` adds another instance; ``g["7/3"]`` is node 3 inside instance 7, and editing it
        edits all instances.
        """
        with self.store.lock:
            chosen = [self._id(each) for each in nodes]
            made = instance_around(self.store.state, chosen)
            if made is not None:
                return NodeHandle(self, made)
            inner = next((each for each in chosen if each not in self.store.state.nodes), None)
            if inner is not None:
                raise InputValueError(
                    f"A subgraph is made of nodes of the top graph; got {inner!r}, which is inside another subgraph."
                )
            if all(self.find_node(each).type in NAMED_INPUTS for each in chosen):
                raise InputValueError("A subgraph is made of nodes other than named inputs, which stay; got none.")
            node_id, edits = make_subgraph(self.store.state, chosen, self.store.library, name)
            self._edit(edits, f"Make subgraph {name}")
        return NodeHandle(self, node_id)

    def unpack(self, instance: str | NodeHandle) -> None:
        """Put the nodes of an instance of a subgraph in its place. The subgraph stays, for its other instances."""
        with self.store.lock:
            node_id = self._id(instance)
            node = self.store.state.nodes.get(node_id)
            if node is None or definition_id(node.type) not in self.store.state.subgraphs:
                raise InputValueError(f"Node {node_id} is no instance of a subgraph in the top graph; got {node}.")
            self._edit(unpack_subgraph(self.store.state, node_id), f"Unpack {self.title_of(node_id)}")

    def mute(self, *nodes: str | NodeHandle) -> None:
        """Keep nodes, and what needs them, from running, as one step of undo."""
        self._set_mode(nodes, "mute")

    def bypass(self, *nodes: str | NodeHandle) -> None:
        """Let nodes pass their inputs on, by type, instead of running; as one step of undo."""
        self._set_mode(nodes, "bypass")

    def enable(self, *nodes: str | NodeHandle) -> None:
        """Let muted and bypassed nodes run again, as one step of undo."""
        self._set_mode(nodes, None)

    def _set_mode(self, nodes: tuple[str | NodeHandle, ...], mode: str | None) -> None:
        ids = [each for each in map(self._id, nodes) if self.find_node(each).mode_word != mode]
        if ids:
            what = self.title_of(ids[0]) if len(ids) == 1 else f"{len(ids)} nodes"
            places = map(self._place, ids)
            self._edit(
                [place.at(SetMode(place.id, mode)) for place in places], f"{(mode or 'enable').capitalize()} {what}"
            )

    def undo(self) -> bool:
        """Take back the last edit, whether code or the editor made it; False where there is none."""
        return self.store.undo()

    def redo(self) -> bool:
        """Apply again what undo took back; False where there is nothing."""
        return self.store.redo()

    # Looking

    @property
    def name(self) -> str | None:
        """The name under which the graph is saved, None for one that is not."""
        return self.store.state.name

    @property
    def session(self) -> Session:
        """What this graph shares with the others of its kernel: cache, queue, folders, library."""
        return self._session

    @property
    def nodes(self) -> list[NodeHandle]:
        """All nodes, in document order."""
        return [NodeHandle(self, node_id) for node_id in self.store.state.ordered_ids()]

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong with the graph, on node and input."""
        return self.store.problems(is_fresh=True)

    @property
    def groups(self) -> Mapping[str, Any]:
        """The groups of the top graph, by id: title, colour and frame of each, as the document has them."""
        return MappingProxyType(dict(self.store.state.groups))

    def __getitem__(self, id_or_title: str | int) -> NodeHandle:
        """Return a node by id, path or title. Raises ``UnknownNodeError`` where none or several fit."""
        key = str(id_or_title)
        if find_place(self.store, key) is not None:
            return NodeHandle(self, key)
        found = [node_id for node_id in self.store.state.nodes if self.title_of(node_id) == key]
        if not found:
            found = [node_id for node_id, node in self.store.state.nodes.items() if node.type == key]
        if len(found) == 1:
            return NodeHandle(self, found[0])
        if found:
            ids = ", ".join(sorted(found, key=id_order))
            raise UnknownNodeError(f"{len(found)} nodes are called {key!r}: {ids}. Use the id, or give one a title.")
        titles = ", ".join(repr(self.title_of(node_id)) for node_id in self.store.state.ordered_ids()[:20])
        raise UnknownNodeError(f"The graph has no node {key!r}. Its nodes are: {titles or 'none'}.")

    def __contains__(self, key: object) -> bool:
        nodes = self.store.state.nodes
        if find_place(self.store, str(key)) is not None:
            return True
        return any(key in (self.title_of(each), node.type) for each, node in nodes.items())

    def __iter__(self) -> Iterator[NodeHandle]:
        """Yield all nodes, in document order."""
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.store.state.nodes)

    def __repr__(self) -> str:
        named = f" {self.name!r}" if self.name else ""
        return f"<graph{named}: {len(self)} nodes>"

    def find_node(self, node_id: str) -> Node:
        """Return a node's data. Raises ``UnknownNodeError``."""
        return self._place(node_id).node

    def title_of(self, node_id: str) -> str:
        """Return a node's own title, or its type's."""
        node = self.find_node(node_id)
        node_type = type_in(self.store.state, node, self.store.library)
        return node.title or (node_type.title if node_type is not None else node.type)

    def result_of(self, node_id: str) -> Entry:
        """Return what a node made in the last run. Raises ``NotRunError``."""
        run = self.store.last_run
        if run is not None and node_id in run.blocked:
            raise refused(self.title_of(node_id), run.blocked[node_id])
        entry = self._session.result(self.store, node_id)
        if entry is None:
            raise not_run(self.title_of(node_id), node_id, run)
        return entry

    # Running

    def run(self, *targets: str | NodeHandle | Output, **named_inputs: Any) -> Run:
        """Run the graph and wait for it; Interrupt cancels.

        ``targets``: run up to these; default: every output node or, where there is none, every node that nothing
        follows. ``named_inputs`` hold for this run only. Nodes that fail are in the run's ``errors`` and do not raise
        (``.check()`` does). Raises ``UnknownInputError`` for a name that is no named input, and
        ``RunInsideNodeError`` inside a node.
        """
        refuse_to_wait_in_node()
        with self._progress() as progress:
            job = self._submit(targets, named_inputs)
            try:
                return progress.wait(job)
            except KeyboardInterrupt:
                job.cancel()
                raise

    async def run_async(self, *targets: str | NodeHandle | Output, **named_inputs: Any) -> Run:
        """Run the graph without blocking the cell's event loop; cancelling the task cancels the run."""
        refuse_to_wait_in_node()
        with self._progress() as progress:
            job = self._submit(targets, named_inputs)
            try:
                return await progress.wait_async(job)
            except asyncio.CancelledError:
                job.cancel()
                raise

    @overload
    def queue(
        self,
        *targets: str | NodeHandle | Output,
        count: int,
        on_each: Callable[[int], Mapping[str, Any]] | None = None,
        priority: float = 0,
        front: bool = False,
        **named_inputs: Any,
    ) -> list[Job]: ...

    @overload
    def queue(
        self,
        *targets: str | NodeHandle | Output,
        priority: float = 0,
        front: bool = False,
        **named_inputs: Any,
    ) -> Job: ...

    def queue(
        self,
        *targets: str | NodeHandle | Output,
        count: int | None = None,
        on_each: Callable[[int], Mapping[str, Any]] | None = None,
        priority: float = 0,
        front: bool = False,
        **named_inputs: Any,
    ) -> Job | list[Job]:
        """Queue a run of the graph as it is now, and return at once: ``job.result()`` waits, and so does ``await job``.

        ``count``: queue that many and return the list of them; ``on_each`` gives the named inputs of each, by its
        number from 0. Of all that waits, lower ``priority`` runs first; ``front`` puts it before all of it. Raises
        ``UnknownInputError`` for a name that is no named input, and ``InputValueError`` for a count below 1 or a
        priority that is not finite.
        """
        if count is not None and (type(count) is not int or count < 1):
            raise InputValueError(f"A graph is queued a whole number of times, at least 1, got count={count!r}.")
        if not math.isfinite(priority):
            raise InputValueError(f"The priority of a run is a finite number, lower runs first, got {priority!r}.")
        wanted = [self._id(each) for each in targets] or None
        inputs = [{**named_inputs, **(on_each(turn) if on_each else {})} for turn in range(count or 1)]
        values = [self._values(each) for each in inputs]
        # In front of all that waits, but among themselves in their order.
        turns = reversed(values) if front else values
        jobs = [self._session.submit(self.store, wanted, each, priority=priority, front=front) for each in turns]
        if front:
            jobs.reverse()
        return jobs[0] if count is None else jobs

    def auto_run(self, on: bool = True, *, delay_s: float = DEFAULT_DELAY_S, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - a switch: g.auto_run(False)
        """Run the graph after each edit that changes what it makes, once edits pause for ``delay_s`` seconds.

        A run that still goes on then is let finish, and one more follows; with ``restart`` it is cancelled.
        """
        self._session.auto_run(self.store, AutoRunOptions(delay_s, restart) if on else None)

    def cancel(self) -> None:
        """Cancel what runs and what waits of this graph."""
        self._session.worker.cancel(self.store.number)

    def abandon(self) -> bool:
        """End this graph's run at once although a node does not react to Cancel; False where none runs.

        The node's thread goes on until the node returns; what it does then is dropped, and the next run starts.
        """
        own = [job for job in self._session.worker.running if job.store is self.store]
        return sum(self._session.worker.abandon(job) for job in own) > 0

    def plan(self, *targets: str | NodeHandle | Output, **named_inputs: Any) -> PlanTable:
        """Return what ``run`` would do, and why, without doing it."""
        wanted = [self._id(each) for each in targets] or None
        plan, state, problems = self._session.plan(self.store, wanted, self._values(named_inputs))
        return plan_table(self.store, plan, state, problems, self._session.costs.expect)

    def why(self, node: str | NodeHandle) -> Why:
        """Say why a node would run, or why it would not: a sentence, and a table that leads to what started it."""
        return explain_node(self.store, self._id(node), self._session.lookup)

    # Saving and showing

    def to_json(self) -> str:
        """Return the document as JSON text (docs/design/document.md)."""
        return document.dumps(self.store.state)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the document to a file, replacing it at once or not at all."""
        path = Path(path)
        write_atomic(path, document.dumps(self.store.state).encode())
        return path

    def _ipython_key_completions_(self) -> list[str]:
        """Offer the titles of nodes after ``g["``."""
        return list(dict.fromkeys(self.title_of(node_id) for node_id in self.store.state.ordered_ids()))

    def _submit(self, targets: tuple[str | NodeHandle | Output, ...], named_inputs: Mapping[str, Any]) -> Job:
        wanted = [self._id(each) for each in targets] or None
        return self._session.submit(self.store, wanted, self._values(named_inputs))

    def _values(self, named_inputs: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
        if not named_inputs:
            return {}
        known = {
            str(node.values.get("name")): node_id
            for node_id, node in self.store.state.nodes.items()
            if node.type in INPUT_TYPES.values()
        }
        for name in named_inputs:
            if name not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise UnknownInputError(
                    f"The graph has no named input {name!r}. Its named inputs are: {listed}. Make one with "
                    f"g.input({name!r}, default)."
                )
        return {(known[name], "value"): value for name, value in named_inputs.items()}

    def _place(self, node_id: str) -> Place:
        place = find_place(self.store, node_id)
        if place is None:
            raise UnknownNodeError(f"Node {node_id!r} is no longer in the graph; undo brings a removed node back.")
        return place

    def _id(self, node: str | NodeHandle | Output) -> str:
        if isinstance(node, NodeHandle):
            return node.id
        return node.node_id if isinstance(node, Output) else self[node].id

    def _edit(self, edits: list[Edit], label: str) -> None:
        self.store.edit(edits, label)
