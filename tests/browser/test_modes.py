"""Muting and bypassing by keyboard: what the kernel's document and the page say, and undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.editor import PIXELS, Editor, show_graph
from tests.browser.test_themes import CONTRASTS, READABLE, THEMES

if TYPE_CHECKING:
    from tests.browser.lab import Lab

GRAPH = """
g = nb.Graph()
picture = g.add("EmptyImage", width=64, height=64, color=0x336699)
blur = g.add("ImageBlur", image=picture)
sharp = g.add("ImageSharpen", image=blur)
shown = g.add("PreviewImage", images=sharp)
"""

SIDEBAR = "() => !document.querySelector('#jp-left-stack').classList.contains('lm-mod-hidden')"
MODES = "{node.id: node.mode for node in g.nodes}"


def expect_modes(editor: Editor, **modes: str) -> None:
    """The kernel's document and the cards have these modes, by `n` and the id of the node, and no others."""
    wanted = {f"n{node}": modes.get(f"n{node}") for node in "1234"}
    editor.lab.expect_value(f"{{'n' + node: mode for node, mode in {MODES}.items()}}", wanted)
    for name, mode in wanted.items():
        card = editor.node(name[1:])
        if mode is None:
            expect(card).not_to_have_attribute("data-mode", "mute")
            expect(card.locator(".nb-mode")).to_have_count(0)
        else:
            word = {"mute": "Muted", "bypass": "Bypassed"}[mode]
            expect(card).to_have_attribute("data-mode", mode)
            expect(card.locator(".nb-mode")).to_have_text(word)
            expect(card).to_have_attribute("aria-label", f"{card.locator('.nb-title').inner_text()}, {word.lower()}")


def test_mute_and_bypass_by_keyboard_and_undo(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    sidebar = scratch.page.evaluate(SIDEBAR)

    editor.select("2", "3")
    editor.press("Control+m")
    expect_modes(editor, n2="mute", n3="mute")
    editor.press("Escape")  # a click on one of several selected keeps them all
    editor.select("3")
    editor.press("Control+b")
    expect_modes(editor, n2="mute", n3="bypass")
    assert editor.document()["3"]["mode"] == "bypass"
    expect(editor.node("3").locator(".nb-passages path")).to_have_count(1)
    expect(editor.node("2").locator(".nb-passages")).to_have_count(0)

    editor.press("Control+b")
    expect_modes(editor, n2="mute")
    assert "mode" not in editor.document()["3"]
    expect(editor.node("3").locator(".nb-passages")).to_have_count(0)

    editor.press("Control+z", "Control+z")
    expect_modes(editor, n2="mute", n3="mute")
    editor.press("Control+z")
    expect_modes(editor)
    editor.press("Control+Shift+z")
    expect_modes(editor, n2="mute", n3="mute")

    # By code, and an edit of a view after it.
    scratch.execute("g.enable('2', '3'); g['1'].bypass()")
    expect_modes(editor, n1="bypass")

    # Nothing is selected: nothing happens, in the notebook either, whose own Ctrl-B folds its sidebar.
    editor.press("Escape")
    assert editor.selected() == set()
    editor.press("Control+m", "Control+b")
    expect_modes(editor, n1="bypass")
    assert scratch.page.evaluate(SIDEBAR) == sidebar

    # In a field the keys are the field's.
    editor.select("2")
    editor.node("2").locator(".nb-title").dblclick()
    editor.press("Control+m", "Control+b", "Escape")
    expect_modes(editor, n1="bypass")


def test_what_is_muted_or_bypassed_is_readable_in_both_themes(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    scratch.execute("g.mute('2'); g.bypass('3')")
    expect_modes(editor, n2="mute", n3="bypass")
    for theme in THEMES:
        scratch.set_theme(theme)
        expect(editor.root).to_have_attribute("data-theme", theme)
        for node in "23":
            found = editor.node(node).locator(".nb-header").evaluate(CONTRASTS)
            assert found
            assert {name: each for name, each in found.items() if each[0] < READABLE} == {}
        expect(scratch.page.locator("#jupyterlab-splash")).to_have_count(0)
        scratch.screenshot(f"modes-{theme}", editor.root)
    scratch.set_theme("light")


def test_modes_are_seen_from_far_away(scratch: Lab) -> None:
    editor = show_graph(
        scratch,
        "g = nb.Graph()\nnodes = [g.add('ImageBlur') for _ in range(130)]\ng.mute(*nodes[::3])\ng.bypass(*nodes[1::3])",
    )
    canvas = editor.root.locator(".nb-overview")
    expect(canvas).to_be_visible()
    before = canvas.evaluate(PIXELS)
    scratch.screenshot("modes-far", editor.root)
    scratch.execute("g.enable(*nodes)")
    editor.wait(lambda: bool(canvas.evaluate(PIXELS) != before), "the canvas drawn anew")


def test_a_blocked_node_says_so_and_why(scratch: Lab) -> None:
    editor = show_graph(scratch, GRAPH)
    editor.run()
    editor.expect_run("done")
    scratch.execute(
        "from nodebook.engine.events import NodeBlocked\n"
        "nb.session().stream.emit(NodeBlocked(g.store.last_run.number, g.store.number, '3', 'the switch is off', '2'))"
    )
    editor.expect_state("3", "blocked")
    expect(editor.node("3").locator(".nb-badge")).to_have_text("Blocked")
    expect(editor.node("3").locator(".nb-badge svg path")).to_have_count(1)
    expect(editor.node("3").locator(".nb-output-text")).to_have_text("the switch is off")
    scratch.screenshot("blocked", editor.root)
