from __future__ import annotations

import difflib
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rpds import HashTrieMap

from nodebook.engine.document import dumps, from_json, loads, recognise, to_json
from nodebook.engine.edits import AddNode, Edit, SetLink, SetTitle, SetValue, SetView, apply_all
from nodebook.engine.graph import GraphState, Link, Node
from nodebook.engine.literals import VariableRef, tag, untag
from nodebook.engine.schema import document_schema, schema_text
from nodebook.engine.upgrades import VERSION
from nodebook.errors import DocumentError, NewerDocumentError
from tests.engine import strategies

DUMPS = Path(__file__).parent / "dumps"
SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / f"nodebook-document-{VERSION}.schema.json"


def same(one: Any, other: Any) -> bool:
    """Equal, in type too, and NaN is NaN: ``repr`` tells 1, 1.0 and True apart."""
    return repr(one) == repr(other)


def node_of(value: Any) -> GraphState:
    return GraphState(nodes=HashTrieMap({"1": Node("A", values={"v": value})}))


# Round trips


@strategies.few
@given(strategies.graphs())
def test_a_graph_comes_back_as_it_was(state: GraphState) -> None:
    text = dumps(state)
    again = loads(text)
    assert dumps(again) == text
    assert again.name == state.name
    assert {source: set(ids) for source, ids in again.consumers.items()} == {
        source: set(ids) for source, ids in state.consumers.items()
    }
    for node_id, node in state.nodes.items():
        found = again.nodes[node_id]
        assert (found.type, found.title, found.links, found.mode) == (node.type, node.title, node.links, node.mode)
        assert same(dict(found.values), dict(sorted(node.values.items())))
        assert same(found.origin, node.origin)
        assert same(found.extra, node.extra)


@strategies.few
@given(strategies.graphs())
def test_the_text_and_the_json_are_one_document(state: GraphState) -> None:
    assert same(json.loads(dumps(state)), to_json(state))
    assert dumps(from_json(json.loads(json.dumps(to_json(state, wire=True))))) == dumps(state)


@given(strategies.values)
def test_literals_come_back(value: Any) -> None:
    assert same(untag(json.loads(json.dumps(tag(value), allow_nan=False))), value)
    wired, numbers = json.dumps(tag(value, wire=True), allow_nan=False), list[str]()
    assert same(untag(json.loads(wired)), value)
    json.loads(wired, parse_int=numbers.append)
    assert all(abs(int(number)) < 2**53 for number in numbers)


@strategies.few
@given(strategies.graphs())
def test_the_text_does_not_depend_on_the_order_of_edits(state: GraphState) -> None:
    backwards = GraphState(
        name=state.name,
        extra=state.extra,
        groups=dict(reversed(list(state.groups.items()))),
        subgraphs=dict(reversed(list(state.subgraphs.items()))),
    )
    for node_id in reversed(state.ordered_ids()):
        node = state.nodes[node_id]
        members = {
            "values": dict(reversed(list(node.values.items()))),
            "links": {name: list(link) for name, link in reversed(list(node.links.items()))},
            "view": dict(reversed(list(node.view.items()))),
        }
        data = {
            "type": node.type,
            "title": node.title,
            "mode": node.mode,
            "origin": node.origin,
            **members,
            **node.extra,
        }
        backwards, _ = apply_all(backwards, [AddNode(node_id, data)])
    assert dumps(backwards) == dumps(state)


# One edit, one line


def changed_lines(before: GraphState, after: GraphState) -> list[str]:
    old, new = (dumps(state).split("\n") for state in (before, after))
    return [line for line in difflib.unified_diff(old, new, n=0, lineterm="") if line[:3] not in ("---", "+++", "@@ ")]


one_line = st.one_of(strategies.plain, st.lists(strategies.plain, max_size=4))


@strategies.few
@given(strategies.graphs(min_nodes=1), st.data())
def test_a_change_of_one_value_is_a_change_of_one_line(state: GraphState, data: st.DataObject) -> None:
    node = data.draw(st.sampled_from(state.ordered_ids()))
    old, new = data.draw(one_line), data.draw(one_line)
    assume(not same(old, new) and dumps(node_of(old)) != dumps(node_of(new)))
    choices: list[tuple[Edit, Edit]] = [
        (SetValue(node, "sigma", old), SetValue(node, "sigma", new)),
        (SetLink(node, "sigma", ("1", "A")), SetLink(node, "sigma", ("2", "B"))),
        (SetTitle(node, "one"), SetTitle(node, "two")),
        (SetView(node, {"x": 1}), SetView(node, {"x": 2, "y": 3})),
    ]
    edit = data.draw(st.sampled_from(choices))
    before, _ = apply_all(state, [edit[0]])
    after, _ = apply_all(before, [edit[1]])
    removed, added = changed_lines(before, after)
    assert (removed[0], added[0]) == ("-", "+")


