"""``nb.node``: define a node type in the session, from a function in a cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, Unpack, overload

from nodebook.engine.node import NodeFunction, NodeKeywords
from nodebook.engine.node import node as make_node
from nodebook.rooms import room
from nodebook.sessions import session

P = ParamSpec("P")
R = TypeVar("R")


@overload
def node(function: Callable[P, R], /) -> NodeFunction[P, R]: ...
@overload
def node(**options: Unpack[NodeKeywords]) -> Callable[[Callable[P, R]], NodeFunction[P, R]]: ...


def node(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a node type of this session; defining it again replaces it.

    Given plain values the function stays that function. Given an output of a graph it adds a node to that graph and
    returns the node's output. Options and annotations: docs/design/node-api.md. Raises ``NodeDefinitionError`` where
    the signature cannot be a node.
    """
    if function is None:
        return lambda later: _define(make_node(**options)(later))
    return _define(make_node(function))


def _define(node_function: NodeFunction[..., Any]) -> NodeFunction[..., Any]:
    room("notebook.cells").watch()
    session().library.define(node_function)
    return node_function
