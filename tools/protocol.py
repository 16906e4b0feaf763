"""Write the front end's types of documents, edits and messages from those of Python.

    python -m tools.protocol           write nodebook/js/src/protocol.gen.ts
    python -m tools.protocol --check   fail where it is not up to date

What a class says is written as it stands: a literal as a literal, a docstring as a comment. What Python leaves open
because it is read later has its type beside it (``nodebook.engine.literals.TypeScript``).
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys
import types
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from nodebook import explain
from nodebook.engine import edits, schema
from nodebook.engine.literals import TypeScript
from nodebook.models import preview_options
from nodebook.widget import commands, libraryjson, protocol

FILE = Path(__file__).resolve().parent.parent / "nodebook" / "js" / "src" / "protocol.gen.ts"

NAMED: Mapping[str, Any] = {
    "GraphDocument": schema.DocumentModel,
    "Group": schema.GroupModel,
    "Link": tuple[str, str],
    "Op": edits.Edit,
    "Library": libraryjson.LibraryJson,
    "Widget": libraryjson.Widget,
    "ToKernel": commands.Command,
    "FromKernel": protocol.Message,
    "RunState": protocol.RunState,
    "NodeState": protocol.NodeState,
    "NoticeLevel": protocol.NoticeLevel,
    "PictureKind": protocol.PictureKind,
    "PreviewMethod": preview_options.PreviewMethod,
    "PlanAction": explain.PlanAction,
}
"""What is not a class and has a name in TypeScript, and the classes to begin with: those that they hold follow."""

PREAMBLE = """\
/**
 * Documents, edits and messages, as `docs/design/document.md` and `docs/design/protocol.md` describe them.
 * Written from the Python types by `python -m tools.protocol`: change those.
 */

import type { VariableRef } from "./graph/variables";

