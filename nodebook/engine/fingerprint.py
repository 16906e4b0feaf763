"""Honest fingerprints of values: equal bytes exactly where a node could not tell two values apart.

Every leaf is tagged with its type, so ``1``, ``1.0``, ``True`` and ``"1"`` differ; containers are length-prefixed, so
nesting cannot be imitated; mappings are sorted. A type that nobody registered raises rather than guesses (compare
dask's ``TokenizationError``).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import Enum
from hashlib import blake2b
from math import isnan
from pathlib import PurePath
from typing import Any

from nodebook.errors import FingerprintError

DIGEST_BYTES = 16
FORMAT = b"nodebook-fingerprint-1"
"""Joined into every key: change it when the encoding below changes, so that old keys never match new ones."""

Encoder = Callable[[Any], bytes]

_NAN = b"f" + struct.pack("<d", float("nan"))


def digest(data: bytes) -> bytes:
    """Return the 16-byte BLAKE2b digest that all keys use."""
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def encode(value: Any) -> bytes:
    """Return the canonical bytes of a value. Raises ``FingerprintError`` for a type that has none."""
    encoder = _ENCODERS.get(type(value))
    if encoder is not None:
        return encoder(value)
    return _encode_other(value)


def fingerprint(value: Any) -> bytes:
    """Return the 16-byte fingerprint of a value."""
    return digest(FORMAT + encode(value))


def register_encoder(kind: type, encoder: Encoder) -> None:
    """Teach the fingerprint a type. The encoder must return different bytes for values that a node can tell apart."""
    name = f"{kind.__module__}.{kind.__qualname__}".encode()
    _ENCODERS[kind] = lambda value: _block(b"x" + name, encoder(value))


def _block(tag: bytes, body: bytes) -> bytes:
    return tag + b"%d:" % len(body) + body


def _encode_float(value: float) -> bytes:
    return _NAN if isnan(value) else b"f" + struct.pack("<d", value)


def _encode_sequence(tag: bytes) -> Encoder:
    return lambda value: _block(tag, b"".join(map(_sized, value)))


def _sized(value: Any) -> bytes:
    return _block(b"", encode(value))


def _encode_dict(value: dict[Any, Any]) -> bytes:
    items = sorted((_sized(key), _sized(item)) for key, item in value.items())
    return _block(b"d", b"".join(key + item for key, item in items))


def _encode_set(value: set[Any] | frozenset[Any]) -> bytes:
    return _block(b"S", b"".join(sorted(map(_sized, value))))


def _encode_other(value: Any) -> bytes:
    kind = type(value)
    if isinstance(value, Enum):
        return _block(b"E", f"{kind.__module__}.{kind.__qualname__}.{value.name}".encode())
    if isinstance(value, PurePath):
        return _block(b"P", str(value).encode("utf-8", "surrogatepass"))
    name = f"{kind.__module__}.{kind.__qualname__}"
    raise FingerprintError(
        f"A value of type {name} has no fingerprint, so nodebook cannot tell when it changes. Expected numbers, text, "
        "bytes, lists, dicts or a registered type. Register it with nodebook.engine.fingerprint.register_encoder, "
        "pass it through a link, or mark the node with cache=False."
    )


_ENCODERS: dict[type, Encoder] = {
    type(None): lambda _value: b"n",
    bool: lambda value: b"b1" if value else b"b0",
    int: lambda value: b"i%d;" % value,
    float: _encode_float,
    complex: lambda value: b"c" + _encode_float(value.real) + _encode_float(value.imag),
    str: lambda value: _block(b"s", value.encode("utf-8", "surrogatepass")),
    bytes: lambda value: _block(b"y", value),
    list: _encode_sequence(b"l"),
    tuple: _encode_sequence(b"t"),
    dict: _encode_dict,
    set: _encode_set,
    frozenset: _encode_set,
}
