import { expect, test } from "vitest";
import { alignPlaces, distributePlaces, type Edge, type Placed, sameWidth, snapToOthers } from "./arrange";

const box = (id: string, x: number, y: number, width: number, height: number): Placed => ({ id, x, y, width, height });
const THREE = [box("1", 0, 0, 100, 50), box("2", 150, 20, 50, 100), box("3", 400, 300, 200, 30)];

const LINES: readonly (readonly [Edge, (box: Placed) => number])[] = [
  ["left", ({ x }) => x],
  ["center", ({ x, width }) => x + width / 2],
  ["right", ({ x, width }) => x + width],
  ["top", ({ y }) => y],
  ["middle", ({ y, height }) => y + height / 2],
  ["bottom", ({ y, height }) => y + height],
];

test.each(LINES)("align %s: all are level, inside the old bounds, and again changes nothing", (edge, lineOf) => {
  const places = alignPlaces(THREE, edge);
  const after = THREE.map((one) => ({ ...one, ...places.get(one.id) }));
  const lines = after.map(lineOf);
  expect(Math.max(...lines) - Math.min(...lines)).toBeLessThanOrEqual(1);
  for (const { x, y, width, height } of after) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x + width).toBeLessThanOrEqual(600);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y + height).toBeLessThanOrEqual(330);
  }
  expect(alignPlaces(after, edge).size).toBe(0);
});

test("distribute: equal gaps, the outer two stay", () => {
  const places = distributePlaces(THREE, "horizontal");
  expect(Object.fromEntries(places)).toEqual({ 2: { x: 225, y: 20 } });
  const down = distributePlaces(THREE, "vertical");
  const [a, b, c] = THREE.map((one) => ({ ...one, ...down.get(one.id) })) as [Placed, Placed, Placed];
  expect(b.y - a.y - a.height).toBe(c.y - b.y - b.height);
  expect([a.y, c.y]).toEqual([0, 300]);
});

test("distribute: without room the gaps are small, not negative", () => {
  const tight = [box("1", 0, 0, 100, 10), box("2", 10, 0, 100, 10), box("3", 20, 0, 100, 10)];
  expect(Object.fromEntries(distributePlaces(tight, "horizontal"))).toEqual({
    2: { x: 116, y: 0 },
    3: { x: 232, y: 0 },
  });
  expect(distributePlaces(tight.slice(0, 2), "horizontal").size).toBe(0);
});

test("same width is the widest", () => {
  expect(sameWidth(THREE)).toBe(200);
});

test("a dragged card is drawn to edges and middles that are near, with a guide along all that are level", () => {
  const others = [box("a", 0, 0, 100, 40), box("b", 300, 0, 100, 60)];
  const snap = snapToOthers({ x: 147, y: 3, width: 100, height: 80 }, others, 6);
  expect([snap.dx, snap.dy]).toEqual([0, -3]);
  expect(snap.guides).toEqual([{ axis: "horizontal", at: 0, from: 0, to: 400 }]);
  const right = snapToOthers({ x: 4, y: 200, width: 100, height: 80 }, others, 6);
  expect(right.dx).toBe(-4);
  expect(right.guides.map((guide) => guide.at)).toEqual([0, 50, 100]);
});

test("nothing near: no shift and no guide; a middle is not drawn to an edge", () => {
  const others = [box("a", 0, 0, 100, 40)];
  expect(snapToOthers({ x: 300, y: 300, width: 80, height: 80 }, others, 6)).toEqual({ dx: 0, dy: 0, guides: [] });
  expect(snapToOthers({ x: 51, y: 300, width: 1000, height: 80 }, others, 6).dx).toBe(0);
});
