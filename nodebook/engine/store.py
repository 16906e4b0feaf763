"""One graph as the session holds it: its state, its edits, its index. The only thing that changes, behind one lock."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import count
from threading import RLock
from typing import Any

from nodebook.engine.cache import Entry
from nodebook.engine.collector import collector_relaxed
from nodebook.engine.compiled import Compiled, Problem
from nodebook.engine.edits import AddNode, Batch, Edit, SetValue, apply_all
from nodebook.engine.flatten import Flattener
from nodebook.engine.graph import GraphState, definition_id
from nodebook.engine.index import GraphIndex, Key
from nodebook.engine.interfaces import interface_of
from nodebook.engine.library import Library
from nodebook.engine.literals import VariableRef
from nodebook.engine.nodetype import NodeType
from nodebook.engine.plan import Plan, Step, make_plan
from nodebook.errors import UnsteadyVariableError

UNDO_STEPS = 1000
_MOST_PLANS = 100
"""How often a plan is made again because variables changed meanwhile. Each time, one more of them is held still."""

logger = logging.getLogger(__name__)

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class History:
    """What undo and redo would do, by label; None where there is nothing."""

    undo: str | None
    redo: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """An applied batch, as listeners get it. ``client`` and ``batch`` name the view that made it, if one did."""

    revision: int
    batch: Batch
    state: GraphState
    client: str | None = None
    client_batch: int | None = None


ChangeListener = Callable[[Change], None]


class GraphStore:
    """A graph's current state with its edit journal. All methods may be called from any thread."""

    def __init__(self, library: Library, state: GraphState | None = None) -> None:
        self.library = library
        self.number = next(_numbers)
        self.revision = 0
        self.lock = RLock()
        self.results: Mapping[str, Entry] = {}
        """What the targets of the last run made: kept here, so that it outlives the bound of the cache."""
        self.last_run: Any = None
        """The ``Run`` that finished last, for a view that comes after it. Set with ``results``, under ``lock``."""
        self.run_keys: Mapping[str, Key] = {}
        """Keys of the nodes that the run which started last makes or starts from. Another one may have been planned
        since, and the index speaks of that."""
        self.stops: set[str] = set()
        """Nodes that runs pause at (``stops``): of this kernel only, no part of the document nor of any key."""
        self._state = state or GraphState()
        self._index = GraphIndex(library)
        self._flattener = Flattener(library)
        self._touched: dict[str, None] = dict.fromkeys(self._state.ordered_ids())
        self._touched_graphs: dict[str, None] = {}
        self._undo: deque[Batch] = deque(maxlen=UNDO_STEPS)
        self._redo: list[Batch] = []
        self._listeners: tuple[ChangeListener, ...] = ()

    @property
    def state(self) -> GraphState:
        """The state now. It is immutable: hold it as long as you like."""
        return self._state

    def has_node(self, node_id: str, subgraph_id: str | None = None) -> bool:
        """Say whether the top graph, or the graph of a subgraph, has a node of that id."""
        return node_id in self._graph(subgraph_id).nodes

    @property
    def flat(self) -> GraphState:
        """The state now without subgraphs and reroutes (``flatten``): the graph that runs."""
        state = self._state
        if not len(state.structural):
            return state
        with self.lock:
            self.index()
            return self._flattener.flat

    @property
    def flattener(self) -> Flattener:
        """What follows links through subgraphs, brought up to date. The caller holds ``lock`` while using it."""
        with self.lock:
            self.index()
            return self._flattener

    @property
    def history(self) -> History:
        """What undo and redo would do."""
        with self.lock:
            return History(
                self._undo[-1].label if self._undo else None,
                self._redo[-1].label if self._redo else None,
            )

    def edit(
        self, edits: Iterable[Edit], label: str, *, client: str | None = None, client_batch: int | None = None
    ) -> Batch:
        """Apply a batch as one step of undo. Raises ``EditError`` and changes nothing when one operation is refused."""
        with self.lock:
            canonical = self._canonical(edits)
            batch = self._apply(canonical, label, client, client_batch)
            if batch.edits:
                self._undo.append(batch)
                self._redo.clear()
            return batch

    def amend(self, edits: Iterable[Edit], label: str, *, joins: bool) -> None:
        """Apply what a run itself changes. What was undone can still be done again, unlike after an edit.

        ``joins``: be part of the last step of undo where that has the same label, not one of its own.
        """
        with self.lock:
            batch = self._apply(self._canonical(edits), label, None, None)
            last = self._undo[-1] if self._undo and joins else None
            if last is not None and last.label == label:
                touched = tuple(dict.fromkeys((*last.touched, *batch.touched)))
                graphs = tuple(dict.fromkeys((*last.touched_graphs, *batch.touched_graphs)))
                self._undo[-1] = Batch(label, last.edits + batch.edits, batch.inverse + last.inverse, touched, graphs)
            else:
                self._undo.append(batch)

    def undo(self) -> bool:
        """Take the last batch back; False where there is none."""
        return self._step(self._undo, self._redo)

    def redo(self) -> bool:
        """Apply the batch that was last taken back; False where there is none."""
        return self._step(self._redo, self._undo)

    def subscribe(self, listener: ChangeListener) -> Callable[[], None]:
        """Call ``listener`` with each change, in order, while the lock is held: it must be quick and not edit."""
        with self.lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self.lock:
                self._listeners = tuple(each for each in self._listeners if each is not listener)

        return unsubscribe

    def index(self) -> GraphIndex:
        """Return the index, brought up to date. The caller holds ``lock`` while using it."""
        with self.lock:
            touched, self._touched = self._touched, {}
            graphs, self._touched_graphs = self._touched_graphs, {}
            self._sync(self._state, touched, graphs)
            return self._index

    def index_keys(self) -> set[Key]:
        """Return the keys of all nodes as they are now."""
        with self.lock:
            return {key for key in self.index().keys.values() if key is not None}

    def note_cell(self) -> bool:
        """Look again at what reads variables, after a cell has run; say whether one of them holds something else."""
        with self.lock, collector_relaxed():
            return self.index().note_cell()

    def problems(self, *, is_fresh: bool = False) -> list[Problem]:
        """Return everything that is wrong with the graph, in document order.

        ``is_fresh``: look again at the variables of the notebook that the graph reads, in full.
        """
        with self.lock:
            index = self.index()
            if is_fresh:
                index.renew_readings()
            return index.problems()

    def plan(
        self,
        lookup: Callable[[Key], Entry | None],
        targets: Iterable[str] | None = None,
        values: Mapping[tuple[str, str], Any] | None = None,
        *,
        edits: Iterable[Edit] = (),
        for_run: bool = False,
    ) -> tuple[Plan, GraphState, list[Problem]]:
        """Plan a run of ``targets`` (default: every output node, or every sink), with other literals where given.

        ``edits``: more of them, also in subgraphs; the graph itself stays as it is. Returns the plan, the state that it
        is for, and the problems of what is blocked.
        """
        with self.lock, collector_relaxed():
            index = self.index()
            index.recheck()
            if len(self._state.structural):
                self.index()  # a type that was defined meanwhile may lead links through instances elsewhere
            state, around = self._state, nullcontext()
            others = [*(SetValue(node, name, value) for (node, name), value in (values or {}).items()), *edits]
            if for_run and index.reads_variables:
                others[:0] = self._held_values(index)
            if others:
                state, batch = apply_all(state, others)
                around = self._overridden(state, batch)  # type: ignore[assignment]  # both are contexts
            with around:
                wanted = index.default_targets() if targets is None else tuple(self._targets(targets))
                plan = make_plan(index, wanted, lookup, self.stops)
                if for_run and index.reads_variables:
                    plan = _with_values(plan, index, lookup, self.stops)
                culprits = dict.fromkeys(plan.blocked.values())
                problems = [problem for node_id in culprits for problem in _obstacles(index, node_id)]
                if for_run:
                    index.mark_run()
            return plan, state, problems

    def _held_values(self, index: GraphIndex) -> list[Edit]:
        """Return edits that write the numbers and texts of variables in their place, as the document of a run has them:
        what is saved with its results says what made them. Keys are the same.
        """
        bound = index.bound_nodes()
        # What some input takes as it is (a picture, but text too where anything is taken) is no literal there.
        live = {each.value.variable for path in bound for each in index.compiled[path].live}
        readings = {name: each for name, each in index.variables().items() if name not in live}
        resolver = self._flattener.resolver()
        found: dict[tuple[str | None, str, str], Edit] = {}
        for path in bound:
            place = resolver.place(path)
            while place is not None:
                scope, node_id = place
                for name, value in scope.graph.nodes[node_id].values.items():
                    reading = readings.get(value.name) if isinstance(value, VariableRef) else None
                    if reading is not None and reading.value is not None:
                        key = (scope.subgraph_id, node_id, name)
                        found[key] = SetValue(node_id, name, reading.value, graph=scope.subgraph_id)
                place = None if scope.outer is None else (scope.outer, scope.instance)
        return list(found.values())

    def _targets(self, node_ids: Iterable[str]) -> Iterable[str]:
        """Return the nodes of the flat graph that stand for nodes of the document."""
        if not len(self._state.structural):
            return node_ids
        return dict.fromkeys(flat for node_id in node_ids for flat in self._flattener.targets(node_id))

    def _sync(self, state: GraphState, touched: Iterable[str], graphs: Iterable[str] = ()) -> None:
        """Bring the index to a state."""
        changed = self._flattener.sync(state, touched, graphs)
        self._index.given = self._flattener.problems
        self._index.sync(self._flattener.flat, changed)

    @contextmanager
    def _overridden(self, state: GraphState, batch: Batch) -> Iterator[None]:
        """Hold the index at another state, which a batch led to, for a while: a run with other parameters."""
        self._sync(state, batch.touched, batch.touched_graphs)
        try:
            yield
        finally:
            self._sync(self._state, batch.touched, batch.touched_graphs)

    def _step(self, source: deque[Batch] | list[Batch], target: deque[Batch] | list[Batch]) -> bool:
        with self.lock:
            if not source:
                return False
            batch = source.pop()
            target.append(self._apply(batch.inverse, batch.label, None, None))
            return True

    def _apply(self, edits: Iterable[Edit], label: str, client: str | None, client_batch: int | None) -> Batch:
        self._state, batch = apply_all(self._state, edits, label)
        self._touched.update(dict.fromkeys(batch.touched))
        if batch.touched_graphs:
            self._touched_graphs.update(dict.fromkeys(batch.touched_graphs))
        self.revision += 1
        change = Change(self.revision, batch, self._state, client, client_batch)
        for listener in self._listeners:
            try:
                listener(change)
            except Exception:
                logger.exception("A listener failed on revision %d", self.revision)
        return batch

    def _canonical(self, edits: Iterable[Edit]) -> Iterator[Edit]:
        """Write literals as their port has them: a browser sends 1 for 1.0, and the document must not flicker."""
        added: dict[tuple[str | None, str], str] = {}
        for edit in edits:
            if isinstance(edit, AddNode):
                added[edit.graph, edit.id] = edit.node.get("type", "")
                yield self._canonical_node(edit)
            elif isinstance(edit, SetValue):
                node = self._graph(edit.graph).nodes.get(edit.node)
                name = added.get((edit.graph, edit.node)) or (None if node is None else node.type)
                node_type = None if name is None else self._find_type(name)
                yield replace(edit, value=_canonical_value(node_type, edit.input, edit.value))
            else:
                yield edit

    def _graph(self, subgraph_id: str | None) -> GraphState:
        """Return the top graph, or the graph of a subgraph; an empty one where there is none of that id."""
        if subgraph_id is None:
            return self._state
        definition = self._state.subgraphs.get(subgraph_id)
        return GraphState() if definition is None else definition.graph

    def _find_type(self, name: str) -> NodeType | None:
        subgraph_id = definition_id(name)
        if subgraph_id is not None:
            return interface_of(self._state, subgraph_id, self.library)
        return self.library.find(name)

    def _canonical_node(self, edit: AddNode) -> AddNode:
        given = edit.node.get("values")
        if not given:
            return edit
        node_type = self._find_type(str(edit.node.get("type", "")))
        values = {name: _canonical_value(node_type, name, value) for name, value in given.items()}
        return replace(edit, node={**edit.node, "values": values})


