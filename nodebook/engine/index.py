"""What follows from a graph's state, kept up to date at the cost of what changed.

For every node: its compiled form, its Merkle key, and its problems. A node's key is a digest of its own part (code
version, literals, which outputs it reads) and its sources' keys; it is None where the node cannot run, because of a
problem of its own or of one before it. Nothing here recurses, so depth has no limit.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from hashlib import blake2b
from itertools import count

from nodebook.engine.bound import take_values
from nodebook.engine.collector import collector_relaxed
from nodebook.engine.compiled import Compiled, Problem, compile_node
from nodebook.engine.cycles import find_cycles
from nodebook.engine.fingerprint import DIGEST_BYTES
from nodebook.engine.graph import GraphState, Node, id_order
from nodebook.engine.library import Library
from nodebook.engine.variables import Reading

Key = bytes

_nonces = count()


BOUND = b"!"
"""Ends a key that means something in this process only: of a node that runs each time, or whose code holds a live
object, and of all that follows one. Such keys are a byte longer than others, so that no tier takes one for another.
"""


def merkle_key(compiled: Compiled, keys: Mapping[str, Key | None]) -> Key | None:
    """Return the digest of a node's own part and its sources' keys; None where a source has none."""
    parts = [compiled.prefix]
    is_bound = compiled.is_bound
    for source in compiled.sources:
        key = keys.get(source.node)
        if key is None:
            return None
        if len(key) > DIGEST_BYTES:
            is_bound = True
        parts.append(key)
    digest = blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()
    return digest + BOUND if is_bound else digest


def fresh_key(key: Key) -> Key:
    """Return a key that no node had before, for one that runs each time."""
    return blake2b(b"%b#%d" % (key, next(_nonces)), digest_size=DIGEST_BYTES).digest() + BOUND


def is_bound(key: Key) -> bool:
    """Say whether a key means something in this process only."""
    return len(key) > DIGEST_BYTES


class GraphIndex:
    """Compiled nodes, keys and problems of one graph. Not thread-safe: its owner holds a lock."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.state = GraphState()
        self.nodes: dict[str, Node] = {}
        """The nodes of ``state`` in a plain dict: twenty times as quick to look into as a persistent map."""
        self.followers: dict[str, set[str]] = {}
        """Who reads whom, as compiled."""
        self.compiled: dict[str, Compiled] = {}
        self.keys: dict[str, Key | None] = {}
        self.given: Mapping[str, tuple[Problem, ...]] = {}
        """Problems that were found before the index saw the graph, by node; in place of its own on the same input."""
        self._cycles: dict[str, Problem] = {}
        self._troubled: set[str] = set()
        self._by_type: dict[str, set[str]] = {}
        self._rechecked: set[str] = set()
        self._bound: set[str] = set()
        """Nodes that read variables of the notebook."""
        self._readings = None if library.variables is None else library.variables.readings()
        self._outputs: set[str] = set()
        self._sinks: set[str] = set()
        self._off: set[str] = set()
        """Nodes that are muted or bypassed."""
        self._targets: tuple[str, ...] | None = None
        self._library_revision = library.revision
        self._keys_before: dict[str, Key | None] = {}
        self._compiled_before: dict[str, Compiled | None] = {}
        self._has_run = False

    def sync(self, state: GraphState, touched: Iterable[str]) -> None:
        """Bring the index from the state it had to ``state``, which differs from it in the ``touched`` nodes only."""
        self.state = state
        todo = self._take_nodes(touched) | self._redefined()
        with collector_relaxed():
            changed = self._recompile(todo)
            if changed:
                self._rekey(changed if len(changed) == len(self.compiled) else self._downstream(changed))

    def recheck(self) -> None:
        """Look again at what may change without an edit: files, and nodes that run each time."""
        self.library.refresh()
        if self._readings is not None:
            self._readings = self._readings.renew()
        if self._rechecked or self._library_revision != self.library.revision:
            self.sync(self.state, tuple(self._rechecked))

    def renew_readings(self) -> None:
        """Look again at what reads variables, in full."""
        if self._readings is not None and self._bound:
            self._readings = self._readings.renew()
            self.sync(self.state, tuple(self._bound))

    @property
    def reads_variables(self) -> bool:
        """Whether a node is bound to a variable of the notebook."""
        return bool(self._bound)

    def bound_nodes(self) -> list[str]:
        """Return the nodes that read variables and have no problem."""
        return [node_id for node_id in self._bound if self.compiled[node_id].is_runnable]

    def variables(self) -> dict[str, Reading | None]:
        """Return what each variable held that a node reads, when it was last looked at; None: there was none."""
        if self._readings is None:
            return {}
        names = dict.fromkeys(name for node_id in self._bound for name in self.compiled[node_id].variables)
        return {name: self._readings.read(name) for name in names}

    def note_cell(self) -> bool:
        """Look again at what reads variables, after a cell has run; say whether one of them holds something else."""
        if self._readings is None or not self._bound:
            return False
        before, self._readings = self._readings, self._readings.after_cell()
        self.sync(self.state, tuple(self._bound))
        return self._readings.differ_from(before)

    def take_values(self, steps: Iterable[tuple[str, Compiled]]) -> dict[str, Compiled] | None:
        """Return those of some nodes that read variables, with the values that a run will use.

        None where one has changed since it was read: the index is brought up to date, and the plan must be made again.
        """
        taken: dict[str, Compiled] = {}
        is_changed = False
        for node_id, compiled in steps:
            if compiled.live and self._readings is not None:
                found = take_values(compiled, self._readings)
                is_changed |= found is None
                if found is not None:
                    taken[node_id] = found
        if is_changed:
            self.sync(self.state, tuple(self._bound))
            return None
        return taken

    def problems(self) -> list[Problem]:
        """Return all problems in document order."""
        found: list[Problem] = []
        for node_id in sorted(self._troubled | self._cycles.keys() | self.given.keys(), key=id_order):
            found.extend(self.problems_of(node_id))
        return found

    def problems_of(self, node_id: str) -> tuple[Problem, ...]:
        """Return the problems of one node."""
        own = self.compiled[node_id].problems if node_id in self.compiled else ()
        cycle = self._cycles.get(node_id)
        given = self.given.get(node_id, ())
        if given:
            known = {problem.input for problem in given}
            own = (*given, *(problem for problem in own if problem.input not in known))
        return own if cycle is None else (*own, cycle)

    def mark_run(self) -> None:
        """Remember the present as the last run: ``run_key`` and ``run_compiled`` go on answering for it. Costs O(1)."""
        self._keys_before = {}
        self._compiled_before = {}
        self._has_run = True

    def run_key(self, node_id: str) -> Key | None:
        """Return the key that a node had when the last run was planned; None before any run."""
        if not self._has_run:
            return None
        return self._keys_before.get(node_id, self.keys.get(node_id))

    def run_compiled(self, node_id: str) -> Compiled | None:
        """Return a node as it was when the last run was planned; None where it was not there."""
        if not self._has_run:
            return None
        if node_id in self._compiled_before:
            return self._compiled_before[node_id]
        return self.compiled.get(node_id)

    def default_targets(self) -> tuple[str, ...]:
        """Return all output nodes or, where there are none, all nodes that nothing follows, and those that
        wait for themselves, which a run must report; in document order.
        """
        if self._targets is None:
            self._targets = tuple(sorted(self._outputs or self._sinks | self._cycles.keys(), key=id_order))
        return self._targets

    def _take_nodes(self, touched: Iterable[str]) -> dict[str, None]:
        """Copy touched nodes out of the state; return what must be compiled: they, and what reads them if they came,
        went or are of another type. In the order given: nodes made together lie together in memory.
        """
        todo = dict.fromkeys(touched)
        get, nodes, followers = self.state.nodes.get, self.nodes, self.followers
        for node_id in tuple(todo):
            old, new = nodes.get(node_id), get(node_id)
            if new is not None:
                nodes[node_id] = new
                if new.mode is not None:
                    self._off.add(node_id)
                elif self._off:
                    self._off.discard(node_id)
            elif old is not None:
                del nodes[node_id]
            if node_id in followers and (old is None or new is None or _leads_elsewhere(old, new)):
                todo.update(dict.fromkeys(followers[node_id]))
        return todo

    def _redefined(self) -> dict[str, None]:
        """Return the nodes of node types that were defined since, and what reads them."""
        if self._library_revision == self.library.revision:
            return {}
        revision = self.library.revision
        names = self.library.changed_since(self._library_revision)
        self._library_revision = revision
        hit: dict[str, None] = {}
        for name in names:
            for node_id in self._by_type.get(name, ()):
                hit[node_id] = None
                hit.update(dict.fromkeys(self.followers.get(node_id, ())))
        return hit

    def following(self, nodes: Iterable[str]) -> Container[str]:
        """Return nodes, as far as the graph has them, and all that needs them."""
        roots = {node_id: None for node_id in nodes if node_id in self.nodes}
        return self._downstream(roots) if roots else ()

    def _downstream(self, roots: dict[str, None]) -> dict[str, None]:
        found, stack, followers = dict(roots), list(roots), self.followers
        while stack:
            for node_id in followers.get(stack.pop(), ()):
                if node_id not in found:
                    found[node_id] = None
                    stack.append(node_id)
        return found

    def _recompile(self, todo: dict[str, None]) -> dict[str, None]:
        """Compile nodes again; return those whose key changes by what they are themselves."""
        nodes, compiled, library, before = self.nodes, self.compiled, self.library, self._compiled_before
        changed: dict[str, None] = {}
        for node_id in todo:
            node, old = nodes.get(node_id), compiled.get(node_id)
            if node_id not in before:
                before[node_id] = old
            if node is None:
                if old is not None:
                    self._forget(node_id, old)
                continue
            new = compiled[node_id] = compile_node(node_id, node, library, nodes, self._readings, all_run=not self._off)
            if old is None or _key_differs(old, new):
                changed[node_id] = None
            self._note(node_id, old, new)
        return changed

    def _note(self, node_id: str, old: Compiled | None, new: Compiled) -> None:
        """Keep what is derived from all nodes true after one was compiled."""
        if old is None or old.type is not new.type or old.node.type != new.node.type or old.node.mode != new.node.mode:
            self._place(node_id, old, new)
        if old is None or old.sources != new.sources or old.via != new.via:
            self._follow(node_id, () if old is None else _reads(old), _reads(new))
        if new.problems:
            self._troubled.add(node_id)
        elif old is not None:
            self._troubled.discard(node_id)
        if new.variables:
            self._bound.add(node_id)
        elif old is not None:
            self._bound.discard(node_id)
        if (
            new.is_volatile
            or new.variables
            or (new.type is not None and new.type.has_hooks and new.type.is_checked_again)
        ):
            self._rechecked.add(node_id)
        elif old is not None:
            self._rechecked.discard(node_id)

    def _place(self, node_id: str, old: Compiled | None, new: Compiled) -> None:
        """Enter a node under its type."""
        if old is not None:
            self._by_type[old.node.type].discard(node_id)
        self._by_type.setdefault(new.node.type, set()).add(node_id)
        is_on = new.node.mode is None
        if is_on and new.type is not None and new.type.is_output:
            self._outputs.add(node_id)
        else:
            self._outputs.discard(node_id)
        if is_on and node_id not in self.followers:
            self._sinks.add(node_id)
        else:
            self._sinks.discard(node_id)
        self._targets = None

    def _follow(self, node_id: str, old: Iterable[str], new: Iterable[str]) -> None:
        """Note that ``node_id`` reads other nodes than before."""
        followers = self.followers
        for source in old:
            known = followers.get(source)
            if known is not None:
                known.discard(node_id)
                if not known:
                    del followers[source]
                    if source in self.nodes and self.nodes[source].mode is None:
                        self._sinks.add(source)
                        self._targets = None
        for source in new:
            known = followers.get(source)
            if known is None:
                followers[source] = {node_id}
                if source in self._sinks:
                    self._sinks.discard(source)
                    self._targets = None
            else:
                known.add(node_id)

    def _forget(self, node_id: str, old: Compiled) -> None:
        del self.compiled[node_id]
        self._keys_before.setdefault(node_id, self.keys.pop(node_id, None))
        self._cycles.pop(node_id, None)
        self._by_type[old.node.type].discard(node_id)
        for marked in (self._troubled, self._rechecked, self._bound, self._outputs, self._sinks, self._off):
            marked.discard(node_id)
        self._follow(node_id, _reads(old), ())
        self._sinks.discard(node_id)
        self._targets = None

    def _rekey(self, dirty: dict[str, None]) -> None:
        """Compute the keys of ``dirty``, sources first: depth-first over an explicit stack."""
        if self._cycles:
            for node_id in dirty:
                if self._cycles.pop(node_id, None) is not None:
                    self._targets = None
        if self._compute_keys(dirty):
            self._note_cycles(dirty)
            self._compute_keys(dirty)

    def _compute_keys(self, dirty: dict[str, None]) -> bool:  # noqa: C901 -- calls in this loop cost a fifth of a plan
        """Compute keys; return whether a cycle was met, which makes some of them wrong until it is noted."""
        compiled, keys, before = self.compiled, self.keys, self._keys_before
        white = set(dirty)
        grey: set[str] = set()
        is_cyclic = False
        for root in dirty:
            if root not in white:
                continue
            stack = [root]
            while stack:
                node_id = stack[-1]
                sources = compiled[node_id].sources
                if node_id in white:
                    white.discard(node_id)
                    grey.add(node_id)
                    height = len(stack)
                    for source in sources:
                        if source.node in white:
                            stack.append(source.node)  # noqa: PERF401 -- a list for each node costs more
                    if len(stack) > height:
                        continue
                stack.pop()
                if node_id not in grey:
                    continue
                for source in sources:
                    if source.node in grey:
                        # A source that is still open, or this node itself, waits for this node.
                        is_cyclic = True
                grey.discard(node_id)
                if node_id not in before:
                    before[node_id] = keys.get(node_id)
                node = compiled[node_id]
                key = merkle_key(node, keys) if node.is_runnable and node_id not in self._cycles else None
                keys[node_id] = fresh_key(key) if node.is_volatile and key is not None else key
        return is_cyclic

    def _note_cycles(self, dirty: dict[str, None]) -> None:
        """Record a problem on every node that waits for itself, whatever the order in which nodes were looked at."""
        sources = {
            node_id: [each.node for each in self.compiled[node_id].sources if each.node in dirty] for node_id in dirty
        }
        for node_id, (read, words) in find_cycles(sources).items():
            at = next(each.input for each in self.compiled[node_id].sources if each.node in read)
            message = f"This node waits for itself ({words}). Remove one of the links of this cycle."
            self._cycles[node_id] = Problem(node_id, at, "cycle", message)
        self._targets = None


def _reads(compiled: Compiled) -> list[str]:
    """Return the nodes that a node must be looked at again for: its sources, and switched-off nodes in between."""
    return [*(each.node for each in compiled.sources), *compiled.via]


def _leads_elsewhere(old: Node, new: Node) -> bool:
    """Say whether links to a node mean something else than before."""
    return old.type != new.type or old.mode != new.mode or (new.mode == "bypass" and old.links != new.links)


def _key_differs(old: Compiled, new: Compiled) -> bool:
    return (
        new.is_volatile
        or old.prefix != new.prefix
        or old.is_runnable != new.is_runnable
        or [(each.node, each.slot) for each in old.sources] != [(each.node, each.slot) for each in new.sources]
    )
