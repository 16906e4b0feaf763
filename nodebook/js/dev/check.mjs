// Drives the harness with a real browser and checks what a user does, one function per behaviour.
//   npm run harness &                         (serves on port 8123)
//   npm i --no-save --prefix /tmp/pw playwright-core
//   PLAYWRIGHT=/tmp/pw node dev/check.mjs [part of a name]
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.PLAYWRIGHT ?? "/tmp/pw", "x.js"));
const { chromium } = require("playwright-core");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const BASE = process.env.HARNESS ?? "http://localhost:8123/";

const node = (id) => `[data-node-id="${id}"]`;
const input = (id, name) => `${node(id)} [data-input="${name}"]`;
const port = (id, name) => `${node(id)} [data-port="${name}"]`;

const middle = async (page, selector) => {
  const box = await page.locator(selector).first().boundingBox();
  assert.ok(box, `${selector} is on the page`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
};
const drag = async (page, from, to, steps = 8) => {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps });
  await page.mouse.move(to.x, to.y, { steps });
  await page.mouse.up();
};
const document_ = (page) => page.evaluate(() => structuredClone(globalThis.kernel.document));
const sent = (page, type) =>
  page.evaluate((wanted) => globalThis.kernel.received.filter((one) => one.type === wanted).length, type);
const emptySpot = async (page) => {
  const box = await page.locator(".nb-stage").boundingBox();
  return { x: box.x + box.width - 24, y: box.y + box.height - 24 };
};