/**
 * A literal of an input, or what stands for a variable of the notebook. 64-bit whole numbers are `bigint`, nan and
 * infinities are numbers; see sync/convert.ts.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | VariableRef
  | readonly Value[]
  | { readonly [name: string]: Value };
"""

_PREFIXED = {"Document", "Node"}
"""Names that a browser has for other things: they become GraphDocument and GraphNode."""

_DISCRIMINATORS = ("type", "op", "kind")
_SCALARS = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null", Any: "Value"}
_LISTS = (list, tuple)
_MAPPINGS = (dict, Mapping)
_WIDTH = 120


class Member(NamedTuple):
    """One member of an object."""

    name: str
    hint: Any
    is_optional: bool
    doc: str | None = None


def name_of(cls: type) -> str:
    """Return the name of a class in TypeScript: without what only says that it is JSON."""
    name = re.sub(r"(Json|Model)$", "", cls.__name__)
    return f"Graph{name}" if name in _PREFIXED else name


def members_of(cls: type) -> Iterator[Member]:
    """Return the members of a pydantic model, a dataclass or a TypedDict."""
    hints = get_type_hints(cls, include_extras=True)
    if issubclass(cls, BaseModel):
        is_document = cls.__module__ == schema.__name__
        for name, field in cls.model_fields.items():
            is_optional = field.default is None if is_document else not field.is_required()
            hint = _without_none(hints[name]) if is_document and is_optional else hints[name]
            yield Member(name, hint, is_optional, field.description)
        if "__pydantic_extra__" in cls.__annotations__:
            others = Annotated[Any, TypeScript("Value | undefined")]
            yield Member("[member: string]", others, is_optional=False)
    elif dataclasses.is_dataclass(cls):
        for each in dataclasses.fields(cls):
            is_optional = each.default is None
            yield Member(each.name, _without_none(hints[each.name]) if is_optional else hints[each.name], is_optional)
    else:
        for name, hint in hints.items():
            is_optional = get_origin(hint) is NotRequired
            yield Member(name, get_args(hint)[0] if is_optional else hint, is_optional)


def _without_none(hint: Any) -> Any:
    """Take None away: a document leaves out what has no value."""
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        return Annotated[(_without_none(inner), *marks)]
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    return Union[tuple(each for each in get_args(hint) if each is not type(None))]  # noqa: UP007 - built at run time


class Writer:
    """Writes declarations, and those that they need, each once."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = named
        self._queue = deque(named)
        self._seen = set(named)
        self._classes: dict[str, type] = {}
        for name, hint in named.items():
            if inspect.isclass(hint) and get_origin(hint) is None:
                self._classes[name] = hint

    def text(self) -> str:
        """Return the whole file."""
        parts = [PREAMBLE]
        while self._queue:
            name = self._queue.popleft()
            cls = self._classes.get(name)
            parts.append(self._alias(name, self._named[name]) if cls is None else self._interface(name, cls))
        return "\n".join(parts)

    def _alias(self, name: str, hint: Any) -> str:
        choices = self._choices(hint)
        line = f"export type {name} = {' | '.join(choices)};\n"
        if len(line) <= _WIDTH:
            return line
        return f"export type {name} =\n" + "\n".join(f"  | {each}" for each in choices) + ";\n"

    def _interface(self, name: str, cls: type) -> str:
        lines = [*_comment(inspect.cleandoc(cls.__doc__ or ""), ""), f"export interface {name} {{"]
        for each in _tag_first(list(members_of(cls))):
            mark = "?" if each.is_optional else ""
            lines += [*_comment(each.doc, "  "), f"  readonly {each.name}{mark}: {self._type(each.hint)};"]
        return "\n".join([*lines, "}", ""])

    def _type(self, hint: Any) -> str:
        return next((name for name, named in self._named.items() if named == hint), None) or " | ".join(
            self._choices(hint)
        )

    def _choices(self, hint: Any) -> list[str]:
        """Return the types of which a value may be any."""
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            marks = [mark.type for mark in arguments[1:] if isinstance(mark, TypeScript)]
            return marks or [self._type(arguments[0])]
        if origin is Literal:
            return [json.dumps(each) for each in arguments]
        if origin in (Union, types.UnionType):
            rest = _without_none(hint)
            named = [self._type(rest)] if rest != hint and get_origin(rest) is Union else []
            return [*named, "null"] if named else list(dict.fromkeys(self._type(each) for each in arguments))
        if origin in _LISTS or origin in _MAPPINGS:
            return [self._container(origin, arguments)]
        if hint in _SCALARS:
            return [_SCALARS[hint]]
        if inspect.isclass(hint):
            return [self._class(hint)]
        raise TypeError(
            f"tools.protocol cannot write {hint!r} in TypeScript. Use a class, a literal, a list, a tuple, a dict with "
            "text as keys, or say it with Annotated[..., TypeScript(...)]."
        )

    def _container(self, origin: Any, arguments: tuple[Any, ...]) -> str:
        if origin in _MAPPINGS:
            return f"Readonly<Record<string, {self._type(arguments[1])}>>"
        if origin is tuple and arguments[-1] is not Ellipsis:
            return f"readonly [{', '.join(self._type(each) for each in arguments)}]"
        item = self._type(arguments[0])
        return f"readonly {item}[]" if re.fullmatch(r"\w+", item) else f"readonly ({item})[]"

    def _class(self, cls: type) -> str:
        name = name_of(cls)
        known = self._classes.setdefault(name, cls)
        if known is not cls or (name in self._named and self._named[name] is not cls):
            raise TypeError(f"Two classes would be {name} in TypeScript: {known!r} and {cls!r}. Rename one.")
        if name not in self._seen:
            self._seen.add(name)
            self._queue.append(name)
        return name


def _tag_first(members: list[Member]) -> list[Member]:
    """Put the member that tells an object from the others of its union before them."""
    literals = {each.name: each for each in members if get_origin(each.hint) is Literal}
    tag = next((literals[name] for name in _DISCRIMINATORS if name in literals), None)
    return members if tag is None else [tag, *(each for each in members if each is not tag)]


def _comment(doc: str | None, indent: str) -> list[str]:
    if not doc:
        return []
    lines = re.sub(r"\bNone\b", "null", doc.replace("``", "`").replace("*/", "* /")).splitlines()
    if len(lines) == 1 and len(indent) + len(lines[0]) + 7 <= _WIDTH:
        return [f"{indent}/** {lines[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` only say whether it is right. Returns the exit status."""
    text = Writer(NAMED).text()
    if arguments not in ([], ["--check"]):
        print(f"error: expected nothing or --check, got {' '.join(arguments)!r}.\n\n{__doc__}", file=sys.stderr)
        return 2
    if FILE.is_file() and FILE.read_text(encoding="utf-8") == text:
        return 0
    if arguments:
        print(
            f"error: {FILE.name} is not what the Python types say. Run `python -m tools.protocol` and commit the file.",
            file=sys.stderr,
        )
        return 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
