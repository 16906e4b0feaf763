"""Helper nodes for the reference behaviours: small stand-ins for what ComfyUI's engine tests call their test nodes."""

from __future__ import annotations

import asyncio
import threading
from typing import Annotated, Any

from pydantic import Field

from nodebook.engine.annotations import Lazy, Port, RawLink
from nodebook.engine.context import progress
from nodebook.engine.expansion import Subgraph
from nodebook.engine.items import Block, Items
from nodebook.engine.node import UI, node

CALLS: list[str] = []
"""What was called, in order; emptied before each test."""

SAVED: list[Any] = []


@node(outputs=("value",))
def source(value: float = 0.0, name: str = "") -> float:
    CALLS.append(name or f"source {value:g}")
    return value


@node(outputs=("value",))
def whole(value: int = 0) -> int:
    return value


@node(is_output=True)
def save(value: Any, prefix: str = "") -> UI:
    SAVED.append(value)
    CALLS.append(f"save {prefix}".strip())
    return UI(saved=[value])


@node(outputs=("value",), needs=lambda mask: [*(["a"] if mask < 1 else []), *(["b"] if mask > 0 else [])])
def lazy_mix(mask: float = 0.0, a: Lazy[float | None] = None, b: Lazy[float | None] = None) -> float:
    """Mix two values; ask for a value only where the mask lets it through."""
    CALLS.append("mix")
    return (a or 0.0) * (1 - mask) + (b or 0.0) * mask


@node(outputs=("value",), needs=lambda a, b: next(([n] for n, v in (("a", a), ("b", b)) if v is None), []))
def lazy_one_by_one(mask: float = 0.5, a: Lazy[float | None] = None, b: Lazy[float | None] = None) -> float:
    assert a is not None
    assert b is not None
    return a * (1 - mask) + b * mask


@node(outputs=("value",))
def error(value: float = 0.0) -> float:
    raise ValueError(f"no {value:g}")


@node(outputs=("values",))
def listed(count: int = 3, start: float = 0.0) -> Items[float]:
    """Give many values one after another."""
    CALLS.append("listed")
    return Items(start + index for index in range(count))


@node(outputs=("value",))
def double(value: float, plus: float = 0.0) -> float:
    CALLS.append(f"double {value:g}")
    return 2 * value + plus


@node(outputs=("value",))
def total(values: Items[float]) -> float:
    """Take all values in one call."""
    CALLS.append(f"total of {len(values)}")
    return sum(values)


@node(outputs=("value",))
def block_odd(value: float, message: str = "") -> float | Block:
    return Block(message or None) if value % 2 else value


@node(outputs=("value",))
def expand_sum(value: float, times: int = 2) -> Any:
    """Add nodes that double the value ``times`` times."""
    sub = Subgraph()
    last: Any = value
    for _ in range(times):
        last = sub.add("double", value=last)
    return last


@node(outputs=("value",))
def mixed_return(value: float) -> Any:
    """Return a value, a shown value or new nodes, by turns."""
    kind = int(value) % 3
    if kind == 0:
        return value
    if kind == 1:
        return UI(outputs=(value,), shown=[value])
    return Subgraph().add("double", value=value)


@node(outputs=("value",))
def count_down(number: int, value: float = 0.0) -> Any:
    """A loop by expansion of itself: adds one until the number is used up."""
    if number == 0:
        return value
    return Subgraph().add("count_down", number=number - 1, value=value + 1)


@node(outputs=("value",))
def ring(value: float) -> Any:
    """Add two nodes that wait for each other."""
    sub = Subgraph()
    first = sub.add("double", value=value)
    second = sub.add("double", value=first)
    first.inputs["value"] = second
    return second


@node(outputs=("value",))
def pass_on(value: RawLink[float]) -> Any:
    """Pass the link itself on to a new node."""
    return Subgraph().add("double", value=value)


@node(outputs=("value",))
def gather_inputs(**inputs: Any) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(inputs.items()))


class Meeting:
    """Lets a number of nodes wait until all of them are there: it passes only where they overlap."""

    def __init__(self) -> None:
        self.expected = 0
        self.arrived = 0
        self.everybody: asyncio.Event | None = None
        self.most = 0
        self.barrier = threading.Barrier(1)

    def expect(self, count: int) -> None:
        self.expected, self.arrived, self.everybody, self.most = count, 0, None, 0
        self.barrier = threading.Barrier(count)

    async def join(self) -> None:
        self.everybody = self.everybody or asyncio.Event()
        self.arrived += 1
        self.most = max(self.most, self.arrived)
        if self.arrived >= self.expected:
            self.everybody.set()
        await asyncio.wait_for(self.everybody.wait(), timeout=20)


MEETING = Meeting()


def _float_only(value: Any, input_types: dict[str, str]) -> bool | str:
    del value
    return input_types.get("value", "FLOAT") == "FLOAT" or f"{input_types['value']} is not accepted"


@node(validate=lambda value: isinstance(value, float) or f"{value!r} is no float", is_output=True)
def validated_literal(value: Annotated[Any, Port("PICTURE")] | float = 0.0) -> None:
    SAVED.append(value)


@node(is_output=True)
def takes_union(value: Annotated[Any, Port("PICTURE")] | float = 0.0) -> None:
    SAVED.append(value)


