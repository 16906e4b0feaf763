"""A plan in words: what will run, what is there already, why, and what it is expected to cost."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, Self, TypedDict

from nodebook.engine.cache import Entry
from nodebook.engine.compiled import Compiled, Problem
from nodebook.engine.graph import VARIABLE, GraphState, is_structural
from nodebook.engine.index import GraphIndex, Key
from nodebook.engine.interfaces import type_in
from nodebook.engine.literals import TypeScript
from nodebook.engine.nodetype import MAIN_LANE, NodeType
from nodebook.engine.plan import Plan, Step
from nodebook.engine.store import GraphStore
from nodebook.engine.words import clipped
from nodebook.tables import bytes_text, html_frame, html_heading, html_table, seconds_text, text_table

Lookup = Callable[[Key], Entry | None]

_SHOWN_CHARACTERS = 40
_MOST_CAUSES = 50
_NO_RESULT = "it has no result yet, or it is not kept any more"


class Expected(Protocol):
    """What a node is expected to cost, by what it has cost before."""

    @property
    def seconds(self) -> float:
        """Seconds of one execution."""

    @property
    def result_bytes(self) -> float:
        """What the result weighs."""

    @property
    def peak_bytes(self) -> float:
        """What it holds at most beside its inputs, the result included; 0 where that was not measured."""


Expect = Callable[[NodeType], Expected | None]


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that differs from the last run: ``what`` (an input, "function source", "file"), before and after."""

    what: str
    old: str | None = None
    new: str | None = None

    def __str__(self) -> str:
        if self.old is None:
            return f"{self.what} changed" if self.new is None else f"{self.what} {self.new}"
        return f"{self.what} {self.old} → {self.new}"


PlanAction = Literal["run", "cached", "blocked", "if asked", "muted", "bypassed"]


