"""What a cell shows for a node handle and for an output: what the last run made, or what there is to run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nodebook.engine.cache import Entry
from nodebook.engine.graph import nodes_before
from nodebook.engine.index import is_bound
from nodebook.engine.resolving import Literal
from nodebook.notebook.display.entryblocks import output_blocks, payload_blocks
from nodebook.notebook.display.look import Block, Facts, Heading, Words, bundle, words_of
from nodebook.notebook.display.showing import Showing
from nodebook.places import ends_of

if TYPE_CHECKING:
    from nodebook.graph import Graph
    from nodebook.handles import NodeHandle, Output
    from nodebook.models.latents import LatentFormat

logger = logging.getLogger(__name__)

_MAX_SETTINGS = 20
_MAX_LOOKED_BACK = 500
_MISSING = object()


def handle_bundle(handle: NodeHandle) -> dict[str, Any]:
    """Return what a cell shows for a node."""
    return _bundle(handle.graph, handle.id, None)


def output_bundle(output: Output) -> dict[str, Any]:
    """Return what a cell shows for one output of a node."""
    return _bundle(output.graph, output.node_id, output.name)


def _bundle(graph: Graph, node_id: str, only: str | None) -> dict[str, Any]:
    try:
        return bundle(_blocks(graph, node_id, only))
    except Exception as error:  # a display says what it can, and never raises
        logger.debug("A node cannot be shown", exc_info=True)
        return bundle(
            [Heading(f"node {node_id}"), Words(f"It cannot be shown: {type(error).__name__}: {error}", "error")]
        )


def _blocks(graph: Graph, node_id: str, only: str | None) -> Iterator[Block]:
    if node_id not in graph:
        yield Heading(f"node {node_id}", "removed")
        yield Words("It is no longer in the graph; undo brings a removed node back.", "muted")
        return
    run = graph.store.last_run
    is_blocked = run is not None and node_id in run.blocked  # its outputs are refusals, which say less than the run
    shown = [] if is_blocked else list(_results(graph, node_id, only))
    state = _state(graph, node_id) if shown else _why_nothing(graph, node_id)
    output = "" if only is None else f", output {only}"
    yield Heading(f"{graph.title_of(node_id)}{output}", f"node {node_id}{state[0]}")
    if state[1]:
        yield Words(state[1], state[2])
    if shown:
        yield from shown
    else:
        yield from _settings(graph, node_id)


State = tuple[str, str, str]
"""Words for the heading, a sentence below it, and its tone."""


def _state(graph: Graph, node_id: str) -> State:
    run = graph.store.last_run
    if run is not None and node_id in run.errors:
        return _failed(run.errors[node_id], "What is shown is of an earlier run.")
    key, made = graph[node_id].cache_key, graph.session.run_key(graph.store, node_id)
    if key is not None and made is not None and key != made and not is_bound(key):
        return "", "Of the last run; the graph has changed since, or that run had other inputs.", "muted"
    return "", "", "muted"


def _why_nothing(graph: Graph, node_id: str) -> State:
    """Return why there is nothing to show, and what to do."""
    ended = _how_it_ended(graph, node_id)
    if ended is not None:
        return ended
    problem = next((each for each in graph.problems if each.node == node_id and each.severity == "error"), None)
    if problem is not None:
        where = f"{problem.input}: " if problem.input else ""
        return ", cannot run", f"{where}{problem.message}", "error"
    mode = graph.find_node(node_id).mode_word
    if mode is not None:
        return "", f"It is {'muted' if mode == 'mute' else 'bypassed'}: enable it with handle.enable().", "plain"
    return ", not run yet", "Run it with g.run(handle), or the whole graph with g.run().", "plain"


def _how_it_ended(graph: Graph, node_id: str) -> State | None:
    """Return why the last run made nothing of a node, None where it does not say."""
    run = graph.store.last_run
    if run is None:
        return None
    if node_id in run.errors:
        return _failed(run.errors[node_id])
    if node_id in run.blocked:
        reason = run.blocked[node_id] or "no reason was given"
        return ", did not run", f"A value before it was refused: {reason}.", "plain"
    if run.skipped.get(node_id, "") in run.errors:
        return ", did not run", f"What it needs failed: {run.errors[run.skipped[node_id]]}", "error"
    return None


def _failed(error: Any, more: str = "") -> State:
    where = f"{error.input}: " if error.input else ""
    rest = more or "Mend it and run it again with g.run(handle)."
    return ", failed", f"{where}{error.kind}: {error.message}\n{rest}", "error"


def _settings(graph: Graph, node_id: str) -> Iterator[Block]:
    """Return what a node is and what it is set to."""
    node_type, node = graph[node_id].type, graph.find_node(node_id)
    if node_type is not None and node_type.description:
        yield Words(node_type.description, "muted")
    facts = [
        (
            name,
            f"from {graph.title_of(link.node)} (node {link.node}), {link.output}" if link.node in graph else link.node,
        )
        for name, link in node.links.items()
    ]
    facts += [(name, words_of(value, 120)) for name, value in node.values.items() if name not in node.links]
    order = {} if node_type is None else {spec.name: index for index, spec in enumerate(node_type.inputs)}
    facts.sort(key=lambda fact: order.get(fact[0], len(order)))
    if facts:
        yield Facts(facts[:_MAX_SETTINGS])
    if len(facts) > _MAX_SETTINGS:
        yield Words(f"and {len(facts) - _MAX_SETTINGS} more", "muted")


def _results(graph: Graph, node_id: str, only: str | None) -> Iterator[Block]:
    """Return what a node's result shows; nothing where there is none."""
    showing = Showing(graph.session, _latent_format(graph, node_id))
    handle = graph[node_id]
    node_type = handle.type
    if node_type is None:
        return
    entry = _entry(graph, node_id)
    if only is None and entry is not None and entry.payload:
        yield from payload_blocks(entry, showing)
        if node_type.is_output:
            return
    ends = ends_of(graph.store, node_id)
    for spec in (each for each in node_type.outputs if only in (None, each.name)):
        slot = node_type.output_index[spec.name]
        value = _value(graph, ends[spec.name]) if ends else _of_entry(entry, slot)
        if value is not _MISSING:
            yield from output_blocks(spec, value, showing, is_only=only is not None or len(node_type.outputs) == 1)


