"""How the editor draws large graphs, beside litegraph drawing the same graph in the same run, and an empty page.

    python benchmarks/bench_editor.py [--sizes 100,500] [--rounds 3] [--slow 4]    as on a machine 4 times as slow
    python benchmarks/bench_editor.py --soak MINUTES    previews only: does the page's memory stay flat?

Nodes have one wire and four widgets: a number, a slider, a choice, a line of text. The mouse is Chromium's own: it
pans, zooms with the wheel and drags a node, zoomed to fit and at 1:1, while the page notes the time of each frame. The
sides take turns in each round, so that what slows the machine slows them all. The editor is the built bundle on a
kernel in the page. Bytes are those of an edit and of all that is told because of it.

The promise: first paint at most twice litegraph's at 500 nodes; p95 of a frame zoomed to fit at most litegraph's at
500, 1,000 and 2,000 (or that of the empty page); at 1:1 at most 1.5 frames of the empty page at every size; one value
edit at most 1 KB on the wire.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.editorpage import open_page  # noqa: E402
from tools import frontend  # noqa: E402 -- found by the line above
from tools.browser import ADVICE, ARGUMENTS, find_browser  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from playwright.sync_api import Browser, Page

SIZES = (100, 500, 1000, 2000)
ROUNDS = 3
PAINT_TIMES = 2.0
FRAMES_AT_ONE = 1.5
EDIT_BYTES = 1024
NOISE = 1.05
"""By how much two p95 of the same thing differ."""
FAR_SIZES = (500, 1000, 2000)
PAINT_SIZE = 500

MOVES = 40
REST_MS = 500
"""Before a gesture: what brought the view here is not what is timed."""
STEP_PX = 12
WHEEL_STEPS = 30
WHEEL_PX = 12
GESTURES = ("pan", "zoom", "drag")

Key = tuple[str, str, str]
"""Side, ``fit`` or ``1:1``, gesture."""


@dataclass
class Figures:
    """What one size came to: one entry for each round. Times in ms, of frames by side, zoom and gesture."""

    count: int
    frames: dict[Key, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    paint: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    heap_mb: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    edit_bytes: int = 0
    drag_bytes: int = 0

    def frame(self, side: str, zoom: str, gesture: str, percent: int) -> float:
        """Return the percentile of a round, the median of all rounds."""
        return statistics.median(percentile(each, percent) for each in self.frames[side, zoom, gesture])


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


class Bench:
    """One page of one side."""

    def __init__(self, browser: Browser, side: str, slow: float = 1) -> None:
        self.side = side
        context = browser.new_context(viewport={"width": 1440, "height": 800})
        self.page: Page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        open_page(self.page, side)
        if slow > 1:
            context.new_cdp_session(self.page).send("Emulation.setCPUThrottlingRate", {"rate": slow})

    def close(self) -> None:
        self.page.context.close()
        if self.errors:
            raise RuntimeError(f"The page of {self.side} had errors: {self.errors[:3]}")

    def call(self, what: str) -> Any:
        return self.page.evaluate(f"() => bench.{what}")

    def heap_mb(self) -> float:
        """Return what the page's JavaScript holds after a collection."""
        session = self.page.context.new_cdp_session(self.page)
        for _ in range(2):
            session.send("HeapProfiler.collectGarbage")
        used: float = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        session.detach()
        return used

    def show(self, count: int) -> float:
        """Show a graph; return the ms to its first paint."""
        self.call(f"side.prepare({count})")
        shown: float = self.call(f"timedShow({count})")
        return shown

    def gesture(self, name: str) -> list[float]:
        """Make one gesture; return the ms of its frames."""
        spot = self.call("side.nodeSpot()" if name == "drag" else "side.emptySpot()") if self.side != "empty" else None
        x, y = (spot["x"], spot["y"]) if spot else (700, 300)
        self.page.mouse.move(x, y)
        if name == "zoom" and self.side != "empty":  # with the focus, the wheel is the editor's
            self.page.mouse.click(x, y)
        self.page.wait_for_timeout(REST_MS)
        self.call("frames.start()")
        getattr(self, f"_{name}")(x, y)
        frames: list[float] = self.call("frames.stop()")
        self.page.wait_for_timeout(200)
        return frames

    def _pan(self, x: float, y: float) -> None:
        self._press(x, y, [(-1, 0.3), (1, 0), (1, -0.3)])

    def _drag(self, x: float, y: float) -> None:
        self._press(x, y, [(1, 0.3), (-1, 0), (1, -0.3)])

    def _press(self, x: float, y: float, strokes: Sequence[tuple[float, float]]) -> None:
        """Press, move in these directions one after another, release."""
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for right, down in strokes:
            for _ in range(MOVES):
                x, y = x + right * STEP_PX, y + down * STEP_PX
                self.page.mouse.move(x, y)
        self.page.mouse.up()

    def _zoom(self, _x: float, _y: float) -> None:
        for direction in (1, -1):
            for _ in range(WHEEL_STEPS):
                self.page.mouse.wheel(0, direction * WHEEL_PX)
                self.page.wait_for_timeout(8)


