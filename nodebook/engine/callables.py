"""Callables that are no plain function: bound methods, partials, objects with ``__call__``.

Each becomes a function of its own signature that closes over the callable, so that its version holds what is in it: the
object of a method, the arguments of a partial.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from nodebook.errors import NodeDefinitionError


def as_function(target: Any, name: str | None) -> tuple[Callable[..., Any], str | None]:  # noqa: PLR0911 -- one for each kind of callable
    """Return the function that a callable stands for, and its name if it has another than the function's.

    Raises ``NodeDefinitionError`` for what is none, or has no name.
    """
    if isinstance(target, staticmethod):
        return target.__func__, None
    if isinstance(target, (classmethod, property)):
        raise NodeDefinitionError(
            f"A {type(target).__name__} cannot be a node inside its class, which does not exist yet. Make it one "
            "afterwards: nb.node(Class.method)."
        )
    if isinstance(target, FunctionType):
        return target, None
    if isinstance(target, MethodType):
        owner = target.__self__ if isinstance(target.__self__, type) else type(target.__self__)
        return _closing_over(target, target, target.__name__), f"{owner.__name__}.{target.__name__}"
    if isinstance(target, functools.partial):
        if name is None:
            raise NodeDefinitionError(
                f"A partial of {_name_of(target.func)} has no name that documents could know its node type by. Give "
                "one: nb.node(name=...)(functools.partial(...))."
            )
        return _closing_over(target, target.func, name, fixed=frozenset(target.keywords)), None
    if not callable(target):
        raise NodeDefinitionError(
            f"A {type(target).__name__} cannot be called, so it cannot be a node; got {target!r}. Give nb.node a "
            "function."
        )
    if isinstance(target, BuiltinFunctionType):
        return target, None
    call = target.__call__
    if not isinstance(call, MethodType):
        return target, None
    return _closing_over(target, call, type(target).__name__), None


def _name_of(target: Any) -> str:
    return getattr(target, "__name__", type(target).__name__)


def _closing_over(
    target: Callable[..., Any], source: Any, name: str, fixed: frozenset[str] = frozenset()
) -> Callable[..., Any]:
    """Return a function that calls ``target``; ``source`` has its annotations, ``fixed`` are no inputs of it."""
    while isinstance(source, functools.partial):
        source = source.func
    if not isinstance(source, (FunctionType, MethodType)) and callable(source):
        source = source.__call__
    function = _of_kind(target, source)
    signature = inspect.signature(target)
    kept = [each for each in signature.parameters.values() if each.name not in fixed]
    function.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]  # what inspect.signature asks for
    function.__name__ = function.__qualname__ = name
    function.__doc__ = inspect.getdoc(source)
    function.__module__ = source.__module__
    function.__annotations__ = dict(getattr(source, "__annotations__", {}))
    function.__wrapped__ = source  # type: ignore[attr-defined]  # where names in its annotations are looked up
    return function


def _of_kind(target: Callable[..., Any], source: Any) -> Callable[..., Any]:
    def call(*values: Any, **inputs: Any) -> Any:
        return target(*values, **inputs)

    def call_generator(*values: Any, **inputs: Any) -> Any:
        return (yield from target(*values, **inputs))

    async def call_async(*values: Any, **inputs: Any) -> Any:
        return await target(*values, **inputs)

    async def call_async_generator(*values: Any, **inputs: Any) -> Any:
        async for each in target(*values, **inputs):
            yield each

    if inspect.iscoroutinefunction(source):
        return call_async
    if inspect.isasyncgenfunction(source):
        return call_async_generator
    return call_generator if inspect.isgeneratorfunction(source) else call