def _with_values(
    plan: Plan, index: GraphIndex, lookup: Callable[[Key], Entry | None], stops: Iterable[str] = ()
) -> Plan:
    """Return a plan that has the values of the variables that its steps read, so that cells may change them meanwhile.

    Where one changed while it was being read, the plan is made again from the copy that was taken of it.
    """
    for _ in range(_MOST_PLANS):
        taken = index.take_values(each[::2] for each in (*plan.steps, *plan.lazy_steps.values()))
        if taken is not None:
            steps = tuple(_with_value(step, taken) for step in plan.steps)
            lazy = {node_id: _with_value(step, taken) for node_id, step in plan.lazy_steps.items()}
            return replace(plan, steps=steps, lazy_steps=lazy or plan.lazy_steps)
        plan = make_plan(index, plan.targets, lookup, stops)
    raise UnsteadyVariableError(
        "The variables that the graph reads were changed again and again while the run was being planned. Wait for the "
        "thread that changes them, or bind a copy."
    )


def _with_value(step: Step, taken: Mapping[str, Compiled]) -> Step:
    return step._replace(compiled=taken[step.id]) if step.id in taken else step


def _obstacles(index: GraphIndex, node_id: str) -> Iterable[Problem]:
    """Return what keeps a node from running: its problems, or that it is switched off and yet asked for."""
    node = index.nodes.get(node_id)
    if node is None or node.mode is None:
        return index.problems_of(node_id)
    words = "muted" if node.mode == "mute" else "bypassed"
    message = f"This node is {words}, so it cannot be run itself. Enable it first, or run another one."
    return [Problem(node_id, None, words, message)]


def _canonical_value(node_type: NodeType | None, name: str, value: Any) -> Any:
    spec = None if node_type is None else node_type.input_by_name.get(name)
    if spec is None or spec.check is None or type(value) is VariableRef:
        return value
    try:
        return spec.check(value)
    except ValueError:
        # Kept as it is: validation says what is wrong, on the input.
        return value