@node(validate=_float_only, is_output=True)
def validated_types(value: Annotated[Any, Port("PICTURE")] = None) -> None:
    SAVED.append(value)


SEEN: list[Any] = []
"""What hooks were given."""


def seen(value: Any) -> bool:
    SEEN.append(value)
    return True


def look_at(a: Any, b: Any) -> list[str]:
    """Ask for ``a``, and note what was there when asked."""
    FIRST.append((a, b))
    return ["a"]


@node(validate=seen, is_output=True)
def validated_link(value: float = 0.0) -> None:
    SAVED.append(value)


@node(validate=lambda **inputs: inputs["value"] <= 6, is_output=True)
def validated_all(value: Annotated[float, Field(le=1.0)] = 0.0) -> None:
    SAVED.append(value)


async def _validate_later(value: Any) -> bool | str:
    await asyncio.sleep(0)
    return value <= 6 or "too much"


@node(validate=_validate_later, is_output=True)
def validated_later(value: float = 0.0) -> None:
    SAVED.append(value)


@node(outputs=("value",), changed=lambda should_change: float("nan") if should_change else 1)
def changes(*, should_change: bool = False, value: float = 0.0) -> float:
    del should_change
    CALLS.append("changes")
    return value


@node(outputs=("value",), changed=seen)
def changes_by_link(value: float = 0.0) -> float:
    CALLS.append("changes")
    return value


@node(outputs=("value",), changed=lambda value: value / 0)
def changes_badly(value: float = 0.0) -> float:
    CALLS.append("changes")
    return value


async def _needs_later(mask: float) -> list[str]:
    await asyncio.sleep(0)
    return ["a"] if mask < 0.5 else ["b"]


@node(outputs=("value",), needs=_needs_later)
async def lazy_later(mask: float = 0.0, a: Lazy[float | None] = None, b: Lazy[float | None] = None) -> float | None:
    await asyncio.sleep(0)
    return a if mask < 0.5 else b


@node(outputs=("value",), needs=look_at)
def lazy_seen(mask: float = 0.0, a: Lazy[float | None] = None, b: Lazy[float | None] = None) -> float | None:
    del mask, b
    return a


FIRST: list[Any] = []


@node(outputs=("value",), idempotent=False)
def own_result(value: float = 0.0) -> float:
    CALLS.append("own")
    return value


@node
def takes_all(values: Items[float], plus: Items[float] = 1.0) -> str:  # type: ignore[assignment]  # one stands for a list
    return f"{list(values)} {list(plus)}"


@node(is_output=True, outputs=("value",))
def save_through(value: float = 0.0) -> float:
    CALLS.append("save through")
    return value


@node(outputs=("value",))
def save_inside(value: float) -> Any:
    sub = Subgraph()
    sub.add("save", value=value, prefix="inner")
    return sub.add("double", value=value)


@node(outputs=("value",))
async def meet(value: float = 0.0, name: str = "") -> float:
    """Wait until all nodes of the meeting wait."""
    CALLS.append(f"meet {name}".strip())
    await MEETING.join()
    return value


@node(outputs=("value",))
async def later(value: float = 0.0) -> float:
    await asyncio.sleep(0)
    CALLS.append("later")
    return value + 1


@node(outputs=("value",))
async def later_error(value: float = 0.0) -> float:
    await asyncio.sleep(0)
    raise RuntimeError(f"async no {value:g}")


@node(outputs=("value",))
async def too_late(value: float = 0.0) -> float:
    await asyncio.wait_for(asyncio.sleep(60), timeout=0.01)
    return value


@node(outputs=("value",))
async def forever(value: float = 0.0) -> float:
    CALLS.append("forever")
    STARTED.set()
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        CALLS.append("cancelled")
        raise
    return value


STARTED = threading.Event()


@node(outputs=("value",))
def expand_meetings(count: int = 3) -> Any:
    """Add async nodes that overlap, and sum what they give."""
    sub = Subgraph()
    last: Any = 0.0
    for index in range(count):
        last = sub.add("add_floats", a=last, b=sub.add("meet", value=float(index + 1), name=str(index)))
    return last


@node(outputs=("value",))
def add_floats(a: float = 0.0, b: float = 0.0) -> float:
    return a + b


@node(outputs=("value",))
def report(value: float = 0.0) -> float:
    for index in range(3):
        progress(index + 1, 3)
    return value


@node(outputs=("value",))
async def report_later(value: float = 0.0) -> float:
    for index in range(3):
        progress(index + 1, 3)
        await asyncio.sleep(0)
    return value


NODES = (
    source,
    whole,
    save,
    lazy_mix,
    lazy_one_by_one,
    error,
    listed,
    double,
    total,
    block_odd,
    expand_sum,
    mixed_return,
    count_down,
    ring,
    pass_on,
    gather_inputs,
    meet,
    later,
    later_error,
    too_late,
    forever,
    expand_meetings,
    add_floats,
    report,
    report_later,
    validated_literal,
    takes_union,
    validated_types,
    validated_link,
    validated_all,
    validated_later,
    changes,
    changes_by_link,
    changes_badly,
    lazy_later,
    lazy_seen,
    own_result,
    takes_all,
    save_through,
    save_inside,
)
