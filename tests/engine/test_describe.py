import enum
import math
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple, Optional, Union

import numpy as np
import PIL.Image
import pytest
import torch
from annotated_types import Ge, Interval, MultipleOf
from pydantic import Field

from nodebook.engine.annotations import Color, FileName, Hidden, Number, Picture, Port, Text, Toggle
from nodebook.engine.describe import describe
from nodebook.engine.library import Library
from nodebook.engine.node import UI, node
from nodebook.engine.nodetype import MISSING, InputSpec, NodeType
from nodebook.engine.ports import PortRegistry
from nodebook.engine.words import title_of
from nodebook.errors import NodebookError, NodeDefinitionError, UnknownInputError


class Mode(enum.Enum):
    ADD = "plus"
    SUB = "minus"


class Folders:
    pass


class Parts(NamedTuple):
    picture: PIL.Image.Image
    size: Annotated[int, Field(description="Pixels.")]


class Single(NamedTuple):
    only: int


def ports() -> PortRegistry:
    registry = PortRegistry()
    registry.register_class("PIL.Image.Image", port="IMAGE", to_wire=str, from_wire=repr)
    registry.register_class("list[PIL.Image.Image]", port="IMAGE", to_wire=list, from_wire=tuple)
    registry.register_class("numpy.ndarray", port="ARRAY")
    registry.register_class("torch.Tensor", port="TENSOR")
    return registry


def typed(function: Any, **options: Any) -> NodeType:
    return describe(node(**options)(function), ports())


def spec_of(hint: Any, *default: Any) -> InputSpec:
    def f(a: Any) -> Any:
        return a

    f.__annotations__ = {"a": hint}
    f.__defaults__ = default or None
    return typed(f).inputs[0]


NUMBER = {"kind": "number", "min": None, "max": None, "step": 1, "integer": True, "display": "number"}
REAL = {**NUMBER, "step": 0.01, "integer": False}
TEXT = {"kind": "text", "multiline": False, "placeholder": ""}
CHOICE = {"kind": "choice", "options": ["a", "b"]}

ROWS: dict[str, tuple[Any, str, dict[str, Any] | None]] = {
    "int": (int, "INT", NUMBER),
    "int with a range": (Annotated[int, Field(ge=1, le=9)], "INT", {**NUMBER, "min": 1, "max": 9}),
    "int with a multiple": (Annotated[int, Field(multiple_of=8)], "INT", {**NUMBER, "step": 8}),
    "int with a bare multiple": (Annotated[int, MultipleOf(8)], "INT", {**NUMBER, "step": 8}),
    "int with a bare bound": (Annotated[int, Ge(3)], "INT", {**NUMBER, "min": 3}),
    "int with an interval": (Annotated[int, Interval(ge=1, le=2)], "INT", {**NUMBER, "min": 1, "max": 2}),
    "float": (float, "FLOAT", REAL),
    "float as a slider": (
        Annotated[float, Field(ge=0, le=1), Number(step=0.1, display="slider")],
        "FLOAT",
        {**REAL, "min": 0, "max": 1, "step": 0.1, "display": "slider"},
    ),
    "str": (str, "STRING", TEXT),
    "str in many lines": (
        Annotated[str, Text(multiline=True, placeholder="a cat")],
        "STRING",
        {**TEXT, "multiline": True, "placeholder": "a cat"},
    ),
    "bool": (bool, "BOOLEAN", {"kind": "toggle", "on": "on", "off": "off"}),
    "bool in words": (Annotated[bool, Toggle("yes", "no")], "BOOLEAN", {"kind": "toggle", "on": "yes", "off": "no"}),
    "choices": (Literal["a", "b"], "COMBO", CHOICE),
    "choices with a description": (Annotated[Literal["a", "b"], Field(description="x")], "COMBO", CHOICE),
    "an enum": (Mode, "COMBO", {"kind": "choice", "options": ["ADD", "SUB"]}),
    "a colour": (Annotated[int, Color()], "INT", {"kind": "color", "format": "int"}),
    "a colour in hex": (Annotated[str, Color("hex")], "STRING", {"kind": "color", "format": "hex"}),
    "a picture file": (Annotated[str, Picture()], "STRING", {"kind": "picture", "options": [], "files": "input"}),
    "a file of a kind": (
        Annotated[str, FileName("loras")],
        "COMBO",
        {"kind": "choice", "options": [], "files": "loras"},
    ),
    "a Pillow picture": (PIL.Image.Image, "IMAGE", None),
    "Pillow pictures": (list[PIL.Image.Image], "IMAGE", None),
    "an aliased tensor": (Annotated[torch.Tensor, Port("MASK")], "MASK", None),
    "an array": (np.ndarray, "ARRAY", None),
    "an array of a type": (np.ndarray[Any, np.dtype[np.float32]], "ARRAY", None),
    "a tensor": (torch.Tensor, "TENSOR", None),
    "a union": (np.ndarray | torch.Tensor, "ARRAY,TENSOR", None),
    "an old union": (Union[np.ndarray, torch.Tensor], "ARRAY,TENSOR", None),  # noqa: UP007 -- people write it
    "a union with everything": (Any | int, "*", None),
    "anything": (Any, "*", None),
    "an object": (object, "*", None),
    "another class": (Folders, f"{__name__}.Folders", None),
    "a builtin class": (dict, "dict", None),
}


