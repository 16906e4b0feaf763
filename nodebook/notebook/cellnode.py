"""From the code of a cell to a node: which names are its inputs, of what types, and what stays outside."""

from __future__ import annotations

import ast
import builtins
import functools
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from nodebook.engine.node import NodeFunction
from nodebook.notebook.cellcode import CellCode
from nodebook.notebook.errors import CellNodeError

_SCALARS = (bool, int, float, str)

_CODE = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ModuleType,
    types.GenericAlias,
    types.UnionType,
    type,
    functools.partial,
    type(functools.lru_cache(int)),
    NodeFunction,
)
"""What a cell uses and does not get: it stays a global, and counts as part of the code."""

_TRAVELLING = ("PIL.Image.Image", "numpy.ndarray", "torch.Tensor", "pandas.DataFrame", "polars.DataFrame")
"""Classes of values that a node's ports know: an output that is one now is taken to stay one."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a node that a cell becomes; None: found out."""

    name: str | None = None
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CellFunction:
    """The function that a cell became; ``outside``: names that it reads and does not get."""

    function: types.FunctionType
    outputs: tuple[str, ...]
    outside: tuple[str, ...]


def make_function(code: CellCode, wanted: Wanted, namespace: dict[str, Any]) -> CellFunction:
    """Return the function of a cell, with types and defaults from the values that the names have now.

    Raises ``CellNodeError`` where an input is not read, an output not made, or a name is not free.
    """
    inputs, outside = _choose_inputs(code, wanted.inputs, namespace)
    outputs = _choose_outputs(code, wanted.outputs)
    name = _choose_name(wanted.name, outputs, namespace)
    defaults = {each: namespace[each] for each in inputs if each in namespace and _is_literal(namespace[each])}
    ordered = [*(each for each in inputs if each not in defaults), *(each for each in inputs if each in defaults)]
    made: dict[str, Any] = {}
    module = code.function(name, ordered, outputs)
    function = types.FunctionType(
        _function_code(module), namespace, name, tuple(defaults[each] for each in ordered if each in defaults)
    )
    function.__module__, function.__qualname__ = "__main__", name
    function.__doc__ = _docstring(code)
    made.update({each: _hint(namespace[each]) for each in ordered if each in namespace})
    hints = [_output_hint(each, code, namespace) for each in outputs]
    made["return"] = None if not hints else hints[0] if len(hints) == 1 else tuple[tuple(hints)]  # type: ignore[misc]  # made at run time
    function.__annotations__ = made
    return CellFunction(function, tuple(outputs), outside)


def _function_code(module: types.CodeType) -> types.CodeType:
    return next(each for each in module.co_consts if isinstance(each, types.CodeType))


def _docstring(code: CellCode) -> str | None:
    return ast.get_docstring(code.tree)


def _choose_inputs(
    code: CellCode, asked: Sequence[str] | None, namespace: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names that are inputs, and those that stay outside."""
    if asked is None:
        inputs = tuple(each for each in code.reads if each in code.needs or _is_data(each, namespace))
    else:
        unread = [each for each in asked if each not in code.reads]
        if unread:
            listed = ", ".join(code.reads) or "none"
            raise CellNodeError(
                f"--inputs names {unread[0]}, which the cell does not read before it makes it. It reads: {listed}."
            )
        left = sorted(code.needs.difference(asked))
        if left:
            raise CellNodeError(
                f"The cell reads {left[0]} before it makes it, so that must be an input. Add it: "
                f"--inputs {','.join([*asked, *left])}."
            )
        inputs = tuple(asked)
    outside = (each for each in code.reads if each not in inputs and (each in namespace or not hasattr(builtins, each)))
    return inputs, tuple(outside)


def _choose_outputs(code: CellCode, asked: Sequence[str] | None) -> tuple[str, ...]:
    if asked is None:
        return code.makes
    for each in asked:
        if each not in code.makes:
            listed = ", ".join(code.makes) or "none"
            raise CellNodeError(f"--outputs names {each}, which the cell does not make. It makes: {listed}.")
    return tuple(asked)


def _choose_name(asked: str | None, outputs: Sequence[str], namespace: Mapping[str, Any]) -> str:
    name = asked or (f"make_{outputs[0]}" if outputs else "cell")
    if not name.isidentifier():
        raise CellNodeError(
            f"{name!r} cannot be the name of a node: expected a name as of a variable, such as %%node sharpen."
        )
    held = namespace.get(name)
    if held is not None and not isinstance(held, NodeFunction):
        raise CellNodeError(
            f"{name} is in the notebook already (of type {type(held).__name__}), and the node would take its place. "
            f"Give the node another name: %%node make_{name}"
        )
    return name


def _is_data(name: str, namespace: Mapping[str, Any]) -> bool:
    if name in namespace:
        value = namespace[name]
        return not (isinstance(value, _CODE) or type(value).__module__ == typing.__name__)
    return not hasattr(builtins, name)


def _is_literal(value: Any) -> bool:
    return type(value) in _SCALARS or isinstance(value, Enum)


def _hint(value: Any) -> Any:
    kind = type(value)
    return kind if kind in _SCALARS or isinstance(value, Enum) or _class_of(value) is not None else _model_or_any(kind)


def _model_or_any(kind: type) -> Any:
    is_model = hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__pydantic_fields__")
    return kind if is_model else Any


def _class_of(value: Any) -> type | None:
    """Return the class of pictures, arrays and frames that a value is one of."""
    names = {f"{each.__module__}.{each.__qualname__}": each for each in type(value).__mro__}
    names.update({f"{each.__module__.partition('.')[0]}.{each.__qualname__}": each for each in type(value).__mro__})
    return next((names[each] for each in _TRAVELLING if each in names), None)


def _output_hint(name: str, code: CellCode, namespace: dict[str, Any]) -> Any:
    annotation = code.hints.get(name)
    if annotation is not None:
        expression = ast.fix_missing_locations(ast.Expression(annotation))
        try:
            return eval(compile(expression, code.filename, "eval"), namespace)  # noqa: S307 -- the cell's own code
        except Exception as error:  # noqa: BLE001 -- an annotation may be any code
            raise CellNodeError(
                f"The annotation of {name} cannot be read: {type(error).__name__}: {error}. Expected a type that the "
                "notebook has, for example PIL.Image.Image; import it first."
            ) from None
    return _class_of(namespace[name]) or Any if name in namespace else Any


def define(cell: CellFunction, options: Mapping[str, Any], node: Callable[..., Any]) -> NodeFunction[..., Any]:
    """Make the function a node of the session. Raises ``NodeDefinitionError``."""
    given = {**options, "is_output": bool(options.get("is_output")) or not cell.outputs}
    if cell.outputs:
        given["outputs"] = cell.outputs
    made: NodeFunction[..., Any] = node(**given)(cell.function)
    return made
