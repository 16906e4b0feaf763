"""Literals and calls as Python code, in the form that formatters leave alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from nodebook.engine.literals import VariableRef

WIDTH = 100
"""Characters in a line, where a value can be broken."""

_INDENT = "    "


def text_code(text: str) -> str:
    """Return text in quotes; what no screen shows is escaped."""
    found = repr(text)
    if found[0] == "'" and ('"' not in text or "'" in text):
        found = '"' + found[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
    return found


def value_code(value: Any) -> str:
    """Return a literal on one line."""
    if isinstance(value, str):
        return text_code(value)
    if isinstance(value, VariableRef):
        return f"nb.variable({text_code(value.name)})"
    if isinstance(value, float) and not math.isfinite(value):
        return 'float("nan")' if math.isnan(value) else f'float("{value}")'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(value_code, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{text_code(name)}: {value_code(held)}" for name, held in value.items()) + "}"
    return repr(value)


def broken_code(value: Any, indent: str, used: int = 0) -> str:
    """Return a literal, on several lines where one is too long or text has them; ``used``: what stands before."""
    if isinstance(value, str):
        return _text_lines(value, indent) if "\n" in value[:-1] else text_code(value)
    line = value_code(value)
    if len(indent) + used + len(line) <= WIDTH or not isinstance(value, (list, tuple, Mapping)) or not value:
        return line
    inner = indent + _INDENT
    if isinstance(value, Mapping):
        items = []
        for name, held in value.items():
            begin = f"{text_code(name)}: "
            items.append(begin + broken_code(held, inner, len(begin) + 1))
        return "{\n" + "".join(f"{inner}{item},\n" for item in items) + indent + "}"
    return "[\n" + "".join(f"{inner}{broken_code(item, inner, 1)},\n" for item in value) + indent + "]"


def _text_lines(text: str, indent: str) -> str:
    """Return text of several lines, each on its own, so that a change of one is a change of one line."""
    inner = indent + _INDENT
    lines = text.split("\n")
    ended = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return "(\n" + "".join(f"{inner}{text_code(line)}\n" for line in ended) + indent + ")"


class Code(str):
    """An expression that is code already, among literals."""

    __slots__ = ()


def call_code(begin: str, first: Iterable[str], inputs: Iterable[tuple[str, Any]], indent: str, *, names: Any) -> str:
    """Return a call: ``begin`` up to the bracket, then what has no name, then inputs, each a literal or ``Code``.

    ``names``: says which inputs can be keywords; the others stand in one ``**{...}``.
    """
    plain = [(name, held) for name, held in inputs if names(name)]
    odd = {name: held for name, held in inputs if not names(name)}
    parts = [*first, *(f"{name}={_short(held)}" for name, held in plain)]
    if odd:
        parts.append("**{" + ", ".join(f"{text_code(name)}: {_short(held)}" for name, held in odd.items()) + "}")
    line = f"{indent}{begin}({', '.join(parts)})"
    has_lines = any(type(held) is str and "\n" in held[:-1] for _, held in [*plain, *odd.items()])
    if (len(line) <= WIDTH and not has_lines) or not parts:
        return line
    inner = indent + _INDENT
    rows = [*first, *(f"{name}={_long(held, inner, len(name) + 2)}" for name, held in plain)]
    if odd:
        deeper = inner + _INDENT
        pairs = "".join(f"{deeper}{text_code(name)}: {_long(held, deeper, 0)},\n" for name, held in odd.items())
        rows.append("**{\n" + pairs + inner + "}")
    return f"{indent}{begin}(\n" + "".join(f"{inner}{row},\n" for row in rows) + indent + ")"


def input_code(target: str, name: Any, value: Any, indent: str) -> str:
    """Return the statement that makes a named input."""
    if isinstance(value, str) and "\n" in value[:-1]:
        inner = indent + _INDENT
        return f"{indent}{target} = g.input(\n{inner}{text_code(name)},\n{inner}{broken_code(value, inner)},\n{indent})"
    return f"{indent}{target} = g.input({text_code(name)}, {value_code(value)})"


def _short(held: Any) -> str:
    return str(held) if isinstance(held, Code) else value_code(held)


def _long(held: Any, indent: str, used: int) -> str:
    return str(held) if isinstance(held, Code) else broken_code(held, indent, used)
