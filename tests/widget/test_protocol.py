from __future__ import annotations

import json
import math
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, is_typeddict

import pytest

import nodebook as nb
from nodebook.engine.compiled import Problem
from nodebook.engine.edits import AddNode
from nodebook.engine.library import Library
from nodebook.engine.store import GraphStore
from nodebook.sessions import Session
from nodebook.widget import commands, protocol
from nodebook.widget.errors import MalformedMessageError
from nodebook.widget.hub import Hub
from nodebook.widget.libraryjson import LibraryJson, library_json, wire
from nodebook.widget.sync import GraphSync
from tools.protocol import members_of


@pytest.mark.parametrize(
    "content",
    [
        {"type": "hello", "client": "a"},
        {"type": "edit", "client": "a", "batch": 1, "label": "Move", "ops": []},
        {"type": "undo", "client": "a"},
        {"type": "redo", "client": "a"},
        {"type": "run", "client": "a", "targets": None},
        {"type": "run", "client": "a", "targets": ["1", "2"]},
        {"type": "cancel", "client": "a"},
        {"type": "upload", "client": "a", "batch": 1, "node": "1", "input": "image", "name": "cat.png"},
        {"type": "list_files", "client": "a"},
        {"type": "full_picture", "client": "a", "node": "1", "index": 0},
        {"type": "more_pictures", "client": "a", "node": "1", "start": 8},
        {"type": "seen", "client": "a", "seq": 7},
        {"type": "seen", "client": "a", "seq": 7, "unknown": "members are of a newer front end"},
    ],
)
def test_each_message_of_the_protocol_is_parsed(content: dict[str, object]) -> None:
    assert commands.parse_command(content).type == content["type"]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (None, "message"),
        ([], "message"),
        ("hello", "message"),
        ({}, "message"),
        ({"type": "explode", "client": "a"}, "explode"),
        ({"type": "hello"}, "client"),
        ({"type": "hello", "client": ""}, "client"),
        ({"type": "hello", "client": 5}, "client"),
        ({"type": "hello", "client": "x" * 1000}, "client"),
        ({"type": "edit", "client": "a", "batch": "1", "label": "x", "ops": []}, "batch"),
        ({"type": "edit", "client": "a", "batch": True, "label": "x", "ops": []}, "batch"),
        ({"type": "edit", "client": "a", "batch": 1, "label": "x", "ops": {}}, "ops"),
        ({"type": "run", "client": "a", "targets": "1"}, "targets"),
        ({"type": "run", "client": "a", "targets": [1]}, "targets"),
        ({"type": "seen", "client": "a", "seq": 1.5}, "seq"),
        ({"type": "seen", "client": "a", "seq": math.nan}, "seq"),
    ],
)
def test_anything_else_is_malformed(content: object, names: str) -> None:
    with pytest.raises(MalformedMessageError, match=names):
        commands.parse_command(content)


def test_the_sender_is_told_as_far_as_one_can_tell() -> None:
    assert commands.sender_of({"client": "a"}) == "a"
    assert commands.sender_of({"client": 5}) is None
    assert commands.sender_of(None) is None


def test_the_library_is_strict_json_and_large_numbers_are_tagged(session: Session) -> None:
    library = library_json(session.library, {"input": ["cat.png"]})
    assert json.loads(json.dumps(library, allow_nan=False)) == library
    load = {each["name"]: each for each in library["types"]["LoadImage"]["inputs"]}
    assert load["image"]["widget"] == {"kind": "picture", "options": ["cat.png"], "files": "input"}
    widget = {each["name"]: each for each in library["types"]["PrimitiveInt"]["inputs"]}["value"]["widget"]
    assert widget is not None
    assert widget["kind"] == "number"
    assert widget["max"] == {"$int": str(2**63 - 1)}
    assert ["MASK", "IMAGE"] in library["adapters"] or library["adapters"] == sorted(library["adapters"])


def fits(value: Any, hint: Any) -> bool:  # noqa: PLR0911 - one for each kind of type
    """Say whether JSON is what a type says, no more and no less."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin is Annotated:
        return fits(value, arguments[0])
    if origin is Literal:
        return value in arguments
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in arguments)
    if origin is list:
        return isinstance(value, list) and all(fits(each, arguments[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(each, arguments[1]) for each in value.values())
    if not is_typeddict(hint):
        return type(value) is hint
    members = {each.name: each for each in members_of(hint)}
    needed = {name for name, each in members.items() if not each.is_optional}
    return (
        isinstance(value, dict)
        and needed <= value.keys() <= members.keys()
        and all(fits(each, members[name].hint) for name, each in value.items())
    )


def test_the_library_is_as_its_types_say(session: Session) -> None:
    library = library_json(session.library, {})
    assert fits(library, LibraryJson)
    load = next(each for each in library["types"]["LoadImage"]["inputs"] if each["name"] == "image")
    load["widget"] = {"kind": "picture"}  # type: ignore[typeddict-item] # what the check is for
    assert not fits(library, LibraryJson)


def test_a_snapshot_is_as_its_types_say(session: Session, hub: Hub) -> None:
    store = GraphStore(session.library)
    store.edit([AddNode("1", {"type": "LoadImage"})], "Add")
    sync = GraphSync(store, session, hub)
    assert fits(sync.snapshot("a"), protocol.Snapshot)
    sync.close()


def test_offering_pictures_leaves_the_node_type_alone(session: Session) -> None:
    library_json(session.library, {"input": ["cat.png"]})
    widget = session.library.get("LoadImage").input("image").widget
    assert widget is not None
    assert "cat.png" not in (widget.get("options") or [])


def test_values_that_a_browser_cannot_hold() -> None:
    assert wire(2**64 - 1) == {"$int": "18446744073709551615"}
    assert wire(math.inf) == {"$float": "inf"}
    assert wire([2**53 - 1, 2**53]) == [2**53 - 1, {"$int": "9007199254740992"}]
    assert wire({1, 2}) == "{1, 2}"  # not JSON at all


def test_problems() -> None:
    assert protocol.problems_json([Problem("1", "image", "missing_input", "It needs one.")]) == [
        {"node": "1", "input": "image", "code": "missing_input", "message": "It needs one."}
    ]


def test_the_library_has_the_names_that_texts_complete() -> None:
    @nb.node
    def prompt(
        text: Annotated[str, nb.Text(multiline=True, complete=("embeddings", "styles"))] = "", other: str = ""
    ) -> str:
        return text + other

    library = Library()
    library.define(prompt)
    told = library_json(library, {"embeddings": ["bad-hands.pt"], "loras": ["demo.safetensors"]})
    assert told["completions"] == {"embeddings": ["bad-hands.pt"], "styles": []}
    inputs: list[Any] = list(told["types"]["prompt"]["inputs"])
    text, other = inputs
    assert text["widget"]["complete"] == ["embeddings", "styles"]
    assert "complete" not in other["widget"]
