"""The version of a function's code, so that changing a function makes its results stale.

Code of the notebook, and of files outside the interpreter's and the package folders, counts by what it says, with all
that it reads: defaults, closed-over values, and globals by name. Installed code counts by module, name and version.
A value counts by its content. What has none (a lock, a connection) counts as that one object, in this process only.

The walk goes through all that can be reached, breadth first: every object gets a number when it is first seen, and its
record names others by number. So loops end, depth has no limit, and equal structures have equal records everywhere.
"""

from __future__ import annotations

import copyreg
import importlib.util
import marshal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass
from functools import cached_property, lru_cache, partial, partialmethod, singledispatchmethod
from hashlib import blake2b
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any, NamedTuple

from nodebook.engine.bytecode import Chain, CodeFacts, code_facts
from nodebook.engine.classes import class_members, sorted_items
from nodebook.engine.fingerprint import DIGEST_BYTES, digest, encode, find_encoder
from nodebook.engine.node import NodeFunction
from nodebook.engine.origins import NOTEBOOK_MODULE, is_installed, source_digest, stamp
from nodebook.engine.tokens import token_of

__all__ = ["NOTEBOOK_MODULE", "CodeVersion", "code_version"]

_FORMAT = b"nodebook-code-2 %s %d.%d" % (sys.implementation.name.encode(), *sys.version_info[:2])
"""Byte code is one Python's own: another minor version has other keys."""

_MOST_OPENED = 20_000
"""How many objects of other classes are looked into. Of a function that reaches more (a whole application), none."""

_MOST_TRIES = 1000
"""How often a container that another thread changes is read again, before that is an error."""

_LIVE = frozenset(
    {
        "IPython", "_queue", "_thread", "asyncio", "concurrent", "ipykernel", "multiprocessing", "nodebook", "queue",
        "socket", "subprocess", "threading", "tornado", "zmq",
    }
)  # fmt: skip
"""Packages whose objects are what they are, and not what is in them: locks, events, queues, a graph, a kernel."""

_WRITERS: dict[type, frozenset[str]] = {
    list: frozenset({"append", "extend", "insert", "clear"}),
    set: frozenset({"add", "update", "discard", "clear"}),
    dict: frozenset({"update", "clear"}),
    deque: frozenset({"append", "appendleft", "extend", "extendleft", "insert", "clear"}),
}
"""Methods that say nothing of what their container holds. A function that only logs to a list does not depend on it."""

_LEAVES = frozenset({type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented), range})
_NONE = encode(None)
_LONG = 1 << 16
_CACHE = type(lru_cache(lambda: None))


class CodeVersion(NamedTuple):
    """16 bytes that change when what a function does may have changed.

    ``is_portable``: equal bytes mean equal code in every process. Otherwise they name an object of this process, and a
    result that is kept under them must not outlive it.
    """

    digest: bytes
    is_portable: bool


def code_version(function: Callable[..., Any]) -> CodeVersion:
    """Return the version of what ``function`` does now. Costs what it reaches: large arrays are read in full."""
    try:
        return _Walk(_MOST_OPENED).version(function)
    except _TooManyError:
        return _Walk(0).version(function)


class _TooManyError(Exception):
    pass