GOLDEN = """\
{
  "nodebook": 1,
  "name": "portrait",
  "nodes": {
    "2": {
      "type": "ImageBlur",
      "title": "Soft ☃",
      "values": {
        "curve": [0, 0.5, {"$float": "inf"}],
        "empty": {},
        "none": [],
        "points": [
          [0, 1],
          [
            {
              "a": null
            }
          ]
        ],
        "seed": 18446744073709551615,
        "sigma": {"$float": "nan"},
        "tag": {
          "$$float": "nan"
        }
      },
      "links": {
        "image": ["10", "IMAGE"]
      },
      "view": {"collapsed": true, "size": [1, {"$float": "-inf"}], "x": 360, "y": -0.0},
      "origin": {"key": "ImageBlur#1", "values": {"sigma": {"$float": "nan"}}, "links": {}},
      "future": [1, 2]
    },
    "10": {
      "type": "LoadImage"
    },
    "b": {
      "type": "Note"
    }
  },
  "groups": {
    "1": true
  }
}
"""


def golden() -> GraphState:
    blur = Node(
        "ImageBlur",
        "Soft ☃",
        {
            "tag": {"$float": "nan"},
            "sigma": math.nan,
            "seed": 2**64 - 1,
            "points": [[0, 1], [{"a": None}]],
            "none": [],
            "empty": {},
            "curve": [0, 0.5, math.inf],
        },
        {"image": Link("10", "IMAGE")},
        {"y": -0.0, "x": 360, "collapsed": True, "size": [1, -math.inf]},
        {"key": "ImageBlur#1", "values": {"sigma": math.nan}, "links": {}},
        {"future": [1, 2]},
    )
    nodes = HashTrieMap({"b": Node("Note"), "10": Node("LoadImage"), "2": blur})
    return GraphState("portrait", nodes, extra={"groups": {"1": True}})


def test_the_golden_bytes() -> None:
    assert dumps(golden()) == GOLDEN
    assert dumps(loads(GOLDEN)) == GOLDEN
    assert dumps(GraphState()) == '{\n  "nodebook": 1,\n  "nodes": {}\n}\n'


@pytest.mark.parametrize("path", sorted(DUMPS.glob("*.json")), ids=lambda path: path.name)
def test_documents_of_every_version_open(path: Path) -> None:
    state = loads(path.read_text(encoding="utf-8"))
    assert same(to_json(state), json.loads((DUMPS / "expected" / path.name).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("title", "written"),
    [("\ud83d", '"\\ud83d"'), ("\ud83d!\ude00", '"\\ud83d!\\ude00"'), ("😀\x7f\u2028", '"😀\x7f\u2028"')],
)
def test_half_a_surrogate_pair_is_escaped(title: str, written: str) -> None:
    text = dumps(GraphState(nodes=HashTrieMap({"1": Node("A", title)})))
    assert written in text
    assert text.encode().decode() == text
    assert loads(text).nodes["1"].title == title


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"a": {"$float": "nan"}}, id="looks like a number"),
        pytest.param({"a": {"$new": {"$$b": 1}}}, id="a tag of the future"),
        pytest.param([{"$float": "what"}], id="in a list"),
    ],
)
def test_unknown_members_are_written_back_verbatim(data: Any) -> None:
    document = {"nodebook": 1, "nodes": {"1": {"type": "A", "later": data}}, "later": data}
    assert to_json(from_json(document)) == document
    assert json.loads(dumps(from_json(document))) == document


def test_a_tag_that_nobody_knows_is_a_literal() -> None:
    state = from_json({"nodebook": 1, "nodes": {"1": {"type": "A", "values": {"a": {"$new": 1}, "b": {"$int": "x"}}}}})
    assert state.nodes["1"].values == {"a": {"$new": 1}, "b": {"$int": "x"}}
    assert loads(dumps(state)).nodes["1"].values == state.nodes["1"].values


