"""From the signature of a function to a node type."""

from __future__ import annotations

import inspect
import re
from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_args, get_origin, get_type_hints

from nodebook.engine.annotations import HiddenMarker, LazyMarker, RawMarker
from nodebook.engine.node import NodeFunction, NodeOptions
from nodebook.engine.nodetype import (
    ASYNC_LANE,
    CONCURRENT_LANE,
    MAIN_LANE,
    MISSING,
    InputSpec,
    NodeType,
    OutputSpec,
)
from nodebook.engine.ports import ANY, Convert, PortRegistry
from nodebook.engine.values import ValueKind, as_it_is, value_kind
from nodebook.engine.words import title_of
from nodebook.errors import NodeDefinitionError

_NOTEBOOK_CATEGORY = "notebook"

_SEED_NAMES = frozenset({"seed", "noise_seed"})
"""Whole numbers of these names are seeds without being marked (ComfyUI's rule)."""


def describe(node_function: NodeFunction[..., Any], ports: PortRegistry, origin: str | None = None) -> NodeType:
    """Build the node type of a function. Raises ``NodeDefinitionError`` where a signature cannot be a node."""
    function, options = node_function.function, node_function.options
    name = node_function.type_name
    _check_kind(function, name)
    hints = _hints(function, name)
    returned = _returned_hint(hints.get("return", Any), function)
    docs = _parameter_docs(inspect.getdoc(function) or "")
    parameters = inspect.signature(function).parameters.values()
    free = _own_checks(options.validate)
    inputs: list[InputSpec] = []
    hidden: list[tuple[str, Any]] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        _check_parameter(parameter, name)
        hint = hints.get(parameter.name, _guess(parameter.default))
        kind = value_kind(hint, ports)
        if any(isinstance(mark, HiddenMarker) for mark in kind.marks):
            hidden.append((parameter.name, kind.python_type))
            continue
        if (free is None or parameter.name in free) and kind.coerce is not None:
            kind = replace(kind, check=kind.coerce, is_constrained=False)
        inputs.append(_input(parameter, kind, docs, name))
    _check_needs(options, inputs, name)
    return NodeType(
        name=name,
        title=options.title or title_of(name),
        category=options.category or _NOTEBOOK_CATEGORY,
        description=_summary(inspect.getdoc(function) or ""),
        inputs=tuple(inputs),
        outputs=_outputs(returned, options.outputs, ports, name),
        function=function,
        hidden=tuple(hidden),
        is_output=options.is_output,
        is_cached=options.cache,
        fingerprint=options.fingerprint,
        aliases=options.aliases,
        origin=origin or ("notebook" if function.__module__ == "__main__" else function.__module__.split(".")[0]),
        version=options.version,
        returns_tuple=_returns_tuple(returned),
        lane=_lane(function, options, name),
        is_generator=inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function),
        gives_last=inspect.isasyncgenfunction(function) or _yields(hints.get("return")),
        takes_any=any(each.kind is each.VAR_KEYWORD for each in parameters),
        needs=options.needs,
        changed=options.changed,
        validate=options.validate,
        is_idempotent=options.idempotent,
        resident_inputs=tuple(spec.name for spec in inputs if ports.is_resident(spec.port)),
    )


def _own_checks(validate: Callable[..., Any] | None) -> frozenset[str] | None:
    """Return the inputs whose range and choices a node checks by itself; None: all of them (ComfyUI's rule)."""
    if validate is None:
        return frozenset()
    wanted = inspect.signature(validate).parameters.values()
    if any(each.kind is each.VAR_KEYWORD for each in wanted):
        return None
    return frozenset(each.name for each in wanted)


