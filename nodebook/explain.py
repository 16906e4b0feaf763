"""A plan in words: what will run, what is there already, and why."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from nodebook.engine.cache import Entry
from nodebook.engine.compiled import Compiled, Problem
from nodebook.engine.graph import GraphState
from nodebook.engine.index import GraphIndex, Key
from nodebook.engine.plan import Plan
from nodebook.engine.store import GraphStore

Lookup = Callable[[Key], Entry | None]

_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One node of a plan: ``action`` is ``run``, ``cached`` or ``blocked``."""

    node: str
    title: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlanTable:
    """What a run would do, node by node: first what runs, in order, then what it starts from, then what is blocked."""

    rows: tuple[PlanRow, ...]

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
        """Return an aligned table."""
        if not self.rows:
            return "Nothing to run: the graph is empty."
        table = [("node", "title", "action", "reason"), *((r.node, r.title, r.action, r.reason) for r in self.rows)]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        return "\n".join(
            f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip() for row in table
        )


def plan_table(store: GraphStore, plan: Plan, state: GraphState, problems: list[Problem]) -> PlanTable:
    """Return a plan as rows with titles and reasons."""

    def title(node_id: str) -> str:
        node = state.nodes[node_id]
        node_type = store.library.find(node.type)
        return node.title or (node_type.title if node_type else node.type)

    messages = {problem.node: problem.message for problem in problems}
    with store.lock:
        index = store.index()
        planned = {step.id: step.key for step in plan.steps} | {held: each.key for held, each in plan.held.items()}
        rows = [
            PlanRow(step.id, title(step.id), "run", reason_to_run(index, step.id, step.compiled, planned))
            for step in plan.steps
        ]
    rows += [PlanRow(node_id, title(node_id), "cached", "its result is kept") for node_id in plan.held]
    for node_id, culprit in plan.blocked.items():
        reason = messages.get(culprit, "it cannot run")
        if node_id != culprit:
            reason = f"waits for node {culprit}: {reason}"
        rows.append(PlanRow(node_id, title(node_id), "blocked", reason))
    return PlanTable(tuple(rows))


def explain_node(store: GraphStore, node_id: str, lookup: Lookup) -> str:
    """Say why a node would run or would not."""
    with store.lock:
        index = store.index()
        index.recheck()
        key = index.keys.get(node_id)
        if key is None:
            problems = [problem.message for problem in index.problems_of(node_id)]
            return f"Node {node_id} cannot run: {' '.join(problems) or 'a node before it cannot run.'}"
        if lookup(key) is not None:
            return f"Node {node_id} is cached: nothing that it depends on changed."
        return f"Node {node_id} will run: {reason_to_run(index, node_id)}."


def reason_to_run(
    index: GraphIndex, node_id: str, new: Compiled | None = None, keys: Mapping[str, Key | None] | None = None
) -> str:
    """Return why a node's result is not the one of the last run, in words.

    ``new`` and ``keys``: the node, and keys, as a plan has them, where they are not those of the index (the plan of a
    run with other parameters).
    """
    new, old = new or index.compiled[node_id], index.run_compiled(node_id)
    keys = index.keys if keys is None else ChainMap(keys, index.keys)  # type: ignore[arg-type]  # read only
    if index.run_key(node_id) is None or old is None:
        return "it has not run yet"
    own = _own_changes(new, old)
    if own:
        return "; ".join(own)
    for source in new.sources:
        if keys.get(source.node) != index.run_key(source.node):
            return f"{source.input} changed (node {source.node})"
    if new.is_volatile:
        return "it runs each time"
    return "it has no result yet, or it is not kept any more"


def _own_changes(new: Compiled, old: Compiled) -> list[str]:
    changes: list[str] = []
    if new.type is not None and old.type is not None and new.type.code != old.type.code:
        changes.append("function source changed")
    for name in dict.fromkeys((*new.literals, *old.literals)):
        before, after = old.literals.get(name, "linked"), new.literals.get(name, "linked")
        if before != after:
            changes.append(f"{name} {_short(before)} → {_short(after)}")
    new_links = {(each.input, each.node, each.slot) for each in new.sources}
    old_links = {(each.input, each.node, each.slot) for each in old.sources}
    changes.extend(f"{name} linked to node {node}" for name, node, _ in sorted(new_links - old_links))
    if not changes and new.prefix != old.prefix:
        changes.append("file changed")
    return changes


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, str) or value != "linked" else value
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