def measure(browser: Browser, side: str, figures: Figures, slow: float) -> None:
    """Add one round of one side."""
    bench = Bench(browser, side, slow)
    try:
        before = bench.heap_mb()
        figures.paint[side].append(bench.show(figures.count))
        for zoom, set_zoom in (("fit", None), ("1:1", "side.comeNear()")):
            for gesture in GESTURES:
                if set_zoom is not None:
                    bench.call(set_zoom)
                    if abs(bench.call("side.zoom()") - 1) > 0.02:
                        raise RuntimeError(f"{side} is not at zoom 1 but at {bench.call('side.zoom()')}.")
                figures.frames[side, zoom, gesture].append(bench.gesture(gesture))
                if set_zoom is None:
                    bench.call("side.fit()")
        figures.heap_mb[side].append(bench.heap_mb() - before)
        if side == "ours" and not figures.edit_bytes:
            figures.edit_bytes, figures.drag_bytes = _weigh(bench, figures.count)
    finally:
        bench.close()


def _weigh(bench: Bench, count: int) -> tuple[int, int]:
    """Return the bytes that one value edit and one drag put on the wire, both ways."""
    page = bench.page
    node = bench.call("side.middleId()")

    def bytes_of(action: Callable[[], None]) -> int:
        before: int = bench.call("side.wireBytes()")
        action()
        page.wait_for_timeout(300)
        after: int = bench.call("side.wireBytes()")
        if after == before:
            raise RuntimeError(f"Nothing was sent for an edit of node {node} of {count}.")
        return after - before

    def type_a_word() -> None:
        label = page.locator(f'[data-node-id="{node}"] [data-input="label"] :is(input, textarea)')
        label.fill("another label")
        label.press("Enter")

    bench.call("side.comeNear()")

    def drag() -> None:
        bench.gesture("drag")

    return bytes_of(type_a_word), bytes_of(drag)


def run(browser: Browser, sizes: Iterable[int], rounds: int, slow: float) -> list[Figures]:
    """Measure all sizes, a round of each side in turn."""
    found = []
    for count in sizes:
        figures = Figures(count)
        for _ in range(rounds):
            measure_empty(browser, figures, slow)
            measure(browser, "ours", figures, slow)
            measure(browser, "litegraph", figures, slow)
        print_size(figures)
        found.append(figures)
    return found


def measure_empty(browser: Browser, figures: Figures, slow: float) -> None:
    """Add what a frame of a page takes that draws nothing while the mouse does the same."""
    bench = Bench(browser, "empty", slow)
    try:
        for gesture in GESTURES:
            figures.frames["empty", "", gesture].append(bench.gesture(gesture))
    finally:
        bench.close()


SOAK_NODES = 12
SOAK_PER_S = 30
SOAK_LOOK_S = 20
SOAK_GROWTH_MB = 3.0

SOAK = """async (perSecond) => {
  const picture = async (seed) => {
    const canvas = new OffscreenCanvas(512, 512);
    const context = canvas.getContext("2d");
    const data = context.createImageData(512, 512);
    let state = seed;
    for (let at = 0; at < data.data.length; at += 1) {
      state = (state * 1103515245 + 12345) % 2147483648;
      data.data[at] = at % 4 === 3 ? 255 : 96 + (state >> 16) % 64;
    }
    context.putImageData(data, 0, 0);
    return (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.6 })).arrayBuffer();
  };
  const pictures = await Promise.all([1, 2, 3, 4].map(picture));
  globalThis.soak = { sent: 0, bytes: pictures[0].byteLength };
  setInterval(() => {
    soak.sent += 1;
    const seq = soak.sent;
    const node = String(1 + (seq % 4));
    bench.side.kernel().publish(
      { type: "picture", node, index: 0, count: 1, width: 512, height: 512, mime: "image/jpeg", seq, kind: "preview" },
      [new DataView(pictures[seq % pictures.length].slice(0))],
    );
    bench.side.kernel().received.length = 0;
  }, 1000 / perSecond);
}"""