@pytest.mark.parametrize(("hint", "port", "widget"), ROWS.values(), ids=ROWS.keys())
def test_an_annotation_gives_a_port_type_and_a_widget(hint: Any, port: str, widget: Any) -> None:
    spec = spec_of(hint)
    assert (spec.port, spec.widget) == (port, widget)
    assert spec.is_required
    assert (spec.check is not None) == (widget is not None)


OPTIONAL = {
    "a new union": (int | None, "INT"),
    "an old one": (Optional[int], "INT"),  # noqa: UP045 -- people write it
    "around a constraint": (Annotated[int, Field(ge=0)] | None, "INT"),
    "inside a constraint": (Annotated[int | None, Field(ge=0)], "INT"),
    "of a picture": (PIL.Image.Image | None, "IMAGE"),
    "of an array": (np.ndarray | None, "ARRAY"),
}


@pytest.mark.parametrize(("hint", "port"), OPTIONAL.values(), ids=OPTIONAL.keys())
def test_a_type_or_none_is_that_type_and_not_required(hint: Any, port: str) -> None:
    spec = spec_of(hint, None)
    assert (spec.port, spec.is_required, spec.default) == (port, False, None)


def test_an_optional_value_may_be_none_or_checked() -> None:
    check = spec_of(Annotated[int, Field(ge=0)] | None, None).check
    assert check is not None
    assert check(None) is None
    assert check(3) == 3
    with pytest.raises(ValueError, match="greater than or equal to 0, got -1"):
        check(-1)


CHECKED: dict[str, tuple[Any, Any, Any]] = {
    "a whole float as int": (int, 3.0, 3),
    "an int as float": (float, 3, 3.0),
    "not a number as float": (float, math.inf, math.inf),
    "a number as text": (str, 5, "5"),
    "the name of an enum member": (Mode, "ADD", "ADD"),
    "an enum member": (Mode, Mode.SUB, "SUB"),
    "a float where int or float": (int | float, 0.5, 0.5),
    "an int where int or float": (int | float, 2, 2),
    "text where number or text": (int | str, "a", "a"),
    "a NumPy integer": (int, np.int64(3), 3),
    "a NumPy float": (float, np.float32(0.5), 0.5),
    "a NumPy truth value": (bool, np.bool_(True), True),
}


@pytest.mark.parametrize(("hint", "given", "kept"), CHECKED.values(), ids=CHECKED.keys())
def test_a_value_is_made_canonical(hint: Any, given: Any, kept: Any) -> None:
    check = spec_of(hint).check
    assert check is not None
    checked = check(given)
    assert (checked, type(checked)) == (kept, type(kept))


