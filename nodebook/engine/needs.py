"""Which lazy inputs a node wants, asked of its ``needs`` before it runs, again and again until it wants no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodebook.engine.calling import gather, prepare
from nodebook.engine.hooks import call_hook
from nodebook.engine.items import Block
from nodebook.engine.nodetype import NodeType
from nodebook.engine.plan import Step
from nodebook.engine.runstate import RunState
from nodebook.errors import UnknownInputError


def names_needed(state: RunState, step: Step, asked: frozenset[str]) -> frozenset[str]:
    """Return the lazy inputs that a step wants beside those ``asked`` for before; what many calls want, together.

    Raises what ``needs`` raises, and ``UnknownInputError`` for a name that is no lazy input or has no link.
    """
    node_type = step.compiled.type
    assert node_type is not None  # noqa: S101 - plans hold runnable nodes only
    assert node_type.needs is not None  # noqa: S101 - the caller has looked
    services = state.services
    gathered = gather(step.id, step.compiled, state.live, services.values, services.resources, asked)
    prepared = prepare(step.compiled, gathered)
    lazy = {each.input for each in step.compiled.sources if each.spec is not None and each.spec.is_lazy}
    wanted = node_type.inputs_of(node_type.needs)
    found: set[str] = set()
    for arguments in prepared.calls:
        if not isinstance(arguments, Block):
            answer = call_hook(node_type.needs, {name: arguments[name] for name in wanted if name in arguments})
            found.update(_checked(answer, node_type, lazy, step.compiled.literals))
    return frozenset(found) - asked


def _checked(answer: Any, node_type: NodeType, lazy: set[str], literals: Mapping[str, Any]) -> list[str]:
    """Return the names in what ``needs`` returned that a link must bring; one that has a literal has its value."""
    if answer is None:
        return []
    names = [answer] if isinstance(answer, str) else list(answer)
    for name in names:
        spec = node_type.input_by_name.get(name)
        if spec is None:
            listed = ", ".join(node_type.input_by_name)
            raise UnknownInputError(
                f"{node_type.title} asks for the input {name!r}, which it does not have. Its inputs are: {listed}."
            )
        if name in lazy or not spec.is_lazy or literals.get(name) is not None:
            continue
        raise UnknownInputError(
            f"{node_type.title} asks for its input {name!r}, but nothing is connected to it. Connect an output of type "
            f"{spec.port}."
        )
    return [name for name in names if name in lazy]
