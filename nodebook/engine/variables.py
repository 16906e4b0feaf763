"""Variables of the notebook as a graph reads them: content that joins keys, and values that a run may keep.

A variable is what a name means at this moment. Nothing here holds on to what it means: a reading has the digest of its
content and a few words about it. A run takes a copy of what it reads (``Readings.take``), checked against the digest,
so that a cell may go on changing the variable while the run lasts.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from nodebook.engine.codehash import code_version
from nodebook.engine.fingerprint import digest, encode, find_encoder
from nodebook.engine.valueops import ValueRegistry
from nodebook.engine.words import clipped

PLAIN_TYPES = (str, bool, int, float)
"""Types whose values are literals as they are."""

UNREAD_BYTES = 64 * 1024 * 1024
"""What holds more is not read after each cell, but when a run is planned (reading takes about 0.6 s for a GB)."""

_TRIES = 5
_SHOWN_CHARACTERS = 60
_BY = " \u00d7 "
_MOST_LOOKED_AT = 1000
_numbers = count()

Namespace = Callable[[], Mapping[str, Any]]


class _Published(NamedTuple):
    """What a graph set a variable to: the value itself where Python has no weak reference to it."""

    refer: Any
    is_weak: bool
    port: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a variable held when it was read.

    ``value``: itself where it is a number, text, True or False; None else. ``digest`` is None where the value has no
    content to go by (a connection, a lock), so that whatever reads it runs each time.
    """

    name: str
    value: Any
    digest: bytes | None
    words: str
    """A short description of the value."""
    kind: type
    item_kind: type | None = None
    """Of a list or tuple whose items are all of one type: that type."""
    is_unread: bool = False
    """Whether its content may be another by now: it is too large to be read after each cell."""
    port: str | None = None
    """The port type that it had in the graph that published it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A value that a run may keep: immutable, read-only or a copy. ``is_shared``: nobody can change it."""

    value: Any
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Publisher:
    """``Hidden[Publisher]``: sets a variable of the notebook; ``put`` is given its name, value and port type."""

    put: Callable[[str, Any, str | None], None]


class Variables:
    """The variables of one notebook. ``namespace`` is asked anew each time, on any thread."""

    def __init__(self, namespace: Namespace, values: ValueRegistry) -> None:
        self.values = values
        self.on_first: Callable[[], None] | None = None
        """Called once, when a graph first reads a variable."""
        self.unread_bytes = UNREAD_BYTES
        self._namespace = namespace
        self._published: dict[str, _Published] = {}

    def note_port(self, name: str, value: Any, port: str) -> None:
        """Remember the port type of a value that a variable was set to, for as long as it is that very value."""
        try:
            self._published[name] = _Published(weakref.ref(value), True, port)
        except TypeError:
            self._published[name] = _Published(value, False, port)

    def port_of(self, name: str, value: Any) -> str | None:
        """Return the port type that a variable's value had in the graph that published it."""
        known = self._published.get(name)
        if known is None:
            return None
        if (known.refer() if known.is_weak else known.refer) is not value:
            self._published.pop(name, None)
            return None
        return known.port

    def names(self) -> list[str]:
        """Return the names that a user gave: no leading underscore, nothing that the shell put there."""
        return [name for name in list(self._namespace()) if not name.startswith("_")]

    def get(self, name: str) -> Any:
        """Return what a name means now. Raises ``KeyError``."""
        if self.on_first is not None:
            first, self.on_first = self.on_first, None
            first()
        return self._namespace()[name]

    def readings(self) -> Readings:
        """Return an empty set of readings."""
        return Readings(self)


class Readings:
    """What the variables of one graph held when they were last read; each is read once. Not thread-safe."""

    def __init__(self, variables: Variables, last: Readings | None = None, unread_bytes: int | None = None) -> None:
        self._variables = variables
        self._last = {} if last is None else last._known  # noqa: SLF001 -- of its own class
        self._unread_bytes = unread_bytes
        self._known: dict[str, Reading | None] = {}
        self._held: dict[str, Taken] = {}
        self._untold: set[str] = set()
        """Variables whose values have a content but no copy: a run could not keep what it reads."""

    def renew(self) -> Readings:
        """Return readings that read everything again, in full."""
        return Readings(self._variables, self)

    def after_cell(self) -> Readings:
        """Return readings that read everything again but large values, which are only noted as unread."""
        return Readings(self._variables, self, self._variables.unread_bytes)

    def differ_from(self, other: Readings) -> bool:
        """Say whether a variable that both have read holds something else."""
        return any(name in other._known and held != other._known[name] for name, held in self._known.items())

    def read(self, name: str) -> Reading | None:
        """Return what a variable holds; None where there is none of that name."""
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def names(self) -> list[str]:
        """Return all names that there are now."""
        return self._variables.names()

    def take(self, name: str, wanted: bytes | None) -> Taken | None:
        """Return a value that a run may keep, if it is the one with the content ``wanted``; None where it is not.

        Then the next reading of that name is of the copy that was taken here, so that planning again comes to an end.
        """
        held = self._held.get(name)
        if held is not None:
            return held
        try:
            value = self._variables.get(name)
        except KeyError:
            self._known.pop(name, None)
            return None
        if wanted is None:
            return Taken(value, is_shared=True)  # what has no content can have no copy
        try:
            taken = self._copy(value)
        except Exception:  # noqa: BLE001 -- anybody's class may refuse to be copied, in any way
            self._untold.add(name)
            self._known.pop(name, None)
            return None
        if self._digest(taken.value) == wanted:
            return taken
        self._held[name] = taken
        self._known.pop(name, None)
        return None

    def _read(self, name: str) -> Reading | None:
        try:
            value = self._held[name].value if name in self._held else self._variables.get(name)
        except KeyError:
            return None
        values = self._variables.values
        port = self._variables.port_of(name, value)
        value = values.plain(value)
        kind, words = type(value), describe(value)
        if kind in PLAIN_TYPES:
            return Reading(name, value, digest(encode(value)), words, kind)
        item_kind = _item_kind(value)
        if self._unread_bytes is not None and not values.is_fixed(value) and rough_bytes(value) > self._unread_bytes:
            last = self._last.get(name)
            if last is not None:
                is_same = (last.kind, last.words) == (kind, words)
                known = last.digest if is_same else digest(b"unread %d" % next(_numbers))
                return Reading(name, None, known, words, kind, item_kind, is_unread=True, port=port)
        content = None if name in self._untold else self._digest(value)
        return Reading(name, None, content, words, kind, item_kind, port=port)

    def _copy(self, value: Any) -> Taken:
        values = self._variables.values
        value = values.plain(value)
        if type(value) in PLAIN_TYPES or values.is_fixed(value):
            return Taken(value, is_shared=True)
        copied = _tried(lambda: values.copy(value))
        return Taken(copied, is_shared=values.is_fixed(copied))

    def _digest(self, value: Any) -> bytes | None:
        found: bytes | None = _tried(lambda: content_digest(value))
        return found


