"""What renders and what listens: counted in the built editor, in a bare page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.editorpage import open_page
from tools import frontend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

FEW = 12
MANY = 500

# React tells the developer tools of each commit. A function component that rendered has the lowest bit set in its
# flags, and a fiber that React did not come to is the same object as before.
COUNT_RENDERS = """() => {
  const rendered = [];
  const hostOf = (fiber) => {
    for (let at = fiber; at; at = at.child) if (at.stateNode instanceof Element) return at.stateNode;
    for (let at = fiber; at; at = at.return) if (at.stateNode instanceof Element) return at.stateNode;
  };
  const nodeOf = (host) =>
    (host?.closest("[data-node-id]") ?? host?.closest(".react-flow__node")?.querySelector("[data-node-id]"))
      ?.dataset.nodeId;
  const visit = (now, before) => {
    if ([0, 11, 14, 15].includes(now.tag) && (before === null || now.flags & 1)) {
      const node = nodeOf(hostOf(now));
      if (node !== undefined) rendered.push(node);
    }
    if (before !== null && now.child === before.child) return;
    for (let child = now.child; child; child = child.sibling) visit(child, child.alternate);
  };
  globalThis.rendered = rendered;
  globalThis.__REACT_DEVTOOLS_GLOBAL_HOOK__ = {
    supportsFiber: true,
    inject: () => 1,
    onCommitFiberRoot: (_id, root) => visit(root.current, root.current.alternate),
    onCommitFiberUnmount() {},
    onPostCommitFiberRoot() {},
  };
}"""

# Everything that outlives a call: listeners, observers, intervals.
COUNT_LISTENERS = """() => {
  const alive = { listeners: new Map(), observers: new Set(), intervals: new Set() };
  const key = (target, type, listener, options) =>
    [type, typeof options === "object" ? Boolean(options?.capture) : Boolean(options)].join();
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
  const held = (target) => alive.listeners.get(target) ?? alive.listeners.set(target, new Map()).get(target);
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    add.call(this, type, listener, options);
    if (!listener || this instanceof AbortSignal || options?.signal?.aborted) return;
    const inner = held(this);
    const name = key(this, type, listener, options);
    inner.set(name, (inner.get(name) ?? new Set()).add(listener));
    options?.signal && add.call(options.signal, "abort", () => inner.get(name)?.delete(listener));
    options?.once && add.call(this, type, () => inner.get(name)?.delete(listener), { once: true });
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    remove.call(this, type, listener, options);
    alive.listeners.get(this)?.get(key(this, type, listener, options))?.delete(listener);
  };
  for (const name of ["MutationObserver", "ResizeObserver", "IntersectionObserver"]) {
    const Native = globalThis[name];
    globalThis[name] = class extends Native {
      observe(...args) { alive.observers.add(this); super.observe(...args); }
      disconnect() { alive.observers.delete(this); super.disconnect(); }
    };
  }
  const { setInterval: every, clearInterval: stop } = globalThis;
  globalThis.setInterval = (...args) => { const id = every(...args); alive.intervals.add(id); return id; };
  globalThis.clearInterval = (id) => { alive.intervals.delete(id); stop(id); };
  /** Listeners on what outlives the editor: window, document, body and whatever is in the page outside of it. */
  globalThis.countAlive = () => {
    const left = [];
    for (const [target, types] of alive.listeners) {
      if (target instanceof Node && !target.isConnected && target !== document) continue;
      for (const [name, listeners] of types) {
        if (listeners.size) left.push(`${listeners.size} ${name} on ${target.nodeName ?? target.constructor.name}`);
      }
    }
    return { left, observers: alive.observers.size, intervals: alive.intervals.size };
  };
}"""


@pytest.fixture(scope="session")
def bench_build() -> None:
    """The editor and the pages around it, built."""
    frontend.build()
    frontend.install()
    frontend.run_npm("run", "bench")


@pytest.fixture
def page(browser_context: BrowserContext, bench_build: None) -> Iterator[Page]:  # noqa: ARG001 -- the page needs it
    """A page that counts; its errors fail the test."""
    page = browser_context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(f"({COUNT_RENDERS})(); ({COUNT_LISTENERS})();")
    open_page(page, "ours")
    yield page
    page.close()
    assert errors == []


def show(page: Page, count: int) -> None:
    page.evaluate(f"async () => {{ bench.side.prepare({count}); await bench.side.show({count}); }}")
    page.evaluate("() => bench.side.comeNear()")
    page.wait_for_timeout(500)


def count_renders(page: Page) -> dict[str, int]:
    """Return how often components of each card rendered since the last call."""
    page.wait_for_timeout(300)
    found: list[str] = page.evaluate("() => rendered.splice(0)")
    return {node: found.count(node) for node in dict.fromkeys(found)}


def card_of(page: Page, node: str) -> Any:
    return page.locator(f'[data-node-id="{node}"]')


@pytest.mark.parametrize("count", [FEW, MANY])
def test_an_edit_renders_the_card_that_it_changes(page: Page, count: int) -> None:
    show(page, count)
    node = page.evaluate("() => bench.side.middleId()")
    assert count_renders(page)  # mounting is seen: the counter works
    page.evaluate(
        f"() => bench.side.kernel().edit('x', [{{op: 'set_value', node: '{node}', input: 'width', value: 7}}])"
    )
    assert count_renders(page).keys() == {node}
    label = card_of(page, node).locator('[data-input="label"] :is(input, textarea)')
    label.fill("typed")
    label.press("Enter")
    seen = count_renders(page)
    assert seen.keys() == {node}
    document = page.evaluate("() => bench.side.kernel().document.nodes[bench.side.middleId()]")
    assert document["values"] == {"width": 7, "label": "typed"}


def test_dragging_a_card_renders_no_other_and_not_its_content(page: Page) -> None:
    show(page, MANY)
    node = page.evaluate("() => bench.side.middleId()")
    spot = page.evaluate("() => bench.side.nodeSpot()")
    page.mouse.move(spot["x"], spot["y"])
    page.mouse.down()
    page.mouse.move(spot["x"] + 10, spot["y"])  # selects it
    count_renders(page)
    for step in range(2, 12):
        page.mouse.move(spot["x"] + 10 * step, spot["y"])
    seen = count_renders(page)
    assert seen.keys() == {node}
    assert seen[node] <= 20  # React Flow's frame around the card, once a move, with its gate
    page.mouse.up()
    assert count_renders(page).keys() <= {node}
    assert page.evaluate("() => bench.side.kernel().received.filter(({type}) => type === 'edit').length") == 1


def test_a_status_renders_the_cards_that_it_names(page: Page) -> None:
    show(page, MANY)
    node = page.evaluate("() => bench.side.middleId()")
    other = str(int(node) + 1)
    count_renders(page)
    page.evaluate(
        f"() => bench.side.kernel().status(null, {{ '{node}': {{state: 'running', progress: [1, 4]}}, "
        f"'{other}': {{state: 'queued'}}, '1': {{state: 'cached'}} }})"
    )
    assert count_renders(page).keys() == {node, other}  # and node 1 is out of sight


def test_of_a_large_graph_only_the_cards_in_sight_are_in_the_page(page: Page) -> None:
    show(page, MANY)
    page.wait_for_function("() => document.querySelectorAll('.nb-card--waiting').length === 0")
    assert 8 <= page.locator("[data-node-id]").count() <= 60


PUBLISH = """async ([node, seq]) => {
  const canvas = new OffscreenCanvas(8, 8);
  canvas.getContext("2d").fillRect(0, 0, 8, 8);
  const bytes = await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer();
  bench.side.kernel().publish({ type: "picture", node, index: 0, count: 1, width: 8, height: 8, mime: "image/png", seq,
    kind: "preview" }, [new DataView(bytes)]);
}"""
SEEN = "() => Math.max(0, ...bench.side.kernel().received.filter(({type}) => type === 'seen').map(({seq}) => seq))"


def test_pictures_out_of_sight_are_not_painted_but_acknowledged(page: Page) -> None:
    show(page, FEW)
    node = page.evaluate("() => bench.side.middleId()")
    canvas = card_of(page, node).locator("[data-testid=nb-picture]")
    page.evaluate(PUBLISH, [node, 1])
    page.wait_for_function(f"() => ({SEEN})() === 1")
    page.wait_for_function("() => document.querySelector('[data-testid=nb-picture]')?.dataset.seq === '1'")

    page.evaluate("() => { document.getElementById('cells').style.marginTop = '4000px'; }")
    page.wait_for_timeout(200)
    decoded = (
        "() => { globalThis.decoded = 0; const make = createImageBitmap; globalThis.createImageBitmap = (...a) => "
        "{ decoded += 1; return make(...a); }; }"
    )
    page.evaluate(decoded)
    for seq in range(2, 6):
        page.evaluate(PUBLISH, [node, seq])
    page.wait_for_function(f"() => ({SEEN})() === 5")
    assert (canvas.get_attribute("data-seq"), page.evaluate("() => decoded")) == ("1", 0)

    page.evaluate("() => { document.getElementById('cells').style.marginTop = '0'; }")
    page.wait_for_function("() => document.querySelector('[data-testid=nb-picture]')?.dataset.seq === '5'")
    assert page.evaluate("() => decoded") == 1


@pytest.mark.parametrize("count", [FEW, MANY])
def test_nothing_is_left_behind_when_a_view_ends(page: Page, count: int) -> None:
    before = page.evaluate("() => countAlive()")
    show(page, count)
    page.evaluate(PUBLISH, [page.evaluate("() => bench.side.middleId()"), 1])
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    during = page.evaluate("() => countAlive()")
    assert during["left"]
    assert during["observers"] > 0
    page.evaluate("() => bench.side.endViews()")
    page.wait_for_timeout(300)
    after = page.evaluate(
        "() => ({ ...countAlive(), children: document.querySelectorAll('#cells .nb-editor').length })"
    )
    # React's own: it listens once for each document and never stops.
    after["left"] = [each for each in after["left"] if each != "1 selectionchange,false on #document"]
    assert after == {**before, "children": 0}
    assert page.evaluate("() => bench.side.kernel().listenerCount") == 1  # the page's own, which weighs messages


def test_a_node_is_dragged_from_far_away_too(page: Page) -> None:
    page.evaluate(f"async () => {{ bench.side.prepare({MANY}); await bench.side.show({MANY}); }}")
    node = page.evaluate("() => bench.side.middleId()")
    view = f"() => bench.side.kernel().document.nodes['{node}'].view"
    transform = "() => document.querySelector('.react-flow__viewport').style.transform"
    before, shown, zoom = page.evaluate(view), page.evaluate(transform), page.evaluate("() => bench.side.zoom()")
    spot = page.evaluate("() => bench.side.nodeSpot()")
    page.mouse.move(spot["x"], spot["y"])
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(spot["x"] + 10 * step, spot["y"] - 5 * step)
    page.mouse.up()
    page.wait_for_timeout(300)
    after = page.evaluate(view)
    assert (after["x"], after["y"]) == pytest.approx((before["x"] + 50 / zoom, before["y"] - 25 / zoom), abs=2)
    assert page.evaluate(transform) == shown
    edits = "() => bench.side.kernel().received.filter(({type}) => type === 'edit').map(({ops}) => ops.length)"
    assert page.evaluate(edits) == [1]

    empty = page.evaluate("() => bench.side.emptySpot()")
    page.mouse.move(empty["x"], empty["y"])
    page.mouse.down()
    page.mouse.move(empty["x"] + 40, empty["y"], steps=4)
    page.mouse.up()
    assert page.evaluate(transform) != shown
    assert page.evaluate(edits) == [1]
