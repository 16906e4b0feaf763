"""What a node type asks of its own functions before a run: fingerprint, changed-check and validation.

These functions are anybody's code and a bad graph must not raise, so whatever they raise becomes a problem.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from nodebook.engine.fingerprint import encode
from nodebook.engine.nodetype import NodeType
from nodebook.errors import FingerprintError


@dataclass(slots=True)
class Asked:
    """What the hooks of one node said: parts of its key, whether it runs each time, and (input, code, message,
    severity) of what is wrong.
    """

    parts: list[bytes] = field(default_factory=list)
    is_volatile: bool = False
    problems: list[tuple[str | None, str, str, str]] = field(default_factory=list)


def ask_hooks(node_id: str, node_type: NodeType, literals: Mapping[str, Any], linked: Mapping[str, str]) -> Asked:
    """Ask a node's hooks. ``linked``: port type of what arrives at each linked input."""
    asked = Asked()
    if not node_type.is_idempotent or node_type.knows_its_id:
        asked.parts.append(b"id=" + node_id.encode())
    if node_type.fingerprint is not None:
        # What a linked value will be is not known before the run, so a fingerprint of it can only be had by running.
        if linked:
            asked.is_volatile = True
        else:
            _ask_fingerprint(asked, node_type, node_type.fingerprint, literals)
    if node_type.changed is not None:
        _ask_changed(asked, node_type, node_type.changed, literals, linked)
    if node_type.validate is not None:
        _ask_validate(asked, node_type, node_type.validate, literals, linked)
    return asked


def call_hook(hook: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call a hook and, where it is async, wait for what it gives; on a thread of its own, since this one may have a
    running loop.
    """
    answer = hook(**arguments)
    if not inspect.isawaitable(answer):
        return answer

    async def wait() -> Any:
        return await answer

    outcome: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(wait()))
        except BaseException as error:  # noqa: BLE001 -- raised again below, on the thread that asks
            errors.append(error)

    thread = Thread(target=run, name="nodebook-hook", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return outcome[0]


def _arguments(
    node_type: NodeType, hook: Callable[..., Any], literals: Mapping[str, Any], linked: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a hook gets: literals as they are, None for what arrives by a link, nothing for what is absent."""
    wanted = node_type.inputs_of(hook)
    return {name: literals.get(name) for name in wanted if name in literals or name in linked}


def _ask_fingerprint(asked: Asked, node_type: NodeType, hook: Callable[..., Any], literals: Mapping[str, Any]) -> None:
    names = node_type.fingerprint_inputs
    try:
        asked.parts.append(encode(call_hook(hook, {name: literals[name] for name in names})))
    except FingerprintError as error:
        asked.problems.append((None, "bad_fingerprint", f"{node_type.title}: {error}", "error"))
    except Exception as error:  # noqa: BLE001 -- see the module's docstring
        only = names[0] if len(names) == 1 else None
        asked.problems.append((only, "bad_value", f"{node_type.title}: {error}", "error"))


def _ask_changed(
    asked: Asked, node_type: NodeType, hook: Callable[..., Any], literals: Mapping[str, Any], linked: Mapping[str, str]
) -> None:
    try:
        answer = call_hook(hook, _arguments(node_type, hook, literals, linked))
        asked.is_volatile |= _holds_nan(answer)
        asked.parts.append(b"changed=" + encode(answer))
    except Exception as error:  # noqa: BLE001 -- ComfyUI's rule: it runs each time then
        asked.is_volatile = True
        message = f"{node_type.title} runs each time: its changed-check failed ({type(error).__name__}: {error})."
        asked.problems.append((None, "changed_check", message, "warning"))


def _holds_nan(answer: Any) -> bool:
    if isinstance(answer, (list, tuple)):
        return any(map(_holds_nan, answer))
    return isinstance(answer, float) and answer != answer  # noqa: PLR0124 -- how NaN is told


def _ask_validate(
    asked: Asked, node_type: NodeType, hook: Callable[..., Any], literals: Mapping[str, Any], linked: Mapping[str, str]
) -> None:
    arguments = _arguments(node_type, hook, literals, linked)
    only = next(iter(arguments)) if len(arguments) == 1 else None
    if node_type.checks_link_types:
        arguments["input_types"] = dict(linked)
    try:
        answer = call_hook(hook, arguments)
    except Exception as error:  # noqa: BLE001 -- see the module's docstring
        message = f"{node_type.title}: its own validation failed ({type(error).__name__}: {error})."
        asked.problems.append((only, "bad_value", message, "error"))
        return
    if answer is not True:
        words = f": {answer}" if isinstance(answer, str) else f" (got {', '.join(arguments) or 'nothing'})"
        message = f"{node_type.title} does not accept its inputs{words}"
        asked.problems.append((only, "bad_value", message, "error"))