const CHECKS = {
  "a starter fills an empty graph and is shown whole": async (page) => {
    await page.click("[data-testid=nb-starter-0]");
    await page.waitForSelector(node(4));
    const { nodes } = await document_(page);
    assert.deepEqual(nodes["3"].links, { image: ["2", "IMAGE"] });
    await page.waitForTimeout(300);
    const stage = await page.locator(".nb-stage").boundingBox();
    for (const id of ["1", "4"]) {
      const box = await page.locator(node(id)).boundingBox();
      assert.ok(box.x >= stage.x && box.x + box.width <= stage.x + stage.width, `${id} is in sight`);
    }
  },
  "Tab opens the palette, letters find, Enter adds": async (page) => {
    const spot = await emptySpot(page);
    await page.mouse.click(spot.x, spot.y);
    await page.keyboard.press("Tab");
    await page.waitForSelector("[data-testid=nb-palette]");
    await page.keyboard.type("blur");
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-type=ImageBlur][data-node-id]");
    assert.equal(await page.locator("[data-testid=nb-palette]").count(), 0);
  },
  "graph=text: a node added by key covers no other and is in sight": async (page) => {
    const spot = await emptySpot(page);
    await page.mouse.click(spot.x, spot.y);
    await page.keyboard.press("Tab");
    await page.keyboard.type("sharpen");
    await page.keyboard.press("Enter");
    await page.waitForTimeout(300);
    const added = await page.locator("[data-type=ImageSharpen]").boundingBox();
    const stage = await page.locator(".nb-stage").boundingBox();
    assert.ok(added.y >= stage.y && added.y + added.height <= stage.y + stage.height && added.x >= stage.x);
    for (const other of await page.locator("[data-node-id]:not([data-type=ImageSharpen])").all()) {
      const box = await other.boundingBox();
      const apart =
        box.x >= added.x + added.width ||
        added.x >= box.x + box.width ||
        box.y >= added.y + added.height ||
        added.y >= box.y + box.height;
      assert.ok(apart, await other.getAttribute("data-node-id"));
    }
  },
  "double-click on the canvas opens the palette there, Esc closes it": async (page) => {
    const spot = await emptySpot(page);
    await page.mouse.dblclick(spot.x - 500, spot.y - 300);
    await page.waitForSelector("[data-testid=nb-palette]");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("[data-testid=nb-palette]").count(), 0);
  },
  "graph=all: a number is typed, stepped and scrubbed, one edit each": async (page) => {
    const field = input(3, "alpha");
    await page.dblclick(field);
    await page.keyboard.type("2.5");
    await page.keyboard.press("Enter");
    assert.equal((await document_(page)).nodes["3"].values.alpha, 2.5);
    assert.equal(await sent(page, "edit"), 1);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    await page.waitForTimeout(500);
    assert.equal((await document_(page)).nodes["3"].values.alpha, 2.52);
    assert.equal(await sent(page, "edit"), 2);
    const at = await middle(page, field);
    await drag(page, at, { x: at.x + 60, y: at.y });
    assert.ok((await document_(page)).nodes["3"].values.alpha > 2.6);
    assert.equal(await sent(page, "edit"), 3);
    await page.dblclick(field);
    await page.keyboard.type("99");
    await page.keyboard.press("Enter");
    assert.equal((await document_(page)).nodes["3"].values.alpha, 5, "the limit holds");
  },
  "graph=text: a 64-bit seed keeps every digit": async (page) => {
    await page.dblclick(input(5, "seed"));
    await page.keyboard.type("18446744073709551614");
    await page.keyboard.press("Enter");
    const seed = await page.evaluate(() => String(globalThis.kernel.document.nodes["5"].values.seed));
    assert.equal(seed, "18446744073709551614");
  },
  "graph=all: a choice is searched by keyboard": async (page) => {
    await page.click(`${input(4, "blend_mode")} button`);
    await page.keyboard.type("scr");
    await page.keyboard.press("Enter");
    assert.equal((await document_(page)).nodes["4"].values.blend_mode, "screen");
  },
  "graph=all: toggle, text, colour and slider": async (page) => {
    await page.click(`${input(6, "label")} input`);
    await page.keyboard.press("Control+A");
    await page.keyboard.type("abxm");
    await page.keyboard.press("Enter");
    await page.fill(`${input(6, "color")} input.nb-text`, "#123456");
    await page.keyboard.press("Enter");
    const at = await middle(page, input(6, "amount"));
    await drag(page, at, { x: at.x + 40, y: at.y });
    const { values } = (await document_(page)).nodes["6"];
    assert.equal(values.label, "abxm");
    assert.equal(values.color, "#123456");
    assert.ok(values.amount > 0.6 && values.amount < 1, String(values.amount));
  },
  "graph=all: a wire connects, replaces, and comes off": async (page) => {
    await drag(page, await middle(page, port(3, "out:IMAGE")), await middle(page, port(6, "in:picture")));
    assert.deepEqual((await document_(page)).nodes["6"].links, { picture: ["3", "IMAGE"] });
    await drag(page, await middle(page, port(4, "out:IMAGE")), await middle(page, port(6, "in:picture")));
    assert.deepEqual((await document_(page)).nodes["6"].links, { picture: ["4", "IMAGE"] }, "replaced");
    const end = await middle(page, port(6, "in:picture"));
    await page.waitForTimeout(100);
    await drag(page, end, { x: end.x - 40, y: end.y + 160 });
    assert.equal((await document_(page)).nodes["6"].links, undefined, "off");
    assert.equal(await page.locator("[data-testid=nb-palette]").count(), 0);
  },
  "graph=all: only ports that fit are lit, and a loop is refused with its reason": async (page) => {
    const from = await middle(page, port(4, "out:IMAGE"));
    const to = await middle(page, port(3, "in:image"));
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x + 30, from.y + 10, { steps: 4 });
    assert.equal(await page.getAttribute(port(6, "in:picture"), "data-light"), "fits");
    assert.equal(await page.getAttribute(port(6, "in:amount"), "data-light"), "refuses");
    assert.equal(await page.getAttribute(port(3, "in:image"), "data-light"), "refuses");
    await page.mouse.move(to.x, to.y, { steps: 8 });
    await page.waitForSelector(".nb-hint");
    assert.match(await page.textContent(".nb-hint"), /loop/);
    await page.mouse.up();
    assert.deepEqual((await document_(page)).nodes["3"].links, { image: ["1", "IMAGE"] });
  },
  "graph=all: a wire dropped on the canvas offers what fits and connects it": async (page) => {
    const spot = await emptySpot(page);
    await drag(page, await middle(page, port(1, "out:MASK")), { x: spot.x - 560, y: spot.y });
    await page.waitForSelector("[data-testid=nb-palette]");
    const types = await page.locator("[data-node-type]").evaluateAll((all) => all.map((one) => one.dataset.nodeType));
    assert.ok(types.includes("FeatherMask") && !types.includes("KSampler"), types.join());
    await page.keyboard.type("feather");
    await page.keyboard.press("Enter");
    const { nodes } = await document_(page);
    const added = Object.values(nodes).find((one) => one.type === "FeatherMask");
    assert.deepEqual(added.links, { mask: ["1", "MASK"] });
  },
  "graph=text: dragging a node is one edit, and undo takes it back": async (page) => {
    const at = await middle(page, `${node(4)} .nb-title`);
    await drag(page, at, { x: at.x + 80, y: at.y + 30 });
    assert.equal(await sent(page, "edit"), 1);
    const moved = (await document_(page)).nodes["4"].view;
    assert.ok(moved.x > 300);
    await page.keyboard.press("Control+z");
    await page.waitForTimeout(100);
    assert.equal((await document_(page)).nodes["4"].view.x, 300);
    await page.keyboard.press("Control+Shift+z");
    await page.waitForTimeout(100);
    assert.equal((await document_(page)).nodes["4"].view.x, moved.x);
  },
  "graph=text: select by Shift-click and box, Delete, Ctrl-A, Ctrl-D, arrows": async (page) => {
    await page.click(`${node(2)} .nb-title`);
    await page.click(`${node(3)} .nb-title`, { modifiers: ["Shift"] });
    assert.equal(await page.locator("[data-selected=true]").count(), 2);
    await page.keyboard.press("ArrowRight");
    await page.waitForTimeout(600);
    assert.equal((await document_(page)).nodes["3"].view.x, 308);
    await page.keyboard.press("Delete");
    assert.equal(Object.keys((await document_(page)).nodes).length, 6);
    await page.keyboard.press("Control+a");
    assert.equal(await page.locator("[data-selected=true]").count(), 6);
    await page.keyboard.press("Control+d");
    assert.equal(Object.keys((await document_(page)).nodes).length, 12);
    assert.equal(await page.locator("[data-selected=true]").count(), 6);
    await page.keyboard.press("Escape");
    await page.keyboard.press("f");
    await page.waitForTimeout(300);
    const stage = await page.locator(".nb-stage").boundingBox();
    await page.keyboard.down("Shift");
    await drag(
      page,
      { x: stage.x + 4, y: stage.y + 4 },
      { x: stage.x + stage.width - 4, y: stage.y + stage.height - 4 },
    );
    await page.keyboard.up("Shift");
    assert.ok((await page.locator("[data-selected=true]").count()) > 8, "box");
  },
  "graph=text: rename by double-click, collapse, expand": async (page) => {
    await page.dblclick(`${node(4)} .nb-title`);
    await page.keyboard.type("Canvas size");
    await page.keyboard.press("Enter");
    assert.equal((await document_(page)).nodes["4"].title, "Canvas size");
    await page.click(`${node(4)} .nb-collapse`);
    assert.equal((await document_(page)).nodes["4"].view.collapsed, true);
    assert.equal(await page.locator(input(4, "width")).count(), 0);
    await page.click(`${node(4)} .nb-collapse`);
    assert.equal((await document_(page)).nodes["4"].view.collapsed, undefined);
  },
  "graph=text: keys and typing stay inside; outside they are the notebook's": async (page) => {
    await page.evaluate(() => {
      globalThis.leaked = [];
      document.addEventListener("keydown", (event) => {
        if (!["Shift", "Control"].includes(event.key)) globalThis.leaked.push(event.key);
      });
    });
    await page.click(`${node(4)} .nb-title`);
    await page.keyboard.press("x");
    await page.keyboard.press("m");
    await page.click(`${input(2, "text")} textarea`);
    await page.keyboard.type("aabb");
    await page.keyboard.press("Shift+Enter");
    assert.equal(
      await page.evaluate(
        () => document.activeElement.closest("[data-lm-suppress-shortcuts]") === document.activeElement,
      ),
      true,
    );
    assert.deepEqual(await page.evaluate(() => globalThis.leaked), []);
    await page.click("#other");
    await page.keyboard.press("Delete");
    assert.deepEqual(await page.evaluate(() => globalThis.leaked), ["Delete"]);
    assert.equal(Object.keys((await document_(page)).nodes).length, 8);
  },
  "graph=text: the wheel scrolls the page until the editor is clicked into": async (page) => {
    const spot = await emptySpot(page);
    await page.mouse.move(spot.x, spot.y);
    await page.mouse.wheel(0, 100);
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => scrollY), 100);
    await page.evaluate(() => scrollTo(0, 0));
    const zoom = () =>
      page.evaluate(() => new DOMMatrix(getComputedStyle(document.querySelector(".react-flow__viewport")).transform).a);
    const before = await zoom();
    await page.mouse.click(spot.x, spot.y);
    await page.mouse.wheel(0, 200);
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => scrollY), 0);
    assert.ok((await zoom()) < before);
  },
  "graph=all: a run shows states, the error on its input, pictures, and acknowledges them": async (page) => {
    await page.click("[data-testid=nb-run]");
    await page.waitForSelector(`${node(2)}[data-state=running]`);
    await page.waitForSelector("[data-testid=nb-run-state][data-state=failed]", { timeout: 20000 });
    assert.equal(await page.getAttribute(node(2), "data-state"), "failed");
    assert.equal(await page.getAttribute(node(4), "data-state"), "skipped");
    assert.equal(await page.getAttribute(node(1), "data-state"), "cached");
    assert.equal(await page.getAttribute(input(2, "blur_radius"), "data-problem"), "true");
    assert.equal(await page.textContent("[data-testid=nb-run-state]"), "Failed: 1 node");
    await page.waitForSelector(`${node(5)} canvas[data-seq]`);
    const seq = await page.getAttribute(`${node(5)} canvas`, "data-seq");
    assert.equal(await page.textContent(`${node(5)} [data-testid=nb-picture-index]`), "1/4");
    await page.click(`${node(5)} [aria-label="Next picture"]`);
    await page.waitForTimeout(300);
    assert.equal(await page.textContent(`${node(5)} [data-testid=nb-picture-index]`), "2/4");
    assert.equal(Number(await page.getAttribute(`${node(5)} canvas`, "data-seq")), Number(seq) + 1);
    const frames = await page.evaluate(
      () => new Set(globalThis.kernel.received.filter((one) => one.type === "seen").map((one) => one.seq)).size,
    );
    assert.ok(frames >= 10, `${frames} frames acknowledged`);
  },
  "graph=text: Cancel stops the run": async (page) => {
    await page.click("[data-testid=nb-run]");
    await page.waitForSelector(`${node(2)}[data-state=running]`);
    await page.click("[data-testid=nb-cancel]");
    await page.waitForSelector("[data-testid=nb-run-state][data-state=cancelled]");
  },
  "graph=all: a dropped file is uploaded and its name set": async (page) => {
    await page.setInputFiles(`${input(1, "image")} input[type=file]`, {
      name: "mine.png",
      mimeType: "image/png",
      buffer: Buffer.from([1, 2, 3]),
    });
    await page.waitForTimeout(200);
    assert.equal((await document_(page)).nodes["1"].values.image, "mine.png");
  },
  "graph=all&views=2: an edit in one view is shown in the other, selection is not": async (page) => {
    const fields = page.locator(input(3, "sigma"));
    await fields.nth(0).dblclick();
    await page.keyboard.type("7.5");
    await page.keyboard.press("Enter");
    await page.waitForTimeout(100);
    assert.match(await fields.nth(1).textContent(), /7\.5/);
    await page
      .locator(`${node(3)} .nb-title`)
      .nth(0)
      .click();
    assert.equal(await page.locator("[data-selected=true]").count(), 1);
  },
  "graph=all&silent=1: a kernel that does not answer is said to": async (page) => {
    assert.match(await page.textContent("[data-testid=nb-link]"), /Connecting to the kernel/);
    await page.waitForTimeout(5500);
    assert.match(await page.textContent("[data-testid=nb-link]"), /does not answer: run the cell again/);
    assert.equal(await sent(page, "hello"), 2);
    await page.evaluate(() => {
      globalThis.kernel.answers = true;
    });
    await page.click("[data-testid=nb-link] button");
    await page.waitForSelector(node(1));
    assert.equal(await page.locator("[data-testid=nb-link]").count(), 0);
  },
  "graph=all: ending the view leaves no listener and no element": async (page) => {
    await page.evaluate(() => globalThis.endViews());
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => globalThis.kernel.listenerCount), 0);
    assert.equal(await page.locator(".nb-editor").count(), 0);
  },
  "graph=text: a drag renders only the dragged card; a status only its card": async (page) => {
    const counts = async (action) => {
      await page.evaluate(() => {
        globalThis.touched = new Set();
        globalThis.watcher = new MutationObserver((list) => {
          for (const { target } of list) {
            const card = (target instanceof Element ? target : target.parentElement)?.closest("[data-node-id]");
            if (card) globalThis.touched.add(card.dataset.nodeId);
          }
        });
        globalThis.watcher.observe(document.querySelector(".nb-stage"), {
          subtree: true,
          childList: true,
          attributes: true,
          characterData: true,
        });
      });
      await action();
      return page.evaluate(() => {
        globalThis.watcher.disconnect();
        return [...globalThis.touched];
      });
    };
    const at = await middle(page, `${node(4)} .nb-title`);
    const dragged = await counts(() => drag(page, at, { x: at.x + 50, y: at.y + 20 }));
    assert.deepEqual(
      dragged.filter((id) => id !== "4"),
      [],
    );
    const status = await counts(async () => {
      await page.evaluate(() => globalThis.kernel.status(null, { 5: { state: "running", progress: [3, 20] } }));
      await page.waitForTimeout(100);
    });
    assert.deepEqual(status, ["5"]);
  },
};

const wanted = process.argv[2] ?? "";
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
let failed = 0;
for (const [name, check] of Object.entries(CHECKS)) {
  if (!name.includes(wanted)) continue;
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (line) => line.type() === "error" && !line.text().includes("404") && errors.push(line.text()));
  const query = /^([a-z]+=[^:]*):/.exec(name)?.[1] ?? "graph=empty";
  await page.goto(`${BASE}?${query}`);
  await page.waitForSelector(".nb-editor");
  await page.waitForTimeout(400);
  try {
    await check(page);
    assert.deepEqual(errors, []);
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}\n      ${String(error.message).split("\n").slice(0, 12).join("\n      ")}`);
    await page.screenshot({ path: `/tmp/pw/fail-${failed}.png` });
  }
  await page.close();
}
await browser.close();
process.exitCode = failed > 0 ? 1 : 0;