REFUSED: dict[str, tuple[Any, Any, str]] = {
    "half an int": (int, 1.5, "got 1.5"),
    "words as int": (int, "many", "valid integer.*got 'many'"),
    "below": (Annotated[int, Field(ge=1)], 0, "greater than or equal to 1, got 0"),
    "at an open bound": (Annotated[float, Field(gt=0)], 0, "greater than 0, got 0"),
    "no multiple": (Annotated[int, Field(multiple_of=8)], 12, "multiple of 8, got 12"),
    "no multiple of a bare mark": (Annotated[int, MultipleOf(8)], 12, "multiple of 8, got 12"),
    "no choice": (Literal["a", "b"], "c", "'a' or 'b', got 'c'"),
    "no member": (Mode, "plus", "one of ADD, SUB, got 'plus'"),
    "too short": (Annotated[str, Field(min_length=2)], "a", "at least 2 characters, got 'a'"),
    "another pattern": (Annotated[str, Field(pattern="^#")], "red", "match pattern '\\^#', got 'red'"),
    "a list as text": (str, ["a"], "valid string, got \\['a'\\]"),
}


@pytest.mark.parametrize(("hint", "given", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_value_that_does_not_fit_is_refused_with_what_was_expected_and_given(hint: Any, given: Any, why: str) -> None:
    check = spec_of(hint).check
    assert check is not None
    with pytest.raises(ValueError, match=why):
        check(given)


def test_a_parameter_without_annotation_takes_the_type_of_its_default() -> None:
    def f(a, b=1, c=0.5, d="x", e=True, g=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, FBT002 -- the point
        return a, b, c, d, e, g

    assert [spec.port for spec in typed(f).inputs] == ["*", "INT", "FLOAT", "STRING", "BOOLEAN", "*"]


def test_a_hidden_parameter_is_neither_input_nor_widget() -> None:
    def f(a: int, folders: Hidden[Folders], cache: Hidden[dict[str, int]] = {}) -> int:  # noqa: B006 -- people write it
        del folders, cache
        return a

    found = typed(f)
    assert [spec.name for spec in found.inputs] == ["a"]
    assert found.hidden == (("folders", Folders), ("cache", dict[str, int]))


OUTPUTS: dict[str, tuple[Any, dict[str, Any], list[tuple[str, str]]]] = {
    "one": (int, {}, [("INT", "INT")]),
    "nothing": (None, {}, []),
    "a display": (UI, {}, []),
    "anything": (Any, {}, [("output", "*")]),
    "a tuple": (tuple[int, PIL.Image.Image], {}, [("INT", "INT"), ("IMAGE", "IMAGE")]),
    "a tuple of one type twice": (tuple[int, int], {}, [("INT", "INT"), ("INT_2", "INT")]),
    "a tuple of one": (tuple[int], {}, [("INT", "INT")]),
    "an empty tuple": (tuple[()], {}, []),
    "a tuple of any length is one value": (tuple[int, ...], {}, [("tuple[int]", "tuple[int]")]),
    "a named tuple": (Parts, {}, [("picture", "IMAGE"), ("size", "INT")]),
    "names for a tuple": (tuple[int, int], {"outputs": ("w", "h")}, [("w", "INT"), ("h", "INT")]),
    "a name for one": (int, {"outputs": ["size"]}, [("size", "INT")]),
    "a name for a port": (Annotated[torch.Tensor, Port("MASK")], {}, [("MASK", "MASK")]),
    "a union has a plain name": (int | str, {}, [("output", "INT,STRING")]),
}


@pytest.mark.parametrize(("hint", "options", "expected"), OUTPUTS.values(), ids=OUTPUTS.keys())
def test_a_return_annotation_gives_outputs(hint: Any, options: Any, expected: list[tuple[str, str]]) -> None:
    def f() -> None: ...

    f.__annotations__ = {"return": hint}
    assert [(spec.name, spec.port) for spec in typed(f, **options).outputs] == expected


def test_a_named_tuple_documents_its_outputs() -> None:
    def f() -> Parts: ...  # type: ignore[empty-body]  # only its signature counts

    assert [spec.doc for spec in typed(f).outputs] == ["", "Pixels."]


def test_a_function_without_return_annotation_has_one_output_of_any_type() -> None:
    def f(a: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 -- the point
        return a

    assert [(spec.name, spec.port) for spec in typed(f).outputs] == [("output", "*")]


def test_a_docstring_gives_the_description_and_the_tooltips() -> None:
    def f(a: int = 1, b: int = 2, c: int = 3, d: Annotated[int, Field(description="Wins.")] = 4) -> int:
        """Mix the picture
        with orange.

        More that is not in the description.

        a: share of orange, 0 to 1;
            more is more.
        b: another.
        d: loses.
        """
        return a + b + c + d

    found = typed(f)
    assert found.description == "Mix the picture with orange."
    assert [spec.doc for spec in found.inputs] == ["share of orange, 0 to 1; more is more.", "another.", "", "Wins."]


def test_a_numpy_docstring_gives_the_tooltips() -> None:
    def f(a: int = 1, b: int = 2) -> int:
        """Add.

        Parameters
        ----------
        a : int
            The first.
            In two lines.
        b : int, optional
            The second.

        Returns
        -------
        int
            The sum.
        """
        return a + b

    assert [spec.doc for spec in typed(f).inputs] == ["The first. In two lines.", "The second."]


def test_a_function_without_docstring_has_no_words() -> None:
    def f(a: int = 1) -> int:
        return a

    found = typed(f)
    assert (found.description, found.inputs[0].doc) == ("", "")


TITLES = {
    "tint": "Tint",
    "soft_glow": "Soft Glow",
    "ImageBlur": "Image Blur",
    "CLIPTextEncode": "CLIP Text Encode",
    "VAEDecode": "VAE Decode",
    "toRGB": "To RGB",
    "blur2x": "Blur2x",
    "KSamplerSelect": "KSampler Select",
    "SamplerDPMPP_2M_SDE": "Sampler DPMPP 2M SDE",
    "Sharpen2Times": "Sharpen2 Times",
}


@pytest.mark.parametrize(("name", "title"), TITLES.items())
def test_a_title_is_the_words_of_the_name(name: str, title: str) -> None:
    assert title_of(name) == title


def test_options_say_what_the_signature_cannot() -> None:
    def f(a: int = 1) -> int:
        return a

    found = typed(f, name="F", title="Eff", category="x/y", is_output=True, cache=False, aliases=["eff"], version="2")
    assert (
        found.name,
        found.title,
        found.category,
        found.is_output,
        found.is_cached,
        found.aliases,
        found.version,
    ) == (
        "F",
        "Eff",
        "x/y",
        True,
        False,
        ("eff",),
        "2",
    )


def test_defaults_of_the_options_come_from_the_function() -> None:
    def soft_glow(a: int = 1) -> int:
        return a

    found = typed(soft_glow)
    assert (found.name, found.title, found.category, found.origin) == ("soft_glow", "Soft Glow", "notebook", "tests")


def test_a_declared_version_replaces_the_hash_of_the_code() -> None:
    def f(a: int = 1) -> int:
        return a

    def g(a: int = 1) -> int:
        return -a

    assert typed(f, name="n", version="1").code == typed(g, name="n", version="1").code
    assert typed(f, name="n", version="1").code != typed(f, name="n", version="2").code
    assert typed(f, name="n").code != typed(g, name="n").code


def test_ports_are_part_of_the_code() -> None:
    def f(a: int) -> Any:
        return a

    def g(a: str) -> Any:
        return a

    assert typed(f, name="n").code != typed(g, name="n").code


def bad_star(*pictures: int) -> int: ...  # type: ignore[empty-body]  # only its signature counts
def bad_position(a: int, /) -> int: ...  # type: ignore[empty-body]  # only its signature counts
def bad_name(a: "Nowhere") -> int: ...  # type: ignore[name-defined, empty-body]  # noqa: F821 -- wrong on purpose
def bad_default(a: Annotated[int, Field(ge=1)] = 0) -> int: ...  # type: ignore[empty-body]  # only its signature counts
def bad_choice(a: Literal["x"] = "y") -> int: ...  # type: ignore[empty-body, assignment]  # wrong on purpose
def bad_object(a: list[int] = [1]) -> int: ...  # type: ignore[empty-body]  # noqa: B006 -- people write it


BAD: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a star": (bad_star, {}, r"bad_star has the parameter '\*pictures: int'.*name"),
    "position only": (bad_position, {}, "bad_position has the parameter 'a: int'.*position-only"),
    "a name that is not there": (bad_name, {}, "Cannot read the annotations of node bad_name.*Nowhere.*import"),
    "a default out of range": (bad_default, {}, "default of a is 0, but .*greater than or equal to 1"),
    "a default that is no choice": (bad_choice, {}, "default of a is 'y', but .*'x'"),
    "a default that no document holds": (bad_object, {}, r"a is of type list\[int\].*only be None; got \[1\]"),
    "a lambda without a name": (lambda: 1, {}, r"A lambda has no name.*nb\.node\(name="),
    "too many names of outputs": (
        lambda: 1,
        {"name": "x", "outputs": ("a", "b")},
        r"x names 2 outputs \(a, b\).*returns 1",
    ),
}


@pytest.mark.parametrize(("function", "options", "why"), BAD.values(), ids=BAD.keys())
def test_a_signature_that_cannot_be_a_node_is_refused_by_name(function: Any, options: Any, why: str) -> None:
    with pytest.raises(NodeDefinitionError, match=f"(?s){why}") as caught:
        typed(function, **options)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, NodebookError)


def test_an_unknown_input_names_those_that_exist() -> None:
    def f(a: int, b: int) -> int:
        return a + b

    with pytest.raises(UnknownInputError, match=r"F has no input 'c'\. Its inputs are: a, b"):
        typed(f).input("c")


def test_the_front_end_gets_plain_json() -> None:
    def blur(image: PIL.Image.Image, sigma: Annotated[float, Field(ge=0.1)] = 1) -> PIL.Image.Image:
        """Blur.

        sigma: how far.
        """
        del sigma
        return image

    assert typed(blur, category="image", aliases=("soft",)).info() == {
        "name": "blur",
        "title": "Blur",
        "category": "image",
        "description": "Blur.",
        "aliases": ["soft"],
        "inputs": [
            {"name": "image", "type": "IMAGE", "required": True, "widget": None, "doc": ""},
            {
                "name": "sigma",
                "type": "FLOAT",
                "required": False,
                "default": 1.0,
                "widget": {**REAL, "min": 0.1},
                "doc": "how far.",
            },
        ],
        "outputs": [{"name": "IMAGE", "type": "IMAGE", "doc": ""}],
        "is_output": False,
        "origin": "tests",
    }


def test_missing_is_no_value() -> None:
    assert repr(MISSING) == "MISSING"
    assert spec_of(int).default is MISSING


class _Method:
    def apply(self, a: int) -> int:
        return a


APPLY: Any = _Method.apply
"""As people hand it over: without its object."""


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (Library, "class"),
        (APPLY, r"is a method of _Method.*nb\.node\(_method\.apply\)"),
        (5, "cannot be called"),
        (classmethod(APPLY), "cannot be a node inside its class"),
        (partial(APPLY, None), r"has no name.*name="),
        (min, "does not say what it takes"),
    ],
)
def test_what_is_no_plain_function_is_refused(function: Any, word: str) -> None:
    with pytest.raises(NodeDefinitionError, match=word):
        describe(node(function), PortRegistry())
