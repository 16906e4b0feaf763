"""``g.lock()``: what a graph's last run was made with, and what it gave.

A lock is put together once for each run, and kept. What is read in full for it (results, input files, model files up to
64 MiB) costs about a second for 1.5 GB; where nobody waits, large model files are left out at first and read in the
background (``lock_of(graph, wait=False)``). docs/design/lock.md says what is in it and why.
"""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock as Mutex
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from nodebook.engine.bound import BoundValue
from nodebook.engine.cache import Entry
from nodebook.engine.compiled import Compiled
from nodebook.engine.fingerprint import digest, encode
from nodebook.engine.graph import GraphState, Node, id_order, nodes_before
from nodebook.engine.library import BUILTIN
from nodebook.engine.literals import VariableRef, tag
from nodebook.engine.nodetype import MISSING, NodeType
from nodebook.engine.store import GraphStore
from nodebook.notebook.errors import NoLockError
from nodebook.notebook.lock.content import content_of, locked_results
from nodebook.notebook.lock.files import files_named, is_as_run, lock_file
from nodebook.notebook.lock.format import Lock, LockedFile, LockedNode, LockedResult
from nodebook.notebook.lock.hashes import FileHashes
from nodebook.notebook.lock.here import (
    ALWAYS,
    FOR_MODELS,
    distributions_of,
    environment,
    locked_type,
    package_versions,
)
from nodebook.runs import Run

if TYPE_CHECKING:
    from nodebook.graph import Graph
    from nodebook.sessions import Session

__all__ = ["Lock", "document_digest", "lock_for_user", "lock_of", "lock_of_store", "scope_of", "stored_lock"]

logger = logging.getLogger(__name__)

LARGE_BYTES = 256 * 1024 * 1024
"""Results up to this size are read while somebody waits for a display: that takes a quarter of a second."""

MOST_NODES = 200
"""In a graph of more nodes only results of what the run was for are kept: a lock stands in each saved notebook."""

_REMEMBERED = 4096
_SEED_PORTS = frozenset({"INT"})
_DIFFUSION = frozenset({"MODEL", "CLIP", "VAE", "CONDITIONING", "LATENT", "SAMPLER", "NOISE", "GUIDER"})


class _Known(NamedTuple):
    """The lock of a run, and whether all of it is known that can be."""

    run: Run | None
    lock: Lock
    is_whole: bool


@dataclass(slots=True)
class _Book:
    """What a session has found out for its locks."""

    hashes: FileHashes
    results: OrderedDict[tuple[bytes, bool], dict[str, LockedResult]] = field(default_factory=OrderedDict)
    """By key of the node, and whether with its pictures."""
    locks: WeakKeyDictionary[GraphStore, _Known] = field(default_factory=WeakKeyDictionary)
    reading: set[int] = field(default_factory=set)
    """Graphs for which files are being read in the background, by number."""


_books: WeakKeyDictionary[Session, _Book] = WeakKeyDictionary()
_mutex = Mutex()


def lock_of(graph: Graph, *, wait: bool = True, on_ready: Callable[[Lock], object] | None = None) -> Lock:
    """Return the lock of a graph's last run; one without results where nothing has run.

    Not ``wait``: large model files that nobody has read yet have no SHA-256 in it, and large results are left out; they
    are read in the background, and ``on_ready`` is called from there with the whole lock.
    """
    return lock_of_store(graph.store, graph._session, wait=wait, on_ready=on_ready)  # noqa: SLF001 -- the graph's own


def lock_of_store(
    store: GraphStore, session: Session, *, wait: bool = True, on_ready: Callable[[Lock], object] | None = None
) -> Lock:
    """Return the lock of a graph by its store; see ``lock_of``."""
    book = _book_of(session)
    run: Run | None = store.last_run
    known = book.locks.get(store)
    if known is None or known.run is not run or not (known.is_whole or not wait):
        making = _Making(store, session, book, run, wait=wait)
        lock = making.lock()
        known = book.locks[store] = _Known(run, lock, lock.is_complete and not making.left_out)
    if not known.is_whole and not wait:
        _complete_later(store, session, book, on_ready)
    return known.lock


