"""Subgraphs in the editor: made, opened, changed inside, used again, run and unpacked."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.editor import Editor, show_graph

if TYPE_CHECKING:
    from tests.browser.lab import Lab

GRAPH = """
g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64, color=0x336699)
blur = g.add("ImageBlur", image=picture)
sharp = g.add("ImageSharpen", image=blur)
shown = g.add("PreviewImage", images=sharp)
"""

MADE = f"{GRAPH}\nsoft = g.subgraph([blur, sharp], name='Soften')\n"


def whole(editor: Editor) -> dict[str, Any]:
    """The kernel's document."""
    document: dict[str, Any] = json.loads(editor.lab.evaluate(f"{editor.graph}.to_json()"))
    return document


def definition(editor: Editor) -> dict[str, Any]:
    """The only subgraph of the kernel's document."""
    (only,) = whole(editor)["subgraphs"].values()
    found: dict[str, Any] = only
    return found


def inner(editor: Editor, kind: str) -> str:
    """The id of the node of a type inside the subgraph."""
    found: dict[str, Any] = definition(editor)["nodes"]
    return next(each for each, node in found.items() if node["type"] == kind)


def enter(editor: Editor, instance: str) -> None:
    """Open a subgraph by the button on its card."""
    editor.node(instance).locator(".nb-enter").click()
    expect(editor.part("nb-crumbs")).to_be_visible()
    editor.wait(lambda: editor.nodes.count() == len(definition(editor)["nodes"]), "the nodes inside on the page")


