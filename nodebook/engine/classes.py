"""Which members of a class decide what its methods and instances do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import EnumMeta
from functools import cached_property, partialmethod
from operator import itemgetter
from types import FunctionType
from typing import Any

_CODE = (FunctionType, classmethod, staticmethod, property, cached_property, partialmethod)
_BOOKKEEPING = frozenset({"_abc_impl", "__annotate__", "__annotate_func__"})


def sorted_items(members: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return members by name; of a copy, since another thread may add one meanwhile."""
    return sorted(list(members.items()), key=itemgetter(0))  # noqa: C414 -- sorted() alone runs over the living one


def class_members(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the members of a class by name: methods and plain attributes.

    Of what Python and pydantic keep for themselves, only the fields of models and data classes.
    """
    if isinstance(kind, EnumMeta):
        members: dict[str, Any] = dict(kind.__members__)
        yield from ((name, each.value) for name, each in members.items())
    for name, member in sorted_items(vars(kind)):
        if name in _BOOKKEEPING or (isinstance(kind, EnumMeta) and _is_of_enum(kind, name)):
            continue
        if not name.startswith("__") or isinstance(member, _CODE):
            yield name, member
    own = vars(kind)
    if is_dataclass(kind):
        yield "fields", [(each.name, each.type, dict(each.metadata)) for each in fields(kind)]
        yield "params", repr(getattr(kind, "__dataclass_params__", None))
    if "__pydantic_fields__" in own:
        yield "fields", own["__pydantic_fields__"]


def _is_of_enum(kind: EnumMeta, name: str) -> bool:
    return name in kind.__members__ or (name.startswith("_") and name.endswith("_")) or name == "__new__"
