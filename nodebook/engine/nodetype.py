"""What the engine and the editor know of a kind of node."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nodebook.engine.codehash import CodeVersion, code_version
from nodebook.engine.context import NodeId
from nodebook.engine.fingerprint import encode
from nodebook.engine.ports import Convert
from nodebook.errors import UnknownInputError

MAIN_LANE = "main"
ASYNC_LANE = "async"
CONCURRENT_LANE = "concurrent"

MISSING: Any = type("Missing", (), {"__repr__": lambda _self: "MISSING", "__slots__": ()})()
"""Stands for "no default": an input that needs a value or a link."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input: ``check`` returns the canonical literal or raises ``ValueError``; without it only links are taken."""

    name: str
    port: str
    default: Any = MISSING
    doc: str = ""
    widget: Mapping[str, Any] | None = None
    check: Convert | None = None
    check_linked: bool = False
    """Whether a value that arrives by a link is checked too (it has a range or choices)."""
    from_wire: Convert | None = None
    takes_items: bool = False
    """Whether all of many values come in one call."""
    is_lazy: bool = False
    """Whether it is computed only when the node asks for it."""
    is_raw: bool = False
    """Whether a link arrives as a reference."""
    structured: type | None = None
    """The data class or model that it takes, which counts as part of the node's code."""
    key_name: bytes = field(init=False, default=b"")
    """The name as it stands in keys."""
    is_odd: bool = field(init=False, default=False)
    """Whether what arrives is not simply the linked value."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key_name", self.name.encode() + b"=")
        object.__setattr__(self, "is_odd", self.is_lazy or self.is_raw)

    @property
    def is_required(self) -> bool:
        """Whether the node cannot run without a value or a link here."""
        return self.default is MISSING

    def info(self) -> dict[str, Any]:
        """Return the JSON that the front end reads (docs/design/protocol.md)."""
        info: dict[str, Any] = {"name": self.name, "type": self.port, "required": self.is_required}
        if not self.is_required:
            info["default"] = self.default
        info.update(widget=dict(self.widget) if self.widget is not None else None, doc=self.doc)
        return info


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output. ``to_wire`` makes the value that travels; ``from_wire`` gives it back as the function declared it."""

    name: str
    port: str
    doc: str = ""
    to_wire: Convert | None = None
    from_wire: Convert | None = None
    gives_items: bool = False
    """Whether what the function returns here is many values, one after another."""
    structured: type | None = None
    """The data class or model that it is."""

    def info(self) -> dict[str, Any]:
        """Return the JSON that the front end reads."""
        return {"name": self.name, "type": self.port, "doc": self.doc}