def glance(name: str, value: Any, values: ValueRegistry) -> Reading:
    """Return a reading of a value by its type alone: its content is not looked at."""
    kind = type(values.plain(value)) if type(value).__module__.partition(".")[0] == "numpy" else type(value)
    plain = values.plain(value) if kind in PLAIN_TYPES else None
    return Reading(name, plain, None, describe(value), kind, _item_kind(value))


def content_digest(value: Any) -> bytes | None:
    """Return the digest of a value's content, read in full; None where it has none that could be told."""
    if find_encoder(type(value)) is not None:
        try:
            return digest(encode(value))
        except TypeError:  # FingerprintError, or a list of something that only the walk below can open
            pass
    version = code_version(value)
    return version.digest if version.is_portable else None


def _tried(read: Callable[[], Any]) -> Any:
    """Read a value that another thread may be changing: a dict that grows meanwhile raises."""
    for _ in range(_TRIES):
        try:
            return read()
        except RuntimeError:
            continue
    return read()


def _item_kind(value: Any) -> type | None:
    if type(value) not in (list, tuple) or not value:
        return None
    kinds = {type(each) for each in _first(value)}
    return kinds.pop() if len(kinds) == 1 else None


def _first(value: Any) -> Iterator[Any]:
    return iter(list(value[:_MOST_LOOKED_AT]))


def rough_bytes(value: Any) -> int:
    """Return about how many bytes a value holds, quickly: of long lists only the first items are looked at."""
    for name in ("nbytes", "estimated_size"):
        found = _attribute(value, name)
        try:
            found = found() if callable(found) else found
        except Exception:  # noqa: BLE001 -- anybody's method
            found = None
        if isinstance(found, int):
            return found
    size = _attribute(value, "size")
    if isinstance(size, tuple) and _attribute(value, "mode") is not None:
        return int(size[0]) * int(size[1]) * 4
    if isinstance(value, (list, tuple)) and value:
        looked_at = list(_first(value))
        return sum(map(rough_bytes, looked_at)) * len(value) // len(looked_at)
    if isinstance(value, dict):
        return sum(map(rough_bytes, list(value.values())[:_MOST_LOOKED_AT]))
    try:
        return int(value.memory_usage(deep=False).sum())
    except Exception:  # noqa: BLE001 -- no frame
        return value.__sizeof__() if type(value) in (str, bytes, bytearray, set) else 64


def describe(value: Any) -> str:
    """Return a few words about a value, without looking at all of it: "picture 64 by 48 RGB", with a sign for "by"."""
    size, mode = _attribute(value, "size"), _attribute(value, "mode")
    if isinstance(mode, str) and isinstance(size, tuple):
        return f"picture {size[0]}{_BY}{size[1]} {mode}"
    shape, dtype = _attribute(value, "shape"), _attribute(value, "dtype")
    kind = type(value).__name__
    if isinstance(shape, tuple):
        sides = _BY.join(map(str, shape)) or "single number"
        return f"{kind} {sides}" if dtype is None else f"{kind} {sides} {str(dtype).removeprefix('torch.')}"
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        inner = _item_kind(value)
        return f"{kind} of {len(value)}" + ("" if inner is None else f" {inner.__name__}")
    if isinstance(value, PLAIN_TYPES) or value is None:
        text = repr(value if not isinstance(value, str) else value[: _SHOWN_CHARACTERS + 1])
        return clipped(text, _SHOWN_CHARACTERS)
    return kind


def _attribute(value: Any, name: str) -> Any:
    """Return an attribute, None where there is none or where asking for it fails: it may be anybody's property."""
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001 -- see above
        return None