class PlanRowJson(TypedDict):
    """One node of a plan. ``changes``: what differs from the last run, before and now. Costs are expected, if known."""

    node: str
    title: str
    action: PlanAction
    reason: str
    changes: list[
        Annotated[list[str | None], TypeScript("readonly [what: string, before: string | null, now: string | null]")]
    ]
    seconds: float | None
    bytes: float | None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One node of a plan.

    ``action`` is ``if asked`` for what only a lazy input needs; ``muted`` and ``bypassed`` stand in no plan.
    ``seconds`` and ``result_bytes`` are expected from earlier runs, None where there were none.
    """

    node: str
    title: str
    action: PlanAction
    reason: str
    changes: tuple[Changed, ...] = ()
    seconds: float | None = None
    result_bytes: int | None = None

    def json(self) -> PlanRowJson:
        """Return the row as it travels to a front end (docs/design/protocol.md)."""
        return {
            "node": self.node,
            "title": self.title,
            "action": self.action,
            "reason": self.reason,
            "changes": [[each.what, each.old, each.new] for each in self.changes],
            "seconds": self.seconds,
            "bytes": self.result_bytes,
        }


_HEAD = ("node", "title", "action", "reason", "time", "result")


@dataclass(frozen=True, slots=True)
class PlanTable:
    """What a run would do, node by node: first what runs, in order, then what it starts from, then what is blocked.

    ``seconds`` is the expected time of the whole run, ``peak_bytes`` what it is expected to hold at most; None where a
    node that runs has not run before.
    """

    rows: tuple[PlanRow, ...]
    seconds: float | None = None
    peak_bytes: int | None = None

    @property
    def steps(self) -> list[str]:
        """Ids of the nodes that would run, in order."""
        return [row.node for row in self.rows if row.action == "run"]

    @property
    def cached(self) -> list[str]:
        """Ids of the results that the run would start from."""
        return [row.node for row in self.rows if row.action == "cached"]

    @property
    def blocked(self) -> list[str]:
        """Ids of the nodes that cannot run."""
        return [row.node for row in self.rows if row.action == "blocked"]

    def __iter__(self) -> Iterator[PlanRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        """Return an aligned table; without expected costs, so that notebooks stay the same when run again."""
        if not self.rows:
            return "Nothing to run: the graph is empty."
        return text_table(_HEAD[:4], [(row.node, row.title, row.action, row.reason) for row in self.rows])

    def _repr_html_(self) -> str:
        if not self.rows:
            return html_frame(html_heading("Plan", "nothing to run: the graph is empty"))
        rows = [
            (row.node, row.title, row.action, row.reason, seconds_text(row.seconds), bytes_text(row.result_bytes))
            for row in self.rows
        ]
        return html_frame(html_heading("Plan", self._summary()), html_table(_HEAD, rows, numbers=(4, 5)))

    def _summary(self) -> str:
        parts = [f"{len(self.steps)} to run", f"{len(self.cached)} cached"]
        asked = sum(row.action == "if asked" for row in self.rows)
        if asked:
            parts.insert(1, f"{asked} if asked")
        if self.blocked:
            parts.append(f"{len(self.blocked)} blocked")
        if self.seconds is not None and self.steps:
            parts.append(f"about {seconds_text(self.seconds)}".replace("about <", "less than"))
        if self.peak_bytes is not None and self.steps:
            parts.append(f"at most {bytes_text(self.peak_bytes)} of results at once")
        return ", ".join(parts)


class Why(str):
    """Why a node would run or would not, as a sentence; ``rows`` lead from the node up to what started it."""

    __slots__ = ("rows",)

    rows: tuple[PlanRow, ...]

    def __new__(cls, sentence: str, rows: tuple[PlanRow, ...] = ()) -> Self:
        """Make a sentence with its rows."""
        made = super().__new__(cls, sentence)
        made.rows = rows
        return made

    def __repr__(self) -> str:
        if len(self.rows) <= 1:
            return str(self)
        table = text_table(_HEAD[:4], [(row.node, row.title, row.action, row.reason) for row in self.rows])
        return f"{self}\n\n{table}"

    def _repr_html_(self) -> str:
        rows = [
            (row.node, row.title, row.action, *cells)
            for row in self.rows
            for cells in (map(_change_cells, row.changes) if _has_values(row) else [(row.reason, "", "")])
        ]
        table = html_table(("node", "title", "action", "what", "before", "now"), rows)
        return html_frame(html_heading(str(self)), table)


def _has_values(row: PlanRow) -> bool:
    return any(change.old is not None or change.new is not None for change in row.changes)


def _change_cells(change: Changed) -> tuple[str, str, str]:
    """Return what changed, what was before, and what is now; all in the first where there are no values to show."""
    if change.old is None and change.new is None:
        return str(change), "", ""
    return change.what, change.old or "", change.new or ""


def plan_table(
    store: GraphStore, plan: Plan, state: GraphState, problems: list[Problem], expect: Expect = lambda _type: None
) -> PlanTable:
    """Return a plan as rows with titles, reasons and expected costs."""
    messages = {problem.node: problem.message for problem in problems}
    planned = {step.id: step.key for step in plan.steps} | {held: each.key for held, each in plan.held.items()}

    def row(step: Step, action: PlanAction) -> PlanRow:
        reason, changes = _reason(store, index, step.id, step.compiled, planned)
        expected = None if step.compiled.type is None else expect(step.compiled.type)
        seconds, size = (None, None) if expected is None else (expected.seconds, int(expected.result_bytes))
        return PlanRow(step.id, title_in(store, state, step.id), action, reason, changes, seconds, size)

    with store.lock:
        index = store.index()
        rows = [row(step, "run") for step in plan.steps]
        rows += [row(step, "if asked") for step in plan.lazy_steps.values()]
    rows += [
        PlanRow(node, title_in(store, state, node), "cached", "its result is kept", result_bytes=held.entry.value_bytes)
        for node, held in plan.held.items()
    ]
    for node_id, culprit in plan.blocked.items():
        reason = messages.get(culprit, "it cannot run")
        if node_id != culprit:
            reason = f"waits for node {culprit}: {reason}"
        rows.append(PlanRow(node_id, title_in(store, state, node_id), "blocked", reason))
    seconds, peak_bytes = expected_total(plan, expect)
    return PlanTable(tuple(rows), seconds, peak_bytes)


def title_in(store: GraphStore, state: GraphState, node_id: str) -> str:
    """Return a node's own title, or its type's; its id where the state has no such node."""
    node = state.nodes.get(node_id) or store.flat.nodes.get(node_id)
    if node is None:
        return node_id
    node_type = type_in(state, node, store.library)
    return node.title or (node_type.title if node_type else node.type)


def expected_total(plan: Plan, expect: Expect) -> tuple[float | None, int | None]:
    """Return how long a plan is expected to take, in seconds, and what it is expected to hold at most, in bytes.

    Time: the longest way through the plan, or all steps of the main lane one after the other, whichever is more.
    Memory: results, from when they are made until their last reader has run. None where a step has no history.
    """
    ends: dict[str, float] = {}
    main_lane = 0.0
    readers = _last_readers(plan)
    sizes = {node: float(held.entry.value_bytes) for node, held in plan.held.items()}
    now = peak = sum(sizes.values())
    for step in plan.steps:
        node_type = step.compiled.type
        expected = None if node_type is None else expect(node_type)
        if expected is None or node_type is None:
            return None, None
        before = max((ends.get(source.node, 0.0) for source in step.compiled.sources), default=0.0)
        ends[step.id] = before + expected.seconds
        if node_type.lane == MAIN_LANE:
            main_lane += expected.seconds
        sizes[step.id] = expected.result_bytes
        peak = max(peak, now + max(expected.result_bytes, expected.peak_bytes))
        now += expected.result_bytes
        for node in readers.get(step.id, ()):
            now -= sizes.get(node, 0.0)
    return max(main_lane, max(ends.values(), default=0.0)), int(peak)


def _last_readers(plan: Plan) -> dict[str, list[str]]:
    """Return, for each step, the results that nobody reads after it."""
    last: dict[str, str] = {}
    for step in plan.steps:
        for source in step.compiled.sources:
            last[source.node] = step.id
    found: dict[str, list[str]] = {}
    for node, reader in last.items():
        if node not in plan.targets:
            found.setdefault(reader, []).append(node)
    return found


def explain_node(store: GraphStore, node_id: str, lookup: Lookup) -> Why:
    """Say why a node would run or would not, and what started it."""
    with store.lock:
        index = store.index()
        index.recheck()
        state = store.state
        title = title_in(store, state, node_id)
        node = state.nodes.get(node_id)
        if node is not None and node.mode is None and is_structural(node.type):
            return _explain_structural(store, node_id, lookup)
        if node is not None and node.mode is not None:
            words: PlanAction = "muted" if node.mode == "mute" else "bypassed"
            return Why(f"Node {node_id} does not run: it is {words}.", (PlanRow(node_id, title, words, ""),))
        key = index.keys.get(node_id)
        if key is None:
            problems = [problem.message for problem in index.problems_of(node_id)]
            reason = " ".join(problems) or "a node before it cannot run."
            return Why(f"Node {node_id} cannot run: {reason}", (PlanRow(node_id, title, "blocked", reason),))
        if lookup(key) is not None:
            sentence = f"Node {node_id} is cached: nothing that it depends on changed."
            return Why(sentence, (PlanRow(node_id, title, "cached", "its result is kept"),))
        rows = _causes(store, state, index, node_id)
        return Why(f"Node {node_id} will run: {rows[0].reason}.", rows)


def _explain_structural(store: GraphStore, node_id: str, lookup: Lookup) -> Why:
    """Say why the nodes that stand for an instance or a reroute would run or would not: the first that would."""
    node = store.state.nodes.get(node_id)
    if node is not None and node.type == VARIABLE:
        return Why(f"Node {node_id} gives the variable {node.values.get('name')!r} to what reads it; it does not run.")
    targets = store.flattener.targets(node_id)
    found = [explain_node(store, each, lookup) for each in targets if each != node_id]
    running = [each for each in found if each.rows and each.rows[0].action != "cached"]
    nothing = Why(f"Node {node_id} stands for no node that runs: nothing inside is linked to its outputs.")
    return next(iter(running or found), nothing)


def _causes(store: GraphStore, state: GraphState, index: GraphIndex, node_id: str) -> tuple[PlanRow, ...]:
    """Return a row for the node, and for each node above it whose change made it run, up to what started it."""
    rows: list[PlanRow] = []
    seen = {node_id}
    stack = [node_id]
    while stack and len(rows) < _MOST_CAUSES:
        current = stack.pop()
        reason, changes = _reason(store, index, current)
        rows.append(PlanRow(current, title_in(store, state, current), "run", reason, changes))
        if index.run_key(current) is None or index.run_compiled(current) is None:
            continue  # all that comes before a node that never ran is no reason
        for source in index.compiled[current].sources:
            if source.node not in seen and index.keys.get(source.node) != index.run_key(source.node):
                seen.add(source.node)
                stack.append(source.node)
    return tuple(rows)


def _reason(
    store: GraphStore,
    index: GraphIndex,
    node_id: str,
    new: Compiled | None = None,
    keys: Mapping[str, Key | None] | None = None,
) -> tuple[str, tuple[Changed, ...]]:
    """Return ``reason_to_run``, or how the last run ended for a node that has no result since."""
    reason, changes = reason_to_run(index, node_id, new, keys)
    run = store.last_run
    if reason == _NO_RESULT and run is not None:
        if node_id in run.errors:
            return f"it failed in the last run ({run.errors[node_id].kind})", changes
        if node_id in run.blocked:
            return (
                f"it was blocked in the last run ({run.blocked[node_id] or 'a value before it was refused'})",
                changes,
            )
    return reason, changes


def reason_to_run(
    index: GraphIndex, node_id: str, new: Compiled | None = None, keys: Mapping[str, Key | None] | None = None
) -> tuple[str, tuple[Changed, ...]]:
    """Return why a node's result is not the one of the last run, in words and item by item.

    ``new`` and ``keys``: the node, and keys, as a plan has them, where they are not those of the index (the plan of a
    run with other parameters).
    """
    new, old = new or index.compiled[node_id], index.run_compiled(node_id)
    keys = index.keys if keys is None else ChainMap(keys, index.keys)  # type: ignore[arg-type]  # read only
    if index.run_key(node_id) is None or old is None:
        return "it has not run yet", ()
    own = tuple(_own_changes(new, old))
    if own:
        return "; ".join(map(str, own)), own
    for source in new.sources:
        if keys.get(source.node) != index.run_key(source.node):
            return f"{source.input} changed (node {source.node})", (Changed(source.input),)
    if new.is_volatile:
        return "it runs each time", ()
    return _NO_RESULT, ()


def _own_changes(new: Compiled, old: Compiled) -> list[Changed]:
    changes: list[Changed] = []
    if new.type is not None and old.type is not None and new.type.code != old.type.code:
        changes.append(Changed("function source"))
    for name in dict.fromkeys((*new.literals, *old.literals)):
        before, after = old.literals.get(name, "linked"), new.literals.get(name, "linked")
        if before != after:
            words = _short(before), _short(after)
            is_alike = words[0] == words[1]  # of two variables, or of one that was changed in place
            changes.append(Changed(name, None, "has another content") if is_alike else Changed(name, *words))
    new_links = {(each.input, each.node, each.slot) for each in new.sources}
    old_links = {(each.input, each.node, each.slot) for each in old.sources}
    changes.extend(Changed(name, None, f"linked to node {node}") for name, node, _ in sorted(new_links - old_links))
    if not changes and new.prefix != old.prefix:
        changes.append(Changed("file" if new.type is None or new.type.changed is None else "what it checks"))
    return changes


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, str) or value != "linked" else value
    return clipped(text, _SHOWN_CHARACTERS)
