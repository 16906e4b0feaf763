"""The static picture of a graph: whole, safe, and the same for the same graph."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Any
from xml.dom.minidom import parseString

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from nodebook.engine.document import from_json
from nodebook.engine.edits import AddNode, SetGroup
from nodebook.graph import Graph
from nodebook.notebook.binding import variable
from nodebook.notebook.static import picture_of, static_html
from nodebook.notebook.static.cards import color_number
from nodebook.notebook.static.text import clip, width_of, wrap

if TYPE_CHECKING:
    from pathlib import Path
    from xml.dom.minidom import Document

    from nodebook.sessions import Session

HOSTILE = "</text></svg><script>alert(1)</script>&amp;\"'\x00\x1b\u202e\ud800 日本 👩\u200d👧 ]]>"


@pytest.fixture
def graph(session: Session) -> Graph:
    return Graph(own_session=session)


def parse(svg: str) -> Document:
    return parseString(svg.encode())  # noqa: S318 - our own


def texts(svg: str) -> str:
    root = parse(svg)

    def of(node: Any) -> str:
        return node.data if node.nodeType == node.TEXT_NODE else "".join(map(of, node.childNodes)) + " "

    return " ".join(of(each) for each in root.getElementsByTagName("text"))


def first_thumb(svg: str) -> Image.Image:
    found = re.search(r'href="data:image/webp;base64,([^"]+)"', svg)
    assert found is not None
    return Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB")


def pictured(graph: Graph) -> Graph:
    picture = graph.add("EmptyImage", width=64, height=48, color=0x336699)
    graph.add("PreviewImage", images=graph.add("ImageBlur", title="Soft", image=picture, blur_radius=3))
    return graph


def test_a_picture_shows_titles_values_and_results(graph: Graph) -> None:
    pictured(graph).run()
    picture = picture_of(graph, "2026-11-26T10:00:00.000Z")
    shown = texts(picture.svg)
    for words in ("EmptyImage", "Soft", "blur_radius", "#336699", "64 × 48", "nodebook graph · 3 nodes · 2026-11-26"):
        assert words in shown
    assert picture.svg.count("<image ") == 3
    small = first_thumb(picture.svg)
    assert small.size == (64, 48)
    assert small.getpixel((30, 20)) == (0x33, 0x66, 0x99)


def test_the_same_graph_is_the_same_bytes_and_another_result_is_not(graph: Graph, tmp_path: Path) -> None:
    pictured(graph).run()
    first = graph.to_svg(tmp_path / "g.svg")
    assert (tmp_path / "g.svg").read_text() == first == graph.picture().svg
    twin = pictured(Graph(own_session=graph._session))
    assert twin.to_svg() != first  # nothing ran yet
    twin.run()
    assert twin.to_svg() == first
    graph["1"].set(color=0x00FF00)
    graph.run()
    assert first_thumb(graph.to_svg()).getpixel((30, 20)) == (0, 255, 0)


def test_nothing_comes_from_outside_and_no_script(graph: Graph) -> None:
    pictured(graph).run()
    svg = graph.to_svg()
    assert set(re.findall(r'(?:href|src|url)[=(]"?([^,]*)', svg)) == {"data:image/webp;base64"}
    assert "<script" not in svg


def test_hostile_words_and_values_are_shown_as_text(graph: Graph) -> None:
    graph.add("Note", title=HOSTILE, text=HOSTILE * 50)
    graph.add("InputString", title="x" * 5000, name=HOSTILE, value=HOSTILE * 100)
    view = {
        "x": "nan",
        "y": [1],
        "width": -5,
        "color": "url(javascript:1)",
        "collapsed": "x",
        "heights": 3,
        "ports": {},
    }
    odd = {"type": "Nope<b>", "values": {HOSTILE: 1, "a": {"b": [HOSTILE]}}, "view": view}
    graph.store.edit([AddNode("9", odd)], "add")
    graph.store.edit([AddNode("8", {"type": "ImageBlur", "view": {"x": 1e3, "y": True, "color": "#f00"}})], "add")
    group = {"title": HOSTILE, "x": None, "y": True, "width": "q", "color": HOSTILE}
    graph.store.edit([SetGroup("1", group), SetGroup("2", {"title": 5, "color": "#0a0"})], "group")
    picture = picture_of(graph, f"2026-{HOSTILE}")
    assert "alert(1)" in texts(picture.svg)
    assert "<script" not in picture.svg
    html = static_html(graph, picture)
    assert "<script" not in html
    assert len(html) < 40_000
    assert picture.caption == "nodebook graph · 4 nodes"


@pytest.mark.parametrize(
    ("nodes", "most_bytes"), [(0, 2_000), (1, 4_000), (60, 60_000), (500, 150_000), (2000, 600_000)]
)
def test_a_picture_is_bounded_however_large_the_graph(graph: Graph, nodes: int, most_bytes: int) -> None:
    edits = [
        AddNode(str(at), {"type": "ImageBlur", "view": {"x": at // 25 * 300, "y": at % 25 * 200}})
        for at in range(1, nodes + 1)
    ]
    graph.store.edit(edits, "add")
    picture = graph.picture()
    assert picture.width <= 1000
    assert picture.height <= 4100
    assert len(picture.svg) < most_bytes
    parse(picture.svg)


def test_instances_of_subgraphs_show_what_is_made_inside(graph: Graph) -> None:
    pictured(graph)
    graph.subgraph(["2"], "Soften")
    graph.run()
    picture = graph.picture()
    assert "Soften" in texts(picture.svg)
    assert picture.svg.count("<image ") == 3


def test_nodes_that_do_not_run_say_so_and_failures_say_why(graph: Graph) -> None:
    pictured(graph)
    graph.bypass("2")
    graph.run(graph.add("LoadImage", image="nowhere.png"))
    shown = texts(graph.to_svg())
    assert "Bypassed" in shown
    assert "Failed" in shown
    assert "nowhere.png" in shown


def test_inputs_that_are_bound_name_their_variable(graph: Graph) -> None:
    graph.add("ImageBlur", image=variable("photo"), blur_radius=variable("strength"))
    graph.add("StringConcatenate", string_a=variable("words"), string_b="b")  # a control of several lines
    shown = texts(picture_of(graph).svg)
    for words in ("image: variable photo", "blur_radius", "variable strength", "variable words"):
        assert words in shown
    assert "…" not in shown


def test_a_card_names_the_cell_whose_code_added_it(graph: Graph) -> None:
    graph.store.edit([AddNode("1", {"type": "ImageBlur", "origin": {"cell": "ab-12/ImageBlur#1"}})], "add")
    graph.store.edit([AddNode("2", {"type": "ImageBlur", "origin": {"cell": '"><script>/ImageBlur#1'}})], "add")
    html = static_html(graph, graph.picture())
    assert '<a href="#cell-id=ab-12">cell</a>' in html
    assert html.count("<a ") == 1


def test_a_type_has_the_colour_that_the_editor_gives_it() -> None:
    assert [color_number(each) for each in ("IMAGE", "MASK,IMAGE", "*", "BOOLEAN")] == [1, 2, 0, 0]
    assert [color_number(each) for each in ("CONTROL_NET", "SIGMAS", "日本")] == [9, 8, 3]  # as js/src/graph/colors.ts


@given(st.text(max_size=80), st.floats(10, 400), st.floats(6, 30))
def test_clipped_text_fits(text: str, width: float, size: float) -> None:
    shown = clip(text, width, size)
    assert width_of(shown, size) <= width + 0.01
    assert "\n" not in shown


@given(st.text(max_size=300), st.integers(1, 6))
def test_wrapped_text_has_no_more_lines_than_asked(text: str, lines: int) -> None:
    for fixed in (False, True):
        found = wrap(text, 120, 12, lines, fixed=fixed)
        assert 1 <= len(found) <= lines
        assert all(width_of(line, 12) <= 120 + 13 for line in found)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    LEAVES,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=4), each, max_size=3),
    max_leaves=6,
)
NODES = st.fixed_dictionaries(
    {"type": st.sampled_from(["ImageBlur", "EmptyImage", "Reroute", "Note", "?", "PreviewAny", "subgraph:1"])},
    optional={
        "title": st.text(max_size=20),
        "values": st.dictionaries(st.sampled_from(["sigma", "image", "x\x00", "text", "color"]), JSON, max_size=3),
        "links": st.dictionaries(
            st.sampled_from(["image", "value", "source"]),
            st.tuples(st.sampled_from(["1", "2", "3", "9"]), st.sampled_from(["IMAGE", "value"])).map(list),
            max_size=2,
        ),
        "view": st.dictionaries(
            st.sampled_from(["x", "y", "width", "color", "collapsed", "ports", "heights"]), JSON, max_size=4
        ),
        "mode": st.sampled_from(["mute", "bypass", "other"]),
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nodes=st.lists(NODES, max_size=4), groups=st.dictionaries(st.text(max_size=3), JSON, max_size=2))
def test_any_document_can_be_drawn(session: Session, nodes: list[dict[str, Any]], groups: dict[str, Any]) -> None:
    from nodebook.engine import document
    from nodebook.errors import DocumentError

    data = {"nodebook": 1, "nodes": {str(at): each for at, each in enumerate(nodes, 1)}, "groups": groups}
    try:
        state = document.from_json(data)
    except DocumentError:
        return
    graph = Graph.of_state(state, session)
    picture = graph.picture()
    parse(picture.svg)
    assert picture.svg == graph.to_svg()
    static_html(graph, picture)


def test_a_node_of_an_unknown_type_says_so_and_shows_what_it_keeps(session: Session) -> None:
    node = {"type": "Mystery", "values": {"strength": 0.5, "old": "kept"}, "links": {"old": ["2", "IMAGE"]}}
    graph = Graph.of_state(from_json({"nodebook": 1, "nodes": {"1": node}}), session)
    shown = picture_of(graph).svg
    assert "Unknown type Mystery" in shown
    assert ">strength<" in shown
    assert ">0.5<" in shown
    assert ">kept<" not in shown  # its link counts
