"""Breaks: a run pauses before a node, the next cell looks at its inputs and changes them, and the run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.editor import show_graph

if TYPE_CHECKING:
    from tests.browser.lab import Lab

CODE = """
from dataclasses import dataclass

@dataclass
class Look:
    size: int = 3
    name: str = "plain"
    is_bold: bool = False

@nb.node
def one(x: int = 1) -> int:
    return x

@nb.node
def mix(x: int, by: int = 10) -> int:
    return x + by

@nb.node
def twice(x: int, look: Look = Look()) -> list[int]:
    return [2 * x, look.size]

g = nb.Graph()
first = g.add(one)
middle = g.add(mix, x=first)
last = g.add(twice, x=middle)
from nodebook.engine.edits import SetView
g.store.edit([SetView(node.id, {"x": 300 * at, "y": 0}) for at, node in enumerate((first, middle, last))], "Lay out")
x = "mine"
"""


def test_pause_at_a_node_change_its_inputs_in_a_cell_and_resume(scratch: Lab) -> None:
    editor = show_graph(scratch, CODE)
    before = editor.document()
    editor.node("2").locator(".nb-title").click(button="right")
    editor.part("nb-menu").get_by_role("menuitemcheckbox", name="Pause here").click()
    mark = editor.node("2").get_by_role("button", name="Runs pause here")
    expect(mark).to_be_visible()
    scratch.expect_value("[node.id for node in g.breaks]", ["2"])

    # Run pauses: the card, the toolbar and the queue say so, and the inputs are variables of the next cell.
    editor.run()
    editor.expect_state("2", "paused")
    editor.expect_state("1", "done")
    editor.expect_run("paused")
    expect(editor.part("nb-run-state")).to_have_text("Paused at 1/3")
    expect(editor.part("nb-run")).to_have_count(0)
    scratch.screenshot("paused", editor.root)
    scratch.expect_value("(x, by)", [1, 10])
    scratch.execute("by = 4")
    scratch.expect_value("nb.queue.running.pause is not None", expected=True)

    # Resume goes on with what the cell made of them, and gives the notebook its own variable back.
    editor.part("nb-resume").click()
    editor.expect_run("done")
    scratch.expect_value("(middle.outputs[0], last.outputs[0], x)", [5, [10, 3], "mine"])
    scratch.expect_value("'by' in globals()", expected=False)
    editor.expect_state("2", "done")
    expect(editor.node("2").locator(".nb-badge")).to_have_text("Out of date")  # it was made from a changed input
    assert editor.document() == before, "breaks are no part of the document"

    # Cancel ends a paused run; a click on the mark lets runs pass, and they make the real result.
    editor.run()
    editor.expect_state("2", "paused")
    editor.cancel()
    editor.expect_run("cancelled")
    mark.click()
    expect(mark).to_have_count(0)
    scratch.expect_value("g.breaks", [])
    editor.run()
    editor.expect_run("done")
    scratch.expect_value("last.outputs[0]", [22, 3])

    # A view that comes while the run is paused shows it.
    scratch.execute("middle.break_here(); r = g.run()")
    editor.expect_state("2", "paused")
    scratch.execute("g.resume()")
    editor.expect_run("done")


def test_the_fields_of_a_data_class_have_controls(scratch: Lab) -> None:
    editor = show_graph(scratch, CODE)
    fields = editor.input("3", "look")
    expect(fields.locator(".nb-fields")).to_be_visible()
    text = fields.get_by_role("textbox", name="name")
    text.fill("bright")
    text.press("Enter")
    editor.expect_value("3", "look", {"size": 3, "name": "bright", "is_bold": False})
    fields.get_by_role("switch", name="is_bold").click()
    editor.expect_value("3", "look", {"size": 3, "name": "bright", "is_bold": True})
    scratch.screenshot("fields", editor.root)
    editor.run()
    editor.expect_run("done")
    scratch.expect_value("last.outputs[0]", [22, 3])


MIX = "@nb.node\ndef mix(x: int, {name}: int = 10) -> int:\n    return x + {name}"


def test_a_function_that_is_redefined_changes_its_open_cards(scratch: Lab) -> None:
    editor = show_graph(scratch, CODE)
    scratch.execute("middle.set(by=7); g.run()")
    editor.expect_state("3", "done")
    scratch.execute(MIX.format(name="strength"))
    message = editor.node("2").locator(".nb-message")
    expect(message).to_contain_text("has no input 'by'; what it holds is kept and not used.")
    expect(editor.input("2", "strength")).to_be_visible()
    expect(editor.input("2", "by")).to_have_count(0)
    for node, words in {"2": "Out of date", "3": "Out of date"}.items():
        expect(editor.node(node).locator(".nb-badge")).to_have_text(words)
    scratch.screenshot("redefined", editor.root)
    scratch.execute(MIX.format(name="by"))
    expect(message).to_have_count(0)
    editor.expect_value("2", "by", 7)
    expect(editor.node("3").locator(".nb-badge")).not_to_have_text("Out of date")  # all is as it was

    # A helper that a cell changes is seen after the cell, although no node was defined.
    scratch.execute("def helper(x):\n    return x")
    scratch.execute("@nb.node\ndef twice(x: int, look: Look = Look()) -> list[int]:\n    return [helper(x), look.size]")
    editor.run()
    editor.expect_run("done")
    expect(editor.node("3").locator(".nb-badge")).not_to_have_text("Out of date")
    scratch.execute("get_ipython().run_cell('def helper(x): return x + 1')", main_thread=True)
    expect(editor.node("3").locator(".nb-badge")).to_have_text("Out of date")
    expect(editor.node("2").locator(".nb-badge")).not_to_have_text("Out of date")
