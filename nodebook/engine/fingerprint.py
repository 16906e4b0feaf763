"""Honest fingerprints of values: equal bytes exactly where a node could not tell two values apart.

Every leaf is tagged with its type, so ``1``, ``1.0``, ``True`` and ``"1"`` differ; containers are length-prefixed, so
nesting cannot be imitated; mappings are sorted. A type that nobody registered raises rather than guesses (compare
dask's ``TokenizationError``). A subclass is not its base: it may behave otherwise.
"""

from __future__ import annotations

import re
import struct
import types
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from hashlib import blake2b
from math import isnan
from pathlib import PurePath
from typing import Any
from uuid import UUID

from nodebook.engine.literals import VariableRef
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


def register_encoder(kind: type, encoder: Encoder, *, with_subclasses: bool = False) -> None:
    """Teach the fingerprint a type. The encoder must return different bytes for values that a node can tell apart.

    It may raise ``FingerprintError`` for a value of the type that has none. ``with_subclasses``: it encodes all that
    subclasses hold, too; their names keep them apart.
    """
    if with_subclasses:
        _FAMILIES[kind] = encoder
    else:
        _ENCODERS[kind] = _named(kind, encoder)


def find_encoder(kind: type) -> Encoder | None:
    """Return what encodes the values of a type, None where nothing does."""
    found = _ENCODERS.get(kind)
    if found is None:
        for base in kind.__mro__:
            if base in _FAMILIES:
                return _named(kind, _FAMILIES[base])
    return found


def _named(kind: type, encoder: Encoder) -> Encoder:
    name = f"{kind.__module__}.{kind.__qualname__}".encode()
    return lambda value: _block(b"x" + name, encoder(value))


def _block(tag: bytes, body: bytes) -> bytes:
    return tag + b"%d:" % len(body) + body


def _encode_float(value: float) -> bytes:
    return _NAN if isnan(value) else b"f" + struct.pack("<d", value)


def _encode_int(value: int) -> bytes:
    # Decimal digits of a great number take long, and Python refuses more than 4300 of them.
    return b"i%d;" % value if -_GREAT < value < _GREAT else b"I%x;" % value


_GREAT = 1 << 512


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
        member = f"{kind.__module__}.{kind.__qualname__}.{value.name}".encode()
        return _block(b"E", member) + _sized(value.value)
    if isinstance(value, PurePath):
        return _block(b"P", str(value).encode("utf-8", "surrogatepass"))
    encoder = find_encoder(kind)
    if encoder is not None:
        return encoder(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    raise FingerprintError(
        f"A value of type {name} has no fingerprint, so nodebook cannot tell when it changes. Expected numbers, text, "
        "bytes, lists, dicts or a registered type. Register it with nodebook.engine.fingerprint.register_encoder, "
        "pass it through a link, or mark the node with cache=False."
    )


def _encode_moment(value: datetime | time) -> bytes:
    """``repr`` has the moment, the time zone and the fold; the zone's own class must be one whose ``repr`` says all."""
    zone = value.tzinfo
    if zone is None:
        return repr(value).encode()
    kind = type(zone)
    if kind is not timezone and kind.__module__ not in ("zoneinfo", "zoneinfo._zoneinfo"):
        return repr(value.replace(tzinfo=None)).encode() + _sized(zone)
    return repr(value).encode()


_FAMILIES: dict[type, Encoder] = {}
_ENCODERS: dict[type, Encoder] = {
    type(None): lambda _value: b"n",
    bool: lambda value: b"b1" if value else b"b0",
    int: _encode_int,
    float: _encode_float,
    complex: lambda value: b"c" + _encode_float(value.real) + _encode_float(value.imag),
    str: lambda value: _block(b"s", value.encode("utf-8", "surrogatepass")),
    bytes: lambda value: _block(b"y", value),
    list: _encode_sequence(b"l"),
    tuple: _encode_sequence(b"t"),
    dict: _encode_dict,
    set: _encode_set,
    frozenset: _encode_set,
    type(...): lambda _value: b"...",
    type(NotImplemented): lambda _value: b"n!",
    bytearray: lambda value: _block(b"Y", bytes(value)),
    range: lambda value: _block(b"r", _encode_sequence(b"t")((value.start, value.stop, value.step))),
    slice: lambda value: _block(b":", _encode_sequence(b"t")((value.start, value.stop, value.step))),
    re.Pattern: lambda value: _block(b"R", encode(value.pattern) + encode(value.flags)),
    Decimal: lambda value: _block(b"D", str(value).encode()),
    Fraction: lambda value: _block(b"q", encode(value.numerator) + encode(value.denominator)),
    UUID: lambda value: _block(b"U", value.bytes),
    datetime: lambda value: _block(b"T", _encode_moment(value)),
    date: lambda value: _block(b"T", repr(value).encode()),
    time: lambda value: _block(b"T", _encode_moment(value)),
    timedelta: lambda value: _block(b"T", repr(value).encode()),
    timezone: lambda value: _block(b"T", repr(value).encode()),
    VariableRef: lambda value: _block(
        b"V", value.name.encode("utf-8", "surrogatepass")
    ),  # of documents; keys have contents
    types.MappingProxyType: lambda value: _block(b"m", _encode_dict(value)),
}
