"""The lock of a graph: what its results were made with, and what they were; and its JSON.

``{"lock": 1, "document": …, "environment": {…}, …}``: members and names are sorted and what is empty is left out, so
that two locks differ in the lines that differ in fact.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nodebook.engine.graph import id_order
from nodebook.engine.words import clipped
from nodebook.notebook.errors import LockError, NewerLockError
from nodebook.tables import bytes_text, html_frame, html_heading, html_table, text_table

if TYPE_CHECKING:
    from nodebook.notebook.lock.check import Difference

VERSION = 1

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_HEAD = ("what", "which", "as locked")
_SHOWN_DIGITS = 12
_STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file that a node reads by name."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    kind: Literal["model", "input"]
    name: str
    """As the node names it."""
    bytes: int
    category: str | None = None
    """The model folder it is looked for in; None for a file of the input folder."""
    xxh3: str | None = None
    """xxh3_128 of a model's content, which every run knows."""
    sha256: str | None = None
    """SHA-256 of the content, by which a file is found elsewhere; None while it is not known yet. A file that was
    changed after the run has neither digest: what it was is not known."""
    source: str | None = None
    """Where to get it, as far as its header says."""


@dataclass(frozen=True, slots=True)
class LockedType:
    """A node type that is not built in: a function of the notebook, of a file beside it, or of a package."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    code: str
    """The version of the code with all that it reads (docs/design/code.md)."""
    module: str
    portable: bool = True
    """Whether equal versions mean equal code in every process; where not, only the source text is compared."""
    source: str | None = None
    """Digest of the function's own text; None where there is none."""
    text: tuple[str, ...] = ()
    """That text itself, in lines, where it is short."""