def stored_lock(graph: Graph, on_ready: Callable[[Lock], object] | None = None) -> dict[str, Any] | None:
    """Return what a notebook's output holds of a graph's last run; None where nothing has run. Never raises, nor waits.

    ``on_ready``: see ``lock_of``.
    """
    try:
        lock = lock_of(graph, wait=False, on_ready=on_ready)
        return None if lock.outcome is None else lock.to_json()
    except Exception:
        logger.exception("The lock of %r could not be made", graph)
        return None


def lock_for_user(graph: Graph) -> Lock:
    """Return the whole lock of a graph's last run. Raises ``NoLockError`` where nothing has run."""
    lock = lock_of(graph)
    if lock.outcome is None:
        raise NoLockError("There is nothing to lock: the graph has not run in this kernel. Run it with g.run() first.")
    return lock


def planned_lock_text(flat: GraphState, targets: tuple[str, ...], session: Session) -> str:
    """Return what a picture carries of the run that makes it: all but results, and of the nodes none by themselves.

    Large files that nobody has read yet are without their SHA-256. Empty where it cannot be told: a picture is saved
    all the same.
    """
    try:
        run = Run(0, flat, targets, (), {}, {}, "", 0.0, flat=flat)
        lock = _Making(None, session, _book_of(session), run, wait=False).lock()
        return json.dumps(replace(lock, outcome=None, nodes={}).to_json(), separators=(",", ":"))
    except Exception:
        logger.exception("The lock of a picture could not be made")
        return ""


def _book_of(session: Session) -> _Book:
    with _mutex:
        book = _books.get(session)
        if book is None:
            disk = session.cache.disk
            book = _books[session] = _Book(FileHashes(None if disk is None else disk.folder))
        return book


def _complete_later(
    store: GraphStore, session: Session, book: _Book, on_ready: Callable[[Lock], object] | None
) -> None:
    with _mutex:
        if store.number in book.reading:
            return
        book.reading.add(store.number)

    def complete() -> None:
        try:
            lock = lock_of_store(store, session)
        except Exception:
            logger.exception("The lock of graph %d could not be completed", store.number)
            return
        finally:
            with _mutex:
                book.reading.discard(store.number)
        if on_ready is not None:
            on_ready(lock)

    Thread(target=complete, name="nodebook-lock", daemon=True).start()


def scope_of(flat: GraphState, targets: tuple[str, ...]) -> list[str]:
    """Return the nodes that a run of ``targets`` depends on, in document order."""
    seen = {target for target in targets if target in flat.nodes}
    stack = list(seen)
    while stack:
        for before in nodes_before(flat, stack.pop()):
            if before not in seen:
                seen.add(before)
                stack.append(before)
    return sorted(seen, key=id_order)


def document_digest(
    flat: GraphState, scope: list[str], bound: Mapping[tuple[str, str], VariableRef] | None = None
) -> str:
    """Return a digest of what counts for results: types, values and links of these nodes, not titles and places.

    ``bound``: inputs that the document binds to variables, where ``flat`` has what a run read there.
    """
    told = []
    for node_id in scope:
        node = flat.nodes[node_id]
        values = {
            name: tag((bound or {}).get((node_id, name), value))
            for name, value in node.values.items()
            if name not in node.links
        }
        links = {name: [link.node, link.output] for name, link in node.links.items()}
        told.append([node_id, node.type, values, links])
    return digest(encode(told)).hex()


