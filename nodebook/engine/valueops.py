"""What the engine must know of a value without knowing its library: its weight, and whether somebody changed it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import copy, deepcopy
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from nodebook.engine.items import Items

_SCALAR_BYTES = 32
_IMMUTABLE = frozenset({int, float, bool, str, bytes, type(None), complex})
_DEPTH = 4
"""How deep containers are looked into. Deeper values count as one reference."""


@dataclass(frozen=True, slots=True)
class ValueOps:
    """How to treat values of one type.

    ``nbytes``: memory that goes when the value goes. ``version``: something that differs after the value was changed
    in place, cheap to take. ``protect``: returns the value so that consumers cannot change it (a read-only view).
    ``copy``: returns an equal value that shares nothing with this one; where that cannot be changed in place, the more
    useful. ``is_fixed``: whether nobody can change the value any more. ``plain``: returns a value of a subclass as one
    of the class, so that equal contents are of one type. ``editable``: returns a copy that can be changed in place.
    """

    nbytes: Callable[[Any], int] | None = None
    version: Callable[[Any], Any] | None = None
    protect: Callable[[Any], Any] | None = None
    copy: Callable[[Any], Any] | None = None
    is_fixed: Callable[[Any], bool] | None = None
    plain: Callable[[Any], Any] | None = None
    editable: Callable[[Any], Any] | None = None


class ValueRegistry:
    """``ValueOps`` by type; subclasses follow their base."""

    def __init__(self) -> None:
        self._by_type: dict[type, ValueOps | None] = dict.fromkeys((int, float, bool, str, bytes, type(None), complex))
        self._registered: dict[type, ValueOps] = {}

    def register(self, kind: type, ops: ValueOps) -> None:
        """Teach the engine a type."""
        self._registered[kind] = ops
        self._by_type = {known: held for known, held in self._by_type.items() if not issubclass(known, kind)}
        self._by_type[kind] = ops

    def nbytes(self, value: Any, depth: int = _DEPTH) -> int:
        """Return about how many bytes go when ``value`` goes."""
        kind = type(value)
        if kind is int or kind is float or kind is bool or value is None:
            return _SCALAR_BYTES
        ops = self._find(kind)
        if ops is not None and ops.nbytes is not None:
            return ops.nbytes(value)
        size = sys.getsizeof(value, _SCALAR_BYTES)
        if depth and isinstance(value, (list, tuple, set, frozenset)):
            return size + sum(self.nbytes(item, depth - 1) for item in value)
        if depth and isinstance(value, dict):
            return size + sum(self.nbytes(item, depth - 1) for item in value.values())
        return size

    def version(self, value: Any, depth: int = _DEPTH) -> Any:
        """Return something that stays equal until ``value`` is changed in place; None where nothing can be told."""
        ops = self._find(type(value))
        if ops is not None and ops.version is not None:
            return ops.version(value)
        if depth and isinstance(value, (list, tuple)):
            return tuple((id(item), self.version(item, depth - 1)) for item in value)
        if depth and isinstance(value, dict):
            return tuple((key, id(item), self.version(item, depth - 1)) for key, item in value.items())
        if isinstance(value, (set, frozenset)):
            return frozenset(map(id, value))
        return bytes(value) if isinstance(value, bytearray) else None

    def versions(self, outputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Return the versions of a node's outputs, None where nothing can be told of any."""
        found = tuple(map(self.version, outputs))
        return None if all(version is None for version in found) else found

    def protect(self, value: Any) -> Any:
        """Return ``value`` as consumers may have it."""
        ops = self._find(type(value))
        return value if ops is None or ops.protect is None else ops.protect(value)

    def copy(self, value: Any) -> Any:
        """Return an equal value that shares nothing with this one, as far as either can be changed."""
        ops = self._find(type(value))
        return deepcopy(value) if ops is None or ops.copy is None else ops.copy(value)

    def is_fixed(self, value: Any) -> bool:
        """Say whether nobody can change a value in place."""
        if type(value) in _IMMUTABLE:
            return True
        ops = self._find(type(value))
        return ops is not None and ops.is_fixed is not None and ops.is_fixed(value)

    def plain(self, value: Any) -> Any:
        """Return a value of a subclass (a picture that was read from a file) as one of the class that it stands for."""
        ops = self._find(type(value))
        return value if ops is None or ops.plain is None else ops.plain(value)

    def editable(self, value: Any, depth: int = _DEPTH) -> Any:
        """Return a value that may be changed in place without changing this one, as far as its type is known.

        Containers and data classes are copied with what is in them; other objects are passed on.
        """
        ops = self._find(type(value))
        if ops is not None and ops.editable is not None:
            return ops.editable(value)
        kind = type(value)
        if depth and (kind in (list, set, tuple) or kind is Items):
            return kind(self.editable(each, depth - 1) for each in value)
        if depth and kind is dict:
            return {key: self.editable(held, depth - 1) for key, held in value.items()}
        if depth and is_dataclass(value):
            held = {each.name: getattr(value, each.name) for each in fields(value) if hasattr(value, each.name)}
            copied = {name: self.editable(each, depth - 1) for name, each in held.items()}
            return _with_fields(value, {name: each for name, each in copied.items() if each is not held[name]})
        return bytearray(value) if kind is bytearray else value

    def _find(self, kind: type) -> ValueOps | None:
        try:
            return self._by_type[kind]
        except KeyError:
            found = next((self._registered[base] for base in kind.__mro__ if base in self._registered), None)
            self._by_type[kind] = found
            return found


def _with_fields(value: Any, changed: dict[str, Any]) -> Any:
    """Return a data class's object with other fields, made without running anything of its class."""
    if not changed:
        return value
    made = copy(value)
    for name, held in changed.items():
        object.__setattr__(made, name, held)
    return made