@dataclass(frozen=True)
class NodeType:
    """A kind of node: its interface, and the function that does the work."""

    name: str
    title: str
    category: str
    description: str
    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    function: Callable[..., Any]
    hidden: tuple[tuple[str, Any], ...] = ()
    """Parameters that the session fills in, with the type of object each takes."""
    is_output: bool = False
    is_cached: bool = True
    fingerprint: Callable[..., Any] | None = None
    aliases: tuple[str, ...] = ()
    origin: str = "builtin"
    version: str | None = None
    returns_tuple: bool = False
    """Whether a single output comes in a tuple of one."""
    lane: str = MAIN_LANE
    """Where it runs: ``main``, ``concurrent``, ``async``, or a serial lane of any other name (a device)."""
    gives_last: bool = False
    """Whether its result is what it yields last, as that of an async generator, which can return nothing."""
    is_generator: bool = False
    takes_any: bool = False
    """Whether inputs that it does not declare are passed on to it."""
    needs: Callable[..., Any] | None = None
    """Asked before it runs: which lazy inputs it wants, by what it has."""
    changed: Callable[..., Any] | None = None
    """Asked at each plan: a value that joins the key. NaN: it runs each time."""
    validate: Callable[..., Any] | None = None
    is_idempotent: bool = True
    """Whether two equal nodes may share one result."""
    resident_inputs: tuple[str, ...] = ()
    """Inputs that carry what is costly to load (a model): the order of a run keeps one in use."""
    input_by_name: Mapping[str, InputSpec] = field(init=False)
    output_index: Mapping[str, int] = field(init=False)
    given_defaults: dict[str, tuple[Any, bytes]] = field(init=False, default_factory=dict, compare=False)
    """Defaults as the function gets them and as keys have them; ``compiled`` keeps them here, once for all nodes."""

    is_simple: bool = field(init=False)
    """Whether a run may treat it as a plain function of its inputs: no lane, nothing lazy, no links as references."""
    has_hooks: bool = field(init=False)
    """Whether more joins its key than code, literals and sources."""

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("input_by_name", {spec.name: spec for spec in self.inputs})
        put("output_index", {spec.name: index for index, spec in enumerate(self.outputs)})
        is_odd = any(spec.is_odd for spec in self.inputs)
        put("is_simple", not (is_odd or self.lane != MAIN_LANE or self.resident_inputs))
        hooks = (self.fingerprint, self.changed, self.validate)
        has_own_key = not self.is_idempotent or self.knows_its_id
        put("has_hooks", has_own_key or any(hook is not None for hook in hooks))

    @cached_property
    def items_inputs(self) -> frozenset[str]:
        """Names of the inputs that get many values in one call."""
        return frozenset(spec.name for spec in self.inputs if spec.takes_items)

    @property
    def knows_its_id(self) -> bool:
        """Whether the function gets the node's id, so that equal nodes need not give equal results."""
        return any(kind is NodeId for _, kind in self.hidden)

    @cached_property
    def checks_link_types(self) -> bool:
        """Whether its own validation decides which port types may be linked to it."""
        return self.validate is not None and "input_types" in inspect.signature(self.validate).parameters

    @property
    def is_checked_again(self) -> bool:
        """Whether its key may change without an edit, so that each plan must look again."""
        return self.fingerprint is not None or self.changed is not None

    @cached_property
    def fingerprint_inputs(self) -> tuple[str, ...]:
        """Names of the inputs that the type's own fingerprint looks at."""
        return () if self.fingerprint is None else self.inputs_of(self.fingerprint)

    def inputs_of(self, hook: Callable[..., Any]) -> tuple[str, ...]:
        """Return the names of the inputs that a hook takes; all of them where it takes ``**inputs``."""
        wanted = inspect.signature(hook).parameters.values()
        if any(each.kind is each.VAR_KEYWORD for each in wanted):
            return tuple(self.input_by_name)
        return tuple(each.name for each in wanted if each.name in self.input_by_name)

    @cached_property
    def own_code(self) -> CodeVersion:
        """The declared version, or a hash of the function and of what asks for its lazy inputs.

        A value: ``Library.refresh`` asks whether it still holds.
        """
        return self.code_now()

    def code_now(self) -> CodeVersion:
        """Return what ``own_code`` would be if it were asked for the first time now."""
        if self.version is not None:
            return CodeVersion(self.version.encode(), is_portable=True)
        parts: list[Any] = [self.function, *(spec.structured for spec in self.inputs if spec.structured is not None)]
        if self.needs is not None:
            parts.append(self.needs)
        versions = list(map(code_version, parts))
        return CodeVersion(b"".join(each.digest for each in versions), all(each.is_portable for each in versions))

    @cached_property
    def is_portable(self) -> bool:
        """Whether ``code`` means the same in every process, so that results may outlive this one."""
        return self.own_code.is_portable

    @cached_property
    def code(self) -> bytes:
        """What of the code joins a node's key."""
        own = self.own_code.digest
        ports = [f"{spec.name}:{spec.port}" for spec in self.inputs] + [
            f"{spec.name}:{spec.port}" for spec in self.outputs
        ]
        return encode([self.name, own, ports])

    def input(self, name: str) -> InputSpec:
        """Return an input by name. Raises ``UnknownInputError``."""
        try:
            return self.input_by_name[name]
        except KeyError:
            names = ", ".join(self.input_by_name) or "none"
            raise UnknownInputError(f"{self.title} has no input {name!r}. Its inputs are: {names}.") from None

    def info(self) -> dict[str, Any]:
        """Return the JSON that the front end reads (docs/design/protocol.md)."""
        return {
            "name": self.name,
            "title": self.title,
            "category": self.category,
            "description": self.description,
            "aliases": list(self.aliases),
            "inputs": [spec.info() for spec in self.inputs],
            "outputs": [spec.info() for spec in self.outputs],
            "is_output": self.is_output,
            "origin": self.origin,
        }
