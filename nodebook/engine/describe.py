"""From the signature of a function to a node type."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin, get_type_hints

from nodebook.engine.annotations import HiddenMarker
from nodebook.engine.node import NodeFunction
from nodebook.engine.nodetype import MISSING, InputSpec, NodeType, OutputSpec
from nodebook.engine.ports import ANY, PortRegistry
from nodebook.engine.values import ValueKind, value_kind
from nodebook.errors import NodeDefinitionError

_NOTEBOOK_CATEGORY = "notebook"


def describe(node_function: NodeFunction[..., Any], ports: PortRegistry, origin: str | None = None) -> NodeType:
    """Build the node type of a function. Raises ``NodeDefinitionError`` where a signature cannot be a node."""
    function, options = node_function.function, node_function.options
    name = node_function.type_name
    _check_kind(function, name)
    hints = _hints(function, name)
    docs = _parameter_docs(inspect.getdoc(function) or "")
    inputs: list[InputSpec] = []
    hidden: list[tuple[str, Any]] = []
    for parameter in inspect.signature(function).parameters.values():
        _check_parameter(parameter, name)
        hint = hints.get(parameter.name, _guess(parameter.default))
        kind = value_kind(hint, ports)
        if any(isinstance(mark, HiddenMarker) for mark in kind.marks):
            hidden.append((parameter.name, kind.python_type))
            continue
        inputs.append(_input(parameter, kind, docs, name))
    return NodeType(
        name=name,
        title=options.title or title_of(name),
        category=options.category or _NOTEBOOK_CATEGORY,
        description=_summary(inspect.getdoc(function) or ""),
        inputs=tuple(inputs),
        outputs=_outputs(hints.get("return", Any), options.outputs, ports, name),
        function=function,
        hidden=tuple(hidden),
        is_output=options.is_output,
        is_cached=options.cache,
        fingerprint=options.fingerprint,
        aliases=options.aliases,
        origin=origin or ("notebook" if function.__module__ == "__main__" else function.__module__.split(".")[0]),
        version=options.version,
        returns_tuple=_returns_tuple(hints.get("return", Any)),
    )


def title_of(name: str) -> str:
    """Return words for a function or class name: ``soft_glow`` → "Soft Glow", ``ImageBlur`` → "Image Blur"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).replace("_", " ").split()
    return " ".join(word if word.isupper() else word[0].upper() + word[1:] for word in words)


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except Exception as error:
        raise NodeDefinitionError(
            f"Cannot read the annotations of node {name}: {error}. Expected names that exist where the function is "
            "defined; import them before the function, or define them above it."
        ) from error


def _check_kind(function: Callable[..., Any], name: str) -> None:
    kinds = (
        (inspect.isclass, "a class", "Write a function that makes and uses it."),
        (
            inspect.iscoroutinefunction,
            "an async function",
            "Write it without async: nodes run on a thread of their own.",
        ),
        (inspect.isgeneratorfunction, "a generator", "Return a list, and show what comes between with nb.preview."),
        (inspect.isasyncgenfunction, "an async generator", "Return a list from a plain function."),
    )
    for is_kind, words, advice in kinds:
        if is_kind(function):
            raise NodeDefinitionError(
                f"{name} is {words}; expected a plain function that returns its outputs. {advice}"
            )


def _check_parameter(parameter: inspect.Parameter, name: str) -> None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise NodeDefinitionError(
            f"Node {name} has the parameter {str(parameter)!r}, but inputs are passed by name. Give each input a name "
            "of its own, without *, ** or a position-only marker."
        )


def _guess(default: Any) -> Any:
    return type(default) if type(default) in (bool, int, float, str) else Any


def _input(parameter: inspect.Parameter, kind: ValueKind, docs: Mapping[str, str], node: str) -> InputSpec:
    default = MISSING if parameter.default is parameter.empty else parameter.default
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
        widget=kind.widget,
        check=kind.check,
        check_linked=kind.is_constrained,
        from_wire=kind.from_wire,
    )


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
        OutputSpec(name, kind.port, kind.description, kind.to_wire, kind.from_wire)
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
