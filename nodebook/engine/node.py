"""``@node``: a typed Python function becomes a node type, and stays that function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypedDict, TypeVar, Unpack, overload

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


if TYPE_CHECKING:
    _AnyValue = Any  # a type checker shall take a reference wherever a node function takes a value
else:
    _AnyValue = object


class Reference(_AnyValue):  # type: ignore[misc]  # a subclass of Any on purpose
    """Stands for an output in a graph; calling a node function on one adds a node to that graph."""

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


@overload
def node(function: Callable[P, R], /) -> NodeFunction[P, R]: ...
@overload
def node(**options: Unpack[NodeKeywords]) -> Callable[[Callable[P, R]], NodeFunction[P, R]]: ...


def node(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a node type. See docs/design/node-api.md for the options and annotations."""
    for member in ("outputs", "aliases"):
        if options.get(member) is not None:
            options[member] = tuple(options[member])
    chosen = NodeOptions(**options)
    if function is None:
        return lambda later: NodeFunction(later, chosen)
    return NodeFunction(function, chosen)
