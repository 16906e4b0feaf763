"""From one annotation to a port type, a widget and a check."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import BaseMetadata, Ge, GroupedMetadata, Gt, Interval, Le, Lt, MultipleOf
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from nodebook.engine.annotations import Color, Curve, FileName, InputFile, Number, Picture, Port, Seed, Text, Toggle
from nodebook.engine.curve import check_points
from nodebook.engine.items import Items
from nodebook.engine.ports import ANY, Convert, PortRegistry
from nodebook.engine.structured import is_structured, structured_of

CHOICE = "COMBO"
_SCALARS: dict[type, str] = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}
_INT_STEP, _FLOAT_STEP = 1, 0.01


@dataclass(frozen=True, slots=True)
class ValueKind:
    """What one annotation means for a port."""

    port: str
    python_type: Any = None
    widget: dict[str, Any] | None = None
    check: Convert | None = None
    is_constrained: bool = False
    to_wire: Convert | None = None
    from_wire: Convert | None = None
    description: str = ""
    marks: tuple[Any, ...] = ()
    is_items: bool = False
    """Whether ``Items[...]``: many values, all at once."""
    coerce: Convert | None = None
    """``check`` without range and choices, for nodes that validate for themselves."""
    structured: type | None = None
    """The data class or model that it is."""


_CURVE = ValueKind("CURVE", widget={"kind": "curve"}, check=check_points, coerce=check_points)


def value_kind(hint: Any, ports: PortRegistry) -> ValueKind:
    """Return what an annotation means: port type, widget, check and conversions."""
    hint, is_optional = _strip_optional(hint)
    if get_origin(hint) is Items or hint is Items:
        inner = value_kind(get_args(hint)[0] if get_args(hint) else Any, ports)
        return replace(inner, is_items=True, python_type=hint)
    marks: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        marks = tuple(extras)
        hint, inner_optional = _strip_optional(hint)
        is_optional = is_optional or inner_optional
        if get_origin(hint) is Items or hint is Items:
            inner = value_kind(Annotated[(get_args(hint) or (Any,))[0], *marks], ports)
            return replace(inner, is_items=True, python_type=hint)
    is_curve = any(isinstance(mark, Curve) for mark in marks)
    kind = _CURVE if is_curve else _plain_kind(hint, marks, ports)
    named = next((mark.name for mark in marks if isinstance(mark, Port)), kind.port)
    description = next((mark.description for mark in marks if isinstance(mark, FieldInfo) and mark.description), "")
    check = _allow_none(kind.check) if is_optional and kind.check is not None else kind.check
    to_wire = kind.to_wire if named == kind.port else ports.find_wire(named) or kind.to_wire
    coerce = _allow_none(kind.coerce) if is_optional and kind.coerce is not None else kind.coerce
    return replace(
        kind,
        port=named,
        marks=marks,
        python_type=hint,
        description=description,
        check=check,
        to_wire=to_wire,
        coerce=coerce,
    )


def _strip_optional(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        rest = tuple(each for each in get_args(hint) if each is not type(None))
        if len(rest) < len(get_args(hint)):
            return Union[rest], True  # noqa: UP007 - built at run time
    return hint, False


def _allow_none(check: Convert) -> Convert:
    return lambda value: None if value is None else check(value)


def _plain_kind(hint: Any, marks: tuple[Any, ...], ports: PortRegistry) -> ValueKind:
    if hint in _SCALARS:
        return _scalar(hint, marks)
    if get_origin(hint) is Literal:
        return _choice(list(get_args(hint)), hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return _union(get_args(hint), ports)
    return ValueKind(ANY) if hint in (Any, object, None, type(None)) else _class(hint, ports)


def _class(hint: Any, ports: PortRegistry) -> ValueKind:
    name = class_name(hint)
    known = ports.find_class(name) or ports.find_class(class_name(get_origin(hint) or hint))
    if known is None:
        plain = ValueKind(name.removeprefix("__main__."))
        return _structured(plain, hint, ports) if is_structured(hint) else plain
    return ValueKind(known.port, to_wire=known.to_wire, from_wire=known.from_wire)


def _structured(plain: ValueKind, hint: type, ports: PortRegistry) -> ValueKind:
    """Return the kind of a data class or model, with its fields as a widget where documents can hold them."""
    found = structured_of(hint, ports, value_kind)
    if found is None:
        return plain
    made, widget = found
    return replace(plain, widget=widget, check=made.check, coerce=made.check, from_wire=made.from_wire, structured=hint)


def class_name(hint: Any) -> str:
    """Return the qualified name of a class, with its arguments where it has any: ``list[PIL.Image.Image]``."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is not None:
        inner = ", ".join(class_name(each) for each in arguments if each is not Ellipsis)
        return f"{class_name(origin)}[{inner}]"
    module = getattr(hint, "__module__", "builtins")
    name = getattr(hint, "__qualname__", str(hint))
    return name if module == "builtins" else f"{module}.{name}"