def _lane(function: Callable[..., Any], options: NodeOptions, name: str) -> str:
    if not (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)):
        if options.lane == ASYNC_LANE:
            raise NodeDefinitionError(
                f"Node {name} asks for the lane {ASYNC_LANE!r} but is a plain function. Write it with `async def`, or "
                f"use lane={CONCURRENT_LANE!r} where it may run beside others."
            )
        return options.lane
    if options.lane not in (MAIN_LANE, ASYNC_LANE):
        raise NodeDefinitionError(
            f"Node {name} is an async function, which runs on the event loop; got lane={options.lane!r}. Leave the "
            "lane out."
        )
    return ASYNC_LANE


def _check_needs(options: NodeOptions, inputs: list[InputSpec], name: str) -> None:
    if any(spec.is_lazy for spec in inputs) and options.needs is None:
        lazy = ", ".join(spec.name for spec in inputs if spec.is_lazy)
        raise NodeDefinitionError(
            f"Node {name} has lazy inputs ({lazy}), but nothing that asks for them: they would always be None. Give "
            '@nb.node a function needs=..., which returns the names to compute, for example `lambda flag: ["yes"] if '
            'flag else ["no"]`.'
        )


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except Exception as error:
        raise NodeDefinitionError(
            f"Cannot read the annotations of node {name}: {error}. Expected names that exist where the function is "
            "defined; import them before the function, or define them above it."
        ) from error


def _check_kind(function: Callable[..., Any], name: str) -> None:
    if name == "<lambda>":
        raise NodeDefinitionError(
            "A lambda has no name that documents could know its node type by. Write a function with def, or give one: "
            "nb.node(name=...)(lambda ...)."
        )
    if inspect.isclass(function):
        raise NodeDefinitionError(
            f"{name} is a class; expected a plain function that returns its outputs. Write a function that makes and "
            "uses it, or give the class @nb.node."
        )
    try:
        parameters = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        raise NodeDefinitionError(
            f"{name} does not say what it takes, as functions made in C often do not. Write a function that calls it: "
            "def my_node(x: float) -> float: ..."
        ) from None
    inside = getattr(function, "__qualname__", "").rpartition(".")[0]
    if parameters[:1] in (["self"], ["cls"]) and inside and not inside.endswith("<locals>"):
        owner = inside.rpartition(".")[2]
        raise NodeDefinitionError(
            f"{name} is a method of {owner}: nobody would give it its {parameters[0]}. Make an object first, and a "
            f"node of its method: nb.node({owner.lower()}.{name}). Where it needs no object, put @staticmethod below "
            "@nb.node."
        )


def _check_parameter(parameter: inspect.Parameter, name: str) -> None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
        raise NodeDefinitionError(
            f"Node {name} has the parameter {str(parameter)!r}, but inputs are passed by name. Give each input a name "
            "of its own, without * or a position-only marker."
        )


def _guess(default: Any) -> Any:
    return type(default) if type(default) in (bool, int, float, str) else Any


def _input(parameter: inspect.Parameter, kind: ValueKind, docs: Mapping[str, str], node: str) -> InputSpec:
    default = MISSING if parameter.default is parameter.empty else parameter.default
    is_lazy = any(isinstance(mark, LazyMarker) for mark in kind.marks)
    if is_lazy and default is MISSING:
        default = None
    if kind.is_items and (kind.check is not None or kind.port == ANY):
        kind = replace(kind, check=each_checked(kind.check or as_it_is))
    if default is not MISSING and default is not None and kind.check is not None:
        try:
            default = kind.check(default)
        except ValueError as error:
            raise NodeDefinitionError(
                f"Node {node}: the default of {parameter.name} is {parameter.default!r}, but {error}."
            ) from error
    elif default is not MISSING and default is not None:
        raise NodeDefinitionError(
            f"Node {node}: {parameter.name} is of type {kind.port}, which no document can hold, so its default can "
            f"only be None; got {default!r}. Use None and fill it in inside the function."
        )
    return InputSpec(
        name=parameter.name,
        port=kind.port,
        default=default,
        doc=kind.description or docs.get(parameter.name, ""),
        widget=_named_widget(parameter.name, kind.widget),
        check=kind.check,
        check_linked=kind.is_constrained,
        from_wire=kind.from_wire,
        takes_items=kind.is_items,
        is_lazy=is_lazy,
        is_raw=any(isinstance(mark, RawMarker) for mark in kind.marks),
        structured=kind.structured,
    )


