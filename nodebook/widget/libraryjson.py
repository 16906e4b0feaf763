"""The node types as a browser gets them (docs/design/protocol.md, ``library``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict, cast

from nodebook.engine.library import Library
from nodebook.engine.literals import TypeScript, tag

Limit = Annotated[Any, TypeScript("number | bigint | null")]


class NumberWidget(TypedDict):
    """A number that is typed and scrubbed, or has a slider. ``step`` is that of the arrows and of scrubbing.

    ``seed``: it may change from run to run.
    """

    kind: Literal["number"]
    min: NotRequired[Limit]
    max: NotRequired[Limit]
    step: NotRequired[Limit]
    integer: NotRequired[bool]
    display: NotRequired[Literal["number", "slider"]]
    seed: NotRequired[bool]


class TextWidget(TypedDict):
    """A line of text, or several. ``complete``: kinds of files whose names are offered while they are typed."""

    kind: Literal["text"]
    multiline: NotRequired[bool]
    placeholder: NotRequired[str | None]
    complete: NotRequired[list[str]]


class ToggleWidget(TypedDict):
    """A switch, and the words beside it."""

    kind: Literal["toggle"]
    on: NotRequired[str | None]
    off: NotRequired[str | None]


class ChoiceWidget(TypedDict):
    """One of some values. ``files``: they are names of this kind of file, which may have changed by now."""

    kind: Literal["choice"]
    options: list[str | int | float]
    files: NotRequired[str]


class ColorWidget(TypedDict):
    """A colour: ``int`` is 0xRRGGBB as a number, ``hex`` is "#rrggbb", with ``alpha`` "#rrggbbaa"."""

    kind: Literal["color"]
    format: NotRequired[Literal["int", "hex"]]
    alpha: NotRequired[bool]


class CurveWidget(TypedDict):
    """A curve: points [x, y] from 0 to 1, x rising."""

    kind: Literal["curve"]


class PictureWidget(TypedDict):
    """The name of a picture in the input folder; takes a dropped file."""

    kind: Literal["picture"]
    options: list[str]
    files: NotRequired[str]


class FileWidget(TypedDict):
    """The name of a file in the input folder; takes a dropped one with a suffix of ``accept``, any if that is empty."""

    kind: Literal["file"]
    options: list[str]
    accept: list[str]
    files: NotRequired[str]


class FieldsWidget(TypedDict):
    """The fields of a data class or model, each with its own control; the literal is an object of those set."""

    kind: Literal["fields"]
    fields: list[InputInfo]


Widget = (
    NumberWidget
    | TextWidget
    | ToggleWidget
    | ChoiceWidget
    | ColorWidget
    | CurveWidget
    | PictureWidget
    | FileWidget
    | FieldsWidget
)


class InputInfo(TypedDict):
    """One input of a node type. Without a default it needs a value or a link."""

    name: str
    type: str
    required: NotRequired[bool]
    default: NotRequired[Any]
    widget: Widget | None
    doc: NotRequired[str]


class OutputInfo(TypedDict):
    """One output of a node type."""

    name: str
    type: str
    doc: NotRequired[str]


class NodeTypeInfo(TypedDict):
    """A node type. ``origin``: builtin, notebook, or the package that defined it."""

    name: str
    title: str
    category: str
    description: NotRequired[str]
    aliases: NotRequired[list[str]]
    inputs: list[InputInfo]
    outputs: list[OutputInfo]
    is_output: NotRequired[bool]
    origin: NotRequired[str]


class LibraryJson(TypedDict):
    """All node types, and which port types convert: from, to.

    ``completions``: names of files that texts may hold, by the kind that their ``complete`` names.
    """

    revision: int
    types: dict[str, NodeTypeInfo]
    adapters: list[Annotated[list[str], TypeScript("readonly [string, string]")]]
    completions: NotRequired[dict[str, list[str]]]


def library_json(library: Library, files: Mapping[str, list[str]]) -> LibraryJson:
    """Return all node types; ``files`` are the names that widgets offer, by the kind of file."""
    types = {node_type.name: _type_json(node_type.info(), files) for node_type in library}
    inputs = [each for node_type in types.values() for each in node_type["inputs"]]
    widgets = [cast("dict[str, Any]", each["widget"] or {}) for each in inputs]
    completed = dict.fromkeys(kind for widget in widgets for kind in widget.get("complete", ()))
    return {
        "revision": library.revision,
        "types": types,
        "adapters": library.ports.adapter_pairs(),
        "completions": {kind: files.get(kind, []) for kind in completed},
    }


def _type_json(info: dict[str, Any], files: Mapping[str, list[str]]) -> NodeTypeInfo:
    info["inputs"] = [_input_json(each, files) for each in info["inputs"]]
    return cast("NodeTypeInfo", info)


def _input_json(info: dict[str, Any], files: Mapping[str, list[str]]) -> dict[str, Any]:
    widget = info["widget"]
    if widget is not None:
        if widget["kind"] == "fields":
            fields = [_input_json(dict(each), files) for each in widget["fields"]]
            widget = {**widget, "fields": fields}
        info["widget"] = {name: wire(value) for name, value in widget.items()}
        kind = info["widget"].get("files")
        if kind is not None:
            info["widget"]["options"] = _of_suffixes(files.get(kind, []), info["widget"].get("accept"))
    if "default" in info:
        info["default"] = wire(info["default"])
    return info


def _of_suffixes(names: list[str], suffixes: list[str] | None) -> list[str]:
    return [name for name in names if name.lower().endswith(tuple(suffixes))] if suffixes else names


def wire(value: Any) -> Any:
    """Return a value as a browser can hold it; what is not JSON as text."""
    try:
        return tag(value, wire=True)
    except TypeError:
        return str(value)