class _Walk:
    def __init__(self, most_opened: int) -> None:
        self.is_portable = True
        self._hash = blake2b(_FORMAT, digest_size=DIGEST_BYTES)
        self._numbers: dict[int, int] = {}
        self._queue: deque[Any] = deque()
        self._alive: list[Any] = []
        """Everything numbered: an object that went meanwhile would leave its id, and so its number, to another."""
        self._most_opened = most_opened
        self._opened = 0
        self._reads_docs = False
        self._documented: list[Any] = []

    def version(self, root: Any) -> CodeVersion:
        self._write([self.ref(root)])
        while self._queue:
            self._write(self._record(self._queue.popleft()))
        if self._reads_docs:
            self._write(encode(str(getattr(each, "__doc__", None))) for each in self._documented)
        return CodeVersion(self._hash.digest(), self.is_portable)

    def _write(self, parts: Iterable[bytes]) -> None:
        # The quickest way to write byte strings with their lengths, so that no part can imitate a border. Format 2 has
        # no references, which would tell equal parts from the same part.
        self._hash.update(marshal.dumps(list(parts), 2))

    def ref(self, value: Any) -> bytes:
        """Return a leaf as it is, anything else as the number of the record that it has or will have."""
        if value is None:
            return _NONE
        kind = type(value)
        if kind in _LEAVES or (kind in (tuple, frozenset) and all(type(each) in _LEAVES for each in value)):
            leaf = encode(value)
            return leaf if len(leaf) < _LONG else b"long" + digest(leaf)
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._numbers)
            self._alive.append(value)
            self._queue.append(value)
        return b"#%d" % number

    def refs(self, values: Iterable[Any]) -> list[bytes]:
        return [self.ref(each) for each in values]

    def _record(self, value: Any) -> Iterable[bytes]:
        # By the type itself: a proxy's __class__ says what it stands for.
        kind = type(value)
        found = _RECORDS.get(kind)
        if found is None:
            found = next((_FAMILIES[base] for base in kind.__mro__ if base in _FAMILIES), _Walk.value)
        return found(self, value)

    # Code

    def function(self, value: FunctionType) -> Iterable[bytes]:
        module = value.__globals__.get("__name__")  # __module__ is what a decorator copied
        if isinstance(module, str) and is_installed(module):
            if _is_found_by_name(value):
                return self.installed(b"function", value.__module__, value.__qualname__)
            registry = getattr(value, "registry", None)
            if module == "functools" and registry is not None:
                # singledispatch: its other closed-over value is a cache.
                return [b"dispatch", self.ref(dict(registry))]
            return [*self.installed(b"inner", module, value.__code__.co_name), *self._frame(value, ())]
        facts = code_facts(value.__code__)
        self._document(value, facts)
        reads = [part for chain in facts.reads for part in self._global(value, chain)]
        imports = [part for chain in facts.imports for part in self._import(value, chain)]
        return [b"function", *self._frame(value, facts.frees), b"reads", *reads, b"imports", *imports]

    def _document(self, value: Any, facts: CodeFacts | None = None) -> None:
        self._documented.append(value)
        self._reads_docs = self._reads_docs or (facts is not None and facts.reads_docs)

    def _frame(self, value: FunctionType, frees: Iterable[Chain]) -> list[bytes]:
        given = (value.__defaults__, value.__kwdefaults__, value.__dict__ or None)
        parts = [code_facts(value.__code__).digest, *map(self.ref, given)]
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            parts.append(name.encode())
            try:
                inner = cell.cell_contents
            except ValueError:
                parts.append(b"unbound")
                continue
            for chain in [each[1:] for each in frees if each[0] == name] or [()]:
                parts.extend(self._follow(inner, chain))
        return parts

    def _global(self, value: FunctionType, chain: Chain) -> Iterator[bytes]:
        if chain[0] in value.__globals__:  # else a builtin, or not there yet: the byte code has the name
            yield chain[0].encode()
            yield from self._follow(value.__globals__[chain[0]], chain[1:])

    def _follow(self, value: Any, chain: Chain) -> Iterator[bytes]:
        """Refer to what a dotted name means; of modules that count by content only what is named."""
        for name in chain:
            if name in _WRITERS.get(type(value), ()):
                yield b"written"
                return
            if type(value) is not ModuleType or is_installed(value.__name__):
                break
            members = vars(value)
            yield value.__name__.encode() + b"." + name.encode()
            if name not in members:
                yield self.ref(members.get("__getattr__"))
                return
            value = members[name]
        yield self.ref(value)

    def _import(self, value: FunctionType, chain: Chain) -> Iterator[bytes]:
        name, *wanted = chain
        try:
            name = importlib.util.resolve_name(name, value.__globals__.get("__package__") or "")
        except ImportError:
            return
        module = sys.modules.get(name)
        yield name.encode()
        if module is None:
            source = source_digest(name)
            if source is not None:
                self.is_portable = False
                yield source
            else:
                yield from self.installed(b"module", name, "")
            return
        if not wanted:
            yield self.ref(sys.modules.get(name.partition(".")[0]))
            yield self.ref(module)
        for each in wanted:
            yield from self._follow(module, (each,))

    def code(self, value: CodeType) -> Iterable[bytes]:
        return [b"code", code_facts(value).digest]

    def class_(self, value: type) -> Iterable[bytes]:
        module = _module_of(value)
        if is_installed(module) and "<locals>" not in value.__qualname__:
            return self.installed(b"class", module, value.__qualname__)
        self._document(value)
        members = [part for name, each in class_members(value) for part in (name.encode(), self.ref(each))]
        return [b"class", value.__qualname__.encode(), self.ref(type(value)), *self.refs(value.__bases__), *members]

    def module(self, value: ModuleType) -> Iterable[bytes]:
        if is_installed(value.__name__):
            return self.installed(b"module", value.__name__, "")
        # The module itself is passed about: anything in it may be read.
        members = [(name, each) for name, each in sorted_items(vars(value)) if not name.startswith("__")]
        return [b"module", *(part for name, each in members for part in (name.encode(), self.ref(each)))]

    def installed(self, tag: bytes, module: str, name: str) -> list[bytes]:
        version = stamp(module)
        self.is_portable = self.is_portable and version.is_portable
        return [tag, module.encode(), name.encode(), version.text]

    def builtin(self, value: Any) -> Iterable[bytes]:
        owner = getattr(value, "__self__", getattr(value, "__objclass__", None))
        if owner is None or type(owner) is ModuleType:
            return self.installed(b"builtin", value.__module__ or "builtins", value.__qualname__)
        return [b"builtin", value.__name__.encode(), self.ref(owner)]

    # Values

    def items(self, value: tuple[Any, ...] | list[Any]) -> Iterable[bytes]:
        return [type(value).__name__.encode(), *self.refs(value)]

    def mapping(self, value: dict[Any, Any]) -> Iterable[bytes]:
        # In its order, which code may read.
        items = _copied(value.items())
        return [b"dict", *(part for key, each in items for part in (self.ref(key), self.ref(each)))]

    def set_(self, value: set[Any] | frozenset[Any]) -> Iterable[bytes]:
        # Sorted as far as that can be done: otherwise the order is this process's, which costs a result, no more.
        items = _copied(value)
        leaves = sorted(encode(each) for each in items if type(each) in _LEAVES)
        named = [each for each in items if type(each) not in _LEAVES]
        named.sort(key=lambda each: (type(each).__qualname__, str(getattr(each, "__qualname__", ""))))
        return [type(value).__name__.encode(), *leaves, *self.refs(named)]

    def value(self, value: Any) -> Iterable[bytes]:
        if find_encoder(type(value)) is None:
            return self.object(value)
        try:
            return [b"value", encode(value)]
        except Exception:  # noqa: BLE001 -- an array of objects, a lazy picture whose file is gone: look inside instead
            return self.object(value)

    def object(self, value: Any) -> Iterable[bytes]:
        """Look at an object as ``copy`` would, without copying: its class, and what makes it anew."""
        kind = type(value)
        reduced = None
        if self._most_opened and (_module_of(kind).partition(".")[0] not in _LIVE or is_dataclass(kind)):
            self._opened += 1
            if self._opened > self._most_opened:
                raise _TooManyError
            reduced = _reduce(value)
        if reduced is None:
            self.is_portable = False
            return [b"live", token_of(value)]
        return [b"object", self.ref(kind), *self.refs(reduced)]

    def attributes(self, tag: bytes, value: Any, *names: str) -> Iterable[bytes]:
        return [tag, *(self.ref(getattr(value, name)) for name in names)]


