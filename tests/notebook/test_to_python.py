"""A graph as Python code: what it looks like, and that nothing is lost on the way there and back."""

from __future__ import annotations

import difflib
import json
from typing import Any

import pytest
from hypothesis import given

import nodebook as nb
from nodebook.engine import document
from nodebook.engine.edits import SetView
from nodebook.engine.graph import GraphState
from nodebook.engine.library import Library
from nodebook.notebook.code.layout import layout_text
from nodebook.notebook.code.python import read_python, write_code
from nodebook.sessions import Session, session, use_session
from tests.engine import strategies
from tests.notebook import codegraphs


@pytest.fixture(scope="module")
def library() -> Library:
    return session().library


def round_trip(state: GraphState, library: Library) -> tuple[str, str, list[str]]:
    """Return the document of a graph, that of its code, and what was noticed on the way."""
    code, layout = write_code(state, library)
    again, notices = read_python(f"{code}\n{layout_text(layout)}\n", library)
    return document.dumps(state), document.dumps(again), notices


@strategies.few
@given(state=codegraphs.graphs())
def test_code_and_back_is_the_same_document_byte_for_byte(state: GraphState, library: Library) -> None:
    before, after, notices = round_trip(state, library)
    assert after == before
    assert notices == []


def said(state: GraphState, names: dict[str, str] | None = None) -> Any:
    """Return what a graph is apart from its layout; ``names``: what to call nodes instead of their ids."""
    data = document.to_json(state)

    def plain(nodes: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
        found = {}
        for node_id, node in nodes.items():
            view = {name: held for name, held in node.get("view", {}).items() if name == "vary"}
            links = {name: [names.get(link[0], link[0]), link[1]] for name, link in node.get("links", {}).items()}
            kept = {member: node[member] for member in ("type", "title", "mode", "values") if member in node}
            found[names.get(node_id, node_id)] = {**kept, "links": links, "view": view}
        return found

    subgraphs = {
        each: {**held, "origin": None, "groups": None, "nodes": plain(held["nodes"], {})}
        for each, held in data.get("subgraphs", {}).items()
    }
    return {"name": data.get("name"), "nodes": plain(data["nodes"], names or {}), "subgraphs": subgraphs}


@strategies.few
@given(state=codegraphs.known_graphs())
def test_without_a_layout_all_but_the_layout_comes_back(state: GraphState, library: Library) -> None:
    code, layout = write_code(state, library)
    again, notices = read_python(code, library)
    assert notices == []
    # In the code's own words the two are one: the order of the code is that of the new ids.
    once, layout_again = write_code(again, library)
    assert without_comments(once) == without_comments(code)
    names = {entry.id: key for key, entry in layout.nodes[""].items()}
    names_again = {entry.id: key for key, entry in layout_again.nodes[""].items()}
    before, after = said(state, names), said(again, names_again)
    assert without_subgraph_ids(after["nodes"]) == without_subgraph_ids(before["nodes"])
    assert after["name"] == before["name"]


def without_comments(code: str) -> list[str]:
    return [line for line in code.split("\n") if line.strip() and not line.lstrip().startswith("# ")]


def without_subgraph_ids(nodes: dict[str, Any]) -> dict[str, Any]:
    return {key: {**node, "type": node["type"].partition(":")[0]} for key, node in nodes.items()}


@strategies.few
@given(state=codegraphs.known_graphs())
def test_running_the_code_builds_what_reading_it_does(
    state: GraphState, tmp_path_factory: pytest.TempPathFactory, library: Library
) -> None:
    code, _ = write_code(state, library)
    restore = use_session(Session(folder=tmp_path_factory.mktemp("fresh")))
    try:
        found: dict[str, Any] = {}
        exec(code, found)  # noqa: S102 - our own code, which is to be Python
        ran = found["g"].store.state
    finally:
        nb.session().close()
        restore()
    read, _ = read_python(code, library)
    assert said(ran) == said(read)


@strategies.few
@given(state=codegraphs.graphs())
def test_saving_and_opening_is_the_same_graph(state: GraphState, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("saved") / "graph.nodebook.json"
    nb.Graph.of_state(state).save(path)
    opened = nb.open(path)
    # The JSON is made apart from the text, so that what saving leaves out is seen.
    assert json.dumps(document.to_json(opened.store.state)) == json.dumps(document.to_json(state))
    assert opened.to_json() == document.dumps(state)
    assert opened.save(path).read_text(encoding="utf-8") == document.dumps(state)


# What it looks like

PORTRAIT = '''\
import nodebook as nb

# needs: "warm" -> ["IMAGE"]


@nb.subgraph("Soft edges")
def soft_edges(g, image: "IMAGE", sigma: "FLOAT" = 2.0) -> "IMAGE":
    """Blur, then sharpen."""
    image_blur = g.add("ImageBlur", image=image, sigma=sigma)
    image_sharpen = g.add("ImageSharpen", image=image_blur)
    return image_sharpen


g = nb.Graph("portrait")

# Text
prompt = g.input("prompt", "a red circle")
model, clip, _ = g.add("CheckpointLoaderSimple", ckpt_name="nodebook-demo.safetensors")
clip_text_encode = g.add("CLIPTextEncode", clip=clip, text=prompt)

ksampler = g.add("KSampler", model=model, seed=7, positive=clip_text_encode)
ksampler.vary(seed="randomize")
load_image = g.add("LoadImage", image="a.png")
warm_node = g.add("warm", picture=load_image.image, amount=0.3)
warm_node.bypass()
background = g.add(soft_edges, title="Background", image=warm_node, sigma=4.0)
note = g.add(
    "Note",
    text=(
        "First line\\n"
        "second line"
    ),
)
image_blur = g.add("ImageBlur", sigma=3.0)
image_blur.set(sigma=g.missing("99", "FLOAT"))
faraway = g.add("Faraway", **{"a b": image_blur})
far = g.add("ImageBlur", title="Far", image=faraway["IMAGE"])

# nodebook layout 1
# graph: {"view": {"height": 520}}
# prompt 1 {"x": 10, "y": 10}
# model 2 {"color": "red", "x": 20, "y": 10}
# clip_text_encode 3 {"x": 30, "y": 10} {"origin": ["CLIPTextEncode#1"]}
# ksampler 4
# load_image 5 {"x": 800, "y": 10}
# warm_node 6
# background 7
# note 8
# image_blur 9
# faraway "b" {} {"future": [1, 2]}
# far "c"
# group: 1 {"color": "teal", "height": 100, "title": "Text", "width": 100, "x": 0, "y": 0}
# soft_edges() 1
# soft_edges.image_blur 1
# soft_edges.image_sharpen 2
# soft_edges.(inputs) 3 {"x": -280}
# soft_edges.(outputs) 4
'''


def test_the_code_of_a_graph_as_a_person_would_write_it() -> None:
    @nb.node
    def warm(picture: nb.Image, amount: float = 0.5) -> nb.Image:
        return picture * amount

    assert warm is not None
    # Read from itself, and written again from the document alone.
    g = nb.from_python(PORTRAIT)
    assert g.notices == []
    assert nb.Graph.of_state(document.loads(g.to_json())).to_python() == PORTRAIT


def test_a_move_is_a_change_of_one_line_and_so_is_a_value() -> None:
    g = nb.from_python(PORTRAIT)
    g["Background"].set(sigma=5.0)
    changed = [line for line in difflib.ndiff(PORTRAIT.split("\n"), g.to_python().split("\n")) if line[0] in "+-"]
    assert [line[0] for line in changed] == ["-", "+"]
    g.undo()
    g.store.edit([SetView("7", {"x": 5})], "Move")
    changed = [line for line in difflib.ndiff(PORTRAIT.split("\n"), g.to_python().split("\n")) if line[0] in "+-"]
    assert changed == ["- # background 7", '+ # background 7 {"x": 5}']


def test_long_lines_of_the_layout_come_back_from_an_editor_that_trims() -> None:
    g = nb.Graph()
    g.add("ImageBlur", sigma=1.0)
    held = {"text": "  two  spaces " * 30, "words": "one two three " * 30, "list": list(range(60))}
    g.store.edit([SetView("1", held)], "View")
    code = g.to_python()
    assert max(map(len, code.split("\n"))) < 200
    trimmed = "\n".join(line.rstrip() for line in code.split("\n"))
    assert trimmed == code
    assert nb.from_python(code.replace("\n", "\r\n")).to_json() == g.to_json()


def test_a_patch_is_dropped_when_the_code_says_otherwise() -> None:
    # An input called title that holds None: no call says that.
    state = document.loads('{"nodebook": 1, "nodes": {"1": {"type": "X", "values": {"title": null, "a": 1}}}}')
    code = nb.Graph.of_state(state).to_python()
    assert nb.from_python(code).to_json() == document.dumps(state)
    edited = nb.from_python(code.replace("a=1", "a=2"))
    assert edited["1"].node.values["a"] == 2
    assert "is for another code" in edited.notices[0]
