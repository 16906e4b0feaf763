"""Seeds that change from run to run: drawn when a run is asked for, shown in the document when that run starts.

So the seed that a document has is always the one that the run which started last has used, also while others wait with
seeds of their own. The mode stands in the node's view (``vary``: input → mode): it changes no result.
docs/design/seeds.md says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import SystemRandom
from threading import Lock
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from nodebook.engine.definitions import SEPARATOR
from nodebook.engine.edits import SetValue, SetView
from nodebook.engine.graph import SUBGRAPH_INPUTS, GraphState, Node, definition_id, nodes_before
from nodebook.engine.nodetype import InputSpec, NodeType
from nodebook.engine.store import Change, GraphStore
from nodebook.errors import InputValueError

if TYPE_CHECKING:
    from nodebook.jobs import Job

MODES = ("fixed", "randomize", "increment", "decrement")
"""What the next run does with a seed: ComfyUI's words. ``fixed`` is what a seed does that has no mode."""

VIEW_MEMBER = "vary"

HIGHEST_RANDOM = 2**50
"""Random seeds lie within ± this, as in ComfyUI: every program that reads numbers as floats has them exactly."""


class Key(NamedTuple):
    """An input of a node, in the top graph or in that of a subgraph."""

    node: str
    input: str
    graph: str | None = None


Seeds = dict[Key, int]
_SYSTEM = SystemRandom()
_MOST_DEPTH = 20
"""Subgraphs within one another, should one contain itself."""

Choose = Callable[[int, int], int]
"""A random whole number from the first to the second, both included."""


@dataclass(slots=True)
class _Track:
    """What is known of one seed of one graph."""

    shown: Any
    """The document's value when it was last looked at or written: another one by now is somebody's edit."""
    used: int | None = None
    """The seed of the run that started last; None where the shown one was not run yet."""
    asked: list[int] = field(default_factory=list)
    """Seeds of runs that wait, in the order in which they were asked for."""
    coming: tuple[int, int] | None = None
    """A seed and the one that a plan has promised to follow it."""


class _Varied:
    """The seeds of a graph that vary, and how: kept up to date by its edits, so that a run costs nothing for them."""

    def __init__(self, store: GraphStore) -> None:
        self._modes: dict[str | None, dict[str, dict[Key, str]]] = {None: {}}
        for node_id in store.state.nodes:
            self._look(store.state, None, node_id)
        for graph in store.state.subgraphs:
            self._look_inside(store.state, graph)
        store.subscribe(self._on_change)

    def items(self) -> list[tuple[Key, str]]:
        """Return each seed and its mode."""
        return [found for nodes in self._modes.values() for modes in nodes.values() for found in modes.items()]

    def _on_change(self, change: Change) -> None:
        for node_id in change.batch.touched:
            self._look(change.state, None, node_id)
        for graph in change.batch.touched_graphs:
            self._look_inside(change.state, graph)

    def _look_inside(self, state: GraphState, graph: str) -> None:
        self._modes.pop(graph, None)
        definition = state.subgraphs.get(graph)
        if definition is not None:
            for node_id in definition.graph.nodes:
                self._look(definition.graph, graph, node_id)

    def _look(self, inside: GraphState, graph: str | None, node_id: str) -> None:
        node = inside.nodes.get(node_id)
        modes = {} if node is None else {Key(node_id, name, graph): mode for name, mode in _varied(node)}
        nodes = self._modes.setdefault(graph, {})
        if modes:
            nodes[node_id] = modes
        else:
            nodes.pop(node_id, None)


@dataclass(slots=True)
class _Book:
    tracks: dict[Key, _Track] = field(default_factory=dict)
    varied: _Varied | None = None
    written: float = 0.0
    """When a run last wrote seeds into the document, in seconds of the wall clock."""