class _Making:
    """Puts one lock together."""

    def __init__(self, store: GraphStore | None, session: Session, book: _Book, run: Run | None, *, wait: bool) -> None:
        self._store = store
        """None: the run goes on, and has no results yet."""
        self._session = session
        self._book = book
        self._run = run
        self._wait = wait
        self._flat = GraphState() if run is None else run.flat or run.state
        self._scope = [] if run is None else scope_of(self._flat, run.targets)
        self.left_out = 0
        """How many results were too large to be read while nobody waits."""

    def lock(self) -> Lock:
        run = self._run
        if run is None:
            return Lock()
        types = {name: found for name in self._type_names() if (found := self._type(name)) is not None}
        own = {name: each for name, each in types.items() if each.origin != BUILTIN}
        return Lock(
            document=document_digest(self._flat, self._scope, self._bound),
            outcome=run.outcome,
            targets=run.targets,
            environment=environment(self._session),
            packages=self._packages(types, own),
            files=dict(self._files(types)),
            seeds=dict(self._seeds(types)),
            types={name: locked_type(each) for name, each in own.items()},
            variables=dict(self._variables()),
            nodes={node_id: self._node(node_id, run, types) for node_id in self._told(run)},
        )

    def _told(self, run: Run) -> list[str]:
        """Return the nodes whose results are told: those that the run was for, and in smaller graphs all on the way."""
        return self._scope if len(self._scope) <= MOST_NODES else [each for each in self._scope if each in run.targets]

    def _type_names(self) -> set[str]:
        return {self._flat.nodes[node_id].type for node_id in self._scope}

    def _type(self, name: str) -> NodeType | None:
        return self._session.library.find(name)

    @cached_property
    def _compiled(self) -> dict[str, Compiled]:
        """Return the nodes as they were keyed for this run, as far as the graph still knows."""
        found: dict[str, Compiled] = {}
        if self._store is None:
            return found
        with self._store.lock:
            index = self._store.index()
            for node_id in self._scope:
                each = index.run_compiled(node_id)
                if each is not None and each.node == self._flat.nodes[node_id]:
                    found[node_id] = each
        return found

    def _node(self, node_id: str, run: Run, types: Mapping[str, NodeType]) -> LockedNode:
        node = self._flat.nodes[node_id]
        node_type = types.get(node.type)
        key, entry = self._result(node_id, run)
        results: Mapping[str, LockedResult] = {}
        if entry is not None and key is not None:
            results = self._read(key, node_type, entry, is_target=node_id in run.targets)
        volatile = node_type is not None and not node_type.is_cached
        return LockedNode(node.type, self._title(node_id, node), results, volatile)

    def _title(self, node_id: str, node: Node) -> str | None:
        shown = self._run.state.nodes.get(node_id) if self._run is not None else None
        return (shown or node).title

    def _result(self, node_id: str, run: Run) -> tuple[bytes | None, Entry | None]:
        """Return the key and the result of a node: of a target always, of another one where it is in memory."""
        store, session = self._store, self._session
        if store is None:
            return None, None
        if node_id in run.keys:
            entry = store.results.get(node_id) if store.last_run is run else None
            return run.keys[node_id], entry or session.cache.memory.peek(run.keys[node_id])
        if any(store.run_keys.get(target) != key for target, key in run.keys.items()):
            return None, None  # another run has started since: its keys are not those of this one
        key = session.run_key(store, node_id)
        return key, None if key is None else session.cache.memory.peek(key)

    def _read(
        self, key: bytes, node_type: NodeType | None, entry: Entry, *, is_target: bool
    ) -> Mapping[str, LockedResult]:
        known = self._book.results.get((key, is_target))
        if known is not None:
            return known
        if not self._wait and entry.value_bytes > LARGE_BYTES:
            self.left_out += 1
            return {}
        found = locked_results(node_type, entry, is_target=is_target)
        if entry.versions is not None and self._session.values.versions(entry.outputs) != entry.versions:
            # Somebody who held it (a cell) has changed it in place since: what the run gave is not known any more.
            return {name: LockedResult(f"{each.shows}, changed since the run") for name, each in found.items()}
        self._book.results[key, is_target] = found
        while len(self._book.results) > _REMEMBERED:
            self._book.results.popitem(last=False)
        return found

    def _literals(self, node_id: str, node_type: NodeType) -> dict[str, Any]:
        """Return a node's literals, and what its links bring where that is a named input or another plain value."""
        node = self._flat.nodes[node_id]
        found: dict[str, Any] = {}
        for spec in node_type.inputs:
            link = node.links.get(spec.name)
            if link is not None:
                source = self._flat.nodes.get(link.node)
                if source is not None and "value" in source.values and "value" not in source.links:
                    held = source.values["value"]
                    bound = isinstance(held, VariableRef)
                    found[spec.name] = self._read_by(link.node).get("value") if bound else held
            elif isinstance(node.values.get(spec.name), VariableRef):
                found[spec.name] = self._read_by(node_id).get(spec.name)
            elif spec.name in node.values:
                found[spec.name] = node.values[spec.name]
            elif spec.default is not MISSING:
                found[spec.name] = spec.default
        return found

    def _typed(self, types: Mapping[str, NodeType]) -> Iterator[tuple[str, NodeType, dict[str, Any]]]:
        for node_id in self._scope:
            node = self._flat.nodes[node_id]
            if node.mode is None and node.type in types:
                yield node_id, types[node.type], self._literals(node_id, types[node.type])

    def _files(self, types: Mapping[str, NodeType]) -> Iterator[tuple[str, LockedFile]]:
        for node_id, node_type, literals in self._typed(types):
            for place, named in files_named(self._session, node_type, literals):
                file = lock_file(named, self._book.hashes, wait=self._wait)
                if file is None:
                    continue
                keyed = self._compiled.get(node_id)
                if node_type.origin == BUILTIN and keyed is not None and not is_as_run(file, keyed.prefix):
                    file = replace(file, xxh3=None, sha256=None)
                yield f"{node_id}.{place}", file

    def _seeds(self, types: Mapping[str, NodeType]) -> Iterator[tuple[str, int]]:
        for node_id, node_type, literals in self._typed(types):
            for spec in node_type.inputs:
                value = literals.get(spec.name)
                if (spec.widget or {}).get("seed") and spec.port in _SEED_PORTS and type(value) is int:
                    yield f"{node_id}.{spec.name}", value

    def _packages(self, types: Mapping[str, NodeType], own: Mapping[str, NodeType]) -> dict[str, str]:
        ports = {spec.port for each in types.values() for spec in each.outputs}
        names = {*ALWAYS, *(FOR_MODELS if ports & _DIFFUSION else ())}
        for each in own.values():
            names |= distributions_of(each.function)
        return package_versions(names)

    @cached_property
    def _bound(self) -> dict[tuple[str, str], VariableRef]:
        """Return the inputs that are bound to variables; the run's own graph has plain values in their place."""
        if self._store is None:
            return {}
        now = self._store.flat.nodes
        return {
            (node_id, name): value
            for node_id in self._scope
            if node_id in now
            for name, value in now[node_id].values.items()
            if isinstance(value, VariableRef) and name not in now[node_id].links
        }

    def _variables(self) -> Iterator[tuple[str, str]]:
        """Return the content of each variable as the run read it."""
        for (node_id, name), ref in self._bound.items():
            held = self._flat.nodes[node_id].values.get(name)
            content = _content_of_bound(self._read_by(node_id).get(name) if isinstance(held, VariableRef) else held)
            if content is not None:
                yield ref.name, content

    def _read_by(self, node_id: str) -> Mapping[str, Any]:
        """Return a node's literals as the run had them, variables read."""
        found = self._compiled.get(node_id)
        return {} if found is None else found.literals


def _content_of_bound(literal: Any) -> str | None:
    if isinstance(literal, BoundValue):
        return None if literal.digest is None else literal.digest.hex()
    return None if literal is None else content_of(literal)