def _union(hints: tuple[Any, ...], ports: PortRegistry) -> ValueKind:
    kinds = [value_kind(each, ports) for each in hints]
    names = dict.fromkeys(kind.port for kind in kinds)
    if ANY in names:
        return ValueKind(ANY)
    with_widget = next((kind for kind in kinds if kind.widget is not None), None)
    merged = ValueKind(",".join(names))
    if with_widget is None:
        return merged
    checked = tuple(each for each, kind in zip(hints, kinds, strict=True) if kind.check is not None)
    check = with_widget.check if len(checked) == 1 else _checker(Union[checked])  # noqa: UP007 - built at run time
    return replace(merged, widget=with_widget.widget, check=check, coerce=as_it_is)


def _checker(hint: Any) -> Convert:
    """Return a function that gives the canonical literal, or raises ``ValueError`` with what was expected."""
    validate = TypeAdapter(hint, config=ConfigDict(coerce_numbers_to_str=True, allow_inf_nan=True)).validator
    run: Callable[[Any], Any] = validate.validate_python

    def check(value: Any) -> Any:
        try:
            return run(value)
        except ValidationError as error:
            raise ValueError(_expected(error)) from None

    return check


def _expected(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    return f"{first['msg'][0].lower()}{first['msg'][1:]}, got {first['input']!r}"


def _scalar(hint: type, marks: tuple[Any, ...]) -> ValueKind:
    limits = _limits(marks)
    constraints = tuple(mark for mark in marks if isinstance(mark, (FieldInfo, BaseMetadata, GroupedMetadata)))
    constrained = Annotated[(hint, *constraints)] if constraints else hint
    has_range = bool(limits) and hint in (int, float)
    widget = _scalar_widget(hint, marks, limits)
    check = _checker(constrained)
    coerce = _checker(hint) if constraints else check
    port = CHOICE if widget["kind"] == "choice" else _SCALARS[hint]
    return ValueKind(port, widget=widget, check=check, is_constrained=has_range, coerce=coerce)


def as_it_is(value: Any) -> Any:
    """Check nothing: a node that validates for itself, or a port that takes anything."""
    return value


def _limits(marks: tuple[Any, ...]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for mark in marks:
        parts = mark.metadata if isinstance(mark, FieldInfo) else [mark]
        for part in parts:
            for member, side in (("ge", "min"), ("gt", "min"), ("le", "max"), ("lt", "max"), ("multiple_of", "step")):
                if isinstance(part, (Ge, Gt, Le, Lt, Interval, MultipleOf)) and getattr(part, member, None) is not None:
                    limits[side] = getattr(part, member)
    return limits


def _scalar_widget(hint: type, marks: tuple[Any, ...], limits: dict[str, Any]) -> dict[str, Any]:
    def mark(kind: type) -> Any:
        return next((each for each in marks if isinstance(each, kind)), None)

    if (color := mark(Color)) is not None:
        return {"kind": "color", "format": color.format, **({"alpha": True} if color.alpha else {})}
    if hint is bool:
        toggle = mark(Toggle) or Toggle()
        return {"kind": "toggle", "on": toggle.on, "off": toggle.off}
    if hint is str:
        return _text_widget(mark)
    number = mark(Number) or Number()
    seed = {} if (marked := mark(Seed)) is None else {"seed": marked.on}
    step = number.step or limits.get("step") or (_INT_STEP if hint is int else _FLOAT_STEP)
    return {
        "kind": "number",
        "min": limits.get("min"),
        "max": limits.get("max"),
        "step": step,
        "integer": hint is int,
        "display": number.display,
        **seed,
    }


def _text_widget(mark: Callable[[type], Any]) -> dict[str, Any]:
    """Return what edits a text: a choice of files where it names one."""
    if mark(Picture) is not None:
        return {"kind": "picture", "options": [], "files": "input"}
    if (taken := mark(InputFile)) is not None:
        return {"kind": "file", "options": [], "accept": list(taken.suffixes), "files": "input_files"}
    if (file := mark(FileName)) is not None:
        return {"kind": "choice", "options": [], "files": file.folder}
    text = mark(Text) or Text()
    complete = {"complete": list(text.complete)} if text.complete else {}
    return {"kind": "text", "multiline": text.multiline, "placeholder": text.placeholder, **complete}


def _choice(options: list[Any], hint: Any) -> ValueKind:
    widget = {"kind": "choice", "options": options}
    return ValueKind(CHOICE, widget=widget, check=_checker(hint), is_constrained=True, coerce=as_it_is)


def _enum(hint: type[Enum]) -> ValueKind:
    names = [member.name for member in hint]

    def check(value: Any) -> str:
        name = value.name if isinstance(value, hint) else value
        if name not in names:
            raise ValueError(f"input should be one of {', '.join(names)}, got {value!r}")
        return str(name)

    return ValueKind(
        CHOICE,
        widget={"kind": "choice", "options": names},
        check=check,
        coerce=as_it_is,
        from_wire=lambda value: hint[check(value)],  # this checks what comes by a link too
    )
