from __future__ import annotations

from typing import Any

import pytest

from nodebook.nodes.notes import markdown_note, note
from nodebook.nodes.values import (
    preview_any,
    primitive_boolean,
    primitive_float,
    primitive_int,
    primitive_string,
    primitive_string_multiline,
    string_concatenate,
)


@pytest.mark.parametrize(
    ("primitive", "value"),
    [
        (primitive_int, 2**63 - 1),
        (primitive_float, 0.5),
        (primitive_string, "a"),
        (primitive_string_multiline, "a\nb"),
        (primitive_boolean, True),
    ],
)
def test_primitives_give_what_they_hold(primitive: Any, value: Any) -> None:
    assert primitive(value) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as is", "as is"),
        (None, "None"),
        (True, "True"),
        (1.5, "1.5"),
        ({"a": [1, "ü"]}, '{\n    "a": [\n        1,\n        "ü"\n    ]\n}'),
        ({1, 2}, "{1, 2}"),
    ],
)
def test_any_value_becomes_text(value: Any, text: str) -> None:
    assert preview_any(value).payload == {"text": text}


def test_a_value_that_holds_itself_becomes_text() -> None:
    value: list[Any] = []
    value.append(value)
    assert preview_any(value).payload["text"] == "[[...]]"


def test_texts_are_joined() -> None:
    assert string_concatenate("a", "b", ", ") == "a, b"
    assert string_concatenate("a") == "a"


def test_notes_do_nothing() -> None:
    assert note("x") is None
    assert markdown_note("x") is None
