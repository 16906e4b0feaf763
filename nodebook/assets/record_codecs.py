"""Codecs of objects that are their fields: data classes, named tuples, pydantic models, and members of enums.

A class is looked up by name among the modules that are loaded, and nothing of it is run: its fields are put into a new
object. What holds more than its fields is not stored.
"""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from nodebook.assets.codecs import Codec, Packer, Unpacker
from nodebook.assets.errors import DamagedError, NotStorableError, UnavailableError

_HEAP_TYPE = 1 << 9


def record_codec(kind: type) -> Codec | None:
    """Return the codec of a class whose objects are their fields, None for any other."""
    if issubclass(kind, Enum):
        return ENUM
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return NAMED_TUPLE
    if is_dataclass(kind):
        return DATA_CLASS
    return MODEL if _is_model(kind) else None


def _is_model(kind: type) -> bool:
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(kind, pydantic.BaseModel)


def _class_name(kind: type) -> list[str]:
    name = [kind.__module__, kind.__qualname__]
    if _find(name) is not kind:
        raise NotStorableError(f"{'.'.join(name)} is not the class that its module has under that name")
    return name


def _find(name: Any) -> Any:
    module, path = name
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = vars(found).get(part) if found is not None and hasattr(found, "__dict__") else None
    return found


def _class_of(body: dict[str, Any], codec: Codec) -> type:
    found = _find(body["class"])
    if found is None:
        raise UnavailableError(f"A stored value is a {'.'.join(body['class'])}, which this kernel has not defined yet.")
    if not isinstance(found, type) or record_codec(found) is not codec:
        raise DamagedError(f"A stored value names the class {'.'.join(body['class'])}, which is of another kind.")
    return found


def _encode_data_class(value: Any, packer: Packer) -> dict[str, Any]:
    kind = type(value)
    names = [each.name for each in fields(kind)]
    if any(not base.__flags__ & _HEAP_TYPE for base in kind.__mro__ if base is not object):
        raise NotStorableError(f"{kind.__qualname__} is more than its fields: it extends a built-in class")
    slots = {name for base in kind.__mro__ for name in _slots(base)}
    more = (set(getattr(value, "__dict__", ())) | slots).difference(names)
    if more:
        raise NotStorableError(f"{kind.__qualname__} holds {min(more)!r}, which is none of its fields")
    held = {name: packer.pack(getattr(value, name)) for name in names if hasattr(value, name)}
    return {"class": _class_name(kind), "fields": held}


def _slots(base: type) -> tuple[str, ...]:
    slots = vars(base).get("__slots__", ())
    named = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(name for name in named if name not in ("__dict__", "__weakref__"))


def _decode_data_class(body: dict[str, Any], unpacker: Unpacker) -> Any:
    kind: Any = _class_of(body, DATA_CLASS)
    known = {each.name for each in fields(kind)}
    _check_fields(kind, body, known)
    made: Any = object.__new__(kind)
    for name, held in body["fields"].items():
        object.__setattr__(made, name, unpacker.unpack(held))
    return made


def _check_fields(kind: type, body: dict[str, Any], known: set[str]) -> None:
    if not isinstance(body["fields"], dict) or not known.issuperset(body["fields"]):
        raise DamagedError(f"A stored {kind.__qualname__} has other fields than its class.")


def _encode_model(value: Any, packer: Packer) -> dict[str, Any]:
    kind = type(value)
    if value.__pydantic_extra__ or value.__pydantic_private__:
        raise NotStorableError(f"{kind.__qualname__} holds more than its fields")
    held = {name: packer.pack(each) for name, each in value.__dict__.items()}
    return {"class": _class_name(kind), "fields": held, "set": sorted(value.__pydantic_fields_set__)}


def _decode_model(body: dict[str, Any], unpacker: Unpacker) -> Any:
    kind: Any = _class_of(body, MODEL)
    _check_fields(kind, body, set(kind.model_fields))
    made = kind.__new__(kind)
    object.__setattr__(made, "__dict__", {name: unpacker.unpack(held) for name, held in body["fields"].items()})
    object.__setattr__(made, "__pydantic_fields_set__", set(body["set"]))
    extra: dict[str, Any] | None = {} if kind.model_config.get("extra") == "allow" else None
    object.__setattr__(made, "__pydantic_extra__", extra)
    object.__setattr__(made, "__pydantic_private__", None)
    return made


def _encode_named_tuple(value: Any, packer: Packer) -> dict[str, Any]:
    if getattr(value, "__dict__", None):
        raise NotStorableError(f"{type(value).__qualname__} holds more than its fields")
    return {"class": _class_name(type(value)), "v": [packer.pack(item) for item in value]}


def _decode_named_tuple(body: dict[str, Any], unpacker: Unpacker) -> Any:
    kind: Any = _class_of(body, NAMED_TUPLE)
    items = [unpacker.unpack(item) for item in body["v"]]
    if len(items) != len(kind._fields):
        raise DamagedError(f"A stored {kind.__qualname__} has {len(items)} fields, its class {len(kind._fields)}.")
    return tuple.__new__(kind, items)


def _encode_enum(value: Enum, _packer: Packer) -> dict[str, Any]:
    if type(value)._member_map_.get(value._name_ or "") is not value:
        raise NotStorableError(f"{value!r} is no single member of its class")
    return {"class": _class_name(type(value)), "v": value.name}


def _decode_enum(body: dict[str, Any], _unpacker: Unpacker) -> Any:
    kind: Any = _class_of(body, ENUM)
    if body["v"] not in kind.__members__:
        raise DamagedError(f"{kind.__qualname__} has no member {body['v']!r}.")
    return kind[body["v"]]


DATA_CLASS = Codec("dataclass", (), _encode_data_class, _decode_data_class)
MODEL = Codec("model", (), _encode_model, _decode_model)
NAMED_TUPLE = Codec("namedtuple", (), _encode_named_tuple, _decode_named_tuple)
ENUM = Codec("enum", (), _encode_enum, _decode_enum)
RECORD_CODECS = (DATA_CLASS, MODEL, NAMED_TUPLE, ENUM)
