"""Values to bytes and back, without pickle: a JSON tree whose leaves are binary buffers.

What JSON has stands as itself; all else is an object ``{"$": codec, ...}``. Only exact classes that a codec names are
taken: a subclass, or an object of a class that nobody taught, raises ``NotStorableError``. Decoding is strict: whatever
does not look as an encoder would have written it raises ``DamagedError``, and nothing of it is executed.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nodebook.assets.blobs import Buffer
from nodebook.assets.errors import DamagedError, NotStorableError, UnavailableError

MAX_DEPTH = 64
MAX_LEAVES = 100_000
MAX_TREE_BYTES = 64 * 1024 * 1024
MAX_LEAF_BYTES = 1 << 40
TAG = "$"
_JSON_INT = 1 << 62


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of some classes are written and read.

    ``encode(value, packer)`` returns the members of a JSON object; parts go through ``packer.pack`` (a value) and
    ``packer.leaf`` (bytes). ``decode(body, unpacker)`` undoes it. ``kinds`` are exact classes.
    """

    name: str
    kinds: tuple[type, ...]
    encode: Callable[[Any, Packer], dict[str, Any]]
    decode: Callable[[dict[str, Any], Unpacker], Any]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value as bytes. The leaves are views of the value's own memory where that is possible: write them soon."""

    tree: bytes
    leaves: tuple[tuple[Buffer, ...], ...]
    """A leaf in parts, to be concatenated: a header before somebody else's buffer needs no copy then."""


class CodecRegistry:
    """Codecs by class and by name. Those of a library are loaded when one of its values, or their name, turns up."""

    def __init__(self) -> None:
        self._by_kind: dict[type, Codec] = {}
        self._by_name: dict[str, Codec] = {}
        self._packages: dict[str, str] = {}
        self._families: list[Callable[[type], Codec | None]] = []

    def register(self, codec: Codec) -> None:
        """Teach a codec; a later one takes over the classes and the name of an earlier one."""
        self._by_name[codec.name] = codec
        self._by_kind.update(dict.fromkeys(codec.kinds, codec))

    def register_package(self, package: str, module: str) -> None:
        """Let values of ``package``, and codecs named ``package.…``, be taught by ``module.register(registry)``."""
        self._packages[package] = module

    def register_family(self, find: Callable[[type], Codec | None], codecs: Iterable[Codec]) -> None:
        """Let ``find`` say which of ``codecs`` a class has that nobody named."""
        self._families.append(find)
        self._by_name.update({codec.name: codec for codec in codecs})

    def for_value(self, value: Any) -> Codec:
        """Return the codec of a value. Raises ``NotStorableError``."""
        kind = type(value)
        codec = self._by_kind.get(kind)
        if codec is None and self._load(kind.__module__.partition(".")[0]):
            codec = self._by_kind.get(kind)
        if codec is None:
            codec = next((found for find in self._families if (found := find(kind)) is not None), None)
        if codec is None:
            raise NotStorableError(f"{kind.__module__}.{kind.__qualname__} has no codec")
        return codec

    def by_name(self, name: Any) -> Codec:
        """Return the codec of that name. Raises ``DamagedError``, or ``UnavailableError`` where a library is absent."""
        codec = self._by_name.get(name) if isinstance(name, str) else None
        if codec is None and isinstance(name, str):
            package = name.partition(".")[0]
            try:
                self._load(package)
            except ImportError as error:
                raise UnavailableError(f"A stored value needs {package}, which is not installed here.") from error
            codec = self._by_name.get(name)
        if codec is None:
            raise DamagedError(f"A stored value names the codec {name!r}, which nobody wrote.")
        return codec

    def _load(self, package: str) -> bool:
        module = self._packages.pop(package, None)
        if module is None:
            return False
        try:
            importlib.import_module(module).register(self)
        except ImportError:
            self._packages[package] = module
            raise
        return True

    def encode(self, value: Any) -> Encoded:
        """Return a value as bytes. Raises ``NotStorableError`` with the reason."""
        packer = Packer(self)
        tree = packer.pack(value)
        data = json.dumps(tree, separators=(",", ":")).encode("ascii")
        if len(data) > MAX_TREE_BYTES:
            raise NotStorableError(f"its plain part has {len(data)} bytes, more than {MAX_TREE_BYTES}")
        return Encoded(data, tuple(packer.leaves))

    def decode(self, tree: bytes, leaves: Sequence[bytearray]) -> Any:
        """Return the value. Raises ``DamagedError`` or ``UnavailableError``."""
        if len(tree) > MAX_TREE_BYTES:
            raise DamagedError(
                f"A stored tree has {len(tree)} bytes; the largest that is written has {MAX_TREE_BYTES}."
            )
        try:
            return Unpacker(self, leaves).unpack(json.loads(tree))
        except (DamagedError, UnavailableError):
            raise
        except (ValueError, TypeError, LookupError, OverflowError, RecursionError, AttributeError) as error:
            raise DamagedError(f"A stored value does not read back: {type(error).__name__}: {error}.") from error


@dataclass(slots=True)
class Packer:
    """One encoding: the leaves so far, and how deep we are."""

    registry: CodecRegistry
    leaves: list[tuple[Buffer, ...]] = field(default_factory=list)
    depth: int = 0
    _seen: dict[int, tuple[Any, int]] = field(default_factory=dict)

    def leaf(self, *parts: Buffer, of: Any = None) -> int:
        """Keep bytes and return their number; a second time for the same object ``of`` keeps nothing new."""
        if of is not None and id(of) in self._seen:
            return self._seen[id(of)][1]
        number = len(self.leaves)
        if number >= MAX_LEAVES:
            raise NotStorableError(f"it has more than {MAX_LEAVES} binary parts")
        self.leaves.append(parts)
        if of is not None:
            self._seen[id(of)] = of, number
        return number

    def pack(self, value: Any) -> Any:
        """Return a value as JSON."""
        kind = type(value)
        if value is None or kind is bool or kind is str or kind is float:
            return value
        if kind is int and -_JSON_INT < value < _JSON_INT:
            return value
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotStorableError(f"it is nested deeper than {MAX_DEPTH}, or holds itself")
        if kind is list:
            packed: Any = [self.pack(item) for item in value]
        elif kind is dict and TAG not in value and all(type(key) is str for key in value):
            packed = {key: self.pack(item) for key, item in value.items()}
        else:
            codec = self.registry.for_value(value)
            packed = {TAG: codec.name, **codec.encode(value, self)}
        self.depth -= 1
        return packed


@dataclass(slots=True)
class Unpacker:
    """One decoding."""

    registry: CodecRegistry
    leaves: Sequence[bytearray]
    depth: int = 0

    def leaf(self, number: Any) -> bytearray:
        """Return the bytes of a leaf. Raises ``DamagedError``."""
        if type(number) is not int or not 0 <= number < len(self.leaves):
            raise DamagedError(f"A stored value names its part {number!r} of {len(self.leaves)}.")
        return self.leaves[number]

    def unpack(self, tree: Any) -> Any:
        """Return the value of a JSON tree."""
        if not isinstance(tree, (list, dict)):
            return tree
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise DamagedError(f"A stored value is nested deeper than {MAX_DEPTH}.")
        value: Any
        if isinstance(tree, list):
            value = [self.unpack(item) for item in tree]
        elif TAG in tree:
            value = self.registry.by_name(tree[TAG]).decode(tree, self)
        else:
            value = {key: self.unpack(item) for key, item in tree.items()}
        self.depth -= 1
        return value
