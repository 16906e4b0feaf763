"""Copy, cut and paste: in a graph, between two, with and without links from outside, to and from ComfyUI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from tests.browser.lab import Lab

# 1 EmptyImage -> 2 ImageBlur -> 3 PreviewImage; 4 is a seed that no browser's number holds
GRAPH = """
g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64)
blur = g.add("ImageBlur", title="Soft", image=picture, sigma=2.5)
g.add("PreviewImage", images=blur)
g.add("KSampler", seed=2**64 - 1)
"""

COMFY: dict[str, Any] = {
    "nodes": [
        {"id": 7, "type": "EmptyImage", "pos": [10, 20], "widgets_values": [32, 48, 1, 255]},
        {"id": 8, "type": "Reroute", "pos": [300, 20], "inputs": [{"name": "", "type": "*", "link": 1}]},
        {
            "id": 9,
            "type": "SomebodysUpscaler",
            "pos": [600, 20],
            "mode": 4,
            "inputs": [{"name": "image", "type": "IMAGE", "link": 2}],
            "widgets_values": ["4x", 2**64 - 1],
        },
    ],
    "links": [[1, 7, 0, 8, 0, "IMAGE"], [2, 8, 0, 9, 0, "IMAGE"]],
    "version": 0.4,
}


SOFTEN = "0f6f3d3c-0000-4000-8000-000000000001"
# An EmptyImage, an instance of a subgraph with a blur in it, a PreviewImage
COMFY_SUBGRAPH: dict[str, Any] = {
    "nodes": [
        {"id": 1, "type": "EmptyImage", "widgets_values": [8, 8, 1, 255]},
        {
            "id": 2,
            "type": SOFTEN,
            "inputs": [{"name": "picture", "type": "IMAGE", "link": 1}],
            "outputs": [{"name": "out", "type": "IMAGE", "links": [2]}],
        },
        {"id": 3, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 2}]},
    ],
    "links": [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"]],
    "definitions": {
        "subgraphs": [
            {
                "id": SOFTEN,
                "name": "Soften",
                "inputs": [{"id": "a", "name": "picture", "type": "IMAGE", "linkIds": [1]}],
                "outputs": [{"id": "b", "name": "out", "type": "IMAGE", "linkIds": [2]}],
                "nodes": [
                    {
                        "id": 1,
                        "type": "ImageBlur",
                        "inputs": [{"name": "image", "type": "IMAGE", "link": 1}],
                        "widgets_values": [1, 2.5],
                    }
                ],
                "links": [
                    {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 1, "target_slot": 0, "type": "IMAGE"},
                    {"id": 2, "origin_id": 1, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "IMAGE"},
                ],
            }
        ]
    },
    "version": 0.4,
}


def paste_text(editor: Editor, text: str) -> None:
    """Put a text into the clipboard as another program would, and paste it on the canvas."""
    editor.page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    editor.focus_canvas()
    editor.press("Control+v")


def test_nodes_are_copied_cut_and_pasted(scratch: Lab) -> None:
    scratch.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    editor = show_graph(scratch, GRAPH)
    before = editor.document()
    editor.select("2", "3", "4")
    editor.press("Control+c")
    place = editor.empty_spot()
    scratch.page.mouse.move(*place)
    editor.press("Control+v")
    editor.expect_ids(["1", "2", "3", "4", "5", "6", "7"])
    editor.expect_links("5", {})
    editor.expect_links("6", {"images": ["5", "IMAGE"]})
    editor.expect_value("5", "sigma", 2.5)
    editor.expect_value("7", "seed", 2**64 - 1)
    assert scratch.evaluate("g['5'].node.title") == "Soft"
    assert editor.selected() == {"5", "6", "7"}
    assert scratch.evaluate("g.store.history.undo") == "Paste 3 nodes"

    # With Shift the links from outside come along.
    editor.press("Control+Shift+v")
    editor.expect_links("8", {"image": ["1", "IMAGE"]})
    editor.expect_links("9", {"images": ["8", "IMAGE"]})
    editor.press("Control+z", "Control+z")
    editor.expect_ids(["1", "2", "3", "4"])
    assert editor.document() == before

    editor.press("f")
    scratch.page.wait_for_timeout(300)

    # Cut takes them away; the text in the clipboard is a document that Python reads.
    editor.select("2")
    editor.press("Control+x")
    editor.expect_ids(["1", "3", "4"])
    text = scratch.page.evaluate("navigator.clipboard.readText()")
    assert list(json.loads(text)["nodes"]) == ["2"]
    editor.press("Control+z")
    editor.expect_ids(["1", "2", "3", "4"])

    # The notebook's own copying is left alone, and so is text in a field.
    editor.input("2", "sigma").dblclick()
    editor.press("Control+a", "Control+c", "Control+v", "Escape")
    editor.expect_ids(["1", "2", "3", "4"])
    assert scratch.page.evaluate("navigator.clipboard.readText()") == "2.5"
    paste_text(editor, "no nodes in here")
    expect(editor.root.locator(".nb-notice")).to_contain_text("The clipboard holds no nodes")


def test_nodes_go_to_another_graph_and_to_comfyui_and_back(scratch: Lab) -> None:
    scratch.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    editor = show_graph(scratch, GRAPH)
    editor.focus_canvas()
    editor.press("Control+a", "Control+c")
    copied = scratch.page.evaluate("navigator.clipboard.readText()")
    editor.node("2").locator(".nb-title").click(button="right")
    editor.root.locator("[data-submenu='More']").click()
    editor.root.locator("[data-command='edit.copy-comfy']").click()
    expect(editor.root.locator(".nb-notice")).to_contain_text("as a ComfyUI workflow")
    comfy = json.loads(scratch.page.evaluate("navigator.clipboard.readText()"))
    assert comfy["version"] == 0.4
    assert len(comfy["links"]) == 2
    by_type = {node["type"]: node for node in comfy["nodes"]}
    assert by_type["KSampler"]["widgets_values"][:2] == [2**64 - 1, "fixed"]
    assert by_type["ImageBlur"]["title"] == "Soft"

    # Another graph, empty: the same nodes, from nodebook's text and from ComfyUI's.
    editor = show_graph(scratch, "g = nb.Graph()")
    for text in (copied, json.dumps(comfy)):
        paste_text(editor, text)
        scratch.expect_value("len(g.store.state.nodes)", 4)
        document = editor.document()
        blur = next(node for node in document.values() if node["type"] == "ImageBlur")
        assert blur["title"] == "Soft"
        assert blur["values"]["sigma"] == 2.5
        assert document[blur["links"]["image"][0]]["type"] == "EmptyImage"
        sampler = next(node for node in document.values() if node["type"] == "KSampler")
        assert sampler["values"]["seed"] == 2**64 - 1
        editor.press("Control+z")
        scratch.expect_value("len(g.store.state.nodes)", 0)


def test_workflows_and_prompts_of_comfyui_are_pasted(scratch: Lab) -> None:
    scratch.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    editor = show_graph(scratch, "g = nb.Graph()")
    # A workflow of ComfyUI's own, with a reroute and a node that nobody here knows.
    paste_text(editor, json.dumps(COMFY))
    scratch.expect_value("len(g.store.state.nodes)", 3)
    expect(editor.root.locator(".nb-notice").last).to_contain_text("Not known here: SomebodysUpscaler")
    document = editor.document()
    source, unknown = (
        next(id_ for id_, node in document.items() if node["type"] == kind)
        for kind in ("EmptyImage", "SomebodysUpscaler")
    )
    assert document[source]["values"] == {"width": 32, "height": 48, "batch_size": 1, "color": 255}
    [dot] = set(document) - {source, unknown}
    assert document[dot]["links"] == {"value": [source, "IMAGE"]}
    assert document[unknown]["links"] == {"image": [dot, "value"]}
    assert document[unknown]["mode"] == "bypass"
    assert document[unknown]["values"] == {"widgets_values": ["4x", 2**64 - 1]}

    # An API prompt has no places: it is laid out.
    prompt = {
        "a": {"class_type": "EmptyImage", "inputs": {"width": 16}},
        "b": {"class_type": "ImageBlur", "inputs": {"image": ["a", 0]}},
    }
    paste_text(editor, json.dumps(prompt))
    scratch.expect_value("len(g.store.state.nodes)", 5)
    pasted = sorted(set(editor.document()) - {source, dot, unknown}, key=int)
    editor.expect_links(pasted[1], {"image": [pasted[0], "IMAGE"]})
    views = [editor.document()[node]["view"] for node in pasted]
    assert views[0]["x"] < views[1]["x"]


def test_an_instance_brings_its_subgraph(scratch: Lab) -> None:
    scratch.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    made = "picture = g.add('EmptyImage', width=8, height=8)\nblur = g.add('ImageBlur', image=picture, sigma=2.5)"
    editor = show_graph(scratch, f"g = nb.Graph()\n{made}\ng.subgraph([blur], name='Soften')")
    scratch.expect_value("len(g.store.state.nodes)", 2)
    editor.focus_canvas()
    editor.press("Control+a", "Control+c", "Control+v")
    scratch.expect_value("len(g.store.state.nodes)", 4)
    scratch.expect_value("len(g.store.state.subgraphs)", 1)  # in its own graph the same one is used

    editor = show_graph(scratch, "g = nb.Graph()")
    editor.focus_canvas()
    editor.press("Control+v")
    scratch.expect_value("len(g.store.state.nodes)", 2)
    scratch.expect_value("[each.name for each in g.store.state.subgraphs.values()]", ["Soften"])
    expect(editor.root.locator(".nb-notice")).to_have_count(0)
    instance = next(node for node in editor.document().values() if node["type"].startswith("subgraph:"))
    assert list(instance["links"]) == ["image"]
    editor.run()
    editor.expect_run("done")

    # One of ComfyUI's own, which runs here and goes back flat.
    editor = show_graph(scratch, "g = nb.Graph()")
    paste_text(editor, json.dumps(COMFY_SUBGRAPH))
    scratch.expect_value("len(g.store.state.nodes)", 3)
    scratch.expect_value("[each.name for each in g.store.state.subgraphs.values()]", ["Soften"])
    assert len({node["view"]["x"] for node in editor.document().values()}) == 3  # the file says no places
    editor.run()
    editor.expect_run("done")
    editor.press("f")
    scratch.page.wait_for_timeout(300)
    editor.root.locator(f"[data-type='subgraph:{SOFTEN}'] .nb-title").click(button="right")
    editor.root.locator("[data-submenu='More']").click()
    editor.root.locator("[data-command='edit.copy-comfy']").click()
    expect(editor.root.locator(".nb-notice")).to_contain_text("as a ComfyUI workflow")
    comfy = json.loads(scratch.page.evaluate("navigator.clipboard.readText()"))
    assert [node["type"] for node in comfy["nodes"]] == ["EmptyImage", "ImageBlur", "PreviewImage"]
    assert comfy["nodes"][1]["widgets_values"] == [1, 2.5]
