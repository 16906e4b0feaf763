"""The interface of every node beside the one that ComfyUI reports for it."""

from __future__ import annotations

from typing import Any

import pytest

from nodebook.engine.library import Library
from nodebook.engine.nodetype import MISSING, InputSpec
from nodebook.engine.words import title_of
from nodebook.nodes import builtin_nodes
from tests.nodes.golden import load_schema, needs_golden

SCHEMA = load_schema()
NAMES = [each.type_name for each in builtin_nodes()]
LOOPS = {"Gate", "Repeat", "Map", "Fold", "Range", "ListToItems", "ItemsToList"}
OURS = {"Note", "MarkdownNote", "Reroute", "ImageCompare", "ImageCurves", "PlayFile", "Variable", "Publish"}
ONLY_HERE = {*OURS, *LOOPS, *(name for name in NAMES if name.startswith("Input"))}
"""Notes and reroutes belong to ComfyUI's front end, so its server does not report them; the rest is our own."""

EMPTY: dict[str, Any] = {"INT": 0, "FLOAT": 0.0, "STRING": "", "BOOLEAN": False}


def declared(info: dict[str, Any]) -> dict[str, tuple[str, list[Any] | None, dict[str, Any]]]:
    """ComfyUI's inputs in order: name → type, options of a combo, settings."""
    inputs = {}
    for section in ("required", "optional"):
        for name in info["input_order"].get(section, []):
            kind, *rest = info["input"][section][name]
            settings = rest[0] if rest else {}
            options = kind if isinstance(kind, list) else settings.get("options")
            inputs[name] = ("COMBO" if isinstance(kind, list) else _port(kind), options, settings)
    return inputs


def _port(kind: str) -> str:
    """A type that follows another input's is decided by ComfyUI's front end: the server takes anything."""
    return "*" if kind == "COMFY_MATCHTYPE_V3" else kind


def test_the_catalogue_is_complete(library: Library) -> None:
    assert len(NAMES) == len(set(NAMES)) == len(library)
    for name in (
        "LoadImage",
        "SaveImage",
        "PreviewImage",
        "EmptyImage",
        "ImageBlur",
        "GrowMask",
        "PrimitiveInt",
        "Note",
    ):
        assert name in library


@needs_golden
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ONLY_HERE])
def test_a_node_is_declared_as_in_comfyui(library: Library, name: str) -> None:
    info, node_type = SCHEMA[name], library.get(name)
    assert node_type.title == (info["display_name"] or title_of(name))
    assert node_type.category == info["category"]
    assert node_type.is_output == info["output_node"]
    assert [(spec.name, spec.port) for spec in node_type.outputs] == list(
        zip(info["output_name"], map(_port, info["output"]), strict=True)
    )
    inputs = declared(info)
    assert [spec.name for spec in node_type.inputs] == list(inputs)
    optional = info["input_order"].get("optional", [])
    for spec in node_type.inputs:
        _check_input(spec, *inputs[spec.name], is_optional=spec.name in optional)


def _check_input(
    spec: InputSpec, kind: str, options: list[Any] | None, settings: dict[str, Any], *, is_optional: bool
) -> None:
    if settings.get("image_upload"):
        assert (spec.port, spec.widget and spec.widget["kind"]) == ("STRING", "picture")
        return
    assert spec.port == kind
    if options is not None:
        assert spec.widget is not None
        if "files" in spec.widget:
            assert spec.is_required
            return
        assert spec.widget["options"] == list(dict.fromkeys(options))
        assert spec.default == settings.get("default", options[0])
    elif kind in EMPTY:
        assert spec.default == settings.get("default", EMPTY[kind])
        assert type(spec.default) is type(EMPTY[kind])
        _check_widget(spec, settings)
    else:
        assert spec.widget is None
        assert spec.default is (None if is_optional or spec.is_lazy else MISSING)


def _check_widget(spec: InputSpec, settings: dict[str, Any]) -> None:
    assert spec.widget is not None
    assert spec.check is not None
    for side, beyond in (("min", -1), ("max", 1)):
        if side in settings:
            assert spec.check(settings[side]) == type(EMPTY[spec.port])(settings[side])
            if abs(settings[side]) < 2**62:
                with pytest.raises(ValueError, match=r"than or equal"):
                    spec.check(settings[side] + beyond)
    if spec.widget["kind"] == "number" and "step" in settings:
        assert spec.widget["step"] == settings["step"]
    if spec.widget["kind"] == "text":
        assert spec.widget["multiline"] == settings.get("multiline", False)


@pytest.mark.parametrize("name", NAMES)
def test_every_node_says_what_it_does(library: Library, name: str) -> None:
    node_type = library.get(name)
    assert node_type.description.endswith(".")
    assert len(node_type.description) > 20
    assert not any(spec.doc and len(spec.doc) > 200 for spec in node_type.inputs)
