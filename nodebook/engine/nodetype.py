"""What the engine and the editor know of a kind of node."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nodebook.engine.codehash import CodeVersion, code_version
from nodebook.engine.fingerprint import encode
from nodebook.engine.ports import Convert
from nodebook.errors import UnknownInputError

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
    key_name: bytes = field(init=False, default=b"")
    """The name as it stands in keys."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key_name", self.name.encode() + b"=")

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
    input_by_name: Mapping[str, InputSpec] = field(init=False)
    output_index: Mapping[str, int] = field(init=False)
    given_defaults: dict[str, tuple[Any, bytes]] = field(init=False, default_factory=dict, compare=False)
    """Defaults as the function gets them and as keys have them; ``compiled`` keeps them here, once for all nodes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_by_name", {spec.name: spec for spec in self.inputs})
        object.__setattr__(self, "output_index", {spec.name: index for index, spec in enumerate(self.outputs)})

    @cached_property
    def fingerprint_inputs(self) -> tuple[str, ...]:
        """Names of the inputs that the type's own fingerprint looks at."""
        if self.fingerprint is None:
            return ()
        wanted = inspect.signature(self.fingerprint).parameters.values()
        if any(each.kind is each.VAR_KEYWORD for each in wanted):
            return tuple(self.input_by_name)
        return tuple(each.name for each in wanted if each.name in self.input_by_name)

    @cached_property
    def own_code(self) -> CodeVersion:
        """The declared version, or a hash of the function. A value: ``Library.refresh`` asks whether it still holds."""
        return code_version(self.function) if self.version is None else CodeVersion(self.version.encode(), True)

    @property
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