@dataclass(frozen=True, slots=True)
class LockedResult:
    """What one output gave."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    shows: str
    """What it is, in words: ``IMAGE 1 x 512 x 512 x 3 float32``."""
    content: str | None = None
    """Digest of its content; None where it has none (a model's handle) or it is not known yet."""
    pictures: tuple[str, ...] = ()
    """Size and signature of each picture, of nodes that the run was for: ``"512x768 <base64>"`` (``likeness``)."""


@dataclass(frozen=True, slots=True)
class LockedNode:
    """A node that ran, or whose result was at hand."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    type: str
    title: str | None = None
    results: Mapping[str, LockedResult] = field(default_factory=lambda: _NOTHING)
    """By output. What a node shows without passing it on stands under its name there, as ``images`` of Save Image."""
    volatile: bool = False
    """Whether it runs each time, so that nothing says that it gives the same again."""


@dataclass(frozen=True, slots=True)
class Lock:
    """What the results of a graph's last run were made with, and what they were."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    document: str = ""
    """Digest of the nodes that the run depended on: types, values and links, not titles and places."""
    outcome: str | None = None
    """``done``, ``failed``, ``cancelled`` or ``abandoned``; None where nothing has run."""
    targets: tuple[str, ...] = ()
    """The nodes that the run was for."""
    environment: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """Python, platform, processor, device, dtype, threads: what results may depend on beside the packages."""
    packages: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    files: Mapping[str, LockedFile] = field(default_factory=lambda: _NOTHING)
    """By node and input: ``"1.ckpt_name"``."""
    seeds: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    """The seeds that the run used, by node and input."""
    types: Mapping[str, LockedType] = field(default_factory=lambda: _NOTHING)
    variables: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """Content of the notebook's variables that the graph reads, by name."""
    nodes: Mapping[str, LockedNode] = field(default_factory=lambda: _NOTHING)

    @property
    def is_complete(self) -> bool:
        """Whether all is known that can be; where not, it is being computed (``g.lock()`` waits for it)."""
        return not any(file.xxh3 is not None and file.sha256 is None for file in self.files.values())

    def to_json(self) -> dict[str, Any]:
        """Return the lock as JSON."""
        return {"lock": VERSION, **_plain(self)}

    @classmethod
    def from_json(cls, data: object) -> Lock:
        """Return the lock that JSON stands for.

        Raises ``NewerLockError``, and ``LockError`` for what is no lock: where, what was expected and what is there.
        """
        if not isinstance(data, Mapping) or "lock" not in data:
            raise LockError(f'A lock is an object with "lock": {VERSION}, got {_short(data)}. Run the graph again.')
        version = data["lock"]
        if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
            raise NewerLockError(
                f"The lock has version {version}; this nodebook reads {VERSION}. Update nodebook, or run the graph "
                "again to lock it anew."
            )
        if version != VERSION or isinstance(version, bool):
            raise LockError(f"The version of a lock is {VERSION}, got {_short(version)}. Run the graph again.")
        return _checked(cls, {name: value for name, value in data.items() if name != "lock"})

    def check(self) -> list[Difference]:
        """Return what is different here and now, without running anything: files, packages, sources, this machine."""
        from nodebook.notebook.lock.check import differences_here

        return differences_here(self)

    def __str__(self) -> str:
        return text_table(_HEAD, self._rows())

    def __repr__(self) -> str:
        return f"<lock: {self._summary()}>"

    def _repr_html_(self) -> str:
        return html_frame(html_heading("Lock", self._summary()), html_table(_HEAD, self._rows()))

    def _summary(self) -> str:
        if self.outcome is None:
            what = f"{len(self.files)} files, {len(self.packages)} packages, without results"
            return what if self.targets else "nothing has run"
        return f"{len(self.nodes)} nodes, {len(self.files)} files, run {self.outcome}"

    def _rows(self) -> list[tuple[str, str, str]]:
        rows = [("document", "", _digits(self.document))]
        for node, locked in self.nodes.items():
            for output, result in locked.results.items():
                of = f"{node} {locked.title or locked.type}: {output}"
                rows.append(("result", of, f"{result.shows}  {_digits(result.content)}".rstrip()))
        for place, file in self.files.items():
            known = _digits(file.sha256 or file.xxh3) or "not known yet"
            rows.append((file.kind, f"{place} {file.name}", f"{bytes_text(file.bytes)}  {known}"))
        rows += [("seed", place, str(seed)) for place, seed in self.seeds.items()]
        rows += [("code", name, f"{each.module}  {_digits(each.code)}") for name, each in self.types.items()]
        rows += [("variable", name, _digits(content)) for name, content in self.variables.items()]
        rows += [("package", name, version) for name, version in self.packages.items()]
        rows += [("environment", name, value) for name, value in self.environment.items()]
        return rows


def _checked(kind: type[Lock], data: Mapping[str, Any]) -> Lock:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_json(json.dumps(data))
    except (TypeError, ValueError, RecursionError) as error:
        if not isinstance(error, ValidationError):
            raise LockError(f"The lock holds what is no JSON ({error}). Run the graph again.") from error
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the lock"
        message = first["msg"][0].lower() + first["msg"][1:]
        raise LockError(
            f"The lock was edited by hand, or cut off: at {where}: {message}, got {_short(first['input'])}. Put back "
            "what stood there, or run the graph again to lock it anew."
        ) from None


def _plain(value: Any) -> Any:
    """Return JSON: sorted, and without what is as it is by default."""
    if isinstance(value, Mapping):
        return {name: _plain(value[name]) for name in sorted(value, key=_order)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    found = {}
    for each in sorted(fields(value), key=lambda each: each.name):
        held = getattr(value, each.name)
        usual = each.default if each.default_factory is MISSING else each.default_factory()
        if held != usual:
            found[each.name] = _plain(held)
    return found


def _order(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Sort node 2 before node 10, also inside subgraphs and before an input's name."""
    parts = name.replace(".", "/").split("/")
    return tuple(id_order(part) for part in parts)


def _digits(text: str | None) -> str:
    return "" if text is None else text[:_SHOWN_DIGITS]


def _short(value: object) -> str:
    return clipped(repr(value), 60)  # about one line
