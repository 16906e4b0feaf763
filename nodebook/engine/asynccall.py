"""Calling an async node on the event loop: many calls at once, and a cancelled run ends them where they wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from time import perf_counter
from typing import Any

from nodebook.engine.cache import Entry
from nodebook.engine.calling import Expanding, Prepared, gather, prepare
from nodebook.engine.context import NodeContext, current_node
from nodebook.engine.failures import clear_frames
from nodebook.engine.items import Block
from nodebook.engine.nodetype import NodeType
from nodebook.engine.plan import Step
from nodebook.engine.runstate import RunState
from nodebook.errors import Cancelled


async def attempt_async(
    state: RunState, step: Step, asked: frozenset[str], *, is_last: bool = False
) -> Entry | Expanding | None:
    """Call a step's coroutine function. Only the cancellation of this very task comes out of here.

    Where memory runs out it is called once more, after everything that can be given back was.
    """
    state.started(step)
    try:
        return await _call(state, step, asked)
    except Cancelled:
        state.stop()
        return None
    except asyncio.CancelledError as error:
        if state.cancelled.is_set():
            raise
        state.fail(step, error)
        return None
    except BaseException as error:  # noqa: BLE001 - a node may raise anything, and no branch may stop another
        if is_last or not state.services.is_out_of_memory(error):
            state.fail(step, error)
            return None
        clear_frames(error)
    finally:
        state.running.pop(step.id, None)
    state.services.reclaim()
    return await attempt_async(state, step, asked, is_last=True)


async def _call(state: RunState, step: Step, asked: frozenset[str]) -> Entry | Expanding:
    compiled, services = step.compiled, state.services
    node_type = compiled.type
    assert node_type is not None  # noqa: S101 - plans hold runnable nodes only
    gathered = gather(step.id, compiled, state.live, services.values, services.resources, asked)
    if step.id in state.stops.changes:
        gathered = state.stops.changed(step.id, gathered)
    prepared = prepare(compiled, gathered)
    state.note_refusals(step, prepared)
    start = state.running[step.id] = perf_counter()
    try:
        returned = await _call_all(node_type, prepared, state.context(step))
    except BaseException:
        state.drop_changed(prepared.guarded)
        raise
    return state.end(step, prepared, returned, perf_counter() - start)


async def _call_all(node_type: NodeType, prepared: Prepared, context: NodeContext) -> list[Any]:
    async def one(arguments: dict[str, Any] | Block) -> Any:
        if isinstance(arguments, Block):
            return Block()
        current_node.set(context)
        called = node_type.function(**arguments)
        return await (_drain(called, context) if node_type.is_generator else called)

    if len(prepared.calls) == 1:
        return [await one(prepared.calls[0])]
    # All to their end, so that none is left running behind a failure of another.
    returned = await asyncio.gather(*map(one, prepared.calls), return_exceptions=True)
    error = next((each for each in returned if isinstance(each, BaseException)), None)
    if error is not None:
        raise error
    return list(returned)


async def _drain(generator: AsyncGenerator[Any, None], context: NodeContext) -> Any:
    """Show each value that an async generator yields, and return the last."""
    shown = None
    async with aclosing(generator):
        async for shown in generator:
            context.check()
            context.on_preview(context.node, shown)
    return shown
