"""Nodes that steer a graph: choices, loops over a node type, and lists of values."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from nodebook.engine.annotations import Lazy, Port, Text
from nodebook.engine.expansion import Subgraph
from nodebook.engine.items import Block, Items
from nodebook.engine.node import node
from nodebook.errors import InputValueError
from nodebook.nodes.ports import Image

_CATEGORY = "flow"

Body = Annotated[str, Field(min_length=1), Text(placeholder="name of a node type")]
Times = Annotated[int, Field(ge=0, le=100_000)]


@node(
    name="ComfySwitchNode",
    title="Switch",
    category="logic",
    outputs=("output",),
    needs=lambda switch: ["on_true" if switch else "on_false"],
    aliases=("if", "choose", "branch"),
)
def switch_node(switch: bool = False, on_false: Lazy[Any | None] = None, on_true: Lazy[Any | None] = None) -> Any:  # noqa: FBT001, FBT002 -- an input of the node
    """Pass on one of two values. What leads to the other is not computed."""
    return on_true if switch else on_false


@node(name="Gate", title="Gate", category=_CATEGORY, outputs=("value",), aliases=("stop", "block"))
def gate(value: Any, open: bool = True, message: str = "") -> Any:  # noqa: A002, FBT001, FBT002 -- inputs of the node
    """Pass a value on, or keep everything that follows from running.

    open: whether the value passes.
    message: shown on the first node that does not run.
    """
    return value if open else Block(message or None)


@node(name="Repeat", title="Repeat", category=_CATEGORY, outputs=("value",), aliases=("loop", "for"))
def repeat(value: Any, body: Body, times: Times = 2, **inputs: Any) -> Any:
    """Pass a value through so many nodes of one type, one after the other.

    body: name of the node type; the value goes into its first free input. Further inputs go to each of the nodes.
    times: how many nodes; 0 gives the value itself.
    """
    sub = Subgraph()
    for _ in range(times):
        value = sub.add(body, value, **inputs)
    return value


@node(name="Map", title="Map", category=_CATEGORY, outputs=("values",), aliases=("loop", "for each"))
def map_items(values: Items[Any], body: Body, **inputs: Any) -> Items[Any]:
    """Pass each value through a node of its own. A changed list repeats the changed values only.

    body: name of the node type; the value goes into its first free input. Further inputs go to each of the nodes.
    """
    sub = Subgraph()
    return Items(sub.add(body, value, **inputs) for value in values)


@node(name="Fold", title="Fold", category=_CATEGORY, outputs=("value",), aliases=("loop", "reduce", "accumulate"))
def fold(values: Items[Any], body: Body, start: Any = None, **inputs: Any) -> Any:
    """Put values together, two at a time: the result so far, and the next value.

    body: name of the node type; the result so far goes into its first free input, the next value into the second.
    start: what comes before the first value; without it the first value is the start.
    """
    rest = list(values)
    if start is None:
        if not rest:
            raise InputValueError("Fold has no values and no start, so there is no result. Connect one of them.")
        start = rest.pop(0)
    sub = Subgraph()
    for value in rest:
        start = sub.add(body, start, value, **inputs)
    return start


@node(name="Range", title="Range", category=_CATEGORY, outputs=("values",), aliases=("numbers", "count"))
def count_range(start: int = 0, stop: int = 4, step: int = 1) -> Items[int]:
    """Give whole numbers one after another. What reads them runs once for each.

    stop: the first number that is not given.
    """
    if step == 0:
        raise InputValueError("The step of Range is 0, so it would never end. Set a step above or below 0.")
    return Items(range(start, stop, step))


@node(name="ListToItems", title="List to Items", category=_CATEGORY, outputs=("values",), aliases=("for each",))
def list_to_items(values: Annotated[Any, Port("*")]) -> Items[Any]:
    """Give what is in a list one after another. What reads it runs once for each."""
    return Items(values)


@node(name="ItemsToList", title="Items to List", category=_CATEGORY, outputs=("list",), aliases=("collect", "gather"))
def items_to_list(values: Items[Any]) -> list[Any]:
    """Put values that come one after another into a list."""
    return list(values)


@node(name="RebatchImages", title="Rebatch Images", category="image/batch", outputs=("IMAGE",))
def rebatch_images(
    images: Items[Image],
    batch_size: Items[Annotated[int, Field(ge=1, le=4096)]] = 1,  # type: ignore[assignment]  # one value stands for a list
) -> Items[Image]:
    """Regroup pictures into batches of one size. What reads them runs once for each batch.

    batch_size: pictures in each batch; the last may have fewer.
    """
    size = next(iter(batch_size))
    singles: list[Tensor] = [picture for batch in images for picture in torch.split(batch, 1)]
    shapes = {tuple(each.shape[1:]) for each in singles}
    if len(shapes) > 1 and size > 1:
        listed = ", ".join(f"{width} by {height}" for height, width, _ in sorted(shapes))
        raise InputValueError(
            f"Pictures of one batch must have one size, got {listed}. Scale them first, or set batch_size to 1."
        )
    return Items(torch.cat(singles[index : index + size]) for index in range(0, len(singles), size))


@node(name="Reroute", title="Reroute", category="utils", outputs=("value",), aliases=("dot", "pass through"))
def reroute(value: Any) -> Any:
    """Lead a link around other nodes. It does nothing in a run: what reads it reads what it is linked to."""
    return value


@node(
    name="Variable",
    title="Variable",
    category="notebook",
    outputs=("value",),
    aliases=("notebook", "python", "from notebook", "cell"),
)
def variable(name: Annotated[str, Text(placeholder="name of a variable")] = "") -> Any:
    """Give a variable of the notebook to several nodes. What follows runs again when a cell gave it another content.

    name: the variable, as cells call it.
    """
    return name  # never called: what reads this node reads the variable
