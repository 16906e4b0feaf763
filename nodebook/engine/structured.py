"""Data classes and pydantic models as ports: a link brings an object, a literal is an object of its fields.

A literal is kept as the fields that were given, as JSON has them, so that documents stay readable and a default that
changes in the class counts. The class itself is part of the code of what takes it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from nodebook.engine.ports import PortRegistry


def is_structured(hint: Any) -> bool:
    """Say whether a class is a data class or a pydantic model."""
    return inspect.isclass(hint) and (is_dataclass(hint) or issubclass(hint, BaseModel))


class Structured:
    """How objects of one class stand in documents, on links and in the editor."""

    def __init__(self, kind: type) -> None:
        """Raises ``PydanticUserError`` or ``NameError`` for a class whose fields no document can hold."""
        self.kind = kind
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)
        self._fields = _fields_of(kind)
        self._takes_more = issubclass(kind, BaseModel) and kind.model_config.get("extra") == "allow"

    def check(self, value: Any) -> dict[str, Any]:
        """Return the literal of an object, or of its fields. Raises ``ValueError`` that names the field."""
        if not isinstance(value, Mapping):
            return self._dumped(self._object(value))
        given = dict(value)
        dumped = self._dumped(self._validated(given))
        return {name: dumped.get(name, held) for name, held in given.items()}

    def from_wire(self, value: Any) -> Any:
        """Return the object that a literal or a linked value stands for. Raises ``ValueError``."""
        return self._validated(dict(value)) if isinstance(value, Mapping) else self._object(value)

    def widget(self, describe: Callable[[Any], Any]) -> dict[str, Any]:
        """Return what edits the fields; ``describe`` gives the port type and the widget of an annotation."""
        shown = []
        for name, (hint, default) in self._fields.items():
            kind = describe(hint)
            info = {"name": name, "type": kind.port, "required": default is MISSING, "widget": _by_value(kind)}
            if default is not MISSING:
                info["default"] = _to_json(default)
            shown.append({**info, "doc": kind.description})
        return {"kind": "fields", "fields": shown}

    def _object(self, value: Any) -> Any:
        if isinstance(value, self.kind):
            return value
        if is_structured(type(value)) and type(value).__qualname__ == self.kind.__qualname__:
            # Of the class as it was before its cell ran again.
            names = _fields_of(type(value))
            shared = (name for name in names if name in self._fields and hasattr(value, name))
            return self._validated({name: getattr(value, name) for name in shared})
        raise ValueError(f"input should be a {self.kind.__qualname__} or its fields, got {value!r}")

    def _validated(self, given: dict[Any, Any]) -> Any:
        unknown = [] if self._takes_more else [name for name in given if name not in self._names]
        if unknown:
            listed = ", ".join(self._fields) or "none"
            raise ValueError(f"{self.kind.__qualname__} has no field {unknown[0]!r}. Its fields are: {listed}")
        try:
            return self._adapter.validate_python(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"]))
            words = f"{first['msg'][0].lower()}{first['msg'][1:]}, got {first['input']!r}"
            raise ValueError(f"field {where}: {words}" if where else words) from None

    @property
    def _names(self) -> set[str]:
        names = set(self._fields)
        if issubclass(self.kind, BaseModel):
            names.update(field.alias for field in self.kind.model_fields.values() if field.alias)
        return names

    def _dumped(self, value: Any) -> dict[str, Any]:
        try:
            dumped = self._adapter.dump_python(value, mode="json", by_alias=True, warnings=False)
        except Exception as error:  # noqa: BLE001 -- a field may be of any class, with serialisers of its own
            raise ValueError(f"{self.kind.__qualname__} has a field that no document can hold: {error}") from None
        if not isinstance(dumped, dict):
            raise ValueError(f"{self.kind.__qualname__} is no object of fields")  # noqa: TRY004 -- a check of a literal
        return dumped


def structured_of(kind: type, ports: PortRegistry, describe: Callable[[Any, PortRegistry], Any]) -> Any:
    """Return how objects of a class travel, with its widget; None where its fields are nothing for documents."""
    try:
        made = Structured(kind)
        return made, made.widget(lambda hint: describe(hint, ports))
    except (PydanticUserError, NameError, TypeError, ValueError):
        return None


def _by_value(kind: Any) -> Any:
    """Return the widget of a field: of an enum it chooses values, which are what a literal of the fields holds."""
    member = kind.python_type
    if kind.widget is not None and inspect.isclass(member) and issubclass(member, Enum):
        return {**kind.widget, "options": [each.value for each in member]}
    return kind.widget


def _to_json(default: Any) -> Any:
    try:
        return to_jsonable_python(default)
    except ValueError:
        return None


def _fields_of(kind: type) -> dict[str, tuple[Any, Any]]:
    """Return the annotation and the default of each field that is given when an object is made."""
    if issubclass(kind, BaseModel):
        return {name: (_annotated(field), _default_of(field)) for name, field in kind.model_fields.items()}
    hints = get_type_hints(kind, include_extras=True)
    found: dict[str, tuple[Any, Any]] = {}
    for field in fields(kind):  # type: ignore[arg-type]  # what is no model is a data class
        if field.init:
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            found[field.name] = hints.get(field.name, Any), default
    return found


def _annotated(field: FieldInfo) -> Any:
    return Annotated[field.annotation, field]


def _default_of(field: FieldInfo) -> Any:
    return MISSING if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
