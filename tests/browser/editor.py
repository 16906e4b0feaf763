"""The editor in a cell's output, as a test uses it: by mouse and keyboard; selectors: nodebook/js/README.md."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from playwright.sync_api import Locator

    from tests.browser.lab import Lab

_MOUSE_STEPS = 6

# A place of the canvas with nothing on it, and with nothing for some way around.
_EMPTY_SPOT = """(root) => {
  const box = root.querySelector('.nb-stage').getBoundingClientRect();
  const bottom = Math.min(box.bottom, innerHeight) - 30;
  const isEmpty = (x, y) => document.elementFromPoint(x, y)?.classList.contains('react-flow__pane');
  for (let y = bottom; y > box.top + 20; y -= 20) {
    for (let x = box.left + 40; x < box.right - 40; x += 20) {
      if ([-20, 0, 20].every((dx) => isEmpty(x + dx, y) && isEmpty(x, y + dx))) return [x, y];
    }
  }
  return null;
}"""

PIXELS = """(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let at = 0; at < data.length; at += 1) sum = (sum * 31 + data[at]) % 2147483647;
  return sum;
}"""


class Point(NamedTuple):
    """A place on the page."""

    x: float
    y: float

    def moved(self, dx: float, dy: float) -> Point:
        return Point(self.x + dx, self.y + dy)


class Editor:
    """The editor that stands in the output of cell `cell`. `graph` is what the notebook calls its graph."""

    def __init__(self, lab: Lab, cell: int, graph: str = "g") -> None:
        self.lab = lab
        self.page = lab.page
        self.graph = graph
        self.root = lab.output(cell).locator(".nb-editor")
        self.root.wait_for()
        expect(self.root.locator("[data-testid=nb-run-state]")).to_be_attached()
        self.root.scroll_into_view_if_needed()

    # -- what is seen --------------------------------------------------------------------------------------------------

    def part(self, testid: str) -> Locator:
        return self.root.locator(f"[data-testid={testid}]")

    def node(self, node: str) -> Locator:
        return self.root.locator(f"[data-node-id='{node}']")

    @property
    def nodes(self) -> Locator:
        return self.root.locator("[data-node-id]")

    def input(self, node: str, name: str) -> Locator:
        return self.node(node).locator(f"[data-input='{name}']")

    def port(self, node: str, port: str) -> Locator:
        """Return a port: "in:image" or "out:IMAGE"."""
        return self.node(node).locator(f"[data-port='{port}']")

    def picture(self, node: str) -> Locator:
        return self.node(node).locator("[data-testid=nb-picture]")

    def pixels(self, node: str) -> int:
        """Return a number that stands for what is painted on a node."""
        number: int = self.picture(node).evaluate(PIXELS)
        return number

    def states(self) -> dict[str, str]:
        states: dict[str, str] = self.root.evaluate(
            "(root) => Object.fromEntries([...root.querySelectorAll('[data-node-id]')]"
            ".map((card) => [card.dataset.nodeId, card.dataset.state]))"
        )
        return states

    def selected(self) -> set[str]:
        return set(
            self.root.locator("[data-selected=true]").evaluate_all("(all) => all.map((one) => one.dataset.nodeId)")
        )

    def expect_state(self, node: str, state: str, timeout_s: float = 15) -> None:
        expect(self.node(node)).to_have_attribute("data-state", state, timeout=timeout_s * 1000)

    def expect_run(self, state: str, timeout_s: float = 30) -> None:
        expect(self.part("nb-run-state")).to_have_attribute("data-state", state, timeout=timeout_s * 1000)

    def expect_painted(self, node: str, newer_than: int = 0) -> int:
        """Wait for a picture newer than this number on a node; return the picture's own number."""
        canvas = self.picture(node)

        def seq() -> int:
            return int(canvas.get_attribute("data-seq") or 0) if canvas.count() else 0

        self.wait(lambda: seq() > newer_than, f"a picture on node {node} newer than {newer_than}")
        return seq()

    # -- what the kernel holds -----------------------------------------------------------------------------------------

    def value(self, node: str, name: str) -> Any:
        return self.lab.evaluate(f"{self.graph}[{node!r}].node.values.get({name!r})")

    def document(self) -> dict[str, Any]:
        """Return the nodes of the kernel's document."""
        nodes: dict[str, Any] = self.lab.evaluate(f"__import__('json').loads({self.graph}.to_json())['nodes']")
        return nodes

    def id_of(self, type_or_title: str) -> str:
        found: str = self.lab.evaluate(f"{self.graph}[{type_or_title!r}].id")
        return found

    def expect_value(self, node: str, name: str, value: object) -> None:
        """Wait until an input of the kernel's document has this value, of this very type."""
        found = f"(lambda value: [type(value).__name__, value])({self.graph}[{node!r}].node.values.get({name!r}))"
        self.lab.expect_value(found, [type(value).__name__, value])

    def expect_links(self, node: str, links: dict[str, list[str]]) -> None:
        self.lab.expect_value(
            f"{{name: [link.node, link.output] for name, link in {self.graph}[{node!r}].node.links.items()}}", links
        )

    def expect_ids(self, ids: Iterable[str]) -> None:
        """Wait until kernel and page have just these nodes."""
        wanted = sorted(ids)
        self.lab.expect_value(f"sorted({self.graph}.store.state.nodes)", wanted)
        self.wait(lambda: sorted(self.states()) == wanted, f"the nodes {wanted} on the page")

    # -- what a user does ----------------------------------------------------------------------------------------------

    def focus_canvas(self) -> None:
        """Click on an empty place of the canvas."""
        self.page.mouse.click(*self.empty_spot())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def run(self) -> None:
        self.part("nb-run").click()

    def cancel(self) -> None:
        self.part("nb-cancel").click()

    def select(self, *nodes: str) -> None:
        for index, node in enumerate(nodes):
            self.node(node).locator(".nb-title").click(modifiers=["Shift"] if index else [])
        self.wait(lambda: self.selected() == set(nodes), f"{nodes} selected")

    def add_at(self, query: str, place: Point | None = None) -> None:
        """Add a node by the palette: double-click, type, Enter."""
        self.page.mouse.dblclick(*(place or self.empty_spot()))
        self.choose_in_palette(query)

    def choose_in_palette(self, query: str) -> None:
        expect(self.part("nb-palette-search")).to_be_focused()
        self.page.keyboard.type(query)
        self.press("Enter")
        expect(self.part("nb-palette")).to_have_count(0)

    def type_number(self, node: str, name: str, text: str) -> None:
        self.input(node, name).dblclick()
        expect(self.input(node, name).locator("input")).to_be_focused()
        self.page.keyboard.type(text)
        self.press("Enter")

    def scrub(self, node: str, name: str, dx: float) -> None:
        start = self.middle(self.input(node, name).locator(".nb-field"))
        self.drag(start, start.moved(dx, 0))

    def connect(self, source: str, output: str, target: str, name: str) -> None:
        """Pull a wire from an output to an input, with the mouse."""
        self.drag(self.middle(self.port(source, f"out:{output}")), self.middle(self.port(target, f"in:{name}")))

    def pull(self, start: Point, end: Point) -> None:
        """Press at a place and move to another one, without letting go."""
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move((start.x + end.x) / 2, (start.y + end.y) / 2, steps=_MOUSE_STEPS)
        self.page.mouse.move(*end, steps=_MOUSE_STEPS)

    def drag(self, start: Point, end: Point) -> None:
        self.pull(start, end)
        self.page.mouse.up()

    def middle(self, part: Locator) -> Point:
        box = part.bounding_box()
        assert box is not None, f"{part} is not on the page"
        return Point(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def empty_spot(self) -> Point:
        found: list[Point] = []

        def look() -> bool:  # a graph that appears is still being fitted
            place = self.root.evaluate(_EMPTY_SPOT)
            found.extend([] if place is None else [Point(*place)])
            return bool(found)

        self.wait(look, "an empty place on the canvas")
        return found[0]

    def wait(self, is_so: Callable[[], bool], what: str, timeout_s: float = 10) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < deadline, f"{what}: not within {timeout_s} s"
            self.page.wait_for_timeout(30)  # not time.sleep: the page's events must be handled


def show_graph(lab: Lab, code: str) -> Editor:
    """On the page of `scratch`: run code that makes `g` in the first cell, show `g` in the second."""
    lab.rerun(0, f"import nodebook as nb\nnb.cache.clear()  # of the tests before\n{code}")
    lab.run_cell(1)
    return Editor(lab, 1)