def _copied(items: Iterable[Any]) -> list[Any]:
    """Return what is in a dict or a set now: a run on another thread may add to it while it is being read."""
    for _ in range(_MOST_TRIES):
        try:
            return list(items)
        except RuntimeError:
            continue
    return list(items)


def _module_of(kind: type) -> str:
    # Classes made in C may have anything under that name.
    names: list[Any] = [base.__module__ for base in kind.__mro__]
    return next(name for name in names if isinstance(name, str))


def _reduce(value: Any) -> tuple[Any, ...] | None:
    """Return what ``copy`` and ``pickle`` ask an object for; None where it has nothing to say."""
    try:
        special = copyreg.dispatch_table.get(type(value))
        reduced = special(value) if special is not None else value.__reduce_ex__(4)
        if isinstance(reduced, str):
            return (reduced,)
        return tuple(list(each) if place in (3, 4) and each is not None else each for place, each in enumerate(reduced))
    except Exception:  # noqa: BLE001 -- any class's own code; whatever it raises, the object has no content for us
        return None


def _is_found_by_name(value: FunctionType) -> bool:
    """Whether a function is the one that its module has under its name, so that the module's version says it all."""
    module: Any = value.__module__  # anything, where a decorator copied it
    found: Any = sys.modules.get(module) if isinstance(module, str) and is_installed(module) else None
    for name in value.__qualname__.split("."):
        found = vars(found).get(name) if isinstance(found, (type, ModuleType)) else None
    return found is value


def _by(tag: str, *names: str) -> Callable[[_Walk, Any], Iterable[bytes]]:
    return lambda walk, value: walk.attributes(tag.encode(), value, *names)


_RECORDS: dict[type, Callable[[_Walk, Any], Iterable[bytes]]] = {
    FunctionType: _Walk.function,
    CodeType: _Walk.code,
    BuiltinFunctionType: _Walk.builtin,
    MethodWrapperType: _Walk.builtin,
    MethodDescriptorType: _Walk.builtin,
    ClassMethodDescriptorType: _Walk.builtin,
    WrapperDescriptorType: _Walk.builtin,
    GetSetDescriptorType: lambda _walk, value: [b"slot", value.__name__.encode()],
    MemberDescriptorType: lambda _walk, value: [b"slot", value.__name__.encode()],
    MethodType: _by("method", "__func__", "__self__"),
    partial: _by("partial", "func", "args", "keywords", "__dict__"),
    partialmethod: _by("partialmethod", "func", "args", "keywords"),
    singledispatchmethod: _by("dispatchmethod", "dispatcher", "func"),
    cached_property: _by("cached_property", "func"),
    property: _by("property", "fget", "fset", "fdel"),
    classmethod: _by("classmethod", "__func__"),
    staticmethod: _by("staticmethod", "__func__"),
    _CACHE: _by("cache", "__wrapped__"),
    tuple: _Walk.items,
    list: _Walk.items,
    dict: _Walk.mapping,
    set: _Walk.set_,
    frozenset: _Walk.set_,
}

_FAMILIES: dict[type, Callable[[_Walk, Any], Iterable[bytes]]] = {
    type: _Walk.class_,
    ModuleType: _Walk.module,
    NodeFunction: _by("node", "function"),
}
