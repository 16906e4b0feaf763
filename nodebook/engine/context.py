"""What a node function may ask of the run that it is part of."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any, NewType

from nodebook.errors import Cancelled

if TYPE_CHECKING:
    from nodebook.engine.graph import GraphState
    from nodebook.engine.library import Library

NodeId = NewType("NodeId", str)
"""``Hidden[NodeId]``: the id of the node that runs."""


@dataclass(frozen=True, slots=True)
class RunDocument:
    """``Hidden[RunDocument]``: the document of the graph that runs, as it is at this run."""

    dump: Callable[[], str]

    @property
    def json(self) -> str:
        """The document as JSON text, parameters of this run included."""
        return self.dump()


@dataclass(frozen=True, slots=True)
class RunGraph:
    """``Hidden[RunGraph]``: the graph that runs, without subgraphs and reroutes, and the types of its nodes."""

    state: GraphState
    library: Library


@dataclass(frozen=True, slots=True)
class RunLock:
    """``Hidden[RunLock]``: what the run is made with, as far as that is known before it ends."""

    dump: Callable[[], str]

    @property
    def json(self) -> str:
        """The lock as JSON text."""
        return self.dump()


class NodeContext:
    """The running node, as its function sees it through ``progress`` and ``preview``.

    ``on_output`` is told what the node writes (``capture.py``): node, level and text; None: nobody wants to know.
    """

    __slots__ = ("cancelled", "node", "on_output", "on_preview", "on_progress")

    def __init__(
        self,
        node: str,
        cancelled: Event,
        on_progress: Callable[[str, float, float], None],
        on_preview: Callable[[str, Any], None],
        on_output: Callable[[str, str, str], None] | None = None,
    ) -> None:
        self.node = node
        self.cancelled = cancelled
        self.on_progress = on_progress
        self.on_preview = on_preview
        self.on_output = on_output

    def check(self) -> None:
        """Raise ``Cancelled`` when the run was asked to stop."""
        if self.cancelled.is_set():
            raise Cancelled(f"The run was cancelled while node {self.node} was working.")


current_node: ContextVar[NodeContext | None] = ContextVar("nodebook_node", default=None)


def progress(value: float, maximum: float) -> None:
    """Report that ``value`` of ``maximum`` steps are done, from inside a node function.

    Raises ``Cancelled`` when the run was cancelled: let it pass, and the node stops here. Outside a run this does
    nothing, so a node function can be called and tested by itself.
    """
    context = current_node.get()
    if context is not None:
        context.check()
        context.on_progress(context.node, value, maximum)


def preview(picture: Any) -> None:
    """Show a picture on the running node: PIL, array or tensor ``[B, H, W, C]`` in 0..1; or a data frame or a plot.

    The newest wins where frames come faster than they can be shown. Do not change the picture afterwards. Raises
    ``Cancelled`` when the run was cancelled; outside a run this does nothing.
    """
    context = current_node.get()
    if context is not None:
        context.check()
        context.on_preview(context.node, picture)