def test_a_variable_is_a_whole_value_or_none() -> None:
    assert untag({"$variable": "photo"}) == VariableRef("photo")
    assert untag([{"$variable": "photo"}]) == [{"$variable": "photo"}]
    assert untag({"a": {"$variable": "photo"}}) == {"a": {"$variable": "photo"}}
    assert untag({"$variable": 3}) == {"$variable": 3}
    assert untag({"$$variable": "photo"}) == {"$variable": "photo"}


def test_the_wire_tags_what_a_browser_cannot_count() -> None:
    assert tag([2**53 - 1, 2**53, -(2**53)], wire=True) == [2**53 - 1, {"$int": str(2**53)}, {"$int": str(-(2**53))}]


# Size and depth


def test_a_deep_graph_is_only_long() -> None:
    nodes = {str(n): {"type": "A", "links": {"a": [str(n - 1), "x"]}} for n in range(1, 50_001)}
    state = from_json({"nodebook": 1, "nodes": nodes})
    assert state.last_id == 50_000
    assert dumps(loads(dumps(state))) == dumps(state)


def nest(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = {"a": [value]}
    return value


def test_what_can_be_read_can_be_written() -> None:
    assert loads(dumps(node_of(nest(45)))).nodes["1"].values["v"] == nest(45)
    for member in ("later", "values", "origin"):
        data = {"type": "A", member: {"values": nest(60)}}
        with pytest.raises(DocumentError, match="Node '1' holds a value that cannot be read: it nests more than 100"):
            from_json({"nodebook": 1, "nodes": {"1": data}})
    with pytest.raises(DocumentError, match="The document holds a value that cannot be read: it nests"):
        from_json({"nodebook": 1, "later": nest(60)})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(nest(60), "nests more than 100", id="too deep"),
        pytest.param(object(), "a object is not JSON", id="an object"),
        pytest.param([b"x"], "a bytes is not JSON", id="bytes in a list"),
        pytest.param({1: 2}, "has the name 1", id="a name that is no text"),
        pytest.param(10**5000, "4300", id="a number that Python does not print"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_the_node(value: Any, message: str) -> None:
    with pytest.raises(DocumentError, match=f"Node '1' holds a value that cannot be saved.*{message}"):
        dumps(node_of(value))
    if not isinstance(value, int):
        with pytest.raises(DocumentError, match=f"Node '1' holds a value that cannot be saved.*{message}"):
            to_json(node_of(value))
    with pytest.raises(DocumentError, match="The document holds a value"):
        dumps(GraphState(extra={"later": value}))


# Reading what is not right

BAD = {
    "nothing": ("", "is empty"),
    "cut off": ('{"nodebook": 1, "nodes": {', "ends in the middle .line 1, column 27"),
    "not JSON": ('{"nodebook": 1,\n nodes}', "is not JSON .line 2, column 2"),
    "a git merge": ('{\n<<<<<<< HEAD\n"a": 1\n=======\n>>>>>>> x\n', "unfinished git merge .at line 2"),
    "NaN": ('{"nodebook": 1, "a": -Infinity}', 'holds -Infinity, which is not JSON.*{"\\$float": "-inf"}'),
    "a member twice": ('{"nodebook": 1,\n"nodes": {"1": {},\n"1": {}}}', "'1' twice in one object .lines 2 and 3"),
    "a common member twice": ('{"a": 1, "a": 1, "b": {"a": 1}}', "'a' twice in one object, so"),
    "a long number": (f'{{"nodebook": 1{"0" * 5000}}}', "holds a number that cannot be read"),
    "brackets": ('{"nodebook": 1, "a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
    "a list": ("[1]", "This is a list, not a nodebook document"),
    "text": ('"hello"', "This is text .'hello'., not"),
    "null": ("null", "This is null, not"),
    "an empty object": ("{}", "This is an empty object, not"),
    "an object": ('{"a": 1, "b": 2}', "an object with the members 'a', 'b', not"),
    "a workflow": ('{"nodes": [], "links": []}', "This is a ComfyUI workflow, not.*cannot read it yet"),
    "a prompt": ('{"3": {"class_type": "KSampler"}}', "a ComfyUI API prompt, not.*cannot read it yet"),
    "a wrapped prompt": ('{"prompt": {"3": {"class_type": "KSampler"}}}', "a ComfyUI API prompt"),
    "a notebook": ('{"cells": [], "nbformat": 4}', "a Jupyter notebook, not"),
    "no version": ('{"nodebook": "1"}', "must be its version, a whole number; got '1'"),
    "true": ('{"nodebook": true}', "must be its version"),
    "below zero": ('{"nodebook": -1}', "must be its version"),
    "too old": ('{"nodebook": 0}', "no step from version 0 to 1"),
    "name": ('{"nodebook": 1, "name": 3}', '"name" must be a string, got a number'),
    "nodes": ('{"nodebook": 1, "nodes": []}', '"nodes" must be an object of id → node, got a list'),
    "node": ('{"nodebook": 1, "nodes": {"7": 3}}', "Node '7' must be an object, got '3'"),
    "type": ('{"nodebook": 1, "nodes": {"7": {"type": 3}}}', "Node '7' has no \"type\" that is a string; got '3'"),
    "mode": ('{"nodebook": 1, "nodes": {"7": {"type": "A", "mode": 4}}}', "Node '7': the mode must be \"mute\" or"),
    "title": ('{"nodebook": 1, "nodes": {"7": {"type": "A", "title": 3}}}', "Node '7': the title must be a string"),
    "values": ('{"nodebook": 1, "nodes": {"7": {"type": "A", "values": []}}}', '"values" must be an object'),
    "links": ('{"nodebook": 1, "nodes": {"7": {"type": "A", "links": 0}}}', "Node '7': \"links\" must be an object"),
    "view": ('{"nodebook": 1, "nodes": {"7": {"type": "A", "view": ""}}}', "Node '7': \"view\" must be an object"),
    "origin": ('{"nodebook": 1, "nodes": {"7": {"type": "A", "origin": 1}}}', "Node '7': \"origin\" must be an object"),
    "link": ('{"nodebook": 1, "nodes": {"7": {"type": "A", "links": {"a": ["1", 0]}}}}', "input 'a': a link must be"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_bad_documents_are_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        loads(text)
    assert not isinstance(caught.value, NewerDocumentError)


def test_an_id_must_be_text() -> None:
    with pytest.raises(DocumentError, match="id of a node must be a string, got 7"):
        from_json({"nodebook": 1, "nodes": {7: {"type": "A"}}})


def test_a_newer_document_is_left_to_a_newer_nodebook() -> None:
    with pytest.raises(NewerDocumentError, match=r"document version 2; this one reads up to 1.*Update nodebook"):
        loads('{"nodebook": 2, "boxes": []}')


def test_lenient_where_nothing_is_lost() -> None:
    state = loads('\ufeff{"nodebook": 1,\r\n "nodes": {"1": {"type": "A", "values": null, "view": {"x": null}}}}')
    assert to_json(state)["nodes"] == {"1": {"type": "A"}}
    assert recognise([]) is None


def test_upgrade_steps_run_in_order() -> None:
    def boxes_to_nodes(data: dict[str, Any]) -> dict[str, Any]:
        boxes = data.pop("boxes")
        return {**data, "nodes": {str(number): box for number, box in enumerate(boxes, 1)}}

    old = {"nodebook": 0, "boxes": [{"type": "A"}], "kept": 1}
    state = from_json(old, steps={0: boxes_to_nodes})
    assert to_json(state) == {"nodebook": 1, "nodes": {"1": {"type": "A"}}, "kept": 1}
    assert old["nodebook"] == 0


# The schema


def test_the_schema_in_the_docs_is_not_stale() -> None:
    fresh = "PYTHONPATH=. python -m nodebook.engine.schema > docs/schema/..."
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), f"Write it again: {fresh}"
    jsonschema.Draft202012Validator.check_schema(document_schema())


VALIDATOR = jsonschema.Draft202012Validator(document_schema())


@strategies.few
@given(strategies.graphs())
def test_documents_fit_the_schema(state: GraphState) -> None:
    VALIDATOR.validate(json.loads(dumps(state)))
    VALIDATOR.validate(to_json(state, wire=True))


@pytest.mark.parametrize(
    "case", ["name", "nodes", "node", "type", "title", "values", "links", "view", "origin", "link"]
)
def test_the_schema_refuses_the_shapes_that_reading_refuses(case: str) -> None:
    assert not VALIDATOR.is_valid(json.loads(BAD[case][0]))