def _named_widget(name: str, widget: dict[str, Any] | None) -> dict[str, Any] | None:
    if widget is None or name not in _SEED_NAMES or not widget.get("integer") or "seed" in widget:
        return widget
    return {**widget, "seed": True}


def each_checked(check: Convert) -> Convert:
    """Return a check of a literal that stands for many values: a list, or one alone."""

    def check_all(value: Any) -> Any:
        return [check(item) for item in value] if isinstance(value, (list, tuple)) else check(value)

    return check_all


def _outputs(hint: Any, names: tuple[str, ...] | None, ports: PortRegistry, node: str) -> tuple[OutputSpec, ...]:
    hints, own_names = _output_hints(hint)
    if names is None:
        names = own_names
    kinds = [value_kind(each, ports) for each in hints]
    if names is None:
        names = _unique([kind.port if kind.port != ANY and "," not in kind.port else "output" for kind in kinds])
    if len(names) != len(kinds):
        raise NodeDefinitionError(
            f"Node {node} names {len(names)} outputs ({', '.join(names)}), but returns {len(kinds)}. "
            "Annotate the return value as a tuple with one type per output."
        )
    return tuple(
        OutputSpec(
            name,
            kind.port,
            kind.description,
            kind.to_wire,
            None if kind.structured else kind.from_wire,  # what a node made of a class that has changed since stays so
            kind.is_items,
            kind.structured,
        )
        for name, kind in zip(names, kinds, strict=True)
    )


def _output_hints(hint: Any) -> tuple[tuple[Any, ...], tuple[str, ...] | None]:
    if hint is None or hint is type(None) or getattr(hint, "__name__", None) == "UI":
        return (), None
    if get_origin(hint) is tuple and get_args(hint)[-1:] != (Ellipsis,):
        return get_args(hint), None
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        fields = get_type_hints(hint, include_extras=True)
        return tuple(fields.get(name, Any) for name in hint._fields), tuple(hint._fields)
    return (hint,), None


_YIELDING = (abc.Iterator, abc.Iterable, abc.AsyncIterator, abc.AsyncIterable, abc.AsyncGenerator)


def _yields(hint: Any) -> bool:
    """Whether an annotation says only what is yielded, so that the last of it is the result."""
    return get_origin(hint) in _YIELDING


def _returned_hint(hint: Any, function: Callable[..., Any]) -> Any:
    """Return what the result of a function is annotated as; of a generator that is what comes last."""
    if not (inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)):
        return hint
    arguments = get_args(hint)
    if get_origin(hint) is abc.Generator:
        return arguments[2] if len(arguments) > 2 else Any  # noqa: PLR2004 -- what it yields, is sent, and returns
    return arguments[0] if _yields(hint) and arguments else hint


def _returns_tuple(hint: Any) -> bool:
    return (get_origin(hint) is tuple and get_args(hint)[-1:] != (Ellipsis,)) or hasattr(hint, "_fields")


def _unique(names: list[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(unique)


def _summary(doc: str) -> str:
    return " ".join(doc.split("\n\n", maxsplit=1)[0].split())


def _parameter_docs(doc: str) -> dict[str, str]:
    """Read ``name: text`` lines (continued by indented ones) and numpy's ``name : type`` with text below."""
    docs: dict[str, str] = {}
    current: str | None = None
    for line in doc.splitlines()[1:]:
        head = re.match(r"^(\w+)\s*:\s*(.*)$", line)
        if head:
            current = head[1]
            docs[current] = "" if line.startswith(f"{current} :") else head[2].strip()
        elif current and line.startswith(" ") and line.strip():
            docs[current] = f"{docs[current]} {line.strip()}".strip()
        elif not line.strip():
            current = None
    return docs