def test_make_name_run_and_undo(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    editor.run()
    editor.expect_run("done")
    before = whole(editor)

    editor.select("2", "3")
    editor.press("Control+Shift+g")
    expect(editor.root.locator(".nb-title-field")).to_be_focused()
    scratch.page.keyboard.type("Soften")
    editor.press("Enter")
    scratch.expect_value("sorted(definition.name for definition in g.store.state.subgraphs.values())", ["Soften"])
    instance = next(each for each, node in whole(editor)["nodes"].items() if node["type"].startswith("subgraph:"))
    editor.expect_ids(["1", "4", instance])
    editor.expect_links(instance, {"image": ["1", "IMAGE"]})
    editor.expect_links("4", {"images": [instance, "IMAGE"]})
    expect(editor.node(instance).locator(".nb-title")).to_have_text("Soften")

    # Nothing runs again for it; a change inside does, and the card says how the nodes inside are doing.
    scratch.expect_value("g.plan().steps", [])
    scratch.execute(f"g['{instance}/2'].set(sigma=3.0)")
    scratch.expect_value("g.plan().steps", [f"{instance}/2", f"{instance}/3", "4"])
    editor.run()
    editor.expect_run("done")
    editor.expect_state(instance, "done")
    editor.expect_painted(instance)

    editor.focus_canvas()
    editor.press("Control+z", "Control+z", "Control+z")
    scratch.expect_value("sorted(g.store.state.nodes)", sorted(before["nodes"]))
    assert whole(editor) == before


def test_open_edit_inside_and_go_back(scratch: Lab) -> None:
    editor = show_graph(scratch, MADE)
    instance = editor.id_of("Soften")
    enter(editor, instance)
    expect(editor.root.locator(".nb-crumb-name")).to_have_value("Soften")
    editor.type_number("2", "sigma", "4.5")
    scratch.expect_value(f"g['{instance}/2'].node.values['sigma']", 4.5)
    assert "values" not in whole(editor)["nodes"][instance]

    # A node added inside is inside; so is what is removed. The boundary stays.
    editor.add_at("sharpen")
    scratch.expect_value("len(next(iter(g.store.state.subgraphs.values())).graph.nodes)", 5)
    scratch.expect_value("len(g.store.state.nodes)", 3)
    editor.press("Delete")
    scratch.expect_value("len(next(iter(g.store.state.subgraphs.values())).graph.nodes)", 4)
    editor.focus_canvas()
    editor.press("Control+a", "Delete")
    scratch.expect_value(
        "sorted(node.type for node in next(iter(g.store.state.subgraphs.values())).graph.nodes.values())",
        ["SubgraphInputs", "SubgraphOutputs"],
    )
    editor.press("Control+z")

    # The name in the breadcrumbs is the subgraph's. Esc leaves it.
    editor.root.locator(".nb-crumb-name").fill("Not this")
    editor.press("Escape")
    expect(editor.root.locator(".nb-crumb-name")).to_have_value("Soften")
    editor.page.wait_for_timeout(200)  # what must not come
    assert "Not this" not in editor.lab.evaluate("g.to_json()")
    editor.root.locator(".nb-crumb-name").fill("Smooth")
    editor.press("Enter")
    scratch.expect_value("[each.name for each in g.store.state.subgraphs.values()]", ["Smooth"])
    editor.part("nb-crumbs").get_by_role("button", name="Graph").click()
    expect(editor.part("nb-crumbs")).to_have_count(0)
    editor.wait(lambda: editor.selected() == {instance}, "the instance selected")
    expect(editor.node(instance).locator(".nb-title")).to_have_text("Smooth")

    # By keyboard alone: E goes in, Shift-E comes out.
    editor.press("e")
    expect(editor.part("nb-crumbs")).to_be_visible()
    editor.press("Shift+E")
    expect(editor.part("nb-crumbs")).to_have_count(0)


def test_expose_rename_reorder_and_remove(scratch: Lab) -> None:
    editor = show_graph(scratch, MADE)
    instance = editor.id_of("Soften")
    enter(editor, instance)
    boundary = inner(editor, "SubgraphInputs")

    # By the wire: from the place for a new input to an input inside.
    editor.drag(editor.middle(editor.port(boundary, "out:+")), editor.middle(editor.port("2", "in:sigma")))
    scratch.expect_value(
        "[port['name'] for port in next(iter(g.store.state.subgraphs.values())).inputs]", ["image", "sigma"]
    )
    assert definition(editor)["nodes"]["2"]["links"]["sigma"] == [boundary, "sigma"]
    # By the keyboard: an input chosen from a list.
    editor.select("2")
    editor.press("x")
    scratch.page.keyboard.type("blur_radius")
    editor.press("Enter")
    scratch.expect_value(
        "[port['type'] for port in next(iter(g.store.state.subgraphs.values())).inputs]", ["IMAGE", "FLOAT", "INT"]
    )
    outputs = inner(editor, "SubgraphOutputs")
    editor.drag(editor.middle(editor.port("2", "out:IMAGE")), editor.middle(editor.port(outputs, "in:+")))
    scratch.expect_value("next(iter(g.store.state.subgraphs.values())).output_names", ["IMAGE", "IMAGE_2"])

    row = editor.node(boundary).locator("[data-boundary-port='sigma']")
    row.get_by_label("Name of input sigma").fill("strength")
    editor.press("Enter")
    scratch.expect_value(
        "next(iter(g.store.state.subgraphs.values())).input_names", ["image", "strength", "blur_radius"]
    )
    assert definition(editor)["nodes"]["2"]["links"]["sigma"] == [boundary, "strength"]
    editor.node(boundary).get_by_role("button", name="Move input strength down").click()
    scratch.expect_value(
        "next(iter(g.store.state.subgraphs.values())).input_names", ["image", "blur_radius", "strength"]
    )
    editor.node(boundary).get_by_role("button", name="Remove input blur_radius").click()
    scratch.expect_value("next(iter(g.store.state.subgraphs.values())).input_names", ["image", "strength"])
    assert definition(editor)["nodes"]["2"]["links"].keys() == {"image", "sigma"}, "what read it reads nothing"

    # Outside, the instance has the control, and its own value.
    editor.press("Escape", "Shift+E")
    expect(editor.input(instance, "strength").locator(".nb-field")).to_be_visible()
    editor.type_number(instance, "strength", "2.5")
    scratch.expect_value("dict(g['Soften'].node.values)", {"strength": 2.5})
    scratch.expect_value(f"dict(g.store.flat.nodes['{instance}/2'].values)['sigma']", 2.5)


def test_use_again_from_the_palette_and_unpack(scratch: Lab) -> None:
    editor = show_graph(scratch, MADE)
    instance = editor.id_of("Soften")
    editor.add_at("soften")
    scratch.expect_value("len(g.store.state.nodes)", 4)
    again = next(iter(set(whole(editor)["nodes"]) - {"1", "4", instance}))
    assert whole(editor)["nodes"][again]["type"] == whole(editor)["nodes"][instance]["type"]
    enter(editor, again)
    expect(editor.part("nb-crumbs")).to_contain_text("used 2 times")
    # Inside itself it is not offered.
    scratch.page.mouse.dblclick(*editor.empty_spot())
    scratch.page.keyboard.type("soften")
    expect(editor.part("nb-palette")).to_be_visible()
    expect(editor.part("nb-palette").get_by_text("Soften", exact=True)).to_have_count(0)
    editor.press("Escape", "Shift+E")

    editor.press("Escape")
    editor.select(instance)
    editor.press("Control+Shift+u")
    editor.wait(lambda: len(editor.selected()) == 2, "what came out is selected")
    blur, sharp = sorted(editor.selected(), key=int)
    editor.expect_links(blur, {"image": ["1", "IMAGE"]})
    editor.expect_links(sharp, {"image": [blur, "IMAGE"]})
    editor.expect_links("4", {"images": [sharp, "IMAGE"]})
    editor.expect_ids(["1", "4", again, blur, sharp])


def test_an_error_inside_is_told_on_the_instance_and_inside(scratch: Lab) -> None:
    broken = f"{MADE}\ng['Soften'].graph[soft.id + '/2'].set(blur_radius=900)\n"
    editor = show_graph(scratch, broken)
    instance = editor.id_of("Soften")
    problem = re.compile(r"^Image Blur\.blur_radius: input should be less than or equal to 31, got 900")
    expect(editor.node(instance).get_by_role("note")).to_have_text(problem)
    editor.run()
    editor.expect_run("failed")
    editor.expect_state(instance, "failed")
    enter(editor, instance)
    editor.expect_state("2", "failed")
    expect(editor.input("2", "blur_radius")).to_have_attribute("data-problem", "true")


def test_a_dot_on_a_wire(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    at = editor.root.evaluate(
        """(root) => {
          const path = root.querySelector('.react-flow__edge[data-id="4/images"] .react-flow__edge-path');
          const middle = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(path.getScreenCTM());
          return [middle.x, middle.y];
        }"""
    )
    scratch.page.mouse.dblclick(*at)
    scratch.expect_value("[node.type for node in g.store.state.nodes.values() if node.type == 'Reroute']", ["Reroute"])
    dot = editor.id_of("Reroute")
    editor.expect_links("4", {"images": [dot, "value"]})
    editor.expect_links(dot, {"value": ["3", "IMAGE"]})
    editor.run()
    editor.expect_run("done")
    scratch.expect_value("sorted(g.store.last_run.executed)", ["1", "2", "3", "4"])
    # Taken off, the wire closes.
    scratch.page.mouse.click(*editor.middle(editor.node(dot)))
    editor.wait(lambda: editor.selected() == {dot}, "the dot selected")
    editor.press("Delete")
    editor.expect_links("4", {"images": ["3", "IMAGE"]})


def test_a_row_of_the_plan_leads_inside(scratch: Lab) -> None:
    editor = show_graph(scratch, MADE)
    instance = editor.id_of("Soften")
    editor.focus_canvas()
    editor.press("p")
    row = editor.root.locator(f"[data-plan-node='{instance}/3']")
    expect(row).to_be_visible()
    row.click()
    expect(editor.part("nb-crumbs")).to_be_visible()
    editor.wait(lambda: editor.selected() == {"3"}, "the node inside selected")
    editor.root.locator("[data-plan-node='1']").click()
    expect(editor.part("nb-crumbs")).to_have_count(0)
    editor.wait(lambda: editor.selected() == {"1"}, "the node outside selected")


def test_undo_takes_viewers_out_of_what_is_gone(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    editor.select("2", "3")
    editor.press("Control+Shift+g", "Enter", "e")
    expect(editor.part("nb-crumbs")).to_be_visible()
    scratch.execute("g.undo()")
    expect(editor.part("nb-crumbs")).to_have_count(0)
    editor.expect_ids(["1", "2", "3", "4"])
    # It is the top graph that is looked at: its states are seen, and redo leads nobody back in.
    editor.run()
    editor.expect_run("done")
    editor.expect_state("4", "done")
    scratch.execute("g.redo()")
    editor.wait(lambda: len(editor.states()) == 3, "the instance again")
    expect(editor.part("nb-crumbs")).to_have_count(0)


def test_an_instance_of_its_own_and_what_is_used_no_more(scratch: Lab) -> None:
    editor = show_graph(scratch, f"{MADE}\nagain = g.add('Soften', image=picture)\n")
    instance, again = sorted(each for each, node in whole(editor)["nodes"].items() if node["type"].startswith("sub"))
    editor.focus_canvas()
    editor.select(again)
    editor.node(again).locator(".nb-title").click(button="right")
    editor.root.locator("[data-submenu='Group and subgraph']").click()
    editor.root.locator("[data-command='subgraph.detach']").click()
    scratch.expect_value("sorted(each.name for each in g.store.state.subgraphs.values())", ["Soften", "Soften 2"])
    assert whole(editor)["nodes"][again]["type"] != whole(editor)["nodes"][instance]["type"]
    editor.expect_links(again, {"image": ["1", "IMAGE"]})

    editor.press("Delete")
    editor.expect_ids(["1", "4", instance])
    editor.press(">")
    scratch.page.keyboard.type("unused")
    editor.press("Enter")
    scratch.expect_value("[each.name for each in g.store.state.subgraphs.values()]", ["Soften"])
