"""``@node``: a typed Python function becomes a node type, and stays that function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, ParamSpec, TypedDict, TypeVar, Unpack, overload

from nodebook.engine.callables import as_function
from nodebook.engine.words import title_of
from nodebook.errors import NodeDefinitionError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """What ``@node(...)`` may say beside the signature (docs/design/node-api.md)."""

    name: str | None = None
    title: str | None = None
    category: str | None = None
    outputs: tuple[str, ...] | None = None
    is_output: bool = False
    cache: bool = True
    fingerprint: Callable[..., Any] | None = None
    aliases: tuple[str, ...] = ()
    version: str | None = None
    lane: str = "main"
    needs: Callable[..., Any] | None = None
    changed: Callable[..., Any] | None = None
    validate: Callable[..., Any] | None = None
    idempotent: bool = True


if TYPE_CHECKING:
    _AnyValue = Any  # a type checker shall take a reference wherever a node function takes a value
else:
    _AnyValue = object


class Reference(_AnyValue):  # type: ignore[misc]  # a subclass of Any on purpose
    """Stands for an output in a graph; calling a node function on one adds a node to that graph."""

    is_of_run: ClassVar[bool] = False
    """Whether a node that runs may return it: nodes of its own subgraph, and links that it was given."""

    def call(self, function: NodeFunction[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Add a node that calls ``function`` with these arguments, and return its output."""
        raise NotImplementedError


class UI:
    """What an output node shows, and the values it passes on if it has any.

    ``payload`` members become attributes of the node's handle: ``UI(images=[...])`` → ``g["Save Image"].images``.
    """

    __slots__ = ("outputs", "payload")

    def __init__(self, *, outputs: tuple[Any, ...] = (), **payload: Any) -> None:
        self.outputs = outputs
        self.payload = payload


class NodeFunction(Generic[P, R]):
    """A function that is also a node type.

    Called with plain values it is the function. Called with an output of a graph it adds a node and returns its output.
    """

    def __init__(self, function: Callable[P, R], options: NodeOptions) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.options = options

    @property
    def type_name(self) -> str:
        """Name of the node type in documents."""
        return self.options.name or self.function.__name__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function, or add a node to the graph that one of the arguments belongs to."""
        for value in (*args, *kwargs.values()):
            if isinstance(value, Reference):
                return value.call(self, args, kwargs)  # type: ignore[no-any-return]  # a handle stands for R
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        """Name the node type; no address, so that notebooks stay the same when run again."""
        return f"<node {self.type_name}>"


class NodeKeywords(TypedDict, total=False):
    """The options of ``@node(...)`` (docs/design/node-api.md)."""

    name: str
    title: str
    category: str
    outputs: Sequence[str]
    is_output: bool
    cache: bool
    fingerprint: Callable[..., Any]
    aliases: Sequence[str]
    version: str
    lane: str
    needs: Callable[..., Any]
    changed: Callable[..., Any]
    validate: Callable[..., Any]
    idempotent: bool


@overload
def node(function: Callable[P, R], /) -> NodeFunction[P, R]: ...
@overload
def node(**options: Unpack[NodeKeywords]) -> Callable[[Callable[P, R]], NodeFunction[P, R]]: ...


def node(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a node type. See docs/design/node-api.md for the options and annotations."""
    for member in ("outputs", "aliases"):
        if options.get(member) is not None:
            options[member] = tuple(options[member])
    if function is None:
        return lambda later: _wrap(later, options)
    return _wrap(function, options)


def _wrap(target: Callable[..., Any], options: dict[str, Any]) -> NodeFunction[..., Any]:
    if isinstance(target, NodeFunction):
        named = {member.name: getattr(target.options, member.name) for member in fields(NodeOptions)}
        return NodeFunction(target.function, NodeOptions(**{**named, **options}))
    if isinstance(target, type):
        target, hooks = _from_class(target)
        options = {**hooks, **options}
    else:
        target, name = as_function(target, options.get("name"))
        if name is not None:
            options = {"name": name, "title": title_of(name.rpartition(".")[2]), **options}
    return NodeFunction(target, NodeOptions(**options))


_HOOKS = ("needs", "changed", "validate")


def _from_class(kind: type) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Return the function that a class with ``run`` stands for, and its hooks as options.

    Every call has an object of its own: what a node keeps between calls would be no part of its key.
    """
    run = getattr(kind, "run", None)
    if not callable(run):
        raise NodeDefinitionError(
            f"{kind.__name__} is a class without a method `run`, so it cannot be a node. Give it `run` with typed "
            "parameters (and needs, changed or validate where it wants them), or write a function."
        )
    hooks = {name: _method(kind, name) for name in _HOOKS if callable(getattr(kind, name, None))}
    function = _method(kind, "run")
    function.__name__, function.__qualname__ = kind.__name__, kind.__qualname__
    function.__doc__ = kind.__doc__ or run.__doc__
    return function, hooks


def _method(kind: type, name: str) -> Callable[..., Any]:
    """Return a method as a function that makes its own object for each call."""
    method = getattr(kind, name)
    is_bound = not inspect.isfunction(inspect.getattr_static(kind, name))

    def bound() -> Callable[..., Any]:
        return getattr(kind if is_bound else kind(), name)  # type: ignore[no-any-return]  # it is callable

    call = _of_kind(method, bound)
    signature = inspect.signature(method)
    if not is_bound:
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
    call.__annotations__ = dict(method.__annotations__)
    call.__signature__ = signature  # type: ignore[attr-defined]  # what inspect.signature asks for
    call.__module__ = kind.__module__
    call.__wrapped__ = method  # type: ignore[attr-defined]  # where names in its annotations are looked up
    return call


def _of_kind(method: Callable[..., Any], bound: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """Return a function of the same kind as ``method`` (plain, async, generator) that calls what ``bound`` returns."""

    def call(**inputs: Any) -> Any:
        return bound()(**inputs)

    def call_generator(**inputs: Any) -> Any:
        return (yield from bound()(**inputs))

    async def call_async(**inputs: Any) -> Any:
        return await bound()(**inputs)

    if inspect.iscoroutinefunction(method):
        return call_async
    return call_generator if inspect.isgeneratorfunction(method) else call
