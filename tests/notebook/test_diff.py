"""What differs between two graphs: nothing that is the same, and all that is not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import nodebook as nb
from nodebook.engine import document
from nodebook.engine.edits import SetView, apply_all
from nodebook.engine.graph import GraphState
from nodebook.errors import DocumentError, DocumentNotFoundError
from nodebook.notebook.diff.diff import Diff, diff
from nodebook.notebook.saved.stored import GRAPH_MIME
from tests.engine import strategies
from tests.notebook import codegraphs


def meaning(state: GraphState) -> Any:
    """Return the document without what has no meaning: where things stand, how they look, where they come from."""
    data = document.to_json(state)
    data.pop("view", None)
    for graph in [data, *data.get("subgraphs", {}).values()]:
        for node in graph["nodes"].values():
            node.pop("origin", None)
            node["view"] = node.get("view", {}).get("vary")
            node["values"], node["links"] = (dict(node.get(each) or {}) for each in ("values", "links"))
        graph.pop("origin", None) if graph is not data else None
        if isinstance(graph.get("groups"), dict):
            titles = {
                each: group.get("title", "?") if isinstance(group, dict) else group
                for each, group in graph["groups"].items()
            }
            graph["groups"] = titles
    return json.dumps(data, sort_keys=True)


@strategies.few
@given(state=codegraphs.graphs())
def test_a_graph_does_not_differ_from_itself(state: GraphState) -> None:
    found = diff(state, document.loads(document.dumps(state)))
    assert found.is_empty
    assert found.moved == 0
    assert found.text() == "No difference."


@strategies.few
@given(edited=strategies.edited())
def test_a_difference_is_empty_just_where_the_meaning_is_one(edited: tuple[GraphState, list[Any]]) -> None:
    before, edits = edited
    after, _ = apply_all(before, edits)
    found = diff(before, after)
    assert found.is_empty == (meaning(before) == meaning(after))
    assert diff(after, before).is_empty == found.is_empty
    json.dumps(found.to_json(), allow_nan=False)
    assert "\x1b" not in found.text()


@strategies.few
@given(state=codegraphs.known_graphs(), data=st.data())
def test_ids_are_no_difference(state: GraphState, data: st.DataObject) -> None:
    held = document.to_json(state)
    new = data.draw(st.permutations([str(number) for number in range(1, len(held["nodes"]) + 1)]))
    ids = dict(zip(held["nodes"], new, strict=True))
    for node in held["nodes"].values():
        for link in node.get("links", {}).values():
            link[0] = ids[link[0]]
    held["nodes"] = {ids[each]: node for each, node in held["nodes"].items()}
    # Where each id still has a node with the same in it, ids count: a link that went from one to its equal has moved.
    assume(_without_links(held) != _without_links(document.to_json(state)))
    found = diff(state, held)
    assert found.is_empty, found.text()


def _without_links(held: dict[str, Any]) -> dict[str, Any]:
    told = {"type", "title", "mode", "values"}
    return {each: {name: node[name] for name in told & node.keys()} for each, node in held["nodes"].items()}


def portrait() -> nb.Graph:
    g = nb.Graph()
    photo = g.add("LoadImage", image="a.png")
    blur = g.add("ImageBlur", image=photo.image, sigma=2.0)
    g.add("CLIPTextEncode", text="a red circle on a blue background, in soft light")
    g.add("SaveImage", images=blur)
    return g


def test_what_is_said_of_an_edit() -> None:
    g, h = portrait(), portrait()
    h["Image Blur"].set(sigma=3.0).mute()
    h["CLIP Text Encode (Prompt)"].set(text="a red circle on a dark background, in soft light")
    h["Load Image"].rename("Photo")
    sharp = h.add("ImageSharpen", image=h["Image Blur"])
    h["Save Image"].set(images=sharp)
    h.add("KSampler", seed=1).vary(seed="randomize")
    g.add("Note", text="gone")
    assert diff(g, h).text() == (
        '~ Photo (1) LoadImage\n    title: (none) → "Photo"\n'
        "~ Image Blur (2)\n    mode: (none) → mute\n    sigma: 2.0 → 3.0\n"
        "~ CLIP Text Encode (Prompt) (3)\n    text: … on a [-blue-][+dark+] background, …\n"
        "~ Save Image (4)\n    images: ← Image Blur (2).IMAGE → ← Image Sharpen (5).IMAGE\n"
        "+ Image Sharpen (5)\n    image: ← Image Blur (2).IMAGE\n"
        '+ KSampler (6)\n    seed: 1\n    seeds: {"seed": "randomize"}\n'
        '- Note (5)\n    text: "gone"'
    )


def test_a_graph_that_was_built_again_differs_in_what_it_says_only() -> None:
    g, h = portrait(), nb.Graph()
    h.add("Note")
    h.add("CLIPTextEncode", text="a red circle on a blue background, in soft light")
    photo = h.add("LoadImage", image="a.png")
    h.add("SaveImage", images=h.add("ImageBlur", image=photo.image, sigma=5.0))
    text = diff(g, h).text().split("\n")
    assert text[:3] == ["~ Image Blur (2 → 4)", "    sigma: 2.0 → 5.0", "+ Note (1)"]
    assert len(text) == 4  # and where nodes stand


def test_a_move_is_counted_and_no_difference() -> None:
    g, h = portrait(), portrait()
    h.store.edit([SetView("2", {"x": 999}), SetView("1", {"color": "red"})], "Move")
    found = diff(g, h)
    assert (found.is_empty, found.moved) == (True, 2)
    assert found.text() == "No difference.\n2 nodes and groups moved or coloured."


def test_subgraphs_are_parts_of_their_own() -> None:
    g, h = portrait(), portrait()
    for each in (g, h):
        each.subgraph(["Image Blur"], name="Soften")
    h["5/2"].set(sigma=9.0)
    (graph,) = diff(g, h).graphs
    assert [part.subgraph for part in graph.parts] == [None, "Soften"]
    assert "~ subgraph Soften\n  ~ Image Blur (2)\n      sigma: 2.0 → 9.0" in diff(g, h).text()
    assert "+ subgraph Soften" in diff(portrait(), h).text()


def test_hostile_text_does_nothing_to_a_page_or_a_terminal() -> None:
    g, h = portrait(), portrait()
    evil = "<script>alert(1)</script>\x1b[31m\u202e\"'&"
    h["Load Image"].rename(evil).set(image=evil + "x" * 50)
    h.store.edit(list(nb.Graph.of_state(h.store.state).store.edit([], "").edits), "Nothing")
    h.subgraph(["Image Blur"], name=evil)
    found = diff(g, h)
    assert "<script" not in found._repr_html_()
    for text in (found.text(), found._repr_html_()):
        assert not [letter for letter in text if not letter.isprintable() and letter != "\n"]
    assert re.findall("\x1b\\[\\d+m", found.text(color=True))


def test_pictures_of_results_stand_side_by_side() -> None:
    g, h = nb.Graph(), nb.Graph()
    for each, color in ((g, 255), (h, 65280)):
        each.add("EmptyImage", title="Plain", width=32, height=32, color=color)
        each.run()
    found = diff(g, h)
    (pair,) = found.graphs[0].pictures
    assert pair.title == "Plain"
    assert pair.before is not None
    assert pair.before.startswith("data:image/")
    assert pair.after != pair.before
    assert found._repr_html_().count("<img") == 2


def notebook(*held: tuple[dict[str, Any], str]) -> dict[str, Any]:
    outputs = [{"data": {GRAPH_MIME: {"document": each}, "image/png": picture}} for each, picture in held]
    return {"nbformat": 4, "cells": [{"cell_type": "code", "id": "a", "outputs": [each]} for each in outputs]}


def test_graphs_of_notebooks_are_paired_by_name(tmp_path: Path) -> None:
    def named(name: str | None, seed: int) -> dict[str, Any]:
        nodes = {"1": {"type": "KSampler", "values": {"seed": seed}}}
        return {"nodebook": 1, **({"name": name} if name else {}), "nodes": nodes}

    one, other = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    one.write_text(json.dumps(notebook((named("x", 1), "aGVsbG8="), (named("y", 1), ""))), encoding="utf-8")
    other.write_text(json.dumps(notebook((named("z", 1), ""), (named("x", 2), "d29ybGQ="))), encoding="utf-8")
    found = nb.diff(one, other)
    assert [(each.name, each.before, each.after) for each in found.graphs] == [
        ("z", False, True),
        ("x", True, True),
        ("y", True, False),
    ]
    assert "graph x\n  ~ KSampler (1)\n      seed: 1 → 2" in found.text()
    assert [pair.before for each in found.graphs for pair in each.pictures] == ["data:image/png;base64,aGVsbG8="]


def test_the_pictures_of_graphs_in_two_notebooks_stand_side_by_side() -> None:
    def of(seed: int, html: Any) -> dict[str, Any]:
        data = {"nodebook": 1, "nodes": {"1": {"type": "KSampler", "values": {"seed": seed}}}}
        found = notebook((data, ""))
        found["cells"][0]["outputs"][0]["data"]["text/html"] = html
        return found

    good = ['<div><img src="data:image/svg+xml;base64,', 'aGVsbG8="></div>']
    evil = '<img src="data:image/svg+xml;base64,d29y&quot; onerror=alert(1)"><script>alert(1)</script>'
    found = nb.diff(of(1, good), of(2, evil))
    (pair,) = found.graphs[0].pictures
    assert (pair.before, pair.after) == ("data:image/svg+xml;base64,aGVsbG8=", "data:image/svg+xml;base64,d29y")
    assert "alert" not in found._repr_html_()
    assert nb.diff(of(1, {"odd": 3}), of(2, 5)).graphs[0].pictures == ()


def test_files_of_each_kind(tmp_path: Path) -> None:
    g, h = portrait(), portrait()
    h["Image Blur"].set(sigma=3.0)
    g.save(tmp_path / "a.nodebook.json")
    (tmp_path / "b.py").write_text(h.to_python(), encoding="utf-8")
    found = nb.diff(tmp_path / "a.nodebook.json", tmp_path / "b.py")
    assert isinstance(found, Diff)
    assert found.text() == "~ Image Blur (2)\n    sigma: 2.0 → 3.0"
    assert (found.before, found.after) == ("a.nodebook.json", "b.py")
    with pytest.raises(DocumentNotFoundError, match="no file"):
        nb.diff(g, tmp_path / "absent.json")
    (tmp_path / "c.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(DocumentError, match="a list, not a nodebook document"):
        nb.diff(g, tmp_path / "c.json")


def test_a_large_graph_is_compared_in_seconds() -> None:
    nodes = {str(n): {"type": "ImageBlur", "links": {"image": [str(n - 1), "IMAGE"]}} for n in range(1, 2001)}
    moved = {
        str(n + 7): {**node, "links": {"image": [str(n + 6), "IMAGE"]}} for n, node in enumerate(nodes.values(), 1)
    }
    found = nb.diff({"nodebook": 1, "nodes": nodes}, {"nodebook": 1, "nodes": moved})
    assert not found.is_empty