class SeedBook:
    """Draws the seeds of a session's runs. All methods may be called from any thread.

    ``choose`` is the system's own randomness: what notebook code seeds does not repeat these, nor do these disturb it.
    """

    def __init__(self, choose: Choose = _SYSTEM.randint) -> None:
        self._choose = choose
        self._books: WeakKeyDictionary[GraphStore, _Book] = WeakKeyDictionary()
        self._lock = Lock()  # taken under the lock of a store, never around it

    def coming(self, store: GraphStore, targets: Iterable[str] | None = None) -> Seeds:
        """Return the seeds that the next run of ``targets`` will have, without drawing them."""
        with store.lock, self._lock:
            wanted = self._wanted(store, targets)
            return {key: self._next(book, key, value, mode, spec) for book, key, value, mode, spec in wanted}

    def draw(self, store: GraphStore, targets: Iterable[str] | None, given: Mapping[tuple[str, str], Any]) -> Seeds:
        """Return the seeds of a run that is being asked for; those that are ``given`` stay.

        A seed that no run has used yet is used as it stands: one that was typed, and that of a graph just opened.
        """
        seeds: Seeds = {}
        with store.lock, self._lock:
            for book, key, value, mode, spec in self._wanted(store, targets):
                is_given = key.graph is None and (key.node, key.input) in given
                seed = given[key.node, key.input] if is_given else self._next(book, key, value, mode, spec)
                track = book.tracks.setdefault(key, _Track(value))
                if value != track.shown:
                    track.used = None
                track.shown, track.coming = value, None
                track.asked.append(seed)
                seeds[key] = seed
        return seeds

    def started(self, job: Job) -> None:
        """Write the seeds of a run that starts now into the document, but over no edit made since it was asked for."""
        if not job.seeds:
            return
        store = job.store
        with store.lock:
            edits = self._take(job)
            if edits:
                with self._lock:
                    book = self._books[store]
                    joins, book.written = job.submitted <= book.written, time()
                store.amend(edits, _label(store, edits), joins=joins)

    def dropped(self, job: Job) -> None:
        """Forget the seeds of a run that never started: the next one follows the last that did."""
        with self._lock:
            book = self._books.get(job.store, _Book())
            for key, seed in job.seeds.items():
                track = book.tracks.get(key)
                if track is not None and seed in track.asked:
                    track.asked.remove(seed)

    def _take(self, job: Job) -> list[SetValue]:
        edits: list[SetValue] = []
        with self._lock:
            book = self._books.get(job.store, _Book())
            for key, seed in job.seeds.items():
                track, value = book.tracks.get(key), _value_of(job.store, key)[0]
                if track is None or value is None:
                    continue
                if seed in track.asked:
                    track.asked.remove(seed)
                track.used = seed
                if value == track.shown:
                    track.shown = seed
                    if value != seed:
                        edits.append(set_seed(key, seed))
        return edits

    def _wanted(self, store: GraphStore, targets: Iterable[str] | None) -> list[tuple[_Book, Key, int, str, InputSpec]]:
        """Return the seeds that vary and that a run of ``targets`` needs, with their value now."""
        book = self._books.setdefault(store, _Book())
        if book.varied is None:
            book.varied = _Varied(store)
        varied, state = book.varied.items(), store.state
        if not varied:
            return []
        needed = _upstream(store.flat, self._targets(store, targets))
        found = []
        for key, mode in varied:
            value, spec = _value_of(store, key)
            if spec is not None and value is not None and _is_needed(state, key, needed):
                found.append((book, key, value, mode, spec))
        return found

    @staticmethod
    def _targets(store: GraphStore, targets: Iterable[str] | None) -> Iterable[str]:
        """Return the nodes of the flat graph that a run is for."""
        if targets is None:
            return store.index().default_targets()
        flattener = store.flattener
        return [each for target in targets for each in flattener.targets(target)]

    def _next(self, book: _Book, key: Key, value: int, mode: str, spec: InputSpec) -> int:
        track = book.tracks.get(key)
        if track is None or value != track.shown:
            return value
        before = track.asked[-1] if track.asked else track.used
        if before is None:
            return value
        if track.coming is None or track.coming[0] != before:
            track.coming = (before, next_seed(before, mode, spec.widget or {}, self._choose))
        return track.coming[1]