def _entry(graph: Graph, node_id: str) -> Entry | None:
    return graph.session.result(graph.store, node_id)


def _of_entry(entry: Entry | None, slot: int) -> Any:
    return _MISSING if entry is None or slot >= len(entry.outputs) else entry.outputs[slot]


def _value(graph: Graph, end: Any) -> Any:
    """Return the value at the end of an output that another node gives."""
    if isinstance(end, Literal):
        return end.value
    if end is None or end.node not in graph:
        return _MISSING
    inner = graph[end.node].type
    slot = None if inner is None else inner.output_index.get(end.output)
    return _MISSING if slot is None else _of_entry(_entry(graph, end.node), slot)


def _latent_format(graph: Graph, node_id: str) -> LatentFormat | None:
    """Return the latent format of the model that a node's result was made with, as far as that is held."""
    flat = graph.store.flat
    seen: set[str] = set()
    stack = [node_id]
    while stack and len(seen) < _MAX_LOOKED_BACK:
        current = stack.pop()
        if current in seen or current not in flat.nodes:
            continue
        seen.add(current)
        node_type = graph.store.library.find(flat.nodes[current].type)
        if node_type is not None and any(spec.port == "MODEL" for spec in node_type.outputs):
            entry = _entry(graph, current)
            found = (
                next((each.latent_format for each in entry.outputs if hasattr(each, "latent_format")), None)
                if entry
                else None
            )
            if found is not None:
                return found  # type: ignore[no-any-return]  # of a ModelHandle
        stack.extend(nodes_before(flat, current))
    return None
