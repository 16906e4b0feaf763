"""The version of a function's code, so that changing a function makes its results stale.

Hashed: the byte code with its constants and names (comments and line numbers are not in it), defaults, closed-over
values, and the functions and plain values of the notebook that it reads by name. Code of installed modules counts by
module and name only: their version belongs to the lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from nodebook.engine.fingerprint import digest, encode
from nodebook.errors import FingerprintError

NOTEBOOK_MODULE = "__main__"


def code_version(function: Callable[..., Any]) -> bytes:
    """Return 16 bytes that change when what ``function`` does may have changed."""
    hasher = _CodeHasher()
    hasher.add(function)
    return digest(b"\0".join(hasher.parts))


class _CodeHasher:
    """Collects what decides what a function does. Every object is entered once, so loops of references end."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._seen: set[int] = set()

    def add(self, value: Any) -> None:
        """Add a value that code reads: by content where it has one, by name where it is installed code."""
        for kinds, add in _KINDS:
            if isinstance(value, kinds):
                if id(value) not in self._seen:
                    self._seen.add(id(value))
                    add(self, value)
                return
        inner = getattr(value, "__wrapped__", None)
        if inner is not None:
            # A node function, or a cache around a function: what is inside counts.
            self.add(inner)
            return
        try:
            self.parts.append(encode(value))
        except FingerprintError:
            # A live object of the notebook (a graph, a frame): its identity is what the function sees.
            self.parts.append(b"object%d" % id(value))

    def add_function(self, function: FunctionType) -> None:
        self.add_code(function.__code__)
        self.add_items(function.__defaults__ or ())
        self.add_mapping(function.__kwdefaults__ or {})
        for cell in function.__closure__ or ():
            try:
                self.add(cell.cell_contents)
            except ValueError:
                # An empty cell: the name is not bound yet.
                self.parts.append(b"unbound")
        if function.__module__ == NOTEBOOK_MODULE:
            for name in sorted(_global_names(function.__code__)):
                if name in function.__globals__:
                    self.parts.append(name.encode())
                    self.add(function.__globals__[name])

    def add_code(self, code: CodeType) -> None:
        shape = (code.co_flags, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
        self.parts.append(repr(shape).encode())
        self.parts.extend((code.co_code, "\0".join(code.co_names).encode(), "\0".join(code.co_varnames).encode()))
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self.add_code(constant)
            else:
                self.parts.append(_constant(constant))

    def add_class(self, kind: type) -> None:
        self.add_name(kind)
        if kind.__module__ != NOTEBOOK_MODULE:
            return
        for name, member in vars(kind).items():
            if not name.startswith("__") or isinstance(member, FunctionType):
                self.parts.append(name.encode())
                for each in (member.fget, member.fset) if isinstance(member, property) else (member,):
                    self.add(getattr(each, "__func__", each))
        self.add_items(kind.__bases__)

    def add_items(self, items: Iterable[Any]) -> None:
        self.parts.append(type(items).__name__.encode())
        for item in items:
            self.add(item)

    def add_mapping(self, mapping: Mapping[Any, Any]) -> None:
        for key, item in mapping.items():
            self.parts.append(repr(key).encode())
            self.add(item)

    def add_partial(self, value: partial[Any]) -> None:
        self.add_items((value.func, value.args, value.keywords))

    def add_method(self, value: MethodType) -> None:
        self.add_items((value.__func__, value.__self__))

    def add_name(self, value: Any) -> None:
        kind = value if isinstance(value, type) else type(value)
        module = getattr(value, "__module__", kind.__module__)
        self.parts.append(f"{module}.{getattr(value, '__qualname__', kind.__qualname__)}".encode())

    def add_module(self, value: ModuleType) -> None:
        self.parts.append(value.__name__.encode())


_KINDS: tuple[tuple[type | tuple[type, ...], Callable[[_CodeHasher, Any], None]], ...] = (
    (FunctionType, _CodeHasher.add_function),
    (ModuleType, _CodeHasher.add_module),
    (type, _CodeHasher.add_class),
    (MethodType, _CodeHasher.add_method),
    (partial, _CodeHasher.add_partial),
    (BuiltinFunctionType, _CodeHasher.add_name),
    ((tuple, list), _CodeHasher.add_items),
    (dict, _CodeHasher.add_mapping),
)


def _constant(constant: Any) -> bytes:
    try:
        return encode(constant)
    except FingerprintError:
        return repr(constant).encode()


def _global_names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _global_names(constant)
    return names
