"""Where a link leads when nodes on its way are switched off: a bypassed node passes an input on, a muted one nothing.

Which input a bypassed node passes on is ComfyUI's choice, by type (workflow conversion, "bypass input choice").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nodebook.engine.graph import Link, Node
from nodebook.engine.library import Library
from nodebook.engine.nodetype import InputSpec, NodeType
from nodebook.engine.ports import ANY, names_match


class Way(NamedTuple):
    """Where a link leads in the end (None: nowhere), and which switched-off nodes it passes."""

    link: Link | None
    passed: tuple[str, ...]


def follow(link: Link, wanted: str, library: Library, nodes: Mapping[str, Node]) -> Way:
    """Follow a link to the first node that runs. ``wanted``: the port type of the input that the link feeds."""
    passed: list[str] = []
    while (node := nodes.get(link.node)) is not None and node.mode is not None:
        if link.node in passed:
            return Way(None, tuple(passed))  # bypassed nodes in a ring
        passed.append(link.node)
        name = _passed_on(node, library.find(node.type), link.output, wanted) if node.mode == "bypass" else None
        if name is None or name not in node.links:
            return Way(None, tuple(passed))
        link = node.links[name]
    return Way(link, tuple(passed))


def _passed_on(node: Node, node_type: NodeType | None, output: str, wanted: str) -> str | None:
    """Return the input that a bypassed node gives in place of an output; None where none fits."""
    if node_type is None:
        return next(iter(node.links), None)  # nothing is known of its ports
    slot = node_type.output_index.get(output)
    # Sockets before widgets, as ComfyUI counts inputs.
    inputs = sorted(node_type.inputs, key=lambda spec: spec.widget is not None)
    if slot is None or not inputs:
        return None
    return choose_input(inputs, slot, node_type.outputs[slot].port, wanted)


def choose_input(inputs: Sequence[InputSpec], slot: int, given: str, wanted: str) -> str | None:
    """Return the input that is passed on in place of an output of type ``given``; None where none fits."""
    same = inputs[slot] if slot < len(inputs) else None
    if wanted == ANY:
        return (same or inputs[0]).name

    def fits(spec: InputSpec) -> bool:
        return names_match(spec.port, given) and names_match(spec.port, wanted)

    if same is not None and fits(same):
        return same.name
    equal = next((spec.name for spec in inputs if spec.port == wanted), None)
    return equal or next((spec.name for spec in inputs if fits(spec)), None)