def next_seed(value: int, mode: str, widget: Mapping[str, Any], choose: Choose) -> int:
    """Return the seed that follows another one, within the limits of its input."""
    low, high = widget.get("min"), widget.get("max")
    step = max(1, int(widget.get("step") or 1))
    if mode == "randomize":
        least = max(-HIGHEST_RANDOM, 0 if low is None else low)
        most = min(HIGHEST_RANDOM, HIGHEST_RANDOM if high is None else high)
        return least + step * choose(0, max(0, most - least) // step)
    moved = value + (step if mode == "increment" else -step)
    moved = moved if low is None else max(low, moved)
    return moved if high is None else min(high, moved)


def vary_edit(store: GraphStore, node_id: str, title: str, modes: Mapping[str, str]) -> SetView:
    """Return the edit that says what the next run does with seeds of a node.

    Raises ``UnknownInputError``, and ``InputValueError`` for an input that is no seed or a word that is no mode.
    """
    node = store.state.nodes[node_id]
    node_type = store.library.find(node.type)
    for name, mode in modes.items():
        if node_type is not None:
            node_type.input(name)
            if _seed_input(node_type, name) is None:
                raise InputValueError(
                    f"{title} cannot vary {name!r}: it is no seed. Seeds are whole numbers called seed or noise_seed, "
                    "and those that a node marks with nb.Seed()."
                )
        if mode not in MODES:
            raise InputValueError(f"The seed {name!r} of {title} can be {', '.join(MODES)}, got {mode!r}.")
    merged = {**_modes_of(node), **modes}
    kept: dict[str, Any] = {name: mode for name, mode in sorted(merged.items()) if mode != "fixed"}
    return SetView(node_id, {VIEW_MEMBER: kept or None})


def _modes_of(node: Node) -> Mapping[str, Any]:
    modes = node.view.get(VIEW_MEMBER)
    return modes if isinstance(modes, Mapping) else {}


def set_seed(key: Key, seed: int) -> SetValue:
    """Return the edit that gives an input a seed."""
    return SetValue(key.node, key.input, seed, graph=key.graph)


def _varied(node: Node) -> Iterable[tuple[str, str]]:
    """Return the inputs of a node that vary, and how."""
    if not node.view or node.mode is not None or VIEW_MEMBER not in node.view:
        return []
    return [(name, mode) for name, mode in _modes_of(node).items() if mode in MODES[1:] and name not in node.links]


def _seed_input(node_type: NodeType | None, name: str) -> InputSpec | None:
    spec = None if node_type is None else node_type.input_by_name.get(name)
    return spec if spec is not None and (spec.widget or {}).get("seed") else None


def _spec_of(store: GraphStore, node: Node, name: str, depth: int = 0) -> InputSpec | None:
    """Return what is known of a seed; of an instance's, what the input has that it leads to inside."""
    inner = definition_id(node.type)
    if inner is None:
        return _seed_input(store.library.find(node.type), name)
    definition = store.state.subgraphs.get(inner)
    if definition is None or depth > _MOST_DEPTH:
        return None
    for each in definition.graph.nodes.values():
        for input_name, link in each.links.items():
            source = definition.graph.nodes.get(link.node)
            if link.output == name and source is not None and source.type == SUBGRAPH_INPUTS:
                spec = _spec_of(store, each, input_name, depth + 1)
                if spec is not None:
                    return spec
    return None


def _value_of(store: GraphStore, key: Key) -> tuple[int | None, InputSpec | None]:
    """Return what a seed is now, None where it is no whole number or gone; and what is known of it."""
    definition = None if key.graph is None else store.state.subgraphs.get(key.graph)
    graph = store.state if key.graph is None else None if definition is None else definition.graph
    node = None if graph is None else graph.nodes.get(key.node)
    spec = None if node is None else _spec_of(store, node, key.input)
    if node is None or spec is None:
        return None, None
    value = node.values.get(key.input, spec.default)
    return (value if type(value) is int else None), spec


def _is_needed(state: GraphState, key: Key, needed: set[str]) -> bool:
    """Say whether a run needs a node: of an instance anything inside, of a node in a subgraph any of its copies."""
    definition = None if key.graph is None else state.subgraphs[key.graph]
    node = (state if definition is None else definition.graph).nodes[key.node]
    is_instance = definition_id(node.type) is not None
    if key.graph is None:
        begin = key.node + SEPARATOR
        return any(each.startswith(begin) for each in needed) if is_instance else key.node in needed
    if is_instance:
        return any(f"{SEPARATOR}{key.node}{SEPARATOR}" in each for each in needed)
    return any(each.endswith(SEPARATOR + key.node) for each in needed)


def _upstream(state: GraphState, targets: Iterable[str]) -> set[str]:
    found = {target for target in targets if target in state.nodes}
    stack = list(found)
    while stack:
        for before in nodes_before(state, stack.pop()):
            if before not in found:
                found.add(before)
                stack.append(before)
    return found


def _label(store: GraphStore, edits: list[SetValue]) -> str:
    if len(edits) > 1:
        return f"New seeds of {len(edits)} nodes"
    edit = edits[0]
    graph = store.state if edit.graph is None else store.state.subgraphs[edit.graph].graph
    node = graph.nodes[edit.node]
    node_type = store.library.find(node.type)
    return f"New seed of {node.title or (node_type.title if node_type is not None else node.type)}"
