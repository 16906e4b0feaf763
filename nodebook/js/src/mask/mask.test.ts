import { describe, expect, it } from "vitest";
import { createHistory } from "./history";
import { clipRect, copyRect, emptyLayer, feather, fillArea, invert, isEmpty, type MaskLayer, wholeRect } from "./layer";
import { type Brush, beginStroke, between, coverageAt } from "./stroke";

const HARD: Brush = { radius: 2, hardness: 1, opacity: 1, erase: false };
const at = (layer: MaskLayer, x: number, y: number) => layer.data[y * layer.width + x];
const touch = (x: number, y: number, pressure = 1) => ({ x, y, pressure });
const sum = (layer: MaskLayer) => layer.data.reduce((total, value) => total + value, 0);

function drawn(text: string): MaskLayer {
  const rows = text.trim().split(/\s+/);
  const layer = emptyLayer((rows[0] as string).length, rows.length);
  rows.forEach((row, y) => {
    [...row].forEach((letter, x) => {
      layer.data[y * layer.width + x] = letter === "#" ? 255 : 0;
    });
  });
  return layer;
}

function shown(layer: MaskLayer): string {
  const letters = [...layer.data].map((value) => (value >= 128 ? "#" : "."));
  return Array.from({ length: layer.height }, (_, row) =>
    letters.slice(row * layer.width, (row + 1) * layer.width).join(""),
  ).join("\n");
}

describe("a stroke", () => {
  it("paints a disc where it begins and a line where it goes", () => {
    const layer = emptyLayer(12, 5);
    const stroke = beginStroke(layer, HARD, touch(2.5, 2.5));
    expect(shown(layer)).toBe("..#.........\n.###........\n#####.......\n.###........\n..#.........");
    const part = stroke.to(touch(9.5, 2.5));
    expect(at(layer, 9, 2)).toBe(255);
    expect(at(layer, 6, 1)).toBe(255);
    expect(part).toMatchObject({ y: 0, height: 5 });
    expect(stroke.changed).toEqual({ x: 0, y: 0, width: 12, height: 5 });
  });

  it("has its opacity once, however often it passes", () => {
    const layer = emptyLayer(9, 9);
    const stroke = beginStroke(layer, { ...HARD, opacity: 0.5 }, touch(4.5, 4.5));
    for (let pass = 0; pass < 5; pass += 1) stroke.to(touch(4.5, 4.5 + (pass % 2)));
    expect(at(layer, 4, 4)).toBe(128);
    beginStroke(layer, { ...HARD, opacity: 0.5 }, touch(4.5, 4.5));
    expect(at(layer, 4, 4)).toBe(192);
  });

  it("erases by its opacity too", () => {
    const layer = emptyLayer(5, 5);
    layer.data.fill(255);
    beginStroke(layer, { ...HARD, erase: true, opacity: 0.5 }, touch(2.5, 2.5));
    expect(at(layer, 2, 2)).toBe(128);
    beginStroke(layer, { ...HARD, erase: true }, touch(2.5, 2.5));
    expect(at(layer, 2, 2)).toBe(0);
    expect(at(layer, 0, 0)).toBe(255);
  });

  it("is thinner under less pressure, and never nothing", () => {
    const light = emptyLayer(21, 21);
    beginStroke(light, { ...HARD, radius: 8 }, touch(10.5, 10.5, 0.5));
    const full = emptyLayer(21, 21);
    beginStroke(full, { ...HARD, radius: 8 }, touch(10.5, 10.5));
    expect(sum(light)).toBeLessThan(sum(full) / 3);
    const none = emptyLayer(5, 5);
    beginStroke(none, HARD, touch(2.5, 2.5, 0));
    expect(isEmpty(none)).toBe(false);
  });

  it("off the picture changes nothing and does not fail", () => {
    const layer = emptyLayer(4, 4);
    const stroke = beginStroke(layer, HARD, touch(-50, 2));
    expect(stroke.changed).toBeNull();
    stroke.to(touch(-40, 2));
    expect(isEmpty(layer)).toBe(true);
    stroke.to(touch(50, 2));
    expect(at(layer, 2, 2)).toBe(255);
  });
});

describe("a dab", () => {
  it("is whole in its middle, and nothing outside; a soft one fades without a step", () => {
    expect(coverageAt(0, 10, 0)).toBe(1);
    expect(coverageAt(10.5, 10, 1)).toBe(0);
    expect(coverageAt(9.4, 10, 1)).toBe(1);
    expect(coverageAt(5, 10, 0)).toBeCloseTo(0.5);
    for (let distance = 0.1; distance < 12; distance += 0.1) {
      const step = coverageAt(distance - 0.1, 10, 0.3) - coverageAt(distance, 10, 0.3);
      expect(step).toBeGreaterThanOrEqual(0);
      expect(step).toBeLessThan(0.06);
    }
  });

  it("comes often enough to look like a line, and ends where the pointer is", () => {
    const places = between(touch(0, 0), touch(10, 0, 0), 10);
    expect(places.at(-1)).toEqual(touch(10, 0, 0));
    expect(places.length).toBeGreaterThanOrEqual(5);
    expect(between(touch(3, 3), touch(3, 3), 10)).toEqual([touch(3, 3)]);
  });
});

