"""Codecs of what Python itself brings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PosixPath, WindowsPath
from typing import Any

from nodebook.assets.codecs import Codec, CodecRegistry, Packer, Unpacker
from nodebook.assets.errors import DamagedError, NotStorableError
from nodebook.assets.record_codecs import RECORD_CODECS, record_codec

_MAX_INT_BITS = 1 << 20


def default_codecs() -> CodecRegistry:
    """Return a registry that knows Python's own values, and NumPy, Pillow, pandas and polars once they turn up."""
    registry = CodecRegistry()
    for codec in _plain():
        registry.register(codec)
    registry.register_family(record_codec, RECORD_CODECS)
    registry.register_package("numpy", "nodebook.assets.array_codecs")
    registry.register_package("PIL", "nodebook.assets.picture_codecs")
    registry.register_package("pandas", "nodebook.assets.pandas_codecs")
    registry.register_package("polars", "nodebook.assets.polars_codecs")
    return registry


def sequence_codec(name: str, kind: type, make: Callable[[list[Any]], Any]) -> Codec:
    """Return the codec of a container that is its items and nothing else."""

    def encode(value: Any, packer: Packer) -> dict[str, Any]:
        return {"v": [packer.pack(item) for item in value]}

    def decode(body: dict[str, Any], unpacker: Unpacker) -> Any:
        items = body["v"]
        if not isinstance(items, list):
            raise DamagedError(f"A stored {name} has no list of items.")
        return make([unpacker.unpack(item) for item in items])

    return Codec(name, (kind,), encode, decode)


def text_codec(name: str, kind: type, write: Callable[[Any], Any], read: Callable[[Any], Any]) -> Codec:
    """Return the codec of a value that is one JSON value: ``write`` gives it, ``read`` raises on a wrong one."""
    return Codec(name, (kind,), lambda value, _: {"v": write(value)}, lambda body, _: read(body["v"]))


def bytes_codec(name: str, kind: type) -> Codec:
    """Return the codec of ``bytes`` or ``bytearray``."""
    return Codec(
        name, (kind,), lambda value, packer: {"leaf": packer.leaf(value)}, lambda body, up: kind(up.leaf(body["leaf"]))
    )


def _plain() -> list[Codec]:
    return [
        text_codec("int", int, _write_int, lambda text: int(text, 16)),
        text_codec("complex", complex, lambda value: [value.real, value.imag], lambda pair: complex(*pair)),
        text_codec("datetime", datetime, _write_datetime, _read_datetime),
        text_codec("date", date, date.isoformat, date.fromisoformat),
        text_codec("time", time, _write_time, _read_time),
        text_codec("timedelta", timedelta, lambda v: [v.days, v.seconds, v.microseconds], lambda v: timedelta(*v)),
        text_codec("decimal", Decimal, str, Decimal),
        text_codec("fraction", Fraction, str, Fraction),
        text_codec("range", range, lambda v: [v.start, v.stop, v.step], lambda v: range(*v)),
        text_codec("ellipsis", type(...), lambda _: None, lambda _: ...),
        Codec("path", (PosixPath, WindowsPath), lambda value, _: {"v": str(value)}, lambda body, _: Path(body["v"])),
        Codec("dict", (dict,), _encode_dict, _decode_dict),
        sequence_codec("tuple", tuple, tuple),
        sequence_codec("set", set, set),
        sequence_codec("frozenset", frozenset, frozenset),
        bytes_codec("bytes", bytes),
        bytes_codec("bytearray", bytearray),
    ]


def _write_int(value: int) -> str:
    if value.bit_length() > _MAX_INT_BITS:
        raise NotStorableError(f"an integer has more than {_MAX_INT_BITS} bits")
    return hex(value)  # no limit on digits, and linear in them


def _write_datetime(value: datetime) -> list[Any]:
    if value.tzinfo is not None and type(value.tzinfo) is not timezone:
        raise NotStorableError("a datetime has a time zone with rules; use a fixed offset or UTC")
    if value.tzinfo is not None and value.tzinfo != timezone(value.tzinfo.utcoffset(None)):
        raise NotStorableError("a datetime has a time zone with a name of its own")
    return [value.isoformat(), value.fold]


def _write_time(value: time) -> list[Any]:
    if value.tzinfo is not None:
        raise NotStorableError("a time of day has a time zone")
    return [value.isoformat(), value.fold]


def _read_datetime(pair: list[Any]) -> datetime:
    text, fold = pair
    return datetime.fromisoformat(text).replace(fold=fold)


def _read_time(pair: list[Any]) -> time:
    text, fold = pair
    return time.fromisoformat(text).replace(fold=fold)


def _encode_dict(value: dict[Any, Any], packer: Packer) -> dict[str, Any]:
    return {"v": [[packer.pack(key), packer.pack(item)] for key, item in value.items()]}


def _decode_dict(body: dict[str, Any], unpacker: Unpacker) -> dict[Any, Any]:
    return {unpacker.unpack(key): unpacker.unpack(item) for key, item in body["v"]}