def soak(browser: Browser, minutes: float) -> int:
    """Show previews for so long; print the heap as it goes. Returns 1 when it grew."""
    bench = Bench(browser, "ours")
    heaps: list[float] = []
    try:
        bench.show(SOAK_NODES)
        bench.page.evaluate(SOAK, SOAK_PER_S)
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            bench.page.wait_for_timeout(1000 * min(SOAK_LOOK_S, minutes * 60 / 6))
            heaps.append(bench.heap_mb())
            sent, size = bench.page.evaluate("() => [soak.sent, soak.bytes]")
            print(f"{sent:>8} previews of {size / 1000:.0f} KB: {heaps[-1]:.2f} MB", flush=True)
    finally:
        bench.close()
    third = max(1, len(heaps) // 3)
    growth = statistics.median(heaps[-third:]) - statistics.median(heaps[:third])
    is_kept = growth <= SOAK_GROWTH_MB
    print(f"{'kept    ' if is_kept else 'NOT KEPT'}  the heap grew by {growth:+.2f} MB (≤ {SOAK_GROWTH_MB:g})")
    return 0 if is_kept else 1


def print_size(figures: Figures) -> None:
    """Print the tables of one size."""
    paint, heap = figures.paint, figures.heap_mb
    print(
        f"\n{figures.count} nodes: first paint {statistics.median(paint['ours']):.0f} ms, "
        f"litegraph {statistics.median(paint['litegraph']):.0f}; "
        f"heap {statistics.median(heap['ours']):.1f} MB, litegraph {statistics.median(heap['litegraph']):.1f}; "
        f"on the wire: value edit {figures.edit_bytes} bytes, drag {figures.drag_bytes}"
    )
    print(f"{'frame, ms p50/p95':<20}{'ours':>14}{'litegraph':>14}{'empty page':>14}")
    for zoom in ("fit", "1:1"):
        for gesture in GESTURES:
            keys = [("ours", zoom, gesture), ("litegraph", zoom, gesture), ("empty", "", gesture)]
            texts = [f"{figures.frame(*key, 50):.1f}/{figures.frame(*key, 95):.1f}" for key in keys]
            print(f"{f'{gesture}, {zoom}':<20}" + "".join(f"{text:>14}" for text in texts), flush=True)


def verdicts(all_figures: Iterable[Figures]) -> dict[str, bool]:
    """Return each promise, and whether it was kept."""
    found = {}
    for each in all_figures:
        if each.count == PAINT_SIZE:
            ratio = statistics.median(
                ours / theirs for ours, theirs in zip(each.paint["ours"], each.paint["litegraph"], strict=True)
            )
            found[f"{each.count}: first paint {ratio:.2f} of litegraph's (≤ {PAINT_TIMES:g})"] = ratio <= PAINT_TIMES
        for gesture in GESTURES:
            empty = each.frame("empty", "", gesture, 95)
            if each.count in FAR_SIZES:
                ours, theirs = (each.frame(side, "fit", gesture, 95) for side in ("ours", "litegraph"))
                text = f"{each.count}: {gesture} at fit {ours:.1f} ms, litegraph {theirs:.1f} (≤ 1)"
                found[text] = ours <= NOISE * max(theirs, empty)
            ours = each.frame("ours", "1:1", gesture, 95)
            text = f"{each.count}: {gesture} at 1:1 {ours / empty:.2f} frames of the empty page (≤ {FRAMES_AT_ONE:g})"
            found[text] = ours <= FRAMES_AT_ONE * empty
        found[f"{each.count}: a value edit is {each.edit_bytes} bytes (≤ {EDIT_BYTES})"] = each.edit_bytes <= EDIT_BYTES
    return found


def main(arguments: list[str]) -> int:
    """Print the figures; return 1 when a promise is not kept."""
    from playwright.sync_api import sync_playwright

    options = _parse(arguments)
    path = find_browser()
    if path is None:
        print(ADVICE)
        return 1
    frontend.build()
    frontend.install()
    frontend.run_npm("run", "bench")
    started = time.strftime("%Y-%m-%d %H:%M")
    print(f"editor in Chromium, {started}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, "--enable-precise-memory-info"])
        print(f"Chromium {browser.version}")
        try:
            if options.soak is not None:
                return soak(browser, options.soak)
            kept = verdicts(run(browser, options.sizes, options.rounds, options.slow))
        finally:
            browser.close()
    print()
    for text, is_kept in kept.items():
        print(f"{'kept    ' if is_kept else 'NOT KEPT'}  {text}")
    return 0 if all(kept.values()) else 1


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=lambda text: [int(each) for each in text.split(",")], default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--slow", type=float, default=1)
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