describe("filling", () => {
  const RING = "......... .#######. .#.....#. .#.....#. .#######. .........";

  it("stays inside its line, and outside when it begins there", () => {
    const inside = drawn(RING);
    expect(fillArea(inside, 4, 2, false)).toEqual({ x: 2, y: 2, width: 5, height: 2 });
    expect(shown(inside)).toBe(shown(drawn("......... .#######. .#######. .#######. .#######. .........")));
    const outside = drawn(RING);
    fillArea(outside, 0, 0, false);
    expect(at(outside, 4, 2)).toBe(0);
    expect(at(outside, 8, 5)).toBe(255);
  });

  it("erases what hangs together", () => {
    const ring = drawn(RING);
    fillArea(ring, 1, 1, true);
    expect(isEmpty(ring)).toBe(true);
  });

  it("gets round corners", () => {
    const maze = drawn("..... ####. ..... .#### .....");
    fillArea(maze, 0, 0, false);
    expect(maze.data.every((value) => value === 255)).toBe(true);
  });

  it("takes in the soft edge of its line and leaves no seam, also where the line is half transparent", () => {
    for (const opacity of [1, 0.6]) {
      const layer = emptyLayer(60, 60);
      const brush = { radius: 5, hardness: 0.4, opacity, erase: false };
      const stroke = beginStroke(layer, brush, touch(15.5, 15.5));
      for (const [x, y] of [
        [45.5, 15.5],
        [45.5, 45.5],
        [15.5, 45.5],
        [15.5, 15.5],
      ] as const)
        stroke.to(touch(x, y));
      const crest = at(layer, 30, 15) as number;
      fillArea(layer, 30, 30, false);
      for (let y = 15; y <= 30; y += 1) expect(at(layer, 30, y)).toBeGreaterThanOrEqual(crest);
      expect(at(layer, 30, 9)).toBeLessThan(128);
      expect(at(layer, 2, 2)).toBe(0);
    }
  });

  it("that erases takes the soft edge too", () => {
    const layer = emptyLayer(30, 30);
    beginStroke(layer, { radius: 8, hardness: 0, opacity: 1, erase: false }, touch(15, 15));
    fillArea(layer, 15, 15, true);
    expect(isEmpty(layer)).toBe(true);
  });

  it("of what is filled already, or off the picture, does nothing", () => {
    const ring = drawn(RING);
    expect(fillArea(ring, 1, 1, false)).toBeNull();
    expect(fillArea(ring, -1, 0, false)).toBeNull();
    expect(fillArea(ring, 0, 99, true)).toBeNull();
  });

  it("of a large picture needs no deep stack", () => {
    const large = emptyLayer(2000, 2000);
    expect(fillArea(large, 1000, 1000, false)).toEqual(wholeRect(large));
  });
});

describe("the whole mask", () => {
  it("is softened evenly: as much is selected, edges fade, far away nothing changes", () => {
    const layer = emptyLayer(60, 60);
    for (let y = 20; y < 40; y += 1) layer.data.fill(255, y * 60 + 20, y * 60 + 40);
    const before = sum(layer);
    feather(layer, 6);
    expect(Math.abs(sum(layer) - before) / before).toBeLessThan(0.02);
    expect(at(layer, 20, 30)).toBeGreaterThan(90);
    expect(at(layer, 20, 30)).toBeLessThan(170);
    expect(at(layer, 30, 30)).toBe(255);
    expect(at(layer, 0, 0)).toBe(0);
  });

  it("stays as it is where it is all selected, and for no radius", () => {
    const layer = emptyLayer(9, 7);
    layer.data.fill(255);
    feather(layer, 5);
    expect(layer.data.every((value) => value === 255)).toBe(true);
    const one = drawn("... .#. ...");
    feather(one, 0);
    expect(at(one, 1, 1)).toBe(255);
  });

  it("turns into its opposite", () => {
    const ring = drawn("#. .#");
    invert(ring);
    expect(shown(ring)).toBe(".#\n#.");
  });
});

describe("undo", () => {
  it("goes back step by step and forward again, byte for byte", () => {
    const layer = emptyLayer(20, 20);
    const history = createHistory(layer);
    const states = [layer.data.slice()];
    for (const x of [4, 10, 16]) {
      const before = layer.data.slice();
      history.add(before, beginStroke(layer, { ...HARD, hardness: 0.3 }, touch(x, x)).changed);
      states.push(layer.data.slice());
    }
    for (const expected of states.slice(0, -1).reverse()) {
      expect(history.undo()).not.toBeNull();
      expect(layer.data).toEqual(expected);
    }
    expect(history.undo()).toBeNull();
    for (const expected of states.slice(1)) {
      history.redo();
      expect(layer.data).toEqual(expected);
    }
    expect([history.canUndo, history.canRedo, history.redo()]).toEqual([true, false, null]);
  });

  it("forgets what was undone when something new is painted, and keeps to its budget", () => {
    const layer = emptyLayer(10, 10);
    const history = createHistory(layer, 150);
    for (let step = 0; step < 3; step += 1) {
      const before = layer.data.slice();
      layer.data.fill(step + 1);
      history.add(before, wholeRect(layer));
    }
    expect(history.undo()).toEqual(wholeRect(layer));
    expect(at(layer, 0, 0)).toBe(2);
    expect(history.undo()).toBeNull();
    history.add(layer.data.slice(), { x: 0, y: 0, width: 1, height: 1 });
    expect(history.canRedo).toBe(false);
    history.add(layer.data.slice(), null);
    expect(history.canUndo).toBe(true);
  });

  it("knows rectangles", () => {
    const layer = drawn("#. .#");
    expect(clipRect(layer, { x: -3, y: 0.5, width: 4.2, height: 9 })).toEqual({ x: 0, y: 0, width: 2, height: 2 });
    expect(clipRect(layer, { x: 5, y: 0, width: 3, height: 3 })).toBeNull();
    expect([...copyRect(layer, { x: 1, y: 0, width: 1, height: 2 })]).toEqual([0, 255]);
  });
});
