"""From an exception inside a node to what a person reads. Nothing here keeps a frame, and so no tensor, alive."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

from nodebook.engine.events import NodeError
from nodebook.engine.plan import Step

_ENGINE = str(Path(__file__).parent)
_INPUT_NOTE = "nodebook-input: "


def describe_failure(error: BaseException, step: Step) -> NodeError:
    """Describe what a node raised: class, message, the input to blame, and the traceback from its own code on."""
    message = _words(error)
    name = _input_of(error)
    if isinstance(error, ValueError) and "read-only" in message and step.compiled.sources:
        name = name or (step.compiled.sources[0].input if len(step.compiled.sources) == 1 else None)
        message = (
            f"{message}. Inputs are shared with other nodes and the cache, so they cannot be changed in place: "
            "copy the array first, then change the copy."
        )
    text = _traceback_text(error)
    title = step.compiled.node.title or (step.compiled.type.title if step.compiled.type else step.compiled.node.type)
    failure = NodeError(step.id, type(error).__name__, message, name, text, title)
    clear_frames(error)
    return failure


def _words(error: BaseException) -> str:
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 - an exception may fail even at this
        return f"{type(error).__name__} (its message cannot be shown: its __str__ fails)"


def _input_of(error: BaseException) -> str | None:
    notes = [note for note in getattr(error, "__notes__", ()) if isinstance(note, str) and note.startswith(_INPUT_NOTE)]
    return notes[0].removeprefix(_INPUT_NOTE) if notes else None


def _traceback_text(error: BaseException) -> str:
    tb = _own_code(error.__traceback__)
    lines = traceback.format_exception(type(error), error, tb)
    return "".join(line for line in lines if _INPUT_NOTE not in line)


def _own_code(tb: TracebackType | None) -> TracebackType | None:
    """Skip the engine's frames at the start, so that the traceback starts at the node's code."""
    first = tb
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith(_ENGINE):
        tb = tb.tb_next
    return tb or first


def clear_frames(error: BaseException) -> None:
    """Drop the tracebacks of an exception and of what it came from: their frames hold the node's local variables."""
    seen: set[int] = set()
    stack: list[BaseException | None] = [error]
    while stack:
        current = stack.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.__traceback__ = None
        stack.extend((current.__cause__, current.__context__))
        if isinstance(current, BaseExceptionGroup):
            stack.extend(current.exceptions)
